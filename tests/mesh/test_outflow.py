"""
What goes out no faster than it is read.
"""

from collections.abc import Iterator

from twisted.internet.interfaces import IPushProducer
from zope.interface.verify import verifyObject

from gossip.mesh.outflow import ROWS, Outflow
from gossip.wire.messages import Message, Peers, Row, Sealed
from tests.cases import UnitCase


class OutflowTests(UnitCase):
    """Long answers and a transport that fills up."""

    def setUp(self) -> None:
        """An outflow at time 0, of which 100 bytes may lie unread."""
        self.now = 0.0
        self.told: list[str] = []
        self.made: list[str] = []
        self.full_after: int | None = None
        self.outflow = Outflow(most=100, seconds=lambda: self.now, tell=self.tell)

    def tell(self, peers: Message) -> None:
        """Say one message; the transport may be full after it."""
        assert isinstance(peers, Peers)
        self.told.append(peers.records[0].body)
        if len(self.told) == self.full_after:
            self.outflow.pauseProducing()

    def answer(self, name: str, count: int = 3) -> Iterator[Peers]:
        """A long answer of so many messages; notes what was made of it."""
        for number in range(1, count + 1):
            self.made.append(f"{name}{number}")
            yield Peers([Sealed(f"{name}{number}", "")], more=number < count)

    def test_is_a_push_producer(self) -> None:
        """A transport can tell it when to pause."""
        verifyObject(IPushProducer, self.outflow)

    def test_at_once(self) -> None:
        """As long as the peer reads, an answer goes out at once and whole."""
        self.outflow.answer(self.answer("a"))
        self.assertEqual(["a1", "a2", "a3"], self.told)

    def test_as_it_reads(self) -> None:
        """When the transport is full the rest waits, and goes on where it was."""
        self.full_after = 2
        self.outflow.answer(self.answer("a"))
        self.assertEqual(["a1", "a2"], self.told)
        self.outflow.resumeProducing()
        self.assertEqual(["a1", "a2", "a3"], self.told)

    def test_rows_wait_behind_answers(self) -> None:
        """Records make a network; rows are only looked at. There is a bound to those that wait."""
        said: list[object] = []
        outflow = Outflow(most=100, seconds=lambda: self.now, tell=said.append)
        outflow.pauseProducing()
        rows = [Row(number + 1, more=False) for number in range(ROWS + 1)]
        taken = [outflow.row(iter([row])) for row in rows]
        self.assertEqual([True] * ROWS + [False], taken)
        peers = Peers([], more=False)
        outflow.answer(iter([peers]))
        outflow.resumeProducing()
        self.assertEqual([peers, *rows[:ROWS]], said)

    def test_rows_are_gone_with_the_link(self) -> None:
        """Nothing is said when it is closed."""
        said: list[object] = []
        outflow = Outflow(most=100, seconds=lambda: self.now, tell=said.append)
        outflow.pauseProducing()
        outflow.row(iter([Row(1, more=False)]))
        outflow.close()
        outflow.resumeProducing()
        self.assertEqual([], said)

    def test_lazily(self) -> None:
        """Nothing is made that cannot be said yet."""
        self.outflow.pauseProducing()
        self.outflow.answer(self.answer("a"))
        self.assertEqual([], self.made)
        self.full_after = 1
        self.outflow.resumeProducing()
        self.assertEqual(["a1"], self.made)

    def test_one_after_another(self) -> None:
        """A second answer waits for the end of the first."""
        self.full_after = 1
        self.outflow.answer(self.answer("a", 2))
        self.outflow.answer(self.answer("b", 1))
        self.assertEqual(["a1"], self.told)
        self.outflow.resumeProducing()
        self.assertEqual(["a1", "a2", "b1"], self.told)

    def test_a_third_takes_the_place_of_the_second(self) -> None:
        """Who asks on and on while not reading gets what is being said, and the last answer."""
        self.full_after = 1
        for name in "abcd":
            self.outflow.answer(self.answer(name, 2))
        self.outflow.resumeProducing()
        self.assertEqual(["a1", "a2", "d1", "d2"], self.told)
        self.assertEqual(self.told, self.made)

    def test_after_the_last(self) -> None:
        """When everything is said, the next answer goes out at once again."""
        for name in "abc":
            self.outflow.answer(self.answer(name, 1))
        self.assertEqual(["a1", "b1", "c1"], self.told)

    def test_blocked_since(self) -> None:
        """It is known since when the peer does not read, from the first time it did not."""
        self.assertIsNone(self.outflow.blocked_at)
        self.now = 5.0
        self.outflow.pauseProducing()
        self.now = 7.0
        self.outflow.pauseProducing()
        self.assertEqual(5.0, self.outflow.blocked_at)
        self.outflow.resumeProducing()
        self.assertIsNone(self.outflow.blocked_at)

    def test_unread_bytes(self) -> None:
        """More than the bound, written while the peer does not read, is too much."""
        self.outflow.pauseProducing()
        self.assertFalse(self.outflow.wrote(60))
        self.assertFalse(self.outflow.wrote(40))
        self.assertTrue(self.outflow.wrote(1))

    def test_bytes_that_are_read(self) -> None:
        """What is written while the peer reads does not count, however much it is."""
        self.assertFalse(self.outflow.wrote(10_000))
        self.outflow.pauseProducing()
        self.assertFalse(self.outflow.wrote(100))
        self.outflow.resumeProducing()
        self.outflow.pauseProducing()
        self.assertFalse(self.outflow.wrote(100))

    def test_closed(self) -> None:
        """Nothing goes out any more when the link is closing, nor is anything made."""
        self.full_after = 1
        self.outflow.answer(self.answer("a"))
        self.outflow.close()
        self.outflow.resumeProducing()
        self.outflow.answer(self.answer("b"))
        self.assertEqual(["a1"], self.made)

    def test_closed_while_telling(self) -> None:
        """An answer stops when saying a part of it ended the link."""
        outflow = Outflow(most=1, seconds=lambda: 0.0, tell=lambda _: outflow.close())
        outflow.answer(self.answer("a"))
        self.assertEqual(["a1"], self.made)

    def test_transport_gone(self) -> None:
        """That the transport is gone starts and stops nothing here."""
        self.outflow.pauseProducing()
        self.outflow.answer(self.answer("a"))
        self.outflow.stopProducing()
        self.assertEqual(([], 0.0), (self.told, self.outflow.blocked_at))
