"""
The route for Prometheus. What it takes is loaded when somebody asks for the first time.

What is to be told is gathered first, some peers at a time, as the node has pings to answer; then it
is written at one go, which takes a millisecond or two whatever the number of peers.
"""

from collections.abc import Iterable, Iterator
from heapq import nlargest
from importlib import import_module
from itertools import islice
from typing import Any, Final, TypeVar

from attrs import frozen
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.web.server import Request

from gossip.control import answers, parameters
from gossip.control.lag import Lag
from gossip.control.parameters import NoQuery
from gossip.control.parts import routes
from gossip.mesh.figures import Figures, Glimpse, Instruments, Loss, median
from gossip.mesh.status import LinkStatus, NodeStatus, NotLinked, PeerStatus, Unknown, Window
from gossip.wire.census import Histogram

WORST: Final = 20
"""Peers that are told one by one. All pairs of 1,000 nodes were a million series."""

WORST_LOST: Final = 10
"""Those of them that may be without a link, the last that was lost first. The rest have one."""

BATCH: Final = 1000
"""Links looked at in one turn: about a millisecond."""

T = TypeVar("T")


@frozen(kw_only=True)
class Scrape:
    """All that one answer tells."""

    node: NodeStatus
    counters: dict[str, float]
    figures: Figures
    lag: Histogram
    links: int
    median_rtt: float | None
    """Seconds, over the smoothed round trips of all links."""
    wall: float
    clock_offset: float | None
    lost: tuple[PeerStatus, ...]
    worst: tuple[tuple[LinkStatus, Glimpse], ...]
    """Links with lost pings first, then the slowest."""


class Metrics:
    """What Prometheus asks for."""

    app = routes()

    def __init__(self, window: Window, instruments: Instruments, clock: IReactorTime) -> None:
        self._window = window
        self._instruments = instruments
        self._clock = clock
        self._lag = Lag(clock)
        self._exposition: Any = None

    def stop(self) -> None:
        """Nobody asks any more."""
        self._lag.stop()

    @app.route("/metrics", methods=["GET"])
    async def metrics(self, request: Request) -> bytes:
        """All figures, in the format that the request prefers."""
        parameters.query(request.uri, NoQuery)
        if self._exposition is None:
            # 14 ms and 1 MB, which nodes that nobody scrapes need not pay.
            self._exposition = import_module("gossip.control.exposition").Exposition()
        self._lag.start()
        scrape = await self._scrape()
        written, media_type = self._exposition.write(scrape, request.getHeader("accept") or "")
        return answers.body(request, written, media_type)

    async def _scrape(self) -> Scrape:
        glimpses = await self._all(self._instruments.glimpses())
        losses = await self._all(self._instruments.losses())
        # Each of these looks at every peer, for a millisecond or two where there are 10,000.
        many = len(glimpses) + len(losses) >= BATCH
        lost = tuple(self._known(nlargest(WORST_LOST, losses, key=_lately)))
        chosen = worst(glimpses, WORST - len(lost))
        await self._turn(many)
        median_rtt = median(seen.mean for seen in glimpses if seen.mean is not None)
        offset = self._instruments.clock_offset()
        await self._turn(many)
        counters = dict(self._window.counters())
        await self._turn(many)
        return Scrape(
            node=self._window.status(),
            counters=counters,
            figures=self._instruments.figures,
            lag=self._lag.histogram,
            links=len(glimpses),
            median_rtt=median_rtt,
            wall=self._instruments.wall(),
            clock_offset=offset,
            lost=lost,
            worst=tuple(self._linked(chosen)),
        )

    async def _turn(self, many: bool) -> None:
        if many:
            await deferLater(self._clock, 0)

    async def _all(self, items: Iterable[T]) -> list[T]:
        found: list[T] = []
        rest = iter(items)
        while batch := list(islice(rest, BATCH)):
            found += batch
            await self._turn(len(batch) == BATCH)
        return found

    def _known(self, losses: Iterable[Loss]) -> Iterator[PeerStatus]:
        for loss in losses:
            try:
                peer = self._window.peer(loss.peer)
            except Unknown:
                continue
            if peer.state != "alive":
                yield peer

    def _linked(self, glimpses: Iterable[Glimpse]) -> Iterator[tuple[LinkStatus, Glimpse]]:
        for seen in glimpses:
            try:
                yield self._window.link(seen.peer), seen
            except (Unknown, NotLinked):
                continue


def worst(glimpses: list[Glimpse], places: int) -> list[Glimpse]:
    """Half of the places for those that lost most of their pings, the others for the slowest."""
    losing = [seen for seen in glimpses if seen.lost > 0]
    found = nlargest(places // 2, losing, key=_share)
    taken = {seen.peer for seen in found}
    slow = (seen for seen in glimpses if seen.mean is not None and seen.peer not in taken)
    return found + nlargest(places - len(found), slow, key=_slowness)


def _lately(loss: Loss) -> float:
    return loss.since


def _share(seen: Glimpse) -> float:
    return seen.lost


def _slowness(seen: Glimpse) -> float:
    return seen.mean or 0.0
