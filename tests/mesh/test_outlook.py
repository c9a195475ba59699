"""
How a node, its peers and its links are.
"""

from gossip import __version__
from gossip.mesh.liveness import RoundTrips
from gossip.mesh.outlook import times
from gossip.mesh.status import NotLinked, Unknown
from tests.cases import UnitCase
from tests.street import WALL, StreetCase


class OutlookTests(StreetCase):
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
        self.window = self.a.mesh.window

    def test_node(self) -> None:
        """Who it is, where, since when, and how many peers are in each state."""
        status = self.window.status()
        self.assertEqual((self.a.id, "a", "default"), (status.id, status.name, status.network))
        self.assertEqual(__version__, status.version)
        self.assertEqual((self.a.address.port,), (status.port,))
        self.assertEqual((str(self.a.address),), status.addresses)
        self.assertEqual((str(self.a.address),), status.advertised)
        counts = {"alive": 1, "dead": 1, "left": 0, "unmet": 0, "unreachable": 0}
        self.assertEqual(counts, dict(status.peers))
        self.assertEqual(self.a.mesh.book.view(), status.view)
        self.assertAlmostEqual(self.town.clock.seconds(), status.uptime_s)
        self.assertAlmostEqual(WALL, status.started, places=3)

    def test_peers(self) -> None:
        """A linked one has a round trip, and is linked now; a dead one was."""
        alive, dead = self.window.peer(self.b.id), self.window.peer(self.c.id)
        now = WALL + self.town.clock.seconds()
        self.assertEqual(("alive", "dead"), (alive.state, dead.state))
        self.assertEqual((alive, dead), tuple(self.window.peers()))
        self.assertAlmostEqual(100.0, alive.rtt_ms or 0)
        self.assertIsNone(dead.rtt_ms)
        self.assertAlmostEqual(now, alive.last_linked or 0)
        assert dead.first_linked is not None
        assert dead.last_linked is not None
        self.assertTrue(WALL <= dead.first_linked < dead.last_linked < now)
        self.assertEqual(str(self.b.address), alive.address)
        self.assertEqual(str(self.c.address), dead.address)
        self.assertEqual((str(self.b.address),), alive.addresses)
        self.assertRaises(Unknown, self.window.peer, "f" * 64)

    def test_links(self) -> None:
        """One that is up has counts that grow; others have none."""
        (link,) = self.window.links()
        self.assertEqual(link, self.window.link(self.b.id))
        self.assertEqual((self.b.id, "b", "accepted"), (link.peer, link.name, link.direction))
        self.assertIsNone(link.cipher)
        self.assertGreater(link.pings_answered, 3)
        assert link.rtt_ms.p50 is not None
        assert link.rtt_ms.p99 is not None
        self.assertLessEqual(link.rtt_ms.p50, link.rtt_ms.p99)
        self.assertTrue(WALL <= link.since < WALL + 5)
        self.town.run(5)
        later = self.window.link(self.b.id)
        self.assertGreater(later.frames_in, link.frames_in)
        self.assertGreater(later.bytes_out, link.bytes_out + 10)
        self.assertRaises(NotLinked, self.window.link, self.c.id)
        self.assertRaises(Unknown, self.window.link, "f" * 64)

    def test_both_ends_count_the_same(self) -> None:
        """What one has sent the other has read, when nothing is on its way."""
        there = self.b.mesh.window.link(self.a.id)
        here = self.window.link(self.b.id)
        self.assertEqual((here.frames_out, here.bytes_out), (there.frames_in, there.bytes_in))

    def test_counters(self) -> None:
        """Levels and sums; what went over links that are gone stays counted."""
        counters = self.window.counters()
        self.assertEqual(
            (1, 1, 1), tuple(counters[name] for name in ("links", "peers_alive", "peers_dead"))
        )
        self.assertEqual((2, 1), (counters["events_peer_alive"], counters["events_peer_dead"]))
        self.assertGreater(counters["frames_in"], self.window.link(self.b.id).frames_in)


class TimesTests(UnitCase):
    """Seconds become milliseconds."""

    def test_none(self) -> None:
        """Before the first answer there is nothing to tell."""
        found = times(RoundTrips())
        self.assertEqual((None, None, None, None), (found.last, found.mean, found.p50, found.p99))

    def test_some(self) -> None:
        """The last, the mean and the ranks."""
        trips = RoundTrips()
        for seconds in (0.001, 0.002, 0.003):
            trips.pong(trips.ping(0.0), seconds)
        found = times(trips)
        self.assertEqual((3.0, 2.0, 3.0), (found.last, found.p50, found.p99))
        self.assertAlmostEqual(2.0, found.mean or 0)
