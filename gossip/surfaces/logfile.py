"""
What the program did, as lines on stderr: time, level, part of the program, text.
"""

from collections.abc import Callable
from time import localtime, strftime
from typing import Final

from twisted.logger import ILogObserver, LogEvent, formatEvent
from zope.interface import implementer

from gossip.surfaces.text import Ration, safe

_LONGEST: Final = 4096


@implementer(ILogObserver)
class LogLines:
    """Writes events as lines; at most so many a second about one thing and of one kind."""

    def __init__(self, write: Callable[[str], None], seconds: Callable[[], float]) -> None:
        self._write = write
        self._seconds = seconds
        self._ration = Ration()
        self._counted = float("-inf")

    def __call__(self, event: LogEvent) -> None:
        """Write one event."""
        key = (event.get("log_format"), str(event.get("link", "")))
        now = self._seconds()
        if not self._ration.take(key, now):
            return
        if now >= self._counted + 1:
            self._counted = now
            self.count()
        level = getattr(event.get("log_level"), "name", "info")
        where = event.get("log_namespace", "-")
        text = safe(formatEvent(event) or "", _LONGEST)
        self._write(f"{_time(event.get('log_time'))} {level:<5} {where}: {text}")
        failure = event.get("log_failure")
        if failure is not None:
            for line in failure.getTraceback().splitlines():
                self._write(f"    {safe(line, _LONGEST)}")

    def count(self) -> None:
        """Tell how many lines were too many since this was told last."""
        for key, count in self._ration.suppressed():
            form = key[0] if isinstance(key, tuple) else key
            self._write(f"{_time(None)} warn  gossip.logs: {count} more lines like {form!r}")


def _time(seconds: float | None) -> str:
    return strftime("%H:%M:%S", localtime(seconds))
