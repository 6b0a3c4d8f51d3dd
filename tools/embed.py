#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts files into a C table, so that a program serves them wherever it is installed.

Usage: embed.py OUT.c HEADER TABLE FILE...   FILE is served as /NAME, the first one as / too
"""

import pathlib
import sys

TYPES = {'.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
         '.svg': 'image/svg+xml'}


def main():
    out, header, table, *files = sys.argv[1:]
    lines = ['/* Made by tools/embed.py. */', '#include "%s"' % header, '#include <stddef.h>', '']
    rows = []
    for k, file in enumerate(map(pathlib.Path, files)):
        body = file.read_bytes()
        lines.append('static const unsigned char file_%d[] = {' % k)
        lines += ['\t' + ','.join(map(str, body[n:n + 24])) + ',' for n in range(0, len(body), 24)]
        lines.append('};')
        for path in (['/'] if k == 0 else []) + ['/' + file.name]:
            rows.append('\t{"%s", "%s", {file_%d, sizeof(file_%d)}},' % (path, TYPES[file.suffix], k, k))
    lines += ['', 'const struct console_page %s[] = {' % table, *rows, '\t{NULL, NULL, {NULL, 0}},', '};', '']
    pathlib.Path(out).write_text('\n'.join(lines))


if __name__ == '__main__':
    main()
