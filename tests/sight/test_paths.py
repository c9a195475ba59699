"""
Paths between nodes.
"""

from gossip.sight.paths import Pair, Paths, Web, chains, groups, marked, mask, places
from tests.cases import UnitCase
from tests.sight.test_findings import full, seen


def web(size: int, *pairs: Pair) -> Web:
    """These pairs."""
    return Web([mask(a + b - place for a, b in pairs if place in (a, b)) for place in range(size)])


class MaskTests(UnitCase):
    """Sets of places."""

    def test_places(self) -> None:
        """They are had again, in their order."""
        for these in ([], [0], [1, 5, 64], list(range(100))):
            self.assertEqual(these, places(mask(reversed(these))))

    def test_marked(self) -> None:
        """By what stands in a cell."""
        self.assertEqual(
            [0, 3], places(marked(b"xaax", bytes(49 if c == 120 else 48 for c in range(256))))
        )
        self.assertEqual(0, marked(b"", bytes(256)))


class WebTests(UnitCase):
    """Pairs of nodes."""

    def test_pairs(self) -> None:
        """Each once, in their order, whichever way they were said."""
        pairs = web(5, (3, 1), (0, 4), (0, 2))
        self.assertEqual([(0, 2), (0, 4), (1, 3)], list(pairs))
        self.assertEqual((3, [0, 1, 2, 3, 4]), (len(pairs), places(pairs.ends())))
        self.assertIn((3, 1), pairs)
        self.assertNotIn((3, 4), pairs)

    def test_the_worst(self) -> None:
        """The first of those with most, if these are enough."""
        pairs = web(6, (1, 2), (1, 3), (4, 5), (5, 0))
        self.assertEqual([1, 1, None], [pairs.worst(least) for least in (0, 2, 3)])
        self.assertIsNone(web(3).worst(0))

    def test_parts(self) -> None:
        """Those of a node, of two sides, and the rest."""
        pairs = web(6, (0, 1), (0, 2), (1, 2), (3, 4))
        self.assertEqual([(0, 1), (0, 2)], list(pairs.of(0)))
        self.assertEqual([(0, 2), (1, 2)], list(pairs.between(mask([0, 1]), mask([2, 3, 4]))))
        self.assertEqual([(1, 2), (3, 4)], list(pairs.less(pairs.of(0))))
        self.assertEqual([(0, 1), (0, 2), (4, 5)], list(pairs.of(0).more(web(6, (4, 5)))))
        pairs.remove(0)
        self.assertEqual([(1, 2), (3, 4)], list(pairs))


class PathsTests(UnitCase):
    """Which are broken."""

    def test_broken_both_ways(self) -> None:
        """Once for both; and where one of the two says nothing, by what the other says."""
        self.assertEqual([(0, 2)], list(Paths.of(full(3, "ac")).broken))
        paths = Paths.of(seen("-ud", "u-u", None))
        self.assertEqual([(0, 2)], list(paths.broken))
        self.assertEqual(([0, 0, 0], [0, 1, 2]), (paths.deaf, places(paths.living)))

    def test_broken_one_way(self) -> None:
        """Who is deaf has those that it does not hear."""
        paths = Paths.of(seen("-u", "d-"))
        self.assertEqual(([], [0, mask([0])]), (list(paths.broken), paths.deaf))
        self.assertEqual([(0, 1)], list(paths.all()))

    def test_to_one_that_is_said_to_have_left(self) -> None:
        """Where it lives, the path is broken."""
        self.assertEqual([mask([1]), 0, 0], Paths.of(seen("-lu", "u-u", "uu-")).deaf)
        self.assertEqual([(0, 1)], list(Paths.of(seen("-lu", "l-u", "uu-")).broken))

    def test_half_of_it(self) -> None:
        """Who lost the other by its silence, where that one lost it by its closing, is deaf."""
        sight = full(3, "ac")
        for one, other, ended in ((0, 2, "c"), (2, 0, "s")):
            packed = sight.rows[one]
            assert packed is not None
            packed.ended = bytearray(b"???")
            packed.ended[other] = ord(ended)
        paths = Paths.of(sight)
        self.assertEqual(([(0, 2)], [(2, 0)]), (list(paths.broken), list(paths.deafened())))
        self.assertEqual([(0, 2)], list(paths.half_broken()))
        paths.explain(web(3, (0, 2)))
        self.assertEqual(([], []), (list(paths.deafened()), list(paths.half_broken())))

    def test_to_the_dead(self) -> None:
        """No path leads to who does not live."""
        paths = Paths.of(seen("-ud", "u-d", None))
        self.assertEqual(([0, 1], []), (places(paths.living), list(paths.broken)))

    def test_explained(self) -> None:
        """What was told of is told once, whichever way it was broken."""
        paths = Paths.of(seen("-du", "u-d", "ud-"))
        self.assertEqual([(0, 1), (1, 2)], list(paths.all()))
        paths.explain(web(3, (1, 0), (2, 1)))
        self.assertEqual([], list(paths.all()))
        self.assertEqual([(0, 1), (1, 2)], list(paths.bad))

    def test_groups(self) -> None:
        """Who hears each other, if not at first hand."""
        paths = Paths.of(full(5, "ac", "ad", "bc", "bd"))
        some = mask([0, 1, 2, 3])
        self.assertEqual([[0, 1], [2, 3]], list(map(places, groups(paths, some))))
        self.assertEqual([[0, 1, 2, 3, 4]], list(map(places, groups(paths, some | 1 << 4))))

    def test_groups_by_one_word(self) -> None:
        """Who has no row is in the group of whoever hears it."""
        paths = Paths.of(seen("-u?", None, None))
        self.assertEqual([[0, 1], [2]], list(map(places, groups(paths, mask([0, 1, 2])))))

    def test_chains(self) -> None:
        """Pairs that have ends in common."""
        pairs = web(6, (0, 1), (1, 2), (3, 4), (2, 5))
        self.assertEqual([[(0, 1), (1, 2), (2, 5)], [(3, 4)]], list(map(list, chains(pairs))))
        self.assertEqual([], list(chains(web(3))))
