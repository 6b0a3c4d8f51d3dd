#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The HTTPS server against plain, wrong and hostile clients. Usage: http.py SERVER"""

import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

PATIENCE = 20  # seconds for what the server does after two or three, on a machine that has other things to do
failures = []


def check(name, right, found=''):
    if not right:
        failures.append(name)
        print('FAILED: %s: found %.300r' % (name, found))


class Server:
    def __init__(self, program, folder):
        self.folder = pathlib.Path(folder)
        self.process = subprocess.Popen([program, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def context(self, identity=None, newest=None):
        context = ssl.create_default_context(cafile=self.folder / 'root.pem')
        if newest:
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = newest
        if identity:
            context.load_cert_chain(self.folder / (identity + '.pem'), self.folder / (identity + '.key'))
        return context

    def connect(self, identity=None, **more):
        plain = socket.create_connection(('127.0.0.1', self.port), timeout=10)
        return self.context(identity, **more).wrap_socket(plain, server_hostname='127.0.0.1')

    def raw(self, request, identity=None):
        """All that comes back until the server closes, or an answer is complete."""
        with self.connect(identity) as tls:
            try:
                tls.sendall(request)
            except (ConnectionError, ssl.SSLError):
                pass  # what it said before it closed counts
            return receive(tls)

    def get(self, path, headers='', method='GET', body=b'', identity=None):
        request = '%s %s HTTP/1.1\r\nHost: x\r\n%s' % (method, path, headers)
        if method == 'POST':
            request += 'Content-Length: %d\r\n' % len(body)
        return self.raw(request.encode() + b'\r\n' + body, identity)


class Answer:
    def __init__(self, status=0, headers=None, body=b''):
        self.status, self.headers, self.body = status, headers or {}, body

    def __repr__(self):
        return '%d %r %r' % (self.status, self.headers, self.body[:60])


def receive(tls):
    data = b''
    try:
        while b'\r\n\r\n' not in data:
            more = tls.recv(65536)
            if not more:
                return Answer()
            data += more
        head, body = data.split(b'\r\n\r\n', 1)
        lines = head.decode().split('\r\n')
        headers = dict((key.lower(), value) for key, value in (line.split(': ', 1) for line in lines[1:]))
        answer = Answer(int(lines[0].split()[1]), headers)
        length = int(headers.get('content-length', 0))
        while len(body) < length and answer.status != 304:
            more = tls.recv(65536)
            if not more:
                break
            body += more
        answer.body = body
        return answer
    except (ConnectionError, ssl.SSLError, socket.timeout):
        return Answer()


CONTENT = bytes((k * 7 + k // 256) % 256 for k in range(100000))

# name, method, path, headers, body, identity, status, body of the answer (None: any)
ROWS = [
    ('echo', 'POST', '/echo', '', b'hello', None, 200, b'hello'),
    ('empty body', 'POST', '/echo', '', b'', None, 200, b''),
    ('largest body', 'POST', '/echo', '', bytes(100000), None, 200, bytes(100000)),
    ('too large body', 'POST', '/echo', '', bytes(100001), None, None, None),
    ('too large for its path', 'POST', '/short', '', bytes(11), None, 413, None),
    ('wrong method', 'GET', '/echo', '', b'', None, 405, b''),
    ('unknown method', 'BREW', '/echo', '', b'', None, 501, None),
    ('DELETE', 'DELETE', '/echo', '', b'', None, 501, None),
    ('unknown path', 'GET', '/nothing', '', b'', None, 404, b''),
    ('path begins as a route', 'POST', '/echoes', '', b'x', None, 404, b''),
    ('rest', 'GET', '/rest/0a1b_7.zip', '', b'', None, 200, b'0a1b_7.zip'),
    ('longest route', 'GET', '/rest/long/1', '', b'', None, 200, b'1'),
    ('dots', 'GET', '/rest/../ra/x', '', b'', None, 404, b''),
    ('hidden file', 'GET', '/rest/.hidden', '', b'', None, 404, b''),
    ('escaped dots', 'GET', '/rest/%2e%2e/x', '', b'', None, 404, b''),
    ('escaped zero', 'GET', '/rest/a%00b', '', b'', None, 404, b''),
    ('empty part', 'GET', '/rest//x', '', b'', None, 404, b''),
    ('query', 'GET', '/rest/x?y=1', '', b'', None, 400, b''),
    ('no certificate', 'GET', '/ra/x', '', b'', None, 403, b''),
    ('right role', 'GET', '/ra/x', '', b'', 'ra', 200, b'x'),
    ('wrong role', 'GET', '/ra/x', '', b'', 'pca', 403, b''),
    ('file', 'GET', '/file', '', b'', None, 200, CONTENT),
    ('first bytes', 'GET', '/file', 'Range: bytes=0-9\r\n', b'', None, 206, CONTENT[:10]),
    ('middle', 'GET', '/file', 'Range: bytes=50000-50099\r\n', b'', None, 206, CONTENT[50000:50100]),
    ('from', 'GET', '/file', 'Range: bytes=99990-\r\n', b'', None, 206, CONTENT[99990:]),
    ('beyond the end', 'GET', '/file', 'Range: bytes=99990-123456789\r\n', b'', None, 206, CONTENT[99990:]),
    ('last bytes', 'GET', '/file', 'Range: bytes=-5\r\n', b'', None, 206, CONTENT[-5:]),
    ('more than all', 'GET', '/file', 'Range: bytes=-500000\r\n', b'', None, 206, CONTENT),
    ('outside', 'GET', '/file', 'Range: bytes=100000-\r\n', b'', None, 416, b''),
    ('no last bytes', 'GET', '/file', 'Range: bytes=-0\r\n', b'', None, 416, b''),
    ('huge number', 'GET', '/file', 'Range: bytes=99999999999999999999999-\r\n', b'', None, 416, b''),
    ('backwards', 'GET', '/file', 'Range: bytes=10-5\r\n', b'', None, 200, CONTENT),
    ('two ranges', 'GET', '/file', 'Range: bytes=0-1,5-6\r\n', b'', None, 200, CONTENT),
    ('other unit', 'GET', '/file', 'Range: lines=0-1\r\n', b'', None, 200, CONTENT),
    ('no number', 'GET', '/file', 'Range: bytes=x-1\r\n', b'', None, 200, CONTENT),
    ('HEAD', 'HEAD', '/file', '', b'', None, 200, b''),
    ('any tag', 'GET', '/file', 'If-None-Match: *\r\n', b'', None, 304, b''),
    ('other tag', 'GET', '/file', 'If-None-Match: "abc"\r\n', b'', None, 200, CONTENT),
    ('range of another version', 'GET', '/file', 'Range: bytes=0-9\r\nIf-Range: "abc"\r\n', b'', None, 200, CONTENT),
    ('relay', 'GET', '/relay/rest/x', '', b'', None, 200, b'x'),
    ('relay to a refusal', 'GET', '/relay/nothing', '', b'', None, 404, b''),
    ('relay: own role is not ra', 'GET', '/relay/ra/x', '', b'', None, 403, b''),
    ('relay: answer too long', 'GET', '/relay/file', '', b'', None, 502, b'the answer is longer than it may be'),
    ('header flood', 'GET', '/file', 'X: y\r\n' * 1000, b'', None, None, None),
    ('long header', 'GET', '/file', 'X: ' + 3000 * 'y' + '\r\n', b'', None, None, None),
]


def rows(server):
    for name, method, path, headers, body, identity, status, expected in ROWS:
        if method == 'HEAD':
            with server.connect() as tls:
                tls.sendall(b'HEAD /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
                data = b''
                while True:
                    more = tls.recv(65536)
                    if not more:
                        break
                    data += more
            check(name, b'Content-Length: 100000\r\n' in data and data.endswith(b'\r\n\r\n'), data)
            continue
        answer = server.get(path, headers, method, body, identity)
        if status is None:
            check(name, answer.status in (0, 400, 404, 413), answer)
        else:
            check(name, answer.status == status and expected in (None, answer.body), answer)


def tags(server):
    answer = server.get('/file')
    tag = answer.headers['etag']
    again = server.get('/file', 'If-None-Match: "x", %s\r\n' % tag)
    check('own tag', again.status == 304 and again.headers['etag'] == tag, again)
    part = server.get('/file', 'Range: bytes=5-6\r\nIf-Range: %s\r\n' % tag)
    check('range of this version', part.status == 206 and part.body == CONTENT[5:7] and
          part.headers['content-range'] == 'bytes 5-6/100000', part)


def commits(server):
    check('first', server.get('/count', method='POST', body=b'a').body == b'1')
    check('second', server.get('/count', method='POST', body=b'b').body == b'2')
    check('spoilt', server.get('/count', method='POST', body=b'spoil').status == 503)
    check('nothing of it happened', server.get('/count', method='POST', body=b'c').body == b'3')


def handshake_refused(server, **more):
    try:
        with server.connect(**more) as tls:
            tls.sendall(b'GET /file HTTP/1.1\r\nHost: x\r\n\r\n')
            return tls.recv(1) == b''
    except (ssl.SSLError, ConnectionError):
        return True


def handshakes(server):
    check('foreign certificate', handshake_refused(server, identity='stranger'))
    check('TLS 1.1', handshake_refused(server, newest=ssl.TLSVersion.TLSv1_1))
    check('TLS 1.2', not handshake_refused(server, newest=ssl.TLSVersion.TLSv1_2))
    with socket.create_connection(('127.0.0.1', server.port)) as plain:
        plain.sendall(b'GET /file HTTP/1.1\r\nHost: x\r\n\r\n')
        check('no TLS', b'HTTP' not in plain.recv(1000))


def keep_alive(server):
    with server.connect() as tls:
        for k in range(50):
            tls.sendall(b'GET /rest/%d HTTP/1.1\r\nHost: x\r\n\r\n' % k)
            answer = receive(tls)
            check('kept alive %d' % k, answer.body == b'%d' % k, answer)
        tls.sendall(b''.join(b'GET /rest/%d HTTP/1.1\r\nHost: x\r\n\r\n' % k for k in range(3)))
        data = b''
        while data.count(b'HTTP/1.1 200') < 3:
            data += tls.recv(65536)
        check('pipelined', data.count(b'\r\n\r\n') == 3, data)


def answers(tls, count):
    """So many answers, one after another; fewer where the server closes before."""
    found, data = [], b''
    tls.settimeout(10)
    while len(found) < count:
        try:
            more = tls.recv(65536)
        except (OSError, ssl.SSLError):
            break
        if not more:
            break
        data += more
        while b'\r\n\r\n' in data:
            head, rest = data.split(b'\r\n\r\n', 1)
            length = next((int(line[15:]) for line in head.split(b'\r\n') if line.lower().startswith(b'content-length:')), 0)
            if len(rest) < length:
                break
            found.append((int(head.split()[1]), rest[:length]))
            data = rest[length:]
    return found


def request(path, method='GET', body=b'', more=''):
    head = '%s %s HTTP/1.1\r\nHost: x\r\n%s%s\r\n' % (method, path, more, 'Content-Length: %d\r\n' % len(body) if method == 'POST' else '')
    return head.encode() + body


# name, requests as they are sent, statuses and bodies that come back
BODY = bytes(k % 251 for k in range(90000))
TOGETHER = [
    ('requests of all kinds', [request('/rest/a'), request('/echo', 'POST', b'hello'), request('/relay/rest/b'), request('/nothing'),
                               request('/rest/c'), request('/file', more='Range: bytes=0-3\r\n'), request('/ra/x'), request('/rest/d')],
     [(200, b'a'), (200, b'hello'), (200, b'b'), (404, b''), (200, b'c'), (206, CONTENT[:4]), (403, b''), (200, b'd')]),
    ('those that wait for others', [request('/relay/rest/%d' % k) for k in range(8)], [(200, b'%d' % k) for k in range(8)]),
    ('those that wait for the disk', [request('/count', 'POST', b'x')] * 4 + [request('/rest/e')], [(200, None)] * 4 + [(200, b'e')]),
    ('a body of many records', [request('/echo', 'POST', BODY), request('/rest/f'), request('/echo', 'POST', BODY)],
     [(200, BODY), (200, b'f'), (200, BODY)]),
    ('whole files', [request('/file')] * 5, [(200, CONTENT)] * 5),
    ('one that closes', [request('/rest/g'), request('/rest/h', more='Connection: close\r\n'), request('/rest/i')], [(200, b'g'), (200, b'h')]),
    ('one that is not HTTP', [request('/rest/j'), b'junk\r\n\r\n', request('/rest/k')], [(200, b'j'), (400, None)]),
]


def came(found, expected):
    return len(found) == len(expected) and all(one[0] == two[0] and two[1] in (None, one[1]) for one, two in zip(found, expected))


def together(server):
    """Requests that come together: in one record, in many of one segment, in pieces of a byte, with the end of the handshake."""
    for name, sent, expected in TOGETHER:
        with server.connect() as tls:
            tls.sendall(b''.join(sent))
            found = answers(tls, len(sent))
            check('together: ' + name, came(found, expected), [(status, body[:20]) for status, body in found])
    with server.connect() as tls:
        for byte in request('/echo', 'POST', b'drop by drop') + request('/rest/x'):
            tls.sendall(bytes([byte]))
        check('a record for each byte', answers(tls, 2) == [(200, b'drop by drop'), (200, b'x')])
    rows = [(name, sent, expected, joined) for name, sent, expected in [('a request', [request('/rest/y')], [(200, b'y')])] + TOGETHER
            for joined in (True, False)]
    for name, sent, expected, joined in rows:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = server.context().wrap_bio(incoming, outgoing, server_hostname='127.0.0.1')
        with socket.create_connection(('127.0.0.1', server.port), timeout=10) as plain:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    plain.sendall(outgoing.read())
                    incoming.write(plain.recv(65536))
            for one in [b''.join(sent)] if joined else sent:
                tls.write(one)
            plain.sendall(outgoing.read())  # the client's last of the handshake, and all requests: in one record, or in one each

            class Reader:
                @staticmethod
                def settimeout(seconds):
                    plain.settimeout(seconds)

                @staticmethod
                def recv(n):
                    while True:
                        try:
                            return tls.read(n)
                        except ssl.SSLWantReadError:
                            data = plain.recv(65536)
                            if not data:
                                return b''
                            incoming.write(data)
            found = answers(Reader, len(sent))
            check('with the end of the handshake: ' + name, tls.version() == 'TLSv1.3' and came(found, expected),
                  [(status, body[:20]) for status, body in found])


def drip(server, first, byte, seconds):
    """Does the server end a connection whose bytes drip in, within so many seconds?"""
    begin = time.monotonic()
    with server.connect() as tls:
        tls.settimeout(0.2)
        tls.sendall(first)
        while time.monotonic() - begin < seconds:
            try:
                tls.sendall(byte)
                if tls.recv(1000) == b'':
                    return True
            except socket.timeout:
                pass
            except (ssl.SSLError, ConnectionError):
                return True
    return False


def slow(server):
    check('dripping headers', drip(server, b'GET /file HTTP/1.1\r\nHost: x\r\n', b'A: b\r\n', PATIENCE))
    check('dripping body', drip(server, b'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n', b'x', PATIENCE))
    check('nothing after the handshake', drip(server, b'', b'', PATIENCE))
    with socket.create_connection(('127.0.0.1', server.port)) as plain:
        plain.settimeout(PATIENCE)
        check('no handshake', plain.recv(1) == b'')


def is_closed(connection):
    connection.settimeout(PATIENCE)
    try:
        return connection.recv(1) == b''
    except (ConnectionError, ssl.SSLError):
        return True
    except socket.timeout:
        return False


def crowd(server):
    """More connections than it takes: for each further one that goes which has been silent for longest."""
    first = []
    for k in range(19):
        first.append(server.connect())
        first[k].sendall(b'GET /rest/x HTTP/1.1\r\nHost: x\r\n\r\n')
        receive(first[k])
    first[0].sendall(b'GET /rest/x HTTP/1.1\r\nHost: x\r\n\r\n')
    receive(first[0])
    check('served in a crowd', server.get('/rest/x').body == b'x')
    check('who was silent for longest has gone', is_closed(first[1]))
    first[0].sendall(b'GET /rest/x HTTP/1.1\r\nHost: x\r\n\r\n')
    check('who has asked since is there', receive(first[0]).body == b'x')
    silent = [socket.create_connection(('127.0.0.1', server.port)) for _ in range(100)]
    check('served in a crowd that says nothing', server.get('/rest/x').body == b'x')
    for connection in first + silent:
        connection.close()
    check('served after the crowd', server.get('/rest/x').body == b'x')


def abandon(server):
    """Clients that leave while their answer is made or on its way."""
    for path in (b'/file', b'/relay/rest/x', b'/count') * 10:
        tls = server.connect()
        method = b'POST' if path == b'/count' else b'GET'
        tls.sendall(method + b' ' + path + b' HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
        tls.close()
    check('served after those who left', server.get('/rest/x').body == b'x')


def stop(server):
    with server.connect() as idle:
        server.process.stdin.close()
        check('an idle connection is closed at the stop', idle.recv(1) == b'')
    said = server.process.stdout.read()
    check('stops by itself', server.process.wait(10) == 0 and said == 'stopped, 0 open\n', said)


PARTS = [globals()[name] for name in sys.argv[2:]]


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(sys.argv[1], folder)
        check('key is private', os.stat(folder + '/ra.key').st_mode & 0o777 == 0o600)
        try:
            for part in PARTS or (rows, tags, commits, handshakes, keep_alive, together, slow, crowd, abandon, stop):
                part(server)
        finally:
            server.process.kill()
    print('%d failed' % len(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
