"""
A node to attack, an honest peer of it that watches, and what is measured meanwhile.

After every attack the node has said one line about it, has not stumbled, and has not lost touch
with the honest peer for a moment.
"""

import os
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from tests.lived.hostile.costs import Costs, Flood
from tests.lived.hostile.keys import LOOPBACK, Key, Message
from tests.lived.hostile.peers import Creator, Peer, Stranger, Trap, dial, tls
from tests.lived.nodes import PATIENCE, Event, NodeProcess, RoughCase

PROOF = bool(os.environ.get("P2P_GOSSIP_PROOF"))
"""Whether the attacks have their full length, and what depends on the machine's speed is asserted."""

SHARE = 0.4
"""Of a core, that any attack may take."""

GRAIN = 0.02
"""Seconds between looks at what has no event."""

OFTEN = ("--period", "0.25")
"""How often both ping, so that what disturbs them is seen."""

ELSEWHERE = tuple(f"127.0.1.{n}" for n in range(1, 51))
"""Other addresses of this machine, from which strangers come."""


def after(seconds: float) -> Deferred[None]:
    """Some time later."""
    return deferLater(reactor, seconds, lambda: None)


async def when(condition: Callable[[], object], what: str = "it") -> None:
    """Return as soon as the condition holds."""
    late = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > late:
            raise AssertionError(f"{what} did not happen")
        await after(GRAIN)


async def together(works: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Do all of it at the same time, to the end, and fail then if any of it has failed."""
    begun = [Deferred.fromCoroutine(work) for work in works]
    for succeeded, result in await DeferredList(begun, consumeErrors=True):
        if not succeeded and isinstance(result, Failure):
            result.raiseException()


class HostileCase(RoughCase):
    """A node to attack, and an honest peer of it that watches."""

    victim: NodeProcess
    honest: NodeProcess

    def setUp(self) -> None:
        """Nobody was attacked yet."""
        self._turns: deque[float] = deque(maxlen=9)
        self._attackers: list[str] = []
        self._lines: list[Event] = []
        # More than one for an address: a port that was given back is soon another's.
        self._byes: list[tuple[str, Message]] = []

    async def stage(self, *arguments: str, **environ: str) -> None:
        """Start both, and link them."""
        await self.meet(self.node("--name", "victim", *OFTEN, *arguments, **environ), **environ)

    async def meet(self, victim: NodeProcess, **environ: str) -> None:
        """Start the honest one, and link it with this victim."""
        self.victim = victim
        await self.victim.listening()
        join = ("--connect", self.victim.address)
        self.honest = self.node("--name", "honest", *OFTEN, *join, **environ)
        await self.honest.listening()
        await self.mesh([self.victim, self.honest])
        await self.pinged()

    async def turn(self) -> None:
        """
        Wait as long as it takes not to be refused more often than ten times a second.

        What is above that is counted, and not shown.
        """
        if len(self._turns) == self._turns.maxlen:
            await after(max(0.0, self._turns[0] + 1.1 - time.monotonic()))
        self._turns.append(time.monotonic())

    async def refused(self, attacker: Stranger | str, *codes: str) -> Event:
        """The node's one line about an attacker, with one of these codes."""
        where = attacker if isinstance(attacker, str) else attacker.where
        self._attackers.append(where)
        # A port that was given back is soon another's: of two lines this is the later one.
        event = await self.victim.until(
            lambda event: (
                (event["event"], event.get("address")) == ("refused", where)
                and not any(event is line for line in self._lines)
            )
        )
        self._lines.append(event)
        self.assertIn(event["code"], codes, event)
        if isinstance(attacker, Stranger):
            await when(lambda: attacker.over, f"{where} being closed")
        return event

    async def turned_down(self, key: Key, data: bytes, *codes: str, member: str = "") -> None:
        """In place of a link there is a `bye` with one of these codes, which names the member."""
        peer = await dial(self.victim.port, tls(key))
        peer.raw(data)
        bye = await peer.told("bye")
        self._byes.append((peer.where, bye))
        self.assertIn(bye["code"], codes, f"{data!r}: {bye}")
        self.assertIn(member, bye["reason"])
        self.assertLessEqual(len(bye["reason"]), 1024)
        await when(lambda: peer.over, "the close")

    async def all_counted(self) -> None:
        """Of those turned down each is a line or in a count; the lines say what the peers heard."""
        await when(lambda: self.refusals() >= len(self._byes), "a line for each, or a count")
        told = [e for e in self.victim.events if e["event"] in ("refused", "suppressed")]
        self.assertEqual(len(self._byes), self.refusals(), told)
        for event in self.victim.events:
            if event["event"] == "refused":
                byes = [bye for where, bye in self._byes if where == event["address"]]
                said = [(bye["code"], bye["reason"]) for bye in byes]
                self.assertIn((event["code"], event["reason"]), said)

    def refusals(self) -> int:
        """How many refusals were shown, or counted in place of that."""
        return self.victim.count("refused") + self.counted(self.victim, "refused")

    def counted(self, watcher: NodeProcess, kind: str) -> int:
        """
        How many events of a kind were counted instead of shown.

        Pings that come all at once are: so it is where a peer reads a long answer before them.
        """
        suppressed = (event for event in watcher.events if event["event"] == "suppressed")
        return sum(int(event["count"]) for event in suppressed if event["of"] == kind)

    async def broken(self, peer: Peer, key: Key, kind: str, member: str = "") -> None:
        """A linked peer is told that it broke the rules, which member did, and is gone."""
        bye = await peer.told("bye")
        self.assertEqual("protocol", bye["code"], bye)
        self.assertIn(member, bye["reason"], kind)
        await when(lambda: peer.over, "the close")
        dead = await self.victim.said("peer_dead", peer=key.id)
        self.assertEqual(bye["reason"], dead["reason"])
        self.assertEqual(1, self.victim.count("peer_dead", peer=key.id))

    async def pinged(self) -> None:
        """Both go on pinging each other."""
        for watcher, other in self.pairs():
            last = self.pings(watcher, other)[-1:]

            def newer(event: Event, other: NodeProcess = other, last: list[Event] = last) -> bool:
                seq = last[0]["seq"] if last else 0
                return self.is_ping(event, other) and bool(event["seq"] > seq)

            await watcher.until(newer)

    async def unharmed(self) -> None:
        """All of the above: see the module."""
        await self.pinged()
        for watcher, other in self.pairs():
            self.assertEqual(0, watcher.count("peer_dead", peer=other.id))
            self.assertEqual(0, watcher.count("peer_left", peer=other.id))
            self.assertEqual(1, watcher.count("peer_alive", peer=other.id))
            numbers = [event["seq"] for event in self.pings(watcher, other)]
            self.assertEqual(sorted(set(numbers)), numbers)
            missing = len(range(numbers[0], numbers[-1] + 1)) - len(numbers)
            self.assertLessEqual(missing, self.counted(watcher, "ping"), numbers)
        for where, times in Counter(self._attackers).items():
            self.assertEqual(times, self.victim.count("refused", address=where), where)
        for node in (self.victim, self.honest):
            self.assertFalse(node.errors, node.errors)
            self.assertTrue(node.output.isascii())
        for node in (self.honest, self.victim):
            node.signal("TERM")
            self.assertEqual(0, await node.ended)
            self.assertFalse(node.errors, node.errors)

    def flood(
        self, kind: str, *sources: str, rate: float, stand: int = 0, port: int | None = None
    ) -> Flood:
        """An attack on the victim from these addresses, until the test is over."""
        port = self.victim.port if port is None else port
        return self.watched(Flood(kind, port, *sources, rate=rate, stand=stand))

    def costs(self) -> Costs:
        """What the next attack costs."""
        return Costs(self.victim, self.honest)

    def told(self, what: str, costs: Costs) -> None:
        """Let people know what was measured."""
        print(f"\n{self.id().rpartition('.')[2]}: {what}: {costs}")

    def unslowed(self, costs: Costs) -> None:
        """The honest ones' pings were answered in time all along."""
        if PROOF:
            self.assertLess(costs.reply(99), 100, str(costs))
        else:
            # A shared machine has pauses of its own.
            self.assertLess(costs.reply(50), 1000, str(costs))

    def spared(self, costs: Costs) -> None:
        """Others had their part of the core all along."""
        # Where others compute beside us, the same work takes more of a core's time.
        self.assertLess(costs.share, SHARE if PROOF else 2 * SHARE, str(costs))

    def pairs(self) -> list[tuple[NodeProcess, NodeProcess]]:
        """Who watches whom."""
        return [(self.honest, self.victim), (self.victim, self.honest)]

    def is_ping(self, event: Event, of: NodeProcess) -> bool:
        """Whether it shows a ping of this node."""
        return (event["event"], event.get("peer")) == ("ping", of.id)

    def pings(self, watcher: NodeProcess, of: NodeProcess) -> list[Event]:
        """Those that one has heard of the other."""
        return [event for event in watcher.events if self.is_ping(event, of)]

    async def trap(
        self,
        behave: Callable[[Peer], None],
        creator: Creator | None = None,
        host: str = LOOPBACK,
    ) -> Trap:
        """Somebody who listens, until the test is over."""
        trap = await Trap(behave, secure=creator is not None).open(creator, host)
        self.addCleanup(lambda: Deferred.fromCoroutine(trap.shut()))
        return trap


def ipv6() -> bool:
    """Whether this machine has IPv6 on loopback."""
    return _can_bind(socket.AF_INET6, "::1")


def elsewhere() -> bool:
    """Whether this machine has other addresses on loopback than one."""
    return _can_bind(socket.AF_INET, ELSEWHERE[0])


def _can_bind(family: int, host: str) -> bool:
    try:
        with socket.socket(family) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True
