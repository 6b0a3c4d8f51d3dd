# SPDX-License-Identifier: Apache-2.0
"""From bytes to the model's records: certificates, ballots and files, decoded and verified by conformance/plain."""

import functools
import hashlib
from typing import NamedTuple

from plain import linkage
from plain.codec import Refused, decode, encode
from plain.verify import CertificateView, SignedView, alternative
from records import (CARRIERS, SECOND, YEAR,
                     Ballot, Cert, Chain, Crl, Group, Policy, Signed, Tbs, Vote)
from regions import Region

UNIT = {'microseconds': 1, 'milliseconds': 1000, 'seconds': SECOND, 'minutes': 60 * SECOND, 'hours': 3600 * SECOND,
        'sixtyHours': 216_000 * SECOND, 'years': YEAR}
PSID_SCMS, PSID_CRL = 0x23, 0x100
MAGIC = b'SCMS'


class BadFile(Exception):
    """Nothing of the file is used; the reason is that of conformance.md."""


def reason_of(refused):
    """The codec tells in words what is wrong; conformance.md tells three kinds apart."""
    said = str(refused)
    if 'nested too deeply' in said:
        return 'LIMIT_DEPTH'
    for words in ('not minimal', 'padding bits', 'equals its default', 'extension bitmap'):
        if words in said:
            return 'NOT_CANONICAL'
    return 'MALFORMED'


def decode_either(names, data, depth):
    """(name, value) of the first of these types that fits."""
    reasons = []
    for name in names:
        try:
            return name, decode(name, data, depth)
        except Refused as refused:
            reasons.append(reason_of(refused))
    for reason in ('LIMIT_DEPTH', 'MALFORMED', 'NOT_CANONICAL'):
        if reason in reasons:
            raise BadFile(reason)


def reads(function):
    """A reader of a file: what its codec refuses makes a bad file."""
    @functools.wraps(function)
    def reader(*arguments):
        try:
            return function(*arguments)
        except Refused as refused:
            raise BadFile(reason_of(refused)) from None
    return reader


# -- certificates --------------------------------------------------------------------------------------------------


def duration(value):
    (unit, count), = value.items()
    return UNIT[unit] * count


def scms_role(app):
    """The alternative of ScmsSsp that PSID 0x23 has, or None."""
    for psid, ssp in app:
        if psid == PSID_SCMS and isinstance(ssp, bytes):
            try:
                return alternative(decode('ScmsSsp', ssp))[0]
            except Refused:
                return None
    return None


def crl_ssp(app):
    """(is its own CRACA, series) of PSID 0x100, or None."""
    for psid, ssp in app:
        if psid == PSID_CRL and isinstance(ssp, bytes):
            try:
                value = decode('CrlSsp', ssp)
            except Refused:
                return None
            return value['associatedCraca'] == 'isCraca', frozenset(value['crls'])
    return None


def ssp_of(entry):
    """bytes of an opaque SSP, ('bitmap', bytes), or None."""
    if 'ssp' not in entry:
        return None
    kind, value = alternative(entry['ssp'])
    return value if kind == 'opaque' else ('bitmap', value)


class SspRange:
    def __init__(self, value):
        self.kind, self.value = alternative(value) if value else ('all', None)  # absent: any

    def covers(self, ssp):
        if self.kind == 'all':
            return True
        if self.kind == 'opaque':
            return (b'' if ssp is None else ssp) in self.value
        if not isinstance(ssp, tuple):
            return False
        wanted, mask, given = self.value['sspValue'], self.value['sspBitmask'], ssp[1]
        return len(wanted) == len(mask) == len(given) and all(
            g & m == w & m for g, w, m in zip(given, wanted, mask))


def groups_of(entries):
    groups = []
    for entry in entries:
        kind, value = alternative(entry['subjectPermissions'])
        explicit = tuple((row['psid'], SspRange(row.get('sspRange'))) for row in value) if kind == 'explicit' else None
        groups.append(Group(explicit, entry['minChainLength'], entry['chainLengthRange'],
                            bool(entry['eeType'] & 0x80), bool(entry['eeType'] & 0x40)))
    return tuple(groups)


def requested(entries):
    return tuple(row['psid'] for entry in entries for kind, value in [alternative(entry['subjectPermissions'])]
                 if kind == 'explicit' for row in value)


def profile_of(view, tbs, app):
    """'elector' (B4), 'root' (C3) or None."""
    kind, hash_ = alternative(view.value['issuer'])
    fits_key = hash_ == ('sha256' if view.own_curve().width == 32 else 'sha384')
    if view.value['type'] != 'explicit' or kind != 'self' or not fits_key or 'encryptionKey' in tbs:
        return None
    role = scms_role(app)
    if role == 'elector' and len(app) == 1 and 'certIssuePermissions' not in tbs \
            and 'certRequestPermissions' not in tbs and tbs['cracaId'] == bytes(3) and tbs['crlSeries'] == 0:
        return 'elector'
    if role == 'root' and crl_ssp(app) and tbs.get('certIssuePermissions'):
        return 'root'
    return None


def key_name(view):
    """A key is known by its curve and x: who can sign for a point can sign for its negative."""
    form, value = alternative(view.value['toBeSigned']['verifyKeyIndicator'])
    if form != 'verificationKey':
        return 'implicit ' + view.identity.hex()
    point = alternative(value)[1]
    x = alternative(point)[1]
    return '%s %s' % (view.own_curve().name, (x['x'] if isinstance(x, dict) else x or b'').hex())


@reads
def certificate(data):
    """The record of a certificate's bytes; one object for one identity."""
    return cert_of(CertificateView(data))


CERTS = {}


def cert_of(view):
    if view.identity in CERTS:
        return CERTS[view.identity]
    explicit = view.value['type'] == 'explicit'
    if explicit != ('signature' in view.value) or \
            explicit != ('verificationKey' in view.value['toBeSigned']['verifyKeyIndicator']):
        raise Refused('an explicit certificate has a signature and a key, an implicit one neither')
    tbs = view.value['toBeSigned']
    app = tuple((entry['psid'], ssp_of(entry)) for entry in tbs.get('appPermissions', ()))
    start = tbs['validityPeriod']['start'] * SECOND

    @functools.lru_cache(maxsize=None)
    def is_signed_by(issuer):
        above = issuer.view
        if view.is_implicit:
            return view.public(above, above.public()) is not None
        return not above.is_implicit and view.is_signed_by(above)

    cert = Cert(view.identity.hex(), view.id8.hex(), key_name(view), profile_of(view, tbs, app), start,
                start + duration(tbs['validityPeriod']['duration']), functools.lru_cache(maxsize=None)(view.is_signed_by),
                is_signed_by=is_signed_by, issuer=view.issuer.hex() if view.issuer else None,
                id10=(view.id10.hex(),) + ((view.twin_id10.hex(),) if view.twin_id10 else ()),
                craca=tbs['cracaId'].hex(), series=tbs['crlSeries'], app=app, role=scms_role(app), crl_ssp=crl_ssp(app),
                request=requested(tbs.get('certRequestPermissions', ())),
                groups=groups_of(tbs.get('certIssuePermissions', ())),
                region=Region(tbs['region']) if 'region' in tbs else None,
                linkage=tbs['id'].get('linkageData'), raw=view.bytes, view=view)
    return CERTS.setdefault(view.identity, cert)


def public_key(cert, chain):
    """The key that messages of this certificate verify under; ECQV needs the issuer."""
    if not cert.view.is_implicit:
        return cert.view.public()
    return cert.view.public(chain[1].view, chain[1].view.public()) if len(chain) > 1 else None


# -- signed data, votes, ballots -----------------------------------------------------------------------------------


def signer_of(signed):
    """(HashedId8, certificate carried) of whom signed data names; (None, None): nobody."""
    carried = cert_of(signed.certificate) if signed.certificate else None
    return signed.signer_id8.hex() if signed.signer_id8 else None, carried


def by(signed, holds=True):
    """Is the signed data by this certificate?"""
    return functools.lru_cache(maxsize=None)(lambda cert: holds and signed.is_signed_by(cert.view))


def only_generation_time(header):  # B3.1
    return set(header) == {'psid', 'generationTime'} and header['psid'] == PSID_SCMS


def endorsement(payload, form, depth):
    """The TbsElectorEndorsement, or None where there is no canonical one (C1), and the certificate in a 1.2.1 one."""
    try:
        value = decode('ScmsPDU' if form == 124 else 'ScmsPDU121', payload, depth)
    except Refused:
        return None, None
    kind, tbs = alternative(value['content']['ccm'])
    if kind != 'tbsElectorEndorsement':
        return None, None
    if form == 124:
        return Tbs(tbs['type'], tbs['certificateHash'].hex(), tbs['generationTime'] * SECOND), None
    try:
        inside = cert_of(CertificateView(None, tbs['certificate']))
    except Refused:
        return None, None
    return Tbs(tbs['type'], inside.identity, tbs.get('effectiveTime', 0)), inside


def vote_of(value, form, depth):
    """(vote, certificate endorsed by its hash's preimage where the form has it)."""
    kind, content = alternative(value['content'])
    if kind != 'signedData':
        return Vote(None, None, encode('Ieee1609Dot2Data', value), None, False, 0, lambda cert: False), None
    signed = SignedView(content)
    signer, carried = signer_of(signed)
    tbs, inside = endorsement(signed.payload, form, depth) if signed.payload is not None else (None, None)
    header_ok = only_generation_time(signed.header) and signed.external is None
    return Vote(signer, carried, signed.payload or b'', tbs, header_ok, signed.header.get('generationTime', 0),
                by(signed)), inside


def ballot_of(carrier, index, motion, value, form, depth):
    votes = [vote_of(vote, form, depth) for vote in value['endorsements']]
    subject = cert_of(CertificateView(None, value['certificate'])) if form == 124 else votes[0][1]
    data = encode('ElectorBallot' if form == 124 else 'ElectorBallot121', value)
    return Ballot(carrier, index, motion, subject, tuple(vote for vote, _ in votes), hashlib.sha256(data).hexdigest())


def ballots_of(carrier, values, form, limits):
    if len(values) > limits['ballots']:
        raise BadFile('LIMIT_BALLOTS')
    return tuple(ballot_of(carrier, index, CARRIERS[carrier], value, form, limits['depth'])
                 for index, value in enumerate(values))


# -- files ---------------------------------------------------------------------------------------------------------


@reads
def chain_file(data, limits):
    """(chain record, its ballots)"""
    name, value = decode_either(('ScmsFile', 'ScmsFile121'), data, limits['depth'])
    form = 124 if name == 'ScmsFile' else 121
    kind, content = alternative(value['content'])
    if kind != 'cert-chain':
        raise BadFile('MALFORMED')
    kind, file = alternative(content)
    is_global = kind == 'globalCertificateChainFile'
    held = file['certStore'] if is_global else file['requiredCertStore']
    version = file['version'] if is_global else file['version']['gccfVersion']
    ballots = ballots_of('electorEndorsements', held['electorEndorsements'], form, limits) \
        + ballots_of('rootCAEndorsements', held['rootCAEndorsements'], form, limits)
    values = held['certs'] + ([] if is_global else file['optionalCertList'])
    if len(values) > limits['certificates']:
        raise BadFile('LIMIT_CERTIFICATES')
    certs = frozenset(cert_of(CertificateView(None, v)) for v in [held['maCertificate']] + values)
    return Chain(version, hashlib.sha256(data).hexdigest(), certs), ballots


@reads
def composite_crl(data, limits):
    """(CRL records, None for one that is none; ballots)"""
    name, value = decode_either(('CompositeCrl', 'CompositeCrl121'), data, limits['depth'])
    form = 124 if name == 'CompositeCrl' else 121
    ballots = ballots_of('revokedElectors', value['revokedElectors'], form, limits) \
        + ballots_of('revokedRootCAs', value['revokedRootCAs'], form, limits)
    return tuple(crl_of(entry) for entry in value['securedCrlSeries']), ballots


class Seeds(NamedTuple):
    """One entry of a linkage CRL: the seeds of one device, or of one group."""

    la1: bytes
    seed1: bytes
    la2: bytes
    seed2: bytes
    i_rev: int
    i_max: int
    j_max: int                    # 0: a group

    def lists(self, cert):
        data = cert.linkage
        if data is None or not self.i_rev <= data['iCert'] <= self.i_max:
            return False
        steps = data['iCert'] - self.i_rev
        one, other = linkage.seed(self.la1, self.seed1, steps), linkage.seed(self.la2, self.seed2, steps)

        def value(j):
            return bytes(a ^ b for a, b in zip(linkage.pre_linkage(self.la1, one, j),
                                               linkage.pre_linkage(self.la2, other, j)))
        if self.j_max:
            return any(value(j) == data['linkage-value'] for j in range(self.j_max))
        group = data.get('group-linkage-value')
        return bool(group) and value(int.from_bytes(group['jValue'], 'big')) == group['value']


def seeds_of(value):
    entries = [Seeds(group['la1Id'], one['linkage-seed1'], group['la2Id'], one['linkage-seed2'], value['iRev'],
                     individual['iMax'], by_j['jmax'])
               for by_j in value.get('individual', ()) for group in by_j['contents']
               for individual in group['contents'] for one in individual['contents']]
    return entries + [Seeds(e['la1Id'], e['linkageSeed1'], e['la2Id'], e['linkageSeed2'], value['iRev'], e['iMax'], 0)
                      for e in value.get('groups', ())]


def crl_of(value):
    """A CRL's record; None for signed data that is no CRL, or has a header that CRLs do not have."""
    kind, content = alternative(value['content'])
    if kind != 'signedData':
        return None
    signed = SignedView(content)
    if signed.payload is None or signed.external is not None or signed.header != {'psid': PSID_CRL}:
        return None
    try:
        contents = decode('CrlContents', signed.payload)
    except Refused:
        return None
    kind, body = alternative(contents['typeSpecific'])
    is_hash = kind in ('fullHashCrl', 'deltaHashCrl')
    entries = [entry['id'].hex() for entry in body['entries']] if is_hash else seeds_of(body)
    signer, carried = signer_of(signed)
    return Crl(contents['cracaId'].hex(), contents['crlSeries'], contents['issueDate'] * SECOND,
               contents['nextCrl'] * SECOND, kind.startswith('delta'), body['crlSerial'] if is_hash else None,
               None if is_hash else (body['iRev'], body['indexWithinI']), frozenset(entries),
               Signed(signer, carried, by(signed)), hashlib.sha256(encode('Ieee1609Dot2Data', value)).hexdigest())


@reads
def history(data, limits):
    value = decode('BallotHistory', data, limits['depth'])
    if len(value['entries']) > limits['entries']:
        raise BadFile('LIMIT_BALLOTS')
    ballots = []
    for index, entry in enumerate(value['entries']):
        name, ballot = alternative(entry['ballot'])
        ballots.append(ballot_of('history', index, entry['type'], ballot, 124 if name == 'camp124' else 121,
                                 limits['depth']))
    return tuple(ballots)


def series(value, name, read=lambda v: v):
    """A time series of a policy as the model has it."""
    first, intervals = value['initial' + name], value['intervals']
    return ((0, read(first)),) + tuple(
        (entry['startTime'], read(next(v for k, v in entry.items() if k != 'startTime'))) for entry in intervals)


def extension_of(data):
    """(quorum series or None, removed identities or None): G2."""
    try:
        value = decode('ScmsPolicyExtension', data.get('...', {}).get(0, b''))
    except Refused:
        return None, None
    if value['magic'] != MAGIC or value['version'] != 1:
        return None, None
    return series(value['quorum'], 'Quorum') if 'quorum' in value else None, \
        frozenset(identity.hex() for identity in value['removed'])


def countersignatures(base):
    """Signed records of a BasePolicyFile; each must be over the hash of what is signed, outside it."""
    digest = hashlib.sha256(encode('ToBeSignedPolicyData', base['tbsData'])).digest()
    found = []
    for value in base['signatures']:
        kind, content = alternative(value['content'])
        if kind == 'signedData':
            signed = SignedView(content)
            has_data = 'data' in content['tbsData']['payload']
            over = signed.external == {'sha256HashedData': digest} and not has_data
            found.append(Signed(*signer_of(signed), by(signed, over), only_generation_time(signed.header)))
    return tuple(found)


@reads
def policy(data, limits):
    value = decode('Ieee1609Dot2Data', data, limits['depth'])
    kind, content = alternative(value['content'])
    signed = SignedView(content) if kind == 'signedData' else None
    inner = decode('ScmsFile', signed.payload, limits['depth']) if signed and signed.payload is not None else None
    if inner is None or 'policy' not in inner['content']:
        raise BadFile('MALFORMED')
    kind, file = alternative(inner['content']['policy'])
    is_local = kind == 'localPolicyFile'
    base = file['globalParameters'] if is_local else file
    tbs = base['tbsData']
    kind, body = alternative(tbs['policy'])
    if kind != ('custom' if is_local else 'global') or \
            (is_local and 'local' not in file['localParamters']['tbsData']['policy']):
        raise BadFile('MALFORMED')
    parameters = body['globalPolicy'] if is_local else body
    quorum, removed = extension_of(parameters)
    named = parameters.get('temporalSeriesOfCertChainFileID')
    tolerance = parameters.get('temporalSeriesOfOverdueCrlTolerance')
    return Policy(hashlib.sha256(data).hexdigest(), tbs['generationTime'], tbs['activeTime'], quorum, removed,
                  series(named, 'GlobalCertChainFileID') if named else None,
                  series(tolerance, 'OverdueCrlTolerance', duration) if tolerance else None,
                  Signed(*signer_of(signed), by(signed)), is_local, countersignatures(base),
                  countersignatures(file['localParamters']) if is_local else ())
