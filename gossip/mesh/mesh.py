"""
The mesh: everything of this room put together, and the one door to it.

Links, dials and admissions report here; each report is passed to the part that decides, and what
became of peers goes out as events.
"""

from collections.abc import Callable
from random import Random

from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, ITransport
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from gossip.logs import levels
from gossip.mesh import meter
from gossip.mesh.addresses import Address, Judge
from gossip.mesh.admission import Admission
from gossip.mesh.agenda import Agenda
from gossip.mesh.attempt import Ending
from gossip.mesh.book import Book, PeerState
from gossip.mesh.dialer import Dialer, Roads
from gossip.mesh.factories import Accepted
from gossip.mesh.link import Link, Surroundings
from gossip.mesh.own import OwnAddresses, OwnRecord, Subject
from gossip.mesh.reconcile import Reconciler
from gossip.mesh.refusals import Refusals
from gossip.mesh.roster import Roster
from gossip.mesh.routes import Routes
from gossip.mesh.status import IdentityMismatch, Tell
from gossip.mesh.talk import Talk
from gossip.mesh.target import Target
from gossip.mesh.upkeep import Upkeep
from gossip.mesh.wall import Wall
from gossip.settings import Settings
from gossip.trust.identity import PeerId
from gossip.trust.policy import Policy
from gossip.wire.messages import Bye, Hello, Message
from gossip.wire.session import Terms


@define(eq=False, kw_only=True)
class World:
    """What the mesh takes from outside: time, chance, and ways to other machines."""

    clock: IReactorTime
    wall: Callable[[], float]
    """Unix time, as this machine has it; only records and `hello` go by it."""
    slept: Callable[[], float]
    """Seconds for which this machine was suspended, counted from any fixed time."""
    random: Random
    roads: Roads
    identify: Callable[[ITransport], PeerId]
    explain: Callable[[BaseException], str | None]
    spare: Callable[[], bool] = lambda: True
    """Whether this process may open more files and sockets."""


class Mesh:
    """See the module."""

    _log = Logger(observer=levels)

    def __init__(self, settings: Settings, subject: Subject, world: World, tell: Tell) -> None:
        clock, limits = world.clock, settings.limits
        self._settings = settings
        self._world = world
        self._tell = tell
        self._connections: dict[Link, None] = {}
        self._wall = Wall(world.wall, lambda: clock.seconds() + world.slept())
        self._emptied: Deferred[None] | None = None
        self._own = OwnRecord(subject, self._wall())
        self._here = OwnAddresses(self._own)
        self._agenda = Agenda(clock, self._stalled)
        around = Surroundings(
            clock=clock,
            agenda=self._agenda,
            host=self,
            limits=limits,
            terms=Terms(heartbeat=settings.heartbeat),
            identify=world.identify,
            explain=world.explain,
        )
        self.acceptor: Factory = Accepted(around)
        self.book = Book(self._own.record, limits.peers)
        judge = Judge(own=self._here, networks=settings.peer_networks)
        self._routes = Routes(self.book, judge, limits.unmet_per_minute)
        self._dialer = Dialer(
            around=around,
            roads=world.roads,
            book=self.book,
            routes=self._routes,
            random=world.random,
            outcomes=self,
        )
        self._roster = Roster(
            book=self.book, dialer=self._dialer, clock=clock, agenda=self._agenda, tell=tell
        )
        self._refusals = Refusals(self._roster.links, tell)
        self._reconciler = Reconciler(
            book=self.book, clock=clock, agenda=self._agenda, limits=limits
        )
        self._talk = Talk(
            settings=settings,
            own=self._own,
            book=self.book,
            roster=self._roster,
            dialer=self._dialer,
            reconciler=self._reconciler,
            clock=clock,
            wall=self._wall,
            system=world.wall,
            random=world.random,
            tell=tell,
        )
        self._upkeep = Upkeep(
            clock=clock,
            agenda=self._agenda,
            wall=self._wall,
            slept=world.slept,
            spare=world.spare,
            own=self._own,
            book=self.book,
            dialer=self._dialer,
            talk=self._talk,
            links=self._roster.links,
            slept_before=world.slept(),
        )
        self._admission = Admission(
            policy=Policy(self._own.record.id),
            book=self.book,
            links=self._roster.links,
            clock=clock,
            agenda=self._agenda,
            limits=limits,
            wall=self._wall,
            host=self,
        )

    @property
    def links(self) -> dict[PeerId, Link]:
        """The one link of each linked peer."""
        return self._roster.links

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
        record = self._own.leave(self._wall()).sealed
        emptied: Deferred[None] = Deferred()
        self._emptied = emptied
        abort = self._world.clock.callLater(self._settings.limits.stop_wait, self._abort_all)
        for link in list(self._connections):
            link.close(Bye("leaving", reason, record))
        self._maybe_emptied()

        def stopped(_: None) -> None:
            if abort.active():
                abort.cancel()
            self._agenda.stop()

        return emptied.addCallback(stopped)

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
        if self._emptied is None:
            self._talk.closed(link)
            self._admission.lost(link)
            if link.peer is not None and self._roster.links.get(link.peer) is link:
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
        self._routes.met_self(link.far)

    # Outcomes: called by the dialer.

    def dial_failed(self, target: Target, ending: Ending) -> None:
        """No address of a peer or seed led to a link."""
        self._roster.dial_failed(target, ending)
        self._refusals.dial_failed(target, ending)

    def _stalled(self, seconds: float, now: float) -> None:
        for link in self._connections:
            link.forgive(seconds, now)
        self._roster.forgive(seconds)
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
            self._dialer.want(entry.record.id)

    def _abort_all(self) -> None:
        for link in list(self._connections):
            link.abort(None)
        self._connections.clear()
        self._maybe_emptied()

    def _maybe_emptied(self) -> None:
        if self._emptied is not None and not self._connections and not self._emptied.called:
            self._emptied.callback(None)
