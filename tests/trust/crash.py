#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Crash, failure and contention of the store directory (trust rule A2), every instant enumerated.

Usage: crash.py SCMS FAULT.so DATA

A session is run with a fault at its first, second, ... call that changes the disk, in each mode of fault.c, until a run
meets none. After each: the store is the old one or the new one, and the next session brings it to the new one.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SCMS, FAULT, DATA = map(os.path.abspath, sys.argv[1:4])
NOW = "600000000000000"
MODES = ["kill", "after", "torn", "lost", "unnamed", "error", "full"]
ENDED = 99
failures = 0
checks = 0


def check(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED:", text)


def scms(*arguments, fault=None, count=None):
    environment = dict(os.environ)
    if fault or count:
        environment["LD_PRELOAD"] = FAULT
    if fault:
        environment["FAULT_AT"], environment["FAULT_MODE"] = str(fault[0]), fault[1]
    if count:
        environment["FAULT_COUNT"] = count
    return subprocess.run([SCMS, "store", *arguments], env=environment, capture_output=True, timeout=60)


def dump(state):
    done = scms("dump", "--state", state, "--now", NOW)
    return (done.returncode, done.stdout)


def init(folder, fault=None):
    config = os.path.join(folder, "config.json")
    with open(config, "w") as file:
        json.dump({"electors": [f"{DATA}/cert-elector-{e}.coer" for e in "ABC"], "roots": [f"{DATA}/cert-root-1.coer"],
                   "certificates": [f"{DATA}/cert-crlg.coer"], "quorum": 2, "now": int(NOW)}, file)
    return scms("init", "--state", os.path.join(folder, "state"), "--config", config, fault=fault)


SESSIONS = [["--chain", f"{DATA}/v124-gccf.coer"], ["--crl", f"{DATA}/v124-composite-crl.coer"]]


def apply(state, session, fault=None, count=None):
    return scms("apply", "--state", state, "--now", NOW, *SESSIONS[session], fault=fault, count=count)


def every_instant(session):
    """A fault at each call of one session."""
    with tempfile.TemporaryDirectory() as folder:
        check(init(folder).returncode == 0, "init")
        state = os.path.join(folder, "state")
        for earlier in range(session):
            check(apply(state, earlier).returncode == 0, "earlier session")
        base = os.path.join(folder, "base")
        shutil.copytree(state, base)
        old = dump(state)
        calls_file = os.path.join(folder, "calls")
        check(apply(state, session, count=calls_file).returncode == 0, "session without fault")
        new = dump(state)
        check(old[0] == 0 and new[0] == 0 and old != new, "the session changes the store")
        calls = int(pathlib.Path(calls_file).read_text())
        check(calls >= 5, f"only {calls} calls that change the disk were seen")
        seen_old = seen_new = 0
        for mode in MODES:
            for at in range(1, calls + 1):
                name = f"session {session}, {mode} at call {at} of {calls}"
                shutil.rmtree(state)
                shutil.copytree(base, state)
                done = apply(state, session, fault=(at, mode))
                if mode in ("error", "full"):
                    check(done.returncode in (0, 3), f"{name}: exit code {done.returncode}")
                elif mode != "torn":
                    check(done.returncode == ENDED, f"{name}: exit code {done.returncode}")
                after = dump(state)
                check(after in (old, new), f"{name}: neither the old store nor the new: {after}")
                if done.returncode == 0:
                    check(after == new, f"{name}: said done, and is not")
                if done.returncode == 3:
                    check(after == old or b"its log is not" in done.stderr, f"{name}: said not done, and is")
                seen_old += after == old
                seen_new += after == new
                again = apply(state, session)
                check(again.returncode == 0 and dump(state) == new, f"{name}: the next session fails: {again.stderr.decode()}")
        check(seen_old > calls and seen_new > calls, "both outcomes occur")
        print(f"session {session}: {calls} calls, {len(MODES)} modes, {seen_old} left the old store, {seen_new} the new one")


def every_instant_of_init():
    """A new store appears whole or not at all."""
    for mode in MODES:
        for at in range(1, 40):
            with tempfile.TemporaryDirectory() as folder:
                done = init(folder, fault=(at, mode))
                state = os.path.join(folder, "state")
                if os.path.exists(state):
                    check(dump(state)[0] == 0, f"init, {mode} at call {at}: an unreadable store is left")
                elif done.returncode != ENDED:
                    check(os.listdir(folder) == ["config.json"] or mode in ("error", "full"),
                          f"init, {mode} at call {at}: left {os.listdir(folder)}")
                    check(init(folder).returncode == 0, f"init, {mode} at call {at}: the second try fails")


def unreadable():
    """Damage is named, nothing is changed, nothing is trusted."""
    with tempfile.TemporaryDirectory() as folder:
        init(folder)
        state = os.path.join(folder, "state")
        apply(state, 0)
        good = os.path.join(folder, "good")
        shutil.copytree(state, good)
        slots = sorted(pathlib.Path(good).glob("slot-*"))
        check(len(slots) == 2, "two slots after two states")
        for name, damage in {"empty": lambda b: b"", "cut": lambda b: b[:-1], "longer": lambda b: b + b"\0",
                             "one bit": lambda b: b[:100] + bytes([b[100] ^ 1]) + b[101:], "zeros": lambda b: bytes(len(b))}.items():
            shutil.rmtree(state)
            shutil.copytree(good, state)
            for slot in slots:
                file = pathlib.Path(state) / slot.name
                file.write_bytes(damage(file.read_bytes()))
            before = {p.name: p.read_bytes() for p in pathlib.Path(state).glob("slot-*")}
            for command in (["dump"], ["check", "--cert", f"{DATA}/cert-pg.coer"], ["apply", "--chain", f"{DATA}/v124-gccf.coer"]):
                done = scms(command[0], "--state", state, "--now", NOW, *command[1:])
                check(done.returncode == 3 and b"damaged" in done.stderr and done.stdout == b"",
                      f"slots {name}: {command[0]} exits {done.returncode}: {done.stderr.decode()}")
            check(before == {p.name: p.read_bytes() for p in pathlib.Path(state).glob("slot-*")}, f"slots {name}: touched")
        for file in pathlib.Path(good, "objects").iterdir():
            shutil.rmtree(state)
            shutil.copytree(good, state)
            pathlib.Path(state, "objects", file.name).unlink()
            done = scms("apply", "--state", state, "--now", NOW, "--chain", f"{DATA}/v124-gccf.coer")
            check(done.returncode == 3, f"object {file.name} missing: exit code {done.returncode}")
        empty = os.path.join(folder, "empty")
        os.mkdir(empty)
        for path in (empty, os.path.join(folder, "nothing"), f"{DATA}/cert-pg.coer"):
            done = scms("dump", "--state", path, "--now", NOW)
            check(done.returncode == 3, f"{path}: exit code {done.returncode}")
        check(os.listdir(empty) == [], "something was made in a directory that is no store")
        check(init(folder).returncode == 3, "init over an existing store")


def together():
    """Two sessions at once: one waits for the other."""
    with tempfile.TemporaryDirectory() as folder:
        init(folder)
        state = os.path.join(folder, "state")
        running = [subprocess.Popen([SCMS, "store", "apply", "--state", state, "--now", NOW, *SESSIONS[k % 2]],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for k in range(8)]
        check([process.wait(timeout=60) for process in running] == [0] * 8, "sessions at once")
        log = pathlib.Path(state, "log").read_text().splitlines()
        check(len(log) == 8 and all(json.loads(line) for line in log), "each session is in the log, whole")


every_instant(0)
every_instant(1)
every_instant_of_init()
unreadable()
together()
print(f"{checks} checks, {failures} failed")
sys.exit(failures != 0)
