#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole system over HTTPS, every component a process: vehicles enrol, get three weeks of certificates, and hear each other.
One misbehaves, is reported, and revoked by its linkage seeds. From the next CRL on nobody believes it, this week and the next;
and what it sent the week before stays unlinkable, to whoever holds the CRL. At the end a thief takes what all components have kept.

    proof.py PROGRAMS DEVICES VEHICLES CERTIFICATES [KILLS]

DEVICES: what tells the truth about devices, for the thief (tests/privacy); -: nobody steals.

KILLS: so many times a component, drawn by chance, is killed with SIGKILL and started again while all that goes on. Nothing that
was acknowledged is lost, and nothing is issued twice.
"""

import json
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "drills"), str(HERE.parents[1] / "conformance"), str(HERE.parent / "privacy")]
import system as systems  # noqa: E402
import whole  # noqa: E402
from plain import linkage  # noqa: E402

HOUR = 3600
WEEK = 604800
PERIODS = 3
EPOCH = 1420534800  # of the i-periods: 2015-01-06 09:00 UTC
REPORTS = 3
CROSSROADS = 10  # vehicles that meet
SIGHTINGS = 4  # times that a vehicle reports another, at most, each time as somebody else about somebody else
failures = []
count = 0


def check(right, name, found=""):
    global count
    count += 1
    if not right:
        failures.append(name)
        print(f"FAILED: {name}: found {found!r:.800}", flush=True)


def period(now):
    return int(now - EPOCH) // WEEK


class Killer(threading.Thread):
    """Ends components with SIGKILL and starts them again: each once, in any order, then any."""

    def __init__(self, system, kills):
        super().__init__(daemon=True)
        self.system, self.left, self.killed = system, kills, {name: 0 for name in systems.SERVERS}
        self.chance = random.Random(5)
        self.ended = threading.Event()

    def end(self):
        """No more: what was killed last is running again."""
        self.ended.set()
        if self.is_alive():
            self.join()

    def run(self):
        first = self.chance.sample(systems.SERVERS, len(systems.SERVERS))
        while self.left > 0 and not self.ended.wait(self.chance.uniform(0.05, 1.0)):
            name = first.pop() if first else self.chance.choice(systems.SERVERS)
            process = self.system.processes[name]
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.killed[name] += 1
            self.left -= 1
            with open(self.system.logs / f"{name}.log", "a") as log:
                self.system.processes[name] = subprocess.Popen(
                    [str(self.system.programs / "scmsd"), name, "--config", str(self.system.work / "scmsd.conf")],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.system.environment, start_new_session=True)


class Proof:
    def __init__(self, system, devices, vehicles, certificates, kills):
        self.system, self.devices, self.vehicles, self.certificates = system, devices, vehicles, certificates
        self.killer = Killer(system, kills) if kills > 0 else None
        self.unheard = 0
        self.patience = 120 + 2 * vehicles + 10 * kills

    # ---- the system ----

    def start(self):
        system = self.system
        # A run that a week ends in would count other certificates: begin an hour into the week.
        system.turn_clock(-(int(time.time() - EPOCH) % WEEK) + 3600)
        system.do("founding")
        system.command("scms", "component", "create", "factory", "factory1")
        system.configure({
            "ra1": {"shuffle_threshold": min(1000, self.vehicles * self.certificates), "max_request_age": 2,
                    "supply": PERIODS * WEEK, "certificates_per_period": self.certificates, "download_delay": 1,
                    "download_tolerance": 120, "ecas": "eca1.localhost", "drop": "maxAvailableCertSupply rseApplicationCertOverlap"},
            "ma1": {"certificates": self.certificates, "reports": REPORTS},
            "crlg1": {"interval_seconds": 30 * 86400, "next_seconds": 60 * 86400},
        })
        # There may be several PCAs and RAs: the MA finds those that know, and here the first of each is none.
        conf = system.work / "scmsd.conf"
        lines = conf.read_text().splitlines()
        at, = [k for k, line in enumerate(lines) if f'home = "{system.home("ma1")}"' in line]
        for peer in ("pca", "ra"):
            first, wrong = f'{peer} = "{system.url(peer + "1")}";', f'{peer} = "{system.url("eca1")}";'
            check(first in lines[at], f"the MA has a {peer}", lines[at])
            lines[at] = lines[at].replace(first, wrong + first.replace(f"{peer} =", f"{peer}2 ="))
        conf.write_text("\n".join(lines) + "\n")
        update = system.work / "ws" / "published" / "update.oer"
        system.start("pg1")
        status, body = system.ask("pg1", "POST", "/publish", update.read_bytes())
        check(status == 200, "the PG publishes", body)
        system.start(*[name for name in systems.SERVERS if name != "pg1"])
        state = json.loads(system.do("push", "components", MANAGER=system.url("manager1")))
        end = time.monotonic() + systems.PATIENCE
        while state["missing"] > 0 and time.monotonic() < end:
            time.sleep(0.1)
            state = json.loads(system.ask("manager1", "GET", f"/push/{state['id']}")[1])
        check(state["missing"] == 0, "every component has what was pushed", state)

    def ask(self, *arguments):
        """As System.ask, for as long as the component is away: a request that was cut may be sent again."""
        end = time.monotonic() + self.patience
        while True:
            try:
                return self.system.ask(*arguments)
            except (OSError, systems.http.client.HTTPException):
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def all(self, do, done=lambda answer: set(answer["results"]) <= {"done", "nothing"}, **order):
        """Repeats an order to the fleet until each device has done it."""
        end = time.monotonic() + self.patience
        while True:
            answer = self.system.fleet.order(do, **order)
            if done(answer):
                return answer
            if time.monotonic() > end:
                check(False, f"{do} {order}: all devices", answer)
                return answer
            time.sleep(0.3)

    def turn(self, weeks):
        self.turn_seconds(weeks * WEEK)

    def turn_seconds(self, seconds):
        self.system.turn_clock(self.system.offset + seconds)

    # ---- the fleet ----

    def enrol(self):
        listed = [{"device": f"car-{k + 1}", "kind": "obe"} for k in range(self.vehicles)] + [{"device": "culprit-1", "kind": "obe"}]
        status, body = self.ask("dcm1", "POST", "/devices", json.dumps(listed))
        check(status == 200, "the DCM lists the devices", body)
        self.system.fleet = systems.Fleet(self.system)
        for prefix, number in (("car", self.vehicles), ("culprit", 1)):
            end = time.monotonic() + self.patience
            while True:  # the bundle comes from a DCM that may be away
                try:
                    self.system.fleet.order("create", count=number, prefix=prefix, group=prefix)
                    break
                except systems.Trouble:
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.2)
        if self.killer is not None:
            self.killer.start()
        # One by one: who is enrolled already would be enrolled anew.
        for one in listed:
            self.all("enrol", device=one["device"])
        self.all("update")
        self.all("request")
        # A device that has some of what it wants is done, too: all have all when nobody has anything left to fetch.
        self.all("fetch", periods=PERIODS,
                 done=lambda answer: set(answer["results"]) == {"nothing"} and set(answer["texts"]) == {"all is at hand"})

    def exchange(self, name, culprit):
        """
        Crossroads by chance: some vehicles and the culprit, all send, all judge all, before messages are old. What the honest send
        is accepted; what the culprit sends is, too, where `culprit` is None, else refused by each vehicle, for that reason.
        """
        cars = [f"car-{k + 1}" for k in range(self.vehicles)]
        random.Random(name).shuffle(cars)
        for at in range(0, len(cars), CROSSROADS):
            here = cars[at:at + CROSSROADS]
            n = len(here)
            self.system.fleet.order("exchange", device=[*here, "culprit-1"], most=0)  # that loads their certificates, which takes time
            answer = self.system.fleet.order("exchange", device=[*here, "culprit-1"])
            check(answer["cannotSend"] == {}, f"{name}: all can send", answer["cannotSend"])
            honest, bad = answer["accepts"].get("car"), answer["accepts"].get("culprit")
            check(honest == {**({"car": {"accepted": n * (n - 1)}} if n > 1 else {}), "culprit": {"accepted": n}},
                  f"{name}: what the honest send", honest)
            check(bad == {"car": {culprit or "accepted": n}}, f"{name}: what the culprit sends", bad)

    def each_certificate(self, name):
        """The culprit tries one after another, all that it has for this week."""
        for turn in range(self.certificates):
            answer = self.system.fleet.order("exchange", device=["car-1", "culprit-1"], change=True)
            check(answer["accepts"].get("culprit") == {"car": {"CERT_REVOKED": 1}}, f"{name}: its certificate {turn}", answer)

    # ---- revocation ----

    def report(self, reporter, about, name, **more):
        end = time.monotonic() + self.patience
        while True:
            answer = self.system.fleet.order("report", **{"from": reporter, "about": about}, **more)
            if answer["results"] == {"done": 1} or time.monotonic() > end:
                break
            self.unheard += 1  # it may have come through all the same
            time.sleep(0.3)
        check(answer["results"] == {"done": 1}, f"{name} reaches the MA", answer)

    def sightings(self):
        """Each vehicle reports the next, some times in a row: never enough of one certificate for the MA to act."""
        self.seen = self.vehicles * min(SIGHTINGS, self.certificates)
        for k in range(self.vehicles):
            for turn in range(min(SIGHTINGS, self.certificates)):
                self.report(f"car-{k + 1}", f"car-{(k + 1) % self.vehicles + 1}", f"sighting {turn} of car-{k + 1}", change=True)

    def convict(self):
        for k in range(REPORTS):
            self.report(f"car-{k + 1}", "culprit-1", f"report {k + 1}")
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            state = json.loads(self.ask("ma1", "GET", "/reports")[1])
            if state["revoked"] == 1:
                break
            time.sleep(0.2)
        reports = state["reports"]
        check(self.seen <= reports <= self.seen + self.unheard and state == {"reports": reports, "open": reports, "decided": 0, "revoked": 1},
              "the MA revokes, and forgets who reported", (state, self.seen, self.unheard))
        while time.monotonic() < end:
            self.crl = self.ask("crl-store1", "GET", "/download-crl/")[1]
            if self.ask("crlg1", "GET", "/crlg/composite")[1] == self.crl and self.entries():
                break
            time.sleep(0.2)

    def entries(self):
        """What the CRL says of devices: (iRev, jMax, (LA, seed), (LA, seed))."""
        path = self.system.work / "served.crl"
        path.write_bytes(self.crl)
        found = []

        def walk(node, i_rev=None):
            if isinstance(node, list):
                for one in node:
                    walk(one, i_rev)
            elif isinstance(node, dict):
                i_rev = node.get("iRev", i_rev)
                if "jmax" in node:
                    for las in node["contents"]:
                        la = [bytes.fromhex(las["la1Id"]), bytes.fromhex(las["la2Id"])]
                        for group in las["contents"]:
                            for one in group["contents"]:
                                found.append((i_rev, node["jmax"], (la[0], bytes.fromhex(one["linkage-seed1"])),
                                              (la[1], bytes.fromhex(one["linkage-seed2"]))))
                for one in node.values():
                    walk(one, i_rev)
        walk(self.system.json("scms", "show", "--json", "--all", path))
        return found

    def issued(self):
        """Linkage values by i, of every certificate that there is: what no single component sees, but the PCA."""
        values = {}
        with sqlite3.connect(self.system.home("pca1") / "db.sqlite") as db:
            for i, lv in db.execute("SELECT i, lv FROM issued"):
                values.setdefault(i, []).append(lv)
        db.close()
        return values

    def unlinkable(self, first):
        """Whoever has the CRL knows the culprit's certificates from now on, each of them and no other; and none of before."""
        entries = self.entries()
        check(len(entries) == 1, "one device is on the CRL", entries)
        (i_rev, j_max, one, other), = entries
        check(i_rev == first + 1, "its seeds are those of the week in which it was revoked", (i_rev, first + 1))
        check(j_max == self.certificates, "of all its certificates of a week", j_max)
        issued = self.issued()

        def values(steps):
            seeds = [(la, linkage.seed(la, start, steps)) for la, start in (one, other)]
            pairs = [[linkage.pre_linkage(la, seed, j) for la, seed in seeds] for j in range(j_max)]
            return {bytes(a ^ b for a, b in zip(*pair)) for pair in pairs}
        for week in (1, 2):
            mine = values(week - 1)
            check(len(mine & set(issued[first + week])) == self.certificates, f"week {week + 1}: all its certificates are revoked")
        derivable = set().union(*(values(steps) for steps in range(12)))
        check(not derivable & set(issued[first]), "week 1: no certificate can be told to be the culprit's")
        for i, lvs in issued.items():
            # Of later weeks it has those that were made before the RA was told: all, none, or, told in the midst of it, some.
            found = len(derivable & set(lvs))
            check(found <= self.certificates, f"period {i}: nobody else is revoked", found)

    # ---- what is left in the databases ----

    def number(self, component, sql):
        with sqlite3.connect(self.system.home(component) / "db.sqlite") as db:
            value = db.execute(sql).fetchone()[0]
        db.close()
        return value

    def counts(self, weeks):
        """Nothing that was acknowledged is lost, nothing is issued twice."""
        all_ = (self.vehicles + 1) * self.certificates
        for i in weeks:
            check(self.number("pca1", f"SELECT count(*) FROM issued WHERE i = {i}") == all_, f"period {i}: certificates",
                  self.number("pca1", f"SELECT count(*) FROM issued WHERE i = {i}"))
        check(self.number("pca1", "SELECT count(*) - count(DISTINCT lv) FROM issued") == 0, "no linkage value twice")
        check(self.number("eca1", "SELECT count(*) FROM issued") == self.vehicles + 1, "one enrolment certificate a vehicle",
              self.number("eca1", "SELECT count(*) FROM issued"))
        check(self.number("ra1", "SELECT count(*) FROM request") == self.vehicles + 1, "one request a vehicle")

    def policy_shown(self):
        """The RA's local policy, in words."""
        with sqlite3.connect(self.system.home("ra1") / "db.sqlite") as db:
            (lpf,), = db.execute("SELECT bytes FROM publication WHERE name = 'lpf'").fetchall()
        db.close()
        path = self.system.work / "local_policy.oer"
        path.write_bytes(lpf)
        return self.system.command("scms", "policy", "show", path)

    def looked(self):
        """Seconds of the drill's clock since the RA saw that it has what the PG has."""
        status, metrics = self.ask("ra1", "GET", "/metrics")
        found = re.search(rb"^scms_ra_looked_seconds\{[^}]*\} (\d+)", metrics, re.M) if status == 200 else None
        return int(found[1]) if found else WEEK

    def polled(self):
        """A new global policy, of which nobody tells the RA: it looks for one an hour after it last did, and makes its local one of it."""
        system = self.system
        end = time.monotonic() + self.patience
        while self.looked() > HOUR // 4 and time.monotonic() < end:  # in this week
            time.sleep(0.2)
        status, crl = self.ask("crlg1", "GET", "/crlg/composite")
        check(status == 200, "the CRL that is out", status)
        (system.work / "out.oer").write_bytes(crl)
        system.command("scms", "crl", "take", "out.oer", "--reason", "what is out")
        system.command("scms", "policy", "set", "shuffleThreshold", "4711", "--reason", "a test")
        system.command("scms", "policy", "sign", "--reason", "a test")
        system.command("scms", "publish", "--reason", "a test")
        system.do("push", "pg", PG=system.url("pg1"))
        if self.killer is None:  # who could not ask tries again at once
            self.turn_seconds(HOUR * 3 // 4)
            time.sleep(2.5)  # the clock is read once a second
            check("4711" not in self.policy_shown(), "it is not asked for all the time")
        self.turn_seconds(HOUR)
        end = time.monotonic() + self.patience
        while "4711" not in (shown := self.policy_shown()) and time.monotonic() < end:
            time.sleep(0.1)
        check("4711" in shown, "what the PG has is looked for once an hour", shown)

    def local_policy(self):
        """What the RA gives its devices: the global policy without what is of no use to them, which the PG signed."""
        shown = self.policy_shown()
        check("custom policy of an RA" in shown and "local policy of an RA" in shown, "custom and local part", shown)
        check("maxAvailableCertSupply" not in shown and "rseApplicationCertOverlap" not in shown and "quorum" in shown,
              "two parameters are left out", shown)
        check("laOneHost" in shown and "laTwoHost" in shown, "whose linkage values they get", shown)

    def thief(self):
        """Of what the MA swept out at the beginning of this week nothing is left."""
        swept = self.system.home("ma1") / "db.sqlite"
        end = time.monotonic() + self.patience
        while swept.stat().st_mtime < self.turned and time.monotonic() < end:
            time.sleep(0.1)
        closed = {number for number, i in enumerate(self.truth.periods) if i != min(self.truth.periods)}
        with tempfile.TemporaryDirectory(prefix="scms-thief-") as folder:
            count = whole.attack(self.system, systems.SERVERS, self.truth, closed, folder, check)
        check(count > 0, "leaks are planted", count)

    def run(self):
        self.start()
        first = period(self.system.now())
        self.enrol()
        self.local_policy()
        self.counts(range(first, first + PERIODS))
        if self.devices != "-":
            cars = [self.system.work / "fleet" / f"car-{k + 1}" for k in range(self.vehicles)]
            self.truth = whole.truth_of(self.devices, self.system, cars, PERIODS)
        self.exchange("week 1", None)
        self.sightings()
        self.turn(1)
        self.all("update")
        self.exchange("week 2, before the reports", None)
        self.convict()
        self.exchange("week 2, before the CRL is fetched", None)
        self.all("update", group="car")
        self.exchange("week 2, with the CRL", "CERT_REVOKED")
        self.each_certificate("week 2")
        self.turned = time.time()
        self.turn(1)
        # With the CRL of the week before, and nothing newer.
        self.exchange("week 3", "CERT_REVOKED")
        self.each_certificate("week 3")
        self.all("update", group="car")
        if self.killer is not None:
            self.killer.join(self.patience)
            print(f"killed: {self.killer.killed}")
            check(self.killer.left == 0, "all were killed", self.killer.left)
        # Whoever was killed last may be coming up still.
        asked = self.all("fetch", lambda answer: "done" in answer["results"] or any("internal blacklist" in text for text in answer["texts"]),
                         group="culprit", periods=PERIODS + 1)
        check(asked["results"] == {"nothing": 1}, "the culprit gets no certificates any more, and hears why", asked)
        self.unlinkable(first)
        self.counts(range(first, first + PERIODS))
        self.polled()
        if self.devices != "-":
            self.thief()


def main():
    programs, devices, vehicles, certificates, kills = *sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4]), int((sys.argv[5:] or ["0"])[0])
    with tempfile.TemporaryDirectory(prefix="scms-proof-") as folder:
        system = systems.System(pathlib.Path(folder) / "system", programs)
        proof = Proof(system, devices, vehicles, certificates, kills)
        try:
            proof.run()
        finally:
            if proof.killer is not None:
                proof.killer.end()
            system.stop()
            if failures:
                for log in sorted(system.logs.glob("*.log")):
                    if log.stem != "handbook":
                        print(f"--- {log.name}\n{log.read_text()[-1500:]}")
    print(f"{count} checks, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
