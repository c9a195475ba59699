"""
Signatures by each kind of key that PROTOCOL §1 allows, in the form that §6 gives it.

Ed25519; ECDSA with SHA-256, DER; RSA-PSS with SHA-256 for both, salt of 32 bytes.
"""

from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

PublicKey: TypeAlias = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey
PrivateKey: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_SHA256: Final = hashes.SHA256()
_ECDSA: Final = ec.ECDSA(_SHA256)
_PSS: Final = padding.PSS(mgf=padding.MGF1(_SHA256), salt_length=32)


def sign(key: PrivateKey, data: bytes) -> bytes:
    """The signature of `data`."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, _ECDSA)
    return key.sign(data, _PSS, _SHA256)


def holds(key: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether `signature` is this key's for `data`."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, _ECDSA)
        else:
            key.verify(signature, data, _PSS, _SHA256)
    except InvalidSignature:
        return False
    return True
