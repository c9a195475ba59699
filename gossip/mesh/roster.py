"""
What becomes of peers: alive with a link, lost, dead, left; and who is told (PROTOCOL §5).

A link that closes is no verdict: the peer is dialed at once, and is dead only if that fails or its
silence is up. Silence is one.
"""

from collections.abc import Callable

from attrs import define
from twisted.internet.interfaces import IReactorTime

from gossip.mesh.addresses import Address
from gossip.mesh.agenda import Agenda
from gossip.mesh.attempt import Ending
from gossip.mesh.book import Book, Entry, Happening, PeerState
from gossip.mesh.dialer import Dialer
from gossip.mesh.link import Link
from gossip.mesh.routes import NOWHERE
from gossip.mesh.status import PeerAlive, PeerDead, PeerLeft, Tell
from gossip.mesh.target import Target
from gossip.trust.identity import PeerId
from gossip.wire.messages import Hello
from gossip.wire.stalls import Stalls

STAYING = frozenset({"duplicate", "network", "refused", "protocol", "timeout", "overload"})
"""Codes of a peer's `bye` after which it is still there; any other is a farewell (PROTOCOL §5)."""

NOTED = 60
"""Seconds after which it is noted anew that a peer is linked: what a killed node forgets of it, at most."""

CUT_OFF = frozenset({"protocol", "timeout", "overload"})
"""Codes with which we ended a link because of what the peer did on it."""


@define(eq=False, repr=False)
class _Loss:
    """A peer whose link broke and that has not been given up yet."""

    roster: "Roster"
    peer: PeerId
    address: Address
    reason: str
    at: float
    """When it broke."""
    heard_at: float
    until: float
    """When its silence is up, as it was at that time."""

    def tick(self, now: float) -> None:
        """Its silence is up."""
        self.roster.overdue(self, now)


class Roster:
    """See the module. `links` holds the one link of each linked peer."""

    def __init__(
        self,
        *,
        book: Book,
        dialer: Dialer,
        clock: IReactorTime,
        wall: Callable[[], float],
        agenda: Agenda,
        stalls: Stalls,
        tell: Tell,
    ) -> None:
        self.links: dict[PeerId, Link] = {}
        self._book = book
        self._dialer = dialer
        self._clock = clock
        self._wall = wall
        self._agenda = agenda
        self._stalls = stalls
        self._tell = tell
        self._losses: dict[PeerId, _Loss] = {}
        self._to_note: list[PeerId] = []

    def admit(self, link: Link, hello: Hello) -> None:
        """A link is up."""
        assert link.peer is not None
        peer, entry = link.peer, self._entry(link.peer)
        loss = self._losses.pop(peer, None)
        if loss is not None:
            self._agenda.drop(loss)
        before, first = entry.state, not entry.met
        entry.host = link.far.host
        where = shown(link, entry)
        if link.attempt is not None or where in entry.record.addresses:
            # Else it is a port of the moment, at which nobody can be dialed.
            entry.address = where
        entry.last_linked = self._wall()
        if entry.first_linked is None:
            entry.first_linked = entry.last_linked
        changed = self._book.happened(peer, Happening.LINKED)
        self.links[peer] = link
        self._dialer.linked(peer)
        link.admitted(hello)
        if before is PeerState.DEAD:
            # What cut us off from this one may have cut us off from others too.
            self._dialer.hasten(self._clock.seconds())
        if changed:
            self._tell(
                PeerAlive(
                    peer=peer,
                    name=entry.record.name,
                    address=where,
                    direction=link.role.value,
                    first=first,
                )
            )

    def note(self) -> None:
        """Once a second: have it remembered of some of the linked peers that they are, in turn."""
        for _ in range(len(self.links) // NOTED + 1):
            if not self._to_note:
                self._to_note = list(self.links)
                return
            self._note(self._to_note.pop())

    def note_all(self) -> None:
        """Have it remembered of all."""
        for peer in self.links:
            self._note(peer)

    def lost(self, link: Link, ending: Ending) -> None:
        """The link of a linked peer is gone, and no other has replaced it."""
        assert link.peer is not None
        assert link.session is not None
        assert link.linked_at is not None
        peer, now = link.peer, self._clock.seconds()
        address = Address.parse(shown(link, self._entry(peer)))
        self._entry(peer).last_linked = self._wall()
        del self.links[peer]
        heard_at = link.session.heard_at
        until = max(link.session.dead_at(), now + link.session.promise)
        loss = _Loss(self, peer, address, ending.reason, now, heard_at, until)
        farewell = ending.theirs and ending.code not in STAYING
        back = farewell and self._is_back(peer, ending)
        if farewell and not back:
            self._left(loss)
            return
        lived = now - link.linked_at
        # Before the verdict, which may take back that it is dialed.
        self._dialer.lost(peer, lived=lived, at_once=ending.code == "closed")
        if back:
            self._returned(loss)
        elif ending.code == "silent" or (not ending.theirs and ending.code in CUT_OFF):
            self._died(loss, ending.reason)
        else:
            self._losses[peer] = loss
            self._agenda.set(loss, until)

    def dial_failed(self, target: Target, ending: Ending) -> None:
        """A dial led to no link."""
        loss = self._losses.get(target.peer) if target.peer is not None else None
        if loss is None or ending.code == NOWHERE:
            return
        # One that began before may have failed of what broke the link as well; and one that was
        # under way while we did not run, of that.
        if target.begun_at >= max(loss.at, self._agenda.stalled_at):
            self.give_up(loss, f"{loss.reason}; dialed again: {ending.reason}")

    def overdue(self, loss: _Loss, now: float) -> None:
        """The time of a loss has come; it has more where this node did not run in the meantime."""
        until = loss.until + self._stalls.since(loss.at)
        if now < until:
            self._agenda.set(loss, until)
        else:
            self.give_up(loss, loss.reason)

    def give_up(self, loss: _Loss, reason: str) -> None:
        """A broken link could not be made again: its peer is dead."""
        del self._losses[loss.peer]
        self._agenda.drop(loss)
        self._died(loss, reason)

    def left_elsewhere(self, peer: PeerId) -> None:
        """Others say, in its own words, that a peer without a link has left."""
        entry = self._entry(peer)
        self._dialer.left(peer)
        if entry.met:
            address = entry.record.addresses[0] if entry.record.addresses else ""
            self._tell(PeerLeft(peer=peer, name=entry.record.name, address=address))

    def _entry(self, peer: PeerId) -> Entry:
        entry = self._book.get(peer)
        assert entry is not None, "a linked peer is in the book"
        return entry

    def _note(self, peer: PeerId) -> None:
        entry = self._book.get(peer)
        if entry is not None and peer in self.links:
            entry.last_linked = self._wall()
            self._book.happened(peer, Happening.LINKED)

    def _is_back(self, peer: PeerId, ending: Ending) -> bool:
        # Its last record is in the book, unless others told of a newer one while it was on its way.
        return ending.signed and self._entry(peer).record.state == "alive"

    def _returned(self, loss: _Loss) -> None:
        entry = self._entry(loss.peer)
        self._book.happened(loss.peer, Happening.SAID_BYE)
        self._book.happened(loss.peer, Happening.RETURNED)
        if self._book.forget_expired(loss.peer):
            self._dialer.forget(loss.peer)
        self._tell(PeerLeft(peer=loss.peer, name=entry.record.name, address=str(loss.address)))

    def _left(self, loss: _Loss) -> None:
        entry = self._entry(loss.peer)
        self._book.happened(loss.peer, Happening.SAID_BYE)
        self._dialer.left(loss.peer)
        self._book.forget_expired(loss.peer)
        self._tell(PeerLeft(peer=loss.peer, name=entry.record.name, address=str(loss.address)))

    def _died(self, loss: _Loss, reason: str) -> None:
        entry = self._entry(loss.peer)
        if entry.record.state == "left":
            # Its farewell came by way of others, before its silence was up.
            self._left(loss)
            return
        self._book.happened(loss.peer, Happening.DIED)
        if self._book.forget_expired(loss.peer):
            self._dialer.forget(loss.peer)
        self._tell(
            PeerDead(
                peer=loss.peer,
                name=entry.record.name,
                address=str(loss.address),
                reason=reason,
                silent_s=self._clock.seconds() - loss.heard_at,
            )
        )


def shown(link: Link, entry: Entry) -> str:
    """
    The address of a linked peer for people: where it can be dialed, as far as that is known.

    The far end of a link that was accepted is a port of the moment; its record tells the one it
    listens on.
    """
    far = link.far
    if link.attempt is None:
        for text in entry.record.addresses:
            try:
                address = Address.parse(text)
            except ValueError:
                continue
            if address.host == far.host:
                return str(address)
    return str(far)
