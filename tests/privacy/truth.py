# SPDX-License-Identifier: Apache-2.0
"""The true map of vehicles and certificates, and how to find what is of them in bytes of any kind."""

import base64
import binascii
import hashlib
import pathlib
import re
import sys
from collections import namedtuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "conformance"))
from plain import linkage  # noqa: E402

SINCE_2004 = 1072915200 - 5  # of SCMS times, which are TAI
PIECE = 8  # bytes by which a thing is known
HEX = re.compile(rb"[0-9A-Fa-f]{16,}")
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{11,}")
STANDARD = bytes.maketrans(b"-_", b"+/")

# certificate: its number, or None for what is of the vehicle as a whole.
Thing = namedtuple("Thing", "kind vehicle certificate")


class Truth:
    def __init__(self):
        self.values = {}  # (kind, certificate, vehicle) -> what it is, whole
        self.pieces = {}  # bytes -> Thing
        self.words = {}  # text, as bytes -> Thing: what is too short to be known by a piece of it
        self.numbers = {}  # integer -> Thing
        self.vehicle_of = {}  # certificate number -> vehicle
        self.certificate = {}  # certificate number -> linkage value, hash
        self.sent = []  # when each vehicle sent its request: microseconds since 1970
        self.vehicles = 0
        self.pattern = None

    # ---- what is true ----

    def add(self, kind, vehicle, certificate, value, digest=True):
        """Both ends of it, and of its hash: a hash of what others know tells as much as the thing itself."""
        thing = Thing(kind, vehicle, certificate)
        self.values.setdefault((kind, certificate, vehicle), []).append(value)
        values = [value]
        if digest:
            values.append(hashlib.sha256(value).digest())
        for one in values:
            if len(one) >= PIECE:
                self.pieces[one[:PIECE]] = self.pieces[one[-PIECE:]] = thing

    def add_word(self, kind, vehicle, text):
        self.words[text.encode()] = Thing(kind, vehicle, None)
        self.values.setdefault((kind, None, vehicle), []).append(text.encode())
        self.add(kind, vehicle, None, hashlib.sha256(text.encode()).digest(), False)
        self.pattern = re.compile(rb"(?<![0-9A-Za-z.-])(?:%s)(?![0-9A-Za-z-]|\.[0-9])" % b"|".join(map(re.escape, self.words)))

    def add_address(self, vehicle, address, port):
        self.add_word("address", vehicle, address)
        self.add_word("address", vehicle, str(port))
        packed = bytes(map(int, address.split(".")))
        for number in (port, int.from_bytes(packed, "big"), int.from_bytes(packed, "little")):
            self.numbers[number] = Thing("address", vehicle, None)

    def add_enrolment(self, vehicle, certificate, digest):
        self.add("enrolment", vehicle, None, digest)
        self.add("enrolment", vehicle, None, certificate[-32:])  # where its key comes from
        self.add("enrolment", vehicle, None, digest[-8:])

    def add_certificate(self, vehicle, value, **things):
        """things: kind=bytes. Returns its number."""
        number = len(self.vehicle_of)
        self.vehicle_of[number] = vehicle
        self.certificate[number] = (value, things.get("digest", value))
        self.add("value", vehicle, number, value)
        for tag in range(4):  # a kind before it, as in a key of a table
            self.add("value", vehicle, number, hashlib.sha256(bytes([tag]) + value).digest(), False)
        for kind, of_kind in things.items():
            for one in of_kind if isinstance(of_kind, list) else [of_kind]:
                self.add("certificate" if kind == "digest" else kind, vehicle, number, one)
        return number

    @classmethod
    def load(cls, text, joined=None):
        """
        Of tests/provision/truth.h or devices.c, as JSON. joined: (i, linkage value) -> hpcr, where the text does not say it; all
        that a role may hold stands there, what the text does not have is not looked for.
        """
        truth = cls()
        for v, one in enumerate(text["vehicles"]):
            if "address" in one:
                truth.add_address(v, one["address"], one["port"])
            if "device" in one:
                truth.add_word("device", v, one["device"])
            truth.add_enrolment(v, bytes.fromhex(one["enrolment"]), bytes.fromhex(one["enrolmentHash"]))
            truth.add("request", v, None, bytes.fromhex(one["request"]))
            if "sent" in one:
                truth.sent.append(one["sent"] + SINCE_2004 * 1000000)
            for la in "12" if "lci1" in one else "":
                truth.add("chain", v, None, bytes.fromhex(one[f"lci{la}"])[-24:])
            for c in one["certificates"]:
                truth._load_certificate(v, one, c, text.get("first"), joined)
        truth.vehicles = len(text["vehicles"])
        return truth

    def _load_certificate(self, vehicle, one, c, first, joined):
        value, digest = bytes.fromhex(c["lv"]), bytes.fromhex(c["hash"])
        things = {"certificate": [bytes.fromhex(c["certificate"])[-32:]], "digest": digest,
                  "cocoon": [bytes.fromhex(c["cocoonB"]), bytes.fromhex(c["cocoonH"])]}
        if joined is not None:
            things["hpcr"] = joined[c["i"], value]
        else:
            things["hpcr"] = bytes.fromhex(c["hpcr"])
            things["plv"] = [bytes.fromhex(c["plv1"]), bytes.fromhex(c["plv2"])]
        number = self.add_certificate(vehicle, value, **things)
        self.add("certificate", vehicle, number, digest[-10:])
        for la in "12" if "seed1" in one else "":
            seed = linkage.seed(bytes.fromhex(one[f"la{la}"]), bytes.fromhex(one[f"seed{la}"]), c["i"] - first)
            self.add("seed", vehicle, None, seed)

    def only(self, numbers):
        """The same without what is of other certificates, or of a vehicle as a whole."""
        other = Truth()
        other.pieces = {piece: thing for piece, thing in self.pieces.items() if thing.certificate in numbers}
        other.vehicle_of, other.certificate, other.vehicles, other.sent = self.vehicle_of, self.certificate, self.vehicles, self.sent
        return other

    def shuffled(self, chance):
        """The same with certificates dealt out to vehicles by chance: of this nobody can find anything."""
        other = Truth()
        numbers = list(self.vehicle_of)
        vehicles = [self.vehicle_of[number] for number in numbers]
        chance.shuffle(vehicles)
        other.vehicle_of = dict(zip(numbers, vehicles))
        other.pieces = {piece: thing if thing.certificate is None else thing._replace(vehicle=other.vehicle_of[thing.certificate])
                        for piece, thing in self.pieces.items()}
        other.certificate, other.vehicles, other.sent = self.certificate, self.vehicles, self.sent
        return other

    # ---- finding it ----

    def _raw(self, data):
        pieces = self.pieces
        for at in range(len(data) - PIECE + 1):
            if data[at:at + PIECE] in pieces:
                yield at, pieces[data[at:at + PIECE]]

    def _texts(self, data):
        """Of bytes as people write them."""
        for run in HEX.finditer(data):
            text = run.group()
            for shift in (0, 1):
                part = text[shift:len(text) - (len(text) - shift) % 2]
                for at, thing in self._raw(binascii.unhexlify(part)):
                    yield run.start() + shift + 2 * at, thing
        for run in BASE64.finditer(data):
            text = run.group().translate(STANDARD)
            for shift in range(4):
                part = text[shift:]
                part = part[:len(part) - 1] if len(part) % 4 == 1 else part
                for at, thing in self._raw(base64.b64decode(part + b"=" * (-len(part) % 4))):
                    yield run.start() + shift + at * 4 // 3, thing
        if self.pattern is not None:
            for word in self.pattern.finditer(data):
                yield word.start(), self.words[word.group()]

    def find(self, data):
        """[(offset, Thing)] of whatever stands in these bytes, as bytes, hex, base64 or words."""
        return [*self._raw(data), *self._texts(data)]

    def find_value(self, value):
        """The same for a column of a database or a value of JSON."""
        if isinstance(value, bytes):
            exact = self.numbers.get(int.from_bytes(value, "big")) if len(value) in (2, 4) else None
            return self.find(value) + ([(0, exact)] if exact else [])
        if isinstance(value, str):
            return self.find(value.encode())
        if isinstance(value, int) and value in self.numbers:
            return [(0, self.numbers[value])]
        return []
