# SPDX-License-Identifier: Apache-2.0
"""ECDSA on the four curves of IEEE 1609.2, with RFC 6979 nonces: the same signature every time.

Plain and slow on purpose, but for a table of multiples of each generator. For making test files only: nothing here is
constant time."""
import functools
import hashlib
import hmac


class Curve:
    def __init__(self, name, p, a, b, n, gx, gy, digest):
        self.name, self.p, self.a, self.b, self.n, self.g, self.digest = name, p, a, b, n, (gx, gy), digest
        self.width = (p.bit_length() + 7) // 8

    def hash(self, *parts):
        return self.digest(b"".join(parts)).digest()

    # Jacobian coordinates (x, y, z); None is infinity.
    def double(self, point):
        if point is None or point[1] == 0:
            return None
        p, (x, y, z) = self.p, point
        yy = y * y % p
        s = 4 * x * yy % p
        m = (3 * x * x + self.a * pow(z, 4, p)) % p
        x3 = (m * m - 2 * s) % p
        return x3, (m * (s - x3) - 8 * yy * yy) % p, 2 * y * z % p

    def add(self, one, other):
        if one is None:
            return other
        if other is None:
            return one
        p, (x1, y1, z1), (x2, y2, z2) = self.p, one, other
        z1z1, z2z2 = z1 * z1 % p, z2 * z2 % p
        u1, u2 = x1 * z2z2 % p, x2 * z1z1 % p
        s1, s2 = y1 * z2 * z2z2 % p, y2 * z1 * z1z1 % p
        if u1 == u2:
            return self.double(one) if s1 == s2 else None
        h, r = (u2 - u1) % p, (s2 - s1) % p
        hh = h * h % p
        hhh = h * hh % p
        v = u1 * hh % p
        x3 = (r * r - hhh - 2 * v) % p
        return x3, (r * (v - x3) - s1 * hhh) % p, z1 * z2 * h % p

    def affine(self, point):
        if point is None:
            return None
        inverse = pow(point[2], -1, self.p)
        square = inverse * inverse % self.p
        return point[0] * square % self.p, point[1] * square * inverse % self.p

    def multiply(self, k, point):
        """k * point, affine in and out."""
        result, base = None, (*point, 1)
        for bit in bin(k % self.n)[2:] if k % self.n else "":
            result = self.double(result)
            if bit == "1":
                result = self.add(result, base)
        return self.affine(result)

    @functools.cached_property
    def table(self):
        """Multiples d * 16^i of the generator."""
        rows, base = [], (*self.g, 1)
        for _ in range(2 * self.width):
            row = [None]
            for _ in range(15):
                row.append(self.add(row[-1], base))
            rows.append(row)
            base = self.add(row[-1], base)
        return rows

    def generate(self, k):
        """k * G."""
        result, k = None, k % self.n
        for row in self.table:
            result = self.add(result, row[k & 15])
            k >>= 4
        return self.affine(result)

    def sum(self, one, other):
        return self.affine(self.add(one and (*one, 1), other and (*other, 1)))

    def contains(self, point):
        x, y = point
        return x < self.p and y < self.p and (y * y - x * x * x - self.a * x - self.b) % self.p == 0

    def decompress(self, x, odd):
        """The point with this x and parity of y, or None."""
        if x >= self.p:
            return None
        square = (x * x * x + self.a * x + self.b) % self.p
        y = pow(square, (self.p + 1) // 4, self.p)
        if y * y % self.p != square:
            return None
        return x, y if (y & 1) == odd else self.p - y


P256 = Curve("P-256", 2**256 - 2**224 + 2**192 + 2**96 - 1, -3,
             0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
             0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
             0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
             0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5, hashlib.sha256)
P384 = Curve("P-384", 2**384 - 2**128 - 2**96 + 2**32 - 1, -3,
             0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef,
             0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973,
             0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7,
             0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f, hashlib.sha384)
BP256 = Curve("Brainpool P-256r1", 0xa9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377,
              0x7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9,
              0x26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6,
              0xa9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7,
              0x8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262,
              0x547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997, hashlib.sha256)
BP384 = Curve("Brainpool P-384r1",
              0x8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53,
              0x7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826,
              0x04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11,
              0x8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565,
              0x1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e,
              0x8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315, hashlib.sha384)
CURVES = {"p256": P256, "p384": P384, "bp256": BP256, "bp384": BP384}


def nonce(curve, secret, digest):
    """RFC 6979 section 3.2, for digests as long as the order."""
    size = curve.width
    x = secret.to_bytes(size, "big")
    h1 = (int.from_bytes(digest, "big") % curve.n).to_bytes(size, "big")
    v, k = b"\1" * size, b"\0" * size
    for step in (0, 1):
        k = hmac.new(k, v + bytes([step]) + x + h1, curve.digest).digest()
        v = hmac.new(k, v, curve.digest).digest()
    while True:
        v = hmac.new(k, v, curve.digest).digest()
        candidate = int.from_bytes(v, "big")
        if 1 <= candidate < curve.n:
            return candidate
        k = hmac.new(k, v + b"\0", curve.digest).digest()
        v = hmac.new(k, v, curve.digest).digest()


@functools.lru_cache(maxsize=None)
def sign(curve, secret, digest):
    """(r, s, point R) over the digest as it is."""
    k = nonce(curve, secret, digest)
    point = curve.generate(k)
    r = point[0] % curve.n
    s = pow(k, -1, curve.n) * (int.from_bytes(digest, "big") + r * secret) % curve.n
    return r, s, point


def verify(curve, public, digest, r, s):
    if not (0 < r < curve.n and 0 < s < curve.n) or public is None:
        return False
    w = pow(s, -1, curve.n)
    u1, u2 = int.from_bytes(digest, "big") * w % curve.n, r * w % curve.n
    point = curve.sum(curve.generate(u1) if u1 else None, curve.multiply(u2, public))
    return point is not None and point[0] % curve.n == r


class Key:
    """A key pair made from a name: the same one every time."""

    def __init__(self, name, curve=P256, secret=None):
        self.curve = curve
        self.secret = secret or int.from_bytes(hashlib.sha512(b"scms conformance key " + name.encode()).digest(), "big") \
            % (curve.n - 1) + 1
        self.public = curve.generate(self.secret)

    def sign(self, digest):
        return sign(self.curve, self.secret, digest)
