"""
How often somebody may do something: so many times at once, and a rate in the long run. Pure.
"""

from typing import NamedTuple

from attrs import define, field


class Rate(NamedTuple):
    """What may be done in the long run, and at once."""

    per_second: float
    at_once: int


@define(eq=False, repr=False)
class Bucket:
    """Tokens that come back at a rate; it begins full. `now` is any monotonic clock in seconds."""

    rate: Rate
    _at: float = float("-inf")
    _level: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        """It begins full."""
        self._level = float(self.rate.at_once)

    def left(self, now: float) -> int:
        """How many whole tokens there are now."""
        if now != self._at:
            earned = (now - self._at) * self.rate.per_second
            self._level = min(float(self.rate.at_once), self._level + earned)
            self._at = now
        return max(0, int(self._level))

    def spend(self, tokens: float) -> None:
        """So many are gone. There may be fewer than none then, until as many have come back."""
        self._level -= tokens

    def take(self, now: float) -> bool:
        """Take one; False where there is none."""
        if self.left(now) < 1:
            return False
        self.spend(1)
        return True
