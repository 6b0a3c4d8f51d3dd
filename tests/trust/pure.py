#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What libscms-trust calls and keeps, by its symbol table: pure.py LIBRARY [--sanitized]

It promises no malloc, no I/O, no clock, no globals. So an object may refer to the functions named here and no others, those
of libcrypto from the engine alone, and has nothing that is written to."""
import collections
import re
import subprocess
import sys

LIBC = {'memcmp', 'bcmp', 'memcpy', 'memmove', 'memset', 'strlen', 'strcmp', 'strncmp', 'strncpy', 'snprintf', 'vsnprintf'}
COMPILER = {'_GLOBAL_OFFSET_TABLE_', '__stack_chk_fail', '__popcountdi2', '__cpu_model', '__cpu_indicator_init'}
LIBCRYPTO = re.compile(r'(BN|EC|ECDSA|EVP)_\w+$|EC_POINTs_mul$')
ENGINE = re.compile(r'^(src_)?crypto_verify\w*\.c\.o$')
SANITIZER = re.compile(r'__(asan|ubsan|sanitizer|msan|sancov)_|__start___sancov|__stop___sancov|\.?asan|___asan')
WRITTEN = re.compile(r'^\.(bss|data)\b(?!\.rel\.ro)')
LAYERS = {'oer', 'crypto', 'dot2', 'trust'}

library, sanitized = sys.argv[1], '--sanitized' in sys.argv
rows = subprocess.run(['nm', '-A', '-f', 'sysv', library], check=True, capture_output=True, text=True).stdout
defined, wanted, wrong, objects = set(), collections.defaultdict(set), [], set()
for line in rows.splitlines():
    m = re.match(r'\S*?([\w.-]+\.o)\s*:?(\S+)\s*\|([^|]*)\|\s*(\w)\s*\|([^|]*)\|([^|]*)\|([^|]*)\|(.*)$', line)
    if not m:
        continue
    member, name, kind, section = re.sub(r'^\.\._', '', m[1]), m[2].split('@')[0], m[4], m[8].strip()
    objects.add(member)
    if kind == 'U':
        wanted[name].add(member)
    else:
        defined.add(name)
        if WRITTEN.match(section) and not sanitized:
            wrong.append('%s keeps %s' % (member, name))
for name in sorted(set(wanted) - defined):
    plain = re.sub(r'^__(\w+)_chk$', r'\1', name)
    if plain in LIBC or name in COMPILER or (sanitized and SANITIZER.match(name)):
        continue
    for member in sorted(wanted[name]):
        if not (LIBCRYPTO.match(name) and ENGINE.match(member)):
            wrong.append('%s calls %s' % (member, name))
found = {layer for layer in LAYERS for member in objects if re.search(r'(^|_)%s_' % layer, member)}
if found != LAYERS:
    wrong.append('nothing of %s is in the library: %s' % (', '.join(sorted(LAYERS - found)), sorted(objects)[:5]))
print('\n'.join(wrong) or 'nothing beyond %s in %d objects' % (', '.join(sorted(LIBC & set(wanted))), len(objects)))
sys.exit(bool(wrong))
