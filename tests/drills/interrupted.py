#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A drill that is interrupted, or lacks something: it says so, ends what it began, and leaves nothing behind.

Usage: interrupted.py PROGRAMS [all]     all: also in the midst of the days, and while the report is written"""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAMS = pathlib.Path(sys.argv[1]).resolve()
DRILLS = pathlib.Path(__file__).resolve().parents[2] / "drills"
sys.path.insert(0, str(DRILLS))

import system as systems  # noqa: E402

failures = 0


def check(what, right, found=""):
    global failures
    if not right:
        failures += 1
        print(f"FAILED: {what}: found {str(found)[-1500:]}")


def processes_of(folder):
    """Command lines of the processes that have something to do with a folder."""
    found = []
    for one in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (one / "cmdline").read_bytes() + (one / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in line:
            found.append(line[:200])
    return found


def command(folder, *more):
    return [PROGRAMS / "scms", "drill", "elector-replacement", "--fleet", "20", "--units", "1", "--out", folder / "out", *more]


def environment(folder, **more):
    (folder / "tmp").mkdir(exist_ok=True)
    return dict(os.environ, TMPDIR=str(folder / "tmp"), **more)


def interrupt(name, until, how, *more, kept=False, late=False):
    """Runs a drill until it says something, and interrupts it: how: the signal, and whether the whole terminal gets it. late: it may
    have been over by then."""
    with tempfile.TemporaryDirectory(prefix="scms-interrupted-") as folder:
        folder = pathlib.Path(folder)
        drill = subprocess.Popen(command(folder, *more), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 env=environment(folder), start_new_session=True)
        said = ""
        for line in drill.stdout:
            said += line
            if until in line:
                break
        time.sleep(0 if late else 0.3)
        (os.killpg if how[1] else os.kill)(drill.pid, how[0])
        said += drill.communicate(timeout=120)[0]
        check(f"{name}: exit code", drill.returncode == 130 or late and drill.returncode == 0, (drill.returncode, said))
        check(f"{name}: it is said", ("interrupted; every process of it has ended" in said) == (drill.returncode == 130), said)
        check(f"{name}: no traceback", "Traceback" not in said, said)
        left = processes_of(folder)
        check(f"{name}: no process is left", left == [], left)
        there = [str(one) for one in (folder / "tmp").iterdir()]
        check(f"{name}: temporary files", len(there) == (1 if kept else 0), there)
        reports = list((folder / "out").glob("*")) if (folder / "out").exists() else []
        check(f"{name}: no half report", all(one.suffix in (".json", ".html") and one.stat().st_size > 1000 for one in reports), reports)


def refuse(name, says, *more, code=3, **variables):
    with tempfile.TemporaryDirectory(prefix="scms-interrupted-") as folder:
        folder = pathlib.Path(folder)
        done = subprocess.run(command(folder, *more), stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment(folder, **variables))
        check(f"{name}: exit code", done.returncode == code, (done.returncode, done.stderr))
        check(f"{name}: it is said", says in done.stderr, done.stderr)
        check(f"{name}: no traceback", "Traceback" not in done.stderr, done.stderr)
        check(f"{name}: nothing is left", list((folder / "tmp").iterdir()) == [] and processes_of(folder) == [])


def ports_chosen():
    """A row of ports of which somebody has one is passed over; where there is no other, that is said."""
    rows = systems.PORTS
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        taken = somebody.getsockname()[1]
        systems.PORTS = range(taken, taken + 1)
        try:
            check("no ports are left", False, systems.free_ports(3))
        except systems.Trouble as trouble:
            check("no ports are left: it is said", f"no 3 ports in a row are free on 127.0.0.1 from {taken}" in str(trouble), trouble)
        systems.PORTS = [taken, *rows]
        chosen = systems.free_ports(3)
        check("a port is taken: others are chosen", taken not in chosen and len(set(chosen)) == 3, chosen)
    systems.PORTS = rows


def port_lost(name):
    """Somebody takes a port between the choice and the start of the component that was to have it."""
    program = f"""
import socket, sys
sys.path.insert(0, {str(DRILLS)!r})
import drill, system

choose, somebody = system.free_ports, socket.socket()


def lose(count):
    ports = choose(count)
    somebody.bind(("127.0.0.1", ports[system.SERVERS.index({name!r})]))
    somebody.listen()
    return ports


system.free_ports = lose
sys.exit(drill.main(sys.argv[1:]))
"""
    with tempfile.TemporaryDirectory(prefix="scms-interrupted-") as folder:
        folder = pathlib.Path(folder)
        done = subprocess.run([sys.executable, "-c", program, *map(str, command(folder)[2:]), "--programs", str(PROGRAMS)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env=environment(folder))
        check(f"{name}'s port is lost: exit code", done.returncode == 3, (done.returncode, done.stderr))
        check(f"{name}'s port is lost: it is said", f"{name} does not run" in done.stderr and "ddress already in use" in done.stderr, done.stderr)
        check(f"{name}'s port is lost: no traceback", "Traceback" not in done.stderr, done.stderr)
        check(f"{name}'s port is lost: nothing is left", list((folder / "tmp").iterdir()) == [] and processes_of(folder) == [])


def main():
    ports_chosen()
    with tempfile.TemporaryDirectory(prefix="scms-interrupted-") as folder:
        folder = pathlib.Path(folder)
        few = folder / "bin"
        few.mkdir()
        for name in ("bash", "python3"):
            (few / name).symlink_to(next(path for path in map(lambda one: pathlib.Path(one) / name, os.environ["PATH"].split(":")) if path.exists()))
        refuse("a package is missing", "Debian's package openssl", PATH=str(few))
        (folder / "full").mkdir()
        (folder / "full" / "mine").write_text("mine")
        refuse("a folder in use", "is there, and not an empty folder", "--work", folder / "full")
        check("a folder in use is left as it was", (folder / "full" / "mine").read_text() == "mine")
        refuse("no such day", "has no such day", "--stop-after", "day-9", code=2)
        (folder / "file").write_text("")
        refuse("a folder that cannot be", "scms drill: ", "--work", folder / "file" / "work")
    interrupt("while it is founded", "Day 1", (signal.SIGINT, True))
    if sys.argv[2:] == ["all"]:
        port_lost("pg1")
        port_lost("manager1")
        interrupt("while it is founded, the director alone", "Day 1", (signal.SIGTERM, False))
        interrupt("while devices enrol", "components run", (signal.SIGINT, True))
        interrupt("while devices enrol, the director alone", "components run", (signal.SIGINT, False))
        interrupt("in the midst of day 2, and kept", "Attack: a thief", (signal.SIGINT, True), "--keep", kept=True)
        interrupt("while the report is written", "checks, 0 not as expected", (signal.SIGINT, True), "--stop-after", "day-1", late=True)
        if os.geteuid() == 0:
            full_disk()
    return 1 if failures else 0


def full_disk():
    """A file system of 3 MB."""
    with tempfile.TemporaryDirectory(prefix="scms-interrupted-") as folder:
        small = pathlib.Path(folder) / "tmp"
        small.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", small], capture_output=True).returncode != 0:
            print("skipped: no file system can be mounted here")
            return
        try:
            done = subprocess.run(command(pathlib.Path(folder)), capture_output=True, text=True, env=environment(pathlib.Path(folder)))
            check("disk full: exit code", done.returncode == 3, (done.returncode, done.stdout, done.stderr))
            check("disk full: it is said", "No space left on device" in done.stderr, done.stderr)
            check("disk full: no traceback", "Traceback" not in done.stderr, done.stderr)
            check("disk full: nothing is left", list(small.iterdir()) == [] and processes_of(folder) == [])
        finally:
            subprocess.run(["umount", small], check=True)


if __name__ == "__main__":
    sys.exit(main())
