# SPDX-License-Identifier: Apache-2.0
"""Components in folders, TLS identities, and scmsd over them: what tests of running components share."""

import atexit
import http.client
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'conformance'))

import peer
from cast import T0, person
from plain import messages
from plain.coer import octets, sequence_of

failures = []
running = []


@atexit.register
def end_all():
    for process in running:
        if process.poll() is None:
            process.kill()


def check(name, right, found=''):
    if not right:
        failures.append(name)
        print('FAILED: %s: found %.600r' % (name, found), flush=True)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return '%d %r %r' % (self.status, dict(self.headers), self.body[:200])


class World:
    """A folder with TLS roots and identities, and the homes of components."""

    def __init__(self, folder, programs, identities):
        self.folder = pathlib.Path(folder)
        self.programs, self.identities = pathlib.Path(programs).resolve(), identities
        self.tls = self.folder / 'tls'
        self.tls.mkdir()
        self.shown = {}  # the headers by which TLS identities say who they are
        self.make('root {0}/root.pem {0}/root.key root-of-the-test'.format(self.tls),
                  'root {0}/foreign.pem {0}/foreign.key another'.format(self.tls))

    def make(self, *lines):
        subprocess.run([self.identities], input='\n'.join(lines) + '\n', text=True, check=True)

    def identity(self, name, *roles, root='root', days=30, who=None):
        """TLS identity of a client: NAME.pem, NAME.key; of somebody of the conformance suite's, who says so."""
        self.make('end {0}/{1}.pem {0}/{1}.key {0}/{2}.pem {0}/{2}.key 127.0.0.1 {3} {4}'.format(
            self.tls, root, name, days, ' '.join(roles)))
        if who is not None:
            self.name(self.tls / (name + '.pem'), self.tls / (name + '.key'), who, *roles)
            self.shown[name] = shows(self, name, who)

    def scms(self, *arguments, code=0):
        done = subprocess.run([self.programs / 'scms', *map(str, arguments)], capture_output=True, text=True, timeout=60)
        if done.returncode != code:
            raise RuntimeError('scms %s: %d: %s' % (' '.join(map(str, arguments)), done.returncode, done.stderr))
        return done.stdout

    def home(self, name, role, config, days=30, roles=None):
        """A component known by TLS only."""
        home = self.folder / name
        (home / 'tls').mkdir(parents=True)
        (home / 'component.conf').write_text(
            'role = "%s";\nname = "%s";\nhost = "127.0.0.1";\nsecret = "prompt";\n' % (role, name))
        self.make('end {0}/root.pem {0}/root.key {1}/tls/certificate.pem {1}/tls/key.pem 127.0.0.1 {2} {3}'.format(
            self.tls, home, days, ' '.join(roles or [role])))
        (home / 'tls/roots.pem').write_bytes((self.tls / 'root.pem').read_bytes())
        self.scms('store', 'init', '--state', home / 'store', '--config', config)
        return home

    def component(self, name, role, who, config, staged=None):
        """A PG or CRLG that is somebody of the conformance suite's, and will be somebody else where staged is given."""
        home = self.home(name, role, config)
        self.name(home / 'tls/certificate.pem', home / 'tls/key.pem', who, role)
        secret = self.folder / (name + '.secret')
        secret.write_text('a pass phrase\n')
        secret.chmod(0o600)
        conf = home / 'component.conf'
        conf.write_text(conf.read_text().replace('"prompt"', '"file:%s"' % secret))
        (home / 'retired').mkdir()
        for slot, one in (('active', who), ('staged', staged)):
            if one is not None:
                self.slot(home / slot, person(one), secret)
        return home

    def name(self, certificate, key, who, *roles):
        """Makes a TLS certificate anew: in the name of who, to be found at 127.0.0.1."""
        (self.tls / 'names').write_text('subjectAltName = IP:127.0.0.1\nextendedKeyUsage = serverAuth, clientAuth\n')
        subprocess.run('openssl req -new -key {0} -subj /CN={1}{2} | openssl x509 -req -CA root.pem -CAkey root.key -days 30 '
                       '-extfile names -out {3}'.format(key, who, ''.join('/OU=' + role for role in roles), certificate),
                       shell=True, check=True, cwd=self.tls, stderr=subprocess.DEVNULL)

    def slot(self, folder, who, secret):
        folder.mkdir()
        self.make('key {}/sign.pem {:064x} {}'.format(folder, who.key.secret, secret))
        (folder / 'identity.conf').write_text('sign = "sign.pem";\n')
        (folder / 'certificate.coer').write_bytes(who.bytes)
        above, one = [], who.issuer
        while one is not None:
            above.append(one.bytes)
            one = one.issuer
        (folder / 'issuers.coer').write_bytes(sequence_of(above))

    def config(self, name, text):
        file = self.folder / name
        file.write_text(text)
        return file


class Daemon:
    def __init__(self, world, config, *arguments, wait=True, environment=None):
        self.world, self.log, self.config = world, world.folder / (config.stem + '.log'), config
        # The leak check traces the process at its end, which the sandbox forbids: it would wait forever.
        environment = dict(environment or {}, ASAN_OPTIONS='detect_leaks=0:quarantine_size_mb=1')
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([world.programs / 'scmsd', '--config', config, *map(str, arguments)], stderr=log,
                                            stdout=subprocess.DEVNULL, env=dict(os.environ, **environment), restore_signals=False)
        running.append(self.process)
        if wait:
            self.wait_for('serving')

    def events(self):
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith('{')]

    def wait_for(self, event, component=None, count=1, seconds=20):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = [e for e in self.events() if e['event'] == event and component in (None, e.get('component'))]
            if len(found) >= count:
                return found[-1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError('no event %r: %s' % (event, self.log.read_text()[-2000:]))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self):
        self.process.kill()
        self.process.wait()


def port(home):
    return int((home / 'port').read_text())


def context(world, identity=None):
    made = ssl.create_default_context(cafile=world.tls / 'root.pem')
    if identity:
        made.load_cert_chain(world.tls / (identity + '.pem'), world.tls / (identity + '.key'))
    return made


def shows(world, identity, who, **more):
    """The header by which a component says who it is: that the key of this TLS identity is its own."""
    return {'SCMS-Peer': peer.statement(person(who), world.tls / (identity + '.key'), **more)}


def connect(world, to, identity=None):
    """A connection that stays; to: a home or a port."""
    return http.client.HTTPSConnection('127.0.0.1', port(to) if isinstance(to, pathlib.Path) else to,
                                       context=context(world, identity), timeout=30)


def ask_on(connection, method, path, body=None, headers=None):
    """One request on a connection. Status 0: it was refused or cut."""
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    except (ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
        return Answer(0, {}, repr(error).encode())


def ask(world, to, method, path, body=None, identity=None, headers=None):
    """One request by a TLS identity, which says who it is."""
    connection = connect(world, to, identity)
    try:
        return ask_on(connection, method, path, body, {**world.shown.get(identity, {}), **(headers or {})})
    finally:
        connection.close()


# ---- files, from the people of the conformance suite ----

def bootstrap(world, name, electors='ABC', roots=('R1',), certificates=('ICA1', 'PG1', 'CRLG1', 'MA1'), own=(), quorum=2):
    """A configuration for `store init`."""
    folder = world.folder / (name + '-bootstrap')
    folder.mkdir()

    def file(who):
        (folder / who).write_bytes(person(who).bytes)
        return who
    config = folder / 'bootstrap.json'
    config.write_text(json.dumps({'electors': [file(e) for e in electors], 'roots': [file(r) for r in roots], 'quorum': quorum,
                                  'certificates': [file(c) for c in certificates], 'own': [file(o) for o in own],
                                  'now': T0 * 1000000}))
    return config


def ballot(motion, subject, voters, time=T0):
    """An ElectorBallot of these voters."""
    certificate = person(subject)
    tbs = messages.endorsement_124(messages.MOTION[motion], certificate.identity, time)
    votes = [messages.signed_data(person(v), tbs, messages.header(0x23, time * 1000000)) for v in voters]
    return messages.ballot_124(certificate.bytes, votes)


def composite(serial=1, listed=(), roots=(), electors=(), issue=T0, signer='CRLG1', series=2, next_=None):
    """A CompositeCrl: a full hash CRL with these certificates, and removal ballots."""
    root = person('R' + signer[4])
    body = messages.hash_crl(serial, [(person(name).id10, T0 + 30000000) for name in listed])
    crl = messages.crl(person(signer), root.id8, series, issue, (next_ or issue + 7 * 86400), body)
    return messages.composite_crl([crl], list(roots), list(electors))


def root_crl(listed, signer='R1', issue=T0 + 7200, series=256, serial=1):
    """A root's own CRL: of those who sign CRLs, policies and the like."""
    body = messages.hash_crl(serial, [(person(name).id10, T0 + 30000000) for name in listed])
    return messages.crl(person(signer), person('R1').id8, series, issue, issue + 7 * 86400, body)
