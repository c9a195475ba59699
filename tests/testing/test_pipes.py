"""
One direction of a connection: what only a simulated one can be made to do.
"""

from gossip.testing import pipes
from gossip.testing.paths import Weather
from gossip.testing.pipes import LATE, RECORD, WINDOW
from tests.testing.conformance import BULK, Recorder
from tests.testing.nets import LATENCY, NetCase


class PiecesTests(NetCase):
    """How bytes are split and joined, and when they arrive."""

    def setUp(self) -> None:
        """One connection, and the pieces that come out of it."""
        super().setUp()
        self.near, self.far = self.connected(self.a, self.b)
        self.pieces: list[tuple[float, int]] = []
        self.far.then("data", self.note)
        self.heard = 0

    def note(self, end: Recorder) -> None:
        """A piece came."""
        self.pieces.append((self.time.seconds(), len(end.heard) - self.heard))
        self.heard = len(end.heard)

    def test_latency(self) -> None:
        """A piece takes as long as its way; no more than a record comes at once."""
        self.patch(pipes, "SPLIT", 0.0)
        begun = self.time.seconds()
        self.near.stream.write(BULK[:RECORD] * 2 + b"x")
        self.wait(1)
        self.assertEqual([(begun + LATENCY, RECORD)] * 2 + [(begun + LATENCY, 1)], self.pieces)

    def test_joined(self) -> None:
        """Small pieces that are there together come together."""
        self.patch(pipes, "SPLIT", 0.0)
        for _ in range(10):
            self.near.stream.write(b"x" * 100)
        self.wait(1)
        self.assertEqual([1000], [size for _, size in self.pieces])

    def test_split(self) -> None:
        """Now and then a piece comes in two, the second one a little later, and in its place."""
        for number in range(400):
            self.near.stream.write(bytes([number % 251]) * 50)
            self.wait(LATENCY + 4 * LATE)
            self.assertEqual(50 * (number + 1), len(self.far.heard))
        self.assertEqual(b"".join(bytes([n % 251]) * 50 for n in range(400)), bytes(self.far.heard))
        self.assertGreater(len(self.pieces), 405)
        self.assertLess(len(self.pieces), 450)

    def test_bandwidth(self) -> None:
        """Bytes come as fast as the way carries them."""
        self.net.path("a", "b").change(Weather(latency=LATENCY, bandwidth=100_000))
        begun = self.time.seconds()
        self.near.stream.write(BULK[: 16 * RECORD])
        self.wait(60)
        last = self.pieces[-1][0] - begun - LATENCY
        self.assertAlmostEqual(16 * RECORD / 100_000, last, delta=2 * LATE)
        self.assertEqual(BULK[: 16 * RECORD], bytes(self.far.heard))

    def test_jitter(self) -> None:
        """Pieces that take different times arrive in their order all the same."""
        self.net.path("a", "b").change(Weather(latency=LATENCY, jitter=0.5))
        for number in range(200):
            self.near.stream.write(bytes([number]))
            self.wait(0.01)
        self.wait(2)
        self.assertEqual(bytes(range(200)), bytes(self.far.heard))

    def test_a_faster_way(self) -> None:
        """What is on a slow way does not hold up what comes after the way has become fast."""
        self.net.path("a", "b").change(Weather(latency=100))
        self.near.stream.write(b"slow")
        self.wait(1)
        self.net.path("a", "b").change(Weather(latency=LATENCY))
        self.near.stream.write(b"fast")
        self.wait(1)
        self.assertEqual(b"slowfast", bytes(self.far.heard))

    def test_one_call_for_a_piece(self) -> None:
        """However it is paused, cut and hurried, a pipe never has two calls of its own."""
        for number in range(50):
            self.near.stream.write(b"x" * 1000)
            self.net.path("a", "b").change(Weather(latency=LATENCY * (1 + number % 3)))
            (self.far.stream.pauseProducing, self.far.stream.resumeProducing)[number % 2]()
            if number % 7 == 0:
                self.both_ways(self.a, self.b)
                self.mend(self.a, self.b)
            self.wait(0.003)
            self.assertLessEqual(len(self.time.getDelayedCalls()), 5)
        self.far.stream.resumeProducing()
        self.wait(5)
        self.assertEqual((50_000, []), (len(self.far.heard), self.time.getDelayedCalls()))


class CutTests(NetCase):
    """What is sent into a cut."""

    def setUp(self) -> None:
        """One connection."""
        super().setUp()
        self.near, self.far = self.connected(self.a, self.b)

    def test_both_ways(self) -> None:
        """It waits, and arrives when TCP has noticed that the way is open; nobody is told."""
        self.both_ways(self.a, self.b)
        self.near.stream.write(b"one")
        self.far.stream.write(b"two")
        self.wait(20)
        self.assertEqual((b"", b""), (bytes(self.near.heard), bytes(self.far.heard)))
        self.mend(self.a, self.b)
        self.wait(21)
        self.assertEqual((b"two", b"one"), (bytes(self.near.heard), bytes(self.far.heard)))
        self.assertFalse(self.near.lost or self.far.lost)

    def test_what_was_on_the_way(self) -> None:
        """It is lost and sent again: in its order, before what was written later."""
        self.near.stream.write(b"one")
        self.both_ways(self.a, self.b)
        self.wait(10)
        self.near.stream.write(b"two")
        self.mend(self.a, self.b)
        self.near.stream.write(b"three")
        self.wait(11)
        self.assertEqual(b"onetwothree", bytes(self.far.heard))

    def test_the_way_back_is_cut(self) -> None:
        """What is sent arrives until the window is full, and the sender's producer pauses."""
        self.net.cut(["b"], ["a"])
        self.far.stream.write(b"unheard")
        for _ in range(100):
            self.near.stream.write(BULK[:RECORD])
            self.wait(0.1)
        self.assertEqual(b"", bytes(self.near.heard))
        self.assertGreater(len(self.far.heard), WINDOW - RECORD)
        self.assertLessEqual(len(self.far.heard), WINDOW + 2 * RECORD)
        self.assertEqual(100 * RECORD, self.end(self.near).out.size)
        self.mend(self.a, self.b)
        self.wait(70)
        self.assertEqual(b"unheard", bytes(self.near.heard))
        self.assertEqual(BULK[:RECORD] * 100, bytes(self.far.heard))
        self.assertEqual(0, self.end(self.near).out.size)

    def test_a_reset_is_lost(self) -> None:
        """One end aborts in a cut: the other is not told, until what it says finds nobody."""
        self.both_ways(self.a, self.b)
        self.near.stream.abortConnection()
        self.wait(10)
        self.mend(self.a, self.b)
        self.wait(100)
        self.assertTrue(self.near.lost)
        self.assertFalse(self.far.lost)
        self.far.stream.write(b"are you there?")
        self.wait(1)
        self.assertTrue(self.far.lost)

    def test_a_reset_on_the_way_is_lost(self) -> None:
        """And so is what was sent before it: who would have sent it again is gone."""
        self.near.stream.write(b"last words")
        self.wait(0)
        self.time.callLater(LATENCY / 4, self.near.stream.abortConnection)
        self.time.callLater(LATENCY / 2, self.both_ways, self.a, self.b)
        self.wait(10)
        self.mend(self.a, self.b)
        self.wait(100)
        self.assertEqual((b"", False), (bytes(self.far.heard), self.far.lost))

    def test_a_reset_does_not_overtake(self) -> None:
        """What was sent long before it comes first, also where it was split or is slow."""
        self.net.path("a", "b").change(Weather(latency=LATENCY, bandwidth=10_000))
        self.near.stream.write(BULK[: 4 * RECORD])
        self.wait(1)
        self.near.stream.abortConnection()
        self.wait(60)
        self.assertTrue(self.far.lost)
        self.assertEqual(BULK[: 4 * RECORD], bytes(self.far.heard))

    def test_no_answer_from_who_is_gone(self) -> None:
        """Where the RST that says so cannot come back, what was sent is sent again."""
        self.end(self.far).vanish()
        self.net.cut(["b"], ["a"])
        self.near.stream.write(b"are you there?")
        self.wait(30)
        self.assertFalse(self.near.lost)
        self.mend(self.a, self.b)
        self.wait(31)
        self.assertTrue(self.near.lost)

    def test_stranded(self) -> None:
        """After a change of address nothing arrives, nobody is told, and what is written stays."""
        self.net.strand(self.a)
        for recorder in self.near, self.far:
            recorder.stream.write(BULK[: 8 * RECORD])
        self.wait(3600)
        for recorder in self.near, self.far:
            self.assertEqual((b"", False), (bytes(recorder.heard), recorder.lost))
            self.assertEqual(8 * RECORD, self.end(recorder).out.size)
        self.near.stream.abortConnection()
        self.wait(3600)
        self.assertTrue(self.near.lost)
        self.assertFalse(self.far.lost)

    def test_nothing_is_left(self) -> None:
        """When both ends are gone, nothing is on the way and nothing waits."""
        self.near.stream.write(BULK)
        self.both_ways(self.a, self.b)
        self.wait(1)
        for recorder in self.near, self.far:
            recorder.stream.abortConnection()
        self.wait(1)
        self.mend(self.a, self.b)
        self.wait(100)
        self.net.forget_gone()
        self.assertEqual([], self.time.getDelayedCalls())
        self.assertEqual(({}, {}), (self.a.ends, self.b.ends))
        self.assertEqual({}, self.net.path("a", "b").users)


class PausedProcessTests(NetCase):
    """What arrives for a process that does not run."""

    def test_in_order(self) -> None:
        """All of it is there when it runs on, in its order; then the RST."""
        near, far = self.connected(self.a, self.b)
        process = self.end(far).process
        process.pause()
        for text in b"one", b"two", b"three":
            near.stream.write(text)
            self.wait(1)
        near.stream.abortConnection()
        self.wait(5)
        self.assertEqual(b"", bytes(far.heard))
        process.resume()
        self.wait(1)
        self.assertEqual((b"onetwothree", True), (bytes(far.heard), far.lost))
