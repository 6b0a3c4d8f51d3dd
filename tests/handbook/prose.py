#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command and option that the handbook names, in blocks and in sentences, is one that the program's --help names.

usage: prose.py HANDBOOK SCMS SCMS-ELECTOR SCMSD SCMS-EE
"""
import functools
import pathlib
import re
import subprocess
import sys

BOOK = pathlib.Path(sys.argv[1])
PROGRAMS = {pathlib.Path(path).name: pathlib.Path(path).resolve() for path in sys.argv[2:]}
COMMAND = re.compile(r"(?<![\w./@-])(" + "|".join(sorted(map(re.escape, PROGRAMS), key=len, reverse=True)) + r")(?![\w@./-])((?: +[^|;&\n()`]+)?)")
COMMON = {"help", "usage", "version"}
failures = []
checks = 0


@functools.cache
def help_of(*command):
    return subprocess.run([PROGRAMS[command[0]], *command[1:], "--help"], capture_output=True, text=True, timeout=60).stdout


@functools.cache
def below(*command):
    text = help_of(*command)
    if not re.search(r"Usage: \S+( \S+)? COMMAND", text):
        return frozenset()
    return frozenset(re.findall(r"^  ([a-z][a-z0-9-]*) +\S", text.split("\nExample")[0], re.M))


@functools.cache
def options(*command):
    return frozenset(re.findall(r"^ +(?:-\S, +)?--([a-z][a-z0-9-]*)", help_of(*command), re.M)) | COMMON


def check(where, good, wrong):
    global checks
    checks += 1
    if not good:
        failures.append(where)
        print(f"FAILED {where}: {wrong}", file=sys.stderr)


def judge(where, text):
    """The commands in a piece of code."""
    for program, rest in COMMAND.findall(text.replace("\\\n", " ")):
        command, words = [program], rest.split()
        while words and words[0] in below(*command):
            command.append(words.pop(0))
        name = " ".join(command)
        if words and below(*command):
            check(f"{where}: {name}", not re.fullmatch(r"[a-z][a-z-]+", words[0]), f"has no command '{words[0]}'")
            continue
        for word in words:
            if re.match(r"--[a-z]", word):
                option = word[2:].split("=")[0].rstrip("\".,:")
                check(f"{where}: {name}", option in options(*command), f"has no option --{option}")


@functools.cache
def all_options():
    found, todo = set(), [(program,) for program in PROGRAMS]
    while todo:
        command = todo.pop()
        found |= options(*command)
        todo += [(*command, name) for name in below(*command)]
    return found


def main():
    for path in sorted(BOOK.glob("*.md")):
        kind, code, prose = None, [], []  # kind of the fenced block: "sh ..." or "text ...", None outside
        for line in path.read_text().splitlines():
            fence = re.match(r" *```(.*)", line)
            if fence:
                kind = fence.group(1) if kind is None else None
                code.append("")
            elif kind is None:
                prose.append(line)
            elif kind.startswith("sh"):
                code.append(re.sub(r"(^|\s)#.*", "", line))
        judge(path.name, "\n".join(code))
        for span in re.findall(r"`([^`]+)`", "\n".join(prose)):
            span = span.replace("\n", " ")
            judge(path.name, span)
            if span.startswith("--"):
                option = span[2:].split()[0].split("=")[0]
                check(f"{path.name}: `{span}`", option in all_options(), "no command has this option")
    check("the handbook names commands", checks > 200, checks)
    print(f"{checks} checks, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
