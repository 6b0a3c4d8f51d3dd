# SPDX-License-Identifier: Apache-2.0
"""Signed data, endorsements, ballots, chain files, composite CRL, policy files and ballot history."""
import hashlib

from .cert import DURATION, signature
from .coer import additions, choice, octets, preamble, sequence_of, u16, u32, u64, u8, unsigned

MOTION = {"addRoot": 0, "addElector": 1, "removeRoot": 2, "removeElector": 3}


def unsecured(payload):
    return b"\3" + choice(0, octets(payload))


def header(psid=0x23, generation=None, expiry=None, location=None, p2pcd=None, missing_crl=None, encryption=None, extension=None):
    fields = [generation, expiry, location, p2pcd, missing_crl, encryption]
    body = preamble(extension is not None, *(f is not None for f in fields)) + unsigned(psid)
    body += b"".join(u64(f) if k < 2 else f for k, f in enumerate(fields) if f is not None)
    return body + (additions(*extension) if extension is not None else b"")


def signed_data(certificate, payload, head, *, signer="digest", hash_id=None, r_form="x-only", change=None, key=None, external=None,
                raw_signer=None, inner=None):
    """Ieee1609Dot2Data with signedData.

    payload: octets to sign as unsecuredData, or None; external: a hash of something outside; inner: Ieee1609Dot2Data in place
    of the payload. signer: digest, certificate or self; raw_signer: SignerIdentifier as it is to be. change: function of
    (r, s, R, curve) giving others; key: signs in place of the certificate's own."""
    key = key or certificate.key
    curve = key.curve
    data = inner or (b"" if payload is None else unsecured(payload))
    tbs = preamble(False, bool(data), external is not None) + data + (choice(0, external) if external is not None else b"") + head
    digest = curve.hash(curve.hash(tbs), curve.hash(b"" if signer == "self" else certificate.canonical))
    rs = key.sign(digest)
    if change:
        rs = change(*rs, curve)
    if raw_signer is not None:
        who = raw_signer
    elif signer == "digest":
        who = choice(0, certificate.id8)
    elif signer == "certificate":
        who = choice(1, sequence_of([certificate.bytes]))
    else:
        who = choice(2)
    if hash_id is None:
        hash_id = 0 if curve.width == 32 else 1
    return b"\3" + choice(1, u8(hash_id) + tbs + who + signature(curve, rs, r_form))


def endorsement_124(motion, subject_hash, time32, extension=None):
    """Scoped PDU with a TbsElectorEndorsement of CAMP 1.2.4."""
    body = preamble(extension is not None) + u8(motion) + subject_hash + u32(time32)
    return b"\1" + choice(0, choice(0, body + (additions(*extension) if extension is not None else b"")))


def endorsement_121(motion, subject, effective=None):
    body = preamble(effective is not None) + u8(motion) + subject + (u64(effective) if effective is not None else b"")
    return b"\1" + choice(0, choice(0, body))


def ballot_124(subject, votes):
    return b"\0" + subject + sequence_of(votes)


def ballot_121(votes):
    return b"\0" + sequence_of(votes)


def certificate_store(root_ballots, elector_ballots, ma, certs):
    return b"\0" + sequence_of(root_ballots) + sequence_of(elector_ballots) + ma + sequence_of(certs)


def gccf(version, root_ballots, elector_ballots, ma, certs):
    return b"\1" + choice(0, choice(0, b"\0" + u16(version) + certificate_store(root_ballots, elector_ballots, ma, certs)))


def lccf(version, local, root_ballots, elector_ballots, ma, certs, optional=(), host=b"ra.test"):
    return b"\1" + choice(0, choice(1, b"\0" + u16(version) + u16(local) + octets(host) +
                                    certificate_store(root_ballots, elector_ballots, ma, certs) + sequence_of(optional)))


def composite_crl(crls, root_ballots, elector_ballots):
    return b"\0" + sequence_of(crls) + sequence_of(root_ballots) + sequence_of(elector_ballots)


def hash_crl(serial, entries, delta=False):
    """entries: (HashedId10, expiry)."""
    return choice(1 if delta else 0, b"\0" + u32(serial) + sequence_of(h + u32(e) for h, e in entries))


def linkage_crl(i_rev, groups, index=0, delta=False):
    """groups: (jmax, la1, la2, imax, [(seed1, seed2)])."""
    individual = sequence_of(
        b"\0" + u8(jmax) + sequence_of([b"\0" + la1 + la2 + sequence_of([
            b"\0" + u16(imax) + sequence_of(b"\0" + s1 + s2 for s1, s2 in seeds)])])
        for jmax, la1, la2, imax, seeds in groups)
    return choice(3 if delta else 2, preamble(False, True, False) + u16(i_rev) + u8(index) + individual)


def crl(certificate, craca, series, issue, next_, body, *, psid=0x100, generation=None, **how):
    contents = b"\1" + u16(series) + craca + u32(issue) + u32(next_) + b"\0" + body
    return signed_data(certificate, contents, header(psid, generation), **how)


def series_of(initial, steps=(), default=None):
    """A temporal series: initial value and (start, value) steps, values encoded."""
    head = b"" if default is None else preamble(initial != default)
    return head + (initial if initial != default else b"") + sequence_of(u64(t) + v for t, v in steps)


def duration(unit, n):
    return choice(DURATION[unit], u16(n))


POLICY_FIELDS = ["scmsVersion", "chainId", "tolerance", "iPeriod", "minCerts", "model", "supply", "requestAge", "shuffle", "hashSize",
                 "retrieval", "rseValidity", "rseOverlap"]


def scms_extension(quorum=None, removed=(), magic=b"SCMS", version=1):
    """Our ScmsPolicyExtension; quorum: (initial, [(start, value)]) or None."""
    body = preamble(False, quorum is not None) + magic + u8(version)
    if quorum is not None:
        body += u8(quorum[0]) + sequence_of(u64(t) + u8(v) for t, v in quorum[1])
    return body + sequence_of(removed)


def global_policy(fields, extension=None):
    """fields: encoded series by name of POLICY_FIELDS."""
    return preamble(extension is not None, *(f in fields for f in POLICY_FIELDS)) + \
        b"".join(fields[f] for f in POLICY_FIELDS if f in fields) + (additions(*extension) if extension is not None else b"")


def local_policy():
    """LocalPolicyData without any parameter."""
    return preamble(*[False] * 10)


def tbs_policy(generation, active, policy, policy_id=b"test"):
    return b"\0" + octets(policy_id) + u64(generation) + u64(active) + policy


def countersignature(certificate, tbs, generation, **how):
    return signed_data(certificate, None, header(0x23, generation), external=how.pop("external", None) or hashlib.sha256(tbs).digest(), **how)


def base_policy(tbs, signatures):
    return b"\0\1" + tbs + sequence_of(signatures)


def policy_file(body, local):
    """ScmsFile with a policy."""
    return b"\1" + choice(1, choice(1 if local else 0, body))


def history(entries):
    """entries: (motion number, form, ballot)."""
    return b"\0\1" + sequence_of(u8(m) + choice(0 if form == 124 else 1, b) for m, form, b in entries)
