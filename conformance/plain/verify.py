# SPDX-License-Identifier: Apache-2.0
"""The reading side: certificates and signed data from bytes, their hashes and keys, and whether a signature is good."""
import functools
import hashlib

from .codec import canonical, decode, encode
from .ecdsa import BP256, BP384, P256, P384, verify

KEY_CURVE = {"ecdsaNistP256": P256, "ecdsaBrainpoolP256r1": BP256, "ecdsaBrainpoolP384r1": BP384, "ecdsaNistP384": P384}
SIGNATURE_CURVE = {name + "Signature": curve for name, curve in KEY_CURVE.items()}
verify = functools.lru_cache(maxsize=1 << 16)(verify)


def alternative(choice):
    """(name, value) of a decoded CHOICE."""
    (pair,) = choice.items()
    return pair


@functools.lru_cache(maxsize=1 << 14)
def decompress(curve, x, odd):
    return curve.decompress(x, odd)


def read_point(curve, value):
    """(x, y) of a decoded point that is a public key; None if it names none."""
    form, data = alternative(value)
    if form.startswith("compressed"):
        return decompress(curve, int.from_bytes(data, "big"), int(form[-1]))
    if form.startswith("uncompressed"):
        xy = int.from_bytes(data["x"], "big"), int.from_bytes(data["y"], "big")
        return xy if curve.contains(xy) else None
    return None


def signature_fits(signature, curve, public, digest):
    """Is this decoded Signature good for the digest under a public key? Any form of r but `fill` is taken by its x."""
    name, body = alternative(signature)
    form, r = alternative(body["rSig"])
    if SIGNATURE_CURVE[name] is not curve or public is None or form == "fill":
        return False
    r = r["x"] if isinstance(r, dict) else r
    return verify(curve, public, digest, int.from_bytes(r, "big"), int.from_bytes(body["sSig"], "big"))


class CertificateView:
    """A decoded certificate. Raises Refused if the bytes encode none."""

    def __init__(self, data, value=None):
        self.value = decode("Certificate", data) if value is None else value
        self.bytes = encode("Certificate", self.value) if data is None else data
        plain = canonical(self.value)
        self.canonical = encode("Certificate", plain)
        self.tbs = encode("ToBeSignedCertificate", plain["toBeSigned"])
        self.identity = hashlib.sha256(self.canonical).digest()
        self.signature = self.value.get("signature")
        self.is_implicit = self.value["type"] == "implicit"
        self.hash = self.hash_of(self.canonical)
        self.id8, self.id10, self.id3 = self.hash[-8:], self.hash[-10:], self.hash[-3:]

    def signature_curve(self):
        return SIGNATURE_CURVE[alternative(self.signature)[0]] if self.signature else None

    def hash_of(self, data):
        """SHA-384 where the certificate's own signature is on a 384-bit curve, SHA-256 elsewhere."""
        curve = self.signature_curve()
        return (curve.digest if curve else hashlib.sha256)(data).digest()

    @property
    def twin_id10(self):
        """HashedId10 of the same certificate with n - s in place of s (trust rule G5.6); None for an implicit one."""
        if not self.signature:
            return None
        value = canonical(self.value)
        name, body = alternative(value["signature"])
        curve = SIGNATURE_CURVE[name]
        s = (curve.n - int.from_bytes(body["sSig"], "big")) % curve.n
        value["signature"] = {name: {**body, "sSig": s.to_bytes(curve.width, "big")}}
        return self.hash_of(encode("Certificate", value))[-10:]

    @property
    def issuer(self):
        """HashedId8 of the issuer; None for a self-issued certificate."""
        form, value = alternative(self.value["issuer"])
        return None if form == "self" else value

    def own_curve(self):
        form, value = alternative(self.value["toBeSigned"]["verifyKeyIndicator"])
        return KEY_CURVE[alternative(value)[0]] if form == "verificationKey" else P256

    def public(self, issuer=None, issuer_public=None):
        """The public key as (x, y), or None. An implicit certificate's needs the issuer and its public key (ECQV)."""
        form, value = alternative(self.value["toBeSigned"]["verifyKeyIndicator"])
        if form == "verificationKey":
            name, key = alternative(value)
            return read_point(KEY_CURVE[name], key)
        if issuer is None or issuer_public is None or issuer.own_curve() is not P256:
            return None
        point = read_point(P256, value)
        e = int.from_bytes(self.digest(issuer, P256), "big")
        return point and P256.sum(P256.multiply(e, point), issuer_public)

    def digest(self, issuer, curve):
        """What the issuer's signature is over, and e of ECQV. issuer None: self-issued."""
        return curve.hash(curve.hash(self.tbs), curve.hash(issuer.canonical if issuer else b""))

    def is_signed_by(self, issuer=None):
        """Does the explicit certificate's signature verify under its issuer (None: under its own key)?"""
        signer = issuer or self
        curve = signer.own_curve()
        return self.signature is not None and signer.public() is not None and \
            signature_fits(self.signature, curve, signer.public(), self.digest(issuer, curve))


class SignedView:
    """Signed data: what is signed, by whom, and whether the signature is good."""

    def __init__(self, value):
        """value: a decoded SignedData."""
        self.value = value
        tbs = value["tbsData"]
        self.header = tbs["headerInfo"]
        data = tbs["payload"].get("data")
        kind, content = alternative(data["content"]) if data else (None, None)
        self.payload = content if kind == "unsecuredData" else None  # octets, or None
        self.external = tbs["payload"].get("extDataHash")
        self.tbs = encode("ToBeSignedData", {**tbs, "headerInfo": canonical(self.header)})
        form, signer = alternative(value["signer"])
        self.signer_form = form
        self.certificate = CertificateView(None, signer[0]) if form == "certificate" and signer else None
        self.signer_id8 = signer if form == "digest" else self.certificate.id8 if self.certificate else None

    @classmethod
    def read(cls, data):
        """From bytes of an Ieee1609Dot2Data; None if it is not signed data. Raises Refused."""
        kind, value = alternative(decode("Ieee1609Dot2Data", data)["content"])
        return cls(value) if kind == "signedData" else None

    def is_signed_by(self, signer, public=None):
        """public: the signer's key where its certificate is implicit."""
        curve = signer.own_curve()
        hash_id = "sha256" if curve.width == 32 else "sha384"
        digest = curve.hash(curve.hash(self.tbs), curve.hash(signer.canonical))
        return self.value["hashId"] == hash_id and \
            signature_fits(self.value["signature"], curve, public or signer.public(), digest)
