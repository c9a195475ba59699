"""
Who a node is: its key (PROTOCOL §1).

The peer id is the SHA-256 of the key's DER SubjectPublicKeyInfo in its one canonical encoding; an
identity is a private key, the certificate that carries its public half, and the id.
"""

from datetime import datetime, timezone
from functools import lru_cache
from hashlib import sha256
from typing import NewType

from attrs import field, frozen
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from gossip.trust import signing
from gossip.trust.signing import PrivateKey, PublicKey

PeerId = NewType("PeerId", str)
"""64 lower-case hex digits."""

LONGEST_CERTIFICATE = 4096
"""Bytes of DER (PROTOCOL §1). A certificate with an RSA key of 4096 bits takes 1,300."""

RSA_BITS = (2048, 4096)
RSA_EXPONENTS = range(3, 1 << 31, 2)
"""
The public exponents that are allowed: 3, 17, 65537 and all other small ones.

A verification takes as many multiplications as the exponent has bits, and whoever sends a record
chooses them: one of 3072 bits costs 75 times as much as 65537. Go's `crypto/rsa` has the same bound.
"""

KEYS = 128
"""
Keys that are kept as they were loaded: as many as may be between TLS and hello.

The key that TLS has proved comes again in the record of its hello.
"""

# Ed25519 (RFC 8032 §5.1): the prime of its field, and y of the 8 points whose order divides 8. Under
# such a key one signature, which anybody can write, holds for one message in eight at least, under the
# neutral point for all. They are those of libsodium's ge25519_has_small_order.
_FIELD = 2**255 - 19
_EIGHTH = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = {0, 1, _FIELD - 1, _EIGHTH, _FIELD - _EIGHTH}

# "No well-defined expiration date", RFC 5280 §4.1.2.5; and dates are not checked anyway.
_NOT_BEFORE = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NOT_AFTER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)


class KeyRefused(Exception):
    """This key or certificate is not one that PROTOCOL §1 allows; the text says why."""


class IdentityUnusable(Exception):
    """Our own key or certificate cannot be used; the text says what to do about it."""


def short(peer: str) -> str:
    """The form of a peer id for people: its first 12 digits."""
    return peer[:12]


def public_der(key: PublicKey) -> bytes:
    """The canonical SubjectPublicKeyInfo of a key."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def peer_id(spki: bytes) -> PeerId:
    """The id of the key with this canonical SubjectPublicKeyInfo."""
    return PeerId(sha256(spki).hexdigest())


@lru_cache(maxsize=KEYS)
def load_public_key(spki: bytes) -> PublicKey:
    """
    The key with this SubjectPublicKeyInfo.

    :raises KeyRefused: it is of no allowed type, or not in its canonical encoding: then the same
        key could have several ids, and who was refused under one would come back under another.
    """
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("the key cannot be read") from None
    allowed = _allowed(key)
    if public_der(allowed) != spki:
        raise KeyRefused("the key is not in its canonical encoding")
    return allowed


def _allowed(key: object) -> PublicKey:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return _of_large_order(key)
    if isinstance(key, ec.EllipticCurvePublicKey):
        if isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
            return key
        raise KeyRefused(f"the curve {key.curve.name} is not P-256 or P-384")
    if isinstance(key, rsa.RSAPublicKey):
        return _of_usual_size(key)
    raise KeyRefused("the key is not Ed25519, ECDSA or RSA")


def _of_usual_size(key: rsa.RSAPublicKey) -> rsa.RSAPublicKey:
    if not RSA_BITS[0] <= key.key_size <= RSA_BITS[1]:
        raise KeyRefused(f"an RSA key of {key.key_size} bits is not of 2048 to 4096")
    if key.public_numbers().e not in RSA_EXPONENTS:
        raise KeyRefused("the exponent of an RSA key is not odd, from 3 to 2147483647")
    return key


def _of_large_order(key: ed25519.Ed25519PublicKey) -> ed25519.Ed25519PublicKey:
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    # The highest bit is the sign of x.
    y = int.from_bytes(raw, "little") % (1 << 255)
    if y % _FIELD in _SMALL_ORDER:
        raise KeyRefused("the Ed25519 key is of small order, so anybody could sign for it")
    if y >= _FIELD:
        raise KeyRefused("the key is not in its canonical encoding")
    return key


def certified_peer(certificate: bytes) -> PeerId:
    """
    The id of the key in a DER certificate. Nothing else in it counts: no names, dates or issuer.

    :raises KeyRefused: too long, unreadable, or its key is not allowed.
    """
    if len(certificate) > LONGEST_CERTIFICATE:
        raise KeyRefused(f"a certificate of {len(certificate)} bytes is longer than 4096")
    try:
        spki = _subject_public_key_info(certificate)
    except IndexError:
        raise KeyRefused("the certificate cannot be read") from None
    load_public_key(spki)
    return peer_id(spki)


def _subject_public_key_info(certificate: bytes) -> bytes:
    """
    The bytes of the key as they stand in the certificate (RFC 5280 §4.1).

    No library gives these: all re-encode, and it is the encoding that is judged.
    """
    tbs = _element(_element(certificate, 0)[1], 0)[1]
    at = 0
    version = 0xA0
    if tbs[0] == version:
        at = _element(tbs, 0)[2]
    for _ in ("serial", "signature", "issuer", "validity", "subject"):
        at = _element(tbs, at)[2]
    return tbs[at : _element(tbs, at)[2]]


def _element(data: bytes, at: int) -> tuple[int, bytes, int]:
    """One DER element: its tag, its contents, and where the next one begins."""
    tag, length = data[at], data[at + 1]
    at += 2
    long_form = 0x80
    if length & long_form:
        count = length & ~long_form
        length = int.from_bytes(data[at : at + count], "big")
        at += count
    if at + length > len(data):
        raise IndexError
    return tag, data[at : at + length], at + length


@frozen
class Identity:
    """A node's own key, the certificate that carries it, and the id that follows from it."""

    key: PrivateKey = field(repr=False)
    certificate: x509.Certificate = field(repr=False)
    id: PeerId

    @classmethod
    def generate(cls) -> "Identity":
        """A new Ed25519 identity."""
        return cls.from_key(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def from_key(cls, key: PrivateKey) -> "Identity":
        """The identity of a key, with a certificate made for it."""
        return cls(key, _self_signed(key), peer_id(public_der(key.public_key())))

    @classmethod
    def from_pem(cls, key_pem: bytes, certificate_pem: bytes | None) -> "Identity":
        """
        The identity in PEM texts: PKCS#8, SEC1 or PKCS#1, and a certificate with any names and dates.

        :raises IdentityUnusable: unreadable, encrypted, not allowed, or the two do not fit.
        """
        key = _load_private_key(key_pem)
        own = cls.from_key(key)
        if certificate_pem is None:
            return own
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem)
            found = certified_peer(certificate.public_bytes(Encoding.DER))
        except (ValueError, KeyRefused) as error:
            raise IdentityUnusable(f"the certificate cannot be used: {error}") from None
        if found != own.id:
            raise IdentityUnusable("the certificate is not for this key; give the one that is")
        return cls(key, certificate, own.id)

    @property
    def public(self) -> bytes:
        """The canonical SubjectPublicKeyInfo of the key."""
        return public_der(self.key.public_key())

    def key_pem(self) -> bytes:
        """The private key as `from_pem` takes it: PKCS#8, not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def certificate_pem(self) -> bytes:
        """The certificate as `from_pem` takes it."""
        return self.certificate.public_bytes(Encoding.PEM)

    def sign(self, data: bytes) -> bytes:
        """The signature of `data` as this identity (PROTOCOL §6)."""
        return signing.sign(self.key, data)


def _load_private_key(pem: bytes) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise IdentityUnusable(
            "the key is encrypted; decrypt it with: openssl pkey -in KEY -out PLAIN"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise IdentityUnusable("the key is not a private key in PEM") from None
    if not isinstance(
        key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    ):
        raise IdentityUnusable("the key is not Ed25519, ECDSA or RSA; generate one of these")
    try:
        _allowed(key.public_key())
    except KeyRefused as error:
        raise IdentityUnusable(f"the key cannot be used: {error}") from None
    return key


def _self_signed(key: PrivateKey) -> x509.Certificate:
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, short(peer_id(public_der(key.public_key()))))]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
    )
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm)
