"""
What every kind of connection does, whether it is real or simulated.

The cases stand here once; `test_conformance.py` runs them against each kind. Where kinds differ in
earnest, a case asks the kind; TLS over TCP is what the simulator has to be like.
"""

from collections.abc import Callable
from random import Random
from typing import Any, ClassVar

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectingCancelledError, ConnectionDone, ConnectionLost
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IHandshakeListener, IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase
from zope.interface import implementer

from gossip.trust.identity import PeerId

MEBI = 1 << 20

BULK = bytes(range(251)) * (4 * MEBI // 251)
"""More than any two sockets hold of what is not read."""

AT_ONCE = 65536
"""Bytes that Twisted reads before it looks again whether it is to read."""

FEW = b"what fits into one segment"


class Bell:
    """Rings whenever something happened at one of the ends."""

    def __init__(self) -> None:
        self.ring: Callable[[], None] = lambda: None


@implementer(IHandshakeListener)
class Recorder(Protocol):
    """One end: writes down what it is told, and does what it was asked to do then."""

    def __init__(self, bell: Bell, **then: Callable[["Recorder"], Any]) -> None:
        self.told: list[str] = []
        """`made`, `shaken`, `data` (once for many in a row) and `lost`, in their order."""
        self.heard = bytearray()
        self.reason: BaseException | None = None
        self.peer: PeerId | None = None
        self.up_when = "made"
        """What it is told when the connection is up."""
        self.inside = 0
        """How deep it is in calls that it makes or gets."""
        self.identify: Callable[[Any], PeerId] | None = None
        self._bell = bell
        self._then = then

    @property
    def stream(self) -> Any:
        """Its transport."""
        return self.transport

    def then(self, what: str, do: Callable[["Recorder"], Any]) -> None:
        """Do this instead, whenever that happens."""
        self._then[what] = do

    @property
    def lost(self) -> bool:
        """Whether it was told that the connection is gone."""
        return "lost" in self.told

    @property
    def up(self) -> bool:
        """Whether it was told that the connection can be used."""
        return self.up_when in self.told

    def connectionMade(self) -> None:
        """TCP is up."""
        self._happened("made")

    def handshakeCompleted(self) -> None:
        """TLS is up."""
        if self.identify is not None:
            self.peer = self.identify(self.transport)
        self._happened("shaken")

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""
        self.heard += data
        self._happened("data")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone."""
        self.reason = reason.value
        self._happened("lost")

    def _happened(self, what: str) -> None:
        if what != "data" or self.told[-1:] != ["data"]:
            self.told.append(what)
        self.inside += 1
        try:
            self._then.get(what, _nothing)(self)
        finally:
            self.inside -= 1
            self._bell.ring()


@implementer(IPushProducer)
class Source:
    """A push producer that writes until it is told to pause, and on when it is told to resume."""

    def __init__(self, end: Recorder, other: Recorder, total: int, bell: Bell) -> None:
        self.told: list[str] = []
        self.written = 0
        self.resumed_inside: list[int] = []
        """How deep either end was in a call each time that this was told to resume."""
        self._end = end
        self._other = other
        self._total = total
        self._paused = False
        self._bell = bell

    @property
    def paused(self) -> bool:
        """Whether it was told to pause."""
        return self._paused

    def start(self) -> None:
        """Register, and write."""
        self._end.stream.registerProducer(self, True)
        self._produce()

    def pauseProducing(self) -> None:
        """The transport is full."""
        self._paused = True
        self._told("pause")

    def resumeProducing(self) -> None:
        """The transport has room again."""
        self._paused = False
        self.resumed_inside.append(self._end.inside + self._other.inside)
        self._told("resume")
        self._produce()

    def stopProducing(self) -> None:
        """The transport is gone."""
        self._paused = True
        self._told("stop")

    def _produce(self) -> None:
        while self.written < self._total and not self._paused:
            self._end.stream.write(BULK[:16384])
            self.written += 16384
        if self.written >= self._total and "done" not in self.told:
            self._told("done")

    def _told(self, what: str) -> None:
        self.told.append(what)
        self._bell.ring()


class One(Factory):
    """Builds one protocol, which there is already."""

    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: object) -> Protocol:
        """It."""
        return self._protocol


class Ground:
    """Where two ends meet: what a kind of connection has to say for itself."""

    shakes = True
    """Whether it is TLS: there is a handshake, and a farewell to which the other end answers."""
    presses = True
    """Whether transports pause, resume and abort as they are told."""
    dials = True
    """Whether there are dials that can fail."""

    def __init__(self, bell: Bell, case: SynchronousTestCase) -> None:
        self.bell = bell
        self.case = case

    def dial(self, near: Recorder, far: Recorder) -> Deferred[Any]:
        """Connect near to far."""
        raise NotImplementedError

    def dial_nobody(self, near: Recorder) -> Deferred[Any]:
        """Dial where nobody listens."""
        raise NotImplementedError

    def ids(self) -> tuple[PeerId, PeerId]:
        """Who dials, and who accepts."""
        raise NotImplementedError

    def identify(self, transport: Any) -> PeerId:
        """Who is at the other end."""
        raise NotImplementedError

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let time pass until this is so."""
        raise NotImplementedError

    async def a_while(self) -> None:
        """Let enough time pass for what must not happen to happen."""
        raise NotImplementedError


class Conformance(TestCase):
    """The cases."""

    kind: ClassVar[type[Ground]]

    def setUp(self) -> None:
        """Two ends, not yet connected."""
        self.bell = Bell()
        self.ground = self.kind(self.bell, self)

    def end(self, **then: Callable[[Recorder], Any]) -> Recorder:
        """One end."""
        made = Recorder(self.bell, **then)
        if self.ground.shakes:
            made.up_when = "shaken"
            made.identify = self.ground.identify
        return made

    async def pair(
        self, near: Recorder | None = None, far: Recorder | None = None
    ) -> tuple[Recorder, Recorder]:
        """Two ends whose connection is up."""
        one, other = near or self.end(), far or self.end()
        connecting = self.ground.dial(one, other)
        await self.ground.until(lambda: one.up and other.up)
        self.assertIs(one, await connecting)
        return one, other

    async def settled(self, source: "Source") -> int:
        """How much it has written, once it writes no more: a kernel makes more room for a while."""
        written = -1
        while source.written != written:
            written = source.written
            await self.ground.a_while()
        return written

    async def over(self, near: Recorder, far: Recorder, *reasons: type[BaseException]) -> None:
        """Both ends are told that it is over, once, and nothing after it; with these reasons."""
        await self.ground.until(lambda: near.lost and far.lost)
        await self.ground.a_while()
        for end in near, far:
            self.assertEqual("lost", end.told[-1])
            self.assertEqual(1, end.told.count("lost"))
        if reasons:
            self.assertEqual(list(reasons), [type(near.reason), type(far.reason)])

    async def end_it(self, near: Recorder, far: Recorder) -> None:
        """Close what a case leaves open."""
        for end in near, far:
            if not end.lost:
                end.stream.resumeProducing()
                end.stream.abortConnection()
        await self.over(near, far)

    def needs(self, *, tls: bool = False, pressure: bool = False, dials: bool = False) -> None:
        """Skip a case which this kind cannot show."""
        name, ground = self.kind.__name__, self.ground
        if tls and not ground.shakes:
            raise SkipTest(f"{name} is not TLS")
        if pressure and not ground.presses:
            raise SkipTest(f"{name} does not pause, nor abort")
        if dials and not ground.dials:
            raise SkipTest(f"{name} does not dial")

    # What goes through.

    async def test_bytes_arrive_in_order(self) -> None:
        """However they are written, all bytes arrive, both ways, each in its place."""
        near, far = await self.pair()
        random = Random(1)
        sent = {near: BULK[: MEBI // 2], far: BULK[7 : MEBI // 4]}
        for end, data in sent.items():
            at = 0
            while at < len(data):
                size = random.choice((1, 100, 5000, 70000))
                end.stream.write(data[at : at + size])
                at += size
        await self.ground.until(lambda: len(far.heard) >= len(sent[near]))
        await self.ground.until(lambda: len(near.heard) >= len(sent[far]))
        self.assertEqual((sent[far], sent[near]), (bytes(near.heard), bytes(far.heard)))
        near.stream.loseConnection()
        await self.over(near, far, ConnectionDone, ConnectionDone)

    async def test_nothing_is_lost_before_the_dialer_is_there(self) -> None:
        """What the acceptor writes at once waits for the dialer's protocol, and for the handshake."""
        near, far = self.end(), self.end(made=_write)
        self.ground.dial(near, far)
        await self.ground.until(lambda: bytes(near.heard) == FEW)
        self.assertEqual("data", near.told[-1])
        await self.end_it(near, far)

    async def test_the_handshake_comes_before_all_data(self) -> None:
        """It is over once, at both ends, before the first byte; then both know who the other is."""
        self.needs(tls=True)
        near, far = await self.pair(self.end(made=_write), self.end(made=_write))
        await self.ground.until(lambda: bool(near.heard and far.heard))
        self.assertEqual(["made", "shaken", "data"], near.told)
        self.assertEqual(["made", "shaken", "data"], far.told)
        self.assertEqual(self.ground.ids(), (far.peer, near.peer))
        near.stream.loseConnection()
        await self.over(near, far, ConnectionDone, ConnectionDone)

    async def test_the_ends_know_their_addresses(self) -> None:
        """Each calls the other what that calls itself."""
        self.needs(dials=True)
        near, far = await self.pair()
        self.assertEqual(near.stream.getPeer(), far.stream.getHost())
        self.assertEqual(far.stream.getPeer(), near.stream.getHost())
        near.stream.loseConnection()
        await self.over(near, far)

    # Closing.

    async def test_closing_delivers_what_is_queued(self) -> None:
        """All that was written before `loseConnection` arrives, and then both ends are told."""
        near, far = await self.pair()
        near.stream.write(BULK)
        near.stream.loseConnection()
        await self.over(near, far, ConnectionDone, ConnectionDone)
        self.assertEqual(BULK, bytes(far.heard))

    async def test_closing_in_the_midst_of_a_message(self) -> None:
        """What there is of it arrives before the end does."""
        near, far = await self.pair()
        near.stream.write(FEW[:7])
        await self.ground.until(lambda: len(far.heard) == 7)
        near.stream.write(FEW[7:11])
        near.stream.loseConnection()
        await self.over(near, far, ConnectionDone, ConnectionDone)
        self.assertEqual(FEW[:11], bytes(far.heard))

    async def test_both_close_at_once(self) -> None:
        """Farewells may cross."""
        near, far = await self.pair()
        near.stream.loseConnection()
        far.stream.loseConnection()
        await self.over(near, far, ConnectionDone, ConnectionDone)

    async def test_what_comes_after_closing_is_heard(self) -> None:
        """Until the other end has said farewell too, what it says is delivered."""
        self.needs(tls=True)
        near, far = await self.pair()
        near.stream.loseConnection()
        far.stream.write(BULK[:MEBI])
        await self.over(near, far, ConnectionDone, ConnectionDone)
        self.assertEqual(BULK[:MEBI], bytes(near.heard))

    async def test_closing_an_end_that_has_much_to_say(self) -> None:
        """What it had queued goes out before its farewell."""
        self.needs(tls=True)
        near, far = await self.pair()
        far.stream.write(BULK)
        near.stream.loseConnection()
        await self.over(near, far, ConnectionDone, ConnectionDone)
        self.assertEqual(BULK, bytes(near.heard))

    async def test_nothing_is_written_after_closing(self) -> None:
        """It is ignored, and so is every further wish when the connection is gone."""
        self.needs(tls=True)
        near, far = await self.pair()
        near.stream.loseConnection()
        near.stream.write(FEW)
        near.stream.writeSequence([FEW])
        near.stream.loseConnection()
        await self.over(near, far, ConnectionDone, ConnectionDone)
        for end in near, far:
            end.stream.write(FEW)
            end.stream.loseConnection()
        await self.over(near, far)
        self.assertEqual(b"", bytes(far.heard))

    async def test_closing_waits_for_the_producer(self) -> None:
        """While one is registered, there may be more to say, and it is said."""
        self.needs(tls=True)
        near, far = await self.pair()
        near.stream.registerProducer(Source(near, far, 0, self.bell), True)
        near.stream.loseConnection()
        near.stream.write(FEW)
        await self.ground.until(lambda: bytes(far.heard) == FEW)
        await self.ground.a_while()
        self.assertFalse(near.lost or far.lost)
        near.stream.unregisterProducer()
        near.stream.write(FEW)
        await self.over(near, far, ConnectionDone, ConnectionDone)
        self.assertEqual(FEW, bytes(far.heard))

    async def test_closing_waits_for_a_reader(self) -> None:
        """Against an end that does not read it waits for ever; `abortConnection` does not."""
        self.needs(pressure=True)
        near, far = await self.pair()
        far.stream.pauseProducing()
        near.stream.write(BULK)
        near.stream.loseConnection()
        await self.ground.a_while()
        self.assertFalse(near.lost or far.lost)
        near.stream.abortConnection()
        await self.ground.until(lambda: near.lost)
        far.stream.resumeProducing()
        await self.over(near, far)
        self.assertIs(ConnectionLost, type(far.reason))
        self.assertTrue(BULK.startswith(far.heard))
        self.assertLess(len(far.heard), len(BULK))

    async def test_being_closed_waits_for_a_reader(self) -> None:
        """Who closes and does not read holds up the other end, which has more to say."""
        self.needs(tls=True, pressure=True)
        near, far = await self.pair()
        near.stream.pauseProducing()
        far.stream.write(BULK)
        await self.ground.a_while()
        near.stream.loseConnection()
        await self.ground.a_while()
        self.assertFalse(near.lost or far.lost)
        await self.end_it(near, far)

    async def test_being_closed_with_a_producer_that_is_paused(self) -> None:
        """What was written before arrives, the rest is not wanted; until it unregisters, it waits."""
        self.needs(tls=True, pressure=True)
        near, far = await self.pair()
        far.stream.pauseProducing()
        source = Source(near, far, 16 * MEBI, self.bell)
        source.start()
        written = await self.settled(source)
        far.stream.loseConnection()
        await self.ground.a_while()
        self.assertFalse(near.lost or far.lost)
        far.stream.resumeProducing()
        await self.ground.until(lambda: far.lost)
        await self.ground.a_while()
        self.assertEqual("resume", [told for told in source.told if told != "done"][-1])
        self.assertFalse(near.lost)
        near.stream.unregisterProducer()
        await self.over(near, far, ConnectionDone, ConnectionDone)
        self.assertEqual(written, len(far.heard))
        self.assertLess(written, 16 * MEBI)

    # Aborting.

    async def test_aborting_tells_both(self) -> None:
        """The other end learns that the connection broke, and nothing more."""
        self.needs(pressure=True)
        for aborts in range(2):
            near, far = await self.pair()
            (near, far)[aborts].stream.abortConnection()
            (near, far)[aborts].stream.abortConnection()
            await self.over(near, far)
            self.assertIs(ConnectionLost, type((far, near)[aborts].reason))
            if self.ground.shakes:
                self.assertIs(ConnectionLost, type((near, far)[aborts].reason))

    async def test_aborting_drops_what_is_queued(self) -> None:
        """What was written in the same turn never leaves."""
        self.needs(pressure=True)
        for data in FEW, BULK:
            near, far = await self.pair()
            near.stream.write(data)
            near.stream.abortConnection()
            near.stream.write(FEW)
            await self.over(near, far)
            self.assertEqual(b"", bytes(far.heard))

    async def test_aborting_spares_what_has_arrived(self) -> None:
        """An end that does not read is not told; it reads what came, and is told then."""
        self.needs(pressure=True)
        near, far = await self.pair()
        far.stream.pauseProducing()
        near.stream.write(FEW)
        await self.ground.a_while()
        near.stream.abortConnection()
        await self.ground.until(lambda: near.lost)
        await self.ground.a_while()
        self.assertFalse(far.lost)
        far.stream.resumeProducing()
        await self.over(near, far)
        self.assertEqual(FEW, bytes(far.heard))
        self.assertIs(ConnectionLost, type(far.reason))

    async def test_an_aborted_end_learns_it_by_writing(self) -> None:
        """An end that does not read finds out when it writes, and reads nothing more."""
        self.needs(pressure=True)
        near, far = await self.pair()
        far.stream.pauseProducing()
        near.stream.write(FEW)
        await self.ground.a_while()
        near.stream.abortConnection()
        await self.ground.a_while()
        far.stream.write(FEW)
        await self.over(near, far)
        self.assertEqual(b"", bytes(far.heard))
        self.assertIs(ConnectionLost, type(far.reason))

    async def test_aborting_while_closing(self) -> None:
        """Who waits for a farewell need not wait."""
        self.needs(pressure=True)
        near, far = await self.pair()
        far.stream.pauseProducing()
        near.stream.write(BULK)
        near.stream.loseConnection()
        await self.ground.a_while()
        far.stream.abortConnection()
        await self.over(near, far)
        self.assertIs(ConnectionLost, type(near.reason))

    # From within.

    async def from_within(
        self, moment: str, do: Callable[[Recorder], Any], *reasons: type[BaseException]
    ) -> tuple[Recorder, Recorder]:
        """Do this at that moment at one end, then in another connection at the other."""
        near, far = self.end(**{moment: do}), self.end(shaken=_write, made=_write)
        self.ground.dial(near, far)
        await self.over(near, far, *(reasons if self.ground.shakes else ()))
        near, far = self.end(shaken=_write, made=_write), self.end(**{moment: do})
        self.ground.dial(near, far)
        await self.over(near, far, *(reasons if self.ground.shakes else ()))
        return near, far

    async def test_closing_when_it_is_made(self) -> None:
        """Before the handshake there is no farewell: TLS aborts."""
        self.needs(pressure=True)
        near, far = await self.from_within("made", _close, ConnectionLost, ConnectionLost)
        self.assertNotIn("shaken", near.told + far.told)

    async def test_writing_and_closing_when_it_is_made(self) -> None:
        """What was written waits for the handshake, and so does the farewell."""
        for one in range(2):
            ends = self.end(), self.end()
            ends[one].then("made", _write_and_close)
            self.ground.dial(*ends)
            await self.over(*ends, ConnectionDone, ConnectionDone)
            self.assertEqual(FEW, bytes(ends[1 - one].heard))
            if self.ground.shakes:
                self.assertEqual(["made", "shaken", "lost"], ends[one].told)
                self.assertEqual(["made", "shaken", "data", "lost"], ends[1 - one].told)

    async def test_closing_when_the_handshake_is_over(self) -> None:
        """It is over at the other end too, before the farewell comes."""
        self.needs(tls=True)
        near, _ = await self.from_within("shaken", _close, ConnectionDone, ConnectionDone)
        self.assertIn("shaken", near.told)

    async def test_closing_when_data_comes(self) -> None:
        """An end may close while it reads."""
        await self.from_within("data", _close, ConnectionDone, ConnectionDone)

    async def test_aborting_when_it_is_made(self) -> None:
        """An end may abort before there is anything."""
        self.needs(pressure=True)
        near, far = await self.from_within("made", _abort, ConnectionLost, ConnectionLost)
        self.assertNotIn("shaken", near.told + far.told)

    async def test_aborting_when_the_handshake_is_over(self) -> None:
        """A dialer that aborts then never sends the end of it: the acceptor's is never over."""
        self.needs(tls=True, pressure=True)
        await self.from_within("shaken", _abort, ConnectionLost, ConnectionLost)
        near, far = self.end(shaken=_abort), self.end()
        self.ground.dial(near, far)
        await self.over(near, far)
        self.assertEqual(["made", "lost"], far.told)

    async def test_aborting_when_data_comes(self) -> None:
        """Nothing more is delivered then, whatever has arrived."""
        self.needs(pressure=True)
        near, far = await self.pair(None, self.end(data=_abort))
        near.stream.write(BULK)
        await self.over(near, far)
        self.assertLessEqual(len(far.heard), AT_ONCE)
        self.assertTrue(BULK.startswith(far.heard))

    async def test_raising_when_data_comes(self) -> None:
        """It is logged, and the connection breaks."""
        near, far = await self.pair(None, self.end(data=_raise))
        near.stream.write(FEW)
        if not self.ground.presses:
            # Nothing stands between the protocol and the test there.
            with self.assertRaises(Wrong):
                await self.ground.a_while()
            return
        await self.over(near, far)
        self.assertEqual(1, len(self.flushLoggedErrors(Wrong)))
        if self.ground.shakes:
            self.assertEqual([ConnectionLost] * 2, [type(near.reason), type(far.reason)])

    async def test_raising_when_the_handshake_is_over(self) -> None:
        """It is logged, and the connection breaks."""
        self.needs(tls=True, pressure=True)
        for one in range(2):
            ends = self.end(), self.end()
            ends[one].then("shaken", _raise)
            self.ground.dial(*ends)
            await self.over(*ends, ConnectionLost, ConnectionLost)
            self.assertEqual(1, len(self.flushLoggedErrors(Wrong)))

    async def test_raising_and_aborting(self) -> None:
        """Both ends are told all the same."""
        self.needs(pressure=True)

        def do(end: Recorder) -> None:
            _abort(end)
            _raise(end)

        near, far = await self.pair(None, self.end(data=do))
        near.stream.write(FEW)
        await self.over(near, far)
        self.assertEqual(1, len(self.flushLoggedErrors(Wrong)))

    async def test_raising_when_it_is_lost(self) -> None:
        """It is logged, and the other end does not care."""
        self.needs(pressure=True)
        near, far = await self.pair(None, self.end(lost=_raise))
        near.stream.loseConnection()
        await self.over(near, far, ConnectionDone, ConnectionDone)
        self.assertEqual(1, len(self.flushLoggedErrors(Wrong)))

    # Back-pressure.

    async def test_a_reader_that_pauses_makes_the_writer_pause(self) -> None:
        """It pauses, with little under way, and goes on when the reader does; never from within."""
        self.needs(pressure=True)
        near, far = await self.pair()
        far.stream.pauseProducing()
        source = Source(near, far, 12 * MEBI, self.bell)
        source.start()
        written = await self.settled(source)
        self.assertTrue(source.paused)
        self.assertLess(written, 10 * MEBI)
        self.assertEqual(b"", bytes(far.heard))
        far.stream.resumeProducing()
        await self.ground.until(lambda: len(far.heard) >= 12 * MEBI)
        self.assertEqual({0}, set(source.resumed_inside))
        self.assertEqual(BULK[:16384] * (12 * MEBI // 16384), bytes(far.heard))
        near.stream.unregisterProducer()
        near.stream.loseConnection()
        await self.over(near, far, ConnectionDone, ConnectionDone)
        self.assertNotIn("stop", source.told)

    async def test_pausing_when_data_comes(self) -> None:
        """What was read at once still comes, nothing more, and all of it after all."""
        self.needs(pressure=True)
        near, far = await self.pair(None, self.end(data=lambda end: end.stream.pauseProducing()))
        near.stream.write(BULK[:MEBI])
        await self.ground.until(lambda: bool(far.heard))
        await self.ground.a_while()
        first = len(far.heard)
        self.assertLessEqual(first, AT_ONCE)
        far.stream.resumeProducing()
        await self.ground.until(lambda: len(far.heard) > first)
        await self.ground.a_while()
        self.assertLessEqual(len(far.heard), first + 2 * AT_ONCE)
        far.then("data", _nothing)
        far.stream.resumeProducing()
        await self.ground.until(lambda: len(far.heard) >= MEBI)
        self.assertEqual(BULK[:MEBI], bytes(far.heard))
        await self.end_it(near, far)

    async def test_pausing_when_it_is_made(self) -> None:
        """Not even the handshake is read then."""
        self.needs(pressure=True)
        near, far = self.end(made=_write), self.end(made=lambda end: end.stream.pauseProducing())
        self.ground.dial(near, far)
        await self.ground.until(lambda: bool(near.told and far.told))
        await self.ground.a_while()
        self.assertEqual(["made"], far.told)
        far.stream.resumeProducing()
        await self.ground.until(lambda: bytes(far.heard) == FEW)
        await self.end_it(near, far)

    async def test_a_producer_of_a_connection_that_is_lost(self) -> None:
        """It is told to stop, also where it comes too late."""
        self.needs(pressure=True)
        near, far = await self.pair()
        early, late = (Source(near, far, 0, self.bell) for _ in range(2))
        near.stream.registerProducer(early, True)
        far.stream.abortConnection()
        await self.over(near, far)
        self.assertEqual(["stop"], early.told)
        near.stream.registerProducer(late, True)
        self.assertEqual(["stop"], late.told)

    async def test_one_producer_at_a_time(self) -> None:
        """A second one is refused."""
        self.needs(pressure=True)
        near, far = await self.pair()
        near.stream.registerProducer(Source(near, far, 0, self.bell), True)
        with self.assertRaises(RuntimeError):
            near.stream.registerProducer(Source(near, far, 0, self.bell), True)
        await self.end_it(near, far)

    # Dialing.

    async def test_a_dial_that_nobody_answers(self) -> None:
        """Where nobody listens it is refused, and no protocol is built."""
        self.needs(dials=True)
        near = self.end()
        failed: list[Failure] = []
        self.ground.dial_nobody(near).addErrback(failed.append).addBoth(lambda _: self.bell.ring())
        await self.ground.until(lambda: bool(failed))
        self.assertIsNotNone(failed[0].check(Refused))
        self.assertEqual([], near.told)

    async def test_a_dial_that_is_given_up(self) -> None:
        """It fails with what endpoints fail with, and nobody has a connection."""
        self.needs(dials=True)
        near, far = self.end(), self.end()
        connecting = self.ground.dial(near, far)
        connecting.cancel()
        self.failureResultOf(connecting, ConnectingCancelledError)
        await self.ground.a_while()
        self.assertEqual([], near.told)
        self.assertTrue(far.lost or not far.told)


class Wrong(Exception):
    """A protocol is wrong."""


def _nothing(_: Recorder) -> None:
    """What is done by default."""


def _write(end: Recorder) -> None:
    end.stream.write(FEW)


def _close(end: Recorder) -> None:
    end.stream.loseConnection()


def _write_and_close(end: Recorder) -> None:
    end.stream.write(FEW)
    end.stream.loseConnection()


def _abort(end: Recorder) -> None:
    end.stream.abortConnection()


def _raise(end: Recorder) -> None:
    raise Wrong
