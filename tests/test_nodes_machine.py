"""
Whole nodes, to which anything happens in any order: whoever is there in the end is one mesh.

The model is one sentence: those that are there, and can reach each other, each have one link to
each of the others.
"""

from collections.abc import Callable
from typing import Final

from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gossip.mesh.book import PeerState
from gossip.wire import messages
from gossip.wire.messages import Bye, GetPeers, Heartbeat, Peers, Ping, Pong, Sealed
from tests.cases import UnitCase
from tests.machines import prove
from tests.street import Endpoint, House, Line, Puppet, Street, record

NAMES: Final = ("anna", "ben", "carl", "dora")
CROWDED: Final = 1.5
"""Seconds for which a pair may have two links: a probe, and the farewell of the loser."""
HEALED: Final = 64.0
"""Seconds after which those that met have a link again: the longest backoff, and a dial."""
UNMET: Final = 800.0
"""Seconds after which those have one that never met, and had used up their tries."""
STEP: Final = 0.0625

VIEW: Final = "0123456789abcdef"
SAID: Final = [
    messages.serialize(message)
    for message in (
        Ping(1, "hi"),
        Pong(1),
        Heartbeat(VIEW),
        Heartbeat(VIEW, 0.05),
        GetPeers(),
        Peers([record("nobody", ["10.9.9.9:8080"]).sealed], more=True),
        Peers([record("anna", ["10.9.9.9:8080"]).sealed], more=False),
        Peers([Sealed("{}", "")], more=False),
        Bye("leaving", ""),
        Bye("duplicate", ""),
    )
]
RAW: Final = some.one_of(
    some.lists(some.sampled_from(SAID), max_size=5).map(b"".join),
    some.sampled_from(SAID).map(lambda raw: raw[:-1]),
    some.binary(max_size=12),
)


class NodesMachine(RuleBasedStateMachine):
    """Up to four nodes on a street, and a stranger who says what it likes."""

    @initialize(seed=some.integers(0, 1000), latency=some.sampled_from((0.005, 0.02, 0.1)))
    def begin(self, seed: int, latency: float) -> None:
        """Two of them are there."""
        self.street = Street(seed, latency)
        self.alive: dict[str, House] = {}
        self.hosts: dict[str, str] = {}
        self.crowded: dict[frozenset[str], float] = {}
        self.puppet: Puppet = self.street.puppet("stranger", "10.1.0.1")
        self.line: Line | None = None
        self.start("anna", 0)
        self.start("ben", 0)

    # What happens.

    @rule(name=some.sampled_from(NAMES), friend=some.integers(0, 3))
    def start(self, name: str, friend: int) -> None:
        """One moves in, or back to where it was, and knows one of those who are there."""
        if name in self.alive:
            return
        there = list(self.alive.values())
        host = self.hosts.setdefault(name, f"10.0.0.{len(self.hosts) + 1}")
        self.alive[name] = self.street.house(
            f"{name} {self.street.ephemeral()}",
            key=name,
            host=host,
            join=[there[friend % len(there)]] if there else [],
            period=5.0,
        )

    @precondition(lambda self: len(self.alive) > 1)
    @rule(which=some.integers(0, 3), how=some.sampled_from(("leave", "crash", "vanish")))
    def stop(self, which: int, how: str) -> None:
        """One is gone: with a farewell, as a killed process, or without a word."""
        house = self.alive.pop(sorted(self.alive)[which % len(self.alive)])
        {"leave": house.leave, "crash": house.crash, "vanish": house.vanish}[how]()

    @rule(one=some.sampled_from(NAMES), other=some.sampled_from(NAMES))
    def cut(self, one: str, other: str) -> None:
        """Nothing passes between two of them."""
        if one != other and one in self.alive and other in self.alive:
            self.street.cut([self.alive[one]], [self.alive[other]])

    @rule(one=some.sampled_from(NAMES), other=some.sampled_from(NAMES))
    def snap(self, one: str, other: str) -> None:
        """The connections between two of them break."""
        if one != other and one in self.alive and other in self.alive:
            self.street.snap(self.alive[one], self.alive[other])

    @rule()
    def mend(self) -> None:
        """All reach all again."""
        self.street.mend()

    @rule(seconds=some.sampled_from((0.0625, 0.25, 1.0, 2.5, 5.0, 12.0)))
    def advance(self, seconds: float) -> None:
        """Time passes."""
        for _ in range(round(seconds / STEP)):
            self.street.clock.advance(STEP)
            self._look()

    @rule(seconds=some.sampled_from((0.5, 2.0, 8.0)))
    def stall(self, seconds: float) -> None:
        """Nobody runs for a while."""
        self.street.clock.advance(seconds)

    @rule(which=some.integers(0, 3), greets=some.booleans())
    def call(self, which: int, greets: bool) -> None:
        """The stranger dials one of them."""
        house = list(self.alive.values())[which % len(self.alive)]
        if self.line is not None and not self.line.gone:
            self.line.end()
        before = len(self.puppet.lines)
        Endpoint(self.street, self.puppet, house.address).connect(self.puppet)
        self.advance(0.5)
        if len(self.puppet.lines) > before:
            self.line = self.puppet.lines[-1]
            if greets and not self.line.gone:
                self.line.hello()

    @precondition(lambda self: self.line is not None and not self.line.gone)
    @rule(raw=RAW)
    def send_raw(self, raw: bytes) -> None:
        """The stranger says something, allowed or not."""
        assert self.line is not None
        assert self.line.transport is not None
        self.line.transport.write(raw)

    # What must hold.

    @invariant()
    def sound(self) -> None:
        """Everyone who is not linked is dialed, and nothing is counted that is not there."""
        assert [
            ailment for h in getattr(self, "alive", {}).values() for ailment in h.ailments()
        ] == []

    @invariant()
    def no_link_with_itself(self) -> None:
        """No node takes itself for another."""
        for house in getattr(self, "alive", {}).values():
            assert house.id not in house.mesh.links
            assert house.mesh.book.get(house.id) is None

    def teardown(self) -> None:
        """All ways are open, all know one another by somebody: then there is one mesh, and quiet."""
        if not hasattr(self, "street"):
            return
        if self.line is not None and not self.line.gone:
            self.line.end()
        self.puppet.stopped = True
        self.street.mend()
        self._introduce()
        self._until(self._healed, HEALED)
        self._until(lambda: self.street.is_mesh(self.alive.values()), UNMET)
        self.advance(2.0)
        assert not self.crowded
        assert self.street.is_mesh(self.alive.values())
        self.street.leave()
        assert self.street.clock.getDelayedCalls() == []
        assert all(len(house.mesh._agenda) == 0 for house in self.alive.values())

    def _until(self, true: Callable[[], bool], seconds: float) -> None:
        begun = self.street.clock.seconds()
        while not true():
            assert self.street.clock.seconds() - begun < seconds, self._missing()
            self.advance(0.25)

    def _look(self) -> None:
        """See that no pair has two links for long."""
        now = self.street.clock.seconds()
        pairs = self.street.pairs(self.alive.values())
        self.crowded = {p: self.crowded.get(p, now) for p, count in pairs.items() if count > 1}
        for pair, since in self.crowded.items():
            assert now - since <= CROWDED, f"{set(pair)} have two links"

    def _introduce(self) -> None:
        """Let a newcomer join who knows all, since some may have nobody who knows them."""
        everyone = list(self.alive.values())
        self.alive["host"] = self.street.house("host", host="10.0.0.99", join=everyone, period=5.0)

    def _missing(self) -> list[tuple[str, str]]:
        return [
            (one, other)
            for one, house in self.alive.items()
            for other, theirs in self.alive.items()
            if one != other and theirs.id not in house.mesh.links
        ]

    def _healed(self) -> bool:
        """Whether all have links, but for those of whom neither has met the other."""
        return not any(self._met(one, other) for one, other in self._missing())

    def _met(self, one: str, other: str) -> bool:
        entry = self.alive[one].mesh.book.get(self.alive[other].id)
        return entry is not None and entry.met and entry.state is not PeerState.LEFT


class NodesMachineTests(UnitCase):
    """Nodes and what happens to them."""

    def test_any_order(self) -> None:
        """Whatever happens in whatever order, those who are there become one mesh."""
        prove(NodesMachine, examples=200, steps=25)
