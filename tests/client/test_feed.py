"""
What is fetched beside the thread that draws.
"""

from threading import Event
from typing import Any

from gossip.client.connection import Node
from gossip.client.errors import Failed
from gossip.client.feed import Feed
from tests.client.stubs import OTHER, ClientCase, alive, hang_up, happened, link, peer


class FeedTests(ClientCase):
    """Peers, links and events."""

    def setUp(self) -> None:
        """A node with one peer."""
        super().setUp()
        self.answers("GET", "peers", [(200, [peer()])])
        self.answers("GET", "links", [(200, [link()])])
        self.feed = Feed(Node(self.path, lambda: 0.0))

    def test_a_look(self) -> None:
        """Peers, their links and their round trips are there together."""
        self.feed.look()
        self.assertEqual(["node-b"], [one.name for one in self.feed.peers])
        self.assertEqual({OTHER}, set(self.feed.links))
        self.assertEqual([0.5], list(self.feed.traces[OTHER].times))

    def test_peers_that_are_gone(self) -> None:
        """Nothing is kept of whom the node does not know; a link without a peer makes none."""
        self.feed.look()
        self.answers("GET", "peers", [(200, [])])
        self.feed.look()
        self.assertEqual(({}, []), (self.feed.traces, self.feed.peers))

    def test_a_node_that_does_not_answer(self) -> None:
        """What was seen last stays."""
        self.feed.look()
        self.answers("GET", "links", hang_up)
        with self.assertRaises(Failed):
            self.feed.look()
        self.assertEqual(["node-b"], [one.name for one in self.feed.peers])

    def test_events(self) -> None:
        """They are lines, pings are not among them, and a stream that ends is asked for again."""
        again = Event()

        def once_more(request: Any) -> Any:
            again.set()
            return request.stream()

        self.answers(
            "GET",
            "events",
            [
                lambda request: request.stream(happened("ping", peer=OTHER), alive(name="\x1b")),
                once_more,
            ],
        )
        self.feed.start()
        self.addCleanup(self.feed.stop)
        self.assertTrue(again.wait(60))
        (line,) = self.feed.lines
        self.assertRegex(line, r"\A\d\d:\d\d:\d\d alive   cdcdcdcdcdcd \\x1b 10")

    def test_trouble(self) -> None:
        """It is told while it lasts."""
        self.answers("GET", "peers", [(503, {"detail": "busy"}), (200, [peer()])])
        self.feed.start()
        self.addCleanup(self.feed.stop)
        self.assertTrue(self.feed.fresh.wait(60))
        self.assertNotEqual("", self.feed.trouble)
        while self.feed.trouble:
            self.feed.fresh.clear()
            self.assertTrue(self.feed.fresh.wait(60))
        self.assertEqual(1, len(self.feed.peers))
