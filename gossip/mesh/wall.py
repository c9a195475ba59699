"""
The wall clock by which records go: that of this machine, unless it jumps away from everybody's. Pure.

A wall clock is set wrong more often than one thinks: by hand, by a broken server of time, by a
battery that died. What it showed a moment ago, and how much time has passed since by a steady
clock, is the other candidate. Where the two part, peers decide: each said in its `hello` what its
own clock shows. They choose between two clocks of ours, and can make us believe no third one.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from gossip.trust.identity import PeerId

SLEW: Final = 10.0
"""Seconds by which the machine's clock may step and is simply believed. NTP corrects drift in steps
far below it, and it is a sixth of the shortest `ttl`: nobody's record expires by it."""

LOST_COUNTS: Final = 600.0
"""Seconds for which the word of a peer counts that has no link any more. A node that lost everybody
still knows what time it is; one whose machine stood still, without a clock that counts this, must
not hold on to what it heard before."""

MOST_LOST: Final = 64
"""Peers without a link whose word counts."""


class Jump(NamedTuple):
    """The machine's clock jumped, or is judged anew."""

    seconds: float
    """How far it is from the clock that was believed before."""
    agree: int
    """Peers whose clocks agree with it."""
    asked: int
    """Peers whose clocks agree with it, or with the one that was believed before."""
    believed: bool
    """Whether records go by it now."""


class Wall:
    """See the module. Called, it returns Unix time."""

    def __init__(self, system: Callable[[], float], steady: Callable[[], float]) -> None:
        """`system` is the machine's clock; `steady` goes on by itself, also in a suspended one."""
        self._system = system
        self._steady = steady
        # All clocks are kept as what is to be added to the steady one.
        self._seen = self._anchor = system() - steady()
        self._believed = True
        self._linked: dict[PeerId, float] = {}
        self._lost: dict[PeerId, tuple[float, float]] = {}
        self._news: Jump | None = None

    def __call__(self) -> float:
        """What time it is."""
        now = self._steady()
        self._read(now)
        return now + self._anchor

    def heard(self, peer: PeerId, time: float) -> None:
        """A peer that has no link, but had one, said what its clock shows."""
        now = self._steady()
        if peer in self._linked:
            self._linked[peer] = time - now
        else:
            self._keep(peer, time - now, now)

    def linked(self, peer: PeerId, time: float) -> None:
        """A peer has a link, and said in its `hello` what its clock shows."""
        self._lost.pop(peer, None)
        self._linked[peer] = time - self._steady()

    def lost(self, peer: PeerId) -> None:
        """A peer has no link any more."""
        offset = self._linked.pop(peer, None)
        if offset is not None:
            self._keep(peer, offset, self._steady())

    def ahead(self, peer: PeerId) -> float | None:
        """Seconds by which a linked peer's clock is ahead of ours; None where there is no link."""
        offset = self._linked.get(peer)
        return None if offset is None else offset - (self() - self._steady())

    def offsets(self) -> list[float]:
        """By how many seconds the clock of each linked peer was ahead of this machine's, as it said last."""
        seen = self._system() - self._steady()
        return [offset - seen for offset in self._linked.values()]

    def look(self) -> Jump | None:
        """What has changed since the last call, if anything; once a second is often enough."""
        now = self._steady()
        self._read(now)
        if not self._believed:
            self._judge(now, jumped=False)
        news, self._news = self._news, None
        return news

    def _keep(self, peer: PeerId, offset: float, now: float) -> None:
        self._lost.pop(peer, None)
        self._lost[peer] = offset, now + LOST_COUNTS
        if len(self._lost) > MOST_LOST:
            del self._lost[next(iter(self._lost))]

    def _read(self, now: float) -> None:
        seen = self._system() - now
        jumped = abs(seen - self._seen) > SLEW
        self._seen = seen
        if jumped:
            self._judge(now, jumped=True)
        elif self._believed:
            self._anchor = seen

    def _judge(self, now: float, *, jumped: bool) -> None:
        gap = self._seen - self._anchor
        if abs(gap) <= SLEW:
            agree, asked, self._believed = 0, 0, True
        else:
            agree, asked = self._ask(now, gap)
            # Where they are of two minds nothing changes.
            self._believed = not asked or 2 * agree > asked
        if self._believed:
            self._anchor = self._seen
        if jumped or self._believed:
            self._news = Jump(gap, agree, asked, self._believed)

    def _ask(self, now: float, gap: float) -> tuple[int, int]:
        heard = list(self._linked.values())
        heard += [offset for offset, until in self._lost.values() if until > now]
        # Whoever is nearer to neither than half of what lies between them has a clock of its own.
        near = [
            abs(offset - self._seen) < abs(offset - self._anchor)
            for offset in heard
            if min(abs(offset - self._seen), abs(offset - self._anchor)) < abs(gap) / 2
        ]
        return sum(near), len(near)
