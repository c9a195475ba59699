"""
What happened since the start, as distributions and by kind: for those who collect time series. Pure.

All of it is kept while it happens, at the cost of an addition or a bisection each, so that a look at
a node with 10,000 peers costs no more than one at a node with ten. Every set of labels is bounded
here: what peers make up is counted as `OTHER`.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Protocol

from attrs import define, field

from gossip.mesh.status import Event, PeerAlive, PeerDead, PeerLeft, Refused, Verdict
from gossip.wire.census import OTHER, Census, Histogram

ROUND_TRIPS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01),
    *(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
"""Seconds: from one machine to a line on which a node is about to be held dead."""

MOST_DEAD: Final = 4096
"""Peers whose silence is measured until they come back; 1 MiB. Of more, the longest dead go first."""

OUTCOMES: Final = (
    *("admitted", "duplicate", "nowhere", "unreachable", "closed", "tls", "timeout", "identity"),
    *("self", "network", "refused", "protocol", "overload", "leaving"),
)
"""How a dial may end: admitted, or with a code of PROTOCOL §5 or of our own."""

CODES: Final = OUTCOMES[2:]
"""Those of a connection that is told of as refused."""

VERDICTS: Final = ("dead", "cut", "left", "me")


@define(eq=False)
class Figures:
    """See the module."""

    census: Census = field(factory=Census)
    """What went over all links, and how long peers were silent on them."""
    round_trips: Histogram = field(factory=lambda: Histogram(ROUND_TRIPS))
    """Of all answered pings to all peers, in seconds."""
    dials: dict[str, int] = field(factory=lambda: dict.fromkeys((*OUTCOMES, OTHER), 0))
    """By how they ended."""
    refusals: dict[str, int] = field(factory=lambda: dict.fromkeys((*CODES, OTHER), 0))
    """By their codes."""
    verdicts: dict[str, int] = field(factory=lambda: dict.fromkeys((*VERDICTS, OTHER), 0))
    _dead: OrderedDict[str, float] = field(factory=OrderedDict)
    """Since when those were silent that are dead."""

    def dialed(self, code: str) -> None:
        """A dial ended."""
        _count(self.dials, code)

    def happened(self, event: Event, now: float) -> None:
        """An event; `now` is of a monotonic clock."""
        if isinstance(event, PeerAlive):
            self._came_back(event.peer, now)
        elif isinstance(event, PeerDead):
            self._died(event.peer, now - event.silent_s)
        elif isinstance(event, PeerLeft):
            self._dead.pop(event.peer, None)
        elif isinstance(event, Refused):
            _count(self.refusals, event.code)
        elif isinstance(event, Verdict):
            _count(self.verdicts, event.verdict)

    def _died(self, peer: str, since: float) -> None:
        self._dead[peer] = since
        self._dead.move_to_end(peer)
        if len(self._dead) > MOST_DEAD:
            self._dead.popitem(last=False)

    def _came_back(self, peer: str, now: float) -> None:
        since = self._dead.pop(peer, None)
        if since is not None:
            self.census.gaps.observe(now - since)


def _count(table: dict[str, int], code: str) -> None:
    table[code if code in table else OTHER] += 1


class Glimpse(NamedTuple):
    """As much of one link as it takes to compare it with others."""

    peer: str
    mean: float | None
    """Seconds, smoothed; None where no answer has come."""
    lost: float
    """Share of the pings whose fate is known that were not answered, 0 to 1."""


class Loss(NamedTuple):
    """A peer that had a link and has none, and did not leave."""

    peer: str
    since: float
    """Unix seconds at which it had one last."""


class Instruments(Protocol):
    """What is measured all the time, and what is cheap to look at. Nothing here blocks."""

    figures: Figures

    def glimpses(self) -> Iterator[Glimpse]:
        """Every link that is up at the time of the call, as far as it still is; read at leisure."""

    def losses(self) -> Iterator[Loss]:
        """Every peer that was lost at the time of the call, likewise."""

    def clock_offset(self) -> float | None:
        """Seconds by which the clocks of most linked peers are ahead of this machine's: the median."""

    def wall(self) -> float:
        """Unix time, as this machine has it."""


def median(values: Iterable[float]) -> float | None:
    """The middle one of them, the lower of two; None where there is none."""
    found = sorted(values)
    return found[(len(found) - 1) // 2] if found else None
