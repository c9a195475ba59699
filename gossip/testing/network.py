"""
A network in memory: who can be reached from where, how long it takes, and what happens to dials.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import product
from typing import Any, TypeAlias

from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.error import TimeoutError as TimedOut
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from gossip.mesh.addresses import Address
from gossip.testing.chance import stream
from gossip.testing.clock import Call, Clock, ProcessClock
from gossip.testing.paths import Path, Weather
from gossip.testing.pipes import Pipe, Sign
from gossip.testing.transport import ADDRESS, End
from gossip.trust.identity import PeerId

SYN_RETRIES = (1.0, 3.0, 7.0, 15.0, 31.0)
"""Seconds after the first SYN at which the system sends another (RFC 6298, doubling)."""

CONNECT_WAIT = 30.0
"""Seconds after which Twisted's endpoints give up."""

EPHEMERAL = 32768
"""The first port of those that dialers get; behind the last one they begin again."""


@define(eq=False, kw_only=True)
class Place:
    """Where a process lives: one machine, as the network sees it."""

    name: str
    address: str
    id: PeerId | None = None
    """Whose key proves itself there."""
    hidden: bool = False
    """Whether it can dial but not be dialed, as behind NAT; `address` is that of the router then."""
    process: ProcessClock | None = None
    """What runs there; None while nothing does, and who dials is refused."""
    ends: dict[End, None] = field(factory=dict)
    listening: dict[int, IProtocolFactory] = field(factory=dict)
    mute: bool = False
    """Whether its system accepts connections of which nothing that runs there takes notice."""


class Trace:
    """What happened, as one digest; and line by line, where somebody wants to read it."""

    def __init__(self, clock: Clock, read: Callable[[str], None] | None = None) -> None:
        self._clock = clock
        self._digest = sha256()
        self._read = read

    def note(self, text: str) -> None:
        """Something happened."""
        line = f"{self._clock.now:.6f} {text}"
        self._digest.update(line.encode())
        if self._read is not None:
            self._read(line)

    def carried(self, data: bytes) -> None:
        """Bytes were delivered."""
        self._digest.update(b"%.6f " % self._clock.now)
        self._digest.update(data)

    def digest(self) -> str:
        """Equal for two runs in which the same happened, byte for byte."""
        return self._digest.hexdigest()


Pair: TypeAlias = tuple[str, str]


class Network:
    """See the module."""

    def __init__(self, clock: Clock, seed: int, trace: Trace) -> None:
        self.clock = clock
        self.places: dict[str, Place] = {}
        self.names: dict[str, Sequence[str]] = {}
        """The addresses that names lead to."""
        self.dials: Counter[tuple[str, Address]] = Counter()
        """How often who dialed where."""
        self.dialed: Callable[[Place, Address], None] = lambda place, address: None
        """Told of each dial."""
        self.weather = Weather()
        """What holds between machines of which nothing else was said."""
        self._seed = seed
        self.trace = trace
        self._paths: dict[Pair, Path] = {}
        self._ports = 0

    def path(self, one: str, other: str) -> Path:
        """The way from one machine to another, by their names."""
        path = self._paths.get((one, other))
        if path is None:
            random = stream(self._seed, "path", one, other)
            path = self._paths[one, other] = Path(self.clock, random, self.weather)
        return path

    def cut(self, some: Iterable[str], others: Iterable[str], why: str = "cut") -> None:
        """Let nothing pass from any of some to any of others: one direction."""
        for one, other in product(some, list(others)):
            if one != other:
                self.path(one, other).cut(why)

    def mend(self, some: Iterable[str], others: Iterable[str], why: str = "cut") -> None:
        """Take back what was cut."""
        for one, other in product(some, list(others)):
            if one != other:
                self.path(one, other).mend(why)

    def connected(self, one: str, other: str) -> bool:
        """Whether anything passes, both ways."""
        return self.path(one, other).open and self.path(other, one).open

    def carried(self) -> int:
        """Writes that were sent, on all ways."""
        return sum(path.carried for path in self._paths.values())

    def at(self, host: str) -> list[Place]:
        """Who has this address."""
        return [place for place in self.places.values() if place.address == host]

    def break_connections(self, one: Place, other: Place) -> None:
        """Break what is between two machines, as a middlebox does: both are told."""
        for end in list(one.ends):
            if end.other in other.ends:
                end.process.arrive(end.reset)
                end.other.process.arrive(end.other.reset)

    def strand(self, place: Place) -> None:
        """Let nothing of a machine's connections arrive any more: its address is gone."""
        for end in place.ends:
            end.out.lost = end.other.out.lost = True

    def forget_gone(self) -> None:
        """Let go of ends that know nothing of their connections any more."""
        for place in self.places.values():
            for end in [end for end in place.ends if end.gone]:
                end.out.retire()
                del place.ends[end]

    def connect(self, source: Place, address: Address, factory: IProtocolFactory) -> Deferred[Any]:
        """Dial: fires with the protocol, or fails as TCP does; cancel it to give up."""
        self.dials[source.name, address] += 1
        self.dialed(source, address)
        self.trace.note(f"{source.name} dials {address}")
        assert source.process is not None
        dial = _Dial(self, source, address, factory, source.process)
        dial.begin()
        return dial.connected

    def join(self, dial: "_Dial", target: Place) -> None:
        """A SYN has reached somebody who listens: make the connection."""
        source, address, process = dial.source, dial.address, target.process
        assert process is not None
        near_at = _tcp(source.address, EPHEMERAL + self._ports % (65536 - EPHEMERAL))
        far_at = _tcp(address.host, address.port)
        self._ports += 1
        near = End(dial.process, near_at, far_at, target.id)
        far = End(process, far_at, near_at, source.id)
        near.other, far.other = far, near
        self._lay(near, self.path(source.name, target.name), self.path(target.name, source.name))
        self._lay(far, self.path(target.name, source.name), self.path(source.name, target.name))
        source.ends[near] = target.ends[far] = None
        if target.mute:
            far.mute = far.reading = True
        else:
            # The system answers for a process that does not run at the moment.
            process.arrive(_accept, far, target.listening[address.port])
        dial.answer(near, self.path(target.name, source.name))

    def _lay(self, end: End, path: Path, back: Path) -> None:
        end.out = Pipe(path, back, self.trace.carried)
        end.out.source, end.out.to = end, end.other
        path.users[end.out] = None


@define(eq=False)
class _Dial:
    network: Network
    source: Place
    address: Address
    factory: IProtocolFactory
    process: ProcessClock
    connected: Deferred[Any] = field(init=False)
    _tries: int = 0
    _near: End | None = None
    """Our end, as soon as a SYN has arrived."""
    _back: Path | None = None
    """The way that the answer takes."""
    _timer: Call | None = None

    def __attrs_post_init__(self) -> None:
        self.connected = Deferred(self._cancelled)

    def begin(self) -> None:
        """Send SYNs, and wait."""
        self._timer = self.process.callLater(CONNECT_WAIT, self._fail, TimedOut())
        self._send()

    def answer(self, near: End, back: Path) -> None:
        """The system of the other side answers a SYN."""
        self._near, self._back = near, back
        clock = self.network.clock
        clock.callLater(back.arrival(0, 0.0) - clock.now, self.retry)

    def retry(self) -> None:
        """The answer is here, or waits for the way to open."""
        assert self._near is not None
        assert self._back is not None
        if self._back.open:
            self.process.arrive(self._stands, self._near)
        else:
            self._back.wait(self)

    def hurry(self, latest: float) -> None:
        """A dial is not told of another weather."""

    def _send(self) -> None:
        clock = self.network.clock
        if self._over or self._near is not None:
            return
        for target in self.network.at(self.address.host):
            path = self.network.path(self.source.name, target.name)
            clock.callLater(path.arrival(0, 0.0) - clock.now, self._arrive, target)
        if self._tries < len(SYN_RETRIES):
            last = SYN_RETRIES[self._tries - 1] if self._tries else 0.0
            clock.callLater(SYN_RETRIES[self._tries] - last, self._send)
            self._tries += 1

    def _arrive(self, target: Place) -> None:
        network, names = self.network, (self.source.name, target.name)
        # One dial makes one connection, however often the system asks.
        if self._over or self._near is not None:
            return
        if target.hidden or target.address != self.address.host or not network.connected(*names):
            return
        if self.address.port in target.listening and target.process is not None:
            network.join(self, target)
            return
        wait = network.path(target.name, self.source.name).arrival(0, 0.0) - network.clock.now
        network.clock.callLater(wait, self.process.arrive, self._fail, Refused())

    def _stands(self, near: End) -> None:
        if near.gone:
            return
        if self._over:
            near.vanish()
            near.out.reset()
            return
        self._settle()
        protocol = self.factory.buildProtocol(near.getPeer())
        near.out.sign(Sign.CLIENT_HELLO)
        near.attach(protocol)
        self.connected.callback(protocol)

    def _fail(self, why: Exception) -> None:
        if not self._over:
            self._settle()
            self.connected.errback(why)

    def _cancelled(self, connected: Deferred[Any]) -> None:
        self._fail(ConnectingCancelledError(_tcp(self.address.host, self.address.port)))

    def _settle(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    @property
    def _over(self) -> bool:
        return self.connected.called or self.process.ended


@implementer(IStreamClientEndpoint)
@define(eq=False)
class Endpoint:
    """Dials an address from a machine."""

    network: Network
    source: Place
    address: Address

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Connect, be refused, or get no answer, as the network is."""
        return self.network.connect(self.source, self.address, protocolFactory)


def _accept(end: End, factory: IProtocolFactory) -> None:
    if not end.gone:
        end.attach(factory.buildProtocol(end.getPeer()))


def _tcp(host: str, port: int) -> ADDRESS:
    kind = IPv6Address if ":" in host else IPv4Address
    return kind("TCP", host, port)
