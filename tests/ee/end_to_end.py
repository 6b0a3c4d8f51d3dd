#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two vehicles, a roadside unit and the SCMS, each program a process of its own, over HTTPS: from the founding to verified
messages, with pseudonym, identification and application certificates.
At last the same by a device maker's own program, docs/examples/hello.c, against the library as it is installed.

    end_to_end.py BUILD MESON COMPILER [COMPILER-OPTION...]
"""

import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "drills"))
import system as systems  # noqa: E402

SETTINGS = {
    # Two vehicles do not fill a shuffle: their requests leave at its maximum age.
    "ra1": {"shuffle_threshold": 20, "max_request_age": 2, "supply": 1209600, "certificates_per_period": 3,
            "download_delay": 1, "download_tolerance": 120},
}
FETCH_SECONDS = 90
failures = []
count = 0


def check(right, name, found=""):
    global count
    count += 1
    if not right:
        failures.append(name)
        print(f"FAILED: {name}: found {found!r:.800}", flush=True)


class Vehicles:
    def __init__(self, system):
        self.system = system
        self.dcm = ("--dcm", system.url("dcm1"), "--factory", system.home("factory1") / "tls")

    def run(self, what, car, *arguments):
        return self.system.command("scms-ee", what, self.system.work / car, *arguments, expect=None)

    def expect(self, code, text, name, what, car, *arguments):
        found = self.run(what, car, *arguments)
        check(found[0] == code and text in found[1], name, found)

    def status(self, car):
        return self.system.json("scms-ee", "status", self.system.work / car, "--json")

    def fetch(self, car):
        self.expect(0, "done:", f"{car} fetches certificates", "fetch", car, "--periods", "2", "--wait", str(FETCH_SECONDS))

    def sign(self, car, name, *arguments):
        (self.system.work / "payload").write_bytes(b"here I am")
        signed = self.system.work / name
        self.expect(0, "", f"{car} signs {name}", "sign", car, self.system.work / "payload", "--out", signed, *arguments)
        return signed


def start(system):
    system.do("founding")
    system.command("scms", "component", "create", "factory", "factory1")
    system.configure(SETTINGS)
    update = system.work / "ws" / "published" / "update.oer"
    system.start("pg1")
    status, body = system.ask("pg1", "POST", "/publish", update.read_bytes())
    check(status == 200, "the PG publishes", body)
    system.start(*[name for name in systems.SERVERS if name != "pg1"])
    state = system.push(update)
    check(state["missing"] == 0, "every component has what was pushed", state)


def before_enrolment(system, cars):
    """What a vehicle is refused that nobody has enrolled."""
    for car, *more in (("car-1", "--service", "0x4082"), ("car-2",), ("unit-1", "--kind", "rse")):
        cars.expect(0, "made", f"{car} is made", "init", car, *cars.dcm, "--serial", car, *more)
    cars.expect(2, "pseudonym", "a service that pseudonym certificates are for", "init", "car-3", *cars.dcm, "--serial", "car-3",
                "--service", "0x20")
    cars.expect(2, "only a vehicle", "a roadside unit with a service", "init", "car-3", *cars.dcm, "--serial", "car-3",
                "--service", "0x4082", "--kind", "rse")
    cars.expect(1, "exists", "a device is not made over another", "init", "car-1", *cars.dcm, "--serial", "car-1")
    cars.expect(1, "403", "who is not on the DCM's list is not enrolled", "enrol", "car-1", *cars.dcm)
    cars.expect(1, "ceased", "who is not enrolled asks for no certificates", "request", "car-1")
    (system.work / "payload").write_bytes(b"here I am")
    cars.expect(1, "must not operate", "who is not enrolled signs nothing", "sign", "car-1", system.work / "payload",
                "--out", system.work / "none.signed")
    check(not (system.work / "none.signed").exists(), "no message of who may not sign")


def certificates(system, cars):
    listed = [{"device": car, "kind": "obe"} for car in ("car-1", "car-2")] + [{"device": "unit-1", "kind": "rse"}]
    status, body = system.ask("dcm1", "POST", "/devices", json.dumps(listed))
    check(status == 200, "the DCM lists the devices", body)
    for car in ("car-1", "car-2", "unit-1"):
        cars.expect(0, "enrolled", f"{car} is enrolled", "enrol", car, *cars.dcm)
        cars.expect(0, "", f"{car} updates", "update", car)
        cars.expect(0, "asked", f"{car} asks for certificates", "request", car)
    cars.expect(0, "asked for identification", "car-1 asks for identification certificates", "request", "car-1", "--identification")
    cars.expect(1, "refused", "a vehicle asks once", "request", "car-1", "--identification")
    cars.expect(1, "refused", "a roadside unit has no identification certificates", "request", "unit-1", "--identification")
    for car in ("car-1", "car-2", "unit-1"):
        cars.fetch(car)
    end = time.monotonic() + FETCH_SECONDS
    while not cars.status("car-1")["identification"] and time.monotonic() < end:
        cars.run("fetch", "car-1", "--periods", "2")
        time.sleep(0.5)
    status = cars.status("unit-1")
    check(status["application"] and status["kind"] == "rse", "the roadside unit has its application certificate", status)


def messages(system, cars):
    signed = cars.sign("car-1", "one.signed")
    cars.expect(0, "accepted", "car-2 accepts what car-1 signs", "verify", "car-2", signed)
    cars.expect(1, "replay", "the same message twice is a replay", "verify", "car-2", signed, signed)
    bare = cars.sign("car-1", "digest.signed", "--digest")
    cars.expect(1, "not valid", "a digest alone of an unknown certificate is not judged", "verify", "car-2", bare)
    bent = bytearray(signed.read_bytes())
    bent[-1] ^= 1
    (system.work / "bent.signed").write_bytes(bent)
    cars.expect(1, "not valid", "a bent signature", "verify", "car-2", system.work / "bent.signed")
    foreign = cars.sign("car-1", "psid.signed", "--psid", "0x87")
    cars.expect(1, "may not send", "a PSID that the certificate does not have", "verify", "car-2", foreign)
    cars.expect(1, "no identification certificates", "a PSID without certificates", "sign", "car-2", system.work / "payload", "--psid",
                "0x4082", "--out", system.work / "none.signed")
    named = cars.sign("car-1", "named.signed", "--psid", "0x4082")
    cars.expect(0, "accepted", "car-2 accepts what car-1 signs with its identification certificate", "verify", "car-2", named)
    sign = cars.sign("unit-1", "unit.signed", "--psid", "0x83")
    cars.expect(0, "accepted", "car-2 accepts what a roadside unit signs", "verify", "car-2", sign)
    cars.expect(0, "accepted", "a roadside unit accepts what car-1 signs", "verify", "unit-1", signed)
    vehicle = cars.sign("unit-1", "vehicle.signed", "--psid", "0x20")
    cars.expect(1, "may not send", "a roadside unit is no vehicle", "verify", "car-2", vehicle)
    back = cars.sign("car-2", "back.signed")
    cars.expect(0, "accepted", "car-1 accepts what car-2 signs", "verify", "car-1", back)
    time.sleep(6)
    cars.expect(1, "old", "a message of some seconds ago", "verify", "car-2", signed)


def device_maker(system, build, meson, compiler):
    """The example is built as its first line says, from what `make install` puts there, and run beside the two vehicles."""
    root = system.work / "installed"
    done = subprocess.run([meson, "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", root], capture_output=True, text=True)
    check(done.returncode == 0, "the library is installed", done.stdout + done.stderr)
    folder = next(root.rglob("scms-device.pc")).parent

    def pkg_config(*arguments):
        return subprocess.run(["pkg-config", *arguments, "scms-device"], env={**os.environ, "PKG_CONFIG_PATH": str(folder)},
                              capture_output=True, text=True)
    prefix = pkg_config("--variable=prefix").stdout.strip()
    flags = pkg_config(f"--define-variable=prefix={root}{prefix}", "--cflags", "--libs", "--static")
    check(flags.returncode == 0, "pkg-config knows scms-device", flags.stderr)
    source = pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples" / "hello.c"
    built = subprocess.run([*compiler, source, "-o", system.work / "hello", *shlex.split(flags.stdout)], capture_output=True, text=True)
    check(built.returncode == 0, "the example is built", built.stderr)
    ran = subprocess.run([system.work / "hello"], cwd=system.work, env=system.environment, capture_output=True, text=True)
    check(ran.returncode == 0 and ran.stdout == "accepted: here I am\n", "a device maker's program signs and judges", ran)


def main():
    build, meson, *compiler = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="scms-ee-") as folder:
        system = systems.System(pathlib.Path(folder) / "system", pathlib.Path(build) / "bin")
        try:
            start(system)
            cars = Vehicles(system)
            before_enrolment(system, cars)
            certificates(system, cars)
            messages(system, cars)
            device_maker(system, build, meson, compiler)
        finally:
            system.stop()
            if failures:
                for log in sorted(system.logs.glob("*.log")):
                    if log.stem != "handbook":
                        print(f"--- {log.name}\n{log.read_text()[-1200:]}")
    print(f"{count} checks, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
