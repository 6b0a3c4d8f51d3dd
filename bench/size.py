# SPDX-License-Identifier: Apache-2.0
"""Bytes that the linker kept of the library, by layer, from its map: size.py MAP HEADER [trust]

Writes a header of constants: SIZE_OER, SIZE_CRYPTO, SIZE_DOT2, SIZE_TABLES (those of the schema), and SIZE_WRITTEN, which is
what of them a device keeps in RAM; with `trust`, of
a device that keeps a store, SIZE_TRUST and SIZE_CODE beside them, which is all but the tables. libcrypto and the C library are shared, and so not in it."""
import re
import sys

LAYERS = {'oer': 'OER', 'crypto': 'CRYPTO', 'dot2': 'DOT2', 'asn1': 'TABLES'}
LAYERS.update({'trust': 'TRUST'} if sys.argv[3:] == ['trust'] else {})
sizes = dict.fromkeys([*LAYERS.values(), 'WRITTEN'], 0)

text = open(sys.argv[1]).read().split('Linker script and memory map', 1)[1]
# A section's name stands on a line of its own where it is long. Unwind tables are not counted: a device strips them.
for name, address, size, member in re.findall(r'^ (\.[\w.$-]+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$', text, re.M):
    layer = re.search(r'libdevice\.a.*_(%s)_[^/]*\.o' % '|'.join(LAYERS), member)
    if not layer or int(address, 16) == 0 or not re.match(r'\.(text|rodata|data|bss)\b', name):
        continue
    sizes[LAYERS[layer[1]]] += int(size, 16)
    if re.match(r'\.(bss|data(?!\.rel\.ro))', name):
        sizes['WRITTEN'] += int(size, 16)
if not all(sizes[layer] for layer in LAYERS.values()):
    sys.exit('size.py: the map has nothing of a layer: %s' % sizes)
if 'trust' in LAYERS:
    sizes['CODE'] = sizes['OER'] + sizes['CRYPTO'] + sizes['DOT2'] + sizes['TRUST']
with open(sys.argv[2], 'w') as f:
    f.write('/* Made by size.py. */\n' + ''.join('#define SIZE_%s %d\n' % item for item in sizes.items()))
