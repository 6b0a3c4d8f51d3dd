#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every chapter of the handbook, run from its text, and what it published given to a device that knows the founding.

The system is founded once, on tokens (they open faster than encrypted files), and copied for each chapter. What another chapter carries out
is run there.

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
    "add-component": None,  # its files go to no device: the last of them are not published
    "hsm-loss": set(),
    "quorum": None,
    "retire-root": {"addRoot APPLIED"},
    **{f"revoke-{role}": set() for role in ("crlg", "dcm", "eca", "ica", "la", "ma", "pca", "pg", "ra")},
    "running": None,
    "second-channel": None,
    "stolen-elector": {"removeElector APPLIED", "addElector APPLIED"},
    "tokens": None,  # gives all of it to a device itself
}
# In a system founded on files, with room for three votes: its block to begin with. A daemon's sandbox keeps SoftHSM from its folder; a quorum
# above two needs a ceiling that tokens.md does not ask for.
ON_FILES = {"add-component": None, "running": None, "quorum": "do add-elector"}
DRILLED = {"push"}  # needs components that run: the drills carry it out
# The founding ends, in tokens.md, before this block.
FOUNDED = "token-elector"
# Tokens that chapters want beside those of tokens.md.
MORE_TOKENS = ("ica2", "ra2", "la3", "ma2", "crlg2", "pg2", "dcm2", "root2")
failures = []


def check(name, good, found=""):
    if not good:
        failures.append(name)
        print(f"FAILED {name}: found {found}", file=sys.stderr)


def run(book, chapter, work, **part):
    handbook.run_chapter(book, chapter, work, handbook.environment_for(work, SCMS.parent), {"MODULE": sys.argv[3]}, **part)


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
    check(f"{work.name}: CRLs", {one["outcome"] for one in report["crls"]} == {"ACCEPTED"}, report["crls"])
    return {f"{ballot['motion']} {ballot['outcome']}" for ballot in report["ballots"]}


def copy(base, work):
    shutil.copytree(base, work)
    for conf in work.rglob("*.conf"):
        conf.write_text(conf.read_text().replace(str(base), str(work)))
    return work


def one(book, base, on_files, name):
    work = base.parent / name
    try:
        if name in ON_FILES:
            copy(on_files.result(), work)
        elif not work.exists():
            copy(base, work)
        run(book, name, work, start=FOUNDED if name == "tokens" else ON_FILES.get(name))
    except handbook.Failed as failed:
        check(name, False, failed)
        return
    if BALLOTS[name] is not None:
        ballots = apply(work)
        check(f"{name}: ballots", BALLOTS[name] <= ballots, ballots)


def found(book, work):
    """The founding, and a device that knows nothing else."""
    work.mkdir()
    run(book, "tokens", work, until=FOUNDED)


def found_on_files(book, work):
    work.mkdir()
    handbook.run_chapter(book, "founding", work, handbook.environment_for(work, SCMS.parent), {"CEILING": "3"})
    return work


def more_tokens(work):
    for label in MORE_TOKENS:
        subprocess.run(["softhsm2-util", "--module", sys.argv[3], "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin",
                        (work / "pin").read_text().strip()], check=True, capture_output=True,
                       env=handbook.environment_for(work, SCMS.parent))


def main():
    book = handbook.chapters(BOOK)
    inside = {block.split()[1] for chapter in book.values() for block in chapter.blocks if block.startswith("do ")}
    check("every chapter is run here", set(book) - inside == set(BALLOTS) | DRILLED, (set(book) - inside) ^ (set(BALLOTS) | DRILLED))
    index = (BOOK / "README.md").read_text()
    for name in book:
        check(f"{name}: stands in the index", f"({name}.md)" in index)
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder).resolve() / "founding"
        found(book, base)
        copy(base, base.parent / "tokens")
        more_tokens(base)
        with concurrent.futures.ThreadPoolExecutor(max(2, len(os.sched_getaffinity(0)))) as pool:
            on_files = pool.submit(found_on_files, book, base.parent / "on-files")
            for done in [pool.submit(one, book, base, on_files, name) for name in ("tokens", *sorted(set(BALLOTS) - {"tokens"}))]:
                done.result()
    print(f"{len(book)} chapters, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
