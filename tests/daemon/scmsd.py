#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scmsd with the roles that keep and serve. Usage: scmsd.py PROGRAMS IDENTITIES [PART...]"""

import concurrent.futures
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import openmetrics
from world import (Daemon, T0, World, ask, ballot, bootstrap, check, composite, context, failures, octets, person, port, root_crl,
                   sequence_of)

NOW = (T0 + 86400) * 1000000
EPOCH = 1072915200             # 2004-01-01
OFFSET = NOW // 1000000 + EPOCH - int(time.time())

CRL = composite(electors=[ballot('removeElector', 'C', 'AB')])


def conf(world, name, *components, more=''):
    return world.config(name, 'user = "root";\n%s\ncomponents = (\n%s\n);\n' % (more, ',\n'.join(components)))


def component(name, listen='127.0.0.1:0', more=''):
    return '  { home = "%s"; listen = "%s"; %s }' % (name, listen, more)


def start(world, *arguments, name='scmsd.conf', **more):
    return Daemon(world, world.folder / name, '--clock-offset', OFFSET, *arguments, **more)


def check_only(world, config, *arguments):
    return subprocess.run([world.programs / 'scmsd', '--config', config, '--check', *arguments], capture_output=True, text=True,
                          timeout=20)


# ---- parts ----

def configuration(world):
    """What is wrong in a configuration is named by file, line and setting, with the mend."""
    good = component('store')
    for name, role in (('second', 'crl-store'), ('crlg', 'crlg'), ('manager', 'manager'), ('dcm', 'dcm'), ('ra', 'ra')):
        world.home(name, role, bootstrap(world, name))
    rows = [
        ('syntax', 'components = ( { home = "store" listen = }; );', ':1:', 'syntax error'),
        ('no file', None, 'cannot be read', ''),
        ('unknown setting', 'colour = 3;\ncomponents = (%s);' % good, ':1: colour: no such setting', 'scmsd(8)'),
        ('unknown setting of a role', 'components = (\n{ home = "store"; listen = "127.0.0.1:1";\n speed = 3; });', ':3: speed: role',
         'crl-store has no such setting'),
        ('number out of range', 'components = ({ home = "store"; listen = "127.0.0.1:1";\n wait_seconds = 900; });',
         ':2: wait_seconds: expected 1 to 55, found 900', ''),
        ('text for a number', 'components = ({ home = "store"; listen = "127.0.0.1:1";\n wait_seconds = "x"; });',
         ':2: wait_seconds: expected a whole number', ''),
        ('no port', 'components = ({ home = "store";\n listen = "127.0.0.1"; });', ':2: listen: expected ADDRESS:PORT', '8892'),
        ('port too large', 'components = ({ home = "store";\n listen = "127.0.0.1:70000"; });', ':2: listen: expected', ''),
        ('no listen', 'components = ({ home = "store"; });', 'listen is missing: add listen', ''),
        ('no home', 'components = ({ listen = "127.0.0.1:1"; });', 'expected a component as in', ''),
        ('home is elsewhere', 'components = (\n{ home = "nowhere"; listen = "127.0.0.1:1"; });', ':2: home: ',
         "scms component create"),
        ('no components', 'test_mode = true;', 'no components: add', ''),
        ('components is no list', 'components = 3;', ':1: components: expected a list', ''),
        ('twice', 'components = (%s,\n%s);' % (good, good), ':2: component store is there already, at line 1', ''),
        ('peer without https', 'components = ({ home = "crlg"; listen = "127.0.0.1:1";\n peers = { crl-store = "http://x:1"; }; });',
         ':2: crl-store: expected "https://HOST:PORT"', 'http://x:1'),
        ('peer with a path', 'components = ({ home = "crlg"; listen = "127.0.0.1:1";\n peers = { crl-store = "https://x:1/"; }; });',
         ':2: crl-store: expected', ''),
        ('flag', 'test_mode = 3;\ncomponents = (%s);' % good, ':1: test_mode: expected true or false', ''),
        ('two on a port', 'components = ({ home = "store"; listen = "127.0.0.1:7001"; },\n{ home = "second"; listen = "0.0.0.0:7001"; });',
         ':2: component second: listen: port 7001 is that of component store, at line 1', 'give it another'),
        ('listen by name', 'components = ({ home = "store";\n listen = "localhost:1"; });', ':2: listen: expected an address in digits', 'localhost:1'),
        ("listen on another machine's", 'components = (\n{ home = "store"; listen = "192.0.2.7:1"; });', ':2: component store: listen: 192.0.2.7: ',
         'expected an address of this machine'),
        ('no such user', 'user = "noSuchUser";\ncomponents = (%s);' % good, ':1: user: user noSuchUser does not exist', 'adduser'),
        ('no such path', 'paths = (\n"nowhere" );\ncomponents = (%s);' % good, ':2: ', '/nowhere: No such file or directory; make it'),
        ('no such clock', 'clock_file = "nowhere";\ncomponents = (%s);' % good, ':1: clock_file: ', '/nowhere: No such file'),
        ('peer without a port', 'components = ({ home = "crlg"; listen = "127.0.0.1:1";\n peers = { crl-store = "https://x"; }; });',
         ':2: crl-store: expected "https://HOST:PORT"', ''),
        ('peer with a port that is none', 'components = ({ home = "crlg"; listen = "127.0.0.1:1";\n peers = { crl-store = "https://x:99999"; }; });',
         ':2: crl-store: expected "https://HOST:PORT"', ''),
        ('peer that is misspelt', 'components = ({ home = "crlg"; listen = "127.0.0.1:1"; peers = { crl-store = "https://x:1";\n crl-stroe = "https://x:1"; }; });',
         ':2: crl-stroe: role crlg calls no peer of this name', 'take it out'),
        ('peer that is missing', 'components = (\n{ home = "crlg"; listen = "127.0.0.1:1"; });', ':2: component crlg (crlg): peer "crl-store" is missing',
         'add crl-store = '),
        ('peer of one that calls nobody', 'components = ({ home = "store"; listen = "127.0.0.1:1";\n peers = { pg = "https://x:1"; }; });', ':2: pg: role crl-store',
         'take it out'),
        ('a CRL that is due too early', 'components = ({ home = "crlg"; listen = "127.0.0.1:1"; peers = { crl-store = "https://x:1"; };\n next_seconds = 90; });',
         ':2: component crlg: next_seconds: expected more than interval_seconds, which is 86400, found 90', ''),
        ('a CRL to begin with that is not there', 'components = ({ home = "crlg"; listen = "127.0.0.1:1"; peers = { crl-store = "https://x:1"; };\n begin = "/no"; });',
         ':2: component crlg: begin: /no: No such file', 'absolute path'),
        ('console for all', 'components = ({ home = "manager"; listen = "127.0.0.1:1";\n console = "0.0.0.0:8901"; });', ':2: component manager: console: expected',
         'ssh -L'),
        ('no workspace', 'components = ({ home = "manager"; listen = "127.0.0.1:1";\n workspace = "/no"; });', ':2: component manager: workspace: /no', 'paths'),
        ('no address for the bundles', 'components = (\n{ home = "dcm"; listen = "127.0.0.1:1"; peers = { eca = "https://x:1"; ra = "https://x:1"; }; });',
         ':2: component dcm: ra_host: expected', 'found none'),
        ('an address for the bundles that is none', 'components = ({ home = "dcm"; listen = "127.0.0.1:1"; peers = { eca = "https://x:1"; ra = "https://x:1"; };\n'
         'ra_host = "x";\nra_url = "http://x"; });', ':3: component dcm: ra_url: expected', 'found http://x'),
        ('no such parameter', 'components = ({ home = "ra"; listen = "127.0.0.1:1"; peers = { pca = "https://x:1"; la1 = "https://x:1"; la2 = "https://x:1"; };\n'
         'drop = "colour"; });', ":2: component ra: drop: the global policy has no parameter 'colour'", 'scms policy show'),
        ('no ECA', 'components = ({ home = "ra"; listen = "127.0.0.1:1"; peers = { pca = "https://x:1"; la1 = "https://x:1"; la2 = "https://x:1"; };\n ecas = ""; });',
         ':2: component ra: ecas: expected host names of ECAs, found none', ''),
        ('limit', 'components = ({ home = "store"; listen = "127.0.0.1:1"; limits = {\n pears = 3; }; });', ':2: pears: no such limit',
         ''),
    ]
    for name, text, first, second in rows:
        file = world.folder / 'bad.conf'
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text)
        done = check_only(world, file)
        check('configuration: ' + name, done.returncode == 1 and first in done.stderr and second in done.stderr and
              str(file) in done.stderr, done.stderr)
    # What a component needs beside its lines in the file.
    one, two = world.folder / 'store', world.folder / 'second'
    file = conf(world, 'bad.conf', good)
    for name, broken, words in (
            ('no TLS identity', lambda: (one / 'tls').rename(one / 'away'), ('there is no TLS identity', 'scms component tls')),
            ('no key', lambda: (one / 'tls/key.pem').unlink(), ('key.pem', 'No such file')),
            ("another's key", lambda: shutil.copy(two / 'tls/key.pem', one / 'tls/key.pem'), ('key.pem', 'key values mismatch')),
            ('no roots', lambda: (one / 'tls/roots.pem').unlink(), ('roots.pem', 'No such file')),
            ("another role's TLS identity", lambda: [shutil.copy(world.folder / 'ra/tls' / part, one / 'tls') for part in ('key.pem', 'certificate.pem')],
             ('certificate.pem: expected a certificate of role crl-store',)),
            ('no trust store', lambda: (one / 'store').rename(one / 'away'), ('there is no trust store yet', 'scms component provision store')),
            ('damaged trust store', lambda: [part.write_bytes(b'x') for part in (one / 'store').rglob('*') if part.is_file()], ('store/store',))):
        kept = world.folder / 'kept'
        shutil.copytree(one, kept)
        broken()
        done = check_only(world, file)
        check('check: ' + name, done.returncode == 1 and '%s:4: component store: ' % file in done.stderr and all(word in done.stderr for word in words), done)
        shutil.rmtree(one)
        kept.rename(one)
    behind = check_only(world, file, '--clock-offset', str(OFFSET - 86400 * 365))
    check('check: a clock behind', behind.returncode == 1 and 'set the clock right' in behind.stderr, behind)
    both = world.config('bad.conf', 'colour = 3;\nshape = 4;\ncomponents = (%s);' % good)
    done = check_only(world, both)
    check('configuration: all complaints at once', ':1: colour' in done.stderr and ':2: shape' in done.stderr, done.stderr)
    check('configuration: good', check_only(world, conf(world, 'good.conf', good)).returncode == 0)
    check('configuration: role that is not there', check_only(world, world.folder / 'good.conf', 'ra').returncode == 1)
    check('configuration: usage', subprocess.run([world.programs / 'scmsd'], capture_output=True).returncode == 2)


def serving(world):
    home = world.folder / 'store'
    conf(world, 'scmsd.conf', component('store'))
    daemon = start(world)
    try:
        health = ask(world, home, 'GET', '/health')
        check('health', health.status == 200 and health.json()['status'] == 'serving' and health.json()['role'] == 'crl-store', health)
        check('health: time', abs(health.json()['time'] - NOW) < 60e6, health)
        metrics = ask(world, home, 'GET', '/metrics')
        check('metrics', metrics.status == 200 and metrics.body.endswith(b'# EOF\n') and
              b'scms_serving{component="store"} 1\n' in metrics.body and
              metrics.headers['Content-Type'].startswith('application/openmetrics-text'), metrics)
        check('metrics: OpenMetrics', openmetrics.is_good(metrics.body), metrics)
        check('metrics: what is counted', openmetrics.read(metrics.body)['scms_http_requests'][1][(('component', 'store'),)] >= 2)
        check('no CRL yet: bare 500', ask(world, home, 'GET', '/download-crl/').status == 500)
        nothing = ask(world, home, 'GET', '/nothing')
        check('no such path: bare 500, as all that is refused to those whom nobody knows', nothing.status == 500 and nothing.body == b'', nothing)
        for path in ('/download-crl/../../etc/passwd', '/download-crl/%2e%2e/x', '//download-crl/', '/download-crl/x', '/.hidden'):
            answer = ask(world, home, 'GET', path)
            check('path ' + path, answer.status in (400, 404, 500) and answer.body == b'', answer)
        # Told to stop while a request comes in: it is answered, and the connection closed.
        with socket.create_connection(('127.0.0.1', port(home))) as plain, context(world).wrap_socket(plain, server_hostname='127.0.0.1') as tls:
            tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tls.sendall(b'GET /health HTTP/1.1\r\nHost: x\r\n')
            ask(world, home, 'GET', '/health')  # by now it has read that
            daemon.process.send_signal(signal.SIGTERM)
            daemon.wait_for('stopping')
            tls.sendall(b'\r\n')
            last = b''.join(iter(lambda: tls.recv(4096), b''))
        check('stops: what was coming in is answered', last.startswith(b'HTTP/1.1 200 ') and b'Connection: close' in last and b'"serving"' in last, last)
        check('stops when asked', daemon.process.wait(20) == 0)
    finally:
        daemon.kill()
    with socket.create_server(('127.0.0.1', 0)) as other:
        taken = other.getsockname()[1]
        conf(world, 'taken.conf', component('store', '127.0.0.1:%d' % taken))
        daemon = start(world, name='taken.conf', wait=False)
        check('port taken', daemon.process.wait(20) == 3 and "port %d: cannot listen: Address already in use" % taken in daemon.log.read_text(), daemon.log)


def peers(world):
    """Mutual TLS: no certificate, a wrong role, one that has expired, one of strangers."""
    home = world.folder / 'store'
    conf(world, 'scmsd.conf', component('store'))
    daemon = start(world)
    try:
        for path, good, body in (('/crl', 'crlg', CRL), ('/trust', 'manager', b''), ('/activate', 'manager', b'')):
            wrong = 'manager' if path == '/crl' else 'ra'
            check(path + ': no certificate', ask(world, home, 'POST', path, b'x').status in (403, 0))
            answer = ask(world, home, 'POST', path, b'x', wrong)
            check(path + ': wrong role', answer.status == 403, answer)
            check(path + ': expired', ask(world, home, 'POST', path, b'x', 'expired').status == 0)
            check(path + ': of another root', ask(world, home, 'POST', path, b'x', 'stranger').status == 0)
            answer = ask(world, home, 'POST', path, b'\xff', good)
            check(path + ': right role, not what it takes', answer.status in (400, 422), answer)
        check('GET /trust: nobody', ask(world, home, 'GET', '/trust').status == 403)
        trust = ask(world, home, 'GET', '/trust', identity='manager')
        check('GET /trust', trust.status == 200 and trust.json()['store']['quorum'] == 2 and len(trust.json()['store']['electors']) == 3,
              trust)
        big = ask(world, home, 'POST', '/trust', b'x' * 3000000)
        check('a stranger sends much', big.status in (0, 413), big)
    finally:
        daemon.stop()


def crl_store(world):
    home = world.folder / 'store'
    conf(world, 'scmsd.conf', component('store'))
    daemon = start(world)
    wrong = [
        ('cut short', CRL[:-1]),
        ('a byte more', CRL + b'x'),
        ('a ballot with one vote', composite(electors=[ballot('removeElector', 'C', 'A')])),
        ('a ballot of strangers', composite(electors=[ballot('removeElector', 'C', 'GH')])),
        ('dated in the future', composite(issue=T0 + 30 * 86400)),
        ('of a CRLG below another root', composite(signer='CRLG2')),
        ('of a CRLG for another series', composite(signer='CRLG1_only2', series=3)),
    ]
    try:
        for name, body in wrong:
            answer = ask(world, home, 'POST', '/crl', body, 'crlg')
            check('CRL refused: ' + name, answer.status == 422, answer)
        check('empty CRL', ask(world, home, 'POST', '/crl', b'', 'crlg').status == 400)
        check('still none', ask(world, home, 'GET', '/download-crl/').status == 500)
        answer = ask(world, home, 'POST', '/crl', CRL, 'crlg')
        check('CRL', answer.status == 200 and answer.json()['changed'], answer)
        answer = ask(world, home, 'GET', '/download-crl/')
        check('download', answer.status == 200 and answer.body == CRL and
              answer.headers['Content-Type'] == 'application/octet-stream', answer)
        tag = answer.headers['ETag']
        check('not modified', ask(world, home, 'GET', '/download-crl/', headers={'If-None-Match': tag}).status == 304)
        part = ask(world, home, 'GET', '/download-crl/', headers={'Range': 'bytes=10-19'})
        check('range', part.status == 206 and part.body == CRL[10:20], part)
        trust = ask(world, home, 'GET', '/trust', identity='manager').json()
        check('its own store took it', len(trust['store']['electors']) == 2 and len(trust['store']['tombstones']) == 1, trust)
        again = ask(world, home, 'POST', '/crl', CRL, 'crlg')
        check('the same again', again.status == 200 and not again.json()['changed'], again)
        begin = time.monotonic()
        waited = ask(world, home, 'GET', '/download-crl/', headers={'If-None-Match': tag, 'Prefer': 'wait=1'})
        check('waits for the next', waited.status == 304 and time.monotonic() - begin > 0.5, waited)
        got = []
        waiting = threading.Thread(target=lambda: got.append(ask(
            world, home, 'GET', '/download-crl/', headers={'If-None-Match': tag, 'Prefer': 'wait=50'})))
        waiting.start()
        while b'scms_crl_store_waiting{component="store"} 1' not in ask(world, home, 'GET', '/metrics').body:
            time.sleep(0.05)
        newer = composite(serial=2, issue=T0 + 3600, electors=[ballot('removeElector', 'C', 'AB')])
        check('a newer one', ask(world, home, 'POST', '/crl', newer, 'crlg').status == 200)
        waiting.join(45)
        check('woken by the next', len(got) == 1 and got[0].status == 200 and got[0].body == newer, got)
        check('an older one', ask(world, home, 'POST', '/crl', CRL, 'crlg').status == 422)
        kept_and_rebuilt(world, home)
        newer = ask(world, home, 'GET', '/download-crl/').body
        tag = ask(world, home, 'GET', '/download-crl/').headers['ETag']
        held = threading.Thread(target=lambda: got.append(ask(
            world, home, 'GET', '/download-crl/', headers={'If-None-Match': tag, 'Prefer': 'wait=50'})))
        held.start()
        time.sleep(0.3)
        begin = time.monotonic()
        check('stops with somebody waiting', daemon.stop() == 0 and time.monotonic() - begin < 30)
        held.join(10)
        daemon = start(world, wait=False)
        daemon.wait_for('serving', count=2)
        check('kept over a restart', ask(world, home, 'GET', '/download-crl/').body == newer)
    finally:
        daemon.kill()


def kept_and_rebuilt(world, home):
    """What was served once does not vanish; after the CRLG's revocation the store makes the CRL itself."""
    removal = ballot('removeElector', 'C', 'AB')
    listed = composite(serial=3, issue=T0 + 7200, listed=['R2'], electors=[removal])
    check('with an entry', ask(world, home, 'POST', '/crl', listed, 'crlg').status == 200)
    wrong = [
        ('a ballot vanishes', composite(serial=4, issue=T0 + 9000, listed=['R2']), 'rule H4'),
        ('an entry is taken back', composite(serial=4, issue=T0 + 9000, electors=[removal]), 'no un-revocation'),
        ('a list vanishes', composite(serial=4, issue=T0 + 9000, series=3, electors=[removal]), 'would be gone'),
        ('overdue', composite(serial=4, issue=T0 + 9000, next_=T0 + 9001, listed=['R2'], electors=[removal]), 'overdue'),
    ]
    for name, body, word in wrong:
        answer = ask(world, home, 'POST', '/crl', body, 'crlg')
        check('CRL refused: ' + name, answer.status == 422 and any(word in text for text in answer.json()['faults']), answer)
    check('refused: the one before is served', ask(world, home, 'GET', '/download-crl/').body == listed)
    revoking = root_crl(['CRLG1'])
    for name, body, identity, status in (
            ('by a CRLG', revoking, 'crlg', 403), ('empty', b'', 'manager', 400), ('not a CRL', b'junk', 'manager', 422),
            ('not the root', root_crl(['CRLG1'], signer='CRLG1'), 'manager', 422),
            ('of another series', root_crl(['CRLG1'], series=4), 'manager', 422)):
        answer = ask(world, home, 'POST', '/root-crl', body, identity)
        check("root's CRL refused: " + name, answer.status == status, answer)
    check("root's CRL refused: the one before is served", ask(world, home, 'GET', '/download-crl/').body == listed)
    stick, manager = world.folder / 'root_crl.oer', world.folder / 'manager-of-the-stick'
    stick.write_bytes(revoking)
    (manager / 'tls').mkdir(parents=True)
    for name, source in (('certificate.pem', 'manager.pem'), ('key.pem', 'manager.key'), ('roots.pem', 'root.pem')):
        shutil.copy(world.tls / source, manager / 'tls' / name)
    url = 'https://127.0.0.1:%d' % port(home)
    world.scms('push', stick, '--home', manager, '--crl-store', url + '0', code=3)
    world.scms('push', world.folder / 'scmsd.conf', '--home', manager, '--crl-store', url, code=1)
    answer = json.loads(world.scms('push', stick, '--home', manager, '--crl-store', url))
    check('rebuilt', [text[:9] for text in answer['left_out']] == ['series 2:'], answer)
    served = ask(world, home, 'GET', '/download-crl/').body
    check('rebuilt: the ballot is there, the list is not', removal in served and revoking in served and person('R2').id10 not in served)
    late = composite(serial=5, issue=T0 + 10000, listed=['R2'], electors=[removal])
    check('rebuilt: the CRLG is believed no more', ask(world, home, 'POST', '/crl', late, 'crlg').status == 403)


def databases(world):
    """Newer, corrupt, read-only: named, and as they were."""
    home = world.folder / 'store'
    conf(world, 'scmsd.conf', component('store'))
    start(world).stop()
    file, saved = home / 'db.sqlite', (home / 'db.sqlite').read_bytes()

    def refused(name, bytes_, *words, mode=0o600):
        file.write_bytes(bytes_)
        file.chmod(mode)
        for beside in ('db.sqlite-wal', 'db.sqlite-shm'):
            (home / beside).unlink(missing_ok=True)
        daemon = start(world, wait=False)
        check('database %s: exit code' % name, daemon.process.wait(20) == 3)
        said = daemon.log.read_text().splitlines()[-1]
        check('database %s: said' % name, str(file) in said and all(word in said for word in words), said)
        check('database %s: untouched' % name, file.read_bytes() == bytes_)

    newer = subprocess.run([sys.executable, '-c', 'import sqlite3,sys\nd=sqlite3.connect(sys.argv[1])\n'
                            'd.execute("UPDATE scms_schema SET version = 99")\nd.commit()\nd.close()', file], capture_output=True)
    check('test makes a newer one', newer.returncode == 0, newer.stderr)
    refused('newer', file.read_bytes(), 'newer program')
    refused('corrupt', saved[:100] + os.urandom(len(saved) - 100))
    refused('not a database', b'hello' * 1000)
    # The page of the CRL that is served: it is seen only when that is read.
    file.write_bytes(saved)
    daemon = start(world, wait=False)
    daemon.wait_for('serving', count=2)
    check('database: has a CRL', ask(world, home, 'POST', '/crl', CRL, 'crlg').status == 200)
    daemon.stop()
    whole = file.read_bytes()
    refused('with a damaged page', whole[:8192] + b'\xff' * 64 + whole[8256:], 'malformed', 'restore it from a backup')
    refused('read-only', saved, 'read', mode=0o400)
    file.chmod(0o600)
    file.write_bytes(saved)


def full(world):
    """No room on the disk: nothing is acknowledged that is not there, what was there is served, and with room it goes on."""
    home = world.folder / 'store'
    conf(world, 'scmsd.conf', component('store'))
    daemon = start(world)

    def room(bytes_):
        # A write beyond it fails as one to a full disk does. (The tests' interpreter ignores SIGXFSZ, and so its child.)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (bytes_, resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)[1]))
    newer = composite(serial=2, issue=T0 + 3600, electors=[ballot('removeElector', 'C', 'AB')])
    try:
        check('full: the first', ask(world, home, 'POST', '/crl', CRL, 'crlg').status == 200)
        wal = (home / 'db.sqlite-wal').stat().st_size  # the log, which is shorter, has room
        room(wal)
        for _ in range(2):
            answer = ask(world, home, 'POST', '/crl', newer, 'crlg')
            check('full: not acknowledged', answer.status in (500, 503), answer)
        check('full: the one before is served', ask(world, home, 'GET', '/download-crl/').body == CRL)
        check('full: it serves', ask(world, home, 'GET', '/health').json()['status'] == 'serving')
        lines = daemon.log.read_text().splitlines()
        check('full: said, as an event', all(line.startswith('{') for line in lines) and
              [e for e in daemon.events() if e['event'] == 'not committed' and e['level'] == 'error'], lines[-3:])
        daemon.kill()
        daemon = start(world, wait=False)
        daemon.wait_for('serving', count=2)
        check('full: what was acknowledged is there after a kill', ask(world, home, 'GET', '/download-crl/').body == CRL)
        room((home / 'db.sqlite-wal').stat().st_size)
        check('full: again', ask(world, home, 'POST', '/crl', newer, 'crlg').status in (500, 503))
        room(1 << 30)
        check('full: there is room again', ask(world, home, 'POST', '/crl', newer, 'crlg').status == 200 and
              ask(world, home, 'GET', '/download-crl/').body == newer)
    finally:
        daemon.kill()


def clocks(world):
    conf(world, 'scmsd.conf', component('store'))
    daemon = Daemon(world, world.folder / 'scmsd.conf', '--clock-offset', OFFSET - 86400 * 365, wait=False)
    check('a clock behind: exit code', daemon.process.wait(20) == 3)
    said = daemon.log.read_text().splitlines()[-1]
    check('a clock behind: said', 'the clock stands at 2022-' in said and 'set the clock right' in said, said)
    turned = world.config('offset', '%d\n' % OFFSET)
    daemon = Daemon(world, world.folder / 'scmsd.conf', '--clock-file', turned)
    try:
        def now():
            return ask(world, world.folder / 'store', 'GET', '/health').json()['time']
        check('clock file', abs(now() - NOW) < 60e6, now())
        fresh = world.folder / 'offset.new'
        fresh.write_text('%d\n' % (OFFSET + 7 * 86400))
        fresh.rename(turned)
        check('clock file turned', abs(now() - NOW - 7 * 86400e6) < 60e6, now())
        turned.write_text('soon\n')
        check('clock file spoilt: the last offset stands', abs(now() - NOW - 7 * 86400e6) < 60e6, now())
    finally:
        daemon.stop()
    text = daemon.log.read_text()
    check('clock turns are said', 'clock turned' in text and 'expected a number of seconds' in text, text)


def users(world):
    """Started as root, it becomes somebody else, and cannot get back."""
    if os.geteuid() != 0:
        return
    home = world.folder / 'store'
    config = world.config('user.conf', 'components = (%s);' % component('store'))
    daemon = start(world, name='user.conf', wait=False)
    check('root and a home of root: refused', daemon.process.wait(20) == 3)
    check('root and a home of root: said', 'chown' in daemon.log.read_text(), daemon.log.read_text())
    os.chmod(world.folder, 0o755)
    config.write_text('user = "nobody";\ncomponents = (%s);' % component('store'))
    for path in [home, *home.rglob('*')]:
        shutil.chown(path, 'nobody')
    daemon = start(world, name='user.conf')
    status = pathlib.Path('/proc/%d/status' % daemon.process.pid).read_text()
    lines = dict(line.split(':\t', 1) for line in status.splitlines() if ':\t' in line)
    check('becomes nobody', lines['Uid'].split() == ['65534'] * 4, lines['Uid'])
    check('has no capabilities', int(lines['CapPrm'], 16) == 0 and int(lines['CapEff'], 16) == 0, lines['CapEff'])
    check('gains none', lines['NoNewPrivs'].strip() == '1')
    check('system calls are filtered', lines['Seccomp'].strip() == '2', lines['Seccomp'])
    check('serves as nobody', ask(world, home, 'GET', '/health').status == 200)
    daemon.stop()
    config.write_text('user = "noSuchUser";\ncomponents = (%s);' % component('store'))
    daemon = start(world, name='user.conf', wait=False)
    check('no such user', daemon.process.wait(20) == 1 and 'noSuchUser' in daemon.log.read_text(), daemon.log.read_text())
    for path in [home, *home.rglob('*')]:
        shutil.chown(path, 'root')


def update(crl=None, chain=None):
    """A TrustUpdate."""
    present = sum(bit for bit, file in ((0x20, crl), (0x10, chain)) if file is not None)
    return bytes([present]) + b'SCUP\1' + b''.join(octets(file) for file in (crl, chain) if file is not None) + sequence_of([])


def push(world):
    """An update for all: who has it, who has not, over a restart too; each judges for itself."""
    world.home('manager', 'manager', bootstrap(world, 'manager'))
    world.home('second', 'crl-store', bootstrap(world, 'second'))
    home = world.folder / 'manager'
    one = conf(world, 'one.conf', component('store'))
    two = conf(world, 'two.conf', component('second'))
    first, second = start(world, name='one.conf'), start(world, name='two.conf')
    ports = [int((world.folder / name / 'port').read_text()) for name in ('store', 'second')]
    two.write_text(two.read_text().replace('127.0.0.1:0', '127.0.0.1:%d' % ports[1]))
    conf(world, 'scmsd.conf', component('manager', more='look_seconds = 1; peers = { store = "https://127.0.0.1:%d"; '
                                        'second = "https://127.0.0.1:%d"; };' % tuple(ports)))
    manager = start(world)
    removal = update(crl=composite(electors=[ballot('removeElector', 'C', 'AB')]))
    try:
        check('push: not an update', ask(world, home, 'POST', '/push', b'x' + removal, 'manager').status == 400)
        check('push: a file that cannot be read', ask(world, home, 'POST', '/push', update(crl=b'junk'), 'manager').status == 422)
        check('push: not by an RA', ask(world, home, 'POST', '/push', removal, 'ra').status == 403)
        second.stop()
        answer = ask(world, home, 'POST', '/push', removal, 'manager', {'SCMS-Deadline': '2'})
        check('push: begun', answer.status == 202 and answer.json()['missing'] == 2, answer)
        path = '/push/%d' % answer.json()['id']

        def missing(*names, late=()):
            for _ in range(200):
                found = ask(world, home, 'GET', path, identity='manager').json()
                lacking = [c['component'] for c in found['components'] if not c['has']]
                if lacking == list(names) and [c['component'] for c in found['components'] if c['late']] == list(late):
                    return True
                time.sleep(0.05)
            return False
        check('push: one has it, one is late', missing('second', late=['second']), ask(world, home, 'GET', path, identity='manager'))
        trust = ask(world, world.folder / 'store', 'GET', '/trust', identity='manager').json()
        check('push: taken', len(trust['store']['electors']) == 2 and len(trust['store']['tombstones']) == 1, trust)
        manager.kill()
        manager = start(world, wait=False)
        manager.wait_for('serving', count=2)
        second = start(world, name='two.conf', wait=False)
        second.wait_for('serving', count=2)
        check('push: taken up after a kill', missing(late=['second']), ask(world, home, 'GET', path, identity='manager'))
        check('push: lateness is said', manager.wait_for('update late')['component'] == 'second')
        check('push: no such', ask(world, home, 'GET', '/push/99', identity='manager').status == 404)

        def answering():
            return ask(world, home, 'GET', '/state', identity='manager').json()
        for _ in range(100):
            state = answering()
            if all(c['answers'] and 'trust' in c for c in state['components']):
                break
            time.sleep(0.1)
        check('state: components', [c['name'] for c in state['components']] == ['store', 'second'] and
              all(c['trust']['standing'] == 'VALID' and abs(c['clockAhead']) < 60e6 for c in state['components']), state)
        check('state: margins', state['margins']['electors'] == 2 and state['margins']['margin'] == 0, state['margins'])
        check('state: nobody else', ask(world, home, 'GET', '/state', identity='ra').status == 403)
    finally:
        for daemon in (first, second, manager):
            daemon.kill()


def peers_asked(world):
    """scmsd --check-peers: who is there, who is not the one that is meant, and which end is to be mended."""
    home = world.home('asks', 'crlg', bootstrap(world, 'asks'))
    own = {name: (home / 'tls' / name).read_bytes() for name in ('certificate.pem', 'key.pem', 'roots.pem')}
    conf(world, 'scmsd.conf', component('store'))

    def asked(url, host='127.0.0.1'):
        file = conf(world, 'asks.conf', component('asks', more='peers = { crl-store = "https://%s:%d"; };' % (host, url)))
        return subprocess.run([world.programs / 'scmsd', '--config', file, '--check-peers', '--clock-offset', str(OFFSET)], capture_output=True,
                              text=True, timeout=30)
    with socket.create_server(('127.0.0.1', 0)) as silent:
        nobody = silent.getsockname()[1]
    daemon = start(world)
    try:
        done = asked(port(world.folder / 'store'))
        check('peers: good', done.returncode == 0 and ': store (crl-store), serving' in done.stdout and done.stderr.count('peer') == 0, done)
        done = asked(nobody)
        check('peers: nobody there', done.returncode == 1 and 'asks: peer crl-store, https://127.0.0.1:%d: ' % nobody in done.stderr and
              'connect' in done.stderr, done)
        done = asked(port(world.folder / 'store'), 'localhost')
        check('peers: another host', done.returncode == 1 and 'another component is there' in done.stderr, done)
        (home / 'tls/roots.pem').write_bytes((world.tls / 'foreign.pem').read_bytes())
        done = asked(port(world.folder / 'store'))
        check('peers: under another root', done.returncode == 1 and 'asks/tls/roots.pem' in done.stderr and 'component tls --request' in done.stderr, done)
        (home / 'tls/roots.pem').write_bytes(own['roots.pem'])
        (home / 'tls/certificate.pem').write_bytes((world.tls / 'stranger.pem').read_bytes())
        (home / 'tls/key.pem').write_bytes((world.tls / 'stranger.key').read_bytes())
        done = asked(port(world.folder / 'store'))
        check('peers: not believed there', done.returncode == 1 and 'does not believe' in done.stderr and 'asks/tls/certificate.pem' in done.stderr, done)
        for name, bytes_ in own.items():
            (home / 'tls' / name).write_bytes(bytes_)
        (home / 'tls/key.pem').unlink()
        done = asked(port(world.folder / 'store'))
        check('peers: no key', done.returncode == 1 and 'key.pem' in done.stderr, done)
        (home / 'tls/key.pem').write_bytes(own['key.pem'])
    finally:
        daemon.stop()
    world.home('other', 'manager', bootstrap(world, 'other'))
    conf(world, 'other.conf', component('other'))
    daemon = start(world, name='other.conf')
    try:
        done = asked(port(world.folder / 'other'))
        check('peers: another role', done.returncode == 1 and 'expected crl-store there, found other (manager)' in done.stderr, done)
    finally:
        daemon.stop()


def hostile(world):
    """Malformed, oversized, slow, many: refused or cut, memory flat, others served."""
    home = world.folder / 'store'
    conf(world, 'scmsd.conf', component('store', more='limits = { connections = 300; request_seconds = 2; idle_seconds = 3; };'))
    daemon = start(world)

    def memory():
        lines = pathlib.Path('/proc/%d/status' % daemon.process.pid).read_text().splitlines()
        return int(next(line for line in lines if line.startswith('VmRSS')).split()[1])

    def raw(bytes_, wait=0.5):
        plain = socket.create_connection(('127.0.0.1', port(home)), timeout=10)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a request waits 40 ms for the ACK of the handshake's end
        with context(world).wrap_socket(plain, server_hostname='127.0.0.1') as tls:
            tls.settimeout(wait)
            try:
                tls.sendall(bytes_)
                return tls.recv(4096)
            except OSError:
                return b''

    def attack():
        rows = [b'GET / HTTP/9.9\r\n\r\n', b'\0' * 1000, b'GET /download-crl/\r\n\r\n', b'DELETE /crl HTTP/1.1\r\n\r\n',
                b'POST /crl HTTP/1.1\r\nContent-Length: -1\r\n\r\n', b'POST /crl HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n',
                b'POST /crl HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n', b'GET ' + b'/a' * 20000 + b' HTTP/1.1\r\n\r\n',
                b'GET /download-crl/ HTTP/1.1\r\n' + b'A: b\r\n' * 20000 + b'\r\n', b'GET http://other/ HTTP/1.1\r\n\r\n',
                b'POST /trust HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n' + b'x' * 5000000]
        # Many at a time: most are cut by a deadline, and say nothing until then.
        with concurrent.futures.ThreadPoolExecutor(len(rows)) as pool:
            answers = list(pool.map(raw, rows * 3))
        for row, answer in zip(rows * 3, answers):
            check('hostile: %r' % row[:60], not answer.startswith(b'HTTP/1.1 2'), answer)
        slow = []
        for k in range(250):
            try:
                slow.append(socket.create_connection(('127.0.0.1', port(home)), timeout=5))
                slow[-1].sendall(b'\x16\x03\x01')
            except OSError:
                pass
        check('hostile: served beside 250 that say nothing', ask(world, home, 'GET', '/download-crl/').status == 200)
        for connection in slow:
            connection.close()
        for k in range(100):
            raw(b'GET /download-crl/ HTTP/1.1\r\nHost: x\r\n\r\n')
        time.sleep(2.5)
        check('hostile: served after', ask(world, home, 'GET', '/download-crl/').status == 200)

    try:
        check('hostile: serves', ask(world, home, 'POST', '/crl', CRL, 'crlg').status == 200)
        attack()
        begin = memory()  # after the first time: what an allocator keeps for later is no leak
        attack()
        check('hostile: memory is flat', memory() < begin + 8192, (begin, memory()))
    finally:
        daemon.stop()


CROWD = 10000


def crowd(world):
    """10,000 connections that say nothing: others are served, whether there is room for so many or not; memory is flat."""
    home = world.folder / 'store'
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CROWD + 200:
        print('not tried: %d open files are allowed, %d are needed' % (hard, CROWD + 200))
        sys.exit(77)  # skipped, says meson
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for room, open_ in ((CROWD + 100, CROWD), (1000, 1000)):
        conf(world, 'scmsd.conf', component('store', more='limits = { connections = %d; request_seconds = 20; };' % room))
        daemon = start(world, wait=False)
        daemon.wait_for('serving', count=1 if room > CROWD else 2)

        def memory():
            lines = pathlib.Path('/proc/%d/status' % daemon.process.pid).read_text().splitlines()
            return int(next(line for line in lines if line.startswith('VmRSS')).split()[1])

        def connections():
            families = openmetrics.read(ask(world, home, 'GET', '/metrics').body)
            return families['scms_http_open_connections'][1][(('component', 'store'),)]
        try:
            sizes = []
            for _ in range(6):
                idle = []
                for _ in range(CROWD):
                    idle.append(socket.create_connection(('127.0.0.1', port(home)), timeout=30))
                if room > CROWD:
                    check('crowd: all are open', connections() >= open_, connections())
                begin = time.monotonic()
                check('crowd: others are served', ask(world, home, 'GET', '/health').status == 200)
                print('room for %d: served within %.1f s, %d kB' % (room, time.monotonic() - begin, memory()))
                sizes.append(memory())
                for connection in idle:
                    connection.close()
            # Those of the last crowd that are still leaving have a TLS record's buffer each: it comes and goes, and does not climb.
            check('crowd: memory is flat', min(sizes[3:]) < sizes[0] + 8192, sizes)
        finally:
            daemon.kill()


def killed(world):
    """Killed again and again while CRLs come in: what was acknowledged is there."""
    home = world.folder / 'store'
    conf(world, 'scmsd.conf', component('store'))
    acknowledged, serial = None, 0
    for round_ in range(int(os.environ.get('KILLS', '6'))):
        daemon = start(world, wait=False)
        daemon.wait_for('serving', count=round_ + 1)
        if acknowledged is not None:
            found = ask(world, home, 'GET', '/download-crl/').body
            check('killed: round %d' % round_, found in (acknowledged, sent), (found == acknowledged, found == sent))
            acknowledged = found  # served is as good: if nothing is acknowledged in this round, it is this one that must stay
        if round_ == 0:  # whatever else this machine does
            serial, acknowledged = 1, composite(serial=1, issue=T0 + 1)
            sent = acknowledged
            check('killed: the first', ask(world, home, 'POST', '/crl', acknowledged, 'crlg').status == 200)
        timer = threading.Timer(0.05 + 0.07 * round_, daemon.process.kill)
        timer.start()
        while daemon.process.poll() is None and serial < 500:
            serial += 1
            sent = composite(serial=serial, issue=T0 + serial)
            try:
                answer = ask(world, home, 'POST', '/crl', sent, 'crlg')
            except OSError:
                break
            if answer.status == 0:
                break  # it died over this one: whether it is kept is seen when it lives again
            if answer.status == 200:
                acknowledged = sent
            else:
                check('killed: while it lives it takes all', False, answer)
        timer.join()
        daemon.process.wait()


def commands(world):
    """scms update and scms push."""
    home, stick = world.home('manager', 'manager', bootstrap(world, 'manager')), world.folder / 'stick.oer'
    (world.folder / 'crl.oer').write_bytes(composite(electors=[ballot('removeElector', 'C', 'AB')]))
    world.scms('update', 'make', stick, 'crl=%s' % (world.folder / 'crl.oer'))
    check('update make', stick.read_bytes() == update(crl=(world.folder / 'crl.oer').read_bytes()))
    check('update show', 'crl          %d bytes' % (world.folder / 'crl.oer').stat().st_size in world.scms('update', 'show', stick))
    report = json.loads(world.scms('update', 'apply', stick, '--state', world.folder / 'store/store', '--now', NOW))
    check('update apply', report['changed'] and report['ballots'][0]['outcome'] == 'APPLIED', report)
    (world.folder / 'cut.oer').write_bytes(stick.read_bytes()[:-5])
    world.scms('update', 'show', world.folder / 'cut.oer', code=1)
    world.scms('update', 'make', world.folder / 'x', 'colour=red', code=1)
    world.scms('update', code=2)
    conf(world, 'scmsd.conf', component('manager'))
    daemon = start(world)
    url = 'https://127.0.0.1:%d' % port(home)
    try:
        answer = json.loads(world.scms('push', stick, '--home', home, '--manager', url, '--deadline', 5))
        check('push', answer['id'] == 1 and answer['missing'] == 0, answer)
        world.scms('push', world.folder / 'cut.oer', '--home', home, '--manager', url, code=1)
        world.scms('push', stick, '--home', world.folder / 'store', '--manager', url, code=1)
    finally:
        daemon.stop()
    world.scms('push', stick, '--home', home, '--manager', url, code=3)


SOAK = (crowd,)  # only where they are named
PARTS = (configuration, serving, peers, crl_store, databases, full, clocks, users, push, peers_asked, commands, hostile, killed)


def main():
    names = sys.argv[3:]
    for part in [part for part in SOAK if part.__name__ in names] + [part for part in PARTS if not names or part.__name__ in names]:
        with tempfile.TemporaryDirectory() as folder:
            world = World(folder, sys.argv[1], sys.argv[2])
            for name, who in (('crlg', 'CRLG1'), ('manager', None), ('ra', 'RA1'), ('pg', 'PG1'), ('ma', 'MA1')):
                world.identity(name, name, who=who)
            world.identity('expired', 'crlg', 'manager', 'ra', days=0)
            world.identity('stranger', 'crlg', 'manager', 'ra', root='foreign')
            world.home('store', 'crl-store', bootstrap(world, 'store'))
            part(world)
    print('%d failed' % len(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
