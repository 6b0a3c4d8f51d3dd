#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disaster recovery with scms alone: an elector is replaced with endorsements of CAMP 1.2.1; a root is revoked and replaced.
Usage: scenarios.py SCMS SCMS-ELECTOR SOFTHSM2-UTIL SOFTHSM2-MODULE [whole]"""

import json
import shutil
import sys
import tempfile

from world import World, check, done, outcomes


def publish(w, version, second, pg=None, **more):
    w.scms('policy', 'set', 'globalCertChainFileID', version)
    w.scms('policy', 'sign', *(['--pg', pg] if pg else []), second=second)
    return w.scms('publish', second=second + 1, **more)


def begin(w):
    """Day 1: founded, the root endorsed, everything out, a vehicle that has it."""
    w.scms('policy', 'init')
    w.vote('add-root', w.certificate('root1'), 'ABC')
    w.scms('crl', 'make', second=1)
    w.json('chain', 'make', second=2)
    publish(w, 1, 3)
    w.vehicle('vehicle')
    report = w.apply('vehicle', second=5)
    check('day 1', not report['refused'] and outcomes(report) >= {'addRoot APPLIED'}, report)


def elector_in_121(w):
    begin(w)
    w.day += 1
    w.vote('remove-elector', w.folder / 'A.coer', 'BC')
    w.scms('crl', 'make', second=1)
    w.json('chain', 'make', second=2)
    publish(w, 2, 3)
    report = w.apply('vehicle', second=5)
    check('A is removed', 'removeElector APPLIED' in outcomes(report) and not report['refused'], report)
    # D has the profile of 1.2.1, too: sixty years, no name. A candidate of another profile is refused by the Manager and by electors.
    conf = w.ws / 'scms.conf'
    conf.write_text(conf.read_text().replace('level = "poc"', 'level = "1.2.1"'))
    w.elector('D121', 'create', '--level', '1.2.1')
    w.run('lint', '--level', '1.2.1', w.folder / 'D121.coer', says='nothing found')
    w.scms('motion', 'propose', 'add-elector', w.folder / 'D.coer', '--reason', 'x', expect=1, says='expected 60 years (1.2.1), found 12 years')
    w.scms('motion', 'propose', 'add-elector', w.folder / 'D121.coer', '--reason', 'x', '--out', w.folder / 'p121', '--time', w.now(5))
    w.elector('B', 'inspect', w.folder / 'p121', expect=1, says='expected 12 years (poc), found 60 years')
    for name in 'BC':
        (w.folder / name / 'level').write_text('1.2.1\n')
    # Forms do not mix (C8): a ballot in the other form goes into no chain file beside these.
    motion = w.json('motion', 'propose', 'add-elector', w.folder / 'D121.coer', '--reason', 'x', '--form', '1.2.4', '--out', w.folder / 'p124',
                    second=6)['motion']
    for name in 'BC':
        w.elector(name, 'inspect', w.folder / 'p124')
        w.elector(name, 'sign', '--yes-i-read-it', '--out', w.folder / (name + '.124'), w.folder / 'p124')
    w.scms('motion', 'collect', w.folder / 'B.124', w.folder / 'C.124', second=7)
    w.scms('motion', 'assemble', motion, '--hold', second=7)
    shutil.copytree(w.ws, w.folder / 'mixed')
    w.run('motion', 'release', motion, '--workspace', w.folder / 'mixed', '--now', w.now(7))
    w.run('chain', 'make', '--workspace', w.folder / 'mixed', '--now', w.now(8), expect=1, says='C8')
    w.scms('motion', 'withdraw', motion, second=8)
    w.vote('add-elector', w.folder / 'D121.coer', 'BC')
    w.json('chain', 'make', second=6)
    publish(w, 3, 7)
    report = w.apply('vehicle', second=9)
    check('D is added', 'addElector APPLIED' in outcomes(report), report)
    shown = w.run('show', w.ws / 'published' / 'global_certificate_chains_03.oer').stdout
    check('the form is 1.2.1', '121' in shown or '1.2.1' in shown, shown[:300])
    w.run('chain', 'derive', w.ws / 'published' / 'global_certificate_chains_03.oer', '--ra', 'ra1.localhost', '--out', w.folder / 'lccf.oer')
    w.run('chain', 'compare', w.ws / 'published' / 'global_certificate_chains_03.oer', w.folder / 'lccf.oer', says='complete')


def root_is_replaced(w):
    begin(w)
    # A device is revoked by linkage, a PCA by hash.
    (w.folder / 'seeds.json').write_text(json.dumps([{'i': 1, 'iMax': 3000, 'jMax': 20, 'la1': 1, 'la2': 2, 'seed1': '11' * 16, 'seed2': '22' * 16}]))
    w.scms('crl', 'add', '--seeds', 'seeds.json', second=10)
    w.scms('component', 'revoke', 'pca2', '--reason', 'a test', '--yes', second=10)
    w.scms('crl', 'make', second=11)
    w.json('chain', 'make', second=12)
    publish(w, 2, 13)
    w.apply('vehicle', second=15)
    # Two weeks later a new root, endorsed and held. It is in no file.
    w.day += 15
    w.scms('component', 'create', 'root', 'root2')
    w.vote('add-root', w.certificate('root2'), 'ABC', hold=True)
    made = w.json('chain', 'make')
    check('held', made.get('rootBallots') == 1, made)
    (w.ws / 'outgoing' / 'gccf.oer').unlink()
    # Day 3: components under it.
    w.day += 1
    for role, name, issuer, *more in [('ica', 'ica2', 'root2'), ('eca', 'eca2', 'ica2'), ('pca', 'pca3', 'ica2'), ('ra', 'ra2', 'ica2'),
                                      ('ma', 'ma2', 'root2'), ('crlg', 'crlg2', 'root2'), ('pg', 'pg2', 'root2')]:
        w.scms('component', 'create', role, name, '--issuer', issuer, *more)
    made = w.json('chain', 'make', second=1)
    check('not published before their root', made.get('certificates') == 7 and sum(n['rule'] in ('B8', 'D2') for n in made['notes']) == 7, made)
    (w.ws / 'outgoing' / 'gccf.oer').unlink()
    # Day 4: the old one goes, the new one comes, at once.
    w.day += 1
    w.scms('motion', 'release', w.held, '--override', 'scenario 2')
    signed = w.ws / 'policy' / 'gpf.oer'
    kept, early = shutil.copy(signed, w.folder / 'kept.oer'), w.folder / 'early.oer'
    w.scms('policy', 'sign', '--pg', 'pg2')
    shutil.move(signed, early)
    shutil.move(kept, signed)
    w.vote('remove-root', w.certificate('root1'), 'ABC', '--override', 'scenario 2')
    root1, root2 = w.certificate('root1'), w.certificate('root2')
    # The ballots alone: the CRLs that are out have died with the old root, and so would all that rests on them.
    w.scms('publish', second=1, expect=1, says='GRAVE CRL_SIGNER: CRL of series 1')
    w.scms('publish', second=1, expect=1, says='REFUSED CRL_SIGNER: CRL of series 1')
    w.scms('publish', second=1, expect=1, says='GRAVE STALE: no CRL that is new enough is left')
    # The new PG's policy must be newer than the removal of the old one's root (G6).
    w.scms('what-if', early, second=1, expect=1, says='REFUSED ROLLBACK: policy')
    w.scms('crl', 'make', '--crlg', 'crlg1', second=1, expect=1)
    w.scms('crl', 'reset', '--old', root1, '--new', root2, '--crlg', 'crlg1', second=1, expect=1, says='another root')
    made = w.json('crl', 'reset', '--old', root1, '--new', root2, second=2)  # by crlg2: the other's root is gone
    check('seeds stay, hashes go', {l['series']: l['entries'] for l in made['lists']} == {1: 1, 2: 0, 3: 0, 4: 0} and made['ballots'] == 1 and
          made['droppedHashes'] == 1, made)
    made = w.json('chain', 'make', second=3)
    check('reset to the new structure', made.get('rootBallots') == 1 and made.get('certificates') == 6 and
          any(n['rule'] == 'H1.4' for n in made['notes']), made)
    w.scms('policy', 'set', 'globalCertChainFileID', 3)
    w.scms('policy', 'sign', '--pg', 'pg1', second=4, expect=1)
    w.scms('policy', 'sign', '--pg', 'pg2', second=5)
    w.scms('publish', '--reason', 'root 1 is revoked', '--override', 'scenario 2', second=6)
    # Components' and devices' stores: the old chains are dead, the new ones live.
    report = w.apply('vehicle', second=7)
    check('day 4', {'removeRoot APPLIED', 'addRoot APPLIED'} <= outcomes(report) and not report['refused'], report)
    check('policy and CRLs of the new root', report['policy']['outcome'] == 'ACCEPTED' and report['chain']['outcome'] == 'ACCEPTED' and
          {c['outcome'] for c in report['crls']} == {'ACCEPTED'}, report)
    check('old', 'ROOT_REVOKED' in w.is_valid('vehicle', 'pca1', 8), w.is_valid('vehicle', 'pca1', 8))
    check('new', '"VALID"' in w.is_valid('vehicle', 'pca3', 8), w.is_valid('vehicle', 'pca3', 8))
    # One that was away all the time.
    w.vehicle('late')
    report = w.apply('late', second=9)
    check('late', {'removeRoot APPLIED', 'addRoot APPLIED'} <= outcomes(report) and report['policy']['outcome'] == 'ACCEPTED', report)
    check('late: new', '"VALID"' in w.is_valid('late', 'pca3', 10))
    # The next ordinary round, under the new root.
    w.day += 1
    w.scms('crl', 'make')
    w.json('chain', 'make', second=1)
    publish(w, 4, 2)
    report = w.apply('vehicle', second=4)
    check('day 5', not report['refused'] and {c['outcome'] for c in report['crls']} == {'ACCEPTED'}, report)


def as_founded(w):
    """The way of the founding ceremony: electors first, then a root by their ballot, then components; then the first publication."""
    w.run('init', w.ws, '--system', 'test', '--ceiling', '1', expect=2, says='quorum (2) or more')
    w.init('--ceiling', '3')
    for name in 'ABCD':
        w.elector(name, 'create')
    found = ['found'] + [x for name in 'ABC' for x in ('--elector', w.folder / (name + '.coer'))]
    w.scms(*found)
    for name in 'ABC':
        w.elector(name, 'init', '--config', w.ws / 'bootstrap' / 'bootstrap.json')
    w.vote('add-root', w.certificate('root1'), 'ABC')
    w.scms('found', second=1)
    w.scms('policy', 'init')
    w.scms('crl', 'make', second=2)
    w.json('chain', 'make', second=3)
    publish(w, 1, 4)
    w.vehicle('vehicle')
    report = w.apply('vehicle', second=6)
    check('the first publication', not report['refused'] and report['policy']['outcome'] == 'ACCEPTED' and
          report['chain']['outcome'] == 'ACCEPTED' and {c['outcome'] for c in report['crls']} == {'ACCEPTED'}, report)
    check('a component is valid', '"VALID"' in w.is_valid('vehicle', 'pca1', 7), w.is_valid('vehicle', 'pca1', 7))


def raising_the_quorum(w):
    """Three electors become five, and the quorum 3, from a day on that everybody can prepare for."""
    later = '2027-03-01T00:00:00Z'
    shown = w.json('policy', 'set', 'quorum', 4, '--from', later)
    check('a series', '"from": "2027-03-01' in json.dumps(shown['parameters']['quorum']), shown)
    w.scms('policy', 'sign', second=20, expect=1, says='ceiling 3')
    # Lock-out (n < m): each half of the plan is fine, both together are not.
    w.scms('policy', 'set', 'quorum', 3)
    w.scms('policy', 'sign', second=20)
    removal = w.json('motion', 'propose', 'remove-elector', w.folder / 'A.coer', '--reason', 'a test', second=20)['motion']
    w.scms('what-if', removal, second=20)
    w.scms('what-if', w.ws / 'policy' / 'gpf.oer', second=20, says='NO_SPARE')
    w.scms('what-if', w.ws / 'policy' / 'gpf.oer', removal, second=20, expect=1, says='GRAVE LOCK_OUT: LOCK-OUT: 2 electors can vote, 3 votes')
    w.scms('motion', 'withdraw', removal, second=20)
    w.scms('policy', 'set', 'quorum', 2)
    w.scms('policy', 'sign', second=21)
    w.day += 1
    w.elector('E', 'create')
    w.vote('add-elector', w.folder / 'D.coer', 'AB')
    w.vote('add-elector', w.folder / 'E.coer', 'ABC')
    w.scms('policy', 'set', 'quorum', 3, '--from', later, '--reason', 'five electors')
    w.run('policy', 'diff', w.ws / 'published' / 'global_policy.oer', w.ws / 'policy' / 'gpf.json', expect=1,
          says='was 2; is 2, 3 from 2027-03-01 00:00:00 UTC')
    w.scms('policy', 'set', 'globalCertChainFileID', 2)
    w.json('chain', 'make', second=1)
    w.scms('policy', 'sign', second=2)
    told = w.scms('what-if', w.ws / 'policy' / 'gpf.oer', second=2, says='the quorum is 3 from 2027-03-01 00:00:00 UTC on, and 5 electors can vote then')
    check('a ballot that will be short', 'BALLOT_SHORT_LATER: add-elector-' in told.stdout, told.stdout)
    w.scms('publish', second=3)
    report = w.apply('vehicle', second=4)
    check('five electors', outcomes(report) >= {'addElector APPLIED'} and report['quorum'] == 2, report)
    w.scms('forecast', second=4, says='the quorum changes: 3 votes are needed then, 5 electors can vote')
    # A goes. D's ballot rests on A and B: who has not D by now would never get it, as removals come first (E1.2).
    w.day += 1
    w.vote('remove-elector', w.folder / 'A.coer', 'BC')
    w.scms('crl', 'make')
    w.json('chain', 'make', second=1)
    publish(w, 3, 2, expect=1, says='GRAVE STRANDED: left behind')
    check('still out', 'global_certificate_chains_02.oer' in w.published(), w.published())
    # Votes of C and E join it, so that it has three again when the quorum is three.
    short = [b['ballot'] for b in w.json('margin', second=4, expect=1)['ballots'] if b['counted'] == 1]
    check('one ballot with one vote', len(short) == 1, short)
    joined = w.json('motion', 'extend', w.ws / 'ballots' / short[0], '--reason', 'three votes', '--out', w.folder / 'join', second=4)
    w.elector('E', 'init', '--config', w.ws / 'bootstrap' / 'bootstrap.json')
    w.elector('E', 'apply', w.ws / 'ballots' / 'history.oer')
    for name in 'CE':
        w.elector(name, 'inspect', w.folder / 'join')
        w.elector(name, 'sign', '--yes-i-read-it', '--out', w.folder / (name + '.vote'), w.folder / 'join')
    w.scms('motion', 'collect', w.folder / 'C.vote', w.folder / 'E.vote', second=5)
    w.scms('motion', 'assemble', joined['motion'], second=5)
    w.json('chain', 'make', second=6)
    told = publish(w, 3, 7)
    check('that ballot is short no more, the others without A are', told.stderr.count('BALLOT_SHORT_LATER') == 2 and
          'BALLOT_SHORT_LATER: %s' % short[0][:20] not in told.stderr, told.stderr)
    # The day comes: two votes decide no more, three do.
    shown = w.run('store', 'show', '--state', w.folder / 'vehicle', '--now', str(727000000 * 10**6)).stdout
    check('before', 'Quorum 2' in shown, shown)
    shown = w.run('store', 'show', '--state', w.folder / 'vehicle', '--now', str(731376005 * 10**6)).stdout
    check('after', 'Quorum 3' in shown, shown)


def components_go_on(w):
    """A plan that a running component would not survive; one that is revoked is meant to end."""
    w.scms('component', 'provision', 'pca1')
    w.scms('component', 'provision', 'la1')
    w.day += 1
    w.json('chain', 'make')
    made = w.ws / 'outgoing' / 'gccf.oer'
    whole = made.read_bytes()
    w.scms('policy', 'set', 'globalCertChainFileID', 4)
    w.scms('policy', 'sign', second=1)
    value = json.loads(w.run('show', '--json', made).stdout)
    certs = value['content']['cert-chain']['globalCertificateChainFile']['certStore']['certs']
    kept = [c for c in certs if c['toBeSigned']['id'] != {'name': 'ica1.localhost'}]
    check('one ICA', len(kept) == len(certs) - 1)
    certs[:] = kept
    w.encode('ScmsFile', value, made)
    # The PCA knows its own issuers; others would not find them.
    w.scms('publish', second=2, expect=1, says='GRAVE CUT_OFF: nobody can trace its certificate')
    w.scms('what-if', made, second=2, expect=1, says='GRAVE CUT_OFF')
    made.write_bytes(whole)
    # Revoked by hash and not with `component revoke`: nobody said that it is meant.
    w.scms('crl', 'add', w.certificate('pca1'), second=2)
    w.scms('crl', 'make', second=3)
    w.scms('publish', second=4, expect=1, says='GRAVE MUST_CEASE: its own certificate becomes invalid')
    w.scms('component', 'revoke', 'pca1', '--reason', 'a test', '--yes', second=4)
    w.json('chain', 'make', second=5)
    w.scms('publish', second=6, says='WARNING MUST_CEASE')
    # Another CRL generator, all in one second: its lists are dated after the root's CRL, and nobody need be named.
    w.scms('component', 'create', 'crlg', 'crlg2', second=8)
    w.scms('crl', 'make', second=8, expect=1, says='there are 2 of the role crlg: crlg1, crlg2; say which with --crlg NAME')
    w.scms('component', 'revoke', 'crlg1', '--reason', 'a test', '--yes', second=8)
    w.scms('crl', 'sign-root', second=8)
    made = w.json('crl', 'make', second=8)
    dates = {l['series']: l['issued'] for l in made['lists']}
    check('after the revocation', len(dates) == 5 and all(dates[k] == dates[256] + 1 for k in (1, 2, 3, 4)), made)
    w.json('crl', 'make', second=8)
    # Files of before, again: each is refused by its rule, and by everybody who is up to date.
    old = w.folder / 'old'
    shutil.copytree(w.ws / 'published', old)
    w.scms('crl', 'make', second=8)
    w.json('chain', 'make', second=9)
    publish(w, 5, 10)
    for name, rule in (('global_policy.oer', 'ROLLBACK: policy: older'), ('global_certificate_chains_04.oer', 'ROLLBACK: chain file: older'),
                       ('composite_crl.oer', 'ROLLBACK: CRL of series 1: older'), ('update.oer', 'ROLLBACK')):
        told = w.json('what-if', old / name, second=12, expect=1)
        who = {a['audience'] for a in told['audiences'] for f in a['findings'] if f['code'] == rule.split(':')[0]}
        check('an old %s is known' % name, {'SCMS Manager', 'end entities up to date'} <= who, (who, told))
        w.scms('what-if', old / name, second=12, expect=1, says='REFUSED ' + rule)


def main():
    with tempfile.TemporaryDirectory() as folder:
        w = World(folder)
        as_founded(w)
        raising_the_quorum(w)
        components_go_on(w)
    with tempfile.TemporaryDirectory() as folder:
        base = World(folder)
        base.found()
        others = [('1.2.1', root_is_replaced)] if 'whole' in sys.argv[5:] else []
        for form, scenario in [('1.2.1', elector_in_121), ('1.2.4', root_is_replaced)] + others:
            with tempfile.TemporaryDirectory() as other:
                shutil.copytree(folder, other, dirs_exist_ok=True)
                w = World(other)
                conf = w.ws / 'scms.conf'
                conf.write_text(conf.read_text().replace(folder, other).replace('form = "1.2.4"', 'form = "%s"' % form))
                check('the form', 'form = "%s"' % form in conf.read_text())
                scenario(w)
    done()


main()
