#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""conformance/generate.py: two runs give the same bytes, nothing names where it was made, and a client takes the files.

Usage: test_generate.py SCMS"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def generate(out, seed, *patterns):
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run([sys.executable, str(ROOT / "conformance" / "generate.py"), str(out), *patterns],
                          env=environment, capture_output=True, text=True)


def walk_through(scms, folder):
    """Calls what steps.txt says, from the folder itself; the exit codes, in order."""
    codes = []
    for line in (folder / "steps.txt").read_text().splitlines():
        if line.startswith("CLIENT "):
            words = shlex.split(line.replace("STATE", "state"))[1:]
            codes.append(subprocess.run([scms, "store", *words], cwd=folder, capture_output=True).returncode)
    return codes


def main():
    scms = str(pathlib.Path(sys.argv[1]).absolute())
    with tempfile.TemporaryDirectory(prefix="scms-generate-") as base:
        one, two = pathlib.Path(base, "one"), pathlib.Path(base, "a folder of another name")
        for out, seed in ((one, "1"), (two, "2")):
            done = generate(out, seed)
            assert done.returncode == 0, done.stderr
        sums = (one / "SHA256SUMS").read_bytes()
        assert sums == (two / "SHA256SUMS").read_bytes(), "two runs differ"
        cases = [p for p in one.iterdir() if p.is_dir()]
        assert len(cases) >= 250, f"{len(cases)} cases"
        for case in cases:
            assert (case / "steps.txt").read_text().count("CLIENT ") >= 1, f"{case.name} calls nothing"
            for path in [*case.glob("*.json"), case / "steps.txt"]:
                assert base not in path.read_text(), f"{path} names the folder that it was made in"
            for path in case.glob("*.json"):
                config = json.loads(path.read_text())
                for name in [*config["electors"], *config["roots"], *config.get("own", []), *config.get("certificates", [])]:
                    assert (case / name).is_file(), f"{path} names {name}, which is not there"
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=one, check=True)
        assert walk_through(scms, one / "quorum-adds-elector") == [0, 0, 0]
        assert walk_through(scms, one / "store-truncated")[:2] == [0, 0]
        assert generate(one, "1").returncode == 1, "a folder that exists was taken"
        few = pathlib.Path(base, "few")
        assert generate(few, "1", "junk-first").returncode == 0 and 0 < len(list(few.iterdir())) < 20
        print(f"{len(cases)} cases made twice, the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
