"""
How long targets wait before they are dialed again.
"""

from random import Random

from gossip.mesh.addresses import Address
from gossip.mesh.backoff import Backoff
from gossip.mesh.book import Book, Happening
from gossip.mesh.target import Target
from gossip.settings import Limits, Seed
from tests.cases import UnitCase
from tests.street import WALL, record

LIMITS = Limits()


class BackoffTests(UnitCase):
    """Waits, and who has used up its tries."""

    def setUp(self) -> None:
        """One peer of which there is only hearsay."""
        self.book = Book(record("own"), 10)
        learned = self.book.learn(record("p").sealed, WALL, loopback=False)
        assert learned is not None
        self.peer = learned.id
        self.backoff = Backoff(LIMITS, self.book, Random(1))

    def target(self, tries: int = 0, failures: int = 0, brief: int = 0) -> Target:
        """That peer, with a past."""
        target = Target(lambda _: None, self.peer)
        target.tries, target.failures, target.brief = tries, failures, brief
        return target

    def longest(self, failures: int) -> float:
        """Of a thousand that were drawn; the shortest are near zero."""
        waits = [self.backoff.after(failures) for _ in range(1000)]
        self.assertLess(min(waits), max(waits) / 50)
        return max(waits)

    def test_grows(self) -> None:
        """By half each time, up to the longest, and no number of failures is too large."""
        for failures in range(10):
            self.assertAlmostEqual(1, self.longest(failures) / (0.5 * 1.5**failures), 1)
        for failures in (13, 100, 10**6):
            self.assertAlmostEqual(1, self.longest(failures) / LIMITS.backoff_most, 1)

    def test_the_worse_of_two(self) -> None:
        """Dials that failed count, and links that broke young."""
        for target in (self.target(failures=9), self.target(brief=9), self.target(1, 9, 3)):
            waits = [self.backoff.wait(target) for _ in range(300)]
            self.assertAlmostEqual(1, max(waits) / (0.5 * 1.5**9), 1)

    def test_hearsay(self) -> None:
        """It gets its tries, and then one each ten minutes; not who was met, nor a seed."""
        self.assertFalse(self.backoff.spent(self.target(LIMITS.unmet_tries - 1)))
        spent = self.target(LIMITS.unmet_tries)
        self.assertTrue(self.backoff.spent(spent))
        for _ in range(100):
            self.assertTrue(600 <= self.backoff.wait(spent) <= 720)
        seed = Target(lambda _: None, self.peer, Seed(Address("192.0.2.1", 1)))
        seed.tries = 100
        self.assertFalse(self.backoff.unmet(seed) or self.backoff.spent(seed))
        self.book.happened(self.peer, Happening.LINKED)
        self.assertFalse(self.backoff.unmet(spent) or self.backoff.spent(spent))

    def test_nobody(self) -> None:
        """Whom the book does not hold was never met."""
        self.assertTrue(self.backoff.unmet(Target(lambda _: None, None)))

    def test_soon(self) -> None:
        """Within two seconds."""
        waits = [self.backoff.soon() for _ in range(1000)]
        self.assertTrue(min(waits) < 0.1 and 1.9 < max(waits) <= 2)
