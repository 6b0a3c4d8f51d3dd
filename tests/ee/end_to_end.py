#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/quickstart.md, run from its text: from the founding to two vehicles' verified messages and a device maker's program. The
system that it leaves running then meets what it must refuse, a vehicle with identification certificates, and a roadside unit.

    end_to_end.py BUILD TSHARK FIELDS COMPILER [COMPILER-OPTION...]

FIELDS is tests/dot2's.
"""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "handbook"))
sys.path.insert(0, str(SOURCE / "drills"))
sys.path.insert(0, str(SOURCE / "tests" / "dot2"))
sys.path.insert(0, str(SOURCE / "tests" / "daemon"))
import peer  # noqa: E402
import run as handbook  # noqa: E402
import system as systems  # noqa: E402
import wireshark  # noqa: E402

FETCH_SECONDS = 90
TRIES = 5  # a message that is old before this machine gets round to judging it is signed anew
PORT = re.compile(r"\b(?:88|89)\d\d\b")
failures = []
count = 0


def check(right, name, found=""):
    global count
    count += 1
    if not right:
        failures.append(name)
        print(f"FAILED: {name}: found {found!r:.800}", flush=True)


class Reader:
    """Who reads the page: a clone with the page's ports made free ones, a new folder, and a shell."""

    def __init__(self, base, build, compiler):
        self.clone, self.work = base / "scms", base / "demo"
        self.ports = {}
        self.sent = []
        self.work.mkdir()
        self.clone_links(build)
        self.page = handbook.Chapter(self.clone / "docs" / "quickstart.md")
        self.environment = handbook.environment_for(self.work, self.clone / "build" / "bin")
        del self.environment["SCMS_WORKSPACE"]
        self.environment.update(SCMS=str(self.clone), CC=shlex.join(compiler))
        # The build is that of the running tests: `make install` must not build in it beside them.
        ninja = base / "bin" / "ninja"
        ninja.parent.mkdir()
        ninja.write_text("#!/bin/sh\n")
        ninja.chmod(0o755)
        self.environment["PATH"] = f"{ninja.parent}:{self.environment['PATH']}"

    def clone_links(self, build):
        self.clone.mkdir()
        for one in SOURCE.iterdir():
            if one.name not in ("docs", "build", ".git"):
                (self.clone / one.name).symlink_to(one)
        (self.clone / "build").symlink_to(build)
        texts = [path for path in (SOURCE / "docs").rglob("*") if path.suffix in (".md", ".conf", ".c")]
        numbers = sorted({number for path in texts for number in PORT.findall(path.read_text())})
        self.ports = dict(zip(numbers, map(str, systems.free_ports(len(numbers)))))
        for path in texts:
            to = self.clone / path.relative_to(SOURCE)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(PORT.sub(lambda found: self.ports[found.group()], path.read_text()))

    def do(self, *blocks):
        return "".join(handbook.run_block(self.page, block, self.work, self.environment) for block in blocks)

    def run(self, what, car, *arguments):
        done = subprocess.run(["scms-ee", what, car, *arguments], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def expect(self, code, text, name, what, car, *arguments):
        found = self.run(what, car, *arguments)
        check(found[0] == code and text in found[1], name, found)

    def dcm(self, what, car, *arguments):
        return (what, car, "--dcm", f"https://dcm1.localhost:{self.ports['8891']}", "--factory", "system/ws/components/factory1/tls",
                *arguments)

    def list_devices(self, *devices):
        done = subprocess.run(["curl", "--config", "manager.curl", f"https://dcm1.localhost:{self.ports['8891']}/devices", "--data",
                               json.dumps([{"device": device, "kind": kind} for device, kind in devices])],
                              cwd=self.work, env=self.environment, capture_output=True, text=True)
        check(done.returncode == 0, "the DCM lists devices", done.stderr)

    def status(self, car):
        return json.loads(self.run("status", car, "--json")[1])

    def sign(self, car, name, *arguments):
        self.expect(0, "", f"{car} signs {name}", "sign", car, "position", "--out", name, *arguments)
        self.sent = [(at, path) for at, path in self.sent if path != self.work / name] + [(time.time(), self.work / name)]
        return name

    def hear(self, code, text, name, car, by, file, *arguments, times=1):
        """car judges what by signs, so many times in a row."""
        for _ in range(TRIES):
            signed = self.sign(by, file, *arguments)
            found = self.run("verify", car, *times * [signed])
            if ": old" not in found[1]:
                break
        check(found[0] == code and text in found[1], name, found)
        return signed

    def end(self):
        """Whatever came of it, scmsd ends."""
        pid = self.work / "scmsd.pid"
        if pid.exists():
            try:
                os.kill(int(pid.read_text()), signal.SIGKILL)
            except OSError:
                pass


def before_enrolment(reader):
    """What a vehicle is refused that nobody has enrolled."""
    reader.expect(0, "made", "a vehicle with a service is made", *reader.dcm("init", "car-3", "--serial", "car-3", "--service", "0x4082"))
    reader.expect(0, "made", "a roadside unit is made", *reader.dcm("init", "unit-1", "--serial", "unit-1", "--kind", "rse"))
    reader.expect(1, "exists", "a device is not made over another", *reader.dcm("init", "car-3", "--serial", "car-3"))
    reader.expect(2, "pseudonym", "a service that pseudonym certificates are for",
                  *reader.dcm("init", "car-4", "--serial", "car-4", "--service", "0x20"))
    reader.expect(2, "only a vehicle", "a roadside unit with a service",
                  *reader.dcm("init", "car-4", "--serial", "car-4", "--service", "0x4082", "--kind", "rse"))
    reader.expect(1, "403", "who is not on the DCM's list is not enrolled", *reader.dcm("enrol", "car-3"))
    reader.expect(1, "ceased", "who is not enrolled asks for no certificates", "request", "car-3")
    reader.expect(1, "ceased", "who is not enrolled fetches none", "fetch", "car-3")
    (reader.work / "position").write_text("here I am")
    reader.expect(1, "must not operate", "who is not enrolled signs nothing", "sign", "car-3", "position", "--out", "none.signed")
    check(not (reader.work / "none.signed").exists(), "no message of who may not sign")


def certificates(reader):
    """Identification and application certificates."""
    reader.list_devices(("car-3", "obe"), ("unit-1", "rse"))
    for car in ("car-3", "unit-1"):
        reader.expect(0, "enrolled", f"{car} is enrolled", *reader.dcm("enrol", car))
        reader.expect(0, "", f"{car} updates", "update", car)
    reader.expect(0, "nothing: no certificates were asked for", "nothing is asked for", "fetch", "car-3", "--wait", str(FETCH_SECONDS))
    reader.expect(0, "asked for identification", "a vehicle asks for identification certificates", "request", "car-3", "--identification")
    reader.expect(1, "refused", "it asks once", "request", "car-3", "--identification")
    reader.expect(0, "asked for application", "a roadside unit asks", "request", "unit-1")
    reader.expect(1, "refused", "it has no identification certificates", "request", "unit-1", "--identification")
    for car in ("car-3", "unit-1"):
        reader.expect(0, "done:", f"{car} fetches certificates", "fetch", car, "--periods", "1", "--wait", str(FETCH_SECONDS))
    reader.expect(0, "all is at hand", "who has all does not wait", "fetch", "car-1", "--periods", "2", "--wait", str(FETCH_SECONDS))
    far = ("fetch", "car-1", "--periods", "9")
    reader.expect(0, "not ready", "who does not wait is told what is missing", *far)
    reader.expect(1, "not ready", "who waits in vain is refused", *far, "--wait", "1")
    reader.expect(0, "no policy: the RA refuses", "a device with a wrong clock hears why it gets no policy", "update", "car-1", "--clock-offset", "3000")
    check(reader.status("car-3")["identification"] >= 1, "the vehicle has its identification certificate", reader.status("car-3"))
    check(reader.status("unit-1")["application"], "the roadside unit has its application certificate", reader.status("unit-1"))


def page_messages(reader):
    """The page's own. On a machine that is too slow for it, again."""
    for turn in range(TRIES):
        try:
            return reader.do("messages")
        except handbook.Failed as failed:
            if ": old" not in str(failed) or turn + 1 == TRIES:
                raise


def messages(reader):
    reader.hear(0, "accepted", "car-2 accepts what car-1 signs", "car-2", "car-1", "one.signed")
    reader.hear(0, "accepted", "a roadside unit, too", "unit-1", "car-1", "one.signed")
    signed = reader.hear(1, "replay", "the same message twice is a replay", "car-2", "car-1", "one.signed", times=2)
    bare = reader.sign("car-1", "digest.signed", "--digest")
    reader.expect(1, "not valid", "a digest alone of an unknown certificate is not judged", "verify", "car-2", bare)
    bent = bytearray((reader.work / signed).read_bytes())
    bent[-1] ^= 1
    (reader.work / "bent.signed").write_bytes(bent)
    reader.expect(1, "not valid", "a bent signature", "verify", "car-2", "bent.signed")
    reader.hear(0, "accepted", "what a vehicle signs with its identification certificate", "car-2", "car-3", "named.signed", "--psid", "0x4082")
    reader.expect(1, "no pseudonym certificates", "with which it signs no safety message", "sign", "car-3", "position", "--out",
                  "none.signed")
    reader.expect(1, "no identification certificates", "a service without certificates", "sign", "car-2", "position", "--psid", "0x4082",
                  "--out", "none.signed")
    foreign = reader.sign("car-3", "foreign.signed", "--psid", "0x87")
    reader.expect(1, "may not send", "a PSID that the certificate does not have", "verify", "car-2", foreign)
    reader.hear(0, "accepted", "what a roadside unit signs", "car-2", "unit-1", "unit.signed", "--psid", "0x83")
    reader.expect(1, "may not send", "a roadside unit is no vehicle", "verify", "car-2", reader.sign("unit-1", "car.signed"))
    reader.expect(1, "old", "a message of some seconds ago", "verify", "car-2", "--clock-offset", "6", signed)


def exchange(reader, tshark, fields):
    """Two vehicles hear each other; Wireshark reads what was on the air here and before, as we do."""
    for car, other in (("car-1", "car-2"), ("car-2", "car-1")):
        for _ in range(TRIES):
            said = [reader.sign(other, f"{other}-{turn}.signed") for turn in range(2)]
            found = reader.run("verify", car, *said)
            if ": old" not in found[1]:
                break
        check(found[0] == 0 and found[1].count("accepted") == 2, f"{car} accepts all that {other} says", found)
    wrong = wireshark.compare(tshark, fields, reader.work / "air.pcap", reader.sent)
    check(not wrong and len(reader.sent) > 8, "Wireshark reads the exchange as we do", wrong)


def removal(reader):
    """A device that runs looks after itself, and has a new composite CRL within seconds, whatever its hourly round."""
    reader.list_devices(("car-5", "obe"))
    reader.expect(0, "made", "car-5 is made", *reader.dcm("init", "car-5", "--serial", "car-5"))
    reader.expect(0, "enrolled", "car-5 is enrolled", *reader.dcm("enrol", "car-5"))
    log = reader.work / "run.log"
    with log.open("w") as to:
        car = subprocess.Popen(["scms-ee", "run", "car-5", "--periods", "1"], cwd=reader.work, env=reader.environment, stdout=to, stderr=to)
    try:
        check(wait_for(lambda: "fetch: done" in log.read_text(), FETCH_SECONDS), "it updates, asks and fetches", log.read_text())
        environment = {**reader.environment, "SCMS_WORKSPACE": str(reader.work / "system" / "ws")}
        crlg = f"https://crlg1.localhost:{reader.ports['8890']}/crlg/composite"
        script = ("set -euo pipefail; curl --config manager.curl -o running_crl.oer %s; scms crl take running_crl.oer; "
                  "scms crl make --reason again; scms publish --reason again; "
                  "curl --config manager.curl --data-binary @system/ws/published/composite_crl.oer %s") % (crlg, crlg)
        done = subprocess.run(["bash", "-c", script], cwd=reader.work, env=environment, capture_output=True, text=True)
        check(done.returncode == 0, "a new CRL is let out", done.stdout + done.stderr)
        check(wait_for(lambda: "listen: done: applied" in log.read_text(), FETCH_SECONDS), "the device that listens has it", log.read_text())
    finally:
        car.send_signal(signal.SIGTERM)
        check(wait_for(lambda: car.poll() is not None, FETCH_SECONDS) and car.returncode == 0, "it ends when it is told to", car.returncode)


def status_page(reader):
    """On a terminal a device that runs shows what it has and whom it trusts; Ctrl-C ends it."""
    terminal, its = pty.openpty()
    device = subprocess.Popen(["scms-ee", "run", "car-1", "--periods", "2"], cwd=reader.work, env=reader.environment, stdin=its, stdout=its, stderr=its,
                              start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(its)
    shown, end = b"", time.monotonic() + FETCH_SECONDS
    try:
        while not re.search(rb"2 i-periods at hand.*elector.*root.*Ctrl-C ends", shown, re.S) and time.monotonic() < end:
            if select.select([terminal], [], [], 1)[0]:
                shown += os.read(terminal, 65536)
        about = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{device.pid}/status").read_text().splitlines() if ":\t" in line)
        check(about["NoNewPrivs"] == "1" and about["Seccomp"] == "2" and int(about["CapEff"], 16) == 0, "it is confined", about)
        check(b"enrolment     valid" in shown and b"quorum 2, up to date" in shown, "a status page", shown)
        os.write(terminal, b"\x03")
        check(wait_for(lambda: device.poll() is not None, FETCH_SECONDS) and device.returncode == 0, "Ctrl-C ends it", device.returncode)
    finally:
        device.kill()
        device.wait()
        os.close(terminal)


ANOTHER_PCA = r"""
set -euo pipefail
restart() {
	kill "$(cat scmsd.pid)"
	while kill -0 "$(cat scmsd.pid)" 2>/dev/null; do sleep 0.1; done
	sed -i "$1" scmsd.conf
	scmsd --config scmsd.conf >> scmsd.log 2>&1 &
	echo $! > scmsd.pid
}
# An RA that would leave out what is critical keeps the policy that it has, and goes on asking.
restart 's|components/ra1";|& drop = "quorum";|'
until grep -q "the policy generator refused: raPgPolicyError" scmsd.log; do sleep 0.1; done
because=(--reason "pca1 revoked")
scms component create pca pca2 --issuer ica1
scms component provision pca2
scms component revoke pca1 "${because[@]}" --yes
curl --config manager.curl -o running_crl.oer "$CRLG/crlg/composite"
scms crl take running_crl.oer
scms crl make "${because[@]}"
scms chain make --version 2 "${because[@]}"
scms policy set globalCertChainFileID 2 "${because[@]}"
scms policy sign "${because[@]}"
scms publish "${because[@]}"
restart 's/ drop = "quorum";//; s/pca1/pca2/g'
manager=(scms push --home system/ws/components/manager1)
until "${manager[@]}" --pg "$PG" system/ws/published/update.oer; do sleep 0.1; done
"${manager[@]}" --composite "$CRLG" system/ws/published/composite_crl.oer
"${manager[@]}" --manager "$MANAGER" system/ws/published/update.oer > push.json
until curl --config manager.curl "$MANAGER/push/1" | grep -q '"missing": *0'; do sleep 0.2; done
# The RA has heard of the next PCA; its devices do by the file that it makes of that.
until grep -q "local_certificate_chains_02_" scmsd.log; do sleep 0.1; done
"""


def another_pca(reader):
    """The PCA's key is stolen. What it issued is worthless, and everybody has certificates of the next one without asking."""
    at = {name: f"https://{host}.localhost:{reader.ports[port]}" for name, host, port in
          (("PG", "pg1", "8893"), ("CRLG", "crlg1", "8890"), ("MANAGER", "manager1", "8900"))}
    environment = {**reader.environment, **at, "SCMS_WORKSPACE": str(reader.work / "system" / "ws")}
    done = subprocess.run(["bash", "-c", ANOTHER_PCA], cwd=reader.work, env=environment, capture_output=True, text=True)
    check(done.returncode == 0, "another PCA takes the place of the first", done.stderr[-900:])
    reader.expect(0, "", "car-1 learns of it", "update", "car-1")
    reader.expect(1, "not valid", "what the others still sign is worthless to it", "verify", "car-1", reader.sign("car-2", "stolen.signed"))
    reader.expect(1, "no PCA that is valid", "it signs nothing itself", "sign", "car-1", "position", "--out", "none.signed")
    cars = ("car-1", "car-2", "car-3", "unit-1")
    for car in cars[1:]:
        reader.expect(0, "", f"{car} learns of it", "update", car)
    for car in cars:
        reader.expect(0, "done:", f"{car} fetches what was made anew", "fetch", car, "--periods", "2" if car < "car-3" else "1",
                      "--wait", str(FETCH_SECONDS))
    reader.hear(0, "accepted", "car-1 is believed again", "car-2", "car-1", "new.signed")
    reader.hear(0, "accepted", "and car-2", "car-1", "car-2", "new.signed")
    reader.hear(0, "accepted", "with identification certificates, too", "car-1", "car-3", "new.signed", "--psid", "0x4082")
    reader.hear(0, "accepted", "and roadside units", "car-1", "unit-1", "new.signed", "--psid", "0x83")


def time64():
    return int((time.time() - 1072915200 + 5) * 1000000)


def custom_policies(reader):
    """The PG signs a copy of its policy for an RA only where nothing critical is gone and each change is in range."""
    published = reader.work / "system" / "ws" / "published" / "global_policy.oer"
    shown = subprocess.run(["scms", "show", "--json", str(published)], env=reader.environment, capture_output=True, text=True)
    policy = json.loads(shown.stdout)["content"]["signedData"]["tbsData"]["payload"]["data"]["content"]["unsecuredData"]["ScmsFile"]
    said = policy["content"]["policy"]["globalPolicyFile"]["tbsData"]
    ra = reader.work / "system" / "ws" / "components" / "ra1"
    log, tls, says = reader.work / "scmsd.log", ra / "tls", peer.of_home(ra)

    def ask(change):
        tbs = {**said, "generationTime": time64(),
               "policy": {"custom": {"requestingRaHostname": "ra1.localhost", "globalPolicy": json.loads(json.dumps(said["policy"]["global"]))}}}
        change(tbs, tbs["policy"]["custom"]["globalPolicy"])
        asked = {"version": 1, "content": {"ra-pg": {"raPgPolicySignatureRequest": {"version": 1, "tbs": tbs}}}}
        (reader.work / "asked.json").write_text(json.dumps(asked))
        script = ("set -euo pipefail; scms encode --type ScmsPDU asked.json -o asked.oer; curl -sS --fail --cert %s/certificate.pem --key "
                  "%s/key.pem --cacert %s/roots.pem -H 'SCMS-Peer: %s' --data-binary @asked.oer -o answer.oer https://pg1.localhost:%s/sign-policy; "
                  "scms show --json answer.oer") % (tls, tls, tls, says, reader.ports["8893"])
        done = subprocess.run(["bash", "-c", script], cwd=reader.work, env=reader.environment, capture_output=True, text=True)
        check(done.returncode == 0, "the PG answers", done.stderr)
        return json.loads(done.stdout or "{}").get("content", {}).get("ra-pg", {}).get("raPgPolicySignatureRequestReply", {}).get("signedFile")

    def drop(name):
        return lambda tbs, parts: parts.pop("temporalSeriesOf" + name)

    def set_(name, field, value):
        return lambda tbs, parts: parts["temporalSeriesOf" + name].update({"initial" + field: value})

    def frame(**values):
        return lambda tbs, parts: tbs.update(values)

    for name, change in (
            ("as it is", lambda tbs, parts: None), ("a higher threshold", set_("ShuffleThreshold", "ShuffleThreshold", 5000)),
            ("without what its devices do not need", drop("RseApplicationCertValidity"))):
        found = ask(change)
        check("success" in (found or {}), "a custom policy is signed: " + name, found)
    for parameter, change in (
            ("quorum", lambda tbs, parts: parts.pop("...")), ("removed", lambda tbs, parts: parts.pop("...")),
            ("overdueCrlTolerance", drop("OverdueCrlTolerance")), ("globalCertChainFileID", drop("CertChainFileID")),
            ("iPeriod", drop("IPeriod")), ("scmsVersion", drop("ScmsVersion")), ("certValidityModel", drop("CertValidityModel")),
            ("overdueCrlTolerance", set_("OverdueCrlTolerance", "OverdueCrlTolerance", {"hours": 9999})),
            ("globalCertChainFileID", set_("CertChainFileID", "GlobalCertChainFileID", 7)),
            ("shuffleThreshold", set_("ShuffleThreshold", "ShuffleThreshold", 999)),
            ("maxCertRequestAge", set_("MaxCertRequestAge", "MaxCertRequestAge", {"hours": 480})),
            ("requestingRaHostname", lambda tbs, parts: tbs["policy"]["custom"].update(requestingRaHostname="ra2.localhost")),
            ("policyID", frame(policyID="00")), ("activeTime", frame(activeTime=said["activeTime"] + 1)),
            ("generationTime", frame(generationTime=said["generationTime"] - 1)),
            ("generationTime", frame(generationTime=time64() + 3600 * 1000000))):
        before = log.stat().st_size
        found = ask(change)
        check(found == {"failure": "raPgPolicyError"}, "a custom policy is not signed: " + parameter, found)
        told = log.read_text()[before:]
        check("custom policy not signed" in told and f'"{parameter}"' in told, "the PG says why: " + parameter, told)


def ra_certificate(reader):
    """The RA gives its certificate, and the CRL to check it against, to whoever asks."""
    script = ("curl -sS --cacert system/ws/components/ra1/tls/roots.pem --fail -o ra.oer https://ra1.localhost:%s/retrieve-ra-certificate; "
              "scms show --type ScmsPDU --json ra.oer") % reader.ports["8892"]
    done = subprocess.run(["bash", "-ec", script], cwd=reader.work, env=reader.environment, capture_output=True, text=True)
    check(done.returncode == 0 and '"raEeCertResponse"' in done.stdout, "the RA's certificate is to be had, as published", done.stderr)
    answer = (reader.work / "ra.oer").read_bytes() if done.returncode == 0 else b""
    ws = reader.work / "system" / "ws"
    check((ws / "components/ra1/active/certificate.coer").read_bytes() in answer, "it is the RA's")
    crl = subprocess.run(["curl", "-sS", "--cacert", ws / "components/ra1/tls/roots.pem",
                          f"https://crl-store1.localhost:{reader.ports['8894']}/download-crl/"], capture_output=True).stdout
    check(len(crl) > 100 and crl[1:] in answer, "with the CRL that is out", crl[:80])


class Cut:
    """Between a device and the RA: what the device sends comes through, no answer comes back once it has asked something."""

    HANDSHAKE = 900  # bytes that a client sends before it asks, at most; a request for certificates alone is longer

    def __init__(self, port):
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.asked = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        device, _ = self.listener.accept()
        with device, socket.create_connection(("127.0.0.1", self.port)) as ra:
            sent = 0
            while True:
                for one in select.select([device, ra], [], [], 30)[0] or [None]:
                    data = one.recv(65536) if one is not None else b""
                    if not data or (one is ra and sent > self.HANDSHAKE):
                        return self.asked.set()
                    if one is device:
                        sent += len(data)
                    (ra if one is device else device).sendall(data)


def lost_acknowledgement(reader):
    """The RA has a request, the device does not know: it asks about it, and its keys are there. Or the RA never had it."""
    settings = reader.work / "car-4" / "device.json"
    reader.list_devices(("car-4", "obe"))
    reader.expect(0, "made", "car-4 is made", *reader.dcm("init", "car-4", "--serial", "car-4", "--service", "0x4082"))
    reader.expect(0, "enrolled", "car-4 is enrolled", *reader.dcm("enrol", "car-4"))
    reader.expect(0, "", "car-4 updates", "update", "car-4")
    right = settings.read_text()
    cut = Cut(int(reader.ports["8892"]))
    settings.write_text(right.replace(reader.ports["8892"], str(cut.listener.getsockname()[1])))
    reader.expect(3, "offline", "the acknowledgement is lost", "request", "car-4")
    check(cut.asked.wait(10), "the RA was asked")
    settings.write_text(right.replace(reader.ports["8892"], str(systems.free_ports(1)[0])))
    reader.expect(3, "offline", "nobody is there", "request", "car-4", "--identification")
    settings.write_text(right)
    reader.expect(0, "asked", "the RA has the request", "request", "car-4")
    reader.expect(1, "refused", "and no second one", "request", "car-4")
    reader.expect(0, "asked", "one that did not come through is made anew", "request", "car-4", "--identification")
    reader.expect(0, "", "the keys are those that the RA has", "fetch", "car-4", "--periods", "1", "--wait", str(FETCH_SECONDS))
    check(reader.status("car-4")["periodsAtHand"] > 0, "its certificates are at hand", reader.status("car-4"))
    settings.write_text(right.replace(reader.ports["8892"], str(systems.free_ports(1)[0])))
    reader.expect(3, "offline", "who waits for nobody", "fetch", "car-4", "--periods", "9", "--wait", "1")
    settings.write_text(right)
    reader.hear(0, "accepted", "car-2 accepts what car-4 signs", "car-2", "car-4", "four.signed")


def fleet(reader):
    """Many in one process."""
    reader.list_devices(*((f"device-{number}", "obe") for number in (1, 2, 3)))
    done = subprocess.run(["scms-ee", *reader.dcm("fleet", "fleet", "--count", "3", "--periods", "1")], cwd=reader.work,
                          env=reader.environment, input='{"do": "exchange"}\n', capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    check(done.returncode == 0 and [line.get("results", {}).get("done") for line in lines[1:4]] == [3, 3, 3], "a fleet of three", done)
    check(lines[-1]["accepts"] == {"all": {"all": {"accepted": 6}}}, "each accepts the others", lines[-1])
    done = subprocess.run(["scms-ee", *reader.dcm("fleet", "fleet", "--count", "1")], cwd=reader.work, env=reader.environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    check(done.returncode == 1 and "exists" in done.stderr, "no device over another", done)


def names_of_its_own(reader):
    """A device maker's program may have a device_open() or clock_now(): the installed libraries take no such names."""
    archives = [*reader.work.glob("installed/**/libscms*.a")]
    done = subprocess.run(["nm", "-g", "--defined-only", "--format=posix", *archives], capture_output=True, text=True)
    names = {line.split()[0] for line in done.stdout.splitlines() if len(line.split()) > 2}
    check(len(archives) == 3 and "scms_device_open" in names, "the libraries are installed", (archives, done.stderr))
    check(all(name.startswith(("scms_", "_")) for name in names), "names that a program may not have", sorted(names)[:20])


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()


def main():
    build, tshark, fields, *compiler = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="scms-ee-") as folder:
        reader = Reader(pathlib.Path(folder), build, compiler)
        try:
            reader.do("found", "start", "publish")
            before_enrolment(reader)
            reader.do("vehicles")
            told = page_messages(reader)
            check("position.signed: accepted" in told, "the page's message is accepted", told)
            certificates(reader)
            messages(reader)
            custom_policies(reader)
            ra_certificate(reader)
            exchange(reader, tshark, fields)
            lost_acknowledgement(reader)
            removal(reader)
            status_page(reader)
            fleet(reader)
            another_pca(reader)
            told = reader.do("program")
            check(told.endswith("accepted: here I am\n"), "a device maker's program signs and judges", told)
            names_of_its_own(reader)
            reader.do("stop")
        except handbook.Failed as failed:
            check(False, "docs/quickstart.md", str(failed))
        finally:
            reader.end()
            log = reader.work / "scmsd.log"
            if failures and log.exists():
                print(f"--- {log.name}\n{log.read_text()[-4000:]}")
    print(f"{count} checks, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
