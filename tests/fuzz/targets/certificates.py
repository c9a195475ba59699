"""
Certificates and keys of peers: one key, one id, and it is the key that TLS has seen.
"""

from collections.abc import Callable
from hashlib import sha256

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import crypto

from gossip.trust import identity
from gossip.trust.identity import KeyRefused, PeerId
from gossip.trust.signing import PublicKey
from tests.fuzz import oracles
from tests.fuzz.violation import require


def check(
    data: bytes,
    certified: Callable[[bytes], PeerId] = identity.certified_peer,
    load: Callable[[bytes], PublicKey] = identity.load_public_key,
) -> None:
    """
    A certificate or key is refused, or its key is one of those allowed and in the one encoding that
    it has, and its id is that of the key that OpenSSL reads.
    """
    try:
        key = load(data)
    except KeyRefused:
        pass
    else:
        require(_canonical(key) == data, "a key is read from one encoding only")
        require(oracles.is_allowed(key), "a key that is read is one that the protocol allows")
    _peer(data, certified)
    try:
        seen = crypto.load_certificate(crypto.FILETYPE_ASN1, data)
    except crypto.Error:
        return
    # A link sees what OpenSSL hands out, and TLS proves the key that OpenSSL found.
    handed = crypto.dump_certificate(crypto.FILETYPE_ASN1, seen)
    peer = _peer(handed, certified)
    if peer is not None:
        proved = seen.get_pubkey().to_cryptography_key()
        require(peer == _id(proved), "the id is that of the key that TLS proves")


def _peer(data: bytes, certified: Callable[[bytes], PeerId]) -> PeerId | None:
    try:
        return certified(data)
    except KeyRefused as error:
        require(str(error).isprintable(), "what is refused cannot act where the reason is shown")
        return None


def _canonical(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _id(key: object) -> str:
    assert isinstance(key, PublicKey)
    return sha256(_canonical(key)).hexdigest()
