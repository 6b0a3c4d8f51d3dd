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

    def __init__(self):
        self.values, self.numbers = [], {}

    def __call__(self, value):
        number = self.numbers.get(value)
        if number is None:
            number = self.numbers[value] = len(self.values)
            self.values.append(value)
        return number


class Answer:
    """What one session did."""

    __slots__ = ('electors', 'roots', 'time', 'rest', 'said', 'report', 'changed', 'removed', 'until', 'reports')


class Wrong(Exception):
    """The factored model is not the model."""


class Factored:
    def __init__(self, rules, files, skew):
        self.rules, self.files, self.skew = rules, files, skew
        self.electors, self.roots, self.rests, self.views = Numbers(), Numbers(), Numbers(), Numbers()
        self.kinds = [self.kind(f.session) for f in files]
        self.answers, self.tails = [{} for _ in files], [{} for _ in files]
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
        known = self.quorums.get((parts[3], now))
        if known is None:
            known = self.quorums[parts[3], now] = self.rules.quorum(self.store(parts), now)
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

    def apply(self, parts, now, place):
        """-> (parts of the new store, answer)"""
        if now + self.skew < self.signed_time(parts):
            return parts, self.back
        view, until = self.view(parts[1])
        kind = self.kinds[place]
        if kind == 'ballots':
            new, answer = self.apply_ballots(parts, now, place, view, until)
        elif kind == 'rest':
            new, answer = self.apply_rest(parts, now, place, view, until)
        else:
            new, answer = self.apply_all(parts, now, place)
        self.asked += 1
        if self.asked % SAMPLE == 0:
            self.compare(parts, now, place, new, answer)
        return new, answer

    def apply_ballots(self, parts, now, place, view, until):
        electors, roots, time, rest = parts
        if until <= self.signed_time(parts):
            return self.apply_all(parts, now, place)
        key = (electors, roots, self.quorum(parts, now), now)
        core = self.answers[place].get(key)
        if core is None:
            core = self.answers[place][key] = self.judge((electors, roots, 0, rest), now, place)
        chain = None
        if core.removed or self.files[place].session.chain:
            key = (core.removed, view, rest, now)
            tail = self.tails[place].get(key)
            if tail is None:
                tail = self.tails[place][key] = self.judge((electors, roots, 0, rest), now, place)
            rest, chain = tail.rest, tail.said.chain
        time = max(time, core.time)
        if min(until, core.until) <= max(time, self.rest_time(rest)):
            return self.apply_all(parts, now, place)
        new = (core.electors, core.roots, time, rest)
        changed = new != parts
        answer = core.reports.get((chain, changed))
        if answer is None:
            answer = core.reports[chain, changed] = Answer()
            answer.changed, answer.said = changed, core.said._replace(chain=chain, changed=changed)
            answer.report = canonical.digest(canonical.report(self.files[place].session, answer.said))
        return new, answer

    def apply_rest(self, parts, now, place, view, until):
        key = (view, parts[3], now)
        answer = self.answers[place].get(key)
        if answer is None:
            answer = self.answers[place][key] = self.judge((parts[0], parts[1], 0, parts[3]), now, place)
        if until <= max(parts[2], self.rest_time(answer.rest)):
            return self.apply_all(parts, now, place)
        return (parts[0], parts[1], parts[2], answer.rest), answer

    def apply_all(self, parts, now, place):
        key = parts + (now,)
        answer = self.answers[place].get(key)
        if answer is None:
            answer = self.answers[place][key] = self.judge(parts, now, place)
        return (answer.electors, answer.roots, answer.time, answer.rest), answer

    def judge(self, parts, now, place):
        """The plain model; whatever changes a store is held against the invariants."""
        store, session = self.store(parts), self.files[place].session
        new, said = self.rules.apply(store, now, session)
        if new != store:
            invariants.check_step(self.rules, store, new, now, session)
        answer = Answer()
        answer.electors, answer.roots, answer.time, answer.rest = self.parts(new)
        answer.said, answer.changed, answer.reports = said, said.changed, {}
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
        key = (parts[0], parts[1], self.quorum(parts, now), now)
        known = self.members_seen.get(key)
        if known is None:
            known = canonical.digest(canonical.members(self.rules, self.store(parts), now))
            self.members_seen[key] = known
        return known

    def status(self, parts, now):
        key = (parts[1], parts[3], now)
        known = self.status_seen.get(key)
        if known is None:
            known = self.status_seen[key] = canonical.digest(canonical.status(self.rules, self.store(parts), now))
        return known
