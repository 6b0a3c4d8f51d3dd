#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scmsd with the roles that publish and sign lists; what they say when they may not; who they are, and will be.
Usage: roles.py PROGRAMS IDENTITIES [PART...]"""

import io
import json
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import zipfile

import openmetrics
from world import (Daemon, T0, World, ask, ask_on, ballot, bootstrap, check, composite, connect, failures, messages, octets, person, port,
                   root_crl, sequence_of, shows)

NOW = (T0 + 86400) * 1000000
EPOCH = 1072915200             # 2004-01-01
OFFSET = NOW // 1000000 + EPOCH - int(time.time())


def update(crl=None, chain=None, history=None):
    """A TrustUpdate."""
    present = sum(bit for bit, file in ((0x20, crl), (0x10, chain), (0x08, history)) if file is not None)
    return bytes([present]) + b'SCUP\1' + b''.join(octets(file) for file in (crl, chain, history) if file is not None) + sequence_of([])


def chain(version, roots, more=()):
    """A global chain file: roots by the ballots of A and B, and what is below them."""
    below = [person(name + root[1:]).bytes for root in roots for name in ('ICA', 'PG', 'CRLG')] + [person(name).bytes for name in more]
    return messages.gccf(version, [ballot('addRoot', root, 'AB') for root in roots], [], person('MA' + roots[0][1:]).bytes, below)


def order(certificates=(), craca='R1'):
    """A RevocationOrder: of certificates only, series 3."""
    return b'\0\1' + person(craca).id8 + sequence_of([]) + sequence_of(
        [b'\0\3' + person(name).id10 + (T0 + 10 * 86400).to_bytes(4, 'big') for name in certificates])


def history(*ballots):
    """A BallotHistory: removals of electors."""
    return b'\0\1' + sequence_of([b'\3' + b'\x80' + one for one in ballots])


def conf(world, name, *rows, more=''):
    return world.config(name, 'user = "root";\n%s\ncomponents = (\n%s\n);\n' % (more, ',\n'.join(
        '  { home = "%s"; listen = "127.0.0.1:0"; %s }' % row for row in rows)))


def start(world, name='scmsd.conf', *arguments, count=1):
    daemon = Daemon(world, world.folder / name, *(arguments or ('--clock-offset', OFFSET)), wait=False)
    daemon.wait_for('serving', count=count)
    return daemon


def push(world, to, crl, option='--crlg'):
    """scms push --crlg or --crl-store, with the manager's TLS identity: exit code, output."""
    tls = world.folder / 'pushing' / 'tls'
    tls.mkdir(parents=True, exist_ok=True)
    for ours, theirs in (('certificate.pem', 'manager.pem'), ('key.pem', 'manager.key'), ('roots.pem', 'root.pem')):
        (tls / ours).write_bytes((world.tls / theirs).read_bytes())
    (world.folder / 'root_crl.oer').write_bytes(crl)
    done = subprocess.run([world.programs / 'scms', 'push', '--home', tls.parent, option, 'https://127.0.0.1:%d' % to,
                           world.folder / 'root_crl.oer'], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def until(name, true, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.1)
    check(name, False)
    return None


# ---- parts ----

def publishing(world):
    """The PG: what it takes from the manager it serves, the same bytes; what it does not, it does not."""
    home = world.component('pg', 'pg', 'PG1', bootstrap(world, 'pg'))
    conf(world, 'scmsd.conf', ('pg', ''))
    paths = ('/download/policy/global', '/download/global-certificate-chain', '/download/ballot-history')
    daemon = start(world)
    first, second = chain(1, ['R1']), chain(2, ['R1', 'R2'])
    try:
        for path in paths:
            check('nothing yet: ' + path, ask(world, home, 'GET', path).status == 500)
        for name, identity, body, status in (
                ('nobody', None, update(chain=first), 403), ('an RA', 'ra', update(chain=first), 403), ('junk', 'manager', b'junk', 400),
                ('cut short', 'manager', update(chain=first)[:-1], 400),
                ('a chain file cut short', 'manager', update(chain=first[:-1]), 422)):
            answer = ask(world, home, 'POST', '/publish', body, identity)
            check('publish refused: ' + name, answer.status == status, answer)
        check('refused: nothing is served', ask(world, home, 'GET', paths[1]).status == 500)
        answer = ask(world, home, 'POST', '/publish', update(chain=second), 'manager')
        check('published', answer.status == 200, answer)
        answer = ask(world, home, 'GET', paths[1])
        check('served as it is', answer.status == 200 and answer.body == second, answer)
        check('no other is', [ask(world, home, 'GET', path).status for path in paths] == [500, 200, 500])
        check('not modified', ask(world, home, 'GET', paths[1], headers={'If-None-Match': answer.headers['ETag']}).status == 304)
        check('the same again', ask(world, home, 'POST', '/publish', update(chain=second), 'manager').status == 200)
        # A history only grows (H8).
        one, two = ballot('removeElector', 'C', 'AB'), ballot('removeElector', 'G', 'AB')
        for name, body, status in (('a history', history(one), 200), ('a longer one', history(one, two), 200), ('a shorter one', history(one), 422),
                                   ('another order', history(two, one), 422), ('none', history(), 422), ('no history', b'junk', 422),
                                   ('the same one', history(one, two), 200)):
            answer = ask(world, home, 'POST', '/publish', update(history=body), 'manager')
            check('publish: ' + name, answer.status == status, answer)
            check('served since: ' + name, ask(world, home, 'GET', paths[2]).body == (history(one) if name == 'a history' else history(one, two)))
        check('signs for nobody but an RA', ask(world, home, 'POST', '/sign-policy', b'x', 'manager').status == 403)
        check('no policy, no custom one', ask(world, home, 'POST', '/sign-policy', b'x', 'ra').status == 503)
        daemon.kill()
        daemon = start(world, count=2)
        check('kept over a kill', ask(world, home, 'GET', paths[1]).body == second)
        check('metrics', openmetrics.is_good(ask(world, home, 'GET', '/metrics').body))
    finally:
        daemon.kill()


def listing(world):
    """The CRLG: orders of the MA become signed lists, which the CRL store serves; twice is once; nothing else gets in."""
    store = world.home('store', 'crl-store', bootstrap(world, 'store'))
    conf(world, 'store.conf', ('store', ''))
    keeper = start(world, 'store.conf')
    home = world.component('crlg', 'crlg', 'CRLG1', bootstrap(world, 'crlg'))
    conf(world, 'scmsd.conf', ('crlg', 'peers = { crl-store = "https://127.0.0.1:%d"; };' % port(store)))
    daemon = start(world)

    def served():
        return ask(world, store, 'GET', '/download-crl/').body
    try:
        until('an empty CRL from the beginning', lambda: ask(world, store, 'GET', '/download-crl/').status == 200)
        before = served()
        for name, path, identity, body, status in (
                ('nobody', '/crlg/revocations', None, order(['EE1']), 403), ('manager', '/crlg/revocations', 'manager', order(['EE1']), 403),
                ('junk', '/crlg/revocations', 'ma', b'junk', 400), ('another root', '/crlg/revocations', 'ma', order(['EE1'], 'R2'), 422),
                ('ballots of the MA', '/crlg/ballots', 'ma', history(), 403), ('no ballots', '/crlg/ballots', 'manager', b'junk', 400),
                ('a ballot with one vote', '/crlg/ballots', 'manager', history(ballot('removeElector', 'C', 'A')), 422),
                ('a ballot of strangers', '/crlg/ballots', 'manager', history(ballot('removeElector', 'C', 'GH')), 422),
                ("a root's CRL of another", '/crlg/root-crl', 'manager', root_crl(['PG1'], signer='CRLG1'), 422),
                ("junk for a root's CRL", '/crlg/root-crl', 'manager', b'junk', 422),
                ('junk for a CRL', '/crlg/composite', 'manager', b'junk', 422)):
            answer = ask(world, home, 'POST', path, body, identity)
            check('refused: ' + name, answer.status == status, answer)
        check('refused: the CRL is as it was', served() == before)
        check('order', ask(world, home, 'POST', '/crlg/revocations', order(['EE1']), 'ma').status == 200)
        until('order: in the CRL that is served', lambda: person('EE1').id10 in served())
        check('order again', ask(world, home, 'POST', '/crlg/revocations', order(['EE1']), 'ma').status == 200)
        removal = ballot('removeElector', 'C', 'AB')
        check('ballot', ask(world, home, 'POST', '/crlg/ballots', history(removal), 'manager').status == 200)
        until('ballot: in the CRL that is served', lambda: removal in served())
        check('order again: once', served().count(person('EE1').id10) == 1)
        # As an operator brings it: scms push --crlg.
        code, said = push(world, port(home), root_crl(['PG1'], signer='CRLG1'))
        check("push of another's CRL", code == 1 and 'refused with status 422' in said, (code, said))
        code, said = push(world, 1, root_crl(['PG1']))
        check('push, and nobody listens', code == 3, (code, said))
        code, said = push(world, port(home), root_crl(['PG1']))
        check("push of the root's CRL", code == 0, (code, said))
        until("root's CRL: in the CRL that is served", lambda: person('PG1').id10 in served())
        whole = served()
        check('the same at the CRLG', ask(world, home, 'GET', '/crlg/composite', identity='manager').body == whole)
        daemon.kill()
        daemon = start(world, count=2)
        check('kept over a kill', ask(world, home, 'GET', '/crlg/composite', identity='manager').body == whole)
        check('metrics', openmetrics.is_good(ask(world, home, 'GET', '/metrics').body))
        # The root takes its word back at the CRL store; the CRLG, which runs and is told nothing, is refused from then on.
        check('the CRLG is believed by the CRL store', not [e for e in keeper.events() if e['event'] == 'peer refused'])
        check('revoked at the CRL store', push(world, port(store), root_crl(['PG1', 'CRLG1'], issue=T0 + 9000, serial=2), '--crl-store')[0] == 0)
        check('one more order', ask(world, home, 'POST', '/crlg/revocations', order(['EE2']), 'ma').status in (200, 422))
        refused = keeper.wait_for('peer refused', 'store')
        check('the revoked CRLG is refused by the CRL store', (refused['host'], refused['role'], refused['path']) == ('CRLG1', 'crlg', '/crl') and
              'REVOKED' in refused['why'], refused)
        check('the revoked CRLG is told', daemon.wait_for('CRL store did not take the CRL')['status'] == 403)
        # So is the MA at the CRLG, on the connection that it has.
        kept = connect(world, home, 'ma')
        check('the MA is believed by the CRLG', ask_on(kept, 'POST', '/crlg/revocations', b'junk', world.shown['ma']).status == 400)
        update_crl = messages.composite_crl([root_crl(['PG1', 'MA1'], issue=T0 + 9000, serial=2)], [], [])
        check('revoked at the CRLG', ask(world, home, 'POST', '/trust', update(crl=update_crl), 'manager').json()['changed'])
        answer = ask_on(kept, 'POST', '/crlg/revocations', order(['EE3']), world.shown['ma'])
        check('the revoked MA is refused by the CRLG', answer.status == 403, answer)
        check('the CRLG says so', 'REVOKED' in daemon.wait_for('peer refused', 'crlg')['why'])
        kept.close()
    finally:
        daemon.kill()
        keeper.kill()


def believed(world):
    """A component is one for as long as its certificate is valid to whom it calls; TLS alone opens nothing (rule D7)."""
    home = world.component('pg', 'pg', 'PG1', bootstrap(world, 'pg'))
    conf(world, 'scmsd.conf', ('pg', ''), more='test_mode = true;')
    # ra-old has the TLS name of the RA1, and its own key: whoever had it before.
    for name, roles, who in (('la', ('la',), 'LA1'), ('over', ('ra',), 'RA1_over'), ('bad', ('ra',), 'RA1_bad'), ('ra2', ('ra',), 'RA2'),
                             ('ra3', ('ra',), 'RA1again'), ('ra-old', ('ra',), 'RA1'), ('crlg2', ('crlg',), 'CRLG2'),
                             ('mixed', ('ra', 'manager'), 'RA2')):
        world.identity(name, *roles, who=who)
    daemon = start(world)

    def asked(identity, said=None, path='/sign-policy'):
        """What becomes of a request by a TLS identity that says this: status, and why it is refused."""
        answer = ask(world, home, 'POST', path, b'x', identity, said)
        return answer.status, answer.headers['SCMS-POC-Error-Message'] or ''

    def say(**what):
        return shows(world, 'ra', 'RA1', **what)
    try:
        # 503: nothing is published that it could sign under. So far comes who is believed.
        check('believed', asked('ra')[0] == 503 and asked('ra')[0] == 503, asked('ra'))
        said = world.shown['ra']['SCMS-Peer']
        for name, identity, header, word in (
                ('nothing said', 'ra', '', 'Base64'), ('not Base64', 'ra', '!' + said[1:], 'Base64'), ('twelve thousand characters', 'ra', 3000 * 'AAAA', 'Base64'),
                ('cut short', 'ra', said[:-4], 'something else'), ('no message', 'ra', 'AAAA', 'something else'),
                ('another service', 'ra', say(head=messages.header(0x20)), 'something else'),
                ('a header field', 'ra', say(head=messages.header(0x23, NOW)), 'something else'),
                ('another message', 'ra', say(begin=b'SCMS peer 2: my TLS key is '), 'something else'),
                ('more than the message', 'ra', say(begin=b'SCMS peer 1: my TLS key is  '), 'something else'),
                ('signed by its digest alone', 'ra', say(raw_signer=b'\x80' + person('RA1').id8), 'something else'),
                ('signed by itself', 'ra', say(raw_signer=b'\x82'), 'something else'),
                ("signed with another's key", 'ra', say(key=person('RA2').key), 'not the signer'),
                ("about another's TLS key", 'ra', world.shown['ra-old'], 'another TLS key'),
                ("another host's", 'ra', shows(world, 'ra', 'RA1again'), 'another host'), ("another role's", 'ra', shows(world, 'ra', 'PG1'), 'not of role ra'),
                ('has expired', 'over', None, 'EXPIRED'), ('signed by nobody', 'bad', None, 'SIGNATURE'),
                ('below a root that is not trusted', 'ra2', None, 'CHAIN_INCOMPLETE'), ('TLS role that the path is not for', 'la', None, 'roles')):
            status, why = asked(identity, {'SCMS-Peer': header} if isinstance(header, str) else header)
            check('refused: ' + name, status == 403 and word in why, (status, why))
        unsaid = world.shown.pop('ra')
        check('refused: says nothing', asked('ra') == (403, 'it does not say which certificate of IEEE 1609.2 it has (header SCMS-Peer)'), asked('ra'))
        world.shown['ra'] = unsaid
        check('two roles: one that is believed is enough', asked('mixed', path='/activate')[0] == 400, asked('mixed', path='/activate'))
        # Connections that stay open; on them the next request is judged by what the store knows then.
        kept, other = connect(world, home, 'ra'), connect(world, home, 'ra3')

        def asked_on(connection, identity, said=None):
            answer = ask_on(connection, 'POST', '/sign-policy', b'x', said or world.shown[identity])
            return answer.status, answer.headers['SCMS-POC-Error-Message'] or ''
        check('kept: believed', [asked_on(kept, 'ra')[0], asked_on(other, 'ra3')[0], asked('ra-old')[0]] == [503, 503, 503])
        answer = ask(world, home, 'POST', '/trust', update(crl=composite(listed=['RA1'])), 'manager')
        check('revoked: the store has it', answer.json()['changed'], answer)
        status, why = asked_on(kept, 'ra')
        check('revoked: the next request on its connection', status == 403 and 'CERT_REVOKED' in why, (status, why))
        status, why = asked_on(kept, 'ra', world.shown['ra3'])
        check('revoked: with what another says', status == 403 and 'another TLS key' in why, (status, why))
        check('revoked: another RA is believed', asked_on(other, 'ra3')[0] == 503)
        check('revoked: what anybody may see it may', ask_on(kept, 'GET', '/health').status == 200)
        lines = [e for e in daemon.events() if e['event'] == 'peer refused' and 'CERT_REVOKED' in e['why']]
        check('revoked: log', lines and lines[0]['host'] == 'RA1' and lines[0]['role'] == 'ra' and lines[0]['path'] == '/sign-policy' and
              lines[0]['level'] == 'warning', lines)
        metrics = openmetrics.read(ask(world, home, 'GET', '/metrics').body)['scms_refused'][1]
        check('revoked: metrics', metrics[(('component', 'pg'), ('why', 'peer'))] >= 19, metrics)
        # The root goes, and with it all below it; a new one is there.
        ask(world, home, 'POST', '/trust', update(chain=chain(1, ['R1', 'R2'])), 'manager')
        check('a second root: believed', asked('ra2')[0] == 503, asked('ra2'))
        ask(world, home, 'POST', '/trust', update(crl=composite(serial=2, issue=T0 + 60, listed=['RA1'], roots=[ballot('removeRoot', 'R1', 'AB')])), 'manager')
        status, why = asked_on(other, 'ra3')
        check('root removed: the next request on a connection', status == 403 and 'ROOT_REVOKED' in why, (status, why))
        check('root removed: the CRLG below it', 'ROOT_REVOKED' in asked('crlg', path='/trust')[1], asked('crlg', path='/trust'))
        check('root removed: the CRLG below the other is believed', asked('crlg2', path='/trust')[0] == 400, asked('crlg2', path='/trust'))
        check('root removed: the manager is believed', asked('manager', path='/trust')[0] == 400)
        kept.close()
        other.close()
    finally:
        daemon.kill()


def renewed(world):
    """TLS files that are replaced are taken without a restart, by server and client; what cannot be used is named, and changes nothing."""
    store = world.home('store', 'crl-store', bootstrap(world, 'store'), days=400)
    conf(world, 'store.conf', ('store', ''))
    keeper = start(world, 'store.conf')
    home = world.component('crlg', 'crlg', 'CRLG1', bootstrap(world, 'crlg'))
    conf(world, 'scmsd.conf', ('crlg', 'peers = { crl-store = "https://127.0.0.1:%d"; };' % port(store)))
    daemon = start(world)
    files = ('key.pem', 'certificate.pem')

    def shown():
        """What new connections are shown."""
        with socket.create_connection(('127.0.0.1', port(home))) as plain, \
                ssl.create_default_context(cafile=world.tls / 'root.pem').wrap_socket(plain, server_hostname='127.0.0.1') as tls:
            return tls.getpeercert()['serialNumber']

    def made(name, days, *roles, host='127.0.0.1'):
        folder = world.folder / name
        folder.mkdir()
        world.make('end {0}/root.pem {0}/root.key {1}/certificate.pem {1}/key.pem {2} {3} {4}'.format(world.tls, folder, host, days, ' '.join(roles)))
        return folder

    def put(name, content):
        (home / 'tls' / 'beside').write_bytes(content)
        (home / 'tls' / 'beside').replace(home / 'tls' / name)

    def metrics(of=home):
        found = openmetrics.read(ask(world, of, 'GET', '/metrics').body)
        return [found[name][1][(('component', of.name),)] for name in ('scms_tls_refused', 'scms_tls_seconds_left')]

    def refusals():
        return [e['text'] for e in daemon.events() if e['event'] == 'TLS identity refused']
    try:
        until('the first CRL', lambda: ask(world, store, 'GET', '/download-crl/').status == 200)
        said = daemon.wait_for('TLS identity expires')
        check('a month before it expires: said', said['level'] == 'warning' and 29 * 86400 < said['seconds_left'] <= 30 * 86400 and
              said['file'] == str(home / 'tls/certificate.pem'), said)
        check('made for 400 days by a root of 100', 99 * 86400 < metrics(store)[1] <= 100 * 86400, metrics(store))
        check('earlier: not said', not [e for e in keeper.events() if e['event'] == 'TLS identity expires'])
        first, kept = shown(), connect(world, home, 'manager')
        check('a connection that stays', ask_on(kept, 'GET', '/crlg/composite').status == 200)
        old = {name: (home / 'tls' / name).read_bytes() for name in files}
        good = made('good', 400, 'crlg')
        world.name(good / 'certificate.pem', good / 'key.pem', 'CRLG1', 'crlg')
        rows = [('of another key', good, files[1:], 'key.pem: '), ('junk', None, files[1:], 'certificate.pem: no certificate'),
                ('a key that is none', None, files[:1], 'key.pem: '), ('has expired', made('over', 0, 'crlg'), files, 'certificate.pem: has expired'),
                ("another host's", made('other', 9, 'crlg', host='127.0.0.2'), files, 'expected the certificate of host 127.0.0.1'),
                ("another role's", made('role', 9, 'ra'), files, 'expected a certificate of role crlg')]
        for name, folder, which, word in rows:
            for file in which:
                put(file, (folder / file).read_bytes() if folder else b'junk')
            before = len(refusals())
            daemon.process.send_signal(signal.SIGHUP)
            until('refused: ' + name, lambda: [text for text in refusals()[before:] if word in text and str(home / 'tls') in text])
            check('refused, the one before is in use: ' + name, shown() == first)
            for file in which:
                put(file, old[file])
        refused, left = metrics()
        check('refused: metrics', refused == 1 and 29 * 86400 < left < 31 * 86400, (refused, left))
        daemon.process.send_signal(signal.SIGHUP)
        until('what is good again is taken', lambda: metrics()[0] == 0)
        check('and is the same', shown() == first)
        # As an operator does it: both files, and nothing said to anybody.
        for file in files:
            put(file, (good / file).read_bytes())
        until('new: new connections', lambda: shown() != first)
        check('new: open connections go on', ask_on(kept, 'GET', '/crlg/composite').status == 200)
        check('new: order', ask(world, home, 'POST', '/crlg/revocations', order(['EE1']), 'ma').status == 200)
        until('new: it calls with the new one', lambda: person('EE1').id10 in ask(world, store, 'GET', '/download-crl/').body)
        check('new: and is believed', not [e for e in keeper.events() if e['event'] == 'peer refused'])
        (home / 'tls').rename(home / 'away')
        daemon.process.send_signal(signal.SIGHUP)
        until('no files at all: said', lambda: 'there is no TLS identity' in refusals()[-1])
        check('no files at all: it goes on', shown() != first)
        kept.close()
        check('stops', daemon.stop() == 0)
    finally:
        daemon.kill()
        keeper.kill()


def standing(world):
    """Two identities, and what a component says that has stopped (rule D6.2): to callers, in health, metrics and log."""
    home = world.component('crlg', 'crlg', 'CRLG1', bootstrap(world, 'crlg'), staged='CRLG2')
    conf(world, 'scmsd.conf', ('crlg', 'peers = { crl-store = "https://127.0.0.1:1"; };'))
    turned = world.config('offset', '%d\n' % OFFSET)
    daemon = start(world, 'scmsd.conf', '--clock-file', turned)
    world.identity('ma2', 'ma', who='MA2')

    def identity():
        found = ask(world, home, 'GET', '/trust', identity='manager').json()['identity']
        return found['active'] and found['active']['id'], found['staged'] and found['staged']['id']
    one, two = (person(name).id8.hex() for name in ('CRLG1', 'CRLG2'))
    try:
        check('two identities', identity() == (one, two), identity())
        for name, who, body, status in (('nobody', None, b'{"time": 1}', 403), ('the PG', 'pg', b'{"time": 1}', 403),
                                        ('no JSON', 'manager', b'soon', 400), ('no number', 'manager', b'{"time": "1"}', 400),
                                        ('before time', 'manager', b'{"time": -1}', 400), ('nothing', 'manager', b'{}', 400)):
            check('activation refused: ' + name, ask(world, home, 'POST', '/activate', body, who).status == status)
        # At one moment, which is set beforehand: the new root is known, the old one goes.
        moment = NOW + 3600 * 1000000
        check('activation set', ask(world, home, 'POST', '/activate', b'{"time": %d}' % moment, 'manager').status == 200)
        time.sleep(1.2)
        check('before the moment', identity() == (one, two), identity())
        check('a new root', ask(world, home, 'POST', '/trust', update(chain=chain(1, ['R1', 'R2'])), 'manager').status == 200)
        check('serves', ask(world, home, 'GET', '/health').json()['status'] == 'serving')
        removal = ballot('removeRoot', 'R1', 'AB')
        check('the root is removed', ask(world, home, 'POST', '/trust', update(crl=composite(roots=[removal])), 'manager').json()['standing']
              != 'VALID')
        health = ask(world, home, 'GET', '/health')
        check('ceased: health', health.status == 503 and health.json()['status'] == 'ceased' and health.json()['reason'], health)
        answer = ask(world, home, 'POST', '/crlg/revocations', order(['EE1']), 'ma2')
        check('ceased: the caller is told', answer.status == 503 and answer.headers['SCMS-Reason'] == health.json()['reason'], answer)
        check('ceased: metrics', b'scms_serving{component="crlg"} 0\n' in ask(world, home, 'GET', '/metrics').body)
        check('ceased: log', health.json()['reason'] in daemon.log.read_text())
        check('ceased: what it made is there to be had', ask(world, home, 'GET', '/crlg/composite', identity='manager').status == 200)
        fresh = world.folder / 'offset.new'
        fresh.write_text('%d\n' % (OFFSET + 3601))
        fresh.rename(turned)
        until('at the moment', lambda: identity() == (two, None))
        until('serves again', lambda: ask(world, home, 'GET', '/health').status == 200)
        # Of its own accord it makes no list for the new root: what is made by hand on that day has the seeds that stay revoked.
        now = ask(world, home, 'GET', '/health').json()['time'] // 1000000
        fresh.write_text('%d\n' % (OFFSET + 3601 + (8 - now) % 10))
        fresh.rename(turned)
        time.sleep(3.2)
        kept = ask(world, home, 'GET', '/crlg/composite', identity='manager')
        check('the hand-made CRL is waited for', kept.status == 200 and person('R1').id8 in kept.body and person('R2').id8 not in kept.body, kept)
        answer = ask(world, home, 'POST', '/crlg/revocations', order(['EE2'], 'R2'), 'ma2')
        check('works for the new root', answer.status == 200, answer)
        # What was made by hand without knowing of that order takes nothing back, and the lists go on from both.
        made = composite(signer='CRLG2', listed=['EE1'], series=3, roots=[removal], issue=now - 100)
        answer = ask(world, home, 'POST', '/crlg/composite', made.replace(person('EE1').id10, person('EE2').id10), 'manager')
        check('made by hand, and changed by another', answer.status == 422, answer)
        answer = ask(world, home, 'POST', '/crlg/composite', made, 'manager')
        check('made by hand', answer.status == 200, answer)
        both = ask(world, home, 'GET', '/crlg/composite', identity='manager').body
        check('made by hand: what is in it, and the order', all(person(one).id10 in both for one in ('EE1', 'EE2')) and removal in both and
              person('R1').id8 not in both.replace(removal, b''), both)
        answer = ask(world, home, 'POST', '/crlg/composite', composite(signer='CRLG2', series=3, issue=now, serial=9), 'manager')
        check('made by hand, and a ballot is gone', answer.status == 422 and 'rule H4' in answer.json()['error'], answer)
        check('refused: the one before stays', ask(world, home, 'GET', '/crlg/composite', identity='manager').body == both)
        check('and for the old one no more', ask(world, home, 'POST', '/crlg/revocations', order(['EE1']), 'ma2').status == 422)
        check('nothing else is staged', ask(world, home, 'POST', '/activate', b'{"time": 1}', 'manager').status == 409)
        daemon.kill()
        daemon = start(world, 'scmsd.conf', '--clock-file', turned, count=2)
        check('the same after a kill', identity() == (two, None), identity())
    finally:
        daemon.kill()


def provisioning(world):
    """The DCM: bundles while its root is trusted, none of a root that is not; made anew each time, so that they follow."""
    home = world.component('dcm', 'dcm', 'DCM1', bootstrap(world, 'dcm'), staged='DCM2')
    world.identity('factory', 'factory')
    conf(world, 'scmsd.conf', ('dcm', 'ra_host = "RA2"; ra_url = "https://ra.test:8892"; crl_url = "https://x.test/download-crl/"; '
                               'peers = { eca = "https://127.0.0.1:1"; ra = "https://127.0.0.1:1"; };'))
    daemon = start(world)

    def roots():
        """Which of the two roots a bundle brings, or the answer that is none."""
        answer = ask(world, home, 'GET', '/bundle', identity='factory')
        if answer.status != 200:
            return answer
        with zipfile.ZipFile(io.BytesIO(answer.body)) as bundle:
            listed = [bundle.read(name) for name in json.loads(bundle.read('bootstrap.json'))['roots']]
        return [name for name in ('R1', 'R2') if person(name).bytes in listed]
    try:
        check('bundle: nobody', ask(world, home, 'GET', '/bundle').status == 403)
        check('bundle: an RA', ask(world, home, 'GET', '/bundle', identity='ra').status == 403)
        check('bundle: none without the RA', getattr(roots(), 'status', 200) == 409, roots())
        ask(world, home, 'POST', '/trust', update(chain=chain(1, ['R1'], ['ICA2', 'RA2'])), 'manager')
        check('bundle', roots() == ['R1'], roots())
        ask(world, home, 'POST', '/trust', update(chain=chain(2, ['R1', 'R2'], ['RA2'])), 'manager')
        check('bundle: a second root', roots() == ['R1', 'R2'], roots())
        ask(world, home, 'POST', '/trust', update(crl=composite(roots=[ballot('removeRoot', 'R1', 'AB')])), 'manager')
        for path, method in (('/bundle', 'GET'), ('/update', 'GET'), ('/enrol', 'POST')):
            answer = ask(world, home, method, path, b'x' if method == 'POST' else None, 'factory')
            check('its root is revoked: ' + path, answer.status == 503 and answer.headers['SCMS-Reason'] == 'ROOT_REVOKED', answer)
        check('activated', ask(world, home, 'POST', '/activate', b'{"time": 1}', 'manager').status == 200)
        check('below the new root: the old one is in no bundle', roots() == ['R2'], roots())
        # R2 is held by the votes of A and B. B goes: the root is suspended until another votes for it.
        gone = [ballot('removeRoot', 'R1', 'AB')]
        ask(world, home, 'POST', '/trust', update(crl=composite(roots=gone, electors=[ballot('removeElector', 'B', 'AC')], signer='CRLG2',
                                                                 issue=T0 + 1800)), 'manager')
        for path, method in (('/bundle', 'GET'), ('/update', 'GET'), ('/enrol', 'POST')):
            answer = ask(world, home, method, path, b'x' if method == 'POST' else None, 'factory')
            check('its root is suspended: ' + path, answer.status == 503 and answer.headers['SCMS-Reason'] == 'ROOT_SUSPENDED', answer)
        further = messages.gccf(3, [ballot('addRoot', 'R2', 'AC')], [], person('MA2').bytes, [person(one).bytes for one in ('ICA2', 'PG2', 'CRLG2', 'RA2')])
        ask(world, home, 'POST', '/trust', update(chain=further), 'manager')
        check('its root is held again: a bundle as before', roots() == ['R2'], roots())
        ask(world, home, 'POST', '/trust', update(crl=composite(roots=[ballot('removeRoot', 'R2', 'AC'), *gone],
                                                                 signer='CRLG2', issue=T0 + 3600)), 'manager')
        check('no root: no bundle', getattr(roots(), 'status', 200) == 503, roots())
    finally:
        daemon.kill()


def modes(world):
    """Refusals: bare to end entities in production, with code and text in test mode; between components the status stands."""
    home = world.component('pg', 'pg', 'PG1', bootstrap(world, 'pg'))
    for name, arguments, more in (('production', (), ''), ('test mode by option', ('--test-mode',), ''), ('test mode', (), 'test_mode = true;')):
        conf(world, 'scmsd.conf', ('pg', ''), more=more)
        daemon = start(world, 'scmsd.conf', '--clock-offset', OFFSET, *arguments)
        try:
            public = ask(world, home, 'GET', '/download/policy/global')
            inner = ask(world, home, 'POST', '/publish', b'x', 'ra')
            found = [ask(world, home, *what).status for what in (('GET', '/nothing'), ('POST', '/download/policy/global', b''), ('GET', '/download/policy/global?x'),
                                                               ('POST', '/download/policy/global', b'x'), ('GET', '/trust'), ('GET', '/health'))]
            check(name + ': what HTTP refuses', found == ([500, 500, 500, 500, 403, 200] if name == 'production' else [404, 405, 400, 405, 403, 200]), found)
            text = [answer.headers['SCMS-POC-Error-Message'] for answer in (public, inner)]
            if name == 'production':
                check('production: bare', public.status == 500 and inner.status == 403 and public.body == inner.body == b'' and
                      text == [None, None], (public, inner))
            else:
                check(name + ': says why', public.status == 404 and inner.status == 403 and None not in text and 'manager' in text[1],
                      (public, inner))
        finally:
            daemon.kill()
            daemon.log.unlink()


def separation(world):
    """Together they would know what none may know alone."""
    for name, role in (('ra', 'ra'), ('la1', 'la'), ('la2', 'la'), ('pca', 'pca'), ('ma', 'ma'), ('pg', 'pg'), ('crl-store', 'crl-store')):
        world.home(name, role, bootstrap(world, name))
    wanted = {'ra': ('pca', 'la1', 'la2'), 'pca': ('la1', 'la2'), 'ma': ('pca', 'ra', 'la1', 'la2', 'crlg')}

    def row(name):
        return name, 'peers = { %s };' % ' '.join('%s = "https://x:1";' % peer for peer in wanted.get(name, ()))

    def checked(names, *arguments):
        conf(world, 'together.conf', *[row(name) for name in names])
        return subprocess.run([world.programs / 'scmsd', '--config', world.folder / 'together.conf', '--check', *arguments],
                              capture_output=True, text=True, timeout=20)
    for names in (('ra', 'pca'), ('ra', 'la1'), ('ra', 'ma'), ('pca', 'la2'), ('pca', 'ma'), ('la1', 'la2'), ('la1', 'ma')):
        done = checked(names)
        check('together: %s, %s' % names, done.returncode == 1 and all(name in done.stderr for name in names) and
              'no-separation' in done.stderr.replace('_', '-'), done.stderr)
        check('together, said to be a test: %s, %s' % names, checked(names, '--no-separation').returncode == 0)
    for names in (('ra', 'pg', 'crl-store'), ('pca', 'crl-store')):
        done = checked(names)
        check('together: %s' % ', '.join(names), done.returncode == 0, done.stderr)


PARTS = (publishing, listing, believed, renewed, standing, provisioning, modes, separation)


def main():
    names = sys.argv[3:]
    for part in PARTS:
        if names and part.__name__ not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            world = World(folder, sys.argv[1], sys.argv[2])
            for name, who in (('crlg', 'CRLG1'), ('manager', None), ('ra', 'RA1'), ('pg', 'PG1'), ('ma', 'MA1')):
                world.identity(name, name, who=who)
            part(world)
    print('%d failed' % len(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
