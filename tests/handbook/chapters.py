#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every chapter of the handbook, run from its text, and what it published given to a device that knows the founding.

usage: chapters.py HANDBOOK SCMS SOFTHSM2-MODULE
"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

BOOK, SCMS = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
sys.path.insert(0, str(BOOK))
import run as handbook  # noqa: E402

# What a device reports of the ballots in what the chapter published; None: it publishes nothing new.
BALLOTS = {
    "add-elector": {"addElector APPLIED"},
    "replace-elector": {"removeElector APPLIED", "addElector APPLIED"},
    "replace-root": {"removeRoot APPLIED", "addRoot APPLIED"},
    "revoke-elector": {"removeElector APPLIED"},
    **{f"revoke-{role}": set() for role in ("crlg", "dcm", "eca", "ica", "la", "ma", "pca", "pg", "ra")},
    "second-channel": None,
    "tokens": None,  # gives all of it to a device itself
}
failures = []


def check(name, good, found=""):
    if not good:
        failures.append(name)
        print(f"FAILED {name}: found {found}", file=sys.stderr)


def do(book, chapter, work):
    variables = {"MODULE": sys.argv[3]} if chapter == "tokens" else {}
    handbook.run_chapter(book, chapter, work, handbook.environment_for(work, SCMS.parent), variables)


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
    work = base.parent / name
    if "founding" not in book[name].needs:
        work.mkdir()
    else:
        shutil.copytree(base, work)
    for conf in work.rglob("*.conf"):
        conf.write_text(conf.read_text().replace(str(base), str(work)))
    try:
        do(book, name, work)
    except handbook.Failed as failed:
        check(name, False, failed)
        return
    if BALLOTS[name] is not None:
        found = apply(work)
        check(f"{name}: ballots", BALLOTS[name] <= found, found)


def main():
    book = handbook.chapters(BOOK)
    check("every chapter is run here", set(book) == set(BALLOTS) | {"founding"}, set(book) ^ (set(BALLOTS) | {"founding"}))
    index = (BOOK / "README.md").read_text()
    for name in book:
        check(f"{name}: stands in the index", f"({name}.md)" in index)
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder).resolve() / "founding"
        base.mkdir()
        do(book, "founding", base)
        subprocess.run([SCMS, "store", "init", "--state", base / "device", "--config", base / "ws/bootstrap/bootstrap.json"], check=True,
                       capture_output=True)
        apply(base)
        with concurrent.futures.ThreadPoolExecutor(max(2, len(os.sched_getaffinity(0)))) as pool:
            for done in [pool.submit(one, book, base, name) for name in BALLOTS]:
                done.result()
    print(f"{len(book)} chapters, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
