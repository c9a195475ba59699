"""
One key in two processes: how it is told from a restart, and how often people are told of it. Pure.

A process that was stopped never comes back. So an `instance` that had a link before, and knocks
while another one of the same key has it, proves that both run.
"""

from typing import Final

from attrs import define, field

from gossip.trust.identity import PeerId

MOST_INSTANCES: Final = 8
"""Processes of one peer that are remembered, the latest seen. Two that are used at the same time are
seen at least once a minute, as the backoff of dials is; so many restarts do not come in between."""

CALM: Final = 3600.0
"""Seconds after the last sign of something until it is said again."""

MOST_SUSPECTS: Final = 1000
"""Peers of whom signs are counted. More would only help whoever invents some."""


@define(eq=False, repr=False)
class Instances:
    """Which processes of each peer had a link here."""

    most: int
    """Peers remembered, the latest linked."""
    _seen: dict[PeerId, dict[str, None]] = field(factory=dict)

    def __len__(self) -> int:
        """How many peers are remembered."""
        return len(self._seen)

    def linked(self, peer: PeerId, instance: str) -> None:
        """A process of a peer has a link."""
        seen = self._seen.pop(peer, {})
        self._seen[peer] = seen
        self._latest(seen, instance)
        if len(self._seen) > self.most:
            del self._seen[next(iter(self._seen))]

    def back(self, peer: PeerId, instance: str) -> bool:
        """Whether a process that knocks had a link before, and so is no restart."""
        seen = self._seen.get(peer, {})
        if instance not in seen:
            return False
        self._latest(seen, instance)
        return True

    def _latest(self, seen: dict[str, None], instance: str) -> None:
        seen.pop(instance, None)
        seen[instance] = None
        if len(seen) > MOST_INSTANCES:
            del seen[next(iter(seen))]


@define(eq=False, repr=False)
class Signs:
    """Counts signs of something about peers: says it once, and again only after a long calm."""

    enough: int
    """How many it takes: one may be chance."""
    _counts: dict[PeerId, tuple[int, float]] = field(factory=dict)

    def __len__(self) -> int:
        """Of how many peers there were signs."""
        return len(self._counts)

    def sign(self, peer: PeerId, now: float) -> bool:
        """One more; whether it is to be said now."""
        count, last = self._counts.pop(peer, (0, now))
        count = 1 if now >= last + CALM else count + 1
        self._counts[peer] = count, now
        if len(self._counts) > MOST_SUSPECTS:
            del self._counts[next(iter(self._counts))]
        return count == self.enough

    def clear(self, peer: PeerId) -> None:
        """There was nothing to it."""
        self._counts.pop(peer, None)
