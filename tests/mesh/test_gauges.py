"""
What is measured all the time.
"""

from gossip.mesh.figures import Glimpse
from gossip.mesh.liveness import PENDING
from tests.street import WALL, StreetCase


class GaugesTests(StreetCase):
    """Two nodes with a link, and one that is gone."""

    def setUp(self) -> None:
        self.town = self.street()
        self.a = self.town.house("a")
        self.b = self.town.house("b", join=[self.a])
        self.c = self.town.house("c", join=[self.a])
        self.town.until(lambda: self.town.is_mesh([self.a, self.b, self.c]))
        self.town.run(5)
        self.c.vanish()
        self.town.run(5)
        self.instruments = self.a.mesh.instruments

    def test_glimpses(self) -> None:
        """Each link by its round trips, and the share of pings that were not answered."""
        (seen,) = self.instruments.glimpses()
        self.assertEqual((self.b.id, 0.0), (seen.peer, seen.lost))
        self.assertAlmostEqual(0.1, seen.mean or 0)
        trips = self.a.mesh.links[self.b.id].round_trips
        for _ in range(PENDING):
            trips.ping(self.town.clock.seconds())
        trips.missed, trips.answered = 4, 12
        self.assertEqual([Glimpse(self.b.id, trips.mean, 0.25)], list(self.instruments.glimpses()))

    def test_links_that_go_meanwhile(self) -> None:
        """They are left out, by whoever takes its time."""
        reading = self.instruments.glimpses()
        self.b.vanish()
        self.town.run(5)
        self.assertEqual([], list(reading))

    def test_losses(self) -> None:
        """Whoever had a link, has none, and did not leave; since when."""
        (loss,) = self.instruments.losses()
        self.assertEqual(self.c.id, loss.peer)
        self.assertTrue(WALL < loss.since < WALL + self.town.clock.seconds())
        self.b.leave()
        self.town.run(1)
        self.assertEqual([self.c.id], [each.peer for each in self.instruments.losses()])

    def test_clocks(self) -> None:
        """This machine's, and how far it is from those of others."""
        offset = self.instruments.clock_offset()
        assert offset is not None
        self.assertLess(abs(offset), 0.2)
        self.assertAlmostEqual(WALL + self.town.clock.seconds(), self.instruments.wall())

    def test_figures(self) -> None:
        """Pongs, frames, dials and silences of all peers are in them."""
        figures = self.instruments.figures
        answered = sum(figures.round_trips.counts)
        self.assertGreater(answered, self.a.mesh.links[self.b.id].round_trips.answered)
        mean = figures.round_trips.sum / answered
        self.assertTrue(0.05 <= mean <= 0.1001, mean)
        kinds = {kind.name: kind for kind in figures.census.kinds()}
        self.assertEqual(answered, kinds["pong"].frames_in)
        counters = self.a.mesh.window.counters()
        for name in ("frames_in", "frames_out", "bytes_in", "bytes_out"):
            total = sum(getattr(kind, name) for kind in kinds.values())
            self.assertEqual(counters[name], total, name)
        self.assertGreater(self.b.mesh.instruments.figures.dials["admitted"], 0)

    def test_what_comes_back(self) -> None:
        """A dial that fails and a silence that ends are told; the silence began when it did."""
        figures = self.instruments.figures
        self.assertEqual(0, sum(figures.census.gaps.counts))
        self.town.until(lambda: figures.dials["unreachable"] > 0)
        again = self.town.house("c", join=[self.a])
        self.town.until(lambda: self.town.is_mesh([self.a, self.b, again]))
        self.assertEqual(1, sum(figures.census.gaps.counts))
        self.assertGreater(figures.census.gaps.sum, 5.0)
