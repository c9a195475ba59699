"""
What is remembered while a simulation runs, for the invariants and for the figures.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations
from typing import TypeAlias

from attrs import define, field

from gossip.mesh.addresses import Address, is_loopback, reachable
from gossip.mesh.book import PeerState
from gossip.mesh.link import Link
from gossip.mesh.status import (
    Event,
    IdentityMismatch,
    PeerAlive,
    PeerDead,
    PeerLeft,
    PingHeard,
    Refused,
    Verdict,
)
from gossip.testing import inquests
from gossip.testing.clock import Clock, ProcessClock
from gossip.testing.machine import PORT, Machine
from gossip.testing.network import Place
from gossip.testing.operations import Town
from gossip.testing.partings import Partings
from gossip.testing.tracks import Tracks
from gossip.testing.transport import End
from gossip.trust import records
from gossip.trust.identity import PeerId
from gossip.wire.messages import Sealed

MINUTE = 60.0

Pair: TypeAlias = tuple[Machine, Machine]


@define
class Figures:
    """What one simulation has to say in numbers; times in seconds."""

    seconds: float = 0.0
    """Simulated."""
    healing: float | None = None
    """From the end of all faults to the last link of two that had met."""
    meeting: float | None = None
    """From the end of all faults to the last link of all."""
    noticing: list[float] = field(factory=list)
    """Heartbeats until a machine that vanished was known dead, once for each who noticed."""
    dials: int = 0
    """Of somebody who was there."""
    pairs: int = 0
    frames: int = 0
    node_seconds: float = 0.0
    faults: dict[str, int] = field(factory=dict)
    """Operations, by what they did."""


@define(eq=False)
class _Loss:
    """A node that ended while others had a link to it."""

    at: float
    heartbeat: float
    waiting: dict[Machine, None]


@define(eq=False)
class _Told:
    """What a node has said of a peer so far."""

    alive: bool = False
    known: bool = False
    died_at: float | None = None


class Watch:
    """See the module."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.town: Town
        self.false_deaths: list[str] = []
        """Verdicts of death about peers that nothing was wrong with."""
        self.contradictions: list[str] = []
        """Events that do not follow from those before."""
        self.crowded: dict[tuple[Machine, PeerId], float] = {}
        """Since when somebody has several open links to one peer."""
        self.heard: dict[object, tuple[int, float]] = {}
        """How often something came at each end of an open link, and since when it was no more."""
        self.dials: dict[tuple[str, int, Address], deque[float]] = {}
        """The dials of the last minute, by who, in which of its lives, and where."""
        self.pending: dict[tuple[object, bool], float] = {}
        """Since when each connection waits to become a link, or closes."""
        self.unread: dict[object, tuple[int, float]] = {}
        """How much each end of a link leaves unread, and since when it is too much."""
        self.partial: dict[object, tuple[int, float, float]] = {}
        """What came at each end of a link since the last whole frame, and since when."""
        self.stale: dict[Pair, float] = {}
        """Since when somebody holds an old record of one to whom it has a link."""
        self.pinged: dict[Link, tuple[int, float]] = {}
        """How many pings were taken of each link, and since when."""
        self.tracks = Tracks(clock)
        self._partings = Partings()
        self.rested_at = 0.0
        self.at_rest = _Counts()
        self.left_over: list[str] = []
        self._figures = Figures()
        self._subjects: dict[str, Machine] = {}
        self._losses: dict[PeerId, _Loss] = {}
        self._told: dict[tuple[Machine, int], dict[PeerId, _Told]] = {}
        self._taken: dict[tuple[Machine, int], set[str]] = {}
        self._dialed_at: dict[tuple[str, int, str], float] = {}
        self._seeds_found: set[tuple[tuple[str, int, Address], tuple[PeerId | None, ...]]] = set()
        """Seeds that were dialed while somebody there was linked: who, in which of its lives, and where."""
        self._dials = 0
        self._needless = 0
        self._changes = 0

    def attend(self, town: Town) -> None:
        """Watch a town."""
        self.town = town
        town.network.dialed = self._dialed

    def node_begins(self, machine: Machine) -> None:
        """A node is about to start."""
        machine.tell = self._happened
        self._subjects = {m.id: m for m in self.town.machines.values()}
        self._subjects[machine.id] = machine
        # It is back: whoever calls it dead from here on has another reason.
        self._losses.pop(machine.id, None)
        self.tracks.lives_at(machine.place.address, machine.id)

    def node_ended(self, machine: Machine, how: str) -> None:
        """A node is about to end."""
        for loss in self._losses.values():
            loss.waiting.pop(machine, None)
        if how == "leave":
            self._partings.leaves(machine, self.town, self.clock.seconds())
        waiting = {
            other: None
            for other in self.town.running()
            if other.mesh is not None and machine.id in other.mesh.links and other.runs
        }
        if how == "unplug":
            self._losses[machine.id] = _Loss(
                self.clock.seconds(), machine.settings.heartbeat, waiting
            )

    def missing(self) -> list[Pair]:
        """Pairs without a link that should have one."""
        return [
            (one, other)
            for one, other in combinations(self.town.running(), 2)
            if not (one.place.hidden and other.place.hidden)
            and one.id != other.id
            and not (_linked(one, other) and _linked(other, one))
        ]

    def met(self, pair: Pair) -> bool:
        """Whether one of two knows where the other is, and had a link to it."""
        one, other = pair
        return finds(one, other) or finds(other, one)

    def healed(self, seconds: float) -> None:
        """Whoever had met has a link again."""
        if self._figures.healing is None:
            self._figures.healing = seconds

    def met_all(self, seconds: float) -> None:
        """Everyone has a link to everyone."""
        self.healed(seconds)
        self._figures.meeting = seconds

    def rest(self) -> None:
        """From now on nothing may happen."""
        self.rested_at = self.clock.seconds()
        self.at_rest = self.counts()

    def counts(self) -> "_Counts":
        """What must not change at rest, and how much was said."""
        return _Counts(self._needless, self._changes, self.town.network.carried())

    def farewells(self, clocks: Iterable[ProcessClock]) -> None:
        """Everyone was told to leave, and has had time for it."""
        for machine in self.town.running():
            self.left_over.append(f"{machine.name} is still there")
        for clock in clocks:
            self.left_over += [f"{call} is still to be called" for call in clock.calls]

    def dead(self, machine: Machine) -> Iterator[tuple[PeerId, float]]:
        """The peers that a node has called dead, and when."""
        for peer, told in self._told.get((machine, machine.boots), {}).items():
            if told.died_at is not None:
                yield peer, told.died_at

    def told_alive(self, machine: Machine, peer: PeerId) -> bool:
        """Whether a node has said of a peer that it is alive, and nothing since."""
        told = self._told.get((machine, machine.boots), {}).get(peer)
        return told is not None and told.alive

    def dialed_at(self, machine: Machine, host: str) -> float:
        """When a node dialed a host last."""
        return self._dialed_at.get((machine.name, machine.boots, host), float("-inf"))

    def taken(self, machine: Machine) -> set[str]:
        """The hosts where a node found another peer than it looked for: it spares them."""
        return self._taken.get((machine, machine.boots), set())

    def open_links(self, machine: Machine) -> Iterator[Link]:
        """The links of a node on which both have said hello and nobody bye."""
        for end in machine.place.ends:
            protocol = end.protocol
            if isinstance(protocol, Link) and protocol.open and not protocol.closing:
                yield protocol

    def figures(self) -> Figures:
        """What there is to say in numbers."""
        figures, town = self._figures, self.town
        figures.seconds = self.clock.seconds()
        figures.dials = self._dials
        count = len(town.machines)
        figures.pairs = count * (count - 1) // 2
        figures.frames = town.network.carried()
        figures.node_seconds = figures.seconds * count
        figures.faults = dict(Counter(operation.what for operation in town.plan.operations))
        return figures

    def _happened(self, machine: Machine, event: Event) -> None:
        if isinstance(event, PingHeard):
            # The trace holds the ping itself, as it was carried.
            self._pinged(machine, PeerId(event.peer))
            return
        self.town.network.trace.note(f"{machine.name} {event}")
        if isinstance(event, Refused):
            return
        if isinstance(event, IdentityMismatch):
            taken = self._taken.setdefault((machine, machine.boots), set())
            taken.add(event.address.rpartition(":")[0])
        if isinstance(event, Verdict):
            self._check_verdict(machine, event)
        if isinstance(event, PeerAlive | PeerDead | PeerLeft):
            # A liar may promise a heartbeat a minute, and be silent for three of those.
            self._changes += self.subject(event.peer) is not None
            self._judge(machine, event)

    def _pinged(self, machine: Machine, peer: PeerId) -> None:
        link = machine.mesh.links.get(peer) if machine.mesh is not None else None
        if link is not None:
            count, since = self.pinged.get(link, (0, self.clock.seconds()))
            self.pinged[link] = count + 1, since

    def _judge(self, machine: Machine, event: PeerAlive | PeerDead | PeerLeft) -> None:
        told_of = self._told.setdefault((machine, machine.boots), {})
        known = event.peer in machine.recalled
        told = told_of.setdefault(PeerId(event.peer), _Told(known=known))
        self._check_parting(machine, event)
        if isinstance(event, PeerAlive):
            if told.alive or event.first == told.known:
                self.contradictions.append(f"{machine.name} told {event} out of turn")
            told.alive, told.known, told.died_at = True, True, None
            self.tracks.linked(machine, PeerId(event.peer))
            return
        if isinstance(event, PeerDead):
            if not told.alive:
                self.contradictions.append(f"{machine.name} told {event} of one not alive")
            told.died_at = self.clock.seconds()
            self._doubt(machine, event)
        told.alive = False
        self._noticed(machine, event)

    def _check_parting(self, machine: Machine, event: PeerAlive | PeerDead | PeerLeft) -> None:
        subject = self.subject(event.peer)
        if subject is None:
            return
        wrong = self._partings.wrong(machine, event, subject, self.town)
        if wrong is not None:
            self.contradictions.append(wrong)

    def _check_verdict(self, machine: Machine, event: Verdict) -> None:
        subject = self.subject(event.peer)
        wrong = None if subject is None else inquests.wrong(machine, event, subject, self.town)
        if wrong is not None:
            self.contradictions.append(wrong)

    def _noticed(self, machine: Machine, event: PeerDead | PeerLeft) -> None:
        loss = self._losses.get(PeerId(event.peer))
        if loss is not None and machine in loss.waiting:
            del loss.waiting[machine]
            heartbeat = loss.heartbeat
            self._figures.noticing.append((self.clock.seconds() - loss.at) / heartbeat)

    def _doubt(self, machine: Machine, event: PeerDead) -> None:
        """Whether anything was wrong with a peer that was called dead."""
        subject = self.subject(event.peer)
        if subject is None:
            return
        network = self.town.network
        wrong = (
            not subject.runs
            or subject.place.mute
            or not network.connected(machine.name, subject.name)
            or network.path(subject.name, machine.name).weather != network.weather
            or network.path(machine.name, subject.name).weather != network.weather
        )
        quiet = self.town.unrest.quiet(machine.name, subject.name, self.clock.seconds())
        if not wrong and quiet > 4 * subject.settings.heartbeat + 12:
            self.false_deaths.append(f"{machine.name} says that {subject.name} is dead: {event}")

    def subject(self, peer: str | None) -> Machine | None:
        """The machine whose node holds this key."""
        return self._subjects.get(peer or "")

    def _dialed(self, place: Place, address: Address) -> None:
        self._dials += any(
            other.process is not None for other in self.town.network.at(address.host)
        )
        machine = self.town.machines.get(place.name)
        if machine is None:
            return
        self.tracks.dialed(machine, address, self.town.network, liars=bool(self.town.liars))
        key = (place.name, machine.boots, address)
        if _needless(machine, self.town, address):
            # Who is behind a seed is not known before it was dialed, whoever came from there.
            seed = any(seed.address == address for seed in machine.settings.seeds)
            there = tuple(other.id for other in self.town.network.at(address.host))
            self._needless += not seed or (key, there) in self._seeds_found
            self._seeds_found.add((key, there))
        recent = self.dials.setdefault(key, deque())
        now = self.clock.seconds()
        recent.append(now)
        self._dialed_at[place.name, machine.boots, address.host] = now
        while recent[0] <= now - MINUTE:
            recent.popleft()


@define
class _Counts:
    needless: int = 0
    """Dials of peers that were linked."""
    changes: int = 0
    carried: int = 0


def _linked(one: Machine, other: Machine) -> bool:
    # Where either has moved since, its silence is still to be noticed.
    link = one.mesh.links.get(other.id) if one.mesh is not None else None
    return link is not None and not (isinstance(link.transport, End) and link.transport.out.lost)


@lru_cache(maxsize=4096)
def hosts_of(body: str | bytes) -> frozenset[str]:
    """The hosts of the addresses in a record that may be dialed, by its body."""
    text = body if isinstance(body, str) else body.decode()
    addresses = records.read(Sealed(text, "")).addresses
    hosts = (address.rpartition(":")[0] for address in addresses)
    return frozenset(host for host in hosts if reachable(host) and not is_loopback(host))


def finds(one: Machine, other: Machine) -> bool:
    """Whether a node can reach another by what it remembers of it."""
    if one.mesh is None or other.place.hidden:
        return False
    entry = one.mesh.book.get(other.id)
    if entry is None or not entry.met or entry.state is PeerState.LEFT:
        return False
    return str(Address(other.place.address, PORT)) in entry.record.addresses


def _needless(machine: Machine, town: Town, address: Address) -> bool:
    """Whether a node dials where only somebody lives to whom it has a link."""
    mesh = machine.mesh
    if mesh is None:
        return False
    there = [place for place in town.network.at(address.host) if not place.hidden]
    linked = [place for place in there if place.process is not None and place.id in mesh.links]
    # One that is gone may have lived there before, and is looked for.
    others = (
        address.host in hosts_of(entry.held.body)
        for peer, entry in mesh.book
        if peer not in mesh.links and entry.state is not PeerState.LEFT
    )
    return bool(linked) and not any(others)
