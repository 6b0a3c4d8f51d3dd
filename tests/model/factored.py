# SPDX-License-Identifier: Apache-2.0
"""The model's answers, remembered: what a session does depends on a part of the store only.

A store falls into four parts: electors; roots and tombstones; the time of the
newest counted vote; and the rest (policy, CRLs, chain file, own certificates).
Parts are numbered, and a store is a tuple of four numbers. Two kinds of session
are remembered by what they read:

  ballots, with a chain file or without   electors, roots and quorum say what becomes of the ballots; a view of
                                          the roots and the rest say what the chain file and the removal of a root do
  no ballots                              a view of the roots, and the rest

Where time makes the store forget something (a tombstone), and for a session of
any other kind, the whole store is the key. Nothing here is taken for granted:
the library, which is not factored, is asked about every store, and one answer
in SAMPLE is compared with the plain model's.
"""

import canonical
import invariants
from records import REMOVALS, REMOVE_ROOT, YEAR, Report, Store

SAMPLE = 499
NEVER = float('inf')
REST = [name for name in Store._fields if name not in ('electors', 'roots', 'tombstones', 'votes_time')]


class Numbers:
    """Values by number, and back."""

    def __init__(self, bits):
        self.values, self.numbers, self.most = [], {}, 1 << bits

    def __call__(self, value):
        number = self.numbers.get(value)
        if number is None:
            number = self.numbers[value] = len(self.values)
            self.values.append(value)
            if number == self.most:
                raise Wrong('more values than %d' % number)
        return number


class Answer:
    """What one session did."""

    __slots__ = ('electors', 'roots', 'time', 'rest', 'said', 'report', 'changed', 'removed', 'until', 'changing', 'resting')


class Spot:
    """One store at one time, and where the answers of all files lie for it."""

    __slots__ = ('parts', 'now', 'view', 'until', 'signed', 'back', 'cores', 'rests', 'tails')


class Wrong(Exception):
    """The factored model is not the model."""


class Factored:
    def __init__(self, rules, files, skew):
        self.rules, self.files, self.skew = rules, files, skew
        # Of so many bits each, so that dictionaries are looked up by one small integer, many times for each store.
        self.electors, self.roots, self.rests, self.views, self.nows = (Numbers(bits) for bits in (12, 16, 20, 16, 4))
        self.kinds = [self.kind(f.session) for f in files]
        self.chains = [f.session.chain for f in files]
        self.cores, self.rest_answers, self.whole = {}, {}, [{} for _ in files]
        self.quorums, self.times = {}, {}
        self.roots_seen = {}         # number of roots -> (number of their view, when the first tombstone goes)
        self.members_seen, self.status_seen = {}, {}
        self.asked = 0
        self.back = Answer()
        self.back.said, self.back.changed = Report(False, 0, clock_back=True), False
        self.back.report = canonical.digest(canonical.report(None, self.back.said))

    @staticmethod
    def kind(session):
        if not session.ballots:
            return 'rest'
        return 'all' if session.policy or session.crls or session.own else 'ballots'

    # -- stores ----------------------------------------------------------------------------------

    def parts(self, store):
        return (self.electors(store.electors), self.roots((store.roots, store.tombstones)), store.votes_time,
                self.rests(tuple(getattr(store, name) for name in REST)))

    def store(self, parts):
        roots, tombstones = self.roots.values[parts[1]]
        return Store(electors=self.electors.values[parts[0]], roots=roots, tombstones=tombstones, votes_time=parts[2],
                     **dict(zip(REST, self.rests.values[parts[3]])))

    def quorum(self, parts, now):
        key = parts[3] | self.nows(now) << 20
        known = self.quorums.get(key)
        if known is None:
            known = self.quorums[key] = self.rules.quorum(self.store(parts), now)
        return known

    def rest_time(self, rest):
        known = self.times.get(rest)
        if known is None:
            known = self.times[rest] = self.rules.signed_time(self.store((0, 0, 0, rest)))
        return known

    def signed_time(self, parts):
        return max(self.rest_time(parts[3]), parts[2])

    def view(self, number):
        """All that chains of certificates see of the roots, and when the first tombstone is forgotten."""
        known = self.roots_seen.get(number)
        if known is None:
            roots, tombstones = self.roots.values[number]
            held = frozenset((root.cert, len(root.endorsers), root.quorum, root.voted) for root in roots)
            gone = frozenset(tomb.identity for tomb in tombstones if tomb.motion == REMOVE_ROOT)
            until = min((tomb.until for tomb in tombstones), default=NEVER)
            known = self.roots_seen[number] = self.views((held, gone)), until
        return known

    # -- sessions --------------------------------------------------------------------------------

    def spot(self, parts, now):
        """What is the same for all sessions on one store at now."""
        electors, roots, _, rest = parts
        spot = Spot()
        spot.parts, spot.now, spot.signed = parts, now, self.signed_time(parts)
        spot.back = now + self.skew < spot.signed
        spot.view, spot.until = self.view(roots)
        instant = self.nows(now)
        key = electors | roots << 12 | self.quorum(parts, now) << 28 | instant << 36
        spot.cores = self.cores.get(key)
        if spot.cores is None:
            spot.cores = self.cores[key] = [None] * len(self.files)
        key = spot.view | rest << 16 | instant << 36
        known = self.rest_answers.get(key)
        if known is None:
            known = self.rest_answers[key] = [None] * len(self.files), [{} for _ in self.files]
        spot.rests, spot.tails = known
        return spot

    def apply(self, parts, now, place):
        """-> (parts of the new store, answer)"""
        return self.apply_at(self.spot(parts, now), place)

    def apply_at(self, spot, place):
        if spot.back:
            return spot.parts, self.back
        kind = self.kinds[place]
        if kind == 'ballots':
            new, answer = self.apply_ballots(spot, place)
        elif kind == 'rest':
            new, answer = self.apply_rest(spot, place)
        else:
            new, answer = self.apply_all(spot.parts, spot.now, place)
        self.asked += 1
        if self.asked % SAMPLE == 0:
            self.compare(spot.parts, spot.now, place, new, answer)
        return new, answer

    def apply_ballots(self, spot, place):
        electors, roots, time, rest = spot.parts
        if spot.until <= spot.signed:
            return self.apply_all(spot.parts, spot.now, place)
        core = spot.cores[place]
        if core is None:
            core = spot.cores[place] = self.judge((electors, roots, 0, rest), spot.now, place)
        chain = None
        if core.removed or self.chains[place]:
            tails = spot.tails[place]
            tail = tails.get(core.removed)
            if tail is None:
                tail = tails[core.removed] = self.judge((electors, roots, 0, rest), spot.now, place)
            rest, chain = tail.rest, tail.said.chain
        time = max(time, core.time)
        if min(spot.until, core.until) <= max(time, self.rest_time(rest)):
            return self.apply_all(spot.parts, spot.now, place)
        new = (core.electors, core.roots, time, rest)
        changed = core.electors != electors or core.roots != roots or time != spot.parts[2] or rest != spot.parts[3]
        reports = core.changing if changed else core.resting
        answer = reports.get(chain)
        if answer is None:
            answer = reports[chain] = Answer()
            answer.changed, answer.said = changed, core.said._replace(chain=chain, changed=changed)
            answer.report = canonical.digest(canonical.report(self.files[place].session, answer.said))
        return new, answer

    def apply_rest(self, spot, place):
        parts = spot.parts
        answer = spot.rests[place]
        if answer is None:
            answer = spot.rests[place] = self.judge((parts[0], parts[1], 0, parts[3]), spot.now, place)
        if spot.until <= max(parts[2], self.rest_time(answer.rest)):
            return self.apply_all(parts, spot.now, place)
        return (parts[0], parts[1], parts[2], answer.rest), answer

    def apply_all(self, parts, now, place):
        key = parts + (now,)
        answer = self.whole[place].get(key)
        if answer is None:
            answer = self.whole[place][key] = self.judge(parts, now, place)
        return (answer.electors, answer.roots, answer.time, answer.rest), answer

    def judge(self, parts, now, place):
        """The plain model; whatever changes a store is held against the invariants."""
        store, session = self.store(parts), self.files[place].session
        new, said = self.rules.apply(store, now, session)
        if new != store:
            invariants.check_step(self.rules, store, new, now, session)
        answer = Answer()
        answer.electors, answer.roots, answer.time, answer.rest = self.parts(new)
        answer.said, answer.changed, answer.changing, answer.resting = said, said.changed, {}, {}
        answer.report = canonical.digest(canonical.report(session, said))
        gone = [ballot for ballot, (_, verdict) in zip(session.ballots, said.ballots)
                if ballot.motion in REMOVALS and verdict.outcome == 'APPLIED']
        answer.removed = tuple(sorted(ballot.digest for ballot in gone if ballot.motion == REMOVE_ROOT))
        answer.until = min((ballot.subject.end + YEAR for ballot in gone), default=NEVER)
        return answer

    def compare(self, parts, now, place, new, answer):
        plain, said = self.rules.apply(self.store(parts), now, self.files[place].session)
        report = canonical.digest(canonical.report(self.files[place].session, said))
        if self.parts(plain) != new or report != answer.report:
            raise Wrong('session "%s"' % self.files[place].name)

    # -- what is told of a store -----------------------------------------------------------------

    def members(self, parts, now):
        key = parts[0] | parts[1] << 12 | self.quorum(parts, now) << 28 | self.nows(now) << 36
        known = self.members_seen.get(key)
        if known is None:
            known = canonical.digest(canonical.members(self.rules, self.store(parts), now))
            self.members_seen[key] = known
        return known

    def status(self, parts, now):
        key = parts[1] | parts[3] << 16 | self.nows(now) << 36
        known = self.status_seen.get(key)
        if known is None:
            known = self.status_seen[key] = canonical.digest(canonical.status(self.rules, self.store(parts), now))
        return known
