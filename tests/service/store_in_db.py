#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Crash and failure of a trust store in a database (trust rule A2), every instant enumerated.

Usage: store_in_db.py PROGRAM FAULT.so DATA

As tests/trust/crash.py, for store_db.h: a fault at each call of a session that changes the disk, in each mode of fault.c that
says something of a file that is written in place. After each, the store is the old one or the new one, the component's own row
agrees with it, and the next session brings it to the new one.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROGRAM, FAULT, DATA = map(os.path.abspath, sys.argv[1:4])
MODES = ["kill", "after", "torn", "error", "full"]
ENDED = 99
SESSIONS = [("--chain", f"{DATA}/v124-gccf.coer"), ("--crl", f"{DATA}/v124-composite-crl.coer")]
failures = checks = 0


def check(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED:", text)


def call(*arguments, fault=None, count=None):
    environment = dict(os.environ)
    if fault or count:
        environment["LD_PRELOAD"] = FAULT
    if fault:
        environment["FAULT_AT"], environment["FAULT_MODE"] = str(fault[0]), fault[1]
    if count:
        environment["FAULT_COUNT"] = count
    return subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, timeout=60)


def dump(db):
    done = call("dump", db)
    return (done.returncode, done.stdout)


def agrees(state):
    """The component's own row was changed in the same transaction as the store, or neither."""
    words = state[1].split()
    return state[0] == 0 and words[0] == words[1] and state[1].count(b"{") == int(words[0])


with tempfile.TemporaryDirectory() as folder:
    base, work = os.path.join(folder, "base"), os.path.join(folder, "work")
    os.mkdir(base)
    check(dump(os.path.join(base, "db"))[0] == 3, "a database without a store is no store")
    check(call("init", os.path.join(base, "db"), DATA).returncode == 0, "init")
    check(call("init", os.path.join(base, "db"), DATA).returncode == 3, "a store is never made anew over another")
    for option, file in SESSIONS:
        db = os.path.join(work, "db")

        def fresh():
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(base, work)

        fresh()
        old, calls_file = dump(db), os.path.join(folder, "calls")
        fresh()
        check(call("apply", db, option, file, count=calls_file).returncode == 0, f"{option} without fault")
        new = dump(db)
        check(agrees(old) and agrees(new) and old != new, f"{option} changes the store")
        calls = int(pathlib.Path(calls_file).read_text())
        check(calls >= 5, f"only {calls} calls that change the disk were seen")
        seen_old = seen_new = 0
        for mode in MODES:
            for at in range(1, calls + 1):
                name = f"{option}, {mode} at call {at} of {calls}"
                fresh()
                done = call("apply", db, option, file, fault=(at, mode))
                check(done.returncode in (0, 3, ENDED), f"{name}: exit code {done.returncode}")
                check(mode in ("error", "full", "torn") or done.returncode == ENDED, f"{name}: exit code {done.returncode}")
                after = dump(db)
                check(after in (old, new), f"{name}: neither the old store nor the new: {after}")
                check(done.returncode != 0 or after == new, f"{name}: said done, and is not")
                # What COMMIT could not promise may have lasted all the same; a component asks again, and is told.
                seen_old, seen_new = seen_old + (after == old), seen_new + (after == new)
                again = call("apply", db, option, file)
                check(again.returncode == 0 and dump(db) == new, f"{name}: the next session fails: {again.stderr.decode()}")
        check(seen_old > calls and seen_new > 0, f"both outcomes occur: {seen_old}, {seen_new}")
        print(f"{option}: {calls} calls, {len(MODES)} modes, {seen_old} left the old store, {seen_new} the new one")
        check(call("apply", os.path.join(base, "db"), option, file).returncode == 0, "the base goes on")
    # Two at once: each session sees a whole store, and one that comes too late is refused or waits.
    fresh()
    shutil.rmtree(work)
    os.mkdir(work)
    call("init", db, DATA)
    running = [subprocess.Popen([PROGRAM, "apply", db, *SESSIONS[0]], stderr=subprocess.DEVNULL) for _ in range(6)]
    codes = sorted(process.wait(timeout=60) for process in running)
    check(0 in codes and set(codes) <= {0, 3} and agrees(dump(db)), f"sessions at once: {codes}")
    check(call("damage", db).returncode == 0, "damage")
    done = call("dump", db)
    check(done.returncode == 3 and b"damaged" in done.stderr and done.stdout == b"", "a damaged store is named, and not used")
print(f"{checks} checks, {failures} failed")
sys.exit(failures != 0)
