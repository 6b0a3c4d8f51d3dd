#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance suite for elector-based root management against any client.

Usage: run.py [OPTION...] -- CLIENT [ARGUMENT...]

The client understands init, apply, check and dump (README.md).

Example:
  run.py -- scms store

  --cases DIR      folder with case files (default: cases, beside this program)
  --only PATTERN   cases whose name or group has this in it; may be given again
  --jobs N         clients at once (default: 2)
  --keep DIR       leave each case's files and store in DIR/NAME
  --junit FILE     write the results as JUnit XML
  --json FILE      write the results as JSON
  --list           print the cases and what they cover, and run nothing
  --quiet          print failures and the closing line only

Exit code: 0 all passed, 1 not, 2 usage."""
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.sax.saxutils

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import cases as suite
from cases import CARRIERS, listed, person, time64

TIMEOUT = 60
OUTPUT_MAX = 16 << 20


class Wrong(Exception):
    """What the client did is not what the rules say."""


def expect(what, expected, found):
    if expected != found:
        raise Wrong(f"{what}: expected {expected}, found {found}")


def expect_one_of(what, allowed, found):
    if found not in allowed.split("|"):
        raise Wrong(f"{what}: expected {allowed}, found {found}")


def read_some(stream, out):
    """Reads to the end of a stream and keeps what a case may be long, so that a flood of output fills no memory."""
    while chunk := stream.read1(1 << 16):
        if len(out) <= OUTPUT_MAX:
            out += chunk


def has_ended(pid):
    """Has a child ended? It is left to be waited for, so that its number stays its own."""
    if hasattr(os, "waitid"):  # not in PyPy, nor in older Pythons of macOS
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return state[:1] in ("Z", "")


def ends(pid):
    """Does a child end within TIMEOUT?"""
    deadline, pause = time.monotonic() + TIMEOUT, 0.001
    while not has_ended(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    return True


def run_client(line):
    """(exit code, output, errors); the code is None where the client did not end in time. Nothing that it started lives on."""
    output, errors = bytearray(), bytearray()
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as client:
        readers = [threading.Thread(target=read_some, args=pair) for pair in ((client.stdout, output), (client.stderr, errors))]
        for reader in readers:
            reader.start()
        in_time = ends(client.pid)
        os.killpg(client.pid, signal.SIGKILL)  # the client's own session; not yet waited for, so its number is nobody else's
        code = client.wait()
        for reader in readers:
            reader.join()
    return code if in_time else None, bytes(output), bytes(errors)


class Bench:
    """One case at work: a folder, a client, the files made."""

    def __init__(self, case, client, folder):
        self.case, self.client, self.folder = case, client, folder
        self.state = folder / "state"
        for name, data in case.files.items():
            (folder / name).write_bytes(data)

    def certificate(self, name):
        """A certificate's file: of a person, or a file of the case."""
        if name in self.case.files:
            return str(self.folder / name)
        path = self.folder / f"{name.replace('~', '-')}.cert"
        if not path.exists():
            path.write_bytes(person(name).bytes)
        return str(path)

    def call(self, command, *arguments):
        line = [*self.client, command, "--state", str(self.state), *arguments]
        try:
            code, output, errors = run_client(line)
        except OSError as error:
            raise Wrong(f"{command}: {line[0]}: {error}") from None
        if code is None:
            raise Wrong(f"{command}: no answer within {TIMEOUT} s")
        if len(output) > OUTPUT_MAX:
            raise Wrong(f"{command}: more than {OUTPUT_MAX} bytes on standard output")
        try:
            answer = json.loads(output) if output.strip() else None
        except (ValueError, RecursionError) as error:
            raise Wrong(f"{command}: not one JSON object on standard output: {error}") from None
        if code in (0, 1) and not isinstance(answer, dict):
            raise Wrong(f"{command}: exit code {code} without a JSON object; standard error: {errors[-300:]!r}")
        return code, answer

    # ---- steps ----

    def init(self, step):
        named = step["named"]
        config = {"electors": [self.certificate(n) for n in listed(named.get("electors", "A,B,C"))],
                  "roots": [self.certificate(n) for n in listed(named.get("roots", "R1"))],
                  "quorum": int(named.get("quorum", 2)), "now": time64(named.get("now", "+0"))}
        if "floor" in named:
            config["quorumFloor"] = int(named["floor"])
        if "ceiling" in named:
            config["quorumCeiling"] = int(named["ceiling"])
        if "skew" in named:
            config["skewSeconds"] = int(named["skew"])
        if "tolerance" in named:
            config["crlToleranceSeconds"] = int(named["tolerance"])
        limits = {key[7:]: int(value) for key, value in named.items() if key.startswith("limits.")}
        if limits:
            config["limits"] = limits
        for key, name in (("own", "own"), ("certs", "certificates")):
            if key in named:
                config[name] = [self.certificate(n) for n in listed(named[key])]
        for key in ("chain", "policy"):
            if key in named:
                config[key] = str(self.folder / named[key])
        path = self.folder / "init.json"
        path.write_text(json.dumps(config, indent=1))
        code, answer = self.call("init", "--config", str(path))
        wanted = int(named.get("exit", 0))
        expect("init: exit code", wanted, code)
        if wanted == 1:
            if not answer.get("refused"):
                raise Wrong("init: exit code 1 without 'refused'")
            if self.state.exists():
                raise Wrong("init: refused, and left a store")
        elif wanted == 0:
            self.judge(step, answer)

    def apply(self, step):
        named = step["named"]
        arguments = ["--now", str(time64(named.get("now", "+0")))]
        for key in ("policy", "crl", "chain", "history"):
            if key in named:
                arguments += ["--" + key, str(self.folder / named[key])]
        for key in ("own", "cert"):
            for name in listed(named.get(key)):
                arguments += ["--" + key, self.certificate(name)]
        code, answer = self.call("apply", *arguments)
        refused = any(verb == "refuses" for verb, _ in step["expect"])
        wanted = next((int(rest) for verb, rest in step["expect"] if verb == "exit"), 1 if refused else 0)
        expect("apply: exit code", wanted, code)
        if wanted != 3:
            self.judge(step, answer)

    def judge(self, step, answer):
        """Compares the output of a session with what the step expects."""
        named = step["named"]
        ballots = {(b["carrier"], b["index"]): b for b in answer.get("ballots", [])}
        order = [(CARRIERS.index(b["carrier"]), b["index"]) for b in answer.get("ballots", [])]
        expect("ballots in their order", sorted(order), order)
        refused, seen = [], set()
        for verb, rest in step["expect"]:
            plain, fields = suite.words(rest)
            if verb == "result" and plain[0] == "others":
                continue
            if verb == "result":
                place = self.place(step, plain[0])
                seen.add(place)
                if place not in ballots:
                    raise Wrong(f"ballot {plain[0]} ({place[0]}[{place[1]}]) is not in the report")
                self.judge_ballot(plain, fields, ballots[place])
            elif verb == "says":
                self.judge_outcome(plain, fields, answer)
            elif verb == "refuses":
                refused.append(plain)
            elif verb == "changed":
                expect("changed", plain[0] == "yes", answer.get("changed"))
            elif verb == "quorum":
                expect("quorum", int(plain[0]), answer.get("quorum"))
            elif verb != "exit":
                raise Wrong(f"the case expects '{verb}', which the runner does not know")
        unexpected = set(ballots) - seen
        if unexpected and not any(verb == "result" and rest.startswith("others") for verb, rest in step["expect"]):
            raise Wrong(f"ballots in the report that the case says nothing of: {sorted(unexpected)}")
        found = [(r.get("file"), r.get("reason")) for r in answer.get("refused", [])]
        for file, reasons in refused:
            match = next((f for f in found if f[0] == file), None)
            if match is None:
                raise Wrong(f"refused: expected {file} {reasons}, found {found}")
            expect_one_of(f"refused {file}", reasons, match[1])
            found.remove(match)
        if found:
            raise Wrong(f"refused, and should not be: {found}")

    def place(self, step, name):
        for key in ("chain", "crl", "history"):
            file = step["named"].get(key)
            if "@" in name:
                wanted, _, which = name.partition("@")
                if which == key and wanted in self.case.places.get(file, {}):
                    return self.case.places[file][wanted]
            elif name in self.case.places.get(file, {}):
                return self.case.places[file][name]
        raise Wrong(f"the case speaks of ballot {name}, which no file of this step has")

    def judge_ballot(self, plain, fields, ballot):
        name, outcomes = plain[0], plain[1]
        source = self.case.ballots[name.partition("@")[0]]
        expect_one_of(f"ballot {name}: outcome", outcomes, ballot["outcome"])
        if "motion" not in fields and ballot["carrier"] != "history":
            expect(f"ballot {name}: motion", {"revokedElectors": "removeElector", "revokedRootCAs": "removeRoot",
                   "electorEndorsements": "addElector", "rootCAEndorsements": "addRoot"}[ballot["carrier"]], ballot["motion"])
        if "counted" in fields:
            expect(f"ballot {name}: counted", int(fields["counted"]), ballot["counted"])
            expect(f"ballot {name}: alarm", "alarm" in plain, ballot["alarm"])
        if "round" in fields:
            expect(f"ballot {name}: round", int(fields["round"]), ballot["round"])
        if "quorum" in fields:
            expect(f"ballot {name}: quorum", int(fields["quorum"]), ballot["quorum"])
        if "subject" in fields:
            expect(f"ballot {name}: subject", person(fields["subject"]).hex, ballot["subject"])
        if "votes" in fields:
            wanted = []
            for token in listed(fields["votes"]):
                who, _, reasons = token.partition(":")
                wanted.append((who, reasons or "COUNTED"))
            expect(f"ballot {name}: number of votes", len(wanted), len(ballot["votes"]))
            for k, ((who, reasons), vote) in enumerate(zip(wanted, ballot["votes"])):
                if who not in ("?", ""):
                    certificate = person(who)
                    expect_one_of(f"ballot {name}: vote {k}: elector", f"{certificate.hex}|{certificate.id8.hex()}", vote["elector"])
                reason = "COUNTED" if vote["counted"] else vote.get("reason")
                expect_one_of(f"ballot {name}: vote {k} of {who}", reasons, reason)
        elif source.form and ballot["outcome"] == "ALREADY" and "counted" not in fields:
            pass

    def judge_outcome(self, plain, fields, answer):
        what = plain[0]
        if what in ("policy", "chain"):
            entry = answer.get(what) or {}
            expect_one_of(what, plain[1], entry.get("outcome"))
            if "version" in fields:
                expect("chain: version", int(fields["version"]), entry.get("version"))
        elif what == "anycrl":  # of a CRL that cannot be read, who and what it is for need not be known
            expect_one_of("the CRL", plain[1], [c["outcome"] for c in answer.get("crls", [])][-1])
        elif what == "crl":
            _, craca, series = self.case.crls[plain[1]]
            found = [c["outcome"] for c in answer.get("crls", []) if c.get("craca") == craca and c.get("series") == series]
            allowed = plain[2].split("|")
            if not any(f in allowed for f in found):
                raise Wrong(f"CRL {plain[1]}: expected {plain[2]}, found {found}")
        elif what == "own":
            found = [o["outcome"] for o in answer.get("own", []) if o.get("subject") == person(plain[1]).hex]
            if len(found) != 1 or found[0] not in plain[2].split("|"):
                raise Wrong(f"own {plain[1]}: expected {plain[2]}, found {found}")
        else:
            raise Wrong(f"the case says '{what}', which the runner does not know")

    def check(self, step):
        named = step["named"]
        arguments = ["--now", str(time64(named.get("now", "+0")))]
        for name in [step["plain"][0], *listed(named.get("with"))]:
            arguments += ["--cert", self.certificate(name)]
        code, answer = self.call("check", *arguments)
        if named["is"] == "unreadable":
            expect("check: exit code", 3, code)
            return
        expect_one_of(f"check {step['plain'][0]}", named["is"], (answer or {}).get("reason"))
        expect("check: exit code", 0 if named["is"] == "VALID" else 1, code)
        expect("check: valid", named["is"] == "VALID", answer.get("valid"))

    def dump(self, step):
        named = step["named"]
        code, answer = self.call("dump", "--now", str(time64(named.get("now", "+0"))))
        if "exit" in named:
            expect("dump: exit code", int(named["exit"]), code)
            return
        expect("dump: exit code", 0, code)
        for key, value in named.items():
            self.judge_dump(key, value, answer)

    def judge_dump(self, key, value, answer):
        if key in ("electors", "roots"):
            wanted = {}
            for token in listed(value):
                who, _, status = token.partition(":")
                wanted[person(who).hex] = status or "trusted"
            found = [(m["hash"], m["status"]) for m in answer[key]]
            expect(f"dump: {key} in their order", sorted(found), found)
            expect(f"dump: {key}", wanted, dict(found))
        elif key.startswith("endorsers."):
            found = next((r["endorsers"] for r in answer["roots"] if r["hash"] == person(key[10:]).hex), None)
            expect(f"dump: {key}", sorted(person(n).hex for n in listed(value)), found)
        elif key == "tombstones":
            wanted = sorted(person(t.partition(":")[0]).hex for t in listed(value))
            expect("dump: tombstones", wanted, [t["hash"] for t in answer["tombstones"]])
            for token in listed(value):
                who, _, rest = token.partition(":")
                motion, _, when = rest.partition("@")
                entry = next(t for t in answer["tombstones"] if t["hash"] == person(who).hex)
                if motion:
                    expect(f"dump: tombstone {who}", motion, entry["motion"])
                if when:
                    expect(f"dump: tombstone {who}: time", time64(when), entry["time"])
        elif key == "withheld":
            expect("dump: withheld", sorted(person(n).hex for n in listed(value)), answer["withheld"])
        elif key in ("clamped", "operational", "stale"):
            expect(f"dump: {key}", value == "yes", answer["quorumClamped" if key == "clamped" else key])
        elif key == "gccf":
            expect("dump: gccfVersion", None if value == "none" else int(value), answer["gccfVersion"])
        elif key == "policy":
            expect("dump: policyGenerationTime", None if value == "none" else time64(value), answer["policyGenerationTime"])
        elif key in ("quorum", "quorumFloor", "quorumCeiling"):
            expect(f"dump: {key}", int(value), answer[key])
        elif key != "now":
            raise Wrong(f"the case dumps '{key}', which the runner does not know")

    def damage(self, step):
        """Spoils every regular file of the store."""
        for path in sorted(self.state.rglob("*")):
            if path.is_symlink() or not path.is_file() or path.name == "lock":  # a link may lead out of the store
                continue
            data = path.read_bytes()
            how = step["plain"][0]
            if how == "garble":
                data = bytes(b ^ 0x5a for b in data)
            elif how == "truncate":
                data = data[:len(data) // 2]
            elif how == "empty":
                data = b""
            path.write_bytes(data)


def harmless(text):
    """What a client said may stand in a report: no control characters, for terminals and XML."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)[:4000]


def run_case(case, client, keep):
    """None, or what was wrong."""
    problem = try_case(case, client, keep)
    return None if problem is None else harmless(problem)


def try_case(case, client, keep):
    folder = pathlib.Path(keep, case.name).resolve() if keep else pathlib.Path(tempfile.mkdtemp(prefix="scms-case-"))
    try:
        if keep:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        bench = Bench(case, client, folder)
        for number, step in enumerate(case.steps, 1):
            try:
                getattr(bench, step["kind"])(step)
            except Wrong as wrong:
                return f"step {number} ({step['kind']}): {wrong}"
            except (KeyError, TypeError, AttributeError, IndexError) as error:
                return f"step {number} ({step['kind']}): the output lacks what the protocol wants: {type(error).__name__}: {error}"
        return None
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def write_junit(path, results):
    failed = sum(1 for _, problem in results if problem)
    with open(path, "w") as out:
        out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="scms conformance" tests="{len(results)}" failures="{failed}">\n')
        for case, problem in results:
            out.write(f'  <testcase classname={xml.sax.saxutils.quoteattr(case.source[:-4])} name={xml.sax.saxutils.quoteattr(case.name)}')
            if problem:
                out.write(f'>\n    <failure message={xml.sax.saxutils.quoteattr(problem)}/>\n  </testcase>\n')
            else:
                out.write("/>\n")
        out.write("</testsuite>\n")


def print_matrix(results):
    """A line a group: how many cases, how many failed, and which rules they are about."""
    groups = {}
    for case, problem in results:
        group = groups.setdefault(case.source[:-4], [0, 0, set()])
        group[0] += 1
        group[1] += problem is not None
        group[2].update(w for w in case.covers if w[:1] in "ABCDEFGHI" and w[1:2].isdigit())
    print(f"{'group':<16} {'cases':>5} {'failed':>6}  rules")
    for name, (total, failed, rules) in groups.items():
        text = " ".join(sorted(rules))
        print(f"{name:<16} {total:>5} {failed:>6}  {text[:90] + '...' if len(text) > 93 else text}")


def options(arguments):
    chosen = {"cases": str(HERE / "cases"), "only": [], "jobs": 2, "keep": None, "junit": None, "json": None, "list": False, "quiet": False}
    at = 0
    while at < len(arguments) and arguments[at] != "--":
        name = arguments[at]
        if name in ("--help", "-h"):
            print(__doc__)
            sys.exit(0)
        if name in ("--list", "--quiet"):
            chosen[name[2:]] = True
            at += 1
            continue
        if name[2:] not in chosen or at + 1 >= len(arguments):
            print(f"run.py: what is '{name}'? (run.py --help)", file=sys.stderr)
            sys.exit(2)
        value = arguments[at + 1]
        if name == "--only":
            chosen["only"].append(value)
        else:
            chosen[name[2:]] = int(value) if name == "--jobs" else value
        at += 2
    return chosen, arguments[at + 1:]


def main():
    chosen, client = options(sys.argv[1:])
    try:
        cases = suite.load(chosen["cases"])
    except suite.CaseError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 2
    if chosen["only"]:
        cases = [c for c in cases if any(p in c.name or p == c.source[:-4] for p in chosen["only"])]
        if not cases:
            print(f"run.py: no case and no group has {' or '.join(chosen['only'])} in its name (run.py --list)", file=sys.stderr)
            return 2
    if chosen["list"]:
        for case in cases:
            print(f"{case.name}: {' '.join(case.covers)}\n    {case.comment.strip()}")
        return 0
    if not client:
        print("run.py: no client: run.py [OPTION...] -- CLIENT [ARGUMENT...]", file=sys.stderr)
        return 2
    with concurrent.futures.ThreadPoolExecutor(max_workers=chosen["jobs"]) as pool:
        problems = list(pool.map(lambda case: run_case(case, client, chosen["keep"]), cases))
    results = list(zip(cases, problems))
    for case, problem in results:
        if problem:
            print(f"FAILED {case.name} ({case.source}): {problem}\n    {case.comment.strip()}")
    if not chosen["quiet"]:
        print_matrix(results)
    if chosen["junit"]:
        write_junit(chosen["junit"], results)
    if chosen["json"]:
        with open(chosen["json"], "w") as out:
            json.dump([{"name": c.name, "group": c.source[:-4], "covers": c.covers, "passed": p is None, "problem": p}
                       for c, p in results], out, indent=1)
    failed = sum(1 for p in problems if p)
    print(f"{len(results) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
