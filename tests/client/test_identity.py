"""
`id`.
"""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from gossip.trust.identity import Identity
from tests.client.stubs import ClientCase


class IdentityTests(ClientCase):
    """Who a key is, without a node."""

    def setUp(self) -> None:
        """A key in a state directory."""
        super().setUp()
        self.node.stop()
        self.key = ed25519.Ed25519PrivateKey.generate()
        self.file = Path(self.directory, "key.pem")
        self.file.write_bytes(self.pem(None))

    def pem(self, password: bytes | None) -> bytes:
        """The key, as it is written to a file."""
        encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)

    def test_of_a_directory_and_of_a_key(self) -> None:
        """Both give the id, and the same hash in base64."""
        identity = Identity.from_key(self.key)
        digest = b64encode(sha256(identity.public).digest()).decode()
        expected = f"id           {identity.id}\nfingerprint  sha256//{digest}\n"
        self.assertEqual(expected, self.told("id", "--state", self.directory))
        self.assertEqual(expected, self.told("id", "--key", str(self.file)))
        self.assertEqual(
            {"id": identity.id, "fingerprint": f"sha256//{digest}"},
            json.loads(self.told("id", "--key", str(self.file), "--json")),
        )

    def test_one_of_them(self) -> None:
        """One of the two must be given."""
        self.assertIn("one of --state DIR and --key FILE", self.fails("id", expected=2))
        self.fails("id", "--state", "x", "--key", "y", expected=2)

    def test_what_is_no_key(self) -> None:
        """Why a file cannot be used is said in a line."""
        self.assertIn("a node makes its key at", self.fails("id", "--state", "/nowhere"))
        self.assertIn("Is a directory", self.fails("id", "--key", self.directory))
        self.file.write_bytes(self.pem(b"secret"))
        self.assertIn("the key is encrypted", self.fails("id", "--key", str(self.file)))
        self.file.write_bytes(b"nonsense")
        self.assertIn("not a private key in PEM", self.fails("id", "--key", str(self.file)))
        self.assertIn("not a private key", self.fails("id", "--key", "/dev/zero"))
