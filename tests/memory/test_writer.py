"""
When what has changed is written, and what becomes of it where it cannot be.
"""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from gossip.memory.rows import Batch
from gossip.memory.writer import (
    BEHIND,
    MOST_AT_ONCE,
    MOST_WAITING,
    RETRY,
    ROWS_BEHIND,
    Writer,
)
from gossip.mesh.memories import Memory
from gossip.mesh.status import Occurrence
from gossip.trust.identity import PeerId
from tests.cases import UnitCase
from tests.memory.samples import OWN, WALL, Lines, memory, occurrence, peer

quickly = settings(deadline=None, database=None, max_examples=100)


class Disk:
    """Takes batches at once, or when it is told to, or not at all."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        """All that were written."""
        self.tries = 0
        self.full = False
        self.gone = False
        self.slow = False
        self.waiting: list[Callable[[], None]] = []

    def write(self, batch: Batch) -> "Deferred[int]":
        """Write one."""
        self.tries += 1
        if not self.slow:
            return succeed(batch).addCallback(self._put)
        done: Deferred[Batch] = Deferred()
        self.waiting.append(lambda: done.callback(batch))
        return done.addCallback(self._put)

    def go_on(self) -> None:
        """What was begun is done."""
        for go in self.waiting[:]:
            self.waiting.remove(go)
            go()

    def _put(self, batch: Batch) -> int:
        if self.full:
            raise OSError("No space left on device")
        if self.gone:
            raise FileNotFoundError("No such file or directory")
        self.batches.append(batch)
        return 4096

    def peers(self) -> dict[PeerId, Memory | None]:
        """What it has of each peer."""
        return {peer: last for batch in self.batches for peer, last in batch.peers.items()}

    def history(self) -> list[Occurrence]:
        """What it has of what happened."""
        return [row for batch in self.batches for row in batch.history]


class WriterCase(UnitCase):
    """A disk and a clock that do what they are told."""

    def setUp(self) -> None:
        """A writer to which the mesh has not been shown yet."""
        self.time = self.clock()
        self.disk = Disk()
        self.known: dict[PeerId, Memory] = {}
        self.stored: set[PeerId] = set()
        self.writer = self.made(10_000)

    def made(self, most_peers: int) -> Writer:
        """A writer, closed in the end."""
        writer = Writer(
            self.disk.write,
            clock=self.time,
            wall=lambda: WALL + self.time.seconds(),
            stored=self.stored,
            most_peers=most_peers,
        )
        self.addCleanup(writer.close)
        return writer

    def begin(self) -> None:
        """The node runs."""
        self.writer.begin(self.known.get)

    def change(self, *numbers: int, generation: int = 0) -> None:
        """These peers are others now."""
        for number in numbers:
            self.known[peer(number)] = memory(number, generation)
            self.writer.changed(peer(number))

    def forget(self, number: int) -> None:
        """This one is not known any more."""
        del self.known[peer(number)]
        self.writer.changed(peer(number))


class WriterTests(WriterCase):
    """A disk that works."""

    def test_after_a_second(self) -> None:
        """What has changed is written together, a second after the first change."""
        self.begin()
        self.change(1)
        self.time.advance(BEHIND / 2)
        self.change(2)
        self.writer.own(OWN, 5)
        self.writer.happened(occurrence(1))
        self.assertEqual([], self.disk.batches)
        self.time.advance(BEHIND / 2)
        (batch,) = self.disk.batches
        self.assertEqual({peer(1): memory(1), peer(2): memory(2)}, batch.peers)
        self.assertEqual(((OWN, 5), (occurrence(1),)), (batch.own, batch.history))
        self.assertEqual(WALL + BEHIND, batch.wall)

    def test_nothing_at_rest(self) -> None:
        """Where nothing changes, nothing is written, and nothing is due."""
        self.begin()
        self.change(1)
        self.time.advance(BEHIND)
        self.assertEqual([], self.time.getDelayedCalls())
        self.time.advance(3600)
        self.assertEqual(1, self.disk.tries)

    def test_after_a_hundred(self) -> None:
        """A hundred changes are written sooner, though not within the report of one."""
        self.begin()
        self.change(*range(ROWS_BEHIND - 1))
        self.time.advance(0)
        self.assertEqual([], self.disk.batches)
        self.writer.happened(occurrence(1))
        self.assertEqual([], self.disk.batches)
        self.time.advance(0)
        self.assertEqual(ROWS_BEHIND - 1, len(self.disk.peers()))

    def test_as_it_is_when_it_is_written(self) -> None:
        """Many changes to one peer are one row, the last."""
        self.begin()
        for generation in range(50):
            self.change(1, generation=generation)
        self.time.advance(BEHIND)
        (batch,) = self.disk.batches
        self.assertEqual({peer(1): memory(1, 49)}, batch.peers)

    def test_forgotten(self) -> None:
        """Who is not known any more has no row."""
        self.begin()
        self.change(1)
        self.time.advance(BEHIND)
        self.forget(1)
        self.time.advance(BEHIND)
        self.assertEqual({peer(1): None}, self.disk.peers())
        self.assertEqual(set(), self.stored)

    def test_before_the_node_runs(self) -> None:
        """What happens before is written after."""
        self.change(1)
        self.time.advance(10)
        self.successResultOf(self.writer.flush())
        self.assertEqual([], self.disk.batches)
        self.begin()
        self.time.advance(BEHIND)
        self.assertEqual({peer(1): memory(1)}, self.disk.peers())

    def test_one_at_a_time(self) -> None:
        """While the disk is busy it is given nothing, and what changes meanwhile comes after."""
        self.begin()
        self.disk.slow = True
        self.change(1)
        self.time.advance(BEHIND)
        self.change(1, 2, generation=1)
        self.change(*range(10, 10 + ROWS_BEHIND))
        self.time.advance(100)
        self.assertEqual(1, self.disk.tries)
        self.disk.slow = False
        self.disk.go_on()
        self.time.advance(0)
        self.assertEqual(memory(1, 1), self.disk.peers()[peer(1)])
        self.assertEqual(2, self.disk.tries)

    def test_parts(self) -> None:
        """A great many are taken in parts, so that the node is not held up; in order."""
        self.begin()
        self.change(*range(2500))
        for number in range(1, 2501):
            self.writer.happened(occurrence(number))
        for _ in range(3):
            self.time.advance(BEHIND)
        self.assertEqual(3, len(self.disk.batches))
        self.assertTrue(all(len(b.peers) <= MOST_AT_ONCE for b in self.disk.batches))
        self.assertEqual(list(self.known.values()), list(self.disk.peers().values()))
        self.assertEqual(list(map(occurrence, range(1, 2501))), self.disk.history())

    def test_flush(self) -> None:
        """All of it is written at once, however many parts it has."""
        self.begin()
        self.disk.slow = True
        self.change(*range(MOST_AT_ONCE + 1))
        flushed = self.writer.flush()
        self.disk.go_on()
        self.assertNoResult(flushed)
        self.disk.go_on()
        self.successResultOf(flushed)
        self.assertEqual(MOST_AT_ONCE + 1, len(self.disk.peers()))
        self.assertEqual([], self.time.getDelayedCalls())

    def test_flush_while_it_is_busy(self) -> None:
        """What has changed since is written too, and whoever asks is told once it is."""
        self.begin()
        self.disk.slow = True
        self.change(1)
        self.time.advance(BEHIND)
        self.change(2)
        flushes = [self.writer.flush(), self.writer.flush()]
        self.disk.go_on()
        self.disk.go_on()
        for flush in flushes:
            self.successResultOf(flush)
        self.assertEqual({peer(1), peer(2)}, set(self.disk.peers()))

    def test_flush_does_not_wait_for_ever(self) -> None:
        """A disk that does not answer does not hold up the end of the node."""
        self.begin()
        self.disk.slow = True
        self.change(1)
        flushed = self.writer.flush(0.5)
        self.time.advance(0.4)
        self.assertNoResult(flushed)
        self.time.advance(0.1)
        self.successResultOf(flushed)
        self.disk.go_on()
        self.assertEqual({peer(1)}, set(self.disk.peers()))

    def test_nothing_to_flush(self) -> None:
        """It is done at once."""
        self.begin()
        self.successResultOf(self.writer.flush())
        self.assertEqual(0, self.disk.tries)

    def test_closed(self) -> None:
        """Nothing is written after it."""
        self.begin()
        self.change(1)
        self.writer.close()
        self.change(2)
        self.time.advance(10)
        self.successResultOf(self.writer.flush())
        self.assertEqual(0, self.disk.tries)

    def test_counters(self) -> None:
        """How far behind it is, and when it wrote."""
        self.begin()
        self.change(1, 2)
        self.writer.own(OWN, 5)
        self.assertEqual(3, self.writer.counters()["memory_rows_pending"])
        self.time.advance(BEHIND)
        self.assertEqual(
            {
                "memory_rows_pending": 0,
                "memory_rows_lost": 0,
                "memory_write_failures": 0,
                "memory_last_write": WALL + BEHIND,
                "memory_bytes": 4096,
            },
            self.writer.counters(),
        )


class FullDiskTests(WriterCase):
    """A disk that does not work, and then does."""

    def setUp(self) -> None:
        """A node that runs on a full disk."""
        super().setUp()
        self.lines = Lines(self)
        self.begin()
        self.disk.full = True

    def fail_once(self) -> None:
        """It has been tried."""
        self.change(1)
        self.time.advance(BEHIND)
        self.assertEqual(1, self.disk.tries)

    def test_tried_each_minute(self) -> None:
        """Not sooner, whatever changes."""
        self.fail_once()
        self.change(*range(2, 2 + ROWS_BEHIND))
        self.time.advance(RETRY - 1)
        self.assertEqual(1, self.disk.tries)
        self.time.advance(1)
        self.assertEqual(2, self.disk.tries)
        self.time.pump([RETRY] * 3)
        self.assertEqual(5, self.disk.tries)
        self.assertEqual(5, self.writer.counters()["memory_write_failures"])

    def test_nothing_is_lost(self) -> None:
        """When it works again all is written: of each peer what it is then, and all in its order."""
        self.writer.own(OWN, 5)
        self.writer.happened(occurrence(1))
        self.fail_once()
        self.change(1, 2, generation=1)
        self.writer.happened(occurrence(2))
        self.disk.full = False
        self.time.advance(RETRY)
        (batch,) = self.disk.batches
        self.assertEqual({peer(1): memory(1, 1), peer(2): memory(2, 1)}, batch.peers)
        self.assertEqual((OWN, 5), batch.own)
        self.assertEqual((occurrence(1), occurrence(2)), batch.history)

    def test_file_that_was_removed(self) -> None:
        """All that was in it is written once more, for the next one is empty."""
        self.disk.full = False
        self.writer.own(OWN, 5)
        self.change(*range(10))
        self.time.advance(BEHIND)
        self.disk.gone = True
        self.change(3, generation=1)
        self.time.advance(BEHIND)
        self.disk.batches.clear()
        self.disk.gone = False
        self.time.advance(RETRY)
        self.assertEqual(self.known, self.disk.peers())
        self.assertEqual((OWN, 5), self.disk.batches[0].own)

    def test_what_comes_meanwhile(self) -> None:
        """What changes while a write is under way that fails is not lost, and comes after it."""
        self.disk.slow = True
        self.change(1)
        self.writer.happened(occurrence(1))
        self.time.advance(BEHIND)
        self.change(2)
        self.writer.happened(occurrence(2))
        self.disk.go_on()
        self.disk.slow = self.disk.full = False
        self.time.advance(RETRY)
        (batch,) = self.disk.batches
        self.assertEqual([peer(1), peer(2)], list(batch.peers))
        self.assertEqual((occurrence(1), occurrence(2)), batch.history)

    def test_newer_seq_counts(self) -> None:
        """One that was used since is not put back by what failed."""
        self.disk.slow = True
        self.writer.own(OWN, 5)
        self.time.advance(BEHIND)
        self.writer.own(OWN, 6)
        self.disk.go_on()
        self.disk.slow = self.disk.full = False
        self.time.advance(RETRY)
        self.assertEqual([(OWN, 6)], [batch.own for batch in self.disk.batches])

    def test_said_once(self) -> None:
        """One warning, one line when it works again, and a warning when it fails anew."""
        self.fail_once()
        self.time.pump([RETRY] * 5)
        (warning,) = self.lines()
        self.assertIn("cannot be written: No space left on device", warning)
        self.disk.full = False
        self.time.advance(RETRY)
        self.assertEqual("what this node remembers can be written again, and is", self.lines()[1])
        self.change(3)
        self.time.advance(BEHIND)
        self.disk.full = True
        self.change(4)
        self.time.advance(BEHIND)
        self.assertEqual(3, len(self.lines()))

    def test_oldest_occurrences_go(self) -> None:
        """What waits is bounded, and what goes is counted."""
        self.fail_once()
        for number in range(1, MOST_WAITING + 101):
            self.writer.happened(occurrence(number))
        self.assertEqual(100, self.writer.counters()["memory_rows_lost"])
        self.disk.full = False
        self.time.advance(RETRY)
        self.successResultOf(self.writer.flush())
        numbers = [row.number for row in self.disk.history()]
        self.assertEqual(list(range(101, MOST_WAITING + 101)), numbers)

    def test_passing_peers(self) -> None:
        """Peers that come and go do not pile up; who was in the file before does not stay there."""
        self.writer.close()
        self.stored.add(peer(1))
        self.writer = self.made(10)
        self.begin()
        self.writer.changed(peer(1))
        for number in range(2, 1000):
            self.change(number)
            self.forget(number)
            self.assertLessEqual(self.writer.counters()["memory_rows_pending"], 41)
        self.change(5000)
        self.time.advance(BEHIND)
        self.disk.full = False
        self.time.advance(RETRY)
        self.assertEqual((None, memory(5000)), (self.disk.peers()[peer(1)], self.known[peer(5000)]))
        self.assertEqual({peer(5000)}, self.stored)

    def test_flush_tries_once(self) -> None:
        """A node that stops does not wait for a minute."""
        self.fail_once()
        self.successResultOf(self.writer.flush())
        self.assertEqual(2, self.disk.tries)
        self.disk.full = False
        self.time.advance(RETRY)
        self.assertEqual({peer(1)}, set(self.disk.peers()))

    def test_nothing_left_to_write(self) -> None:
        """Where all that waited has become needless, it is still said when the disk works again."""
        self.writer.close()
        self.writer = self.made(0)
        self.begin()
        self.writer.happened(occurrence(1))
        self.time.advance(BEHIND)
        self.writer._history.clear()
        self.time.pump([RETRY, RETRY])
        self.disk.full = False
        self.writer.happened(occurrence(2))
        self.time.advance(RETRY)
        self.assertEqual([occurrence(2)], self.disk.history())


ACTIONS = some.one_of(
    some.tuples(some.just("change"), some.integers(0, 5)),
    some.tuples(some.just("forget"), some.integers(0, 5)),
    some.tuples(
        some.sampled_from(["fill", "empty", "slow", "quick", "go on", "flush"]), some.just(0)
    ),
    some.tuples(some.just("wait"), some.sampled_from([0, 1, 30, 60])),
    some.tuples(some.just("happen"), some.integers(1, 200)),
)


class MergingTests(WriterCase):
    """Whatever comes in whatever order."""

    @quickly
    @given(some.lists(ACTIONS, max_size=40))
    def test_what_is_written_is_what_is_known(self, actions: list[tuple[str, int]]) -> None:
        """In the end, on a disk that works, each peer is as it is, and all that happened is there."""
        self.time, self.disk, self.known, self.stored = Clock(), Disk(), {}, set()
        self.writer = self.made(1)
        self.begin()
        happened = 0
        for action, number in actions:
            if action == "change":
                self.change(number, generation=happened + len(self.disk.batches))
            elif action == "forget" and peer(number) in self.known:
                self.forget(number)
            elif action == "happen":
                for _ in range(number):
                    happened += 1
                    self.writer.happened(occurrence(happened))
            elif action == "wait":
                self.time.advance(number)
            elif action == "go on":
                self.disk.go_on()
            elif action == "flush":
                self.writer.flush()
            elif action in ("fill", "empty"):
                self.disk.full = action == "fill"
            else:
                self.disk.slow = action == "slow"
        self.disk.full = self.disk.slow = False
        self.disk.go_on()
        self.successResultOf(self.writer.flush())
        self.assertEqual(self.known, {p: m for p, m in self.disk.peers().items() if m is not None})
        self.assertEqual(list(map(occurrence, range(1, happened + 1))), self.disk.history())
        self.assertEqual(set(self.known), self.stored)
        self.writer.close()
