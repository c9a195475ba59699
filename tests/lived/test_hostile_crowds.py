"""
Strangers in masses: silent ones that want all places, and those that want all of a core.
"""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

from twisted.trial.unittest import SkipTest

from tests.lived.hostile.case import (
    ELSEWHERE,
    PROOF,
    HostileCase,
    after,
    elsewhere,
    when,
)
from tests.lived.hostile.costs import MIB, Costs, Flood
from tests.lived.hostile.keys import Key
from tests.lived.nodes import NodeProcess

LENGTH = 60.0 if PROOF else 5.0
"""Seconds of each attack."""

CROWD = 2000

Friend: TypeAlias = Callable[[], Coroutine[Any, Any, float]]


class CrowdsTests(HostileCase):
    """However many come, the node has time and memory for its own."""

    def setUp(self) -> None:
        """A machine with more than one address."""
        if not elsewhere():
            raise SkipTest("this machine has only one IPv4 address on loopback")
        super().setUp()

    async def test_two_thousand_silent_ones(self) -> None:
        """From one address they cost little, and a newcomer from another one joins at once."""
        costs = await self.attacked("silent", ELSEWHERE[0], rate=CROWD / 4, friend=self.newcomer)
        self.assertLess(costs.memory, 8 * MIB)

    async def test_two_thousand_silent_ones_from_everywhere(self) -> None:
        """They take all places of strangers; where a peer proved its key there are some left."""
        costs = await self.attacked("silent", *ELSEWHERE, rate=CROWD / 4, friend=self.returning)
        self.assertLess(costs.memory, 12 * MIB)

    async def test_handshakes_begun(self) -> None:
        """Three thousand a second cost a part of a core, and a newcomer joins meanwhile."""
        costs = await self.attacked("hello", ELSEWHERE[0], rate=3000, friend=self.newcomer)
        self.spared(costs)

    async def test_handshakes_begun_from_everywhere(self) -> None:
        """The same from all over: whoever was there before comes back meanwhile."""
        costs = await self.attacked("hello", *ELSEWHERE, rate=3000, friend=self.returning)
        self.spared(costs)

    async def test_handshakes_completed(self) -> None:
        """As many as can be, by somebody with a key."""
        costs = await self.attacked("shake", *ELSEWHERE, rate=3000, friend=self.returning)
        self.spared(costs)

    async def attacked(self, kind: str, *sources: str, rate: float, friend: Friend) -> Costs:
        """Bear the attack, let a friend join in the middle of it, and tell what it cost."""
        await self.stage()
        self.key = Path(self.mktemp())
        self.key.write_bytes(Key().pem())
        self.other = await self.joined()
        costs = self.costs()
        flood = self.flood(kind, *sources, rate=rate, stand=CROWD)
        await when(lambda: flood.begun, "the attack")
        took = await costs.of(self.borne(flood, friend))
        self.told(f"{kind}, {flood.events[-1]}, joined in {took:.2f} s", costs)
        flood.signal("KILL")
        # Without any favour it would last until the first strangers have had their 10 s.
        self.assertLess(took, 2 if PROOF else 6)
        self.unslowed(costs)
        self.assertGreater(self.refusals(), 0)
        await self.unharmed()
        return costs

    async def borne(self, flood: Flood, friend: Friend) -> float:
        """The attack's time, with a friend who comes when everything has been tried to keep it out."""
        # The burst that is allowed is over by then.
        await after(max(4.0, LENGTH / 2))
        took = await friend()
        await after(LENGTH / 2)
        self.assertFalse(flood.ended.called, flood.errors)
        return took

    async def newcomer(self) -> float:
        """One that was never there; how long it takes."""
        return (await self.timed(self.node("--connect", self.victim.address)))[0]

    async def returning(self) -> float:
        """One that was there, is killed, and comes back; how long it takes."""
        self.other.signal("KILL")
        await self.other.ended
        await self.victim.said("peer_dead", peer=self.other.id)
        return (await self.timed(self.keyed()))[0]

    async def joined(self) -> NodeProcess:
        """One that is there before."""
        return (await self.timed(self.keyed()))[1]

    def keyed(self) -> NodeProcess:
        """A node that is the same one each time."""
        return self.node("--key", str(self.key), "--connect", self.victim.address)

    async def timed(self, node: NodeProcess) -> tuple[float, NodeProcess]:
        """The seconds in which a node joins, once it listens: by what the nodes themselves say."""
        seen = len(self.victim.events)
        listening = await node.listening()
        alive = await self.victim.until(
            lambda event: (event["event"], event.get("peer")) == ("peer_alive", node.id),
            since=seen,
        )
        return alive["time"] - listening["time"], node
