# SPDX-License-Identifier: Apache-2.0
"""What the rules speak of: certificates, votes, ballots, policies, CRLs, the store.

Nothing here knows bytes. A signature is a question that a record answers
("are you signed by this certificate's key?"); whoever makes the records knows
how. All times are Time64 (microseconds); identities, HashedId8 and keys are
hexadecimal strings, so that they print as they are compared.

Every record is immutable, and two stores are the same store exactly when they
compare equal. Certificates are made once per identity, so comparing them by
object is comparing them by identity.
"""

from typing import Any, Callable, FrozenSet, NamedTuple, Optional, Tuple

SECOND = 1_000_000
YEAR = 31_556_952 * SECOND  # the year of Duration

ADD_ROOT, ADD_ELECTOR, REMOVE_ROOT, REMOVE_ELECTOR = 'addRoot', 'addElector', 'removeRoot', 'removeElector'
REMOVALS = (REMOVE_ELECTOR, REMOVE_ROOT)  # in the order of rule E1.2
ADDITIONS = (ADD_ELECTOR, ADD_ROOT)

# Carrier of a ballot -> the motion that it stands for (C2); history entries declare their own.
CARRIERS = {'revokedElectors': REMOVE_ELECTOR, 'revokedRootCAs': REMOVE_ROOT,
            'electorEndorsements': ADD_ELECTOR, 'rootCAEndorsements': ADD_ROOT, 'history': None}


class Cert:
    """A certificate, as far as the rules look at one."""

    __slots__ = ('identity', 'h8', 'id10', 'key', 'profile', 'start', 'end', 'issuer', 'is_self_signed',
                 'is_signed_by', 'craca', 'series', 'app', 'role', 'crl_ssp', 'request', 'groups', 'region', 'linkage', 'raw', 'view')

    def __init__(self, identity, h8, key, profile, start, end, is_self_signed, **more):
        self.identity: str = identity      # SHA-256 of the canonical form
        self.h8: str = h8                  # its HashedId8
        self.key: str = key                # names its public key, whatever the form it was written in
        self.profile: Optional[str] = profile  # 'elector' (B4), 'root' (C3) or None
        self.start: int = start            # valid in [start, end)
        self.end: int = end
        self.is_self_signed: Callable[[], bool] = is_self_signed  # C5.1
        self.issuer: Optional[str] = more.get('issuer')           # HashedId8 of the issuer; None: self
        self.is_signed_by: Callable[['Cert'], bool] = more.get('is_signed_by')
        self.id10: Tuple[str, ...] = more.get('id10', ())         # HashedId10, and that of the n - s twin (G5.6)
        self.craca: str = more.get('craca', '000000')             # HashedId3
        self.series: int = more.get('series', 0)
        self.app: Tuple = more.get('app', ())                     # ((psid, ssp bytes or None), ...)
        self.role: Optional[str] = more.get('role')               # 'pg', 'ra', ...: the SSP of PSID 0x23
        self.crl_ssp = more.get('crl_ssp')                        # (is_craca, {series, ...}) or None
        self.request: Tuple = more.get('request', ())             # psids of certRequestPermissions
        self.groups: Tuple = more.get('groups', ())               # certIssuePermissions: Group records
        self.region = more.get('region')                          # a region with covers(other), or None
        self.linkage = more.get('linkage')                        # linkageData, or None
        self.raw: bytes = more.get('raw', b'')
        self.view = more.get('view')                              # for whoever made the record

    def __repr__(self):
        return '<%s %s>' % (self.profile or 'cert', self.identity[:8])


class Group(NamedTuple):
    """One PsidGroupPermissions of an issuer."""

    explicit: Optional[Tuple]  # ((psid, range), ...) or None for "all"; a range has covers(ssp)
    least: int                 # minChainLength
    span: int                  # chainLengthRange, -1 without end
    app: bool                  # eeType
    enrol: bool


class Tbs(NamedTuple):
    """A TbsElectorEndorsement: what the electors sign."""

    motion: str
    subject: str    # identity of the certificate that it names (1.2.4) or holds (1.2.1)
    time: int       # generationTime, effectiveTime or 0 (C7)


class Vote(NamedTuple):
    signer: Optional[str]         # HashedId8 of the signer, as said or of the certificate carried; None: no such
    certificate: Optional[Cert]   # the certificate carried as signer (B1), None for the digest form
    payload: bytes                # the scoped TbsElectorEndorsement as received
    tbs: Optional[Tbs]            # the same decoded; None if it is no canonical one (C1)
    header_ok: bool               # B3.1
    time: int                     # generationTime of the header
    is_signed_by: Callable[[Cert], bool]


class Ballot(NamedTuple):
    carrier: str
    index: int
    motion: str                   # that of its carrier or history entry
    subject: Optional[Cert]       # 1.2.4: the ballot's certificate; 1.2.1: the one embedded in the first vote
    votes: Tuple[Vote, ...]
    digest: str                   # SHA-256 of the ballot's bytes


class Policy(NamedTuple):
    """What the global or custom part of a policy file says, and who says so."""

    digest: str
    generation: int
    active: int
    quorum: Optional[Tuple]       # ((start, value), ...), the first with start 0 (G2); None: not given
    removed: Optional[FrozenSet[str]]
    versions: Optional[Tuple]     # named chain file version, a series as quorum
    tolerance: Optional[Tuple]    # overdueCrlTolerance in microseconds, a series as quorum
    outer: 'Signed'               # G1.2
    is_local: bool
    counters: Tuple['Signed', ...]        # countersignatures of the global or custom part (G1.1)
    local_counters: Tuple['Signed', ...]  # those of the local part (G1.3)


class Signed(NamedTuple):
    """One signature with its header, by a signer that is still to be found."""

    signer: Optional[str]
    certificate: Optional[Cert]
    is_signed_by: Callable[[Cert], bool]
    header_ok: bool = True


class Crl(NamedTuple):
    craca: str                    # HashedId8
    series: int
    issued: int
    next: int
    is_delta: bool
    serial: Optional[int]         # hash CRLs
    place: Optional[Tuple]        # linkage CRLs: (iRev, indexWithinI)
    entries: FrozenSet[Any]       # HashedId10 strings, or linkage entries with lists(cert)
    signature: Signed
    digest: str


class Chain(NamedTuple):
    """A chain file without its ballots."""

    version: int
    digest: str
    certificates: FrozenSet[Cert]


class Session(NamedTuple):
    """The files of one session, decoded; None or () where not given."""

    ballots: Tuple[Ballot, ...] = ()
    policy: Optional[Policy] = None
    chain: Optional[Chain] = None
    crls: Tuple[Crl, ...] = ()
    own: Tuple[Cert, ...] = ()
    candidates: FrozenSet[Cert] = frozenset()  # --cert, and all that the files carry (B8)


class Config(NamedTuple):
    """What was provisioned; never changes."""

    quorum: int
    floor: int
    ceiling: int
    now: int
    skew: int = 300 * SECOND
    tolerance: int = 1_209_600 * SECOND
    max_electors: int = 10
    max_roots: int = 10
    max_tombstones: int = 256
    max_votes: int = 64


class Root(NamedTuple):
    cert: Cert
    endorsers: FrozenSet[str]     # F1
    quorum: int                   # m when it was added or provisioned (F2)
    voted: bool                   # held by F1, no longer by provisioning alone (F3)


class Tombstone(NamedTuple):
    identity: str
    h8: str
    key: str
    motion: str
    time: int                     # TBS time of the ballot
    until: int                    # D4


class InForce(NamedTuple):
    """The policy as it acts: what a policy leaves out stays as it was (G2)."""

    digest: Optional[str]         # of the file; None once its PG is gone
    active: int
    quorum: Tuple
    removed: FrozenSet[str]
    versions: Optional[Tuple]
    tolerance: Optional[Tuple]


class Series(NamedTuple):
    """What the store keeps of one CRL series of one CRACA."""

    craca: str
    series: int
    signer: Tuple[Cert, ...]      # the chain of who signed it; () after its removal
    issued: Optional[int]
    next: Optional[int]
    serial: Optional[int]
    place: Optional[Tuple]
    digest: Optional[str]
    listed: FrozenSet[Any]
    kept: FrozenSet[Any]          # listed by signers that are gone (G5.4)
    after: int                    # a new signer's CRL must be newer than this


class Store(NamedTuple):
    config: Config
    electors: FrozenSet[Cert]
    roots: FrozenSet[Root]
    tombstones: FrozenSet[Tombstone] = frozenset()
    votes_time: int = 0           # newest counted vote (G6)
    policy: Optional[InForce] = None
    policy_next: Optional[InForce] = None       # G1.5
    policy_time: Optional[int] = None           # generationTime of the last accepted
    policy_signer: Tuple[Cert, ...] = ()
    policy_after: int = 0                       # G6: newer than the removal of the last PG
    version: Optional[int] = None               # chain file (G4)
    chain_digest: Optional[str] = None
    chain_certs: FrozenSet[Cert] = frozenset()
    certs: FrozenSet[Cert] = frozenset()        # provisioned
    own: FrozenSet[Cert] = frozenset()
    own_issuers: FrozenSet[Cert] = frozenset()
    crls: FrozenSet[Series] = frozenset()

    def elector(self, h8):
        return next((e for e in self.electors if e.h8 == h8), None)

    def root(self, identity):
        return next((r for r in self.roots if r.cert.identity == identity), None)

    def tombstone(self, identity):
        return next((t for t in self.tombstones if t.identity == identity), None)

    def members(self):
        return self.electors | {r.cert for r in self.roots}


class Verdict(NamedTuple):
    """What became of one ballot."""

    outcome: str
    quorum: int
    votes: Tuple = ()             # ((name of the voter, reason), ...)

    @property
    def counted(self):
        return sum(reason == 'COUNTED' for _, reason in self.votes)

    @property
    def alarm(self):              # C6
        return 0 < self.counted < self.quorum


class Report(NamedTuple):
    """What a session did; each tuple goes with that of the session's files, place by place."""

    changed: bool
    quorum: int
    ballots: Tuple = ()           # ((round, verdict), ...)
    policy: Optional[str] = None
    chain: Optional[str] = None
    crls: Tuple = ()
    own: Tuple = ()
    clock_back: bool = False
