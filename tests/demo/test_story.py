"""
The story, of nodes that do as it says at once.
"""

import asyncio

from gossip.demo import story
from gossip.demo.story import Story
from tests.cases import UnitCase
from tests.demo.stubs import StubNode, lose, stage


class StoryTests(UnitCase):
    """What is done, and what is told."""

    def told(self, count: int) -> list[tuple[str, str]]:
        """The story of so many nodes."""
        said: list[tuple[str, str]] = []
        self.shown: list[str] = []
        self.stage = stage(count)
        tale = Story(
            self.stage, lambda text, kind: said.append((text, kind)), 0.0, self.shown.append
        )
        asyncio.run(tale.tell())
        return said

    def test_what_is_done(self) -> None:
        """All chapters come in their order, and the page is shown."""
        said = self.told(8)
        begins = [text.split()[0] for text, kind in said if kind == "does"]
        self.assertEqual(
            [
                *("Starting", "Everybody", "Killing", "Starting", "Cutting", "Mending"),
                *("Splitting", "Healing:", "That"),
            ],
            [begin.rstrip(".") for begin in begins],
        )
        self.assertEqual(["http://127.0.0.1:1/"], self.shown)

    def test_what_comes_of_it(self) -> None:
        """What nodes notice and say is told."""
        text = "\n".join(text for text, _ in self.told(8))
        self.assertIn("28 links", text)
        self.assertIn("56 round trips, median 1.0 ms", text)
        self.assertIn("7 of 7 noticed: ", text)
        self.assertIn("7 nodes say of node-8: dead. node-1: “because”.", text)
        self.assertIn("the same peer as before", text)
        self.assertIn("node-2 says of node-3: cut; “because”.", text)
        self.assertIn("node-1 to node-5 here, node-6, node-7 and node-8 there.", text)
        self.assertIn("5 nodes say of node-6: cut.", text)

    def test_what_to_type(self) -> None:
        """Two commands are told by which the first node is asked in another terminal."""
        typed = [text for text, kind in self.told(3) if kind == "types"]
        control = self.stage.nodes[0].control
        self.assertEqual([f"p2p-gossip {do} --control {control}" for do in ("top", "why")], typed)

    def test_smallest(self) -> None:
        """Three nodes do for all chapters, and each side of a split has one at least."""
        text = "\n".join(text for text, _ in self.told(3))
        self.assertIn("node-1 and node-2 here, node-3 there.", text)
        self.assertEqual(2, text.count("Everybody hears everybody again"))

    def test_nothing_comes_of_it(self) -> None:
        """What does not happen in time is told too, and the story goes on."""
        self.patch(story, "PATIENCE", 0.01)
        self.patch(story, "JUDGED", 0.01)
        self.patch(StubNode, "kill", lambda node: lose(node.stage.nodes[0], node, "dead"))
        self.patch(StubNode, "start", lambda node, *seeds: node.stop())
        text = "\n".join(text for text, _ in self.told(3))
        self.assertIn("Not everybody hears everybody", text)
        self.assertIn("1 of 2 noticed", text)
        self.assertIn("That was the story.", text)
