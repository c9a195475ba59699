"""
Recent round trips as a line of small bars. Pure.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from attrs import define, field

from gossip.mesh.status import LinkStatus

LONGEST: Final = 40
"""Round trips that are kept of one link."""

_BARS: Final = "▁▂▃▄▅▆▇█"
_LOST: Final = "x"


def spark(times: Iterable[float | None], width: int) -> str:
    """The newest so many as bars from nothing to the longest of them; None is a ping without an answer."""
    shown = list(times)[-width:] if width > 0 else []
    top = max((one for one in shown if one is not None), default=0.0)
    return "".join(_LOST if one is None else _BARS[_step(one, top)] for one in shown)


def _step(one: float, top: float) -> int:
    return min(int(len(_BARS) * one / top), len(_BARS) - 1) if top > 0 else 0


@define(eq=False)
class Trace:
    """The round trips of one link, as they are seen by looking again and again."""

    times: deque[float | None] = field(factory=lambda: deque(maxlen=LONGEST))
    _since: float | None = None
    _answered: int = 0
    _missed: int = 0

    def look(self, link: LinkStatus) -> None:
        """Add what is new; a link that was made anew goes on where the other one ended."""
        if link.since != self._since:
            self._since, self._answered = link.since, 0
            self._missed = link.pings_missed
        lost = min(max(link.pings_missed - self._missed, 0), LONGEST)
        self.times.extend([None] * lost)
        if link.pings_answered > self._answered and link.rtt_ms.last is not None:
            self.times.append(link.rtt_ms.last)
        self._answered, self._missed = link.pings_answered, link.pings_missed
