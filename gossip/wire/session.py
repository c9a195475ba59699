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

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct, UnsetType
from msgspec.structs import replace

from gossip.wire import messages
from gossip.wire.bucket import Bucket, Rate
from gossip.wire.census import HUNG, Census
from gossip.wire.errors import LocalProtocolError, RemoteProtocolError
from gossip.wire.frames import LONGEST, FrameReader
from gossip.wire.messages import (
    Bye,
    GetPeers,
    GetRow,
    Heartbeat,
    Hello,
    Message,
    Peers,
    Ping,
    Pong,
    Row,
    Unknown,
)
from gossip.wire.stalls import Stalls
from gossip.wire.terms import NEVER, Terms
from gossip.wire.traffic import Traffic

LONGEST_REASON: Final = 1024
"""Characters of a `bye` (PROTOCOL §5)."""

_TELLING: Final = (Hello, Heartbeat)
"""Messages that tell the sender's view, and may tell its promise."""


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


_Allowed: TypeAlias = Mapping[type[Message], State]


class Moves(NamedTuple):
    """What may be said in one state, by us and by the peer, and the state that follows."""

    sent: _Allowed = MappingProxyType({})
    received: _Allowed = MappingProxyType({})


_BYE: _Allowed = {Bye: State.CLOSING}
_TALK: _Allowed = {
    **dict.fromkeys((Ping, Pong, Heartbeat, GetPeers, Peers, GetRow, Row), State.OPEN),
    **_BYE,
}

TRANSITIONS: Final = MappingProxyType(
    {
        Role.DIALER: {
            State.GREETING: Moves(sent={Hello: State.GREETED, **_BYE}, received=_BYE),
            State.GREETED: Moves(sent=_BYE, received={Hello: State.OPEN, **_BYE}),
            State.OPEN: Moves(sent=_TALK, received=_TALK),
            State.CLOSING: Moves(),
            State.CLOSED: Moves(),
        },
        Role.ACCEPTOR: {
            State.GREETING: Moves(sent=_BYE, received={Hello: State.GREETED, **_BYE}),
            State.GREETED: Moves(sent={Hello: State.OPEN, **_BYE}, received=_BYE),
            State.OPEN: Moves(sent=_TALK, received=_TALK),
            State.CLOSING: Moves(),
            State.CLOSED: Moves(),
        },
    }
)


class Received(NamedTuple):
    """The peer said something that this state allows."""

    message: Message


class Silent(Struct, frozen=True):
    """We sent nothing for one heartbeat, or told no view for three: it is time for one."""


class Broken(NamedTuple):
    """
    The peer broke the rules or was too late. The session is closing; `farewell` goes out last.
    """

    code: str
    reason: str
    farewell: bytes


class Dead(NamedTuple):
    """Nothing valid came for three of the peer's heartbeats: the link is to be aborted."""

    silence: float


Event: TypeAlias = Received | Silent | Broken | Dead


class Session:
    """See the module. `now` is any monotonic clock in seconds, the same for all calls."""

    def __init__(self, role: Role, terms: Terms, now: float) -> None:
        self.role = role
        self.state = State.GREETING
        self.ended = False
        """True from the last word on, of either side: nothing can be said any more."""
        self.hastened = True
        """Whether something may be due before the `deadline` that was given last."""
        self.unknown = 0
        """How many messages of unknown type were ignored."""
        self.promise = terms.heartbeat
        """The longest silence that the peer promises; ours until it has said hello."""
        self.promised = terms.heartbeat
        """The longest silence that we promised it last."""
        self.traffic = Traffic()
        self._terms = terms
        self._census = terms.census or Census()
        self._stalls = terms.stalls or Stalls()
        self._said, self._heard = self._census.said, self._census.heard
        self._moves = TRANSITIONS[role][self.state]
        self._reader = FrameReader()
        # Since when a hello, a frame, and the rest of one are waited for.
        self._greeting_at = self._heard_at = now
        self._begun_at: float | None = None
        self._sent_at = now
        self._viewed_at = now
        self._hung = False
        self._suspected_at: float | None = None
        self._allowance = Bucket(Rate(terms.frames_per_second, int(terms.frames_at_once)), now)
        self._resume_at: float | None = None

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
        self.traffic.bytes_in += len(data)
        self._reader.feed(data)
        return self._read(now)

    def send(self, message: Message, now: float) -> bytes:
        """
        The bytes that say `message`.

        :raises LocalProtocolError: this state does not allow it, or it does not fit in a frame.
        """
        kind = type(message)
        after = self._moves.sent.get(kind)
        if after is None:
            raise LocalProtocolError(f"{message.type} cannot be sent while {self.state.value}")
        data = messages.serialize(message)
        if after is not self.state:
            self._enter(after, now)
        self._sent_at = now
        if isinstance(message, _TELLING):
            self._viewed_at = now
            if not isinstance(message.heartbeat, UnsetType):
                self.promised = message.heartbeat
                self.hastened = True
        traffic, row, size = self.traffic, self._said[kind], len(data)
        traffic.frames_out += 1
        traffic.bytes_out += size
        row[0] += 1
        row[1] += size
        return data

    def charge(self, frames: float) -> None:
        """What the peer made us do has cost as much as so many frames: it counts as those."""
        self._allowance.spend(frames)

    def close(self, bye: Bye, now: float) -> bytes:
        """
        The bytes of a farewell where one may still be said, else none. Deaf from here on.

        Of a reason that is too long the peer is told the beginning.
        """
        if self.ended:
            return b""
        return self.send(replace(bye, reason=bye.reason[:LONGEST_REASON]), now)

    def closed(self) -> None:
        """The transport is gone."""
        self._become(State.CLOSED)

    @property
    def patience(self) -> float:
        """The seconds of silence that are a verdict on this peer (PROTOCOL §5)."""
        return self._terms.beats_missed * self.promise

    @property
    def heard_at(self) -> float:
        """When the last valid frame came; later by as long as we ourselves did not run since then."""
        return self._heard_at + self._stalls.since(self._heard_at)

    def heard_since(self, then: float) -> bool:
        """Whether a valid frame came after that time."""
        return self._heard_at > then

    def dead_at(self) -> float:
        """When the peer's silence is a verdict, unless we do not run before that."""
        return self.heard_at + self.patience

    def over(self, begun: float, wait: float) -> float:
        """When a wait is over; nobody is late for what we ourselves did not run (PROTOCOL §5)."""
        return begun + wait + self._stalls.since(begun)

    def deadline(self) -> float:
        """
        When `tick` is due.

        What comes and goes makes it later. Where it may have made it earlier, `hastened` is true.
        """
        self.hastened = False
        if self.ended:
            return NEVER
        if self.state is State.OPEN:
            due = self._beat_at()
            if self._resume_at is None:
                due = min(due, self.dead_at())
        else:
            due = self.over(self._greeting_at, self._terms.hello_wait)
        if self._begun_at is not None:
            due = min(due, self.over(self._begun_at, self._terms.frame_wait))
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
        terms = self._terms
        if self._begun_at is not None and now >= self.over(self._begun_at, terms.frame_wait):
            reason = f"a frame was not complete within {terms.frame_wait:g} s"
            return [*events, self._break("timeout", reason, now)]
        if self.state is not State.OPEN:
            if now >= self.over(self._greeting_at, terms.hello_wait):
                reason = f"no hello within {terms.hello_wait:g} s"
                return [*events, self._break("timeout", reason, now)]
            return events
        return events + self._beat(now)

    def _beat_at(self) -> float:
        # Pings and answers can fill every gap; without this no view would ever be told then.
        viewed = self._viewed_at + self._terms.beats_missed * self.promised
        return self._terms.turn(min(self._sent_at + self.promised, viewed))

    def _beat(self, now: float) -> list[Event]:
        # While we do not read, silence is ours.
        if self.reading and now - self.heard_at > HUNG * self.promise:
            self._hung = True
        if self.reading and now >= self.dead_at():
            # The verdict waits for one more call, which the skin makes after it has read the
            # socket: what already lies there may be the peer's heartbeats (PROTOCOL §5). Where we
            # did not run in between, it was not read.
            if self._suspected_at is not None and not self._stalls.since(self._suspected_at):
                self._become(State.CLOSING)
                return [Dead(now - self.heard_at)]
            self._suspected_at = now
        if now >= self._beat_at():
            self._sent_at = self._viewed_at = now
            return [Silent()]
        return []

    def _read(self, now: float) -> list[Event]:
        events: list[Event] = []
        try:
            while not self.ended:
                if self._allowance.left(now) < 1:
                    self._resume_at = now + self._terms.pause
                    self.hastened = True
                    break
                body = self._reader.maybe_frame()
                if body is None:
                    self._await_rest()
                    break
                self._begun_at = now
                self.traffic.frames_in += 1
                self._allowance.spend(1 + len(body) // self._terms.frame_grain)
                message = self._hear(body, now)
                if self._hung:
                    self._spoke_again(now - self.heard_at)
                self._heard_at = now
                if message is not None:
                    events.append(Received(message))
        except RemoteProtocolError as error:
            events.append(self._break(error.code, str(error), now))
        return events

    def _spoke_again(self, silence: float) -> None:
        self._hung, self._suspected_at = False, None
        # We may not have run for a part of what looked like one.
        if silence > HUNG * self.promise:
            self._census.gaps.observe(silence)

    def _await_rest(self) -> None:
        if self._reader:
            self.hastened = True
        else:
            self._begun_at = None

    def _hear(self, body: bytes, now: float) -> Message | None:
        message = messages.parse(body)
        row = self._heard[type(message)]
        row[0] += 1
        row[1] += len(body)
        if isinstance(message, Unknown):
            if self.state is not State.OPEN:
                raise RemoteProtocolError("type is not known before hello was exchanged")
            self.unknown += 1
            return None
        after = self._moves.received.get(type(message))
        if after is None:
            raise RemoteProtocolError(f"{message.type} came while {self.state.value}")
        if after is not self.state:
            self._enter(after, now)
        if isinstance(message, _TELLING) and not isinstance(message.heartbeat, UnsetType):
            self.promise = message.heartbeat
            self.hastened = True
        return message

    def _enter(self, state: State, now: float) -> None:
        if state is State.GREETED:
            # The first hello came in time; how long the answer takes has a time of its own.
            self._greeting_at = now
        if state is State.OPEN:
            self._reader.limit = LONGEST
            # The peer's promise holds from here on, however long its hello was kept waiting.
            self._heard_at = now
        self._become(state)

    def _become(self, state: State) -> None:
        self.state = state
        self.ended = state in (State.CLOSING, State.CLOSED)
        self.hastened = True
        self._moves = TRANSITIONS[self.role][state]

    def _break(self, code: str, reason: str, now: float) -> Broken:
        reason = reason[:LONGEST_REASON]
        farewell = self.close(Bye(code, reason), now)
        return Broken(code, reason, farewell)
