"""
How times and amounts are put into words, for people. Pure.
"""

from collections.abc import Mapping

from gossip.surfaces.text import safe

_SPANS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


def span(seconds: float) -> str:
    """How long something lasts, by its largest unit: `45 s`, `12 min`, `3 h`, `8 d`."""
    for size, unit in _SPANS:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0.0):.0f} s"


def milliseconds(value: float | None) -> str:
    """A round trip, without its unit."""
    return "-" if value is None else f"{value:.2f}"


def amount(count: int) -> str:
    """Bytes: `999 B`, `1.2 kB`, `34 MB`."""
    value, units = float(count), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 999.5 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{value:.1f} {unit}" if value < 9.95 and unit != "B" else f"{value:.0f} {unit}"


def tags(pairs: Mapping[str, str]) -> str:
    """Tags as they are given on a command line, and safe."""
    return " ".join(f"{safe(key)}={safe(value)}" for key, value in pairs.items()) or "-"
