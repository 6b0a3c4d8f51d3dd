#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes C structs and type tables from ASN.1: oergen.py OUTDIR MODULE.asn...

Writes OUTDIR/types.h, OUTDIR/MODULE.c with the tables of each file, and
OUTDIR/index.c, the list of all types. How ASN.1 becomes C is told in
src/oer/oer.h, what the tables hold in src/oer/table.h.
"""

import os
import sys

sys.dont_write_bytecode = True  # nothing but the build directory is written to
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from asn1 import Asn1Error  # noqa: E402
from schema import I64MAX, I64MIN, U64MAX, WIDTH, Schema, cname, components  # noqa: E402

CTYPE = {'U8': 'uint8_t', 'U16': 'uint16_t', 'U32': 'uint32_t', 'U64': 'uint64_t', 'UVAR': 'uint64_t',
         'I8': 'int32_t', 'I16': 'int32_t', 'I32': 'int32_t', 'I64': 'int64_t', 'IVAR': 'int64_t',
         'ENUM': 'int32_t', 'BOOL': 'bool', 'BITS': 'uint8_t', 'FIXED': 'const uint8_t *',
         'OCTETS': 'struct scms_slice ', 'UTF8': 'struct scms_slice ', 'LIST': 'struct oer_list '}

HEAD = '/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/oergen.py from asn1/. */\n'


def declare(t, name):
    """Declaration of a member of this type, or None for NULL, which has none."""
    if t.kind == 'NULL':
        return None
    if t.kind in ('SEQUENCE', 'CHOICE'):
        return 'struct %s %s;' % (t.base.ident, name)
    return '%s%s%s;' % (CTYPE[t.kind], '' if CTYPE[t.kind][-1] in ' *' else ' ', name)


def struct_of(t):
    out = ['/* %s, %s */' % (t.name, t.module.name)]
    if t.kind == 'CHOICE':
        out += ['enum {'] + ['\t%s_is_%s = %d,' % (t.ident, f.ident.rstrip('_'), i) for i, f in enumerate(t.fields)]
        out += ['};', '']
    out.append('struct %s {' % t.ident)
    if t.kind == 'CHOICE':
        out.append('\tuint8_t choice;')  # first: the codec counts on it
        members = [m for m in (declare_field(f) for f in t.fields) if m]
        if t.extensible:
            members.append('struct scms_slice unknown;')
        if members:
            out += ['\tunion {'] + ['\t\t' + m for m in members] + ['\t} u;']
    else:
        for f in t.fields:
            if f.optional or f.addition:
                out.append('\tbool has_%s;' % f.ident)
            member = declare_field(f)
            if member:
                out.append('\t' + member)
        if t.extensible:
            out.append('\tstruct scms_slice extensions;')
    if t.raw:
        out.append('\tstruct scms_slice raw;')
    return out + ['};', '']


def declare_field(f):
    if f.view or (f.addition and not f.in_choice):
        return 'struct scms_slice %s;' % f.ident
    return declare(f.type, f.ident)


def constants(t):
    """Named numbers and bits, ENUMERATED, and types with one value only."""
    if t.base is not t or t.node.kind == 'REF' and t.low != t.high:
        return []
    names = t.names if t.node.kind != 'REF' else []
    if t.kind == 'BITS':
        rows = [(name, '0x%02x' % (0x80 >> bit)) for name, bit in names]
    else:
        rows = [(name, '%d' % value if value != -2**31 else 'INT32_MIN') for name, value in names]
    if t.named and t.kind in WIDTH and t.low == t.high and t.high < 2**31:
        rows.append(('value', '%d' % t.low))
    if not rows:
        return []
    return ['/* %s, %s */' % (t.name, t.module.name), 'enum {'] + \
           ['\t%s_%s = %s,' % (t.ident, cname(name).rstrip('_'), value) for name, value in rows] + ['};', '']


def types_h(schema):
    out = [HEAD + '#ifndef ASN1_TYPES_H', '#define ASN1_TYPES_H', '', '#include "oer/table.h"', '']
    for module in schema.modules.values():
        rows = ['\tvalue_%s = %d,' % (cname(name), schema.number(module, value, [], None, None))
                for name, (_, value, _) in module.values.items()]
        if rows:
            out += ['/* %s */' % module.name, 'enum {'] + rows + ['};', '']
    structs = [t for t in schema.types if t.base is t and t.kind in ('SEQUENCE', 'CHOICE')]
    by_value = lambda t: [f.type.base for f in t.fields  # noqa: E731
                          if f.type.kind in ('SEQUENCE', 'CHOICE') and not f.view
                          and (f.in_choice or not f.addition)]
    for t in schema.types:
        out += constants(t)
    for group in components(structs, by_value):
        out += struct_of(group[0])
    out += ['extern const struct oer_type oer_%s;' % t.ident for t in schema.types if not t.local]
    return '\n'.join(out + ['', '#endif', ''])


def number(value):
    if value == I64MIN:
        return 'INT64_MIN'
    if value == U64MAX:
        return 'UINT64_MAX'
    return '%d' % value + ('u' if value > I64MAX else '')


def field_row(t, f):
    struct = 'struct %s' % t.base.ident
    presence, flags, row = 'MANDATORY', [], ['.name = "%s"' % f.name, '.type = &oer_%s' % f.type.ident]
    member = declare_field(f)
    if member:
        row.append('.offset = offsetof(%s, %s%s)' % (struct, 'u.' if t.kind == 'CHOICE' else '', f.ident))
    if t.kind == 'CHOICE':
        flags = ['OER_FIELD_EXTENSION'] * f.addition + ['OER_FIELD_KEPT'] * t.raw
    elif f.addition:
        presence = 'ADDITION'
    elif f.optional:
        presence = 'OPTIONAL'
    elif f.default is not None:
        presence = 'DEFAULT'
        row.append('.value = %s' % ('INT32_MIN' if f.default == -2**31 else f.default))
    if presence in ('ADDITION', 'OPTIONAL'):
        row.append('.has = offsetof(%s, has_%s)' % (struct, f.ident))
    if f.view:
        flags.append('OER_FIELD_VIEW')
    if presence != 'MANDATORY':
        row.append('.presence = OER_%s' % presence)
    if flags:
        row.append('.flags = ' + ' | '.join(flags))
    return '\t{' + ', '.join(row) + '},'


def table(t):
    """The table of a type, preceded by its fields or names where these are its own."""
    out, rows = [], ['.name = "%s"' % t.name]
    owner = t.base
    if t.kind in ('SEQUENCE', 'CHOICE') and t.fields:
        if owner is t:
            out += ['const struct oer_field oer_%s_fields[] = {' % t.ident]
            out += [field_row(t, f) for f in t.fields] + ['};']
        rows.append('.u.fields = oer_%s_fields' % owner.ident)
    elif t.kind == 'SEQUENCE':
        rows.append('.u.fields = &(const struct oer_field){0}')
    elif t.kind == 'LIST':
        rows.append('.u.element = &oer_%s' % t.element.ident)
    elif t.names:
        out += ['static const struct oer_name %s_names[] = {' % t.ident]
        out += ['\t{"%s", %s},' % (n, 'INT32_MIN' if v == -2**31 else v) for n, v in t.names] + ['};']
        rows.append('.u.names = %s_names' % t.ident)
    if t.kind not in ('SEQUENCE', 'CHOICE', 'ENUM', 'BOOL', 'NULL', 'BITS'):
        sign = '' if t.kind[0] == 'I' else 'u'
        rows.append('.%slow = %s, .%shigh = %s' % (sign, number(t.low), sign, number(t.high)))
    rows.append('.least = %d' % t.least)
    if t.kind != 'NULL':
        ctype = 'struct ' + owner.ident if t.kind in ('SEQUENCE', 'CHOICE') else CTYPE[t.kind].strip()
        rows.append('.size = sizeof(%s)' % ctype)
    additions = sum(1 for f in t.fields if f.addition)
    count = len(t.names) if not t.constructed() else len(t.fields) - (additions if t.kind == 'SEQUENCE' else 0)
    rows += ['.count = %d' % count] if count else []
    rows += ['.additions = %d' % additions] if additions else []
    if t.raw:
        rows.append('.raw = offsetof(struct %s, raw)' % owner.ident)
    if t.kind == 'SEQUENCE' and t.extensible:
        rows.append('.extensions = offsetof(struct %s, extensions)' % owner.ident)
    if t.kind == 'CHOICE' and t.extensible:
        rows.append('.extensions = offsetof(struct %s, u)' % owner.ident)
    if t.preamble:
        rows.append('.preamble = %d, .preamble_bits = %d' % (t.preamble, t.preamble_bits))
    rows.append('.kind = OER_KIND_%s' % t.kind)
    flags = [name for name, on in (('EXTENSIBLE', t.extensible), ('RAW', t.raw), (t.plain, t.plain),
                                   ('DEEPER', t.deeper)) if on]
    if flags:
        rows.append('.flags = ' + ' | '.join('OER_TYPE_' + f for f in flags))
    linkage = 'static ' if t.local else ''
    return out + ['%sconst struct oer_type oer_%s = {' % (linkage, t.ident)] + \
        ['\t' + row + ',' for row in rows] + ['};', '']


def module_c(schema, module):
    types = [t for t in schema.types if t.module is module]
    owners = {t.base for t in types if t.kind in ('SEQUENCE', 'CHOICE') and t.fields}
    out = [HEAD + '#include "types.h"', '']
    out += ['extern const struct oer_field oer_%s_fields[];' % t.ident
            for t in sorted(owners, key=lambda t: t.ident)] + ['']
    for t in types:
        out += table(t)
    return '\n'.join(out)


def index_c(schema):
    named = sorted((t for t in schema.types if t.named), key=lambda t: t.name)
    rows = ['\t{"%s", &oer_%s},' % (t.module.name, t.ident) for t in named]
    return '\n'.join([HEAD + '#include "types.h"', '', 'const struct oer_entry oer_entries[] = {'] + rows +
                     ['};', '', 'const size_t oer_entry_count = sizeof(oer_entries) / sizeof(oer_entries[0]);', ''])


def share_scalars(schema):
    """Anonymous scalars that are alike share one table per module, static in its file."""
    shared, kept = {}, []
    for t in schema.types:
        if t.local:
            key = (t.module.name, t.name, t.kind, t.low, t.high)
            if key in shared:
                t.ident = shared[key].ident
                continue
            t.ident = '%s_%s_%s' % (cname(t.name).replace(' ', '_'), str(t.low).replace('-', 'm'),
                                    str(t.high).replace('-', 'm'))
            shared[key] = t
        kept.append(t)
    schema.types = kept


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def main(argv):
    if len(argv) < 3:
        print('usage: oergen.py OUTDIR MODULE.asn...', file=sys.stderr)
        return 2
    try:
        schema = Schema(argv[2:])
    except (Asn1Error, OSError) as e:
        print(e, file=sys.stderr)
        return 1
    for t in schema.types:
        for f in t.base.fields:
            f.in_choice = t.kind == 'CHOICE'
    share_scalars(schema)
    write(os.path.join(argv[1], 'types.h'), types_h(schema))
    for module in schema.modules.values():
        write(os.path.join(argv[1], module.stem + '.c'), module_c(schema, module))
    write(os.path.join(argv[1], 'index.c'), index_c(schema))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
