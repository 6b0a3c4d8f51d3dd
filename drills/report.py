#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The report of a drill: its JSON becomes one HTML file that needs nothing else, for people who do not know the code.

Whatever the JSON says is shown as text; the page's own script and style are the only ones that it lets run.
"""

import argparse
import base64
import hashlib
import json
import os
import pathlib
import re
import sys
import tempfile
from html import escape as html_escape, unescape

WEB = pathlib.Path(__file__).resolve().parent.parent / 'web'

REHEARSED = {
    'elector-replacement': 'One of the electors falls into the wrong hands. The others vote it out, the system works on with those that remain, '
                           'and a new elector takes its place. Nobody touches a vehicle.',
    'root-replacement': 'The root CA, from which every certificate descends, is lost. The electors vote it out and a new one in. Vehicles stand '
                        'still until they have new certificates, and then all go on.',
}
LEGEND = [
    ('trusted', 'trusted, or running'), ('new', 'new today'), ('prepared', 'prepared, not in use yet'), ('revoked', 'revoked, or stopped'),
    ('suspended', 'suspended, or only some are operational'), ('suspected', 'suspected of being in the wrong hands'), ('unknown', 'not known yet'),
    ('offline', 'kept offline on purpose'),
]
WORDS = {'trusted': 'trusted', 'new': 'new', 'prepared': 'prepared', 'revoked': 'revoked', 'suspended': 'suspended', 'suspected': 'suspected',
         'expired': 'expired', 'unknown': 'not known yet'}
MOTIONS = {'addElector': 'Add elector', 'removeElector': 'Remove elector', 'addRoot': 'Add root CA', 'removeRoot': 'Remove root CA'}
OUTCOMES = {'APPLIED': 'carried out', 'ALREADY': 'nothing to do: it is so already', 'QUORUM_NOT_MET': 'refused: too few votes count',
            'SUBJECT_TOMBSTONED': 'refused: what was removed does not come back'}
FIGURES = {'recovery': 'Time from publication until every device of a kind had it (on the clock of the drill)', 'bytes': 'Bytes received and sent, per vehicle', 'signatures': 'Signatures checked, per vehicle',
           'load': 'Load on the components (memory: the most at any time)'}


class Wrong(Exception):
    """What is wrong with the input, for people."""


# ---- small parts ----

def text(value):
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, float):
        value = ('%.2f' % value).rstrip('0').rstrip('.')
    if isinstance(value, int):
        value = format(value, ',').replace(',', '\u202f')
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    return html_escape('–' if value is None else str(value))


def many(n, one, more=None):
    return '%s %s' % (text(n), one if n == 1 else more or one + 's')


def moment(value):
    """2026-11-25T12:00:00Z for people."""
    found = re.fullmatch(r'(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(\.\d+)?Z', str(value))
    return text('%s, %s UTC' % found.group(1, 2) if found else value)


def code(reason):
    """A reason's name, which may be broken at its underscores."""
    return '<span class="reason">%s</span>' % text(reason).replace('_', '_<wbr>') if reason else ''


def spaced(name):
    """cpuSeconds: CPU seconds"""
    name = str(name)
    words = name if ' ' in name else re.sub(r'([a-z])([A-Z])', r'\1 \2', name).lower()
    return text(re.sub(r'\bcpu\b', 'CPU', words))


def badge(status):
    return '<span data-badge="%s" aria-hidden="true"></span>' % text(status)


def mark(status, words):
    return '<span class="mark">%s<span>%s</span></span>' % (badge(status), words)


def good(ok, yes, no):
    return mark('trusted' if ok else 'revoked', yes if ok else no)


def rows_of(table):
    """[[cell]] with the first of each row its header; a cell is HTML, or (HTML, class)."""
    lines = []
    for row in table['rows']:
        cells = ['<th scope="row">%s</th>' % row[0]]
        for label, cell in zip(table['heads'][1:], row[1:]):
            body, kind = cell if isinstance(cell, tuple) else (cell, '')
            cells.append('<td data-label="%s"%s>%s</td>' % (bare(label), ' class="%s"' % kind if kind else '', body))
        lines.append('<tr>%s</tr>' % ''.join(cells))
    return '\n'.join(lines)


def bare(markup):
    """Markup as the value of an attribute: the text alone."""
    return html_escape(unescape(re.sub('<[^>]*>', '', markup)))


def table(caption, heads, rows, kind='stack'):
    head = ''.join('<th scope="col">%s</th>' % h for h in heads)
    body = '<table class="%s"><caption>%s</caption><thead><tr>%s</tr></thead><tbody>\n%s\n</tbody></table>' % (
        kind, caption, head, rows_of({'heads': heads, 'rows': rows}))
    if kind == 'grid':
        body = '<div class="scroll" role="region" tabindex="0" aria-label="%s">%s</div>' % (bare(caption), body)
    return body


def block(title, body):
    return '<section class="block"><h3>%s</h3>%s</section>' % (title, body) if body else ''


# ---- what the numbers say ----

def sending(day):
    """(vehicles that are operational, vehicles) after a day, of those that take part; None: the day does not say."""
    kinds = [v for v in day.get('picture', {}).get('vehicles', []) if not v.get('apart')]
    return (sum(v.get('operational', 0) for v in kinds), sum(v.get('count', 0) for v in kinds)) if kinds else None


def judged(day):
    """(messages accepted, messages refused) between honest devices that take part."""
    accepted = refused = 0
    apart = {v.get('kind') for v in day.get('picture', {}).get('vehicles', []) if v.get('apart')}
    for sender, row in day.get('matrix', {}).get('accepts', {}).items():
        for receiver, cell in row.items():
            if sender not in apart and receiver not in apart:
                accepted += cell.get('accepted', 0)
                refused += sum(n for reason, n in cell.items() if reason != 'accepted')
    return accepted, refused


def day_name(day, rounds):
    return 'day %s%s' % (text(day.get('day')), ', round %s' % text(day['round']) if rounds and 'round' in day else '')


def outages(days, rounds):
    """Sentences: from when to when not all were operational."""
    found, began = [], None
    for day in days:
        able = sending(day)
        if able is None:
            continue
        if able[0] < able[1] and began is None:
            began, least = day, able
        elif began is not None and able[0] < able[1]:
            least = min(least, able)
        elif began is not None:
            found.append((began, day, least))
            began = None
    if began is not None:
        found.append((began, None, least))
    return ['The system was down for vehicles from %s (%s) %s. At the worst, %s of %s were operational.' % (
        day_name(first, rounds), moment(first.get('when')),
        'until %s (%s)' % (day_name(last, rounds), moment(last.get('when'))) if last else 'and had not recovered by the end',
        text(least[0]), text(least[1])) for first, last, least in found]


def findings(drill, days, rounds):
    accepted, refused = (sum(n) for n in zip(*map(judged, days))) if days else (0, 0)
    attacks = [a for d in days for a in d.get('attacks', [])]
    checks = [c for d in days for c in d.get('checks', [])]
    deadlines = [x for d in days for x in d.get('deadlines', [])]
    points, down = [], outages(days, rounds)
    if accepted and not refused:
        points.append('<strong>Not one honest message failed:</strong> all %s that devices of every kind sent to one another were accepted.' % text(accepted))
    elif accepted and not any(judged(d)[1] for d in days if not sending(d) or sending(d)[0] == sending(d)[1]):
        points.append('<strong>Whenever the system was up, not one honest message failed.</strong> %s were accepted in all; %s refused, all while it was '
                      'down.' % (text(accepted), many(refused, 'was', 'were')))
    elif accepted or refused:
        points.append('%s honest messages were accepted and %s refused.' % (text(accepted), text(refused)))
    points += ['<strong>%s</strong>' % sentence for sentence in down]
    if not down and any(sending(d) for d in days):
        points.append('All vehicles and roadside units were operational at the end of every day.')
    apart = {}
    for day in days:
        for kind in day.get('picture', {}).get('vehicles', []):
            if kind.get('apart'):
                apart[kind.get('kind')] = '%s × %s (%s)' % (text(kind.get('count')), text(kind.get('kind')), text(kind['apart']))
    if apart:
        points.append('Not counted there, as long as they stand apart: %s. What they see and do is shown all the same.' % ', '.join(apart.values()))
    if attacks:
        hit = [a for a in attacks if a.get('effect', 'none') != 'none']
        points.append('%s rehearsed; %s.' % (many(len(attacks), 'attack was', 'attacks were'), 'none had any effect' if not hit else
                                            '<strong>%s had an effect</strong>' % text(len(hit))))
    if deadlines:
        late = [x for x in deadlines if not x.get('ok')]
        points.append('%s set; %s.' % (many(len(deadlines), 'deadline was', 'deadlines were'), 'none was missed' if not late else '%s missed' % text(len(late))))
    if checks:
        wrong = [c for c in checks if not c.get('ok')]
        points.append('%s of %s found what was expected.' % (text(len(checks) - len(wrong)), many(len(checks), 'check')))
    return points


# ---- parts of a day ----

def vote_row(vote):
    why = '' if vote.get('counted') else '%s %s' % (text(vote.get('text', '')), code(vote.get('reason')))
    return [text(vote.get('elector')), good(vote.get('counted'), 'counted', 'not counted'), why or 'valid signature of a trusted elector']


def ballot(entry):
    motion = MOTIONS.get(entry.get('motion'), entry.get('motion'))
    outcome = entry.get('outcome')
    caption = '%s %s: %s <span class="muted">(%s; judged by %s; %s, %s) %s</span>' % (
        text(motion), text(entry.get('subject')), text(OUTCOMES.get(outcome, outcome)), text(entry.get('where')), text(entry.get('judge')),
        many(entry.get('counted'), 'vote counts', 'votes count'), many(entry.get('quorum'), 'is needed', 'are needed'), code(outcome))
    return '<div class="ballot">%s</div>' % table(caption, ['Vote of elector', 'Counted?', 'Why'], [vote_row(v) for v in entry.get('votes', [])])


def matrix_cell(cell):
    accepted, others = cell.get('accepted', 0), {k: v for k, v in cell.items() if k != 'accepted'}
    refused = ' '.join('%s %s' % (mark('revoked', '%s refused' % text(n)), code(k)) for k, n in others.items() if n)
    if not refused:
        return (mark('trusted', text(accepted)), 'cell-good') if accepted else '<span class="muted">none sent</span>'
    return (mark('trusted', text(accepted)) + ' ' + refused, 'cell-mixed') if accepted else (refused, 'cell-bad')


def matrix(entry):
    kinds, accepts = entry.get('kinds') or list(entry.get('accepts', {})), entry.get('accepts', {})
    parts = []
    if any(accepts.values()):
        accepted, refused = judged({'matrix': entry})  # of all
        caption = 'Messages sent by the kind in the row, judged by the kind in the column <span class="muted">(%s accepted, %s refused)</span>' % (
            text(accepted), text(refused))
        parts.append(table(caption, ['Sent by'] + [text(k) for k in kinds], [
            [text(a)] + [matrix_cell(accepts.get(a, {}).get(b, {})) for b in kinds] for a in kinds], 'grid'))
    silent = [[text(kind), text(n), text(why)] for kind, reasons in entry.get('cannotSend', {}).items() for why, n in reasons.items()]
    if silent:
        parts.append(table('Devices that must not send', ['Kind', 'How many', 'Why'], silent))
    return ''.join('<div class="ballot">%s</div>' % p for p in parts)


def attacks(entries):
    return entries and table('Each attempt, and why it failed', ['Who', 'What', 'Effect', 'Why'], [
        [text(a.get('who')), text(a.get('what')), good(a.get('effect', 'none') == 'none', 'none', text(a.get('effect'))),
         '%s %s' % (text(a.get('text', '')), code(a.get('reason')))] for a in entries])


def deadlines(entries):
    """Those who had the same to do by the same time, and did it in the same minute, share a row."""
    def met(x):
        if x.get('met'):
            return good(x.get('ok'), 'met %s' % moment(x['met']), 'late: %s' % moment(x['met']))
        return good(False, '', 'missed') if not x.get('ok') else mark('prepared', 'still running')
    rows = {}
    for x in entries:
        rows.setdefault((text(x.get('what')), moment(x.get('due')), met(x)), []).append(text(x.get('who')))
    return rows and table('By when, and when it was so', ['Who', 'What', 'Due', 'Met?'], [
        [', '.join(who), what, due, how] for (what, due, how), who in rows.items()])


def checks(entries):
    """Folded where all is as expected."""
    wrong = sum(not c.get('ok') for c in entries)
    told = '%s, %s' % (many(len(entries), 'check'), 'all as expected' if not wrong else '%s not as expected' % text(wrong))
    return entries and '<details%s><summary>%s</summary>%s</details>' % (' open' if wrong else '', told, table('Expected against found', [
        'What', 'Expected', 'Found', 'Right?'], [[text(c.get('what')), text(c.get('expected')), text(c.get('found')), good(
            c.get('ok'), 'as expected', 'DIFFERENT')] for c in entries]))


def figures(entry):
    parts = []
    for name, values in entry.items():
        caption = FIGURES.get(name) and text(FIGURES[name]) or spaced(name)
        if not isinstance(values, dict):
            parts.append(table(caption, ['What', 'Figure'], [[caption, text(values)]]))
        elif values and all(isinstance(v, dict) for v in values.values()):
            keys = list(dict.fromkeys(k for v in values.values() for k in v))
            parts.append(table(caption, ['Name'] + [spaced(k) for k in keys], [[text(n)] + [text(v.get(k)) for k in keys] for n, v in values.items()]))
        elif values:
            parts.append(table(caption, ['Name', 'Figure'], [[text(n), text(v)] for n, v in values.items()]))
    return '<div class="two">%s</div>' % ''.join('<div class="ballot">%s</div>' % p for p in parts) if parts else ''


def in_words(picture):
    rows = [[text('%s %s' % (kind, m.get('name'))), text(WORDS.get(m.get('status'), m.get('status'))),
             '<code>%s</code>' % text(m.get('hash', '')), text(', '.join(map(str, m.get('endorsers', []))) or None)]
            for kind, group in (('Elector', 'electors'), ('Root CA', 'roots')) for m in picture.get(group, [])]
    if not rows:
        return ''
    return '<details class="no-print"><summary>Fingerprints and votes as a table</summary>%s</details>' % table(
        'Electors and root CAs after this day', ['Who', 'Status', 'Fingerprint (SHA-256)', 'Electors whose votes carry it'], rows)


def day_section(day, k, days, rounds):
    ident, able = day_id(day, k), sending(day)
    notes = [moment(day['when'])] if 'when' in day else []
    if rounds and 'round' in day:
        notes.append('round %s' % text(day['round']))
    if able:
        notes.append('%s of %s are operational at the end of the day' % (text(able[0]), text(able[1])))
    if 'seconds' in day:
        notes.append('took %s s of real time' % text(day['seconds']))
    title = 'Day %s: %s' % (text(day.get('day')), text(day.get('title', '')))
    parts = ['<section class="part day" id="%s" aria-labelledby="%s-title"><h2 id="%s-title" tabindex="-1">%s</h2><p class="when">%s</p>' % (
        ident, ident, ident, title, ' · '.join(notes))]
    if day.get('story'):
        parts.append('<ol class="story">%s</ol>' % ''.join('<li>%s</li>' % text(s) for s in day['story']))
    if day.get('picture'):
        parts.append('<figure><div class="canvas" data-picture="%d" data-title="Who trusts whom after %s"></div><figcaption class="sr">'
                     'Who trusts whom after this day</figcaption></figure>%s' % (k, html_escape(day_name(day, rounds), True), in_words(day['picture'])))
    ballots = ''.join(map(ballot, day.get('ballots', [])))
    parts.append(block('Ballots', ballots and '<div class="two">%s</div>' % ballots))
    parts.append(block('Who believes whom', matrix(day.get('matrix', {}))))
    parts.append(block('Attacks', attacks(day.get('attacks', []))))
    parts.append(block('Deadlines', deadlines(day.get('deadlines', []))))
    parts.append(block('Checks', checks(day.get('checks', []))))
    shown = figures(day.get('figures', {}))
    if shown:
        parts.append('<section class="block no-print"><details><summary><h3 class="inline">Figures of this day</h3></summary>%s</details></section>' % shown)
    step = ''
    for where, other, words in ((k - 1, -1, '← Day before'), (k + 1, 1, 'Next day →')):
        if 0 <= where < len(days):
            step += '<button type="button" class="plain" data-go="%s">%s</button>' % (day_id(days[where], where), words)
        else:
            step += '<span></span>'
    return '\n'.join(parts) + '<div class="steps">%s</div></section>' % step


# ---- parts of the whole ----

def day_id(day, k):
    return 'd%d' % (k + 1)


def trust_table(days, rounds):
    """Members over the days."""
    names = {}
    for day in days:
        for group, kind in (('electors', 'Elector'), ('roots', 'Root CA')):
            for member in day.get('picture', {}).get(group, []):
                names.setdefault((kind, str(member.get('name'))), None)
    rows = []
    for kind, name in sorted(names, key=lambda n: (n[0] != 'Elector', n[1])):
        row = ['%s %s' % (kind, text(name))]
        for day in days:
            found = [m for m in day.get('picture', {}).get('electors' if kind == 'Elector' else 'roots', []) if str(m.get('name')) == name]
            status = found[0].get('status', 'unknown') if found else None
            row.append(mark(status, text(WORDS.get(status, status))) if status else '<span class="muted">not there</span>')
        rows.append(row)
    if any(map(sending, days)):
        rows.append(['Can send'] + ['%s of %s' % tuple(map(text, sending(d))) if sending(d) else '–' for d in days])
    heads = ['Who'] + ['Day %s%s' % (text(d.get('day')), ' (round %s)' % text(d['round']) if rounds and 'round' in d else '') for d in days]
    return table('Trust from day to day', heads, rows, 'grid') if rows else ''


def timeline(days, rounds):
    items = []
    for k, day in enumerate(days):
        able, notes = sending(day), []
        for group, one, more in (('ballots', 'ballot', None), ('attacks', 'attack', None)):
            if day.get(group):
                notes.append(many(len(day[group]), one, more))
        if able:
            notes.append('%s of %s are operational' % (text(able[0]), text(able[1])))
        items.append('<li%s><a href="#%s" data-day="%s">%s: %s</a><p>%s</p></li>' % (
            ' class="down"' if able and able[0] < able[1] else '', day_id(day, k), day_id(day, k), day_name(day, rounds).capitalize(), text(day.get('title', '')),
            ' · '.join(([moment(day['when'])] if 'when' in day else []) + notes)))
    return '<ol class="timeline">%s</ol>' % ''.join(items)


def chooser(days, rounds):
    lists, seen = [], None
    for k, day in enumerate(days):
        if day.get('round') != seen or not lists:
            lists.append((day.get('round'), []))
            seen = day.get('round')
        lists[-1][1].append('<li><button type="button" data-day="%s" aria-pressed="false" aria-label="%s: %s">%s</button></li>' % (
            day_id(day, k), day_name(day, rounds).capitalize(), text(day.get('title', '')), text(day.get('day'))))
    return '<nav class="days" aria-label="Days"><div class="wrap">%s<button type="button" id="all-days" aria-pressed="false">All</button></div></nav>' % ''.join(
        '<span class="label" aria-hidden="true">%s</span><ol>%s</ol>' % ('Round %s' % text(r) if rounds else 'Day', ''.join(items)) for r, items in lists)


def summary(drill, days, rounds):
    green = drill.get('result') == 'green'
    facts = [('Days rehearsed', text(len(days)) if days else None), ('Begun', moment(drill['started']) if 'started' in drill else None)]
    facts += [(label, text(drill[name]) + unit if name in drill else None) for label, name, unit in (
        ('Vehicles and roadside units', 'fleet', ''), ('Real time', 'seconds', ' s'), ('Version of scms', 'version', ''), ('Seed, to repeat it', 'seed', ''))]
    verdict = '<div class="verdict%s">%s<p><strong>%s</strong>%s</p></div>' % (
        '' if green else ' bad', badge('trusted' if green else 'revoked'),
        'Passed: everything went as expected.' if green else 'Failed: something did not go as expected.',
        'Every day was checked from the vehicles’ own view against a table written beforehand.' if green else 'The differences are under “Checks” of each day.')
    points = findings(drill, days, rounds)
    return verdict + ('<ul class="findings">%s</ul>' % ''.join('<li>%s</li>' % p for p in points) if points else '') + \
        '<dl class="facts">%s</dl>' % ''.join('<div><dt>%s</dt><dd>%s</dd></div>' % fact for fact in facts if fact[1] is not None)


def inline(name):
    return (WEB / name).read_text(encoding='utf-8')


def allowed(body):
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()


def page(drill):
    days = drill.get('days', [])
    rounds = len({d.get('round') for d in days}) > 1
    style, script = inline('style.css'), inline('trust.js') + inline('report.js')
    data = json.dumps({'days': [{'picture': d.get('picture', {})} for d in days]}, ensure_ascii=True)
    data = data.replace('<', '\\u003c').replace('>', '\\u003e').replace('&', '\\u0026')
    title = text(drill.get('title') or drill.get('drill') or 'A drill')
    legend = '<ul class="legend">%s</ul>' % ''.join('<li>%s<span>%s</span></li>' % (badge(s), w) for s, w in LEGEND)
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src %s; script-src %s; base-uri \'none\'; form-action \'none\'">' % (
            allowed(style), allowed(script)),
        '<title>%s: report of a drill</title><style>%s</style></head><body>' % (title, style),
        '<a class="skip" href="#main">Skip to the report</a>',
        '<header class="top"><div class="wrap"><p class="eyebrow">Report of a drill</p><h1>%s</h1><p class="lead">%s</p></div></header>' % (
            title, text(REHEARSED.get(drill.get('drill'), ''))),
        '<main id="main" tabindex="-1"><div class="wrap">',
        '<section class="part" aria-labelledby="summary"><h2 id="summary">Summary</h2>%s</section>' % summary(drill, days, rounds)]
    if days:
        parts += [
            '<section class="part" aria-labelledby="timeline"><h2 id="timeline">Timeline</h2><div class="two"><div>%s</div><div><h3>How to read the pictures</h3>'
            '<p>Electors are the highest authority: together, by votes, they decide who is an elector and which root CA is trusted. Lines show votes that carry a '
            'root CA; components below hold certificates that descend from it; at the bottom, each kind of vehicle with what it knows.</p>%s</div></div></section>' % (
                timeline(days, rounds), legend),
            '<section class="part" aria-labelledby="trust"><h2 id="trust">Who was trusted when</h2>%s</section>' % trust_table(days, rounds),
            '</div>', chooser(days, rounds), '<div class="wrap"><p class="sr" id="said" role="status"></p><noscript><p>The pictures need JavaScript; everything else is here.</p></noscript>']
        parts += [day_section(d, k, days, rounds) for k, d in enumerate(days)]
    whole = figures(drill.get('figures', {}))
    if whole:
        parts.append('<section class="part" id="after" aria-labelledby="figures"><h2 id="figures">Figures over all days</h2>%s</section>' % whole)
    parts += ['</div></main><footer><div class="wrap">scms %s. Days are those of a clock that the drill turned; components, files, keys, votes and '
              'checks were real.</div></footer>' % text(drill.get('version', '')),
              '<script type="application/json" id="data">%s</script><script>%s</script></body></html>\n' % (data, script)]
    return '\n'.join(parts)


# ---- files ----

SHAPE = {'days': [{'story': [], 'ballots': [{'votes': [{}]}], 'attacks': [{}], 'deadlines': [{}], 'checks': [{}], 'figures': {},
                   'matrix': {'kinds': [], 'accepts': {'*': {'*': {'*': 0}}}, 'cannotSend': {'*': {'*': 0}}},
                   'picture': {'electors': [{}], 'roots': [{'endorsers': []}], 'components': [{}],
                               'vehicles': [{'count': 0, 'operational': 0, 'electors': {}, 'roots': {}}]}}],
         'figures': {}}


def look(value, shape, where):
    """Members that are there have the kind that the page relies on."""
    kind = {dict: 'an object', list: 'a list', int: 'a whole number'}[type(shape)]
    if not isinstance(value, type(shape)) or isinstance(value, bool):
        raise Wrong('%s: expected %s, found %s' % (where, kind, json.dumps(value)[:60]))
    if isinstance(shape, list) and shape:
        for k, item in enumerate(value):
            look(item, shape[0], '%s[%d]' % (where, k))
    elif isinstance(shape, dict):
        for name, inner in shape.items():
            for found in value if name == '*' else [name] if name in value else []:
                look(value[found], inner, '%s.%s' % (where, found))


def read(path):
    try:
        drill = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
    except OSError as error:
        raise Wrong('%s: cannot be read: %s' % (path, error.strerror)) from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Wrong('%s: not JSON: %s' % (path, error)) from error
    look(drill, SHAPE, str(path))
    return drill


def write(path, body):
    """Whole or not at all."""
    path = pathlib.Path(path)
    handle, beside = tempfile.mkstemp(prefix='.' + path.name, dir=path.parent)
    try:
        with open(handle, 'w', encoding='utf-8') as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def main():
    parser = argparse.ArgumentParser(description='Makes the report of a drill: one HTML file that needs nothing else.',
                                     epilog='example: report.py elector-replacement.json elector-replacement.html')
    parser.add_argument('json', help='what the drill found')
    parser.add_argument('html', help='the report to write')
    options = parser.parse_args()
    try:
        write(options.html, page(read(options.json)))
    except Wrong as error:
        print('report.py: %s' % error, file=sys.stderr)
        return 1
    except OSError as error:
        print('report.py: %s: cannot be written: %s' % (options.html, error.strerror), file=sys.stderr)
        return 3
    return 0


if __name__ == '__main__':
    sys.exit(main())
