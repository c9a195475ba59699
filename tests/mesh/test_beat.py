"""
How often a node says that it is there.
"""

from gossip.mesh.beat import FEW, STEPS, Beat
from tests.cases import UnitCase


def at(links: int, *before: int) -> float:
    """The heartbeat at so many links, after so many."""
    beat = Beat(1.0)
    for count in (*before, links):
        beat.follow(count)
    return beat.seconds


class BeatTests(UnitCase):
    """The heartbeat follows the number of links."""

    def test_few_links(self) -> None:
        """A small network notices the dead in three seconds."""
        self.assertEqual({1.0}, {Beat(1.0).seconds, at(0), at(1), at(50), at(FEW)})

    def test_it_grows_with_the_root(self) -> None:
        """Four times the links, half as often on each: twice the frames in all."""
        self.assertEqual([2.0, 4.0, 5.0], [at(1000), at(4000), at(10000)])

    def test_no_longer_than_five_seconds(self) -> None:
        """However many there are, a dead one is known in a quarter of a minute."""
        self.assertEqual(STEPS[-1], at(10**6))

    def test_it_comes_back(self) -> None:
        """When most links are gone, the rest is told sooner again."""
        self.assertEqual(1.0, at(10, 10000))

    def test_links_that_come_and_go(self) -> None:
        """A few links less change no promise: each change is said on every link."""
        self.assertEqual(2.0, at(900, 1000))
        self.assertEqual(1.6, at(990))

    def test_as_the_user_wants(self) -> None:
        """Who asked for a heartbeat gets it, whatever it costs."""
        beat = Beat(0.5, steady=True)
        beat.follow(10000)
        self.assertEqual(0.5, beat.seconds)
