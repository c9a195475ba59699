"""
Commands that look at the whole network, at three real nodes of which one is killed.
"""

import csv
import fcntl
import json
import os
import pty
import struct
import sys
import termios
from collections.abc import Sequence
from io import StringIO
from typing import Any

from twisted.internet import reactor
from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from gossip.client.screen import ENTER, LEAVE
from tests.lived.commands import CommandCase
from tests.lived.nodes import Event, NodeProcess, Program


class LookingCase(CommandCase):
    """Nodes a, b and c."""

    async def three(self) -> list[NodeProcess]:
        """They are a mesh."""
        first = self.named("a")
        await first.listening()
        nodes = [first, *(self.named(name, "--connect", first.address) for name in "bc")]
        for node in nodes[1:]:
            await node.listening()
        await self.known(nodes)
        return nodes

    async def lost(self, nodes: Sequence[NodeProcess], other: NodeProcess) -> None:
        """Wait until these have found out what became of another one."""
        for node in nodes:
            await node.said("verdict", peer=other.id, verdict="dead")


class WhyTests(LookingCase):
    """What is wrong, in words and by the exit status."""

    async def test_nothing(self) -> None:
        """Status 0, of the network and of each peer; who left is nothing wrong."""
        first, second, third = await self.three()
        self.assertEqual(
            "ok     nothing is wrong: all 3 nodes hear each other\n"
            "asked  2 of 2 nodes told what they see\n",
            await self.told("a", "why"),
        )
        said = await self.told("a", "why", "b")
        self.assertRegex(said, r"\Afine  b is fine: there is a link to it, for \d+ s, round trips ")
        self.assertIn("\n      c hears it, for ", said)
        self.assertIn("a is this node itself", await self.told("a", "why", first.id))
        third.signal("TERM")
        for node in (first, second):
            await node.said("peer_left", peer=third.id)
        self.assertIn("all 2 nodes hear each other", await self.told("a", "why"))
        said = await self.told("a", "why", "c")
        self.assertRegex(
            said, r"\Aleft  c left \d+ s ago\n      b says that it left, for \d+ s\n\Z"
        )

    async def test_one_that_was_killed(self) -> None:
        """Status 1, and who says so; of who is fine it is 0 still."""
        first, second, third = await self.three()
        third.signal("KILL")
        await self.lost([first, second], third)
        for name in "ab":
            self.assertRegex(
                await self.told(name, "why", expected=1),
                r"\Aerror  c is dead: none of 2 nodes that tell hears it \(since [0-9:]+\)\n"
                r"asked  1 of 1 nodes told what they see\n\Z",
            )
        self.assertRegex(
            await self.told("a", "why", "c", expected=1),
            r"\Adead  c is dead: b does not hear it either\n"
            r"      this node lost it \d+ s ago\n"
            r"      b does not hear it, for \d+ s\n\Z",
        )
        await self.told("a", "why", "b")
        report = json.loads(await self.told("a", "why", "--json", expected=1))
        self.assertEqual((False, "1 of 3 nodes is dead (c)"), (report["ok"], report["sentence"]))
        found = json.loads(await self.told("a", "why", third.id, "--json", expected=1))
        self.assertEqual(("dead", third.id), (found["verdict"], found["peer"]))
        self.assertEqual([(second.id, "down")], [(s["by"], s["says"]) for s in found["sayings"]])

    async def test_what_cannot_be_told(self) -> None:
        """Of nobody, by nobody, or asked in a wrong way."""
        await self.three()
        self.assertIn("p2p-gossip peers", await self.fails("a", "why", "nobody"))
        self.assertIn("no node runs at", await self.fails("d", "why"))
        self.assertIn("--help", await self.fails("a", "why", "b", "c", expected=2))


class MatrixTests(LookingCase):
    """Who hears whom, in each form, with one that is dead."""

    async def test_forms(self) -> None:
        """As a table, as JSON, and as CSV."""
        first, second, third = await self.three()
        head, *rows = (await self.told("a", "matrix")).splitlines()
        self.assertEqual(["a", "b", "c"], head.split())
        for place, row in enumerate(rows):
            name, *cells = row.split()
            self.assertEqual("abc"[place], name)
            self.assertEqual("-", cells.pop(place))
            self.assertTrue(all(float(cell) > 0 for cell in cells), row)
        third.signal("KILL")
        await self.lost([first, second], third)
        table = [row.split() for row in (await self.told("a", "matrix")).splitlines()[1:]]
        self.assertEqual(["down", "down"], [table[0][3], table[1][3]])
        self.assertEqual(["c", "?", "?", "-"], table[2])
        self.assertGreater(float(table[0][2]), 0)
        said = json.loads(await self.told("a", "matrix", "--json"))
        self.assertEqual(["-ud", "u-d", "??-"], said["links"])
        self.assertEqual(
            [(first.id, "own"), (second.id, "told"), (third.id, "silent")],
            [(node["id"], node["row"]) for node in said["nodes"]],
        )
        lines = list(csv.DictReader(StringIO(await self.told("a", "matrix", "--csv"))))
        self.assertEqual(
            {
                *(("a", "b", "up"), ("b", "a", "up"), ("a", "c", "down"), ("b", "c", "down")),
                *(("c", "a", "unknown"), ("c", "b", "unknown")),
            },
            {(row["from_name"], row["to_name"], row["link"]) for row in lines},
        )
        self.assertEqual(6, len(lines))
        self.assertIn("give one", await self.fails("a", "matrix", "--json", "--csv", expected=2))


class Reader(FileDescriptor):
    """What is written to a terminal."""

    def __init__(self, descriptor: int, took: Any) -> None:
        super().__init__(reactor)
        self._descriptor = descriptor
        self._took = took

    def fileno(self) -> int:
        """Of the end of the person."""
        return self._descriptor

    def doRead(self) -> Failure | None:
        """There is something."""
        try:
            self._took(os.read(self._descriptor, 65536))
        except OSError:
            return Failure(ConnectionDone())
        return None


class OnTerminal(Program):
    """A command on a terminal of 24 lines and 80 columns; each time it draws is an event."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        self.person, self.terminal = pty.openpty()
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        self.before = termios.tcgetattr(self.terminal)
        self._reader = Reader(self.person, self.drawn)
        self._reader.startReading()
        self.descriptors = dict.fromkeys(range(3), self.terminal)
        command = (sys.executable, "-m", "gossip", *arguments)
        super().__init__(command, TERM="xterm-256color", **environ)

    def drawn(self, data: bytes) -> None:
        """More on the screen."""
        self.output += data.decode(errors="replace")
        self._happened({"event": "drawn"})

    def shows(self, *texts: str) -> Deferred[Event]:
        """When all of these have been drawn from now on."""
        since = len(self.output)
        return self.until(
            lambda _: all(text in self.output[since:] for text in texts), since=len(self.events)
        )

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.person, text.encode())

    def close(self) -> None:
        """Take the terminal away."""
        self._reader.stopReading()
        os.close(self.person)
        os.close(self.terminal)


class TopTests(LookingCase):
    """On a terminal of its own."""

    async def top(self) -> tuple[OnTerminal, list[NodeProcess]]:
        """It shows both peers, by their names."""
        nodes = await self.three()
        top = OnTerminal("top", P2P_GOSSIP_CONTROL=self.socket("a"))
        self.addCleanup(top.close)
        self.watched(top)
        await top.shows(ENTER, "2 alive", " b ", " c ")
        return top, nodes

    async def given_back(self, top: OnTerminal, status: int) -> None:
        """It ends so, and the terminal is as it was."""
        self.assertEqual(status, await top.ended, top.output[-500:])
        if not top.output.endswith(LEAVE):
            await top.shows(LEAVE)
        self.assertEqual(top.before, termios.tcgetattr(top.terminal))

    async def test_a_peer_that_is_killed(self) -> None:
        """It is told of, and the others stay; q quits."""
        top, (first, second, third) = await self.top()
        self.assertNotEqual(top.before, termios.tcgetattr(top.terminal))
        drawn = top.shows("1 alive, 1 dead", "verdict", "b does not hear it either")
        third.signal("KILL")
        await self.lost([first, second], third)
        await drawn
        top.type("q")
        await self.given_back(top, 0)

    async def test_ended(self) -> None:
        """By SIGTERM it gives the terminal back as well."""
        top, _ = await self.top()
        top.signal("TERM")
        await self.given_back(top, 128 + 15)

    async def test_its_node_is_killed(self) -> None:
        """It says so, and goes on; Ctrl-C quits."""
        top, (first, *_) = await self.top()
        drawn = top.shows("trying again")
        first.signal("KILL")
        await drawn
        top.signal("INT")
        await self.given_back(top, 130)
