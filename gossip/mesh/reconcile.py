"""
Do we know the same peers? Asks those who know others, and tells what we know (PROTOCOL §7).

Equal views cost 16 digits. Where they differ, whoever notices asks; an answer that teaches nothing
makes the next question on that link later, so that two books that cannot become equal (one is full,
one clock is wrong) do not talk about it without end.
"""

from base64 import b64encode
from typing import Final

from attrs import define
from msgspec import UNSET
from twisted.internet.interfaces import IReactorTime

from gossip.mesh.agenda import Agenda
from gossip.mesh.book import Book
from gossip.mesh.link import Link
from gossip.settings import Limits
from gossip.wire import messages
from gossip.wire.messages import GetPeers

FEW: Final = 8
"""Records up to which all are asked for: below it the buckets are larger than the answer."""

_CALMEST: Final = 7
"""Doublings of the gap between fruitless questions: 64 s at most."""


@define(eq=False, repr=False)
class _Exchange:
    """What one link has said of its view, and what was asked on it."""

    reconciler: "Reconciler"
    link: Link
    view: str
    differing: int = 0
    """Frames in a row with a view that is not ours."""
    asked_at: float = float("-inf")
    fruitless: int = 0
    """Answers in a row that taught nothing."""
    taught: bool = False
    """Whether the answer under way taught something."""

    def tick(self, now: float) -> None:
        """The gap, or the wait for an answer, is over."""
        self.reconciler.due(self)


@define(eq=False, repr=False)
class _Reply:
    """What one link has asked, and when it was answered last."""

    reconciler: "Reconciler"
    link: Link
    question: GetPeers
    answered_at: float = float("-inf")
    guessed: frozenset[int] = frozenset()
    """The buckets of which the last answer held what the peer seemed to lack, and no more."""

    def tick(self, now: float) -> None:
        """The gap since the last answer is over."""
        self.reconciler.answer(self)


class Reconciler:
    """See the module."""

    def __init__(self, *, book: Book, clock: IReactorTime, agenda: Agenda, limits: Limits) -> None:
        self._book = book
        self._clock = clock
        self._agenda = agenda
        self._limits = limits
        self._exchanges: dict[Link, _Exchange] = {}
        self._asking: dict[_Exchange, None] = {}
        self._queue: dict[_Exchange, None] = {}
        self._replies: dict[Link, _Reply] = {}

    def opened(self, link: Link, view: str) -> None:
        """A link is up, and its hello told a view: ask at once where it differs."""
        exchange = self._exchanges[link] = _Exchange(self, link, view)
        if view != self._book.view():
            self._want(exchange)

    def view_heard(self, link: Link, view: str) -> None:
        """A frame told the peer's view."""
        exchange = self._exchanges.get(link)
        if exchange is None:
            return
        exchange.view = view
        if view == self._book.view():
            exchange.differing = exchange.fruitless = 0
            self._queue.pop(exchange, None)
            return
        exchange.differing += 1
        if exchange.differing >= 2:
            self._want(exchange)

    def answered(self, link: Link, *, learned: bool, more: bool) -> None:
        """Records came on a link, asked for or not."""
        exchange = self._exchanges.get(link)
        if exchange is None or exchange not in self._asking:
            return
        exchange.taught = exchange.taught or learned
        if not more:
            self._finish(exchange)
        elif learned:
            # Only what teaches something gets more time: an answer without end would keep its place.
            self._agenda.set(exchange, self._clock.seconds() + self._limits.sync_wait)

    def closed(self, link: Link) -> None:
        """A link is gone."""
        reply = self._replies.pop(link, None)
        if reply is not None:
            self._agenda.drop(reply)
        exchange = self._exchanges.pop(link, None)
        if exchange is None:
            return
        self._agenda.drop(exchange)
        self._queue.pop(exchange, None)
        if exchange in self._asking:
            del self._asking[exchange]
            self._next()

    def asked(self, link: Link, question: GetPeers) -> None:
        """
        A peer asks for records: tell it, as fast as it reads.

        Of questions that come faster than they may, the last one is answered when it may come.
        """
        reply = self._replies.setdefault(link, _Reply(self, link, question))
        reply.question = question
        ready = reply.answered_at + self._limits.sync_gap
        if self._clock.seconds() >= ready:
            self.answer(reply)
        else:
            self._agenda.no_later(reply, ready)

    def answer(self, reply: "_Reply") -> None:
        """Answer the question that came last."""
        self._agenda.drop(reply)
        reply.answered_at = self._clock.seconds()
        theirs = reply.question.bucket_bytes()
        book = self._book
        lacking = book.held() if theirs is None else book.lacking(theirs, reply.guessed)
        reply.guessed = lacking.guessed
        reply.link.answer(messages.answer(lacking.sealed()))

    def due(self, exchange: _Exchange) -> None:
        """The time of an exchange has come: it may be asked again, or its answer is overdue."""
        if exchange in self._asking:
            self._finish(exchange)
        else:
            self._next()

    def _want(self, exchange: _Exchange) -> None:
        if exchange in self._asking or exchange in self._queue:
            return
        self._queue[exchange] = None
        self._next()

    def _finish(self, exchange: _Exchange) -> None:
        del self._asking[exchange]
        self._agenda.drop(exchange)
        exchange.fruitless = 0 if exchange.taught else min(exchange.fruitless + 1, _CALMEST)
        exchange.differing = 0
        self._next()

    def _next(self) -> None:
        now = self._clock.seconds()
        for exchange in list(self._queue):
            if len(self._asking) >= self._limits.syncs:
                return
            if exchange.view == self._book.view():
                # Another link's answer has made the books equal in the meantime.
                del self._queue[exchange]
                continue
            ready = exchange.asked_at + self._gap(exchange)
            if now < ready:
                self._agenda.no_later(exchange, ready)
                continue
            del self._queue[exchange]
            self._ask(exchange, now)

    def _gap(self, exchange: _Exchange) -> float:
        # The first fruitless answer is nothing unusual: the record that differed may be on its way.
        return self._limits.sync_gap * float(2 ** max(0, exchange.fruitless - 1))

    def _ask(self, exchange: _Exchange, now: float) -> None:
        self._asking[exchange] = None
        exchange.asked_at = now
        exchange.taught = False
        few = len(self._book) <= FEW
        buckets = UNSET if few else b64encode(self._book.buckets()).decode()
        self._agenda.set(exchange, now + self._limits.sync_wait)
        exchange.link.tell(GetPeers(buckets))
