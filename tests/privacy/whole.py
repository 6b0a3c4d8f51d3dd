# SPDX-License-Identifier: Apache-2.0
"""What the components of a whole system keep, attacked (attacker.py) with what its devices know of themselves."""

import json
import pathlib
import shutil
import sqlite3
import subprocess

import attacker
import planted
from truth import Truth

# What a thief must have seen of vehicles, else he is blind. What the RA keeps only until the PCA has answered may be gone.
SEEN = {"ra": {"enrolment", "request", "hpcr"}, "pca": {"hpcr", "value"}, "eca": {"enrolment"}, "dcm": {"device", "enrolment"},
        "ma": {"certificate", "value"}}


def truth_of(program, system, folders, periods):
    """While the certificates of all these periods are at hand, and the PCA has issued them. program: devices.c."""
    done = subprocess.run([str(program), str(periods), *map(str, folders)], env=system.environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{program}: {done.stderr}")
    with sqlite3.connect(system.home("pca1") / "db.sqlite") as db:
        joined = {(i, lv): hpcr for i, lv, hpcr in db.execute("SELECT i, lv, hpcr FROM issued")}
    db.close()
    text = json.loads(done.stdout)
    truth = Truth.load(text, joined)
    truth.sent = [int(system.now() * attacker.SECOND)]
    truth.periods = [c["i"] for vehicle in text["vehicles"] for c in vehicle["certificates"]]
    return truth


def attack(system, servers, truth, closed, folder, check):
    """
    Copies what all keep to a folder and attacks it. closed: numbers of the certificates that no open report is about or from.
    Returns how many leaks were planted, and found.
    """
    components = []
    for name in servers:
        role = name.rstrip("0123456789")
        home = pathlib.Path(folder) / name
        shutil.copytree(system.home(name), home, ignore=shutil.ignore_patterns("*-shm"))
        lines = attacker.read_log(system.logs / f"{name}.log")
        component = attacker.Component(name, role, home, [line for some in lines.values() for line in some])
        component.steady = False
        if role == "pca":  # who came alone in the time that requests are kept for others is alone in the PCA's table: provisioning.py
            component.role = component.role._replace(joins=True)
        components.append(component)
        thief = attacker.Attack(component, truth)
        for finding in thief.run():
            check(False, f"privacy: {finding.component}, {finding.place}: by {finding.channel}: {finding.text}", finding)
        check(thief.seen >= SEEN.get(role, set()), f"privacy: {name}: what a thief sees", thief.seen)
        if role == "ma":
            found = attacker.Attack(attacker.Component(name, "ma, closed", home, component.lines), truth.only(closed)).run()
            check(not found, "privacy: the MA forgets who reported, and whom", found)
    return planted.judge([component for component in components if component.name != "pca1"], truth, check)
