"""
Which process has a connection.
"""

import os
import socket
import sys
from pathlib import Path
from unittest import skipUnless

from gossip.demo.owners import holds, inode, owner
from tests.cases import UnitCase

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0
   1: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 222 1 0
   2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 333 1 0
"""


class OwnerTests(UnitCase):
    """What /proc says."""

    def setUp(self) -> None:
        self.proc = Path(self.mktemp())
        (self.proc / "net").mkdir(parents=True)
        (self.proc / "net" / "tcp").write_text(TABLE)
        for pid, socket_inode in ((7, 333), (8, 222)):
            descriptors = self.proc / str(pid) / "fd"
            descriptors.mkdir(parents=True)
            (descriptors / "0").symlink_to("/dev/null")
            (descriptors / "5").symlink_to(f"socket:[{socket_inode}]")

    def test_each_end_has_a_socket_of_its_own(self) -> None:
        """The order of the ports says whose end is meant."""
        lines = TABLE.splitlines()
        self.assertEqual("222", inode(lines, 40000, 8080))
        self.assertEqual("333", inode(lines, 8080, 40000))
        self.assertIsNone(inode(lines, 8080, 40001))
        self.assertIsNone(inode(["", "x"], 8080, 40000))

    def test_owner_is_who_has_it_open(self) -> None:
        """A process is told by its descriptors; one that is gone has none."""
        self.assertEqual(8, owner((6, 7, 8), 40000, 8080, self.proc))
        self.assertEqual(7, owner((6, 7, 8), 8080, 40000, self.proc))
        self.assertIsNone(owner((6, 7), 40000, 8080, self.proc))
        self.assertIsNone(owner((7, 8), 40000, 1, self.proc))
        self.assertFalse(holds(6, "222", self.proc))

    def test_no_such_table(self) -> None:
        """Where the system has no /proc, nobody is the owner."""
        self.assertIsNone(owner((7, 8), 40000, 8080, self.proc / "nowhere"))

    @skipUnless(sys.platform == "linux", "/proc is Linux's")
    def test_real_one(self) -> None:
        """The kernel's tables are read as they are."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)) as dialed:
                local = dialed.getsockname()[1]
                self.assertEqual(os.getpid(), owner((1, os.getpid()), local, port))
