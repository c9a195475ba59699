"""
How records come around: our own is told to all, and those that peers pass on are taken (PROTOCOL §6, §7).
"""

from collections.abc import Callable
from random import Random

from msgspec import UnsetType
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from gossip.logs import levels
from gossip.mesh.book import Book, BookFull, PeerState
from gossip.mesh.dialer import Dialer
from gossip.mesh.link import Link
from gossip.mesh.own import OwnRecord
from gossip.mesh.reconcile import Reconciler
from gossip.mesh.roster import Roster
from gossip.mesh.twins import Signs
from gossip.settings import Limits
from gossip.trust.records import Record, RecordForged, RecordRefused
from gossip.wire.messages import Bye, Hello, Peers, Sealed
from gossip.wire.session import Role

FALLBACK = (0.5, 1.0)
"""Seconds within which the other one of two is to dial: at random, so that many do not do so together."""


class Dissemination:
    """See the module."""

    _log = Logger(observer=levels)

    def __init__(
        self,
        *,
        own: OwnRecord,
        book: Book,
        roster: Roster,
        dialer: Dialer,
        reconciler: Reconciler,
        limits: Limits,
        clock: IReactorTime,
        wall: Callable[[], float],
        random: Random,
    ) -> None:
        self.outbid = Signs(enough=1)
        """Of another process with our key: it says something newer than we do."""
        self._own = own
        self._book = book
        self._roster = roster
        self._dialer = dialer
        self._reconciler = reconciler
        self._limits = limits
        self._clock = clock
        self._wall = wall
        self._random = random
        self._forged: dict[Link, int] = {}
        # Which of our records each hello held that is not answered yet.
        self._greeted: dict[Link, int] = {}
        # On which we learned our first address, until the list of others came.
        self._arrival: Link | None = None

    def greeting(self, link: Link) -> Sealed:
        """Our record, for our hello on a link."""
        self._greeted[link] = self._own.record.seq
        return self._own.record.sealed

    def opened(self, link: Link, hello: Hello) -> None:
        """
        A link is up: what is said first on it.

        Our new record before the question for others: of two newcomers at one seed, the one that
        asks last finds the other's address in the answer.
        """
        assert link.peer is not None
        moved = bool(self._own.record.addresses)
        greeted = self._greeted.pop(link)
        if self._own.reported(link.peer, hello.observed, self._wall()):
            self.announce()
            self._arrival = link if not moved and link.role is Role.DIALER else None
            if moved:
                self._dialer.hasten(self._clock.seconds(), changed=True)
        elif greeted != self._own.record.seq:
            # It has changed while the answer to our hello was on its way.
            self._tell_own(link)
        self._reconciler.opened(link, hello.view)

    def closed(self, link: Link) -> None:
        """A link is gone."""
        self._reconciler.closed(link)
        self._arrival = None if link is self._arrival else self._arrival
        self._forged.pop(link, None)
        self._greeted.pop(link, None)
        if link.peer is None or self._roster.links.get(link.peer) is not link:
            return
        if self._own.lost(link.peer, self._wall()):
            self.announce()

    def announce(self) -> None:
        """Our record is a new one: tell everyone (PROTOCOL §5, `peers` unasked)."""
        self._book.renew_own(self._own.record)
        for link in list(self._roster.links.values()):
            self._tell_own(link)

    def _tell_own(self, link: Link) -> None:
        link.tell(Peers([self._own.record.sealed], more=False))

    def heard(self, link: Link, peers: Peers) -> None:
        """A peer passed on records."""
        learned = False
        for sealed in peers.records:
            learned = self._record_heard(link, sealed) or learned
        if self._forged.get(link, 0) > self._limits.forged_records:
            link.close(Bye("protocol", "peers: too many records that are not what they claim"))
            return
        self._reconciler.answered(link, learned=learned, more=peers.more)
        if link is self._arrival and not peers.more and len(peers.records) > 1:
            # One alone is what a peer says of itself, unasked.
            self._arrival = None

    def parted(self, link: Link, bye: Bye) -> None:
        """A peer said farewell, perhaps with its last record."""
        # Whoever was not admitted has no word in who is here.
        if link.linked_at is not None and not isinstance(bye.record, UnsetType):
            self._record_heard(link, bye.record)

    def _record_heard(self, link: Link, sealed: Sealed) -> bool:
        """Take a record; whether it makes this book more like another one."""
        dropped, limits = self._book.dropped, self._limits
        try:
            record = self._book.learn(sealed, self._wall(), loopback=link.loopback)
        except RecordForged as error:
            self._forged[link] = self._forged.get(link, 0) + 1
            link.charge(limits.record_cost)
            self._log.info("{link!r} passed on a record: {error}", link=link, error=error)
            return False
        except RecordRefused as error:
            self._log.debug("{link!r} passed on a record: {error}", link=link, error=error)
            # That there is no room turns out last, when it was verified.
            full = isinstance(error, BookFull)
            link.charge(limits.record_cost if full else limits.look_cost)
            return False
        if record is None:
            link.charge(limits.look_cost)
            return False
        link.charge(limits.record_cost)
        self._learned(record, arriving=link is self._arrival)
        # One for which another had to go teaches nothing: two full books would talk for ever.
        return self._book.dropped == dropped

    def _learned(self, record: Record, *, arriving: bool) -> None:
        if record.id == self._own.record.id:
            if self._own.refute(record.seq, self._wall()):
                if self.outbid.sign(record.id, self._clock.seconds()):
                    self._log.warn(
                        "a newer record of this node's own key came from a peer: either the clock"
                        " was set back, or another process runs with the same key; then stop one of"
                        " the two, or give it a key of its own"
                    )
                self.announce()
            return
        entry = self._book.get(record.id)
        if entry is None or record.id in self._roster.links:
            return
        if entry.state is PeerState.LEFT:
            self._roster.left_elsewhere(record.id)
            return
        self._dialer.confirmed(record.id)
        # Newcomers dial: of two that learn of each other at once, the younger one does, and the
        # other only if nothing has come of it. Of two that arrive at one seed without an address, the
        # one that asks last does, whatever its clock says: the other was told no address of it.
        own, placed = self._own.record, bool(record.addresses)
        dials = placed and (arriving or (own.seq, own.id) > (record.seq, record.id))
        delay = 0.0 if dials else self._random.uniform(*FALLBACK)
        self._dialer.want(record.id, delay, placed=placed)
