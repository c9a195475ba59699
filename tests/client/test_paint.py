"""
What a terminal can show.
"""

from attrs import evolve
from rich.cells import cell_len
from rich.color import ColorSystem

from gossip.client.paint import Paint, fitted
from gossip.client.shades import DOWN
from tests.client.stubs import ClientCase, Terminal


class PaintTests(ClientCase):
    """Colours, as the environment tells."""

    def paint(self, **environ: str) -> Paint:
        """What is shown in a terminal with this environment."""
        return Paint.of(evolve(self.shell(), out=Terminal(), environ=environ))

    def test_what_the_environment_says(self) -> None:
        """As many colours are used as the terminal is said to have."""
        many = ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT, ColorSystem.STANDARD
        self.assertEqual(many[0], self.paint(COLORTERM="truecolor", TERM="xterm").system)
        self.assertEqual(many[1], self.paint(TERM="screen-256color").system)
        self.assertEqual(many[2], self.paint(TERM="linux").system)
        self.assertIsNone(self.paint(COLORTERM="truecolor", NO_COLOR="1").system)
        self.assertIsNone(self.paint(TERM="dumb").system)
        self.assertIsNone(Paint.of(self.shell()).system)

    def test_cells(self) -> None:
        """Shades have their colours where there are 256; with eight only what is down is coloured."""
        self.assertEqual(
            "\x1b[38;2;0;0;0;48;2;253;231;37mx\x1b[0m", Paint(ColorSystem.TRUECOLOR).cell("x", 7)
        )
        self.assertIn("48;5;", Paint(ColorSystem.EIGHT_BIT).cell("x", 7))
        self.assertEqual("x", Paint(ColorSystem.STANDARD).cell("x", 7))
        self.assertEqual("\x1b[97;41mx\x1b[0m", Paint(ColorSystem.STANDARD).cell("x", DOWN))

    def test_nothing_without_colours(self) -> None:
        """Not one escape sequence is written then."""
        paint = Paint(None)
        told = (
            *(paint.cell("x", 7), paint.cell("x", DOWN), paint.head("x"), paint.dim("x")),
            *(paint.bad("x"), paint.named("x", "red")),
        )
        self.assertEqual({"x"}, set(told))
        self.assertFalse(paint.fine)

    def test_halves(self) -> None:
        """Two shades share a character, one as its foreground and one as its background."""
        said = Paint(ColorSystem.TRUECOLOR).halves(7, 0, 3)
        self.assertEqual("\x1b[38;2;253;231;37;48;2;68;1;84m▀▀▀\x1b[0m", said)

    def test_fitted(self) -> None:
        """A text has as many columns as it should, also of characters that take two."""
        for text in ("", "abc", "a" * 50, "日本語", "日本語のノード名", "e\u0301" * 9):
            for width in (0, 1, 2, 3, 5, 8):
                self.assertEqual(width, cell_len(fitted(text, width)), (text, width))
        self.assertEqual(
            ("ab…", "  a", "a  "), (fitted("abcd", 3), fitted("a", 3, right=True), fitted("a", 3))
        )
