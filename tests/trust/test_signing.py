"""
Signatures by each kind of key.
"""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as some

from gossip.trust.identity import Identity
from gossip.trust.signing import holds, sign
from tests.cases import UnitCase
from tests.trust import samples

KEYS = {
    name: Identity.from_pem(pem, None).key
    for name, pem in {
        "Ed25519": samples.ED25519_KEY,
        "P-256": samples.P256_KEY,
        "P-384": samples.P384_KEY,
        "RSA": samples.RSA_KEY,
    }.items()
}


class SigningTests(UnitCase):
    """One form of signature for each kind of key."""

    def test_own_signatures_hold(self) -> None:
        """What a key signed holds for it."""
        for name, key in KEYS.items():
            self.assertTrue(holds(key.public_key(), sign(key, b"words"), b"words"), name)

    def test_other_words(self) -> None:
        """A signature holds for nothing but what was signed."""
        for name, key in KEYS.items():
            self.assertFalse(holds(key.public_key(), sign(key, b"words"), b"word"), name)

    def test_other_keys(self) -> None:
        """A signature holds for nobody but who signed."""
        for name, key in KEYS.items():
            for other, stranger in KEYS.items():
                if other != name:
                    self.assertFalse(holds(stranger.public_key(), sign(key, b"w"), b"w"), other)

    def test_each_bit_counts(self) -> None:
        """A signature of which one bit was turned does not hold."""
        for name, key in KEYS.items():
            good = sign(key, b"words")
            for at in range(len(good)):
                bad = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
                self.assertFalse(holds(key.public_key(), bad, b"words"), (name, at))

    @settings(deadline=None, database=None, max_examples=50)
    @given(some.binary(max_size=300))
    def test_garbage(self, garbage: bytes) -> None:
        """Garbage is no signature by any key, and nothing else happens."""
        for key in KEYS.values():
            self.assertFalse(holds(key.public_key(), garbage, b"words"))

    def test_ecdsa_is_der_with_sha256(self) -> None:
        """ECDSA signatures are two numbers in DER, over SHA-256 on both curves."""
        for name in ("P-256", "P-384"):
            key = KEYS[name]
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            signature = sign(key, b"words")
            decode_dss_signature(signature)
            key.public_key().verify(signature, b"words", ec.ECDSA(hashes.SHA256()))

    def test_rsa_is_pss(self) -> None:
        """RSA signatures are PSS with SHA-256 for both, and a salt of exactly 32 bytes."""
        key = KEYS["RSA"]
        assert isinstance(key, rsa.RSAPrivateKey)
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        key.public_key().verify(sign(key, b"words"), b"words", pss, hashes.SHA256())
        for mask, salt in ((hashes.SHA256(), 20), (hashes.SHA384(), 32)):
            other = key.sign(b"words", padding.PSS(padding.MGF1(mask), salt), hashes.SHA256())
            self.assertFalse(holds(key.public_key(), other, b"words"))
        old = key.sign(b"words", padding.PKCS1v15(), hashes.SHA256())
        self.assertFalse(holds(key.public_key(), old, b"words"))
