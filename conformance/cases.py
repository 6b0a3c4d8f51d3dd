# SPDX-License-Identifier: Apache-2.0
"""Reads the case files (cases/*.txt) and makes the bytes that they speak of. README.md has the format."""
import hashlib
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from cast import T0, person
from plain import messages
from plain.cert import point
from plain.coer import *
from plain.ecdsa import Key

MICRO = 1_000_000
UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31_556_952}
CARRIERS = ["revokedElectors", "revokedRootCAs", "electorEndorsements", "rootCAEndorsements", "history"]


class CaseError(Exception):
    pass


def seconds(text):
    """'+3d' and '-2h' are relative to T0; '599000000' is absolute."""
    match = re.fullmatch(r"([+-])(\d+)([smhdwy]?)", text)
    if match:
        return T0 + (1 if match[1] == "+" else -1) * int(match[2]) * UNIT[match[3] or "s"]
    return int(text)


def time64(text):
    """As seconds, in microseconds; '+300s+1u' is a microsecond later, and a number that ends in 'u' is microseconds."""
    base, plus, micros = text.rpartition("+") if text.endswith("u") and text.count("+") == 2 else (text, "", "")
    if plus:
        return seconds(base) * MICRO + int(micros[:-1])
    if text.endswith("u"):
        return int(text[:-1])
    return seconds(text) * MICRO


def words(line):
    """'verb a b k=v k2=v2' -> ([a, b], {k: v})."""
    plain, named = [], {}
    for word in line.split():
        key, equals, value = word.partition("=")
        if equals and re.fullmatch(r"[\w.@+-]+", key):
            named[key] = value
        else:
            plain.append(word)
    return plain, named


def listed(text):
    return [w for w in (text or "").split(",") if w]


# ---- votes ----

def change_of(name):
    """What a vote modifier does to (r, s, R) of its signature."""
    return {
        "badsig": lambda r, s, R, c: (r, s ^ 1, R),
        "r0": lambda r, s, R, c: (0, s, R),
        "s0": lambda r, s, R, c: (r, 0, R),
        "rn": lambda r, s, R, c: (c.n, s, R),
        "sn": lambda r, s, R, c: (r, c.n, R),
        "rover": lambda r, s, R, c: ((1 << 8 * c.width) - 1, s, R),
        "sover": lambda r, s, R, c: (r, (1 << 8 * c.width) - 1, R),
        "flip": lambda r, s, R, c: (r, c.n - s, R),
    }.get(name)


class Ballot:
    def __init__(self, name, motion, subject, votes, named):
        self.name, self.motion, self.subject = name, motion, subject
        self.form = int(named.get("form", 124))
        self.tbs_time = named.get("tbs", "-1h")
        self.named = named
        self.votes = [self.vote(v) for v in votes]
        inside = person(named.get("cert", subject)).bytes
        self.bytes = messages.ballot_124(inside, self.votes) if self.form == 124 else messages.ballot_121(self.votes)
        self.motion_number = messages.MOTION[motion]

    def payload(self, modifiers):
        motion = messages.MOTION[self.named.get("type", self.motion)] if not self.named.get("type", "").isdigit() \
            else int(self.named["type"])
        motion = messages.MOTION[modifiers["type"]] if "type" in modifiers else motion
        subject = person(modifiers.get("of", self.subject))
        when = modifiers.get("tbs", self.tbs_time)
        if "junk" in modifiers:
            return b"\1\x80\x80\xff"
        if "empty" in modifiers:
            return b""
        if self.form == 124:
            extension = [b"\1"] if "ext" in modifiers or "ext" in self.named else None
            body = messages.endorsement_124(motion, subject.identity, seconds(when), extension)
            if "trail" in modifiers:
                body += b"\0"
            if "wrap" in modifiers:
                body = b"\1" + body[1:2] + b"\x81" + body[3:]
            return body
        return messages.endorsement_121(motion, subject.bytes, None if when == "none" else time64(when))

    def vote(self, token):
        who, *rest = token.split("/")
        modifiers = dict(m.partition(":")[::2] for m in rest)
        certificate = person(who)
        generation = time64(modifiers.get("gen", "-1h" if self.tbs_time == "none" else self.tbs_time))
        head = {
            "psid": int(modifiers.get("psid", 0x23)),
            "generation": None if "nogen" in modifiers else generation,
            "expiry": generation + 10 ** 12 if "expiry" in modifiers else None,
            "location": u32(0) + u32(0) + u16(0) if "location" in modifiers else None,
            "p2pcd": b"abc" if "p2pcd" in modifiers else None,
            "missing_crl": b"\0abc\0\1" if "missingcrl" in modifiers else None,
            "encryption": b"\x81\x80" + bytes(16) if "enckey" in modifiers else None,
            "extension": [sequence_of([b"abc"])] if "headext" in modifiers else None,
        }
        how = {}
        for name in modifiers:
            if change_of(name):
                how["change"] = change_of(name)
        if "key" in modifiers:
            how["key"] = person(modifiers["key"]).key
        if "cert" in modifiers:
            how["signer"] = "certificate"
        if "self" in modifiers:
            how["signer"] = "self"
        if "names" in modifiers:  # signs by its own key and says that it is another
            how["raw_signer"] = choice(0, person(modifiers["names"]).id8)
        if "with" in modifiers:  # carries another certificate as its own
            how["raw_signer"] = choice(1, sequence_of([person(modifiers["with"]).bytes]))
        if "nocert" in modifiers:
            how["raw_signer"] = choice(1, sequence_of([]))
        if "hash384" in modifiers:
            how["hash_id"] = 1
        for form in ("ycomp", "unc", "fill"):
            if form in modifiers:
                how["r_form"] = {"ycomp": "compressed", "unc": "uncompressed", "fill": "fill"}[form]
        if "external" in modifiers:
            how["external"] = bytes(32)
        if "unsigned" in modifiers:
            return messages.unsecured(self.payload(modifiers))
        if "nodata" in modifiers:
            return messages.signed_data(certificate, None, messages.header(**head), external=bytes(32))
        return messages.signed_data(certificate, self.payload(modifiers), messages.header(**head), **how)


# ---- files ----

def mangled(data, how):
    """Damage done to a whole file."""
    for word in listed(how):
        name, _, argument = word.partition(":")
        if name == "trail":
            data += b"\0"
        elif name == "cut":
            data = data[:-int(argument or 1)]
        elif name == "empty":
            data = b""
        elif name == "byte":  # byte:OFFSET:VALUE
            at, value = argument.split(":")
            data = data[:int(at)] + bytes([int(value, 16)]) + data[int(at) + 1:]
        elif name == "junk":
            data = b"\xff" * int(argument or 64)
        elif name == "pad":
            data = data + bytes(int(argument) - len(data))
        else:
            raise CaseError(f"mangle {word}")
    return data


class Case:
    """One case: its files by name, and its steps."""

    def __init__(self, name, lines, source):
        self.name, self.source = name, source
        self.covers, self.comment, self.steps = [], "", []
        self.ballots, self.crls, self.files, self.places = {}, {}, {}, {}
        for number, line in lines:
            try:
                self.read(line)
            except CaseError as error:
                raise CaseError(f"{source}:{number}: {error}") from None
            except (KeyError, ValueError, AttributeError, TypeError) as error:
                raise CaseError(f"{source}:{number}: {line}: {type(error).__name__}: {error}") from error

    def read(self, line):
        if line.startswith("#"):
            self.comment += line[1:].strip() + " "
            return
        verb, _, rest = line.partition(" ")
        verb = verb.rstrip(":")
        reader = getattr(self, "read_" + verb, None)
        if reader:
            reader(rest)
        elif self.steps:
            self.steps[-1]["expect"].append((verb, rest))
        else:
            raise CaseError(f"what is '{verb}'?")

    def read_covers(self, rest):
        self.covers += rest.split()

    def read_ballot(self, rest):
        plain, named = words(rest)
        name, motion, subject = plain[:3]
        votes = []
        for token in plain[3:]:
            if token == "by":
                continue
            for vote in listed(token):
                match = re.fullmatch(r"(.*)\*(\d+)", vote)
                votes += [match[1]] * int(match[2]) if match else [vote]
        self.ballots[name] = Ballot(name, motion, subject, votes, named)

    def list_of_ballots(self, file, carrier, names):
        chosen = []
        for name in listed(names):
            match = re.fullmatch(r"(.*)\*(\d+)", name)
            chosen += [match[1]] * int(match[2]) if match else [name]
        for index, name in enumerate(chosen):
            self.places.setdefault(file, {}).setdefault(name, (carrier, index))
        return [self.ballots[n].bytes for n in chosen]

    def read_chain(self, rest):
        (name, *_), named = words(rest)
        roots = self.list_of_ballots(name, "rootCAEndorsements", named.get("roots"))
        electors = self.list_of_ballots(name, "electorEndorsements", named.get("electors"))
        certs = []
        for c in listed(named.get("certs")):
            match = re.fullmatch(r"(.*)\*(\d+)", c)
            certs += [person(match[1]).bytes] * int(match[2]) if match else [person(c).bytes]
        ma = person(named.get("ma", "MA1")).bytes
        optional = [person(c).bytes for c in listed(named.get("optional"))]
        version = int(named.get("version", 1))
        if "local" in named:
            data = messages.lccf(version, int(named["local"]), roots, electors, ma, certs, optional)
        else:
            data = messages.gccf(version, roots, electors, ma, certs)
        self.files[name] = mangled(data, named.get("mangle"))

    def read_crl(self, rest):
        (name, *_), named = words(rest)
        roots = self.list_of_ballots(name, "revokedRootCAs", named.get("roots"))
        electors = self.list_of_ballots(name, "revokedElectors", named.get("electors"))
        crls = [self.crls[c] for c in listed(named.get("crls"))]
        self.files[name] = mangled(messages.composite_crl([c[0] for c in crls], roots, electors), named.get("mangle"))

    def read_crlof(self, rest):
        """One CRL of a series."""
        (name, *flags), named = words(rest)
        by = person(named["by"])
        craca = person(named.get("craca", "R1")).id8
        series = int(named.get("series", 2))
        issue, after = seconds(named.get("issue", "-1d")), seconds(named.get("next", "+7d"))
        if "irev" in named or "linkage" in flags:
            from plain.linkage import LA1, LA2, SEED1, SEED2, seed
            i = int(named.get("irev", 10))
            groups = [(int(named.get("jmax", 20)), LA1, LA2, int(named.get("imax", 100)),
                       [] if "none" in flags else [(seed(LA1, SEED1, i), seed(LA2, SEED2, i))])]
            body = messages.linkage_crl(i, groups, delta="delta" in flags)
        else:
            entries = [(person(n).id10, int(named.get("expiry", 0xffffffff))) for n in listed(named.get("list"))]
            body = messages.hash_crl(int(named.get("serial", 1)), entries, delta="delta" in flags)
        how = {}
        if "cert" in flags:
            how["signer"] = "certificate"
        if "self" in flags:
            how["signer"] = "self"
        if "badsig" in flags:
            how["change"] = change_of("badsig")
        if "generation" in flags:
            how["generation"] = time64("-1d")
        if "psid" in named:
            how["psid"] = int(named["psid"])
        if "key" in named:
            how["key"] = person(named["key"]).key
        data = messages.crl(by, craca, series, issue, after, body, **how)
        if "junk" in flags:
            data = messages.signed_data(by, b"\xff\xff", messages.header(0x100))
        self.crls[name] = (data, craca.hex(), series)

    def read_policy(self, rest):
        (name, *flags), named = words(rest)
        by = person(named.get("by", "PG1"))
        generation, active = time64(named.get("gen", "-1d")), time64(named.get("active", "-1d"))
        fields, quorum_steps, chain_steps = {}, [], []
        for key, value in named.items():
            if key.startswith("quorum@"):
                quorum_steps.append((time64(key[7:]), int(value)))
            if key.startswith("chainid@"):
                chain_steps.append((time64(key[8:]), u16(int(value))))
        if "chainid" in named:
            fields["chainId"] = messages.series_of(u16(int(named["chainid"])), chain_steps)
        if "tolerance" in named:
            fields["tolerance"] = messages.series_of(messages.duration("hours", int(named["tolerance"])))
        extension = None
        quorum = (int(named["quorum"]), quorum_steps) if "quorum" in named else None
        if quorum is not None or "removed" in named or "extension" in flags:
            extension = [messages.scms_extension(quorum, [person(n).identity for n in listed(named.get("removed"))],
                                                 b"ABCD" if "foreign" in flags else b"SCMS", 2 if "version2" in flags else 1)]
        data = messages.global_policy(fields, extension)
        local = "ra" in named
        policy = choice(1, messages.preamble(False, False) + data) if local else choice(0, data)
        tbs = messages.tbs_policy(generation, active, policy, named.get("id", "test").encode())
        how = {"signer": "certificate" if "certsigner" in flags else "digest"}
        sign = dict(how)
        if "badsig" in flags:
            sign["change"] = change_of("badsig")
        if "badhash" in flags:
            sign["external"] = bytes(32)
        signatures = [messages.countersignature(person(n), tbs, generation, **sign) for n in listed(named.get("counter", named.get("by", "PG1")))]
        body = messages.base_policy(tbs, signatures)
        outer = person(named.get("outer", named.get("ra", named.get("by", "PG1"))))
        if local:
            ra = person(named["ra"])
            tbs_local = messages.tbs_policy(generation, active, choice(2, messages.local_policy()))
            how_local = dict(how, change=change_of("badsig")) if "badlocal" in flags else how
            signer = person(named.get("localby", named["ra"]))
            body += messages.base_policy(tbs_local, [messages.countersignature(signer, tbs_local, generation, **how_local)])
        how_outer = dict(how, change=change_of("badsig")) if "badouter" in flags else how
        data = messages.signed_data(outer, messages.policy_file(body, local), messages.header(0x23, generation), **how_outer)
        self.files[name] = mangled(data, named.get("mangle"))

    def read_history(self, rest):
        (name, *_), named = words(rest)
        entries = []
        chosen = []
        for entry in listed(named.get("entries")):
            match = re.fullmatch(r"(.*)\*(\d+)", entry)
            chosen += [match[1]] * int(match[2]) if match else [entry]
        for index, entry in enumerate(chosen):
            entry, _, declared = entry.partition(":")
            ballot = self.ballots[entry]
            self.places.setdefault(name, {}).setdefault(entry, ("history", index))
            entries.append((messages.MOTION[declared] if declared else ballot.motion_number, ballot.form, ballot.bytes))
        self.files[name] = mangled(messages.history(entries), named.get("mangle"))

    def read_file(self, rest):
        """A file that is something else: the certificate of a person, or bytes in hexadecimal."""
        (name, *_), named = words(rest)
        data = person(named["cert"]).bytes if "cert" in named else bytes.fromhex(named.get("hex", ""))
        if "nest" in named:
            data = b"\3\x80\0"
            for _ in range(int(named["nest"])):
                inner = b"\0" + messages.preamble(False, True, False) + data + b"\0\1\x23" + b"\x82" + b"\x80\x80" + bytes(64)
                data = b"\3\x81" + inner
        if "crlwith" in named:
            data = messages.composite_crl([self.files[named["crlwith"]]], [], [])
        self.files[name] = mangled(data, named.get("mangle"))

    # steps

    def step(self, kind, rest):
        plain, named = words(rest)
        self.steps.append({"kind": kind, "plain": plain, "named": named, "expect": []})

    def read_init(self, rest):
        self.step("init", rest)

    def read_apply(self, rest):
        self.step("apply", rest)

    def read_check(self, rest):
        self.step("check", rest)

    def read_dump(self, rest):
        self.step("dump", rest)

    def read_damage(self, rest):
        self.step("damage", rest)


def expand(lines):
    """'for x,y in a:b c:d' before a case makes it once for each."""
    loops, out, block = [], [], []

    def flush():
        nonlocal loops
        combinations = [{}]
        for names, values in loops:
            rows = [value.split("|", len(names) - 1) for value in values]  # the last may have alternatives of its own
            if any(len(row) != len(names) for row in rows):
                raise CaseError(f"for {'|'.join(names)}: a value for each")
            combinations = [dict(c, **dict(zip(names, row))) for c in combinations for row in rows]
        for combination in combinations if block else []:
            done = []
            for number, line in block:
                for key, value in combination.items():
                    line = line.replace("{" + key + "}", value)
                done.append((number, line))
            out.append(done)
        if block:
            loops = []
        block.clear()

    for number, line in lines:
        if line.startswith("for ") or line.startswith("case "):
            flush()
        if line.startswith("for "):
            names, _, values = line[4:].partition(" in ")
            loops.append((names.split("|"), values.split()))
        else:
            block.append((number, line))
    flush()
    return out


def load(folder):
    """All cases of a folder, in order."""
    cases = []
    for path in sorted(pathlib.Path(folder).glob("*.txt")):
        lines = [(n, line.strip()) for n, line in enumerate(path.read_text().splitlines(), 1)]
        lines = [(n, line) for n, line in lines if line and not line.startswith("##")]
        for block in expand(lines):
            number, first = block[0]
            if not first.startswith("case "):
                raise CaseError(f"{path.name}:{number}: a case begins with 'case NAME'")
            cases.append(Case(first[5:].strip(), block[1:], path.name))
    names = [c.name for c in cases]
    for name in names:
        if names.count(name) > 1:
            raise CaseError(f"two cases are named {name}")
    return cases
