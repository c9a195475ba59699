"""
The street itself, and what chance makes of nodes on it.
"""

from collections.abc import Callable
from itertools import combinations
from random import Random

from twisted.internet.interfaces import IPushProducer, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from gossip.mesh.addresses import Address
from gossip.mesh.book import Entry, PeerState
from gossip.mesh.status import PingHeard, Refused, Verdict
from gossip.mesh.target import Dialing
from tests.cases import UnitCase
from tests.street import FULL, House, Street, StreetCase, Transport, identity

SCENARIOS = 60
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
        while (
            more := {b for a in known for b in self.alive if _knows(a, b) or _knows(b, a)} - known
        ):
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
        # Of one that is dead another verdict may come, when others were asked once more.
        passing = PingHeard | Refused | Verdict
        events = [e for h in self.alive for e in h.events if not isinstance(e, passing)]
        return dials, len(events)

    def _build(self, name: str, key: str | None, host: str | None, join: list[House]) -> None:
        join = list(join)
        self._built += 1
        self.history.append(
            f"build {name} as {key or name} at {host} join {[j.name for j in join]}"
        )
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


class Notes(Protocol):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.data = b""
        self.paused = 0
        self.resumed = 0
        self.ended = ""

    def dataReceived(self, data: bytes) -> None:
        """More came."""
        self.data += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.ended = type(reason.value).__name__

    def pauseProducing(self) -> None:
        """The way is full."""
        self.paused += 1

    def resumeProducing(self) -> None:
        """It is not any more."""
        self.resumed += 1

    def stopProducing(self) -> None:
        """It is gone."""


class TransportTests(UnitCase):
    """The street carries bytes as TCP and TLS do."""

    def setUp(self) -> None:
        self.town = Street()
        ends = [Address("10.0.0.1", 1), Address("10.0.0.2", 2)]
        here, there = ends
        self.near = Transport(self.town, here, there, identity("there").id)
        self.far = Transport(self.town, there, here, identity("here").id)
        self.near.other, self.far.other = self.far, self.near
        self.one, self.two = Notes(), Notes()
        self.near.protocol, self.far.protocol = self.one, self.two

    def cut(self) -> None:
        """Let nothing pass."""
        self.town._cut |= {("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1")}

    def test_interfaces(self) -> None:
        """Its transports and endpoints have the interfaces of what they stand for."""
        verifyObject(ITCPTransport, self.near)
        verifyObject(IPushProducer, self.near)
        house = self.town.house("a")
        verifyObject(IStreamClientEndpoint, house.endpoint(house.address))
        self.town.leave()

    def test_in_order(self) -> None:
        """What is written arrives, in order, after the latency."""
        self.near.write(b"one ")
        self.near.writeSequence([b"two ", b"three"])
        self.town.run(0.005, 0.005)
        self.assertEqual(b"", self.two.data)
        self.town.run(0.01, 0.005)
        self.assertEqual(b"one two three", self.two.data)

    def test_cut(self) -> None:
        """What is sent into a cut waits, and arrives when the cut is mended."""
        self.cut()
        self.near.write(b"patience")
        self.town.run(100, 1)
        self.assertEqual(b"", self.two.data)
        self.town._cut.clear()
        self.near.move()
        self.town.run(0.1)
        self.assertEqual(b"patience", self.two.data)

    def test_reader_that_pauses(self) -> None:
        """Nothing is delivered to one that does not read, and the writer is asked to pause."""
        self.near.registerProducer(self.one, streaming=True)
        self.far.pauseProducing()
        self.near.write(b"x" * (FULL + 1))
        self.town.run(1)
        self.assertEqual((b"", 1, 0), (self.two.data, self.one.paused, self.one.resumed))
        self.far.resumeProducing()
        self.town.run(1)
        self.assertEqual((FULL + 1, 1), (len(self.two.data), self.one.resumed))

    def test_close_waits_for_the_producer(self) -> None:
        """As over TLS, a registered producer keeps the connection open."""
        self.near.registerProducer(self.one, streaming=True)
        self.near.loseConnection()
        self.town.run(1)
        self.assertEqual("", self.two.ended)
        self.near.unregisterProducer()
        self.near.loseConnection()
        self.town.run(1)
        self.assertEqual(("ConnectionDone",) * 2, (self.one.ended, self.two.ended))

    def test_close_waits_for_the_other_end(self) -> None:
        """A close into a cut is not answered; an abort needs no answer, and none may come."""
        self.cut()
        self.near.loseConnection()
        self.town.run(100, 1)
        self.assertEqual(("", ""), (self.one.ended, self.two.ended))
        self.near.abortConnection()
        self.town.run(1)
        self.assertEqual(("ConnectionAborted", ""), (self.one.ended, self.two.ended))
        self.near.write(b"too late")
        self.town.run(1)
        self.assertEqual(b"", self.two.data)


class SoundTests(StreetCase):
    """What is wrong with a node is seen."""

    def test_peer_that_nobody_dials(self) -> None:
        """A peer, or a seed, that is neither linked nor dialed is an ailment."""
        town = self.street()
        a = town.house("a")
        b = town.house("b", join=[a])
        town.until(lambda: town.is_mesh([a, b]), 5)
        a.vanish()
        town.run(10)
        self.assertEqual([], b.ailments())
        (seed,) = b.mesh._dialer._seeds
        seed.state = Dialing.LINKED
        self.assertEqual(1, len([what for what in b.ailments() if "seed" in what]))
        b.mesh._dialer.forget(a.id)
        self.assertEqual(2, len(b.ailments()))
        b.leave()


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
