#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An SCMS is founded, with its keys in SoftHSM2 tokens: three electors, a root voted for, all components, the bundle, a trust
store for each; and when the electors remove the root, nobody below it issues any more.

Usage: founding.py SCMS SCMS-ELECTOR SOFTHSM2-UTIL SOFTHSM2-MODULE
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from world import NOW, Checks, World

check = Checks()
world = World(sys.argv[1])
ELECTOR, UTIL, MODULE = os.path.abspath(sys.argv[2]), sys.argv[3], os.path.abspath(sys.argv[4])
# Its system calls are filtered, and the leak sanitizer needs some that it has not.
CONFINED = {"ASAN_OPTIONS": "detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")}
PIN = "648219"
TOKENS = ["elector-a", "elector-b", "elector-c", "root1", "ica1", "ra1", "la1", "la2", "ma1", "crlg1", "pg1", "dcm1"]


def tokens():
    config = world.path("softhsm2.conf")
    os.mkdir(world.path("tokens"))
    with open(config, "w") as file:
        file.write(f"directories.tokendir = {world.path('tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n")
    world.environment["SOFTHSM2_CONF"] = config
    with open(world.secret, "w") as file:
        file.write(PIN + "\n")
    for label in TOKENS:
        subprocess.run([UTIL, "--module", MODULE, "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN],
                       check=True, capture_output=True, env=world.environment)


def elector(name, *arguments):
    done = world.run(*arguments, program=ELECTOR, environment=CONFINED)
    check(done.returncode == 0, f"{name}: {arguments}: {done.stdout}{done.stderr}")


def vote(proposal):
    for name in "abc":
        elector(name, "inspect", "--home", f"elector-{name}", "--now", NOW, proposal)
        elector(name, "sign", "--home", f"elector-{name}", "--now", NOW, "--yes-i-read-it", "--secret", "file:" + world.secret, "--out",
                f"{proposal}.{name}.oer", proposal)
    world.must("ws", "motion", "collect", *[f"{proposal}.{name}.oer" for name in "abc"])


def found(*arguments):
    return world.json("ws", "found", *arguments)


def founding():
    for name in "abc":
        elector(name, "create", "--home", f"elector-{name}", "--name", f"elector-{name}", "--now", NOW, "--secret", "file:" + world.secret,
                "--token", f"pkcs11:token=elector-{name}?module-path={MODULE}")
    world.init("ws", "--keys", f"pkcs11:token=%n?module-path={MODULE}")
    got = found()
    check("0 electors" in got["next"][0], str(got))
    got = found("--elector", "elector-a/active/certificate.coer")
    check("1 electors" in got["next"][0], str(got))
    done = world.on("ws", "found", "--elector", "ws/scms.conf")
    check(done.returncode == 1 and "is no certificate" in done.stderr, done.stderr)
    got = found(*[x for name in "abc" for x in ("--elector", f"elector-{name}/active/certificate.coer")])
    check("3 electors, 0 roots" in got["done"][-1] and "add-root" in got["next"][1], str(got))
    done = world.on("ws", "found", "--elector", "ws/components/root1/active/certificate.coer")
    check(done.returncode == 1 and "ElectorCertificate." in done.stderr, done.stderr)
    check(not os.path.exists(world.path("ws/components/ica1")), "no component before the vote")
    for name in "abc":
        elector(name, "init", "--home", f"elector-{name}", "--config", "ws/bootstrap/bootstrap.json", "--now", NOW)
    world.must("ws", "motion", "propose", "add-root", "ws/components/root1/active/certificate.coer", "--reason", "founding", "--out", "p1")
    vote("p1")
    world.must("ws", "motion", "assemble", "add-root")
    got = found()
    check("3 electors, 1 roots, 1 ballots" in got["done"][-1] and len(got["done"]) == 13, str(got))
    world.must("ws", "bundle", "check")
    check(found()["done"] != [], "again")
    listed = {c["name"]: c for c in world.json("ws", "component", "list")}
    for name in TOKENS[3:]:
        check(listed[name]["active"]["signKey"].startswith("pkcs11:token=" + name), f"{name}: {listed[name]}")
    for name in ("eca1", "pca1"):
        check(listed[name]["active"]["signKey"].endswith("sign.pem"), f"{name}: tokens make no implicit certificates")
    check(PIN not in open(world.path("ws/scms.conf")).read(), "the PIN is written down")


def provisioning():
    world.must("ws", "component", "provision", "--all")
    for name in ("root1", "ica1", "pca1", "crl-store1"):
        done = world.run("store", "check", "--state", f"ws/components/{name}/store", "--now", "722692805000000", "--cert",
                         "ws/components/pca1/active/certificate.coer", "--cert", "ws/components/ica1/active/certificate.coer")
        check(done.returncode == 0, f"{name}: {done.stdout}{done.stderr}")
    world.must("ws", "component", "renew", "ra1")
    check("still in its token" in world.must("ws", "component", "renew", "la1").stderr, "a retired key in a token is told")


def token_errors():
    for code, words, *arguments in [
            (3, "no such token", "create", "pg", "pg2"), (3, "wrong PIN", "renew", "pg1", "--secret", "file:" + world.path("wrong"))]:
        with open(world.path("wrong"), "w") as file:
            file.write("000000\n")
        os.chmod(world.path("wrong"), 0o600)
        before = world.tree("ws")
        done = world.on("ws", "component", *arguments)
        check(done.returncode == code and words in done.stderr, f"{arguments}: {done.stderr}")
        check(world.tree("ws") == before, f"{arguments}: the workspace changed")


def removal():
    """Rule D6.2: the ICA's own store says that its root is gone."""
    world.must("ws", "component", "create", "pca", "pca2")
    world.must("ws", "motion", "propose", "remove-root", "ws/components/root1/active/certificate.coer", "--reason", "stolen", "--out", "p2",
               "--override", "no other way")
    vote("p2")
    world.must("ws", "motion", "assemble", "remove-root", "--override", "no other way")
    for name in ("ica1", "root1"):
        done = world.run("store", "apply", "--state", f"ws/components/{name}/store", "--now", "722692805000000", "--history",
                         "ws/ballots/history.oer")
        check(done.returncode == 0, done.stderr)
    for arguments in (["create", "pca", "pca3"], ["renew", "pca1"], ["create", "ma", "ma2", "--keys", "files"]):
        before = world.tree("ws")
        done = world.on("ws", "component", *arguments)
        check(done.returncode == 1 and "D6.2" in done.stderr, f"{arguments}: {done.stderr}")
        check(world.tree("ws") == before, f"{arguments}: the workspace changed")


try:
    tokens()
    founding()
    provisioning()
    token_errors()
    removal()
finally:
    world.close()
sys.exit(check.done())
