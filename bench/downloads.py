#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Downloads per second of one core, beside nginx with the same files and the same TLS on the same machine; memory of connections.

    downloads.py SERVER

SERVER is tests/service's. A core is one second of processor time of the server, whoever else the machine works for; clients run
beside it. Neither server resumes sessions or gives tickets: who comes again shows what is valid then. nginx is the one that is installed (Debian: nginx-light); without, its rows are missing."""

import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

FILES = (('LCCF, 200 kB', '/lccf', 200000), ('CRL, 400 kB', '/crl', 400000), ('.info', '/info', 10))
AIM = 0.8
SECONDS = 0.3       # of the server's processor time for each turn of a row, about
TURNS = 5
CONNECTIONS = 1000  # for memory

NGINX = """
daemon off; worker_processes 1; pid {0}/nginx.pid; error_log {0}/nginx.log; user root;
events {{ worker_connections 4096; }}
http {{
	access_log off; keepalive_requests 100000000; keepalive_timeout 600; default_type application/octet-stream;
	client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3; uwsgi_temp_path {0}/t4; scgi_temp_path {0}/t5;
	open_file_cache max=100; sendfile on; tcp_nopush on;
	server {{
		listen 127.0.0.1:{1} ssl backlog=1024; root {0}/files;
		ssl_certificate {0}/server.pem; ssl_certificate_key {0}/server.key; ssl_protocols TLSv1.2 TLSv1.3;
		ssl_prefer_server_ciphers on; ssl_session_tickets off; ssl_session_cache off;
		ssl_conf_command NumTickets 0; ssl_verify_client optional; ssl_client_certificate {0}/root.pem;
	}}
}}
"""


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


class Server:
    def __init__(self, name, process, pid, port, folder):
        self.name, self.process, self.pid, self.port = name, process, pid, port
        self.tls = ssl.create_default_context(cafile=folder / 'root.pem')

    def processor(self):
        """Seconds that all its threads have run, to the nanosecond."""
        tasks = pathlib.Path(f'/proc/{self.pid}/task').iterdir()
        return sum(int((task / 'schedstat').read_text().split()[0]) for task in tasks) / 1e9

    def memory(self):
        lines = pathlib.Path(f'/proc/{self.pid}/status').read_text().splitlines()
        return int(next(line for line in lines if line.startswith('VmRSS')).split()[1]) * 1024

    def connect(self):
        plain = socket.create_connection(('127.0.0.1', self.port), timeout=30)
        return self.tls.wrap_socket(plain, server_hostname='127.0.0.1')


def ours(program, folder):
    process = subprocess.Popen([program, folder, str(4 * CONNECTIONS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return Server('scms', process, process.pid, int(process.stdout.readline()), folder)


def nginx(folder):
    program = shutil.which('nginx', path='/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin')
    if program is None:
        return None
    (folder / 'files').mkdir()
    for _, path, n in FILES:
        (folder / 'files' / path[1:]).write_bytes(os.urandom(n))
    for path in (folder, folder / 'files'):
        path.chmod(0o755)
    port = free_port()
    (folder / 'nginx.conf').write_text(NGINX.format(folder, port))
    process = subprocess.Popen([program, '-c', str(folder / 'nginx.conf'), '-e', str(folder / 'nginx.log')])
    for _ in range(100):
        children = subprocess.run(['pgrep', '-P', str(process.pid)], capture_output=True, text=True).stdout.split()
        if children and (folder / 'nginx.pid').exists():
            return Server('nginx', process, int(children[0]), port, folder)
        time.sleep(0.05)
    process.kill()
    raise SystemExit('nginx does not start: ' + (folder / 'nginx.log').read_text())


ROOM = memoryview(bytearray(1 << 20))


def fetch(tls, path, n):
    tls.sendall(b'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' % path.encode())
    got = tls.recv_into(ROOM)
    head = bytes(ROOM[:got])
    while b'\r\n\r\n' not in head:
        more = tls.recv_into(ROOM)
        head += bytes(ROOM[:more])
    if not head.startswith(b'HTTP/1.1 200'):
        raise SystemExit('answered with %r' % head[:100])
    left = n - (len(head) - head.index(b'\r\n\r\n') - 4)
    while left > 0:
        got = tls.recv_into(ROOM)
        if got == 0:
            raise SystemExit('cut short')
        left -= got


def rate(server, path, n, kept):
    """Downloads per second of the server's processor time."""
    tls, done = server.connect(), 0
    cipher = tls.cipher()[:2]
    fetch(tls, path, n)
    begin = server.processor()
    while server.processor() - begin < SECONDS:
        for _ in range(50):
            if not kept:
                tls.close()
                tls = server.connect()
            fetch(tls, path, n)
        done += 50
    spent = server.processor() - begin
    tls.close()
    return done / spent, cipher


def connections(server):
    """Bytes of memory of a connection that is idle after a download, and of one that waits in the middle of a long one."""
    fetch_all = [server.connect() for _ in range(10)]
    for tls in fetch_all:
        fetch(tls, '/lccf', 200000)
    begin, sizes, held = server.memory(), [], []
    for active in (False, True):
        for k in range(CONNECTIONS):
            if not active:
                held.append(server.connect())
                fetch(held[-1], '/info', 10)
            else:
                held[k].sendall(b'GET /crl HTTP/1.1\r\nHost: x\r\n\r\n')
        time.sleep(1)
        sizes.append((server.memory() - begin) / CONNECTIONS)
    for tls in held + fetch_all:
        tls.close()
    return sizes


def main():
    missed = 0
    with tempfile.TemporaryDirectory(prefix='scms-bench-') as name:
        folder = pathlib.Path(name)
        servers = [ours(sys.argv[1], folder)]
        try:
            other = nginx(folder)
            servers += [other] if other else []
            print('downloads                                         scms/s  nginx/s    ratio')
            for title, path, n in FILES:
                for kept in (True, False):
                    # Turn and turn about, so that what else the machine does falls on both.
                    found = [[rate(server, path, n, kept) for server in servers] for _ in range(TURNS)]
                    ciphers = {cipher for turn in found for _, cipher in turn}
                    if len(ciphers) != 1:
                        raise SystemExit('not the same TLS: %s' % ciphers)
                    best = [max(turn[k][0] for turn in found) for k in range(len(servers))]
                    row = '  %-44s %9.0f' % (title + (', kept alive' if kept else ', a new connection each'), best[0])
                    if len(best) > 1:
                        met = best[0] >= AIM * best[1]
                        missed += not met
                        row += ' %8.0f %8.2f  speed >= %.2f %s' % (best[1], best[0] / best[1], AIM, 'met' if met else 'NOT met')
                    print(row, flush=True)
            print('%s, %s' % ciphers.pop())
            for server in servers:
                print('%s: memory of a connection: idle %.0f bytes, in the middle of an answer %.0f bytes' %
                      (server.name, *connections(server)), flush=True)
        finally:
            for server in servers:
                server.process.terminate()
                server.process.wait()
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
