#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command and sub-command against the manual: it has --help with an example that is shown as it was written, and its options are
those of its manual page.

usage: manual.py MAN SCMS SCMS-ELECTOR SCMSD SCMS-EE
"""
import os
import pathlib
import re
import subprocess
import sys

MAN = pathlib.Path(sys.argv[1])
PROGRAMS = [pathlib.Path(p).resolve() for p in sys.argv[2:]]
# The leak checker stops its process with ptrace, which is forbidden to the signer.
ENV = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")}
# Options of argp's, in every command.
COMMON = {"help", "usage", "version"}
failures = []
checks = 0


def check(name, good, found=""):
    global checks
    checks += 1
    if not good:
        failures.append(name)
        print(f"FAILED {name}: {found}", file=sys.stderr)


def help_of(command):
    done = subprocess.run([str(a) for a in command] + ["--help"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20, env=ENV)
    check(f"{' '.join(map(str, command[1:]))} --help", done.returncode == 0 and done.stderr == "", (done.returncode, done.stderr[:200]))
    return done.stdout


def subcommands(text):
    """Names in the list under Usage: two spaces, a name, spaces, a text."""
    if not re.search(r"Usage: \S+( \S+)? COMMAND", text):
        return []
    return re.findall(r"^  ([a-z][a-z0-9-]*) +\S", text.split("\nExample")[0], re.M)


def leaves(command, depth=0):
    text = help_of(command)
    below = subcommands(text) if depth < 3 else []
    if not below:
        yield command, text
    for name in below:
        yield from leaves(command + [name], depth + 1)


def page_of(command):
    """The manual page of a command: scms-motion.1 of `scms motion hold`."""
    names = [command[0].name] + command[1:]
    for n in range(len(names), 0, -1):
        for section in "18":
            path = MAN / ("-".join(names[:n]) + "." + section)
            if path.exists() and (n > 1 or len(names) == 1 or names[0] != "scms"):
                return path
    for path in MAN.glob("*.[18]"):
        if names[0] == "scms" and f".Nm scms {names[1]}\n" in path.read_text() and path.name != "scms.1":
            return path
    return None


def page_options(text):
    """What the page says of options; those of other commands, which it may mention, left out."""
    own = "\n".join(line for line in text.splitlines() if not re.search(r"Nm \S+ \S+ +Fl|Nm \S+ Fl", line))
    return set(re.findall(r"Fl -([a-z][a-z0-9-]*)", own))


def main():
    pages = {}
    for program in PROGRAMS:
        for command, text in leaves([program]):
            name = " ".join([program.name] + command[1:])
            options = set(re.findall(r"^ +(?:-\S, +)?--([a-z][a-z0-9-]*)", text, re.M)) - COMMON
            # argp breaks lines that are too long for it, and begins the next at the margin.
            example = re.search(r"^Examples?:\n((?:  .*\n)+)(.*)", text, re.M)
            check(f"{name}: an example", example is not None and command[-1:] != [] and str(command[-1]).split("/")[-1] in example.group(1)
                  or example is not None and name == "scms conformance", text[-600:])
            check(f"{name}: the example is as it was written", example is not None and example.group(2) == "", example and example.group(0))
            page = page_of(command)
            check(f"{name}: a manual page", page is not None)
            if page is not None:
                pages.setdefault(page, (set(), []))
                pages[page][0].update(options)
                pages[page][1].append(name)
                check(f"{name}: named in {page.name}", command[-1:] == [program] or re.search(rf"\b{command[-1]}\b", page.read_text()), "")
    for page, (options, names) in pages.items():
        written = page_options(page.read_text())
        check(f"{page.name}: options without a word", options <= written, sorted(options - written))
        check(f"{page.name}: options that there are not", written <= options | COMMON, sorted(written - options - COMMON))
    index = (MAN / "scms.1").read_text()
    for name in subcommands(help_of([PROGRAMS[0]])):
        check(f"scms.1: {name}", f".It Cm {name}\n" in index)
    print(f"{len(pages)} pages, {checks} checks, {len(failures)} failed")
    return 1 if failures or not checks else 0


sys.exit(main())
