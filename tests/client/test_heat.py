"""
The heat map.
"""

import re
from collections.abc import Callable

from rich.cells import cell_len
from rich.color import ColorSystem

from gossip.client.heat import Heat
from gossip.client.order import by_name
from gossip.client.paint import Paint
from tests.cases import UnitCase
from tests.client.matrices import found, node

PLAIN = Paint(None)
FINE = Paint(ColorSystem.TRUECOLOR)


def heat(
    many: int,
    rtt: Callable[[int, int], float | str | None] = lambda a, b: 1.0,
    name: str = "node-{:03}",
) -> Heat:
    """Nodes with names in their order."""
    matrix = found(*(node(at, name=name.format(at)) for at in range(many)), rtt=rtt)
    return Heat.of(matrix, by_name(matrix))


def bare(line: str) -> str:
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


class FullTests(UnitCase):
    """Cells with milliseconds."""

    def test_figures_and_words(self) -> None:
        """Each pair is told in four characters at most, under the name of its column."""
        said: dict[tuple[int, int], float | str | None] = {
            (0, 1): 0.123, (1, 0): 12.345, (0, 2): 1234.5, (2, 0): "d", (1, 2): "?", (2, 1): None,
        }  # fmt: skip
        drawn = heat(3, lambda a, b: said.get((a, b)), "n{}").drawn(80, PLAIN)
        lines = [line.split() for line in drawn][:4]
        self.assertEqual(["n0", "n1", "n2"], lines[0])
        self.assertEqual(["n0", "-", "0.12", "1234"], lines[1])
        self.assertEqual(["n1", "12.3", "-", "?"], lines[2])
        self.assertEqual(["n2", "down", "up", "-"], lines[3])

    def test_columns_have_numbers_where_names_do_not_fit(self) -> None:
        """Rows have the same numbers then."""
        head, first, *_ = heat(9).drawn(70, PLAIN)
        self.assertEqual([str(number) for number in range(1, 10)], head.split())
        self.assertEqual(["1", "node-000"], first.split()[:2])

    def test_colours(self) -> None:
        """Cells are on the colour of their shade."""
        said = "".join(heat(2, lambda a, b: 1000.0 if a else "d").drawn(80, FINE))
        self.assertIn("48;2;253;231;37m    1000", said)
        self.assertIn("48;2;255;0;0m", said)


class CompactTests(UnitCase):
    """Cells of one character."""

    def test_from_twenty_nodes(self) -> None:
        """Nineteen have figures where there is room; twenty have signs, numbers and names."""
        self.assertIn("1.00", "".join(heat(19).drawn(200, PLAIN)))
        tens, units, first, *_ = heat(20, lambda a, b: "d" if b == 5 else 0.1).drawn(200, PLAIN)
        self.assertEqual("11111111112", tens.strip())
        self.assertEqual("12345678901234567890", units.strip())
        self.assertEqual(" 1 node-000 ·0000x00000000000000", first)

    def test_where_figures_do_not_fit(self) -> None:
        """A few nodes on a narrow terminal are compact too."""
        self.assertIn("node-000 ·22222222", list(heat(9).drawn(40, PLAIN))[1])

    def test_a_legend(self) -> None:
        """Every sign is explained."""
        text = "\n".join(heat(20).drawn(80, PLAIN))
        for piece in (
            " 0  <0.3",
            " 7  300 ms or more",
            " x  down",
            " ?  unknown",
            " +  no ping yet",
        ):
            self.assertIn(piece, text)

    def test_without_colours_there_are_no_halves(self) -> None:
        """Signs are what is left."""
        text = "\n".join(heat(70).drawn(100, PLAIN))
        self.assertNotIn("▀", text)
        self.assertIn("·22222", text)
        self.assertNotIn("▀", "\n".join(heat(70).drawn(100, Paint(ColorSystem.STANDARD))))


class HalvesTests(UnitCase):
    """Cells of half a line."""

    def test_two_rows_are_a_line(self) -> None:
        """From sixty nodes on each line has the colours of two rows; an odd last one is above nothing."""
        self.assertNotIn("▀", "".join(heat(59).drawn(100, FINE)))
        lines = list(heat(61, lambda a, b: "d" if a == 1 else 1000.0).drawn(100, FINE))
        self.assertEqual(61, bare(lines[2]).count("▀"))
        self.assertEqual(31, sum("▀" in line for line in lines))
        self.assertIn("\x1b[38;2;253;231;37;48;2;255;0;0m▀▀", lines[2])
        self.assertTrue(bare(lines[2]).startswith(" 1 node-000 ▀"))
        self.assertTrue(bare(lines[3]).startswith(" 3 node-002 ▀"))


class FittingTests(UnitCase):
    """How it fits."""

    def test_no_line_is_too_wide(self) -> None:
        """Whatever the terminal and the number of nodes, also with wide names."""
        for name in ("node-{:03}", "日本語のノード{:03}", "n{:03}" + "x" * 60):
            for many in (0, 1, 2, 7, 19, 20, 59, 60, 75, 200):
                for width in (20, 40, 80, 200):
                    for line in heat(many, name=name).drawn(width, FINE):
                        self.assertLessEqual(cell_len(bare(line)), width, (name, many, bare(line)))

    def test_names_go_before_pairs_do(self) -> None:
        """Seventy nodes on eighty columns are all there, with what tells their names apart."""
        lines = [bare(line) for line in heat(70).drawn(80, FINE)]
        self.assertEqual(70, lines[2].count("▀"))
        self.assertTrue(lines[2].startswith(" 1 …00    ▀"), lines[2])

    def test_nodes_that_share_a_cell(self) -> None:
        """The worst of all their pairs is shown, and it is said that they share it."""
        lines = list(heat(100, lambda a, b: "d" if (a, b) == (2, 99) else 1.0).drawn(70, PLAIN))
        cells = {line[:7].strip(): line.split()[-1] for line in lines if "-0" in line}
        self.assertEqual({"x"}, {cells["3-4"][-1]})
        self.assertEqual(1, sum(row.count("x") for row in cells.values()))
        self.assertEqual((50, 50), (len(cells), len(cells["3-4"])))
        self.assertEqual("A cell is 2 x 2 pairs: the worst of them", lines[-1])


class NameTests(UnitCase):
    """What nodes are called."""

    def test_names_that_are_alike(self) -> None:
        """Those that share one, or have none, are told apart by their ids."""
        matrix = found(node(0, name="a"), node(1, name="a"), node(2, name=""), node(3, name="b"))
        self.assertEqual(
            ("00020002", "a~0000", "a~0001", "b"), tuple(Heat.of(matrix, by_name(matrix)).names)
        )

    def test_hostile_names(self) -> None:
        """They do nothing to a terminal."""
        matrix = found(
            node(0, name="\x1b[2J"), node(1, name="\u202ex"), node(2, name="", id="\x1b")
        )
        drawn = Heat.of(matrix, [0, 1, 2])
        self.assertTrue("".join([*drawn.plain(), *drawn.drawn(80, PLAIN)]).isprintable())


class PlainTests(UnitCase):
    """A table for pipes."""

    def test_everything_is_there(self) -> None:
        """However many there are, names are whole and pairs have figures."""
        lines = list(
            heat(100, lambda a, b: "d" if b == 3 else 1.5, "name-of-some-length-{:03}").plain()
        )
        self.assertEqual(101, len(lines))
        self.assertEqual(100, len(lines[0].split()))
        self.assertEqual(
            ["name-of-some-length-000", "-", "1.50", "1.50", "down"], lines[1].split()[:5]
        )
        self.assertEqual(1, len({len(line) for line in lines}))
