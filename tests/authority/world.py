# SPDX-License-Identifier: Apache-2.0
"""What the tests of an operator's commands share: a workspace in a folder of its own, and what was checked."""
import hashlib
import json
import os
import shutil
import subprocess
import tempfile

ENDED = 99
NOW = "2026-11-25T12:00:00Z"


class Checks:
    def __init__(self):
        self.count = self.failed = 0

    def __call__(self, good, text):
        self.count += 1
        if not good:
            self.failed += 1
            print("FAILED:", text)

    def done(self):
        print(f"{self.count} checks, {self.failed} failed")
        return 1 if self.failed or not self.count else 0


class World:
    """A folder with a pass phrase, and programs run in it."""

    def __init__(self, scms):
        self.scms = os.path.abspath(scms)
        self.folder = tempfile.mkdtemp(prefix="scms-authority-")
        self.secret = self.path("pass")
        with open(self.secret, "w") as file:
            file.write("open sesame, said the goat\n")
        os.chmod(self.secret, 0o600)
        self.environment = dict(os.environ)
        self.environment.pop("SCMS_WORKSPACE", None)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def run(self, *arguments, program=None, environment=None, **more):
        return subprocess.run([program or self.scms, *arguments], cwd=self.folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300, env={**self.environment, **(environment or {})}, **more)

    def token(self, util, module):
        """A new SoftHSM2 token; its URI."""
        os.mkdir(self.path("tokens"))
        with open(self.path("softhsm2.conf"), "w") as file:
            file.write(f"directories.tokendir = {self.path('tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.environment["SOFTHSM2_CONF"] = self.path("softhsm2.conf")
        with open(self.secret) as file:
            pin = file.read().strip()
        made = self.run("--module", module, "--init-token", "--free", "--label", "world", "--so-pin", "12345678", "--pin", pin, program=util)
        assert made.returncode == 0, made.stderr
        return "pkcs11:token=world?module-path=" + module

    def on(self, workspace, *arguments, now=NOW, **more):
        return self.run(*arguments, "--workspace", workspace, "--now", now, **more)

    def init(self, name, *more):
        done = self.run("init", name, "--secret", "file:" + self.secret, *more)
        assert done.returncode == 0, done.stderr
        return name

    def must(self, workspace, *arguments, **more):
        done = self.on(workspace, *arguments, **more)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done

    def json(self, workspace, *arguments, **more):
        return json.loads(self.must(workspace, *arguments, "--json", **more).stdout)

    def tree(self, name):
        """Every file of a folder by its hash. Locks say nothing, and the journal is looked at by itself."""
        found = {}
        for folder, _, files in os.walk(self.path(name)):
            for file in files:
                if file == "lock":
                    continue
                with open(os.path.join(folder, file), "rb") as data:
                    found[os.path.relpath(os.path.join(folder, file), self.path(name))] = hashlib.sha256(data.read()).hexdigest()
        return found

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


LAYOUT = [("root", "root1"), ("ica", "ica1"), ("eca", "eca1"), ("pca", "pca1"), ("ra", "ra1"), ("la", "la1", "--la-id", "1"),
          ("la", "la2", "--la-id", "2"), ("ma", "ma1"), ("crlg", "crlg1"), ("pg", "pg1"), ("dcm", "dcm1"),
          ("crl-store", "store1"), ("manager", "manager1")]
