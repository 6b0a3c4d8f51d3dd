#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a browser's test, and what the test looks at.

Usage: run.py report     the drills' reports, made from tests/report; the handbook's pictures are what their text and web/trust.js make of them
       run.py console PROGRAMS IDENTITIES     the console of a manager that runs (console.py)

Exit code 77 (skipped): there is no Chromium or no Node.js here, or it cannot run; it says which.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


def can_run():
    for program, package in (('/usr/bin/chromium', 'chromium'), ('node', 'nodejs')):
        if shutil.which(program) is None:
            print('skipped: %s is not here; tools/packages installs it (%s)' % (program, package))
            return False
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(['/usr/bin/chromium', '--headless', '--no-sandbox', '--disable-gpu', '--user-data-dir=' + profile,
                               '--disable-background-networking', '--dump-dom', 'data:text/html,<p>up'], capture_output=True, text=True,
                              timeout=120)
    if '<p>up' not in done.stdout:
        print('skipped: Chromium is here but does not run: %s' % done.stderr.strip()[-400:])
        return False
    return True


def drive(script, *arguments):
    return subprocess.run(['node', HERE / script, *map(str, arguments)], timeout=500).returncode


def poisoned(value):
    """A drill whose every text tries to become part of the page."""
    if isinstance(value, dict):
        return {(key if key in KEYS else key + BREAK): poisoned(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [poisoned(inner) for inner in value]
    return value + BREAK if isinstance(value, str) and value not in KEYS else value


BREAK = '"\'></script></title></style><img src=//x.example/ onerror=alert(1)><script>alert(2)</script>&lt;' + 'W' * 60


def keys_of(value, found):
    if isinstance(value, dict):
        for key, inner in value.items():
            found.add(key)
            keys_of(inner, found)
    elif isinstance(value, list):
        for inner in value:
            keys_of(inner, found)


KEYS = set()


def reports(folder):
    """The samples, and one that is hostile and red."""
    subprocess.run([sys.executable, HERE.parent / 'report/samples.py', folder], check=True)
    drill = json.loads((folder / 'root-replacement.json').read_text())
    keys_of(json.loads(json.dumps(drill, default=str)), KEYS)
    KEYS.difference_update(kind for day in drill['days'] for kind in day['matrix']['kinds'])
    drill = poisoned(drill)
    drill['result'] = 'red'
    drill['days'] = drill['days'][:2] + [{'day': 3}]
    drill['days'][0]['checks'][0]['ok'] = False
    (folder / 'hostile.json').write_text(json.dumps(drill))
    for source in folder.glob('*.json'):
        subprocess.run([sys.executable, HERE.parents[1] / 'drills/report.py', source, source.with_suffix('.html')], check=True)


def pictures(folder):
    folder.mkdir()
    drawn = HERE.parents[1] / 'handbook/pictures'
    if drive(drawn / 'draw.mjs', folder) != 0:
        return 1
    old = [path.name for path in folder.iterdir() if not (drawn / path.name).exists() or (drawn / path.name).read_bytes() != path.read_bytes()]
    unused = [path.name for path in drawn.glob('*.svg') if not (folder / path.name).exists()]
    if old or unused:
        print('FAILED handbook/pictures: not as drawn now: %s; run handbook/pictures/draw.mjs' % (old + unused))
    return 1 if old or unused else 0


def main():
    part = sys.argv[1]
    if not can_run():
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix='scms-browser-') as folder:
        if part == 'report':
            reports(pathlib.Path(folder))
            return drive('report.mjs', folder) or pictures(pathlib.Path(folder) / 'pictures')
        import console
        return console.run(pathlib.Path(folder), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), drive)


if __name__ == '__main__':
    sys.exit(main())
