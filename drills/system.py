# SPDX-License-Identifier: Apache-2.0
"""A whole SCMS for a drill: workspace, electors, components as processes, a fleet, and one clock for all of them."""

import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "handbook"))
import run as handbook  # noqa: E402

SERVERS = ("pg1", "crl-store1", "crlg1", "eca1", "la1", "la2", "pca1", "ra1", "ma1", "dcm1", "manager1")
START_SECONDS = 30
ANSWER_SECONDS = 120


class Trouble(Exception):
    """What stops a drill: said to people as it is."""


def free_ports(count):
    """Ports that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Fleet:
    """The vehicles and roadside units: one process, orders in and answers out as lines of JSON."""

    def __init__(self, system, name="fleet"):
        self.system = system
        self.log = open(system.logs / f"{name}.log", "w")
        self.process = subprocess.Popen(
            [str(system.programs / "scms-ee"), "fleet", str(system.work / name), "--dcm", system.url("dcm1"), "--factory",
             str(system.home("factory1") / "tls"), "--clock-file", str(system.clock)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=system.environment)

    def order(self, do, **order):
        order = {"do": do, **order}
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Trouble(f"the fleet ended during {order}: see {self.log.name}")
        answer = json.loads(line)
        self.log.write(f"{json.dumps(order)} -> {line[:2000]}\n")
        self.log.flush()
        if "error" in answer:
            raise Trouble(f"the fleet refuses {order}: {answer['error']}")
        return answer

    def end(self):
        if self.process.poll() is None:
            try:
                self.order("quit")
            except Trouble:
                pass
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.log.close()


class System:
    def __init__(self, work, programs):
        self.work = pathlib.Path(work).resolve()
        self.programs = pathlib.Path(programs).resolve()
        self.work.mkdir(parents=True)
        self.logs = self.work / "logs"
        self.logs.mkdir()
        self.clock = self.work / "clock"
        self.offset = 0
        self.turn_clock(0)
        self.book = handbook.chapters()
        self.environment = handbook.environment_for(self.work, self.programs)
        self.environment["SCMS_CLOCK_FILE"] = str(self.clock)
        self.commands = open(self.logs / "handbook.log", "w")
        self.processes = {}
        self.ports = {}
        self.fleet = None
        self.tls = None

    # ---- time ----

    def turn_clock(self, seconds):
        """Sets how far the drill's clock is ahead of the real one."""
        beside = self.clock.with_suffix(".new")
        beside.write_text(f"{seconds}\n")
        beside.rename(self.clock)
        self.offset = seconds

    def now(self):
        return time.time() + self.offset

    # ---- what people do ----

    def do(self, chapter, *blocks, **variables):
        """Runs blocks of the handbook as they stand there."""
        out = ""
        for block in blocks or self.book[chapter].blocks:
            try:
                out += handbook.run_block(self.book[chapter], block, self.work, self.environment, self.commands,
                                          {key: str(value) for key, value in variables.items()})
            except handbook.Failed as failed:
                raise Trouble(str(failed)) from None
        return out

    def command(self, *arguments, expect=0):
        """Runs one program; its output. expect None: any exit code is fine, and comes back with it."""
        done = subprocess.run([str(self.programs / arguments[0]), *map(str, arguments[1:])], cwd=self.work,
                              env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        self.commands.write(f"--- {' '.join(map(str, arguments))}\n{done.stdout}")
        self.commands.flush()
        if expect is None:
            return done.returncode, done.stdout
        if done.returncode != expect:
            raise Trouble(f"{' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def json(self, *arguments):
        """Runs a command that writes JSON to standard output."""
        done = subprocess.run([str(self.programs / arguments[0]), *map(str, arguments[1:])], cwd=self.work,
                              env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise Trouble(f"{' '.join(map(str, arguments))} wrote no JSON:\n{done.stdout}{done.stderr}") from None

    def home(self, name):
        return self.work / "ws" / "components" / name

    def certificate(self, name):
        return self.home(name) / "active" / "certificate.coer"

    def identity(self, path):
        """SHA-256 of a certificate's canonical form."""
        return self.json("scms", "hash", "--json", path)[0]["SHA-256"]

    # ---- components ----

    def url(self, name):
        return f"https://{name}.localhost:{self.ports[name]}"

    def configure(self, settings=None):
        """Writes scmsd.conf: every server with a port of its own and the peers that it calls."""
        settings = settings or {}
        self.ports = dict(zip(SERVERS, free_ports(len(SERVERS))))
        peers = {
            "ra1": {"pca": "pca1", "la1": "la1", "la2": "la2", "pg": "pg1", "ma": "ma1"},
            "pca1": {"la1": "la1", "la2": "la2"},
            "ma1": {"pca": "pca1", "ra": "ra1", "la1": "la1", "la2": "la2", "crlg": "crlg1"},
            "dcm1": {"eca": "eca1", "ra": "ra1"},
            "crlg1": {"crl-store": "crl-store1"},
            "manager1": {name: name for name in SERVERS if name != "manager1"},
        }
        own = {
            "dcm1": {"ra_host": "ra1.localhost", "ra_url": self.url("ra1"), "crl_url": self.url("crl-store1") + "/download-crl/"},
            "crlg1": {"begin": str(self.work / "ws" / "published" / "composite_crl.oer")},
            "manager1": {"workspace": str(self.work / "ws"), "look_seconds": 2},
        }
        lines = ["test_mode = true;", 'user = "root";', f'paths = ( "{self.work}" );', f'clock_file = "{self.clock}";',
                 "components = ("]
        for index, name in enumerate(SERVERS):
            parts = [f'home = "{self.home(name)}";', f'listen = "127.0.0.1:{self.ports[name]}";']
            if name in peers:
                parts.append("peers = { " + " ".join(f'{peer} = "{self.url(to)}";' for peer, to in peers[name].items()) + " };")
            for key, value in {**own.get(name, {}), **settings.get(name, {})}.items():
                parts.append(f"{key} = {json.dumps(value)};")
            lines.append("  { " + " ".join(parts) + " }" + ("," if index + 1 < len(SERVERS) else ""))
        lines.append(");")
        (self.work / "scmsd.conf").write_text("\n".join(lines) + "\n")

    def start(self, *names):
        for name in names or SERVERS:
            log = open(self.logs / f"{name}.log", "a")
            self.processes[name] = subprocess.Popen([str(self.programs / "scmsd"), name, "--config", str(self.work / "scmsd.conf")],
                                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
                                                    start_new_session=True)
            log.close()
        self.tls = ssl.create_default_context(cafile=str(self.home("manager1") / "tls" / "roots.pem"))
        self.tls.load_cert_chain(str(self.home("manager1") / "tls" / "certificate.pem"), str(self.home("manager1") / "tls" / "key.pem"))
        end = time.monotonic() + START_SECONDS
        for name in names or SERVERS:
            while True:
                if self.processes[name].poll() is not None:
                    raise Trouble(f"{name} does not run: {(self.logs / f'{name}.log').read_text()[-600:]}")
                try:
                    status, _ = self.ask(name, "GET", "/health")
                    if status == 200:
                        break
                except OSError:
                    pass
                if time.monotonic() > end:
                    raise Trouble(f"{name} does not answer: {(self.logs / f'{name}.log').read_text()[-600:]}")
                time.sleep(0.1)

    def ask(self, name, method, path, body=None, headers=None):
        """One request as the SCMS Manager: status and body."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.ports[name], context=Verified(self.tls, f"{name}.localhost"),
                                                 timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def push(self, update, names=None, seconds=60):
        """The manager brings an update to every component; who has it, once all have or time is up."""
        status, body = self.ask("manager1", "POST", "/push", pathlib.Path(update).read_bytes(), {"SCMS-Deadline": str(seconds)})
        if status not in (200, 202):
            raise Trouble(f"the manager does not push: {status} {body[:300]}")
        pushed = json.loads(body)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status, body = self.ask("manager1", "GET", f"/push/{pushed['id']}")
            state = json.loads(body)
            if state["missing"] == 0:
                return state
            time.sleep(0.2)
        return state

    def stop(self):
        if self.fleet is not None:
            self.fleet.end()
            self.fleet = None
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 10
        for process in self.processes.values():
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes = {}
        self.commands.close()


class Verified:
    """A TLS context that expects a certain host name, whatever address is called."""

    def __init__(self, context, host):
        self.context, self.host = context, host

    def wrap_socket(self, sock, server_hostname=None, **options):
        del server_hostname
        return self.context.wrap_socket(sock, server_hostname=self.host, **options)

    def __getattr__(self, name):
        return getattr(self.context, name)
