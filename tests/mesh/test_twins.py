"""
One key in two processes.
"""

from collections.abc import Sequence

from twisted.logger import capturedLogs, formatEvent

from gossip.mesh.status import PeerAlive, PeerDead, PeerLeft, Refused
from gossip.mesh.twins import CALM, MOST_INSTANCES, MOST_SUSPECTS, Instances, Signs
from gossip.trust.identity import PeerId
from gossip.wire.messages import Bye, Pong
from tests.cases import UnitCase
from tests.street import House, Puppet, StreetCase

PEERS = [PeerId(f"{number:064x}") for number in range(MOST_SUSPECTS + 1)]
ONE, OTHER = PEERS[:2]


class InstancesTests(UnitCase):
    """Which processes were seen."""

    def test_restarts_are_new(self) -> None:
        """However often a peer is restarted, each process is one that was not here before."""
        instances = Instances(10)
        for number in range(50):
            self.assertFalse(instances.back(ONE, f"{number}"))
            instances.linked(ONE, f"{number}")

    def test_back(self) -> None:
        """One that had a link is known, for this peer only."""
        instances = Instances(10)
        instances.linked(ONE, "a")
        instances.linked(ONE, "b")
        self.assertTrue(instances.back(ONE, "a"))
        self.assertFalse(instances.back(OTHER, "a"))

    def test_who_comes_back_stays_known(self) -> None:
        """While one of twins is started again and again, the other is remembered."""
        instances = Instances(10)
        instances.linked(ONE, "a")
        for number in range(50):
            instances.linked(ONE, f"{number}")
            if number % (MOST_INSTANCES - 1) == 0:
                self.assertTrue(instances.back(ONE, "a"))

    def test_bounded(self) -> None:
        """Processes and peers are forgotten, those first that were not seen for longest."""
        instances = Instances(3)
        for number in range(100):
            instances.linked(ONE, f"{number}")
        self.assertFalse(instances.back(ONE, f"{99 - MOST_INSTANCES}"))
        self.assertTrue(instances.back(ONE, f"{100 - MOST_INSTANCES}"))
        for peer in PEERS[1:5]:
            instances.linked(peer, "a")
        self.assertEqual(3, len(instances))
        self.assertFalse(instances.back(ONE, "99"))
        self.assertTrue(instances.back(PEERS[4], "a"))


class SignsTests(UnitCase):
    """What is said once."""

    def test_once(self) -> None:
        """It is said when there are enough signs, and not again while they go on."""
        signs = Signs(enough=2)
        said = [signs.sign(ONE, 60.0 * number) for number in range(1000)]
        self.assertEqual([False, True, *[False] * 998], said)

    def test_after_a_calm(self) -> None:
        """After a long time without a sign it is news again."""
        signs = Signs(enough=2)
        times = (0, 1, CALM, CALM + 1, 2 * CALM + 1, 2 * CALM + 2)
        said = [signs.sign(ONE, now) for now in times]
        self.assertEqual([False, True, False, False, False, True], said)

    def test_cleared(self) -> None:
        """Where there was nothing to it, counting begins anew."""
        signs = Signs(enough=2)
        for _ in range(5):
            self.assertFalse(signs.sign(ONE, 0.0))
            signs.clear(ONE)

    def test_each_peer_alone(self) -> None:
        """Signs of one peer say nothing of another; very many are not counted."""
        signs = Signs(enough=2)
        self.assertEqual([False] * len(PEERS), [signs.sign(peer, 0.0) for peer in PEERS])
        self.assertEqual(MOST_SUSPECTS, len(signs))
        self.assertTrue(signs.sign(OTHER, 0.0))


class TwinsCase(StreetCase):
    """A street, and what is said of keys in the log."""

    def setUp(self) -> None:
        capturing = capturedLogs()
        self.lines = capturing.__enter__()
        self.addCleanup(capturing.__exit__, None, None, None)
        self.town = self.street()
        self.a = self.town.house("a")

    def logged(self, words: str) -> int:
        """How often this was said."""
        return sum(words in (formatEvent(event) or "") for event in self.lines)

    def changes(self, house: House) -> int:
        """How many changes of peers it has shown."""
        return sum(len(house.said(kind)) for kind in (PeerAlive, PeerDead, PeerLeft))


class PuppetTests(TwinsCase):
    """Two processes of a puppet knock in turns."""

    def setUp(self) -> None:
        super().setUp()
        self.p: Puppet = self.town.puppet("p")
        self.first = self.p.dial(self.a, instance="1" * 16)
        self.second = self.p.dial(self.a, instance="2" * 16)

    def byes(self, line: object) -> Sequence[str]:
        """The codes of the farewells on a line."""
        return [bye.code for bye in line.of(Bye)]  # type: ignore[attr-defined]

    def test_the_one_with_the_link_keeps_it(self) -> None:
        """The first is replaced, as by a restart; when it comes back it is told `duplicate`."""
        self.assertEqual((["duplicate"], []), (self.byes(self.first), self.byes(self.second)))
        for number in range(1, 6):
            back = self.p.dial(self.a, instance="1" * 16)
            self.second.say(Pong(999))
            self.town.run(0.1)
            self.assertEqual((["duplicate"], []), (self.byes(back), self.byes(self.second)))
            self.assertEqual(number > 1, self.logged("two processes run with the key of"))
        self.assertEqual((1, []), (self.changes(self.a), self.a.said(Refused)))

    def test_silent_one_gives_way(self) -> None:
        """One that has the link and does not answer within a second loses it."""
        back = self.p.dial(self.a, instance="1" * 16)
        self.assertEqual([], back.heard)
        self.town.run(1.2)
        self.assertEqual((["duplicate"], []), (self.byes(self.second), self.byes(back)))
        self.assertEqual(1, self.changes(self.a))

    def test_restarts(self) -> None:
        """Any number of restarts in a row is admitted at once, each in place of the one before."""
        before = self.second
        for number in range(3, 9):
            line = self.p.dial(self.a, instance=f"{number}" * 16)
            self.assertEqual((["duplicate"], []), (self.byes(before), self.byes(line)))
            before = line
        self.assertEqual((1, 0), (self.changes(self.a), self.logged("two processes")))

    def test_one_that_says_farewell(self) -> None:
        """While the one with the link is on its way out, the other takes its place at once."""
        self.second.say(Bye("leaving", "enough"))
        self.town.run(0.02, 0.01)
        back = self.p.dial(self.a, instance="1" * 16)
        self.assertEqual([], self.byes(back))
        self.assertIn(self.p.id, self.a.mesh.links)


class StreetTests(TwinsCase):
    """Two whole nodes with one key, among others."""

    def setUp(self) -> None:
        super().setUp()
        self.others = [self.a, *(self.town.house(name, join=[self.a]) for name in "bcd")]
        self.town.until(lambda: self.town.is_mesh(self.others), 5)
        self.twins = [self.town.house(n, join=[self.a], key="k") for n in ("one", "two")]

    def test_no_storm(self) -> None:
        """Few changes at each peer, one warning, few dials; all others are as they were."""
        self.town.run(30)
        for house in self.others:
            self.assertLessEqual(self.changes(house), 3 + 6, house)
        before = {house: self.changes(house) for house in self.others}
        links = {house: house.mesh.links[self.twins[0].id] for house in self.others}
        dials, lines = len(self.town.dials), len(self.lines)
        self.town.run(300)
        for house in self.others:
            self.assertEqual(before[house], self.changes(house), house)
            self.assertIs(links[house], house.mesh.links[self.twins[0].id], house)
        # Backoff is up to a minute, half of it in the middle; each of four peers has one to dial it.
        self.assertLess(len(self.town.dials) - dials, 50)
        self.assertLess(len(self.lines) - lines, 50)
        self.assertLessEqual(self.logged("two processes run with the key"), len(self.others))
        self.assertGreaterEqual(self.logged("two processes run with the key"), 1)
        told = self.logged("key of this node") + self.logged("this node's own key")
        self.assertIn(told, (1, 2))
        for house in self.others:
            self.assertEqual(3, len({*house.linked()} & {"a", "b", "c", "d"}))
            for kind in (PeerDead, PeerLeft):
                self.assertEqual([], [e for e in house.said(kind) if e.peer != self.twins[0].id])

    def test_one_stops(self) -> None:
        """When one of the two is gone, by farewell or kill, the other is linked within a minute."""
        for stop in (House.leave, House.crash):
            self.setUp()
            self.town.run(90)
            one, two = self.twins
            stop(one)
            everyone = {house.id for house in self.others}
            self.town.until(lambda t=two, e=everyone: set(t.mesh.links) >= e, 61)  # type: ignore[misc]
            self.town.until(lambda t=two: self.town.is_mesh([*self.others, t]), 61)  # type: ignore[misc]

    def test_restarts(self) -> None:
        """Three restarts in a row within a minute are three links at once, and no warning."""
        for twin in self.twins:
            twin.leave()
        self.town.run(5)
        for number in range(4):
            lone = self.town.house(f"lone{number}", join=[self.a], key="lone", host="10.9.9.9")
            took = self.town.until(lambda h=lone: len(h.mesh.links) == 4, 5)  # type: ignore[misc]
            self.assertLess(took, 3.0)
            # Half open: the others do not learn that it is gone.
            for transport in lone.transports:
                transport.vanish()
            lone.stopped = True
            lone.mesh._agenda.stop()
            lone.mesh._dialer.stop()
        self.town.run(10)
        self.assertEqual(0, self.logged("two processes run with the key"))
