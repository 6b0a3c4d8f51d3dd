# SPDX-License-Identifier: Apache-2.0
"""Decodes and encodes every type of schema.txt in canonical OER.

A value is: int; bytes for octets; str for text and for enumerated names; None for NULL; a list; {alternative: value} for
a CHOICE; {field: value} for a SEQUENCE, absent fields left out. Extension additions that the schema does not know are
kept as bytes under "...", by their number, and with them the size of the bitmap ("bits") where it is not the usual one, so that
what was decoded is encoded the same again. An enumerated value that the schema does not know is refused."""
import pathlib
import re

from . import coer
from .coer import Reader, Refused

DEPTH = 8  # how often Ieee1609Dot2Data may be nested in itself


class Number:
    def __init__(self, size, low, high):
        self.size, self.low, self.high = size, low, high

    def read(self, reader, depth):
        value = int.from_bytes(reader.take(self.size), "big", signed=self.low < 0)
        if not self.low <= value <= self.high:
            raise Refused(f"{value} before {reader.at} is not within {self.low} and {self.high}")
        return value

    def write(self, value):
        return value.to_bytes(self.size, "big", signed=self.low < 0)


class Unbounded:
    def __init__(self, signed):
        self.signed = signed

    def read(self, reader, depth):
        return reader.signed() if self.signed else reader.unsigned()

    def write(self, value):
        return coer.signed(value) if self.signed else coer.unsigned(value)


class Null:
    def read(self, reader, depth):
        return None

    def write(self, value):
        return b""


class Octets:
    def __init__(self, low, high, text=False):
        self.low, self.high, self.text = low, high, text

    def read(self, reader, depth):
        value = reader.take(self.low) if self.low == self.high else reader.octets()
        if not self.text:
            size = len(value)
        else:
            try:
                value = value.decode()
            except UnicodeDecodeError:
                raise Refused(f"no UTF-8 before {reader.at}") from None
            size = len(value)
        if size < self.low or (self.high is not None and size > self.high):
            raise Refused(f"size {size} before {reader.at}")
        return value

    def write(self, value):
        data = value.encode() if self.text else value
        return data if self.low == self.high else coer.octets(data)


class Enum:
    def __init__(self, names):
        self.names = names  # value by name

    def read(self, reader, depth):
        value = reader.number(1)
        for name, number in self.names.items():
            if number == value:
                return name
        raise Refused(f"no value {value} before {reader.at}")

    def write(self, value):
        return coer.u8(self.names[value])


class List:
    def __init__(self, of, low=0, high=None):
        self.of, self.low, self.high = of, low, high

    def read(self, reader, depth):
        values = reader.list_of(lambda r: self.of.read(r, depth))
        if len(values) < self.low or (self.high is not None and len(values) > self.high):
            raise Refused(f"{len(values)} elements before {reader.at}")
        return values

    def write(self, values):
        return coer.sequence_of(self.of.write(v) for v in values)


class Field:
    def __init__(self, name, type_, optional=False, default=None, added=False):
        self.name, self.type, self.optional, self.default, self.added = name, type_, optional, default, added

    def may_lack(self):
        return self.optional or self.default is not None


class Type:
    """A SEQUENCE or CHOICE; its fields come when the schema is read."""

    def __init__(self, name, extensible):
        self.name, self.extensible, self.fields = name, extensible, []

    def root(self):
        return [f for f in self.fields if not f.added]

    def added(self):
        return [f for f in self.fields if f.added]


class Sequence(Type):
    def read(self, reader, depth):
        if self.name == "Ieee1609Dot2Data":
            depth -= 1
            if depth < 0:
                raise Refused(f"nested too deeply before {reader.at}")
        lacking = [f for f in self.root() if f.may_lack()]
        bits = reader.preamble(self.extensible + len(lacking)) if self.extensible or lacking else []
        extended = bits[0] if self.extensible else False
        present = dict(zip((f.name for f in lacking), bits[self.extensible:]))
        value = {}
        for field in self.root():
            if present.get(field.name, True):
                value[field.name] = field.type.read(reader, depth)
                if field.default is not None and value[field.name] == field.default:
                    raise Refused(f"{self.name}.{field.name} before {reader.at} is written and equals its default")
            elif field.default is not None:
                value[field.name] = field.default
        if extended:
            self.read_additions(reader, depth, value)
        return value

    def read_additions(self, reader, depth, value):
        known, strange = self.added(), {}
        count, present = reader.additions()
        for number, data in present.items():
            if number < len(known):
                inner = Reader(data)
                value[known[number].name] = known[number].type.read(inner, depth)
                inner.done()
            else:
                strange[number] = data
        if count != max(len(known), max(present) + 1):
            strange["bits"] = count  # its writer knew fewer additions, or more
        if strange:
            value["..."] = strange

    def write(self, value):
        lacking = [f for f in self.root() if f.may_lack()]
        there = lambda f: f.name in value and (f.default is None or value[f.name] != f.default)
        items = {k: f.type.write(value[f.name]) for k, f in enumerate(self.added()) if f.name in value}
        items.update({k: v for k, v in value.get("...", {}).items() if k != "bits"})
        bits = [bool(items)] if self.extensible else []
        data = coer.preamble(*bits, *(there(f) for f in lacking)) if self.extensible or lacking else b""
        for field in self.root():
            if not field.may_lack() or there(field):
                data += field.type.write(value[field.name])
        if items:
            count = value.get("...", {}).get("bits", max(len(self.added()), max(items) + 1))
            data += coer.additions(*(items.get(k) for k in range(count)))
        return data


class Choice(Type):
    def read(self, reader, depth):
        tag = reader.tag(len(self.root()), len(self.added()))
        field = self.fields[tag]
        if not field.added:
            return {field.name: field.type.read(reader, depth)}
        inner = Reader(reader.octets())
        value = field.type.read(inner, depth)
        inner.done()
        return {field.name: value}

    def write(self, value):
        (name, inner), = value.items()
        tag = next(k for k, f in enumerate(self.fields) if f.name == name)
        data = self.fields[tag].type.write(inner)
        return coer.extended_choice(tag, data) if self.fields[tag].added else coer.choice(tag, data)


# ---- the schema ----

WIDTH = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i32": 4}


def bounds(text):
    """'(3)', '(1..64)', '(3..)' or nothing."""
    match = re.search(r"\((-?\d+)(\.\.(-?\d+)?)?\)", text)
    if not match:
        return None
    return int(match[1]), (int(match[3]) if match[3] else None) if match[2] else int(match[1])


def parse_type(text, types):
    """A type as it is written in the schema."""
    if text.startswith("list"):
        how, _, of = text.partition(" ")
        return List(parse_type(of, types), *(bounds(how) or (0, None)))
    word = text.partition("(")[0]
    if word in WIDTH:
        size = WIDTH[word]
        return Number(size, *(bounds(text) or (0, (1 << 8 * size) - 1)))
    if word in ("octets", "text"):
        return Octets(*(bounds(text) or (0, None)), text=word == "text")
    simple = {"null": Null, "bits": lambda: Number(1, 1, 255), "unsigned": lambda: Unbounded(False), "signed": lambda: Unbounded(True)}
    return simple[text]() if text in simple else types[text]


def parse_field(line, types):
    match = re.fullmatch(r"(\+?) *(\S+) (.+?)( \?| = \d+)?", line)
    mark = match[4] or ""
    return Field(match[2], parse_type(match[3], types), mark == " ?", int(mark[3:]) if "=" in mark else None, match[1] == "+")


def temporal(words, types):
    """The series of a policy parameter: an initial value, and values with a start time."""
    match = re.fullmatch(r"(\w+)( as (\w+))? (.+?)( = \d+)?", words)
    name, shown = match[1], match[3] or match[1]
    of, default = parse_type(match[4], types), int(match[5][3:]) if match[5] else None
    interval, series = Sequence(name + "Interval", False), Sequence("Temporal" + name, False)
    interval.fields = [Field("startTime", types["Time64"]), Field(shown[0].lower() + shown[1:], of)]
    series.fields = [Field("initial" + shown, of, default=default), Field("intervals", List(interval))]
    return series


def load(path):
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    types, current = {}, None
    for line in lines:  # names first: types refer to later ones
        kind, _, rest = line.partition(" ")
        if kind in ("seq", "choice"):
            name, *marker = rest.split()
            types[name] = (Sequence if kind == "seq" else Choice)(name, bool(marker))
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind in ("seq", "choice"):
            current = types[rest.split()[0]]
        elif kind == "is":
            name, _, of = rest.partition(" ")
            types[name] = parse_type(of, types)
        elif kind == "enum":
            name, *values = rest.split()
            numbered = [v.partition("=")[::2] for v in values if v != "..."]
            types[name] = Enum({v: int(n) if n else k for k, (v, n) in enumerate(numbered)})
        elif kind == "temporal":
            series = temporal(rest, types)
            types[series.name] = series
        else:
            current.fields.append(parse_field(line.strip(), types))
    return types


TYPES = load(pathlib.Path(__file__).with_name("schema.txt"))


def decode(name, data, depth=DEPTH):
    """The value of the type of this name that data encodes, all of it. Raises Refused."""
    reader = Reader(data)
    value = TYPES[name].read(reader, depth + 1)  # what is nested in nothing counts too
    reader.done()
    return value


def encode(name, value):
    return TYPES[name].write(value)


def decode_first(names, data, depth=DEPTH):
    """(name, value) of the first of these types that data encodes. Raises the first one's Refused."""
    first = None
    for name in names:
        try:
            return name, decode(name, data, depth)
        except Refused as refused:
            first = first or refused
    raise first


def canonical(value, within=""):
    """A decoded value with every point in canonical form: r as x only, other points compressed (IEEE 1609.2, 6.4.3)."""
    if isinstance(value, list):
        return [canonical(v, within) for v in value]
    if not isinstance(value, dict):
        return value
    (name, inner), *more = value.items() or [("", None)]
    if not more and name in ("compressed-y-0", "compressed-y-1") and within == "rSig":
        return {"x-only": inner}
    if not more and name.startswith("uncompressedP"):
        return {"x-only": inner["x"]} if within == "rSig" else {f"compressed-y-{inner['y'][-1] & 1}": inner["x"]}
    kept = ("...", "requestedCertificate")  # what stands after "..." in a header stays as it is
    return {k: v if k in kept else canonical(v, k) for k, v in value.items()}


def jer(value):
    """The value as JSON Encoding Rules (X.697) have it, but that a BIT STRING of eight is still a number."""
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, list):
        return [jer(v) for v in value]
    if isinstance(value, dict):
        return {k: jer(v) for k, v in value.items()}
    return value
