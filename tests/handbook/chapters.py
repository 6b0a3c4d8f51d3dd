#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every chapter of the handbook, run from its text, and what it published given to a device that knows the founding.

usage: chapters.py HANDBOOK SCMS
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

BOOK, SCMS = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
sys.path.insert(0, str(BOOK))
import run as handbook  # noqa: E402

REVOKED = ("revoke-elector", {"OLD": "A", "VOTERS": "B C", "VERSION": "2"})
ADDED = ("add-elector", {"NEW": "D", "VOTERS": "A B C", "VERSION": "2"})
REPLACED = ("replace-root", {"OLD": "root1", "NEW": "root2", "VOTERS": "A B C", "VERSION": "2"})
# Chapters that need names: theirs, and what a device reports of the ballots in what they publish.
GIVEN = {
    "revoke-elector": (REVOKED, {"removeElector APPLIED"}),
    "add-elector": (ADDED, {"addElector APPLIED"}),
    "replace-root": (REPLACED, {"removeRoot APPLIED", "addRoot APPLIED"}),
    "revoke-pca": (("revoke-pca", {}), set()),
}
failures = []


def check(name, good, found=""):
    if not good:
        failures.append(name)
        print(f"FAILED {name}: found {found}", file=sys.stderr)


def do(book, chapter, work, variables=None):
    for block in book[chapter].blocks:
        handbook.run_block(book[chapter], block, work, handbook.environment_for(work, SCMS.parent), variables=variables)


def apply(work):
    """All that is out, given to the device."""
    out, given = work / "ws" / "published", []
    for option, pattern in (("--policy", "global_policy.oer"), ("--chain", "global_certificate_chains_*.oer"),
                            ("--crl", "composite_crl.oer"), ("--history", "ballot_history.oer")):
        files = list(out.glob(pattern))
        check(f"{work.name}: one {pattern}", len(files) == 1, files)
        given += [part for path in files for part in (option, str(path))]
    done = subprocess.run([SCMS, "store", "apply", "--state", work / "device", *given], capture_output=True, text=True)
    check(f"{work.name}: the session is carried out", done.returncode == 0, done.stderr)
    report = json.loads(done.stdout)
    check(f"{work.name}: nothing is refused", not report["refused"], report["refused"])
    for what in ("policy", "chain"):
        check(f"{work.name}: {what}", report[what]["outcome"] == "ACCEPTED", report[what])
    check(f"{work.name}: CRLs", report["crls"] and all(one["outcome"] == "ACCEPTED" for one in report["crls"]), report["crls"])
    return {f"{ballot['motion']} {ballot['outcome']}" for ballot in report["ballots"]}


def one(book, base, name):
    (chapter, variables), expected = GIVEN[name]
    work = base.parent / name
    shutil.copytree(base, work)
    for conf in work.rglob("*.conf"):
        conf.write_text(conf.read_text().replace(str(base), str(work)))
    root = subprocess.run([SCMS, "hash", "--json", work / "ws/components/root1/active/certificate.coer"], capture_output=True, text=True)
    do(book, chapter, work, {**variables, "ROOT": json.loads(root.stdout)[0]["SHA-256"]})
    found = apply(work)
    check(f"{name}: ballots", expected <= found, found)


def main():
    book = handbook.chapters(BOOK)
    check("every chapter is run here", set(book) == set(GIVEN) | {"founding"}, set(book) ^ (set(GIVEN) | {"founding"}))
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder).resolve() / "founding"
        base.mkdir()
        do(book, "founding", base)
        subprocess.run([SCMS, "store", "init", "--state", base / "device", "--config", base / "ws/bootstrap/bootstrap.json"], check=True,
                       capture_output=True)
        apply(base)
        for name in GIVEN:
            try:
                one(book, base, name)
            except handbook.Failed as failed:
                check(name, False, failed)
    print(f"{len(book)} chapters, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
