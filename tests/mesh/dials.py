"""
Roads that a test owns, and a dialer on them.
"""

import errno
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectingCancelledError
from twisted.internet.interfaces import IAddress, IStreamClientEndpoint, ITransport
from twisted.internet.task import Clock
from zope.interface import implementer

from gossip.mesh.addresses import Address, Judge
from gossip.mesh.agenda import Agenda
from gossip.mesh.attempt import Attempt, Ending
from gossip.mesh.book import Book, Happening
from gossip.mesh.dialer import Dialer
from gossip.mesh.link import Link, Surroundings
from gossip.mesh.routes import Routes
from gossip.mesh.target import Target
from gossip.settings import Limits
from gossip.trust.identity import PeerId
from gossip.wire.messages import Message
from gossip.wire.terms import Terms
from tests.cases import UnitCase
from tests.street import WALL, identity, record

HERE = Address("192.0.2.1", 8080)


class RoadFault(Exception):
    """Something that a road should not have raised."""


class Idle:
    """Something that is due and does nothing."""

    def tick(self, now: float) -> None:
        """Do nothing."""


@implementer(IAddress)
@define
class Where:
    """The far end of a connection."""

    host: str
    port: int


@define(eq=False)
class Call:
    """One connection that the dialer wants, and what the test makes of it."""

    address: Address
    at: float
    answer: Deferred[Any]
    build: Callable[[], Link]
    answered: bool = False

    def connect(self, found: PeerId | None = None) -> Attempt:
        """TCP is up; the attempt, to be settled."""
        link = self.build()
        assert link.attempt is not None
        link.attempt.found = found
        self.answered = True
        self.answer.callback(link)
        return link.attempt

    def refuse(self, number: int = errno.ECONNREFUSED) -> None:
        """Nobody listens there, or whatever else that error means."""
        self.answered = True
        self.answer.errback(ConnectError(osError=number))


@implementer(IStreamClientEndpoint)
@define(eq=False)
class End:
    """An endpoint that leaves the answer to the test, and is cancelled as Twisted's own are."""

    roads: "Roads"
    address: Address

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Note who is called."""
        if self.roads.fault:
            raise RoadFault
        answer: Deferred[Any] = Deferred(
            lambda d: d.errback(ConnectingCancelledError(Where(self.address.host, 1)))
        )
        call = Call(
            self.address,
            self.roads.clock.seconds(),
            answer,
            lambda: protocolFactory.buildProtocol(Where(self.address.host, self.address.port)),
        )
        self.roads.calls.append(call)
        return answer


@define(eq=False)
class Roads:
    """Ways to everywhere, which the test opens and closes."""

    clock: Clock
    calls: list[Call] = field(factory=list)
    names: dict[str, Sequence[str]] = field(factory=dict)
    asked: list[str] = field(factory=list)
    fault: bool = False
    silent: bool = False
    """Whether names are never resolved."""

    async def resolve(self, host: str) -> Sequence[str]:
        """What the test says that a name is."""
        self.asked.append(host)
        if self.silent:
            await Deferred()
        return self.names.get(host, [host])

    def endpoint(self, address: Address) -> IStreamClientEndpoint:
        """The way to an address."""
        return End(self, address)

    def vouching(self, host: str) -> Callable[[ITransport], None] | None:
        """Nobody is asked for more than a key."""
        return None

    def pending(self) -> list[Call]:
        """Who is being called."""
        return [call for call in self.calls if not call.answer.called]


class Nobody:
    """A host to which nothing happens."""

    def connected(self, link: Link) -> None:
        """TCP is up."""

    def met(self, link: Link) -> None:
        """TLS is up."""

    def heard(self, link: Link, message: Message) -> None:
        """Something was said."""

    def quiet(self, link: Link) -> None:
        """Nothing was."""

    def ping_due(self, link: Link, now: float) -> None:
        """A ping is due."""

    def lost(self, link: Link, ending: Ending) -> None:
        """It is gone."""

    def turned_away(self, address: str, reason: str) -> None:
        """There was no room."""


class DialerCase(UnitCase):
    """A dialer on roads that the test owns."""

    limits = Limits()

    def setUp(self) -> None:
        self.time = self.clock()
        self.agenda = Agenda(self.time, lambda seconds, now: None)
        self.roads = Roads(self.time)
        self.book = Book(record("me"), 1000)
        self.failed: list[Ending] = []
        self.when_failed: Callable[[Target], None] = lambda target: None
        around = Surroundings(
            clock=self.time,
            agenda=self.agenda,
            host=Nobody(),
            limits=self.limits,
            terms=Terms(),
            identify=lambda transport: identity("nobody").id,
            explain=lambda error: None,
        )
        self.routes = Routes(self.book, Judge(own={HERE}), self.limits.unmet_per_minute)
        self.dialer = Dialer(
            around=around,
            roads=self.roads,
            book=self.book,
            routes=self.routes,
            random=Random(1),
            outcomes=self,
        )
        self.addCleanup(self.stop)

    def stop(self) -> None:
        """Stop, which leaves nothing behind but the agenda's own call."""
        self.dialer.stop()
        self.assertEqual([], self.roads.pending())
        self.agenda.stop()

    def dial_failed(self, target: Target, ending: Ending) -> None:
        """A dial led to no link."""
        self.failed.append(ending)
        self.when_failed(target)

    def know(
        self, name: str, *addresses: str, at: float = WALL, met: bool = True, loopback: bool = False
    ) -> PeerId:
        """Have somebody in the book."""
        learned = self.book.learn(record(name, addresses, at=at).sealed, at, loopback=loopback)
        assert learned is not None
        if met:
            self.book.happened(learned.id, Happening.LINKED)
            self.book.happened(learned.id, Happening.DIED)
            entry = self.book.get(learned.id)
            assert entry is not None
            entry.host = addresses[0].rpartition(":")[0] if addresses else ""
        return learned.id

    def admit(self, call: Call, peer: PeerId) -> None:
        """A dial leads to a link."""
        attempt = call.connect(peer)
        self.dialer.linked(peer)
        attempt.settle(None)

    def refuse(self, seconds: float, step: float = 0.1) -> list[float]:
        """Let time pass, and refuse every call; when they came."""
        count = len(self.roads.calls)
        for _ in range(round(seconds / step)):
            self.time.advance(step)
            for call in self.roads.pending():
                call.refuse()
            self.time.advance(0)
        return [call.at for call in self.roads.calls[count:]]

    def addresses(self) -> list[str]:
        """Where calls went to."""
        return [str(call.address) for call in self.roads.calls]
