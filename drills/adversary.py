# SPDX-License-Identifier: Apache-2.0
"""The adversary of a drill: an RA that strips votes and replays old files, and a thief with one elector's key.

Everything is made by the plain code of the conformance suite, which shares nothing with the library. Each attempt is judged twice:
on a copy of a device's trust store, for the reason, and on the fleet itself, where it must have no effect.
"""

import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "conformance"))
from plain import cert as certs  # noqa: E402
from plain import ecdsa, messages  # noqa: E402
from plain.coer import octets, preamble, sequence_of, u8  # noqa: E402

UNIX_TO_1609 = 1072915200 - 5  # Unix time of 2004-01-01 UTC, less the leap seconds since
SECRET_MARK = bytes.fromhex("0201010420")  # in an ECPrivateKey: version 1, then 32 bytes


class Elector:
    """An elector whose key is in the adversary's hands."""

    def __init__(self, system, name):
        home = system.work / f"elector-{name}" / "active"
        self.bytes = self.canonical = (home / "certificate.coer").read_bytes()
        self.id8 = bytes.fromhex(system.identity(home / "certificate.coer"))[-8:]
        der = subprocess.run(["openssl", "pkey", "-in", str(home / "sign.pem"), "-passin", f"file:{system.work / 'pin'}", "-outform",
                              "DER"], stdout=subprocess.PIPE, check=True).stdout
        at = der.index(SECRET_MARK) + len(SECRET_MARK)
        self.key = ecdsa.Key(name, ecdsa.P256, int.from_bytes(der[at:at + 32], "big"))
        self.name = name


def time64(unix):
    return int((unix - UNIX_TO_1609) * 1000000)


def ballot(motion, subject, electors, when):
    """A ballot of the 1.2.4 form by these electors."""
    pdu = messages.endorsement_124(messages.MOTION[motion], subject.identity, when // 1000000)
    votes = [messages.signed_data(elector, pdu, messages.header(generation=when)) for elector in electors]
    return messages.ballot_124(subject.bytes, votes)


class Subject:
    def __init__(self, data, identity):
        self.bytes, self.identity = data, identity


def update(chain=None, crl=None):
    """A TrustUpdate."""
    return preamble(False, False, crl is not None, chain is not None, False) + b"SCUP" + u8(1) + \
        (octets(crl) if crl is not None else b"") + (octets(chain) if chain is not None else b"") + sequence_of([])


class Adversary:
    def __init__(self, scene):
        self.scene = scene
        self.system = scene.system
        self.folder = self.system.work / "adversary"
        self.folder.mkdir()
        self.count = 0
        self.old_chain = None

    def keep_old_chain(self):
        """A chain file of today, to be replayed one day."""
        published = self.system.work / "ws" / "published"
        self.old_chain = sorted(published.glob("global_certificate_chains_*.oer"))[-1].read_bytes()
        self.old_certs = self.certs()

    def try_files(self, who, what, *, chain=None, crl=None, expect, text=None, kind="always online"):
        """One attempt: expect is the reason that the library must give; text: that in words, where REASONS says it too broadly."""
        self.count += 1
        victim = self.system.work / "fleet" / f"{self.scene.prefix(kind)}-1" / "store"
        copy = self.folder / f"store-{self.count}"
        shutil.copytree(victim, copy)
        arguments = ["scms", "store", "apply", "--state", copy, "--now", str(time64(self.system.now()))]
        for option, data in (("--chain", chain), ("--crl", crl)):
            if data is not None:
                path = self.folder / f"{self.count}{option.replace('--', '-')}.oer"
                path.write_bytes(data)
                arguments += [option, path]
        report = self.system.json(*arguments)
        outcomes = [one["outcome"] for one in report.get("ballots", [])] + \
            [report.get("chain", {}).get("outcome")] + [vote.get("reason") for one in report.get("ballots", []) for vote in one["votes"]]
        before = self.scene.trust()
        carried = self.folder / f"{self.count}-update.oer"
        carried.write_bytes(update(chain, crl))
        self.system.fleet.order("apply", file=str(carried))
        after = self.scene.trust()
        same = self.members(before) == self.members(after)
        self.scene.story.attack(who, what, expect, text or REASONS.get(expect, expect), "none" if same else "the trust stores changed")
        self.scene.story.check(f"attack: {what}: reason", True, expect in outcomes)
        self.scene.story.check(f"attack: {what}: effect on the fleet", "none", "none" if same else "changed")

    @staticmethod
    def members(trust):
        return json.dumps({kind: sorted((json.dumps([one["trust"]["electors"], one["trust"]["roots"], one["trust"]["tombstones"]],
                                                    sort_keys=True), one["devices"]) for one in pictures)
                           for kind, pictures in trust.items()}, sort_keys=True)

    # ---- attempts ----

    def certs(self):
        """Those of a chain file, the MA's first, as they are now."""
        return [self.system.certificate(name).read_bytes() for name in ("ma1", "ica1", "eca1", "pca1", "ra1", "la1", "la2", "dcm1", "crlg1", "pg1")]

    def chain_of(self, root_ballots=(), elector_ballots=()):
        """The chain file that is out, with other ballots: what an RA can make of it, and nobody can forbid. The certificates of day 1
        are in it too, so that it is the ballots alone by which it could have an effect."""
        ma, *others = self.certs()
        return messages.gccf(self.scene.version, list(root_ballots), list(elector_ballots), ma,
                             others + [one for one in self.old_certs[1:] if one not in others])

    def false_root(self, thief, when):
        made = certs.root("false-root", start=int((when // 1000000) - 3600))
        subject = Subject(made.bytes, made.identity)
        self.try_files("a thief with elector " + thief.name, "votes for a root of the thief's own, alone",
                       chain=self.chain_of([ballot("addRoot", subject, [thief], when)]), expect=thief.expect)

    def false_elector(self, thief, when):
        made = certs.elector("X", start=int((when // 1000000) - 3600))
        subject = Subject(made.bytes, made.identity)
        self.try_files("a thief with elector " + thief.name, "votes for an elector of the thief's own, alone, five times over",
                       chain=self.chain_of([], [ballot("addElector", subject, [thief] * 5, when)]), expect=thief.expect)

    def replays(self, old, voters):
        """An RA gives out what was once true: an old chain file, and the ballot by which a revoked elector once came in."""
        subject = Subject(*self.subject(old))
        earlier = time64(self.system.now() - 30 * 86400)
        by = [Elector(self.system, name) for name in voters]
        self.try_files("an RA that replays", f"gives out the ballot that once made {old} an elector, validly signed by "
                       f"{' and '.join(voters)}", chain=self.chain_of([], [ballot("addElector", subject, by, earlier)]),
                       expect="SUBJECT_TOMBSTONED")
        self.try_files("an RA that replays", "gives out the chain file of day 1", chain=self.old_chain, expect="ROLLBACK")
        self.try_files("an RA that strips votes", "gives out a chain file without a single ballot", chain=self.chain_of(),
                       expect="ACCEPTED")

    def strips(self, motion, name, voter):
        """What was just voted, on its way to devices that do not have it yet: but one vote is left in the ballot."""
        vote = next(self.system.work.glob(f"{'add' if motion.startswith('add') else 'remove'}-{name}-{voter}.vote")).read_bytes()
        stripped = messages.ballot_124(self.subject(name)[0], [vote])
        what = f"leaves one vote alone in the ballot by which {name} is {'added' if motion.startswith('add') else 'removed'}"
        text = "one vote is no quorum; the whole ballot counts all the same when it comes"
        if motion.startswith("add"):
            self.try_files("an RA that strips votes", what, chain=self.chain_of([], [stripped]), expect="QUORUM_NOT_MET", text=text)
        else:
            crl = messages.composite_crl([], [stripped] if motion == "removeRoot" else [], [stripped] if motion == "removeElector" else [])
            self.try_files("a CRL store that strips votes", what, crl=crl, expect="QUORUM_NOT_MET", text=text)

    def replays_of_root(self, root):
        """Once a root is gone: an RA gives out what once was true, and a thief votes."""
        self.try_files("an RA that replays", f"gives out the chain file of day 1, by whose ballot {root} once came in", chain=self.old_chain,
                       expect="SUBJECT_TOMBSTONED")
        alone = Elector(self.system, "A")
        alone.expect = "QUORUM_NOT_MET"
        self.false_root(alone, time64(self.system.now()))

    def subject(self, name):
        path = self.system.work / f"elector-{name}.coer" if name in self.scene.electors | self.scene.gone else self.system.certificate(name)
        return path.read_bytes(), bytes.fromhex(self.system.identity(path))


REASONS = {
    "ACCEPTED": "nothing that a file lacks takes anything away: what was voted stays",
    "QUORUM_NOT_MET": "one elector is no quorum, however often it votes",
    "VOTER_REVOKED": "the vote of a revoked elector counts for nothing",
    "ROLLBACK": "the chain file is older than the one that the vehicle has had",
    "SUBJECT_TOMBSTONED": "what was removed does not come back",
}
