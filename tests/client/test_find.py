"""
Which node is asked.
"""

import os
import socket
from argparse import Namespace
from pathlib import Path

from gossip.client import find
from gossip.client.errors import Failed, Misuse, NotRunning
from tests.client.stubs import ClientCase


def asked(**given: str | int) -> Namespace:
    """What was said of it on the command line."""
    return Namespace(**{"control": None, "state": None, "port": None, **given})


class FindTests(ClientCase):
    """The first place where there is one."""

    def setUp(self) -> None:
        """A runtime directory, and no node of the machine."""
        super().setUp()
        self.runtime = Path(self.directory, "run")
        Path(self.runtime, "p2p-gossip").mkdir(parents=True)
        self.environ = {"XDG_RUNTIME_DIR": str(self.runtime)}
        self.system = Path(self.directory, "system", "control.sock")
        self.patch(find, "SYSTEM", self.system)

    def listen(self, port: int) -> socket.socket:
        """A node of the user."""
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(self.runtime / "p2p-gossip" / f"{port}.sock"))
        listening.listen()
        return listening

    def found(self, **given: str | int) -> str:
        """Where it is looked for."""
        return str(find.path(asked(**given), self.environ))

    def test_what_is_said_comes_first(self) -> None:
        """Options beat the environment, which beats what lies about."""
        self.listen(8080)
        self.environ["P2P_GOSSIP_CONTROL"] = "/env.sock"
        self.assertEqual("/x", self.found(control="/x"))
        self.assertEqual("/d/control.sock", self.found(state="/d"))
        self.assertEqual(f"{self.runtime}/p2p-gossip/9.sock", self.found(port=9))
        self.assertEqual("/env.sock", self.found())

    def test_two_are_too_many(self) -> None:
        """Two options that say which node it is are a mistake."""
        with self.assertRaisesRegex(Misuse, "--control and --state both"):
            self.found(control="/x", state="/d")

    def test_the_only_one(self) -> None:
        """The only node of the user is meant; files that are no sockets are no nodes."""
        self.listen(8080)
        (self.runtime / "p2p-gossip" / "notes.sock").write_text("")
        (self.runtime / "p2p-gossip" / "8081.lock").write_text("")
        self.assertTrue(self.found().endswith("/8080.sock"))

    def test_several(self) -> None:
        """Of several the ports are told."""
        for port in (9001, 80, 9000):
            self.listen(port)
        with self.assertRaisesRegex(Failed, r"the ports 80, 9000, 9001; say which one with --port"):
            self.found()

    def test_those_that_were_killed_do_not_count(self) -> None:
        """A socket at which nobody listens is no second node."""
        self.listen(8080)
        self.listen(8081).close()
        self.assertTrue(self.found().endswith("/8080.sock"))

    def test_the_node_of_the_machine(self) -> None:
        """Where the user has none, the service is asked."""
        self.system.parent.mkdir()
        self.system.write_text("")
        self.assertEqual(str(self.system), self.found())
        self.environ.clear()
        self.assertEqual(str(self.system), self.found())

    def test_one_that_may_not_be_seen(self) -> None:
        """A service whose directory is closed to the user is asked, so that the reason is told."""
        if os.geteuid() == 0:
            self.patch(Path, "stat", _forbidden)
        else:
            self.system.parent.mkdir(mode=0)
            self.addCleanup(self.system.parent.chmod, 0o700)
        self.assertTrue(find._is_there(self.system))

    def test_none(self) -> None:
        """Where there is none, it is said what to do."""
        with self.assertRaisesRegex(NotRunning, "no node is found; start one with"):
            self.found()

    def test_a_port_without_a_runtime_directory(self) -> None:
        """Nobody knows where the sockets of a user are who has no such directory."""
        self.environ.clear()
        with self.assertRaisesRegex(Failed, "XDG_RUNTIME_DIR"):
            self.found(port=8080)


def _forbidden(path: Path) -> None:
    raise PermissionError(13, "Permission denied")
