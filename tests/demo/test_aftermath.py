"""
What happens when the story is over.
"""

import asyncio
from typing import Any

from gossip.demo import aftermath
from gossip.demo.aftermath import Aftermath, summed
from gossip.demo.stage import Happening
from tests.cases import UnitCase
from tests.demo.stubs import lose, say, stage


class AftermathTests(UnitCase):
    """What is told of it."""

    def setUp(self) -> None:
        self.stage = stage(3)

    def summed(self) -> list[str]:
        """What is told of all that has happened."""
        return [text for text, _ in summed(self.stage.past)]

    def test_same_things_are_told_once(self) -> None:
        """Many who say the same of a node are counted; one has a name."""
        one, two, three = self.stage.nodes
        lose(one, three, "dead")
        lose(two, three, "dead")
        say(one, "peer_alive", two)
        say(two, "peer_left", one)
        self.assertEqual(
            [
                "2 nodes lost node-3.",
                "2 nodes say of node-3: dead. node-1: “because”.",
                "node-1 hears node-2 again.",
                "node-2 was told that node-1 leaves.",
            ],
            self.summed(),
        )

    def test_ends(self) -> None:
        """A process that ended is told of, with how."""
        one = self.stage.nodes[0]
        for status, words in ((-9, "killed by signal 9"), (1, "exit status 1")):
            ended = Happening(0.0, one, {"event": "ended", "status": status})
            self.assertEqual([(f"node-1 ended: {words}.", "sees")], summed([ended]))

    def test_all_else_is_not_told(self) -> None:
        """What is for programs is left out; who has no name is told by the id."""
        one = self.stage.nodes[0]
        other: dict[str, Any] = {"event": "refused", "peer": None}
        stranger: dict[str, Any] = {"event": "peer_dead", "peer": "ab" * 32, "name": ""}
        happened = [Happening(0.0, one, other), Happening(0.0, one, stranger)]
        self.assertEqual([("node-1 lost abababababab.", "sees")], summed(happened))

    def test_it_is_told_as_it_happens(self) -> None:
        """Each thing once, not what was before, and round trips now and then."""
        self.patch(aftermath, "GATHERED", 0.01)
        self.patch(aftermath, "PINGS", 0.0)
        said: list[str] = []
        one, two, three = self.stage.nodes

        def heard(text: str, kind: str) -> None:
            said.append(text)
            if len(said) == 1:
                say(one, "ping", two, rtt_ms=2.0)
            if len(said) >= 3:
                raise StopAsyncIteration

        async def test() -> None:
            lose(one, three, "dead")
            telling = asyncio.ensure_future(Aftermath(self.stage, heard).tell())
            await asyncio.sleep(0)
            say(one, "peer_alive", three)
            try:
                await asyncio.wait_for(telling, 20.0)
            except StopAsyncIteration:
                return

        asyncio.run(test())
        trips = "1 round trip, median 2.0 ms, the slowest 2.0 ms (node-1 to node-2)."
        self.assertEqual(["node-1 hears node-3 again.", trips, trips], said)
