"""
Text from peers, made fit for people's eyes: shown, never interpreted (PROTOCOL §8). Pure.
"""

from collections import OrderedDict
from itertools import groupby
from typing import Final
from unicodedata import category

from attrs import define, field

LONGEST: Final = 1024
"""Characters shown of one text: the longest that a ping may carry."""

_MARKS: Final = 4
"""Combining marks in a row that are shown as such; more are made to climb over other lines."""

_INVISIBLE: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0))))
)
"""Printable, says Unicode, and yet nothing is seen. Not the two that choose the look of an emoji."""

_KEYS: Final = 4096
"""Peers and addresses whose rates are kept: 1 MiB."""


def safe(text: str, longest: int = LONGEST) -> str:
    """`text` without anything that a terminal, a log or a reader could be fooled by."""
    shown = text if text.isascii() and text.isprintable() else _escaped(text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _escaped(text: str) -> str:
    pieces = []
    for mark, run in groupby(text, _is_mark):
        characters = list(run)
        kept = _MARKS if mark else len(characters)
        pieces += [c if _is_seen(c) else _code(c) for c in characters[:kept]]
        pieces += [_code(c) for c in characters[kept:]]
    return "".join(pieces)


def _is_mark(character: str) -> bool:
    # Not by combining class: it is 0 for the marks of some scripts, which climb like all others.
    return category(character) in ("Mn", "Me")


def _is_seen(character: str) -> bool:
    return character.isprintable() and character not in _INVISIBLE


def _code(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


@define(eq=False, repr=False)
class _Window:
    begun: float
    lines: int = 0
    suppressed: int = 0


@define(eq=False, repr=False)
class Ration:
    """At most so many lines a second about one thing; the rest is counted."""

    per_second: int = 10
    _windows: OrderedDict[object, _Window] = field(factory=OrderedDict)

    def take(self, key: object, now: float) -> bool:
        """Whether one more line about `key` may be shown now."""
        window = self._windows.get(key)
        if window is None or now >= window.begun + 1:
            suppressed = window.suppressed if window is not None else 0
            window = self._windows[key] = _Window(now, suppressed=suppressed)
            self._windows.move_to_end(key)
            if len(self._windows) > _KEYS:
                self._windows.popitem(last=False)
        window.lines += 1
        if window.lines > self.per_second:
            window.suppressed += 1
            return False
        return True

    def suppressed(self) -> list[tuple[object, int]]:
        """What was not shown since this was asked last: each key, and how many lines."""
        told = []
        for key, window in self._windows.items():
            if window.suppressed:
                told.append((key, window.suppressed))
                window.suppressed = 0
        return told
