"""
Who a node is, by its files.
"""

from pathlib import Path
from typing import Any

from twisted.logger import capturedLogs, formatEvent

from gossip import keys
from gossip.keys import KeyUnusable
from gossip.settings import Settings
from gossip.trust.identity import Identity
from tests.cases import UnitCase
from tests.trust import samples


class IdentityTests(UnitCase):
    """The files of --key and --cert."""

    def file(self, content: bytes) -> Path:
        """A file with this content."""
        path = Path(self.mktemp())
        path.write_bytes(content)
        path.chmod(0o600)
        return path

    def test_new(self) -> None:
        """Without a key a node is somebody new each time."""
        first, second = keys.identity(Settings()), keys.identity(Settings())
        self.assertNotEqual(first.id, second.id)

    def test_given(self) -> None:
        """The key says who it is."""
        path = self.file(samples.ED25519_KEY)
        expected = Identity.from_pem(samples.ED25519_KEY, None).id
        self.assertEqual(expected, keys.identity(Settings(key=str(path))).id)

    def test_unusable(self) -> None:
        """Each file is named, with what is wrong with it."""
        nothing, empty = self.mktemp(), str(self.file(b"nothing of use"))
        key = str(self.file(samples.ED25519_KEY))
        cases: tuple[tuple[dict[str, Any], str], ...] = (
            ({"key": nothing}, f"--key {nothing} cannot be read: No such file"),
            ({"key": empty}, f"{empty}: the key is not a private key in PEM"),
            ({"key": key, "certificate": nothing}, f"--cert {nothing} cannot be read"),
        )
        for settings, words in cases:
            error = self.assertRaises(KeyUnusable, keys.identity, Settings(**settings))
            self.assertIn(words, str(error))

    def test_authority(self) -> None:
        """Nobody has to vouch where no CA is given; a file that is none is named."""
        self.assertIsNone(keys.vouch(Settings()))
        for path in (self.mktemp(), str(self.file(b"nothing of use"))):
            error = self.assertRaises(KeyUnusable, keys.vouch, Settings(authority=path))
            self.assertIn(path, str(error))

    def test_key_that_others_can_read(self) -> None:
        """People are told once, and how to mend it; a key of one's own is not worth a word."""
        path = self.file(samples.ED25519_KEY)
        for mode, count in ((0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1), (0o620, 1)):
            path.chmod(mode)
            with capturedLogs() as lines:
                keys.identity(Settings(key=str(path)))
            said = [formatEvent(line) for line in lines]
            self.assertEqual(count, sum(f"chmod 600 {path}" in line for line in said), said)
