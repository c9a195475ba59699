"""
In which order nodes stand.
"""

from itertools import pairwise

from gossip.client.order import by_closeness, by_name, by_tag
from tests.cases import UnitCase
from tests.client.matrices import found, node


class OrderTests(UnitCase):
    """Three ways."""

    def test_names(self) -> None:
        """They stand by name, and those of one name by id."""
        nodes = [node(2, name="b"), node(0, name="c"), node(1, name="b"), node(3, name="a")]
        self.assertEqual([3, 2, 0, 1], by_name(found(*nodes)))

    def test_tags(self) -> None:
        """They stand by the value of the tag, then by name; those without it are last."""
        tags = [{"rack": "2"}, {}, {"rack": "1"}, {"rack": "1"}, {"other": "0"}]
        nodes = [node(at, name=f"n{9 - at}", tags=tag) for at, tag in enumerate(tags)]
        self.assertEqual([3, 2, 0, 4, 1], by_tag(found(*nodes), "rack"))

    def test_closeness(self) -> None:
        """Those that are near to each other stand side by side."""
        sites = [0, 1, 2, 0, 1, 2, 0, 1]

        def rtt(a: int, b: int) -> float:
            return 1.0 + abs(sites[a] - sites[b]) * 10

        tour = by_closeness(found(*map(node, range(8)), rtt=rtt))
        self.assertEqual(list(range(8)), sorted(tour))
        walked = [sites[at] for at in tour]
        self.assertEqual(2, sum(a != b for a, b in pairwise(walked)), walked)

    def test_closeness_of_those_that_nobody_measured(self) -> None:
        """They are last, and one direction is as good as two."""
        known = {(0, 2): 1.0, (2, 0): 1.0, (0, 3): 50.0}
        tour = by_closeness(found(*map(node, range(4)), rtt=lambda a, b: known.get((a, b), "?")))
        self.assertEqual([3, 0, 2, 1], tour)

    def test_nobody(self) -> None:
        """An empty matrix has an order."""
        self.assertEqual([], by_closeness(found()))
