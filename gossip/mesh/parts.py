"""
The parts of a mesh: each is made here, once, and is given what stands here.

They are made in the order in which they need each other. What they have to report goes to the whole,
which passes it on: that is `gossip.mesh.mesh`.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import import_module
from random import Random
from typing import Any
from typing import Protocol as Interface

from attrs import define
from twisted.internet.interfaces import IReactorTime, ITransport

from gossip.mesh.addresses import Judge
from gossip.mesh.admission import Admission, Admits
from gossip.mesh.agenda import Agenda
from gossip.mesh.beat import Beat
from gossip.mesh.book import Book
from gossip.mesh.course import Roads
from gossip.mesh.dialer import Dialer, Outcomes
from gossip.mesh.dissemination import Dissemination
from gossip.mesh.factories import Accepted
from gossip.mesh.figures import Figures
from gossip.mesh.link import Host, Surroundings
from gossip.mesh.memories import Changed
from gossip.mesh.outlook import Outlook
from gossip.mesh.own import OwnAddresses, OwnRecord, Subject
from gossip.mesh.recollection import Recollection
from gossip.mesh.reconcile import Reconciler
from gossip.mesh.refusals import Refusals
from gossip.mesh.roster import Roster
from gossip.mesh.routes import Routes
from gossip.mesh.status import Event, Tell
from gossip.mesh.talk import Talk
from gossip.mesh.tally import Tally
from gossip.mesh.trail import Trails
from gossip.mesh.upkeep import Upkeep
from gossip.mesh.wall import Wall
from gossip.settings import Settings
from gossip.sight.asks import Asks
from gossip.sight.inquest import Inquest
from gossip.sight.ownrow import OwnRow
from gossip.sight.rows import Rows
from gossip.trust.identity import PeerId
from gossip.trust.policy import Policy
from gossip.wire.stalls import Stalls
from gossip.wire.terms import Terms

GRAIN = 0.02
"""Seconds between the points of time at which links have their turn. As long as a stall, or less: a
burst of what 1,000 links say in it takes 5 ms."""


@define(eq=False, repr=False, kw_only=True)
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
    cipher: Callable[[ITransport], str | None] = lambda transport: None
    """The cipher of a connection, for people."""
    changed: Changed = lambda peer: None
    """Told when something else is to be remembered of a peer."""
    renewed: Callable[[int], None] = lambda seq: None
    """Told of the `seq` of each new record of the node itself."""
    counters: Callable[[], Mapping[str, float]] = dict
    """What is counted outside of the mesh, to be shown beside what is counted here."""


class Whole(Host, Admits, Outcomes, Interface):
    """To whom the parts report: links, admission and the dialer, and the agenda."""

    def stalled(self, seconds: float, now: float) -> None:
        """This node did not run for so long."""


class Parts:
    """See the module. Nothing is due, and nobody is dialed, before the whole starts them."""

    def __init__(
        self, settings: Settings, subject: Subject, world: World, tell: Tell, whole: Whole
    ) -> None:
        self._settings = settings
        self._subject = subject
        self._world = world
        self._told = tell
        self._whole = whole
        self.tally = Tally()
        self.figures = Figures()
        # Time, and what is known.
        self.wall = Wall(world.wall, lambda: world.clock.seconds() + world.slept())
        self.agenda = Agenda(world.clock, whole.stalled)
        self.stalls = Stalls()
        self.own = OwnRecord(subject, self.wall())
        self.here = OwnAddresses(self.own)
        self.beat = Beat(settings.heartbeat, steady=settings.steady)
        self.book = Book(self.own.record, settings.limits.peers, self._changed)
        # Connections, theirs and ours.
        self._around = self._surroundings()
        self.acceptor = Accepted(self._around)
        self.routes = self._routes()
        self.dialer = self._dialer()
        # Links, and what is said on them.
        self.roster = self._roster()
        self.refusals = Refusals(self.roster.links, self.tell)
        self.admission = self._admission()
        self.reconciler = self._reconciler()
        self.dissemination = self._dissemination()
        self.talk = self._talk()
        # What is known of links, and asked of others.
        self.trails = Trails(settings.limits.peers)
        self.own_row = self._own_row()
        self.asks = self._asks()
        self.rows = self._rows()
        self.inquest = self._inquest()
        # Whom it knew before, and what is done once a second.
        self.recollection = self._recollection()
        self.upkeep = self._upkeep()
        self.outlook = self._outlook()

    def tell(self, event: Event) -> None:
        """Something happened: count it, and tell of it."""
        self.tally.happened(event)
        self.figures.happened(event, self._world.clock.seconds())
        self._told(event)
        self.inquest.happened(event)

    def _changed(self, peer: PeerId) -> None:
        if peer == self.book.own.id:
            self._world.renewed(self.book.own.seq)
        else:
            self._world.changed(peer)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            clock=self._world.clock,
            agenda=self.agenda,
            host=self._whole,
            limits=self._settings.limits,
            terms=Terms(
                heartbeat=self.beat.seconds,
                grain=min(GRAIN, self.beat.seconds / 20),
                census=self.figures.census,
                stalls=self.stalls,
            ),
            identify=self._world.identify,
            explain=self._world.explain,
        )

    def _routes(self) -> Routes:
        judge = Judge(own=self.here, networks=self._settings.peer_networks)
        limits = self._settings.limits
        return Routes(self.book, judge, limits.unmet_per_minute, limits.unmet_wait)

    def _dialer(self) -> Dialer:
        return Dialer(
            around=self._around,
            roads=self._world.roads,
            book=self.book,
            routes=self.routes,
            random=self._world.random,
            outcomes=self._whole,
            ended=self.figures.dialed,
        )

    def _roster(self) -> Roster:
        return Roster(
            book=self.book,
            dialer=self.dialer,
            clock=self._world.clock,
            wall=self.wall,
            agenda=self.agenda,
            stalls=self.stalls,
            tell=self.tell,
        )

    def _admission(self) -> Admission:
        return Admission(
            policy=Policy(self.own.record.id),
            book=self.book,
            links=self.roster.links,
            clock=self._world.clock,
            agenda=self.agenda,
            limits=self._settings.limits,
            wall=self.wall,
            host=self._whole,
        )

    def _reconciler(self) -> Reconciler:
        return Reconciler(
            book=self.book,
            clock=self._world.clock,
            agenda=self.agenda,
            limits=self._settings.limits,
        )

    def _dissemination(self) -> Dissemination:
        return Dissemination(
            own=self.own,
            book=self.book,
            roster=self.roster,
            dialer=self.dialer,
            reconciler=self.reconciler,
            limits=self._settings.limits,
            clock=self._world.clock,
            wall=self.wall,
            random=self._world.random,
        )

    def _talk(self) -> Talk:
        return Talk(
            settings=self._settings,
            beat=self.beat,
            book=self.book,
            roster=self.roster,
            reconciler=self.reconciler,
            dissemination=self.dissemination,
            clock=self._world.clock,
            wall=self.wall,
            system=self._world.wall,
            random=self._world.random,
            tell=self.tell,
            answered=self.figures.round_trips.observe,
        )

    def _own_row(self) -> OwnRow:
        return OwnRow(
            sign=self._subject.sign,
            book=self.book,
            linked=self.roster.links,
            trails=self.trails,
            clock=self._world.clock,
            wall=self.wall,
            agenda=self.agenda,
        )

    def _asks(self) -> Asks:
        return Asks(
            book=self.book,
            clock=self._world.clock,
            wall=self.wall,
            limits=self._settings.limits,
        )

    def _rows(self) -> Rows:
        return Rows(
            own_row=self.own_row,
            asks=self.asks,
            linked=self.roster.links,
            ping=self.talk.ping,
            echoes=self.talk.echoes,
            clock=self._world.clock,
            limits=self._settings.limits,
        )

    def _inquest(self) -> Inquest:
        return Inquest(
            book=self.book,
            linked=self.roster.links,
            asks=self.asks,
            trails=self.trails,
            clock=self._world.clock,
            agenda=self.agenda,
            random=self._world.random,
            beat=self.beat,
            tell=self.tell,
        )

    def _recollection(self) -> Recollection:
        return Recollection(
            book=self.book,
            dialer=self.dialer,
            clock=self._world.clock,
            agenda=self.agenda,
            wall=self.wall,
            changed=self._world.changed,
        )

    def _outlook(self) -> Outlook:
        return Outlook(
            book=self.book,
            linked=self.roster.links,
            here=self.here,
            talk=self.talk,
            tally=self.tally,
            clock=self._world.clock,
            wall=self.wall,
            cipher=self._world.cipher,
            more=self._world.counters,
            unreachable=self.inquest.unreachable,
            begun=self._world.clock.seconds(),
        )

    @cached_property
    def lookout(self) -> Any:
        """The mesh's `picture.Lookout`. All that reads rows is loaded where somebody may look."""
        return import_module("gossip.sight.lookout").Lookout(
            asks=self.asks,
            own_row=self.own_row,
            linked=self.roster.links,
            inquest=self.inquest,
            peers=self.outlook.peers,
            clock=self._world.clock,
        )

    @cached_property
    def gauges(self) -> Any:
        """The mesh's `figures.Instruments`; loaded where somebody may read them."""
        return import_module("gossip.mesh.gauges").Gauges(
            figures=self.figures,
            book=self.book,
            linked=self.roster.links,
            clocks=self.wall,
            system=self._world.wall,
        )

    def _upkeep(self) -> Upkeep:
        return Upkeep(
            clock=self._world.clock,
            agenda=self.agenda,
            wall=self.wall,
            slept=self._world.slept,
            spare=self._world.spare,
            beat=self.beat,
            own=self.own,
            book=self.book,
            dialer=self.dialer,
            dissemination=self.dissemination,
            roster=self.roster,
            recollection=self.recollection,
            slept_before=self._world.slept(),
        )
