"""
A node that is none, for tests of those who ask one.

`python -m tests.control.fakes SOCKET [SECONDS]` serves it on a Unix socket, with an event a second.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from attrs import define, field
from msgspec.structs import replace
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from gossip.control import unixsocket
from gossip.control.front import Front
from gossip.control.sight import Sight
from gossip.mesh.figures import Figures, Glimpse, Loss
from gossip.mesh.status import (
    Conflict,
    LinkStatus,
    NodeStatus,
    NotLinked,
    Occurrence,
    PeerStatus,
    Refusal,
    RoundTripTimes,
    Unknown,
)
from gossip.sight.picture import (
    Diagnosis,
    Finding,
    Matrix,
    MatrixNode,
    PairStatus,
    PastTimes,
    Report,
)
from gossip.sight.verdicts import Saying

BEGUN = 1_700_000_000.0
OURS = "00" * 32

NAMES = (
    "node-b",
    "node-c",
    "\x1b[2J\x1b[31mred\x07",
    "\u202eevil\u2066 <img src=x onerror=alert(1)>",
    "表" * 64,
    "ab/cd%2F?#\n",
    "node-b",
    "\ud800lone",
)
"""Of the peers: two are equal, and most were not chosen in good faith."""

STATES_OF_PEERS = ("alive", "dead", "unreachable", "left", "unmet")
"""All that there are."""

STATES = ("alive", "alive", "alive", "dead", "left", "unmet", "dead", "alive")


def peer(number: int) -> PeerStatus:
    """One of the peers."""
    state, met = STATES[number], STATES[number] != "unmet"
    first = f"{0xAB + (number % 2) * 0x11:02x}{number % 6:02x}"
    return PeerStatus(
        id=first * 15 + f"{number:04x}",
        name=NAMES[number],
        state=state,
        addresses=(f"10.0.0.{number}:8080", f"[2001:db8::{number}]:8080"),
        address=f"10.0.0.{number}:8080" if met else None,
        rtt_ms=0.25 * (number + 1) if state == "alive" else None,
        first_linked=BEGUN + number if met else None,
        last_linked=BEGUN + 100 * number if met else None,
        tags={"rack": f"r{number % 2}", "zone": "a=b" if number == 1 else "\x1b]0;x\x07"},
        seq=1_700_000_000_000 + number,
        expires=BEGUN + 86_400,
    )


def link(of: PeerStatus) -> LinkStatus:
    """The link to one of them."""
    times = RoundTripTimes(last=of.rtt_ms, mean=0.5, p50=0.4, p99=3.25, jitter=0.125)
    if of.name.startswith("node-c"):
        times = RoundTripTimes(last=None, mean=None, p50=None, p99=None, jitter=0.0)
    return LinkStatus(
        peer=of.id,
        name=of.name,
        address=of.address or "",
        direction="dialed" if of.seq % 2 else "accepted",
        since=BEGUN + 5,
        rtt_ms=times,
        pings_sent=100,
        pings_answered=97,
        pings_missed=3,
        bytes_in=123_456,
        bytes_out=65_432,
        frames_in=321,
        frames_out=123,
        cipher="TLS_AES_256_GCM_SHA384",
    )


@define(eq=False)
class FakeWindow:
    """Stands for what can be seen of a node."""

    everyone: list[PeerStatus] = field(factory=lambda: [peer(n) for n in range(len(NAMES))])
    uptime: float = 12.5
    broken: Exception | None = None
    """Raised by whatever is asked, where it is set."""

    def status(self) -> NodeStatus:
        """How the node is."""
        self._check()
        counts = dict.fromkeys(STATES_OF_PEERS, 0)
        for each in self.everyone:
            counts[each.state] += 1
        return NodeStatus(
            id=OURS,
            name="node-a",
            port=8080,
            addresses=("0.0.0.0:8080", "[::]:8080"),
            advertised=("10.0.0.100:8080",),
            network="default",
            version="0.0.fake",
            started=BEGUN,
            uptime_s=self.uptime,
            view="0123456789abcdef",
            period_s=5.0,
            heartbeat_s=1.0,
            tags={"rack": "r0"},
            peers=counts,
        )

    def peers(self) -> Iterable[PeerStatus]:
        """Everyone."""
        self._check()
        return iter(list(self.everyone))

    def peer(self, peer: str) -> PeerStatus:
        """One."""
        self._check()
        for each in self.everyone:
            if each.id == peer:
                return each
        raise Unknown(peer)

    def links(self) -> Iterable[LinkStatus]:
        """Of those that are alive."""
        self._check()
        return (link(each) for each in self.everyone if each.state == "alive")

    def link(self, peer: str) -> LinkStatus:
        """One."""
        found = self.peer(peer)
        if found.state != "alive":
            raise NotLinked(peer)
        return link(found)

    def counters(self) -> Mapping[str, float]:
        """A few."""
        self._check()
        return {"links": 4, "frames_in": 1234, "bytes_in": 56789.0, "dials": 17}

    def _check(self) -> None:
        if self.broken is not None:
            raise self.broken


def matrix(size: int = 3) -> Matrix:
    """A matrix of so many nodes, in which not everybody hears everybody."""
    pairs = [[_pair(row, column) for column in range(size)] for row in range(size)]
    return Matrix(
        time=BEGUN,
        nodes=tuple(_node(number) for number in range(size)),
        links=tuple("".join(sign for sign, _, _ in row) for row in pairs),
        rtt_ms=tuple(tuple(rtt for _, rtt, _ in row) for row in pairs),
        lost=tuple(tuple(lost for _, _, lost in row) for row in pairs),
    )


def _node(number: int) -> MatrixNode:
    of = peer(number % len(NAMES))
    own = number == 0
    return MatrixNode(
        id=OURS if own else f"{number:04x}{of.id[4:]}",
        name="node-a" if own else of.name,
        state="alive" if own else of.state,
        tags=of.tags,
        row=("own", "told", "through", "mute", "silent")[number % 5],
        through=OURS if number % 5 == 2 else None,
        age_s=None if number % 5 > 2 else 0.25,
    )


def _pair(row: int, column: int) -> tuple[str, float | None, float | None]:
    if row == column:
        return "-", None, None
    if row % 5 > 2:
        return "?", None, None
    return ("d", None, 1.0) if (row + column) % 7 == 0 else ("u", 0.25 + row / 7, 0.0)


PAST = (
    PastTimes(since=BEGUN, mean_ms=0.5, worst_ms=1.5, pings=6, lost=0),
    PastTimes(since=BEGUN + 30, mean_ms=None, worst_ms=None, pings=6, lost=6),
)


@define(eq=False)
class FakeLookout:
    """Stands for what other nodes would say."""

    window: FakeWindow = field(factory=FakeWindow)
    size: int = 3
    """Of the matrix."""
    waiting: "Deferred[None] | None" = None
    """What every answer waits for."""
    asked: list[tuple[str, ...]] = field(factory=list)

    async def matrix(self) -> Matrix:
        """A matrix."""
        await self._wait("matrix")
        return matrix(self.size)

    async def pair(self, author: str, peer: str) -> PairStatus:
        """One pair; who has no link cannot be asked."""
        await self._wait("pair", author, peer)
        for each in (author, peer):
            if each != OURS:
                self.window.peer(each)
        if author != OURS:
            self.window.link(author)
        times = RoundTripTimes(last=1.0, mean=0.5, p50=0.4, p99=3.25, jitter=0.125)
        return PairStatus(
            author=author,
            peer=peer,
            state="up",
            since=BEGUN,
            quiet_s=0.5,
            direction="dialed",
            rtt_ms=times,
            lost=0.5,
            bytes_in=123,
            bytes_out=456,
            losses=2,
            age_s=0.25,
            through=None if author == OURS else OURS,
            past=PAST,
        )

    async def report(self) -> Report:
        """Two things are wrong."""
        await self._wait("report")
        one, other = peer(3).id, peer(1).id
        return Report(
            time=BEGUN,
            ok=False,
            sentence="One node is dead.",
            asked=4,
            answered=3,
            findings=(
                Finding(
                    kind="dead",
                    severity="error",
                    sentence=f"{NAMES[3]} is dead.",
                    peers=(one,),
                    pairs=(),
                    since=BEGUN,
                ),
                Finding(
                    kind="one_way",
                    severity="warning",
                    sentence="One way only.",
                    peers=(),
                    pairs=((one, other),),
                    since=None,
                ),
            ),
        )

    async def diagnosis(self, peer: str) -> Diagnosis:
        """It is cut off."""
        await self._wait("diagnosis", peer)
        return Diagnosis(
            peer=peer,
            name="node-a" if peer == OURS else self.window.peer(peer).name,
            verdict="cut",
            one_way="from_peer",
            since=BEGUN,
            sentences=("It is cut.", f"{NAMES[2]} hears it."),
            sayings=(
                Saying(by=OURS, name="node-a", says="down", since=BEGUN),
                Saying(by=peer, name=NAMES[2], says="nothing", since=None),
            ),
        )

    def past(self, peer: str) -> tuple[PastTimes, ...]:
        """One that was answered, and one that was not."""
        self.window.peer(peer)
        return PAST

    async def _wait(self, *asked: str) -> None:
        self.asked.append(asked)
        if self.waiting is not None:
            await self.waiting


@define(eq=False)
class FakeDesk:
    """Stands for a node that does what it is asked, and remembers that it was."""

    window: FakeWindow = field(factory=FakeWindow)
    asked: list[tuple[str, ...]] = field(factory=list)
    pinging: "Deferred[float] | None" = None
    """What a ping waits for; it is answered at once where there is none."""
    stop: Callable[[], object] = lambda: None

    async def ping(self, peer: str) -> float:
        """Ping."""
        self.asked.append(("ping", peer))
        found = self.window.link(peer)
        if self.pinging is not None:
            return await self.pinging
        return found.rtt_ms.last or 0.5

    def connect(self, address: str) -> None:
        """Connect."""
        if not re.fullmatch("[^\n]+:[0-9]{1,5}(#[0-9a-f]{64})?", address):
            raise Refusal(f"{address!r} is not host:port")
        self.asked.append(("connect", address))

    def forget(self, peer: str) -> None:
        """Forget."""
        found = self.window.peer(peer)
        if found.state == "alive":
            raise Conflict("the peer has a link; it can be forgotten when it is gone")
        self.window.everyone.remove(found)
        self.asked.append(("forget", peer))

    def leave(self) -> None:
        """Leave."""
        self.asked.append(("leave",))
        self.stop()

    def reload(self) -> tuple[str, ...]:
        """Reload."""
        self.asked.append(("reload",))
        return ("name", "tag")


@define(eq=False)
class FakeChronicle:
    """Stands for what a node remembers of what happened."""

    kept: list[Occurrence] = field(factory=list)
    told: list[Callable[[Occurrence], None]] = field(factory=list)

    def since(self, number: int, limit: int) -> list[Occurrence]:
        """The oldest after a number."""
        return [each for each in self.kept if each.number > number][:limit]

    def latest(self, limit: int, *, before: int | None = None) -> list[Occurrence]:
        """The newest before a number."""
        return [each for each in self.kept if before is None or each.number < before][-limit:]

    def subscribe(self, tell: Callable[[Occurrence], None]) -> Callable[[], None]:
        """Tell of what happens from now on."""
        self.told.append(tell)
        return lambda: self.told.remove(tell)

    def happen(self, occurrence: Occurrence) -> None:
        """Let something happen; it gets the next number unless it is a ping."""
        if occurrence.event != "ping":
            newest = self.kept[-1].number if self.kept else 0
            occurrence = replace(occurrence, number=newest + 1)
            self.kept.append(occurrence)
        for tell in tuple(self.told):
            tell(occurrence)


def occurrence(number: int) -> Occurrence:
    """Something that happens to one of the peers, of all kinds in turn."""
    one = peer(number % len(NAMES))
    whose = {"peer": one.id, "name": one.name, "address": one.address or "10.0.0.9:8080"}
    kinds: list[tuple[str, dict[str, object]]] = [
        ("peer_alive", {**whose, "direction": "dialed", "first": number < 6}),
        ("ping", {**whose, "seq": number, "text": "hi\n\x1b[1mdata: x", "rtt_ms": 0.5}),
        ("peer_dead", {**whose, "reason": "silent for 3.0 s", "silent_s": 3.0}),
        ("peer_left", {**whose}),
        (
            "verdict",
            {
                **whose,
                "verdict": "cut",
                "one_way": None,
                "asked": 5,
                "heard_by": [one.id],
                "reason": "node-c\x1b[1m hears it",
            },
        ),
        ("refused", {"peer": None, "address": "1.2.3.4:5", "code": "bad", "reason": "\x1b[0m"}),
        ("identity_mismatch", {"address": "1.2.3.4:5", "expected": one.id, "found": "12" * 32}),
    ]
    event, members = kinds[number % len(kinds)]
    return Occurrence(number=0, time=BEGUN + number, event=event, members=members)


def chronicle(events: int = 20) -> FakeChronicle:
    """A history in which something has happened."""
    made = FakeChronicle()
    for number in range(events):
        made.happen(occurrence(number))
    return made


@define(eq=False)
class FakeInstruments:
    """Stands for what is measured: as many links and losses as a test wants."""

    figures: Figures = field(factory=Figures)
    links: list[Glimpse] = field(factory=list)
    lost: list[Loss] = field(factory=list)

    def glimpses(self) -> Iterator[Glimpse]:
        """Every link."""
        return iter(self.links)

    def losses(self) -> Iterator[Loss]:
        """Every peer that was lost."""
        return iter(self.lost)

    def clock_offset(self) -> float | None:
        """As of one whose peers are a little ahead."""
        return 0.25 if self.links else None

    def wall(self) -> float:
        """A time."""
        return BEGUN + 60.5


def sight(
    window: FakeWindow | None = None,
    history: FakeChronicle | None = None,
    lookout: FakeLookout | None = None,
    instruments: FakeInstruments | None = None,
) -> Sight:
    """What is seen of a node that is none."""
    return Sight(
        window=window or FakeWindow(),
        chronicle=history or chronicle(),
        lookout=lookout or FakeLookout(),
        instruments=instruments or FakeInstruments(),
    )


def serve(path: str, seconds: float) -> None:
    """Serve a fake node until it is told to leave, or time is up."""
    reactor: Any = global_reactor
    window, history, numbers = FakeWindow(), chronicle(), count(20)
    desk = FakeDesk(window, stop=lambda: reactor.callLater(0.1, reactor.stop))
    front = Front(sight(window, history), desk, reactor)
    port = unixsocket.listen(path, front, reactor)

    def live() -> None:
        window.uptime += 1
        history.happen(occurrence(next(numbers)))

    async def stop() -> None:
        await port.stopListening()
        await front.stop()

    LoopingCall(live).start(1.0)
    reactor.callLater(seconds, reactor.stop)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(stop()))
    reactor.run()


if __name__ == "__main__":
    serve(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 3600)
