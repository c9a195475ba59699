"""
Keys, and what they can make: certificates, records, hellos; right ones and wrong ones.
"""

import json
import os
import time
from base64 import b64encode
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LOOPBACK = "127.0.0.1"

Message: TypeAlias = dict[str, Any]
Private: TypeAlias = (
    ed25519.Ed25519PrivateKey
    | ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed448.Ed448PrivateKey
)

_SHA256 = hashes.SHA256()


class Key:
    """A key, what it proves, and what it can sign."""

    def __init__(self, private: Private | None = None) -> None:
        self.private: Private = private or ed25519.Ed25519PrivateKey.generate()
        self.spki = self.private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        self.id = sha256(self.spki).hexdigest()
        self.instance = os.urandom(8).hex()

    def sign(self, data: bytes) -> bytes:
        """The signature that a record carries."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
            return self.private.sign(data)
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(data, ec.ECDSA(_SHA256))
        pss = padding.PSS(mgf=padding.MGF1(_SHA256), salt_length=32)
        return self.private.sign(data, pss, _SHA256)

    def body(self, **changes: object) -> dict[str, Any]:
        """What an honest node with this key would say of itself, but for `changes`."""
        return {
            "id": self.id,
            "key": b64encode(self.spki).decode(),
            "seq": int(time.time() * 1000),
            "network": "default",
            "name": "hostile",
            "addresses": [],
            "tags": {},
            "state": "alive",
            "ttl": 259200,
            **changes,
        }

    def seal(self, body: str) -> dict[str, str]:
        """Any text, signed as if it were a record."""
        signature = self.sign(b"p2p-gossip/1 record\n" + body.encode())
        return {"body": body, "signature": b64encode(signature).decode()}

    def record(self, **changes: object) -> dict[str, str]:
        """A sealed record."""
        return self.seal(json.dumps(self.body(**changes)))

    def hello(self, **changes: object) -> Message:
        """An honest hello that promises little, but for `changes`."""
        return {
            "type": "hello",
            "network": "default",
            "instance": self.instance,
            "record": self.record(),
            "observed": LOOPBACK,
            "agent": "hostile/1",
            "period": 60,
            "heartbeat": 60,
            "time": time.time(),
            "view": "0" * 16,
            "features": [],
            **changes,
        }

    def certificate(self, bulk: int = 0) -> bytes:
        """A certificate in DER; `bulk` makes it longer."""
        name = x509.Name([])
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.private.public_key())
            .serial_number(1)
            .not_valid_before(_DATE)
            .not_valid_after(_DATE)
        )
        if bulk:
            oid = x509.ObjectIdentifier("1.3.6.1.4.1.55555.1")
            built = built.add_extension(
                x509.UnrecognizedExtension(oid, bytes(bulk)), critical=False
            )
        edwards = isinstance(self.private, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
        return built.sign(self.private, None if edwards else _SHA256).public_bytes(Encoding.DER)

    def certificate_with(self, spki: bytes) -> bytes:
        """A certificate of this P-256 key, in which the key is encoded as `spki` has it."""
        assert isinstance(self.private, ec.EllipticCurvePrivateKey)
        tbs = x509.load_der_x509_certificate(self.certificate()).tbs_certificate_bytes
        begin = tbs.index(self.spki)
        members = tbs[_header(tbs) : begin] + spki + tbs[begin + len(self.spki) :]
        altered = _der(0x30, members)
        signature = self.private.sign(altered, ec.ECDSA(_SHA256))
        return _der(0x30, altered, _der(0x30, _ECDSA_WITH_SHA256), _der(3, b"\0", signature))

    def compressed(self) -> bytes:
        """The P-256 key with a compressed point."""
        curve = _der(0x30, _EC_PUBLIC_KEY, bytes.fromhex("06082a8648ce3d030107"))
        return _der(0x30, curve, _der(3, b"\0", self._point(PublicFormat.CompressedPoint)))

    def explicit(self) -> bytes:
        """The P-256 key with the curve's parameters in place of its name."""
        prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
        order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
        generator = ec.derive_private_key(1, ec.SECP256R1()).public_key()
        base = generator.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        parameters = _der(
            0x30,
            _number(1),
            _der(0x30, bytes.fromhex("06072a8648ce3d0101"), _number(prime)),
            _der(0x30, _der(4, (prime - 3).to_bytes(32, "big")), _der(4, b.to_bytes(32, "big"))),
            *(_der(4, base), _number(order), _number(1)),
        )
        curve = _der(0x30, _EC_PUBLIC_KEY, parameters)
        return _der(0x30, curve, _der(3, b"\0", self._point(PublicFormat.UncompressedPoint)))

    def pem(self) -> bytes:
        """The private key, as a node takes it."""
        return self.private.private_bytes(
            Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def _point(self, form: PublicFormat) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, form)


_DATE = datetime(2000, 1, 1, tzinfo=timezone.utc)
_EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")
_ECDSA_WITH_SHA256 = bytes.fromhex("06082a8648ce3d040302")


def _der(tag: int, *parts: bytes) -> bytes:
    contents = b"".join(parts)
    size = len(contents)
    if size < 0x80:
        return bytes([tag, size]) + contents
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + contents


def _number(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _header(element: bytes) -> int:
    return 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)
