"""
Groups of nodes that were lost at the same time.
"""

from array import array
from typing import Any

from gossip.sight.losses import Lost, missing
from gossip.sight.network import NOTHING, Packed, Sight
from gossip.sight.paths import Paths
from tests.cases import UnitCase
from tests.sight.test_findings import full, halved, row, seen


def of(sight: Sight) -> list[Lost]:
    """Who are lost there."""
    return missing(sight, Paths.of(sight))


def told(cells: str, *, since: dict[int, float], ended: str) -> Packed:
    """A full row."""
    packed = row(cells)
    packed.since = array("d", [since.get(place, NOTHING) for place in range(len(cells))])
    packed.ended = bytearray(ended.encode())
    return packed


class LossesTests(UnitCase):
    """Who was lost with whom."""

    def test_nobody(self) -> None:
        """Where all are heard."""
        self.assertEqual([], of(full(4)))

    def test_by_time(self) -> None:
        """As long as there is no pause between one and the next; the greatest group first."""
        sight = halved(2, 6)
        ids = [node.id for node in sight.nodes[2:]]
        times = (50.0, 54.0, 58.0, 5.0, 70.0, None)
        sight.since = {one: at for one, at in zip(ids, times, strict=True) if at is not None}
        groups = of(sight)
        self.assertEqual([(2, 3, 4), (5,), (6,), (7,)], [group.places for group in groups])
        self.assertEqual([50.0, 5.0, 70.0, None], [group.at for group in groups])
        self.assertEqual([False, False, True, False], [group.last for group in groups])

    def test_by_how_their_links_ended(self) -> None:
        """Who closed its link was not cut off with those that fell silent."""
        sight = halved(3, 4)
        sight.ended = {sight.nodes[3].id: "c", sight.nodes[4].id: "s"}
        silent, closed = of(sight)
        self.assertEqual(((4, 5, 6), True), (silent.places, silent.in_silence))
        self.assertEqual(((3,), False), (closed.places, closed.in_silence))

    def test_by_what_others_say(self) -> None:
        """Where this node itself never heard them: the median, and what most say of their ends."""
        rows: list[Any] = [
            "-uuu??",
            told("u-uudd", since={4: 5.0, 5: 6.0}, ended="????cs"),
            told("uu-udd", since={4: 7.0, 5: 8.0}, ended="????cs"),
            told("uuu-d?", since={4: 90.0}, ended="????s?"),
        ]
        unmet = {"state": "unmet"}
        silent, closed = sorted(
            of(seen(*rows, None, None, e=unmet, f=unmet)), key=lambda g: not g.in_silence
        )
        self.assertEqual(((5,), 8.0), (silent.places, silent.at))
        self.assertEqual(((4,), 7.0), (closed.places, closed.at))

    def test_what_nobody_met(self) -> None:
        """It may be an invention, also where one has lost it."""
        sight = seen("-u?", "u-d", None, c={"state": "unmet"})
        self.assertEqual([], of(sight))

    def test_sides(self) -> None:
        """A quarter of all is a side of a split, two at least."""
        for here, there, splits in ((6, 2, True), (7, 2, False), (3, 1, False), (2, 9, True)):
            sight = halved(here, there)
            paths = Paths.of(sight)
            (group,) = missing(sight, paths)
            self.assertEqual((splits, False), (group.splits(paths), group.isolates(paths)))

    def test_alone(self) -> None:
        """Who hears nobody lost those that were last, and not those before."""
        sight = halved(1, 4)
        ids = [node.id for node in sight.nodes]
        sight.since = {ids[1]: 5.0, ids[2]: 5.0, ids[3]: 500.0, ids[4]: 500.0}
        paths = Paths.of(sight)
        groups = missing(sight, paths)
        self.assertEqual([False, True], [group.isolates(paths) for group in groups])
