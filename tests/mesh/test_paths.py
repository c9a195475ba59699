"""
Paths between nodes.
"""

from gossip.mesh.paths import Paths, chains, groups
from tests.cases import UnitCase
from tests.mesh.test_findings import full, seen


class PathsTests(UnitCase):
    """Which are broken."""

    def test_broken_both_ways(self) -> None:
        """Once for both; and where one of the two says nothing, by what the other says."""
        self.assertEqual({(0, 2)}, Paths.of(full(3, "ac")).broken)
        paths = Paths.of(seen("-ud", "u-u", None))
        self.assertEqual(({(0, 2)}, set(), {0, 1, 2}), (paths.broken, paths.deaf, paths.living))

    def test_broken_one_way(self) -> None:
        """Who is deaf comes first."""
        paths = Paths.of(seen("-u", "d-"))
        self.assertEqual((set(), {(1, 0)}), (paths.broken, paths.deaf))
        self.assertEqual({(0, 1)}, paths.all())

    def test_to_one_that_is_said_to_have_left(self) -> None:
        """Where it lives, the path is broken."""
        self.assertEqual({(0, 1)}, Paths.of(seen("-lu", "u-u", "uu-")).deaf)
        self.assertEqual({(0, 1)}, Paths.of(seen("-lu", "l-u", "uu-")).broken)

    def test_half_of_it(self) -> None:
        """Who lost the other by its silence, where that one lost it by its closing, is deaf."""
        sight = full(3, "ac")
        for one, other, ended in ((0, 2, "c"), (2, 0, "s")):
            packed = sight.rows[one]
            assert packed is not None
            packed.ended = bytearray(b"???")
            packed.ended[other] = ord(ended)
        paths = Paths.of(sight)
        self.assertEqual(({(0, 2)}, {(2, 0)}), (paths.broken, paths.half))

    def test_to_the_dead(self) -> None:
        """No path leads to who does not live."""
        paths = Paths.of(seen("-ud", "u-d", None))
        self.assertEqual(({0, 1}, set()), (paths.living, paths.broken))

    def test_explained(self) -> None:
        """What was told of is told once, whichever way it was broken."""
        paths = Paths.of(seen("-du", "u-d", "ud-"))
        self.assertEqual({(0, 1), (1, 2)}, paths.all())
        paths.explain([(1, 0), (2, 1)])
        self.assertEqual(set(), paths.all())
        self.assertEqual({(0, 1), (1, 2)}, paths.bad)

    def test_groups(self) -> None:
        """Who hears each other, if not at first hand."""
        sight = full(5, "ac", "ad", "bc", "bd")
        paths = Paths.of(sight)
        self.assertEqual(
            [{0, 1}, {2, 3}], sorted(groups(sight, {0, 1, 2, 3}, paths.all()), key=min)
        )
        self.assertEqual([{0, 1, 2, 3, 4}], list(groups(sight, {0, 1, 2, 3, 4}, paths.all())))

    def test_chains(self) -> None:
        """Pairs that have ends in common."""
        pairs = {(0, 1), (1, 2), (3, 4), (2, 5)}
        self.assertEqual([[(0, 1), (1, 2), (2, 5)], [(3, 4)]], sorted(chains(pairs)))
        self.assertEqual([], list(chains(set())))
