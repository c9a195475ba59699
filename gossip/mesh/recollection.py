"""
Whom the node knew before it started, and takes back.

Who is not for now is left where it is remembered: a start with a clock that nobody has set yet, or with
another `--network`, must not cost all peers.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from gossip.logs import levels
from gossip.mesh.addresses import Address
from gossip.mesh.agenda import Agenda
from gossip.mesh.book import Book, PeerState
from gossip.mesh.dialer import Dialer
from gossip.mesh.memories import Changed, Memory
from gossip.trust.identity import short
from gossip.trust.records import NotForNow, NotYet, RecordRefused

SHOWN: Final = 5
"""Remembered peers of which it is logged one by one that they are not known any more."""

AT_ONCE: Final = 64
"""Peers that are taken back in one turn of a node that runs: their signatures take 20 ms."""


@define(eq=False, kw_only=True)
class Recollection:
    """See the module."""

    book: Book
    dialer: Dialer
    clock: IReactorTime
    agenda: Agenda
    wall: Callable[[], float]
    changed: Changed
    _not_yet: list[Memory] = field(factory=list, init=False)
    """Made in the future, by the clock of this machine: no more than are remembered."""
    _early: deque[Memory] = field(factory=deque, init=False)
    """Those of them who are taken now."""

    _log = Logger(observer=levels)

    def recall(self, memories: Iterable[Memory]) -> None:
        """Take them back, and look for them."""
        refused = 0
        for memory in memories:
            error = self._refusal(memory)
            refused += error is not None
            if error is not None and refused <= SHOWN:
                self._log.warn(
                    "{peer} is not known any more: {error}",
                    peer=short(memory.id),
                    error=str(error),
                )
        if refused > SHOWN:
            self._log.warn("{n} more are not known any more", n=refused - SHOWN)
        if self._not_yet:
            self._log.warn(
                "{n} peers are looked for when the clock of this machine is right: set it",
                n=len(self._not_yet),
            )

    def recall_again(self) -> None:
        """The clock was set: take back those who came too early, where nobody told of them meanwhile."""
        self._early += self._not_yet
        self._not_yet.clear()
        if self._early:
            self.agenda.set(self, self.clock.seconds())

    def tick(self, now: float) -> None:
        """Some of them, and the rest in the next turn."""
        for _ in range(min(AT_ONCE, len(self._early))):
            memory = self._early.popleft()
            if self.book.get(memory.id) is None:
                self._refusal(memory)
        if self._early:
            self.agenda.set(self, now)

    def _refusal(self, memory: Memory) -> RecordRefused | None:
        """Take one back; why not, where that cannot be."""
        try:
            self._take(memory)
        except NotYet as error:
            self._not_yet.append(memory)
            return error
        except NotForNow as error:
            return error
        except RecordRefused as error:
            self.changed(memory.id)
            return error
        return None

    def _take(self, memory: Memory) -> None:
        entry = self.book.recall(memory, self.wall())
        address = _address(entry.address)
        entry.host = address.host if address is not None else ""
        if entry.state is not PeerState.LEFT:
            self.dialer.recall(memory.id, address)


def _address(text: str) -> Address | None:
    try:
        return Address.parse(text)
    except ValueError:
        return None
