#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A device loses power, or its disk fails, at every call that changes the disk: while it is made, enrolled, asks for certificates,
keeps them. Afterwards it is as it was or as it was to be, and the step can be done again.

    power.py EE-POWER FAULT.so [all]
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROGRAM, FAULT = map(os.path.abspath, sys.argv[1:3])
ALL = sys.argv[3:] == ["all"]
MODES = ["kill", "after", "torn", "lost", "unnamed", "error", "full"]
FEW = ["lost", "unnamed", "error"]  # of the first step, which has most instants
EVERY = [16, 3, 1, 1]  # so many instants are tried one, in a short run
ENDED = 99
SAYS = ["none", "made", "made enrolled", "made enrolled asked", "made enrolled asked fetched signs"]
failures = []
checks = 0


def check(good, name, found=""):
    global checks
    checks += 1
    if not good:
        failures.append(name)
        print(f"FAILED: {name}: {found}", flush=True)


def run(*arguments, fault=None, count=None):
    environment = dict(os.environ)
    if fault or count:
        environment["LD_PRELOAD"] = FAULT
    if fault:
        environment["FAULT_AT"], environment["FAULT_MODE"] = str(fault[0]), fault[1]
    if count:
        environment["FAULT_COUNT"] = str(count)
    done = subprocess.run([PROGRAM, *map(str, arguments)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout.strip()


def fresh(base, number, device):
    """The device before a step."""
    for left in device.parent.glob("device*"):
        shutil.rmtree(left)
    if number > 0:
        shutil.copytree(base / str(number), device)


def instants(base, number, folder):
    device, count = folder / "device", folder / "count"
    fresh(base, number, device)
    code, out = run("step", base, number, device, count=count)
    check(code == 0 and run("say", device)[1] == SAYS[number + 1], f"step {number}", (code, out, run("say", device)))
    if number + 1 < len(SAYS) - 1:
        shutil.copytree(device, base / str(number + 1))
    return int(count.read_text())


def main():
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        folder = pathlib.Path(name)
        base = folder / "base"
        base.mkdir()
        code, out = run("make", base)
        if code != 0:
            print(out)
            return 1
        for number in range(len(SAYS) - 1):
            last = instants(base, number, folder)
            check(last >= 3, f"step {number} changes the disk", last)
            every = 1 if ALL else EVERY[number]
            for at in range(1, last + 1, every):
                for mode in MODES if ALL or number > 0 else FEW:
                    what = f"step {number}, {mode} at {at} of {last}"
                    device = folder / "device"
                    fresh(base, number, device)
                    code, out = run("step", base, number, device, fault=(at, mode))
                    # Only a write can be torn; others are carried out.
                    ends = {"error": (0, 1), "full": (0, 1), "torn": (ENDED, 0)}.get(mode, (ENDED,))
                    check(code in ends, f"{what}: how it ended", (code, out))
                    code, out = run("say", device)
                    check(code == 0 and out in SAYS[number:number + 2], f"{what}: neither as it was nor as it was to be", out)
                    if out != SAYS[number + 1]:
                        code, out = run("step", base, number, device)
                        check(code == 0, f"{what}: cannot be done again", out)
                        check(run("say", device)[1] == SAYS[number + 1], f"{what}: done again", run("say", device))
    print(f"{checks} checks, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
