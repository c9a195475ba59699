"""
Commands as processes, and nodes for them to ask.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.lived.nodes import LivedCase, NodeProcess, Program


class Asked(Program):
    """A command, whose output lines are events as far as they are."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        super().__init__((sys.executable, "-m", "gossip", *arguments), **environ)


class Told(Asked):
    """A command that tells people: each of its lines is an event."""

    def outReceived(self, data: bytes) -> None:
        """More of stdout."""
        self.output += data.decode()
        *lines, self._rest = (self._rest + data.decode()).split("\n")
        for line in lines:
            self._happened({"event": "line", "text": line})


class CommandCase(LivedCase):
    """Nodes with state directories, and commands that ask them."""

    def setUp(self) -> None:
        # The path of a control socket must be short.
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)
        self.place = Path(self._directory.name)

    def named(self, name: str, *arguments: str, port: int = 0) -> NodeProcess:
        """Start a node that has a directory by its name."""
        where = ("--name", name, "--state", str(self.place / name), "--port", str(port))
        return self.node(*where, *arguments)

    async def pair(self, *arguments: str) -> tuple[NodeProcess, NodeProcess]:
        """Two nodes, `a` with these options and `b`, that know where each other listens."""
        first = self.named("a", *arguments)
        await first.listening()
        second = self.named("b", "--connect", first.address)
        await second.listening()
        await self.known([first, second])
        return first, second

    def socket(self, name: str) -> str:
        """The control socket of a node."""
        return str(self.place / name / "control.sock")

    def start(self, name: str, *arguments: str, **environ: str) -> Asked:
        """Start a command that asks the node of this name."""
        return self.watched(Asked(*arguments, P2P_GOSSIP_CONTROL=self.socket(name), **environ))

    async def told(self, name: str, *arguments: str, expected: int = 0) -> str:
        """What a command prints, once it has ended with this status and without a complaint."""
        command = self.start(name, *arguments)
        self.assertEqual(expected, await command.ended, command.errors)
        self.assertEqual("", command.errors)
        return command.output

    async def answer(self, name: str, *arguments: str) -> Any:
        """The same, as JSON."""
        return json.loads(await self.told(name, *arguments, "--json"))

    async def fails(self, name: str, *arguments: str, expected: int = 1) -> str:
        """The one line of complaint of a command that prints nothing else."""
        command = self.start(name, *arguments)
        self.assertEqual(expected, await command.ended, command.output)
        self.assertEqual("", command.output)
        self.assertRegex(command.errors, r"\Ap2p-gossip: [^\n]*\n\Z")
        return command.errors

    async def when(self, name: str, wanted: Callable[[list[Any]], bool]) -> list[Any]:
        """The peers of a node, as soon as they are as wanted: looked at again at each event."""
        # With what is kept, so nothing happens unseen before it listens.
        watch = self.start(name, "watch", "--json", "--after", "0")
        seen = 0
        peers: list[Any] = await self.answer(name, "peers")
        while not wanted(peers):
            await watch.until(lambda _: True, since=seen)
            seen = len(watch.events)
            peers = await self.answer(name, "peers")
        return peers
