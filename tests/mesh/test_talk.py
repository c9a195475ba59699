"""
What is said on links that are up.
"""

from msgspec import UNSET
from msgspec.structs import replace

from gossip.mesh.beat import Beat
from gossip.mesh.status import PingHeard
from gossip.wire.messages import Heartbeat, Hello, Ping, Pong
from tests.street import StreetCase


class TalkCase(StreetCase):
    """A house with a puppet at a line."""

    def setUp(self) -> None:
        self.town = self.street()
        self.a = self.town.house("a", message="hello there")
        self.p = self.town.puppet("p")
        self.line = self.p.dial(self.a)


class PingTests(TalkCase):
    """Pings and their answers."""

    def test_each_period(self) -> None:
        """One a period, with the message, numbered from one."""
        self.town.run(10)
        pings = self.line.of(Ping)
        self.assertTrue(9 <= len(pings) <= 11)
        self.assertEqual(list(range(1, len(pings) + 1)), [ping.seq for ping in pings])
        self.assertEqual({"hello there"}, {ping.text for ping in pings})

    def test_after_a_stall(self) -> None:
        """Pings that were missed in a stall are not made up for in a burst."""
        self.town.run(3)
        before = len(self.line.of(Ping))
        self.town.clock.advance(20)
        self.town.run(2)
        self.assertLessEqual(len(self.line.of(Ping)) - before, 3)

    def test_with_the_first_answer(self) -> None:
        """Who is pinged first pings along with the answer, and from then on both do so at a time."""
        q = self.town.puppet("q").dial(self.town.house("b", period=600.0), period=600.0)
        before = len(q.of(Ping))
        q.say(Ping(1, ""))
        self.town.run(0.1, 0.01)
        self.assertEqual((0, 1), (before, len(q.of(Ping))))
        self.assertLess(q.heard.index(q.of(Pong)[0]), q.heard.index(q.of(Ping)[0]))

    def test_two_ends_do_not_hasten_each_other(self) -> None:
        """However they answer each other, each pings once a period, and not more often."""
        nodes = [self.town.house(f"n{i}", join=[self.a], period=1.0) for i in range(2)]
        self.town.until(lambda: self.town.is_mesh([self.a, *nodes]), 20)
        trips = nodes[0].mesh.links[nodes[1].id].round_trips
        before = trips.sent
        self.town.run(100)
        self.assertTrue(98 <= trips.sent - before <= 102, trips.sent - before)

    def test_one_that_pings_more_often_than_it_said(self) -> None:
        """A flood of pings is a flood of answers, and not of pings of ours."""
        self.town.run(1.5)
        before = len(self.line.of(Ping))
        for seq in range(1, 200):
            self.line.say(Ping(seq, ""))
            self.town.run(0.05, 0.05)
        self.assertLessEqual(len(self.line.of(Ping)) - before, 12)

    def test_a_new_promise(self) -> None:
        """Each link hears of it with the next heartbeat, once."""
        self.town.run(2)
        self.a.mesh._talk.settings = replace(self.a.mesh._talk.settings, period=1000.0)
        self.line.say(Pong(1))
        self.a.mesh._talk.beat = Beat(0.5, steady=True)
        told = len(self.line.of(Heartbeat))
        self.town.run(4, 0.01)
        promises = [beat.heartbeat for beat in self.line.of(Heartbeat)[told:]]
        self.assertEqual(0.5, promises[0])
        self.assertEqual({UNSET}, set(promises[1:]))
        self.assertGreaterEqual(len(promises), 5)

    def test_answer(self) -> None:
        """A ping is answered with its number, and shown with the time of the last round trip."""
        self.town.run(1.2)
        self.line.say(Pong(self.line.of(Ping)[-1].seq), Pong(77))
        self.town.run(0.1, 0.01)
        self.line.say(Ping(5, "psst"))
        self.town.run(0.1, 0.01)
        self.assertEqual([5], [pong.seq for pong in self.line.of(Pong)])
        (heard,) = self.a.said(PingHeard)
        self.assertEqual(
            (self.p.id, "p", 5, "psst"), (heard.peer, heard.name, heard.seq, heard.text)
        )
        self.assertEqual(str(self.p.address), heard.address)
        self.assertGreater(heard.rtt_ms, 0)


class HelloTests(TalkCase):
    """What a node says of itself first."""

    def test_instance(self) -> None:
        """Each start of a process has an instance of its own; all its links have the same."""
        q = self.town.puppet("q").dial(self.a)
        b = self.town.house("b")
        other = self.town.puppet("r").dial(b)
        instances = [line.of(Hello)[0].instance for line in (self.line, q, other)]
        self.assertEqual(2, len(set(instances)))
        self.assertEqual(instances[0], instances[1])
