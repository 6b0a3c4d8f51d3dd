#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of the handbook, from its text.

A block of commands that begins with a line ```sh NAME is run by NAME; all others are only to be read. What a chapter needs
stands in its second line: <!-- needs: founding -->.

The block called `names` says for the whole chapter who is meant: it stands before each other block, without the names that the
caller gives. A block ```text NAME is an excerpt of what the block NAME prints: its lines must come in this order, others may
stand between them; ... stands for anything, and $OLD for the value of that name.

A block ```sh do CHAPTER carries out another chapter, with the names that it says; ```sh do CHAPTER BLOCK, from that block on.

    run.py list                          the chapters and their blocks
    run.py chapter NAME --work DIR       a chapter, after those that it needs, in a new folder
"""

import argparse
import os
import pathlib
import re
import signal
import string
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FENCE = re.compile(r"^```(sh|text) +([a-z0-9-]+|do [a-z0-9 -]+)$")
NEEDS = re.compile(r"^<!-- needs: ([a-z0-9 -]*) -->$")


class Chapter:
    """One page of the handbook: its blocks by name, in order."""

    def __init__(self, path):
        self.name = path.stem
        self.path = path
        self.needs = []
        self.blocks = {}
        self.excerpts = {}
        name, lines, start = None, [], 0
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = FENCE.match(line)
            needs = NEEDS.match(line)
            if needs and number <= 3:
                self.needs = needs.group(1).split()
            elif name is None and found:
                kind, name, lines, start = self.excerpts if found.group(1) == "text" else self.blocks, found.group(2), [], number
                if name in kind:
                    raise SystemExit(f"{path}:{number}: a second block called {name}")
            elif name is not None and line == "```":
                kind[name] = ("\n".join(lines) + "\n", start)
                name = None
            elif name is not None:
                lines.append(line)
        if name is not None:
            raise SystemExit(f"{path}:{start}: the block {name} does not end")
        self.names = self.blocks.pop("names", ("", 0))[0]
        for name, (_, start) in self.excerpts.items():
            if name not in self.blocks:
                raise SystemExit(f"{path}:{start}: what is said to be printed by {name}, which is no block")


def chapters(folder=HERE):
    return {path.stem: Chapter(path) for path in sorted(folder.glob("*.md")) if path.stem != "README"}


class Failed(Exception):
    pass


def run_block(chapter, name, work, environment, log=None, variables=None):
    """Runs one block in the folder `work`, and returns what it printed. variables: for the shell, by name."""
    text, line = chapter.blocks[name]
    env = dict(environment)
    env.update(variables or {})
    text = "".join(f"{one}\n" for one in chapter.names.splitlines() if one.split("=")[0] not in (variables or {})) + text
    shell = subprocess.Popen(["bash", "-euo", "pipefail", "-c", text], cwd=work, env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        said = shell.communicate()[0]
    except BaseException:  # interrupted: the shell ends with all that it has begun
        os.killpg(shell.pid, signal.SIGKILL)
        shell.communicate()
        raise
    if log is not None:
        log.write(f"--- {chapter.name}/{name}\n{text}{said}")
        log.flush()
    if shell.returncode != 0:
        raise Failed(f"{chapter.path.name}:{line}: block {name} ended with {shell.returncode}:\n{text}\n{said}")
    return said


def values_of(chapter, variables=None):
    """The names of a chapter, with those of the caller."""
    values = {key: value.strip('"') for key, _, value in (line.partition("=") for line in chapter.names.splitlines())}
    values.update(variables or {})
    return values


def excerpt_missing(chapter, name, printed, variables=None):
    """The first line of the block's excerpt that was not printed; None when all were."""
    values = values_of(chapter, variables)
    rest = iter(printed.splitlines())
    for line in chapter.excerpts.get(name, ("", 0))[0].splitlines():
        for key in sorted(values, key=len, reverse=True):
            line = line.replace(f"${key}", values[key])
        pattern = re.compile(re.escape(line.strip()).replace(re.escape("..."), ".*"))
        if not any(pattern.fullmatch(one.strip()) for one in rest):
            return line
    return None


def environment_for(work, programs):
    """What the handbook's `Before you begin` asks of the reader's shell."""
    env = {key: os.environ[key] for key in ("HOME", "LANG", "LD_PRELOAD", "SCMS_CPU", "SCMS_CLOCK_FILE", "TMPDIR", "ASAN_OPTIONS",
                                            "UBSAN_OPTIONS") if key in os.environ}
    env["PATH"] = f"{programs}:{os.environ['PATH']}"
    env["SCMS_WORKSPACE"] = str(pathlib.Path(work) / "ws")
    env["SOFTHSM2_CONF"] = str(pathlib.Path(work) / "softhsm2.conf")
    env["HERE"] = str(work)
    return env


def run_chapter(book, name, work, environment, variables=None, start=None, say=None, until=None):
    """Runs a chapter from its block `start` on, to the one before `until`, and those that it says to carry out; what is printed is
    held against the text."""
    chapter = book[name]
    blocks = list(chapter.blocks)
    for block in blocks[blocks.index(start) if start else 0:blocks.index(until) if until else None]:
        if block.startswith("do "):
            _, other, *rest = block.split()
            given = values_of(chapter, variables)
            names = dict(line.split("=", 1) for line in chapter.blocks[block][0].splitlines() if line and line[0] != "#")
            names = {key: string.Template(value.strip('"')).substitute(given) for key, value in names.items()}
            run_chapter(book, other, work, environment, names, rest[0] if rest else None, say)
            continue
        printed = run_block(chapter, block, work, environment, None, variables)
        missing = excerpt_missing(chapter, block, printed, variables)
        if missing is not None:
            raise Failed(f"{chapter.path.name}: block {block} did not print, in its place: {missing}\nIt printed:\n{printed}")
        if say is not None:
            say(f"{name}/{block}: done")


def order(book, name, seen=None):
    seen = [] if seen is None else seen
    if name not in book:
        raise SystemExit(f"no chapter '{name}'")
    for need in book[name].needs:
        order(book, need, seen)
    if name not in seen:
        seen.append(name)
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    chapter = commands.add_parser("chapter")
    chapter.add_argument("name")
    chapter.add_argument("--work", required=True, help="a folder that is not there yet")
    chapter.add_argument("--programs", required=True, help="where scms, scms-elector and scmsd are")
    options = parser.parse_args()
    book = chapters()
    if options.command == "list":
        for one in book.values():
            print(f"{one.name}: {' '.join(one.blocks)}")
        return 0
    work = pathlib.Path(options.work).resolve()
    work.mkdir(parents=True)
    env = environment_for(work, pathlib.Path(options.programs).resolve())
    try:
        for one in order(book, options.name):
            run_chapter(book, one, work, env, say=lambda text: print(text, flush=True))
    except Failed as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
