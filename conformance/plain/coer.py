# SPDX-License-Identifier: Apache-2.0
"""Canonical OER (X.696), as far as the SCMS needs it: values to bytes, and a reader."""


def u8(n):
    return n.to_bytes(1, "big")


def u16(n):
    return n.to_bytes(2, "big")


def u32(n):
    return n.to_bytes(4, "big")


def u64(n):
    return n.to_bytes(8, "big")


def length(n):
    """Length determinant."""
    if n < 128:
        return bytes([n])
    body = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(body)]) + body


def octets(data):
    """OCTET STRING or text of variable size; also an open type."""
    return length(len(data)) + data


def unsigned(n):
    """INTEGER (0..MAX): length and minimal unsigned bytes."""
    body = n.to_bytes(max(1, (n.bit_length() + 7) // 8), "big")
    return length(len(body)) + body


def signed(n):
    """INTEGER without bounds: length and minimal two's complement."""
    size = 1
    while not -(1 << (8 * size - 1)) <= n < 1 << (8 * size - 1):
        size += 1
    return length(size) + n.to_bytes(size, "big", signed=True)


def sequence_of(items):
    items = list(items)
    return unsigned(len(items)) + b"".join(items)


def choice(tag, body=b""):
    return bytes([0x80 | tag]) + body


def extended_choice(tag, body):
    """An alternative after the extension marker."""
    return bytes([0x80 | tag]) + octets(body)


def preamble(*bits):
    """Preamble of a SEQUENCE: extension bit first where there is one."""
    size = (len(bits) + 7) // 8
    value = 0
    for bit in bits:
        value = value << 1 | bool(bit)
    return (value << (8 * size - len(bits))).to_bytes(size, "big")


def additions(*items):
    """Extension additions of a SEQUENCE; None for one that is absent."""
    size = (len(items) + 7) // 8
    bits = 0
    for item in items:
        bits = bits << 1 | (item is not None)
    bits <<= 8 * size - len(items)
    bitmap = bytes([8 * size - len(items)]) + bits.to_bytes(size, "big")
    return octets(bitmap) + b"".join(octets(item) for item in items if item is not None)


class Refused(Exception):
    """Not the canonical encoding of what was wanted."""


class Reader:
    """Takes values from the front of bytes."""

    def __init__(self, data, at=0, end=None):
        self.data, self.at, self.end = data, at, len(data) if end is None else end

    def take(self, n):
        if n < 0 or n > self.end - self.at:
            raise Refused(f"{n} bytes wanted at {self.at}, {self.end - self.at} left")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, n):
        return int.from_bytes(self.take(n), "big")

    def length(self):
        first = self.number(1)
        if first < 128:
            return first
        n = self.number(first & 127) if first & 127 else -1
        if n < 128 or n < 1 << (8 * ((first & 127) - 1)):
            raise Refused(f"length not minimal before {self.at}")
        return n

    def octets(self):
        return self.take(self.length())

    def unsigned(self):
        body = self.octets()
        if not body or (len(body) > 1 and body[0] == 0):
            raise Refused(f"integer not minimal before {self.at}")
        return int.from_bytes(body, "big")

    def signed(self):
        body = self.octets()
        if not body or (len(body) > 1 and body[0] in (0, 255) and (body[0] >> 7) == (body[1] >> 7)):
            raise Refused(f"integer not minimal before {self.at}")
        return int.from_bytes(body, "big", signed=True)

    def list_of(self, read):
        count = self.unsigned()
        if count > self.end - self.at:
            raise Refused(f"{count} elements in {self.end - self.at} bytes")
        return [read(self) for _ in range(count)]

    def tag(self, root, extended=0):
        """Tag of a CHOICE: alternatives 0..root-1, and `extended` more after the marker."""
        tag = self.number(1) - 0x80
        if not 0 <= tag < root + extended:
            raise Refused(f"no alternative {tag} before {self.at}")
        return tag

    def preamble(self, n):
        size = (n + 7) // 8
        value = self.number(size)
        if value & ((1 << (8 * size - n)) - 1):
            raise Refused(f"padding bits set before {self.at}")
        return [bool(value >> (8 * size - 1 - k) & 1) for k in range(n)]

    def additions(self):
        """Reads the extension part of a SEQUENCE: how many additions its bitmap has, and the bytes of those present by number."""
        bitmap = self.octets()
        if len(bitmap) < 2 or bitmap[0] > 7:
            raise Refused(f"extension bitmap before {self.at}")
        count = 8 * (len(bitmap) - 1) - bitmap[0]
        bits = int.from_bytes(bitmap[1:], "big")
        if bits == 0 or bits & ((1 << bitmap[0]) - 1):
            raise Refused(f"extension bitmap before {self.at}")
        present = [k for k in range(count) if bits >> (8 * (len(bitmap) - 1) - 1 - k) & 1]
        return count, {k: self.octets() for k in present}

    def done(self):
        if self.at != self.end:
            raise Refused(f"{self.end - self.at} bytes after the value")
