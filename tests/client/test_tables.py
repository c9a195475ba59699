"""
Tables, in pipes and on terminals of all widths.
"""

import re
from io import StringIO

from rich.cells import cell_len

from gossip.client.shell import Shell
from gossip.client.tables import Column, cropped, drawn, facts
from tests.cases import UnitCase
from tests.client.stubs import Terminal

COLUMNS = (
    Column("STATE", coloured=True),
    Column("NAME", shrinks_to=10),
    Column("N", rank=1, right=True),
    Column("TAGS", rank=2, shrinks_to=10),
)
ROWS = (
    ("alive", "表" * 20, "7", "a=b"),
    ("dead", "[red]x[/red] :smile:", "1000", "t" * 40),
)


def shell(width: int | None, **environ: str) -> Shell:
    """A pipe, or a terminal that is so wide."""
    out = StringIO() if width is None else Terminal()
    return Shell(out=out, errors=StringIO(), environ=environ, width=lambda: width or 0)


class TableTests(UnitCase):
    """What a table looks like."""

    def test_in_a_pipe(self) -> None:
        """It is whole, plain and aligned, by what characters take on a terminal."""
        self.assertEqual(
            f"STATE  NAME{' ' * 36}     N  TAGS\n"
            f"alive  {'表' * 20}     7  a=b\n"
            f"dead   [red]x[/red] :smile:{' ' * 20}  1000  {'t' * 40}\n",
            drawn(shell(None), COLUMNS, ROWS),
        )

    def test_it_fits(self) -> None:
        """No line is wider than the terminal, down to where nothing can be read any more."""
        for width in range(12, 120):
            for line in drawn(shell(width), COLUMNS, ROWS).splitlines():
                # Also without the colours nothing is left over that would wrap.
                self.assertLessEqual(cell_len(re.sub("\x1b\\[[0-9;]*m", "", line)), width)

    def test_one_row_is_one_line(self) -> None:
        """Nothing is wrapped."""
        for width in (12, 20, 40, 80):
            self.assertEqual(3, len(drawn(shell(width), COLUMNS, ROWS).splitlines()))

    def test_what_is_shortened_first(self) -> None:
        """Texts are shortened as far as they can be read; then columns go, the highest rank first."""
        lines = drawn(shell(36, NO_COLOR="1"), COLUMNS, ROWS).splitlines()
        self.assertEqual("STATE  NAME           N  TAGS", lines[0])
        self.assertIn("…", lines[1])
        self.assertTrue(lines[2].endswith("  1000  tttttttttt…"), lines[2])
        self.assertEqual("STATE  NAME              N", self.head(26))
        self.assertEqual("STATE  NAME", self.head(20))
        self.assertEqual("STATE  NAME", self.head(12))

    def head(self, width: int) -> str:
        """The first line."""
        return drawn(shell(width, NO_COLOR="1"), COLUMNS, ROWS).splitlines()[0]

    def test_colours(self) -> None:
        """States are coloured where colours are wanted, and only in their column."""
        rows = [("alive", "dead", "1", "left")]
        self.assertIn("\x1b[32malive", drawn(shell(80), COLUMNS, rows))
        self.assertNotIn("\x1b[31m", drawn(shell(80), COLUMNS, rows))
        for plain in (shell(None), shell(80, NO_COLOR="1"), shell(80, TERM="dumb")):
            self.assertNotIn("\x1b", drawn(plain, COLUMNS, rows))

    def test_no_rows(self) -> None:
        """A table without rows has its head."""
        self.assertEqual("STATE  NAME  N  TAGS\n", drawn(shell(None), COLUMNS, []))

    def test_facts(self) -> None:
        """Long values take several lines on a terminal, and one in a pipe."""
        for width, expected in (
            (None, "name  abcdefghij\nb     [c]\n"),
            (11, "name  abcde\n      fghij\nb     [c]\n"),
        ):
            one = shell(width, NO_COLOR="1")
            facts(one, [("name", "abcdefghij"), ("b", "[c]")])
            self.assertEqual(expected, one.out.getvalue())  # type: ignore[attr-defined]

    def test_cropped(self) -> None:
        """A line is cut at a width, by what its characters take."""
        self.assertEqual("ab", cropped("ab", 2))
        self.assertEqual("表 ", cropped("表表", 3))
