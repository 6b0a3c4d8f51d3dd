# SPDX-License-Identifier: Apache-2.0
"""A whole SCMS for a drill: workspace, electors, components as processes, a fleet, and one clock for all of them."""

import http.client
import json
import os
import pathlib
import re
import shutil
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
PATIENCE = 120  # seconds after which something that is over at once on a calm machine counts as not coming


class Patience:
    """With what goes on, however slow the machine: it ends when nothing has changed for so long."""

    def __init__(self, seconds=PATIENCE):
        self.seconds, self.state, self.end = seconds, None, 0

    def ends(self, state):
        if state != self.state:
            self.state, self.end = state, time.monotonic() + self.seconds
        return time.monotonic() > self.end

ANSWER_SECONDS = 120
PORTS = range(10000, 32000, 20)  # where blocks of ports begin: below those that Linux hands out of itself
TOOLS = {"bash": "bash", "openssl": "openssl"}  # program: Debian package
PROGRAMS = ("scms", "scms-elector", "scms-ee", "scmsd")


class Trouble(Exception):
    """What stops a drill: said to people as it is."""


class Held:
    """While in it, Ctrl-C waits: what is begun here is known to whoever ends it. last: nothing comes after, so it need not be heard."""

    def __init__(self, last=False):
        self.last, self.came, self.before = last, False, {}

    def __enter__(self):
        self.before = {one: signal.signal(one, self.note) for one in (signal.SIGINT, signal.SIGTERM)}

    def note(self, *_):
        self.came = True

    def __exit__(self, *_):
        for one, handler in self.before.items():
            signal.signal(one, handler)
        if self.came and not self.last:
            raise KeyboardInterrupt


def free_ports(count):
    """Ports that nobody listens on, all different; drills that run at the same time look in different places."""
    for turn in range(len(PORTS)):
        first = PORTS[(os.getpid() + turn) % len(PORTS)]
        sockets = []
        try:
            for port in range(first, first + count):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", port))
            return list(range(first, first + count))
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise Trouble(f"no {count} ports in a row are free on 127.0.0.1 from {PORTS[0]} to {PORTS[-1] + count}")


def look_for_programs(programs):
    """What a drill needs and this machine lacks is said before anything begins."""
    for name in PROGRAMS:
        if not os.access(pathlib.Path(programs) / name, os.X_OK):
            raise Trouble(f"{pathlib.Path(programs) / name} is not there, or is no program: 'make' builds it")
    for name, package in TOOLS.items():
        if shutil.which(name) is None:
            raise Trouble(f"the program {name} is not here; Debian's package {package} has it")


class Fleet:
    """The vehicles and roadside units: one process, orders in and answers out as lines of JSON."""

    def __init__(self, system, name="fleet"):
        self.system = system
        self.log = open(system.logs / f"{name}.log", "w")
        self.process = subprocess.Popen(  # within Held
            [str(system.programs / "scms-ee"), "fleet", str(system.work / name), "--dcm", system.url("dcm1"), "--factory",
             str(system.home("factory1") / "tls"), "--clock-file", str(system.clock)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=system.environment,
            start_new_session=True)

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
                self.process.wait()
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
            with Held():
                self.processes[name] = subprocess.Popen([str(self.programs / "scmsd"), name, "--config", str(self.work / "scmsd.conf")],
                                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
                                                        start_new_session=True)
            log.close()
        self.tls = ssl.create_default_context(cafile=str(self.home("manager1") / "tls" / "roots.pem"))
        self.tls.load_cert_chain(str(self.home("manager1") / "tls" / "certificate.pem"), str(self.home("manager1") / "tls" / "key.pem"))
        end = time.monotonic() + PATIENCE
        for name in names or SERVERS:
            while not self.answers(name):
                if time.monotonic() > end:
                    raise Trouble(f"{name} does not answer: {(self.logs / f'{name}.log').read_text()[-600:]}")
                time.sleep(0.1)

    def answers(self, name):
        """Does this component run and answer? Whoever else has its port may never."""
        try:
            return self.ask(name, "GET", "/health", within=5)[0] == 200
        except OSError:
            return False
        finally:
            if self.processes[name].poll() is not None:
                raise Trouble(f"{name} does not run: {(self.logs / f'{name}.log').read_text()[-600:]}")

    def ask(self, name, method, path, body=None, headers=None, within=ANSWER_SECONDS):
        """One request as the SCMS Manager: status and body."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.ports[name], context=Verified(self.tls, f"{name}.localhost"),
                                                 timeout=within)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def load(self):
        """Of each component that runs: requests, CPU time and memory at most, since it was started."""
        found, tick = {}, os.sysconf("SC_CLK_TCK")
        for name, process in self.processes.items():
            status, body = self.ask(name, "GET", "/metrics")
            requests = re.search(rb"^scms_http_requests_total\S* (\d+)", body, re.M)
            if status != 200 or requests is None:
                raise Trouble(f"{name} does not give its metrics: {status}")
            times = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            peak = re.search(r"^VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text(), re.M)
            found[name] = {"requests": int(requests.group(1)), "cpuSeconds": (int(times[11]) + int(times[12])) / tick,
                           "memoryMegabytes": int(peak.group(1)) // 1024}
        return found

    def stop(self):
        """Ends every process that was begun."""
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
