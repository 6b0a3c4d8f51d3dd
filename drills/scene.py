# SPDX-License-Identifier: Apache-2.0
"""What both drills share: the system founded and running, a mixed fleet, and the views of its devices."""

import json
import pathlib
import random
import shutil
import time

from adversary import UNIX_TO_1609
import misbehaviour
import story as stories
import system as systems

DAY = 86400
WEEK = 7 * DAY
FIRST_PERIOD = 1420534800  # 2015-01-06 09:00 UTC
DAYS_MAX = 12  # that a drill lasts
ROADSIDE = "roadside unit"
KINDS = ("always online", "weekly", "offline until day 5", "never updated", "asleep all the while", "clock off", "storage nearly full",
         ROADSIDE)
SETTINGS = {
    # What a drill can afford of shuffling and stock; the rest is as policy says.
    "ra1": {"shuffle_threshold": 40, "max_request_age": 2, "certificates_per_period": 5,
            "download_delay": 1, "download_tolerance": 120},
    "ma1": {"certificates": 5},
    # A drill's days are over in seconds: lists are signed anew where something changes.
    "crlg1": {"interval_seconds": 30 * 86400, "next_seconds": 60 * 86400},
}
# Of the devices whose storage is nearly full: the last place in the trust store is needed for the last member of a drill.
ROOM = {"electors": 3, "roots": 1, "tombstones": 7}
# By when devices of a kind ought to have what was published, in seconds; those that are not here stay away on purpose.
DUE = {"always online": 3600, "clock off": 3600, "storage nearly full": 3600, ROADSIDE: 3600, "weekly": WEEK, "offline until day 5": 5 * DAY}
COMPONENTS_DUE = 60
AWAY = "stays away on purpose"
COMPONENTS = tuple(name for name in systems.SERVERS if name != "manager1")
IDENTIFIED = tuple(name for name in COMPONENTS if name != "crl-store1")  # who has an SCMS certificate; a CRL store signs nothing
CLOCK_OFF_SECONDS = 1  # of the devices whose clock is off: as much as receivers of messages bear


def shares(fleet, units):
    """How many devices of each kind: most vehicles are always online."""
    small = max(1, fleet // 20)
    counts = {"weekly": 2 * small, "offline until day 5": small, "never updated": small, "asleep all the while": small,
              "clock off": small, "storage nearly full": small}
    counts["always online"] = fleet - sum(counts.values())
    counts[ROADSIDE] = units
    return {kind: counts[kind] for kind in KINDS}


class Stop(Exception):
    """The day at which to stop has ended."""


class Scene:
    def __init__(self, options, story):
        self.options = options
        self.story = story
        self.system = systems.System(options.work, options.programs)
        self.electors = {}  # name -> identity
        self.gone = {}      # the same, of those revoked
        self.roots = {}     # name -> identity
        self.names = {}     # identity -> name
        self.version = 1
        self.counts = shares(options.fleet, options.units)
        self.stock = 1  # weeks for which devices fetch certificates
        self.away = set(self.counts) - set(DUE)  # kinds that stay away on purpose, until they are woken
        self.goals = []  # what devices ought to have reached
        self.before = {}  # figures when the day began
        self.seen = {}  # what components said of themselves when the day ended

    # ---- founding ----

    def found(self):
        system, tell = self.system, self.story.tell
        system.do("founding")
        system.command("scms", "component", "create", "factory", "factory1")
        for name in "ABC":
            self.know_elector(name)
        self.know_root("root1")
        tell("Three electors, a root endorsed by all of them, and every component below it are founded, by the handbook")
        SETTINGS["ra1"]["supply"] = self.weeks() * WEEK
        system.configure(SETTINGS)
        system.start("pg1")
        self.publish_to_pg()
        system.start(*[name for name in systems.SERVERS if name != "pg1"])
        self.push("founding")
        tell(f"{len(systems.SERVERS)} components run as processes of their own and talk over HTTPS")
        # The running CRLG keeps the CRL from now on; what is made by hand begins from its own.
        self.take_crl()

    def weeks(self):
        """Weeks, counted as i-periods are, that the drill touches: for so many a vehicle that stays offline has certificates."""
        since = int(self.system.now()) - FIRST_PERIOD
        return (since + DAYS_MAX * DAY) // WEEK - since // WEEK + 1

    def know_elector(self, name):
        identity = self.system.identity(self.system.work / f"elector-{name}.coer")
        self.electors[name] = identity
        self.names[identity] = name

    def know_root(self, name):
        self.roots[name] = self.system.identity(self.system.certificate(name))
        self.names[self.roots[name]] = name

    # ---- publications ----

    @property
    def update(self):
        return self.system.work / "ws" / "published" / "update.oer"

    def publish_to_pg(self):
        self.system.do("push", "pg", PG=self.system.url("pg1"))

    def publish_crl(self):
        """The composite CRL that was made by hand becomes that of the running CRLG, and so of the CRL store."""
        self.system.do("push", "crlg", CRLG=self.system.url("crlg1"))
        end = time.monotonic() + systems.PATIENCE
        while time.monotonic() < end:
            # The CRLG signs what is due anew, perhaps before anybody has seen the one that was made by hand.
            status, body = self.system.ask("crl-store1", "GET", "/download-crl/")
            if status == 200 and body == self.system.ask("crlg1", "GET", "/crlg/composite")[1]:
                return
            time.sleep(0.2)
        raise systems.Trouble(f"the CRL store does not have the CRL after {systems.PATIENCE} seconds")

    def take_crl(self):
        status, body = self.system.ask("crlg1", "GET", "/crlg/composite")
        if status != 200:
            raise systems.Trouble(f"the CRLG gives no CRL: {status}")
        path = self.system.work / "running_crl.oer"
        path.write_bytes(body)
        self.system.command("scms", "crl", "take", path)

    def push(self, what, seconds=COMPONENTS_DUE):
        """To all components at once; their deadline, and who met it when."""
        begun = self.system.now()
        said = json.loads(self.system.do("push", "components", SECONDS_GIVEN=seconds, MANAGER=self.system.url("manager1")))
        number, state = said["id"], said
        end = time.monotonic() + seconds
        while state["missing"] > 0 and time.monotonic() < end:
            time.sleep(0.1)
            state = json.loads(self.system.ask("manager1", "GET", f"/push/{number}")[1])
        if self.story.day is not None:
            for one in state["components"]:
                self.story.deadline(one["component"], what, begun + seconds, unix(one["time"]) if one["has"] else None)
        missing = [one["component"] for one in state["components"] if not one["has"]]
        if missing:
            raise systems.Trouble(f"{what}: without an answer after {seconds} s: {', '.join(missing)}")

    def components_reach(self, what, reached, seconds=COMPONENTS_DUE):
        """Until all components have reached something with their certificates: reached(TRUST) says of one whether it has. Their deadline."""
        begun, met = self.system.now(), {}
        while True:
            met |= {name: self.system.now() for name, trust in self.components().items() if name not in met and reached(trust)}
            if met.keys() >= set(IDENTIFIED) or self.system.now() > begun + seconds:
                break
            time.sleep(0.1)
        for name in IDENTIFIED:
            self.story.deadline(name, what, begun + seconds, met.get(name))

    # ---- goals: what devices ought to reach, and when each kind has ----

    def goal(self, what, reached, due=None):
        """From now on all devices ought to have reached something: reached(view) says of one whether it has. due: DUE, or others."""
        self.goals.append({"what": what, "begun": self.system.now(), "reached": reached, "due": due or DUE, "met": {}, "told": set()})

    def look_at_goals(self, trust):
        now = self.system.now()
        for goal in self.goals:
            for kind in self.counts:
                pictures = trust.get(kind, [])
                if kind not in goal["met"] and pictures and all(goal["reached"](self.view_of(one["trust"])) for one in pictures):
                    goal["met"][kind] = now

    def tell_deadlines(self):
        """The deadlines that were met today, or passed."""
        for goal in self.goals:
            for kind, seconds in goal["due"].items():
                due, met = goal["begun"] + seconds, goal["met"].get(kind)
                if kind not in goal["told"] and self.counts.get(kind) and (met is not None or self.system.now() > due):
                    goal["told"].add(kind)
                    self.story.deadline(kind, goal["what"], due, met)
        self.story.check("deadlines that were missed", [], [f"{one['who']}: {one['what']}" for one in self.story.day["deadlines"] if not one["ok"]])

    # ---- figures ----

    def now_figures(self):
        """What everybody has done so far: devices by kind, components by name."""
        return {"devices": self.system.fleet.order("figures"), "load": self.system.load()}

    def tell_figures(self, updated, heard):
        """The day's figures: before the exchange of messages, and after it."""
        bytes_, signatures, load = {}, {}, {}
        for kind, now in updated["devices"].items():
            was = self.before.get("devices", {}).get(kind, {})
            n, last = now["devices"], heard["devices"][kind]
            bytes_[kind] = {"received": (now["bytesIn"] - was.get("bytesIn", 0)) // n, "sent": (now["bytesOut"] - was.get("bytesOut", 0)) // n}
            signatures[kind] = {"in updates and certificates": round((now["signatures"] - was.get("signatures", 0)) / n, 1),
                                "in messages": round((last["signatures"] - now["signatures"]) / n, 1)}
        for name, now in heard["load"].items():
            was = self.before.get("load", {}).get(name, {})
            load[name] = {"requests": now["requests"] - was.get("requests", 0),
                          "cpuSeconds": round(now["cpuSeconds"] - was.get("cpuSeconds", 0), 2), "memoryMegabytes": now["memoryMegabytes"]}
        self.before = heard
        self.story.day["figures"] = {"bytes": bytes_, "signatures": signatures, "load": load}

    def tell_totals(self):
        """Over all days."""
        days = [day["figures"] for day in self.story.json["days"] if day["figures"]]
        if not days:
            return

        def total(what, keep=()):
            return {name: {key: round(sum(day[what].get(name, {}).get(key, 0) for day in days), 2) if key not in keep else value
                           for key, value in row.items()} for name, row in days[-1][what].items()}
        recovery = {kind: {goal["what"]: span(goal["met"][kind] - goal["begun"]) if kind in goal["met"] else
                           AWAY if kind not in goal["due"] else "not by the end" for goal in self.goals}
                    for kind in self.counts} if self.goals else {}
        self.story.json["figures"] = {"recovery": recovery, "bytes": total("bytes"), "signatures": total("signatures"),
                                      "load": total("load", ("memoryMegabytes",))}

    def end_day(self, row, statuses=None):
        """The day's picture, messages, checks, deadlines and figures."""
        trust = self.picture(statuses)
        updated = self.now_figures()
        answer = self.exchange()
        self.expect(row, trust, answer)
        self.tell_deadlines()
        self.tell_figures(updated, self.now_figures())
        self.tell_totals()
        self.story.end_day()

    # ---- the fleet ----

    def bring_up_fleet(self):
        system, tell = self.system, self.story.tell
        serials = [{"device": f"{self.prefix(kind)}-{number + 1}", "kind": "rse" if kind == ROADSIDE else "obe"}
                   for kind, count in self.counts.items() for number in range(count)]
        serials += [{"device": f"{self.prefix(group)}-1", "kind": kind} for group, kind in misbehaviour.CULPRITS.items()]
        status, body = system.ask("dcm1", "POST", "/devices", json.dumps(serials))
        if status != 200:
            raise systems.Trouble(f"the DCM does not list the devices: {status} {body[:300]}")
        with systems.Held():
            system.fleet = systems.Fleet(system)
        fleet = system.fleet
        for kind, count in self.counts.items():
            fleet.order("create", count=count, prefix=self.prefix(kind), group=kind,
                        kind="rse" if kind == ROADSIDE else "obe", **({"room": ROOM} if kind == "storage nearly full" else {}))
        for group, kind in misbehaviour.CULPRITS.items():
            fleet.order("create", count=1, prefix=self.prefix(group), group=group, kind=kind)
        fleet.order("clock", group="clock off", offset=CLOCK_OFF_SECONDS)
        self.everybody("enrol")
        tell(f"{len(serials)} devices are made in the factory and enrolled")
        self.everybody("update")
        self.stock = self.weeks()
        self.request()
        self.fetch()
        tell("Vehicles have asked for pseudonym certificates, and fetched those of all weeks to come; roadside units have their application "
             "certificates")

    @staticmethod
    def prefix(kind):
        return kind.replace(" ", "-")

    def everybody(self, do, groups=None, expect=None, **order):
        """An order to all devices or some groups, each of which must do it."""
        if groups is not None:
            order["group"] = list(groups)
        answer = self.system.fleet.order(do, **order)
        results = answer["results"]
        bad = {key: count for key, count in results.items() if key not in ("done", "nothing")}
        if expect is None and bad:
            raise systems.Trouble(f"{do}: {results}: {answer['texts']}")
        return answer

    def request(self, groups=None, seconds=systems.PATIENCE):
        """Certificates are asked for; an RA that has just been started refuses those of roadside units until it knows its PCA."""
        end = time.monotonic() + seconds
        while True:
            answer = self.everybody("request", groups, expect="any")
            if set(answer["results"]) <= {"done", "nothing"}:
                return
            if not set(answer["results"]) <= {"done", "nothing", "refused"} or time.monotonic() > end:
                raise systems.Trouble(f"request: {answer['results']}: {answer['texts']}")
            time.sleep(0.5)

    def fetch(self, groups=None):
        """Until all of them have the certificates that they asked for."""
        patience, came = systems.Patience(), 0
        while True:
            answer = self.everybody("fetch", groups, periods=self.stock)
            waiting = sum(count for text, count in answer["texts"].items() if "not ready" in text)
            if waiting == 0 and answer["results"].get("done", 0) == 0:  # who got some may lack others
                return
            came += answer["results"].get("done", 0)
            if patience.ends((came, waiting)):
                raise systems.Trouble(f"{waiting} devices have no certificates after {patience.seconds} s: {answer['texts']}")
            if waiting:
                time.sleep(0.3)

    def renew(self):
        """Roadside units ask for the next application certificate, where theirs ends soon."""
        if self.everybody("request", [ROADSIDE])["results"].get("done", 0) > 0:
            self.fetch([ROADSIDE])

    def update_until(self, groups, version):
        """Devices fetch what is new, until they have this version of the chain file."""
        patience = systems.Patience()
        groups = [group for group in groups if self.counts.get(group, 0) > 0]
        while True:
            self.everybody("update", groups)
            trust = self.trust()
            behind = sum(one["devices"] for group in groups for one in trust.get(group, [])
                         if one["trust"]["gccfVersion"] != version)
            if behind == 0:
                return
            if patience.ends(behind):
                raise systems.Trouble(f"{behind} devices do not have chain file {version} after {patience.seconds} s")
            time.sleep(0.5)

    def revocation_reaches(self, groups):
        """Devices fetch the CRL, until they trust no root any more."""
        patience = systems.Patience()
        while True:
            self.everybody("update", groups)
            trust = self.trust()
            behind = sum(one["devices"] for group in groups for one in trust.get(group, []) if one["trust"]["roots"])
            if behind == 0:
                return
            if patience.ends(behind):
                raise systems.Trouble(f"{behind} devices still trust a root after {patience.seconds} s")
            time.sleep(0.3)

    def wake(self, groups):
        """Devices that were away for long get everything at once, the ballot history with it; then they go on by themselves."""
        self.away -= set(groups)
        self.system.fleet.order("apply", file=str(self.update), group=list(groups))
        self.update_until(groups, self.version)

    def ballots(self, carrier, where):
        """How a device that has not heard of it yet judges the ballots that are out: each vote, counted or not and why."""
        victim = self.system.work / "fleet" / f"{self.prefix('offline until day 5')}-1" / "store"
        copy = self.system.work / f"judge-{len(self.story.json['days'])}-{carrier}"
        shutil.copytree(victim, copy)
        option = "--crl" if carrier.startswith("revoked") else "--chain"
        published = self.system.work / "ws" / "published"
        path = published / "composite_crl.oer" if option == "--crl" else sorted(published.glob("global_certificate_chains_*"))[-1]
        report = self.system.json("scms", "store", "apply", "--state", copy, option, path)
        shutil.rmtree(copy)
        for one in report["ballots"]:
            if one["carrier"] != carrier or one["outcome"] == "ALREADY":
                continue
            votes = sorted(({"elector": self.name(vote["elector"]), "counted": vote["counted"],
                             **({"reason": vote["reason"]} if "reason" in vote else {})} for vote in one["votes"]),
                           key=lambda vote: vote["elector"])
            self.story.day["ballots"].append({"motion": one["motion"], "subject": self.name(one["subject"]), "where": where,
                                              "judge": "a vehicle that has not heard of it yet", "outcome": one["outcome"],
                                              "counted": one["counted"], "quorum": one["quorum"], "votes": votes})

    def stop_here(self, day, round_number):
        if self.options.stop_after == (day, round_number):
            raise Stop

    # ---- views ----

    def exchange(self):
        """Everybody sends, everybody judges: by kind, who cannot send and who accepts whom."""
        answer = self.system.fleet.order("exchange", most=self.options.listen, seed=self.options.seed * 1000 + len(self.story.json["days"]))
        self.story.day["matrix"] = {"kinds": [*self.counts, *misbehaviour.CULPRITS], "accepts": answer["accepts"],
                                    "cannotSend": answer["cannotSend"]}
        return answer

    def honest(self, answer):
        """Of honest devices' messages: how many were accepted, and why the others were not."""
        verdicts = {}
        for sender, receivers in answer["accepts"].items():
            if sender in misbehaviour.CULPRITS:
                continue
            for receiver, counts in receivers.items():
                if receiver in misbehaviour.CULPRITS:
                    continue
                for verdict, count in counts.items():
                    verdicts[verdict] = verdicts.get(verdict, 0) + count
        return verdicts

    def trust(self):
        """Whom the devices trust, by kind: lists of pictures with their numbers."""
        trust = self.system.fleet.order("trust")
        self.look_at_goals(trust)
        return trust

    def view_of(self, picture):
        """A trust store in names: who is trusted, who was removed."""
        electors = sorted(self.name(one["hash"]) for one in picture["electors"] if one["status"] == "trusted")
        roots = {self.name(one["hash"]): one["status"] for one in picture["roots"]}
        removed = sorted(self.name(one["hash"]) for one in picture["tombstones"])
        return {"electors": electors, "roots": roots, "removed": removed, "operational": picture["operational"]}

    def name(self, identity):
        """Of a member, by its SHA-256 or the last eight bytes of it."""
        return next((name for known, name in self.names.items() if known.endswith(identity)), identity[:8])

    def components(self):
        """What each component says of its trust store and its certificates, now."""
        found = {}
        for name in COMPONENTS:
            status, body = self.system.ask(name, "GET", "/trust")
            if status != 200:
                raise systems.Trouble(f"{name} does not say whom it trusts: {status}")
            found[name] = json.loads(body)
        return found

    def held(self):
        """Roots whose ballot is held, by identity: who has voted for them."""
        state = json.loads(self.system.ask("manager1", "GET", "/state")[1])
        return {one["subject"]: sorted(self.name(vote["elector"]) for vote in one["signed"] if vote["counted"])
                for one in state["motions"] if one["state"] == "held"}

    def picture(self, statuses=None):
        """The picture of the day: electors, roots, components, vehicles."""
        statuses = statuses or {}
        trust = self.trust()
        vehicles = []
        for kind in [*self.counts, *misbehaviour.CULPRITS]:
            pictures = trust.get(kind, [])
            if not pictures:
                continue
            most = max(pictures, key=lambda one: one["devices"])["trust"]
            known = {self.name(one["hash"]): one["status"] for one in most["electors"]}
            removed = {self.name(one["hash"]) for one in most["tombstones"]}
            electors = {name: "revoked" if name in removed else known.get(name, "unknown")
                        for name in [*self.electors, *self.gone]}
            roots_known = {self.name(one["hash"]): one["status"] for one in most["roots"]}
            roots = {name: "revoked" if name in removed else roots_known.get(name, "unknown") for name in self.roots}
            apart = {"apart": "revoked for misbehaviour"} if kind in misbehaviour.CULPRITS else {"apart": AWAY} if kind in self.away else {}
            vehicles.append({"kind": kind, **apart, "count": sum(one["devices"] for one in pictures), "electors": electors, "roots": roots,
                             "operational": sum(one["devices"] for one in pictures if one["trust"]["operational"]),
                             "pictures": len(pictures)})
        self.seen, components = self.components(), []
        prepared = next((name for name, status in statuses.items() if status == "prepared"), None)
        for name, one in self.seen.items():
            root = next((self.name(entry["hash"]) for entry in one["store"]["roots"] if entry["status"] == "trusted"), None)
            components.append({"name": name, "role": one["role"], "root": root if name in IDENTIFIED else None,
                               "staged": prepared if one["identity"]["staged"] else None,
                               "status": "running" if one["standing"] == "VALID" else "stopped"})
        manager, held = json.loads(self.system.ask("manager1", "GET", "/trust")[1])["store"], self.held()
        roots = [{"name": name, "hash": identity, "status": statuses.get(name, next(
                    (one["status"] for one in manager["roots"] if one["hash"] == identity),
                    "revoked" if identity in {t["hash"] for t in manager["tombstones"]} else "prepared")),
                  "endorsers": held.get(identity) or sorted(self.name(e) for one in manager["roots"] if one["hash"] == identity
                                                            for e in one["endorsers"])}
                 for name, identity in self.roots.items()]
        electors = [{"name": name, "hash": identity, "status": statuses.get(name, "trusted")}
                    for name, identity in self.electors.items()]
        electors += [{"name": name, "hash": identity, "status": "revoked"} for name, identity in self.gone.items()]
        self.story.day["picture"] = {"electors": electors, "roots": roots, "components": components, "vehicles": vehicles}
        return trust

    # ---- expectations ----

    def expect_of_components(self, row):
        """Who runs, whom they trust, and whether the next certificate is there: each component that differs is named."""
        found = {name: {**self.view_of(one["store"]), "standing": one["standing"], "staged": one["identity"]["staged"] is not None}
                 for name, one in self.seen.items()}
        for what, key, names in (("trusted electors", "electors", COMPONENTS), ("roots", "roots", COMPONENTS),
                                 ("standing", "standing", COMPONENTS), ("next certificate is staged", "staged", IDENTIFIED)):
            other = {name: found[name][key] for name in names if found[name][key] != row[key]}
            self.story.check(f"components: {what}", row[key], other or row[key])

    def expect(self, expected, trust, answer):
        """Holds a day's row of the table against what the devices say."""
        for kind, row in expected.get("trust", {}).items():
            for one in trust.get(kind, []):
                view = self.view_of(one["trust"])
                self.story.check(f"{kind}: trusted electors", row["electors"], view["electors"])
                self.story.check(f"{kind}: roots", row["roots"], view["roots"])
        self.expect_of_components(expected["components"])
        verdicts = self.honest(answer)
        if expected.get("messages") == "all accepted":
            self.story.check("honest messages that were not accepted", {},
                             {key: value for key, value in verdicts.items() if key != "accepted"})
            self.story.check("honest devices that cannot send", {},
                             {key: value for key, value in answer["cannotSend"].items() if key not in misbehaviour.CULPRITS})
            self.story.check("messages were exchanged", True, verdicts.get("accepted", 0) > 0)
        for kind in expected.get("silent", ()):
            self.story.check(f"{kind}: devices that send", 0, senders(answer, kind))
            self.story.check(f"{kind}: messages that they accept", 0, accepted_by(answer, kind))
        for kind in expected.get("back", ()):
            self.story.check(f"{kind}: devices that cannot send", {}, answer["cannotSend"].get(kind, {}))
            self.story.check(f"{kind}: messages among those who are back that were not accepted", {},
                             {verdict: count for other in expected["back"]
                              for verdict, count in answer["accepts"].get(other, {}).get(kind, {}).items() if verdict != "accepted"})
        if expected.get("culprit") == "rejected":
            for group in misbehaviour.CULPRITS:
                accepted = sum(counts.get("accepted", 0) for receiver, counts in answer["accepts"].get(group, {}).items()
                               if receiver not in misbehaviour.CULPRITS)
                self.story.check(f"{group}: messages that honest devices accepted", 0, accepted)


def unix(time64):
    """A Time64 as seconds since 1970."""
    return time64 / 1000000 + UNIX_TO_1609


def span(seconds):
    """For people."""
    for unit, name in ((DAY, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            n = int(seconds // unit)
            return f"{n} {name}{'s' if n != 1 else ''}"
    return "less than a minute"


def senders(answer, kind):
    """Of how many receivers' verdicts the kind's messages are the subject."""
    return sum(sum(counts.values()) for counts in answer["accepts"].get(kind, {}).values())


def accepted_by(answer, kind):
    return sum(receivers.get(kind, {}).get("accepted", 0) for receivers in answer["accepts"].values())


def days_table(name):
    path = pathlib.Path(__file__).resolve().parent / "expected" / f"{name}.json"
    return json.loads(path.read_text())


def story_of(name, title, options, version, steps):
    return stories.Story(name, title, options.seed, options.fleet + options.units, version, steps, options.quiet)
