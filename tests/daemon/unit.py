#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scmsd under the filter of system calls of its unit for systemd: it starts, confines itself, serves, and stops.
Usage: unit.py PROGRAMS IDENTITIES FILTERED UNIT. Skipped (77) without systemd-analyze, which knows what systemd's sets have in them."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from world import Daemon, T0, World, ask, bootstrap, check, composite, failures

EPOCH = 1072915200  # 2004-01-01
OFFSET = T0 + 86400 + EPOCH - int(time.time())


def sets():
    """Of each set, its names, those of the sets in it among them."""
    found, name = {}, None
    for line in subprocess.run(['systemd-analyze', 'syscall-filter', '--no-pager'], capture_output=True, text=True, check=True).stdout.splitlines():
        word = line.split('#')[0].strip()
        if line.startswith('@'):
            name = found.setdefault(word, set())
        elif word and name is not None:
            name.add(word)

    def whole(name):
        return set().union(*(whole(one) if one.startswith('@') else {one} for one in found[name]))
    return {name: whole(name) for name in found}


def allowed(unit):
    """What SystemCallFilter allows: the first line says which, further ones add, those with ~ take away."""
    known, names = sets(), set()
    for line in unit.read_text().splitlines():
        key, _, value = line.partition('=')
        if key == 'SystemCallFilter':
            words = set().union(*(known[word] if word.startswith('@') else {word} for word in value.lstrip('~').split()))
            names = names - words if value.startswith('~') else names | words
    # systemd allows these whatever is said: it has yet to start the program.
    return names | {'execve', 'exit', 'exit_group', 'rt_sigreturn'}


class Filtered(Daemon):
    def __init__(self, world, config, names, filtered):
        # The same, behind a program that puts the filter on.
        start = world.folder / 'bin'
        start.mkdir()
        script = start / 'scmsd'
        (start / 'names').write_text('\n'.join(sorted(names)))
        # As root it would do what the unit's user never does.
        other = 'setpriv --reuid=65534 --regid=65534 --clear-groups' if os.geteuid() == 0 else ''
        # Where the programs were built that user may have no way in.
        behind = [shutil.copy(one, start / name) for one, name in ((filtered, 'filtered'), (world.programs / 'scmsd', 'unit-scmsd'))]
        script.write_text('#!/bin/sh\nexec %s %s %s "$@" < %s\n' % (other, *behind, start / 'names'))
        script.chmod(0o755)
        programs, world.programs = world.programs, start
        try:
            super().__init__(world, config, '--clock-offset', OFFSET)
        finally:
            world.programs = programs


def main():
    programs, identities, filtered, unit = sys.argv[1:]
    if shutil.which('systemd-analyze') is None:
        return 77
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, programs, identities)
        world.identity('crlg', 'crlg', who='CRLG1')
        home, manager = world.home('store', 'crl-store', bootstrap(world, 'store')), world.home('manager', 'manager', bootstrap(world, 'manager'))
        world.identity('manager', 'manager')
        config = world.config('scmsd.conf', 'components = ( { home = "store"; listen = "127.0.0.1:0"; },\n'
                              '{ home = "manager"; listen = "127.0.0.1:0"; look_seconds = 1; peers = { other = "https://localhost:1"; }; } );\n')
        world.folder.chmod(0o755)
        if os.geteuid() == 0:
            for path in [home, *home.rglob('*'), manager, *manager.rglob('*')]:
                shutil.chown(path, 65534)
        daemon = Filtered(world, config, allowed(pathlib.Path(unit)), pathlib.Path(filtered).resolve())
        try:
            crl = composite()
            check('takes a CRL', ask(world, home, 'POST', '/crl', crl, 'crlg').status == 200)
            check('serves it', ask(world, home, 'GET', '/download-crl/').body == crl)
            check('health', ask(world, home, 'GET', '/health').status == 200)
            time.sleep(1.5)  # a name is looked up and a peer called
            check('calls a peer', ask(world, manager, 'GET', '/state', identity='manager').json()['components'][0]['answers'] is False)
        finally:
            code = daemon.stop()
        check('ends as it should', code == 0, code)
        check('is confined to its folders', not [e for e in daemon.events() if e['event'] == 'no Landlock'])
    print('%d failed' % len(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
