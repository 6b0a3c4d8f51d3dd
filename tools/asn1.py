# SPDX-License-Identifier: Apache-2.0
"""Reads the plain ASN.1 that asn1/ is written in (ITU-T X.680).

Plain means AUTOMATIC TAGS, no parameters, no information objects, no tags, no
COMPONENTS OF, no version brackets. What OER does not see (CONTAINING, WITH
COMPONENTS, CONSTRAINED BY, ALL EXCEPT, contained subtypes) is read over.

One pragma stands in a comment, on the line of a type's `::=`:
    -- @raw     its C struct keeps the bytes that it was decoded from
"""

import re


class Asn1Error(Exception):
    """Something wrong with the schema; the text begins with file:line."""


def fail(where, text):
    raise Asn1Error('%s:%d: %s' % (where[0], where[1], text))


class Node:
    """A type as written. kind is the builtin's name, 'SEQUENCE OF' or 'REF'."""

    def __init__(self, kind, where):
        self.kind = kind
        self.where = where
        self.values = None      # INTEGER: [(low, high)] or None; bounds are value expressions
        self.sizes = None       # likewise for SIZE
        self.open = False       # the constraint is extensible: OER does not see it
        self.names = []         # [(name, expression or None, is_addition, where)]
        self.fields = []        # SEQUENCE, CHOICE
        self.extensible = False
        self.element = None     # SEQUENCE OF
        self.ref = None         # REF: name


class Field:
    def __init__(self, name, node, where):
        self.name = name
        self.node = node
        self.where = where
        self.optional = False
        self.default = None     # expression
        self.addition = False


class Definition:
    def __init__(self, name, node, where):
        self.name = name
        self.node = node
        self.where = where
        self.raw = False


class Module:
    def __init__(self, name, where):
        self.name = name
        self.where = where
        self.imports = {}       # symbol: (module, where)
        self.types = {}         # name: Definition
        self.values = {}        # name: (type name or None, expression, where)


TOKEN = re.compile(r"""
    (?P<space>\s+)
  | (?P<comment>--.*?(?:--|(?=\n)|\Z)|/\*.*?\*/)
  | (?P<string>'[0-9A-Fa-f\s]*'[HB]|"[^"]*")
  | (?P<number>\d+)
  | (?P<word>[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*)
  | (?P<mark>::=|\.\.\.|\.\.|\[\[|\]\]|[{}()\[\],;|<>@.&:^!*-])
""", re.X | re.S)

BUILTIN = {'INTEGER', 'BOOLEAN', 'NULL', 'ENUMERATED', 'SEQUENCE', 'CHOICE', 'BIT', 'OCTET', 'UTF8String'}
REFUSED = {'SET', 'REAL', 'ANY', 'OBJECT', 'EXTERNAL', 'EMBEDDED', 'RELATIVE-OID', 'IA5String', 'PrintableString',
           'VisibleString', 'NumericString', 'BMPString', 'GeneralizedTime', 'UTCTime', 'CLASS'}
UNSEEN = {'CONTAINING', 'WITH', 'CONSTRAINED', 'ALL', 'ENCODED'}


class Lexer:
    """Tokens of one file, with line numbers; pragmas are taken out of the comments."""

    def __init__(self, path, text):
        self.path = path
        self.tokens = []        # (kind, text, line)
        self.pragmas = []       # (line, word, rest)
        line, at = 1, 0
        while at < len(text):
            m = TOKEN.match(text, at)
            if not m:
                fail((path, line), 'unexpected character %r' % text[at])
            kind, found = m.lastgroup, m.group()
            if kind == 'comment':
                self.pragma(found, line)
            elif kind != 'space':
                self.tokens.append((kind, found, line))
            line += found.count('\n')
            at = m.end()
        self.tokens.append(('end', 'end of file', line))

    def pragma(self, comment, line):
        words = comment.strip('-/* \t\n').split()
        if words and words[0].startswith('@'):
            self.pragmas.append((line, words[0], words[1:]))


class Parser:
    def __init__(self, path, text):
        lexer = Lexer(path, text)
        self.path = path
        self.tokens = lexer.tokens
        self.pragmas = lexer.pragmas
        self.at = 0

    # -- tokens

    def peek(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)][1]

    def kind(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)][0]

    def where(self):
        return (self.path, self.tokens[self.at][2])

    def take(self):
        token = self.tokens[self.at]
        if token[0] != 'end':
            self.at += 1
        return token[1]

    def accept(self, text):
        if self.peek() == text and self.kind() != 'string':
            self.take()
            return True
        return False

    def expect(self, text):
        if not self.accept(text):
            fail(self.where(), "expected '%s', found '%s'" % (text, self.peek()))

    def word(self, upper, what):
        text = self.peek()
        if self.kind() != 'word' or text[0].isupper() != upper:
            fail(self.where(), "expected %s, found '%s'" % (what, text))
        return self.take()

    def skip_braces(self):
        self.expect('{')
        depth = 1
        while depth:
            if self.kind() == 'end':
                fail(self.where(), "expected '}', found end of file")
            depth += {'{': 1, '}': -1}.get(self.take(), 0)

    # -- module

    def module(self):
        where = self.where()
        module = Module(self.word(True, 'a module name'), where)
        if self.peek() == '{':
            self.skip_braces()
        self.expect('DEFINITIONS')
        self.expect('AUTOMATIC')
        self.expect('TAGS')
        self.expect('::=')
        self.expect('BEGIN')
        if self.accept('EXPORTS'):
            while not self.accept(';'):
                if self.kind() == 'end':
                    fail(self.where(), "expected ';' after EXPORTS")
                self.take()
        if self.accept('IMPORTS'):
            self.imports(module)
        while not self.accept('END'):
            self.assignment(module)
        if self.kind() != 'end':
            fail(self.where(), "expected end of file, found '%s'" % self.peek())
        self.attach_pragmas(module)
        return module

    def imports(self, module):
        while not self.accept(';'):
            symbols = []
            while not self.accept('FROM'):
                if self.kind() != 'word':
                    fail(self.where(), "expected a name to import, found '%s'" % self.peek())
                symbols.append((self.take(), self.where()))
                self.accept(',')
            source = self.word(True, 'a module name')
            if self.peek() == '{':
                self.skip_braces()
            if self.accept('WITH'):
                self.take()
            for symbol, where in symbols:
                if symbol in module.imports:
                    fail(where, '%s is imported twice' % symbol)
                module.imports[symbol] = (source, where)

    def assignment(self, module):
        where = self.where()
        if self.kind() != 'word':
            fail(where, "expected a definition, found '%s'" % self.peek())
        name = self.take()
        if name in module.types or name in module.values:
            fail(where, '%s is defined twice' % name)
        if name[0].isupper():
            if self.peek() == '{':
                fail(where, 'parameters are not supported')
            line = self.where()
            self.expect('::=')
            definition = Definition(name, self.type(), where)
            definition.line = line[1]
            module.types[name] = definition
        else:
            node = self.type()
            self.expect('::=')
            if self.kind() == 'string' or self.peek() == '{':
                fail(self.where(), 'only values of INTEGER are supported')
            module.values[name] = (node, self.value(), where)

    def attach_pragmas(self, module):
        for line, word, rest in self.pragmas:
            where = (self.path, line)
            if word == '@raw' and not rest:
                hit = [d for d in module.types.values() if line in (d.where[1], d.line)]
                if not hit:
                    fail(where, '@raw stands on no line of a type definition')
                hit[0].raw = True
            else:
                fail(where, 'unknown pragma %s' % ' '.join([word] + rest))

    # -- types

    def type(self):
        where = self.where()
        word = self.peek()
        if self.peek() == '[':
            fail(where, 'tags are not supported: they are automatic')
        if self.kind() != 'word' or word in REFUSED or not word[0].isupper():
            fail(where, "expected a type, found '%s'" % word)
        self.take()
        node = Node(word, where)
        if word in ('BIT', 'OCTET'):
            self.expect('STRING')
            node.kind = word + ' STRING'
        elif word == 'SEQUENCE':
            self.sequence(node)
        elif word == 'CHOICE':
            self.components(node, choice=True)
        elif word not in BUILTIN:
            node.kind, node.ref = 'REF', word
            if self.peek() in ('{', '.'):
                fail(where, 'parameters and information objects are not supported')
        if word == 'ENUMERATED' or (word in ('INTEGER', 'BIT') and self.peek() == '{'):
            self.named(node, word == 'ENUMERATED')
        while self.peek() == '(':
            self.constraint(node)
        return node

    def sequence(self, node):
        if self.peek() == '{':
            self.components(node, choice=False)
            return
        node.kind = 'SEQUENCE OF'
        if self.peek() == 'SIZE':
            self.size(node)
        elif self.peek() == '(':
            self.constraint(node)
        self.expect('OF')
        node.element = self.type()

    def components(self, node, choice):
        self.expect('{')
        marks = 0
        while not self.accept('}'):
            where = self.where()
            if self.accept('...'):
                marks += 1
                if self.peek() == '!':
                    fail(where, 'exceptions are not supported')
            elif self.peek() in ('[[', 'COMPONENTS'):
                fail(where, "'%s' is not supported" % self.peek())
            elif marks > 1:
                fail(where, "components behind a second '...' are not supported")
            else:
                node.fields.append(self.component(choice, marks == 1))
            if self.peek() != '}':
                self.expect(',')
        node.extensible = marks > 0
        if choice and not node.fields:
            fail(node.where, 'a CHOICE needs an alternative')

    def component(self, choice, addition):
        where = self.where()
        field = Field(self.word(False, 'the name of a component'), None, where)
        field.node = self.type()
        field.addition = addition
        if not choice and self.accept('OPTIONAL'):
            field.optional = True
        elif not choice and self.accept('DEFAULT'):
            if addition:
                fail(where, 'DEFAULT behind "..." is not supported')
            field.default = self.default()
        return field

    def default(self):
        if self.accept('{'):
            bits = []
            while not self.accept('}'):
                bits.append(self.word(False, 'the name of a bit'))
                self.accept(',')
            return ('bits', bits)
        if self.peek() in ('TRUE', 'FALSE'):
            return ('number', int(self.take() == 'TRUE'))
        return self.value()

    def named(self, node, enumerated):
        self.expect('{')
        addition = False
        while not self.accept('}'):
            where = self.where()
            if self.accept('...'):
                if addition or not enumerated:
                    fail(where, "'...' does not belong here")
                addition = node.extensible = True
            else:
                name = self.word(False, 'a name')
                value = None
                if self.accept('('):
                    value = self.value()
                    self.expect(')')
                elif not enumerated:
                    fail(where, '%s needs a number' % name)
                node.names.append((name, value, addition, where))
            if self.peek() != '}':
                self.expect(',')
        if enumerated and not node.names:
            fail(node.where, 'an ENUMERATED needs a name')

    # -- constraints and values

    def value(self):
        where = self.where()
        if self.accept('-'):
            if self.kind() != 'number':
                fail(where, "expected a number, found '%s'" % self.peek())
            return ('number', -int(self.take()))
        if self.kind() == 'number':
            return ('number', int(self.take()))
        if self.peek() in ('MIN', 'MAX'):
            return (self.take(), None)
        return ('name', self.word(False, 'a number or the name of one'), where)

    def constraint(self, node):
        self.expect('(')
        word = self.peek()
        if word in UNSEEN or (self.kind() == 'word' and word[0].isupper() and word not in ('SIZE', 'MIN', 'MAX')):
            self.skip_parentheses()
            return
        if word == 'SIZE':
            self.size(node)
        elif word == '(':
            self.constraint(node)
        else:
            node.values = self.ranges(node)
        self.expect(')')

    def skip_parentheses(self):
        depth = 1
        while depth:
            if self.kind() == 'end':
                fail(self.where(), "expected ')', found end of file")
            depth += {'(': 1, ')': -1}.get(self.take(), 0)

    def size(self, node):
        self.expect('SIZE')
        self.expect('(')
        node.sizes = self.ranges(node)
        self.expect(')')

    def ranges(self, node):
        if self.accept('('):
            found = self.ranges(node)
            self.expect(')')
            return found
        found = []
        while True:
            low = high = self.value()
            if self.accept('..'):
                high = self.value()
            found.append((low, high))
            if not self.accept('|'):
                break
        if self.accept(','):
            self.expect('...')
            node.open = True
            if self.accept(','):
                self.ranges(node)
        return found


def parse(path):
    with open(path, encoding='utf-8') as f:
        return Parser(path, f.read()).module()
