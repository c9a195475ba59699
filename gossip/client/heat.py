"""
The heat map: who hears whom, and how fast, in as many cells as a terminal has.

Three ways to draw it: cells with milliseconds, cells of one character, and cells of half a line. Where
even these are too many, nodes that stand beside each other share a row and a column.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from posixpath import commonprefix
from typing import Final

from attrs import frozen
from rich.cells import cell_len

from gossip.client.paint import Paint, fitted
from gossip.client.shades import DOWN, SELF, SIGNS, UNKNOWN, UNMEASURED, explained, shade, worst
from gossip.client.tables import cropped
from gossip.sight.picture import Matrix
from gossip.surfaces.text import safe

COMPACT_FROM: Final = 20
"""Nodes from which on cells have one character."""
HALVES_FROM: Final = 60
"""Nodes from which on they have half a line."""

_CELL: Final = 5
"""Columns of a cell with milliseconds, at least; one more stands between two."""
_WIDEST_CELL: Final = 12
_LEAST_NAME: Final = 8
_WORDS: Final = {DOWN: "down", UNKNOWN: "?", SELF: "-", UNMEASURED: "up"}


@frozen
class Heat:
    """A matrix in the order in which it is shown."""

    names: Sequence[str]
    """Safe, and no two alike."""
    shades: Sequence[Sequence[int]]
    rtt_ms: Sequence[Sequence[float | None]]

    @classmethod
    def of(cls, found: Matrix, order: Sequence[int]) -> "Heat":
        """The nodes at these places, in this order."""
        return cls(
            _names(found, order),
            [[shade(found.links[a][b], found.rtt_ms[a][b]) for b in order] for a in order],
            [[found.rtt_ms[a][b] for b in order] for a in order],
        )

    def plain(self) -> Iterator[str]:
        """A table with nothing left out, for pipes."""
        names = max(map(cell_len, self.names), default=0)
        widths = [max(cell_len(name), len("1000.00")) for name in self.names]
        heads = zip(self.names, widths, strict=True)
        yield "  ".join([" " * names, *(fitted(name, width, right=True) for name, width in heads)])
        for row, name in enumerate(self.names):
            cells = [
                fitted(self._word(row, at), widths[at], right=True) for at in range(len(widths))
            ]
            yield "  ".join([fitted(name, names), *cells])

    def drawn(self, width: int, paint: Paint) -> Iterator[str]:
        """Lines no wider than that, with their colours, and a legend below."""
        many = len(self.names)
        full = _Full.fitting(self, width) if many < COMPACT_FROM else None
        dense = _Dense.fitting(self, width)
        if full is not None:
            yield from full.lines(paint)
        else:
            halves = paint.fine and many >= HALVES_FROM
            yield from dense.halves(paint) if halves else dense.compact(paint)
        yield ""
        yield from _legend(width, paint)
        if full is None and dense.step > 1:
            yield cropped(f"A cell is {dense.step} x {dense.step} pairs: the worst of them", width)

    def _word(self, row: int, column: int) -> str:
        rtt = self.rtt_ms[row][column]
        what = self.shades[row][column]
        return _WORDS[what] if rtt is None or what in (DOWN, UNKNOWN, SELF) else _short(rtt)


@frozen
class _Full:
    """Cells with milliseconds."""

    heat: Heat
    label: int
    cell: int
    numbered: bool
    """Whether columns have numbers, since names are wider than cells."""

    @classmethod
    def fitting(cls, heat: Heat, width: int) -> "_Full | None":
        many = max(len(heat.names), 1)
        longest = max(map(cell_len, heat.names), default=0)
        for numbered in (False, True):
            least = max(_CELL, 0 if numbered else longest)
            label = longest + (len(str(many)) + 1 if numbered else 0)
            label = min(label, max(width - many * (least + 1), 0))
            cell = min((width - label) // many - 1, max(least, _CELL))
            if least <= min(cell, _WIDEST_CELL) and label >= min(longest, _LEAST_NAME):
                return cls(heat, label, cell, numbered)
        return None

    def lines(self, paint: Paint) -> Iterator[str]:
        names = self.heat.names
        heads = [str(at + 1) if self.numbered else name for at, name in enumerate(names)]
        shown = " ".join(fitted(head, self.cell, right=True) for head in heads)
        yield f"{' ' * self.label} {paint.head(shown)}"
        for row, name in enumerate(names):
            label = f"{row + 1:>{len(str(len(names)))}} {name}" if self.numbered else name
            cells = " ".join(self._cell(row, at, paint) for at in range(len(names)))
            yield f"{paint.head(fitted(label, self.label))} {cells}"

    def _cell(self, row: int, column: int, paint: Paint) -> str:
        what = self.heat.shades[row][column]
        rtt = self.heat.rtt_ms[row][column]
        measured = rtt is not None and what < UNMEASURED
        text = _short(rtt) if rtt is not None and measured else _WORDS.get(what, "?")
        return paint.cell(fitted(text, self.cell, right=True), what)


@frozen
class _Dense:
    """Cells of one character, or of half a line."""

    heat: Heat
    label: int
    step: int
    """Nodes that share a row, and a column."""

    @classmethod
    def fitting(cls, heat: Heat, width: int) -> "_Dense":
        many = len(heat.names)
        longest = max(map(cell_len, heat.names), default=0)
        step = 1
        # Names go before pairs do: rows have numbers too.
        while many > step * (width - 1 - _least_label(many, step, longest)) and step < many:
            step += 1
        spare = width - 1 - -(-many // step)
        wanted = _number_width(many, step) + 1 + longest
        return cls(heat, max(min(wanted, spare, width // 2), _number_width(many, step)), step)

    def compact(self, paint: Paint) -> Iterator[str]:
        yield from self._heads(paint)
        for first, row in zip(self._firsts(), self._shades(), strict=True):
            cells = "".join(
                paint.cell(SIGNS[what] * len(list(run)), what) for what, run in groupby(row)
            )
            yield f"{self._label(first)} {cells}"

    def halves(self, paint: Paint) -> Iterator[str]:
        yield from self._heads(paint)
        firsts, rows = list(self._firsts()), self._shades()
        rows += [[SELF] * len(rows[0])] if len(rows) % 2 else []
        for at in range(0, len(rows), 2):
            both = groupby(zip(rows[at], rows[at + 1], strict=True))
            cells = "".join(paint.halves(*pair, len(list(run))) for pair, run in both)
            yield f"{self._label(firsts[at])} {cells}"

    def _firsts(self) -> range:
        return range(0, len(self.heat.names), self.step)

    def _shades(self) -> list[list[int]]:
        if self.step == 1:
            return [list(row) for row in self.heat.shades]
        return [
            [self._shared_shade(row, column) for column in self._firsts()] for row in self._firsts()
        ]

    def _shared_shade(self, row: int, column: int) -> int:
        rows = self.heat.shades[row : row + self.step]
        return worst(what for line in rows for what in line[column : column + self.step])

    def _label(self, first: int) -> str:
        many = len(self.heat.names)
        last = min(first + self.step, many)
        number = f"{first + 1}" if self.step == 1 else f"{first + 1}-{last}"
        number = number.rjust(_number_width(many, self.step))
        name = _telling(self.heat.names, first, self.label - len(number) - 1)
        return fitted(f"{number} {name}", self.label)

    def _heads(self, paint: Paint) -> Iterator[str]:
        """The number of each column, from top to bottom."""
        numbers = [str(first + 1) for first in self._firsts()]
        high = max(map(len, numbers), default=1)
        for line in range(high):
            digits = "".join(number.rjust(high)[line] for number in numbers)
            yield f"{' ' * self.label} {paint.head(digits)}"


def _least_label(many: int, step: int, longest: int) -> int:
    name = 0 if step == 1 else 1 + min(longest, _LEAST_NAME)
    return _number_width(many, step) + name


def _number_width(many: int, step: int) -> int:
    return len(str(many)) if step == 1 else 2 * len(str(many)) + 1


def _telling(names: Sequence[str], at: int, width: int) -> str:
    """A name; where it is too long, without what all names begin with."""
    common = len(commonprefix(names)) if len(names) > 1 else 0
    name = names[at]
    return name if cell_len(name) <= width or common < 2 else f"…{name[common:]}"


def _legend(width: int, paint: Paint) -> Iterator[str]:
    line, used = "", 0
    for what, text in explained():
        piece = 4 + len(text) + 2
        if used and used + piece - 2 > width:
            yield line.rstrip()
            line, used = "", 0
        line += f"{paint.cell(f' {SIGNS[what]} ', what)} {text}  "
        used += piece
    yield line.rstrip()


def _short(rtt: float) -> str:
    """Milliseconds in four characters, up to 10 s."""
    return f"{rtt:.2f}" if rtt < 9.995 else f"{rtt:.1f}" if rtt < 99.95 else f"{rtt:.0f}"


def _names(found: Matrix, order: Sequence[int]) -> list[str]:
    names = [safe(found.nodes[at].name) or safe(found.nodes[at].id[:8]) for at in order]
    seen = {name for name in names if names.count(name) > 1}
    return [
        f"{name}~{safe(found.nodes[at].id[:4])}" if name in seen else name
        for name, at in zip(names, order, strict=True)
    ]
