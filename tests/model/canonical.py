# SPDX-License-Identifier: Apache-2.0
"""A store and a report as text, the same from the model and from the library (tests/model/driver.c)."""

import hashlib


def digest(text):
    """What the two sides compare: the first eight bytes of SHA-256 of the text, as a number of 64 bits with sign."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], 'big', signed=True)


def flag(value):
    return '1' if value else '0'


def optional(value):
    return '-' if value is None else str(value)


def members(rules, store, now):
    """Electors, roots and tombstones, as the library tells of them at now."""
    m = rules.quorum(store, now)
    lines = []
    for elector in sorted(store.electors, key=lambda cert: cert.identity):
        lines.append('elector %s %s' % (elector.identity, rules.elector_status(now, elector)))
    for root in sorted(store.roots, key=lambda root: root.cert.identity):
        needed = min(root.quorum, m) if root.voted else 0
        lines.append('root %s %s needs %d of %s' % (root.cert.identity, rules.root_status(store, now, root), needed,
                                                    ' '.join(sorted(root.endorsers))))
    for tomb in sorted(store.tombstones):
        lines.append('tombstone %s %s %d until %d' % (tomb.identity, tomb.motion, tomb.time, tomb.until))
    return '\n'.join(lines) + '\n'


def status(rules, store, now):
    """All else but the signed time."""
    m = rules.quorum(store, now)
    lines = ['withheld %s' % identity for identity in rules.withheld(store, now)]
    for series in sorted(store.crls, key=lambda series: (series.craca, series.series)):
        live = series.issued is not None
        lines.append('crl %s %d %d %d %s' % (series.craca, series.series, series.issued if live else 0,
                                             series.next if live else 0, flag(live)))
    lines.append('quorum %d clamped %s' % (m, flag(rules.policy_quorum(store, now) != m)))
    lines.append('version %s policy %s' % (optional(store.version), optional(store.policy_time)))
    faults = rules.own_faults(store, now)
    lines.append('stale %s own %s' % (flag(rules.is_stale(store, now)), faults[0] if faults else 'VALID'))
    return '\n'.join(lines) + '\n'


def dump(rules, store, now):
    """The whole store for people."""
    return members(rules, store, now) + status(rules, store, now) + 'signed %d\n' % rules.signed_time(store)


def report(session, said):
    """A report of one session."""
    if said.clock_back:
        return 'CLOCK_BACK\n'
    lines = ['changed %s quorum %d' % (flag(said.changed), said.quorum)]
    for ballot, (number, verdict) in zip(session.ballots, said.ballots):
        lines.append('%s %d %s %s %s round %d counted %d of %d alarm %s' % (
            ballot.carrier, ballot.index, ballot.motion, ballot.subject.identity if ballot.subject else '-',
            verdict.outcome, number, verdict.counted, verdict.quorum, flag(verdict.alarm)))
        lines += ['  %s %s' % vote for vote in verdict.votes]
    if said.policy:
        lines.append('policy %s' % said.policy)
    if said.chain:
        lines.append('chain %s %d' % (said.chain, session.chain.version))
    lines += ['own %s %s' % (cert.identity, outcome) for cert, outcome in zip(session.own, said.own)]
    lines += ['crl %s %d %s' % (crl.craca, crl.series, outcome) for crl, outcome in zip(session.crls, said.crls)]
    return '\n'.join(lines) + '\n'
