#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A machine that fails, or loses power, or has a full disk, at every single write of a command on a workspace.

Usage: crash.py SCMS FAULT.so SOFTHSM2-UTIL SOFTHSM2-MODULE

After each: what was there is there, nothing is half done, and the same command, given again, works.
"""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from world import ENDED, Checks, World

check = Checks()
world = World(sys.argv[1])
FAULT = os.path.abspath(sys.argv[2])


def faulty(at, mode, *arguments, workspace="ws"):
    return world.on(workspace, *arguments, environment={"LD_PRELOAD": FAULT, "FAULT_AT": str(at), "FAULT_MODE": mode})


def instants(start, arguments):
    """How often the command changes the disk."""
    shutil.copytree(world.path(start), world.path("ws"))
    done = world.on("ws", *arguments, environment={"LD_PRELOAD": FAULT, "FAULT_COUNT": world.path("count")})
    check(done.returncode == 0, f"{arguments}: {done.stderr}")
    shutil.rmtree(world.path("ws"))
    with open(world.path("count")) as file:
        return int(file.read())


def every_instant(start, modes, arguments, judge, step=1):
    """Runs the command on a copy of `start` with a fault at each instant; judge says whether all is well afterwards."""
    total = instants(start, arguments)
    check(total > 5, f"{arguments}: no more than {total} instants")
    for mode in modes:
        met = 0
        for at in range(1, total + 1, step):
            shutil.copytree(world.path(start), world.path("ws"))
            done = faulty(at, mode, *arguments)
            met += done.returncode != 0
            judge(f"{' '.join(arguments)}, {mode} at {at}", done)
            shutil.rmtree(world.path("ws"))
        check(met > 0, f"{arguments}, {mode}: no fault was met")


def component(name):
    done = world.on("ws", "component", "show", name, "--json")
    return done.returncode, done.stdout


def judge_create(what, done):
    code, _ = component("pg2")
    there = os.path.isdir(world.path("ws/components/pg2"))
    check((code == 0) == there, f"{what}: half a component: {done.stderr}")
    if done.returncode not in (0, ENDED):
        check(not there or "journal" in done.stderr, f"{what}: refused, and there: {done.stderr}")
        check(done.returncode == 3 and done.stderr != "", f"{what}: exit {done.returncode}: {done.stderr}")
    if not there:
        done = world.on("ws", "component", "create", "pg", "pg2")
        check(done.returncode == 0, f"{what}: again: {done.stderr}")
    done = world.run("lint", "--issuer", "ws/components/root1/active/certificate.coer", "ws/components/pg2/active/certificate.coer")
    check(done.returncode == 0, f"{what}: {done.stdout}{done.stderr}")
    hidden = [n for n in os.listdir(world.path("ws/components")) if n.startswith(".")]
    check(there or not hidden, f"{what}: left: {hidden}")


def judge_activate(what, done):
    import json

    code, text = component("pg1")
    check(code == 0, f"{what}: not readable: {text}{done.stderr}")
    shown = json.loads(text) if code == 0 else {"active": {"hash": ""}}
    check(shown["active"]["hash"] in (OLD, NEW), f"{what}: neither old nor new")
    again = world.on("ws", "component", "activate", "--due")
    check(again.returncode == 0, f"{what}: again: {again.stderr}")
    code, text = component("pg1")
    shown = json.loads(text)
    check(shown["active"]["hash"] == NEW and shown["retired"] == 1 and "staged" not in shown, f"{what}: {text}")
    left = [f for f in os.listdir(world.path("ws/components/pg1/retired/1")) if f.endswith(".pem")]
    check(not left, f"{what}: private keys are left: {left}")


def judge_revoke(what, done):
    entries = [n for n in os.listdir(world.path("ws/revocations")) if n.endswith(".json")]
    whole = [n for n in os.listdir(world.path("ws/revocations")) if n.endswith(".coer") and not n.startswith(".")]
    check(len(entries) <= len(whole), f"{what}: an entry without its certificate")
    if not entries:
        again = world.on("ws", "component", "revoke", "pg1", "--reason", "r", "--yes")
        check(again.returncode == 0, f"{what}: again: {again.stderr}")


def judge_bundle(what, done):
    folder = world.path("ws/bootstrap")
    whole = world.on("ws", "bundle", "check").returncode == 0
    check(whole == os.path.exists(folder + "/bootstrap.json") and os.path.isdir(folder), f"{what}: half a bundle: {os.listdir(folder)}")
    again = world.on("ws", "bundle", "make")
    check(again.returncode == 0, f"{what}: again: {again.stderr}")


try:
    # What only signs here is in a token: a key file takes 0.2 s each time that it is opened.
    token = ("--keys", world.token(*sys.argv[3:5]))
    world.init("start")
    world.must("start", "component", "create", "root", "root1", *token)
    for name in "abc":
        world.must("start", "component", "create", "elector", name, *token)
    every_instant("start", ["kill", "full", "error"], ["component", "create", "pg", "pg2", "--issuer", "root1"], judge_create, step=3)
    every_instant("start", ["kill", "error", "full"], ["bundle", "make"], judge_bundle)
    world.must("start", "component", "create", "pg", "pg1")
    every_instant("start", ["kill", "error", "full"], ["component", "revoke", "pg1", "--reason", "r", "--yes"], judge_revoke)
    OLD = world.json("start", "component", "show", "pg1")["active"]["hash"]
    world.must("start", "component", "renew", "pg1", "--stage")
    NEW = world.json("start", "component", "show", "pg1")["staged"]["hash"]
    every_instant("start", ["kill", "after", "unnamed", "error"], ["component", "activate", "pg1"], lambda what, done: (
        world.on("ws", "component", "activate", "pg1") if "staged" in world.on("ws", "component", "show", "pg1", "--json").stdout else None,
        judge_activate(what, done)))
finally:
    world.close()
sys.exit(check.done())
