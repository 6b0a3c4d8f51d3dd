# SPDX-License-Identifier: Apache-2.0
"""What must hold whatever the order: checked on every step of the small worlds, apart from the rules themselves.

Each check looks only at the store before, the files, and the store after; who
really signed a vote is asked of the vote, never of the report.
"""

from records import ADD_ELECTOR, ADD_ROOT, REMOVE_ELECTOR, REMOVE_ROOT, YEAR, Session


class Broken(Exception):
    pass


def require(condition, what, *about):
    if not condition:
        raise Broken('%s: %s' % (what, ' '.join(map(str, about))))


def backers(ballot, electors):
    """The electors, of those given, with a vote of their own in the ballot that names its motion and subject."""
    if ballot.subject is None:
        return set()
    return {elector for elector in electors if elector is not ballot.subject and any(
        vote.tbs and vote.tbs.motion == ballot.motion and vote.tbs.subject == ballot.subject.identity
        and vote.header_ok and vote.is_signed_by(elector) for vote in ballot.votes)}


def check_quorum(rules, old, new, now, session):
    """Nothing enters, and nothing leaves for good, without m distinct valid votes."""
    electors = old.electors | new.electors
    least = min(rules.quorum(old, now), rules.quorum(new, now))

    def carried(motion, identity):
        return any(len(backers(ballot, electors)) >= least for ballot in session.ballots
                   if ballot.motion == motion and ballot.subject and ballot.subject.identity == identity)

    for elector in new.electors - old.electors:
        require(carried(ADD_ELECTOR, elector.identity), 'an elector without a quorum', elector)
    known = {root.cert for root in old.roots}
    for root in new.roots - old.roots:
        before = next((r for r in old.roots if r.cert is root.cert), None)
        if root.cert not in known:
            require(carried(ADD_ROOT, root.cert.identity), 'a root without a quorum', root.cert)
        signed = {elector.identity for ballot in session.ballots
                  if ballot.motion == ADD_ROOT and ballot.subject is root.cert for elector in backers(ballot, electors)}
        added = root.endorsers - (before.endorsers if before else frozenset())
        require(added <= signed, 'endorsers that never signed', root.cert, added - signed)
    for tomb in new.tombstones - old.tombstones:
        require(carried(tomb.motion, tomb.identity), 'a removal without a quorum', tomb.identity)
    for root in known - {root.cert for root in new.roots}:
        require(carried(REMOVE_ROOT, root.identity), 'a root is lost', root)
    for elector in old.electors - new.electors:  # the other way out is D8.2
        require(carried(REMOVE_ELECTOR, elector.identity) or now >= elector.end, 'an elector is lost', elector)


def check_removal(rules, old, new):
    """Tombstones stay their time, and what they name stays away, under any certificate."""
    for tomb in old.tombstones - new.tombstones:
        require(rules.signed_time(new) >= tomb.until, 'a tombstone went early', tomb.identity)
    entered = new.members() - old.members()
    for tomb in new.tombstones:
        require(not any(m.identity == tomb.identity for m in new.members()), 'a removed member stays', tomb.identity)
        require(not any(m.key == tomb.key for m in entered), 'a removed key is back', tomb.identity)


def check_roots(rules, old, new, now, session):
    """A root is suspended only by a removal of electors or a change of quorum, never by what a file lacks."""
    dead = {tomb.identity for tomb in new.tombstones}
    dead |= {ballot.subject.identity for ballot in session.ballots  # a tombstone whose time was over as it was set
             if ballot.motion == REMOVE_ELECTOR and ballot.subject and ballot.subject.end + YEAR <= rules.signed_time(new)}
    for root in old.roots:
        after = new.root(root.cert.identity)
        if after is None:
            continue
        was, is_now = rules.root_status(old, now, root), rules.root_status(new, now, after)
        if is_now == 'suspended' and was == 'trusted':
            require(root.endorsers & dead or rules.quorum(old, now) != rules.quorum(new, now), 'a root is suspended',
                    root.cert)
        require(root.endorsers - after.endorsers <= dead, 'an endorser is lost', root.cert)
        require(after.voted or not root.voted, 'a root falls back to provisioning', root.cert)


def check_store(store):
    """Room and uniqueness (D8, B5)."""
    members, config = store.members(), store.config
    require(len(store.electors) <= config.max_electors and len(store.roots) <= config.max_roots, 'too many members')
    require(config.max_tombstones - len(store.tombstones) >= len(members) + 1, 'a member cannot be removed')
    require(len({m.key for m in members}) == len(members), 'one key, two members')
    require(len({m.h8 for m in members}) == len(members), 'one HashedId8, two members')


def check_replay(rules, new, now, session):
    """A3: the same files again change nothing, and the report says so."""
    again, said = rules.apply(new, now, session)
    require(again == new and not said.changed, 'the same files again change the store')
    require(all(verdict.outcome != 'APPLIED' for _, verdict in said.ballots), 'the same files again are applied')
    require(said.policy != 'ACCEPTED' and said.chain not in ('ACCEPTED', 'VERSION_MISMATCH')
            and 'ACCEPTED' not in said.crls + said.own, 'the same files again are accepted')


def check_step(rules, old, new, now, session):
    check_quorum(rules, old, new, now, session)
    check_removal(rules, old, new)
    check_roots(rules, old, new, now, session)
    check_store(new)
    check_replay(rules, new, now, session)


# E2's exceptions: what a report shows when order may matter. VOTER_REVOKED is the lost vote that it must name.
ORDER_MATTERS = {'VOTER_REVOKED', 'SUBJECT_DUPLICATE', 'SUBJECT_TOMBSTONED', 'STORE_FULL', 'TOMBSTONE_FULL'}


def settle(model, parts, now, sessions):
    """The sessions again and again until nothing changes -> the store, and all reasons that showed."""
    reasons = set()
    for _ in range(64):
        before = parts
        for place in sessions:
            parts, answer = model.apply(parts, now, place)
            reasons |= reasons_shown(answer.said)
        if parts == before:
            return model.store(parts), reasons
    raise Broken('sessions that never settle')


def reasons_shown(said):
    reasons = set()
    for _, verdict in said.ballots:
        reasons.add(verdict.outcome)
        if verdict.outcome not in ('APPLIED', 'ALREADY'):
            reasons.update(reason for _, reason in verdict.votes)
    return reasons


def settle_together(model, parts, now, sessions):
    """All their ballots in one session, until nothing changes."""
    store, reasons = model.store(parts), set()
    ballots = sum((model.files[place].session.ballots for place in sessions), ())
    for _ in range(64):
        before = store
        store, said = model.rules.apply(store, now, Session(ballots))
        reasons |= reasons_shown(said)
        if store == before:
            return store, reasons
    raise Broken('a session that never settles')


def check_order(model, parts, now, one, other):
    """E2: the same set of files, in any order and grouping, gives the same electors and roots. True if it was one of
    the listed exceptions."""
    ends = [settle(model, parts, now, [one, other]), settle(model, parts, now, [other, one])]
    if all(model.kinds[place] == 'ballots' for place in (one, other)):
        ends.append(settle_together(model, parts, now, [one, other]))
    if any(reasons & ORDER_MATTERS for _, reasons in ends):
        return True
    for end, _ in ends[1:]:
        require(end.electors == ends[0][0].electors and {r.cert for r in end.roots} == {r.cert for r in ends[0][0].roots},
                'order matters')
    return False
