"""
What is remembered of a peer for an hour: its pings in stretches of 30 s, and how often it was lost. Pure.

Times in seconds by any monotonic clock. It grows as there is something to remember, to 2.5 KiB a peer.
"""

from array import array
from collections.abc import Iterator
from typing import Final

from attrs import define, field
from msgspec import Struct

from gossip.trust.identity import PeerId
from gossip.trust.rows import Ended

STRETCH: Final = 30.0
"""Seconds of which one line is kept."""

STRETCHES: Final = 120
HOUR: Final = STRETCH * STRETCHES
RECENT: Final = 10
"""Stretches by which a path is judged: five minutes."""

LATE: Final = 2.0
"""Seconds after which a ping without an answer counts as lost; sooner it is under way."""

MOST_LOSSES: Final = 32
"""Of one peer that are remembered: whoever was lost so often within an hour is lost all the time."""

_WIDTH: Final = 5
"""Numbers of a stretch: which one, mean, worst, pings, lost. Short floats hold the first for 15 years."""


class Stretch(Struct, frozen=True):
    """The pings of one stretch; round trips are None where no answer came."""

    since: float
    mean: float | None
    worst: float | None
    pings: int
    lost: int


@define(eq=False, weakref_slot=False)
class Past:
    """The pings to one peer."""

    _number: int = -1
    """Of the stretch that is open."""
    _sum: float = 0.0
    _worst: float = 0.0
    _pings: int = 0
    _answered: int = 0
    _kept: "array[float] | None" = None

    def ping(self, now: float) -> None:
        """One was sent."""
        number = int(now // STRETCH)
        if number != self._number:
            self._close(number)
        self._pings += 1

    def pong(self, begun: float, took: float) -> None:
        """The one that was sent then was answered."""
        number = int(begun // STRETCH)
        if number == self._number:
            self._answered += 1
            self._sum += took
            self._worst = max(self._worst, took)
        else:
            self._answered_late(number, took)

    def stretches(self, now: float, under_way: int = 0) -> Iterator[Stretch]:
        """The last hour, oldest first; `under_way` pings are neither answered nor lost yet."""
        first = int(now // STRETCH) - STRETCHES + 1
        kept = self._kept or array("f")
        for at in range(0, len(kept), _WIDTH):
            number, mean, worst, pings, lost = kept[at : at + _WIDTH]
            if number >= first:
                some = pings > lost
                yield Stretch(
                    number * STRETCH,
                    mean if some else None,
                    worst if some else None,
                    int(pings),
                    int(lost),
                )
        if self._number >= first and self._pings:
            answered = self._answered
            yield Stretch(
                self._number * STRETCH,
                self._sum / answered if answered else None,
                self._worst if answered else None,
                self._pings,
                max(0, self._pings - answered - under_way),
            )

    def lost(self, now: float, under_way: int) -> float | None:
        """The share of the pings of the last minutes that were not answered; None without any."""
        first = (int(now // STRETCH) - RECENT + 1) * STRETCH
        recent = [one for one in self.stretches(now, under_way) if one.since >= first]
        sent = sum(one.pings for one in recent) - under_way
        return sum(one.lost for one in recent) / sent if sent > 0 else None

    def _close(self, number: int) -> None:
        if self._pings:
            mean = self._sum / self._answered if self._answered else 0.0
            lost = self._pings - self._answered
            if self._kept is None:
                self._kept = array("f")
            self._kept.extend((self._number, mean, self._worst, self._pings, lost))
            del self._kept[: max(0, len(self._kept) - _WIDTH * (STRETCHES - 1))]
        self._number = number
        self._sum, self._worst, self._pings, self._answered = 0.0, 0.0, 0, 0

    def _answered_late(self, number: int, took: float) -> None:
        # It crossed the end of its stretch, seldom by more than one.
        kept = self._kept or array("f")
        for at in range(len(kept) - _WIDTH, -1, -_WIDTH):
            if kept[at] <= number:
                break
        else:
            return
        _, mean, worst, pings, lost = kept[at : at + _WIDTH]
        if kept[at] == number and lost:
            answered = pings - lost
            kept[at + 1] = (mean * answered + took) / (answered + 1)
            kept[at + 2] = max(worst, took)
            kept[at + 4] = lost - 1


@define(eq=False, weakref_slot=False)
class Trail:
    """One peer, for as long as it is linked, and an hour after."""

    past: Past = field(factory=Past)
    linked: bool = True
    heard_at: float = float("-inf")
    """When it was heard last; kept when its link is lost."""
    lost_at: float = float("-inf")
    """When its last link was lost."""
    ended: Ended | None = None
    """How that was."""
    lost: "array[float] | None" = None
    """When its links were lost: one that breaks and is made anew at once counts as well."""

    def losses(self, now: float) -> int:
        """How often it was lost within the last hour."""
        return sum(at > now - HOUR for at in self.lost or ())

    def was_lost(self, now: float) -> None:
        """Once more."""
        self.lost = self.lost or array("d")
        self.lost.append(now)
        del self.lost[:-MOST_LOSSES]


class Trails:
    """The trails of the peers that are linked, or were within the last hour; so many at most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._trails: dict[PeerId, Trail] = {}
        self._swept_at = float("-inf")

    def __len__(self) -> int:
        """How many there are."""
        return len(self._trails)

    def get(self, peer: PeerId) -> Trail | None:
        """Of one peer."""
        return self._trails.get(peer)

    def linked(self, peer: PeerId) -> Trail:
        """A peer has a link."""
        trail = self._trails.setdefault(peer, Trail())
        trail.linked = True
        return trail

    def lost(self, peer: PeerId, heard_at: float, now: float, ended: Ended | None = None) -> None:
        """A peer has none any more."""
        self._sweep(now)
        # Last are those that were lost last.
        trail = self._trails.pop(peer, None) or Trail()
        trail.linked, trail.heard_at, trail.lost_at, trail.ended = False, heard_at, now, ended
        self._trails[peer] = trail
        if ended is not None:
            trail.was_lost(now)

    def died(self, peer: PeerId, now: float) -> None:
        """A peer was given up."""
        trail = self._trails.get(peer)
        if trail is not None and trail.ended is None:
            # Else it counts from when its link was lost.
            trail.was_lost(now)

    def _sweep(self, now: float) -> None:
        if now < self._swept_at + STRETCH and len(self._trails) < self._most:
            return
        self._swept_at = now
        gone = [(peer, trail) for peer, trail in self._trails.items() if not trail.linked]
        for peer, trail in gone:
            if trail.lost_at < now - HOUR or len(self._trails) >= self._most:
                del self._trails[peer]
