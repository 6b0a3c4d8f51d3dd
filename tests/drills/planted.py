#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fleet whose vehicles are wrong: does the drill notice?

Usage: planted.py make FAULT SOURCE OUT     the file of the trust library that the fault is in, with the fault
       planted.py rehearse FAULT SCMS-EE PROGRAMS WORK     a drill with those vehicles; all else is right

WORK is a folder of this program's own. The drill must end red, by what its vehicles show and not by breaking down."""
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# name: (text, what stands there instead, the drill that must notice, the day of its end, the check that must differ)
FAULTS = {
    "one-vote-less": ("if (report->counted < m) {", "if (report->counted + 1 < m) {", "elector-replacement", "day-2",
                      "attack: votes for a root of the thief's own, alone: effect on the fleet"),
    "ignores-tombstones": ("if (tombstone_find(store, subject->hash256) >= 0)\n\t\treturn true;\n\tkey_hash", "return false;\n\tkey_hash",
                           "root-replacement", "day-5", "attack: gives out the chain file of day 1, by whose ballot root1 once came in: "
                           "effect on the fleet"),
}


def make(name, source, out):
    text, instead = FAULTS[name][:2]
    body = pathlib.Path(source).read_text()
    if body.count(text) != 1:
        sys.exit(f"{source} has '{text}' {body.count(text)} times, not once: the fault has to follow the code")
    pathlib.Path(out).write_text(body.replace(text, instead))


def rehearse(name, wrong, programs, work):
    drill, last, differs = FAULTS[name][2:]
    wrong, programs, work = (pathlib.Path(one).resolve() for one in (wrong, programs, work))
    shutil.rmtree(work, ignore_errors=True)
    (work / "bin").mkdir(parents=True)
    for one in ("scms", "scms-elector", "scmsd"):
        (work / "bin" / one).symlink_to(programs / one)
    shutil.copy(wrong, work / "bin" / "scms-ee")
    done = subprocess.run([sys.executable, HERE.parents[1] / "drills" / "drill.py", drill, "--fleet", "20", "--units", "1", "--quiet",
                           "--programs", work / "bin", "--out", work / "report", "--stop-after", last], capture_output=True, text=True)
    print(done.stdout + done.stderr)
    if done.returncode != 1 or ": red: " not in done.stdout:
        sys.exit(f"the drill ends with {done.returncode}, not with 1: it did not notice")
    days = json.loads((work / "report" / f"{drill}.json").read_text())["days"]
    wrongs = [check["what"] for day in days for check in day["checks"] if not check["ok"]]
    if differs not in wrongs:
        sys.exit(f"'{differs}' is not among what is not as expected: {wrongs}")


if __name__ == "__main__":
    {"make": make, "rehearse": rehearse}[sys.argv[1]](*sys.argv[2:])
