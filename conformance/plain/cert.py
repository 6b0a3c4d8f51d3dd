# SPDX-License-Identifier: Apache-2.0
"""IEEE 1609.2 certificates: made, signed, hashed in canonical form."""
import hashlib

from .coer import *
from .ecdsa import CURVES, P256, Key

KEY_TAG = {"P-256": (0, False), "Brainpool P-256r1": (1, False), "Brainpool P-384r1": (2, True), "P-384": (3, True)}
SSP = {"elector": 0, "root": 1, "pg": 2, "ica": 3, "eca": 4, "pca": 5, "crl": 6, "dcm": 7, "la": 8, "lop": 9, "ma": 10, "ra": 11}
DURATION = {"microseconds": 0, "milliseconds": 1, "seconds": 2, "minutes": 3, "hours": 4, "sixtyHours": 5, "years": 6}


def point(curve, xy, form="compressed"):
    """An EccP256CurvePoint or EccP384CurvePoint."""
    x, y = (c.to_bytes(curve.width, "big") for c in xy)
    if form == "x-only":
        return choice(0, x)
    if form == "fill":
        return choice(1)
    if form == "uncompressed":
        return choice(4, x + y)
    return choice(2 + (xy[1] & 1), x)


def tagged(curve, body):
    """In a PublicVerificationKey or Signature: the 384-bit curves are extension alternatives."""
    tag, extended = KEY_TAG[curve.name]
    return extended_choice(tag, body) if extended else choice(tag, body)


def signature(curve, rs, form="x-only"):
    """A Signature from (r, s, point R)."""
    r, s, big = rs
    if form == "x-only":
        r_sig = choice(0, r.to_bytes(curve.width, "big"))
    else:
        r_sig = point(curve, big, form)
    return tagged(curve, r_sig + s.to_bytes(curve.width, "big"))


def psid_ssp(psid, ssp=None):
    """ssp: None, or octets."""
    return preamble(ssp is not None) + unsigned(psid) + (choice(0, octets(ssp)) if ssp is not None else b"")


def scms_ssp(role, version=1):
    body = bytes([0x80 | SSP[role], 0, version])
    if role == "la":
        body += u16(1)
    if role == "ma":
        body += sequence_of([])
    return body


def crl_ssp(is_craca, series):
    return b"\0\1" + u8(0 if is_craca else 1) + sequence_of(u16(s) for s in series)


def group(psids=None, minimum=1, range_=0, ee=0x80, ssps=None):
    """PsidGroupPermissions: psids None for `all`; ssps None for any SSP, else a list of octets."""
    if psids is None:
        subject = choice(1)
    else:
        rows = []
        for psid in psids:
            ranges = b"" if ssps is None else choice(0, sequence_of(octets(s) for s in ssps))
            rows.append(preamble(ssps is not None) + unsigned(psid) + ranges)
        subject = choice(0, sequence_of(rows))
    return preamble(minimum != 1, range_ != 0, ee != 0x80) + subject + (signed(minimum) if minimum != 1 else b"") + \
        (signed(range_) if range_ != 0 else b"") + (u8(ee) if ee != 0x80 else b"")


def country(*codes):
    """GeographicRegion of whole countries."""
    return choice(3, sequence_of(choice(0, u16(c)) for c in codes))


def linkage_id(i, value):
    return choice(0, b"\0" + u16(i) + value)


class Certificate:
    """A certificate with the key that only test files know.

    identity is SHA-256 of the canonical form; id8 and id10 are tails of the hash that its own signature goes with."""

    def __init__(self, name, *, key, issuer=None, id=None, craca=b"\0\0\0", series=0, start=500_000_000, duration=("years", 12),
                 region=None, app=None, issue=None, request=None, rollover=False, encryption=None, implicit=False, issuer_field=None,
                 key_form="compressed", r_form="x-only", break_signature=False, flip_s=False, r=None, s=None, explicit_type=None):
        self.name, self.key, self.issuer, self.implicit = name, key, issuer, implicit
        self.start, self.duration = start, duration
        signer = issuer or self

        def tbs(form, indicator):
            return preamble(False, region is not None, False, app is not None, issue is not None, request is not None, rollover,
                            encryption is not None) + (id if id is not None else choice(1, octets(name.encode()))) + craca + \
                u16(series) + u32(start) + choice(DURATION[duration[0]], u16(duration[1])) + (region or b"") + \
                (sequence_of(app) if app is not None else b"") + (sequence_of(issue) if issue is not None else b"") + \
                (sequence_of(request) if request is not None else b"") + \
                (b"\0" + choice(0, point(P256, encryption.public, form)) if encryption is not None else b"") + indicator(form)

        if issuer_field is None:
            if issuer is None:
                issuer_field = choice(1, u8(0 if key.curve.width == 32 else 1))
            elif issuer.sig384:
                issuer_field = extended_choice(2, issuer.id8)
            else:
                issuer_field = choice(0, issuer.id8)
        self.sig384 = not implicit and signer.key.curve.width == 48
        if implicit:
            # ECQV with k from the name; the holder's key pair is not needed but for its public part.
            recon = Key("reconstruction " + name, issuer.key.curve)
            indicator = lambda form: choice(1, point(P256, recon.public, form))
            head = b"\0\3\1" + issuer_field
            body = tbs("compressed", indicator)
            self.tbs = tbs(key_form, indicator)
            self.bytes, canonical = head + self.tbs, head + body
            e = int.from_bytes(P256.hash(P256.hash(body), issuer.signer_hash), "big") % P256.n
            self.key = Key(name, P256, (e * recon.secret + issuer.key.secret) % P256.n)
        else:
            curve = signer.key.curve
            indicator = lambda form: choice(0, tagged(key.curve, point(key.curve, key.public, form)))
            head = b"\x80\3" + u8(0 if explicit_type is None else explicit_type) + issuer_field
            body = tbs("compressed", indicator)
            self.tbs = tbs(key_form, indicator)
            digest = curve.hash(curve.hash(body), issuer.signer_hash if issuer else curve.hash(b""))
            rs = signer.key.sign(digest)
            if break_signature:
                rs = (rs[0], rs[1] ^ 1, rs[2])
            if flip_s:
                rs = (rs[0], curve.n - rs[1], rs[2])
            if r is not None:
                rs = (r, rs[1], rs[2])
            if s is not None:
                rs = (rs[0], s, rs[2])
            self.bytes = head + self.tbs + signature(curve, rs, r_form)
            canonical = head + body + signature(curve, rs)
        self.canonical = canonical
        self.identity = hashlib.sha256(canonical).digest()
        whole = hashlib.sha384(canonical).digest() if self.sig384 else self.identity
        self.id8, self.id10, self.id3 = whole[-8:], whole[-10:], whole[-3:]

    @property
    def signer_hash(self):
        """What enters the digest of everything that this certificate signs."""
        return self.key.curve.hash(self.canonical)

    @property
    def hex(self):
        return self.identity.hex()


def elector(name, curve=P256, **changes):
    fields = dict(key=Key(name, curve), id=choice(2, octets(name[-1:].encode())), app=[psid_ssp(0x23, scms_ssp("elector"))])
    return Certificate(name, **{**fields, **changes})


ROOT_ISSUE = [group(None, 3, -1, 0xc0), group([0x23], 1, -1, 0xc0), group([0x26], 1, -1, 0xc0), group([0x100], 1, -1, 0xc0)]
PSIDS = [0x20, 0x23, 0x26, 0x27, 0x80, 0x81, 0x82, 0x83, 0x87]
USA = country(840)


def root(name, curve=P256, **changes):
    fields = dict(key=Key(name, curve), duration=("years", 17), issue=ROOT_ISSUE,
                  app=[psid_ssp(0x23, scms_ssp("root")), psid_ssp(0x100, crl_ssp(True, [256]))])
    return Certificate(name, **{**fields, **changes})


def component(role, name, issuer, root_, **changes):
    """A certificate of an SCMS component with the CAMP profile of its role."""
    fields = dict(key=Key(name), issuer=issuer, craca=root_.id3, series=256 if role in ("pg", "crlg", "ma") else 2, rollover=True,
                  duration=("years", 4), region=None if role in ("pg", "crlg", "ma") else USA,
                  app=[psid_ssp(0x23, scms_ssp({"crlg": "crl", "app": "ra"}.get(role, role)))])
    if role == "ica":
        fields.update(duration=("years", 13), issue=[group(None, 2, 0, 0xc0), group(PSIDS, 1, -1, 0xc0)])
    elif role == "eca":
        fields.update(duration=("years", 11), issue=[group(PSIDS, 1, 0, 0x40)], encryption=Key(name + " encryption"))
    elif role == "pca":
        fields.update(issue=[group(PSIDS)], encryption=Key(name + " encryption"))
    elif role == "ra":
        fields.update(start=580_000_000, duration=("hours", 26448), request=[group(PSIDS, 0)], encryption=Key(name + " encryption"))
    elif role == "crlg":
        fields["app"].append(psid_ssp(0x100, crl_ssp(False, [1, 2, 3, 4])))
    elif role == "ma":
        fields.update(app=[psid_ssp(0x23)], encryption=Key(name + " encryption"))
    return Certificate(name, **{**fields, **changes})


def enrolment(name, eca, root_, **changes):
    fields = dict(key=None, issuer=eca, id=choice(1, octets(b"")), craca=root_.id3, series=4, start=599_000_000,
                  duration=("years", 6), region=USA, request=[group([0x20, 0x26], 0, 0, 0x80, [b""])], rollover=True, implicit=True)
    return Certificate(name, **{**fields, **changes})


def pseudonym(name, pca, root_, i=10, value=None, **changes):
    value = value or hashlib.sha256(name.encode()).digest()[:9]
    fields = dict(key=None, issuer=pca, id=linkage_id(i, value), craca=root_.id3, series=1, start=599_900_000,
                  duration=("hours", 169), region=USA, app=[psid_ssp(0x20, b""), psid_ssp(0x26, b"")], implicit=True)
    return Certificate(name, **{**fields, **changes})
