# SPDX-License-Identifier: Apache-2.0
"""Files for the small worlds: real canonical bytes for the library, and beside them the model's records.

The encodings are written here once more, by hand and in one direction only, so
that no generator and no codec is shared with the library or with the suite.
The signatures are toys: r = SHA-256(message representative || x of the key),
s = 1, which tests/model/driver.c accepts in the place of ECDSA. What is judged
in the small worlds is the rules, not the curves.
"""

import hashlib
import struct

from records import (ADD_ELECTOR, ADD_ROOT, REMOVE_ELECTOR, REMOVE_ROOT, SECOND, YEAR, CARRIERS,
                     Ballot, Cert, Chain, Crl, Group, Policy, Session, Signed, Tbs, Vote)

TYPES = {ADD_ROOT: 0, ADD_ELECTOR: 1, REMOVE_ROOT: 2, REMOVE_ELECTOR: 3}
ROLES = {'pg': b'\x82', 'crl': b'\x86'}
ONE = (1).to_bytes(32, 'big')


def sha256(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


def u8(n):
    return bytes([n])


def u16(n):
    return struct.pack('>H', n)


def u32(n):
    return struct.pack('>I', n)


def u64(n):
    return struct.pack('>Q', n)


def length(n):
    if n < 128:
        return u8(n)
    size = (n.bit_length() + 7) // 8
    return u8(0x80 | size) + n.to_bytes(size, 'big')


def octets(data):
    return length(len(data)) + data


def list_of(items):
    count = len(items)
    size = max(1, (count.bit_length() + 7) // 8)
    return u8(size) + count.to_bytes(size, 'big') + b''.join(items)


def psid(n):
    return b'\x01' + u8(n) if n < 256 else b'\x02' + u16(n)


def psid_ssp(n, ssp):
    return b'\x80' + psid(n) + b'\x80' + octets(ssp)


class AnySsp:
    @staticmethod
    def covers(ssp):
        return True


class Toy:
    """A certificate with its private side."""

    def __init__(self, cert, x, raw):
        self.cert, self.x, self.raw = cert, x, raw


def sign(tbs, signer):
    """The signature of a structure by a certificate, or by its own key if signer has no bytes yet."""
    representative = sha256(sha256(tbs), sha256(signer.raw))
    return b'\x80\x80' + sha256(representative, signer.x) + ONE


class Maker:
    """Makes the certificates and files of one world; the seed goes into every key."""

    def __init__(self, seed):
        self.seed = seed

    # -- certificates ---------------------------------------------------------------------------

    def key(self, name):
        return sha256(self.seed.encode(), b' key of ', name.encode())

    def certificate(self, name, start, years, issuer, body_id, perms, craca, series, groups=b'', key=None, honest=True):
        x = key or self.key(name)
        preamble = 0x10 | (0x08 if groups else 0)
        tbs = (u8(preamble) + body_id + craca + u16(series) + u32(start // SECOND) + b'\x86' + u16(years)
               + list_of(perms) + groups + b'\x80\x80\x82' + x)
        signer = Toy(None, x, b'') if issuer is None else issuer
        signature = sign(tbs, signer) if honest else b'\x80\x80' + ONE + ONE
        head = b'\x81\x00' if issuer is None else b'\x80' + bytes.fromhex(issuer.cert.h8)
        return x, b'\x80\x03\x00' + head + tbs + signature

    def record(self, raw, x, profile, start, years, honest, issuer=None, **more):
        identity = sha256(raw).hex()
        signed_by = issuer.cert if issuer and honest else None
        cert = Cert(identity, identity[-16:], x.hex(), profile, start, start + years * YEAR,
                    lambda: honest and issuer is None, issuer=issuer.cert.h8 if issuer else None,
                    is_signed_by=lambda by: by is signed_by, id10=(identity[-20:],), raw=raw, **more)
        return Toy(cert, x, raw)

    def elector(self, name, start, years, key=None, honest=True):
        x, raw = self.certificate(name, start, years, None, b'\x82' + octets(name.encode()),
                                  [psid_ssp(0x23, b'\x80\x00\x01')], b'\0\0\0', 0, key=key, honest=honest)
        return self.record(raw, x, 'elector', start, years, honest, app=((0x23, b'\x80\x00\x01'),))

    def root(self, name, start, years, key=None, honest=True):
        crl_ssp = bytes.fromhex('00010001010100')
        perms = [psid_ssp(0x23, b'\x81\x00\x01'), psid_ssp(0x100, crl_ssp)]
        every = b'\xe0\x81\x01\x03\x01\xff\xc0'  # all, chain length from 3 without end, app and enrol
        one = [b'\x60\x80' + list_of([b'\x00' + psid(n)]) + b'\x01\xff\xc0' for n in (0x23, 0x26, 0x100)]
        x, raw = self.certificate(name, start, years, None, b'\x81' + octets(name.encode()), perms, b'\0\0\0', 0,
                                  groups=list_of([every] + one), key=key, honest=honest)
        groups = (Group(None, 3, -1, True, True),) + tuple(
            Group(((n, AnySsp),), 1, -1, True, True) for n in (0x23, 0x26, 0x100))
        return self.record(raw, x, 'root', start, years, honest, app=((0x23, b'\x81\x00\x01'), (0x100, crl_ssp)),
                           crl_ssp=(True, frozenset({256})), groups=groups)

    def component(self, name, role, root, start, years, crl_series=()):
        """A component of the special series, by the root itself: PG or CRLG."""
        ssp = ROLES[role] + b'\x00\x01'
        perms, app, crl_ssp = [psid_ssp(0x23, ssp)], [(0x23, ssp)], None
        if crl_series:
            ssp = b'\x00\x01\x01' + list_of([u16(n) for n in crl_series])
            perms.append(psid_ssp(0x100, ssp))
            app.append((0x100, ssp))
            crl_ssp = (False, frozenset(crl_series))
        craca = bytes.fromhex(root.cert.h8)[5:]
        x, raw = self.certificate(name, start, years, root, b'\x81' + octets(name.encode()), perms, craca, 256)
        return self.record(raw, x, None, start, years, True, issuer=root, app=tuple(app), role=role, crl_ssp=crl_ssp,
                           craca=craca.hex(), series=256)

    # -- votes and ballots ----------------------------------------------------------------------

    def vote(self, elector, motion, subject, time, made, form=124, honest=True, carried=False, header=True,
             key=None):
        """elector's vote; `made` is its header's generationTime. key: signs with another's key (a thief's)."""
        kind = u8(TYPES[motion])
        if form == 124:
            tbs = b'\x00' + kind + sha256(subject.raw) + u32(time // SECOND)
        else:
            tbs = (b'\x80' if time else b'\x00') + kind + subject.raw + (u64(time) if time else b'')
        payload = b'\x01\x80\x80' + tbs
        head = b'\x40' + psid(0x23) + u64(made) if header else b'\x60' + psid(0x23) + u64(made) + u64(made)
        body = b'\x40\x03\x80' + octets(payload) + head
        signer = elector if honest else Toy(None, key or ONE, elector.raw)
        who = b'\x81' + list_of([elector.raw]) if carried else b'\x80' + bytes.fromhex(elector.cert.h8)
        raw = b'\x03\x81\x00' + body + who + sign(body, signer)
        by = elector.cert if honest else None
        record = Vote(elector.cert.h8, elector.cert if carried else None, payload,
                      Tbs(motion, subject.cert.identity, time), header, made, lambda cert: cert is by)
        return raw, record

    def ballot(self, motion, subject, time, voters, form=124, shown=None):
        """voters: electors with the time of their vote, or votes made before."""
        votes = [voter if isinstance(voter[1], Vote) else self.vote(voter[0], motion, subject, time, voter[1], form)
                 for voter in voters]
        holder = shown or subject
        raw = b'\x00' + (holder.raw if form == 124 else b'') + list_of([vote[0] for vote in votes])
        return raw, Ballot('', 0, motion, holder.cert, tuple(vote[1] for vote in votes), sha256(raw).hex()), form

    # -- files ----------------------------------------------------------------------------------

    def chain_file(self, version, roots=(), electors=(), certs=(), ma=None):
        ma = ma or certs[0]
        store = (b'\x00' + list_of([b[0] for b in roots]) + list_of([b[0] for b in electors]) + ma.raw
                 + list_of([c.raw for c in certs]))
        raw = b'\x01\x80\x80\x00' + u16(version) + store
        held = frozenset(c.cert for c in certs) | {ma.cert}
        return raw, Chain(version, sha256(raw).hex(), held), \
            placed('electorEndorsements', electors) + placed('rootCAEndorsements', roots)

    def composite(self, roots=(), electors=(), crls=()):
        raw = (b'\x00' + list_of([c[0] for c in crls]) + list_of([b[0] for b in roots])
               + list_of([b[0] for b in electors]))
        return raw, tuple(c[1] for c in crls), placed('revokedElectors', electors) + placed('revokedRootCAs', roots)

    def history(self, ballots):
        entries = [u8(TYPES[record.motion]) + (b'\x80' if form == 124 else b'\x81') + raw
                   for raw, record, form in ballots]
        return b'\x00\x01' + list_of(entries), placed('history', ballots)

    def crl(self, signer, craca, series, serial, issued, revoked=()):
        """A full hash CRL with these certificates on it."""
        listed = [bytes.fromhex(c.cert.id10[0]) + u32(0xffffffff) for c in revoked]
        contents = (b'\x01' + u16(series) + bytes.fromhex(craca.cert.h8) + u32(issued // SECOND)
                    + u32(issued // SECOND + 604800) + b'\x00\x80\x00' + u32(serial) + list_of(listed))
        body = b'\x40\x03\x80' + octets(contents) + b'\x00' + psid(0x100)
        raw = b'\x03\x81\x00' + body + b'\x80' + bytes.fromhex(signer.cert.h8) + sign(body, signer)
        return raw, Crl(craca.cert.h8, series, issued, issued + 604800 * SECOND, False, serial, None,
                        frozenset(c.cert.id10[0] for c in revoked),
                        Signed(signer.cert.h8, None, lambda cert: cert is signer.cert), sha256(raw).hex())

    def policy(self, pg, generation, active=None, quorum=None, later=(), removed=None, version=None, by=None):
        """A global policy file. by: who signs in the PG's place."""
        active = active or generation
        series = ((0, quorum),) + tuple(later) if quorum else None
        extension = None
        if quorum or removed is not None:
            held = u8(quorum) + list_of([u64(start) + u8(value) for start, value in later]) if quorum else b''
            # extensible, so: preamble with the extension bit and that of quorum
            extension = ((b'\x40' if quorum else b'\x00') + b'SCMS' + b'\x01' + held
                         + list_of([c.raw and sha256(c.raw) for c in removed or ()]))
        preamble = (0x8000 if extension else 0) | (0x2000 if version is not None else 0)
        data = u16(preamble) + (u16(version) + list_of([]) if version is not None else b'')
        if extension:
            data += b'\x02\x07\x80' + octets(extension)
        tbs = b'\x00' + octets(b'policy') + u64(generation) + u64(active) + b'\x80' + data
        signer = by or pg
        head = b'\x40' + psid(0x23) + u64(generation)
        counter_body = b'\x20\x80' + sha256(tbs) + head
        digest = b'\x80' + bytes.fromhex(pg.cert.h8)
        counter = b'\x03\x81\x00' + counter_body + digest + sign(counter_body, Toy(None, signer.x, pg.raw))
        base = b'\x00\x01' + tbs + list_of([counter])
        outer_body = b'\x40\x03\x80' + octets(b'\x01\x81\x80' + base) + head
        raw = b'\x03\x81\x00' + outer_body + digest + sign(outer_body, Toy(None, signer.x, pg.raw))
        honest = signer is pg
        signed = Signed(pg.cert.h8, None, lambda cert: honest and cert is pg.cert)
        gone = frozenset(c.cert.identity for c in removed) if removed is not None else frozenset() if quorum else None
        return raw, Policy(sha256(raw).hex(), generation, active, series, gone,
                           ((0, version),) if version is not None else None, None, signed, False, (signed,), ())


def placed(carrier, ballots):
    """The records of ballots where they came in: a carrier, and not what was signed, says which motion it is (C2)."""
    return tuple(record._replace(carrier=carrier, index=index, motion=CARRIERS[carrier] or record.motion)
                 for index, (_, record, _) in enumerate(ballots))


class Files:
    """One session: the bytes for the library, the records for the model."""

    def __init__(self, name, chain=None, crl=None, history=None, policy=None, own=(), certs=()):
        self.name = name
        order = {'revokedElectors': 0, 'revokedRootCAs': 1, 'electorEndorsements': 2, 'rootCAEndorsements': 3,
                 'history': 4}
        ballots = (chain[2] if chain else ()) + (crl[2] if crl else ()) + (history[1] if history else ())
        candidates = frozenset(c.cert for c in tuple(certs) + tuple(own)) | (chain[1].certificates if chain else frozenset())
        self.session = Session(tuple(sorted(ballots, key=lambda b: (order[b.carrier], b.index))),
                               policy[1] if policy else None, chain[1] if chain else None, crl[1] if crl else (),
                               tuple(c.cert for c in own), candidates)
        self.parts = [policy[0] if policy else None, crl[0] if crl else None, chain[0] if chain else None,
                      history[0] if history else None]
        self.own = [c.raw for c in own]
        self.certs = [c.raw for c in certs]
