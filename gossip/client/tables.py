"""
Tables and lists of facts, as wide as what they are shown on.
"""

from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Final, Literal

from attrs import frozen
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gossip.client.shell import Shell

_GAP: Final = 2
_TINY: Final = 4
"""Columns to which everything that shrinks is shortened at last."""
_ENDLESS: Final = 1 << 20
"""Columns of a pipe."""

COLOURS: Final = {
    "alive": "green",
    "dead": "red",
    "unreachable": "magenta",
    "left": "yellow",
    "unmet": "dim",
}
"""As in what a node prints."""


@frozen
class Column:
    """One column. The texts of its cells are safe to be shown."""

    title: str
    rank: int = 0
    """Where the width does not do for all, the highest go first; 0 stays."""
    shrinks_to: int = 0
    """Columns to which its texts are shortened before others are left out; 0: they are not."""
    right: bool = False
    coloured: bool = False
    """Whether its words are in `COLOURS`."""


Row = Sequence[str]


def table(shell: Shell, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Print a table."""
    shell.put(drawn(shell, columns, rows))


def drawn(shell: Shell, columns: Sequence[Column], rows: Iterable[Row]) -> str:
    """A table, as text with its colours."""
    rows = list(rows)
    width = shell.width() if shell.terminal else _ENDLESS
    widths = _widths(columns, rows, width)
    # All widths are given, and gaps are columns: in what is done with padding, its releases differ.
    grid = Table(box=None, show_edge=False, padding=0, header_style="bold")
    for index, cells in widths.items():
        column = columns[index]
        justify: Literal["left", "right"] = "right" if column.right else "left"
        if grid.columns:
            grid.add_column(width=_GAP)
        title = Text(column.title, no_wrap=True, overflow="ellipsis")
        grid.add_column(title, justify=justify, width=cells)
    for row in rows:
        spaced = [part for index in widths for part in ("", _cell(columns[index], row[index]))]
        grid.add_row(*spaced[1:])
    return _rendered(shell, grid)


def facts(shell: Shell, pairs: Iterable[tuple[str, str]]) -> None:
    """Print a list of names and what they stand for, long ones on several lines."""
    pairs = list(pairs)
    width = shell.width() if shell.terminal else _ENDLESS
    names = max(cell_len(name) for name, _ in pairs)
    grid = Table(box=None, show_header=False, show_edge=False, padding=0)
    grid.add_column(width=names, style="bold")
    grid.add_column(width=_GAP)
    grid.add_column(overflow="fold", max_width=max(width - names - _GAP, 1))
    for name, value in pairs:
        grid.add_row(Text(name), "", Text(value))
    shell.put(_rendered(shell, grid))


def cropped(text: str, width: int) -> str:
    """A line of plain text, no wider than that."""
    return text if cell_len(text) <= width else set_cell_size(text, width)


def _widths(columns: Sequence[Column], rows: Sequence[Row], width: int) -> dict[int, int]:
    """Which columns there are, by their places, and how wide, so that all fit side by side."""
    widths, least = {}, {}
    for index, column in enumerate(columns):
        head = cell_len(column.title)
        widths[index] = max(head, *(cell_len(row[index]) for row in rows), 0)
        least[index] = min(widths[index], max(column.shrinks_to or widths[index], head))
    while _total(least) > width:
        last = max(least, key=lambda index: columns[index].rank)
        if columns[last].rank == 0:
            break
        del least[last], widths[last]
    _shorten(widths, least, width)
    _shorten(widths, {i: _TINY if columns[i].shrinks_to else widths[i] for i in widths}, width)
    _shorten(widths, dict.fromkeys(widths, 1), width)
    return widths


def _shorten(widths: dict[int, int], least: Mapping[int, int], width: int) -> None:
    """Take from those that have most to spare, until it fits or nothing is left to take."""
    while _total(widths) > width:
        index = max(widths, key=lambda index: widths[index] - least[index])
        if widths[index] <= least[index]:
            return
        widths[index] -= 1


def _total(widths: Mapping[int, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def _cell(column: Column, text: str) -> Text:
    # Text, not markup: "[red]" in a name is a name.
    style = COLOURS.get(text, "") if column.coloured else ""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _rendered(shell: Shell, grid: Table) -> str:
    console = Console(
        file=StringIO(),
        width=_ENDLESS,
        force_terminal=shell.terminal,
        color_system="standard" if shell.coloured else None,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(grid, crop=False)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())
