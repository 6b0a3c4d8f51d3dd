# SPDX-License-Identifier: Apache-2.0
"""The small worlds: who is provisioned, which files are about, and the instants at which they arrive.

A world has three to five electors and two roots. Its files are all that a store
may be sent, in any order, any number of times or never: whole updates, updates
of which somebody stripped votes, replays, and what a thief of one key can make.
"""

import itertools

from invariants import reasons_shown, require
from records import ADD_ELECTOR, ADD_ROOT, REMOVE_ELECTOR, REMOVE_ROOT, SECOND, YEAR, Config
from toy import Files, Maker

T0 = 500_000_000 * SECOND  # provisioning
DAY = 86_400 * SECOND


class World:
    def __init__(self, name, depth, instants=(T0 + 10 * DAY,)):
        self.name = name
        self.depth = depth            # sessions that change the store, one after another
        self.instants = instants
        self.make = Maker(name)
        self.files = []
        self.certs = self.own = ()
        self.clock = 0
        self.pairs = 2                # E2 is checked for all pairs of files in stores up to this depth, if one looks deeper

    def check(self, model, stores):
        """What must hold in this world beside the invariants, of all stores that were reached."""

    def electors_(self, names, start=T0 - YEAR, years=12, **more):
        return [self.make.elector(name, start, years, **more) for name in names]

    def provision(self, electors, roots, certs=(), own=(), **config):
        self.electors, self.roots, self.certs, self.own = electors, roots, certs, own
        config.setdefault('quorum', 2)
        config.setdefault('max_tombstones', 24)  # more than a world fills: small stores are soon copied
        config.setdefault('floor', 2)
        config.setdefault('ceiling', max(config['floor'], len(electors) - 1))
        self.config = Config(now=T0, **config)

    def made(self):
        """Another time for another vote."""
        self.clock += 1
        return T0 + self.clock * 60 * SECOND

    def ballot(self, motion, subject, voters, form=124, time=None, **more):
        """A ballot by these electors; all its votes are new."""
        time = T0 + DAY if time is None else time
        return self.make.ballot(motion, subject, time, [(voter, self.made()) for voter in voters], form, **more)

    def votes(self, motion, subject, voters, form=124, time=None):
        """Votes to be delivered in any company."""
        time = T0 + DAY if time is None else time
        return [self.make.vote(voter, motion, subject, time, self.made(), form) for voter in voters]

    def join(self, motion, subject, votes, form=124, time=None):
        """A ballot of votes made before: what is left of an update, or what an elector has joined later."""
        return self.make.ballot(motion, subject, T0 + DAY if time is None else time, votes, form)

    def add(self, name, **parts):
        self.files.append(Files(name, **parts))

    def history(self, name, *ballots):
        self.add(name, history=self.make.history(ballots))

    def composite(self, name, roots=(), electors=(), crls=()):
        self.add(name, crl=self.make.composite(roots, electors, crls))


def replacement():
    """Days 1 to 5 of the seeds, from every angle: an elector is lost, another takes its place, roots change hands.
    Both endorsement forms, votes lost on the way, a stolen key that goes on voting."""
    w = World('replacement', 5)
    a, b, c, d = w.electors_('ABCD')
    thief, = w.electors_('X')
    r1, r2 = w.make.root('r1', T0 - YEAR, 17), w.make.root('r2', T0 - YEAR, 17)
    w.provision([a, b, c], [r1])
    for pair in ([b, c], [a, c]):
        w.composite('-A by %d' % len(w.files), electors=[w.ballot(REMOVE_ELECTOR, a, pair)])
    w.composite('-A 1.2.1', electors=[w.ballot(REMOVE_ELECTOR, a, [c, b], 121, T0 + 2 * DAY)])
    w.composite('-A by D', electors=[w.ballot(REMOVE_ELECTOR, a, [b, d])])
    w.composite('-B by thief', electors=[w.ballot(REMOVE_ELECTOR, b, [a, d])])
    w.composite('-D', electors=[w.ballot(REMOVE_ELECTOR, d, [b, c])])
    votes_d = w.votes(ADD_ELECTOR, d, [a, b, c])
    for pair in itertools.combinations(votes_d, 2):
        w.history('+D %d' % len(w.files), w.join(ADD_ELECTOR, d, list(pair)))
    w.history('+D 1.2.1', w.ballot(ADD_ELECTOR, d, [b, c], 121, 0))
    w.history('+X', w.ballot(ADD_ELECTOR, thief, [a, thief]))
    w.history('+X with D', w.ballot(ADD_ELECTOR, thief, [a, d]))
    for root, name in ((r1, 'R1'), (r2, 'R2')):
        votes = w.votes(ADD_ROOT, root, [a, b, c, d])
        for group in itertools.combinations(votes, 2):
            w.history('+%s %d' % (name, len(w.files)), w.join(ADD_ROOT, root, list(group)))
        w.history('+%s all' % name, w.join(ADD_ROOT, root, votes))
        w.composite('-%s' % name, roots=[w.ballot(REMOVE_ROOT, root, [b, c])])
        w.composite('-%s by D' % name, roots=[w.ballot(REMOVE_ROOT, root, [c, d], 121, T0 + 3 * DAY)])
    late = [w.ballot(ADD_ELECTOR, d, [b, c], time=T0 + 2 * DAY), w.ballot(ADD_ELECTOR, thief, [c, d]),
            w.ballot(ADD_ROOT, r1, [b, c, thief]), w.ballot(ADD_ROOT, r2, [b, c, thief])]
    w.history('late voter', *late)  # who comes in in round 2 has voted for roots that round 1 holds (A3)
    w.add('day 4', crl=w.make.composite((), [w.ballot(REMOVE_ELECTOR, a, [b, c], time=T0 + 4 * DAY)]),
          chain=w.make.chain_file(4, [w.ballot(ADD_ROOT, r1, [b, d])], [w.ballot(ADD_ELECTOR, d, [b, c])], ma=r1))
    return w


def stripping():
    """Five electors, quorum 2: F1 from every company of votes, and what removals take away from it again."""
    w = World('stripping', 4)
    a, b, c, d, e = w.electors_('ABCDE')
    r1, r2 = w.make.root('r1', T0 - YEAR, 17), w.make.root('r2', T0 - YEAR, 17)
    w.provision([a, b, c, d, e], [r1], quorum=2, ceiling=4)
    for root in (r1, r2):
        for size in (2, 3):
            for group in itertools.combinations([a, b, c, d, e], size):
                w.history('+ %d' % len(w.files), w.ballot(ADD_ROOT, root, group))
    for gone, by in ((a, [b, c]), (b, [c, d]), (c, [d, e]), (d, [e, a]), (e, [a, b])):
        for form in (124, 121):
            w.composite('- %d' % len(w.files), electors=[w.ballot(REMOVE_ELECTOR, gone, by, form, w.made())])
    w.composite('-R2', roots=[w.ballot(REMOVE_ROOT, r2, [a, e])])
    return w


def quorum():
    """Policies raise and lower the quorum, now and later; a thief of the PG's key tries; the PG's root goes."""
    later = T0 + 20 * DAY
    w = World('quorum', 5, (T0 + 10 * DAY, T0 + 30 * DAY))
    a, b, c, d, e = w.electors_('ABCDE')
    r1, r2 = w.make.root('r1', T0 - YEAR, 17), w.make.root('r2', T0 - YEAR, 17)
    pg, pg2 = w.make.component('pg', 'pg', r1, T0 - YEAR, 4), w.make.component('pg2', 'pg', r2, T0 - YEAR, 4)
    w.provision([a, b, c, d], [r1], certs=[pg], quorum=2, ceiling=3)
    days = iter(range(1, 99))

    def policy(name, by=pg, **more):
        w.add(name, policy=w.make.policy(by, T0 + next(days) * 3600 * SECOND, **more), certs=[by])

    policy('m=3', quorum=3)
    policy('m=1', quorum=1)
    policy('m=255', quorum=255)
    policy('m=2 later 3', quorum=2, later=((later, 3),), removed=[d])
    policy('m=3 at last', quorum=3, active=later, version=5)
    policy('silent', version=7)
    policy('m=2 of r2', by=pg2, quorum=2, removed=[a, r1])
    w.add('forged', policy=w.make.policy(pg, T0 + 8 * DAY, quorum=3, by=pg2), certs=[pg2])
    for subject, votes in ((r1, w.votes(ADD_ROOT, r1, [a, b, c, d])), (r2, w.votes(ADD_ROOT, r2, [a, b, c, d]))):
        for size in (2, 3):
            for group in list(itertools.combinations(votes, size))[:3]:
                w.history('+ %d' % len(w.files), w.join(ADD_ROOT, subject, list(group)))
        w.composite('- %d' % len(w.files), roots=[w.join(REMOVE_ROOT, subject, w.votes(REMOVE_ROOT, subject, [b, c, d]))])
    w.composite('-R1 by 2', roots=[w.ballot(REMOVE_ROOT, r1, [a, b])])
    for gone, by in ((a, [b, c, d]), (d, [a, b]), (c, [a, b, d])):
        w.composite('- %d' % len(w.files), electors=[w.ballot(REMOVE_ELECTOR, gone, by)])
    w.history('+E', w.ballot(ADD_ELECTOR, e, [a, b]))
    w.history('+E by 3', w.ballot(ADD_ELECTOR, e, [a, b, c]))
    w.add('all at once', policy=w.make.policy(pg2, T0 + 9 * DAY, quorum=3),
          crl=w.make.composite([w.ballot(REMOVE_ROOT, r1, [a, b, c])]),
          chain=w.make.chain_file(9, [w.ballot(ADD_ROOT, r2, [a, b, c])], certs=[pg2]))
    return w


def expiry():
    """Electors and a root whose time runs out between sessions; who makes way, and whose vote still stands."""
    w = World('expiry', 5, (T0 + 10 * DAY, T0 + 400 * DAY, T0 + 800 * DAY, T0 + 1600 * DAY))
    a, b = w.electors_('AB', years=2)               # expire after the first year
    c, = w.electors_('C', years=3)                  # after the second
    d, e = w.electors_('DE')
    f, = w.electors_('F', start=T0 + 300 * DAY)     # begins later
    r1, r2 = w.make.root('r1', T0 - YEAR, 3), w.make.root('r2', T0 - YEAR, 17)
    w.provision([a, b, c], [r1], max_electors=4, ceiling=2)
    for late in (T0 + DAY, T0 + 350 * DAY, T0 + 700 * DAY):
        for voters in ([a, b], [b, c], [c, d], [d, e], [d, f]):
            for motion, subject in ((ADD_ROOT, r2), (ADD_ELECTOR, e), (ADD_ELECTOR, d), (ADD_ELECTOR, f)):
                if subject not in voters and (late > T0 + 300 * DAY or f not in voters):
                    votes = [w.make.vote(v, motion, subject, T0 + DAY, late + w.made() - T0) for v in voters]
                    w.history('%s %d' % (motion, len(w.files)), w.join(motion, subject, votes))
    for gone, by in ((a, [b, c]), (c, [d, e]), (b, [d, e])):
        w.composite('- %d' % len(w.files), electors=[w.ballot(REMOVE_ELECTOR, gone, by, time=T0 + 5 * DAY)])
    w.composite('-R1', roots=[w.ballot(REMOVE_ROOT, r1, [b, c])])
    votes = [w.make.vote(v, REMOVE_ROOT, r1, T0 + DAY, T0 + 1500 * DAY) for v in (d, e)]
    w.composite('-R1 late', roots=[w.join(REMOVE_ROOT, r1, votes)])
    return w


def room():
    """A store with hardly any room: three electors, two roots, nine tombstones; strangers are removed in vain."""
    w = World('room', 5, (T0 + 10 * DAY, T0 + 700 * DAY))
    a, b, c, d, e = w.electors_('ABCDE')
    s = [w.make.elector('s%d' % n, T0 - YEAR, 2) for n in range(6)]  # strangers; expire after the first year
    roots = [w.make.root('r%d' % n, T0 - YEAR, 17) for n in range(1, 4)]
    w.provision([a, b, c], roots[:1], max_electors=4, max_roots=2, max_tombstones=8)
    for n, stranger in enumerate(s):
        w.composite('-s%d' % n, electors=[w.ballot(REMOVE_ELECTOR, stranger, [[a, b], [b, c]][n % 2])])
        votes = [w.make.vote(v, REMOVE_ELECTOR, stranger, T0 + DAY, T0 + 690 * DAY + w.made() - T0) for v in (a, b, c)]
        w.history('-s%d late' % n, w.join(REMOVE_ELECTOR, stranger, votes))
        w.history('+s%d' % n, w.ballot(ADD_ELECTOR, stranger, [a, c]))
    for new in (d, e):
        w.history('+ %d' % len(w.files), w.ballot(ADD_ELECTOR, new, [a, b]))
        w.history('+ %d' % len(w.files), w.ballot(ADD_ELECTOR, new, [b, c]))
        w.composite('- %d' % len(w.files), electors=[w.ballot(REMOVE_ELECTOR, new, [a, b])])
    for root in roots:
        w.history('+ %d' % len(w.files), w.ballot(ADD_ROOT, root, [a, b]))
        w.composite('- %d' % len(w.files), roots=[w.ballot(REMOVE_ROOT, root, [a, b, c])])
    for gone, by in ((a, [b, c]), (b, [c, d])):
        w.composite('- %d' % len(w.files), electors=[w.ballot(REMOVE_ELECTOR, gone, by)])
    return w


def confusion():
    """Same keys, wrong carriers, wrong kinds, junk votes: nothing of it may pass, and nothing may suppress the rest."""
    w = World('confusion', 4)
    a, b, c, d = w.electors_('ABCD')
    r1, r2 = w.make.root('r1', T0 - YEAR, 17), w.make.root('r2', T0 - YEAR, 17)
    d2 = w.make.elector('D again', T0 - YEAR, 12, key=d.x)            # same key, new certificate
    r1e = w.make.elector('R1 as elector', T0 - YEAR, 12, key=r1.x)
    liar = w.make.elector('liar', T0 - YEAR, 12, honest=False)        # self-signature does not verify
    w.provision([a, b, c], [r1])
    for subject in (d, d2, r1e, liar):
        votes = w.votes(ADD_ELECTOR, subject, [a, b, c])
        for pair in itertools.combinations(votes, 2):
            w.history('+ %d' % len(w.files), w.join(ADD_ELECTOR, subject, list(pair)))
        w.composite('- %d' % len(w.files), electors=[w.ballot(REMOVE_ELECTOR, subject, [a, b])])
    for voters in ([a, a], [a, r1], [a, a, b], [d, d2], [a, d]):
        w.history('2 %d' % len(w.files), w.ballot(ADD_ROOT, r2, voters))
    add_r2, remove_r2 = w.ballot(ADD_ROOT, r2, [a, b]), w.ballot(REMOVE_ROOT, r2, [a, c])
    add_d, remove_a = w.ballot(ADD_ELECTOR, d, [b, c]), w.ballot(REMOVE_ELECTOR, a, [b, c])
    w.composite('wrong carriers', roots=[add_r2, remove_a], electors=[add_d, remove_r2])
    w.composite('right carriers', roots=[remove_r2], electors=[remove_a])
    w.add('wrong too', chain=w.make.chain_file(1, [remove_r2, add_d], [add_r2, remove_a], ma=r1))
    w.add('right too', chain=w.make.chain_file(2, [add_r2], [add_d], ma=r1))
    time = T0 + DAY
    good = [w.make.vote(v, ADD_ROOT, r2, time, w.made()) for v in (b, c)]
    for junk in ([w.make.vote(b, ADD_ROOT, r2, time, w.made(), honest=False)] * 3,
                 [w.make.vote(b, ADD_ROOT, r2, time, w.made(), honest=False)] * 4,
                 [w.make.vote(b, ADD_ROOT, r2, time, w.made(), header=False)] * 5,
                 [w.make.vote(a, ADD_ROOT, r2, time, w.made(), honest=False, key=d.x)],
                 [w.make.vote(d, ADD_ROOT, r2, time, w.made(), carried=True)],
                 [w.make.vote(a, ADD_ROOT, r2, time, w.made(), carried=True)],
                 [w.make.vote(a, ADD_ROOT, r2, time, T0 + 11 * DAY)],
                 [w.make.vote(a, ADD_ROOT, r2, time, T0 - 2 * YEAR)],
                 [w.make.vote(a, ADD_ROOT, r2, time + SECOND, w.made())],
                 [w.make.vote(a, ADD_ROOT, r1, time, w.made())]):
        w.history('junk first %d' % len(w.files), w.join(ADD_ROOT, r2, junk + good))
        w.history('junk and one %d' % len(w.files), w.join(ADD_ROOT, r2, junk + good[1:]))
        w.history('junk beside %d' % len(w.files), w.join(ADD_ROOT, r2, junk + good), w.ballot(ADD_ROOT, r2, [b, c]))
    w.history('swapped', w.ballot(ADD_ELECTOR, d, [a, b], shown=d2))
    w.history('future', w.ballot(ADD_ELECTOR, d, [a, b], time=T0 + 11 * DAY))
    for gone, by in ((a, [b, c]), (b, [a, c])):
        w.composite('- %d' % len(w.files), electors=[w.ballot(REMOVE_ELECTOR, gone, by)])
    w.composite('-R1', roots=[w.ballot(REMOVE_ROOT, r1, [b, c])])
    return w


def left_behind():
    """A vehicle that slept through two replacements of electors and one of the root catches up by the history."""
    w = World('left behind', 5)
    a, b, c, d, e, f = w.electors_('ABCDEF')
    r1, r2 = w.make.root('r1', T0 - YEAR, 17), w.make.root('r2', T0 - YEAR, 17)
    w.provision([a, b, c], [r1])
    past = [w.ballot(ADD_ELECTOR, d, [b, c], time=T0 + 1 * DAY),
            w.ballot(REMOVE_ELECTOR, a, [b, d], time=T0 + 2 * DAY),
            w.ballot(ADD_ELECTOR, e, [c, d], 121, T0 + 3 * DAY),
            w.ballot(REMOVE_ELECTOR, b, [d, e], time=T0 + 4 * DAY),
            w.ballot(ADD_ELECTOR, f, [d, e], time=T0 + 5 * DAY),
            w.ballot(REMOVE_ELECTOR, c, [e, f], 121, time=T0 + 6 * DAY),
            w.ballot(ADD_ROOT, r2, [d, e, f], time=T0 + 7 * DAY),
            w.ballot(REMOVE_ROOT, r1, [e, f], time=T0 + 8 * DAY)]
    for first in range(len(past)):
        for last in range(first + 1, len(past) + 1):
            if last - first <= 2 or first == 0 or last == len(past):
                w.history('%d to %d' % (first, last), *past[first:last])
    whole = next(place for place, files in enumerate(w.files) if files.name == '0 to %d' % len(past))

    def catches_up(model, stores):
        """H8: whatever part of it all a store has heard, one session with the history brings it up to date; unless it
        heard an elector's removal before a ballot that needs its vote (E2), and then the report names the vote."""
        now = w.instants[0]
        for parts in stores:
            gone = [elector.cert.identity in {tomb.identity for tomb in model.store(parts).tombstones}
                    for elector in (a, b, c)]
            after, answer = model.apply(parts, now, whole)
            store = model.store(after)
            if gone != sorted(gone, reverse=True) and store.electors != {d.cert, e.cert, f.cert}:
                require('VOTER_REVOKED' in reasons_shown(answer.said), 'left behind: a lost vote is not named')
                continue
            require(store.electors == {d.cert, e.cert, f.cert}, 'left behind: electors', store.electors)
            require({root.cert for root in store.roots} == {r2.cert}, 'left behind: roots', store.roots)
            require(all(model.rules.root_status(store, now, root) == 'trusted' for root in store.roots),
                    'left behind: the root is suspended')
    w.check = catches_up
    w.history('backwards', *reversed(past))
    w.history('every other', *past[::2])
    w.history('the others', *past[1::2])
    w.composite('crl', roots=[past[7]])
    w.composite('crl 1.2.1', electors=[past[5]])
    for group in ([d, e], [e, f], [d, f]):
        w.history('+R2 %d' % len(w.files), w.ballot(ADD_ROOT, r2, group))
        w.history('+R1 %d' % len(w.files), w.ballot(ADD_ROOT, r1, group))
    return w


def everything(count, quorum_, depth, instants=(T0 + 10 * DAY, T0 + 30 * DAY), more=False):
    """All kinds of files in one world, that of a CRLG: ballots in both forms, policies, chain files by version, CRLs."""
    later = T0 + 20 * DAY
    w = World('everything %d' % count, depth, instants)
    electors = w.electors_('ABCDE'[:count])
    new, = w.electors_('N')
    r1, r2 = w.make.root('r1', T0 - YEAR, 17), w.make.root('r2', T0 - YEAR, 17)
    pg, pg2 = w.make.component('pg', 'pg', r1, T0 - YEAR, 4), w.make.component('pg2', 'pg', r2, T0 - YEAR, 4)
    crlg = w.make.component('crlg', 'crl', r1, T0 - YEAR, 4, crl_series=(1, 2, 3, 4))
    w.provision(electors, [r1], certs=[pg, crlg], own=[crlg], quorum=quorum_)
    for root in (r1, r2):
        for place in range(count):
            w.history('+ %d' % len(w.files), w.ballot(ADD_ROOT, root, (electors * 2)[place:place + quorum_]))
        w.history('+ %d' % len(w.files), w.ballot(ADD_ROOT, root, [new] + electors[1:quorum_]))
        for form in (124, 121):
            w.composite('- %d' % len(w.files), roots=[w.ballot(REMOVE_ROOT, root, electors[-quorum_:], form, w.made())])
    for place, gone in enumerate(electors):
        by = (electors * 2)[place + 1:place + 1 + quorum_]
        for form in (124, 121):
            w.composite('- %d' % len(w.files), electors=[w.ballot(REMOVE_ELECTOR, gone, by, form, w.made())])
    for form, by in ((124, electors[:quorum_]), (121, electors[-quorum_:])):
        w.history('+ %d' % len(w.files), w.ballot(ADD_ELECTOR, new, by, form))
    w.add('m=3', policy=w.make.policy(pg, T0 + DAY, quorum=3, version=5))
    w.add('m=2 later 3', policy=w.make.policy(pg, T0 + 2 * DAY, quorum=2, later=((later, 3),), removed=[electors[0], r2]))
    w.add('at last', policy=w.make.policy(pg, T0 + 3 * DAY, quorum=2, active=later, version=6))
    w.add('by pg2', policy=w.make.policy(pg2, T0 + 4 * DAY, quorum=3), certs=[pg2])
    for version in (4, 5, 6):
        w.add('chain %d' % version, chain=w.make.chain_file(version, [w.ballot(ADD_ROOT, r2, electors[:quorum_])],
                                                            certs=[pg2]))
    w.add('own', own=[pg2])
    w.composite('PG revoked', crls=[w.make.crl(r1, r1, 256, 1, T0 + 5 * DAY, [pg])])
    w.composite('CRLG revoked', crls=[w.make.crl(r1, r1, 256, 2, T0 + 6 * DAY, [crlg])])
    for series in (3, 4):
        for day in (2, 7):
            w.composite('series %d day %d' % (series, day),
                        crls=[w.make.crl(crlg, r1, series, day, T0 + day * DAY, [pg2] if day == 2 else [])])
    w.composite('series 2', crls=[w.make.crl(crlg, r1, 2, 1, T0 + 2 * DAY, [pg2])])
    w.composite('series 2 again', crls=[w.make.crl(crlg, r1, 2, 2, T0 + 7 * DAY)])
    if more:
        w.add('chain 7', chain=w.make.chain_file(7, [w.ballot(ADD_ROOT, r1, electors[:quorum_])], certs=[pg]))
        w.add('m=2 once more', policy=w.make.policy(pg, T0 + 8 * DAY, quorum=2, version=7, removed=[electors[-1]]))
        w.composite('series 4 day 9', crls=[w.make.crl(crlg, r1, 4, 9, T0 + 9 * DAY, [pg, pg2])])
    return w


# By name; those that take longest first, so that two processes end together.
ALL = {
    'everything 5': lambda: everything(5, 3, 5, (T0 + 10 * DAY,)),
    'everything 4': lambda: everything(4, 2, 5, (T0 + 30 * DAY,), more=True),
    'everything 3': lambda: everything(3, 2, 4),
    'quorum': quorum,
    'stripping': stripping,
    'room': room,
    'replacement': replacement,
    'expiry': expiry,
    'confusion': confusion,
    'left behind': left_behind,
}


def world(name):
    return ALL[name]()
