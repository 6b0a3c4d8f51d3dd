#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scms policy, chain, crl and publish in a workspace; what comes out is given to vehicles' stores.
Usage: commands.py SCMS SCMS-ELECTOR SOFTHSM2-UTIL SOFTHSM2-MODULE [FAULT.so [whole]]"""

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

from world import SCMS, World, check, done, outcomes

FAULT = os.path.abspath(sys.argv[5]) if len(sys.argv) > 5 else None
WHOLE = 'whole' in sys.argv[6:]


def policies(w):
    w.scms('policy', 'set', 'quorum', 3, expect=1, says='policy init')
    w.scms('policy', 'init')
    w.scms('policy', 'init', expect=1, says='there already')
    draft = json.loads((w.ws / 'policy' / 'gpf.json').read_text())
    check('defaults', draft['parameters']['overdueCrlTolerance'] == '336 hours' and draft['parameters']['quorum'] == 2 and
          len(draft['parameters']) == 13, draft)
    w.scms('policy', 'sign', expect=1, says='globalCertChainFileID')
    w.scms('policy', 'set', 'globalCertChainFileId', 1, expect=1, says='no such parameter')
    w.scms('policy', 'set', 'globalCertChainFileID', 65536, expect=1, says='no value')
    w.scms('policy', 'set', 'quorum', 0, expect=1)
    w.scms('policy', 'set', 'quorum', expect=2)
    w.scms('policy', 'set', 'quorum', 2, '--from', 'tomorrow', expect=2, says='--from')
    w.scms('policy', 'set', 'removed', 'abc', expect=1, says='64 hex')
    w.scms('policy', 'set', 'activeTime', 'soon', expect=1)
    before = (w.ws / 'policy' / 'gpf.json').read_bytes()
    check('refusals change nothing', json.loads(before) == draft)
    w.scms('policy', 'set', 'globalCertChainFileID', 1)
    w.scms('policy', 'set', 'quorum', 9)
    w.scms('policy', 'sign', expect=1, says='clamped')
    w.scms('policy', 'set', 'quorum', 2)
    w.scms('policy', 'set', 'quorum', 3, '--from', '2027-03-01T00:00:00Z', '--reason', 'later')
    w.scms('policy', 'set', 'iPeriod', 'none')
    w.scms('policy', 'set', 'iPeriod', '1 hour', '--from', '2027-03-01', expect=1, says='no value yet')
    w.scms('policy', 'set', 'iPeriod', '10080 minutes')
    # A draft that people spoiled by hand.
    path = w.ws / 'policy' / 'gpf.json'
    good = path.read_text()
    for bad, why in (('{', 'line 1'), (good.replace('"quorum"', '"qourum"'), 'qourum'), (good.replace('336 hours', '336 horses'), 'duration'),
                     ('[]', 'object'), (good.replace('2027-03-01T00:00:00Z', 'March'), 'from'), (good[:-3] + ', "x": 1}', 'x')):
        path.write_text(bad)
        w.scms('policy', 'sign', expect=1, says=why)
    path.write_text(good)
    w.scms('policy', 'sign', '--pg', 'ra1', expect=1, says='policy generator')
    w.scms('policy', 'sign', '--pg', 'nobody', expect=1)
    w.run('policy', 'sign', '--workspace', w.ws, '--now', w.now(), '--secret', 'file:%s' % (w.folder / 'no-pin'), expect=3)
    w.scms('policy', 'sign')
    shown = w.run('policy', 'show', w.ws / 'policy' / 'gpf.oer').stdout
    check('show', '2, 3 from 2027-03-01 00:00:00 UTC' in shown and 'generationTime' in shown, shown)
    w.run('policy', 'show', w.pin, expect=1, says='no policy file')
    w.run('policy', 'show', w.folder / 'nothing', expect=3)
    w.run('policy', 'diff', w.ws / 'policy' / 'gpf.oer', path, says='no difference')
    w.scms('policy', 'set', 'shuffleThreshold', 2000)
    w.run('policy', 'diff', w.ws / 'policy' / 'gpf.oer', path, expect=1, says='was 1000; is 2000')
    check('diff as JSON', json.loads(w.run('policy', 'diff', '--json', w.ws / 'policy' / 'gpf.oer', path, expect=1).stdout)[0]['parameter'] ==
          'shuffleThreshold')
    w.scms('policy', 'set', 'shuffleThreshold', 1000)
    w.scms('policy', 'sign', second=1)


def founding(w):
    w.scms('chain', 'make', second=2, says='provisioning alone')
    w.scms('publish', expect=0, second=3)
    check('published', w.published() == ['global_certificate_chains_01.oer', 'global_policy.oer', 'update.oer'], w.published())
    w.scms('publish', expect=1, second=3, says='nothing is new')
    # The electors endorse the root that is there.
    w.vote('add-root', w.certificate('root1'), 'ABC')
    w.scms('crl', 'make', second=4)
    made = w.json('chain', 'make', second=5)
    check('chain', made.get('version') == 2 and made.get('rootBallots') == 1 and made.get('certificates') == 8, made)
    w.scms('publish', expect=1, second=6, says='names version 1 of the chain file')
    check('still out', 'global_certificate_chains_01.oer' in w.published(), w.published())
    w.scms('policy', 'set', 'globalCertChainFileID', 2)
    w.scms('policy', 'sign', second=7)
    w.scms('publish', '--check', second=8, says='would be published: policy, global_certificate_chains_02.oer, composite CRL, ballot history')
    check('a check publishes nothing', 'global_certificate_chains_01.oer' in w.published(), w.published())
    out = w.json('publish', '--reason', 'founded', second=8)
    check('JSON', out.get('published') is True and 'SCMS Manager' in [a['audience'] for a in out['audiences']], out)
    check('published', w.published() == ['ballot_history.oer', 'composite_crl.oer', 'global_certificate_chains_02.oer', 'global_policy.oer',
                                         'update.oer'], w.published())
    w.vehicle('vehicle')
    report = w.apply('vehicle', second=9)
    check('a vehicle takes all of it', report['policy']['outcome'] == 'ACCEPTED' and report['chain'] == {'outcome': 'ACCEPTED', 'version': 2}
          and not report['refused'] and {c['outcome'] for c in report['crls']} == {'ACCEPTED'} and len(report['crls']) == 4 and
          outcomes(report) == {'addRoot APPLIED', 'addRoot ALREADY'}, report)


def local_chain(w):
    gccf = w.ws / 'published' / 'global_certificate_chains_02.oer'
    host = 'ra1.localhost'
    w.run('chain', 'derive', gccf, '--ra', host, '--version', 3, says='local_certificate_chains_02_03.oer')
    lccf = w.folder / 'local_certificate_chains_02_03.oer'
    w.run('chain', 'compare', gccf, lccf, says='complete')
    w.run('chain', 'derive', gccf, '--ra', 'nobody', expect=1, says='no registration authority')
    w.run('chain', 'derive', gccf, expect=2, says='--ra')
    w.run('chain', 'derive', lccf, '--ra', host, expect=1)
    w.run('chain', 'derive', gccf, '--ra', host, '--pca', w.certificate('pca1'), '--out', w.folder / 'small.oer')
    w.run('chain', 'compare', gccf, w.folder / 'small.oer', says='complete')
    w.run('chain', 'derive', gccf, '--ra', host, '--pca', w.certificate('ra1'), expect=1)
    w.run('chain', 'derive', gccf, '--ra', host, '--out', w.folder / 'no' / 'such', expect=3)
    w.run('chain', 'compare', lccf, gccf, expect=1)
    w.run('chain', 'compare', gccf, w.pin, expect=1, says='LCCF')
    w.run('chain', 'compare', gccf, w.folder / 'nothing', expect=3)
    old = w.folder / 'global_certificate_chains_old.oer'
    shutil.copy(gccf, old)
    return lccf


def revoking(w):
    w.scms('crl', 'add', second=10, expect=2)
    w.scms('crl', 'add', w.pin, second=10, expect=1, says='no certificate')
    w.scms('crl', 'add', w.folder / 'A.coer', second=10, expect=1, says='ballot')
    seeds = w.folder / 'seeds.json'
    seed = {'i': 1, 'iMax': 2000, 'jMax': 20, 'la1': 1, 'la2': 2, 'seed1': '11' * 16, 'seed2': '22' * 16}
    for bad in ({'seed1': 'xy' * 16}, {'jMax': 0}, {'iMax': 0}, {'la1': -1}):
        seeds.write_text(json.dumps([{**seed, **bad}]))
        w.scms('crl', 'add', '--seeds', seeds, second=10, expect=1, says='devices[0].' + next(iter(bad)))
    seeds.write_text('{')
    w.scms('crl', 'add', '--seeds', seeds, second=10, expect=1, says='line')
    seeds.write_text(json.dumps([seed]))
    w.scms('crl', 'add', '--seeds', seeds, '--reason', 'misbehaviour', second=10)
    w.scms('crl', 'add', w.certificate('pca2'), second=10)
    w.scms('crl', 'make', '--next', 'soon', expect=2)
    w.scms('crl', 'make', '--crlg', 'pg1', second=11, expect=1, says='CRL generator')
    w.scms('crl', 'make', second=-100, expect=1, says='set it right')
    made = w.json('crl', 'make', '--delta', second=12)
    check('lists', {l['series']: l['entries'] for l in made['lists']} == {1: 1, 2: 1, 3: 0, 4: 0}, made)
    check('what was noted is gone', not (w.ws / 'outgoing' / 'revocations.json').exists())
    w.json('chain', 'make', second=13)
    w.scms('policy', 'set', 'globalCertChainFileID', 3)
    w.scms('policy', 'sign', second=14)
    w.scms('publish', second=15)
    report = w.apply('vehicle', second=16)
    check('pca2 is revoked', 'CERT_REVOKED' in w.is_valid('vehicle', 'pca2', 16), w.is_valid('vehicle', 'pca2', 16))
    check('pca1 is not', 'CERT_REVOKED' not in w.is_valid('vehicle', 'pca1', 16))
    # Series 256 is the root's.
    w.scms('component', 'create', 'ma', 'ma2', second=17)
    w.scms('component', 'revoke', 'ma1', '--reason', 'a test', '--yes', second=17)
    w.scms('crl', 'make', second=18, expect=1, says='sign-root')
    w.scms('crl', 'sign-root', '--root', 'ica1', second=18, expect=1)
    w.scms('crl', 'sign-root', second=18)
    w.scms('crl', 'make', second=19)
    w.scms('crl', 'make', second=20)
    made = w.json('chain', 'make', second=21)
    check('ma1 is dropped', any(n['rule'] == 'G5' for n in made['notes']) and any(n.get('reason') == 'CERT_REVOKED' for n in made['notes']), made)
    w.scms('policy', 'set', 'globalCertChainFileID', 4)
    w.scms('policy', 'sign', second=22)
    w.scms('publish', second=23)
    w.apply('vehicle', second=24)
    check('ma1 is revoked', 'CERT_REVOKED' in w.is_valid('vehicle', 'ma1', 24))
    w.scms('crl', 'reset', '--old', w.certificate('root1'), '--new', w.certificate('root1'), second=24, expect=1, says='no released ballot')
    w.scms('crl', 'reset', '--old', w.certificate('pca1'), '--new', w.certificate('root1'), second=24, expect=1, says='root CA')
    w.scms('crl', 'reset', second=24, expect=2)


def replacing(w):
    """Elector A goes: its vote is stripped; the root is left with B's and C's; D comes and votes."""
    w.day += 1
    w.vote('remove-elector', w.folder / 'A.coer', 'BC')
    w.scms('crl', 'make')
    made = w.json('chain', 'make', second=1)
    check('stripped', any(n['kind'] == 'stripped' for n in made['notes']), made)
    w.scms('policy', 'set', 'globalCertChainFileID', 5)
    w.scms('policy', 'sign', second=2)
    # The quorum of 3 that lies ahead (policies) would find two electors.
    w.scms('publish', second=3, expect=1, says='LOCK-OUT from 2027-03-01')
    w.scms('policy', 'set', 'quorum', 2)
    w.scms('policy', 'sign', second=4)
    w.scms('publish', second=4)
    report = w.apply('vehicle', second=4)
    check('A is removed', 'removeElector APPLIED' in outcomes(report), report)
    w.vehicle('late')
    report = w.apply('late', second=5)
    check('one who was away', 'removeElector APPLIED' in outcomes(report) and 'addRoot APPLIED' in outcomes(report), report)
    # D comes.
    w.vote('add-elector', w.folder / 'D.coer', 'BC')
    made = w.json('chain', 'make', second=10)
    check('D is in the file', made.get('electorBallots') == 1, made)
    w.scms('policy', 'set', 'globalCertChainFileID', 6)
    w.scms('policy', 'sign', second=11)
    w.scms('publish', second=12)
    report = w.apply('vehicle', second=13)
    check('D is added', outcomes(report) >= {'addElector APPLIED'}, report)
    w.elector('D', 'init', '--config', w.ws / 'bootstrap' / 'bootstrap.json')
    w.day += 1
    w.elector('D', 'apply', w.ws / 'published' / 'update.oer')


def crashes(w):
    """A crash, and a disk that fails, at every change that publishing makes to it: what is out is all old or all new, and the next
    attempt finishes (the journal stays whole)."""
    w.scms('crl', 'make', second=300)
    base = w.folder / 'base'
    # Publishing reads the components' folders, and changes nothing there.
    shutil.copytree(w.ws, base, symlinks=True, ignore=shutil.ignore_patterns('components'))
    os.symlink(w.ws / 'components', base / 'components')

    def published(ws):
        return {p.name: p.read_bytes() for p in (ws / 'published').iterdir()}

    def publish(ws, fault=None, count=None):
        env = dict(os.environ)
        if fault:
            env.update(LD_PRELOAD=FAULT, FAULT_AT=str(fault[0]), FAULT_MODE=fault[1])
        if count:
            env.update(LD_PRELOAD=FAULT, FAULT_COUNT=str(count))
        return subprocess.run([SCMS, 'publish', '--workspace', ws, '--now', w.now(301)], capture_output=True, text=True, env=env)

    old = published(w.ws)
    check('publish', publish(w.ws, count=w.folder / 'calls').returncode == 0)
    new = published(w.ws)
    calls = int((w.folder / 'calls').read_text())
    check('the CRL is new', old != new and calls > 20, calls)
    for mode, step in (('kill', 1), ('torn', 3), ('lost', 3), ('error', 2), ('full', 5)):
        for at in range(0, calls, step if WHOLE or step == 1 else 2 * step):
            ws = w.folder / 'trial'
            shutil.rmtree(ws, ignore_errors=True)
            shutil.copytree(base, ws, symlinks=True)
            ended = publish(ws, fault=(at, mode))
            here = published(ws)
            name = '%s at %d (code %d)' % (mode, at, ended.returncode)
            check(name + ': all old or all new', here in (old, new), sorted(here))
            again = publish(ws)
            check(name + ': the next attempt', again.returncode == 0 or 'nothing is new' in again.stderr, again.stderr)
            check(name + ': new', published(ws) == new)
            check(name + ': nothing is left', not (ws / 'outgoing' / 'crl.oer').exists() and not (ws / '.published.new').exists() or
                  'nothing is new' in again.stderr, sorted(os.listdir(ws)))
            log = subprocess.run([SCMS, 'log', 'verify', '--workspace', ws], capture_output=True, text=True)
            check(name + ': journal', log.returncode == 0, log.stderr + log.stdout)



def crashes_of_making(w):
    """The same at every change of the disk of the commands that make what is published, and of others on the workspace: none is
    half done, and given again it works. Those that sign take their time, and are for the long tests."""
    base, trial = w.folder / 'making', w.folder / 'trial'
    brief = [(['policy', 'set', 'shuffleThreshold', 2000], ''), (['crl', 'add', w.certificate('eca1')], ''), (['chain', 'make'], ''),
             (['crl', 'take', w.ws / 'published' / 'composite_crl.oer'], ''),
             (['component', 'provision', 'ra1'], 'has a trust store already'),
             (['component', 'revoke', 'eca1', '--reason', 'r', '--yes'], 'is revoked already')]
    whole = [(['policy', 'sign'], ''), (['crl', 'make'], ''), (['crl', 'sign-root'], ''), (['component', 'renew', 'eca1', '--stage'], 'an identity is staged already'),
             (['component', 'create', 'eca', 'eca9', '--issuer', 'ica1'], 'there is a component of this name already')]
    w.scms('crl', 'make', second=302)
    shutil.copytree(w.ws, base, symlinks=True)

    def run(args, **fault):
        env = {**os.environ, **{k: str(v) for k, v in fault.items()}}
        return subprocess.run([SCMS, *map(str, args), '--workspace', trial, '--now', w.now(303), '--secret', 'file:%s' % w.pin],
                              capture_output=True, text=True, env=env)

    def fresh(args):
        """The components' folders are copied for the commands that change them."""
        shutil.rmtree(trial, ignore_errors=True)
        if args[0] == 'component':
            shutil.copytree(base, trial, symlinks=True)
        else:
            shutil.copytree(base, trial, symlinks=True, ignore=shutil.ignore_patterns('components'))
            os.symlink(base / 'components', trial / 'components')

    for args, already in brief + (whole if WHOLE else []):
        name = ' '.join(map(str, args[:2]))
        fresh(args)
        ended = run(args, LD_PRELOAD=FAULT, FAULT_COUNT=w.folder / 'calls')
        check(name, ended.returncode == 0, ended.stderr)
        calls = int((w.folder / 'calls').read_text())
        for mode, step in (('kill', 1 if WHOLE else 4), ('full', 3 if WHOLE else 6)):
            for at in range(1, calls + 1, step):
                fresh(args)
                ended = run(args, LD_PRELOAD=FAULT, FAULT_AT=at, FAULT_MODE=mode)
                what = '%s: %s at %d (code %d)' % (name, mode, at, ended.returncode)
                check(what + ': said', ended.returncode in (0, 99) or ended.stderr != '', ended)
                again = run(args)
                check(what + ': again', again.returncode == 0 or (already and already in again.stderr), again.stderr)
                log = subprocess.run([SCMS, 'log', 'verify', '--workspace', trial], capture_output=True, text=True)
                check(what + ': journal', log.returncode == 0, log.stderr)


def suspending(w):
    """B goes before D has voted for the root: its votes would be too few (H2), and everybody would lose it (H7)."""
    w.day += 1
    w.vote('remove-elector', w.folder / 'B.coer', 'CD', '--override', 'a test')
    # The root is suspended here: its CRLG and PG have stopped (D6.2). The ballot goes out without them (H4).
    w.scms('crl', 'make', expect=1, says='CRL_SIGNER')
    w.scms('crl', 'make', '--unsigned', says='was not published and is left out' if FAULT else None)
    w.scms('chain', 'make', second=1, expect=1, says='1 more vote is wanted, of ')
    before = w.published()
    w.scms('chain', 'make', '--force', second=2, says='forced')
    w.scms('policy', 'set', 'globalCertChainFileID', 7)
    w.scms('policy', 'sign', second=3, expect=1, says='POLICY_SIGNER')
    w.scms('publish', second=4, expect=1, says='names version 6 of the chain file')
    (w.ws / 'outgoing' / 'gccf.oer').unlink()
    w.scms('publish', second=4, expect=1, says='ROOT_SUSPENDED')
    check('not published', before == w.published(), w.published())
    w.scms('publish', '--override', 'a drill', second=5)
    report = w.apply('vehicle', second=6)
    check('B is removed', 'removeElector APPLIED' in outcomes(report), report)
    check('suspended', 'ROOT_SUSPENDED' in w.is_valid('vehicle', 'pca1', 6), w.is_valid('vehicle', 'pca1', 6))

def bad_days(w):
    """A disk that is full, a stick pulled in the middle, two operators at once."""
    w.scms('crl', 'make', second=100)
    before = {p.name: p.read_bytes() for p in (w.ws / 'published').iterdir()}
    def full():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
    ended = subprocess.run([SCMS, 'publish', '--workspace', w.ws, '--now', w.now(101)], capture_output=True, text=True, preexec_fn=full)
    check('a full disk', ended.returncode == 3 and 'still out' in ended.stderr, (ended.returncode, ended.stderr))
    check('nothing changed', before == {p.name: p.read_bytes() for p in (w.ws / 'published').iterdir()})
    (w.ws / '.published.new').mkdir(exist_ok=True)
    (w.ws / '.published.new' / 'half').write_bytes(b'half a file')
    w.scms('publish', second=102)
    check('the next attempt works', not (w.ws / '.published.new').exists() and 'half' not in w.published(), w.published())
    # Another operator is at work: this one waits, and is told.
    with open(w.ws / 'lock', 'a') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        w.scms('crl', 'make', second=102, expect=3, says='being changed by')
        w.scms('publish', '--check', second=102, expect=1, says='nothing is new')
    # What only grows, grows (H8); no removal vanishes before what it removes expires (H4).
    history = w.ws / 'ballots' / 'history.oer'
    whole = history.read_bytes()
    value = json.loads(w.run('show', '--json', history).stdout)
    for name, entries in (('one less', value['entries'][:-1]), ('none', []), ('another order', value['entries'][::-1])):
        w.encode('BallotHistory', {**value, 'entries': entries}, history)
        w.scms('publish', second=102, expect=1, says='a history only grows (rule H8)')
    history.write_bytes(whole)
    crl = w.ws / 'outgoing' / 'crl.oer'
    value = json.loads(w.run('show', '--json', w.ws / 'published' / 'composite_crl.oer').stdout)
    for name, change in (('no ballot', {'revokedElectors': []}), ('no list', {'securedCrlSeries': value['securedCrlSeries'][:1]})):
        w.encode('CompositeCrl', {**value, **change}, crl)
        w.scms('publish', second=102, expect=1, says='REFUSED CRL_STORE: the CRL store would not let it out: ')
        w.scms('what-if', crl, second=102, expect=1, says='REFUSED CRL_STORE')
    crl.unlink()
    # Files that somebody damaged.
    out = w.ws / 'outgoing' / 'gccf.oer'
    out.write_bytes(b'junk')
    w.scms('publish', second=103, expect=1, says='chain file')
    out.unlink()
    crl = w.ws / 'outgoing' / 'crl.oer'
    crl.write_bytes((w.ws / 'published' / 'composite_crl.oer').read_bytes()[:-1])
    w.scms('publish', second=103, expect=1)
    w.scms('crl', 'make', second=103, expect=1, says='crl.oer')
    crl.unlink()
    good = (w.ws / 'policy' / 'gpf.oer').read_bytes()
    (w.ws / 'policy' / 'gpf.oer').write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    w.scms('publish', second=104, expect=1, says='POLICY_SIGN')
    (w.ws / 'policy' / 'gpf.oer').write_bytes(good)
    # The clock of yesterday.
    w.scms('crl', 'make', second=200)
    w.day -= 2
    w.scms('publish', expect=1, says='G6')
    w.scms('chain', 'make', expect=1, says='clock')
    w.day += 2
    w.scms('publish', second=201)
    w.run('log', 'verify', '--workspace', w.ws)
    shown = w.run('log', 'show', '--workspace', w.ws).stdout
    check('the log is for people', '      lists:\n        - series 1, entries ' in shown and '      parameter: quorum\n      value: 3\n' in shown and
          '{' not in shown, [line for line in shown.splitlines() if '{' in line][:3])
    for group in ('policy', 'chain', 'crl'):
        w.run(group, expect=2)
        w.run(group, 'nonsense', expect=2, says="no command 'nonsense'")
        w.run(group, '--help', says='says more of each')


def main():
    with tempfile.TemporaryDirectory() as folder:
        w = World(folder)
        w.found()
        policies(w)
        founding(w)
        local_chain(w)
        revoking(w)
        replacing(w)
        bad_days(w)
        if FAULT:
            crashes(w)
            crashes_of_making(w)
        suspending(w)
    done()


main()
