"""
A second, slower opinion on one link: what PROTOCOL §3, §5 and §8 allow, by state.
"""

from typing import Final

from gossip.wire import messages
from gossip.wire.frames import HEADER, LONGEST, LONGEST_BEFORE_HELLO
from gossip.wire.messages import Bye, Heartbeat, Hello, Message
from gossip.wire.session import Broken, Dead, Event, Received, Role, Session, Silent, State
from gossip.wire.terms import Terms
from tests.fuzz.violation import require

_SLACK: Final = 1e-6
"""Seconds and frames within which sums of floats are equal."""


class Model:
    """Follows a session by what it tells, and objects where it may not."""

    def __init__(self, session: Session, terms: Terms, now: float) -> None:
        self._session = session
        self._terms = terms
        self._begun = now
        self._state = State.GREETING
        self._heard = 0
        self._heard_at = now
        self._promise = terms.heartbeat

    def received(self, events: list[Event], part: bytes, now: float) -> list[Event]:
        """Bytes came."""
        require(not any(isinstance(each, Silent | Dead) for each in events), "time tells of time")
        held = len(self._session._reader)
        most = HEADER.size + (LONGEST if self._state is State.OPEN else LONGEST_BEFORE_HELLO)
        return self._follow(events, held, most + len(part), now)

    def ticked(self, events: list[Event], now: float) -> list[Event]:
        """Time passed."""
        return self._follow(events, 0, 0, now)

    def said(self, message: Message) -> None:
        """We said something, and the session let us."""
        after = self._after(message, ours=True)
        require(after is not None, "only what a state allows is said")
        self._enter(after)

    def kept_quiet(self, message: Message) -> None:
        """We were not let."""
        after = self._after(message, ours=True)
        require(after is None, "what a state allows can be said")

    def lost(self) -> None:
        """The transport is gone."""
        self._state = State.CLOSED
        self._agree()

    def _follow(self, events: list[Event], held: int, most: int, now: float) -> list[Event]:
        for event in events:
            require(self._state not in (State.CLOSING, State.CLOSED), "the deaf hear nothing")
            if isinstance(event, Received):
                self._hear(event.message, now)
            elif isinstance(event, Silent):
                require(self._state is State.OPEN, "only who greeted owes a heartbeat")
            elif isinstance(event, Broken):
                self._part(event)
            else:
                self._die(event, now)
        require(held <= most, "no more is held than a frame and a read")
        self._agree()
        return events

    def _hear(self, message: Message, now: float) -> None:
        after = self._after(message, ours=False)
        require(after is not None, "only what a state allows is heard")
        self._heard += 1
        self._heard_at = now
        earned = (now - self._begun) * self._terms.frames_per_second
        require(
            self._heard <= self._terms.frames_at_once + earned + _SLACK,
            "no more frames are taken than the rate allows",
        )
        if isinstance(message, Hello | Heartbeat) and isinstance(message.heartbeat, float):
            self._promise = message.heartbeat
        self._enter(after)

    def _after(self, message: Message, *, ours: bool) -> State | None:
        """Where a message leads; None where it may not be said."""
        if self._state in (State.CLOSING, State.CLOSED):
            return None
        if isinstance(message, Bye):
            return State.CLOSING
        if self._state is State.OPEN:
            return None if isinstance(message, Hello) else State.OPEN
        if not isinstance(message, Hello):
            return None
        first = self._state is State.GREETING
        # The dialer says hello first, and hears the other one; an acceptor the other way round.
        if ours == (first == (self._session.role is Role.DIALER)):
            return State.GREETED if first else State.OPEN
        return None

    def _enter(self, state: State | None) -> None:
        assert state is not None
        self._state = state

    def _part(self, event: Broken) -> None:
        require(event.code in ("protocol", "timeout"), "a rule was broken, or it was too late")
        last = messages.parse(event.farewell[HEADER.size :])
        require(last == Bye(event.code, event.reason), "who broke a rule is told which")
        self._state = State.CLOSING

    def _die(self, event: Dead, now: float) -> None:
        require(self._state is State.OPEN, "only who lived can die")
        least = self._terms.beats_missed * self._promise - _SLACK
        require(event.silence >= least, "nobody is dead before three heartbeats")
        require(now - self._heard_at >= least, "nobody is dead who was heard")
        self._state = State.CLOSING

    def _agree(self) -> None:
        require(self._session.state is self._state, "the state is where the messages lead")
