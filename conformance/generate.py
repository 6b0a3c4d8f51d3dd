#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes all files of the conformance suite, for a device that run.py cannot call itself.

Usage: generate.py DIR [PATTERN...]

Each case (with PATTERN, those whose name has it in it) gets a folder DIR/NAME with its files, the configurations of its `init`
steps, and steps.txt: what to call, in order, and below each call what must come of it, in the words of README.md. Colons in a
name become dots. The same cases give the same bytes, anywhere; DIR/SHA256SUMS has their hashes, for sha256sum -c.

Exit code: 0 made, 1 DIR exists or cannot be written, 2 usage."""
import hashlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import cases as suite
from run import Bench


class Called(Exception):
    """In place of an answer: the step has said what it would call."""


class Writer(Bench):
    """A bench that writes down what it would do."""

    def __init__(self, case, folder):
        super().__init__(case, [], folder)
        self.number, self.calls = 0, []

    def relative(self, text):
        return text.replace(f"{self.folder}/", "")

    def call(self, command, *arguments):
        arguments = [self.relative(a) for a in arguments]
        if command == "init":  # a case may have several
            made = self.folder / "init.json"
            config = self.folder / f"init-{self.number}.json"
            config.write_text(self.relative(made.read_text()) + "\n")
            made.unlink()
            arguments = ["--config", config.name]
        self.calls.append(" ".join(["CLIENT", command, "--state", "STATE", *arguments]))
        raise Called

    def damage(self, step):
        self.calls.append(f"# {step['plain'][0]} every regular file of STATE, but for one that is named 'lock'")
        raise Called

    def take(self, step):
        """Writes down one step with what it expects."""
        self.number += 1
        try:
            getattr(self, step["kind"])(step)
        except Called:
            pass
        wanted = [f"{k}={v}" for k, v in step["named"].items() if step["kind"] == "dump" and k != "now" or k in ("is", "exit")]
        self.calls += [f"    {line}" for line in [*wanted, *(" ".join(words).strip() for words in step["expect"])]]


def make(case, folder):
    folder.mkdir()
    writer = Writer(case, folder)
    for step in case.steps:
        writer.take(step)
    head = f"# {case.name} ({case.source})\n# {case.comment.strip()}\n# covers {' '.join(case.covers)}\n"
    (folder / "steps.txt").write_text(head + "\n".join(writer.calls) + "\n")


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    out, patterns = pathlib.Path(sys.argv[1]).absolute(), sys.argv[2:]
    try:
        chosen = [c for c in suite.load(HERE / "cases") if not patterns or any(p in c.name for p in patterns)]
        out.mkdir()
        for case in chosen:
            make(case, out / case.name.replace(":", "."))
        files = sorted(p for p in out.rglob("*") if p.is_file())
        sums = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(out)}\n" for p in files]
        (out / "SHA256SUMS").write_text("".join(sums))
    except (OSError, suite.CaseError) as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    print(f"{len(chosen)} cases, {len(files)} files in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
