#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""drills/report.py on its own: what it refuses, what it leaves out, what it counts. The look is tests/browser's."""

import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import samples

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / 'drills/report.py'
failures = []


def check(name, right, found=''):
    if not right:
        failures.append(name)
        print('FAILED: %s: found %.600r' % (name, found))


def run(folder, content, out='out.html'):
    source = folder / 'in.json'
    source.write_text(content if isinstance(content, str) else json.dumps(content))
    done = subprocess.run([sys.executable, PROGRAM, source, folder / out], capture_output=True, text=True, timeout=30)
    return done, (folder / out).read_text() if (folder / out).exists() else None


def refusals(folder):
    root = samples.root_replacement()

    def changed(change):
        drill = copy.deepcopy(root)
        change(drill)
        return drill
    rows = [
        ('not JSON', '{"days": [', 'not JSON'),
        ('a list', [], 'expected an object, found []'),
        ('days are no list', {'days': 3}, '.days: expected a list, found 3'),
        ('a day is text', {'days': ['x']}, '.days[0]: expected an object, found "x"'),
        ('count is text', changed(lambda d: d['days'][1]['picture']['vehicles'][0].update(count='many')),
         '.days[1].picture.vehicles[0].count: expected a whole number, found "many"'),
        ('matrix cell', changed(lambda d: d['days'][0]['matrix']['accepts']['weekly'].update(weekly={'accepted': None})),
         '.days[0].matrix.accepts.weekly.weekly.accepted: expected a whole number, found null'),
        ('votes', changed(lambda d: d['days'][1]['ballots'][0].update(votes={})), '.days[1].ballots[0].votes: expected a list, found {}'),
        ('too deep', '[' * 100000, 'not JSON'),
    ]
    for name, content, words in rows:
        (folder / 'out.html').write_text('before')
        done, page = run(folder, content)
        check('refused: ' + name, done.returncode == 1 and words in done.stderr and 'in.json' in done.stderr and 'Traceback' not in done.stderr, done)
        check('refused, and nothing changed: ' + name, page == 'before', page)
    done = subprocess.run([sys.executable, PROGRAM, folder / 'none.json', folder / 'out.html'], capture_output=True, text=True, timeout=30)
    check('refused: no such file', done.returncode == 1 and 'none.json: cannot be read' in done.stderr, done)
    done, _ = run(folder, root, 'nowhere/out.html')
    check('cannot be written', done.returncode == 3 and 'cannot be written' in done.stderr, done)
    done = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, timeout=30)
    check('usage', done.returncode == 2, done)
    check('nothing left beside', sorted(os.listdir(folder)) == ['in.json', 'out.html'], os.listdir(folder))


def left_out(folder):
    """Whatever is absent or empty, the page stands without it."""
    done, page = run(folder, {})
    check('empty drill', done.returncode == 0 and 'Summary' in page and 'Timeline' not in page, done)
    done, page = run(folder, {'days': [{}]})
    check('empty day', done.returncode == 0 and 'id="d1"' in page, done)
    for members in (['picture'], ['ballots', 'attacks'], ['matrix', 'figures'], ['story', 'checks', 'deadlines', 'when', 'round']):
        drill = samples.elector_replacement()
        for day in drill['days']:
            for member in members:
                del day[member]
        done, page = run(folder, drill)
        check('without ' + ', '.join(members), done.returncode == 0 and page.count('class="part day"') == 10, done)


def counted(folder):
    drill = json.loads(json.dumps(samples.elector_replacement()))
    page = run(folder, drill)[1]
    check('green', 'Passed: everything' in page and 'Not one honest message failed' in page and 'none had any effect' in page)
    check('all up', 'All vehicles and roadside units were operational at the end of every day' in page and 'was down' not in page)
    drill['days'][2]['matrix']['accepts']['weekly']['clock off'] = {'accepted': 11, 'ROOT_UNKNOWN': 1}
    drill['days'][2]['attacks'][0]['effect'] = 'a false elector is trusted'
    drill['days'][2]['deadlines'] = [{'who': 'components', 'what': 'x', 'due': 'y', 'met': None, 'ok': False}]
    drill['days'][2]['checks'][0].update(found='one refused', ok=False)
    drill['result'] = 'red'
    page = run(folder, drill)[1]
    check('red', 'Failed: something' in page and 'Not one honest message failed' not in page and '1 refused' in page)
    check('red: attack', '1 had an effect' in page and 'a false elector is trusted' in page)
    check('red: deadline', '1 missed' in page)
    check('red: check', '21 of 22 checks found' in page and 'DIFFERENT' in page)
    page = run(folder, samples.root_replacement())[1]
    check('down and up', 'down for vehicles from day 4 (2026-11-28, 12:00 UTC) until day 6 (2026-11-30, 12:00 UTC). At the worst, 0 of 202' in page)
    check('who stays away is not counted, and named', '8 × never updated (stays away on purpose)' in page)
    check('down: honest messages', 'Whenever the system was up, not one honest message failed.' in page)
    drill = samples.root_replacement()
    del drill['days'][5]
    check('still down', 'and had not recovered by the end' in run(folder, drill)[1])


if __name__ == '__main__':
    for part in (refusals, left_out, counted):
        with tempfile.TemporaryDirectory() as made:
            part(pathlib.Path(made))
    sys.exit(1 if failures else 0)
