"""
Questions for rows: answered, probed for, or passed on one hop (PROTOCOL, rows).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from attrs import define, field
from msgspec import UNSET, UnsetType
from twisted.internet.defer import DeferredList
from twisted.internet.interfaces import IReactorTime

from gossip.mesh.attempt import Ending
from gossip.mesh.echoes import Echoes
from gossip.mesh.link import Link
from gossip.settings import Limits
from gossip.sight.asks import WAIT_ABOUT, WAIT_ALL, Asks, speaks
from gossip.sight.ownrow import OwnRow
from gossip.trust.identity import PeerId
from gossip.trust.rows import Ended
from gossip.wire.bucket import Bucket, Rate
from gossip.wire.messages import GetRow, Row, Sealed

PROBE_WAIT: Final = 0.5
"""Seconds for an answer to a probe: who asked waits for a second in all, of which the lines take a part."""

PROBES: Final = Rate(per_second=50, at_once=200)
"""Pings for others, to all peers together; the reason is that of `requests.PINGS`."""

RELAYS: Final = 64
"""Questions that are passed on at a time."""

RELAYS_EACH: Final = 16
"""The same for one peer."""

_ENDED: Final[Mapping[str, Ended]] = {"silent": "s", "closed": "c"}


@define(eq=False, kw_only=True)
class Rows:
    """See the module."""

    own_row: OwnRow
    asks: Asks
    linked: Mapping[PeerId, Link]
    ping: Callable[[Link], int]
    """Sends one; its number."""
    echoes: Echoes
    clock: IReactorTime
    limits: Limits
    _probes: Bucket = field(factory=lambda: Bucket(PROBES), init=False)
    _relays: Counter[Link] = field(factory=Counter, init=False)

    def heard(self, link: Link, message: GetRow | Row) -> None:
        """A peer asks, or answers."""
        if isinstance(message, Row):
            self.asks.heard(link, message)
        elif message.author in (UNSET, self.own_row.book.own.id):
            self._answer(link, message)
        else:
            self._pass_on(link, message)

    def probes(self) -> int:
        """How many pings for others may be sent now; a question that takes more is declined."""
        return self._probes.left(self.clock.seconds())

    def opened(self, link: Link) -> None:
        """A peer has a link: its pings are kept for an hour."""
        assert link.peer is not None
        link.round_trips.past = self.own_row.trails.linked(link.peer).past
        self.own_row.changed()

    def lost(self, link: Link, ending: Ending) -> None:
        """A peer has none any more."""
        assert link.peer is not None
        assert link.session is not None
        heard_at, now = link.session.heard_at, self.clock.seconds()
        self.own_row.trails.lost(link.peer, heard_at, now, _ENDED.get(ending.code))
        self.own_row.changed()

    def closed(self, link: Link) -> None:
        """A link is gone."""
        self.asks.closed(link)

    def _answer(self, link: Link, question: GetRow) -> None:
        about = None if isinstance(question.about, UnsetType) else _peers(question.about)
        if question.probe is not True or about is None:
            self._say(link, question.ask, self.own_row.parts(question.show, about))
            return
        begun, links = self.clock.seconds(), [self.linked[p] for p in about if p in self.linked]
        if len(links) > self.probes():
            self._say(link, question.ask, None)
            return
        self._probes.spend(len(links))
        link.charge(len(links))
        pongs = [self.echoes.wait(one, self.ping(one), PROBE_WAIT) for one in links]

        def probed(answered: Sequence[tuple[bool, object]]) -> None:
            # An answer counts, however soon it came; so does whatever else was said since.
            heard = {
                one.peer: there or one.heard_since(begun)
                for one, (there, _) in zip(links, answered, strict=True)
                if one.peer is not None
            }
            self._say(link, question.ask, self.own_row.parts(question.show, about, heard))

        # In the next turn: what was lost meanwhile is known to be lost by then.
        later = DeferredList(pongs, consumeErrors=True)
        later.addCallback(lambda answered: self.clock.callLater(0, probed, answered))

    def _say(self, link: Link, ask: int, parts: Iterator[Sealed] | None) -> None:
        if parts is None or not link.row(self._frames(link, ask, parts)):
            link.tell(Row(ask, more=False))

    def _frames(self, link: Link, ask: int, parts: Iterator[Sealed]) -> Iterator[Row]:
        before = next(parts, None)
        while before is not None:
            link.charge(self.limits.record_cost)
            after = next(parts, None)
            yield Row(ask, more=after is not None, sealed=before)
            before = after

    def _pass_on(self, link: Link, question: GetRow) -> None:
        assert not isinstance(question.author, UnsetType)
        author = self.linked.get(PeerId(question.author))
        full = self._relays.total() >= RELAYS or self._relays[link] >= RELAYS_EACH
        if author is None or author is link or full or not speaks(author):
            link.tell(Row(question.ask, more=False))
            return
        self._relays[link] += 1
        link.charge(self.limits.record_cost)
        passed = GetRow(
            ask=self.asks.number(), show=question.show, about=question.about, probe=question.probe
        )
        wait = WAIT_ALL if isinstance(question.about, UnsetType) else WAIT_ABOUT
        self.asks.put(author, passed, _Relay(self, link, question.ask), wait)

    def relayed(self, link: Link) -> None:
        """A question that was passed on is settled."""
        self._relays[link] -= 1
        if not self._relays[link]:
            del self._relays[link]


@define(eq=False)
class _Relay:
    """A row that another one wants to know."""

    rows: Rows
    link: Link
    ask: int
    _ended: bool = False

    def take(self, row: Row) -> bool:
        """Pass it on as it is."""
        self.link.charge(self.rows.limits.record_cost)
        said = self.link.row(iter([Row(self.ask, row.more, row.sealed)]))
        self._ended = said and not row.more
        return said

    def end(self) -> None:
        """Say so, where the answer has no end of its own."""
        self.rows.relayed(self.link)
        if not self._ended:
            self.link.tell(Row(self.ask, more=False))


def _peers(ids: Sequence[str]) -> list[PeerId]:
    # Each once, as they stand there.
    return list(dict.fromkeys(map(PeerId, ids)))
