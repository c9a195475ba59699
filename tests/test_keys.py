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


class TokenTests(UnitCase):
    """The file of --http-token."""

    def file(self, content: bytes, mode: int = 0o600) -> str:
        """A file with this content."""
        path = Path(self.mktemp())
        path.write_bytes(content)
        path.chmod(mode)
        return str(path)

    def test_the_first_line(self) -> None:
        """It is the token, whatever follows; without the option there is none."""
        self.assertIsNone(keys.token(Settings()))
        token = b"!" + b"a" * (keys.SHORTEST_TOKEN - 2) + b"~"
        for content in (token, token + b"\n", b" " + token + b" \r\nof the wall screen\n"):
            found = keys.token(Settings(http_token=self.file(content)))
            self.assertEqual(token.decode(), found)

    def test_unusable(self) -> None:
        """What can be guessed, and what no browser can send, is refused with a way to make one."""
        long = b"x" * (keys.LONGEST_TOKEN + 1)
        for content in (b"", b"\n0123456789abcdef\n", b"short", b"x" * 15, long, b"a b" * 9):
            path = self.file(content)
            error = self.assertRaises(KeyUnusable, keys.token, Settings(http_token=path))
            self.assertIn(f"--http-token {path}: ", str(error))
            self.assertIn("openssl rand -hex 32", str(error))
        for content in ("\u00e9" * 16).encode(), b"\x00" * 16, b"\x7f" * 16:
            self.assertRaises(KeyUnusable, keys.token, Settings(http_token=self.file(content)))
        nothing = self.mktemp()
        error = self.assertRaises(KeyUnusable, keys.token, Settings(http_token=nothing))
        self.assertEqual(
            f"--http-token {nothing} cannot be read: No such file or directory", str(error)
        )

    def test_one_that_others_can_read(self) -> None:
        """People are told how to mend it; the token itself is nowhere."""
        for mode, count in ((0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1)):
            path = self.file(b"correct-horse-battery", mode)
            with capturedLogs() as lines:
                keys.token(Settings(http_token=path))
            said = [formatEvent(line) or "" for line in lines]
            self.assertEqual(count, sum(f"chmod 600 {path}" in line for line in said), said)
            self.assertNotIn("correct-horse", " ".join(said))
