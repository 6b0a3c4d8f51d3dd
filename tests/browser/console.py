# SPDX-License-Identifier: Apache-2.0
"""A manager that runs, with a component, a workspace and a motion half signed: what console.mjs looks at."""

import http.client
import json
import pathlib
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'daemon'))

import many
from world import Daemon, World, bootstrap, check, failures

SECOND = 722816005 + 43200     # Time32 of a day on which all certificates are valid
EPOCH = 1072915200
# Confined programs leave the leak checker of a sanitized build no way to look; it would wait for ever.
NO_LEAKS = 'ASAN_OPTIONS=detect_leaks=0'
WHY = 'agreed <img src=x onerror=alert(1)>'


def asked(port, method, path, host):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
    try:
        connection.request(method, path, headers={'Host': host})
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


def seen(url):
    """The state, once the manager has seen its component."""
    end = time.monotonic() + 30
    while True:
        with urllib.request.urlopen(url + 'state', timeout=10) as answer:
            state = json.load(answer)
        if state['components'][0].get('trust') or time.monotonic() > end:
            return state
        time.sleep(0.1)


def strangers(port):
    ours = '127.0.0.1:%d' % port
    for name, method, path, host, status in (
            ('page', 'GET', '/', ours, 200), ('by name', 'GET', '/state', 'localhost:%d' % port, 200), ('head', 'HEAD', '/', ours, 200),
            ('another name (rebinding)', 'GET', '/state', 'console.example:%d' % port, 403), ('another port', 'GET', '/state', '127.0.0.1:1', 403),
            ('no such page', 'GET', '/trust', ours, 404), ('way out', 'GET', '/../etc/passwd', ours, 404)):
        answer = asked(port, method, path, host)
        check('console: ' + name, answer.status == status, answer.status)
        check('console: headers: ' + name, "default-src 'self'" in answer.getheader('Content-Security-Policy', '') and
              answer.getheader('Access-Control-Allow-Origin') is None, answer.getheaders())
    for method in ('POST', 'PUT', 'DELETE'):
        check('console: read-only: ' + method, asked(port, method, '/state', ours).status in (405, 501))


def run(folder, programs, identities, drive):
    world = World(folder, programs, identities)
    ws, pin = folder / 'ws', folder / 'pin'
    pin.write_text('a pass phrase of some length\n')
    pin.chmod(0o600)
    now = ['--now', SECOND * 1000000]

    def scms(*arguments):
        return [str(a) for a in [world.programs / 'scms', *arguments, '--workspace', ws, *now, '--secret', 'file:%s' % pin]]

    def elector(name, command, *arguments):
        return [str(a) for a in ['env', NO_LEAKS, world.programs / 'scms-elector', command, '--home', folder / name, *now, *arguments]]

    def do(command):
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60)
        if done.returncode != 0:
            raise RuntimeError('%s: %s' % (command, done.stdout + done.stderr))
        return done.stdout

    def vote(name, proposal):
        return [elector(name, 'inspect', proposal),
                elector(name, 'sign', '--yes-i-read-it', '--override', 'a test', '--secret', 'file:%s' % pin, '--out', folder / (name + '.vote'), proposal),
                scms('motion', 'collect', folder / (name + '.vote'))]
    world.scms('init', ws, '--system', 'Test <b>system</b>', '--secret', 'file:%s' % pin)
    for name in 'ABCD':
        do(elector(name, 'create', '--name', name, '--secret', 'file:%s' % pin, '--out', ws / 'bootstrap' / (name + '.coer')))
    do(scms('component', 'create', 'root', 'root1'))
    root = ws / 'components/root1/active/certificate.coer'
    (ws / 'bootstrap/root1.coer').write_bytes(root.read_bytes())
    config = ws / 'bootstrap/bootstrap.json'
    config.write_text(json.dumps({'electors': [n + '.coer' for n in 'ABC'], 'roots': ['root1.coer'], 'quorum': 2, 'quorumCeiling': 3,
                                  'now': SECOND * 1000000}))
    for name in 'ABC':
        do(elector(name, 'init', '--config', config))
    proposal = folder / 'proposal'
    do(scms('motion', 'propose', 'add-elector', ws / 'bootstrap/D.coer', '--reason', WHY, '--out', proposal))
    for command in vote('A', proposal):
        do(command)

    offset = SECOND + EPOCH - int(time.time())
    world.home('store', 'crl-store', config)
    world.home('manager', 'manager', config)
    store = Daemon(world, world.config('store.conf', 'user = "root";\ncomponents = ({ home = "store"; listen = "127.0.0.1:0"; });'), '--clock-offset', offset, environment=dict([NO_LEAKS.split('=', 1)]))
    port = int((folder / 'store/port').read_text())
    bad = world.config('bad.conf', 'user = "root";\ncomponents = ({ home = "manager"; listen = "127.0.0.1:0"; console = "0.0.0.0:0"; });')
    done = subprocess.run(['env', NO_LEAKS, world.programs / 'scmsd', '--config', bad, '--clock-offset', str(offset)], capture_output=True, text=True, timeout=30)
    check('console: to all the world: refused', done.returncode != 0 and 'expected an address of this machine alone' in done.stderr, done)
    manager = Daemon(world, world.config('manager.conf', 'user = "root";\npaths = ("ws");\ncomponents = ({ home = "manager"; listen = "127.0.0.1:0"; look_seconds = 1; '
                                         'console = "127.0.0.1:0"; workspace = "%s"; peers = { store1 = "https://127.0.0.1:%d"; }; });' % (ws, port)),
                     '--clock-offset', offset, environment=dict([NO_LEAKS.split('=', 1)]))
    try:
        url = manager.wait_for('console')['url']
        strangers(int(url.rstrip('/').rsplit(':', 1)[1]))
        large = many.Many(seen(url))
        code = drive('many.mjs', large.url)
        large.shutdown()
        large.server_close()
        (folder / 'next.json').write_text(json.dumps({'vote': vote('B', proposal), 'component': store.process.pid, 'why': WHY, 'manager': manager.process.pid}))
        code = max(code, drive('console.mjs', url, folder / 'next.json'))
        ended = manager.process.wait(20)
        check('console: the manager ends as asked, with the page open', ended == 0, (ended, manager.log.read_text()[-3000:]))
    finally:
        store.kill()
        manager.kill()
    return 1 if failures or code != 0 else 0
