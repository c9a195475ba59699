"""
The node's own row: what it says of its links when it is asked, sealed (PROTOCOL, rows).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from gossip.mesh.agenda import Agenda
from gossip.mesh.book import Book, Entry, PeerState
from gossip.mesh.link import Link
from gossip.mesh.trail import RECENT, STRETCH, Trail, Trails
from gossip.mesh.wall import Wall
from gossip.settings import agent
from gossip.trust import rows
from gossip.trust.identity import PeerId
from gossip.trust.rows import DIGITS, ROOM, Brief, Full, Past, State, Stretch
from gossip.wire.bucket import Bucket, Rate
from gossip.wire.messages import Sealed, Show
from gossip.wire.session import Role

SAME: Final = 1.0
"""Seconds for which the same question has the same answer."""

MOST_KEPT: Final = 64
"""Answers that are kept for so long: of those that ask about a peer that died, each asks the same."""

SEALS: Final = Rate(per_second=50, at_once=300)
"""Parts that are sealed. An RSA key of 4096 bits takes 5 ms for one: a quarter of a core; others take
a twentieth of that. When many died at once, many ask."""

Probed: TypeAlias = Mapping[PeerId, bool]
"""Which of the peers that were probed were heard."""

_STATES: Final[Mapping[PeerState, State]] = {
    PeerState.UNMET: "n",
    PeerState.ALIVE: "d",
    PeerState.DEAD: "d",
    PeerState.LEFT: "l",
}
"""Of a peer without a link; one that is alive has just lost it."""

_NO_LINK: Final = (None, None, None, 0, 0, 0, 0, None)
"""What is told of a link, from p50 to who dialed, where there is none."""


@define(eq=False)
class _Said:
    """One answer, made as far as somebody has taken it."""

    at: float
    _source: Iterator[Sealed]
    _made: list[Sealed] = field(factory=list)

    def parts(self) -> Iterator[Sealed]:
        """All of it, for one more."""
        at = 0
        while True:
            if at == len(self._made):
                part = next(self._source, None)
                if part is None:
                    return
                self._made.append(part)
            yield self._made[at]
            at += 1


@define(eq=False, kw_only=True)
class OwnRow:
    """See the module."""

    sign: Callable[[bytes], bytes]
    book: Book
    linked: Mapping[PeerId, Link]
    trails: Trails
    clock: IReactorTime
    wall: Wall
    agenda: Agenda
    _seq: int = field(default=0, init=False)
    _said: dict[tuple[Show, tuple[PeerId, ...] | None], _Said] = field(factory=dict, init=False)
    _seals: Bucket = field(factory=lambda: Bucket(SEALS), init=False)

    def parts(
        self, show: Show, about: Sequence[PeerId] | None, probed: Probed | None = None
    ) -> Iterator[Sealed] | None:
        """
        The row, part by part as it is taken; None where too many were asked for lately.

        What was `probed` is told as it is now; else it may be what was told within the last second.
        """
        now = self.clock.seconds()
        key = show, None if about is None else tuple(about)
        said = self._said.get(key)
        if said is not None and probed is None and now < said.at + SAME:
            return said.parts()
        if not self._seals.left(now):
            return None
        source = self._sealed(show, self._entries(show, about, probed or {}))
        if probed is not None:
            return source
        self._keep(key, _Said(now, source))
        return self._said[key].parts()

    def entry(self, peer: PeerId) -> Past:
        """What it says of one peer now, with all that it knows."""
        return self._past(peer, self.clock.seconds(), {})

    def full(self, peer: PeerId) -> Full:
        """The same without the past, of which there may be an hour."""
        return self._full(peer, self.clock.seconds(), {})

    def entries(self, show: Show) -> Iterator[Brief]:
        """What it says of all."""
        return self._entries(show, None, {})

    def past(self, peer: PeerId) -> Iterator[Stretch]:
        """Its pings to a peer within the last hour."""
        now, link, trail = self.clock.seconds(), self.linked.get(peer), self.trails.get(peer)
        if trail is not None:
            under_way = 0 if link is None else link.round_trips.under_way(now)
            offset = self.wall() - now
            for one in trail.past.stretches(now, under_way):
                since = round(one.since + offset, 1)
                yield Stretch(max(0.0, since), _ms(one.mean), _ms(one.worst), one.pings, one.lost)

    def tick(self, now: float) -> None:
        """Nobody asked for a second: what was said is not kept."""
        self._said = {key: said for key, said in self._said.items() if now < said.at + SAME}
        if self._said:
            self.agenda.set(self, min(said.at for said in self._said.values()) + SAME)

    def changed(self) -> None:
        """A link came up or was lost: what was said before is not true any more."""
        self._said.clear()

    def _keep(self, key: tuple[Show, tuple[PeerId, ...] | None], said: _Said) -> None:
        self._said.pop(key, None)
        if len(self._said) >= MOST_KEPT:
            del self._said[next(iter(self._said))]
        self._said[key] = said
        self.agenda.no_later(self, said.at + SAME)

    def _sealed(self, show: Show, entries: Iterable[Brief]) -> Iterator[Sealed]:
        # One clock may be set back while another is asked: what was said last is never below.
        seq = self._seq = max(int(self.wall() * 1000), self.book.own.seq, self._seq)
        batch: list[Brief] = []
        part, size = 1, 0
        for entry in entries:
            length = rows.length(entry)
            if batch and size + length > ROOM:
                yield self._seal(seq, show, part, batch, last=False)
                batch, size, part = [], 0, part + 1
            batch.append(entry)
            size += length
        yield self._seal(seq, show, part, batch, last=True)

    def _seal(self, seq: int, show: Show, part: int, batch: list[Brief], *, last: bool) -> Sealed:
        self._seals.spend(1)
        return rows.make(
            author=self.book.own.id,
            sign=self.sign,
            seq=seq,
            network=self.book.own.network,
            agent=agent(),
            show=show,
            part=part,
            last=last,
            entries=batch,
        ).sealed

    def _entries(
        self, show: Show, about: Sequence[PeerId] | None, probed: Probed
    ) -> Iterator[Brief]:
        make = {"brief": self._brief, "full": self._full, "past": self._past}[show]
        for peer in [peer for peer, _ in self.book] if about is None else about:
            # Each by the time at which it is told: the rest may be taken later.
            yield make(peer, self.clock.seconds(), probed)

    def _brief(self, peer: PeerId, now: float, probed: Probed) -> Brief:
        link, trail = self.linked.get(peer), self.trails.get(peer)
        if link is None:
            entry = self.book.get(peer)
            return Brief(peer[:DIGITS], "n" if entry is None else _STATES[entry.state])
        trips = link.round_trips
        lost = _lost(link, trail, now)
        state: State = "u" if probed.get(peer, True) else "q"
        return Brief(
            peer[:DIGITS], state, _ms(trips.mean), None if lost is None else round(lost, 3)
        )

    def _full(self, peer: PeerId, now: float, probed: Probed) -> Full:
        return Full(*self._members(peer, now, probed))

    def _past(self, peer: PeerId, now: float, probed: Probed) -> Past:
        members = (*self._members(peer, now, probed), list(self.past(peer)))
        return Past(*members)

    def _members(self, peer: PeerId, now: float, probed: Probed) -> tuple[Any, ...]:
        brief, link = self._brief(peer, now, probed), self.linked.get(peer)
        head = (brief.peer, brief.state, brief.rtt, brief.lost)
        trail, entry = self.trails.get(peer), self.book.get(peer)
        losses = 0 if trail is None else trail.losses(now)
        if link is None or link.session is None or link.linked_at is None:
            since, quiet = self._gone(entry, trail, now)
            ended = None if trail is None else trail.ended
            return (*head, since, quiet, *_NO_LINK, losses, None, ended)
        trips, session = link.round_trips, link.session
        ahead = self.wall.ahead(peer)
        return (
            *head,
            _moment(self.wall() - (now - link.linked_at)),
            _moment(now - session.heard_at),
            _ms(trips.percentile(50)),
            _ms(trips.percentile(99)),
            _ms(trips.jitter),
            trips.sent,
            trips.answered,
            session.traffic.bytes_in,
            session.traffic.bytes_out,
            "d" if link.role is Role.DIALER else "a",
            losses,
            # Not minus nothing.
            None if ahead is None else round(ahead, 1) + 0.0,
            None,
        )

    def _gone(
        self, entry: Entry | None, trail: Trail | None, now: float
    ) -> tuple[float | None, float | None]:
        """Since when a peer has no link, and for how long it was not heard."""
        if trail is not None and not trail.linked:
            return _moment(self.wall() - (now - trail.lost_at)), _moment(now - trail.heard_at)
        return None if entry is None else _moment(entry.last_linked), None


def _lost(link: Link, trail: Trail | None, now: float) -> float | None:
    """The share of the pings of the last minutes that were not answered, on this link."""
    trips = link.round_trips
    under_way = trips.under_way(now)
    if trail is not None and link.linked_at is not None and link.linked_at < now - RECENT * STRETCH:
        return trail.past.lost(now, under_way)
    # What was lost with the link before says nothing of this one.
    sent = trips.sent - under_way
    return max(0.0, 1 - trips.answered / sent) if sent > 0 else None


def _ms(seconds: float | None) -> float | None:
    # As far as it means anything: a hundredth of a millisecond.
    return None if seconds is None else round(min(seconds * 1000, 1e9), 2)


def _moment(seconds: float | None) -> float | None:
    return None if seconds is None or not 0 <= seconds <= 1e12 else round(seconds, 3)
