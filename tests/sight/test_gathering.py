"""
Rows of everybody, gathered.
"""

from collections.abc import Iterator

from gossip.sight import gathering as module
from gossip.sight.gathering import Gathering
from gossip.sight.network import Sight
from gossip.trust.rows import Brief
from gossip.wire.messages import GetRow, Show
from tests.sight.rowing import RowCase, answer, part
from tests.street import WALL, House, Street, record


class GatheringTests(RowCase):
    """What one node sees."""

    def begun(self, house: House, show: Show = "brief") -> Gathering:
        """Begin."""
        gathering = house.mesh.lookout._gathering(show)
        assert isinstance(gathering, Gathering)
        gathering.begin()
        return gathering

    def seen(self, street: Street, house: House, show: Show = "brief") -> Sight:
        """What there is to see."""
        gathering = self.begun(house, show)
        street.run(2.5)
        return self.successResultOf(gathering.gathered)

    def rows(self, seen: Sight) -> dict[str, str]:
        """How the row of each was had."""
        return {node.name: node.row for node in seen.nodes}

    def test_all(self) -> None:
        """Each tells its own; this node is the first."""
        street, houses = self.town(4)
        seen = self.seen(street, houses[0])
        self.assertEqual({"n0": "own", "n1": "told", "n2": "told", "n3": "told"}, self.rows(seen))
        self.assertEqual(("n0", 3, 3), (seen.nodes[0].name, seen.asked, seen.answered))
        for one in range(4):
            for other in range(4):
                expected = ord("?") if one == other else ord("u")
                self.assertEqual(expected, seen.cell(one, other))

    def test_alone(self) -> None:
        """There is nobody to ask."""
        street, (house,) = self.town(1)
        seen = self.seen(street, house)
        self.assertEqual((1, 0), (len(seen), seen.asked))

    def test_through_others(self) -> None:
        """Who has no link to us is asked through one who has, and has a link to it."""
        street, houses = self.town(4)
        street.cut(houses[:1], houses[1:2])
        street.run(8)
        seen = self.seen(street, houses[0])
        self.assertEqual("through", self.rows(seen)["n1"])
        node = next(node for node in seen.nodes if node.name == "n1")
        self.assertIn(node.through, {houses[2].id, houses[3].id})
        self.assertEqual(("unreachable", None), (node.state, node.skew))
        self.assertEqual([houses[1].id], list(seen.since))

    def test_who_is_dead(self) -> None:
        """Nobody is asked for its row, but what others say of it is seen."""
        street, houses = self.town(3)
        houses[2].crash()
        street.run(3)
        seen = self.seen(street, houses[0])
        self.assertEqual("silent", self.rows(seen)["n2"])
        self.assertEqual((1, 1), (seen.asked, seen.answered))
        places = [[node.name for node in seen.nodes].index(name) for name in ("n1", "n2")]
        self.assertEqual(ord("d"), seen.cell(*places))

    def test_who_left(self) -> None:
        """It is no part of the network any more."""
        street, houses = self.town(3)
        houses[2].leave()
        street.run(3)
        self.assertEqual({"n0", "n1"}, set(self.rows(self.seen(street, houses[0]))))

    def test_who_does_not_speak_it(self) -> None:
        """It is heard, and mute."""
        street, houses = self.town(2)
        mute = street.puppet("mute").dial(houses[0])
        seen = self.seen(street, houses[0])
        self.assertEqual("mute", self.rows(seen)["mute"])
        self.assertEqual([], mute.of(GetRow))
        self.assertEqual("puppet/1", next(n for n in seen.nodes if n.name == "mute").agent)

    def test_who_does_not_answer(self) -> None:
        """The others are seen after two seconds."""
        street, houses = self.town(2)
        line = self.speaker(street, houses[0])
        gathering = self.begun(houses[0])
        street.run(1.8)
        self.assertNoResult(gathering.gathered)
        street.run(0.5)
        seen = self.successResultOf(gathering.gathered)
        self.assertEqual("silent", self.rows(seen)["p"])
        self.assertEqual((2, 1), (seen.asked, seen.answered))
        self.assertEqual(1, len(line.of(GetRow)))

    def test_who_was_never_met(self) -> None:
        """Where nobody hears it, it may be an invention; else it is part of the network."""
        street, houses = self.town(2)
        book = houses[0].mesh.book
        met, invented = record("met", at=WALL + 1), record("invented", at=WALL + 1)
        line = self.speaker(street, houses[0])
        for one in (met, invented):
            book.learn(one.sealed, WALL + 1, loopback=False)
        gathering = self.begun(houses[0])
        street.run(0.1)
        entries = [Brief(met.id[:16], "u"), Brief(invented.id[:16], "d")]
        answer(line, part(seq=int((WALL + 100) * 1000), entries=entries))
        street.run(0.1)
        answer(line, None)
        street.run(2)
        seen = self.successResultOf(gathering.gathered)
        self.assertEqual({"n0", "n1", "p", "met"}, set(self.rows(seen)))
        self.assertTrue(all(row is None or len(row.cells) == 4 for row in seen.rows))
        self.assertEqual(met.id, line.of(GetRow)[-1].author)
        for one in (met, invented):
            book.forget(one.id)

    def test_so_many_at_a_time(self) -> None:
        """Questions wait for answers to those before."""
        self.patch(module, "AT_A_TIME", 3)
        street, houses = self.town(8)
        gathering = self.begun(houses[0])
        self.assertEqual(3, len(houses[0].mesh.rows.asks))
        for _ in range(100):
            street.run(0.01, 0.01)
            self.assertLessEqual(len(houses[0].mesh.rows.asks), 3)
        self.assertEqual(7, self.successResultOf(gathering.gathered).answered)

    def test_read_in_turns(self) -> None:
        """Whatever comes at once is read a few parts at a time, in the order in which it came."""
        self.patch(module, "PARTS", 2)
        street, houses = self.town(3)
        gathering = self.begun(houses[0])
        street.run(1)
        self.successResultOf(gathering.gathered)
        steps: list[int] = []

        def answer(number: int) -> Iterator[None]:
            for _ in range(3):
                steps.append(number)
                yield

        def broken() -> Iterator[None]:
            yield
            raise ZeroDivisionError

        for one in (answer(1), broken(), answer(2)):
            gathering._read(one)
        self.assertEqual([], steps)
        seen = []
        while len(steps) < 6:
            before = len(steps)
            gathering._read_on()
            seen.append(len(steps) - before)
        self.assertEqual([1, 1, 1, 2, 2, 2], steps)
        self.assertLessEqual(max(seen), 2)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_not_for_ever(self) -> None:
        """Where many do not answer, the last ones are not asked any more."""
        self.patch(module, "AT_A_TIME", 1)
        self.patch(module, "LONGEST", 1.0)
        street, houses = self.town(1)
        for name in "pq":
            self.speaker(street, houses[0], name)
        gathering = self.begun(houses[0])
        street.run(2.5)
        sight = self.successResultOf(gathering.gathered)
        self.assertEqual((1, 0, 3), (sight.asked, sight.answered, len(sight)))

    def test_peers_are_looked_at_in_turns(self) -> None:
        """All of them, also where they are as many as fit in one turn."""
        for batch in (1, 2, 4):
            self.patch(module, "LOOKED_AT", batch)
            street, houses = self.town(5)
            self.assertEqual(5, len(self.seen(street, houses[0])))

    def test_so_many_nodes(self) -> None:
        """Those that are linked come first."""
        self.patch(module, "MOST_NODES", 3)
        street, houses = self.town(5)
        houses[1].crash()
        houses[2].crash()
        street.run(3)
        seen = self.seen(street, houses[0])
        self.assertEqual({"n0", "n3", "n4"}, set(self.rows(seen)))

    def test_full(self) -> None:
        """With all that is told."""
        street, houses = self.town(3)
        seen = self.seen(street, houses[0], "full")
        row = seen.rows[1]
        assert row is not None
        self.assertGreater(row.since[0], 0)
