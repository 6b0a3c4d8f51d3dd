#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two decoders that share nothing, held against each other: conformance/plain, and the C library behind `scms show --json`.

Usage: test_agree.py SCMS

Every sample of tests/data/electors and every file of every conformance case is read by both, as the same type. Both have to
refuse it, or both accept it and give the same value, field by field."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "conformance"))

import cases as suite
from plain import codec
from plain.codec import Choice, List, Number, Octets, Sequence, TYPES
from plain.coer import Refused

# Types that a file may be, by what a session calls it; the second is CAMP 1.2.1's.
AS = {"chain": ["ScmsFile", "ScmsFile121"], "crl": ["CompositeCrl", "CompositeCrl121"], "history": ["BallotHistory"],
      "policy": ["Ieee1609Dot2Data"], "own": ["Certificate"], "cert": ["Certificate"]}
SAMPLES = {"cert": ["Certificate"], "crl-": ["Ieee1609Dot2Data"], "signed": ["Ieee1609Dot2Data"], "scoped": ["ScmsPDU", "ScmsPDU121"],
           "ballot": ["ElectorBallot", "ElectorBallot121"], "neg-ballot": ["ElectorBallot", "ElectorBallot121"],
           "composite": AS["crl"], "gccf": AS["chain"], "lccf": AS["chain"]}
SIZE = 1 << 16  # longer files say nothing new


class Differs(Exception):
    pass


def differ(path, ours, theirs):
    raise Differs(f"{path or 'value'}: plain has {str(ours)[:120]}, scms has {str(theirs)[:120]}")


def agree(kind, ours, theirs, path=""):
    """Raises Differs unless a decoded value and the JSON of the same one are the same. kind: the plain decoder's type."""
    if isinstance(ours, bytes) and isinstance(theirs, dict):
        (name, inside), = theirs.items()  # scms looks into octets and says what it found there
        if name not in TYPES:
            differ(path, ours.hex(), name)
        try:
            value = codec.decode(name, ours)
        except Refused as refused:
            # An EndorsementType of tomorrow: scms shows its number, and its judge refuses it like the plain decoder.
            if not name.startswith("ScmsPDU") or not str(refused).startswith("no value"):
                differ(path, refused, inside)
            return
        agree(TYPES[name], value, inside, f"{path}.{name}")
    elif isinstance(kind, Octets) and not kind.text:
        if theirs != ours.hex().upper():
            differ(path, ours.hex().upper(), theirs)
    elif isinstance(kind, List):
        if not isinstance(theirs, list) or len(theirs) != len(ours):
            differ(path, ours, theirs)
        for k, (one, other) in enumerate(zip(ours, theirs)):
            agree(kind.of, one, other, f"{path}[{k}]")
    elif isinstance(kind, Choice):
        (name, value), = ours.items()
        if not isinstance(theirs, dict) or set(theirs) != {name}:
            differ(path, name, theirs)
        agree(next(f.type for f in kind.fields if f.name == name), value, theirs[name], f"{path}.{name}")
    elif isinstance(kind, Sequence):
        agree_fields(kind, ours, theirs, path)
    elif isinstance(kind, Number) and isinstance(theirs, str):
        if theirs != f"{ours:02X}":  # eight bits
            differ(path, ours, theirs)
    elif type(ours) is not type(theirs) or ours != theirs:
        differ(path, ours, theirs)


def agree_fields(kind, ours, theirs, path):
    fields = {f.name: f for f in kind.fields}
    written = {n for n, v in ours.items() if n == "..." or fields[n].default is None or v != fields[n].default}
    if not isinstance(theirs, dict) or written != set(theirs):
        differ(path, sorted(written), sorted(theirs) if isinstance(theirs, dict) else theirs)
    for name in written - {"..."}:
        agree(fields[name].type, ours[name], theirs[name], f"{path}.{name}")
    if "..." in written:
        strange = {str(n): v.hex().upper() for n, v in ours["..."].items() if n != "bits"}
        if strange != {n: v for n, v in theirs["..."].items() if n != "bits"}:
            differ(f"{path}....", ours["..."], theirs["..."])


def read_plain(kinds, data):
    """(name, value), or None where it is none of them."""
    try:
        return codec.decode_first(kinds, data)
    except Refused:
        return None


def read_scms(scms, path, kind):
    """The JSON, or None where scms refuses it."""
    done = subprocess.run([scms, "show", "--json", "--all", "--type", kind, str(path)], capture_output=True, timeout=60)
    if done.returncode not in (0, 1):
        raise Differs(f"scms ended with {done.returncode}: {done.stderr[-200:]!r}")
    return json.loads(done.stdout) if done.returncode == 0 else None


def inputs():
    """(name, possible types, bytes): the samples, and what the cases are made of, each once."""
    for path in sorted((ROOT / "tests" / "data" / "electors").glob("*.coer")):
        name = re.sub(r"^v12[14]-", "", path.stem)
        yield path.stem, next(kinds for start, kinds in SAMPLES.items() if name.startswith(start)), path.read_bytes()
    seen = set()
    for case in suite.load(ROOT / "conformance" / "cases"):
        for step in case.steps:
            for key, kinds in AS.items():
                for name in suite.listed(step["named"].get(key)):
                    data = case.files.get(name)
                    if data is None or len(data) > SIZE or (key, data) in seen:
                        continue
                    seen.add((key, data))
                    yield f"{case.name}: {name}", kinds, data


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    counts, wrong = {"accepted": 0, "refused": 0}, 0
    with tempfile.TemporaryDirectory(prefix="scms-agree-") as folder:
        path = pathlib.Path(folder, "file")
        for name, kinds, data in inputs():
            path.write_bytes(data)
            ours = read_plain(kinds, data)
            try:
                if ours is None:
                    for kind in kinds:
                        if read_scms(sys.argv[1], path, kind) is not None:
                            raise Differs(f"plain refuses what scms reads as {kind}")
                    counts["refused"] += 1
                    continue
                theirs = read_scms(sys.argv[1], path, ours[0])
                if theirs is None:
                    raise Differs(f"plain reads as {ours[0]} what scms refuses")
                agree(TYPES[ours[0]], ours[1], theirs)
                counts["accepted"] += 1
            except Differs as difference:
                print(f"{name}: {difference}")
                wrong += 1
    print(f"{counts['accepted']} files that both accept and {counts['refused']} that both refuse; {wrong} on which they differ")
    return 1 if wrong or not counts["accepted"] or not counts["refused"] else 0


if __name__ == "__main__":
    sys.exit(main())
