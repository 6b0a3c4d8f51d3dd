#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The plain second implementation (conformance/plain) against samples, published vectors and its own refusals.

Usage: test_plain.py [unittest arguments]"""
import functools
import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
sys.path.insert(0, str(ROOT / "conformance"))

from plain import linkage
from plain.codec import decode, decode_first, encode
from plain.coer import Refused
from plain.ecdsa import BP256, BP384, CURVES, Key, P256, P384, verify
from plain.verify import CertificateView, SignedView, alternative

# What the samples are, by the beginning of their names.
KINDS = {
    "cert-": ["Certificate"], "crl-": ["Ieee1609Dot2Data"], "signed-": ["Ieee1609Dot2Data"],
    "ballot-": ["ElectorBallot", "ElectorBallot121"], "neg-ballot-": ["ElectorBallot", "ElectorBallot121"],
    "composite-": ["CompositeCrl", "CompositeCrl121"], "scoped-": ["ScmsPDU", "ScmsPDU121"],
    "gccf": ["ScmsFile", "ScmsFile121"], "lccf": ["ScmsFile", "ScmsFile121"],
}


def samples():
    """(name, type names, bytes) of every sample of our own."""
    for path in sorted((DATA / "electors").glob("*.coer")):
        name = path.stem.removeprefix("v121-").removeprefix("v124-")
        yield path.stem, next(types for start, types in KINDS.items() if name.startswith(start)), path.read_bytes()


@functools.lru_cache
def manifest():
    return json.loads((DATA / "electors" / "manifest.json").read_text())


@functools.lru_cache
def certificates():
    return {p.stem[5:]: CertificateView(p.read_bytes()) for p in (DATA / "electors").glob("cert-*.coer")}


def by_id8(id8):
    return next((c for c in certificates().values() if c.id8 == id8), None)


def key_of(certificate):
    name = next(n for n, c in certificates().items() if c is certificate)
    return Key(name, P256, int(manifest()["keys"][name]["priv"], 16))


def votes_of(ballot):
    return [SignedView(alternative(e["content"])[1]) for e in ballot["endorsements"]]


class Samples(unittest.TestCase):
    def test_encoded_again_they_are_the_same(self):
        for name, types, data in samples():
            with self.subTest(name):
                kind, value = decode_first(types, data)
                self.assertEqual(encode(kind, value), data)

    def test_cut_short_or_longer_they_are_refused(self):
        for name, types, data in samples():
            for bad in (data[:-1], data[:len(data) // 2], data + b"\0", b""):
                with self.subTest(name), self.assertRaises(Refused):
                    decode_first(types, bad)

    def test_hashes_and_keys(self):
        for name, known in manifest()["keys"].items():
            with self.subTest(name):
                certificate = certificates()[name]
                self.assertEqual(certificate.identity.hex(), known["sha256"])
                self.assertEqual(certificate.id8.hex(), known["hashedId8"])
                self.assertEqual(certificate.public(), Key(name, P256, int(known["priv"], 16)).public)

    def test_certificates_verify_and_are_signed_the_same_again(self):
        for name, certificate in certificates().items():
            with self.subTest(name):
                issuer = by_id8(certificate.issuer) if certificate.issuer else None
                self.assertTrue(certificate.is_signed_by(issuer))
                self.assertFalse(certificate.is_signed_by(certificates()["elector-A" if name != "elector-A" else "elector-B"]))
                r, s, _ = key_of(issuer or certificate).sign(certificate.digest(issuer, P256))
                signature = {"rSig": {"x-only": r.to_bytes(32, "big")}, "sSig": s.to_bytes(32, "big")}
                again = {**certificate.value, "signature": {"ecdsaNistP256Signature": signature}}
                self.assertEqual(encode("Certificate", again), certificate.bytes)

    def test_votes_verify_and_are_signed_the_same_again(self):
        seen = 0
        for name, types, data in samples():
            if "ballot-" not in name:
                continue
            for number, vote in enumerate(votes_of(decode_first(types, data)[1])):
                with self.subTest(name, vote=number):
                    self.check_signed(vote)
                    seen += 1
        self.assertEqual(seen, 37)

    def test_a_signed_crl_and_a_signed_endorsement(self):
        for name in ("crl-series2-by-crlg", "v121-signed-elector-endorsement-addRoot1-by-A",
                     "v124-signed-elector-endorsement-addRoot1-by-A"):
            with self.subTest(name):
                self.check_signed(SignedView.read((DATA / "electors" / f"{name}.coer").read_bytes()))

    def check_signed(self, signed):
        signer = by_id8(signed.signer_id8)
        self.assertTrue(signed.is_signed_by(signer))
        self.assertFalse(signed.is_signed_by(certificates()["root-2"]))
        digest = P256.hash(P256.hash(signed.tbs), P256.hash(signer.canonical))
        r, s, _ = key_of(signer).sign(digest)
        self.assertEqual(signed.value["signature"], {"ecdsaNistP256Signature": {
            "rSig": {"x-only": r.to_bytes(32, "big")}, "sSig": s.to_bytes(32, "big")}})

    def test_what_the_ballots_say(self):
        for name, types, data in samples():
            match = re.search(r"-ballot-((?:add|remove)(Root|Elector))(\w)", name)
            if not match or "neg-" in name:
                continue
            with self.subTest(name):
                kind, ballot = decode_first(types, data)
                payloads = {v.payload for v in votes_of(ballot)}
                self.assertEqual(len(payloads), 1)
                pdu = decode("ScmsPDU" if kind == "ElectorBallot" else "ScmsPDU121", payloads.pop())
                endorsement = pdu["content"]["ccm"]["tbsElectorEndorsement"]
                self.assertEqual(endorsement["type"], match[1])
                wanted = certificates()[f"{match[2].lower()}-{match[3]}"]
                if kind == "ElectorBallot":
                    self.assertEqual(endorsement["certificateHash"], wanted.identity)
                    self.assertEqual(encode("Certificate", ballot["certificate"]), wanted.bytes)
                else:
                    self.assertEqual(encode("Certificate", endorsement["certificate"]), wanted.bytes)


class ThirdParty(unittest.TestCase):
    def test_certificates_of_asn1c(self):
        for name in ("sample-Certificate-1", "sample-Certificate-2"):
            data = (DATA / "third-party" / "asn1c-mouse" / f"{name}.coer").read_bytes()
            with self.subTest(name):
                self.assertEqual(encode("Certificate", decode("Certificate", data)), data)

    def test_messages(self):
        for name in ("asn1c-mouse/sample-Ieee1609Dot2Data-1", "asn1_codec/Ieee1609Dot2Data.unsecuredData.Bsm"):
            data = (DATA / "third-party" / f"{name}.coer").read_bytes()
            with self.subTest(name):
                self.assertEqual(encode("Ieee1609Dot2Data", decode("Ieee1609Dot2Data", data)), data)

    def test_the_european_trust_list_is_signed_on_brainpool_p384(self):
        folder = DATA / "third-party" / "rasn"
        tlm = CertificateView((folder / "E7A4B2B045E7ACF9.oer").read_bytes())
        ectl = SignedView.read((folder / "CE4CF6C19BFED720.oer").read_bytes())
        self.assertEqual(tlm.id8.hex().upper(), "E7A4B2B045E7ACF9")
        self.assertTrue(tlm.is_signed_by())
        self.assertTrue(ectl.is_signed_by(tlm))

    def test_deep_nesting_is_refused(self):
        data = (DATA / "third-party" / "rasn" / "CE4CF6C19BFED720_with_recursion_depth150.oer").read_bytes()
        with self.assertRaises(Refused):
            decode("Ieee1609Dot2Data", data)


class Vectors(unittest.TestCase):
    def test_ecdsa(self):
        files = {"secp256r1_sha256": P256, "secp384r1_sha384": P384, "brainpoolP256r1_sha256": BP256, "brainpoolP384r1_sha384": BP384}
        for name, curve in files.items():
            known = json.loads((DATA / "third-party" / "wycheproof" / f"ecdsa_{name}_p1363_test.json").read_text())
            for group in known["testGroups"]:
                point = bytes.fromhex(group["publicKey"]["uncompressed"])[1:]
                public = tuple(int.from_bytes(point[k:k + len(point) // 2], "big") for k in (0, len(point) // 2))
                for test in group["tests"]:
                    sig, width = bytes.fromhex(test["sig"]), curve.width
                    good = len(sig) == 2 * width and curve.contains(public) and verify(
                        curve, public, curve.hash(bytes.fromhex(test["msg"])), int.from_bytes(sig[:width], "big"),
                        int.from_bytes(sig[width:], "big"))
                    with self.subTest(name, test=test["tcId"]):
                        self.assertEqual(good, test["result"] == "valid")

    def test_rfc_6979(self):
        """Appendix A.2.5 and A.2.6: SHA-256 and SHA-384 of 'sample'."""
        for curve, secret, r in (
                (P256, 0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721,
                 0xefd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716),
                (P384, 0x6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5,
                 0x94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46)):
            self.assertEqual(Key("", curve, secret).sign(curve.hash(b"sample"))[0], r)

    def test_every_curve_signs_and_verifies(self):
        for name, curve in CURVES.items():
            key, digest = Key("someone", curve), curve.hash(b"message")
            r, s, _ = key.sign(digest)
            with self.subTest(name):
                self.assertTrue(verify(curve, key.public, digest, r, s))
                self.assertFalse(verify(curve, key.public, digest, s, r))
                self.assertFalse(verify(curve, Key("other", curve).public, digest, r, s))

    def test_ecqv(self):
        for known in json.loads((DATA / "crypto.json").read_text())["ecqv"]:
            number = lambda name: int(known[name], 16)
            ca, e = P256.generate(number("ca_private")), number("e")
            compressed = bytes.fromhex(known["reconstruction_point"])
            point = P256.decompress(int.from_bytes(compressed[1:], "big"), compressed[0] & 1)
            public = P256.sum(P256.multiply(e, point), ca)
            self.assertEqual(P256.generate(number("private")), public)
            self.assertEqual((number("request_private") * e + number("r")) % P256.n, number("private"))

    def test_linkage_values(self):
        for known in json.loads((DATA / "crypto.json").read_text())["linkage"]:
            data = {k: bytes.fromhex(v) for k, v in known.items() if k not in ("name", "i", "j")}
            one = linkage.seed(data["la1_id"], data["ls1_0"], known["i"])
            two = linkage.seed(data["la2_id"], data["ls2_0"], known["i"])
            self.assertEqual((one, two), (data["ls1_i"], data["ls2_i"]))
            plv = [linkage.pre_linkage(data["la1_id"], one, known["j"]), linkage.pre_linkage(data["la2_id"], two, known["j"])]
            self.assertEqual(plv, [data["plv1"], data["plv2"]])
            self.assertEqual(bytes(a ^ b for a, b in zip(*plv)), data["lv"])


# Type, what is wrong, and bytes that must be refused.
REFUSED = [
    ("Psid", "length not minimal", "8120"), ("Psid", "no bytes", "00"), ("Psid", "leading zero", "020023"),
    ("Psid", "trailing byte", "012300"), ("Psid", "cut", "0223"),
    ("Duration", "unknown alternative", "870001"), ("Duration", "tag of another class", "000001"), ("Duration", "cut", "8600"),
    ("GeographicRegion", "unknown alternative", "8400"), ("GeographicRegion", "polygon of two", "8201020000000000000000" + "00" * 8),
    ("TwoDLocation", "latitude beyond 90 degrees", "35a4e902" + "00000000"),
    ("Ieee1609Dot2Data", "version 2", "02800100"), ("Ieee1609Dot2Data", "length of length zero", "038080"),
    ("Ieee1609Dot2Data", "length beyond the end", "03807f00"), ("Ieee1609Dot2Data", "length not minimal", "0380820001ff"),
    ("PsidGroupPermissions", "minChainLength equals its default", "80810101"),
    ("PsidGroupPermissions", "eeType equals its default", "208180"),
    ("PsidGroupPermissions", "padding bit of the preamble", "0181"), ("PsidGroupPermissions", "integer not minimal", "8081020003"),
    ("SymmAlgorithm", "unknown value", "01"), ("EndorsementType", "unknown value", "04"),
    ("PsidSsp", "padding bit of the preamble", "010123"), ("CertificateId", "name longer than 255", "81820100" + "61" * 256),
    ("CertificateId", "name is no UTF-8", "8101ff"), ("CertificateId", "binaryId without bytes", "8200"),
    ("SymmetricEncryptionKey", "cut", "80" + "00" * 15),
    ("CrlPriorityInfo", "extension bit without additions", "80"), ("CrlPriorityInfo", "empty extension bitmap", "8002070001"),
    ("CrlPriorityInfo", "bits set beyond the bitmap", "80020701"),
    ("CompositeCrl", "count beyond the bytes left", "0001ff01000100"), ("ElectorBallot121", "no votes", "000100"),
    ("BallotHistory", "version 2", "00020100"), ("CertValidityModelValue", "zero", "00"),
]


class Refusals(unittest.TestCase):
    def test_what_is_not_canonical(self):
        for name, why, data in REFUSED:
            with self.subTest(f"{name}: {why}"), self.assertRaises(Refused):
                decode(name, bytes.fromhex(data))

    def test_unknown_additions_are_kept(self):
        data = bytes.fromhex("80020780" + "03010203")
        value = decode("CrlPriorityInfo", data)
        self.assertEqual(value, {"...": {0: b"\1\2\3"}})
        self.assertEqual(encode("CrlPriorityInfo", value), data)

    def test_other_point_forms_give_the_same_hashes(self):
        from plain.cert import elector
        plain = CertificateView(elector("A").bytes)
        for how in ({"key_form": "uncompressed"}, {"r_form": "compressed"}, {"r_form": "uncompressed"}):
            other = CertificateView(elector("A", **how).bytes)
            self.assertNotEqual(other.bytes, plain.bytes)
            self.assertEqual((other.canonical, other.id8), (plain.canonical, plain.id8))
            self.assertTrue(other.is_signed_by())


class Cases(unittest.TestCase):
    def test_what_the_suite_makes_is_what_the_decoder_reads(self):
        """The cast is encoded by plain/cert.py and decoded by plain/codec.py: two hands, one format."""
        from cast import person
        for name in ("A", "E384", "EB256", "EB384", "R1", "R384", "ICA1", "ECA1", "PCA1", "RA1", "PG1", "CRLG1", "MA1", "EE1", "PN1", "AP1"):
            made = person(name)
            with self.subTest(name):
                view = CertificateView(made.bytes)
                self.assertEqual(encode("Certificate", view.value), made.bytes)
                self.assertEqual((view.identity, view.id8, view.id10), (made.identity, made.id8, made.id10))
                issuer = CertificateView(made.issuer.bytes) if made.issuer else None
                if made.implicit:
                    self.assertEqual(view.public(issuer, issuer.public()), made.key.public)
                else:
                    self.assertTrue(view.is_signed_by(issuer))
                    self.assertEqual(view.public(), made.key.public)


if __name__ == "__main__":
    unittest.main()
