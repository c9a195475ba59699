"""
One connection to a peer: its waits, its bounds, and its end.
"""

from attrs import define, field
from msgspec.structs import replace
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import ITransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gossip.mesh.addresses import Address
from gossip.mesh.agenda import Agenda
from gossip.mesh.attempt import Attempt, Ending
from gossip.mesh.link import Link, Surroundings
from gossip.settings import Limits
from gossip.trust.identity import KeyRefused, PeerId
from gossip.wire.frames import LONGEST, FrameReader
from gossip.wire.messages import (
    Bye,
    Heartbeat,
    Hello,
    Message,
    Peers,
    Ping,
    Pong,
    Unknown,
    parse,
    serialize,
)
from gossip.wire.session import Role
from gossip.wire.stalls import Stalls
from gossip.wire.terms import Terms
from tests.cases import UnitCase
from tests.street import WALL, record

PEER = PeerId("7" * 64)
VIEW = "0" * 16
BEAT = Heartbeat(VIEW)
HELLO = Hello(
    network="default",
    instance="0123456789abcdef",
    record=record("somebody").sealed,
    observed="192.0.2.1",
    agent="test/1",
    period=5.0,
    heartbeat=1.0,
    time=WALL,
    view=VIEW,
    features=[],
)


class HostFault(Exception):
    """Something that the host should not have raised."""


class TLSFault(Exception):
    """What TLS itself complains of."""


@define(eq=False)
class Witness:
    """A host that admits everybody, and remembers how links end."""

    clock: Clock
    heard_messages: list[Message] = field(factory=list)
    endings: list[Ending] = field(factory=list)
    pings: list[float] = field(factory=list)
    mute: bool = False
    """Whether an acceptor leaves hello unanswered."""
    strict: bool = False
    """Whether it closes on a ping."""
    fault: str = ""
    """The name of a callback that raises."""

    def connected(self, link: Link) -> None:
        """TCP is up."""
        if self.fault == "connected":
            link.abort(Ending("leaving", "this node leaves"))

    def met(self, link: Link) -> None:
        """A dialer says hello."""
        self._fail("met")
        if link.role is Role.DIALER:
            link.tell(HELLO)

    def heard(self, link: Link, message: Message) -> None:
        """An acceptor answers."""
        self._fail("heard")
        self.heard_messages.append(message)
        if isinstance(message, Ping) and self.strict:
            link.close(Bye("refused", "no pings here"))
        elif isinstance(message, Ping):
            link.tell(Pong(message.seq))
        if isinstance(message, Hello) and not self.mute:
            if link.role is Role.ACCEPTOR:
                link.tell(HELLO)
            link.admitted(message)

    def quiet(self, link: Link) -> None:
        """Beat."""
        self._fail("quiet")
        link.tell(BEAT)

    def ping_due(self, link: Link, now: float) -> None:
        """Note when."""
        self._fail("ping_due")
        self.pings.append(now)
        link.tell(Ping(len(self.pings), ""))
        link.ping_next(now + 5)

    def lost(self, link: Link, ending: Ending) -> None:
        """Note why."""
        self.endings.append(ending)
        self._fail("lost")

    def turned_away(self, address: str, reason: str) -> None:
        """Nobody is here."""

    def _fail(self, callback: str) -> None:
        if self.fault == callback:
            raise HostFault(callback)


class Wire(StringTransport):
    """
    A transport as TLS is: with a producer it does not close, and a silent peer keeps it open.
    """

    aborted = False
    closed = False
    full = False
    """Whether it asks for a pause with each write."""

    def write(self, data: bytes) -> None:
        """Take it, and be full."""
        super().write(data)
        if self.full and self.producer is not None:
            self.producer.pauseProducing()

    def loseConnection(self) -> None:
        """Close, if nobody produces any more."""
        if self.producer is not None:
            raise AssertionError("TLS waits for its producer, and would never close")
        self.closed = True

    def abortConnection(self) -> None:
        """Cut the connection."""
        self.aborted = True

    def messages(self) -> list[Message]:
        """What was said on it."""
        reader = FrameReader(LONGEST)
        reader.feed(self.value())
        said = []
        while (body := reader.maybe_frame()) is not None:
            message = parse(body)
            assert not isinstance(message, Unknown)
            said.append(message)
        return said


class LinkCase(UnitCase):
    """A link with a witness for a host, on a wire whose far end is the test."""

    def setUp(self) -> None:
        self.time = self.clock()
        self.stalls = Stalls()
        self.agenda = Agenda(self.time, self.stalls.add)
        self.witness = Witness(self.time)
        self.left_gate = 0
        self.outcomes: list[Ending | None] = []
        self.refusal: str | None = None
        self.terms = Terms(stalls=self.stalls)
        self.addCleanup(self.agenda.stop)

    def begin(self, role: Role = Role.ACCEPTOR, *, shake: bool = True) -> None:
        """TCP is up, and TLS too where the hands were shaken."""
        attempt = Attempt(Address("192.0.2.9", 8080), PEER, self.outcomes.append)
        self.link = Link(role, self.around(), attempt if role is Role.DIALER else None, self.leave)
        self.wire = Wire(peerAddress=None)
        self.link.makeConnection(self.wire)
        if shake:
            self.link.handshakeCompleted()

    def around(self) -> Surroundings:
        """What the link shares with others."""
        return Surroundings(
            clock=self.time,
            agenda=self.agenda,
            host=self.witness,
            limits=Limits(),
            terms=self.terms,
            identify=self.identify,
            explain=lambda error: "TLS failed" if isinstance(error, TLSFault) else None,
        )

    def identify(self, transport: ITransport) -> PeerId:
        """Who is there, unless the test refuses it."""
        if self.refusal is not None:
            raise KeyRefused(self.refusal)
        return PEER

    def leave(self) -> None:
        """The link does not count as pending any more."""
        self.left_gate += 1

    def open(self, role: Role = Role.ACCEPTOR) -> None:
        """Both have said hello."""
        self.begin(role)
        self.hear(HELLO)
        self.assertTrue(self.link.open)

    def hear(self, *messages: Message) -> None:
        """The peer says something."""
        self.link.dataReceived(b"".join(map(serialize, messages)))

    def lose(self, error: Exception | None = None) -> Ending:
        """The connection is gone; what the host was told."""
        self.link.connectionLost(Failure(error or ConnectionDone()))
        self.assertEqual(1, len(self.witness.endings))
        return self.witness.endings[0]

    def pass_by(self, seconds: float) -> None:
        """Let time pass, in steps that are no stall."""
        for _ in range(round(seconds / 0.04)):
            self.time.advance(0.04)

    def byes(self) -> list[str]:
        """The codes of the farewells that were said."""
        return [message.code for message in self.wire.messages() if isinstance(message, Bye)]


class WaitTests(LinkCase):
    """Nobody holds a connection without going on."""

    def test_handshake(self) -> None:
        """Without a TLS handshake in its time the connection is cut."""
        self.begin(shake=False)
        self.pass_by(9.9)
        self.assertFalse(self.wire.aborted)
        self.pass_by(0.3)
        self.assertTrue(self.wire.aborted)
        self.assertEqual(Ending("timeout", "no TLS handshake within 10 s"), self.lose())
        self.assertEqual(1, self.left_gate)

    def test_handshake_after_a_stall(self) -> None:
        """It has all its time anew: what came while this node did not run was not read."""
        self.begin(shake=False)
        self.pass_by(5)
        self.time.advance(30)
        self.pass_by(9.9)
        self.assertFalse(self.wire.aborted)
        self.pass_by(0.2)
        self.assertTrue(self.wire.aborted)

    def test_hello(self) -> None:
        """Without a hello in its time the peer is told so, and the connection is closed."""
        self.begin()
        self.pass_by(9.9)
        self.assertFalse(self.wire.closed)
        self.pass_by(0.3)
        self.assertEqual((["timeout"], True), (self.byes(), self.wire.closed))
        self.assertEqual("timeout", self.lose().code)

    def test_silence(self) -> None:
        """After three heartbeats of nothing the connection is cut, and the silence is told."""
        self.open()
        self.pass_by(2.9)
        self.assertFalse(self.wire.aborted)
        self.pass_by(0.3)
        self.assertTrue(self.wire.aborted)
        ending = self.lose(ConnectionAborted())
        self.assertEqual("silent", ending.code)
        self.assertRegex(ending.reason, r"\Asilent for 3\.\d s\Z")

    def test_beats_keep_it(self) -> None:
        """A peer that beats in time stays, and hears our heartbeats."""
        self.open()
        for _ in range(20):
            self.pass_by(0.96)
            self.hear(BEAT)
        self.assertTrue(self.link.open)
        self.assertGreaterEqual(self.wire.messages().count(BEAT), 18)
        self.assertTrue(self.link.heard_since(self.time.seconds() - 0.5))

    def test_answered_late(self) -> None:
        """An acceptor that takes its time to answer beats from its answer on."""
        self.witness.mute = True
        self.begin()
        self.hear(HELLO)
        self.pass_by(0.5)
        self.link.tell(HELLO)
        self.pass_by(1.1)
        self.assertEqual([HELLO, BEAT], self.wire.messages())

    def test_pings(self) -> None:
        """The host is called when it asked to be, and not before the link is open."""
        self.begin()
        self.link.ping_next(2)
        self.pass_by(2.5)
        self.assertEqual([], self.witness.pings)
        self.hear(HELLO)
        self.pass_by(0.1)
        self.hear(BEAT)
        self.pass_by(2)
        self.assertEqual(1, len(self.witness.pings))

    def test_a_ping_is_as_good_as_a_heartbeat(self) -> None:
        """Where both are due, only the ping is said."""
        self.open()
        self.hear(BEAT)
        self.link.ping_next(self.time.seconds() + 1.0)
        said = len(self.wire.messages())
        self.pass_by(1.0)
        self.assertEqual([Ping(1, "")], self.wire.messages()[said:])

    def test_closing(self) -> None:
        """A peer that does not answer a close is cut when its time is up."""
        self.open()
        self.link.close(Bye("leaving", "enough"))
        self.pass_by(0.9)
        self.assertEqual(
            (["leaving"], True, False), (self.byes(), self.wire.closed, self.wire.aborted)
        )
        self.pass_by(0.2)
        self.assertTrue(self.wire.aborted)
        self.assertEqual(Ending("leaving", "enough"), self.lose(ConnectionAborted()))

    def test_closing_before_hello(self) -> None:
        """A stranger that was sent away has no more time than that, however much it had before."""
        self.begin()
        self.link.close(Bye("refused", "not you"))
        self.pass_by(1.1)
        self.assertTrue(self.wire.aborted)

    def test_nothing_is_left(self) -> None:
        """A connection that is gone wants nothing any more."""
        self.open()
        self.lose()
        self.assertEqual(0, len(self.agenda))


class EffortTests(LinkCase):
    """A link costs no more timers than it must."""

    def moves(self) -> int:
        """How often something was put on the agenda."""
        return self.agenda._count

    def test_frames_set_no_timer(self) -> None:
        """What is heard and said makes things later; the timer that is set finds out by itself."""
        self.open()
        before = self.moves()
        for number in range(1, 100):
            self.hear(Ping(number, ""), BEAT)
        self.assertEqual(99, sum(isinstance(said, Pong) for said in self.wire.messages()))
        self.assertEqual(before, self.moves())

    def test_a_beat_is_one_timer(self) -> None:
        """In a link at rest each heartbeat of ours is one move on the agenda."""
        self.open()
        self.pass_by(0.5)
        before, said = self.moves(), len(self.wire.messages())
        for _ in range(20):
            self.hear(BEAT)
            self.pass_by(1.0)
        beats = len(self.wire.messages()) - said
        self.assertGreaterEqual(beats, 18)
        self.assertLessEqual(self.moves() - before, beats + 1)

    def test_a_shorter_promise_is_kept_to(self) -> None:
        """From a heartbeat on that promises less, silence is noticed sooner."""
        self.open()
        self.link.tell(BEAT)
        self.hear(Heartbeat(VIEW, 0.1))
        self.pass_by(0.4)
        self.assertEqual("silent", self.lose(ConnectionAborted()).code)

    def test_half_a_frame_is_waited_for(self) -> None:
        """A frame that has begun has a time of its own, however patient both sides are."""
        self.terms = Terms(heartbeat=60.0)
        self.begin()
        self.hear(replace(HELLO, heartbeat=60.0))
        self.pass_by(1)
        self.link.dataReceived(serialize(BEAT)[:5])
        self.pass_by(20.1)
        self.assertEqual(["timeout"], self.byes())


class IdentityTests(LinkCase):
    """Who is not proved is nobody."""

    def test_refused_key(self) -> None:
        """A key that is not allowed ends it without a word."""
        for role in Role:
            self.setUp()
            self.refusal = "the peer has no certificate"
            self.begin(role)
            self.assertEqual((b"", True), (self.wire.value(), self.wire.closed))
            self.hear(HELLO)
            self.assertEqual([], self.witness.heard_messages)
            self.assertEqual(Ending("tls", "the peer has no certificate"), self.lose())
            self.assertEqual([self.witness.endings[0]] * len(self.outcomes), self.outcomes)

    def test_no_voucher(self) -> None:
        """A further check that fails ends it too, and the dial knows who was found."""

        def refuse(transport: ITransport) -> None:
            raise KeyRefused("the CA does not vouch for it")

        attempt = Attempt(Address("192.0.2.9", 8080), None, self.outcomes.append, refuse)
        self.link = Link(Role.DIALER, self.around(), attempt, self.leave)
        self.wire = Wire()
        self.link.makeConnection(self.wire)
        self.link.handshakeCompleted()
        self.assertEqual(PEER, attempt.found)
        self.assertEqual(Ending("tls", "the CA does not vouch for it"), self.lose())

    def test_bytes_before_the_handshake(self) -> None:
        """What comes before TLS is up is not even read."""
        self.begin(shake=False)
        self.link.dataReceived(b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual((b"", None), (self.wire.value(), self.link.session))

    def test_second_handshake(self) -> None:
        """A handshake that completes again changes nothing."""
        self.open()
        session = self.link.session
        self.refusal = "somebody else"
        self.link.handshakeCompleted()
        self.assertIs(session, self.link.session)
        self.assertTrue(self.link.open)

    def test_lost_in_tls(self) -> None:
        """What went wrong in TLS is told in its words; what was only closed, in ours."""
        for shake, error, reason in (
            (False, TLSFault(), "TLS failed"),
            (
                False,
                ConnectionDone(),
                "it closed the connection before the TLS handshake was complete",
            ),
            (True, ConnectionDone(), "it closed the connection"),
            (True, ConnectionAborted(), "it closed the connection"),
            (True, OSError("no route"), "the connection broke"),
        ):
            self.setUp()
            self.begin(shake=shake)
            self.assertEqual(reason, self.lose(error).reason)


class EndTests(LinkCase):
    """An end is one, is told once, and nothing is said or heard after it."""

    def test_deaf_after_close(self) -> None:
        """What comes after our farewell is not heard, and nothing more is said."""
        self.open()
        self.link.close(Bye("overload", "too much"))
        said = self.wire.value()
        self.hear(Ping(1, "still here"), Bye("leaving", "me too"))
        self.link.tell(BEAT)
        self.link.close(Bye("leaving", "again"))
        self.link.answer(iter([Peers([], more=False)]))
        self.assertEqual(said, self.wire.value())
        self.assertEqual(1, len(self.witness.heard_messages))
        self.assertEqual("overload", self.lose().code)

    def test_closed_by_the_host_within_one_read(self) -> None:
        """Where the host closes on a message, those behind it in the same bytes are not heard."""
        self.open()
        self.witness.strict = True
        self.hear(Ping(1, ""), Ping(2, ""), Ping(3, ""))
        self.assertEqual(2, len(self.witness.heard_messages))
        self.assertEqual((["refused"], "refused"), (self.byes(), self.lose().code))

    def test_deaf_within_one_read(self) -> None:
        """What stands behind a broken rule in the same bytes is not heard."""
        self.open()
        self.hear(HELLO, Ping(1, "after"))
        self.assertEqual(1, len(self.witness.heard_messages))
        self.assertEqual((["protocol"], True), (self.byes(), self.wire.closed))
        self.assertEqual("protocol", self.lose().code)

    def test_their_farewell(self) -> None:
        """A farewell of theirs is heard, is the reason, and is answered by closing."""
        self.open()
        self.hear(Bye("leaving", "enough"), Ping(1, "after"))
        self.assertTrue(self.wire.closed)
        self.assertEqual(2, len(self.witness.heard_messages))
        self.assertEqual(Ending("leaving", "enough", theirs=True), self.lose())

    def test_question_and_farewell_in_one_read(self) -> None:
        """A question of one that has left by now is heard, and not answered."""
        self.open()
        self.hear(Ping(1, ""), Bye("leaving", "enough"))
        self.assertEqual(3, len(self.witness.heard_messages))
        self.assertNotIn(Pong(1), self.wire.messages())
        self.assertEqual(Ending("leaving", "enough", theirs=True), self.lose())

    def test_hello_and_a_broken_rule_in_one_read(self) -> None:
        """A hello of one that has broken the rules by now opens nothing."""
        self.begin()
        self.hear(HELLO, HELLO)
        self.assertEqual([], self.witness.heard_messages)
        self.assertEqual(["protocol"], self.byes())
        self.assertEqual("protocol", self.lose().code)

    def test_the_first_reason_counts(self) -> None:
        """What ends a link that was ending already changes nothing of the reason."""
        self.open()
        self.link.close(Bye("leaving", "enough"))
        self.link.abort(Ending("overload", "too much"))
        self.assertEqual("leaving", self.lose().code)

    def test_gate_is_left_once(self) -> None:
        """Who is admitted is not pending any more, and does not leave again when it is lost."""
        self.open()
        self.assertEqual(1, self.left_gate)
        self.lose()
        self.assertEqual(1, self.left_gate)

    def test_close_before_tls(self) -> None:
        """Who has not shaken hands is told nothing."""
        self.begin(shake=False)
        self.link.close(Bye("leaving", "enough"))
        self.assertEqual((b"", True), (self.wire.value(), self.wire.aborted))

    def test_abort_while_connecting(self) -> None:
        """A host that wants no connection any more leaves nothing on the clock."""
        self.witness.fault = "connected"
        self.begin(shake=False)
        self.assertTrue(self.wire.aborted)
        self.assertEqual([], self.time.getDelayedCalls())
        self.assertEqual("leaving", self.lose().code)

    def test_dial_settles_once(self) -> None:
        """A dial is told of its admission, and not of the loss that follows."""
        self.open(Role.DIALER)
        self.assertEqual([None], self.outcomes)
        self.lose()
        self.assertEqual(([None], 1), (self.outcomes, self.left_gate))

    def test_dial_that_fails_settles(self) -> None:
        """A dial is told why there was no admission."""
        self.begin(Role.DIALER)
        self.hear(Bye("network", "not yours"))
        self.lose()
        self.assertEqual([Ending("network", "not yours", theirs=True)], self.outcomes)


class PaceTests(LinkCase):
    """Nobody is read faster, or written to further, than is good for this node."""

    def test_reads_at_the_rate(self) -> None:
        """A flood of frames stops the reading, and drops none of them."""
        self.open()
        self.hear(*[BEAT] * 1100)
        self.assertEqual("paused", self.wire.producerState)
        self.assertLessEqual(len(self.witness.heard_messages), 1001)
        self.pass_by(1)
        self.assertEqual("producing", self.wire.producerState)
        self.assertEqual(1101, len(self.witness.heard_messages))

    def test_no_pause_after_the_end(self) -> None:
        """A flood with a broken rule in it closes, and does not touch the reading."""
        self.open()
        self.hear(*[BEAT] * 990, HELLO)
        self.assertTrue(self.wire.closed)
        self.assertEqual("producing", self.wire.producerState)

    def test_too_much_unread(self) -> None:
        """A peer that leaves a mebibyte unread is cut."""
        self.open()
        assert self.wire.producer is not None
        self.wire.producer.pauseProducing()
        text = "x" * 1000
        for _ in range(1000):
            self.link.tell(Ping(1, text))
        self.assertFalse(self.wire.aborted)
        for _ in range(60):
            self.link.tell(Ping(1, text))
        self.assertTrue(self.wire.aborted)
        self.assertLess(len(self.wire.value()), 1.1 * 2**20)
        self.assertEqual("overload", self.lose(ConnectionAborted()).code)

    def test_blocked_for_three_heartbeats(self) -> None:
        """A peer that beats but does not read for three heartbeats is cut."""
        self.open()
        self.link.tell(BEAT)
        assert self.wire.producer is not None
        self.wire.producer.pauseProducing()
        for _ in range(3):
            self.pass_by(0.96)
            self.hear(BEAT)
        self.assertFalse(self.wire.aborted)
        self.pass_by(0.5)
        self.assertTrue(self.wire.aborted)
        self.assertEqual("overload", self.lose(ConnectionAborted()).code)

    def test_blocked_where_only_they_beat_often(self) -> None:
        """The three heartbeats are theirs, and are not waited for until one of ours is due."""
        self.assertEqual(3.0, self.deaf_for(theirs=1.0, ours=60.0))

    def test_blocked_where_they_promise_little(self) -> None:
        """Nobody is deaf for minutes because it beats once in a minute."""
        for ours in (1.0, 60.0):
            self.assertEqual(Limits().unread_most, self.deaf_for(theirs=60.0, ours=ours))

    def test_blocked_on_a_slow_line(self) -> None:
        """However often both beat, there is time for what was written before."""
        self.assertEqual(Limits().unread_least, self.deaf_for(theirs=0.05, ours=0.05))

    def deaf_for(self, *, theirs: float, ours: float) -> float:
        """How long a peer that beats is let be deaf, in tenths of a second."""
        self.terms = Terms(heartbeat=ours)
        self.begin()
        self.hear(replace(HELLO, heartbeat=theirs))
        self.wire.full = True
        self.link.tell(BEAT)
        begun = self.time.seconds()
        while not self.wire.aborted and self.time.seconds() < begun + 100:
            self.time.advance(0.02)
            self.hear(BEAT)
        self.assertEqual("overload", self.lose(ConnectionAborted()).code)
        self.witness.endings.clear()
        return round(self.time.seconds() - begun, 1)

    def test_reads_again_in_time(self) -> None:
        """A peer that reads again before that stays."""
        self.open()
        assert self.wire.producer is not None
        for _ in range(4):
            self.wire.producer.pauseProducing()
            self.pass_by(1.96)
            self.hear(BEAT)
            self.wire.producer.resumeProducing()
        self.assertTrue(self.link.open)

    def test_own_stall_is_forgiven(self) -> None:
        """Time in which this node did not run makes nobody late, silent or blocked."""
        self.open()
        assert self.wire.producer is not None
        self.wire.producer.pauseProducing()
        self.pass_by(0.5)
        self.time.advance(30)
        self.pass_by(0.5)
        self.assertFalse(self.wire.aborted)

    def test_long_answer_waits(self) -> None:
        """A long answer goes out as fast as the peer reads it."""
        self.open()
        answer = iter([Peers([], more=True), Peers([], more=True), Peers([], more=False)])
        assert self.wire.producer is not None
        self.wire.producer.pauseProducing()
        before = len(self.wire.messages())
        self.link.answer(answer)
        self.assertEqual(before, len(self.wire.messages()))
        self.wire.producer.resumeProducing()
        self.assertEqual(before + 3, len(self.wire.messages()))


class FaultTests(LinkCase):
    """A fault of ours costs the link on which it showed, is logged, and leaves nothing behind."""

    def faulty(self) -> None:
        """The connection was cut, and the fault logged once."""
        self.assertEqual(1, len(self.flushLoggedErrors(HostFault)))
        self.assertTrue(self.wire.aborted)
        self.assertIn("fault of this program", self.lose(ConnectionAborted()).reason)
        self.assertEqual(0, len(self.agenda))

    def test_while_meeting(self) -> None:
        """When TLS is up."""
        self.witness.fault = "met"
        self.begin()
        self.faulty()

    def test_while_hearing(self) -> None:
        """When something was heard; the rest of the same bytes is not."""
        self.open()
        self.witness.fault = "heard"
        self.hear(BEAT, BEAT)
        self.faulty()

    def test_while_beating(self) -> None:
        """When it is time for a heartbeat."""
        self.open()
        self.witness.fault = "quiet"
        self.pass_by(1.1)
        self.faulty()

    def test_while_pinging(self) -> None:
        """When it is time for a ping."""
        self.open()
        self.link.ping_next(self.time.seconds() + 0.2)
        self.witness.fault = "ping_due"
        self.pass_by(0.4)
        self.faulty()

    def test_while_losing(self) -> None:
        """When the connection is gone: the dial is told all the same."""
        self.begin(Role.DIALER)
        self.witness.fault = "lost"
        self.lose()
        self.assertEqual(1, len(self.flushLoggedErrors(HostFault)))
        self.assertEqual(self.witness.endings, self.outcomes)


class FarTests(LinkCase):
    """Where the other end is."""

    def test_dialed(self) -> None:
        """The address that was dialed, whatever the transport says."""
        self.begin(Role.DIALER)
        self.assertEqual(Address("192.0.2.9", 8080), self.link.far)
        self.assertFalse(self.link.loopback)
        self.assertEqual("<Link dialed 192.0.2.9:8080>", repr(self.link))

    def test_accepted(self) -> None:
        """The source address, unwrapped; a name stands where there is none."""
        for host, far, loopback in (
            ("::ffff:127.0.0.1", "127.0.0.1", True),
            ("2001:db8::1", "2001:db8::1", False),
            ("a/socket", "a/socket", False),
        ):
            self.link = Link(Role.ACCEPTOR, self.around(), None, self.leave)
            self.link.makeConnection(Wire(peerAddress=_Where(host, 5)))
            self.assertEqual(Address(far, 5), self.link.far)
            self.assertIs(loopback, self.link.loopback)

    def test_before_the_connection(self) -> None:
        """A link that was never connected is nowhere."""
        link = Link(Role.ACCEPTOR, self.around(), None, self.leave)
        self.assertEqual(Address("unknown", 0), link.far)


@define
class _Where:
    host: str
    port: int
