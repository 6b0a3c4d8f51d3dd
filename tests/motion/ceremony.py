#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole ceremonies with scms-elector and scms motion: electors in SoftHSM2 tokens and in files, every refusal a named case.

usage: ceremony.py SCMS SCMS-ELECTOR SOFTHSM2-UTIL SOFTHSM2-MODULE TALKING-MODULE [FAULT.so]
"""
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

SCMS, ELECTOR, UTIL, SOFTHSM, TALKING, FAULTY = map(os.path.abspath, sys.argv[1:7])
FAULT = os.path.abspath(sys.argv[7]) if len(sys.argv) > 7 else None
PIN = "648219"
failures = []
checks = 0
os.environ.pop("SCMS_WORKSPACE", None)
os.environ.pop("SCMS_ELECTOR_HOME", None)


def check(name, good, more=""):
    global checks
    checks += 1
    if not good:
        failures.append(name)
        print(f"FAILED {name}: {more}", file=sys.stderr)


# The leak checker stops its process with ptrace, which is forbidden to the signer.
CONFINED = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")}


def run(*args, want=0, says=None, name=None, **more):
    if args[0] == ELECTOR:
        more["env"] = {**CONFINED, "SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"]}
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, **more)
    name = name or " ".join(str(a) for a in args[1:4])
    out = done.stdout + done.stderr
    check(name, done.returncode == want, f"exit code {done.returncode}, not {want}\n{out}")
    for words in [says] if isinstance(says, str) else says or []:
        check(name, words in out, f"'{words}' is not in\n{out}")
    check(name, "secret phrase" not in out and PIN not in out, "the secret is in the output")
    return done


def day(n):
    return f"2026-{1 + n // 28:02d}-{1 + n % 28:02d}T12:00:00Z"


def tree(folder):
    """Every file of a folder with its bytes, locks left out."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(pathlib.Path(folder).rglob("*")) if p.is_file() and p.name != "lock"}


class World:
    """A workspace, and electors at home."""

    def __init__(self, path, electors="ABC", quorum=2, form="1.2.4"):
        self.path = path
        path.mkdir()
        self.pin = path / "pin"
        self.pin.write_text(PIN + "\n")
        self.pin.chmod(0o600)
        self.secret = f"file:{self.pin}"
        self.ws = path / "ws"
        roots = f"Roots {path.name}"
        run(UTIL, "--module", SOFTHSM, "--init-token", "--free", "--label", roots, "--so-pin", "12345678", "--pin", PIN)
        run(SCMS, "init", self.ws, "--secret", self.secret, "--form", form, "--keys",
            f"pkcs11:token={roots.replace(' ', '%20')}?module-path={SOFTHSM}")
        self.uris = {}
        for letter in electors + "DEX":
            self.create(letter)
        root = ["component", "create", "root"]
        for n, host in ((1, "root1"), (2, "root2")):
            self.scms(*root, host, now=0)
            found = list((self.ws / "components" / host).rglob("certificate.coer"))
            shutil.copy(found[0], path / f"{host}.coer")
            shutil.copy(found[0], self.ws / "bootstrap" / f"{host}.coer")
        for letter in electors:
            shutil.copy(path / f"{letter}.coer", self.ws / "bootstrap")
        bundle = {"electors": [f"{e}.coer" for e in electors], "roots": ["root1.coer"], "quorum": quorum,
                  "now": 694224005000000 + 43200 * 1000000}
        (self.ws / "bootstrap" / "bootstrap.json").write_text(json.dumps(bundle))
        for letter in electors + "DEX":
            self.elector(letter, "init", "--config", self.ws / "bootstrap" / "bootstrap.json", now=0)

    def create(self, letter):
        token = []
        if letter != "C":  # one has a key file, the others tokens
            label = f"Elector {letter} {self.path.name}"
            run(UTIL, "--module", SOFTHSM, "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN)
            token = ["--token", f"pkcs11:token={label.replace(' ', '%20')}?module-path={SOFTHSM}"]
        self.elector(letter, "create", "--name", f"elector-{letter}", "--out", self.path / f"{letter}.coer", *token, now=0)

    def elector(self, letter, command, *args, now, want=0, says=None, name=None, **more):
        args = list(args)
        if command in ("create", "sign"):
            args += ["--secret", self.secret]
        return run(ELECTOR, command, "--home", self.path / f"home-{letter}", "--now", now if isinstance(now, str) else day(now), *args,
                   want=want, says=says, name=name, cwd=self.path, **more)

    def scms(self, *args, now, want=0, says=None, name=None, **more):
        return run(SCMS, *args, "--workspace", self.ws, "--now", day(now), want=want, says=says, name=name, cwd=self.path, **more)

    def motion(self, *args, now, want=0, says=None, name=None, **more):
        return self.scms("motion", *args, now=now, want=want, says=says, name=name, **more)

    def json(self, *args, now, want=0):
        return json.loads(self.scms(*args, "--json", now=now, want=want).stdout)

    def propose(self, what, cert, now, *more, out="p"):
        done = self.motion("propose", what, self.path / f"{cert}.coer", "--reason", "as agreed", "--by", "Ann", "--out", out, "--json",
                           *more, now=now)
        return json.loads(done.stdout)["motion"]

    def vote(self, letter, proposal, now, out):
        self.elector(letter, "inspect", proposal, now=now)
        self.elector(letter, "sign", "--yes-i-read-it", "--out", out, proposal, now=now)

    def carry(self, what, cert, voters, now, *more):
        """A motion from its proposal to its release."""
        motion = self.propose(what, cert, now)
        for letter in voters:
            self.vote(letter, "p", now, f"{letter}.vote")
            self.motion("collect", f"{letter}.vote", now=now)
        self.motion("assemble", motion, *more, now=now)
        return motion

    def follow(self, letters, now):
        """Electors' own stores take what was released."""
        for letter in letters:
            self.elector(letter, "apply", self.ws / "ballots" / "history.oer", now=now)


# ---- the elector's signer ----

def no_network(world):
    for family, word in (("inet", None), ("unix", "refused")):
        folder = world.path / f"talk-{family}"
        folder.mkdir()
        done = subprocess.run([ELECTOR, "create", "--home", str(folder / "home"), "--secret", world.secret, "--token",
                               f"pkcs11:token=any?module-path={TALKING}"], capture_output=True, text=True,
                              env={**CONFINED, "TALKING_MODULE": str(folder), "TALKING_FAMILY": family})
        check(f"a module is loaded ({family})", (folder / "loaded").exists(), done.stderr)
        check(f"no socket came to be ({family})", not (folder / "talked").exists())
        if word is None:
            check("a socket call dies", done.returncode == -signal.SIGSYS and not (folder / "refused").exists(), f"{done.returncode} {done.stderr}")
        else:
            check("a local socket is refused", (folder / word).exists() and done.returncode == 3, f"{done.returncode} {done.stderr}")
    libraries = subprocess.run(["ldd", ELECTOR], capture_output=True, text=True).stdout
    for library in ("libssl", "libcurl", "libevent", "libsqlite", "libpq"):
        check(f"not linked: {library}", library not in libraries, libraries)


def signer(world):
    path = world.path
    world.elector("A", "create", now=0, want=1, says="founded once", name="a second founding")
    motion = world.propose("add-elector", "D", 3)
    shown = world.elector("B", "inspect", "p", now=4, says=[
        "ADD this ELECTOR", "fingerprint (SHA-256)", "PGP word list", "valid 2026-01-01", 'Proposed by "Ann"', 'because "as agreed"', "EVEN",
        "4 electors may vote", "held since provisioning"])
    told = json.loads(world.elector("B", "inspect", "--json", "p", now=4).stdout)
    check("words and hex agree", told["proposal"]["words"].split()[0] in shown.stdout and told["proposal"]["motion"] == motion)
    before = tree(path / "home-C")
    world.elector("C", "sign", "--yes-i-read-it", "p", now=4, want=1, says="was not inspected", name="signs nothing unseen")
    world.elector("B", "sign", "p", now=4, want=1, says="--yes-i-read-it", name="no terminal, no consent")
    check("a refusal writes nothing", tree(path / "home-C") == before)
    world.elector("B", "sign", "--yes-i-read-it", "--out", "b.vote", "p", now=4)
    world.elector("B", "verify", "p", "b.vote", now=4, says=["COUNTED", "1 votes count, 2 are needed"])
    check("a vote is what others write", run(SCMS, "show", path / "b.vote").stdout.count("generationTime") > 0)

    # a token that signs wrongly, and says that all is well
    broken = path / "home-broken"
    shutil.copytree(path / "home-B", broken)
    changed = [one for one in broken.rglob("*") if one.is_file() and SOFTHSM.encode() in one.read_bytes()]
    for one in changed:
        one.write_bytes(one.read_bytes().replace(SOFTHSM.encode(), FAULTY.encode()))
    check("the broken token stands in for the other", changed != [])
    before = tree(broken)
    done = subprocess.run([ELECTOR, "sign", "--home", str(broken), "--now", day(4), "--yes-i-read-it", "--secret", world.secret, "--out",
                           str(path / "broken.vote"), str(path / "p")], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env={**CONFINED, "SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"], "SCMS_SOFTHSM": SOFTHSM, "FAULTY_TOKEN": "bit=0"})
    check("a token that signs wrongly", done.returncode == 3 and "does not verify: nothing was written" in done.stderr, f"{done.returncode} {done.stderr}")
    check("a token that signs wrongly writes nothing", not (path / "broken.vote").exists() and tree(broken) == before)

    # changed since it was inspected: another reason
    world.elector("C", "inspect", "p", now=4)
    changed = (path / "p").read_bytes().replace(b"as agreed", b"As agreed")
    (path / "p2").write_bytes(changed)
    world.elector("C", "sign", "--yes-i-read-it", "p2", now=4, want=1, says="changed since it was inspected", name="changed after inspection")
    # half-copied, foreign, wrong role
    (path / "half").write_bytes((path / "p").read_bytes()[:100])
    (path / "empty").write_bytes(b"")
    world.elector("C", "inspect", "half", now=4, want=1, says="not a whole proposal", name="half-copied proposal")
    world.elector("C", "inspect", "empty", now=4, want=1, says="is empty", name="empty proposal")
    world.elector("C", "inspect", path / "A.coer", now=4, want=1, says="not a proposal", name="foreign file")
    world.elector("C", "inspect", "nowhere", now=4, want=1, says="nowhere", name="missing file")
    world.elector("C", "verify", "p", path / "A.coer", now=4, want=1, name="a certificate is no vote")
    # on itself
    world.propose("remove-elector", "B", 3, out="self")
    world.elector("B", "inspect", "self", now=4, want=1, says="VOTER_IS_SUBJECT", name="inspect a motion on itself")
    world.elector("B", "sign", "--yes-i-read-it", "self", now=4, want=1, says="none votes on itself", name="a motion on itself")
    # a clock that went back, by the journal
    world.elector("B", "inspect", "p", now=2, want=1, says="CLOCK_BACK", name="clock back")
    # a proposal from the future: a clock off by a day
    world.elector("C", "inspect", "p", now="2026-01-03T12:00:00Z", want=1, says="CLOCK_BACK", name="clock back, C")
    world.elector("E", "inspect", "p", now=2, want=1, says=["TBS_TIME_FUTURE", "CREATED_FUTURE"], name="clock off by a day")
    # the own certificate expired
    world.elector("E", "inspect", "p", now="2039-01-01T00:00:00Z", want=1, says=["VOTER_EXPIRED", "SUBJECT_EXPIRED"], name="own certificate expired")
    # E's journal is in 2039 now: only a right clock goes on from there
    world.elector("E", "inspect", "p", now=5, want=1, says="CLOCK_BACK", name="clock went back after 2039")
    # not an elector itself
    world.elector("D", "inspect", "p", now=4, want=1, says="VOTER_UNKNOWN", name="a voter whom its own store does not know")

    # two ballots for one thing
    world.propose("add-elector", "D", 5, out="p3")
    world.elector("B", "inspect", "p3", now=6)
    world.elector("B", "sign", "--yes-i-read-it", "--out", "never.vote", "p3", now=6, want=1, says=["CONFLICT", "--override"], name="a conflicting vote")
    check("no vote was written", not (path / "never.vote").exists())
    world.elector("B", "sign", "--yes-i-read-it", "--override", "the first proposal was lost", "--out", "b3.vote", "p3", now=6)
    log = world.elector("B", "log", now=6, says=["unbroken", "the first proposal was lost", "(signed)"])
    check("votes in the log", log.stdout.count("vote ") == 2, log.stdout)
    run(SCMS, "log", "verify", "--cert", path / "B.coer", path / "home-B" / "journal", says="0 of them by certificates that were not given")

    # wrong PIN, and a vote that cannot be written: the next attempt works
    wrong = path / "wrong"
    wrong.write_text("000000\n")
    wrong.chmod(0o600)
    for letter in "AC":
        world.elector(letter, "inspect", "p", now=6)
        run(ELECTOR, "sign", "--home", path / f"home-{letter}", "--now", day(6), "--yes-i-read-it", "--secret", f"file:{wrong}", "--out", path / "w.vote",
            path / "p", want=3, says="wrong P" if letter == "A" else "wrong pass phrase", name=f"wrong secret, {letter}")
    world.elector("C", "sign", "--yes-i-read-it", "--out", "no/such/folder", "p", now=6, want=3, says="sign again", name="no place for the vote")
    world.elector("C", "sign", "--yes-i-read-it", "--out", "c.vote", "p", now=6, says="voted for this very motion before")

    # somebody touched the journal
    journal = path / "home-C" / "journal"
    good = journal.read_bytes()
    journal.write_bytes(good.replace(b'"inspect"', b'"Inspect"', 1))
    world.elector("C", "sign", "--yes-i-read-it", "p", now=6, want=1, says="line", name="a changed journal stops it")
    run(SCMS, "log", "verify", journal, want=1, says="line", name="log verify names the line")
    journal.write_bytes(good[:-30])  # a crash in the last line
    world.elector("C", "log", now=6)
    journal.write_bytes(good)
    # the store cannot be read
    store = path / "home-C" / "store"
    shutil.move(store, path / "away")
    world.elector("C", "inspect", "p", now=6, want=3, says="scms-elector init", name="no store")
    shutil.move(path / "away", store)
    kept = tree(store)
    for slot in store.glob("slot-*"):
        slot.write_bytes(slot.read_bytes()[:-1] + b"?")
    world.elector("C", "sign", "--yes-i-read-it", "p", now=6, want=3, name="a damaged store")
    for name, content in kept.items():
        (store / name).write_bytes(content)
    world.elector("C", "inspect", "p", now=6)
    world.elector("C", "init", "--config", world.ws / "bootstrap" / "bootstrap.json", now=6, want=3, name="a store is made once")
    world.elector("C", "apply", path / "half", now=6, want=1, says="foreign file", name="apply takes no foreign file")


# ---- the Manager ----

def manager(world):
    path, ws = world.path, world.ws
    motion = world.json("motion", "list", now=6)["motions"][0]["motion"]
    check("the first motion is the addition", motion.startswith("add-elector"), motion)
    motion = json.loads(world.elector("B", "inspect", "--json", "p", now=6).stdout)["proposal"]["motion"]
    world.motion("assemble", motion, now=6, want=1, says=["QUORUM_NOT_MET", "has not voted"], name="below the quorum: no votes")
    world.motion("collect", "b.vote", now=6, says="counts")
    world.motion("assemble", motion, now=6, want=1, says=["1 votes count, 2 are needed"], name="below the quorum")
    status = world.json("motion", "status", motion, now=6)
    check("status", status["counted"] == 1 and status["quorum"] == 2 and len(status["missing"]) == 2 and status["state"] == "open", str(status))

    before = tree(ws / "motions")
    damaged = bytearray((path / "c.vote").read_bytes())
    damaged[-1] ^= 1
    (path / "bad.vote").write_bytes(damaged)
    (path / "half.vote").write_bytes((path / "c.vote").read_bytes()[:70])
    world.motion("collect", "bad.vote", now=6, want=1, says="VOTE_SIGNATURE", name="a vote with a bad signature")
    world.motion("collect", "half.vote", now=6, want=1, says="cut off", name="a vote half copied")
    world.motion("collect", path / "A.coer", now=6, want=1, says="foreign", name="a foreign file")
    world.motion("collect", "nowhere", now=6, want=1, name="a vote that is not there")
    world.motion("collect", "p", now=6, want=1, name="a proposal is no vote")
    check("nothing changed by what was refused", tree(ws / "motions") == before)
    # a vote for a motion that this workspace has not
    world.motion("withdraw", "remove-elector", "--reason", "a mistake", now=6)
    elsewhere = path / "elsewhere"
    shutil.copytree(ws, elsewhere)
    shutil.rmtree(elsewhere / "motions")
    (elsewhere / "motions").mkdir()
    run(SCMS, "motion", "collect", "--workspace", elsewhere, "--now", day(6), path / "b.vote", want=1, says="no motion of this workspace",
        name="a vote for another proposal")
    # the good one gets in beside bad ones
    world.motion("collect", "bad.vote", "c.vote", now=6, want=1, says="counts", name="the good ones are taken in all the same")
    world.motion("propose", "add-elector", path / "D.coer", "--reason", "again", "--time", "2026-01-04T12:00:00Z", now=6, want=1,
                 says="the same endorsement", name="the same motion twice")
    world.motion("propose", "add-elector", path / "root1.coer", "--reason", "x", now=6, want=1, says="C3", name="wrong role")
    world.motion("propose", "add-elector", path / "b.vote", "--reason", "x", now=6, want=1, says="not a certificate", name="no certificate")
    world.motion("propose", "add-elector", path / "D.coer", now=6, want=2, says="--reason", name="no reason")
    world.motion("propose", "make-elector", path / "D.coer", "--reason", "x", now=6, want=2, says="add-elector", name="no such motion")
    world.motion("propose", "add-elector", path / "X.coer", "--reason", "x", "--time", "2026-12-01", now=6, want=1, says="TBS_TIME_FUTURE",
                 name="a time in the future")
    world.motion("status", "nothing", now=6, want=1, says="motion list", name="no such motion")

    # disk full: nothing half-done, and the next attempt works
    before = tree(ws)
    done = subprocess.run(f"ulimit -f 0; trap '' XFSZ; exec '{SCMS}' motion assemble {motion} --workspace '{ws}' --now {day(6)}", shell=True, capture_output=True,
                          text=True, executable="/bin/bash")
    check("disk full is said", done.returncode in (1, 3) and "File too large" in done.stderr, f"{done.returncode} {done.stderr}")
    check("disk full changes nothing", tree(ws) == before)
    # two operators at once: both get their turn, no line of the journal is lost
    lines = len((ws / "journal").read_text().splitlines())
    threads = [threading.Thread(target=world.motion, args=("hold", motion, "--reason", f"turn {k}"), kwargs={"now": 6}) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("two operators at once", len((ws / "journal").read_text().splitlines()) == lines + 4)
    with open(ws / "lock", "r+") as lock:
        import fcntl
        fcntl.flock(lock, fcntl.LOCK_EX)
        world.motion("withdraw", motion, now=6, want=3, says="is being changed by", name="a second operator is told")

    # held, then released
    world.motion("assemble", motion, now=6, says="held")
    check("a held ballot is out of ballots", not list((ws / "ballots").glob("*.oer")))
    world.motion("release", motion, now=7)
    check("a released ballot is out", len(list((ws / "ballots").glob("add-elector-*.oer"))) == 1 and (ws / "ballots" / "history.oer").exists())
    world.motion("hold", motion, now=7, want=1, says="nothing to hold back", name="what is out is not held")
    world.motion("withdraw", motion, now=7, want=1, says="cannot be called back", name="what is out is not withdrawn")
    world.motion("release", motion, now=7, want=1, says="not held", name="released twice")
    run(SCMS, "store", "show", "--state", ws / "store", says="4 electors can vote")
    world.follow("ABCD", 7)
    world.elector("D", "verify", next((ws / "ballots").glob("add-elector-*.oer")), now=7, says="2 votes count")
    run(SCMS, "log", "verify", "--workspace", ws, says="unbroken")


def further_votes(world):
    """Rules C9 and D2: D endorses a root that is there; a removed elector's vote leaves a ballot."""
    path, ws = world.path, world.ws
    motion = world.carry("add-root", "root2", "ABC", 8)
    ballot = next((ws / "ballots").glob("add-root-*.oer"))
    check("three votes", world.json("motion", "status", motion, now=8)["counted"] == 3)
    world.follow("ABCD", 8)
    world.motion("extend", ballot, "--reason", "D endorses it", "--out", "join", now=9, says="3 votes")
    world.elector("D", "inspect", "join", now=9, says="joins those that hold it")
    world.elector("D", "sign", "--yes-i-read-it", "--out", "d.vote", "join", now=9)
    world.motion("collect", "d.vote", now=9)
    world.motion("assemble", motion, now=9)
    check("four votes", world.json("motion", "status", motion, now=9)["counted"] == 4)
    history = (ws / "ballots" / "history.oer").read_bytes()
    # A goes; nothing rests on its vote alone
    world.carry("remove-elector", "A", "BC", 10)
    check("the history only grows", (ws / "ballots" / "history.oer").read_bytes()[8:len(history)] == history[8:])
    world.motion("extend", ballot, "--reason", "A's vote leaves it", now=11)
    status = world.json("motion", "status", motion, now=11)
    check("A's vote does not count", sorted(v["reason"] for v in status["votes"]) == ["COUNTED"] * 3 + ["VOTER_REVOKED"], str(status))
    world.motion("assemble", motion, now=11)
    world.follow("BCD", 11)
    world.elector("D", "verify", ballot, now=11, says="3 votes count")
    world.motion("propose", "add-elector", path / "A.coer", "--reason", "sorry", now=11, want=1, says="SUBJECT_TOMBSTONED", name="no un-revoke")
    world.motion("extend", path / "A.coer", "--reason", "x", now=11, want=1, says="not a ballot", name="extend takes ballots")
    late = world.elector("A", "inspect", "join", now=11)
    check("A does not know yet", late.returncode == 0)
    world.elector("A", "sign", "--yes-i-read-it", "--out", "late.vote", "join", now=11)
    world.motion("collect", "late.vote", now=11, want=1, says="VOTER_REVOKED", name="a removed elector's vote")


def what_if(world):
    path, ws = world.path, world.ws
    # B, C, D are left; two votes are needed
    world.scms("what-if", "nothing-at-all", now=12, want=1, name="no such plan")
    world.scms("what-if", path / "half", now=12, want=1, says="foreign", name="a foreign file as plan")
    done = world.json("what-if", ws / "ballots" / "history.oer", now=12)
    names = [a["audience"] for a in done["audiences"]]
    check("audiences", names[0] == "SCMS Manager" and "end entities one year old" in names and "end entities that never saw the last removal" in names, str(names))
    check("what is out already is not grave", not done["grave"], str(done))
    # two more removals at once
    first = world.propose("remove-elector", "B", 12, out="rb")
    second = world.propose("remove-elector", "C", 12, out="rc")
    world.scms("what-if", first, now=12, says="NO_SPARE")
    done = world.json("what-if", first, second, now=12, want=0)
    # the second of the two finds no quorum any more: no lock-out, and it is seen that C stays
    check("two removals in a row", all(a["after"]["mayVote"] == 2 for a in done["audiences"][:1]), str(done["audiences"][0]))
    # the roots: root1 is held by provisioning; without both none is left
    r1 = world.motion("propose", "remove-root", path / "root1.coer", "--reason", "x", "--json", now=12)
    r2 = world.motion("propose", "remove-root", path / "root2.coer", "--reason", "x", "--json", now=12)
    one, two = json.loads(r1.stdout)["motion"], json.loads(r2.stdout)["motion"]
    world.scms("what-if", one, two, now=12, want=1, says=["NO_ROOT", "--override"], name="no root is left")
    world.scms("what-if", one, two, "--override", "the day of the change", now=12)
    check("an override is in the journal", "what-if override" in (ws / "journal").read_text())
    # latent votes
    world.elector("D", "inspect", "rb", now=12)
    world.elector("D", "sign", "--yes-i-read-it", "--out", "rb.vote", "rb", now=12)
    world.motion("collect", "rb.vote", now=12)
    margin = world.json("margin", now=12)
    check("latent votes", any(m["motion"] == first and m["missing"] == 1 for m in margin["latent"]), str(margin))
    check("margins of ballots", any(b["spare"] == 1 for b in margin["ballots"]), str(margin["ballots"]))
    world.motion("propose", "remove-elector", path / "C.coer", "--reason", "stolen", "--time", day(11), now=12, says="LATENT", name="what a stolen key could complete")
    world.scms("margin", now=12, says="latent: " + first)
    forecast = world.json("forecast", now=12)
    check("forecast", any("LOCKED OUT" in e["event"] for e in forecast["events"]), str(forecast))


def lock_out(path):
    """A plan that only an override lets out."""
    world = World(path, electors="ABC", quorum=2)
    world.carry("add-root", "root2", "AB", 3)  # held by A and B, and needs two
    motion = world.propose("remove-elector", "A", 4, "--override", "it is stolen")
    for letter in "BC":
        world.elector(letter, "apply", world.ws / "ballots" / "history.oer", now=4)
        world.elector(letter, "inspect", "p", now=4, says="ROOT_SUSPENDED")
        world.elector(letter, "sign", "--yes-i-read-it", "--out", "x.vote", "p", now=4, want=1, says="ROOT_SUSPENDED", name="grave consequences need --override")
        world.elector(letter, "sign", "--yes-i-read-it", "--override", "stolen", "--out", f"{letter}.vote", "p", now=4)
    world.motion("collect", "B.vote", "C.vote", now=4)
    before = tree(world.ws / "ballots")
    world.motion("assemble", motion, now=4, want=1, says=["ROOT_SUSPENDED", "--override"], name="a root would be suspended")
    check("nothing was released", tree(world.ws / "ballots") == before)
    world.scms("what-if", motion, now=4, want=1, says="ROOT_SUSPENDED", name="what-if names the suspension")
    # mended: C endorses the root first
    root = [m["motion"] for m in world.json("motion", "list", now=4)["motions"] if m["motion"].startswith("add-root")][0]
    world.motion("extend", next((world.ws / "ballots").glob("add-root-*.oer")), "--reason", "C too", "--out", "join", now=5)
    world.vote("C", "join", 5, "c.vote")
    world.motion("collect", "c.vote", now=5)
    world.motion("assemble", root, now=5)
    world.motion("assemble", motion, now=5)
    check("removed", any(world.ws.glob("ballots/remove-elector-*.oer")))
    at_a_terminal(world)
    if FAULT:
        crashes(world)
        elector_crashes(world)


def stranded(path):
    """D came by the votes of A and B, then A goes: who slept can never add D any more, as removals come first (E1.2)."""
    world = World(path, electors="ABC", quorum=2, form="1.2.1")
    world.carry("add-elector", "D", "AB", 3)
    motion = world.propose("remove-elector", "A", 4)
    for letter in "BC":
        world.vote(letter, "p", 4, f"{letter}.vote")
    world.motion("collect", "B.vote", "C.vote", now=4)
    world.motion("assemble", motion, "--hold", now=4)
    world.scms("what-if", motion, now=4, want=1, says=["STRANDED", "lacks elector"], name="an age is stranded")
    # mended: C's vote joins D's ballot
    ballot = next(world.ws.glob("ballots/add-elector-*.oer"))
    world.motion("extend", ballot, "--reason", "not to rest on A", "--out", "join", now=5)
    world.vote("C", "join", 5, "c.vote")
    world.motion("collect", "c.vote", now=5)
    world.motion("assemble", "add-elector", now=5)
    world.scms("what-if", motion, now=5)
    world.motion("release", motion, now=5)
    # a vehicle of the founding takes the history as one file, and is up to date
    run(SCMS, "store", "init", "--state", path / "vehicle", "--config", world.ws / "bootstrap" / "bootstrap.json")
    run(SCMS, "store", "apply", "--state", path / "vehicle", "--now", 700000000000000, "--history", world.ws / "ballots" / "history.oer")
    run(SCMS, "store", "show", "--state", path / "vehicle", "--now", 700000000000000, says=["3 electors can vote", "Removed elector"])


def mixed_forms(other, one):
    """Files of a system whose endorsements are in the other form (CAMP 1.2.4 and 1.2.1) change nothing in this one."""
    ws, before = one / "ws", tree(one / "ws")
    more = ["--workspace", ws, "--now", day(6)]
    ballot = next((other / "ws" / "ballots").glob("remove-elector-*.oer"))
    run(SCMS, "motion", "collect", *more, other / "B.vote", want=1, says="no motion of this workspace", name="mixed forms: a vote")
    run(ELECTOR, "verify", "--home", one / "home-B", "--now", day(6), ballot, other / "B.vote", want=1, name="mixed forms: an elector's eyes")
    run(SCMS, "motion", "extend", *more, "--reason", "r", ballot, want=1, says="none of its", name="mixed forms: a foreign ballot is extended")
    check("mixed forms: nothing has changed", tree(ws) == before)


def terminal(args, dialogue, cwd):
    """Runs a command at a terminal of its own; for each (prompt, answer) waits for the one and types the other. Exit code, output."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execve(str(args[0]), [str(a) for a in args], {**CONFINED, "SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"]})
    shown, mark, steps = "", 0, list(dialogue)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([fd], [], [], 1)
        try:
            piece = os.read(fd, 4096) if ready else b"-"
        except OSError:  # the other end is closed
            break
        shown += piece.decode(errors="replace") if ready else ""
        if piece == b"":
            break
        if steps and steps[0][0] in shown[mark:]:
            mark = len(shown)
            os.write(fd, steps.pop(0)[1].encode())
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


def at_a_terminal(world):
    """Consent is typed: the words of the right fingerprint, nothing less; the pass phrase is asked for and not shown."""
    path = world.path
    world.motion("propose", "add-elector", path / "X.coer", "--reason", "r", "--out", "typed", now=6)
    for letter in "BC":
        world.elector(letter, "apply", world.ws / "ballots" / "history.oer", now=6)
        told = json.loads(world.elector(letter, "inspect", "--json", "typed", now=6).stdout)
    words = told["proposal"]["words"].split()
    ask, secret = "type the first 3 words", "pass phrase"

    def sign(letter, dialogue, out):
        return terminal([ELECTOR, "sign", "--home", path / f"home-{letter}", "--now", day(6), "--override", "r", "--secret", "prompt", "--out", out,
                         "typed"], dialogue, path)

    for name, typed in (("yes", "yes\n"), ("two of the words", " ".join(words[:2]) + "\n"), ("others of its words", " ".join(words[3:6]) + "\n"),
                        ("an empty line", "\n"), ("the end of the file", "\x04")):
        code, shown = sign("C", [(ask, typed)], "typed.vote")
        check(f"terminal: {name} is no consent", code == 1 and "not signed" in shown and not (path / "typed.vote").exists(), (code, shown[-300:]))
    code, shown = sign("C", [(ask, " ".join(words[:3]) + "\n"), (secret, "wrong\n")], "typed.vote")
    check("terminal: a wrong pass phrase", code == 3 and not (path / "typed.vote").exists(), (code, shown[-300:]))
    code, shown = sign("C", [(ask, " ".join(words[:3]).upper() + "\n"), (secret, PIN + "\n")], "typed.vote")
    check("terminal: typed", code == 0 and (path / "typed.vote").exists(), (code, shown[-400:]))
    check("terminal: ADD, and the secret is not shown", "vote to ADD this certificate" in shown and PIN not in shown, shown[-400:])
    code, shown = sign("B", [(ask, " ".join(words[:3]) + "\n"), ("PIN", PIN + "\n")], "token.vote")
    check("terminal: with a token's PIN", code == 0 and PIN not in shown, (code, shown[-400:]))
    world.motion("collect", "typed.vote", "token.vote", now=6, says="counts")
    # Revoking is agreed to by typing the component's name.
    revoke = [SCMS, "component", "revoke", "la1", "--reason", "r", "--workspace", world.ws, "--now", day(6)]
    world.scms("component", "create", "ica", "ica1", "--issuer", "root1", now=6)
    world.scms("component", "create", "la", "la1", "--la-id", "1", now=6)
    world.scms(*revoke[1:6], now=6, want=1, says="--yes", name="no terminal, no name typed")
    code, shown = terminal(revoke, [("Type its name", "la2\n")], path)
    check("terminal: another name", code == 1 and "not revoked" in shown, (code, shown))
    code, shown = terminal(revoke, [("Type its name", "la1\n")], path)
    check("terminal: its name", code == 0 and len(list((world.ws / "revocations").glob("la1-*.json"))) == 1, (code, shown))


def journal(ws):
    return [json.loads(line) for line in (ws / "journal").read_text().splitlines()]


def crashes(world):
    """A machine that fails, or has no room, at every change of the disk: nothing is half done, the same command again finishes, and
    no act is without its entry in the journal."""
    path, ws = world.path, world.ws
    trial, letters = path / "trial", "BC"

    def ballots():
        """Of a file that was being written when the machine stopped a hidden one is left, that nobody reads."""
        return {name: content for name, content in tree(trial / "ballots").items() if not name.startswith(".")}

    add = ["motion", "propose", "add-elector", path / "E.coer", "--reason", "r", "--time", day(6), "--json"]

    def command(where, args, **env):
        return subprocess.run([SCMS, *map(str, args), "--workspace", str(where), "--now", day(6)], capture_output=True, text=True, cwd=path,
                              env={**os.environ, **{k: str(v) for k, v in env.items()}}, stdin=subprocess.DEVNULL)

    def every(name, base, args, already, entry, modes):
        def fresh():
            shutil.rmtree(trial, ignore_errors=True)
            shutil.copytree(base, trial, symlinks=True, ignore=shutil.ignore_patterns("components"))

        fresh()
        done = command(trial, args, LD_PRELOAD=FAULT, FAULT_COUNT=path / "count")
        check(f"crash: {name}", done.returncode == 0, done.stderr)
        total, good = int((path / "count").read_text()), ballots()
        check(f"crash: {name} changes the disk", total > 5, total)
        for mode, step in modes:
            met = 0
            for at in range(1, total + 1, step):
                fresh()
                done = command(trial, args, LD_PRELOAD=FAULT, FAULT_AT=at, FAULT_MODE=mode)
                met += done.returncode != 0
                what = f"crash: {name}, {mode} at {at} (code {done.returncode})"
                check(what + ": said", done.returncode in (0, 99) or done.stderr != "", done.stderr)
                check(what + ": readable", command(trial, ["motion", "list"]).returncode == 0)
                again = command(trial, args)
                check(what + ": again", again.returncode == 0 or already in again.stderr, again.stderr)
                check(what + ": the same ballots", ballots() == good, sorted(ballots()))
                check(what + ": the journal", run(SCMS, "log", "verify", "--workspace", trial).returncode == 0)
                check(what + ": its entry", any(line["what"] == entry for line in journal(trial)[len(journal(base)):]), again.stderr)
            check(f"crash: {name}, {mode}: met", met > 0)

    brief, whole = [("kill", 4), ("full", 9)], [("kill", 1), ("after", 5), ("full", 7)]
    base = {}

    def keep(name):
        base[name] = path / f"base-{name}"
        shutil.copytree(ws, base[name], symlinks=True, ignore=shutil.ignore_patterns("components"))

    keep("before")
    every("propose", base["before"], add, "the same endorsement", "motion propose", [("kill", 1), ("full", 9)])
    motion = json.loads(world.scms(*add[:-1], "--out", "p", "--json", now=6).stdout)["motion"]
    for letter in letters:
        world.elector(letter, "apply", ws / "ballots" / "history.oer", now=6)
        world.elector(letter, "inspect", "p", now=6)
        world.elector(letter, "sign", "--yes-i-read-it", "--override", "r", "--out", f"{letter}.vote", "p", now=6)
    keep("proposed")
    every("collect", base["proposed"], ["motion", "collect", "B.vote"], "", "motion collect", brief)
    every("withdraw", base["proposed"], ["motion", "withdraw", motion, "--reason", "r"], "", "motion withdraw", brief)
    world.motion("collect", "B.vote", "C.vote", now=6)
    keep("collected")
    every("assemble", base["collected"], ["motion", "assemble", motion], "", "motion release", brief)
    world.motion("assemble", motion, "--hold", now=6)
    keep("held")
    every("release", base["held"], ["motion", "release", motion], "is released, not held", "motion release", whole)
    ballot = next((ws / "ballots").glob("add-root-*.oer"))
    every("extend", base["held"], ["motion", "extend", ballot, "--reason", "r"], "", "motion extend", brief)


def elector_crashes(world):
    """The elector's machine fails, its disk is full, or the stick is pulled, at every change that a vote or an update makes: no vote
    is out that the journal does not have, and the same command again finishes."""
    path = world.path
    world.motion("propose", "add-elector", path / "D.coer", "--reason", "crashes", "--out", "late", now=6)
    world.elector("B", "apply", world.ws / "ballots" / "history.oer", now=6)
    world.elector("B", "inspect", "late", now=6)
    home, trial, stick = path / "home-B", path / "trial-B", path / "stick"
    sign = ["sign", "--yes-i-read-it", "--override", "r", "--secret", world.secret, "--out", str(stick / "late.vote"), "late"]
    apply = ["apply", str(world.ws / "ballots" / "history.oer")]

    def command(args, **env):
        return subprocess.run([ELECTOR, args[0], "--home", str(trial), "--now", day(7), *args[1:]], capture_output=True, text=True, cwd=path,
                              env={**CONFINED, "SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"], **{k: str(v) for k, v in env.items()}},
                              stdin=subprocess.DEVNULL)

    def fresh(base):
        for folder in (trial, stick):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, trial, symlinks=True)
        stick.mkdir()

    def votes():
        done = run(SCMS, "log", "verify", "--cert", path / "B.coer", trial / "journal", says="unbroken", name="elector crash: the journal")
        return done.returncode == 0 and sum('"vote"' in line for line in (trial / "journal").read_text().splitlines())

    older = path / "older-B"
    shutil.copytree(home, older, symlinks=True)
    for name, args, base, modes in (("sign", sign, home, (("kill", 1), ("full", 3), ("error", 3))), ("apply", apply, older, (("kill", 2), ("full", 4)))):
        fresh(base)
        before = votes()
        done = command(args, LD_PRELOAD=FAULT, FAULT_COUNT=path / "count")
        check(f"elector crash: {name}", done.returncode == 0, done.stderr)
        total = int((path / "count").read_text()) if (path / "count").exists() else 0
        check(f"elector crash: {name} changes the disk", total > 3, total)
        for mode, step in modes:
            met = 0
            for at in range(1, total + 1, step):
                fresh(base)
                done = command(args, LD_PRELOAD=FAULT, FAULT_AT=at, FAULT_MODE=mode)
                met += done.returncode != 0
                what = f"elector crash: {name}, {mode} at {at} (code {done.returncode})"
                check(what + ": said", done.returncode in (0, 99) or done.stderr != "", done.stderr)
                check(what + ": no vote without its entry", not (stick / "late.vote").exists() or votes() > before)
                again = command(args)
                check(what + ": again", again.returncode == 0, again.stderr)
                if name == "sign":
                    check(what + ": the vote is whole", run(SCMS, "show", stick / "late.vote").returncode == 0 and votes() > before)
            check(f"elector crash: {name}, {mode}: met", met > 0)
    # Two people at one elector's machine.
    fresh(home)
    with open(trial / "lock", "r+") as lock:
        import fcntl
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = command(sign)
        check("two at one elector's home", done.returncode == 3 and "another process is changing" in done.stderr and not (stick / "late.vote").exists(),
              done)
    # The stick is pulled before, and after.
    shutil.rmtree(stick)
    done = command(sign)
    check("the stick is not there", done.returncode == 3 and "sign again" in done.stderr, done.stderr)
    stick.mkdir()
    check("the stick is there again", command(sign).returncode == 0 and (stick / "late.vote").exists())


def usage(world):
    for command in ("create", "init", "apply", "inspect", "sign", "verify", "log"):
        run(ELECTOR, command, "--help", says="Example")
    for command in ("propose", "list", "status", "collect", "assemble", "hold", "release", "extend", "withdraw"):
        run(SCMS, "motion", command, "--help", says="Example")
    for command in ("what-if", "margin", "forecast"):
        run(SCMS, command, "--help", says="Example")
    run(ELECTOR, want=2)
    run(ELECTOR, "vote", want=2, says="no command")
    run(ELECTOR, "sign", want=2, says="PROPOSAL")
    run(ELECTOR, "create", "--curve", "p1", want=2, says="p384")
    run(ELECTOR, "create", "--level", "best", "--home", world.path / "n", want=2, says="pilot")
    run(ELECTOR, "inspect", "--now", "yesterday", "x", want=2, says="2026-11-25T12:00:00Z")
    run(SCMS, "motion", "vote", want=2, says="no command")
    run(SCMS, "log", "erase", want=2)


def main():
    with tempfile.TemporaryDirectory(prefix="scms-motion-") as folder:
        folder = pathlib.Path(folder)
        (folder / "tokens").mkdir()
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
        world = World(folder / "one")
        usage(world)
        no_network(world)
        signer(world)
        manager(world)
        further_votes(world)
        what_if(world)
        lock_out(folder / "two")
        stranded(folder / "three")
        mixed_forms(folder / "two", folder / "three")
    print(f"{checks} checks, {len(failures)} failed")
    return 1 if failures or checks == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
