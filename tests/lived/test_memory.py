"""
Nodes that start again, and remember: fleets that were killed, and places that cannot be used.
"""

import os
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from tests.lived.nodes import PATIENCE, LivedCase, NodeProcess

STEP = 0.1
"""Seconds between two looks into a database."""


class MemoryCase(LivedCase):
    """Nodes with state directories."""

    timeout = 300

    def setUp(self) -> None:
        # The path of a control socket must be short.
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)
        self.place = Path(self._directory.name)

    def remembering(self, name: str, *arguments: str, port: int = 0) -> NodeProcess:
        """Start a node that has a directory by its name."""
        defaults = ("--listen", "127.0.0.1", "--heartbeat", "1", "--period", "0.5")
        return self.watched(
            NodeProcess(
                *(*defaults, "--port", str(port), "--name", name),
                *("--state", str(self.place / name), *arguments),
            )
        )

    async def fleet(self, count: int) -> list[NodeProcess]:
        """So many nodes, of which each has written down where all others are."""
        seed = self.remembering("n0")
        await seed.listening()
        nodes = [seed]
        nodes += [
            self.remembering(f"n{number}", "--connect", seed.address) for number in range(1, count)
        ]
        await gatherResults([node.said("listening") for node in nodes])
        await self.known(nodes)
        for number in range(count):
            await self.written(f"n{number}", count - 1)
        return nodes

    async def written(self, name: str, peers: int) -> None:
        """Wait until a node has written down so many peers, and where each of them is."""
        begun = reactor.seconds()
        while self.rows(name) < peers:
            self.assertLess(reactor.seconds() - begun, PATIENCE, f"{name} has not written it down")
            await deferLater(reactor, STEP)

    def rows(self, name: str) -> int:
        """Peers in a node's database that are linked, and can be found."""
        path = self.place / name / "gossip.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            query = "select count(*) from peers where state = 'alive' and address is not null"
            return int(database.execute(query).fetchone()[0])

    async def kill(self, nodes: Sequence[NodeProcess]) -> None:
        """End them all at once, without a word."""
        for node in nodes:
            node.signal("KILL")
        await gatherResults([node.ended for node in nodes])


class FleetTests(MemoryCase):
    """Fleets that were killed and are started again, without being told where to join."""

    async def again(self, before: list[NodeProcess], stay: int) -> None:
        """Start all again, the first `stay` of them where they were, and wait for their mesh."""
        nodes = [
            self.remembering(f"n{number}", port=node.port if number < stay else 0)
            for number, node in enumerate(before)
        ]
        await gatherResults([node.said("listening") for node in nodes])
        self.assertEqual([node.id for node in before], [node.id for node in nodes])
        await self.mesh(nodes, patience=120)
        for node in nodes:
            self.assertEqual(0, node.count("peer_alive", first=True))

    async def test_all_twenty(self) -> None:
        """Twenty nodes, all killed, are a full mesh again."""
        nodes = await self.fleet(20)
        await self.kill(nodes)
        await self.again(nodes, stay=20)

    async def test_half_of_them_moved(self) -> None:
        """So are they where half come back at new addresses."""
        nodes = await self.fleet(10)
        await self.kill(nodes)
        await self.again(nodes, stay=5)

    async def test_all_but_one_moved(self) -> None:
        """One that can still be found brings all others together."""
        nodes = await self.fleet(5)
        await self.kill(nodes)
        await self.again(nodes, stay=1)

    async def test_stopped_and_started(self) -> None:
        """One that left is itself when it comes back, and finds the others by itself."""
        first, other, third = await self.fleet(3)
        first.signal("TERM")
        self.assertEqual(0, await first.ended)
        await other.said("peer_left", peer=first.id)
        back = self.remembering("n0", port=first.port)
        await back.listening()
        self.assertEqual(first.id, back.id)
        await self.mesh([back, other, third])
        self.assertEqual("", back.errors)


class PlaceTests(MemoryCase):
    """Places where nothing can be kept."""

    async def refused(self, *arguments: str) -> str:
        """Why a node does not start."""
        node = self.watched(NodeProcess("--port", "0", "--listen", "127.0.0.1", *arguments))
        self.assertEqual(1, await node.ended)
        self.assertEqual("", node.output)
        self.assertTrue(node.errors.startswith("p2p-gossip: "), node.errors)
        self.assertEqual(1, node.errors.count("\n"), node.errors)
        return node.errors

    async def test_two_on_one_directory(self) -> None:
        """The second one says who has it, and changes nothing."""
        first = self.remembering("n0")
        await first.listening()
        said = await self.refused("--state", str(self.place / "n0"))
        self.assertIn(str(first.process.pid), said)
        second = self.remembering("n1", "--connect", first.address)
        await second.listening()
        await self.mesh([first, second])

    async def test_others_can_write(self) -> None:
        """A directory in which others can put what they like is no place for a key."""
        place = self.place / "shared"
        place.mkdir()
        place.chmod(0o777)
        self.assertIn(str(place), await self.refused("--state", str(place)))
        self.assertEqual([], list(place.iterdir()))

    async def test_file_in_its_place(self) -> None:
        """What is no directory is left alone."""
        place = self.place / "file"
        place.write_text("mine")
        await self.refused("--state", str(place))
        self.assertEqual("mine", place.read_text())

    async def test_newer_database(self) -> None:
        """One of a program to come is left as it is."""
        first = self.remembering("n0")
        await first.listening()
        first.signal("TERM")
        await first.ended
        path = self.place / "n0" / "gossip.db"
        with closing(sqlite3.connect(path)) as database:
            database.execute("pragma user_version = 999")
            database.commit()
        before = path.read_bytes()
        self.assertIn("newer", await self.refused("--state", str(self.place / "n0")))
        self.assertEqual(before, path.read_bytes())

    async def test_damaged_database(self) -> None:
        """It is put aside, loudly, and the node runs, as itself."""
        first = self.remembering("n0")
        await first.listening()
        first.signal("TERM")
        await first.ended
        path = self.place / "n0" / "gossip.db"
        path.write_bytes(os.urandom(len(path.read_bytes())))
        again = self.remembering("n0")
        await again.listening()
        self.assertEqual(first.id, again.id)
        await again.said("listening")
        self.assertIn("is damaged", again.errors)
        aside = [one.name for one in path.parent.iterdir() if one.name.startswith("gossip.db.")]
        self.assertEqual(1, len(aside), aside)
