"""
Keeps every peer of the book, and every seed, dialed until there is a link (PROTOCOL §8).

Healing is an invariant here, not an event: whoever has no link is dialed, for ever, with backoff.
Backoff is reset by admission only, since an open socket proves nothing.
"""

from collections.abc import Callable
from random import Random
from typing import Protocol as Interface

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectingCancelledError
from twisted.logger import Logger
from twisted.python.failure import Failure

from gossip.logs import levels
from gossip.mesh.addresses import Address
from gossip.mesh.admission import DUPLICATE
from gossip.mesh.attempt import Ending
from gossip.mesh.backoff import Backoff
from gossip.mesh.book import Book
from gossip.mesh.course import Course, Roads
from gossip.mesh.link import Surroundings
from gossip.mesh.places import Places
from gossip.mesh.routes import NOWHERE, Routes
from gossip.mesh.target import Dialing, Target
from gossip.settings import Seed
from gossip.trust.identity import PeerId

RETURNED_GAP = 30.0
"""Seconds between two times that all are dialed soon because a dead peer came back."""

CHANGED_GAP = 5.0
"""The same where we moved or slept. The dials of the time before have barely grown apart by then."""


class Outcomes(Interface):
    """Whom the dialer tells how dials ended."""

    def dial_failed(self, target: Target, ending: Ending) -> None:
        """No address of the target led to a link."""


class Dialer:
    """See the module."""

    _log = Logger(observer=levels)

    def __init__(
        self,
        *,
        around: Surroundings,
        roads: Roads,
        book: Book,
        routes: Routes,
        random: Random,
        outcomes: Outcomes,
        ended: Callable[[str], None] = lambda code: None,
    ) -> None:
        """`ended` is told the code of each dial, to count them."""
        self._around = around
        self._book = book
        self._backoff = Backoff(around.limits, book, random)
        # One for all targets, of which there may be thousands.
        self._when_due = self._start
        self._peers: dict[PeerId, Target] = {}
        self._seeds: list[Target] = []
        self._linked: set[PeerId] = set()
        self._course = Course(around, roads, routes, self._backoff.unmet)
        self._places = Places(
            most=around.limits.dials,
            agenda=around.agenda,
            seconds=around.clock.seconds,
            begin=self._begin,
            unmet=self._backoff.unmet,
        )
        self._hastened_at = float("-inf")
        self._stopped = False
        self._outcomes = outcomes
        self._ended = ended

    def dial_seed(self, seed: Seed) -> None:
        """Dial a seed until it leads to a link, and whenever that is lost."""
        target = Target(self._when_due, seed.peer, seed)
        self._seeds.append(target)
        self._after(target, 0)

    def want(self, peer: PeerId, delay: float = 0.0, *, placed: bool = True) -> None:
        """
        Dial a peer of the book until there is a link, from `delay` seconds on.

        One that was not `placed`, since its record named no address yet, begins anew when one does.
        """
        if self._stopped:
            return
        target = self._peers.get(peer)
        if target is None:
            self._sweep()
            target = self._peers[peer] = Target(self._when_due, peer)
            self._after(target, delay)
        elif target.state is Dialing.LEFT:
            # Whoever comes and goes, by what is said of it, is dialed no faster for that.
            self._after(target, max(delay, self._backoff.wait(target) if target.failures else 0))
        elif target.state is Dialing.WAITING and placed and not target.placed:
            target.tries = target.failures = 0
            self._around.agenda.no_later(target, self._around.clock.seconds() + delay)
        target.placed = placed

    def recall(self, peer: PeerId, address: Address | None) -> None:
        """Dial a peer that was known before this node started, where it was found last at first."""
        self.want(peer, self._backoff.after(0))
        # None where the node leaves, and dials nobody any more.
        target = self._peers.get(peer)
        if target is not None:
            target.last_good = address

    def confirmed(self, peer: PeerId) -> None:
        """A newer record of a peer came: its addresses count again."""
        target = self._peers.get(peer)
        if target is not None:
            target.mismatched = frozenset()

    def linked(self, peer: PeerId) -> None:
        """There is a link to a peer, whoever dialed: nobody is to dial it."""
        self._linked.add(peer)
        for target in self._targets(peer):
            _admitted(target)
            if target.state is Dialing.DIALING:
                continue
            if target.seed is None or self._may_be_at(peer, target.seed.address):
                self._rest(target)
            else:
                # It has moved, and somebody else may have come to where this seed is.
                target.peer = target.seed.peer
                self._after(target, self._backoff.after(0))

    def lost(self, peer: PeerId, *, lived: float, at_once: bool) -> None:
        """
        The link to a peer is gone after `lived` seconds: dial it again.

        `at_once` asks for the first dial now; after links that broke young it waits all the same.
        """
        self._linked.discard(peer)
        steady = lived >= self._around.limits.steady_after
        for target in self._targets(peer):
            if steady:
                target.brief = 0
            if target.state is Dialing.LINKED:
                # A seed only takes over where the peer itself does not come back.
                now = at_once and target.brief == 0 and target.seed is None
                self._after(target, 0 if now else self._backoff.after(target.brief))
            if not steady:
                target.brief += 1
        if peer not in self._peers:
            self.want(peer, 0 if at_once else self._backoff.after(0))

    def left(self, peer: PeerId) -> None:
        """A peer left on purpose: it is not dialed, but for a seed that led to it."""
        self._linked.discard(peer)
        for target in self._targets(peer):
            if target.seed is None:
                target.failures += target.state is Dialing.DIALING
                self._drop(target)
                target.state = Dialing.LEFT
            elif target.state is Dialing.LINKED:
                self._after(target, self._backoff.after(0))

    def forget(self, peer: PeerId) -> None:
        """Do not dial a peer without a link any more. Seeds stay."""
        target = self._peers.pop(peer, None)
        if target is not None:
            self._drop(target)

    def hasten(self, now: float, *, changed: bool = False) -> None:
        """
        A dead peer came back, or we `changed`, moved or slept: dial all the others soon.

        Not again too soon, so that a peer that comes and goes, or tells us of a new address each
        time, does not make us dial all; and never those of whom there is only hearsay, and no sign
        of life in as many tries as they get.
        """
        if now < self._hastened_at + (CHANGED_GAP if changed else RETURNED_GAP):
            return
        self._hastened_at = now
        for target in [*self._peers.values(), *self._seeds]:
            target.failures = 0
            if self._backoff.spent(target):
                continue
            if target.state is Dialing.WAITING:
                self._around.agenda.no_later(target, now + self._backoff.soon())

    def stop(self) -> None:
        """Dial nobody any more."""
        self._stopped = True
        self._places.stop()
        for target in [*self._peers.values(), *self._seeds]:
            self._drop(target)

    def _drop(self, target: Target) -> None:
        self._around.agenda.drop(target)
        self._places.drop(target)
        if target.attempt is not None:
            target.attempt.cancel()

    def _start(self, target: Target) -> None:
        """Dial a target now, or as soon as there is a place for it."""
        if self._stopped:
            return
        if target.seed is not None and target.peer is None:
            target.peer = self._found_at(target.seed.address)
        if target.peer in self._linked:
            self._rest(target)
            _admitted(target)
            return
        target.state = Dialing.QUEUED
        self._places.ask(target)

    def _found_at(self, address: Address) -> PeerId | None:
        """Which of the linked peers was dialed at an address."""
        there = (peer for peer, one in self._peers.items() if one.last_good == address)
        linked = (peer for peer in there if peer in self._linked)
        return next((peer for peer in linked if self._may_be_at(peer, address)), None)

    def _may_be_at(self, peer: PeerId, address: Address) -> bool:
        entry = self._book.get(peer)
        return entry is None or entry.may_be_at(address)

    def _begin(self, target: Target) -> None:
        target.state = Dialing.DIALING
        target.begun_at = self._around.clock.seconds()
        attempt = Deferred.fromCoroutine(self._dial(target))
        target.attempt = attempt
        attempt.addErrback(self._broke, target)
        attempt.addBoth(self._finished, target)

    def _broke(self, failure: Failure, target: Target) -> None:
        self._log.failure("while dialing {target}", failure, target=target)
        if not self._stopped and self._current(target):
            target.failures += 1
            self._after(target, self._backoff.wait(target))

    def _finished(self, _: object, target: Target) -> None:
        target.attempt = None
        self._places.leave(target)

    def _current(self, target: Target) -> bool:
        return target.seed is not None or self._peers.get(target.peer or PeerId("")) is target

    async def _dial(self, target: Target) -> None:
        try:
            ending = await self._course.run(target)
        except (CancelledError, ConnectingCancelledError):
            return
        self._ended(ending.code)
        if self._stopped or not self._current(target):
            return
        if target.peer in self._linked:
            self._rest(target)
            _admitted(target)
            return
        target.failures += 1
        target.tries += 1
        self._after(target, self._backoff.wait(target))
        if ending.code == DUPLICATE:
            # Another dial is about to lead there: that one will tell.
            return
        self._outcomes.dial_failed(target, ending)
        # Thousands may have nowhere to be dialed: what is not told either is not kept.
        target.trouble = ending if ending.code != NOWHERE or target.seed is not None else None

    def _targets(self, peer: PeerId) -> list[Target]:
        found = [target for target in self._seeds if target.peer == peer]
        target = self._peers.get(peer)
        return found if target is None else [target, *found]

    def _rest(self, target: Target) -> None:
        target.state = Dialing.LINKED
        self._around.agenda.drop(target)

    def _after(self, target: Target, delay: float) -> None:
        target.state = Dialing.WAITING
        self._around.agenda.set(target, self._around.clock.seconds() + delay)

    def _sweep(self) -> None:
        # A full book drops peers without a word: bound what is dialed for those.
        if len(self._peers) > len(self._book) + len(self._book) // 8 + 64:
            for peer in list(self._peers):
                if self._book.get(peer) is None:
                    self.forget(peer)


def _admitted(target: Target) -> None:
    target.mismatched = frozenset()
    target.failures = target.tries = 0
    target.trouble = None
