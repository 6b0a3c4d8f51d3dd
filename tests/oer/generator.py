# SPDX-License-Identifier: Apache-2.0
"""What the generator refuses, with file and line: generator.py OERGEN."""

import os
import subprocess
import sys
import tempfile

# (what is expected after the file name, the module's body); a line "==" begins a second file, two.asn
CASES = [
    (":2: expected '::=', found 'SEQUENCE'", 'A SEQUENCE { }'),
    (":2: expected a type, found 'end of file'", 'A ::='),
    (":2: unexpected character '#'", 'A ::= #'),
    (":2: expected a type, found 'SET'", 'A ::= SET { a BOOLEAN }'),
    (":2: expected a type, found 'IA5String'", 'A ::= IA5String'),
    (":2: expected a type, found 'boolean'", 'A ::= boolean'),
    (":2: tags are not supported: they are automatic", 'A ::= [0] BOOLEAN'),
    (":2: parameters are not supported", 'A{T} ::= BOOLEAN'),
    (":2: parameters and information objects are not supported", 'A ::= B{BOOLEAN}'),
    (":2: parameters and information objects are not supported", 'A ::= CLASS-B.&id'),
    (":3: type B is neither defined nor imported", 'A ::= SEQUENCE {\n b B }'),
    (":3: A is defined twice", 'A ::= NULL\nA ::= NULL'),
    (":2: type A is defined by itself", 'A ::= B\nB ::= A'),
    (":4: expected ')', found end of file", 'A ::= NULL (CONSTRAINED BY {'),
    (":3: expected the name of a component, found 'B'", 'A ::= SEQUENCE {\n B BOOLEAN }'),
    (":3: the name a is taken", 'A ::= SEQUENCE { a NULL,\n a NULL }'),
    (":2: the name extensions is taken", 'A ::= SEQUENCE { extensions NULL, ... }'),
    (":2: the name unknown is taken", 'A ::= CHOICE { unknown NULL, ... }'),
    (":2: the name raw is taken", 'A ::= SEQUENCE { raw NULL } -- @raw'),
    (":3: C name A_b is taken by one.asn:2", 'A-b ::= NULL\nA ::= SEQUENCE { b SEQUENCE { } }'),
    (":2: '[[' is not supported", 'A ::= SEQUENCE { a NULL, ..., [[ b NULL ]] }'),
    (":2: 'COMPONENTS' is not supported", 'A ::= SEQUENCE { COMPONENTS OF B }'),
    (":2: components behind a second '...' are not supported", 'A ::= SEQUENCE { ..., a NULL, ..., b NULL }'),
    (":2: exceptions are not supported", 'A ::= SEQUENCE { ... ! 1 }'),
    (":2: a CHOICE needs an alternative", 'A ::= CHOICE { ... }'),
    (':2: DEFAULT behind "..." is not supported', 'A ::= SEQUENCE { ..., a BOOLEAN DEFAULT TRUE }'),
    (":2: DEFAULT is supported for scalars only", "A ::= SEQUENCE { a OCTET STRING DEFAULT 0 }"),
    (":2: DEFAULT is not a value of the type, or beyond 32 bits", 'A ::= SEQUENCE { a INTEGER (0..5) DEFAULT 6 }'),
    (":2: DEFAULT is not a value of the type, or beyond 32 bits", 'A ::= SEQUENCE { a INTEGER DEFAULT 2147483648 }'),
    (":2: DEFAULT is not a value of the type, or beyond 32 bits", 'A ::= SEQUENCE { a ENUMERATED { x } DEFAULT 1 }'),
    (":2: DEFAULT names a bit that does not exist", 'A ::= SEQUENCE { a BIT STRING (SIZE (8)) DEFAULT { x } }'),
    (":2: value x is neither defined nor imported", 'A ::= SEQUENCE { a INTEGER DEFAULT x }'),
    (":2: value x is neither defined nor imported", 'A ::= INTEGER (0..x)'),
    (":2: value x is defined by itself", 'x INTEGER ::= x\nA ::= INTEGER (0..x)'),
    (":2: only values of INTEGER are supported", "x OCTET STRING ::= '00'H"),
    (":2: the range 5..4 is empty", 'A ::= INTEGER (5..4)'),
    (":3: the range is not within that of the type it constrains", 'B ::= INTEGER (0..9)\nA ::= B (0..10)'),
    (":3: the SIZE is not within that of the type it constrains",
     'B ::= OCTET STRING (SIZE (1..2))\nA ::= B (SIZE (0..2))'),
    (":2: a value constraint needs an INTEGER", 'A ::= OCTET STRING (1..2)'),
    (":2: SIZE does not belong to this type", 'A ::= INTEGER (SIZE (1))'),
    (":2: only BIT STRING (SIZE (8)) is supported", 'A ::= BIT STRING (SIZE (9))'),
    (":2: only BIT STRING (SIZE (8)) is supported", 'A ::= BIT STRING'),
    (":2: a named bit lies outside the BIT STRING", 'A ::= BIT STRING { x (8) } (SIZE (8))'),
    (":2: x is named twice", 'A ::= INTEGER { x (1), x (2) }'),
    (":2: x needs a number", 'A ::= INTEGER { x }'),
    (":2: x (0) is there twice", 'A ::= ENUMERATED { x (0), x (0) }'),
    (":2: y (1) is there twice", 'A ::= ENUMERATED { x (1), y (1) }'),
    (":2: x is beyond 32 bits", 'A ::= ENUMERATED { x (2147483648) }'),
    (":2: an ENUMERATED needs a name", 'A ::= ENUMERATED { }'),
    (":2: A contains itself without end", 'A ::= SEQUENCE { a A }'),
    (":2: A has no finite value", 'A ::= CHOICE { a A }'),
    (":2: elements that take no bytes are not supported: any count would be valid", 'A ::= SEQUENCE OF NULL'),
    (":2: elements that take no bytes are not supported: any count would be valid",
     'A ::= SEQUENCE OF SEQUENCE { a NULL }'),
    (":2: more than 32 optional components are not supported",
     'A ::= SEQUENCE { %s }' % ', '.join('a%d NULL OPTIONAL' % i for i in range(33))),
    (":2: more than 63 alternatives are not supported",
     'A ::= CHOICE { %s }' % ', '.join('a%d NULL' % i for i in range(64))),
    (":2: @raw needs a SEQUENCE or CHOICE", 'A ::= INTEGER -- @raw'),
    (":3: @raw needs a SEQUENCE or CHOICE", 'B ::= SEQUENCE { }\nA ::= B -- @raw'),
    (":3: @raw stands on no line of a type definition", 'A ::= SEQUENCE {\n -- @raw\n }'),
    (":2: unknown pragma @rwa", 'A ::= SEQUENCE { } -- @rwa'),
    (":2: module Two is not among the inputs", 'IMPORTS B FROM Two;'),
    (":2: B is imported twice", 'IMPORTS B, B FROM Two;\n==\nB ::= NULL'),
    (":2: Two does not define C", 'IMPORTS C FROM Two;\n==\nB ::= NULL'),
    (":2: C name B is taken by one.asn:2", 'B ::= NULL\n==\nB ::= NULL'),
]


def write_module(folder, name, body):
    with open(os.path.join(folder, name.lower() + '.asn'), 'w', encoding='utf-8') as f:
        f.write('%s DEFINITIONS AUTOMATIC TAGS ::= BEGIN\n%s' % (name, body + ('\nEND\n' if body != 'A ::=' else '')))


def run(oergen, body):
    with tempfile.TemporaryDirectory() as folder:
        parts = body.split('\n==\n')
        for name, part in zip(('One', 'Two'), parts):
            write_module(folder, name, part)
        files = ['one.asn', 'two.asn'][:len(parts)]
        done = subprocess.run([sys.executable, oergen, '.'] + files, cwd=folder, capture_output=True, text=True)
        return done.returncode, done.stderr.strip(), sorted(os.listdir(folder))


def main():
    oergen, failures = os.path.abspath(sys.argv[1]), 0
    for want, body in CASES:
        code, said, files = run(oergen, body)
        made = [f for f in files if not f.endswith('.asn')]
        if code != 1 or not (said == 'one.asn' + want or said == 'two.asn' + want) or made:
            failures += 1
            print('%s\n  wants %s\n  says (%d) %s %s' % (body, want, code, said, made))
    code, said, files = run(oergen, 'A ::= SEQUENCE { a B }\n-- a -- B ::= /* b\n*/ NULL')
    if code != 0 or said or files != ['index.c', 'one.asn', 'one.c', 'types.h']:
        failures += 1
        print('a good module is refused: %s' % said)
    print('%d cases, %d failed' % (len(CASES) + 1, failures))
    return failures != 0


sys.exit(main())
