"""
Thousands of peers are looked at some at a time.
"""

from collections.abc import Callable, Iterator
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gossip.control.looking import BATCH, chosen, find, named
from gossip.control.naming import Ambiguous
from gossip.control.problems import Problem
from gossip.mesh.status import Unknown
from tests.cases import UnitCase
from tests.control.fakes import FakeWindow, peer


class LookingCase(UnitCase):
    """A clock that a test moves."""

    def setUp(self) -> None:
        self.time = Clock()
        self.turns: list[Callable[[], object]] = []


class ChosenTests(LookingCase):
    """Those that fit."""

    def test_some_in_a_turn(self) -> None:
        """Others have their turn between two batches."""
        seen: list[int] = []
        self.patch(
            self.time, "callLater", lambda _, call, *of: self.turns.append(partial(call, *of))
        )

        def numbers() -> Iterator[int]:
            for number in range(3 * BATCH):
                seen.append(number)
                yield number

        found = Deferred.fromCoroutine(chosen(numbers(), lambda n: n % 100 == 7, self.time))
        for batch in range(1, 4):
            self.assertNoResult(found)
            self.assertEqual(batch * BATCH, len(seen))
            self.turns.pop()()
        self.assertEqual(list(range(7, 3 * BATCH, 100)), self.successResultOf(found))

    def test_few(self) -> None:
        """They are found at once."""
        found = Deferred.fromCoroutine(chosen("abc", lambda _: True, self.time))
        self.assertEqual(["a", "b", "c"], self.successResultOf(found))


class FindTests(LookingCase):
    """The one that is meant."""

    def find(self, text: str) -> "Deferred[str]":
        """Its id, to come."""
        return Deferred.fromCoroutine(find(text, FakeWindow(), self.time))

    def test_a_whole_id_is_looked_up(self) -> None:
        """Not all peers are looked at for it."""
        self.patch(FakeWindow, "peers", lambda _: self.fail("all peers were asked for"))
        self.assertEqual(peer(1).id, self.successResultOf(self.find(peer(1).id.upper())))
        self.failureResultOf(self.find("ff" * 32), Unknown)

    def test_the_rest_is_sought(self) -> None:
        """Among all of them."""
        self.assertEqual(peer(1).id, self.successResultOf(self.find("node-c")))
        self.failureResultOf(self.find("node-b"), Ambiguous)
        self.failureResultOf(self.find("nobody"), Unknown)

    def test_by_a_segment_of_a_path(self) -> None:
        """What is escaped in it is read; what is no text is nobody's name."""
        found = Deferred.fromCoroutine(named("node%2Dc", FakeWindow(), self.time))
        self.assertEqual(peer(1).id, self.successResultOf(found))
        found = Deferred.fromCoroutine(named("%ff", FakeWindow(), self.time))
        self.failureResultOf(found, Problem)
