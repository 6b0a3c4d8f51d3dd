# SPDX-License-Identifier: Apache-2.0
"""The trust rules, as plainly as they are written: who votes, what a ballot does, in which order.

Each method names the rule that it is. (store, now, files) goes in, (new store,
report) comes out (A1); a session is one change or none (A2), because the store
that came in is never touched. What concerns chains of certificates, policies
and CRLs is in authority.py.
"""

from authority import Authority
from records import (ADD_ELECTOR, ADD_ROOT, ADDITIONS, CARRIERS, REMOVALS, REMOVE_ELECTOR, YEAR,
                     Report, Root, Store, Tombstone, Verdict)

TRIES = 4  # A5.3


class Rules(Authority):

    # -- E: a session ---------------------------------------------------------------------------

    def init(self, config, electors, roots, certs=(), own=()):
        """The provisioned store."""
        blank = Store(config, frozenset(electors), frozenset(), certs=frozenset(certs), own=frozenset(own))
        m = self.quorum(blank, config.now)
        return blank._replace(roots=frozenset(Root(cert, frozenset(), m, False) for cert in roots))

    def apply(self, store, now, session):
        """One session (E1)."""
        if now + store.config.skew < self.signed_time(store):  # G6
            return store, Report(False, self.quorum(store, now), clock_back=True)

        old = store
        verdicts = {}  # place in session.ballots -> (round, verdict)
        policy_outcome = None
        for number in range(1, len(session.ballots) + 3):  # E1.1
            before = store
            for place in self.order(session.ballots):
                ballot = session.ballots[place]
                settled = place in verdicts and verdicts[place][1].outcome in ('APPLIED', 'ALREADY')
                if settled and ballot.motion != ADD_ROOT:  # whose set of endorsers may still grow (A3, D2)
                    continue
                store, verdict = self.judge(store, now, ballot)
                if not settled or verdict.outcome == 'APPLIED':
                    verdicts[place] = (number, verdict)
            if session.policy and policy_outcome not in ('ACCEPTED', 'UNCHANGED'):
                store, policy_outcome = self.take_policy(store, now, session)
            if store == before:
                break

        # E1.3
        chain_outcome = own_outcomes = None
        if session.chain:
            store, chain_outcome = self.take_chain(store, now, session)
        store, own_outcomes = self.take_own(store, now, session)
        store, crl_outcomes = self.take_crls(store, now, session)
        store = self.forget_tombstones(store, now)

        report = Report(store != old, self.quorum(store, now),
                        tuple(verdicts[place] for place in range(len(session.ballots))),
                        policy_outcome, chain_outcome, crl_outcomes, own_outcomes)
        return store, report

    def order(self, ballots):
        """The places of removals, then of additions, in E1.2's order: the order in the file is nothing in it."""
        def rank(place):
            ballot = ballots[place]
            time = ballot.votes[0].tbs.time if ballot.votes and ballot.votes[0].tbs else 0
            subject = ballot.subject.identity if ballot.subject else ''
            return (REMOVALS + ADDITIONS).index(ballot.motion), time, subject, ballot.digest
        return sorted(range(len(ballots)), key=rank)

    # -- C: a ballot ----------------------------------------------------------------------------

    def judge(self, store, now, ballot):
        """One ballot against the store as it is at this moment (B7)."""
        m = self.quorum(store, now)
        refusal = next((reason for reason, holds in self.refusals if holds(self, store, now, ballot)), None)
        if refusal:
            return store, Verdict(refusal, m)

        votes, counted = self.count(store, now, ballot)
        if not self.may_check_subject(votes):
            return store, Verdict('QUORUM_NOT_MET', m, votes)
        if not ballot.subject.is_self_signed():  # C5.1
            return store, Verdict('SUBJECT_SIGNATURE', m)
        if self.tally(votes, counted) < m:  # C6
            return store, Verdict('QUORUM_NOT_MET', m, votes)
        return self.effect(store, now, ballot, m, votes, counted)

    def too_many_votes(self, store, now, ballot):  # A5.2
        return len(ballot.votes) > store.config.max_votes

    def tbs_differs(self, store, now, ballot):  # C1
        return any(vote.tbs is None or vote.payload != ballot.votes[0].payload for vote in ballot.votes)

    def type_differs(self, store, now, ballot):  # C2
        return ballot.votes[0].tbs.motion != ballot.motion

    def hash_differs(self, store, now, ballot):  # C4
        return ballot.votes[0].tbs.subject != ballot.subject.identity

    def profile_differs(self, store, now, ballot):  # C3
        return ballot.subject.profile != ('elector' if 'Elector' in ballot.motion else 'root')

    def is_already(self, store, now, ballot):  # D1, D2, D3
        identity = ballot.subject.identity
        if ballot.motion in REMOVALS:
            return store.tombstone(identity) is not None
        if ballot.motion == ADD_ELECTOR:
            return ballot.subject in store.electors
        root = store.root(identity)
        return root is not None and not any(
            elector and elector.identity not in root.endorsers
            for elector in (self.voter(store, vote) for vote in ballot.votes))

    def is_tombstoned(self, store, now, ballot):  # D4.1, D4.2
        return ballot.motion in ADDITIONS and any(
            tomb.identity == ballot.subject.identity or tomb.key == ballot.subject.key for tomb in store.tombstones)

    def is_duplicate(self, store, now, ballot):  # B5
        return ballot.motion in ADDITIONS and any(
            member is not ballot.subject and (member.key == ballot.subject.key or member.h8 == ballot.subject.h8)
            for member in store.members())

    def is_expired(self, store, now, ballot):
        subject = ballot.subject
        if ballot.motion in ADDITIONS:
            return now >= subject.end  # C5.2
        return subject not in store.members() and now > subject.end + YEAR  # D3

    def tbs_is_future(self, store, now, ballot):  # C7
        return ballot.votes[0].tbs.time > now + store.config.skew

    def store_is_full(self, store, now, ballot):  # D8.1
        if ballot.motion not in ADDITIONS or ballot.subject in store.members():
            return False
        members = len(store.members()) + 1
        if ballot.motion == ADD_ELECTOR and len(store.electors) >= store.config.max_electors:
            if not self.makes_way(store, now):  # D8.2
                return True
            members -= 1
        if ballot.motion == ADD_ROOT and len(store.roots) >= store.config.max_roots:
            return True
        return self.free_tombstones(store) < members + 1

    def tombstones_are_full(self, store, now, ballot):  # D8.3
        return ballot.motion in REMOVALS and ballot.subject not in store.members() \
            and self.free_tombstones(store) - 1 < len(store.members()) + 1

    # In the order of conformance.md: the first that holds is reported.
    refusals = (
        ('LIMIT_VOTES', lambda self, *a: self.too_many_votes(*a)),
        ('TBS_MISMATCH', lambda self, *a: self.tbs_differs(*a)),
        ('TYPE_MISMATCH', lambda self, *a: self.type_differs(*a)),
        ('SUBJECT_HASH', lambda self, *a: self.hash_differs(*a)),
        ('SUBJECT_PROFILE', lambda self, *a: self.profile_differs(*a)),
        ('ALREADY', lambda self, *a: self.is_already(*a)),
        ('SUBJECT_TOMBSTONED', lambda self, *a: self.is_tombstoned(*a)),
        ('SUBJECT_DUPLICATE', lambda self, *a: self.is_duplicate(*a)),
        ('SUBJECT_EXPIRED', lambda self, *a: self.is_expired(*a)),
        ('TBS_TIME_FUTURE', lambda self, *a: self.tbs_is_future(*a)),
        ('STORE_FULL', lambda self, *a: self.store_is_full(*a)),
        ('TOMBSTONE_FULL', lambda self, *a: self.tombstones_are_full(*a)),
    )

    def may_check_subject(self, votes):
        """Strangers' ballots are refused without a curve operation (A5): the subject's
        signature is looked at only if some vote was worth looking at."""
        return any(reason in ('COUNTED', 'VOTE_SIGNATURE') for _, reason in votes)

    # -- B: a vote ------------------------------------------------------------------------------

    def voter(self, store, vote):
        """The elector in the store that the vote is by, if any (B1)."""
        if vote.signer is None:
            return None
        elector = store.elector(vote.signer)
        if elector and vote.certificate and vote.certificate.identity != elector.identity:
            return None
        return elector

    def count(self, store, now, ballot):
        """What became of each vote, and the identities of the electors that count -> time of the
        vote, or None where an earlier check stands (D2)."""
        votes, counted, tries = [], {}, {}
        for vote in ballot.votes:
            elector = self.voter(store, vote)
            if elector and self.holds_already(store, ballot, elector) and elector.identity not in counted:
                counted[elector.identity] = None
                reason = 'COUNTED'
            else:
                reason = self.refuse_vote(store, now, ballot, vote, elector, counted, tries)
                if not reason:
                    tries[elector] = tries.get(elector, 0) + 1
                    reason = 'COUNTED' if vote.is_signed_by(elector) else 'VOTE_SIGNATURE'
                    if reason == 'COUNTED':
                        counted[elector.identity] = vote.time
            votes.append((elector.identity if elector else vote.signer, reason))
        return tuple(votes), counted

    def tally(self, votes, counted):
        """Votes are counted over distinct electors (B5)."""
        return len(counted)

    def holds_already(self, store, ballot, elector):
        """D2: the elector's vote for this root was counted before."""
        root = store.root(ballot.subject.identity) if ballot.motion == ADD_ROOT else None
        return root is not None and elector.identity in root.endorsers

    def refuse_vote(self, store, now, ballot, vote, elector, counted, tries):
        """Why the vote does not count, short of its signature; in the order of conformance.md."""
        if not elector:  # B1, B2, D5
            return 'VOTER_REVOKED' if self.was_removed(store, vote) else 'VOTER_UNKNOWN'
        if now < elector.start:  # B2
            return 'VOTER_NOT_YET_VALID'
        if now >= elector.end:  # B2
            return 'VOTER_EXPIRED'
        if elector is ballot.subject:  # B6
            return 'VOTER_IS_SUBJECT'
        if elector.identity in counted or tries.get(elector, 0) >= TRIES:  # B5, A5.3
            return 'VOTER_DUPLICATE'
        if not vote.header_ok:  # B3.1
            return 'VOTE_HEADER'
        if vote.time > now + store.config.skew:  # B3.3
            return 'VOTE_TIME_FUTURE'
        if not elector.start <= vote.time < elector.end:  # B3.2
            return 'VOTE_TIME_OUTSIDE_VALIDITY'
        return None

    def was_removed(self, store, vote):
        return any(tomb.motion == REMOVE_ELECTOR and
                   (tomb.identity == vote.certificate.identity if vote.certificate else tomb.h8 == vote.signer)
                   for tomb in store.tombstones)

    # -- D, F: effects --------------------------------------------------------------------------

    def effect(self, store, now, ballot, m, votes, counted):
        """A ballot that met the quorum."""
        subject = ballot.subject
        if ballot.motion in REMOVALS:
            new = self.remove(store, now, subject, ballot.motion, ballot.votes[0].tbs.time)
        elif ballot.motion == ADD_ELECTOR:
            new = self.add_elector(store, now, subject)
        else:
            new = self.hold_root(store, subject, m, frozenset(counted))
            if new == store:  # D2: nobody new among those that count
                return store, Verdict('ALREADY', m, votes)
        newest = max((time for time in counted.values() if time is not None), default=0)
        new = new._replace(votes_time=max(new.votes_time, newest))  # G6
        return new, Verdict('APPLIED', m, votes)

    def add_elector(self, store, now, subject):  # D1
        electors = store.electors
        if len(electors) >= store.config.max_electors:
            electors = electors - {self.makes_way(store, now)}
        return store._replace(electors=electors | {subject})

    def makes_way(self, store, now):
        """D8.2: the elector that expired first, or None."""
        expired = [elector for elector in store.electors if now >= elector.end]
        return min(expired, key=lambda elector: (elector.end, elector.identity), default=None)

    def hold_root(self, store, subject, m, voters):  # D2, F1, F3
        root = store.root(subject.identity)
        if root is None:
            return store._replace(roots=store.roots | {Root(subject, voters, m, True)})
        held = root._replace(endorsers=root.endorsers | voters, voted=True)
        return store._replace(roots=store.roots - {root} | {held})

    def remove(self, store, now, subject, motion, time):  # D3, D5, D6
        tomb = Tombstone(subject.identity, subject.h8, subject.key, motion, time, subject.end + YEAR)
        store = store._replace(tombstones=store.tombstones | {tomb})
        if motion == REMOVE_ELECTOR:
            return store._replace(electors=store.electors - {subject},
                                  roots=frozenset(self.without_endorser(root, subject) for root in store.roots))
        store = store._replace(roots=frozenset(root for root in store.roots if root.cert is not subject))
        return self.drop_authorities(store, now, time)

    def without_endorser(self, root, elector):  # F1
        return root._replace(endorsers=root.endorsers - {elector.identity})

    def free_tombstones(self, store):
        return store.config.max_tombstones - len(store.tombstones)

    def forget_tombstones(self, store, now):  # D4
        time = min(self.signed_time(store), now)
        kept = frozenset(tomb for tomb in store.tombstones if time <= tomb.until)
        return store if kept == store.tombstones else store._replace(tombstones=kept)

    def root_status(self, store, now, root):
        if now >= root.cert.end:  # F4
            return 'expired'
        if root.voted and len(root.endorsers) < min(root.quorum, self.quorum(store, now)):  # F2, F3
            return 'suspended'
        return 'trusted'

    def elector_status(self, now, elector):
        return 'expired' if now >= elector.end else 'trusted'

    # -- G3, G6: the quorum and the time that the store stands on ---------------------------------

    def policy_quorum(self, store, now):
        """What the policy in force says at now, or provisioning."""
        policy = self.in_force(store, now)
        return self.value_at(policy.quorum, now) if policy and policy.quorum else store.config.quorum

    def quorum(self, store, now):  # G3
        return max(store.config.floor, min(self.policy_quorum(store, now), store.config.ceiling))

    def signed_time(self, store):  # G6
        times = [store.votes_time, store.policy_time or 0]
        times += [series.issued or 0 for series in store.crls]
        return max(times)


def in_carrier_order(ballots):
    """As a report lists them."""
    carriers = list(CARRIERS)
    return sorted(ballots, key=lambda ballot: (carriers.index(ballot.carrier), ballot.index))
