"""
The mesh: the whole to which the parts of this room report, and the one door to it.

Links, dials and admissions report here; each report is passed to the part that decides, and what
became of peers goes out as events. How the parts are made, and who is given what, is in
`gossip.mesh.parts`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from gossip.logs import levels
from gossip.mesh import meter
from gossip.mesh.addresses import Address
from gossip.mesh.attempt import Ending
from gossip.mesh.book import PeerState
from gossip.mesh.figures import Instruments
from gossip.mesh.link import Link
from gossip.mesh.memories import Memory
from gossip.mesh.own import Subject
from gossip.mesh.parts import Parts, World
from gossip.mesh.requests import Requests
from gossip.mesh.status import Desk, IdentityMismatch, Tell, Window
from gossip.mesh.target import Target
from gossip.settings import Settings
from gossip.trust.identity import PeerId
from gossip.wire.messages import Bye, GetRow, Hello, Message, Row


class Mesh:
    """See the module."""

    _log = Logger(observer=levels)

    def __init__(self, settings: Settings, subject: Subject, world: World, tell: Tell) -> None:
        self._settings = settings
        self._clock = world.clock
        self._connections: dict[Link, None] = {}
        self._emptied: Deferred[None] | None = None
        parts = self._parts = Parts(settings, subject, world, tell, self)
        self._tell = parts.tell
        self._tally = parts.tally
        self.acceptor: Factory = parts.acceptor
        self.book = parts.book
        self.window: Window = parts.outlook
        self._wall = parts.wall
        self._agenda = parts.agenda
        self._stalls = parts.stalls
        self._own = parts.own
        self._here = parts.here
        self._routes = parts.routes
        self._dialer = parts.dialer
        self._roster = parts.roster
        self._refusals = parts.refusals
        self._admission = parts.admission
        self._dissemination = parts.dissemination
        self._talk = parts.talk
        self.rows = parts.rows
        self._inquest = parts.inquest
        self._recollection = parts.recollection
        self._upkeep = parts.upkeep

    @property
    def links(self) -> dict[PeerId, Link]:
        """The one link of each linked peer."""
        return self._roster.links

    @property
    def lookout(self) -> Any:
        """Through which a surface looks at the whole network, as `picture.Lookout`."""
        return self._parts.lookout

    @property
    def instruments(self) -> Instruments:
        """Through which its figures are read."""
        instruments: Instruments = self._parts.gauges
        return instruments

    # Called by the node.

    def start(self, bound: tuple[Address, ...]) -> None:
        """The node listens at these addresses: join through the seeds, and keep house."""
        if bound:
            self._own.listening(bound[0].port, self._wall())
            self.book.renew_own(self._own.record)
        self._here.bound.update(bound)
        for seed in self._settings.seeds:
            self._dialer.dial_seed(seed)
        self._upkeep.start()

    def leave(self, reason: str) -> Deferred[None]:
        """Say farewell to everyone; fires when all are gone, or have had `stop_wait`."""
        if self._emptied is not None:
            return self._emptied
        self._dialer.stop()
        self._roster.note_all()
        self.book.renew_own(self._own.leave(self._wall()))
        record = self.book.own.sealed
        emptied: Deferred[None] = Deferred()
        self._emptied = emptied
        abort = self._clock.callLater(self._settings.limits.stop_wait, self._abort_all)
        for link in list(self._connections):
            link.close(Bye("leaving", reason, record))
        self._maybe_emptied()

        def stopped(_: None) -> None:
            if abort.active():
                abort.cancel()
            self._agenda.stop()

        return emptied.addCallback(stopped)

    def recall(self, memories: Iterable[Memory]) -> None:
        """Take back whom the node knew before it started, and look for them."""
        self._recollection.recall(memories)

    def restate(self, settings: Settings) -> None:
        """Go on with other settings, as far as they can change while a node runs."""
        self._settings = self._talk.settings = settings
        renewed = self._own.restate(
            name=settings.name,
            tags=dict(settings.tags),
            advertise=settings.advertise,
            wall=self._wall(),
        )
        if renewed:
            self._dissemination.announce()

    def desk(self, leave: Callable[[], None], reload: Callable[[], tuple[str, ...]]) -> Desk:
        """Where a surface can ask for something; how to leave and to reload is the node's."""
        return Requests(
            book=self.book,
            linked=self.links,
            dialer=self._dialer,
            talk=self._talk,
            clock=self._clock,
            leave=leave,
            reload=reload,
        )

    # Host: called by links.

    def connected(self, link: Link) -> None:
        """TCP is up."""
        self._connections[link] = None
        unread = Ending("overload", "it did not read what TLS itself has to say")
        meter.watch(link.transport, lambda: link.abort(unread))
        if self._emptied is not None:
            link.abort(Ending("leaving", "this node leaves"))

    def met(self, link: Link) -> None:
        """TLS has proved who it is."""
        self._admission.met(link)

    def heard(self, link: Link, message: Message) -> None:
        """The peer said something that was allowed."""
        if isinstance(message, Hello):
            self._hear_time(link, message)
            self._admission.greeted(link, message)
            return
        if not isinstance(message, Bye):
            # A farewell is no sign that the link lives.
            self._admission.heard(link)
        if isinstance(message, GetRow | Row):
            self.rows.heard(link, message)
        else:
            self._talk.heard(link, message)

    def quiet(self, link: Link) -> None:
        """Nothing was sent for one heartbeat."""
        self._talk.quiet(link)

    def ping_due(self, link: Link, now: float) -> None:
        """It is time for a ping."""
        self._talk.ping_due(link, now)

    def lost(self, link: Link, ending: Ending) -> None:
        """The connection is gone."""
        self._connections.pop(link, None)
        self._tally.lost(link)
        if self._emptied is None:
            self._talk.closed(link)
            self.rows.closed(link)
            self._admission.lost(link)
            if link.peer is not None and self._roster.links.get(link.peer) is link:
                self.rows.lost(link, ending)
                self._wall.lost(link.peer)
                self._roster.lost(link, ending)
            elif link.linked_at is None:
                self._talk.not_linked(link, ending)
                self._refusals.not_linked(link, ending)
                self._still_wanted(link)
        self._maybe_emptied()

    def turned_away(self, address: str, reason: str) -> None:
        """A connection was closed before anything was read from it."""
        self._refusals.turned_away(address, reason)

    # Admits: called by admission.

    def greeting(self, link: Link) -> Hello:
        """Our hello."""
        return self._talk.greeting(link)

    def admit(self, link: Link, hello: Hello) -> None:
        """The link is up."""
        assert link.peer is not None
        meter.admitted(link.transport)
        self._wall.linked(link.peer, hello.time)
        self.rows.opened(link)
        self._roster.admit(link, hello)
        self._talk.opened(link, hello)

    def replace(self, old: Link) -> None:
        """Another link takes its place at once."""
        if old.peer is not None and self._roster.links.get(old.peer) is old:
            del self._roster.links[old.peer]

    def probe(self, link: Link) -> None:
        """Make a peer show that the link lives."""
        self._talk.ping(link)

    def twins(self, link: Link) -> None:
        """Another process has a link with the key that this one has too."""
        self._talk.twins(link)

    def mismatched(self, link: Link) -> None:
        """Another peer was found than the one that was dialed."""
        assert link.peer is not None
        assert link.attempt is not None
        assert link.attempt.expected is not None
        self._tell(
            IdentityMismatch(address=str(link.far), expected=link.attempt.expected, found=link.peer)
        )

    def met_self(self, link: Link) -> None:
        """The dial led to this node."""
        self._routes.met_self(link.far, self._clock.seconds())

    # Outcomes: called by the dialer.

    def dial_failed(self, target: Target, ending: Ending) -> None:
        """No address of a peer or seed led to a link."""
        self._roster.dial_failed(target, ending)
        self._refusals.dial_failed(target, ending)

    # Called by the agenda.

    def stalled(self, seconds: float, now: float) -> None:
        """This node did not run for so long."""
        self._stalls.add(seconds, now)
        self._admission.forgive(now)
        self._upkeep.stalled(seconds, now)

    def _hear_time(self, link: Link, hello: Hello) -> None:
        # Also where its hello will be refused: if it is our clock that is wrong, everybody's will.
        entry = self.book.get(link.peer) if link.peer is not None else None
        if entry is not None and entry.met:
            self._wall.heard(entry.record.id, hello.time)

    def _still_wanted(self, link: Link) -> None:
        # Its hello may have brought a record that nobody else has told of.
        entry = self.book.get(link.peer) if link.peer is not None else None
        if entry is None or entry.state is PeerState.LEFT:
            return
        if entry.record.id not in self._roster.links:
            self._dialer.want(entry.record.id, placed=bool(entry.record.addresses))

    def _abort_all(self) -> None:
        for link in list(self._connections):
            link.abort(None)
        self._connections.clear()
        self._maybe_emptied()

    def _maybe_emptied(self) -> None:
        if self._emptied is not None and not self._connections and not self._emptied.called:
            self._emptied.callback(None)
