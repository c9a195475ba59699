"""
One key in two processes: little happens, people are told, and either can go.
"""

from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.lived.hostile.keys import Key
from tests.lived.nodes import PATIENCE, NodeProcess, RoughCase

WATCHED = 15.0
"""Seconds for which two run. Without a bound they replaced each other several times a second."""

CHANGES = ("peer_alive", "peer_dead", "peer_left")


def changes(node: NodeProcess, peer: str) -> int:
    """How often a node has shown that something became of a peer."""
    return sum(node.count(kind, peer=peer) for kind in CHANGES)


class TwinsTests(RoughCase):
    """Three processes, of which two have one key file."""

    async def test_two_with_one_key(self) -> None:
        """Few changes at the peer, one warning each; when one is killed, the other is linked."""
        key = Path(self.mktemp())
        key.write_bytes(Key().pem())
        key.chmod(0o600)
        peer = self.node("--name", "peer")
        await peer.listening()
        twins = []
        for name in ("one", "two"):
            twin = self.node("--name", name, "--key", str(key), "--connect", peer.address)
            await twin.listening()
            await self.mesh([peer, twin])
            twins.append(twin)
        one, two = twins
        await deferLater(reactor, WATCHED)
        self.assertLessEqual(changes(peer, two.id), 6)
        self.assertEqual(0, peer.count("peer_dead") + peer.count("refused"))
        said = [
            line for line in peer.errors.splitlines() if "two processes run with the key" in line
        ]
        self.assertEqual(1, len(said), peer.errors)
        self.assertIn(two.id[:12], said[0])
        for twin in (one, two):
            own = [line for line in twin.errors.splitlines() if "a key of its own" in line]
            self.assertLessEqual(len(own), 1, twin.errors)
        self.assertIn("a key of its own", one.errors + two.errors)
        await peer.said("ping", name="two")
        pings = one.count("ping")
        two.signal("KILL")
        await two.ended
        # Its backoff is up to a minute; then its pings come.
        await one.until(lambda event: event["event"] == "ping" and one.count("ping") > pings)
        self.assertGreaterEqual(PATIENCE, 60.0)
        self.assertLessEqual(changes(peer, two.id), 6)
