"""
What a node is asked to do.
"""

from twisted.internet.defer import Deferred

from gossip.mesh import requests as module
from gossip.mesh.status import Conflict, NotLinked, Refusal, Unknown
from tests.street import StreetCase


class RequestsTests(StreetCase):
    """A node with one linked peer and one that is gone."""

    def setUp(self) -> None:
        self.town = self.street()
        self.a = self.town.house("a")
        self.b = self.town.house("b", join=[self.a])
        self.c = self.town.house("c", join=[self.a])
        self.town.until(lambda: self.town.is_mesh([self.a, self.b, self.c]))
        self.c.vanish()
        self.town.run(5)
        self.asked: list[str] = []
        self.desk = self.a.mesh.desk(lambda: self.asked.append("leave"), lambda: ("name",))

    def ping(self, peer: str) -> "Deferred[float]":
        """Ask for a ping."""
        return Deferred.fromCoroutine(self.desk.ping(peer))

    def test_ping(self) -> None:
        """It takes a round trip, in milliseconds."""
        answer = self.ping(self.b.id)
        self.assertNoResult(answer)
        self.town.run(1)
        self.assertAlmostEqual(100.0, self.successResultOf(answer))

    def test_ping_of_one_that_is_gone(self) -> None:
        """No link, no ping; and nobody at all is said so."""
        self.failureResultOf(self.ping(self.c.id), NotLinked)
        self.failureResultOf(self.ping("f" * 64), Unknown)

    def test_ping_while_the_link_breaks(self) -> None:
        """Whoever waits hears of it."""
        answer = self.ping(self.b.id)
        self.town.snap(self.a, self.b)
        self.town.run(1)
        self.failureResultOf(answer, NotLinked)

    def test_connect(self) -> None:
        """An address is tried for ever, and once for each time it is said."""
        for _ in range(2):
            self.desk.connect("10.9.0.1:8080")
        self.town.run(30)
        dials = [where for _, where in self.town.dials if where.host == "10.9.0.1"]
        self.assertGreater(len(dials), 3)
        self.assertEqual(1, len(self.a.mesh._dialer._seeds))
        d = self.town.house("d", host="10.9.0.1")
        self.town.until(lambda: d.id in self.a.mesh.links)

    def test_connect_to_nothing(self) -> None:
        """What is no address changes nothing."""
        for text in ("", "nothing", "10.9.0.1", "10.9.0.1:0", "10.9.0.1:65536"):
            self.assertRaises(Refusal, self.desk.connect, text)
        self.assertEqual([], self.a.mesh._dialer._seeds)

    def test_connect_to_too_many(self) -> None:
        """There is a bound to what is dialed for ever."""
        self.patch(module, "MOST_SEEDS", 2)
        for number in (1, 2, 2, 1):
            self.desk.connect(f"10.9.0.{number}:8080")
        self.assertRaises(Conflict, self.desk.connect, "10.9.0.3:8080")

    def test_forget(self) -> None:
        """One that is gone is not known any more, nor dialed; one that is linked stays."""
        self.desk.forget(self.c.id)
        self.assertIsNone(self.a.mesh.book.get(self.c.id))
        self.assertRaises(Unknown, self.desk.forget, self.c.id)
        self.assertRaises(Conflict, self.desk.forget, self.b.id)
        self.assertIn(self.b.id, self.a.mesh.links)

    def test_what_is_the_node_s(self) -> None:
        """It leaves and reloads as it was told to."""
        self.desk.leave()
        self.assertEqual((["leave"], ("name",)), (self.asked, self.desk.reload()))

    def test_forget_one_whose_link_just_broke(self) -> None:
        """Until it is given up, it may be linked again: what becomes of it needs what is known."""
        self.town.cut([self.a], [self.b])
        self.a.mesh.links[self.b.id].abort(None)
        self.town.run(0.1)
        self.assertNotIn(self.b.id, self.a.mesh.links)
        self.assertRaises(Conflict, self.desk.forget, self.b.id)
        self.town.run(30)
        self.desk.forget(self.b.id)

    def test_ping_without_end(self) -> None:
        """No peer is sent so much that it delays what the node itself has to say."""
        answers = [self.ping(self.b.id) for _ in range(1000)]
        refused = sum(1 for answer in answers if answer.called)
        for answer in answers:
            answer.addErrback(lambda failure: failure.trap(Conflict))
        self.assertEqual(1000 - module.PINGS.at_once, refused)
        self.town.run(10)
        self.assertIn(self.b.id, self.a.mesh.links)
        answer = self.ping(self.b.id)
        self.town.run(1)
        self.assertAlmostEqual(100.0, self.successResultOf(answer))
