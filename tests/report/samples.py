#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two drills as they ought to go, day by day, as JSON for drills/report.py: what its tests read.

Usage: samples.py FOLDER   writes elector-replacement.json and root-replacement.json
"""

import datetime
import hashlib
import json
import pathlib
import sys

KINDS = {'always online': 120, 'weekly': 40, 'offline until day 5': 20, 'never updated': 8, 'clock off': 6,
         'storage nearly full': 6, 'roadside units': 10}
COMPONENTS = {'root1': 'root', 'ica1': 'ica', 'eca1': 'eca', 'pca1': 'pca', 'ra1': 'ra', 'la1': 'la', 'la2': 'la', 'ma1': 'ma',
              'crlg1': 'crlg', 'pg1': 'pg', 'dcm1': 'dcm', 'crl-store1': 'crl-store', 'manager': 'manager'}
TEXTS = {
    'VOTER_UNKNOWN': 'the signer is no elector in the trust store',
    'VOTER_REVOKED': 'the signer was an elector and has been removed',
    'VOTER_IS_SUBJECT': 'an elector does not vote on itself',
    'VOTER_DUPLICATE': "the elector's vote is already counted, or its four tries are used up",
    'SUBJECT_TOMBSTONED': 'the certificate, or its key, was removed before and does not come back',
    'QUORUM_NOT_MET': 'fewer votes count than the quorum',
    'ROOT_REVOKED': 'the chain ends in a root that was removed',
    'ROOT_UNKNOWN': 'the chain ends in a certificate that is no root of the trust store',
}
START = datetime.datetime(2026, 11, 25, 12, 0, tzinfo=datetime.timezone.utc)


def digest(name):
    return hashlib.sha256(name.encode()).hexdigest()


def when(day, hour=0):
    return (START + datetime.timedelta(days=day - 1, hours=hour)).strftime('%Y-%m-%dT%H:%M:%SZ')


def vote(elector, reason=None):
    return {'elector': elector, 'counted': True} if reason is None else \
        {'elector': elector, 'counted': False, 'reason': reason, 'text': TEXTS[reason]}


def ballot(motion, subject, where, *votes, judge='a vehicle, always online', outcome='APPLIED'):
    return {'motion': motion, 'subject': subject, 'where': where, 'judge': judge, 'outcome': outcome, 'quorum': 2,
            'counted': sum(v['counted'] for v in votes), 'votes': list(votes)}


def attack(who, what, reason):
    return {'who': who, 'what': what, 'reason': reason, 'text': TEXTS[reason], 'effect': 'none'}


def electors(**status):
    return [{'name': n, 'hash': digest('elector ' + n), 'status': s} for n, s in status.items()]


def root(name, status, endorsers):
    return {'name': name, 'hash': digest(name), 'status': status, 'endorsers': list(endorsers)}


def components(under='root1', staged=None, roots=('root1',)):
    tls_only = ('crl-store1', 'manager', 'dcm1')
    return [{'name': n, 'role': r, 'root': None if n in tls_only else n if r == 'root' else under,
             'staged': None if n in tls_only or r == 'root' else staged,
             'status': 'offline' if r in ('root', 'ica') else 'running'}
            for n, r in [(x, 'root') for x in roots] + list(COMPONENTS.items())[1:]]


def vehicles(trust, operational=None):
    """trust: kind -> (electors, roots); None: all other kinds."""
    return [{'kind': kind, 'count': count, 'electors': (trust.get(kind) or trust[None])[0], 'roots': (trust.get(kind) or trust[None])[1],
             'operational': count if operational is None else operational.get(kind, operational.get(None, count)), 'pictures': 1,
             **({'apart': 'stays away on purpose'} if kind == 'never updated' else {})}
            for kind, count in KINDS.items()]


def matrix(dead=None, cannot=None, but=()):
    return {'kinds': list(KINDS),
            'accepts': {} if dead == 'all' else {a: {b: {'accepted': min(KINDS[a], 12)} if dead is None else {dead: min(KINDS[a], 12)}
                                                      for b in KINDS} for a in KINDS},
            'cannotSend': {kind: {cannot: count} for kind, count in KINDS.items() if kind not in but} if cannot else {}}


def check(what, expected, found=None):
    found = expected if found is None else found
    return {'what': what, 'expected': expected, 'found': found, 'ok': expected == found}


def figures(seconds, busy):
    return {'bytes': {kind: 1840 + 977 * k for k, kind in enumerate(KINDS)}, 'signatures': {kind: 3 + k % 3 for k, kind in enumerate(KINDS)},
            'load': {name: {'requests': busy * (3 + k), 'cpuSeconds': round(seconds * (k + 1) / 90, 2)}
                     for k, name in enumerate(('ra1', 'pca1', 'eca1', 'la1', 'la2', 'crl-store1'))}}


def day(number, title, story, picture, round_=1, offset=0, **more):
    entry = {'day': number, 'round': round_, 'title': title, 'when': when(number + offset), 'seconds': 6.4 + number, 'story': story,
             'picture': picture, 'ballots': [], 'matrix': matrix(), 'attacks': [], 'deadlines': [], 'checks': [],
             'figures': figures(6.4 + number, 40 * number)}
    entry.update(more)
    return entry


def elector_round(round_, old, kept, new, gone=()):
    """Days 1 to 5: old is removed, new comes."""
    before, offset, known = (old, *kept), (round_ - 1) * 5, {e: 'revoked' for e in gone}
    slept = 'offline until day 5'

    def all_know(**change):
        return dict({e: 'trusted' for e in before}, **known, **change), {'root1': 'trusted'}
    start = all_know(**{new: 'unknown'})
    removed = all_know(**{old: 'revoked', new: 'unknown'})
    added = all_know(**{old: 'revoked', new: 'trusted'})
    present = dict({e: 'trusted' for e in before})

    def picture(body, endorsers, views, root_endorsers_of='trusted'):
        return {'electors': electors(**known, **body), 'roots': [root('root1', 'trusted', endorsers)], 'components': components(),
                'vehicles': vehicles(views)}
    honest = check('every honest message is accepted', 'all')
    return [
        day(1, 'Typical SCMS operations', [
            f'Electors {", ".join(before)} are trusted everywhere; each has voted for root1.',
            'All components run; 210 vehicles and roadside units fetch pseudonym certificates and send.',
            'One vehicle that was revoked for misbehaviour is refused by all.'],
            picture(present, before, {None: start}), round_, offset, checks=[honest, check(f'electors {", ".join(before)} are trusted by', 210)]),
        day(2, 'Revoking an elector', [
            f'Elector {old} is suspected to be in the wrong hands.', f'Electors {" and ".join(kept)} vote to remove {old}; the votes travel in the CRL.',
            f'Every component drops {old} within the hour; vehicles do as they fetch the CRL.'],
            picture(dict(present, **{old: 'revoked'}), before, {None: removed, 'weekly': start, slept: start, 'never updated': start}), round_, offset,
            ballots=[ballot('removeElector', old, 'composite CRL', vote(kept[0]), vote(kept[1]), vote(old, 'VOTER_IS_SUBJECT'),
                            vote(kept[0], 'VOTER_DUPLICATE')),
                     ballot('removeElector', old, 'CRL with votes stripped', vote(kept[0]), judge='the registration authority', outcome='QUORUM_NOT_MET')],
            attacks=[attack('registration authority', f'strips the vote of {kept[1]} from the ballot that removes {old}', 'QUORUM_NOT_MET'),
                     attack(f'thief with the key of {old}', 'votes alone for a false root CA', 'QUORUM_NOT_MET')],
            deadlines=[{'who': 'components', 'what': f'drop elector {old}', 'due': when(2 + offset, 4), 'met': when(2 + offset, 1), 'ok': True},
                       {'who': 'always online', 'what': f'drop elector {old}', 'due': when(3 + offset), 'met': when(2 + offset, 3), 'ok': True}],
            checks=[honest, check(f'elector {old} is revoked at', 142), check(f'elector {old} is still trusted at', 68)]),
        day(3, 'SCMS operating with two electors only', [
            f'The SCMS works on with {" and ".join(kept)}. Two votes carry root1: just the quorum.',
            'Pseudonym certificates go on being valid; nobody is asked to do anything.'],
            picture(dict(present, **{old: 'revoked'}), kept, {None: removed, slept: start, 'never updated': start}), round_, offset,
            attacks=[attack(f'thief with the key of {old}', f'votes for a false elector together with a replayed vote of {kept[0]}', 'VOTER_REVOKED')],
            checks=[honest, check('motions that could be carried out', 'yes, with both electors')]),
        day(4, 'Replacing an elector', [
            f'Electors {" and ".join(kept)} vote for {new}; the ballot goes into the chain file (GCCF), through the policy generator and the RA.',
            f'{new} votes for root1, so that three votes carry it again.', f'Devices that do not know {new} yet go on as before.'],
            picture(dict(present, **{old: 'revoked', new: 'new'}), (*kept, new), {None: added, 'weekly': removed, slept: start, 'never updated': start}),
            round_, offset,
            ballots=[ballot('addElector', new, 'GCCF', vote(kept[0]), vote(kept[1]), vote(old, 'VOTER_REVOKED')),
                     ballot('addRoot', 'root1', 'GCCF', vote(kept[0]), vote(kept[1]), vote(new), outcome='ALREADY')],
            attacks=[attack('registration authority', f'replays the old ballot that once added {old}', 'SUBJECT_TOMBSTONED')],
            deadlines=[{'who': 'components', 'what': f'trust elector {new}', 'due': when(4 + offset, 4), 'met': when(4 + offset, 1), 'ok': True}],
            checks=[honest, check(f'elector {new} is trusted at', 142)]),
        day(5, 'SCMS returning to typical operation', [
            'Those that slept wake up, fetch chain file and CRL in one go, and know all that the others know.',
            f'The system is the equal of day 1, with {new} in the place of {old}.'],
            picture(dict(present, **{old: 'revoked', new: 'trusted'}), (*kept, new), {None: added, 'never updated': start}), round_, offset,
            deadlines=[{'who': 'weekly', 'what': f'trust elector {new}', 'due': when(12 + offset), 'met': when(5 + offset, 2), 'ok': True},
                       {'who': 'never updated', 'what': f'trust elector {new}', 'due': when(34 + offset), 'met': None, 'ok': True}],
            checks=[honest, check('the system equals day 1, but for the names', 'yes')]),
    ]


def elector_replacement():
    return {'drill': 'elector-replacement', 'title': 'Replacement of an elector', 'version': '0.1.0', 'seed': 1, 'fleet': 210,
            'started': '2026-11-25T12:00:00Z', 'seconds': 81.2, 'result': 'green',
            'days': elector_round(1, 'A', ('B', 'C'), 'D') + elector_round(2, 'B', ('C', 'D'), 'E', gone=('A',)),
            'figures': {'recovery': {'always online': '2 h', 'weekly': '3 d', 'offline until day 5': '1 h after waking', 'roadside units': '2 h'},
                        'bytes': {kind: 21400 + 1313 * k for k, kind in enumerate(KINDS)}}}


def root_replacement():
    e, asleep = {n: 'trusted' for n in 'ABC'}, 'offline until day 5'
    old, hit = (e, {'root1': 'trusted', 'root2': 'unknown'}), (e, {'root1': 'revoked', 'root2': 'unknown'})
    healed = (e, {'root1': 'revoked', 'root2': 'trusted'})
    refused = 'must not operate: the chain ends in a root that was removed (ROOT_REVOKED)'

    def picture(roots, parts, views, operational=None):
        return {'electors': electors(A='trusted', B='trusted', C='trusted'), 'roots': roots, 'components': parts,
                'vehicles': vehicles(views, operational)}
    first, both = root('root1', 'trusted', 'ABC'), ('root1', 'root2')
    dead = dict(first, status='revoked')
    days = [
        day(1, 'Typical SCMS operations', ['Electors A, B and C have voted for root1; all certificates chain to it.', 'All 210 vehicles and roadside units send and verify.'],
            picture([first], components(), {None: old}), checks=[check('every honest message is accepted', 'all')]),
        day(2, 'Standing up a new root CA certificate', ['root2 is made in a ceremony of its own; electors A, B and C vote for it.', 'Nobody uses it yet: the ballot is held back.'],
            picture([first, root('root2', 'prepared', 'ABC')], components(roots=both), {None: old}),
            ballots=[ballot('addRoot', 'root2', 'held by the SCMS manager', vote('A'), vote('B'), vote('C'), judge='the SCMS manager')],
            attacks=[attack('thief with the key of C', 'votes alone for a false root CA, root9', 'QUORUM_NOT_MET')],
            checks=[check('root2 is trusted by', 0)]),
        day(3, 'Putting the backend trust relationships in place', ['Every component receives its next certificate, under root2, and keeps it ready without using it.', 'The motion "add root CA" is handed to all authorised operators.'],
            picture([first, root('root2', 'prepared', 'ABC')], components(staged='root2', roots=both), {None: old}),
            deadlines=[{'who': 'components', 'what': 'hold a certificate under root2', 'due': when(4), 'met': when(3, 6), 'ok': True}],
            checks=[check('components with a certificate under root2 ready', 9)]),
        day(4, 'Revoking the existing and adding the new root CA', ['Components are given both motions at once: remove root1, add root2. They switch to their new certificates.', 'Vehicles are told of the removal only. Those who hear of it stop sending at once.', 'The chain file is made anew, with root2 alone.'],
            picture([dead, root('root2', 'new', 'ABC')], components('root2', roots=both), {None: hit, asleep: old}, {None: 0, asleep: 20}),
            ballots=[ballot('removeRoot', 'root1', 'composite CRL', vote('A'), vote('B'), vote('C')),
                     ballot('addRoot', 'root2', 'GCCF', vote('A'), vote('B'), vote('C'), judge='the pseudonym CA')],
            matrix=dict(matrix('ROOT_REVOKED', refused, [asleep]), accepts={asleep: {kind: {'ROOT_REVOKED': 12} for kind in KINDS if kind != asleep}}),
            attacks=[attack('registration authority', 'withholds the CRL and replays the chain file of day 1', 'ROOT_REVOKED')],
            deadlines=[{'who': 'components', 'what': 'drop root1, use root2', 'due': when(4, 1), 'met': when(4, 0), 'ok': True}],
            checks=[check('messages accepted by vehicles that know of the removal', 0)]),
        day(5, 'Revoked root CA, system non-functional', ['All enrolment and pseudonym certificates below root1 are worthless; no vehicle sends, none accepts.', 'The CRL is made anew: linkage values are carried over, all else falls away.'],
            picture([dead, root('root2', 'trusted', 'ABC')], components('root2', roots=both), {None: hit}, {None: 0}),
            matrix=matrix('all', refused), checks=[check('vehicles that can send', 0), check('the vehicle revoked before is still on the CRL', 'yes')]),
        day(6, 'System functionality restored', ['Vehicles are given new enrolment certificates by authorised operators.', 'Each fetches policy, chain file and new pseudonym certificates, and sends again.', 'The vehicle revoked for misbehaviour is still refused.'],
            picture([dead, root('root2', 'trusted', 'ABC')], components('root2', roots=both), {None: healed}),
            ballots=[ballot('addRoot', 'root2', 'LCCF', vote('A'), vote('B'), vote('C'))],
            deadlines=[{'who': kind, 'what': 'new enrolment certificate', 'due': when(7), 'met': when(6, 2 + k), 'ok': True} for k, kind in enumerate(KINDS)],
            checks=[check('every honest message is accepted', 'all'), check('the vehicle revoked before is refused by', 209)]),
    ]
    return {'drill': 'root-replacement', 'title': 'Replacement of the root CA', 'version': '0.1.0', 'seed': 1, 'fleet': 210,
            'started': '2026-11-25T12:02:00Z', 'seconds': 73.9, 'result': 'green', 'days': days,
            'figures': {'recovery': {kind: f'{50 + 2 * k} h' for k, kind in enumerate(KINDS)}}}


if __name__ == '__main__':
    folder = pathlib.Path(sys.argv[1])
    for drill in (elector_replacement(), root_replacement()):
        (folder / (drill['drill'] + '.json')).write_text(json.dumps(drill, indent=1) + '\n')
