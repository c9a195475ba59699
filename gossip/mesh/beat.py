"""
How often this node says that it is there: the fewer links, the more often. Pure.

A full mesh says it on every link, so that each node pays for all. From 250 links on the heartbeat grows
with their square root, to 5 s at 6,250: what a node says in a second grows with the root as well.
"""

from math import sqrt
from typing import Final

FEW: Final = 250
"""Links up to which the heartbeat is the shortest: 250 frames a second are 2 % of a core."""

STEPS: Final = (1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0)
"""Seconds. Steps, since each new promise is one more thing to say on every link."""


class Beat:
    """
    The heartbeat that this node promises.

    Each link hears of a new one with the next heartbeat that it would have heard anyway, and lives by
    the old promise until then.
    """

    def __init__(self, shortest: float, *, steady: bool = False) -> None:
        """It is the `shortest`, in seconds, where there are few links; or `steady`, for any number."""
        self.seconds = shortest
        """That is promised from now on."""
        self._shortest = shortest
        self._steady = steady

    def follow(self, links: int) -> None:
        """There are so many links now."""
        if self._steady:
            return
        wanted = max(self._shortest, sqrt(links / FEW))
        reached = max([self._shortest, *(step for step in STEPS if step <= wanted)])
        # Down only when it is a whole step too long: links come and go.
        if reached > self.seconds or wanted < self.seconds * 0.8:
            self.seconds = reached
