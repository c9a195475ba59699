"""
One connection to a peer: the thin skin over `wire.session`.

It holds bytes, identity, timers and loss, and decides nothing: what a message means is the
session's and its host's business.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol as Interface
from typing import cast

from attrs import define
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import (
    IHandshakeListener,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
    ITransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gossip.logs import levels
from gossip.mesh.addresses import Address, is_loopback, literal
from gossip.mesh.agenda import Agenda
from gossip.mesh.attempt import Attempt, Ending
from gossip.mesh.liveness import RoundTrips
from gossip.mesh.outflow import Outflow
from gossip.settings import Limits
from gossip.trust.identity import KeyRefused, PeerId
from gossip.wire.messages import Bye, Hello, Message, Peers
from gossip.wire.session import Broken, Dead, Event, Received, Role, Session, Silent, State, Terms


class Host(Interface):
    """Whom a link tells what happened. Nothing here raises."""

    def connected(self, link: "Link") -> None:
        """TCP is up."""

    def met(self, link: "Link") -> None:
        """TLS is up, and `link.peer` is proved."""

    def heard(self, link: "Link", message: Message) -> None:
        """The peer said something that was allowed."""

    def quiet(self, link: "Link") -> None:
        """It is time for a heartbeat."""

    def ping_due(self, link: "Link", now: float) -> None:
        """The time given to `ping_next` has come; give the next one."""

    def lost(self, link: "Link", ending: Ending) -> None:
        """The connection is gone."""

    def turned_away(self, address: str, reason: str) -> None:
        """A connection was closed before anything was read from it."""


class _Stream(Interface):
    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None: ...

    def unregisterProducer(self) -> None: ...

    def loseConnection(self) -> None: ...

    def abortConnection(self) -> None: ...


@define(eq=False, kw_only=True)
class Surroundings:
    """What every link of a node shares."""

    clock: IReactorTime
    agenda: Agenda
    host: Host
    limits: Limits
    terms: Terms
    identify: Callable[[ITransport], PeerId]
    """Who is at the other end, after the handshake; raises KeyRefused."""
    explain: Callable[[BaseException], str | None]
    """What went wrong in TLS, for people; None for what is not of TLS."""


@implementer(IHandshakeListener)
class Link(Protocol):
    """See the module. Its session is None until TLS is up."""

    _log = Logger(observer=levels)

    def __init__(
        self,
        role: Role,
        around: Surroundings,
        attempt: Attempt | None,
        leave_gate: Callable[[], None],
    ) -> None:
        self.role = role
        self.attempt = attempt
        self.session: Session | None = None
        self.peer: PeerId | None = None
        self.hello: Hello | None = None
        """Theirs, once it was accepted."""
        self.round_trips = RoundTrips()
        self.ping_at = float("inf")
        self.linked_at: float | None = None
        self._around = around
        self._leave_gate: Callable[[], None] | None = leave_gate
        self._ending: Ending | None = None
        self._outflow = Outflow(most=around.limits.unread_bytes, seconds=self._now, tell=self.tell)
        self._closing = False
        self._paused = False

    def __repr__(self) -> str:
        """For logs."""
        return f"<Link {self.role.value} {self.far}>"

    @property
    def far(self) -> Address:
        """The other end of the connection."""
        if self.attempt is not None:
            return self.attempt.address.plain()
        where = self.transport.getPeer() if self.transport is not None else None
        host = str(getattr(where, "host", "unknown"))
        ip = literal(host)
        return Address(str(ip) if ip is not None else host, int(getattr(where, "port", 0)))

    @property
    def loopback(self) -> bool:
        """Whether it stays on this machine."""
        return is_loopback(self.far.host)

    @property
    def open(self) -> bool:
        """Whether both have said hello and nobody bye."""
        return self.session is not None and self.session.state is State.OPEN

    @property
    def closing(self) -> bool:
        """Whether it is on its way out: nothing is said or heard on it any more."""
        return self._closing

    def heard_since(self, then: float) -> bool:
        """Whether anything valid came after that time."""
        return self.session is not None and self.session.heard_at > then

    # Called by the transport.

    def connectionMade(self) -> None:
        """TCP is up, which is nothing yet."""
        assert self.transport is not None
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self._stream().registerProducer(self._outflow, streaming=True)
        self._around.host.connected(self)
        if not self._closing:
            self._set_alarm(self._now() + self._around.limits.handshake_wait)

    def handshakeCompleted(self) -> None:
        """TLS is up: the peer is known, and is not admitted."""
        if self.session is not None or self._ending is not None:
            return
        assert self.transport is not None
        try:
            self.peer = self._around.identify(self.transport)
            if self.attempt is not None:
                self.attempt.found = self.peer
                if self.attempt.vouch is not None:
                    self.attempt.vouch(self.transport)
        except KeyRefused as error:
            self.drop(Ending("tls", str(error)))
            return
        self.session = Session(self.role, self._around.terms, self._now())
        with self._at_own_cost("meeting the peer of"):
            self._around.host.met(self)
        self._arm()

    def dataReceived(self, data: bytes) -> None:
        """Bytes that TLS has authenticated."""
        if self.session is None:
            return
        with self._at_own_cost("hearing"):
            self._act(self.session.receive(data, self._now()))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone, by whatever end."""
        around = self._around
        around.agenda.drop(self)
        self._left_gate()
        ending = self._ending or self._why(reason)
        if self.session is not None:
            self._log.debug("{link} said {n} unknown things", link=self, n=self.session.unknown)
            self.session.closed()
        self._outflow.close()
        self._closing = True
        with self._log.failuresHandled("while losing {link}", link=self):
            around.host.lost(self, ending)
        self._settle(ending)

    # Called by the host.

    def tell(self, message: Message) -> None:
        """Say something; nothing is said any more where the link is closing."""
        if self._closing or self.session is None or self.session.ended:
            return
        self._write(self.session.send(message, self._now()))
        self._arm()

    def ping_next(self, at: float) -> None:
        """Call `Host.ping_due` at that time."""
        self.ping_at = at
        self._arm()

    def answer(self, peers: Iterator[Peers]) -> None:
        """Say a long answer, as fast as the peer reads it."""
        self._outflow.answer(peers)

    def charge(self, frames: float) -> None:
        """What it made us do has cost as much as so many frames."""
        if self.session is not None:
            self.session.charge(frames)

    def admitted(self, hello: Hello) -> None:
        """The link counts from here on."""
        self.hello = hello
        self.linked_at = self._now()
        self._left_gate()
        self._settle(None)

    def close(self, bye: Bye) -> None:
        """Say farewell, and close."""
        if self._closing:
            return
        self._end(Ending(bye.code, bye.reason))
        if self.session is None:
            self.abort(self._ending)
            return
        self._write(self.session.close(bye, self._now()))
        self._lose()

    def drop(self, ending: Ending) -> None:
        """Close without a word."""
        self._end(ending)
        self._lose()

    def abort(self, ending: Ending | None) -> None:
        """Cut the connection; nothing that is queued goes out."""
        if ending is not None:
            self._end(ending)
        self._closing = True
        if self.transport is not None:
            self._stream().abortConnection()

    def forgive(self, seconds: float, now: float) -> None:
        """This node did not run for so long."""
        if self.session is not None:
            self.session.forgive(seconds, now)
        elif not self._closing:
            self._set_alarm(now + self._around.limits.handshake_wait)
        self._outflow.forgive(seconds)

    def tick(self, now: float) -> None:
        """Something is due."""
        if self._closing:
            self.abort(None)
            return
        if self.session is None:
            wait = self._around.limits.handshake_wait
            self.abort(Ending("timeout", f"no TLS handshake within {wait:g} s"))
            return
        if now >= self._blocked_until():
            self.abort(Ending("overload", "it did not read what was sent for three heartbeats"))
            return
        with self._at_own_cost("keeping"):
            self._act(self.session.tick(now))
            if now >= self.ping_at and self.open:
                self._around.host.ping_due(self, now)
        self._arm()

    # What is left is only plumbing.

    def _stream(self) -> _Stream:
        # What the transports of TLS and TCP are, in two interfaces that typing keeps apart.
        return cast("_Stream", self.transport)

    def _now(self) -> float:
        return self._around.clock.seconds()

    @contextmanager
    def _at_own_cost(self, doing: str) -> Iterator[None]:
        # A fault of ours costs the link on which it showed, and no other.
        with self._log.failuresHandled("while {doing} {link}", doing=doing, link=self) as handled:
            yield
        if handled.failed:
            self.abort(Ending("protocol", "a fault of this program; see its log"))

    def _act(self, events: list[Event]) -> None:
        for event in events:
            if self._closing:
                return
            self._obey(event)
        self._throttle()
        self._arm()

    def _obey(self, event: Event) -> None:
        if isinstance(event, Received):
            over = self.session is not None and self.session.ended
            if over and isinstance(event.message, Hello):
                # What came right behind it has ended the session already: it opens nothing.
                return
            if isinstance(event.message, Bye):
                self._end(Ending(event.message.code, event.message.reason, theirs=True))
            self._around.host.heard(self, event.message)
            if isinstance(event.message, Bye):
                self._lose()
        elif isinstance(event, Silent):
            self._around.host.quiet(self)
        elif isinstance(event, Broken):
            self._end(Ending(event.code, event.reason))
            self._write(event.farewell)
            self._lose()
        elif isinstance(event, Dead):
            self.abort(Ending("silent", f"silent for {event.silence:.1f} s"))

    def _throttle(self) -> None:
        if self._closing or self.session is None or self.transport is None:
            return
        if self._paused is self.session.reading:
            self._paused = not self._paused
            producer = IPushProducer(self.transport)
            if self._paused:
                producer.pauseProducing()
            else:
                producer.resumeProducing()

    def _write(self, data: bytes) -> None:
        if self.transport is None or not data:
            return
        self.transport.write(data)
        if self._outflow.wrote(len(data)):
            self.abort(Ending("overload", "it did not read what was sent"))

    def _blocked_until(self) -> float:
        since = self._outflow.blocked_at
        if since is None or self.session is None:
            return float("inf")
        return since + self._around.terms.beats_missed * self.session.promise

    def _end(self, ending: Ending) -> None:
        if self._ending is None:
            self._ending = ending

    def _lose(self) -> None:
        # A registered producer would keep TLS from closing, and a silent peer would keep it from
        # ever being closed: hence both lines around the request.
        self._closing = True
        self._outflow.close()
        stream = self._stream()
        stream.unregisterProducer()
        stream.loseConnection()
        self._set_alarm(self._now() + self._around.limits.closing_wait)

    def _set_alarm(self, at: float) -> None:
        self._around.agenda.set(self, at)

    def _arm(self) -> None:
        if self._closing or self.session is None:
            return
        at = self.session.deadline()
        if self.open:
            at = min(at, self.ping_at, self._blocked_until())
        # Later times are not worth a move in the heap: an early call only looks again.
        self._around.agenda.no_later(self, at)

    def _left_gate(self) -> None:
        if self._leave_gate is not None:
            self._leave_gate()
            self._leave_gate = None

    def _settle(self, ending: Ending | None) -> None:
        if self.attempt is not None:
            self.attempt.settle(ending)

    def _why(self, reason: Failure) -> Ending:
        assert reason.value is not None
        explanation = self._around.explain(reason.value)
        if explanation is not None:
            return Ending("tls", explanation)
        if self.session is None:
            return Ending(
                "closed", "it closed the connection before the TLS handshake was complete"
            )
        if reason.check(ConnectionDone, ConnectionAborted):
            return Ending("closed", "it closed the connection")
        return Ending("closed", "the connection broke")
