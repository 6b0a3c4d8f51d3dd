# SPDX-License-Identifier: Apache-2.0
"""What OpenMetrics 1.0 says of the text format, as far as counters and gauges go: a reader that takes nothing else."""

import math
import re

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(r'(%s)(?:\{(.*)\})? (\S+)' % NAME)
NUMBER = re.compile(r'[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|Inf)|NaN')


class Malformed(Exception):
    pass


def labels_of(text):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if match is None or match[1] in labels:
            raise Malformed('labels: ' + text)
        labels[match[1]] = match[2]
        at = match.end()
        if at < len(text):
            if text[at] != ',' or at + 1 == len(text):
                raise Malformed('labels: ' + text)
            at += 1
    return labels


def read(data):
    """{family: (type, {labels as sorted pairs: value})}, or Malformed."""
    text = data.decode('utf-8')
    if '\r' in text or not text.endswith('# EOF\n'):
        raise Malformed('the end')
    families, name, described = {}, None, set()
    for line in text.split('\n')[:-2]:
        if line.startswith('# '):
            word, of, rest = (line[2:].split(' ', 2) + ['', ''])[:3]
            if word not in ('TYPE', 'HELP', 'UNIT') or not re.fullmatch(NAME, of) or (word, of) in described:
                raise Malformed(line)
            described.add((word, of))
            if of != name:
                if of in families or word != 'TYPE':
                    raise Malformed('families are mixed: ' + line)
                name = of
                families[name] = (rest, {})
            elif families[name][1]:
                raise Malformed('described after its samples: ' + line)
            if word == 'TYPE' and rest not in ('counter', 'gauge'):
                raise Malformed(line)
            continue
        match = SAMPLE.fullmatch(line)
        if match is None or name is None or NUMBER.fullmatch(match[3]) is None:
            raise Malformed(line)
        kind, samples = families[name]
        value, labels = float(match[3]), tuple(sorted(labels_of(match[2] or '').items()))
        if match[1] != name + ('_total' if kind == 'counter' else '') or labels in samples:
            raise Malformed(line)
        if kind == 'counter' and not (value >= 0 and math.isfinite(value)):
            raise Malformed(line)
        samples[labels] = value
    return families


def is_good(data):
    try:
        return len(read(data)) > 0
    except (Malformed, UnicodeDecodeError):
        return False


GOOD = b'# TYPE a counter\n# HELP a An a.\na_total{b="c",d="\\\\\\"e"} 1\na_total{b="x"} 2\n# TYPE g gauge\ng -1.5e3\n# EOF\n'
BAD = [GOOD[:-1], GOOD[:-6], GOOD.replace(b'a_total{b="x"}', b'a{b="x"}'), GOOD.replace(b'"x"', b'"c",d="\\\\\\"e"'),
       GOOD.replace(b'g -1.5e3', b'g minus'), GOOD.replace(b'g -1.5e3', b'g -1.5e3\na_total{b="y"} 2'), GOOD.replace(b'} 1', b'} -1'),
       GOOD.replace(b'{b="x"}', b'{b="x",}'), GOOD.replace(b'{b="x"}', b'{b=x}'), GOOD.replace(b'\n', b'\r\n'),
       GOOD.replace(b'gauge', b'number'), GOOD.replace(b'# TYPE g gauge\n', b''), GOOD.replace(b'# TYPE g', b'# TYPE a')]
assert is_good(GOOD) and not any(is_good(bad) for bad in BAD)
