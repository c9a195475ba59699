"""
The street: an in-memory network of whole nodes, on a clock that the test moves.

It carries bytes, with a latency, in order. Pairs of houses can be cut (what is sent waits, as TCP
would wait) and mended; a house can vanish without a word. The transport stands in for TLS: it knows
who is at the other end, and says so when a handshake would have completed.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from random import Random
from typing import Any

from attrs import define, field
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import (
    IPushProducer,
    IStreamClientEndpoint,
    ITCPTransport,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from gossip.mesh.addresses import Address
from gossip.mesh.book import PeerState
from gossip.mesh.link import Link
from gossip.mesh.mesh import Mesh
from gossip.mesh.own import Subject
from gossip.mesh.parts import World
from gossip.mesh.status import Event
from gossip.mesh.target import Dialing, Target
from gossip.settings import Seed, Settings
from gossip.trust import records
from gossip.trust.identity import Identity, PeerId
from gossip.trust.records import DEFAULT_TTL, Record, State
from gossip.wire.frames import LONGEST, FrameReader
from gossip.wire.messages import Hello, Message, Unknown, parse, serialize
from tests.cases import UnitCase

FULL = 65536
"""Bytes on the way from which a producer is asked to pause, as Twisted's transports do."""

WAITING, QUEUED = Dialing.WAITING, Dialing.QUEUED

PORT = 8080
WALL = 1_800_000_000.0
"""Unix time at which every street begins."""


@implementer(ITCPTransport, IPushProducer)
class Transport:
    """One end of a connection."""

    def __init__(self, street: "Street", here: Address, there: Address, peer: PeerId) -> None:
        self.peer_id = peer
        self.protocol: Protocol | None = None
        self.other: Transport = self
        self.written = 0
        self._street = street
        self._here = here
        self._there = there
        self._pipe: deque[bytes | None] = deque()
        self._size = 0
        self._moving = False
        self._reading = True
        self._producer: Any = None
        self._paused = False
        self._closing = False
        self._lost = False

    @property
    def lost(self) -> bool:
        """Whether this end knows that the connection is gone."""
        return self._lost

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self._lost or self._closing:
            return
        self.written += len(data)
        self._push(data)
        if self._producer is not None and self._size > FULL and not self._paused:
            self._paused = True
            self._producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Send bytes."""
        self.write(b"".join(data))

    def loseConnection(self, *_: Any) -> None:
        """Close when everything has gone out, and the other end has closed too: as TLS does."""
        if self._producer is None and not self._closing:
            self._closing = True
            self._push(None)

    def abortConnection(self) -> None:
        """Close now."""
        self._closing = True
        self._street.after(0, self.lose, ConnectionAborted())
        if not self._street.is_cut(self._here, self._there):
            self._street.after(self._street.latency, self.other.lose, ConnectionAborted())

    def vanish(self) -> None:
        """This end is gone without a word."""
        self._lost = True
        self._pipe.clear()

    def lose(self, reason: Exception) -> None:
        """This end learns that the connection is gone."""
        if self._lost:
            return
        self._lost = True
        self._pipe.clear()
        assert self.protocol is not None
        self.protocol.connectionLost(Failure(reason))

    def getPeer(self) -> IPv4Address:
        """The other end."""
        return IPv4Address("TCP", self._there.host, self._there.port)

    def getHost(self) -> IPv4Address:
        """This end."""
        return IPv4Address("TCP", self._here.host, self._here.port)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Ask this one to pause when too much is on the way."""
        self._producer = producer

    def unregisterProducer(self) -> None:
        """Ask nobody."""
        self._producer = None

    def pauseProducing(self) -> None:
        """Read no more."""
        self._reading = False

    def resumeProducing(self) -> None:
        """Read on."""
        self._reading = True
        self.other.move()

    def stopProducing(self) -> None:
        """The reader wants nothing any more."""
        self.loseConnection()

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing is delayed here."""

    def getTcpNoDelay(self) -> bool:
        """Nothing is delayed here."""
        return True

    def getTcpKeepAlive(self) -> bool:
        """There is none."""
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """There is none."""

    def loseWriteConnection(self) -> None:
        """TLS cannot close one way only."""

    def move(self) -> None:
        """Deliver what is on the way, if the way is open."""
        if self._moving or not self._pipe:
            return
        self._moving = True
        self._street.after(self._street.latency, self._arrive)

    def _push(self, data: bytes | None) -> None:
        self._pipe.append(data)
        self._size += len(data or b"")
        self.move()

    def _arrive(self) -> None:
        self._moving = False
        if self._street.is_cut(self._here, self._there):
            return
        while self._pipe and self.other._reading and not self._lost:
            data = self._pipe.popleft()
            if data is None:
                self.other.lose(ConnectionDone())
                self._street.after(self._street.latency, self.lose, ConnectionDone())
                return
            self._size -= len(data)
            if not self.other._lost and not self.other._closing:
                assert self.other.protocol is not None
                self.other.protocol.dataReceived(data)
        if self._paused and self._size <= FULL:
            self._paused = False
            if self._producer is not None:
                self._producer.resumeProducing()


@implementer(IStreamClientEndpoint)
@define
class Endpoint:
    """Dials a house."""

    street: "Street"
    caller: "House | Puppet"
    address: Address

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Connect, be refused, or get no answer, as the street is."""
        connected: Deferred[Any] = Deferred()
        self.street.after(self.street.latency, self._arrive, protocolFactory, connected)
        return connected

    def _arrive(self, factory: Any, connected: Deferred[Any]) -> None:
        here = Address(self.caller.host, self.street.ephemeral())
        self.street.dials.append((self.caller.host, self.address))
        if self.street.is_cut(here, self.address) or connected.called:
            return
        house = self.street.houses.get(self.address)
        if house is None or house.acceptor is None or house.stopped:
            connected.errback(Refused())
            return
        near = Transport(self.street, here, self.address, house.id)
        far = Transport(self.street, self.address, here, self.caller.id)
        near.other, far.other = far, near
        near.protocol = factory.buildProtocol(far.getHost())
        accepted: Any = house.acceptor.buildProtocol(near.getHost())
        far.protocol = accepted
        self.caller.transports.append(near)
        house.transports.append(far)
        for transport in (near, far):
            assert transport.protocol is not None
            transport.protocol.makeConnection(transport)
        connected.callback(near.protocol)
        self.street.after(2 * self.street.latency, self._shake, near)
        self.street.after(3 * self.street.latency, self._shake, far)

    def _shake(self, end: Transport) -> None:
        shake: Callable[[], None] | None = getattr(end.protocol, "handshakeCompleted", None)
        if not end.lost and not end._closing and shake is not None:
            shake()


@define(eq=False, repr=False)
class House:
    """One node on the street, or the place where one was."""

    street: "Street"
    name: str
    settings: Settings
    identity: Identity
    address: Address
    key: str | None = None
    events: list[Event] = field(factory=list)
    transports: list[Transport] = field(factory=list)
    mesh: Mesh = field(init=False)
    acceptor: Factory | None = None
    stopped: bool = False
    wall_offset: float = 0.0
    slept: float = 0.0
    descriptors_left: bool = True

    def __repr__(self) -> str:
        """For messages of tests that failed."""
        return f"<House {self.name}>"

    @property
    def host(self) -> str:
        """Its literal address."""
        return self.address.host

    @property
    def id(self) -> PeerId:
        """Its peer id."""
        return self.identity.id

    def start(self) -> None:
        """Move in."""
        self.mesh = Mesh(
            self.settings,
            Subject(
                public=self.identity.public,
                sign=self.identity.sign,
                network=self.settings.network,
                name=self.name,
                tags={},
                advertise=self.settings.advertise,
            ),
            World(
                clock=self.street.clock,
                wall=lambda: WALL + self.street.clock.seconds() + self.wall_offset,
                slept=lambda: self.slept,
                spare=lambda: self.descriptors_left,
                random=Random(f"{self.street.seed} {self.name}"),
                roads=self,
                identify=_peer,
                explain=lambda error: None,
            ),
            self.events.append,
        )
        self.acceptor = self.mesh.acceptor
        self.street.houses[self.address] = self
        self.mesh.start((self.address,))

    async def resolve(self, host: str) -> Sequence[str]:
        """Names of the street are looked up at once."""
        return self.street.names.get(host, [host])

    def endpoint(self, address: Address) -> IStreamClientEndpoint:
        """What dials an address from here."""
        return Endpoint(self.street, self, address)

    def vouching(self, host: str) -> Callable[[ITransport], None] | None:
        """Nobody is asked for more than a key here."""
        return None

    def vanish(self) -> None:
        """Be gone without a word: no FIN, no RST; who dials gets no answer."""
        self.stopped = True
        self.mesh._agenda.stop()
        self.mesh._dialer.stop()
        for transport in self.transports:
            transport.vanish()
        self.street.gone.add(self.host)

    def crash(self) -> None:
        """Be gone as a killed process is: the others get a RST, and are refused."""
        for transport in self.transports:
            if not transport.lost:
                transport.vanish()
                if not self.street.is_cut(transport._here, transport._there):
                    self.street.after(self.street.latency, transport.other.lose, ConnectionDone())
        self.stopped = True
        self.mesh._agenda.stop()
        self.mesh._dialer.stop()
        del self.street.houses[self.address]

    def leave(self) -> None:
        """Leave on purpose; the place is empty at once."""
        self.stopped = True
        self.street.houses.pop(self.address, None)
        self.mesh.leave("moving out")

    def ailments(self) -> list[str]:
        """
        What breaks the invariants of a running node; nothing does in a sound one.

        Every peer that is neither linked nor left is being dialed, or will be, and so is every seed
        that does not lead to a link; nobody else is.
        """
        mesh, dialer, found = self.mesh, self.mesh._dialer, []
        if self.stopped or mesh._emptied is not None:
            return []
        if set(mesh.links) != dialer._linked:
            found.append("the dialer knows of other links than the roster")
        for peer, entry in mesh.book:
            target = dialer._peers.get(peer)
            awaited = peer not in mesh.links and entry.state is not PeerState.LEFT
            if any(link.peer == peer for link in mesh._connections):
                # Whether it becomes a link is not decided yet.
                continue
            if awaited and (target is None or not self._cared_for(target)):
                found.append(f"nobody dials {peer[:4]}: {target}")
            if target is not None and not awaited and target.state in (WAITING, QUEUED):
                found.append(f"{peer[:4]} will be dialed: {target}")
        found += [
            f"nobody dials a seed: {target}"
            for target in dialer._seeds
            if target.peer not in mesh.links and not self._cared_for(target)
        ]
        dials = [*dialer._peers.values(), *dialer._seeds]
        if len(dialer._places) != sum(target.attempt is not None for target in dials):
            found.append(f"{len(dialer._places)} dials are counted as under way")
        if set(mesh.links.values()) - set(mesh._connections):
            found.append("a link has no connection")
        if set(mesh._talk._reconciler._exchanges) - set(mesh._connections):
            found.append("views are compared on a connection that is gone")
        return [f"{self.name}: {what}" for what in found]

    def _cared_for(self, target: Target) -> bool:
        dialer = self.mesh._dialer
        return {
            Dialing.DIALING: target.attempt is not None,
            Dialing.QUEUED: target in dialer._places,
            Dialing.WAITING: self.mesh._agenda._at(target) < float("inf"),
            Dialing.LINKED: False,
        }[target.state]

    def linked(self) -> set[str]:
        """The names of those it has links to."""
        return {self.street.name_of(peer) for peer in self.mesh.links}

    def said(self, kind: type[Event]) -> list[Any]:
        """Its events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


class Street:
    """See the module."""

    def __init__(self, seed: int = 0, latency: float = 0.01) -> None:
        self.seed = seed
        self.latency = latency
        self.clock = Clock()
        self.houses: dict[Address, House | Puppet] = {}
        self.names: dict[str, list[str]] = {}
        self.dials: list[tuple[str, Address]] = []
        self.gone: set[str] = set()
        self._everyone: dict[str, House] = {}
        self._cut: set[tuple[str, str]] = set()
        self._next = 40000

    def house(
        self,
        name: str,
        *,
        join: Sequence[House | Address | Seed] = (),
        host: str | None = None,
        key: str | None = None,
        **settings: Any,
    ) -> House:
        """Build a house and move a node in. The same `key` is the same peer."""
        number = len(self._everyone) + 1
        address = Address(host or f"10.0.{number // 250}.{number % 250 + 1}", PORT)
        made = Settings(name=name, period=1.0, heartbeat=1.0)
        seeds = tuple(
            j if isinstance(j, Seed) else Seed(j.address if isinstance(j, House) else j)
            for j in join
        )
        every = replace(made, seeds=seeds, **settings)
        house = House(self, name, every, identity(key or name), address, key)
        self._everyone[name] = house
        self.gone.discard(address.host)
        house.start()
        return house

    def puppet(self, name: str, host: str | None = None) -> "Puppet":
        """Somebody at a host who does only what the test says."""
        puppet = Puppet(self, name, host or f"10.1.0.{len(self.houses) + 1}")
        self.houses[puppet.address] = puppet
        return puppet

    def after(self, seconds: float, call: Callable[..., Any], *arguments: Any) -> None:
        """Do something later."""
        self.clock.callLater(seconds, call, *arguments)

    def run(self, seconds: float, step: float = 0.05) -> None:
        """Let time pass."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)

    def until(self, true: Callable[[], bool], seconds: float = 120) -> float:
        """Let time pass until something holds; how long it took."""
        begun = self.clock.seconds()
        while not true():
            if self.clock.seconds() - begun > seconds:
                raise AssertionError(f"it was not so within {seconds} s")
            self.clock.advance(0.05)
        return self.clock.seconds() - begun

    def snap(self, one: House, other: House) -> None:
        """Break the connections between two houses, as a middlebox does that has had enough."""
        for transport in one.transports:
            if transport._there.host == other.host or transport.other in other.transports:
                transport.abortConnection()

    def pairs(self, houses: Iterable[House]) -> Counter[frozenset[str]]:
        """How many connections carry an open link, for each pair of houses."""
        ends: Counter[frozenset[str]] = Counter()
        for house in houses:
            for transport in house.transports:
                mine, theirs = transport.protocol, transport.other.protocol
                if transport._here.port != PORT and _open(mine) and _open(theirs):
                    ends[frozenset((transport._here.host, transport._there.host))] += 1
        return ends

    def cut(self, some: Iterable[House], others: Iterable[House]) -> None:
        """Let nothing pass between two groups; what is sent waits."""
        theirs = list(others)
        for one in some:
            for other in theirs:
                self._cut |= {(one.host, other.host), (other.host, one.host)}

    def mend(self) -> None:
        """Open all ways again."""
        self._cut.clear()
        for house in self._everyone.values():
            for transport in house.transports:
                transport.move()

    def is_cut(self, here: Address, there: Address) -> bool:
        """Whether nothing passes between two addresses."""
        return bool({here.host, there.host} & self.gone) or (here.host, there.host) in self._cut

    def is_mesh(self, houses: Iterable[House]) -> bool:
        """Whether all of them have a link to each other, and all know the same."""
        them = list(houses)
        everyone = {house.id for house in them}
        return all(set(h.mesh.links) >= everyone - {h.id} for h in them) and (
            len({h.mesh.book.view() for h in them}) == 1
        )

    def name_of(self, peer: PeerId) -> str:
        """The name of a house by the id of its node."""
        return next(name for name, house in self._everyone.items() if house.id == peer)

    def ephemeral(self) -> int:
        """A port for the near end of a connection."""
        self._next += 1
        return self._next

    def leave(self) -> None:
        """Stop everyone, so that nothing is left on the clock."""
        for house in self._everyone.values():
            house.mesh.leave("the test is over")
        self.mend()
        self.run(10)


def identity(name: str) -> Identity:
    """The key of a name: always the same."""
    secret = sha256(name.encode()).digest()
    return Identity.from_key(Ed25519PrivateKey.from_private_bytes(secret))


def record(
    who: str | Identity,
    addresses: Iterable[str] = (),
    *,
    at: float = WALL,
    state: State = "alive",
    network: str = "default",
    ttl: float = DEFAULT_TTL,
) -> Record:
    """What somebody, or whoever has this name, says of itself at a Unix time."""
    name = who if isinstance(who, str) else ""
    who = identity(who) if isinstance(who, str) else who
    return records.make(
        public=who.public,
        sign=who.sign,
        seq=int(at * 1000),
        network=network,
        name=name,
        addresses=tuple(addresses),
        tags={},
        state=state,
        ttl=ttl,
    )


class Line(Protocol):
    """One connection of a puppet."""

    def __init__(self, puppet: "Puppet") -> None:
        self.puppet = puppet
        self.heard: list[Message] = []
        self.up = False
        """Whether TLS is up."""
        self.gone = False
        self._reader = FrameReader()
        self._reader.limit = LONGEST

    def handshakeCompleted(self) -> None:
        """TLS is up."""
        self.up = True

    def dataReceived(self, data: bytes) -> None:
        """Keep what is said."""
        self._reader.feed(data)
        while (body := self._reader.maybe_frame()) is not None:
            message = parse(body)
            assert not isinstance(message, Unknown)
            self.heard.append(message)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.gone = True

    def say(self, *said: Message) -> None:
        """Say something, allowed or not."""
        assert self.transport is not None
        self.transport.write(b"".join(serialize(message) for message in said))

    def hello(self, **changes: Any) -> None:
        """Say hello, in the puppet's words but for the changes."""
        self.say(replace(self.puppet.hello, **changes))

    def of(self, kind: type[Message]) -> list[Any]:
        """What was heard of one kind."""
        return [message for message in self.heard if isinstance(message, kind)]

    def end(self) -> None:
        """Close the connection."""
        assert self.transport is not None
        self.transport.loseConnection()


class Puppet(Factory):
    """A peer that says what the test lets it say, and nothing else."""

    noisy = False

    def __init__(self, street: "Street", name: str, host: str) -> None:
        self.id = identity(name).id
        self.address = Address(host, PORT)
        self.host = host
        self.lines: list[Line] = []
        self.transports: list[Transport] = []
        self.acceptor: Factory = self
        self.stopped = False
        self.hello = Hello(
            network="default",
            instance="0123456789abcdef",
            record=record(name, [str(self.address)]).sealed,
            observed="10.0.0.2",
            agent="puppet/1",
            period=5.0,
            heartbeat=60.0,
            time=WALL,
            view="0" * 16,
            features=[],
        )
        self._street = street

    def buildProtocol(self, addr: Any) -> Line:
        """One more connection."""
        line = Line(self)
        self.lines.append(line)
        return line

    def dial(self, house: "House", **hello: Any) -> Line:
        """Dial a house and say hello; the line, when the answer is here."""
        line = self.call(house)
        line.hello(**hello)
        self._street.run(0.1, 0.01)
        return line

    def call(self, house: "House") -> Line:
        """Dial a house, as far as TLS."""
        Endpoint(self._street, self, house.address).connect(self)
        self._street.run(0.1, 0.01)
        return self.lines[-1]


class StreetCase(UnitCase):
    """A test on a street that must be quiet when everyone has left."""

    def street(self, seed: int = 0, latency: float = 0.01) -> Street:
        """A street whose clock has nothing left to do when the test is over."""
        street = Street(seed, latency)
        self.addCleanup(self.close, street)
        return street

    def close(self, street: Street) -> None:
        """See that running nodes are sound; then let everyone leave, and see that all is quiet."""
        ailments = [a for house in street._everyone.values() for a in house.ailments()]
        street.leave()
        self.assertEqual([], ailments)
        self.assertEqual([], street.clock.getDelayedCalls())
        for house in street._everyone.values():
            self.assertEqual(0, len(house.mesh._agenda))


def _open(protocol: Any) -> bool:
    return isinstance(protocol, Link) and protocol.open and not protocol.closing


def _peer(transport: Any) -> PeerId:
    peer: PeerId = transport.peer_id
    return peer
