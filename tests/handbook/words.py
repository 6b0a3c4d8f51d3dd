#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What texts for people name are commands and options that there are: in blocks, also those that are only to be read, and in prose.

usage: words.py SCMS SCMS-ELECTOR SCMSD SCMS-EE SOURCES
"""
import functools
import pathlib
import re
import subprocess
import sys

PROGRAMS = {pathlib.Path(path).name: path for path in sys.argv[1:5]}
NAMED = re.compile(r"(?:^|\s)(" + "|".join(sorted(map(re.escape, PROGRAMS), key=len, reverse=True)) + r")((?:\s.*)?)$")
OPTION = re.compile(r"--([a-z][a-z0-9-]*)")


@functools.cache
def said(*command):
    """What a command says of itself: its options and its sub-commands."""
    done = subprocess.run([PROGRAMS[command[0]], *command[1:], "--help"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20)
    if done.returncode != 0:
        return None
    options = set(re.findall(r"^ +(?:-\S, +)?--([a-z][a-z0-9-]*)", done.stdout, re.M)) | {"help", "usage", "version"}
    group = re.match(r"Usage: [a-z -]*COMMAND", done.stdout)
    return options, set(re.findall(r"^  ([a-z][a-z-]*)  ", done.stdout, re.M)) if group else set()


def wrong(text):
    """What is wrong with one command line, or with a piece of code in prose: complaints."""
    text, inner, found = re.sub(r"'[^']*'", "Q", text), [], []
    while True:
        rest = re.sub(r"\$\(([^()]*)\)", lambda match: inner.append(match.group(1)) or "S", text)
        if rest == text:
            break
        text = rest
    for part in re.split(r"[|;&]+|(?<!\S)(?:do|if)(?!\S)|\n", text):
        match = NAMED.search(part)
        if not match:
            continue
        command, words = [match.group(1)], re.split(r"\s[<>2]", match.group(2))[0].split()
        while said(*command)[1] and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
            if words[0] not in said(*command)[1]:
                found.append(f"'{' '.join(command)}' has no command '{words[0]}'")
                words = []
                break
            command.append(words.pop(0))
        for word in words:
            option = OPTION.match(word.lstrip("[("))
            if option and option.group(1) not in said(*command)[0]:
                found.append(f"'{' '.join(command)}' has no option '--{option.group(1)}'")
    return found + [one for part in inner for one in wrong(part)]


def all_options():
    """Of every command that there is."""
    options, todo = set(), [(name,) for name in PROGRAMS]
    while todo:
        command = todo.pop()
        own, below = said(*command)
        options |= own
        todo += [(*command, name) for name in below]
    return options


def complaints(name, text, options):
    """All of a text: blocks of commands line by line, prose by its pieces of code."""
    block, line_at, pending = None, 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            block, pending = (line[3:].split() or ["-"])[0] if block is None else None, ""
            continue
        if block == "sh":
            line_at = line_at if pending else number
            pending += line
            if pending.endswith("\\"):
                pending = pending[:-1] + " "
                continue
            for one in wrong(pending):
                yield f"{name}:{line_at}: {one}"
            pending = ""
        elif block is None:
            for piece in re.findall(r"`([^`]+)`", line):
                for one in wrong(piece):
                    yield f"{name}:{number}: {one}"
                option = re.fullmatch(r"--([a-z][a-z0-9-]*)(?:[ =].*)?", piece)
                if option and option.group(1) not in options:
                    yield f"{name}:{number}: no command has the option '--{option.group(1)}'"


# What must be found, so that silence means something.
PLANTED = """
`scms fund` `scms found --electors x` `scms component renw` `--no-such-option`
```sh
scms motion assemble "add-root-$(scms hash --hext x | awk '{ print substr($1, 1, 8) }')" --held
for x in a b; do scms-elector sing p; done
scmsd --confg x
```
```text
scms nothing of this is looked at
```
"""


def main():
    options = all_options()
    failures = 0
    planted = list(complaints("planted", PLANTED, options))
    if len(planted) != 8:
        failures += 1
        print(f"FAILED planted: 8 are to be found, found {planted}", file=sys.stderr)
    root = pathlib.Path(sys.argv[5])
    texts = [root / "README.md", *sorted(root.glob("handbook/*.md")), *sorted(root.glob("docs/*.md"))]
    for path in texts:
        for one in complaints(path.name, path.read_text(), options):
            failures += 1
            print(f"FAILED {one}", file=sys.stderr)
    print(f"{len(texts)} texts, {len(options)} options, {failures} failures")
    return 1 if failures else 0


sys.exit(main())
