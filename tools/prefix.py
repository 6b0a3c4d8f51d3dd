#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installed libraries take no names but those that begin with scms_: all others that their files have in common get that prefix, so
that nobody's device_open() or clock_now() collides with ours, or, worse, is called in its place.

    prefix.py ARCHIVE...     within the folder that MESON_INSTALL_DESTDIR_PREFIX names, where it is set
"""
import os
import pathlib
import subprocess
import sys
import tempfile

PREFIX = "scms_"


def defined(archive):
    said = subprocess.run(["nm", "-g", "--defined-only", "--format=posix", archive], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in said.splitlines() if len(line.split()) > 1}


def main():
    folder = pathlib.Path(os.environ.get("MESON_INSTALL_DESTDIR_PREFIX", "."))
    archives = [folder / name for name in sys.argv[1:]]
    names = {name for archive in archives for name in defined(archive) if not name.startswith((PREFIX, "_"))}
    with tempfile.NamedTemporaryFile("w", suffix=".names") as table:
        table.writelines(f"{name} {PREFIX}_{name}\n" for name in sorted(names))
        table.flush()
        for archive in archives:
            subprocess.run(["objcopy", f"--redefine-syms={table.name}", archive], check=True)


if __name__ == "__main__":
    main()
