#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A workspace with its electors and components, made with the programs themselves, and vehicles that are given what is out. Keys are in a
SoftHSM2 token, as the ceremonies' are: a key file takes 0.2 s of scrypt each time that it is opened."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

SCMS, ELECTOR, UTIL, MODULE = (os.path.abspath(p) for p in sys.argv[1:5])
PIN = '648219'
TOKEN = 'pkcs11:token=world?module-path=' + MODULE
failures = []
checks = 0


def check(name, right, found=''):
    global checks
    checks += 1
    if not right:
        failures.append(name)
        print('FAILED: %s: found %.900s' % (name, found))


def done():
    print('%d checks, %d failed' % (checks, len(failures)))
    sys.exit(1 if failures or not checks else 0)


class World:
    """A workspace with three electors (and two more in reserve), a root and all components."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.ws = self.folder / 'ws'
        self.folder.mkdir(exist_ok=True)
        self.pin = self.folder / 'pin'
        self.pin.write_text(PIN + '\n')
        self.pin.chmod(0o600)
        conf = self.folder / 'softhsm2.conf'
        conf.write_text('directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' % (self.folder / 'tokens'))
        os.environ['SOFTHSM2_CONF'] = str(conf)
        if not (self.folder / 'tokens').exists():
            (self.folder / 'tokens').mkdir()
            subprocess.run([UTIL, '--module', MODULE, '--init-token', '--free', '--label', 'world', '--so-pin', '12345678', '--pin', PIN],
                           check=True, capture_output=True)
        self.day = 0
        self.held = None

    def now(self, second=0):
        return str((722816005 + 86400 * self.day + second) * 1000000)

    def run(self, *args, expect=0, program=SCMS, says=None):
        env = dict(os.environ)
        if program == ELECTOR:
            # Its confinement leaves the leak checker of a sanitized build no way to look; it would wait for ever.
            env['ASAN_OPTIONS'] = env.get('ASAN_OPTIONS', '') + ':detect_leaks=0'
        done = subprocess.run([program, *map(str, args)], capture_output=True, text=True, cwd=self.folder, env=env)
        check(' '.join(map(str, args[:4])), done.returncode == expect, (done.returncode, done.stdout, done.stderr))
        if says is not None:
            check('%s says %s' % (' '.join(map(str, args[:3])), says), says in done.stdout + done.stderr, done.stdout + done.stderr)
        return done

    def scms(self, *args, second=0, **more):
        return self.run(*args, '--workspace', self.ws, '--now', self.now(second), '--secret', 'file:%s' % self.pin, **more)

    def json(self, *args, **more):
        done = self.scms(*args, '--json', **more)
        try:
            return json.loads(done.stdout)
        except ValueError:
            check('JSON of ' + ' '.join(map(str, args)), False, done.stdout)
            return {}

    def encode(self, kind, value, path):
        (self.folder / 'value.json').write_text(json.dumps(value))
        self.run('encode', '--type', kind, self.folder / 'value.json', '-o', path)

    def elector(self, name, *args, **more):
        command, rest = args[0], args[1:]
        if command == 'create':
            rest += ('--name', name, '--token', TOKEN, '--out', self.folder / (name + '.coer'))
        if command in ('create', 'sign'):
            rest += ('--secret', 'file:%s' % self.pin)
        return self.run(command, '--home', self.folder / name, '--now', self.now(), *rest, program=ELECTOR, **more)

    def init(self, *more):
        self.run('init', self.ws, '--system', 'test', '--quorum', '2', '--keys', TOKEN, '--secret', 'file:%s' % self.pin, *more)

    def certificate(self, name):
        return self.ws / 'components' / name / 'active' / 'certificate.coer'

    def found(self, form='1.2.4'):
        self.init('--form', form)
        for name in 'ABCD':
            self.elector(name, 'create')
        for role, name, *more in [('root', 'root1'), ('ica', 'ica1'), ('eca', 'eca1'), ('pca', 'pca1'), ('pca', 'pca2'), ('ra', 'ra1'),
                                  ('la', 'la1', '--la-id', 1), ('ma', 'ma1'), ('crlg', 'crlg1'), ('pg', 'pg1')]:
            self.scms('component', 'create', role, name, *more)
        self.bundle('ABC', ['root1'])

    def bundle(self, electors, roots, quorum=2, ceiling=3):
        """What devices and components begin with; the electors' own stores begin with it, too."""
        bootstrap = self.ws / 'bootstrap'
        for name in electors:
            shutil.copy(self.folder / (name + '.coer'), bootstrap / ('elector-%s.coer' % name))
        for name in roots:
            shutil.copy(self.certificate(name), bootstrap / (name + '.coer'))
        (bootstrap / 'bootstrap.json').write_text(json.dumps({
            'electors': ['elector-%s.coer' % n for n in electors], 'roots': [n + '.coer' for n in roots], 'quorum': quorum,
            'quorumCeiling': ceiling, 'now': int(self.now())}))
        for name in electors:
            self.elector(name, 'init', '--config', bootstrap / 'bootstrap.json')

    def vote(self, motion, certificate, voters, *more, hold=False):
        """The whole way of a motion: proposed, signed, collected, released (or held)."""
        proposal = self.folder / 'proposal'
        done = self.scms('motion', 'propose', motion, certificate, '--reason', 'a test', '--out', proposal, *more)
        motion = (done.stdout.split() + ['', ''])[1]  # "Motion add-root-..."
        votes = []
        for name in voters:
            votes.append(self.folder / (name + '.vote'))
            self.elector(name, 'inspect', proposal)
            self.elector(name, 'sign', '--yes-i-read-it', '--override', 'a test', '--out', votes[-1], proposal)
        self.scms('motion', 'collect', *votes)
        self.scms('motion', 'assemble', motion, *(['--hold'] if hold else []), *more)
        self.held = motion if hold else self.held

    def vehicle(self, name):
        self.run('store', 'init', '--state', self.folder / name, '--config', self.ws / 'bootstrap' / 'bootstrap.json')

    def published(self):
        return sorted(p.name for p in (self.ws / 'published').iterdir())

    def apply(self, name, second=0, expect=0):
        """All that is out, given to a vehicle; the report."""
        out = self.ws / 'published'
        args = []
        for option, pattern in (('--policy', 'global_policy.oer'), ('--chain', 'global_certificate_chains_*.oer'),
                                ('--crl', 'composite_crl.oer'), ('--history', 'ballot_history.oer')):
            for path in out.glob(pattern):
                args += [option, path]
        done = self.run('store', 'apply', '--state', self.folder / name, '--now', self.now(second), *args, expect=expect)
        return json.loads(done.stdout)

    def is_valid(self, name, component, second=0):
        done = subprocess.run([SCMS, 'store', 'check', '--state', self.folder / name, '--now', self.now(second), '--cert',
                               self.certificate(component), '--cert', self.certificate('ica1')], capture_output=True, text=True)
        return done.stdout


def outcomes(report):
    return {b['motion'] + ' ' + b['outcome'] for b in report.get('ballots', [])}
