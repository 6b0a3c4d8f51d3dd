#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of the handbook, from its text.

A block of commands that begins with a line ```sh NAME is run by NAME; all others are only to be read. What a chapter needs
stands in its second line: <!-- needs: founding running -->.

    run.py list                          the chapters and their blocks
    run.py chapter NAME --work DIR       a chapter, after those that it needs, in a new folder
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FENCE = re.compile(r"^```sh +([a-z0-9-]+)$")
NEEDS = re.compile(r"^<!-- needs: ([a-z0-9 -]*) -->$")


class Chapter:
    """One page of the handbook: its blocks by name, in order."""

    def __init__(self, path):
        self.name = path.stem
        self.path = path
        self.needs = []
        self.blocks = {}
        name, lines, start = None, [], 0
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = FENCE.match(line)
            needs = NEEDS.match(line)
            if needs and number <= 3:
                self.needs = needs.group(1).split()
            elif name is None and found:
                name, lines, start = found.group(1), [], number
                if name in self.blocks:
                    raise SystemExit(f"{path}:{number}: a second block called {name}")
            elif name is not None and line == "```":
                self.blocks[name] = ("\n".join(lines) + "\n", start)
                name = None
            elif name is not None:
                lines.append(line)
        if name is not None:
            raise SystemExit(f"{path}:{start}: the block {name} does not end")


def chapters(folder=HERE):
    return {path.stem: Chapter(path) for path in sorted(folder.glob("*.md")) if path.stem != "README"}


class Failed(Exception):
    pass


def run_block(chapter, name, work, environment, log=None, variables=None):
    """Runs one block in the folder `work`, and returns what it printed. variables: for the shell, by name."""
    text, line = chapter.blocks[name]
    env = dict(environment)
    env.update(variables or {})
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=work, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if log is not None:
        log.write(f"--- {chapter.name}/{name}\n{text}{done.stdout}")
        log.flush()
    if done.returncode != 0:
        raise Failed(f"{chapter.path.name}:{line}: block {name} ended with {done.returncode}:\n{text}\n{done.stdout}")
    return done.stdout


def environment_for(work, programs):
    """What the handbook's `Before you begin` asks of the reader's shell."""
    env = {key: os.environ[key] for key in ("HOME", "LANG", "SCMS_CPU", "SCMS_CLOCK_FILE", "SOFTHSM2_CONF", "TMPDIR",
                                            "ASAN_OPTIONS", "UBSAN_OPTIONS") if key in os.environ}
    env["PATH"] = f"{programs}:{os.environ['PATH']}"
    env["SCMS_WORKSPACE"] = str(pathlib.Path(work) / "ws")
    env["HERE"] = str(work)
    return env


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
    for one in order(book, options.name):
        for block in book[one].blocks:
            try:
                run_block(book[one], block, work, env)
            except Failed as failed:
                print(failed, file=sys.stderr)
                return 1
            print(f"{one}/{block}: done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
