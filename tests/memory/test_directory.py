"""
Who may use a state directory, and who has it.
"""

import os
import subprocess
import sys
from pathlib import Path
from unittest import SkipTest

from gossip.memory.directory import StateDirectory, StateUnusable
from tests.memory.samples import FolderCase, fill, remount, small_disk


class StateDirectoryTests(FolderCase):
    """Real directories, with real rights."""

    def refused(self, path: Path) -> str:
        """Why a directory is not taken."""
        return str(self.assertRaises(StateUnusable, StateDirectory.open, path))

    def taken(self, path: Path) -> StateDirectory:
        """A directory that is taken until the test is over."""
        directory = StateDirectory.open(path)
        self.addCleanup(directory.close)
        return directory

    def test_made(self) -> None:
        """A new one is open to us alone, whatever the umask says."""
        for mask in (0o000, 0o022, 0o277):
            path = self.folder() / "state"
            before = os.umask(mask)
            try:
                self.taken(path)
            finally:
                os.umask(before)
            self.assertEqual(0o700, path.stat().st_mode & 0o777, oct(mask))

    def test_paths(self) -> None:
        """Everything has its place in it."""
        directory = self.taken(self.folder() / "state")
        names = (directory.key, directory.certificate, directory.database, directory.control)
        self.assertEqual({directory.path}, {path.parent for path in names})
        self.assertEqual(
            ["key.pem", "cert.pem", "gossip.db", "control.sock"], [path.name for path in names]
        )

    def test_nothing_above_it(self) -> None:
        """A path to nowhere is no new node: the error says how to make it one."""
        path = self.folder() / "mistake" / "state"
        self.assertIn(f"mkdir -p {path.parent}", self.refused(path))
        self.assertFalse(path.parent.exists())

    def test_place_that_takes_none(self) -> None:
        """Where there is one above it, nobody is told to make that."""
        said = self.refused(Path("/proc/p2p-gossip"))
        self.assertIn("/proc takes no directories", said)
        self.assertNotIn("mkdir", said)

    def test_others_can_write(self) -> None:
        """The group or all others may not write to it; that they can read is no matter."""
        path = self.folder()
        for mode in (0o770, 0o720, 0o702, 0o777, 0o1777):
            path.chmod(mode)
            self.assertIn(f"chmod go-w {path}", self.refused(path), oct(mode))
        for mode in (0o700, 0o750, 0o755):
            path.chmod(mode)
            StateDirectory.open(path).close()

    def test_others_can_replace_it(self) -> None:
        """Nor may they write above it, but where a directory keeps each to his own."""
        above = self.folder()
        above.chmod(0o777)
        self.assertIn(f"chmod o-w {above}", self.refused(above / "state"))
        above.chmod(0o1777)
        self.taken(above / "state")

    def test_not_a_directory(self) -> None:
        """A file is refused, and stays as it is."""
        path = self.folder() / "state"
        path.write_text("mine")
        self.assertIn("is not a directory", self.refused(path))
        self.assertEqual("mine", path.read_text())

    def test_somebody_elses(self) -> None:
        """A directory of another user is refused: it is his to change."""
        if os.geteuid():
            raise SkipTest("only root can give a directory away")
        path = self.folder()
        os.chown(path, 12345, 12345)
        error = self.refused(path)
        self.assertIn("belongs to user 12345", error)
        self.assertIn("chown", error)

    def test_symbolic_link(self) -> None:
        """A link is followed, and the place that it leads to is judged and used."""
        folder = self.folder()
        place = folder / "place"
        place.mkdir(mode=0o700)
        link = folder / "link"
        link.symlink_to(place)
        directory = self.taken(link)
        self.assertEqual(place, directory.path)
        directory.close()
        place.chmod(0o777)
        self.assertIn(f"chmod go-w {place}", self.refused(link))

    def test_link_to_nowhere(self) -> None:
        """A link that leads to nothing is an error that names it."""
        link = self.folder() / "link"
        link.symlink_to("nothing")
        self.assertIn(f"{link} cannot be used: No such file", self.refused(link))

    def test_second_node(self) -> None:
        """One directory, one node: the second is told which process has it."""
        path = self.folder()
        first = self.taken(path)
        self.assertIn(f"in use by the process {os.getpid()}", self.refused(path))
        first.close()
        self.taken(path)

    def test_second_process(self) -> None:
        """Another process is refused as well, and a killed one leaves nothing that has to go."""
        path = self.folder()
        program = (
            "import sys; from gossip.memory.directory import StateDirectory;"
            "d = StateDirectory.open(sys.argv[1]); print('taken', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        ) as other:
            assert other.stdout is not None
            self.assertEqual(b"taken\n", other.stdout.readline())
            self.assertIn(f"in use by the process {other.pid}", self.refused(path))
            other.kill()
        self.taken(path)
        self.assertEqual(f"{os.getpid()}\n", (path / "lock").read_text())

    def test_lock_without_a_pid(self) -> None:
        """Whatever stands in the lock file, it is the lock that counts."""
        path = self.folder()
        self.taken(path)
        for text in ("", "\x1b[31m\n"):
            (path / "lock").write_text(text)
            self.assertIn("in use by another process:", self.refused(path))

    def test_claimed_again(self) -> None:
        """After a fork it is the child that is named."""
        path = self.folder()
        directory = self.taken(path)
        (path / "lock").write_text("12345678901234\n")
        directory.claim()
        self.assertEqual(f"{os.getpid()}\n", (path / "lock").read_text())

    def test_lock_is_a_link(self) -> None:
        """A lock file that leads elsewhere is not followed."""
        path = self.folder()
        elsewhere = path / "elsewhere"
        elsewhere.write_text("mine")
        (path / "lock").symlink_to(elsewhere)
        self.refused(path)
        self.assertEqual("mine", elsewhere.read_text())

    def test_full_disk(self) -> None:
        """Without room for a pid it can be taken all the same, and has no two nodes."""
        disk = small_disk(self, 64)
        (disk / "lock").touch()
        fill(disk)
        self.taken(disk)
        self.assertIn("in use by", self.refused(disk))

    def test_read_only(self) -> None:
        """One that was used before can be taken; a new one says why not."""
        disk = small_disk(self, 64)
        remount(disk, "ro")
        self.assertIn("Read-only file system", self.refused(disk))
        remount(disk, "rw")
        (disk / "lock").touch()
        remount(disk, "ro")
        self.taken(disk)

    def test_does_not_keep_a_disk_writable(self) -> None:
        """While it is held, its file system can be made read-only."""
        disk = small_disk(self, 64)
        self.taken(disk)
        remount(disk, "ro")
