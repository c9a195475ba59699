"""
A load of peers: one process that holds many links to one node, as PROTOCOL.md has it.

Each peer has a key, a record and a loopback address of its own (127.x.y.z), from which it dials, and
at which nobody listens: whoever dials it back is refused at once. Peers ping and beat on one wheel.
They hold the view that the node told last, as peers do that know all that it knows, and tell rows of
a network that they are not (`benchmarks.tales`).

Run as `python -m benchmarks.load PORT FIRST COUNT PERIOD HEARTBEAT`, for peers FIRST to FIRST + COUNT.
With a PERIOD of 0 they only answer, which is enough to live where the node pings each heartbeat.
It prints events as JSON lines, and reads words from stdin: `link` (link all, and go on until
all are), `abort` (cut all), `report`. It ends with its stdin.
"""

import json
import math
import sys
import time
from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import chain, cycle, islice
from typing import Any, Final

from twisted.internet import reactor as _reactor
from twisted.internet import stdio
from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.task import LoopingCall
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from benchmarks.measure import quantile
from benchmarks.peers import HOST, Counts, Link, Peer, Plan, address
from benchmarks.tales import Tales
from gossip.wire.bucket import Bucket, Rate

AT_ONCE: Final = 48
"""Dials under way: fewer than the 64 or 128 places that a node has for connections without link."""
EARLY: Final = 400
"""Links after which it is told how many came a second: a node slows down a crowd of 1,000."""
TICK: Final = 0.01
"""Seconds between two places of the wheel."""
AGAIN: Final = 0.25
"""Seconds before another try, where a dial came to nothing: the node lets in so many a second."""
PACE: Final = Rate(per_second=90, at_once=450)
"""Dials of one process: half of what a node lets in, since there are two of them."""
TIMED: Final = 8
"""Round trips are timed where there are no more links than this: of a process that has others to
serve, they would tell of itself."""


class Load:
    """All of them."""

    def __init__(self, plan: Plan, reactor: Any) -> None:
        self.plan = plan
        self.counts = Counts()
        self.view = "0" * 16
        self.timed = plan.count <= TIMED
        self.peers = [Peer(plan.first + i, self) for i in range(plan.count)]
        self.tales = Tales(lambda number: self.peers[number - plan.first].linked)
        for peer in self.peers:
            self.tales.add(peer.number, peer.identity)
        self._reactor = reactor
        self._wanted: deque[Peer] = deque()
        self._dialing = 0
        self._pace = Bucket(PACE)
        self._later: Any = None
        self._linking = False
        self._begun = 0.0
        self._early = math.nan
        self._link_seconds = 0.0
        self._wheel: list[dict[Link, None]] = [{} for _ in range(max(1, round(plan.look / TICK)))]
        self._turn = cycle(self._wheel)
        if plan.period:
            LoopingCall.withCount(self._tick).start(TICK, now=False)

    def link(self) -> None:
        """Link all that have no link, and whoever loses it, again and again."""
        self._linking, self._begun, self._early = True, time.monotonic(), math.nan
        self._wanted.extend(peer for peer in self.peers if not peer.linked)
        self._dial()

    def abort(self) -> None:
        """Cut all links, and make none."""
        self._linking = False
        self._wanted.clear()
        for link in self._links():
            ITCPTransport(link.transport).abortConnection()

    def up(self, link: Link) -> None:
        """A link is up."""
        link.peer.linked = True
        self.tales.changed()
        self._dialing -= 1
        self.counts.up += 1
        self._slot(link)[link] = None
        took = time.monotonic() - self._begun
        if self.counts.up == min(EARLY, self.plan.count):
            self._early = self.counts.up / took
        if self.counts.up == self.plan.count:
            tell("linked", seconds=took, early_per_second=self._early, tries=self.counts.tries)
        self._dial()

    def lost(self, link: Link) -> None:
        """A connection is gone: after a link at once, else a little later, another is tried."""
        if link.since is None:
            self._failed(link.peer)
            return
        link.peer.linked = False
        self.tales.changed()
        self.counts.up -= 1
        self.counts.lost += 1
        self._link_seconds += time.monotonic() - link.since
        del self._slot(link)[link]
        if self._linking and not link.peer.left:
            self._wanted.append(link.peer)
            self._dial()

    def report(self) -> None:
        """Tell all that is counted; round trips since the last time."""
        counts, now = self.counts, time.monotonic()
        alive = sum(now - link.since for link in self._links() if link.since is not None)
        tell(
            "report",
            up=counts.up,
            pings=counts.pings,
            pongs=counts.pongs,
            lost=counts.lost,
            rows=counts.rows,
            cpu=time.process_time(),
            byes=counts.byes,
            link_seconds=self._link_seconds + alive,
            trips=len(counts.trips),
            p50=quantile(counts.trips, 0.5),
            p99=quantile(counts.trips, 0.99),
        )
        counts.trips.clear()

    def _dial(self) -> None:
        while self._wanted and self._dialing < AT_ONCE:
            if not self._pace.take(self._reactor.seconds()):
                # Else half of all dials would be turned away, which costs the node as well.
                if self._later is None or not self._later.active():
                    self._later = self._reactor.callLater(TICK, self._dial)
                return
            peer = self._wanted.popleft()
            self._dialing += 1
            self.counts.tries += 1
            self._connect(peer)

    def _connect(self, peer: Peer) -> None:
        source = (address(peer.number), 0)
        endpoint = TCP4ClientEndpoint(self._reactor, HOST, self.plan.port, bindAddress=source)
        factory = Factory.forProtocol(partial(Link, peer))
        factory.noisy = False
        secured = wrapClientTLS(peer.credentials, endpoint, clock=self._reactor)
        dialing = secured.connect(factory)
        # What fails later, its link tells.
        dialing.addErrback(lambda _: self._failed(peer))

    def _failed(self, peer: Peer) -> None:
        self._dialing -= 1
        if self._linking:
            self._reactor.callLater(AGAIN, self._again, peer)

    def _again(self, peer: Peer) -> None:
        if self._linking and not peer.linked and not peer.left:
            self._wanted.append(peer)
            self._dial()

    def _slot(self, link: Link) -> dict[Link, None]:
        return self._wheel[link.peer.number % len(self._wheel)]

    def _links(self) -> Iterator[Link]:
        return chain.from_iterable(list(slot) for slot in self._wheel)

    def _tick(self, turns: int) -> None:
        # Those that were missed while this process was busy, too: nobody's ping is left out.
        for slot in islice(self._turn, min(turns, len(self._wheel))):
            now = time.perf_counter()
            for link in list(slot):
                link.beat(now)


class Words(LineOnlyReceiver):
    """Does what it is told by lines."""

    delimiter = b"\n"

    def __init__(self, load: Load, reactor: Any) -> None:
        self._does = {b"link": load.link, b"abort": load.abort, b"report": load.report}
        self._reactor = reactor

    def lineReceived(self, line: bytes) -> None:
        """One word."""
        self._does[line]()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Whoever told it is gone."""
        self._reactor.stop()


def tell(event: str, **members: object) -> None:
    """Print an event."""
    sys.stdout.write(json.dumps({"event": event, **members}) + "\n")
    sys.stdout.flush()


def main(words: list[str], reactor: Any = _reactor) -> None:
    """Run until stdin ends."""
    load = Load(Plan.of(words), reactor)
    stdio.StandardIO(Words(load, reactor))
    tell("ready")
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1:])
