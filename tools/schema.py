# SPDX-License-Identifier: Apache-2.0
"""What the codec needs to know of the types that asn1.py has read.

Names are looked up, constraints worked out (X.680, X.696 10 and 13), recursion
is cut, sizes are measured.
"""

import os

from asn1 import fail, parse

KEYWORDS = set('''auto bool break case char const continue default do double else enum extern false float for goto if
inline int long register restrict return short signed sizeof static struct switch true typedef typeof union unsigned
void volatile while asm'''.split())

WIDTH = {'U8': 1, 'U16': 2, 'U32': 4, 'U64': 8, 'I8': 1, 'I16': 2, 'I32': 4, 'I64': 8}
INTEGERS = {'UVAR', 'IVAR'} | set(WIDTH)
SCALARS = {'ENUM', 'BOOL', 'BITS'} | INTEGERS
U64MAX = 2**64 - 1
I64MIN, I64MAX = -2**63, 2**63 - 1


def cname(name):
    name = name.replace('-', '_')
    return name + '_' if name in KEYWORDS else name


class Type:
    """A type with everything known that its table says."""

    def __init__(self, name, ident, module, node):
        self.name = name            # as in the schema
        self.ident = ident          # in C
        self.module = module
        self.node = node
        self.where = node.where
        self.named = False          # defined by name, so in the list of all types
        self.local = False          # a scalar without a name: shares a table (share_scalars)
        self.kind = None
        self.base = self            # whose C struct it has
        self.bounds_seen = None     # INTEGER: (low, high) as constrained, None where not
        self.low, self.high = 0, U64MAX
        self.names = []             # [(name, value)]
        self.fields = []            # [FieldType]
        self.element = None
        self.extensible = False
        self.raw = False
        self.deeper = False
        self.least = None
        self.plain = None           # None, 'PLAIN' or 'ZERO_FIRST'
        self.state = None           # of resolution

    def constructed(self):
        return self.kind in ('SEQUENCE', 'CHOICE', 'LIST')


class FieldType:
    def __init__(self, field, type_):
        self.name = field.name
        self.ident = cname(field.name)
        self.where = field.where
        self.type = type_
        self.addition = field.addition
        self.optional = field.optional
        self.default = None         # number
        self.view = False


class Schema:
    def __init__(self, paths):
        self.modules = {}
        self.types = []             # all of them; those named T_c stand before T
        self.by_name = {}           # (module, name): Type
        self.idents = {}
        for path in paths:
            module = parse(path)
            if module.name in self.modules:
                fail(module.where, 'module %s is also in %s' % (module.name, self.modules[module.name].where[0]))
            module.stem = os.path.splitext(os.path.basename(path))[0]
            self.modules[module.name] = module
        for module in self.modules.values():
            self.check_imports(module)
            for d in module.types.values():
                t = Type(d.name, cname(d.name), module, d.node)
                self.claim(t)
                t.raw, t.named = d.raw, True
                self.by_name[module.name, d.name] = t
        for t in list(self.by_name.values()):
            self.resolve(t)
        self.mark_recursion()
        self.measure()

    def claim(self, t):
        """Its C name is its own from now on."""
        if t.ident in self.idents:
            fail(t.where, 'C name %s is taken by %s:%d' % ((t.ident,) + self.idents[t.ident].where))
        self.idents[t.ident] = t

    # -- names

    def check_imports(self, module):
        for symbol, (source, where) in module.imports.items():
            if source not in self.modules:
                fail(where, 'module %s is not among the inputs' % source)
            other = self.modules[source]
            if symbol not in other.types and symbol not in other.values:
                fail(where, '%s does not define %s' % (source, symbol))

    def find_type(self, module, name, where):
        source = module.imports[name][0] if name in module.imports else module.name
        if (source, name) not in self.by_name:
            fail(where, 'type %s is neither defined nor imported' % name)
        return self.by_name[source, name]

    def number(self, module, value, names, low, high):
        """The number that a value expression stands for; MIN and MAX are low and high."""
        if value[0] == 'number':
            return value[1]
        if value[0] in ('MIN', 'MAX'):
            return low if value[0] == 'MIN' else high
        for name, number in names:
            if name == value[1]:
                return number
        source = self.modules[module.imports[value[1]][0]] if value[1] in module.imports else module
        if value[1] not in source.values:
            fail(value[2], 'value %s is neither defined nor imported' % value[1])
        node, expression, where = source.values[value[1]]
        if expression[0] == 'name' and expression[1] == value[1]:
            fail(where, 'value %s is defined by itself' % value[1])
        return self.number(source, expression, [], None, None)

    # -- types

    def resolve(self, t):
        if t.state == 'done':
            return
        if t.state == 'busy':
            fail(t.where, 'type %s is defined by itself' % t.name)
        t.state = 'busy'
        node = t.node
        t.extensible = node.extensible
        if node.kind == 'REF':
            self.resolve_reference(t)
        elif node.kind == 'INTEGER':
            t.names = self.resolve_names(t)
            t.low, t.high = None, None
        elif node.kind == 'ENUMERATED':
            t.kind, t.names = 'ENUM', self.resolve_enumerated(t)
        elif node.kind == 'BIT STRING':
            t.kind, t.names = 'BITS', self.resolve_names(t)
        else:
            t.kind = {'BOOLEAN': 'BOOL', 'NULL': 'NULL', 'OCTET STRING': 'OCTETS', 'UTF8String': 'UTF8',
                      'SEQUENCE': 'SEQUENCE', 'CHOICE': 'CHOICE', 'SEQUENCE OF': 'LIST'}[node.kind]
        self.constrain(t)
        t.state = 'done'
        if t.base is t:
            self.resolve_inner(t)
        if t.raw and (t.kind not in ('SEQUENCE', 'CHOICE') or t.base is not t):
            fail(t.where, '@raw needs a SEQUENCE or CHOICE')
        self.types.append(t)

    def resolve_reference(self, t):
        other = self.find_type(t.module, t.node.ref, t.where)
        self.resolve(other)
        for attribute in ('kind', 'low', 'high', 'names', 'extensible', 'base'):
            setattr(t, attribute, getattr(other, attribute))
        if t.kind in INTEGERS:
            t.low, t.high = other.bounds_seen
        if not t.constructed():
            t.base = t

    def resolve_names(self, t):
        names = []
        for name, value, _, where in t.node.names:
            number = self.number(t.module, value, [], None, None)
            if name in dict(names):
                fail(where, '%s is named twice' % name)
            if not -2**31 <= number < 2**31:
                fail(where, '%s is beyond 32 bits' % name)
            names.append((name, number))
        return sorted(names, key=lambda n: n[1])

    def resolve_enumerated(self, t):
        items = [(name, None if value is None else self.number(t.module, value, [], None, None), addition, where)
                 for name, value, addition, where in t.node.names]
        taken = {value for _, value, addition, _ in items if value is not None and not addition}
        names, following = {}, 0
        for addition_pass in (False, True):
            if addition_pass:
                following = max(names.values()) + 1 if names else 0
            for name, value, addition, where in items:
                if addition != addition_pass:
                    continue
                if value is None:
                    while following in taken:
                        following += 1
                    value = following
                if name in names or value in names.values():
                    fail(where, '%s (%d) is there twice' % (name, value))
                if not -2**31 <= value < 2**31:
                    fail(where, '%s is beyond 32 bits' % name)
                names[name] = value
                taken.add(value)
                if addition_pass:
                    following = value + 1
        return sorted(names.items(), key=lambda n: n[1])

    def bounds(self, t, ranges, low, high):
        found = [(self.number(t.module, a, t.names, low, high), self.number(t.module, b, t.names, low, high))
                 for a, b in ranges]
        for a, b in found:
            if a is not None and b is not None and a > b:
                fail(t.where, 'the range %d..%d is empty' % (a, b))
        lows, highs = [a for a, _ in found], [b for _, b in found]
        return (None if None in lows else min(lows), None if None in highs else max(highs))

    def constrain(self, t):
        node = t.node
        integer = t.kind is None or t.kind in INTEGERS
        if node.values is not None and not integer:
            fail(t.where, 'a value constraint needs an INTEGER')
        if node.sizes is not None and t.kind not in ('OCTETS', 'FIXED', 'BITS', 'UTF8', 'LIST'):
            fail(t.where, 'SIZE does not belong to this type')
        if integer:
            self.constrain_integer(t)
        elif node.sizes is not None:
            if not node.open:
                low, high = self.bounds(t, node.sizes, t.low, t.high)
                if low < t.low or high > t.high:
                    fail(t.where, 'the SIZE is not within that of the type it constrains')
                t.low, t.high = low, high
        if t.kind == 'OCTETS' and t.low == t.high:
            t.kind = 'FIXED'
        if t.kind == 'BITS' and (t.low, t.high) != (8, 8):
            fail(t.where, 'only BIT STRING (SIZE (8)) is supported')
        if t.kind == 'BITS' and any(not 0 <= bit < 8 for _, bit in t.names):
            fail(t.where, 'a named bit lies outside the BIT STRING')

    def constrain_integer(self, t):
        """X.696 10: the bounds decide the width; None where there is none."""
        low, high = t.low, t.high
        if t.node.values is not None:
            if t.node.open:
                low = high = None
            else:
                a, b = self.bounds(t, t.node.values, low, high)
                if (low is not None and (a is None or a < low)) or (high is not None and (b is None or b > high)):
                    fail(t.where, 'the range is not within that of the type it constrains')
                low, high = a, b
        t.bounds_seen = (low, high)
        if low is not None and low >= 0:
            t.kind = next((k for k, bits in (('U8', 8), ('U16', 16), ('U32', 32), ('U64', 64))
                           if high is not None and high < 2**bits), 'UVAR')
            t.low, t.high = min(low, U64MAX), min(U64MAX if high is None else high, U64MAX)
        else:
            t.kind = next((k for k, bits in (('I8', 7), ('I16', 15), ('I32', 31), ('I64', 63))
                           if None not in (low, high) and low >= -2**bits and high < 2**bits), 'IVAR')
            t.low = max(I64MIN if low is None else low, I64MIN)
            t.high = min(I64MAX if high is None else high, I64MAX)

    def inner(self, t, name, node):
        """The type of a component or element: a reference as such, else a new type T_name."""
        if node.kind == 'REF' and node.values is None and node.sizes is None:
            return self.find_type(t.module, node.ref, node.where)
        shown = node.ref or node.kind
        if node.kind in ('SEQUENCE', 'CHOICE', 'ENUMERATED'):
            shown = '%s.%s' % (t.name, name)
        inner = Type(shown, '%s_%s' % (t.ident, cname(name).rstrip('_')), t.module, node)
        self.resolve(inner)
        inner.local = not inner.constructed() and not inner.names
        if not inner.local:
            self.claim(inner)
        return inner

    def resolve_inner(self, t):
        if t.kind == 'LIST':
            t.element = self.inner(t, 'item', t.node.element)
        members, reserved = set(), {'SEQUENCE': 'extensions', 'CHOICE': 'unknown'}.get(t.kind) if t.extensible else None
        for field in t.node.fields:
            f = FieldType(field, self.inner(t, field.name, field.node))
            if f.ident in members or f.ident == reserved or (t.raw and f.ident == 'raw'):
                fail(f.where, 'the name %s is taken' % f.name)
            members.add(f.ident)
            if field.default is not None:
                f.default = self.default(t, f, field.default)
            t.fields.append(f)

    def default(self, t, f, value):
        self.resolve(f.type)
        if f.type.kind not in SCALARS:
            fail(f.where, 'DEFAULT is supported for scalars only')
        names = dict(f.type.names)
        if value[0] == 'bits':
            if f.type.kind != 'BITS' or any(bit not in names for bit in value[1]):
                fail(f.where, 'DEFAULT names a bit that does not exist')
            return sum(0x80 >> names[bit] for bit in value[1])
        number = self.number(t.module, value, f.type.names, None, None)
        if f.type.kind == 'ENUM':
            good = number in names.values()
        elif f.type.kind == 'BOOL':
            good = number in (0, 1)
        else:
            good = f.type.kind != 'BITS' and f.type.low <= number <= f.type.high
        if not good or not -2**31 <= number < 2**31:
            fail(f.where, 'DEFAULT is not a value of the type, or beyond 32 bits')
        return number

    # -- recursion

    def edges(self, t):
        """(target, field) for all that a constructed type refers to; field is None for elements."""
        if t.kind == 'LIST':
            return [(t.element.base, None)] if t.element.constructed() else []
        return [(f.type.base, f) for f in t.fields if f.type.constructed()]

    def mark_recursion(self):
        """Cuts by-value cycles: OPTIONAL components of a recursive group first, CHOICE alternatives if any remain."""
        nodes = [t for t in self.types if t.base is t and t.constructed()]
        groups = components(nodes, lambda t: [e for e, _ in self.edges(t)])
        for group in groups:
            inside = set(group)
            if len(group) == 1 and group[0] not in [e for e, _ in self.edges(group[0])]:
                continue
            for t in group:
                if t.kind == 'LIST' and t.element.base in inside:
                    t.deeper = True
                for target, f in self.edges(t):
                    if f and target in inside and (f.optional or f.addition):
                        f.view = True
        self.cut(nodes, lambda t, f: t.kind == 'CHOICE')
        for group in self.cycles(nodes):
            fail(group[0].where, '%s contains itself without end' % group[0].name)
        for t in self.types:
            t.deeper = t.base.deeper

    def cycles(self, nodes):
        by_value = lambda t: [e for e, f in self.edges(t) if f and not f.view]  # noqa: E731
        return [g for g in components(nodes, by_value) if len(g) > 1 or g[0] in by_value(g[0])]

    def cut(self, nodes, where):
        for group in self.cycles(nodes):
            for t in group:
                for target, f in self.edges(t):
                    if target in group and where(t, f):
                        f.view = True

    # -- sizes

    def measure(self):
        for t in self.types:
            t.element, t.fields, t.raw = t.base.element, t.base.fields, t.base.raw
            optional = sum(1 for f in t.fields if not f.addition and (f.optional or f.default is not None))
            t.preamble_bits = optional + t.extensible if t.kind == 'SEQUENCE' else 0
            if t.preamble_bits > 32:
                fail(t.where, 'more than 32 optional components are not supported')
            t.preamble = (t.preamble_bits + 7) // 8
            if t.kind == 'CHOICE' and len(t.fields) > 63:
                fail(t.where, 'more than 63 alternatives are not supported')
        changed = True
        while changed:
            changed = False
            for t in self.types:
                least = self.least(t)
                changed |= least != t.least
                t.least = least
        for t in self.types:
            if t.least is None:
                fail(t.where, '%s has no finite value' % t.name)
            if t.kind == 'LIST' and t.element.least == 0:
                fail(t.where, 'elements that take no bytes are not supported: any count would be valid')
        for t in self.types:
            t.plain = self.plain(t)

    def least(self, t):
        """Fewest bytes of an encoding, None while not known to be finite."""
        if t.kind in WIDTH:
            return WIDTH[t.kind]
        if t.kind == 'SEQUENCE':
            parts = [f.type.least for f in t.fields if not (f.addition or f.optional or f.default is not None)]
            return None if None in parts else t.preamble + sum(parts)
        if t.kind == 'CHOICE':
            parts = [f.type.least + f.addition for f in t.fields if f.type.least is not None]
            if t.extensible:
                parts.append(1)  # one that is not known: its length, which may be 0
            return 1 + min(parts) if parts else None
        if t.kind == 'LIST':
            if t.low == 0:
                return 2
            return None if t.element.least is None else 2 + t.low * t.element.least
        return {'UVAR': 2, 'IVAR': 2, 'ENUM': 1, 'BOOL': 1, 'BITS': 1, 'NULL': 0, 'FIXED': t.low,
                'OCTETS': 1 + t.low, 'UTF8': 1 + t.low}[t.kind]

    def plain(self, t):
        if t.kind in WIDTH:
            bits = 8 * WIDTH[t.kind]
            full = (0, 2**bits - 1) if t.kind[0] == 'U' else (-2**(bits - 1), 2**(bits - 1) - 1)
            return 'PLAIN' if (t.low, t.high) == full else None
        if t.kind in ('BITS', 'FIXED', 'NULL'):
            return 'PLAIN'
        if t.kind != 'SEQUENCE' or any(f.optional or f.default is not None for f in t.fields if not f.addition):
            return None
        inner = [self.plain(f.type) for f in t.fields if not f.addition]
        if t.extensible:
            return 'ZERO_FIRST' if all(p == 'PLAIN' for p in inner) else None
        if all(p == 'PLAIN' for p in inner):
            return 'PLAIN'
        return inner[0] if inner[0] and all(p == 'PLAIN' for p in inner[1:]) else None


def components(nodes, successors):
    """Strongly connected components (Tarjan), each after those that it refers to."""
    index, low, stack, on, found = {}, {}, [], set(), []

    def visit(t):
        index[t] = low[t] = len(index)
        stack.append(t)
        on.add(t)
        for s in successors(t):
            if s not in index:
                visit(s)
                low[t] = min(low[t], low[s])
            elif s in on:
                low[t] = min(low[t], index[s])
        if low[t] == index[t]:
            group = []
            while not group or group[-1] is not t:
                group.append(stack.pop())
                on.discard(group[-1])
            found.append(group)

    for t in nodes:
        if t not in index:
            visit(t)
    return found
