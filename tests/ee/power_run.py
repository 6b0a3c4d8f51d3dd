#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`scms-ee` against a system that runs loses power at each instant: while it enrols, and while it looks after itself, from the first
update to the last certificate. With power again it ends where it would have: enrolled once, asked once, certificates that sign.

    power_run.py FAULT.so EVERY BUILD TSHARK FIELDS COMPILER...

FAULT.so is tests/trust's; so many instants are tried one. What follows is as for end_to_end.py.
"""

import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import end_to_end as ee  # noqa: E402
from end_to_end import check, wait_for  # noqa: E402

MODES = ("kill", "after", "torn", "lost", "unnamed")
ENDED = 99
PATIENCE = 120


class Fault:
    def __init__(self, reader, library):
        self.reader, self.library = reader, os.path.abspath(library)

    def environment(self, at, mode):
        return {**self.reader.environment, "LD_PRELOAD": self.library, "FAULT_AT": str(at), "FAULT_MODE": mode}

    def once(self, at, mode, *arguments):
        done = subprocess.run(["scms-ee", *arguments], cwd=self.reader.work, env=self.environment(at, mode), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def run(self, car, environment, until):
        """`scms-ee run` until it ends or something is so; its exit code, and what it said."""
        log = self.reader.work / f"{car}.log"
        with log.open("w") as to:
            process = subprocess.Popen(["scms-ee", "run", car, "--periods", "1"], cwd=self.reader.work, env=environment, stdout=to, stderr=to)
        try:
            wait_for(lambda: process.poll() is not None or until(), PATIENCE)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait()
        return process.returncode, log.read_text()


def one(reader, fault, at):
    """A device that loses power at this instant of its enrolment, and of what follows. False: neither has so many."""
    car, mode = f"power-{at}", MODES[at % len(MODES)]
    what = f"{mode} at {at}"
    reader.list_devices((car, "obe"))
    reader.expect(0, "made", f"{what}: made", *reader.dcm("init", car, "--serial", car))
    code, said = fault.once(at, mode, *reader.dcm("enrol", car))
    check(code in (ENDED, 0), f"{what}: enrol ends", (code, said))
    hit = code == ENDED or mode == "torn"  # only a write can be torn; other calls are carried out
    if not reader.status(car)["enrolled"]:
        reader.expect(0, "enrolled", f"{what}: enrolled with power again", *reader.dcm("enrol", car))

    def at_hand():
        return reader.status(car)["periodsAtHand"] > 0
    code, said = fault.run(car, fault.environment(at, mode), at_hand)
    check(code in (ENDED, 0), f"{what}: run ends", (code, said))
    hit = hit or code == ENDED
    code, said = fault.run(car, reader.environment, at_hand)
    check(code == 0 and at_hand(), f"{what}: certificates with power again", (code, said, reader.status(car)))
    reader.hear(0, "accepted", f"{what}: it is believed", "car-2", car, "power.signed")
    return hit


def count(reader, component, sql):
    with sqlite3.connect(reader.work / "system" / "ws" / "components" / component / "db.sqlite") as db:
        value = db.execute(sql).fetchone()[0]
    db.close()
    return value


def main():
    library, every, build, _, _, *compiler = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="scms-ee-") as folder:
        reader = ee.Reader(pathlib.Path(folder), build, compiler)
        fault = Fault(reader, library)
        try:
            reader.do("found", "start", "publish", "vehicles")
            ee.page_messages(reader)
            at, devices = 1, 0
            while one(reader, fault, at):
                at, devices = at + int(every), devices + 1
            devices += 3  # the last one, and the page's
            check(devices > 3 + 20 // int(every), "there are instants", devices)
            for name, component, sql in (
                    ("each is enrolled once", "eca1", "SELECT count(*) FROM issued"), ("each has asked once", "ra1", "SELECT count(*) FROM request")):
                check(count(reader, component, sql) == devices, name, (count(reader, component, sql), devices))
            check(count(reader, "pca1", "SELECT count(*) - count(DISTINCT lv) FROM issued") == 0, "no linkage value twice")
            print(f"{devices - 3} instants")
        finally:
            reader.end()
    print(f"{ee.count} checks, {len(ee.failures)} failed")
    return 1 if ee.failures else 0


if __name__ == "__main__":
    sys.exit(main())
