"""
All that was found, in one sentence.
"""

from itertools import product

from gossip.sight import findings
from gossip.sight.headline import headline
from gossip.sight.network import Sight
from tests.cases import UnitCase
from tests.sight.test_findings import full, halved, row, seen


class HeadlineTests(UnitCase):
    """What it is, and how much of it."""

    def assertHeadline(self, expected: str, sight: Sight) -> None:
        """This is the sentence; and it is none of a finding."""
        wrong = findings.found(sight)
        self.assertEqual(expected, headline(wrong, sight))
        self.assertNotIn(expected, [finding.sentence for finding in wrong])

    def test_nothing(self) -> None:
        """What can be said depends on who told; a note is nothing."""
        for sentence, sight in (
            ("nothing is wrong: this node knows no other", full(1)),
            ("nothing is wrong: all 3 nodes hear each other", full(3)),
            ("nothing is wrong, as far as 1 of 2 nodes can tell", seen("-u", None)),
        ):
            self.assertHeadline(sentence, sight)

    def test_splits(self) -> None:
        """From inside and from between."""
        self.assertHeadline("the network is split", halved(3, 3))
        across = [one + other for one, other in product("abc", "def")]
        self.assertHeadline("the network is split", full(7, *across))

    def test_dead(self) -> None:
        """How many of how many, and some of their names."""
        self.assertHeadline("1 of 4 nodes is dead (d)", halved(3, 1))
        self.assertHeadline("3 of 19 nodes are dead (q, r and s)", halved(16, 3))
        self.assertHeadline("4 of 26 nodes are dead (w, x and 2 more)", halved(22, 4))

    def test_cut_off(self) -> None:
        """This node, from all or from most, or another one."""
        alone = seen("-dd", None, None, b={"state": "dead"}, c={"state": "dead"})
        alone.since = {"b" * 64: 5.0, "c" * 64: 5.0}
        self.assertHeadline("this node hears nobody", alone)
        self.assertHeadline("this node is cut off from most", full(6, "ab", "ac", "ad"))
        self.assertHeadline("1 node is cut off from most (b)", full(6, "bc", "bd", "be"))

    def test_paths(self) -> None:
        """Each is counted once."""
        self.assertHeadline("1 path is broken", full(4, "bc"))
        self.assertHeadline("3 paths are broken", full(9, "ab", "cd", "ce"))
        self.assertHeadline("1 path carries one way only", seen("-du", "u-u", "uu-"))
        flapping = seen(row("-uu", losses={1: 3}), row("u-u", losses={0: 4}), "uu-")
        self.assertHeadline("1 path comes and goes", flapping)
        slow = row("-uuu", lost={1: 0.3, 2: 0.3, 3: 0.5})
        self.assertHeadline("3 paths are slow", seen(slow, "u-uu", "uu-u", "uuu-"))

    def test_clocks(self) -> None:
        """Whose."""
        self.assertHeadline("1 clock is wrong (b)", full(4, b={"skew": 60.0}))
        self.assertHeadline(
            "2 clocks are wrong (b and c)", full(5, b={"skew": 60.0}, c={"skew": -60.0})
        )

    def test_several_kinds(self) -> None:
        """The worst first, and not all of them."""
        bad = row("-uuuduuuu", losses={1: 3}, lost={2: 0.5})
        rows = ["".join("-" if at == one else "u" for at in range(9)) for one in range(9)]
        rows[4] = "d" + rows[4][1:]
        sight = seen(bad, *rows[1:], b={"skew": 60.0})
        self.assertHeadline(
            "1 path is broken; 1 path comes and goes; 1 path is slow; and more", sight
        )
