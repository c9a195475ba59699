"""
Looking at the whole network, from one of its nodes.
"""

from functools import partial

from twisted.internet.defer import Deferred

from gossip.mesh.status import NotLinked, Unknown
from gossip.sight import lookout as module
from gossip.sight.lookout import Lookout
from gossip.sight.picture import Matrix, PastTimes
from gossip.wire.messages import GetRow
from tests.sight.rowing import RowCase
from tests.street import House


def at(house: House) -> Lookout:
    """From where it is looked."""
    lookout = house.mesh.lookout
    assert isinstance(lookout, Lookout)
    return lookout


class MatrixTests(RowCase):
    """Who hears whom."""

    def test_all(self) -> None:
        """A row and a column a node, this one first."""
        street, houses = self.town(3)
        matrix = self.result(street, at(houses[0]).matrix())
        self.assertEqual(("-uu", "u-u", "uu-"), matrix.links)
        self.assertEqual(["own", "told", "told"], [node.row for node in matrix.nodes])
        for table in (matrix.rtt_ms, matrix.lost):
            for one, row in enumerate(table):
                self.assertIsInstance(row, tuple)
                self.assertEqual([one], [other for other, value in enumerate(row) if value is None])
        self.assertEqual({0.0, None}, {value for row in matrix.lost for value in row})

    def test_what_is_broken(self) -> None:
        """Down where it is, unknown where nobody says."""
        street, houses = self.town(4)
        street.cut(houses[:1], houses[1:2])
        houses[3].crash()
        street.run(8)
        matrix = self.result(street, at(houses[0]).matrix())
        names = [node.name for node in matrix.nodes]
        self.assertEqual(["n0", "n2", "n1", "n3"], names)
        self.assertEqual(("-udd", "u-ud", "du-d", "???-"), matrix.links)
        self.assertEqual((None,) * 4, matrix.rtt_ms[3])

    def test_who_left(self) -> None:
        """Down is down, for whatever reason; whoever was cut off from it holds it dead."""
        street, (a, _b, c) = self.town(3)
        self.leave_unheard(street, c, a)
        self.assertEqual(("-ud", "u-d", "??-"), self.result(street, at(a).matrix()).links)

    def test_who_asks_at_the_same_time_shares(self) -> None:
        """Everybody else is asked once; who comes later has an answer of its own."""
        street, houses = self.town(3)
        asks = houses[0].mesh.rows.asks
        before = asks._number
        answers: list[Deferred[Matrix]] = [
            Deferred.fromCoroutine(at(houses[0]).matrix()) for _ in range(5)
        ]
        self.assertEqual(2, asks._number - before)
        answers[1].cancel()
        answers[1].addErrback(lambda _: None)
        street.run(1)
        for answer in (answers[0], *answers[2:]):
            self.assertEqual(3, len(self.successResultOf(answer).nodes))
        self.result(street, at(houses[0]).matrix())
        self.assertEqual(4, asks._number - before)

    def test_many(self) -> None:
        """Made ready in several turns."""
        street, houses = self.town(34)
        matrix = self.result(street, at(houses[0]).matrix())
        self.assertEqual({34}, set(map(len, matrix.links)))
        self.assertEqual(34 * 33, "".join(matrix.links).count("u"))


class PairTests(RowCase):
    """What one says of another."""

    def test_own(self) -> None:
        """Nobody is asked."""
        street, (a, b) = self.town(2)
        pair = self.result(street, at(a).pair(a.id, b.id), 0)
        self.assertEqual(
            ("up", "accepted", None, 0.0), (pair.state, pair.direction, pair.through, pair.age_s)
        )
        assert pair.rtt_ms is not None
        self.assertIn(pair.rtt_ms.p50, (50.0, 100.0))
        self.assertEqual(at(a).past(b.id), pair.past)

    def test_told(self) -> None:
        """The author says it itself."""
        street, (a, b, c) = self.town(3)
        pair = self.result(street, at(a).pair(b.id, c.id))
        self.assertEqual(
            (b.id, c.id, "up", None), (pair.author, pair.peer, pair.state, pair.through)
        )
        self.assertGreater(len(pair.past), 0)
        self.assertGreater(pair.bytes_in, 0)
        back = self.result(street, at(a).pair(b.id, a.id))
        self.assertEqual("dialed", back.direction)

    def test_through(self) -> None:
        """Where there is no link to it, through one that hears it."""
        street, (a, b, c) = self.town(3)
        street.cut([a], [b])
        street.run(8)
        pair = self.result(street, at(a).pair(b.id, a.id))
        self.assertEqual(("down", c.id, 1), (pair.state, pair.through, pair.losses))
        self.assertIsNone(pair.rtt_ms)

    def test_who_cannot_be_asked(self) -> None:
        """It is gone, or says nothing, or nobody."""
        street, (a, b, c) = self.town(3)
        c.crash()
        street.run(3)
        mute = street.puppet("mute").dial(a)
        for silent in (c.id, mute.puppet.id):
            asked = Deferred.fromCoroutine(at(a).pair(silent, b.id))
            street.run(2)
            self.failureResultOf(asked, NotLinked)
        self.assertEqual([], mute.of(GetRow))
        nobody = "f" * 64
        for author, peer in ((str(b.id), nobody), (nobody, str(b.id))):
            self.failureResultOf(Deferred.fromCoroutine(at(a).pair(author, peer)), Unknown)


class PastTests(RowCase):
    """Own pings."""

    def test_past(self) -> None:
        """In stretches, of one that is linked and of one that was."""
        street, (a, b) = self.town(2)
        street.run(30)
        b.crash()
        street.run(3)
        past = at(a).past(b.id)
        self.assertGreaterEqual(len(past), 2)
        self.assertIsInstance(past[0], PastTimes)
        assert past[0].mean_ms is not None
        self.assertTrue(50.0 <= past[0].mean_ms <= 100.0)
        self.assertEqual((), at(a).past(a.id))
        self.assertRaises(Unknown, at(a).past, "f" * 64)


class ReportTests(RowCase):
    """What is wrong, as whole nodes see it."""

    def test_nothing(self) -> None:
        """All is well, says each."""
        street, houses = self.town(4)
        for house in houses:
            report = self.result(street, at(house).report())
            self.assertEqual((True, ()), (report.ok, report.findings))
            self.assertEqual("nothing is wrong: all 4 nodes hear each other", report.sentence)
            self.assertEqual((3, 3), (report.asked, report.answered))

    def test_three_bad_paths_of_twenty(self) -> None:
        """Every node names the three pairs, and no node."""
        street, houses = self.town(20)
        street.cut(houses[:1], houses[3:6])
        street.run(8)
        expected = {frozenset((houses[0].id, other.id)) for other in houses[3:6]}
        for house in houses:
            report = self.result(street, at(house).report())
            self.assertFalse(report.ok)
            (finding,) = report.findings
            self.assertEqual(("cut", ()), (finding.kind, finding.peers))
            self.assertEqual(expected, {frozenset(pair) for pair in finding.pairs})

    def test_faults(self) -> None:
        """Each is found by all who can see it."""
        for kind, broken in (("cut_node", slice(2, 7)), ("cut", slice(1, 2))):
            street, houses = self.town(7)
            street.cut(houses[:1], houses[broken])
            street.run(8)
            for house in houses:
                report = self.result(street, at(house).report())
                self.assertEqual([kind], [finding.kind for finding in report.findings])

    def test_a_split_seen_from_inside(self) -> None:
        """All say that it is one, and who is in the other group; and nothing, once it is whole."""
        for size, few in ((6, 3), (6, 2), (10, 5)):
            street, houses = self.town(size)
            here, there = houses[:few], houses[few:]
            street.cut(here, there)
            street.run(8)
            for mine, others in ((here, there), (there, here)):
                for house in mine:
                    report = self.result(street, at(house).report())
                    (finding,) = report.findings
                    self.assertEqual("split", finding.kind)
                    self.assertEqual({other.id for other in others}, set(finding.peers))
                    self.assertEqual("the network is split", report.sentence)
            street.mend()
            street.until(partial(street.is_mesh, houses))
            self.assertTrue(self.result(street, at(houses[0]).report()).ok)

    def test_a_split_seen_by_one_who_came_later(self) -> None:
        """It never met the other group; those who did tell of it."""
        street, houses = self.town(6)
        street.cut(houses[:3], houses[3:])
        street.run(8)
        late = street.house("late", join=[houses[0]])
        street.cut([late], houses[3:])
        street.until(lambda: street.is_mesh([*houses[:3], late]))
        street.run(70)
        report = self.result(street, at(late).report())
        (finding,) = report.findings
        self.assertEqual("split", finding.kind)
        self.assertEqual({house.id for house in houses[3:]}, set(finding.peers))

    def test_half_of_them_ended(self) -> None:
        """That is no split: their ends closed the links."""
        street, houses = self.town(6)
        for house in houses[3:]:
            house.crash()
        street.run(8)
        for house in houses[:3]:
            (finding,) = self.result(street, at(house).report()).findings
            self.assertEqual(("dead", 3), (finding.kind, len(finding.peers)))

    def test_a_split_seen_from_between(self) -> None:
        """Who hears both sides tells of it; and so do both, since they hear it."""
        street, houses = self.town(5)
        street.cut(houses[:2], houses[2:4])
        street.run(8)
        for house in houses:
            report = self.result(street, at(house).report())
            self.assertEqual(["split"], [finding.kind for finding in report.findings])

    def test_a_dead_one(self) -> None:
        """And since when."""
        street, houses = self.town(4)
        houses[3].crash()
        street.run(4)
        report = self.result(street, at(houses[0]).report())
        (finding,) = report.findings
        self.assertEqual(("dead", (houses[3].id,)), (finding.kind, finding.peers))
        assert finding.since is not None
        self.assertLess(abs(report.time - finding.since - 4), 4)

    def test_a_clock_that_is_wrong(self) -> None:
        """By what it says itself, now."""
        street, houses = self.town(4)
        houses[3].wall_offset = 5.0
        for house in houses[:3]:
            report = self.result(street, at(house).report())
            self.assertEqual(["skewed"], [finding.kind for finding in report.findings])
            self.assertIn("n3 is 5.0 s ahead", report.findings[0].sentence)
        report = self.result(street, at(houses[3]).report())
        self.assertIn("the clock of this node is 5.0 s ahead", report.findings[0].sentence)

    def test_one_that_flaps(self) -> None:
        """It was lost three times, and is here."""
        street, houses = self.town(4)
        for number in range(3):
            street.cut(houses[:1], houses[1:2])
            street.run(8 + number)
            street.mend()
            street.until(lambda: street.is_mesh(houses))
        report = self.result(street, at(houses[2]).report())
        self.assertEqual(["flapping"], [finding.kind for finding in report.findings])
        # Of many, each tells only what it knows by itself, and what is broken.
        self.patch(module, "FULL_UP_TO", 0)
        for house, kinds in ((houses[0], ["flapping"]), (houses[2], [])):
            report = self.result(street, at(house).report())
            self.assertEqual(kinds, [finding.kind for finding in report.findings])


class DiagnosisTests(RowCase):
    """What is wrong with one peer."""

    def test_fine(self) -> None:
        """It is linked, and the others hear it."""
        street, (a, b, _c, _d) = self.town(4)
        found = self.result(street, at(a).diagnosis(b.id))
        self.assertEqual(("fine", "n1"), (found.verdict, found.name))
        self.assertEqual({"up"}, {one.says for one in found.sayings})
        self.assertEqual(3, len(found.sentences))

    def test_cut_and_dead(self) -> None:
        """Asked afresh: what is found is the verdict from then on."""
        street, (a, b, _c, _d) = self.town(4)
        street.cut([a], [b])
        street.run(8)
        found = self.result(street, at(a).diagnosis(b.id))
        self.assertEqual("cut", found.verdict)
        self.assertEqual("unreachable", a.mesh.window.peer(b.id).state)
        b.vanish()
        street.run(5)
        found = self.result(street, at(a).diagnosis(b.id))
        self.assertEqual("dead", found.verdict)
        self.assertEqual("dead", a.mesh.window.peer(b.id).state)

    def test_me(self) -> None:
        """Also long after all were lost."""
        street, houses = self.town(4)
        street.cut(houses[:1], houses[1:])
        street.run(30)
        found = self.result(street, at(houses[0]).diagnosis(houses[1].id))
        self.assertEqual("me", found.verdict)

    def test_left(self) -> None:
        """It said so."""
        street, (a, _b, c) = self.town(3)
        c.leave()
        street.run(3)
        found = self.result(street, at(a).diagnosis(c.id))
        self.assertEqual("left", found.verdict)

    def test_of_nobody(self) -> None:
        """And of this node itself, which is fine."""
        street, (a, _b) = self.town(2)
        asked = Deferred.fromCoroutine(at(a).diagnosis("f" * 64))
        self.failureResultOf(asked, Unknown)
        found = self.result(street, at(a).diagnosis(a.id))
        self.assertEqual("fine", found.verdict)

    def test_forgotten_meanwhile(self) -> None:
        """Then it is as if it had never been known."""
        street, (a, _b, c) = self.town(3)
        c.crash()
        street.run(3)
        asked = Deferred.fromCoroutine(at(a).diagnosis(c.id))
        a.mesh.desk(lambda: None, tuple).forget(c.id)
        street.run(2)
        self.failureResultOf(asked, Unknown)
