#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Provisioning by real components, whose databases, files and logs are then attacked.

    provisioning.py PROVISION SCMSD VEHICLES PERIODS CERTIFICATES [leaky]

Nothing may be found; then leaks are put into copies of what was kept, and each must be found. With "leaky", SCMSD is the build
that leaky.py made leaky, and each of its leaks must be found.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

import attacker
import leaky
import planted
from truth import Truth

COMPONENTS = {"ra": "ra", "pca": "pca", "la1": "la", "la2": "la"}
# What a thief must at least have seen: else he is blind, and finds nothing for that reason.
SEEN = {"ra": {"enrolment", "request", "chain", "hpcr", "cocoon"}, "pca": {"hpcr", "value"}, "la1": set(), "la2": set()}
SHUFFLES = 3
failures = 0


def check(right, text):
    global failures
    if not right:
        failures += 1
        print(f"FAILED: {text}", flush=True)


def components(folder, names=COMPONENTS):
    lines = attacker.read_log(folder / "log")
    check(not lines[None] or all(line["event"] != "line" for line in lines[None]), f"lines that are no JSON: {lines[None]}")
    return [attacker.Component(name, COMPONENTS[name], folder / name, lines[name]) for name in names]


def clean(folder, truth):
    for component in components(folder):
        thief = attacker.Attack(component, truth)
        for finding in thief.run():
            check(False, f"{finding.component}, {finding.place}: by {finding.channel}: {finding.text}")
        check(thief.seen >= SEEN[component.name], f"{component.name}: saw only {thief.seen}")
    # He does not cry wolf: of certificates dealt out by chance nothing can be found.
    for number in range(SHUFFLES):
        for finding in attacker.attack(components(folder, ["pca"]), truth.shuffled(random.Random(number))):
            check(False, f"in what is by chance: {finding}")


def leaky_build(folder, truth):
    found = {finding[:3] for finding in attacker.attack(components(folder), truth)}
    wanted = [(what, leak) for what, _, _, _, leak in leaky.LEAKS if leak is not None]
    for what, leak in wanted:
        check(leak in found, f"{what}: {leak} is not among {sorted(found)}")
    return len(wanted)


def main():
    provision, scmsd, *sizes = sys.argv[1:6]
    leaks_built = sys.argv[6:] == ["leaky"]
    with tempfile.TemporaryDirectory(prefix="scms-privacy-") as name:
        folder = pathlib.Path(name)
        # Of a leaky build more may be wrong than that it leaks.
        done = subprocess.run([provision, name, scmsd, *sizes], stderr=subprocess.DEVNULL if leaks_built else None)
        check(leaks_built or done.returncode == 0, "provisioning")
        truth = Truth.load(json.loads((folder / "truth.json").read_text()))
        if leaks_built:
            print(f"{leaky_build(folder / 'found', truth)} leaks in the build found")
        else:
            clean(folder / "found", truth)
            print(f"{planted.judge(components(folder / 'found'), truth, check)} planted leaks found")
        print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
