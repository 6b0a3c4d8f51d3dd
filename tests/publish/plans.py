#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans that would lock electors out, suspend roots or leave somebody behind: what-if names each, and whom it concerns.
Usage: plans.py SCMS SCMS-ELECTOR SOFTHSM2-UTIL SOFTHSM2-MODULE"""

import json
import os
import shutil
import subprocess
import tempfile

from world import SCMS, World, check, done

MANAGER, NOW, WEEK, YEAR, FRESH, MISSED = (
    'SCMS Manager', 'end entities up to date', 'end entities one week old', 'end entities one year old',
    'end entities fresh from the bundle', 'end entities that never saw the last removal')
SLEPT = {WEEK, YEAR, FRESH}


class Plans(World):
    def fork(self, folder):
        """A copy of this world: the keys are made once."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        other = Plans(folder)
        conf = other.ws / 'scms.conf'
        conf.write_text(conf.read_text().replace(str(self.folder), str(folder)))
        return other

    def wish(self, motion, name):
        """A motion that nobody has voted for yet."""
        subject = self.certificate(name) if len(name) > 1 else self.folder / (name + '.coer')
        return self.json('motion', 'propose', motion, subject, '--reason', 'a test', '--override', 'a test',
                         '--time', self.now())['motion']

    def policy(self, quorum, *more):
        """A policy with this quorum, signed."""
        if not (self.ws / 'policy' / 'gpf.json').exists():
            self.scms('policy', 'init')
            self.scms('policy', 'set', 'globalCertChainFileID', 1)
        self.scms('policy', 'set', 'quorum', quorum, *more)
        self.day += 1  # each is newer than the one before
        self.scms('policy', 'sign')
        return self.ws / 'policy' / 'gpf.oer'

    def expect(self, name, plan, grave, more={}):
        """All that is grave, exactly, and some of what is less so: {code: audiences}."""
        ended = subprocess.run([SCMS, 'what-if', *map(str, plan), '--json', '--workspace', self.ws, '--now', self.now(60)],
                               capture_output=True, text=True)
        found, bad = {}, {}
        for audience in json.loads(ended.stdout)['audiences']:
            for finding in audience['findings']:
                found.setdefault(finding['code'], set()).add(audience['audience'])
                if finding['gravity'] in ('grave', 'refused'):
                    bad.setdefault(finding['code'], set()).add(audience['audience'])
        check(name, bad == grave, bad)
        check(name + ': exit code', ended.returncode == (1 if grave else 0), (ended.returncode, ended.stderr))
        for code, whom in more.items():
            check('%s: %s' % (name, code), found.get(code, set()) == whom, found)

    def not_published(self, name, says):
        before = self.published()
        self.scms('publish', '--reason', name, second=61, expect=1, says=says)
        check(name + ': nothing is out', self.published() == before, self.published())

    def voted_aside(self, name, says, *ballots):
        """Electors who would have it vote, in a world of its own: still nothing goes out."""
        conf = os.environ['SOFTHSM2_CONF']
        with tempfile.TemporaryDirectory() as folder:
            other = self.fork(folder)
            other.day = self.day
            for motion, subject, voters in ballots:
                other.vote(motion, other.folder / (subject + '.coer') if len(subject) == 1 else other.certificate(subject), voters,
                           '--override', 'a test')
            other.not_published(name, says)
        os.environ['SOFTHSM2_CONF'] = conf


def founded(folder):
    w = Plans(folder)
    w.init('--ceiling', '5')
    for name in 'ABCDE':
        w.elector(name, 'create')
    for role, age, names in (('elector', 4280, 'OP'), ('root', 6100, ['old']), ('root', 0, ['root1', 'root2'])):
        w.day = -age
        for name in names:
            if role == 'elector':
                w.elector(name, 'create')
            else:
                w.scms('component', 'create', role, name)
    w.scms('component', 'create', 'pg', 'pg1', '--issuer', 'root1')
    return w


def who_slept(w):
    """Each age has what was out when it heard last, and no more."""
    w.bundle('ABC', ['root1'], ceiling=5)
    for w.day, motion, subject, voters in ((1, 'add-root', w.certificate('root2'), 'AB'), (100, 'add-elector', w.folder / 'D.coer', 'AB'),
                                           (396, 'add-elector', w.folder / 'E.coer', 'BC')):
        w.vote(motion, subject, voters)
    w.day = 400
    w.voted_aside('both roots are voted out', 'GRAVE NO_ROOT: ', ('remove-root', 'root1', 'AB'), ('remove-root', 'root2', 'AB'))
    held = {MANAGER, NOW, WEEK, YEAR}  # the root
    everybody = held | {FRESH}
    removal = {name: w.wish('remove-elector', name) for name in 'ABCD'}
    first, second = w.wish('remove-root', 'root1'), w.wish('remove-root', 'root2')
    for name, plan, grave, more in (
            # D's ballot and the root's rest on A and B, E's on B and C: who has not the one never gets it, as removals come first (E1.2).
            ('A goes', [removal['A']], {'ROOT_SUSPENDED': held, 'STRANDED': {YEAR, FRESH}}, {'NEEDS_HISTORY': {WEEK}}),
            ('B goes', [removal['B']], {'ROOT_SUSPENDED': held, 'STRANDED': SLEPT}, {}),
            ('C goes', [removal['C']], {'STRANDED': SLEPT}, {}),
            ('D goes', [removal['D']], {}, {'NEEDS_HISTORY': SLEPT, 'NO_SPARE': set()}),
            ('A and C go', [removal['A'], removal['C']], {'ROOT_SUSPENDED': held, 'STRANDED': SLEPT}, {'NO_SPARE': everybody - {MANAGER, NOW}}),
            ('the old root goes first', [first], {'NO_ROOT': {FRESH}}, {}),
            ('both roots go', [first, second], {'NO_ROOT': everybody}, {})):
        w.expect(name, plan, grave, more)
    # A quorum above the electors that a device knows.
    w.expect('a quorum of 4', [w.policy(4)], {'LOCK_OUT': {YEAR, FRESH}}, {'NO_SPARE': {WEEK}})
    policy = w.policy(5)
    w.expect('a quorum of 5', [policy], {'LOCK_OUT': SLEPT}, {'NO_SPARE': {MANAGER, NOW}})
    w.expect('a quorum of 5, and D goes', [policy, removal['D']], {'LOCK_OUT': everybody}, {})
    w.expect('a quorum of 5 with the history', [policy, w.ws / 'ballots' / 'history.oer'], {}, {'NO_SPARE': everybody})
    w.policy(2)
    policy = w.policy(5, '--from', '2028-06-01T00:00:00Z')
    w.expect('a quorum of 5 later, and D goes', [policy, removal['D']], {'LOCK_OUT': everybody}, {})
    w.expect('a quorum of 5 later', [policy], {'LOCK_OUT': {YEAR, FRESH}}, {'QUORUM_LATER': {MANAGER, NOW, WEEK}, 'BALLOT_SHORT_LATER': {MANAGER}})
    # The same with ballots: nothing goes out.
    w.vote('remove-elector', w.folder / 'D.coer', 'ABC')
    w.not_published('locked out later', 'GRAVE LOCK_OUT: LOCK-OUT from 2028-06-01')
    w.day += 10
    w.expect('one that missed the removal of D', [w.wish('remove-elector', 'E')], {}, {'NEEDS_HISTORY': {FRESH, MISSED}})
    w.vote('remove-elector', w.folder / 'C.coer', 'AB')
    w.not_published('E rests on B and C', 'GRAVE STRANDED: left behind')


def expiry(w):
    """Electors O and P and one of the two roots expire on day 103 and day 109."""
    w.bundle('ABOP', ['root1', 'old'], ceiling=5)
    w.day = 1
    w.vote('add-elector', w.folder / 'D.coer', 'OP')
    w.day = 2
    w.voted_aside('A and D are voted out', 'GRAVE LOCK_OUT_LATER: ', ('remove-elector', 'A', 'BOP'), ('remove-elector', 'D', 'BOP'))
    w.voted_aside('the root that lasts is voted out', 'GRAVE NO_ROOT_LATER: ', ('remove-root', 'root1', 'AB'))
    everybody = {MANAGER, NOW} | SLEPT
    a, d = w.wish('remove-elector', 'A'), w.wish('remove-elector', 'D')
    root2 = w.wish('add-root', 'root2')
    w.expect('a ballot runs out', [root2], {}, {'BALLOT_SHORT_LATER': {MANAGER}, 'LOCK_OUT_LATER': everybody})
    w.expect('A goes: B is left to who has not D', [a], {'LOCK_OUT_LATER': SLEPT}, {})
    w.expect('A and D go: B is left', [a, d], {'LOCK_OUT_LATER': everybody}, {})
    root1 = w.wish('remove-root', 'root1')
    w.expect('the root that lasts goes', [root1], {'NO_ROOT_LATER': everybody}, {})
    w.expect('and another comes', [root1, root2], {}, {'NO_ROOT_LATER': set()})
    w.day = 200
    old = w.wish('remove-root', 'old')
    w.expect('whoever has not D never gets it', [old], {'STRANDED': {YEAR, FRESH}}, {})
    ballot = next((w.ws / 'ballots').glob('add-elector-*.oer'))
    join = w.folder / 'join'
    motion = w.json('motion', 'extend', ballot, '--reason', 'its voters have expired', '--out', join)['motion']
    for name in 'AB':
        w.elector(name, 'inspect', join)
        w.elector(name, 'sign', '--yes-i-read-it', '--out', w.folder / (name + '.vote'), join)
    w.scms('motion', 'collect', w.folder / 'A.vote', w.folder / 'B.vote')
    w.scms('motion', 'assemble', motion)
    w.expect('A and B have joined', [old], {}, {'NEEDS_HISTORY': {YEAR, FRESH}})


def latent_votes(w):
    """Votes for a motion that was withdrawn lie about (H10)."""
    w.bundle('ABCDE', ['root1'], quorum=3, ceiling=5)
    w.day = 1
    proposal = w.folder / 'proposal'
    motion = w.json('motion', 'propose', 'remove-elector', w.folder / 'C.coer', '--reason', 'a test', '--out', proposal)['motion']
    for name in 'AB':
        w.elector(name, 'inspect', proposal)
        w.elector(name, 'sign', '--yes-i-read-it', '--out', w.folder / (name + '.vote'), proposal)
    w.scms('motion', 'collect', w.folder / 'A.vote', w.folder / 'B.vote')
    w.scms('motion', 'withdraw', motion, '--reason', 'a mistake')
    w.expect('a stolen key would complete it', [w.wish('remove-elector', 'D')], {}, {'LATENT': {MANAGER}})
    w.expect('one whose vote is there already', [w.wish('remove-elector', 'B')], {}, {'LATENT': set()})
    everybody = {MANAGER, NOW} | SLEPT
    w.expect('a quorum of 4', [w.policy(4)], {}, {'LATENT_COMPLETE': set(), 'QUORUM_LOWER': set()})
    policy = w.policy(2)
    w.expect('a quorum of 2', [policy], {'LATENT_COMPLETE': {MANAGER}}, {'QUORUM_LOWER': everybody})
    w.not_published('a quorum of 2', 'GRAVE LATENT_COMPLETE: remove-elector-')
    w.policy(3)
    w.expect('a quorum of 2 later', [w.policy(2, '--from', '2027-06-01T00:00:00Z')], {'LATENT_COMPLETE': {MANAGER}}, {})


def main():
    with tempfile.TemporaryDirectory() as folder:
        base = founded(folder + '/base')
        for name, scenario in (('slept', who_slept), ('expiry', expiry), ('latent', latent_votes)):
            scenario(base.fork(folder + '/' + name))
    done()


main()
