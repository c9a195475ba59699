"""
When a peer was lost, others are asked whose fault it is, and the verdict is told (PROTOCOL, rows).

A verdict holds until the peer is back, or has left. While it stays dead others are asked again now and
then, so that one who was cut off and dies, or comes back where we cannot see it, is called what it is.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from typing import Final

from attrs import define, field, frozen
from twisted.internet.interfaces import IReactorTime

from gossip.mesh.agenda import NEVER, Agenda
from gossip.mesh.beat import Beat
from gossip.mesh.book import Book, PeerState
from gossip.mesh.link import Link
from gossip.mesh.status import Event, PeerAlive, PeerDead, PeerLeft, Tell, Verdict
from gossip.mesh.trail import HOUR, Trails
from gossip.sight.asks import Asks
from gossip.sight.hearing import Heard, Hearing, witnesses
from gossip.sight.verdicts import Evidence, Judgement, judge
from gossip.trust.identity import PeerId
from gossip.wire.messages import MOST_ABOUT

GATHERED: Final = 0.05
"""Seconds in which losses are gathered into one question: a split takes many at once."""

DECIDED: Final = 0.9
"""Seconds from a loss to its verdict at most; promised is one."""

MOST: Final = 256
"""Losses about which others are asked at the same time: 16 questions to each of 5."""

AGAIN: Final = 60.0
"""Seconds until others are asked once more about some who stay dead, 16 at a time."""

WINDOW: Final = 3
"""Heartbeats within which losses count as one: silence is noticed after so many."""

SILENT: Final = 1.9
"""Heartbeats of silence after which a peer counts as lost, when it is asked how many are: where a line to
many is cut, they are given up within a heartbeat of each other, and the first ones not before two."""


@define(eq=False)
class Case:
    """A peer that is dead, as far as this node can tell."""

    event: PeerDead
    at: float
    judgement: Judgement | None = None
    stale: bool = False
    """Whether what others said of it was old once: it is judged by what they say next, however late."""

    @property
    def peer(self) -> PeerId:
        """Who it is."""
        return PeerId(self.event.peer)


@frozen
class _Loss:
    at: float
    peer: PeerId
    closed: bool
    """Whether the other end closed the link: so the path to it was whole then."""


@define(eq=False, kw_only=True)
class Inquest:
    """See the module."""

    book: Book
    linked: Mapping[PeerId, Link]
    asks: Asks
    trails: Trails
    clock: IReactorTime
    agenda: Agenda
    random: Random
    beat: Beat
    """The heartbeat of this node; others in a network of its size have about the same."""
    tell: Tell
    _cases: dict[PeerId, Case] = field(factory=dict, init=False)
    _new: list[Case] = field(factory=list, init=False)
    _spared: "deque[Case]" = field(factory=deque, init=False)
    """Those about whom nobody is asked, until they are judged: no more than there are cases."""
    _under_way: int = field(default=0, init=False)
    _losses: "deque[_Loss]" = field(factory=lambda: deque(maxlen=1000), init=False)
    _gather_at: float = field(default=NEVER, init=False)
    _again_at: float = field(default=NEVER, init=False)

    def happened(self, event: Event) -> None:
        """Something became of a peer."""
        if isinstance(event, PeerDead):
            self._died(event)
        elif isinstance(event, PeerAlive | PeerLeft):
            self._cases.pop(PeerId(event.peer), None)

    def unreachable(self, peer: PeerId) -> bool:
        """Whether a dead peer is heard by others, as far as was found out."""
        case = self._cases.get(peer)
        return case is not None and case.judgement is not None and bool(case.judgement.heard_by)

    def tick(self, now: float) -> None:
        """Losses were gathered, or it is time to ask again."""
        if now >= self._gather_at:
            self._gather_at = NEVER
            new, self._new = self._new, []
            self._try([case for case in new if self._is_open(case)])
        else:
            self._judge_spared()
        if now >= self._again_at:
            self._ask_again(now)
        self._set()

    def evidence(
        self, peer: PeerId, heard: Heard | None, silent: Callable[[], int] | None = None
    ) -> Evidence:
        """
        What is known of a peer that was lost; `heard` is None where nobody was asked.

        What was lost with it counts until it is back. `silent` tells how many will be lost soon, where
        that was counted already.
        """
        window, case, now = WINDOW * self.beat.seconds, self._cases.get(peer), self.clock.seconds()
        at = now if case is None else case.at
        soon = (silent or self._silent)() if now <= at + window else 0
        linked = len(self.linked) - soon
        with_it = [
            loss
            for loss in self._losses
            if abs(loss.at - at) <= window and loss.peer not in self.linked
        ]
        # While others are linked, they tell of those that closed their links.
        lost = {loss.peer for loss in with_it if not (loss.closed and linked)}
        return Evidence(
            sayings=() if heard is None else heard.sayings,
            back=None if heard is None else heard.back,
            grace=1.5 * self.beat.seconds,
            lost=len(lost) + soon,
            linked=linked,
            closed=not soon and all(loss.closed for loss in with_it),
            spared=heard is None,
        )

    def hearing(self, about: Sequence[PeerId], until: float) -> Hearing:
        """Ask others about some peers."""
        now = self.clock.seconds()
        return Hearing(
            asks=self.asks,
            book=self.book,
            trails=self.trails,
            clock=self.clock,
            about=about,
            witnesses=witnesses(self.linked, about, self.random, now),
            until=until,
        )

    def judged(self, peer: PeerId, judgement: Judgement) -> None:
        """Others were asked about a peer: where it is dead, that is its verdict now."""
        case = self._cases.get(peer)
        if case is None or not self._is_open(case):
            return
        before, case.judgement = case.judgement, judgement
        if before is None or before.verdict != judgement.verdict:
            self.tell(
                Verdict(
                    peer=peer,
                    name=case.event.name,
                    address=case.event.address,
                    verdict=judgement.verdict,
                    one_way=judgement.one_way,
                    asked=judgement.asked,
                    heard_by=judgement.heard_by,
                    reason=judgement.reason,
                )
            )

    def _died(self, event: PeerDead) -> None:
        now, peer = self.clock.seconds(), PeerId(event.peer)
        self.trails.died(peer, now)
        trail = self.trails.get(peer)
        self._losses.append(_Loss(now, peer, closed=trail is not None and trail.ended == "c"))
        case = self._cases[peer] = Case(event, now)
        self._new.append(case)
        self._gather_at = min(self._gather_at, now + GATHERED)
        self._again_at = min(self._again_at, now + AGAIN)
        self._set()

    def _set(self) -> None:
        at = self.clock.seconds() if self._spared else NEVER
        self.agenda.set(self, min(at, self._gather_at, self._again_at))

    def _is_open(self, case: Case) -> bool:
        entry = self.book.get(case.peer)
        dead = entry is not None and entry.state is PeerState.DEAD
        return dead and self._cases.get(case.peer) is case

    def _try(self, cases: Sequence[Case]) -> None:
        room = max(0, MOST - self._under_way)
        self._spared.extend(cases[room:])
        for at in range(0, min(room, len(cases)), MOST_ABOUT):
            some = cases[at : min(room, at + MOST_ABOUT)]
            self._hear(some, DECIDED - GATHERED)

    def _judge_spared(self) -> None:
        # Some in a turn, and between the turns sockets are read: with ten thousand links each of them
        # would take a hundredth of a second by itself, and a thousand may be lost at once.
        silent = cache(self._silent)
        for _ in range(min(MOST_ABOUT, len(self._spared))):
            case = self._spared.popleft()
            if self._is_open(case):
                self.judged(case.peer, judge(self.evidence(case.peer, None, silent)))

    def _silent(self) -> int:
        """How many linked peers will soon be lost, if nothing comes of them."""
        now = self.clock.seconds()
        sessions = (link.session for link in self.linked.values())
        return sum(s is not None and now - s.heard_at >= SILENT * s.promise for s in sessions)

    def _hear(self, cases: Sequence[Case], seconds: float) -> None:
        self._under_way += len(cases)
        # From now on, and not from when this turn began: many links may have been lost in it.
        until = self.clock.seconds() + seconds
        hearing = self.hearing([case.peer for case in cases], until)
        hearing.over.addCallback(self._heard, cases, until)
        hearing.begin()

    def _heard(self, heard: Mapping[PeerId, Heard], cases: Sequence[Case], until: float) -> None:
        self._under_way -= len(cases)
        silent, now = cache(self._silent), self.clock.seconds()
        if now > until + DECIDED and not all(case.stale for case in cases):
            # This node did not run meanwhile: what it has been told was so then.
            for case in cases:
                case.stale = True
            self._new += cases
            self._gather_at = now
            self._set()
            return
        for case in cases:
            first, said = case.judgement is None, heard[case.peer]
            # Where nobody has anything to say of it, what was found out before holds.
            if first or any(one.says != "nothing" for one in said.sayings):
                self.judged(case.peer, judge(self.evidence(case.peer, said, silent)))

    def _ask_again(self, now: float) -> None:
        self._cases = {peer: case for peer, case in self._cases.items() if self._is_open(case)}
        self._again_at = now + AGAIN if self._cases else NEVER
        due = [
            case
            for case in self._cases.values()
            if case.judgement is not None and (self.unreachable(case.peer) or case.at > now - HOUR)
        ][:MOST_ABOUT]
        for case in due:
            # It is the last one in turn, from now on.
            self._cases[case.peer] = self._cases.pop(case.peer)
        if due and self.linked and self._under_way < MOST:
            self._hear(due, DECIDED)
