#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A drill with the same seed repeats what the manual page says; with another seed it is another one.

Usage: repeated.py PROGRAMS"""
import json
import pathlib
import subprocess
import sys
import tempfile


def told(programs, folder, seed):
    subprocess.run([programs / "scms", "drill", "elector-replacement", "--fleet", "40", "--units", "2", "--listen", "10", "--quiet", "--seed",
                    str(seed), "--stop-after", "day-2", "--out", folder], check=True)
    days = json.loads((folder / "elector-replacement.json").read_text())["days"]
    return [{name: day[name] for name in ("title", "story", "matrix", "attacks", "checks")} for day in days]


with tempfile.TemporaryDirectory(prefix="scms-repeated-") as where:
    programs, where = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(where)
    first, again, other = told(programs, where / "1", 7), told(programs, where / "2", 7), told(programs, where / "3", 8)
if first != again:
    sys.exit(f"the same seed, but: {first}\n{again}")
if first == other:
    sys.exit("another seed, but the same drill")
