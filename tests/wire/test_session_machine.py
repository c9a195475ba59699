"""
A session against two lists of frames: what the peer said, and what the session has taken of it.

The model knows who may say what (PROTOCOL §3 and §5) and counts seconds. It stands where a link
would: it reads the socket only while the session reads, calls `tick` when it is due, once more
after a suspicion, and answers silence with a heartbeat.
"""

from typing import Final

from attrs import frozen
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gossip.wire import messages
from gossip.wire.errors import LocalProtocolError
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
    Sealed,
    Unknown,
)
from gossip.wire.session import Broken, Dead, Event, Received, Role, Session, State
from gossip.wire.terms import Terms
from tests.cases import UnitCase
from tests.machines import prove
from tests.wire.samples import ALPHA

RATE: Final = 4.0
BURST: Final = 8.0
PAUSE: Final = 0.125
"""All times are multiples of 1/16 s, which floats add up without an error."""

OURS: Final = 1.0
"""Our own heartbeat, until we have promised another."""

TERMS: Final = Terms(
    heartbeat=OURS,
    frames_per_second=RATE,
    frames_at_once=BURST,
    pause=PAUSE,
    # Here each frame counts once, however long it is.
    frame_grain=1 << 20,
)
MISSED: Final = 3
HELLO_WAIT: Final = 10.0
FRAME_WAIT: Final = 20.0

VIEW: Final = "0123456789abcdef"
HELLO: Final = Hello(
    network="example",
    instance=VIEW,
    record=ALPHA,
    observed="192.0.2.1",
    agent="test/1",
    period=5.0,
    heartbeat=2.0,
    time=1767225700.0,
    view=VIEW,
    features=[],
)
BYE: Final = Bye("leaving", "stopped")
TALK: Final[tuple[Message, ...]] = (
    Ping(1, ""),
    Pong(1),
    Heartbeat(VIEW),
    Heartbeat(VIEW, 0.5),
    Heartbeat(VIEW, 8.0),
    GetPeers(),
    Peers([], more=False),
    GetRow(1, "brief"),
    Row(1, more=False),
)
LONG: Final = Peers([Sealed("x" * 17000, "")], more=False)
"""A frame that is too long until both have said hello."""

JUNK: Final = tuple(
    len(body).to_bytes(4, "big") + body
    for body in (
        b"[]",
        b"{}",
        b'{"type":"pong"}',
        b'{"type":"ping","seq":0,"text":""}',
        b"\xff\xff",
    )
)
TOO_LONG: Final = (65537).to_bytes(4, "big")
TOO_SHORT: Final = (1).to_bytes(4, "big")
STRANGE: Final = b'\x00\x00\x00\x0e{"type":"tea"}'


@frozen
class Frame:
    """What the peer says, in bytes; `message` is None where no state allows it."""

    raw: bytes
    message: Message | Unknown | None
    announced: bool = False
    """Whether its four bytes alone are refused."""


def says(message: Message) -> Frame:
    """A frame that carries a message."""
    return Frame(messages.serialize(message), message)


FRAMES: Final = some.one_of(
    some.sampled_from(TALK).map(says),
    some.sampled_from(TALK).map(says),
    some.sampled_from(TALK).map(says),
    some.just(Frame(STRANGE, Unknown("tea"))),
    some.sampled_from((says(BYE), says(HELLO), says(LONG))),
    some.sampled_from(JUNK).map(lambda raw: Frame(raw, None)),
    some.sampled_from((Frame(TOO_LONG, None, True), Frame(TOO_SHORT, None, True))),
)


class SessionMachine(RuleBasedStateMachine):
    """One session, its peer, and the socket between them."""

    @initialize(role=some.sampled_from(Role), greet=some.booleans())
    def begin(self, role: Role, greet: bool) -> None:
        """TLS is up; in most examples both say hello."""
        self.now = 0.0
        self.session = Session(role, TERMS, self.now)
        self.role = role
        self.state = State.GREETING
        self.queue: list[tuple[Frame, int]] = []
        """Frames that were not taken yet, each with the place of its end among all bytes."""
        self.said = self.socket_read = 0
        """Bytes that the peer has sent, and those that the session was given."""
        self.wire = b""
        self.taken = 0
        self.unknown = 0
        self.tokens = BURST
        self.tokens_at = self.starved_at = 0.0
        self.heard_at = self.sent_at = self.viewed_at = self.begun_at = 0.0
        self.greeting_at = 0.0
        self.promise = HELLO.heartbeat
        self.ours = OURS
        self.suspected_at = -1.0
        self.costs: list[tuple[float, float]] = []
        """When how many frames were taken, or charged."""
        if greet:
            self.greet()

    # What happens.

    def greet(self) -> None:
        """Both say hello, in their order."""
        if self.role is Role.DIALER:
            self.send(HELLO)
        self.peer_says([says(HELLO)])
        self.read(sizes=[], cost=0)
        if self.role is Role.ACCEPTOR:
            self.send(HELLO)

    @rule(frames=some.lists(FRAMES, min_size=1, max_size=4))
    def peer_says(self, frames: list[Frame]) -> None:
        """The peer says something; nobody has read it yet."""
        for frame in frames:
            self.wire += frame.raw
            self.said += len(frame.raw)
            self.queue.append((frame, self.said))

    @rule(
        frame=some.sampled_from(TALK).map(says),
        count=some.integers(1, 20),
        cost=some.sampled_from((0.0, 0.0, 4.0, 20.0)),
    )
    def peer_floods(self, frame: Frame, count: int, cost: float) -> None:
        """The peer says much at once, and it is read."""
        self.peer_says([frame] * count)
        self.read(sizes=[], cost=cost)

    @rule(sizes=some.lists(some.integers(1, 90), max_size=3), cost=some.sampled_from((0.0, 4.0)))
    def read(self, sizes: list[int], cost: float) -> None:
        """Bytes come in pieces of these sizes, and then the rest where there are none."""
        if not self.session.reading or not self.wire:
            # What it costs is known when it was read, and not later.
            return
        for size in sizes or [len(self.wire)]:
            if self.session.reading and not self.session.ended:
                self._feed(size)
        if cost and not self.session.ended:
            self._refill()
            self.session.charge(cost)
            self.tokens -= cost
            self.costs.append((self.now, cost))

    @rule(message=some.sampled_from((*TALK, HELLO, BYE)))
    def send(self, message: Message) -> None:
        """We say something, where it is our turn."""
        after = self._after(message, ours=True)
        if after is None:
            try:
                self.session.send(message, self.now)
            except LocalProtocolError:
                return
            raise AssertionError(f"{message.type} could be said while {self.state}")
        data = self.session.send(message, self.now)
        assert messages.parse(data[4:]) == message
        assert int.from_bytes(data[:4], "big") == len(data) - 4
        self._sent(message)
        self._enter(after)

    @rule(sixteenths=some.one_of(some.integers(1, 32), some.integers(1, 400)))
    def wait(self, sixteenths: int) -> None:
        """Time passes, and what is due is done when it is due. Nobody reads the socket."""
        until = self.now + sixteenths / 16
        while self.session.deadline() <= until:
            due = self.session.deadline()
            assert due >= self.now
            self.now = due
            self._do_due()
        self.now = until

    @rule(
        before=some.integers(0, 32),
        sixteenths=some.integers(1, 800),
        reads=some.booleans(),
    )
    def stall(self, before: int, sixteenths: int, reads: bool) -> None:
        """We do not run for so long after something was due, on this link or elsewhere."""
        due = min(self.session.deadline(), self.now + before / 16)
        late = sixteenths / 16
        self.now = due + late
        if reads and self.session.reading:
            self._feed(len(self.wire))
        if self.session.ended:
            return
        self.session._stalls.add(late, self.now)
        self.heard_at = min(self.now, self.heard_at + late)
        self.begun_at = min(self.now, self.begun_at + late)
        self.greeting_at = min(self.now, self.greeting_at + late)
        self.suspected_at = -1.0
        if self.session.deadline() <= self.now:
            self._do_due()

    @precondition(lambda self: self.session.ended)
    @rule()
    def close(self) -> None:
        """The transport is gone."""
        self.session.closed()
        self.state = State.CLOSED

    # What must hold.

    @invariant()
    def same_state(self) -> None:
        """Both are in the same state, and both have counted the same."""
        if not hasattr(self, "session"):
            return
        session = self.session
        assert session.state is self.state
        assert session.ended is (self.state in (State.CLOSING, State.CLOSED))
        assert session.unknown == self.unknown
        if self.state is State.OPEN:
            assert session.promise == self.promise
            assert session.heard_at == self.heard_at
            assert session.dead_at() == self.heard_at + MISSED * self.promise
        if session.ended:
            assert session.deadline() == float("inf")
            assert session.receive(HELLO_BYTES, self.now) == []
            assert session.tick(self.now) == []
            assert session.close(BYE, self.now) == b""

    @invariant()
    def not_too_fast(self) -> None:
        """In no stretch of time more was taken than the burst and what the rate adds."""
        costs = getattr(self, "costs", [])
        if not costs or costs[-1][1] != 1:
            return
        last, total = costs[-1][0], 0.0
        for at, cost in reversed(costs):
            total += cost
            assert total <= BURST + RATE * (last - at)

    def teardown(self) -> None:
        """Whatever was said is heard as fast as it may be, if nobody broke the rules or went silent."""
        if not hasattr(self, "session"):
            return
        self._refill()
        latest = self.now + max(0.0, len(self.queue) - self.tokens) / RATE + PAUSE
        while self.now <= latest:
            if self.session.ended or not self.queue:
                return
            if not self.session.reading:
                self.wait(2)
            elif self.wire:
                self._feed(len(self.wire))
            else:
                assert not self._arrived()
                return
        raise AssertionError("what was said was never taken")

    # The model.

    def _after(self, message: Message, *, ours: bool) -> State | None:
        """PROTOCOL §3 and §5: the state that follows, None where nobody may say so."""
        if self.state in (State.CLOSING, State.CLOSED):
            return None
        if isinstance(message, Bye):
            return State.CLOSING
        if self.state is State.OPEN:
            return None if isinstance(message, Hello) else State.OPEN
        dialers = ours is (self.role is Role.DIALER)
        if not isinstance(message, Hello):
            return None
        if self.state is State.GREETING and dialers:
            return State.GREETED
        if self.state is State.GREETED and not dialers:
            return State.OPEN
        return None

    def _enter(self, state: State) -> None:
        if state is State.GREETED:
            self.greeting_at = self.now
        if state is State.OPEN and self.state is not State.OPEN:
            self.heard_at = self.now
        self.state = state

    def _sent(self, message: Message) -> None:
        self.sent_at = self.now
        if isinstance(message, Hello | Heartbeat):
            self.viewed_at = self.now
            if isinstance(message.heartbeat, float):
                self.ours = message.heartbeat

    def _refill(self) -> None:
        self.tokens = min(BURST, self.tokens + RATE * (self.now - self.tokens_at))
        self.tokens_at = self.now

    def _refused(self, frame: Frame) -> bool:
        """Whether the four bytes of its length are too many already."""
        limit = 65536 if self.state is State.OPEN else 16384
        return frame.announced or len(frame.raw) - 4 > limit

    def _arrived(self) -> bool:
        """Whether all that is needed to judge the next frame was given to the session."""
        if not self.queue:
            return False
        frame, end = self.queue[0]
        begin = end - len(frame.raw)
        return self.socket_read >= (begin + 4 if self._refused(frame) else end)

    def _partial(self) -> bool:
        """Whether a frame has begun."""
        return bool(self.queue) and self.socket_read > self.queue[0][1] - len(self.queue[0][0].raw)

    def _feed(self, size: int) -> None:
        piece, self.wire = self.wire[:size], self.wire[size:]
        if not piece:
            return
        if not self._partial():
            self.begun_at = self.now
        self.socket_read += len(piece)
        self._judge(self.session.receive(piece, self.now))

    def _do_due(self) -> None:
        self._tick()
        if self.suspected_at == self.now and not self.session.ended:
            # The turn of the reactor between the suspicion and the verdict.
            self._feed(len(self.wire))
            self._tick()
        assert self.session.ended or self.session.deadline() > self.now

    def _tick(self) -> None:
        self._judge(self.session.tick(self.now), ticked=True)

    def _judge(self, events: list[Event], *, ticked: bool = False) -> None:
        """See that these events, and no others, had to come now."""
        self._refill()
        was_unknown = self.unknown
        for event in events:
            assert self.state not in (State.CLOSING, State.CLOSED), "deaf once closing"
            if isinstance(event, Received):
                self._skip_unknown()
                self._take(event.message)
            elif isinstance(event, Broken):
                self._skip_unknown()
                self._broken(event, ticked=ticked)
            elif isinstance(event, Dead):
                self._dead(event, ticked=ticked)
            else:
                self._silent(ticked=ticked)
        self._skip_unknown()
        assert self.session.unknown == self.unknown >= was_unknown
        if not self.session.ended:
            self._nothing_forgotten(ticked=ticked)

    def _skip_unknown(self) -> None:
        # Nothing tells when: a session that has paused goes on up to a pause after it may.
        while self.unknown < self.session.unknown and self._arrived():
            frame, _ = self.queue[0]
            if not isinstance(frame.message, Unknown):
                return
            assert self.state is State.OPEN
            self.unknown += 1
            self._taken()

    def _take(self, message: Message) -> None:
        assert self._arrived(), "nothing is heard that was not said"
        frame, _ = self.queue[0]
        assert message == frame.message
        assert not self._refused(frame)
        after = self._after(message, ours=False)
        assert after is not None, f"{message.type} was heard while {self.state}"
        self._taken()
        self._enter(after)
        if isinstance(message, Hello):
            self.promise = message.heartbeat
        if isinstance(message, Heartbeat) and isinstance(message.heartbeat, float):
            self.promise = message.heartbeat

    def _taken(self) -> None:
        assert self.tokens >= 1, "faster than the rate"
        self.tokens -= 1
        self.costs.append((self.now, 1.0))
        self.taken += 1
        self.queue.pop(0)
        self.heard_at = self.begun_at = self.now
        self.suspected_at = -1.0

    def _broken(self, event: Broken, *, ticked: bool) -> None:
        if event.code == "protocol":
            assert self._arrived()
            assert self._wrong()
        else:
            assert event.code == "timeout"
            assert ticked
            late = self._partial() and self.now >= self.begun_at + FRAME_WAIT
            mute = self.state is not State.OPEN and self.now >= self.greeting_at + HELLO_WAIT
            assert late or mute, "nobody was late"
        farewell = messages.parse(event.farewell[4:])
        assert farewell == Bye(event.code, event.reason)
        self.state = State.CLOSING

    def _wrong(self) -> bool:
        """Whether the next frame breaks the rules."""
        frame, _ = self.queue[0]
        if frame.message is None or self._refused(frame):
            return True
        if isinstance(frame.message, Unknown):
            return self.state is not State.OPEN
        return self._after(frame.message, ours=False) is None

    def _dead(self, event: Dead, *, ticked: bool) -> None:
        assert ticked
        assert self.state is State.OPEN
        assert event.silence == self.now - self.heard_at
        assert event.silence >= MISSED * self.promise, "it had more time"
        assert self.session.reading, "while we do not read, silence is ours"
        assert self.suspected_at >= 0, "what lies in the socket is read before"
        assert not self._arrived(), "what had come was a sign of life"
        self.state = State.CLOSING

    def _silent(self, *, ticked: bool) -> None:
        assert ticked
        assert self.state is State.OPEN
        assert self.now >= min(self.sent_at + self.ours, self.viewed_at + MISSED * self.ours)
        self.send(Heartbeat(VIEW))

    def _nothing_forgotten(self, *, ticked: bool) -> None:
        if not self.session.reading:
            assert self.tokens < 1 or self.session.deadline() <= self.now + PAUSE
            self.starved_at = self.now
        elif self.tokens >= 1:
            assert not self._arrived(), "it was not taken"
        if not ticked:
            return
        assert not (self._partial() and self.now >= self.begun_at + FRAME_WAIT)
        if self.state is not State.OPEN:
            assert self.now < self.greeting_at + HELLO_WAIT
            return
        assert self.now < min(self.sent_at + self.ours, self.viewed_at + MISSED * self.ours)
        if self.session.reading and self.now >= self.heard_at + MISSED * self.promise:
            assert self.suspected_at < 0, "the verdict is due"
            self.suspected_at = self.now


HELLO_BYTES: Final = messages.serialize(HELLO)


class SessionMachineTests(UnitCase):
    """A session and its model."""

    def test_any_order(self) -> None:
        """Whatever comes in whatever pieces and at whatever time, the session keeps the rules."""
        prove(SessionMachine, examples=250, steps=40)
