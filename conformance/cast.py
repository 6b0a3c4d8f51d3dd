# SPDX-License-Identifier: Apache-2.0
"""The people of the cases: electors, roots and what stands below them, each made from its name.

T0 is the time that most cases play at. Names:

  A ... L          electors, P-256, valid from 500,000,000 for 12 years
  E384 EB256 EB384 electors on the other curves
  R1 R2 R3         roots; R8: of a month; RB256 RB384 R384 on the other curves
  ICA1 ECA1 PCA1 RA1 PG1 CRLG1 MA1 EE1 PN1   below R1 (likewise 2, 3); PG1b, CRLG1b: second of their kind

and, for cases that need something wrong or special, the names made in `special`."""
import functools

from plain.cert import *
from plain.ecdsa import CURVES, Key

T0 = 600_000_000
YEAR = 31_556_952
ELECTOR_END = 500_000_000 + 12 * YEAR
FAR = 500_000_000


def special(name):
    """Certificates with one thing wrong or odd, by name."""
    base, _, what = name.partition("~")
    if base in ("E", "ER"):  # an elector, or a root, with a deviation
        build = elector if base == "E" else root
        me = lambda **changes: build(name, **changes)
        app = [psid_ssp(0x23, scms_ssp("elector" if base == "E" else "root"))]
        crl_app = [psid_ssp(0x100, crl_ssp(True, [256]))]
        apps = app if base == "E" else app + crl_app
        table = {
            "expired": lambda: me(start=400_000_000, duration=("years", 5)),
            "old": lambda: me(start=300_000_000, duration=("years", 5)),
            "future": lambda: me(start=T0 + 30 * 86400),
            "short": lambda: me(start=599_000_000, duration=("hours", 24 * 30)),
            "badsig": lambda: me(break_signature=True),
            "r0": lambda: me(r=0), "s0": lambda: me(s=0),
            "rn": lambda: me(r=P256.n), "sn": lambda: me(s=P256.n),
            "implicit": lambda: Certificate(name, key=None, issuer=root("R1"), implicit=True, id=choice(2, b"\1E"), app=apps),
            "issued": lambda: Certificate(name, key=Key(name), issuer=root("R1"), id=choice(2, b"\1E"), app=apps),
            "noapp": lambda: me(app=None),
            "emptyapp": lambda: me(app=[]),
            "twoapp": lambda: me(app=apps + [psid_ssp(0x20, b"")]),
            "wrongpsid": lambda: me(app=[psid_ssp(0x20, scms_ssp("elector"))]),
            "nossp": lambda: me(app=[psid_ssp(0x23)] + (crl_app if base == "ER" else [])),
            "wrongssp": lambda: me(app=[psid_ssp(0x23, scms_ssp("pg"))] + (crl_app if base == "ER" else [])),
            "junkssp": lambda: me(app=[psid_ssp(0x23, b"\x80\0\1\0")] + (crl_app if base == "ER" else [])),
            "otherrole": lambda: me(app=[psid_ssp(0x23, scms_ssp("root" if base == "E" else "elector"))] + (crl_app if base == "ER" else [])),
            "nocrl": lambda: me(app=app),
            "issue": lambda: me(issue=ROOT_ISSUE),
            "noissue": lambda: me(issue=None),
            "request": lambda: me(request=[group([0x20], 0)]),
            "encryption": lambda: me(encryption=Key(name + " encryption")),
            "craca": lambda: me(craca=b"\1\2\3"),
            "series": lambda: me(series=256),
            "hash384": lambda: me(issuer_field=choice(1, u8(1))),
            "samekey": lambda: me(key=Key("A")),
            "sameD": lambda: me(key=Key("D"), start=FAR + 1),
            "samekeyR1": lambda: me(key=Key("R1")),
            "negated": lambda: me(key=Key("negated", P256, P256.n - Key("A").secret)),
            "keyB": lambda: me(key=Key("B")),
            "unc": lambda: me(key_form="uncompressed"),
            "ryform": lambda: me(r_form="compressed"),
            "runc": lambda: me(r_form="uncompressed"),
            "fill": lambda: me(r_form="fill"),
            "offcurve": lambda: _off_curve(me),
            "twin": lambda: me(flip_s=True),
        }
        return table[what]()
    if base in ("Aunc", "Aryform"):
        # The same certificate as A in another, equivalent encoding.
        return elector("A", **({"key_form": "uncompressed"} if base == "Aunc" else {"r_form": "compressed"}))
    raise KeyError(name)


def _off_curve(make):
    """A certificate whose x is on no point of the curve."""
    good = make()
    x = 5
    while P256.decompress(x, 0) is not None:
        x += 1

    class OffCurve(Key):
        def __init__(self):
            self.curve, self.secret, self.public = P256, good.key.secret, (x, 0)
    return make(key=OffCurve())


@functools.lru_cache(maxsize=None)
def person(name):
    """The certificate of this name."""
    if "~" in name or name in ("Aunc", "Aryform"):
        return special(name)
    if len(name) == 1 and name in "ABCDEFGHIJKLMNOPQSTUVWXYZ":
        return elector(name)
    for prefix, curve in (("E384", "p384"), ("EB256", "bp256"), ("EB384", "bp384")):
        if name.startswith(prefix):
            return elector(name, CURVES[curve])
    for prefix, curve in (("R384", "p384"), ("RB256", "bp256"), ("RB384", "bp384")):
        if name.startswith(prefix):
            return root(name, CURVES[curve])
    if name == "R8":
        return root(name, start=599_000_000, duration=("hours", 24 * 30))
    if name[0] == "R" and name[1:].isdigit():
        return root(name)
    return below(name)


def below(name):
    """ICA1, PCA2x, ...: role, number of the root, and anything else to tell several apart."""
    import re
    role, number, rest = re.fullmatch(r"([A-Z]+)(\d)(.*)", name).groups()
    top = person("R" + number)
    ica = lambda: person("ICA" + number)
    variants = {
        "_late": dict(start=T0 + 86400),
        "_over": dict(start=400_000_000, duration=("years", 5)),
        "_short": dict(start=599_000_000, duration=("hours", 24 * 20)),
        "_mexico": dict(region=country(484)),
        "_noregion": dict(region=None),
        "_bad": dict(break_signature=True),
        "_twin": dict(flip_s=True),
        "_outlives": dict(duration=("years", 60)),
        "_badpsid": dict(app=[psid_ssp(0x99, b"")]),
        "_series2": dict(series=2),
        "_nossp": dict(app=[psid_ssp(0x23)]),
        "_wrongssp": dict(app=[psid_ssp(0x23, scms_ssp("la"))]),
    }
    changes = dict(variants.get(rest, {}))
    if rest == "_twin":
        name = role + number  # the same certificate but for its signature
    if name == "CRLG1_only2":
        changes = dict(app=[psid_ssp(0x23, scms_ssp("crl")), psid_ssp(0x100, crl_ssp(False, [2]))])
    if name == "CRLG1_iscraca":
        changes = dict(app=[psid_ssp(0x23, scms_ssp("crl")), psid_ssp(0x100, crl_ssp(True, [2]))])
    if role == "ICA":
        # A chain of ICAs for the length cases: ICA1c3 is issued by ICA1c2 ... ICA1c1 by R1.
        if rest.startswith("c"):
            depth = int(rest[1:])
            issuer = top if depth == 1 else person(f"ICA{number}c{depth - 1}")
            return component("ica", name, issuer, top, issue=[group(None, 1, -1, 0xc0)])
        return component("ica", name, top, top, **changes)
    if role in ("PG", "CRLG", "MA"):
        return component(role.lower(), name, top, top, **changes)
    if role in ("ECA", "PCA", "RA", "LA", "DCM"):
        if rest.startswith("u"):  # below a chain of ICAs
            return component(role.lower(), name, person(f"ICA{number}c{rest[1:]}"), top)
        return component(role.lower(), name, ica(), top, **changes)
    if role == "EE":
        changes.pop("flip_s", None)
        return enrolment(name, person("ECA" + number), top, **changes)
    if role == "PN":
        issuer = person("PCA" + number + (rest if rest.startswith("u") else ""))
        if rest.startswith("i"):
            # PN1i12j3: linkage value of the seeds of the linkage cases.
            from plain.linkage import value
            i, j = map(int, rest[1:].split("j"))
            return pseudonym(name, issuer, top, i=i, value=value(i, j))
        return pseudonym(name, issuer, top, **changes)
    if role == "AP":  # an explicit application certificate
        changes.setdefault("app", [psid_ssp(0x20, b"")])
        return component("app", name, person("PCA" + number), top,
                         **{**dict(series=3, rollover=False, duration=("hours", 169), start=599_900_000), **changes})
    raise KeyError(name)
