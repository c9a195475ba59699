"""
What happened since the start, as distributions and by kind.
"""

from gossip.mesh import figures
from gossip.mesh.figures import MOST_DEAD, Figures, median
from gossip.mesh.status import PeerAlive, PeerDead, PeerLeft, Refused, Stopping, Verdict
from gossip.wire.census import OTHER
from tests.cases import UnitCase


def dead(peer: str, silent: float = 3.0) -> PeerDead:
    """A peer is given up."""
    return PeerDead(peer=peer, name="", address="", reason="", silent_s=silent)


def alive(peer: str) -> PeerAlive:
    """A peer is back."""
    return PeerAlive(peer=peer, name="", address="", direction="dialed", first=False)


class FiguresTests(UnitCase):
    """Counted while it happens."""

    def setUp(self) -> None:
        self.figures = Figures()

    def test_labels_are_bounded(self) -> None:
        """What peers say in a farewell is theirs to choose, and is counted as other."""
        for code in ("network", "network", "a code of their own", "x" * 1000):
            refused = Refused(peer=None, address="", code=code, reason="")
            self.figures.happened(refused, 0.0)
            self.figures.dialed(code)
        for verdict in ("cut", "whatever"):
            self.figures.happened(
                Verdict(
                    peer="p",
                    name="",
                    address="",
                    verdict=verdict,
                    one_way=None,
                    asked=0,
                    heard_by=(),
                    reason="",
                ),
                0.0,
            )
        for table in (self.figures.refusals, self.figures.dials):
            self.assertEqual((2, 2, 4), (table["network"], table[OTHER], sum(table.values())))
        self.assertEqual(set(figures.CODES) | {OTHER}, set(self.figures.refusals))
        self.assertEqual(set(figures.OUTCOMES) | {OTHER}, set(self.figures.dials))
        verdicts = {name: count for name, count in self.figures.verdicts.items() if count}
        self.assertEqual({"cut": 1, OTHER: 1}, verdicts)

    def test_the_silence_of_one_that_comes_back(self) -> None:
        """It begins with the last that was heard, and is told once."""
        self.figures.happened(dead("p", 3.0), 100.0)
        self.figures.happened(alive("q"), 110.0)
        self.figures.happened(alive("p"), 147.0)
        self.figures.happened(alive("p"), 200.0)
        gaps = self.figures.census.gaps
        self.assertEqual((1, 50.0), (sum(gaps.counts), gaps.sum))

    def test_one_that_left_was_not_silent(self) -> None:
        """When it returns that is no sign of anything."""
        self.figures.happened(dead("p"), 100.0)
        self.figures.happened(PeerLeft(peer="p", name="", address=""), 101.0)
        self.figures.happened(alive("p"), 147.0)
        self.figures.happened(Stopping(reason=""), 148.0)
        self.assertEqual(0, sum(self.figures.census.gaps.counts))

    def test_the_dead_are_bounded(self) -> None:
        """Of more than there is room for, those that died first are not waited for."""
        self.figures.happened(dead("first"), 0.0)
        for number in range(MOST_DEAD):
            self.figures.happened(dead(str(number)), 1.0)
        self.figures.happened(alive("first"), 2.0)
        self.assertEqual(0, sum(self.figures.census.gaps.counts))
        self.figures.happened(alive("0"), 2.0)
        self.assertEqual(1, sum(self.figures.census.gaps.counts))

    def test_median(self) -> None:
        """The one in the middle, the lower of two."""
        self.assertEqual([None, 1, 1, 2], [median(v) for v in ([], [1], [2, 1], [3, 1, 2])])
