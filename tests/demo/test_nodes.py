"""
A node as a process.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from gossip.demo import nodes
from gossip.demo.nodes import Event, Node, NotStarted, environment
from gossip.demo.relay import Paths, Relay
from tests.cases import UnitCase

NODE = """
import json, os, signal, sys, time
if "--broken" in sys.argv:
    sys.exit("p2p-gossip: no")
def tell(**event):
    # Not by print, which a signal that comes within it may not enter again.
    os.write(1, json.dumps(event).encode() + b"\\n")
def leave(*_):
    tell(event="stopping", reason="x")
    sys.exit(0)
if "--deaf" not in sys.argv:
    signal.signal(signal.SIGTERM, leave)
else:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
tell(event="listening", id="me", port=77, http="http://x/")
tell(event="peer_alive", peer="you")
tell(event="ping", peer="you", rtt_ms=None)
tell(event="ping", peer="you", rtt_ms=1.5)
tell(event="said", words=sys.argv)
time.sleep(600)
"""


class NodeTests(UnitCase):
    """One node, which is a program of ours."""

    def lived(self, test: Callable[[Node], Awaitable[None]], *words: str) -> None:
        """Run a test with it."""
        place = Path(self.mktemp())
        place.mkdir(parents=True)
        self.events: list[Event] = []
        self.said = asyncio.Event()

        def tell(node: Node, event: Event) -> None:
            self.events.append(event)
            if event["event"] == "said":
                self.said.set()

        async def run() -> None:
            node = Node(
                name="node-1",
                directory=place.absolute(),
                group=os.getpgrp(),
                relay=Relay("node-1", Paths(), lambda *_: None, port=99),
                http=True,
                tell=tell,
                command=(sys.executable, "-c", NODE, *words),
            )
            try:
                await asyncio.wait_for(test(node), 60.0)
            finally:
                node.kill()
                await node.gone(60.0)

        asyncio.run(run())

    def test_what_it_says_is_known(self) -> None:
        """Who it is, where it listens, whom it hears and how fast; until it has ended."""

        async def test(node: Node) -> None:
            self.assertFalse(node.running)
            await node.start("127.0.0.1:1")
            await self.said.wait()
            self.assertEqual(("me", "http://x/", 77), (node.id, node.page, node.relay.to))
            self.assertEqual(({"you": True}, {"you": 1.5}), (node.links, node.round_trips))
            self.assertTrue(node.running)
            self.assertNotEqual(0, node.pid)
            words = " ".join(self.events[-1]["words"])
            self.assertIn("--network demo --name node-1 --listen 127.0.0.1 --port 0", words)
            self.assertIn("--advertise 127.0.0.1:99", words)
            self.assertTrue(words.endswith("--http 127.0.0.1:0 --connect 127.0.0.1:1"), words)
            await node.stop()
            self.assertEqual(["stopping", "ended"], [one["event"] for one in self.events[-2:]])
            self.assertEqual(({}, {}, 0), (node.links, node.round_trips, node.relay.to))
            self.assertEqual((False, 0), (node.running, node.pid))

        self.lived(test)

    def test_deaf_one_is_killed(self) -> None:
        """It does not hold up the end."""
        self.patch(nodes, "GONE_WAIT", 0.1)

        async def test(node: Node) -> None:
            await node.start()
            await node.stop()
            await node.gone(60.0)
            self.assertEqual(-9, self.events[-1]["status"])

        self.lived(test, "--deaf")

    def test_it_does_not_start(self) -> None:
        """What it said last is why."""

        async def test(node: Node) -> None:
            with self.assertRaisesRegex(NotStarted, "node-1 ended at once: p2p-gossip: no"):
                await node.start()

        self.lived(test, "--broken")

    def test_environment(self) -> None:
        """Nodes import what we do, and do not speak to the systemd that started us."""
        self.patch(os, "environ", {"NOTIFY_SOCKET": "x", "A": "b", "PYTHONPATH": "/c"})
        root = str(Path(nodes.__file__).parents[2])
        self.assertEqual({"A": "b", "PYTHONPATH": os.pathsep.join((root, "/c"))}, environment())
