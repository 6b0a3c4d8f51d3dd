# SPDX-License-Identifier: Apache-2.0
"""Linkage seeds and values of the linkage-CRL cases; AES in a few lines, since the standard library has none."""
import functools
import hashlib

LA1, LA2 = b"\x8e\x09", b"\x59\xce"
SEED1, SEED2 = bytes.fromhex("4840ed221502d9ab6786bf68fba9f210"), bytes.fromhex("6b71a7eb5755f16e89981d2189a6daea")


@functools.lru_cache(maxsize=None)
def sbox():
    inverse = [0] * 256
    p = q = 1
    table = [0] * 256
    while True:
        p ^= (p << 1 & 0xff) ^ (0x1b if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xff
        q ^= 0x09 if q & 0x80 else 0
        x = q ^ (q << 1 | q >> 7) & 0xff ^ (q << 2 | q >> 6) & 0xff ^ (q << 3 | q >> 5) & 0xff ^ (q << 4 | q >> 4) & 0xff
        table[p] = x ^ 0x63
        if p == 1:
            break
    table[0] = 0x63
    return table


def double(b):
    return (b << 1 ^ (0x1b if b & 0x80 else 0)) & 0xff


def aes128(key, block):
    s = sbox()
    words, rcon = [list(key[k:k + 4]) for k in range(0, 16, 4)], 1
    for k in range(4, 44):
        word = list(words[-1])
        if k % 4 == 0:
            word = [s[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = double(rcon)
        words.append([a ^ b for a, b in zip(words[k - 4], word)])
    keys = [sum(words[k:k + 4], []) for k in range(0, 44, 4)]
    state = [a ^ b for a, b in zip(block, keys[0])]
    for n in range(1, 11):
        state = [s[state[(k + 4 * (k % 4)) % 16]] for k in range(16)]
        if n < 10:
            mixed = []
            for c in range(0, 16, 4):
                a = state[c:c + 4]
                whole = a[0] ^ a[1] ^ a[2] ^ a[3]
                mixed += [a[k] ^ whole ^ double(a[k] ^ a[(k + 1) % 4]) for k in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, keys[n])]
    return bytes(state)


def seed(la, start, i):
    for _ in range(i):
        start = hashlib.sha256(la + start + bytes(14)).digest()[:16]
    return start


def pre_linkage(la, ls, j):
    block = la + j.to_bytes(4, "big") + bytes(10)
    return bytes(a ^ b for a, b in zip(aes128(ls, block), block))[:9]


def value(i, j):
    one, other = pre_linkage(LA1, seed(LA1, SEED1, i), j), pre_linkage(LA2, seed(LA2, SEED2, i), j)
    return bytes(a ^ b for a, b in zip(one, other))
