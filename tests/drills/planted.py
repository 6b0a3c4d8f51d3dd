#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fleet whose vehicles count one vote too few: does the drill notice?

Usage: planted.py SOURCE BUILD WORK

WORK is a folder of this program's own: a copy of the sources with that fault, from which scms-ee is built; the other programs are
those of BUILD."""
import pathlib
import shutil
import subprocess
import sys

FILE = "src/trust/ballot.c"
TEXT, INSTEAD = "if (report->counted < m) {", "if (report->counted + 1 < m) {"


def must(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def main():
    source, build, work = (pathlib.Path(one).resolve() for one in sys.argv[1:4])
    shutil.rmtree(work, ignore_errors=True)
    tree, folder, programs = work / "source", work / "build", work / "bin"
    shutil.copytree(source, tree, ignore=shutil.ignore_patterns("build*", ".git", "__pycache__"), symlinks=True)
    text = (tree / FILE).read_text()
    if text.count(TEXT) != 1:
        sys.exit(f"{FILE} has '{TEXT}' {text.count(TEXT)} times, not once: the fault has to follow the code")
    (tree / FILE).write_text(text.replace(TEXT, INSTEAD))
    must("meson", "setup", str(folder), str(tree), "-Doptimization=1", "-Dwerror=false")
    must("ninja", "-C", str(folder), "bin/scms-ee")
    programs.mkdir()
    for name in ("scms", "scms-elector", "scmsd"):
        (programs / name).symlink_to(build / "bin" / name)
    shutil.copy(folder / "bin" / "scms-ee", programs)
    done = subprocess.run([sys.executable, str(source / "drills" / "drill.py"), "elector-replacement", "--fleet", "20", "--units", "1",
                           "--quiet", "--programs", str(programs), "--out", str(work / "report")], capture_output=True, text=True)
    shutil.rmtree(tree)
    shutil.rmtree(folder)
    print(done.stdout + done.stderr)
    if done.returncode != 1 or ": red: " not in done.stdout:
        sys.exit(f"the drill ends with {done.returncode}, not with 1: it did not notice")


if __name__ == "__main__":
    main()
