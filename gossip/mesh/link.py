"""
One connection to a peer: the thin skin over `wire.session`.

It holds bytes, identity, timers and loss, and decides nothing: what a message means is the
session's and its host's business.
"""

from collections.abc import Callable, Iterator
from sys import intern
from typing import Protocol as Interface

from attrs import define
from twisted.internet.interfaces import IHandshakeListener, IReactorTime, ITransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gossip.logs import levels
from gossip.mesh.addresses import Address, is_loopback
from gossip.mesh.agenda import NEVER, Agenda
from gossip.mesh.attempt import Attempt, Ending, said, unsaid
from gossip.mesh.liveness import RoundTrips
from gossip.mesh.outflow import Outflow
from gossip.mesh.stream import Stream, far_end
from gossip.settings import Limits
from gossip.trust.identity import KeyRefused, PeerId
from gossip.wire.messages import ROWS, Bye, Hello, Message, Peers, Row
from gossip.wire.session import Broken, Dead, Event, Received, Role, Session, Silent, State
from gossip.wire.terms import Terms


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


@define(eq=False, repr=False, kw_only=True)
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


@define(eq=False, repr=False)
class _Outcome:
    # What became of a connection, for those who wait to hear it: the gate that let it in, and the
    # dial that made it. Each hears it once.
    attempt: Attempt | None
    leave_gate: Callable[[], None] | None
    ending: Ending | None = None

    def end(self, ending: Ending) -> None:
        """It ends, or ended already: the first reason counts."""
        if self.ending is None:
            self.ending = ending

    def left_gate(self) -> None:
        """It is not pending any more."""
        if self.leave_gate is not None:
            self.leave_gate()
            self.leave_gate = None

    def settle(self, ending: Ending | None) -> None:
        """It became a link, or did not."""
        if self.attempt is not None:
            self.attempt.settle(ending)


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
        self.instance: str | None = None
        """Theirs, once their hello was accepted."""
        self.period = 0.0
        """Seconds between their pings, as they have promised."""
        self.agent = ""
        """What they call their program."""
        self.rows = False
        """Whether they can be asked for rows."""
        self.round_trips = RoundTrips()
        self.ping_at = NEVER
        self.linked_at: float | None = None
        self._around = around
        self._agenda = around.agenda
        self._now: Callable[[], float] = around.clock.seconds
        self._outcome = _Outcome(attempt, leave_gate)
        self._outflow = Outflow(most=around.limits.unread_bytes, seconds=self._now, tell=self.tell)
        self._stream = Stream(self._outflow)
        self._closing = False
        self._far: Address | None = None

    def __repr__(self) -> str:
        """For logs."""
        return f"<Link {self.role.value} {self.far}>"

    @property
    def far(self) -> Address:
        """The other end of the connection."""
        if self._far is not None:
            return self._far
        dialed = self.attempt
        return far_end(self.transport) if dialed is None else dialed.address.plain()

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
        return self.session is not None and self.session.heard_since(then)

    # Called by the transport.

    def connectionMade(self) -> None:
        """TCP is up, which is nothing yet."""
        assert self.transport is not None
        self._far = self.far
        self._stream.open(self.transport)
        self._around.host.connected(self)
        if not self._closing:
            self._agenda.set(self, self._now() + self._around.limits.handshake_wait)

    def handshakeCompleted(self) -> None:
        """TLS is up: the peer is known, and is not admitted."""
        if self.session is not None or self._outcome.ending is not None:
            return
        assert self.transport is not None
        try:
            self.peer = _prove(self._around, self.transport, self.attempt)
        except KeyRefused as error:
            self.drop(Ending("tls", str(error)))
            return
        self.session = Session(self.role, self._around.terms, self._now())
        self._at_own_cost("meeting the peer of", self._around.host.met, self)
        self._arm()

    def dataReceived(self, data: bytes) -> None:
        """Bytes that TLS has authenticated."""
        if self.session is not None:
            self._at_own_cost("hearing", self._hear, self.session, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone, by whatever end."""
        self._agenda.drop(self)
        self._outcome.left_gate()
        session = self.session
        ending = self._outcome.ending or unsaid(
            reason, self._around.explain, shaken=session is not None
        )
        if session is not None:
            self._log.debug("{link} said {n} unknown things", link=self, n=session.unknown)
            session.closed()
        self._outflow.close()
        self._closing = True
        with self._log.failuresHandled("while losing {link}", link=self):
            self._around.host.lost(self, ending)
        self._outcome.settle(ending)

    # Called by the host.

    def tell(self, message: Message) -> None:
        """Say something; nothing is said any more where the link is closing."""
        session = self.session
        if self._closing or session is None or session.ended:
            return
        self._write(session.send(message, self._now()))
        if session.hastened:
            self._arm()

    def ping_next(self, at: float) -> None:
        """Call `Host.ping_due` at that time."""
        self.ping_at = at
        self._arm()

    def answer(self, peers: Iterator[Peers]) -> None:
        """Say a long answer, as fast as the peer reads it."""
        self._outflow.answer(peers)

    def row(self, row: Iterator[Row]) -> bool:
        """Say a row likewise; False where too many wait already."""
        return self._outflow.row(row)

    def charge(self, frames: float) -> None:
        """What it made us do has cost as much as so many frames."""
        if self.session is not None:
            self.session.charge(frames)

    def admitted(self, hello: Hello) -> None:
        """The link counts from here on."""
        self.instance, self.period = hello.instance, hello.period
        # The same text for all, where all run the same.
        self.agent, self.rows = intern(hello.agent), ROWS in hello.features
        self.linked_at = self._now()
        self._outcome.left_gate()
        self._outcome.settle(None)

    def close(self, bye: Bye) -> None:
        """Say farewell, and close."""
        if self._closing:
            return
        self._outcome.end(Ending(bye.code, bye.reason))
        if self.session is None:
            self.abort(self._outcome.ending)
        else:
            self._write(self.session.close(bye, self._now()))
            self._lose()

    def drop(self, ending: Ending) -> None:
        """Close without a word."""
        self._outcome.end(ending)
        self._lose()

    def abort(self, ending: Ending | None) -> None:
        """Cut the connection; nothing that is queued goes out."""
        if ending is not None:
            self._outcome.end(ending)
        self._closing = True
        self._stream.abort()

    def tick(self, now: float) -> None:
        """Something is due."""
        if self._closing:
            self.abort(None)
            return
        if self.session is None:
            self._no_handshake(now)
            return
        if now >= self._overdue_at(self.session):
            wait = self._unread_wait(self.session)
            self.abort(Ending("overload", f"it did not read what was sent for {wait:g} s"))
            return
        self._at_own_cost("keeping", self._keep, self.session, now)

    # What is left is only plumbing.

    def _no_handshake(self, now: float) -> None:
        wait = self._around.limits.handshake_wait
        # Anew after a stall: what lies in the socket is read first.
        if now < (anew := self._agenda.stalled_at + wait):
            self._agenda.set(self, anew)
        else:
            self.abort(Ending("timeout", f"no TLS handshake within {wait:g} s"))

    def _overdue_at(self, session: Session) -> float:
        blocked_at = self._outflow.blocked_at
        return NEVER if blocked_at is None else session.over(blocked_at, self._unread_wait(session))

    def _unread_wait(self, session: Session) -> float:
        limits = self._around.limits
        return max(limits.unread_least, min(session.patience, limits.unread_most))

    def _at_own_cost(self, doing: str, act: Callable[..., None], *arguments: object) -> None:
        # A fault of ours costs the link on which it showed, and no other.
        try:
            act(*arguments)
        except BaseException:  # noqa: BLE001 - other links go on, whatever it was
            self._log.failure("while {doing} {link}", doing=doing, link=self)
            self.abort(Ending("protocol", "a fault of this program; see its log"))

    def _hear(self, session: Session, data: bytes) -> None:
        self._act(session, session.receive(data, self._now()))
        if session.hastened:
            self._arm()

    def _keep(self, session: Session, now: float) -> None:
        # First, since it is as good as a heartbeat.
        if now >= self._around.terms.turn(self.ping_at) and self.open:
            self._around.host.ping_due(self, now)
        self._act(session, session.tick(now))
        self._arm()

    def _act(self, session: Session, events: list[Event]) -> None:
        for event in events:
            if self._closing:
                return
            self._obey(session, event)
        if not self._closing:
            self._stream.read(session.reading)

    def _obey(self, session: Session, event: Event) -> None:
        if isinstance(event, Received):
            if isinstance(event.message, Hello) and session.ended:
                # What came right behind it has ended the session already: it opens nothing.
                return
            if isinstance(event.message, Bye):
                self._outcome.end(said(event.message))
            self._around.host.heard(self, event.message)
            if isinstance(event.message, Bye):
                self._lose()
        elif isinstance(event, Silent):
            self._around.host.quiet(self)
        elif isinstance(event, Broken):
            self._outcome.end(Ending(event.code, event.reason))
            self._write(event.farewell)
            self._lose()
        elif isinstance(event, Dead):
            self.abort(Ending("silent", f"silent for {event.silence:.1f} s"))

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        if self._outflow.wrote(len(data)):
            self.abort(Ending("overload", "it did not read what was sent"))
        elif self._outflow.blocked_at is not None:
            # Nothing else may be due before it has had its time to read.
            self._arm()

    def _lose(self) -> None:
        # A silent peer would keep TLS from ever being closed: hence the alarm.
        self._closing = True
        self._outflow.close()
        self._stream.close()
        self._agenda.set(self, self._now() + self._around.limits.closing_wait)

    def _arm(self) -> None:
        session = self.session
        if self._closing or session is None:
            return
        at = session.deadline()
        if session.state is State.OPEN:
            at = min(at, self._around.terms.turn(self.ping_at), self._overdue_at(session))
        # Later times are not worth a move in the heap: an early call only looks again.
        self._agenda.no_later(self, at)


def _prove(around: Surroundings, transport: ITransport, attempt: Attempt | None) -> PeerId:
    # Who is at the other end; raises KeyRefused where it is nobody who may be there.
    peer = around.identify(transport)
    if attempt is not None:
        attempt.found = peer
        if attempt.vouch is not None:
            attempt.vouch(transport)
    return peer
