"""
Others are asked about some peers, which they probe: the indirect probe of SWIM.

A. Das, I. Gupta and A. Motivala: SWIM (2002), §3.1. Who is heard by one of those others is asked through
it what it hears of us.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gossip.mesh.book import Book
from gossip.mesh.link import Link
from gossip.mesh.trail import Trails
from gossip.sight.asks import Asks, Told, speaks
from gossip.sight.verdicts import Back, Saying
from gossip.trust.identity import PeerId
from gossip.trust.rows import DIGITS, Full

WITNESSES: Final = 5
"""Who are asked: enough that not all are wrong at once, and the same in a network of a thousand."""

FRESH: Final = 1.5
"""Heartbeats within which one was heard who is asked first: who is silent may be lost as well."""

_SAYS: Final = {"u": "up", "q": "down", "d": "down", "l": "left", "n": "unmet"}


@frozen
class Heard:
    """What became known of one peer."""

    sayings: tuple[Saying, ...]
    back: Back | None


def witnesses(
    linked: Mapping[PeerId, Link], about: Sequence[PeerId], random: Random, now: float
) -> list[Link]:
    """Some who can be asked about these, drawn from those that were heard just now."""
    fresh: list[Link] = []
    others: list[Link] = []
    for link in _drawn(list(linked.values()), random):
        if speaks(link) and link.peer not in about:
            (fresh if _fresh(link, now) else others).append(link)
            if len(fresh) == WITNESSES:
                break
    return (fresh + others)[:WITNESSES]


def _drawn(links: list[Link], random: Random) -> Iterator[Link]:
    # One by one, by Fisher and Yates: of ten thousand links five are wanted, sixteen times in a turn.
    for left in range(len(links), 0, -1):
        place = random.randrange(left)
        links[place], links[left - 1] = links[left - 1], links[place]
        yield links[left - 1]


def _fresh(link: Link, now: float) -> bool:
    return link.session is not None and link.heard_since(now - FRESH * link.session.promise)


@define(eq=False, kw_only=True)
class Hearing:
    """See the module. `over` fires with what is known, when all have answered or the time is up."""

    asks: Asks
    book: Book
    trails: Trails
    clock: IReactorTime
    about: Sequence[PeerId]
    witnesses: Sequence[Link]
    until: float
    """By `clock`."""
    over: Deferred[Mapping[PeerId, Heard]] = field(factory=Deferred)
    _told: dict[PeerId, Told | None] = field(factory=dict)
    _backs: dict[PeerId, Back | None] = field(factory=dict)
    _crossed: int = 0
    _alarm: IDelayedCall | None = None

    def begin(self) -> None:
        """Ask."""
        left = max(0.0, self.until - self.clock.seconds())
        self._alarm = self.clock.callLater(left, self._end)
        for link in self.witnesses:
            told = self.asks.ask(link, "full", about=self.about, probe=True, wait=left)
            told.addCallback(self._answered, link)
        self._maybe_end()

    def _answered(self, told: Told | None, link: Link) -> None:
        assert link.peer is not None
        self._told[link.peer] = told
        for peer in self.about:
            if peer not in self._backs and _entry(told, peer, "u") is not None:
                self._backs[peer] = None
                self._cross(peer, link)
        self._maybe_end()

    def _cross(self, peer: PeerId, link: Link) -> None:
        """Ask the lost one itself, through one who hears it."""
        left = self.until - self.clock.seconds()
        if self.over.called or left <= 0 or link.closing:
            return
        self._crossed += 1
        me = self.book.own.id
        told = self.asks.ask(link, "full", author=peer, about=[me], wait=left)
        told.addCallback(self._had_back, peer)

    def _had_back(self, told: Told | None, peer: PeerId) -> None:
        self._crossed -= 1
        entry, trail = _entry(told, self.book.own.id), self.trails.get(peer)
        if entry is not None and trail is not None:
            silence = self.clock.seconds() - trail.heard_at
            self._backs[peer] = Back(
                up=entry.state == "u",
                quiet=entry.quiet,
                silence=silence,
                ended=entry.ended,
                ours=trail.ended,
            )
        self._maybe_end()

    def _maybe_end(self) -> None:
        if len(self._told) == len(self.witnesses) and not self._crossed:
            self._end()

    def _end(self) -> None:
        if self.over.called:
            return
        if self._alarm is not None and self._alarm.active():
            self._alarm.cancel()
        self.over.callback({peer: self._heard(peer) for peer in self.about})

    def _heard(self, peer: PeerId) -> Heard:
        sayings = (self._saying(link, peer) for link in self.witnesses)
        return Heard(tuple(sayings), self._backs.get(peer))

    def _saying(self, link: Link, peer: PeerId) -> Saying:
        assert link.peer is not None
        entry, witness = _entry(self._told.get(link.peer), peer), self.book.get(link.peer)
        return Saying(
            by=link.peer,
            name="" if witness is None else witness.record.name,
            says="nothing" if entry is None else _SAYS[entry.state],
            since=None if entry is None else entry.since,
        )


def _entry(told: Told | None, peer: PeerId, state: str | None = None) -> Full | None:
    for entry in () if told is None else told.entries:
        if entry.peer == peer[:DIGITS] and state in (None, entry.state):
            return entry if isinstance(entry, Full) else None
    return None
