"""
Looking at the whole network: others are asked, when somebody looks (see `gossip.sight.picture`).
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from gossip.mesh.book import PeerState
from gossip.mesh.link import Link
from gossip.mesh.status import NotLinked, PeerStatus, RoundTripTimes, Unknown
from gossip.sight import findings
from gossip.sight.asks import Asks, Told
from gossip.sight.diagnoses import diagnose, itself
from gossip.sight.gathering import Gathering
from gossip.sight.headline import headline
from gossip.sight.hearing import Heard
from gossip.sight.inquest import DECIDED, Inquest
from gossip.sight.marks import Marks
from gossip.sight.network import Numbers, Packed, Sight
from gossip.sight.ownrow import OwnRow
from gossip.sight.picture import Diagnosis, Matrix, PairStatus, PastTimes, Report
from gossip.sight.verdicts import judge
from gossip.trust.identity import PeerId
from gossip.trust.rows import Full, Past
from gossip.wire.messages import Show

BATCH: Final = 32
"""Rows that are made ready in one turn: 5 ms of a thousand nodes."""

FINDINGS: Final = 8
"""Findings of one turn: as long."""

FULL_UP_TO: Final = 200
"""Links of this node up to which a report reads full rows. Of a thousand they would be 150 MB, for what
is slow or flaps; beyond it the report tells of what is broken, of pings that are lost, and of what is slow
or flaps as this node itself sees it."""

T = TypeVar("T")

_STATES: Final[Mapping[str, str]] = {"u": "up", "q": "up", "d": "down", "l": "left", "n": "unmet"}


@define(eq=False, kw_only=True)
class Lookout:
    """See the module. It is the mesh's `picture.Lookout`."""

    asks: Asks
    own_row: OwnRow
    linked: Mapping[PeerId, Link]
    inquest: Inquest
    peers: Callable[[], Iterator[PeerStatus]]
    clock: IReactorTime
    _waiting: dict[Show, list[Deferred[Sight]]] = field(factory=dict, init=False)

    async def matrix(self) -> Matrix:
        """Who hears whom, from every row that can be had."""
        seen = await self._gathered("brief")
        numbers = Numbers()
        rows = (_row(row, place, len(seen), numbers) for place, row in enumerate(seen.rows))
        links, rtt, lost = zip(*await self._in_turns(rows, BATCH), strict=True)
        now = self.clock.seconds()
        return Matrix(
            time=self.own_row.wall(),
            nodes=tuple(node.shown(now) for node in seen.nodes),
            links=links,
            rtt_ms=rtt,
            lost=lost,
        )

    async def pair(self, author: str, peer: str) -> PairStatus:
        """
        What one node says of another; either may be this node.

        :raises Unknown: there is no such peer.
        :raises NotLinked: the author cannot be asked, not even through others.
        """
        who, whom = self._known(author), self._known(peer)
        if who == self.own_row.book.own.id:
            return _pair(who, whom, self.own_row.entry(whom), 0.0, None)
        told = await self._told(who, whom)
        entry = told.entries[0] if told is not None and told.entries else None
        if told is None or not isinstance(entry, Past):
            raise NotLinked("it cannot be asked, not even through others")
        age = max(0.0, self.clock.seconds() - told.at)
        return _pair(who, whom, entry, age, told.through)

    async def report(self) -> Report:
        """All that is wrong with the network."""
        seen = await self._gathered("full" if len(self.linked) < FULL_UP_TO else "brief")
        marks = await self._in_turns(map(Marks.of, seen.rows), BATCH)
        wrong = findings.ordered(await self._in_turns(findings.search(seen, marks), FINDINGS))
        return Report(
            time=self.own_row.wall(),
            ok=all(finding.severity == "note" for finding in wrong),
            sentence=headline(wrong, seen),
            asked=seen.asked,
            answered=seen.answered,
            findings=tuple(wrong),
        )

    async def _in_turns(self, made: Iterator[T], batch: int) -> list[T]:
        """All that is made, so many in a turn of the event loop."""
        found: list[T] = []
        while some := list(islice(made, batch)):
            found += some
            if len(some) == batch:
                await deferLater(self.clock, 0)
        return found

    async def diagnosis(self, peer: str) -> Diagnosis:
        """:raises Unknown: there is no such peer."""
        who, own = self._known(peer), self.own_row.book.own
        if who == own.id:
            return itself(who, own.name)
        heard = await self._heard(who)
        evidence = self.inquest.evidence(who, heard)
        entry = self.own_row.book.get(who)
        if entry is None:
            raise Unknown(f"the peer with the id {peer} was forgotten just now")
        if entry.state is PeerState.DEAD:
            self.inquest.judged(who, judge(evidence))
        return diagnose(
            peer=who,
            name=entry.record.name,
            ours=self.own_row.entry(who),
            state=entry.state.value,
            evidence=evidence,
            wall=self.own_row.wall(),
        )

    def past(self, peer: str) -> tuple[PastTimes, ...]:
        """
        This node's own pings to a peer in the last hour at most, oldest first; it asks nobody.

        :raises Unknown: there is no such peer.
        """
        return _past(self.own_row.entry(self._known(peer)))

    def _known(self, peer: str) -> PeerId:
        known, book = PeerId(peer), self.own_row.book
        if known != book.own.id and book.get(known) is None:
            raise Unknown(f"no peer with the id {peer}")
        return known

    def _gathered(self, show: Show) -> Deferred[Sight]:
        """All rows; who asks while others wait for the same shares it."""
        mine: Deferred[Sight] = Deferred()
        waiting = self._waiting.get(show)
        if waiting is not None:
            waiting.append(mine)
            return mine
        self._waiting[show] = [mine]
        gathering = self._gathering(show)
        gathering.gathered.addCallback(self._share, show)
        gathering.begin()
        return mine

    def _gathering(self, show: Show) -> Gathering:
        return Gathering(
            show=show,
            asks=self.asks,
            own_row=self.own_row,
            linked=self.linked,
            peers=self.peers,
            clock=self.clock,
        )

    def _share(self, seen: Sight, show: Show) -> None:
        for mine in self._waiting.pop(show):
            # Who does not wait any longer was told so already.
            if not mine.called:
                mine.callback(seen)

    async def _told(self, author: PeerId, about: PeerId) -> Told | None:
        """What an author says of one peer, told by itself or through another."""
        way = self.linked.get(author)
        if way is None:
            sayings = (await self._heard(author)).sayings
            hears = next((one.by for one in sayings if one.says == "up"), "")
            way = self.linked.get(PeerId(hears))
        if way is None:
            return None
        return await self.asks.ask(way, "past", author=author, about=[about])

    async def _heard(self, peer: PeerId) -> Heard:
        """What others say of one peer, which they probe."""
        hearing = self.inquest.hearing([peer], self.clock.seconds() + DECIDED)
        hearing.begin()
        return (await hearing.over)[peer]


def _row(
    row: Packed | None, place: int, size: int, numbers: Numbers
) -> tuple[str, tuple[float | None, ...], tuple[float | None, ...]]:
    if row is None:
        nothing = (None,) * size
        return _cells(row, place, size), nothing, nothing
    return _cells(row, place, size), numbers.known(row.rtt), numbers.known(row.lost)


def _cells(row: Packed | None, place: int, size: int) -> str:
    # In a matrix it does not matter why there is no link.
    cells = bytearray(b"?" * size) if row is None else row.cells.replace(b"l", b"d")
    cells[place] = ord("-")
    return cells.decode()


def _pair(author: str, peer: str, entry: Full, age: float, through: str | None) -> PairStatus:
    up = entry.state in "uq"
    return PairStatus(
        author=author,
        peer=peer,
        state=_STATES[entry.state],
        since=entry.since,
        quiet_s=entry.quiet,
        direction={"d": "dialed", "a": "accepted", None: None}[entry.dialed],
        rtt_ms=RoundTripTimes(
            last=None,
            mean=entry.rtt,
            p50=entry.p50,
            p99=entry.p99,
            jitter=entry.jitter or 0.0,
        )
        if up
        else None,
        lost=entry.lost,
        bytes_in=entry.bytes_in,
        bytes_out=entry.bytes_out,
        losses=entry.losses,
        age_s=age,
        through=through,
        past=_past(entry),
    )


def _past(entry: Full) -> tuple[PastTimes, ...]:
    if not isinstance(entry, Past):
        return ()
    return tuple(
        PastTimes(
            since=one.since, mean_ms=one.mean, worst_ms=one.worst, pings=one.pings, lost=one.lost
        )
        for one in entry.past
    )
