"""
Rows beside each other.
"""

from array import array

from gossip.sight import network
from gossip.sight.network import NOTHING, Node, Numbers, Packed, Sight
from gossip.trust.rows import Brief, Full
from tests.cases import UnitCase

NOW = 1_800_000_000.25
IDS = ["a" * 64, "b" * 64, "c" * 64]


def known(numbers: "array[float]") -> list[float | None]:
    """Numbers for people to read."""
    return list(Numbers().known(numbers))


class SightTests(UnitCase):
    """Packed, and read again."""

    def packed(self) -> Packed:
        """What c says."""
        return Packed.of(
            [
                Full(
                    "a" * 16, "q", 1.25, 0.5, since=NOW, p50=1.0, answered=16, losses=300, ended="c"
                ),
                Brief("b" * 16, "l"),
                Brief("d" * 16, "u", 1.0),
                Full("c" * 16, "n", p50=1.0, answered=15),
            ],
            network.index(IDS),
        )

    def test_packed(self) -> None:
        """Each entry has its place; whom nobody knows has none."""
        row = self.packed()
        self.assertEqual(b"ul?", bytes(row.cells))
        self.assertEqual([NOW, None, None], known(row.since))
        self.assertEqual(b"c??", bytes(row.ended))
        self.assertEqual([1.25, None, None], known(row.rtt))
        self.assertEqual([0.5, None, None], known(row.lost))
        self.assertEqual([1.0, None, None], known(row.p50))
        self.assertEqual([255, 0, 0], list(row.losses))

    def test_only_some(self) -> None:
        """The rest is left out of all that it says."""
        row = self.packed().only([0, 2])
        self.assertEqual(b"u?", bytes(row.cells))
        self.assertEqual([NOW, None], known(row.since))
        self.assertEqual(b"c?", bytes(row.ended))
        self.assertEqual([1.25, None], known(row.rtt))
        self.assertEqual([0.5, None], known(row.lost))
        self.assertEqual([1.0, None], known(row.p50))
        self.assertEqual([255, 0], list(row.losses))

    def test_brief_rows(self) -> None:
        """They do not say when and how a link was lost; and take no room for it."""
        row = Packed.of([Brief("a" * 16, "d")], network.index(IDS)).only([0])
        self.assertEqual((0, 0), (len(row.since), len(row.ended)))

    def test_who_was_met(self) -> None:
        """One who hears it is enough; and two who have lost it."""
        rows = [
            Packed.of([Brief("a" * 16, state)], network.index(IDS))
            for state in ("u", "d", "d", "l")
        ]
        for those, met in ((rows[:1], True), (rows[1:3], True), (rows[2:], False), ([], False)):
            self.assertEqual(met, network.is_met([None, *those], 0))

    def test_numbers_for_people(self) -> None:
        """As they were before they were packed, and not a number is none."""
        self.assertEqual([0.42, None, 0.42], known(array("f", [0.42, NOTHING, 0.42])))

    def test_numbers_that_are_kept(self) -> None:
        """Not more than so many, whatever peers say; all are told."""
        numbers = Numbers()
        self.patch(Numbers, "MOST", 2)
        said = array("f", [0.1, 0.2, 0.3, 0.4, 0.1])
        self.assertEqual((0.1, 0.2, 0.3, 0.4, 0.1), numbers.known(said))
        self.assertEqual(2, len(numbers))

    def test_only_one_or_none(self) -> None:
        """As few as may be."""
        for kept in ([], [2]):
            row = self.packed().only(kept)
            self.assertEqual((len(kept), len(kept)), (len(row.cells), len(row.rtt)))

    def test_cells(self) -> None:
        """Who has no row says nothing."""
        node = Node(id=IDS[0], name="", state="alive", tags={}, row="told", at=5.0)
        seen = Sight([node] * 3, [self.packed(), None, None])
        self.assertEqual(3, len(seen))
        self.assertEqual((ord("u"), ord("?")), (seen.cell(0, 0), seen.cell(1, 0)))

    def test_nodes(self) -> None:
        """A name, or the beginning of the id; and how old its row is."""
        node = Node(id=IDS[0], name="", state="alive", tags={"k": "v"}, row="told", at=5.0)
        self.assertEqual("a" * 12, node.called)
        shown = node.shown(7.0)
        self.assertEqual((IDS[0], "told", 2.0), (shown.id, shown.row, shown.age_s))
        self.assertIsNone(
            Node(id=IDS[0], name="a", state="dead", tags={}, row="silent").shown(7.0).age_s
        )
