"""
The street itself, and what chance makes of nodes on it.
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from random import Random

from twisted.internet.interfaces import IPushProducer, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Factory, Protocol
from zope.interface.verify import verifyObject

from gossip.mesh.book import Entry, PeerState
from gossip.mesh.status import PingHeard
from tests.street import FULL, PORT, House, Street, StreetCase

SCENARIOS = int(__import__("os").environ.get("SCEN", 60))
HEALED = 64.0
"""Seconds after which met peers have a link again: the longest backoff, and a dial."""
UNMET = 800.0
"""Seconds after which those have one that never met, and had used up their tries."""
CROWDED = 1.5
"""Seconds for which a pair may have two links: a probe, and the farewell of the loser."""


class Scenario:
    """Some nodes to which things happen at random."""

    def __init__(self, street: Street, seed: int) -> None:
        self.street = street
        self.random = Random(f"scenario {seed}")
        self.alive: list[House] = []
        self.history: list[str] = []
        self._built = 0
        self._gone: list[House] = []
        self._crowded: dict[frozenset[str], float] = {}
        for _ in range(self.random.randint(4, 6)):
            self.join()

    def things(self) -> list[Callable[[], None]]:
        """What may happen, the usual more often."""
        return [
            *[self.cut] * 3,
            *[self.snap] * 3,
            *[self.mend] * 2,
            *[self.restart] * 2,
            *[self.crash, self.vanish, self.leave, self.join, self.stall],
        ]

    def happen(self) -> None:
        """Let something happen, and some time pass."""
        self.random.choice(self.things())()
        for _ in range(self.random.randint(1, 40)):
            self.step()
        ailments = [ailment for house in self.alive for ailment in house.ailments()]
        if ailments:
            raise AssertionError(ailments)

    def step(self, seconds: float = 0.25) -> None:
        """Let a moment pass, and see that no pair has two links for long."""
        self.street.run(seconds, 0.0625)
        now = self.street.clock.seconds()
        pairs = self.street.pairs(self.alive)
        self._crowded = {p: self._crowded.get(p, now) for p, count in pairs.items() if count > 1}
        for pair, since in self._crowded.items():
            if now - since > CROWDED:
                raise AssertionError(f"{set(pair)} have had two links for {now - since} s")

    def join(self) -> None:
        """A newcomer knows one or two of those who are there."""
        friends = self.random.sample(self.alive, min(len(self.alive), self.random.randint(1, 2)))
        self._build(f"n{self._built}", None, None, friends)

    def restart(self) -> None:
        """One that is gone, or is killed now, comes back with its key."""
        if not self._gone:
            self.crash()
        if self._gone and self.alive:
            old = self._gone.pop(self.random.randrange(len(self._gone)))
            friends = self.random.sample(self.alive, 1)
            host = old.host if self.random.random() < 0.7 else None
            self._build(f"n{self._built}", old.key or old.name, host, friends)

    def cut(self) -> None:
        """Some do not reach some others any more."""
        some = [house for house in self.alive if self.random.random() < 0.4]
        self.history.append(f"cut {[house.name for house in some]}")
        others = [h for h in self.alive if h not in some and self.random.random() < 0.8]
        self.street.cut(some, others)

    def mend(self) -> None:
        """All do."""
        self.history.append("mend")
        self.street.mend()

    def snap(self) -> None:
        """The connections between two break."""
        if len(self.alive) > 1:
            one, other = self.random.sample(self.alive, 2)
            self.history.append(f"snap {one.name} {other.name}")
            self.street.snap(one, other)

    def stall(self) -> None:
        """Nobody runs for a while."""
        seconds = self.random.choice((0.5, 2.0, 8.0))
        self.history.append(f"stall {seconds}")
        self.street.clock.advance(seconds)

    def crash(self) -> None:
        """One is killed."""
        self._lose("crash", House.crash)

    def vanish(self) -> None:
        """One is gone without a word."""
        self._lose("vanish", House.vanish)

    def leave(self) -> None:
        """One says farewell."""
        self._lose("leave", House.leave)

    def introduce(self) -> None:
        """Where some do not know of each other, not even by others, let one join who knows all."""
        known = {self.alive[0]}
        while more := {b for a in known for b in self.alive if _knows(a, b) or _knows(b, a)} - known:
            known |= more
        if len(known) < len(self.alive):
            self._build("introducer", None, None, self.alive)

    def missing(self) -> list[tuple[House, House]]:
        """Pairs without a link."""
        return [(a, b) for a, b in combinations(self.alive, 2) if b.id not in a.mesh.links]

    def healed(self) -> bool:
        """Whether all have links, but for those who have not met where they are now."""
        return not any(_met(a, b) or _met(b, a) for a, b in self.missing())

    def changes(self) -> tuple[int, int]:
        """What must not change any more in a mesh that is left alone."""
        hosts = {house.host for house in self.alive}
        dials = sum(where.host in hosts for _, where in self.street.dials)
        events = [e for h in self.alive for e in h.events if not isinstance(e, PingHeard)]
        return dials, len(events)

    def _build(self, name: str, key: str | None, host: str | None, join: list[House]) -> None:
        join = list(join)
        self._built += 1
        self.history.append(f"build {name} as {key or name} at {host} join {[j.name for j in join]}")
        built = self.street.house(name, key=key, host=host, join=join, period=5.0, heartbeat=1.0)
        self.alive.append(built)

    def _lose(self, how: str, lose: Callable[[House], None]) -> None:
        if len(self.alive) > 2:
            house = self.alive.pop(self.random.randrange(len(self.alive)))
            self.history.append(f"{how} {house.name}")
            lose(house)
            self._gone.append(house)


def _knows(one: House, other: House) -> bool:
    seeds = [seed.address for seed in one.settings.seeds]
    return other.address in seeds or _heard_of(one, other) is not None


def _met(one: House, other: House) -> bool:
    entry = _heard_of(one, other)
    return entry is not None and entry.met


def _heard_of(one: House, other: House) -> Entry | None:
    # A node that has moved and met nobody since can be found by nobody.
    entry = one.mesh.book.get(other.id)
    if entry is None or entry.state is PeerState.LEFT:
        return None
    return entry if str(other.address) in entry.record.addresses else None


class ChanceTests(StreetCase):
    """Whatever happens in whatever order, the nodes that are there become one quiet mesh."""

    def test_everything_heals(self) -> None:
        """
        Cuts, deaths, returns and broken connections at random: then one mesh, and then quiet.
        """
        for seed in range(SCENARIOS):
            street = Street(seed)
            scenario = Scenario(street, seed)
            try:
                self.heal(street, scenario)
            except Exception as error:
                raise AssertionError(f"scenario {seed}: {scenario.history}: {error}") from error

    def heal(self, street: Street, scenario: Scenario) -> None:
        """One scenario, from the first step to the farewells."""
        for _ in range(scenario.random.randint(3, 10)):
            scenario.happen()
        scenario.mend()
        scenario.introduce()
        begun = street.clock.seconds()
        while not scenario.healed():
            self.assertLess(street.clock.seconds() - begun, HEALED, scenario.missing())
            scenario.step()
        while not street.is_mesh(scenario.alive):
            self.assertLess(street.clock.seconds() - begun, UNMET, scenario.missing())
            scenario.step(2)
        street.run(12, 0.25)
        before = scenario.changes()
        street.run(60, 0.25)
        self.assertEqual(before, scenario.changes())
        self.assertTrue(street.is_mesh(scenario.alive))
        self.close(street)
