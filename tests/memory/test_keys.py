"""
The key of a node is made once, whole, and for itself alone.
"""

import os
import shutil
from pathlib import Path

from gossip.memory.directory import StateDirectory, StateUnusable
from gossip.memory.keys import LONGEST_FILE, identity
from gossip.trust.identity import Identity
from tests.memory.mortal import Mortals
from tests.memory.samples import FolderCase, fill, remount, small_disk
from tests.trust import samples


class KeysTests(FolderCase):
    """Real files."""

    def setUp(self) -> None:
        """A state directory."""
        self.directory = StateDirectory.open(self.folder() / "state")
        self.addCleanup(self.directory.close)
        self.place = self.directory.path

    def refused(self) -> str:
        """Why there is no identity; nothing in the directory has changed."""
        before = self.files()
        error = str(self.assertRaises(StateUnusable, identity, self.directory))
        self.assertEqual(before, self.files())
        return error

    def files(self) -> dict[str, bytes]:
        """What is in the directory."""
        return {p.name: p.read_bytes() for p in self.place.iterdir() if p.is_file()}

    def key(self, text: bytes) -> None:
        """Put a key there."""
        self.directory.key.write_bytes(text)
        self.directory.key.chmod(0o600)

    def test_lasts(self) -> None:
        """The second start has the identity of the first, and its certificate."""
        first = identity(self.directory)
        second = identity(self.directory)
        self.assertEqual(first.id, second.id)
        self.assertEqual(first.certificate, second.certificate)
        self.assertEqual({"key.pem", "cert.pem", "lock"}, set(self.files()))

    def test_for_us_alone(self) -> None:
        """Both files can be read by nobody else, whatever the umask says."""
        for mask in (0o000, 0o377):
            before = os.umask(mask)
            try:
                identity(self.directory)
            finally:
                os.umask(before)
            for path in (self.directory.key, self.directory.certificate):
                self.assertEqual(0o600, path.stat().st_mode & 0o777)
                path.unlink()

    def test_certificate_is_made_anew(self) -> None:
        """A key without a certificate gets one, and is the same node."""
        own = identity(self.directory)
        self.directory.certificate.unlink()
        self.assertEqual(own.id, identity(self.directory).id)
        self.assertTrue(self.directory.certificate.exists())

    def test_own_key(self) -> None:
        """Whoever brings a key and a certificate keeps both."""
        self.key(samples.ED25519_KEY)
        self.directory.certificate.write_bytes(samples.ED25519_CERTIFICATE)
        self.assertEqual(samples.ED25519_ID, identity(self.directory).id)
        self.assertEqual(samples.ED25519_CERTIFICATE, self.directory.certificate.read_bytes())

    def test_key_is_lost(self) -> None:
        """A certificate alone is a node whose key is lost: not a new one."""
        identity(self.directory)
        self.directory.key.unlink()
        self.assertIn("put the key back", self.refused())

    def test_unusable(self) -> None:
        """What cannot be read, or does not fit, is an error, and is not written over."""
        for key in (b"", b"nonsense", b"\0" * 32):
            self.key(key)
            self.assertIn("not a private key in PEM", self.refused())
        self.key(samples.P256_KEY)
        self.directory.certificate.write_bytes(samples.ED25519_CERTIFICATE)
        self.assertIn("not for this key", self.refused())
        self.directory.certificate.write_bytes(b"")
        self.assertIn("the certificate cannot be used", self.refused())

    def test_open_to_others(self) -> None:
        """A key that others can read may be anybody's by now."""
        identity(self.directory)
        for mode in (0o640, 0o604, 0o620, 0o666):
            self.directory.key.chmod(mode)
            self.assertIn(f"chmod 600 {self.directory.key}", self.refused())

    def test_not_a_file(self) -> None:
        """A pipe or a directory in the place of a key is not waited for."""
        os.mkfifo(self.directory.key)
        self.assertIn("is not a file", self.refused())
        self.directory.key.unlink()
        self.directory.key.mkdir()
        self.assertIn("is not a file", self.refused())

    def test_too_long(self) -> None:
        """No key is that long."""
        self.key(b"x" * (LONGEST_FILE + 1))
        self.assertIn("longer than", self.refused())

    def test_unfinished(self) -> None:
        """What a start left that did not come to its end is gone after the next."""
        for name in ("key.pem.new", "cert.pem.new"):
            (self.place / name).write_bytes(b"half of")
        identity(self.directory)
        self.assertEqual({"key.pem", "cert.pem", "lock"}, set(self.files()))

    def test_full_disk(self) -> None:
        """No room for a key: the error says so, and nothing half stays."""
        disk = small_disk(self, 64)
        directory = StateDirectory.open(disk)
        self.addCleanup(directory.close)
        ballast = fill(disk)
        error = self.assertRaises(StateUnusable, identity, directory)
        self.assertIn("No space left", str(error))
        self.assertEqual({"ballast", "lock"}, {path.name for path in disk.iterdir()})
        ballast.unlink()
        self.assertEqual(identity(directory).id, identity(directory).id)

    def test_read_only_disk(self) -> None:
        """An identity that is there needs nothing written."""
        disk = small_disk(self, 64)
        directory = StateDirectory.open(disk)
        self.addCleanup(directory.close)
        own = identity(directory)
        remount(disk, "ro")
        self.assertEqual(own.id, identity(directory).id)


class KilledTests(FolderCase):
    """The process is killed before each single line of the program."""

    def test_all_or_nothing(self) -> None:
        """Wherever it ends, the next start has a whole identity; and the same, once there is a key."""
        mortals = Mortals()
        self.addCleanup(mortals.close)
        place = self.folder()
        without, with_key = 0, 0
        for line in range(1, 1000):
            shutil.rmtree(place)
            place.mkdir(mode=0o700)
            mortals.start("begin", place, line)
            said = list(mortals.last_words())
            before = self.whole(place)
            without, with_key = without + (before is None), with_key + (before is not None)
            directory = StateDirectory.open(place)
            after = identity(directory).id
            self.assertIn(before, (None, after), line)
            self.assertEqual(
                {"key.pem", "cert.pem", "lock"}, {path.name for path in place.iterdir()}, line
            )
            directory.close()
            if said:
                self.assertEqual([after], said)
                break
        else:
            self.fail("it never came to its end")
        self.assertGreater(without, 30)
        self.assertGreater(with_key, 10)

    def whole(self, place: Path) -> str | None:
        """Whose key is there, which is whole; None where there is none."""
        key = place / "key.pem"
        return Identity.from_pem(key.read_bytes(), None).id if key.exists() else None
