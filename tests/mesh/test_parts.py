"""
The parts of a mesh: what they share, and to whom they report.
"""

from random import Random

from gossip.mesh.addresses import Address
from gossip.mesh.attempt import Ending
from gossip.mesh.link import Link
from gossip.mesh.own import Subject
from gossip.mesh.parts import Parts, World
from gossip.mesh.status import Event
from gossip.mesh.target import Target
from gossip.settings import Seed, Settings
from gossip.wire.messages import Hello
from tests.cases import UnitCase
from tests.mesh.dials import Idle, Nobody, Roads
from tests.street import WALL, identity

SEED = Seed(Address("198.51.100.1", 8080))


class Ear(Nobody):
    """A whole that keeps what its parts report."""

    def __init__(self) -> None:
        self.stalls: list[float] = []
        self.failed: list[Target] = []

    def greeting(self, link: Link) -> Hello:
        """Nobody gets so far here."""
        raise NotImplementedError

    def admit(self, link: Link, hello: Hello) -> None:
        """The link is up."""

    def replace(self, old: Link) -> None:
        """It gives way."""

    def probe(self, link: Link) -> None:
        """It is to show that it lives."""

    def twins(self, link: Link) -> None:
        """There is another with our key."""

    def mismatched(self, link: Link) -> None:
        """It is somebody else."""

    def met_self(self, link: Link) -> None:
        """It is this node."""

    def dial_failed(self, target: Target, ending: Ending) -> None:
        """A dial led to no link."""
        self.failed.append(target)

    def stalled(self, seconds: float, now: float) -> None:
        """This node did not run."""
        self.stalls.append(seconds)


class PartsTests(UnitCase):
    """Each is made once, and is given what the others have."""

    def setUp(self) -> None:
        self.time = self.clock()
        self.roads = Roads(self.time)
        self.ear = Ear()
        self.told: list[Event] = []
        who = identity("a")
        self.parts = Parts(
            Settings(name="a", seeds=(SEED,)),
            Subject(public=who.public, sign=who.sign, network="default", name="a", tags={}),
            World(
                clock=self.time,
                wall=lambda: WALL + self.time.seconds(),
                slept=lambda: 0.0,
                random=Random(1),
                roads=self.roads,
                identify=lambda transport: identity("nobody").id,
                explain=lambda error: None,
            ),
            self.told.append,
            self.ear,
        )
        self.addCleanup(self.parts.agenda.stop)
        self.addCleanup(self.parts.dialer.stop)

    def test_made_is_not_started(self) -> None:
        """Nothing is due, nobody is dialed and nothing is told before the whole says so."""
        self.time.advance(100)
        self.assertEqual((0, [], []), (len(self.parts.agenda), self.roads.calls, self.told))

    def test_one_of_each(self) -> None:
        """All that look at links, at the book and at the time look at the same ones."""
        parts = self.parts
        for part in (parts.admission, parts.refusals):
            self.assertIs(parts.roster.links, part._links)
        self.assertIs(parts.roster, parts.upkeep.roster)
        speakers = parts.admission, parts.roster, parts.talk, parts.dissemination
        for user in (parts.dialer, parts.reconciler, *speakers):
            self.assertIs(parts.book, user._book)
        for keeper in speakers:
            self.assertIs(parts.wall, keeper._wall)
        self.assertIs(parts.wall, parts.upkeep.wall)

    def test_records_go_by_the_wall_clock(self) -> None:
        """The node's own record was made now, and is the one of its book."""
        self.assertIs(self.parts.own.record, self.parts.book.own)
        self.assertEqual(WALL, self.parts.book.own.seq / 1000)

    def test_own_addresses_are_not_dialed(self) -> None:
        """Where the node listens it looks for nobody, whatever is said of others."""
        here = Address("192.0.2.7", 8080)
        target = Target(lambda _: None, identity("p").id)
        self.assertIsNone(self.parts.routes.objection(target, here, 0.0))
        self.parts.here.bound.add(here)
        self.assertIsNotNone(self.parts.routes.objection(target, here, 0.0))

    def test_dialer_reports_to_the_whole(self) -> None:
        """So a dial that failed is heard of where it is decided what that means."""
        self.parts.dialer.dial_seed(SEED)
        self.time.advance(0)
        self.roads.calls[0].refuse()
        self.assertEqual([SEED], [target.seed for target in self.ear.failed])

    def test_links_report_to_the_whole(self) -> None:
        """Those that we dial and those that come in alike."""
        self.parts.dialer.dial_seed(SEED)
        self.time.advance(0)
        self.assertIs(self.ear, self.roads.calls[0].build()._around.host)
        self.assertIs(self.ear, self.parts.acceptor._around.host)

    def test_agenda_reports_to_the_whole(self) -> None:
        """A stall moves deadlines everywhere: each part is told by the whole."""
        self.parts.agenda.set(Idle(), self.time.seconds() + 1)
        self.time.advance(10)
        self.assertEqual(1, len(self.ear.stalls))
        self.assertAlmostEqual(9, self.ear.stalls[0], delta=0.5)
