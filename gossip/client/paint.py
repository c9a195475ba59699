"""
Colours, as far as a terminal has them.
"""

from typing import Final

from attrs import frozen
from rich.cells import cell_len, set_cell_size
from rich.color import Color, ColorSystem
from rich.style import Style

from gossip.client.shades import COLOURS, DOWN, LIGHT
from gossip.client.shell import Shell

_COLORS = [Color.parse(colour) for colour in COLOURS]
_BLACK: Final = Color.parse("#000000")
_WHITE: Final = Color.parse("#ffffff")


@frozen
class Paint:
    """What a terminal can show; `system` is None where colours are not wanted."""

    system: ColorSystem | None

    @classmethod
    def of(cls, shell: Shell) -> "Paint":
        """By what the environment says of the terminal, as all programs do."""
        if not shell.coloured:
            return cls(None)
        if shell.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
            return cls(ColorSystem.TRUECOLOR)
        term = shell.environ.get("TERM", "")
        many = "256" in term or term.startswith(("xterm-kitty", "alacritty"))
        return cls(ColorSystem.EIGHT_BIT if many else ColorSystem.STANDARD)

    @property
    def fine(self) -> bool:
        """Whether shades can be told apart by their colours alone."""
        return self.system in (ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR)

    def cell(self, text: str, shade: int) -> str:
        """Text on the colour of a shade."""
        if self.fine:
            return self._put(text, _BLACK if shade in LIGHT else _WHITE, _COLORS[shade])
        # The eight colours of old are in no order that anybody could learn.
        return self.bad(text) if shade == DOWN else text

    def halves(self, upper: int, lower: int, many: int) -> str:
        """Cells of half a line's height, one shade above the other; only where `fine`."""
        return self._put("▀" * many, _COLORS[upper], _COLORS[lower])

    def head(self, text: str) -> str:
        """A heading."""
        return text if self.system is None else f"\x1b[1m{text}\x1b[0m"

    def dim(self, text: str) -> str:
        """What matters less."""
        return text if self.system is None else f"\x1b[2m{text}\x1b[0m"

    def named(self, text: str, colour: str) -> str:
        """Text in one of the colours that every terminal has, by its name."""
        return (
            text if self.system is None else Style.parse(colour).render(text, color_system=STANDARD)
        )

    def bad(self, text: str) -> str:
        """What is broken, whatever the terminal makes of colours."""
        return text if self.system is None else f"\x1b[97;41m{text}\x1b[0m"

    def _put(self, text: str, front: Color, back: Color) -> str:
        return Style.from_color(front, back).render(text, color_system=self.system)


STANDARD: Final = ColorSystem.STANDARD


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """A text in exactly so many columns of the terminal, shortened with a sign where it is longer."""
    cells = cell_len(text)
    if cells > width:
        return f"{set_cell_size(text, width - 1)}…" if width > 1 else set_cell_size(text, width)
    return " " * (width - cells) + text if right else text + " " * (width - cells)
