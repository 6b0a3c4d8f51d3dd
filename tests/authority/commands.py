#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scms init, component, lint and bundle on real workspaces: what they make, and everything that they refuse.

Usage: commands.py SCMS
"""
import fcntl
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from world import LAYOUT, NOW, Checks, World

check = Checks()
world = World(sys.argv[1])


def refused(code, words, *arguments, workspace="ws", now=NOW):
    """Refused with this exit code and these words, and the workspace is what it was."""
    before = world.tree(workspace)
    done = world.on(workspace, *arguments, now=now)
    check(done.returncode == code, f"{arguments}: exit {done.returncode}, not {code}: {done.stderr}")
    check(words in done.stderr, f"{arguments}: \"{words}\" is not in: {done.stderr}")
    check(world.tree(workspace) == before, f"{arguments}: the workspace changed")


def certificate(name, workspace="ws"):
    return f"{workspace}/components/{name}/active/certificate.coer"


def initialising():
    world.init("ws")
    check(os.path.exists(world.path("ws/scms.conf")) and os.path.isdir(world.path("ws/components")), "layout")
    check("sesame" not in open(world.path("ws/scms.conf")).read(), "a secret in the configuration")
    done = world.run("init", "ws")
    check(done.returncode == 3 and "exists already" in done.stderr, done.stderr)
    for arguments, words in [(["--level", "x"], "--level"), (["--quorum", "0"], "--quorum"), (["--form", "1.3"], "--form"),
                             (["--keys", "usb"], "--keys"), (["--secret", "1234"], "--secret"), (["--system", 'a"b'], "--system")]:
        done = world.run("init", "other", *arguments)
        check(done.returncode == 2 and words in done.stderr and not os.path.exists(world.path("other")), f"{arguments}: {done.stderr}")
    for text, words in [("level = \"high\";", "level"), ("quorum = 0;", "quorum"), ("quorum = \"two\";", "quorum"), ("colour = 1;", "colour"),
                        ("ports = { xy = 1; };", "ports.xy"), ("secret = \"hunter2\";", "secret"), ("quorum = ;", ":1"),
                        ("floor = 3; ceiling = 2;", "ceiling")]:
        shutil.copytree(world.path("ws"), world.path("bad"))
        with open(world.path("bad/scms.conf"), "w") as file:
            file.write(text + "\n")
        refused(1, words, "component", "list", workspace="bad")
        shutil.rmtree(world.path("bad"))
    done = world.on("nowhere", "component", "list")
    check(done.returncode == 3 and "scms init" in done.stderr, done.stderr)


def creating():
    refused(1, "no component here may issue it", "component", "create", "ica", "ica1")
    for role, name, *more in LAYOUT:
        world.must("ws", "component", "create", role, name, *more)
    for name in "abc":
        world.must("ws", "component", "create", "elector", name)
    listed = {c["name"]: c for c in world.json("ws", "component", "list")}
    check(len(listed) == len(LAYOUT) + 3, str(sorted(listed)))
    for role, name, *more in LAYOUT:
        home = world.path("ws/components", name)
        if role in ("crl-store", "manager"):
            check("active" not in listed[name] and os.path.exists(home + "/tls/key.pem"), f"{name}: TLS only")
            continue
        check(listed[name]["active"]["status"] == "valid", f"{name}: {listed[name]}")
        done = world.run("lint", "--issuer", certificate("root1"), "--issuer", certificate("ica1"), certificate(name))
        check(done.returncode == 0 and "nothing found" in done.stdout, f"{name}: {done.stdout}")
        check(os.path.exists(home + "/tls/key.pem") == (role not in ("root", "ica")), f"{name}: TLS")
        key = open(home + "/active/sign.pem").read()
        check("ENCRYPTED PRIVATE KEY" in key and os.stat(home + "/active/sign.pem").st_mode & 0o77 == 0, f"{name}: key file")
    check(world.run("log", "verify", "--workspace", "ws").returncode == 0, "journal")
    check(not [n for n in os.listdir(world.path("ws/components")) if n.startswith(".")], "something is left")
    for words, *arguments in [
            ("of this name already", "create", "pca", "pca1"), ("which does not issue it", "create", "pca", "pca2", "--issuer", "root1"),
            ("which does not issue it", "create", "pca", "pca2", "--issuer", "ra1"),
            ("No such file", "create", "pca", "pca2", "--issuer", "nobody"), ("letters, digits", "create", "pca", "../pca2"),
            ("letters, digits", "create", "pca", ".pca"), ("validityPeriod within its issuer's", "create", "pca", "pca2", "--start", "2010-01-01"),
            ("validityPeriod within its issuer's", "create", "pca", "pca2", "--start", "2060-01-01"),
            ("no component can have this name", "show", "a/b"), ("No such file", "show", "nobody"), ("No such file", "renew", "nobody")]:
        refused(1, words, "component", *arguments)
    for words, *arguments in [
            ("no role", "create", "xca", "x"), ("--la-id", "create", "la", "la3"), ("--la-id", "create", "ra", "ra2", "--la-id", "3"),
            ("--curve", "create", "ra", "ra2", "--curve", "p384"), ("no issuer", "create", "root", "r", "--request"),
            ("0 to 65535", "create", "la", "la3", "--la-id", "65536"), ("--start", "create", "ra", "ra2", "--start", "2026-02-30"),
            ("--keys", "create", "ra", "ra2", "--keys", "usb"), ("needed", "create", "ra"), ("needed", "renew"), ("needed", "activate"),
            ("--at", "activate", "ra1", "--at", "noon"), ("--reason", "revoke", "ra1")]:
        refused(2, words, "component", *arguments)
    refused(1, "its certificate expired at", "component", "create", "pca", "pca2", "--issuer", "ica1", now="2041-01-01")
    wrong = world.path("wrong")
    with open(wrong, "w") as file:
        file.write("another pass phrase\n")
    os.chmod(wrong, 0o600)
    refused(3, "wrong pass phrase", "component", "create", "pca", "pca2", "--secret", "file:" + wrong)


def changed_homes():
    """Files in homes that are not what they should be."""
    def with_file(path, content, code, words, *arguments):
        original = open(world.path(path), "rb").read()
        with open(world.path(path), "wb") as file:
            file.write(content)
        refused(code, words, *arguments)
        with open(world.path(path), "wb") as file:
            file.write(original)

    ra = open(world.path(certificate("ra1")), "rb").read()
    with_file(certificate("pca1"), ra, 1, "expected the certificate of a component of role pca", "component", "show", "pca1")
    with_file(certificate("pca1"), ra[:50], 1, "no certificate", "component", "show", "pca1")
    with_file(certificate("pca1"), b"", 1, "is missing", "component", "show", "pca1")
    with_file("ws/components/pca1/active/issuers.coer", b"\x01\x01" + ra, 1, "is not the issuer", "component", "show", "pca1")
    with_file("ws/components/pca1/active/issuers.coer", b"junk", 1, "its issuers", "component", "show", "pca1")
    with_file("ws/components/pca1/component.conf", b'role = "xx"; name = "pca1"; host = "h";', 1, "role: expected", "component", "show", "pca1")
    with_file("ws/components/pca1/component.conf", b'role = ', 1, "component.conf:1", "component", "show", "pca1")
    with_file("ws/components/pca1/active/identity.conf", b'sign = "../../root1/active/sign.pem";', 1, "sign: expected", "component", "show", "pca1")
    ica = open(world.path("ws/components/root1/active/sign.pem"), "rb").read()
    with_file("ws/components/ica1/active/sign.pem", ica, 3, "is not the key in certificate.coer", "component", "create", "pca", "pca2")


def carried():
    """A request to another workspace, and its answer back."""
    world.init("branch")
    world.must("branch", "component", "create", "pca", "pca7", "--request", "--host", "pca7.example")
    request = "branch/requests/pca7.request.coer"
    check(world.json("branch", "component", "show", "pca7")["staged"]["status"] == "waiting", "waits")
    refused(1, "has no certificate to be renewed", "component", "renew", "pca7", workspace="branch")
    refused(1, "has no such certificate", "component", "revoke", "pca7", "--reason", "x", "--yes", workspace="branch")
    refused(1, "still waits", "component", "activate", "--all", workspace="branch")
    refused(1, "no certificate is staged", "component", "activate", "pca7", workspace="branch")

    data = bytearray(open(world.path(request), "rb").read())
    for place in (len(data) // 2, len(data) - 1):
        data[place] ^= 1
        with open(world.path("changed"), "wb") as file:
            file.write(data)
        data[place] ^= 1
        refused(1, "request", "component", "issue", "changed")
    refused(1, "no certificate request", "component", "issue", certificate("ra1"))
    refused(3, "No such file", "component", "issue", "nothing")
    refused(1, "which does not issue it", "component", "issue", request, "--issuer", "root1")

    for now, words in (("2026-11-24T12:00:00Z", "is not yet: one of the two clocks is wrong"),
                       ("2027-02-24T12:00:00Z", "91 days ago; a request is good for 90 days")):
        done = world.on("ws", "component", "issue", request, now=now)
        check(done.returncode == 1 and words in done.stderr, f"a request seen on {now}: {done.stderr}")
    check("Request of " in world.must("ws", "component", "issue", request, "--out", "answer").stdout, "its age is said")
    answer = open(world.path("answer"), "rb").read()
    for content, words in [(b"junk", "found something else"), (b"", "found something else"), (answer[:-40], "found something else"),
                           (open(world.path(certificate("pca1")), "rb").read(), "another key"),
                           (open(world.path(certificate("ra1")), "rb").read(), "PcaCertificate.")]:
        with open(world.path("foreign"), "wb") as file:
            file.write(content)
        refused(1, words, "component", "install", "pca7", "foreign", workspace="branch")
    refused(1, "no component can have this name", "component", "install", "..", "answer", workspace="branch")
    world.must("branch", "component", "install", "pca7", "answer")
    shown = world.json("branch", "component", "show", "pca7")
    check(shown["active"]["status"] == "valid" and "staged" not in shown, str(shown))
    check(shown["active"]["root"] == world.json("ws", "component", "show", "root1")["active"]["hash"], "root")
    refused(1, "no identity waits", "component", "install", "pca7", "answer", workspace="branch")

    # The next one, the same way: staged, not active.
    refused(1, "its issuer is not in this workspace", "component", "renew", "pca7", workspace="branch")
    world.must("branch", "component", "renew", "pca7", "--request")
    refused(1, "another key", "component", "install", "pca7", "answer", workspace="branch")
    world.must("ws", "component", "issue", request, "--out", "answer2")
    world.must("branch", "component", "install", "pca7", "answer2")
    check(world.json("branch", "component", "show", "pca7")["staged"]["status"] == "valid", "staged")
    world.must("branch", "component", "unstage", "pca7")
    check("staged" not in world.json("branch", "component", "show", "pca7"), "unstaged")


def tls():
    """TLS identities: made here, asked for elsewhere; no wrong answer takes the place of the one that is there."""
    def identity(name, workspace):
        files = {}
        for file in ("certificate.pem", "key.pem", "roots.pem"):
            path = world.path(workspace, "components", name, "tls", file)
            files[file] = open(path).read() if os.path.exists(path) else None
        return files

    csr, answer = "branch/requests/pca8.tls.csr", "ws/requests/pca8.branch.tls.pem"
    done = world.must("branch", "component", "create", "pca", "pca8", "--request", "--host", "pca8.branch")
    check(csr in done.stdout and "pca8.request.coer" in done.stdout, done.stdout)
    check(not os.path.exists(world.path("branch/components/pca8/tls")), "no TLS identity yet")
    data = open(world.path(csr), "rb").read()
    changed = bytearray(data)
    changed[120] = ord("A") if changed[120] != ord("A") else ord("B")
    for content, words in [(bytes(changed), "changed"), (data[:-60], "no request"), (data[:28], "no certificate request"),
                           (b"-----BEGIN CERTIFICATE REQUEST-----\njunk\n", "no request")]:
        with open(world.path("changed"), "wb") as file:
            file.write(content)
        refused(1, words, "component", "issue", "changed")
    for role, name, host, words in [("manager", "manager9", "manager9.branch", "may command every component"),
                                    ("pca", "pca9", "pca1.localhost", "which is that of pca1 here"), ("pca", "pca10", "PCA1.localhost", "of pca1 here")]:
        world.must("branch", "component", "create", role, name, "--request", "--host", host)
        refused(1, words, "component", "issue", f"branch/requests/{name}.tls.csr")
        shutil.rmtree(world.path("branch/components", name))
    refused(2, "--out is for one FILE", "component", "issue", csr, csr, "--out", "x")
    done = world.must("ws", "component", "issue", "branch/requests/pca8.request.coer", csr)
    check("role pca" in done.stdout, done.stdout)
    good = open(world.path(answer)).read()
    other = open(world.path("ws/components/pca1/tls/certificate.pem")).read()
    root = open(world.path("ws/tls/root.pem")).read()
    world.must("ws", "component", "create", "factory", "factory1")  # a certificate of the same root
    for content, words in [(other + root, "is for another key"), (good.replace(root, ""), "two certificates"), ("-----BEGIN CERTIFICATE-----\n", "two"),
                           (good[:200], "two certificates"), (good.replace(root, other), "is not signed by the second")]:
        with open(world.path("foreign"), "w") as file:
            file.write(content)
        refused(1, words, "component", "install", "pca8", "foreign", workspace="branch")
    world.must("branch", "component", "install", "pca8", "ws/requests/pca8.branch.certificate.coer", answer)
    first = identity("pca8", "branch")
    check(first["roots.pem"] == root and first["certificate.pem"] + root == good, "the answer is there")
    check(os.stat(world.path("branch/components/pca8/tls/key.pem")).st_mode & 0o77 == 0, "the key is nobody else's")
    refused(1, "no TLS request waits", "component", "install", "pca8", answer, workspace="branch")
    # The next one, the same way: what is there stays until the answer comes, and the last answer is none.
    world.must("branch", "component", "tls", "pca8", "--request")
    check(identity("pca8", "branch") == first, "until the answer comes")
    refused(1, "another key", "component", "install", "pca8", answer, workspace="branch")
    world.must("ws", "component", "issue", csr, "--out", "answer3")
    world.must("branch", "component", "install", "pca8", "answer3")
    check(identity("pca8", "branch")["key.pem"] != first["key.pem"], "another key")
    # Of a component here, at once.
    before = identity("ra1", "ws")
    world.must("ws", "component", "tls", "ra1")
    after = identity("ra1", "ws")
    check(after["key.pem"] != before["key.pem"] and after["certificate.pem"] != before["certificate.pem"] and after["roots.pem"] == root, "anew")
    check(not os.path.exists(world.path("ws/components/ra1/tls-next")), "nothing is left")
    refused(1, "is on no network", "component", "tls", "root1")
    refused(1, "No such file", "component", "tls", "nobody")
    refused(2, "NAME is needed", "component", "tls")
    # Revoked where it was issued, under the name in its certificate.
    certificate_answer = "ws/requests/pca8.branch.certificate.coer"
    for name, file, words in [("pca1.localhost", certificate_answer, "of another component"), ("pca8.branch", answer, "expected an answer"),
                              ("pca8.branch", certificate("pca1"), "expected an answer"), ("pca8.branch", "nothing", "No such file"),
                              ("../x", certificate_answer, "no component can have this name")]:
        refused(3 if file == "nothing" else 1, words, "component", "revoke", name, "--certificate", file, "--reason", "r", "--yes")
    refused(1, "below a root of this workspace", "component", "revoke", "pca8.branch", "--certificate", certificate_answer, "--reason", "r", "--yes",
            workspace="branch")
    refused(1, "say --yes", "component", "revoke", "pca8.branch", "--certificate", certificate_answer, "--reason", "r")
    done = world.json("ws", "component", "revoke", "pca8.branch", "--certificate", certificate_answer, "--reason", "r", "--yes")
    entry = json.load(open(world.path(done["entry"])))
    check(entry["role"] == "pca" and entry["series"] == 2 and done["rebuild"] == ["ra1"], str(entry))
    refused(1, "revoked already", "component", "revoke", "pca8.branch", "--certificate", certificate_answer, "--reason", "r", "--yes")
    done = world.run("hash", csr, "branch/requests/pca8.request.coer")
    check(done.returncode == 0 and done.stdout.count("in words") == 2 and done.stdout.count("as a file") == 2, done.stdout + done.stderr)


def renewing():
    """Everything under a new root: made while the old is in use, and switched at one moment."""
    names = [name for role, name, *_ in LAYOUT if role not in ("root", "crl-store", "manager")]
    world.must("ws", "component", "create", "root", "root2")
    refused(1, "name one with --issuer", "component", "renew", "--all", "--stage")
    refused(2, "--stage", "component", "renew", "--all", "--issuer", "root2")
    refused(1, "which does not issue it", "component", "renew", "--all", "--stage", "--issuer", "ica1")
    refused(1, "let the electors vote", "component", "renew", "root1")
    refused(1, "nothing is staged", "component", "activate", "pca1")
    old = {c["name"]: c for c in world.json("ws", "component", "list")}
    world.must("ws", "component", "renew", "--all", "--stage", "--issuer", "root2")
    again = world.must("ws", "component", "renew", "--all", "--stage", "--issuer", "root2")
    check(again.stdout.count("staged already") == len(names), again.stdout)
    refused(1, "staged already", "component", "renew", "pca1", "--stage", "--issuer", "ica1")
    world.must("ws", "component", "activate", "--all", "--at", "2026-12-01T03:00:00Z")
    staged = {c["name"]: c for c in world.json("ws", "component", "list")}
    root2 = staged["root2"]["active"]["hash"]
    for name in names:
        check(staged[name]["active"] == old[name]["active"], f"{name}: still the old")
        check(staged[name]["staged"]["root"] == root2, f"{name}: staged under the new root")
    world.must("ws", "component", "activate", "--due", now="2026-12-01T02:59:59Z")
    check({c["name"]: c for c in world.json("ws", "component", "list")} == staged, "a second before")
    world.must("ws", "component", "activate", "--due", now="2026-12-01T03:00:00Z")
    new = {c["name"]: c for c in world.json("ws", "component", "list")}
    for name in names:
        check(new[name]["active"]["hash"] == staged[name]["staged"]["hash"] and new[name]["retired"] == 1, f"{name}: the new")
        check("staged" not in new[name], f"{name}: nothing staged")
        left = os.listdir(world.path("ws/components", name, "retired/1"))
        check(not [f for f in left if f.endswith(".pem")] and "certificate.coer" in left, f"{name}: {left}")
        done = world.run("lint", "--issuer", certificate("root2"), "--issuer", certificate("ica1"), certificate(name))
        check(done.returncode == 0, f"{name}: {done.stdout}")
    world.must("ws", "component", "renew", "pca1")
    check(world.json("ws", "component", "show", "pca1")["retired"] == 2, "renewed at once")


def revoking():
    refused(1, "say --yes", "component", "revoke", "eca1", "--reason", "test")
    done = world.json("ws", "component", "revoke", "eca1", "--reason", "lost its key", "--yes")
    entry = json.load(open(world.path(done["entry"])))
    shown = world.json("ws", "component", "show", "eca1")["active"]
    check(entry["hashedId10"] == shown["hashedId10"] and entry["series"] == 2 and entry["reason"] == "lost its key", str(entry))
    check(entry["expiry"] == shown["end"] // 1000000 and entry["hash"] == shown["hash"], str(entry))
    check(entry["craca"] == world.json("ws", "component", "show", "root2")["active"]["hashedId8"], str(entry))
    check(done["lost"] == [] and done["rebuild"] == ["ra1"] and len(done["consequences"]) == 3, str(done))
    check(shown["status"] == "revoked", str(shown))
    refused(1, "is revoked already", "component", "revoke", "eca1", "--reason", "again", "--yes")
    done = world.json("ws", "component", "revoke", "pg1", "--reason", "test", "--yes")
    check(json.load(open(world.path(done["entry"])))["series"] == 256, "series 256")
    done = world.json("ws", "component", "revoke", "ica1", "--reason", "stolen", "--yes")
    check(sorted(c["name"] for c in done["lost"]) == ["dcm1", "eca1", "la1", "la2", "pca1", "ra1"], str(done["lost"]))
    refused(1, "is revoked", "component", "create", "pca", "pca2", "--issuer", "ica1")
    refused(1, "no component here may issue it", "component", "create", "pca", "pca2")
    for name, kind in [("root1", "root"), ("a", "elector")]:
        before = world.tree("ws")
        done = world.json("ws", "component", "revoke", name, "--reason", "test")
        check(f"propose remove-{kind}" in done["proposal"] and done["entry"] == "" and world.tree("ws") == before, str(done))
    refused(1, "has no such certificate", "component", "revoke", "manager1", "--reason", "x", "--yes")
    refused(1, "has expired", "component", "revoke", "ma1", "--reason", "x", "--yes", now="2040-01-01")


def bundles():
    done = world.must("ws", "bundle", "make", "--json")
    check(json.loads(done.stdout)["electors"] == 3 and "warning" not in done.stderr, done.stdout + done.stderr)
    config = json.load(open(world.path("ws/bootstrap/bootstrap.json")))
    check(config["quorum"] == 2 and config["roots"] == [] and len(config["electors"]) == 3, str(config))
    world.must("ws", "bundle", "check")
    done = world.run("store", "init", "--state", "device", "--config", "ws/bootstrap/bootstrap.json")
    check(done.returncode == 0, done.stderr)
    refused(1, "ROOT_UNKNOWN", "component", "provision", "pca1")
    world.must("ws", "component", "provision", "root1")
    refused(1, "never made anew", "component", "provision", "root1")
    world.must("ws", "component", "create", "elector", "d")
    done = world.on("ws", "bundle", "make", "out")
    check(done.returncode == 0 and "even number" in done.stderr, done.stderr)
    elector = [name for name in os.listdir(world.path("out")) if name.startswith("elector-")][0]
    original = open(world.path("out", elector), "rb").read()
    for content, words in [(original[:-1] + bytes([original[-1] ^ 1]), "SUBJECT_SIGNATURE"), (b"junk", "NOT_CANONICAL"),
                           (open(world.path(certificate("ra1")), "rb").read(), "SUBJECT_PROFILE")]:
        with open(world.path("out", elector), "wb") as file:
            file.write(content)
        refused(1, words, "bundle", "check", "out")
    os.unlink(world.path("out", elector))
    refused(1, "No such file", "bundle", "check", "out")
    for name in "bcd":
        os.unlink(world.path(f"ws/electors/{name}.coer"))
    refused(1, "n < m", "bundle", "make")
    os.unlink(world.path("ws/electors/a.coer"))
    refused(1, "n < m", "bundle", "make")


def operators():
    """Two at once: the second waits, and is told who is first."""
    with open(world.path("ws/lock"), "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write("ann, process 1, since noon\n")
        lock.flush()
        refused(3, "being changed by ann, process 1, since noon", "component", "create", "root", "root9")
    world.must("ws", "component", "create", "root", "root9")
    check(world.on("ws", "component", "list").returncode == 0, "readers are not kept out")


def linting():
    done = world.run("lint", "--json", "--profile", "pca", certificate("ra1"))
    found = json.loads(done.stdout)[0]["findings"]
    check(done.returncode == 1 and any(f["clause"] == "PcaCertificate.appPermissions" for f in found), done.stdout)
    check(world.run("lint", "--level", "production", certificate("root1")).returncode == 1, "another level")
    check(world.run("lint", "ws/scms.conf").returncode == 1, "no certificate")
    check(world.run("lint", "nothing").returncode == 1, "no file")
    check(world.run("lint").returncode == 2, "no argument")
    check(world.run("lint", "--profile", "x", certificate("ra1")).returncode == 2, "no profile")
    done = world.run("lint", "--issuer", certificate("root1"), certificate("ma1"))
    check(done.returncode == 0 and "judged without its issuers" in done.stdout, done.stdout)


def helps():
    for command in [["init"], ["lint"], ["found"], ["bundle", "make"], ["bundle", "check"]] + \
            [["component", c] for c in ("create", "issue", "install", "list", "show", "provision", "renew", "activate", "unstage", "tls", "revoke")]:
        done = world.run(*command, "--help")
        check(done.returncode == 0 and "Example" in done.stdout and "Exit code" in done.stdout, f"{command}: {done.stdout}")


try:
    for part in (initialising, creating, changed_homes, carried, tls, renewing, revoking, linting, operators, bundles, helps):
        part()
finally:
    world.close()
sys.exit(check.done())
