"""
How long a target waits before it is dialed again (PROTOCOL §8).
"""

from random import Random
from typing import NamedTuple

from gossip.mesh.book import Book
from gossip.mesh.target import Target
from gossip.settings import Limits


class Backoff(NamedTuple):
    """See the module. All waits are in seconds, and drawn."""

    limits: Limits
    book: Book
    random: Random

    def wait(self, target: Target) -> float:
        """Before the next dial of a target, by what has become of those before."""
        if self.spent(target):
            return self.limits.unmet_wait * self.random.uniform(1, 1.2)
        return self.after(max(target.failures, target.brief))

    def after(self, failures: int) -> float:
        """After so many failures in a row."""
        # Full jitter, so that those who lost one peer do not come back to it together.
        steps = min(failures, 20)
        most = min(self.limits.backoff_most, self.limits.backoff_first * 1.5**steps)
        return self.random.uniform(0, most)

    def soon(self) -> float:
        """Where it is time to dial all, and not in one turn."""
        return self.random.uniform(0, 4 * self.limits.backoff_first)

    def unmet(self, target: Target) -> bool:
        """Whether there is only hearsay of a target, and there never was a link to it."""
        entry = self.book.get(target.peer) if target.peer is not None else None
        return target.seed is None and (entry is None or not entry.met)

    def spent(self, target: Target) -> bool:
        """Whether it has had all the tries that hearsay gets."""
        return target.tries >= self.limits.unmet_tries and self.unmet(target)
