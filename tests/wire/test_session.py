"""
Tests of `gossip.wire.session`.
"""

from enum import Enum
from itertools import product
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gossip.wire import messages
from gossip.wire.errors import LocalProtocolError
from gossip.wire.frames import serialize
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
)
from gossip.wire.session import Broken, Dead, Event, Received, Role, Session, Silent, State
from gossip.wire.terms import Terms
from tests.cases import UnitCase
from tests.wire.samples import ALPHA

HELLO = Hello(
    network="example",
    instance="00112233445566ff",
    record=ALPHA,
    observed="192.0.2.1",
    agent="test/1",
    period=5.0,
    heartbeat=1.0,
    time=1767225700.0,
    view="0123456789abcdef",
    features=[],
)
BYE = Bye("leaving", "stopped")
BEAT = Heartbeat("0123456789abcdef")
ONE_OF_EACH: tuple[Message, ...] = (
    HELLO,
    Ping(1, ""),
    Pong(1),
    BEAT,
    GetPeers(),
    Peers([], more=False),
    GetRow(1, "brief"),
    Row(1, more=False),
    BYE,
)
UNKNOWN = b'\x00\x00\x00\x0e{"type":"tea"}'


class Direction(Enum):
    """Who spoke."""

    SENT = "sent"
    RECEIVED = "received"


Steps: TypeAlias = dict[tuple[Role, State, Direction], dict[type[Message], State]]

_TALK: dict[type[Message], State] = {
    Ping: State.OPEN,
    Pong: State.OPEN,
    Heartbeat: State.OPEN,
    GetPeers: State.OPEN,
    Peers: State.OPEN,
    GetRow: State.OPEN,
    Row: State.OPEN,
    Bye: State.CLOSING,
}
_SENT, _RECEIVED = Direction.SENT, Direction.RECEIVED
ALLOWED: Steps = {
    (Role.DIALER, State.GREETING, _SENT): {Hello: State.GREETED, Bye: State.CLOSING},
    (Role.DIALER, State.GREETING, _RECEIVED): {Bye: State.CLOSING},
    (Role.DIALER, State.GREETED, _SENT): {Bye: State.CLOSING},
    (Role.DIALER, State.GREETED, _RECEIVED): {Hello: State.OPEN, Bye: State.CLOSING},
    (Role.DIALER, State.OPEN, _SENT): _TALK,
    (Role.DIALER, State.OPEN, _RECEIVED): _TALK,
    (Role.ACCEPTOR, State.GREETING, _SENT): {Bye: State.CLOSING},
    (Role.ACCEPTOR, State.GREETING, _RECEIVED): {Hello: State.GREETED, Bye: State.CLOSING},
    (Role.ACCEPTOR, State.GREETED, _SENT): {Hello: State.OPEN, Bye: State.CLOSING},
    (Role.ACCEPTOR, State.GREETED, _RECEIVED): {Bye: State.CLOSING},
    (Role.ACCEPTOR, State.OPEN, _SENT): _TALK,
    (Role.ACCEPTOR, State.OPEN, _RECEIVED): _TALK,
}
"""Who may say what, and what follows; all else breaks the protocol."""

NEVER = float("inf")
PATIENT = Terms(heartbeat=60.0)
TALKING = (State.GREETING, State.GREETED, State.OPEN)


def frame(message: Message) -> bytes:
    """The bytes that a peer sends to say this."""
    return messages.serialize(message)


def said(data: bytes) -> Message | messages.Unknown:
    """What one frame that a session made says."""
    return messages.parse(data[4:])


def session_in(
    state: State, role: Role, *, terms: Terms | None = None, theirs: Hello = HELLO
) -> Session:
    """A session that was led into a state by an ordinary conversation, all at time 0."""
    session = Session(role, terms or Terms(), 0.0)
    ours = replace(HELLO, heartbeat=session.promised)
    steps = [lambda: session.send(ours, 0.0), lambda: session.receive(frame(theirs), 0.0)]
    if role is Role.ACCEPTOR:
        steps.reverse()
    for step in steps[: 0 if state is State.GREETING else 1 if state is State.GREETED else 2]:
        step()
    if state is State.CLOSING:
        session.send(BYE, 0.0)
    if state is State.CLOSED:
        session.closed()
    return session


def opened(*, terms: Terms | None = None, heartbeat: float = 1.0) -> Session:
    """An accepted link on which the peer promises this heartbeat, open at time 0."""
    theirs = replace(HELLO, heartbeat=heartbeat)
    return session_in(State.OPEN, Role.ACCEPTOR, terms=terms, theirs=theirs)


class SessionCase(UnitCase):
    """What several concerns ask of sessions."""

    def assertBroken(self, events: list[Event], code: str, word: str) -> Broken:
        """The last event is an end with this code and a reason with this word, and says so in `bye`."""
        broken = events[-1]
        assert isinstance(broken, Broken), events
        self.assertEqual(code, broken.code)
        self.assertIn(word, broken.reason)
        self.assertEqual(Bye(code, broken.reason), said(broken.farewell))
        return broken

    def assertDeaf(self, session: Session) -> None:
        """Nothing is heard, due or said any more."""
        self.assertEqual([], session.receive(frame(Ping(1, "")), 1e6))
        self.assertEqual([], session.receive(b"\xff\xff\xff\xff", 1e6))
        self.assertEqual([], session.tick(1e6))
        self.assertEqual(NEVER, session.deadline())
        self.assertEqual(b"", session.close(BYE, 1e6))


class TransitionTests(SessionCase):
    """Who may say what, and when."""

    def test_helper_leads_into_each_state(self) -> None:
        """Each state is reached by both roles."""
        for role, state in product(Role, State):
            self.assertIs(state, session_in(state, role).state)

    def test_everything_that_may_be_sent(self) -> None:
        """In each role and state a message is sent and leads on, or is a fault of ours and changes nothing."""
        for role, state, message in product(Role, State, ONE_OF_EACH):
            session = session_in(state, role)
            after = ALLOWED.get((role, state, Direction.SENT), {}).get(type(message))
            if after is None:
                with self.assertRaises(LocalProtocolError, msg=(role, state, message)):
                    session.send(message, 1.0)
                self.assertIs(state, session.state)
            else:
                self.assertEqual(frame(message), session.send(message, 1.0))
                self.assertIs(after, session.state, (role, state, message))

    def test_everything_that_may_be_received(self) -> None:
        """In each role and state a message is heard and leads on, or breaks the protocol."""
        for role, state, message in product(Role, TALKING, ONE_OF_EACH):
            session = session_in(state, role)
            after = ALLOWED[role, state, Direction.RECEIVED].get(type(message))
            events = session.receive(frame(message), 1.0)
            if after is None:
                self.assertEqual(1, len(events))
                self.assertBroken(events, "protocol", f"{message.type} came while {state.value}")
                self.assertIs(State.CLOSING, session.state)
            else:
                self.assertEqual([Received(message)], events, (role, state, message))
                self.assertIs(after, session.state, (role, state, message))

    def test_unknown_types_are_ignored_and_counted_once_open(self) -> None:
        """What a newer peer says beyond this version costs nothing."""
        for role in Role:
            session = session_in(State.OPEN, role)
            self.assertEqual([], session.receive(UNKNOWN * 3, 0.5))
            self.assertEqual(3, session.unknown)
            self.assertIs(State.OPEN, session.state)

    def test_unknown_types_before_hello_break_the_protocol(self) -> None:
        """Nobody has agreed on anything yet."""
        for role, state in product(Role, (State.GREETING, State.GREETED)):
            session = session_in(state, role)
            self.assertBroken(session.receive(UNKNOWN, 0.5), "protocol", "type")
            self.assertEqual(0, session.unknown)

    def test_malformed_messages_break_the_protocol(self) -> None:
        """The reason names the member, and what came before in the same read is heard."""
        session = opened()
        bad = frame(Ping(1, "")).replace(b'"seq":1', b'"seq":0')
        events = session.receive(frame(BEAT) + bad + frame(BEAT), 0.5)
        self.assertEqual(Received(BEAT), events[0])
        self.assertEqual(2, len(events))
        self.assertBroken(events, "protocol", "seq")
        self.assertDeaf(session)

    def test_hello_and_talk_in_one_read(self) -> None:
        """A dialer hears what follows the acceptor's hello at once."""
        session = session_in(State.GREETED, Role.DIALER)
        events = session.receive(frame(HELLO) + frame(Ping(1, "a")), 0.5)
        self.assertEqual([Received(HELLO), Received(Ping(1, "a"))], events)

    def test_a_dialer_that_does_not_wait_breaks_the_protocol(self) -> None:
        """Before the acceptor has answered the dialer has nothing to say."""
        session = Session(Role.ACCEPTOR, Terms(), 0.0)
        events = session.receive(frame(HELLO) + frame(Ping(1, "")), 0.5)
        self.assertEqual(Received(HELLO), events[0])
        self.assertBroken(events, "protocol", "ping came while greeted")

    def test_a_message_too_long_to_send_changes_nothing(self) -> None:
        """The link lives on after a fault of ours."""
        session = opened()
        with self.assertRaises(LocalProtocolError):
            session.send(Peers([Sealed("b" * 65536, "")], more=False), 0.5)
        self.assertIs(State.OPEN, session.state)
        self.assertEqual(1.0, session.deadline())


class LimitTests(SessionCase):
    """How much may be announced."""

    def test_before_both_hellos_16384_bytes_are_the_limit(self) -> None:
        """One byte more is refused from its four bytes alone; the limit itself is waited for."""
        for role, state in product(Role, (State.GREETING, State.GREETED)):
            session = session_in(state, role)
            self.assertEqual([], session.receive((16384).to_bytes(4, "big"), 0.5))
            session = session_in(state, role)
            self.assertEqual([], session.receive((16385).to_bytes(4, "big")[:3], 0.5))
            self.assertBroken(session.receive(b"\x01", 0.5), "protocol", "16385")

    def test_after_both_hellos_65536_bytes_are_the_limit(self) -> None:
        """The limit is raised for both roles, and is still one."""
        for role in Role:
            session = session_in(State.OPEN, role)
            self.assertEqual([], session.receive((65536).to_bytes(4, "big"), 0.5))
            session = session_in(State.OPEN, role)
            self.assertBroken(session.receive((65537).to_bytes(4, "big"), 0.5), "protocol", "65537")

    def test_a_long_frame_right_behind_hello_is_taken(self) -> None:
        """The limit is raised between two frames of one read."""
        long = Peers([Sealed("b" * 60000, "")], more=False)
        session = session_in(State.GREETED, Role.DIALER)
        events = session.receive(frame(HELLO) + frame(long), 0.5)
        self.assertEqual([Received(HELLO), Received(long)], events)

    def test_frames_that_are_too_short_are_refused(self) -> None:
        """No JSON object has fewer than two bytes."""
        for length in (0, 1):
            header = length.to_bytes(4, "big")
            self.assertBroken(opened().receive(header, 0.5), "protocol", f"{length} bytes")


class HelloTimeTests(SessionCase):
    """Hello has ten seconds."""

    def test_nothing_is_due_before(self) -> None:
        """Until then nothing happens, in either role."""
        for role, state in product(Role, (State.GREETING, State.GREETED)):
            session = session_in(state, role)
            self.assertEqual(10.0, session.deadline())
            self.assertEqual([], session.tick(9.999))
            self.assertIs(state, session.state)

    def test_no_hello_in_time_ends_the_link(self) -> None:
        """The peer is told `timeout`."""
        for role, state in product(Role, (State.GREETING, State.GREETED)):
            session = session_in(state, role)
            events = session.tick(10.0)
            self.assertEqual(1, len(events))
            self.assertBroken(events, "timeout", "hello within 10 s")
            self.assertDeaf(session)

    def test_a_hello_that_came_in_time_may_wait_for_its_answer(self) -> None:
        """What the acceptor needs to decide is not held against the dialer."""
        session = Session(Role.ACCEPTOR, Terms(), 0.0)
        session.receive(frame(HELLO), 9.9)
        self.assertEqual([], session.tick(10.5))
        session.send(HELLO, 10.9)
        self.assertIs(State.OPEN, session.state)

    def test_dribbled_bytes_are_no_hello(self) -> None:
        """Half a hello does not extend its time."""
        session = Session(Role.ACCEPTOR, Terms(), 0.0)
        session.receive(frame(HELLO)[:-1], 9.0)
        self.assertEqual(10.0, session.deadline())
        self.assertBroken(session.tick(10.0), "timeout", "hello")

    def test_our_own_stall_is_not_held_against_it(self) -> None:
        """Time in which we did not run is added."""
        session = Session(Role.ACCEPTOR, Terms(), 0.0)
        session._stalls.add(30.0, 31.0)
        self.assertEqual(40.0, session.deadline())
        self.assertEqual([], session.tick(39.9))
        self.assertBroken(session.tick(40.0), "timeout", "hello")

    def test_silence_does_not_count_before_the_link_is_up(self) -> None:
        """Neither heartbeats nor verdicts are due while greeting, and waiting is forgotten after."""
        session = Session(Role.ACCEPTOR, Terms(), 0.0)
        session.receive(frame(HELLO), 0.0)
        self.assertEqual([], session.tick(9.0))
        session.send(HELLO, 9.0)
        self.assertEqual([], session.tick(9.5))
        self.assertEqual(12.0, session.dead_at())


class FrameTimeTests(SessionCase):
    """A frame that has begun is complete within 20 seconds."""

    def test_a_dribbled_frame_ends_the_link(self) -> None:
        """Bytes that keep coming do not extend its time."""
        session = opened(terms=PATIENT, heartbeat=60.0)
        data = frame(Ping(1, "slow"))
        for second, byte in enumerate(data[:20]):
            self.assertEqual([], session.receive(bytes([byte]), float(second)))
            self.assertEqual([], session.tick(float(second)))
        self.assertEqual(20.0, session.deadline())
        events = session.tick(20.0)
        self.assertEqual(1, len(events))
        self.assertBroken(events, "timeout", "frame was not complete within 20 s")
        self.assertDeaf(session)

    def test_a_frame_that_is_complete_in_time_is_heard(self) -> None:
        """Then nothing waits any more."""
        session = opened(terms=PATIENT, heartbeat=60.0)
        data = frame(Ping(1, "slow"))
        session.receive(data[:2], 1.0)
        self.assertEqual([], session.tick(20.9))
        self.assertEqual([Received(Ping(1, "slow"))], session.receive(data[2:], 20.9))
        self.assertEqual(60.0, session.deadline())
        self.assertEqual([], session.tick(59.0))

    def test_each_frame_has_its_own_time(self) -> None:
        """The next frame, begun in the read that completed one, has 20 seconds from then."""
        session = opened(terms=PATIENT, heartbeat=60.0)
        data = frame(Ping(1, ""))
        session.receive(data[:5], 0.0)
        session.receive(data[5:] + data[:5], 15.0)
        self.assertEqual(35.0, session.deadline())
        self.assertEqual([], session.tick(34.0))
        self.assertBroken(session.tick(35.0), "timeout", "frame")

    def test_an_empty_read_begins_nothing(self) -> None:
        """Only bytes do."""
        session = opened(terms=PATIENT, heartbeat=60.0)
        self.assertEqual([], session.receive(b"", 1.0))
        self.assertEqual(60.0, session.deadline())

    def test_our_own_stall_is_not_held_against_it(self) -> None:
        """Time in which we did not run is added, up to now."""
        session = opened(terms=PATIENT, heartbeat=60.0)
        session.receive(b"\0", 1.0)
        session._stalls.add(10.0, 12.0)
        self.assertEqual(31.0, session.deadline())
        session.receive(b"\0", 13.0)
        session._stalls.add(1.0, 14.0)
        self.assertEqual(32.0, session.deadline())

    def test_it_holds_before_hello_too(self) -> None:
        """With terms that give hello longer, a begun frame still ends in time."""
        session = Session(Role.ACCEPTOR, Terms(hello_wait=100.0), 0.0)
        session.receive(frame(HELLO)[:7], 3.0)
        self.assertEqual(23.0, session.deadline())
        self.assertBroken(session.tick(23.0), "timeout", "frame")


class LivenessTests(SessionCase):
    """Three missed heartbeats of the peer's are a verdict, and nothing else is."""

    def test_a_verdict_needs_one_more_tick(self) -> None:
        """At the time of the verdict the socket is read first; only then the peer is dead."""
        session = opened(terms=PATIENT)
        self.assertEqual(3.0, session.deadline())
        self.assertEqual([], session.tick(2.999))
        self.assertEqual([], session.tick(3.0))
        self.assertIs(State.OPEN, session.state)
        self.assertLessEqual(session.deadline(), 3.0)
        self.assertEqual([Dead(3.125)], session.tick(3.125))
        self.assertDeaf(session)

    def test_what_lay_in_the_socket_clears_the_suspicion(self) -> None:
        """A frame between the two ticks is life, and the next verdict needs two ticks again."""
        session = opened(terms=PATIENT)
        session.tick(3.0)
        self.assertEqual([Received(BEAT)], session.receive(frame(BEAT), 3.25))
        self.assertEqual([], session.tick(3.25))
        self.assertEqual(6.25, session.deadline())
        self.assertEqual([], session.tick(6.25))
        self.assertEqual([Dead(3.5)], session.tick(6.75))

    def test_half_a_frame_is_no_life(self) -> None:
        """Only complete, valid frames count."""
        session = opened(terms=PATIENT)
        session.tick(3.0)
        session.receive(frame(BEAT)[:-1], 3.0)
        self.assertEqual([Dead(3.5)], session.tick(3.5))

    def test_unknown_types_are_life(self) -> None:
        """A newer peer that says something newer is there."""
        session = opened(terms=PATIENT)
        session.receive(UNKNOWN, 2.0)
        self.assertEqual(2.0, session.heard_at)
        self.assertEqual(5.0, session.deadline())

    def test_what_is_sent_postpones_nothing(self) -> None:
        """Talking to a dead peer does not bring it back."""
        session = opened()
        for tenth in range(1, 30):
            session.send(BEAT, tenth / 10)
        self.assertEqual(3.0, session.dead_at())
        session.tick(3.0)
        self.assertIn(Dead(3.0), session.tick(3.0))

    def test_promise_is_the_one_of_their_hello(self) -> None:
        """Each peer is measured by what it promised, whoever dialed."""
        for role in Role:
            theirs = replace(HELLO, heartbeat=7.5)
            session = session_in(State.OPEN, role, theirs=theirs, terms=PATIENT)
            self.assertEqual(7.5, session.promise)
            self.assertEqual(22.5, session.deadline())

    def test_a_heartbeat_may_change_the_promise(self) -> None:
        """From then on the new one holds, longer or shorter; a heartbeat without one changes nothing."""
        session = opened(terms=PATIENT)
        session.receive(frame(Heartbeat(HELLO.view, 5.0)), 1.0)
        self.assertEqual(16.0, session.deadline())
        session.receive(frame(Heartbeat(HELLO.view)), 2.0)
        self.assertEqual(17.0, session.deadline())
        session.receive(frame(Heartbeat(HELLO.view, 0.5)), 3.0)
        self.assertEqual(4.5, session.deadline())
        self.assertEqual(0.5, session.promise)

    def test_patience_is_three_promises(self) -> None:
        """So long a silence is a verdict; it changes with the promise."""
        session = opened(terms=PATIENT)
        self.assertEqual(3.0, session.patience)
        session.receive(frame(Heartbeat(HELLO.view, 5.0)), 1.0)
        self.assertEqual(15.0, session.patience)

    def test_our_own_promise_does_not_change_theirs(self) -> None:
        """What we say of our heartbeat is not what they promised."""
        session = opened(terms=PATIENT)
        session.send(Heartbeat(HELLO.view, 9.0), 1.0)
        self.assertEqual(3.0, session.dead_at())

    def test_our_own_stall_is_not_their_silence(self) -> None:
        """Time in which we did not run is added, but nobody was heard in the future."""
        session = opened(terms=PATIENT)
        session._stalls.add(2.0, 4.0)
        self.assertEqual(5.0, session.dead_at())
        session.receive(frame(BEAT), 5.0)
        session._stalls.add(2.0, 6.0)
        self.assertEqual(6.0, session.heard_at)
        self.assertEqual(9.0, session.dead_at())

    def test_forgiveness_clears_the_suspicion(self) -> None:
        """After a stall nothing is due at once, and the verdict needs its two ticks again."""
        session = opened(terms=PATIENT)
        session.tick(3.0)
        session._stalls.add(2.0, 5.0)
        self.assertEqual(5.0, session.deadline())
        session._stalls.add(1.0, 6.0)
        self.assertEqual(6.0, session.deadline())
        self.assertEqual([], session.tick(6.0))
        self.assertEqual([Dead(3.0)], session.tick(6.0))


class SilentTests(SessionCase):
    """We keep our own promise."""

    def test_a_heartbeat_is_due_when_nothing_was_said(self) -> None:
        """Once each heartbeat, whether or not it is said."""
        session = opened(heartbeat=60.0)
        self.assertEqual(1.0, session.deadline())
        self.assertEqual([], session.tick(0.999))
        self.assertEqual([Silent()], session.tick(1.0))
        self.assertEqual(2.0, session.deadline())
        self.assertEqual([], session.tick(1.5))
        self.assertEqual([Silent()], session.tick(2.0))

    def test_whatever_is_said_postpones_it(self) -> None:
        """Any frame of ours keeps the promise; what we hear does not."""
        session = opened(heartbeat=60.0)
        session.send(Pong(1), 0.9)
        session.receive(frame(BEAT), 1.0)
        self.assertEqual([], session.tick(1.0))
        self.assertEqual(1.9, session.deadline())
        self.assertEqual([Silent()], session.tick(1.9))

    def test_a_view_is_told_where_answers_fill_every_gap(self) -> None:
        """After three heartbeats of ours without a view one is due, however much else was said."""
        session = opened(heartbeat=60.0)
        events = []
        for half in range(1, 15):
            session.send(Pong(half), half / 2)
            events += [(half / 2, event) for event in session.tick(half / 2)]
        self.assertEqual([(3.0, Silent()), (6.0, Silent())], events)
        self.assertEqual(8.0, session.deadline())

    def test_a_heartbeat_that_was_sent_told_the_view(self) -> None:
        """The three heartbeats are counted from it, or from hello."""
        session = opened(heartbeat=60.0)
        session.send(BEAT, 1.0)
        for half in range(3, 8):
            session.send(Pong(half), half / 2)
            self.assertEqual([], session.tick(half / 2))
        self.assertEqual(4.0, session.deadline())
        late = Session(Role.DIALER, Terms(), 0.0)
        late.send(HELLO, 5.0)
        late.receive(frame(HELLO), 5.0)
        late.send(Pong(1), 5.75)
        self.assertEqual([], late.tick(5.75))

    def test_suspicion_does_not_silence_us(self) -> None:
        """While a verdict waits for its second tick our own promise still holds."""
        session = opened(terms=Terms(heartbeat=3.0))
        self.assertEqual([Silent()], session.tick(3.0))
        self.assertEqual([Dead(3.0)], session.tick(3.0))


class GridTests(SessionCase):
    """Many links have their turn together."""

    def test_one_turn(self) -> None:
        """Whoever was told something within a grain is told the next thing at the same time."""
        terms = Terms(grain=0.25)
        turns = set()
        for at in (0.5, 0.6, 0.74):
            session = opened(terms=terms)
            session.send(Ping(1, ""), at)
            turns.add(session.deadline())
        self.assertEqual({1.5}, turns)

    def test_due_at_its_turn(self) -> None:
        """A heartbeat is said when its turn comes, though it would not be due yet without a grid."""
        session = opened(terms=Terms(grain=0.25))
        session.send(Ping(1, ""), 0.7)
        session.receive(frame(BEAT), 1.0)
        self.assertEqual([], session.tick(1.4))
        self.assertEqual([Silent()], session.tick(1.5))


class PromiseTests(SessionCase):
    """What we said last is what we keep."""

    def test_longer(self) -> None:
        """From a longer promise on, we are silent for longer."""
        session = opened()
        session.send(Heartbeat(HELLO.view, 4.0), 0.5)
        session.receive(frame(BEAT), 1.0)
        self.assertEqual(4.0, session.promised)
        self.assertEqual([], session.tick(2.9))
        session.receive(frame(BEAT), 3.0)
        self.assertEqual([Silent()], session.tick(4.5))

    def test_shorter(self) -> None:
        """From a shorter one on something is due earlier, and it is said so."""
        session = opened(terms=PATIENT, heartbeat=60.0)
        session.deadline()
        session.send(Heartbeat(HELLO.view, 0.5), 1.0)
        self.assertTrue(session.hastened)
        self.assertEqual(1.5, session.deadline())


class HastenedTests(SessionCase):
    """Whoever keeps the time need not ask for the deadline after each frame."""

    def assertHastened(self, session: Session, before: float) -> None:
        """It is said that something is due earlier, and it is."""
        self.assertTrue(session.hastened)
        self.assertLess(session.deadline(), before)
        self.assertFalse(session.hastened)

    def test_at_first(self) -> None:
        """Nobody has asked yet."""
        self.assertTrue(Session(Role.DIALER, Terms(), 0.0).hastened)

    def test_by_talk(self) -> None:
        """Frames that come and go whole hasten nothing."""
        session = opened()
        session.deadline()
        for tenth in range(1, 9):
            session.receive(frame(Ping(tenth, "")) + frame(BEAT) + UNKNOWN, tenth / 10)
            session.send(Pong(tenth), tenth / 10)
            session.send(BEAT, tenth / 10)
        self.assertFalse(session.hastened)

    def test_by_opening(self) -> None:
        """With the second hello heartbeats begin, whoever says it."""
        for role in Role:
            session = session_in(State.GREETED, role)
            before = session.deadline()
            if role is Role.DIALER:
                session.receive(frame(HELLO), 0.5)
            else:
                session.send(HELLO, 0.5)
            self.assertHastened(session, before)

    def test_by_half_a_frame(self) -> None:
        """The rest of a frame has a time of its own."""
        session = opened(terms=PATIENT, heartbeat=60.0)
        before = session.deadline()
        session.receive(frame(BEAT)[:3], 0.5)
        self.assertHastened(session, before)

    def test_by_a_shorter_promise(self) -> None:
        """Silence is noticed sooner from then on."""
        session = opened(terms=PATIENT)
        before = session.deadline()
        session.receive(frame(Heartbeat(HELLO.view, 0.25)), 0.5)
        self.assertHastened(session, before)

    def test_by_a_pause(self) -> None:
        """What waits is to be heard."""
        session = opened(terms=PATIENT)
        before = session.deadline()
        session.receive(frame(BEAT) * 1001, 0.5)
        self.assertHastened(session, before)

    @settings(deadline=None, database=None, max_examples=300)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["receive", "send", "tick", "forgive", "charge"]),
                st.integers(0, 300),
            ),
            max_size=30,
        )
    )
    def test_never_unsaid(self, steps: list[tuple[str, int]]) -> None:
        """Whatever happens: what is due earlier than was said is said to be."""
        terms = Terms(heartbeat=2.0, frame_wait=1.0, frames_per_second=2.0, frames_at_once=4.0)
        session, now = opened(terms=terms), 0.0
        beats = (BEAT, Ping(1, "a"), Heartbeat(HELLO.view, 0.25), Heartbeat(HELLO.view, 3.0))
        stream = b"".join([frame(beat) for beat in beats]) * 300
        asked = session.deadline()
        for step, much in steps:
            now += much / 1000
            if step == "receive":
                session.receive(stream[:much], now)
                stream = stream[much:]
            elif step == "send" and not session.ended:
                session.send(BEAT if much % 2 else Pong(1), now)
            elif step == "forgive":
                session._stalls.add(much / 100, now)
            elif step == "charge":
                session.charge(much / 100)
            elif step == "tick":
                # After it everybody asks.
                session.tick(now)
                asked = session.deadline()
            hastened, due = session.hastened, session.deadline()
            self.assertTrue(hastened or due >= asked, (step, due, asked))
            asked = due


class RateTests(SessionCase):
    """200 frames a second, 1000 in a burst; nothing is dropped."""

    def pings(self, first: int, count: int) -> bytes:
        """So many pings in one read."""
        return b"".join(frame(Ping(i, "")) for i in range(first, first + count))

    def numbers(self, events: list[Event]) -> list[int]:
        """The numbers of the pings that were heard."""
        return [
            event.message.seq
            for event in events
            if isinstance(event, Received) and isinstance(event.message, Ping)
        ]

    def burst(self, count: int) -> tuple[Session, list[int]]:
        """An open session that got so many pings at time 10, and the numbers of those heard."""
        session = opened(terms=PATIENT, heartbeat=60.0)
        return session, self.numbers(session.receive(self.pings(1, count), 10.0))

    def test_what_a_peer_makes_us_do_counts_as_frames(self) -> None:
        """A charge above what is left stops reading for as long as it takes to be earned."""
        session, heard = self.burst(10)
        self.assertEqual(10, len(heard))
        session.charge(1190)
        self.assertEqual([], self.numbers(session.receive(self.pings(11, 1), 10.0)))
        self.assertFalse(session.reading)
        self.assertEqual([], self.numbers(session.tick(10.9)))
        self.assertEqual([11], self.numbers(session.tick(11.1)))
        self.assertTrue(session.reading)

    def test_long_frames_count_as_several(self) -> None:
        """Whoever fills its frames says no more in a second than whoever does not."""
        long, short = (serialize(b'{"type":"x","a":"%s"}' % (b"a" * n)) for n in (65000, 8000))
        for data, count in ((long, 1000 // 8), (short, 1000)):
            session = opened(terms=PATIENT, heartbeat=60.0)
            session.receive(data * 1200, 10.0)
            self.assertEqual(count, session.unknown)
            self.assertFalse(session.reading)

    def test_an_answer_passes(self) -> None:
        """All that a full book of the usual records says is heard in one burst."""
        sealed = Sealed("x" * 500, "y" * 88)
        session = opened(terms=PATIENT, heartbeat=60.0)
        answer = list(messages.answer(iter([sealed] * 9000)))
        session.receive(b"".join(map(frame, answer)), 10.0)
        self.assertTrue(session.reading)

    def test_while_we_do_not_read_silence_is_ours(self) -> None:
        """A peer that is not read is not called dead, however short its heartbeat is."""
        session = opened(terms=PATIENT, heartbeat=0.05)
        session.charge(1_000_000)
        session.receive(self.pings(1, 1), 1.0)
        for i in range(1, 50):
            now = 1.0 + i / 10
            self.assertEqual([], [e for e in session.tick(now) if isinstance(e, Dead)])
            self.assertGreater(session.deadline(), now)

    def test_a_burst_of_1000_is_heard_at_once(self) -> None:
        """Rest earns no more than that, and what hello took was earned again long ago."""
        session, heard = self.burst(999)
        self.assertEqual(999, len(heard))
        self.assertTrue(session.reading)
        self.assertEqual([1000], self.numbers(session.receive(self.pings(1000, 2), 10.0)))
        self.assertFalse(session.reading)

    def test_above_it_reading_stops(self) -> None:
        """What is beyond the burst waits, and the pause has an end."""
        session, heard = self.burst(1500)
        self.assertEqual(list(range(1, 1001)), heard)
        self.assertFalse(session.reading)
        self.assertEqual(10.1, session.deadline())
        self.assertEqual([], session.tick(10.05))
        self.assertFalse(session.reading)

    def test_nothing_is_dropped(self) -> None:
        """All frames are heard, in order, and at 200 a second."""
        session, heard = self.burst(1500)
        now = 10.0
        for _ in range(26):
            now = min(session.deadline(), 60.0)
            heard += self.numbers(session.tick(now))
        self.assertTrue(session.reading)
        self.assertEqual(list(range(1, 1501)), heard)
        self.assertTrue(12.45 < now < 12.65, now)

    def test_bytes_that_come_in_the_pause_are_kept(self) -> None:
        """A transport may deliver what it had read already."""
        session, heard = self.burst(1000)
        heard += self.numbers(session.receive(self.pings(1001, 10), 10.0))
        self.assertEqual(1000, len(heard))
        self.assertFalse(session.reading)
        heard += self.numbers(session.tick(10.1))
        self.assertEqual(list(range(1, 1011)), heard)
        self.assertTrue(session.reading)

    def test_frames_that_wait_are_not_late(self) -> None:
        """Neither silence nor an unfinished frame is seen in what we did not read."""
        session = opened(
            terms=Terms(heartbeat=60.0, frames_per_second=0.5, frames_at_once=1.0, pause=2.0),
            heartbeat=1.0,
        )
        session.receive(self.pings(1, 15), 2.0)
        heard = [self.numbers(session.tick(session.deadline())) for _ in range(14)]
        self.assertEqual([[seq] for seq in range(2, 16)], heard)
        self.assertIs(State.OPEN, session.state)

    def test_unknown_types_count(self) -> None:
        """Nobody gets around the limit with nonsense."""
        session = opened(terms=PATIENT, heartbeat=60.0)
        session.receive(UNKNOWN * 1200, 10.0)
        self.assertEqual(1000, session.unknown)
        self.assertFalse(session.reading)

    def test_a_fault_among_what_waited_ends_the_link(self) -> None:
        """It is found when its turn comes."""
        session = opened(terms=PATIENT, heartbeat=60.0)
        session.receive(self.pings(1, 1000) + frame(HELLO), 10.0)
        self.assertBroken(session.tick(10.1), "protocol", "hello came while open")
        self.assertDeaf(session)

    def test_a_farewell_ends_the_pause(self) -> None:
        """A link that is closed while reading stands still has nothing due."""
        session, _ = self.burst(1500)
        session.send(BYE, 10.0)
        self.assertDeaf(session)


class ClosingTests(SessionCase):
    """After a farewell there is nothing more."""

    def test_deaf_after_our_farewell(self) -> None:
        """What still comes in is not heard, in any state in which one can be said."""
        for role, state in product(Role, TALKING):
            session = session_in(state, role)
            self.assertEqual(frame(BYE), session.close(BYE, 1.0))
            self.assertIs(State.CLOSING, session.state)
            self.assertDeaf(session)

    def test_deaf_after_their_farewell(self) -> None:
        """What follows it, in the same read or later, is not heard."""
        session = opened()
        events = session.receive(frame(BYE) + frame(BEAT) + b"\xff\xff\xff\xff", 0.5)
        self.assertEqual([Received(BYE)], events)
        self.assertDeaf(session)

    def test_nothing_can_be_said_after_the_connection_is_gone(self) -> None:
        """A closed session is the end, whatever came before."""
        for role, state in product(Role, State):
            session = session_in(state, role)
            session.closed()
            self.assertIs(State.CLOSED, session.state)
            self.assertDeaf(session)

    def test_a_reason_that_we_give_fits_in_a_bye(self) -> None:
        """However long a reason is that somebody hands in, the peer can read the farewell."""
        for state in TALKING:
            session = session_in(state, Role.ACCEPTOR)
            long = Bye("protocol", "n" * 2000, Sealed("b", "s"))
            farewell = said(session.close(long, 1.0))
            self.assertEqual(Bye("protocol", "n" * 1024, Sealed("b", "s")), farewell)

    def test_a_reason_fits_in_a_bye(self) -> None:
        """However long the name of a member at fault is, the farewell can be read."""
        session = opened()
        name = "n" * 5000
        body = f'{{"type":"tea","{name}":9007199254740992}}'.encode()
        events = session.receive(len(body).to_bytes(4, "big") + body, 0.5)
        broken = events[0]
        assert isinstance(broken, Broken)
        self.assertEqual(Bye("protocol", "n" * 1024), said(broken.farewell))
