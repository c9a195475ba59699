"""
How far it is: a bar on a terminal, a line now and then elsewhere. Pure.
"""

from collections.abc import Callable
from typing import Final, TextIO

from attrs import define

WIDTH: Final = 30
"""Characters of the bar."""

ON_TERMINAL: Final = 0.2
"""Seconds between two drawings of the bar."""

ELSEWHERE: Final = 10.0
"""Seconds between two lines."""


@define(eq=False)
class Progress:
    """What is shown of a campaign while it runs; `clock` in seconds."""

    _stream: TextIO
    _clock: Callable[[], float]
    _runs: int | None
    """How many there are to be; None if time is what limits them."""
    _seconds: float | None = None
    """How long it is to take; None if the number of runs is what limits it."""
    begun: float = 0.0
    _shown: float = float("-inf")
    _drawn: bool = False

    def __attrs_post_init__(self) -> None:
        self.begun = self._shown = self._clock()

    def took(self) -> float:
        """Seconds since it began."""
        return self._clock() - self.begun

    def show(self, done: int, failed: int) -> None:
        """Say how far it is, if there is time to."""
        now, terminal = self._clock(), self._stream.isatty()
        if now - self._shown < (ON_TERMINAL if terminal else ELSEWHERE):
            return
        self._shown = now
        text = self._text(done, failed)
        if terminal:
            self._drawn = True
            full = round(WIDTH * self._part(done))
            text = f"\r[{'#' * full}{'.' * (WIDTH - full)}] {text}\x1b[K"
        else:
            text += "\n"
        self._stream.write(text)
        self._stream.flush()

    def finish(self) -> None:
        """Take the bar away."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _part(self, done: int) -> float:
        if self._runs is not None:
            return min(1.0, done / max(1, self._runs))
        return min(1.0, self.took() / max(0.001, self._seconds or 0.0))

    def _text(self, done: int, failed: int) -> str:
        rate = done / max(0.001, self.took())
        of = f" of {self._runs}" if self._runs is not None else ""
        if self._runs is not None:
            left = (self._runs - done) / max(0.001, rate)
        else:
            left = max(0.0, (self._seconds or 0.0) - self.took())
        return f"{done}{of} runs, {failed} failed, {rate:.1f} a second, {left:.0f} s left"
