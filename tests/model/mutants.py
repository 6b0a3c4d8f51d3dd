#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that are wrong on purpose, each in one way; the conformance suite must notice every one.

Usage: mutants.py                   the whole suite against the model, which must pass,
                                    then against each mutant, which must fail
       mutants.py --list            their names
       mutants.py NAME init|apply|check|dump ...    the client of that name, for conformance/run.py

Each mutant is the model with a rule left out or misread, as one might."""

import inspect
import multiprocessing
import sys

import client
from client import Client
from records import ADDITIONS, REMOVALS
from rules import Rules


def never(self, *rest):
    return False


# -- B: who may vote --------------------------------------------------------------------------------------------------


class CountsVotesNotVoters(Rules):  # B5
    def tally(self, votes, counted):
        return sum(reason in ('COUNTED', 'VOTER_DUPLICATE') for _, reason in votes)


class TrustsTheEmbeddedCertificate(Rules):  # B1
    def voter(self, store, vote):
        if vote.certificate and vote.certificate.profile == 'elector':
            return vote.certificate
        return super().voter(store, vote)


class LetsRootsVote(Rules):  # B4
    def voter(self, store, vote):
        known = super().voter(store, vote)
        return known or next((r.cert for r in store.roots if r.cert.h8 == vote.signer), None)


class VoteReasons(Rules):
    """Does not refuse a vote for one reason."""

    blind = ()

    def refuse_vote(self, *about):
        reason = super().refuse_vote(*about)
        return None if reason in self.blind else reason


class CountsExpiredVoters(VoteReasons):  # B2
    blind = ('VOTER_EXPIRED',)


class CountsVotersBeforeTheirTime(VoteReasons):  # B2
    blind = ('VOTER_NOT_YET_VALID',)


class LetsTheSubjectVote(VoteReasons):  # B6
    blind = ('VOTER_IS_SUBJECT',)


class IgnoresTheHeader(VoteReasons):  # B3.1
    blind = ('VOTE_HEADER',)


class AcceptsVotesFromTheFuture(VoteReasons):  # B3.3
    blind = ('VOTE_TIME_FUTURE',)


class AcceptsVotesFromAnyTime(VoteReasons):  # B3.2
    blind = ('VOTE_TIME_OUTSIDE_VALIDITY',)


class ForgetsTheClockSkew(Rules):  # B3.3
    def refuse_vote(self, store, now, ballot, vote, elector, counted, tries):
        return super().refuse_vote(store, now, ballot, vote, elector, counted, tries) \
            or ('VOTE_TIME_FUTURE' if vote.time > now else None)


class GivesUpAfterTheFirstJunkVote(Rules):  # A5.3
    def refuse_vote(self, store, now, ballot, vote, elector, counted, tries):
        return 'VOTER_DUPLICATE' if tries.get(elector) else \
            super().refuse_vote(store, now, ballot, vote, elector, counted, tries)


class NeverGivesUp(Rules):  # A5.3
    def refuse_vote(self, store, now, ballot, vote, elector, counted, tries):
        return super().refuse_vote(store, now, ballot, vote, elector, counted, {})


class ChecksNoVoteSignature(Rules):  # B1
    def count(self, store, now, ballot):
        votes = tuple(vote._replace(is_signed_by=lambda cert: True) for vote in ballot.votes)
        return super().count(store, now, ballot._replace(votes=votes))


# -- C: a valid ballot ------------------------------------------------------------------------------------------------


class LooksAtTheFirstTbsOnly(Rules):  # C1
    def tbs_differs(self, store, now, ballot):
        return ballot.votes[0].tbs is None


class IgnoresTheCarrier(Rules):  # C2
    type_differs = never


class DoesTheMotionThatWasSigned(Rules):  # C2
    def judge(self, store, now, ballot):
        tbs = ballot.votes[0].tbs
        return super().judge(store, now, ballot._replace(motion=tbs.motion) if tbs else ballot)


class IgnoresTheHash(Rules):  # C4
    hash_differs = never


class IgnoresTheProfile(Rules):  # C3, B4
    profile_differs = never


class SkipsTheSelfSignature(Rules):  # C5.1
    def judge(self, store, now, ballot):
        new, verdict = super().judge(store, now, ballot)
        if verdict.outcome == 'SUBJECT_SIGNATURE':
            votes, counted = self.count(store, now, ballot)
            if len(counted) >= verdict.quorum:
                return self.effect(store, now, ballot, verdict.quorum, votes, counted)
        return new, verdict


class AddsWhatHasExpired(Rules):  # C5.2
    is_expired = never


class IgnoresTheTbsTime(Rules):  # C7
    tbs_is_future = never


class WantsOneVoteLess(Rules):  # C6
    def tally(self, votes, counted):
        return len(counted) + 1


class WantsOneVoteMore(Rules):  # C6
    def tally(self, votes, counted):
        return len(counted) - 1


class RefusesOldBallots(Rules):  # C7: age alone never invalidates
    def tbs_is_future(self, store, now, ballot):
        return super().tbs_is_future(store, now, ballot) or ballot.votes[0].tbs.time < now - 30 * 86_400_000_000


# -- D: effects -------------------------------------------------------------------------------------------------------


class IgnoresTombstones(Rules):  # D4.1
    is_tombstoned = never


class ForgetsRemovedKeys(Rules):  # D4.2
    def is_tombstoned(self, store, now, ballot):
        return ballot.motion in ADDITIONS and store.tombstone(ballot.subject.identity) is not None


class UnrevokesByANewerBallot(Rules):  # D4.1
    def is_tombstoned(self, store, now, ballot):
        tomb = store.tombstone(ballot.subject.identity)
        return super().is_tombstoned(store, now, ballot) and not (tomb and ballot.votes[0].tbs.time > tomb.time)


class BuriesMembersOnly(Rules):  # D3
    def remove(self, store, now, subject, *rest):
        return super().remove(store, now, subject, *rest) if subject in store.members() else store


class LetsTombstonesGoByTheClock(Rules):  # D4
    def apply(self, store, now, session):
        gone = frozenset(tomb for tomb in store.tombstones if now >= tomb.until)
        return super().apply(store._replace(tombstones=store.tombstones - gone), now, session)


class AllowsTheSameKeyTwice(Rules):  # B5
    is_duplicate = never


class FillsTheStoreToTheLastPlace(Rules):  # D8.1
    def free_tombstones(self, store):
        return store.config.max_tombstones


class BuriesStrangersAmongMembers(Rules):  # D8.3
    tombstones_are_full = never


class LetsAnyElectorMakeWay(Rules):  # D8.2
    def makes_way(self, store, now):
        return min(store.electors, key=lambda elector: elector.end)


class RemovesWhomTheyAdded(Rules):  # D5: members that it helped to add stay
    def without_endorser(self, root, elector):
        return root._replace(endorsers=frozenset() if elector.identity in root.endorsers else root.endorsers)


class KeepsRemovedRootsInItsCache(Rules):  # D6, D7
    def root_faults(self, store, now, top):
        return super().root_faults(store, now, top) - {'ROOT_REVOKED', 'ROOT_SUSPENDED'}


class CountsAKnownRootAnew(Rules):  # D2
    holds_already = never


# -- E: order ---------------------------------------------------------------------------------------------------------


class GoesThroughTheFilesOnce(Rules):  # E1.1
    def apply(self, store, now, session):
        if len(session.ballots) > 1:
            for ballot in [session.ballots[place] for place in self.order(session.ballots)]:
                store, _ = super().apply(store, now, session._replace(
                    ballots=(ballot,), policy=None, chain=None, crls=(), own=()))
            return super().apply(store, now, session._replace(ballots=()))
        return super().apply(store, now, session)


class TakesBallotsAsTheyStand(Rules):  # E1.2
    def order(self, ballots):
        return sorted(range(len(ballots)), key=lambda place: ballots[place].motion in ADDITIONS)


class AddsBeforeItRemoves(Rules):  # E1.1
    def order(self, ballots):
        return sorted(super().order(ballots), key=lambda place: ballots[place].motion in REMOVALS)


class TakesThePolicyFirst(Rules):  # E1.1
    def apply(self, store, now, session):
        if session.policy and session.ballots:
            store, _ = super().apply(store, now, session._replace(ballots=(), chain=None, crls=(), own=()))
        return super().apply(store, now, session)


# -- F: how a root is held --------------------------------------------------------------------------------------------


class IgnoresSuspension(Rules):  # F2
    def root_status(self, store, now, root):
        status = super().root_status(store, now, root)
        return 'trusted' if status == 'suspended' else status


class SuspendsByExpiry(Rules):  # F1: an endorser's expiry takes nothing away
    def root_status(self, store, now, root):
        gone = {elector.identity for elector in store.electors if now >= elector.end}
        return super().root_status(store, now, root._replace(endorsers=root.endorsers - gone))


class SuspendsByWhatAFileLacks(Rules):  # F2
    def apply(self, store, now, session):
        store, said = super().apply(store, now, session)
        for ballot in session.ballots:
            root = store.root(ballot.subject.identity) if ballot.carrier == 'rootCAEndorsements' else None
            if root and root.voted:
                voters = {v.identity for v in (self.voter(store, vote) for vote in ballot.votes) if v}
                store = store._replace(roots=store.roots - {root} | {root._replace(endorsers=root.endorsers & voters)})
        return store, said


class SuspendsProvisionedRoots(Rules):  # F3
    def root_status(self, store, now, root):
        return super().root_status(store, now, root._replace(voted=True))


class MeasuresRootsByTodaysQuorumOnly(Rules):  # F2
    def root_status(self, store, now, root):
        return super().root_status(store, now, root._replace(quorum=255))


class TrustsExpiredRoots(Rules):  # F4
    def root_faults(self, store, now, top):
        return super().root_faults(store, now, top) - {'ROOT_EXPIRED'}


# -- G: policy, versions, freshness -----------------------------------------------------------------------------------


class TakesAnyQuorum(Rules):  # G3
    def quorum(self, store, now):
        return self.policy_quorum(store, now)


class PolicyReasons(Rules):
    """Accepts a policy that one check would refuse."""

    blind = ()

    def take_policy(self, store, now, session):
        new, outcome = super().take_policy(store, now, session)
        if outcome in self.blind:
            return self.enforce_policy(store, now, session.policy, ()), 'ACCEPTED'
        return new, outcome


class AcceptsOldPolicies(PolicyReasons):  # G1.4
    blind = ('ROLLBACK',)


class AcceptsPoliciesFromTheFuture(PolicyReasons):  # G1.4
    blind = ('TIME_FUTURE',)


class AcceptsPoliciesOfAnybody(PolicyReasons):  # G1.1
    blind = ('POLICY_SIGNER',)


class AcceptsPoliciesByTheOuterSignature(PolicyReasons):  # G1.1, G1.2
    blind = ('POLICY_SIGNATURE',)


class ActsOnPoliciesAtOnce(Rules):  # G1.5
    def enforce_policy(self, store, now, policy, chain):
        return super().enforce_policy(store, now, policy._replace(active=now), chain)


class ForgetsTheQuorumOfASilentPolicy(Rules):  # G2
    def enforce_policy(self, store, now, policy, chain):
        return super().enforce_policy(store._replace(policy=None), now, policy, chain)


class RemovesWhatThePolicyLists(Rules):  # G8
    def enforce_policy(self, store, now, policy, chain):
        store = super().enforce_policy(store, now, policy, chain)
        removed = policy.removed or frozenset()
        return store._replace(electors=frozenset(e for e in store.electors if e.identity not in removed))


class ForgetsPolicyWithItsPg(Rules):  # G7
    def drop_authorities(self, store, now, time):
        new = super().drop_authorities(store, now, time)
        return new if new.policy_signer or not store.policy_signer else new._replace(policy=None)


class AcceptsOldChainFiles(Rules):  # G4.1
    def is_older(self, version, than):
        return False


class ComparesVersionsAsNumbers(Rules):  # G4
    def is_older(self, version, than):
        return version < than


class AcceptsTheLongestJump(Rules):  # G4: a difference of exactly 2^15 counts as older
    def is_older(self, version, than):
        return version != than and (version - than) % 65536 > 32768


class RemembersAnyVersion(Rules):  # G4.3
    def is_beyond(self, version, named):
        return False

    def named_version(self, store, now):
        named = super().named_version(store, now)
        return named if named is not None else 0


class IgnoresTheClockGoingBack(Rules):  # G6
    def apply(self, store, now, session):
        return super().apply(store, max(now, self.signed_time(store)), session)


class RemembersTheBareClock(Rules):  # G6
    def apply(self, store, now, session):
        new, said = super().apply(store, now, session)
        return (new if said.clock_back else new._replace(votes_time=max(new.votes_time, now))), said


class AcceptsOldCrls(Rules):  # G5.2
    def refuse_crl_order(self, store, now, crl, held):
        reason = super().refuse_crl_order(store, now, crl, held)
        return None if reason == 'ROLLBACK' else reason


class AcceptsDeltasAlone(Rules):  # G5.3
    def is_base(self, held, crl):
        return True


class LetsAnyCrlgSignAnything(Rules):  # G5.1
    def may_sign(self, chain, crl):
        return True


class UnlistsWithTheCrlg(Rules):  # G5.4
    def drop_authorities(self, store, now, time):
        new = super().drop_authorities(store, now, time)
        return new._replace(crls=frozenset(s._replace(kept=frozenset()) for s in new.crls))


class KeepsARevokedCrlgsDates(Rules):  # G5.4
    def drop_authorities(self, store, now, time):
        new = super().drop_authorities(store, now, time)
        return new._replace(crls=frozenset(
            s if s.issued else next((old for old in store.crls if (old.craca, old.series) == (s.craca, s.series)), s)
            for s in new.crls))


class NeverStale(Rules):  # G5.5
    is_stale = never


class IgnoresTheTwin(Rules):  # G5.6
    def is_listed(self, store, cert):
        return any(entry == cert.id10[0] if isinstance(entry, str) else entry.lists(cert)
                   for s in store.crls if s.series == cert.series for entry in s.listed | s.kept)


class LooksUpTheLeafOnly(Rules):  # G5
    def chain_faults(self, store, now, chain):
        faults = super().chain_faults(store, now, chain)
        return faults if self.is_listed(store, chain[0]) else faults - {'CERT_REVOKED'}


class ChainFaults(Rules):
    """Overlooks one fault of a chain."""

    blind = ''

    def chain_faults(self, store, now, chain):
        return super().chain_faults(store, now, chain) - {self.blind}


class IgnoresPermissions(ChainFaults):  # G9
    blind = 'CERT_PERMISSIONS'


class IgnoresRegions(ChainFaults):  # G9
    blind = 'CERT_REGION'


class ChecksNoSignatureOfChains(ChainFaults):  # B8
    blind = 'CERT_SIGNATURE'


class TrustsWhateverRootIsAtHand(ChainFaults):  # B8
    blind = 'ROOT_UNKNOWN'


class NeverCeases(Rules):  # D6.1
    def own_faults(self, store, now):
        return []


class TakesAnyOwnCertificate(Rules):  # H9
    def take_own(self, store, now, session):
        new = store._replace(own=frozenset(session.own)) if session.own else store
        return new, tuple('ACCEPTED' for _ in session.own)


class StartsAfreshAtReEnrolment(Rules):  # H9
    def take_own(self, store, now, session):
        new, outcomes = super().take_own(store, now, session)
        return (new._replace(tombstones=frozenset()) if 'ACCEPTED' in outcomes else new), outcomes


MUTANTS = {name: kind for name, kind in globals().items()
           if inspect.isclass(kind) and issubclass(kind, Rules) and kind is not Rules
           and kind not in (VoteReasons, PolicyReasons, ChainFaults)}


# -- the suite, in this process -----------------------------------------------------------------------------------------


class Arguments:
    """A client's command line, parsed."""

    def __init__(self, words):
        self.words = words

    def all(self, name):
        return [self.words[k + 1] for k, word in enumerate(self.words) if word == '--' + name]

    def one(self, name):
        return next(iter(self.all(name)), None)


def answer(rules, command, words):
    """What client.main does, without a process."""
    given, who = Arguments(words), Client(rules)
    folder, now = given.one('state'), int(given.one('now') or 0)
    try:
        if command == 'init':
            return who.init(folder, given.one('config'))
        if command == 'apply':
            paths = {name: given.one(name) for name in client.READERS}
            return who.apply(folder, now, paths, given.all('own'), given.all('cert'))
        if command == 'check':
            return who.check(folder, now, given.all('cert'))
        return who.dump(folder, now)
    except client.Usage:
        return client.USAGE, None
    except (client.ClockBack, client.state.Unreadable):
        return client.UNREADABLE, None


def failures(rules, enough):
    """Runs the suite's cases until `enough` have failed -> [(case, what was wrong)]"""
    import cases
    import run

    class InProcess(run.Bench):
        def call(self, command, *words):
            return answer(rules, command, ['--state', str(self.state), *words])

    run.Bench = InProcess
    found = []
    for case in cases.load(run.HERE / 'cases'):
        problem = run.run_case(case, None, None)
        if problem:
            found.append((case.name, problem))
            if len(found) >= enough:
                break
    return found


def judge(name):
    return name, failures(MUTANTS[name](), 1)


def main():
    if len(sys.argv) > 1 and sys.argv[1] == '--list':
        print('\n'.join(MUTANTS))
        return 0
    if len(sys.argv) > 1:
        rules = MUTANTS[sys.argv.pop(1)]()
        return client.main(rules)

    wrong = failures(Rules(), 10)
    for case, problem in wrong:
        print('the model fails %s: %s' % (case, problem))
    with multiprocessing.Pool(2) as pool:  # what has been made and verified so far is shared
        for name, found in pool.imap(judge, MUTANTS):
            print('%-40s %s' % (name, 'fails ' + found[0][0] if found else 'IS NOT NOTICED'))
            if not found:
                wrong.append(name)
    print('%d mutants, %d not noticed' % (len(MUTANTS), sum(isinstance(w, str) for w in wrong)))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
