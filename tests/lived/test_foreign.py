"""
A peer written from the protocol's document alone, in another language, joins and finds no fault.
"""

import shutil
from pathlib import Path

from tests.lived.nodes import Event, LivedCase, Program

PEER = Path(__file__).parent / "foreign_peer.mjs"


class ForeignPeerTests(LivedCase):
    """`foreign_peer.mjs` is strict: whatever it sees that the protocol does not allow, it prints."""

    node_js = shutil.which("node")
    if node_js is None:
        skip = "there is no Node.js on this machine, in which the foreign peer is written"

    async def test_it_joins_pings_and_sees_equal_views(self) -> None:
        """It links to every node, in both directions, answers and is answered, and knows the same."""
        first = self.node("--name", "first", "--message", "from first")
        await first.listening()
        second = self.node("--name", "second", "--connect", first.address)
        await second.listening()
        await self.known([first, second])
        foreign = self.watched(
            Program(
                (
                    *(str(self.node_js), str(PEER), "--port", "0", "--connect", first.address),
                    *("--period", "0.5", "--heartbeat", "1", "--seconds", "100"),
                )
            )
        )
        listening = await foreign.until(lambda event: event["event"] == "listening")
        for node in (first, second):
            await node.said("peer_alive", peer=listening["id"], name="foreign")
            await node.said("ping", peer=listening["id"])
            await foreign.until(WithPeer(node.id, "pong"))
            await foreign.until(WithPeer(node.id, "view", equal=True))
        third = self.node("--connect", f"127.0.0.1:{listening['port']}")
        await third.listening()
        await self.mesh([first, second, third])
        await third.said("peer_alive", peer=listening["id"])
        foreign.signal("TERM")
        for node in (first, second, third):
            await node.said("peer_left", peer=listening["id"])
        self.assertEqual(0, await foreign.ended)
        self.assertEqual([], [e for e in foreign.events if e["event"] == "violation"])

    async def test_it_hears_that_a_node_leaves_and_dies(self) -> None:
        """A farewell and a silence are told apart there too."""
        first = self.node()
        await first.listening()
        second = self.node("--connect", first.address)
        await second.listening()
        foreign = self.watched(
            Program((str(self.node_js), str(PEER), "--port", "0", "--connect", first.address))
        )
        for node in (first, second):
            await foreign.until(WithPeer(node.id, "linked"))
        second.signal("TERM")
        bye = await foreign.until(WithPeer(second.id, "bye"))
        self.assertEqual("leaving", bye["code"])
        # From here on the first one breaks all its promises.
        self.assertEqual([], [e for e in foreign.events if e["event"] == "violation"])
        first.signal("STOP")
        await foreign.until(WithPeer(first.id, "lost"))


class WithPeer:
    """Wants an event of one kind about one peer, with these members."""

    def __init__(self, peer: str, kind: str, **members: object) -> None:
        self.wanted = {"peer": peer, "event": kind, **members}

    def __call__(self, event: Event) -> bool:
        """Whether it is one."""
        return self.wanted.items() <= event.items()
