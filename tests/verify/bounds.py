# SPDX-License-Identifier: Apache-2.0
"""The bounds argument of src/crypto/p256_ifma_field.h, followed by machine.

Reads the formulas of p256_ifma_point.h as they stand, one call on a line, and carries through each of them the
greatest value that every field element can have, exactly. Fails if a factor could reach 2^260 (vpmadd52 would lose
its top), a difference fall below 0, a column of a product reach 2^63 or one of a sum 2^56, or a point come out
with greater bounds than it may go in with. Then it checks the test itself: a formula with one multiple of p too few must
be found.
"""

import re
import sys
from fractions import Fraction

P = 2 ** 256 - 2 ** 224 + 2 ** 192 + 2 ** 96 - 1
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
TOP = 2 ** 260
LIMB = 2 ** 52 - 1
# The largest limbs that a multiple k p brings into a column, as v_set(k * p256_p[i]) adds them.
P_LIMBS = [P >> 52 * i & LIMB for i in range(5)]


class Unsafe(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Unsafe(what)


def product(pairs, modulus, factors):
    """fe_mul and its kin: columns of five by five halves of 52 bits for each pair, and the reduction."""
    for a, b in pairs:
        need(a < TOP and b < TOP, 'a factor can reach 2^260')
    # A column of the product: at most 5 low and 5 high halves of a pair; of the reduction at most 5 and 5 more (mod
    # p they are fewer), and what is carried from the column below.
    column = len(pairs) * 10 * LIMB + factors * LIMB
    column += column >> 52
    need(column < 2 ** 63, 'a column of a product can overflow')
    value = sum(a * b for a, b in pairs)
    return (value + (TOP - 1) * modulus) // TOP


def total(plus, minus, k):
    """Sums: values and their columns; minus is taken off, k p is added."""
    columns = [sum(times * LIMB for times, _ in plus) + k * limb for limb in P_LIMBS]
    need(max(columns) < 2 ** 56 and sum(times for times, _ in minus) * LIMB < 2 ** 56, 'a column of a sum is too great')
    taken = sum(times * value for times, value in minus)
    need(taken <= k * P, 'a difference can fall below 0')
    value = sum(times * value for times, value in plus) + k * P
    need(value < TOP, 'a sum can reach 2^260')
    return value


def fold(value):
    need(value < TOP, 'what is folded can reach 2^260')
    return 2 ** 256 + 2 ** 213 + ((value >> 256) + 1) * (2 ** 224 - 2 ** 192 - 2 ** 96 + 1)


def run(call, args, bound):
    """The bound of the result."""
    values = [bound.get(name) for name in args[1:]]
    number = int(args[-1]) if args[-1].isdigit() else None

    def value(i):
        need(values[i] is not None, '%s is used before it has a bound' % args[1 + i])
        return values[i]

    if call == 'fe_mul':
        return product([(value(0), value(1))], P, 10)
    if call == 'fe_sqr':
        return product([(value(0), value(0))], P, 10)
    if call == 'fe_mul2':
        return product([(value(0), value(1)), (value(2), value(3))], P, 10)
    if call == 'fe_add':
        return total([(1, value(0)), (1, value(1))], [], 0)
    if call == 'fe_sub':
        return total([(1, value(0))], [(1, value(1))], number)
    if call == 'fe_neg':
        return total([], [(1, value(0))], number)
    if call == 'fe_neg_double':
        return total([], [(2, value(0))], number)
    if call == 'fe_shift':
        return total([(2 ** number, value(0))], [], 0)
    if call == 'fe_triple':
        return total([(3, value(0))], [], 0)
    if call == 'fe_shift_fold':
        return fold(total([(2 ** number, value(0))], [], 0))
    if call == 'fe_sub3_fold':
        return fold(total([(1, value(0))], [(1, value(1)), (2, value(2))], number))
    if call == 'fe_sub_fold':
        return fold(total([(1, value(0))], [(1, value(1))], number))
    if call == 'fe_sub_sub_fold':
        return fold(total([(1, value(0))], [(1, value(1)), (1, value(2))], number))
    if call == 'fe_sub2_fold':
        return fold(total([(1, value(0))], [(2, value(1))], number))
    raise SystemExit('bounds.py does not know %s' % call)


FORMULA = re.compile(r'/\*((?:(?!\*/).)*?bounds:.*?)\*/\s*LANE void (\w+)\((.*?)\)\s*\{(.*?)\n\}', re.S)
CALL = re.compile(r'^(?:BOTH )?(fe_\w+)\((.*)\);$')
ASSIGN = re.compile(r'^(\S+) = (\S+);$')


def name_of(text):
    return re.sub(r'\[k\]|&', '', text).replace('->', '.').strip()


def formulas(text):
    for comment, function, _, body in FORMULA.findall(text):
        words = re.search(r'bounds:([^\n]*(?:\n \* [^\n]*)*)', comment)[1].replace('*', ' ').split()
        yield function, dict(zip(words[::2], map(Fraction, words[1::2]))), body


def follow(function, start, body):
    bound = {name: int(value * P) for name, value in start.items()}
    seen = 0
    for line in body.split('\n'):
        line = line.strip()
        if not line or line.startswith('struct fe '):
            continue
        call, assign = CALL.match(line), ASSIGN.match(line)
        if assign:
            bound[name_of(assign[1])] = bound[name_of(assign[2])]
            continue
        if not call:
            raise SystemExit('%s: bounds.py cannot read: %s' % (function, line))
        args = [name_of(arg) for arg in call[2].split(',')]
        try:
            if call[1] == 'fe_blend':
                bound[args[0]] = max(bound[args[0]], bound[args[2]])
            else:
                bound[args[0]] = run(call[1], args, bound)
        except Unsafe as e:
            raise Unsafe('%s: %s: %s' % (function, line, e))
        seen += 1
    for name, value in start.items():
        need(bound[name] <= value * P, '%s: %s comes out as %.3f p' % (function, name, bound[name] / P))
    return seen


def scalars():
    """fn_mul: plain numbers below 2^256 and results of itself; then one subtraction of n must do."""
    plain, result = 2 ** 256 - 1, 0
    for _ in range(8):
        worst = max(plain, result)
        result = product([(worst, worst)], N, 10)
    need(result < 2 * N, 'fn_mul can give 2 n')


def edges():
    """Where points come from, and the answer: what p256_ifma.c relies on."""
    plain, rr = 2 ** 256 - 1, P - 1
    x = fold(product([(plain, rr)], P, 10))
    need(x <= Fraction(101, 100) * P, 'a coordinate from a message')
    need(product([(4 * P, 4 * P)], P, 10) <= 2 * P, 'zz of a point that had z')
    need(product([(2 * P, 4 * P)], P, 10) <= 2 * P, 'zzz of a point that had z')
    folded = fold(TOP - 1)
    need(folded <= 2 ** 256 + 2 ** 229, 'a folded number is above what p256_ifma_field.h says')
    need(folded < 2 * P, 'zero has a third form when folded')
    need(product([(2 * P, 1)], P, 10) < 2 * P, 'a number out of Montgomery form')


def main():
    text = open(sys.argv[1]).read()
    found = list(formulas(text))
    names = [function for function, _, _ in found]
    if names != re.findall(r'^LANE void (\w+)', text, re.M):
        raise SystemExit('formulas without bounds in %s' % sys.argv[1])
    count = sum(follow(*formula) for formula in found)
    scalars()
    edges()
    # Each multiple of p that is added somewhere is needed: with the smaller one, something is unsafe.
    noticed = 0
    for function, start, body in found:
        for match in re.finditer(r'(fe_(?:sub|neg|sub_fold|sub_sub_fold|sub3_fold|neg_double)\([^;]*, )(\d)\);', body):
            fewer = body[:match.start(2)] + '0' + body[match.end(2):]
            try:
                follow(function, start, fewer)
            except Unsafe:
                noticed += 1
            else:
                raise SystemExit('%s: %s with 0 is not noticed' % (function, match[0]))
    print('%d formulas, %d steps safe; %d changed ones noticed' % (len(found), count, noticed))


main()
