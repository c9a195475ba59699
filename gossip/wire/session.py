"""
One link's state machine: what may be said when, by whom, and until when (PROTOCOL §3, §5, §8).

It has no socket and no clock. Bytes and the time go in, events and bytes come out; `deadline`
says when `tick` wants to be called, whatever happens or does not happen until then.

    GREETING   nobody has said hello
    GREETED    the dialer has, the acceptor has not answered
    OPEN       both have: the link is up
    CLOSING    somebody said bye, or broke the rules: deaf from here on
    CLOSED     the transport is gone

The transitions are the table `TRANSITIONS`; an absent entry is a protocol error of whoever spoke.
"""

from enum import Enum
from types import MappingProxyType
from typing import Final, TypeAlias

from attrs import frozen
from msgspec import UNSET, UnsetType

from gossip.wire import messages
from gossip.wire.errors import LocalProtocolError, RemoteProtocolError
from gossip.wire.frames import LONGEST, FrameReader
from gossip.wire.messages import (
    Bye,
    GetPeers,
    Heartbeat,
    Hello,
    Message,
    Peers,
    Ping,
    Pong,
    Unknown,
)

LONGEST_REASON: Final = 1024
"""Characters of a `bye` (PROTOCOL §5)."""


class Role(Enum):
    """Which end of the connection this is."""

    DIALER = "dialed"
    ACCEPTOR = "accepted"


class State(Enum):
    """Where the conversation is."""

    GREETING = "greeting"
    GREETED = "greeted"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Direction(Enum):
    """Who spoke."""

    SENT = "sent"
    RECEIVED = "received"


_Row: TypeAlias = dict[tuple[Direction, type[Message]], State]

_TALK: _Row = {
    (direction, kind): State.OPEN
    for direction in Direction
    for kind in (Ping, Pong, Heartbeat, GetPeers, Peers)
}
_BYE: _Row = {(direction, Bye): State.CLOSING for direction in Direction}

TRANSITIONS: Final = MappingProxyType(
    {
        Role.DIALER: {
            State.GREETING: {(Direction.SENT, Hello): State.GREETED, **_BYE},
            State.GREETED: {(Direction.RECEIVED, Hello): State.OPEN, **_BYE},
            State.OPEN: {**_TALK, **_BYE},
            State.CLOSING: {},
            State.CLOSED: {},
        },
        Role.ACCEPTOR: {
            State.GREETING: {(Direction.RECEIVED, Hello): State.GREETED, **_BYE},
            State.GREETED: {(Direction.SENT, Hello): State.OPEN, **_BYE},
            State.OPEN: {**_TALK, **_BYE},
            State.CLOSING: {},
            State.CLOSED: {},
        },
    }
)


@frozen(kw_only=True)
class Terms:
    """What this side promises and tolerates on a link; all waits in seconds."""

    heartbeat: float = 1.0
    """The longest silence we promise. Shorter is noticed sooner and costs more frames."""
    hello_wait: float = 10.0
    """For their hello, from the end of the TLS handshake. A stranger holds memory for this long."""
    frame_wait: float = 20.0
    """For the rest of a frame that has begun. Shorter would cut honest peers on bad lines."""
    beats_missed: int = 3
    """How many of its heartbeats a peer may miss before it is dead (PROTOCOL §5)."""
    frames_per_second: float = 200.0
    """Frames taken from one peer in the long run. Above that we stop reading (PROTOCOL §8)."""
    frames_at_once: float = 1000.0
    """Frames taken in one burst. It covers an answer of the largest book."""
    pause: float = 0.1
    """For how long reading stops when the burst is used up: the grain of the rate."""


@frozen
class Received:
    """The peer said something that this state allows."""

    message: Message


@frozen
class Silent:
    """We sent nothing for one heartbeat, or told no view for three: it is time for one."""


@frozen
class Broken:
    """
    The peer broke the rules or was too late. The session is closing; `farewell` goes out last.
    """

    code: str
    reason: str
    farewell: bytes


@frozen
class Dead:
    """Nothing valid came for three of the peer's heartbeats: the link is to be aborted."""

    silence: float


Event: TypeAlias = Received | Silent | Broken | Dead


class Session:
    """See the module. `now` is any monotonic clock in seconds, the same for all calls."""

    def __init__(self, role: Role, terms: Terms, now: float) -> None:
        self.role = role
        self.state = State.GREETING
        self.unknown = 0
        """How many messages of unknown type were ignored."""
        self.promise = terms.heartbeat
        """The longest silence that the peer promises; ours until it has said hello."""
        self.heard_at = now
        """When the last valid frame came."""
        self._terms = terms
        self._reader = FrameReader()
        self._greet_by = now + terms.hello_wait
        self._sent_at = now
        self._viewed_at = now
        self._begun_at: float | None = None
        self._suspected = False
        self._allowance = terms.frames_at_once
        self._allowed_at = now
        self._resume_at: float | None = None

    @property
    def ended(self) -> bool:
        """True from the last word on, of either side: nothing can be said any more."""
        return self.state in (State.CLOSING, State.CLOSED)

    @property
    def reading(self) -> bool:
        """False while the peer has used up its rate: the transport should not be read."""
        return self._resume_at is None

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take bytes from the transport; what they mean, in order."""
        if self.ended:
            return []
        if self._begun_at is None:
            self._begun_at = now
        self._reader.feed(data)
        return self._read(now)

    def send(self, message: Message, now: float) -> bytes:
        """
        The bytes that say `message`.

        :raises LocalProtocolError: this state does not allow it, or it does not fit in a frame.
        """
        after = TRANSITIONS[self.role][self.state].get((Direction.SENT, type(message)))
        if after is None:
            raise LocalProtocolError(f"{message.type} cannot be sent while {self.state.value}")
        data = messages.serialize(message)
        self._enter(after, now)
        self._sent_at = now
        if isinstance(message, Hello | Heartbeat):
            self._viewed_at = now
        return data

    def charge(self, frames: float) -> None:
        """What the peer made us do has cost as much as so many frames: it counts as those."""
        self._allowance -= frames

    def close(self, bye: Bye, now: float) -> bytes:
        """The bytes of a farewell where one may still be said, else none. Deaf from here on."""
        if self.ended:
            return b""
        return self.send(bye, now)

    def closed(self) -> None:
        """The transport is gone."""
        self.state = State.CLOSED

    def dead_at(self) -> float:
        """When the peer's silence is a verdict."""
        return self.heard_at + self._terms.beats_missed * self.promise

    def forgive(self, seconds: float, now: float) -> None:
        """We ourselves did not run for so long: nobody is late for it (PROTOCOL §5, liveness)."""
        self.heard_at = min(now, self.heard_at + seconds)
        self._suspected = False
        self._greet_by += seconds
        if self._begun_at is not None:
            self._begun_at = min(now, self._begun_at + seconds)

    def deadline(self) -> float:
        """When `tick` is due."""
        if self.ended:
            return float("inf")
        is_open = self.state is State.OPEN
        due = self._beat_at() if is_open else self._greet_by
        if is_open and self.reading:
            due = min(due, self.dead_at())
        if self._begun_at is not None:
            due = min(due, self._begun_at + self._terms.frame_wait)
        if self._resume_at is not None:
            due = min(due, self._resume_at)
        return due

    def tick(self, now: float) -> list[Event]:
        """What the passing of time means."""
        if self.ended:
            return []
        events: list[Event] = []
        if self._resume_at is not None and now >= self._resume_at:
            self._resume_at = None
            events += self._read(now)
        if self.ended:
            return events
        if self._begun_at is not None and now >= self._begun_at + self._terms.frame_wait:
            reason = f"a frame was not complete within {self._terms.frame_wait:g} s"
            return [*events, self._break("timeout", reason, now)]
        if self.state is not State.OPEN:
            if now >= self._greet_by:
                reason = f"no hello within {self._terms.hello_wait:g} s"
                return [*events, self._break("timeout", reason, now)]
            return events
        return events + self._beat(now)

    def _beat_at(self) -> float:
        # Pings and answers can fill every gap; without this no view would ever be told then.
        viewed = self._viewed_at + self._terms.beats_missed * self._terms.heartbeat
        return min(self._sent_at + self._terms.heartbeat, viewed)

    def _beat(self, now: float) -> list[Event]:
        # While we do not read, silence is ours.
        if self.reading and now >= self.dead_at():
            if self._suspected:
                self.state = State.CLOSING
                return [Dead(now - self.heard_at)]
            # The verdict waits for one more call, which the skin makes after it has read the
            # socket: what already lies there may be the peer's heartbeats (PROTOCOL §5).
            self._suspected = True
        if now >= self._beat_at():
            self._sent_at = self._viewed_at = now
            return [Silent()]
        return []

    def _read(self, now: float) -> list[Event]:
        events: list[Event] = []
        self._refill(now)
        try:
            while not self.ended:
                if self._allowance < 1:
                    self._resume_at = now + self._terms.pause
                    break
                body = self._reader.maybe_frame()
                if body is None:
                    self._begun_at = self._begun_at if len(self._reader) else None
                    break
                self._begun_at = now
                self._allowance -= 1
                events += self._hear(body, now)
        except RemoteProtocolError as error:
            events.append(self._break(error.code, str(error), now))
        return events

    def _hear(self, body: bytes, now: float) -> list[Event]:
        message = messages.parse(body)
        if isinstance(message, Unknown):
            if self.state is not State.OPEN:
                raise RemoteProtocolError("type is not known before hello was exchanged")
            self.unknown += 1
        else:
            after = TRANSITIONS[self.role][self.state].get((Direction.RECEIVED, type(message)))
            if after is None:
                raise RemoteProtocolError(f"{message.type} came while {self.state.value}")
            self._enter(after, now)
        self.heard_at = now
        self._suspected = False
        if isinstance(message, Unknown):
            return []
        self._note(message)
        return [Received(message)]

    def _note(self, message: Message) -> None:
        promise = message.heartbeat if isinstance(message, Hello | Heartbeat) else UNSET
        if not isinstance(promise, UnsetType):
            self.promise = promise

    def _enter(self, state: State, now: float) -> None:
        if state is State.GREETED:
            # The first hello came in time; how long the answer takes has a time of its own.
            self._greet_by = now + self._terms.hello_wait
        if state is State.OPEN and self.state is not State.OPEN:
            self._reader.limit = LONGEST
            # The peer's promise holds from here on, however long its hello was kept waiting.
            self.heard_at = now
        self.state = state

    def _break(self, code: str, reason: str, now: float) -> Broken:
        reason = reason[:LONGEST_REASON]
        farewell = self.close(Bye(code, reason), now)
        return Broken(code, reason, farewell)

    def _refill(self, now: float) -> None:
        earned = (now - self._allowed_at) * self._terms.frames_per_second
        self._allowance = min(self._terms.frames_at_once, self._allowance + earned)
        self._allowed_at = now
