"""
What was measured, in numbers: medians, quantiles, growth, and one table beside the goals. Pure.
"""

import math
from collections.abc import Iterable, Sequence
from statistics import median

from attrs import frozen

PLAIN = "plain"
"""The yardstick: a plain mesh on the same framework (`benchmarks.yardstick`)."""


@frozen(kw_only=True)
class Figure:
    """One figure: of ours, maybe of another measured in the same run, and maybe a goal for it."""

    what: str
    ours: float
    unit: str = ""
    beside: float | None = None
    """The same of another."""
    whose: str = PLAIN
    """Who the other is."""
    goal: int | None = None
    """Its number in the table of goals."""
    most: float | None = None
    """The goal: of the ratio where there is another, else of the figure itself."""

    @property
    def ratio(self) -> float | None:
        """Ours to the other's; None without one."""
        if self.beside is None:
            return None
        return self.ours / self.beside if self.beside else math.inf

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one. What was never seen, a NaN, meets none."""
        if self.most is None:
            return None
        measured = self.ours if self.ratio is None else self.ratio
        return measured <= self.most


def quantile(values: Iterable[float], part: float) -> float:
    """The value that this part of them does not exceed; NaN where there are none."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def exponent(sizes: Sequence[float], totals: Sequence[float]) -> float:
    """
    The k for which the totals grow as size**k; 1 is linear.

    It is the slope of the straight line through the logarithms; NaN where there are not two sizes,
    or a total is not positive.
    """
    known = [
        (math.log(size), math.log(total))
        for size, total in zip(sizes, totals, strict=True)
        if total > 0
    ]
    if len(known) < max(2, len(sizes)) or len({x for x, _ in known}) < 2:
        return math.nan
    middle_x = sum(x for x, _ in known) / len(known)
    middle_y = sum(y for _, y in known) / len(known)
    over = sum((x - middle_x) * (y - middle_y) for x, y in known)
    return over / sum((x - middle_x) ** 2 for x, _ in known)


def middle(rounds: Sequence[float]) -> float:
    """The median; NaN where nothing was measured."""
    return median(rounds) if rounds else math.nan


def number(value: float | None) -> str:
    """A figure with three digits that count."""
    if value is None:
        return "-"
    if not math.isfinite(value):
        return "never" if math.isinf(value) else "?"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(figures: Iterable[Figure]) -> str:
    """All figures, a line each, with their goals and whether these are met."""
    rows: list[tuple[str, ...]] = [
        ("goal", "figure", "ours", "unit", "beside", "whose", "ratio", "at most", "")
    ]
    rows += [_row(figure) for figure in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = {1, 3, 5, 8}
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _row(figure: Figure) -> tuple[str, ...]:
    verdict = {True: "met", False: "NOT MET", None: ""}[figure.met]
    whose = figure.whose if figure.beside is not None else ""
    return (
        "" if figure.goal is None else str(figure.goal),
        figure.what,
        number(figure.ours),
        figure.unit,
        "" if figure.beside is None else number(figure.beside),
        whose,
        "" if figure.ratio is None else number(figure.ratio),
        "" if figure.most is None else number(figure.most),
        verdict,
    )
