"""
Who is dialed now, and who waits.
"""

from gossip.mesh.agenda import Agenda
from gossip.mesh.places import AT_ONCE, Places
from gossip.mesh.target import Dialing, Target
from gossip.trust.identity import PeerId
from tests.cases import UnitCase


class PlacesTests(UnitCase):
    """Six places, three of them for those never met."""

    def setUp(self) -> None:
        self.time = self.clock()
        self.agenda = Agenda(self.time, lambda seconds, now: None)
        self.addCleanup(self.agenda.stop)
        self.begun: list[str] = []
        self.brief = False
        self.places = self.made(6)

    def made(self, most: int) -> Places:
        """So many places."""
        return Places(
            most=most,
            agenda=self.agenda,
            seconds=self.time.seconds,
            begin=self.begin,
            unmet=lambda target: str(target.peer).startswith("stranger"),
        )

    def begin(self, target: Target) -> None:
        """A dial begins, and may end at once."""
        target.state = Dialing.DIALING
        self.begun.append(str(target.peer))
        if self.brief:
            target.state = Dialing.WAITING
            self.places.leave(target)

    def ask(self, name: str, count: int = 1) -> list[Target]:
        """So many of this name want to be dialed."""
        targets = [Target(lambda _: None, PeerId(f"{name} {n}")) for n in range(count)]
        for target in targets:
            target.state = Dialing.QUEUED
            self.places.ask(target)
        return targets

    def test_all_are_taken(self) -> None:
        """More than that wait, and go in their order as places are left."""
        targets = self.ask("friend", 8)
        self.assertEqual(([f"friend {n}" for n in range(6)], 6), (self.begun, len(self.places)))
        self.assertEqual([False] * 6 + [True] * 2, [t in self.places for t in targets])
        self.places.leave(targets[3])
        self.assertEqual("friend 6", self.begun[-1])
        self.assertEqual(6, len(self.places))

    def test_half_for_strangers(self) -> None:
        """Those never met get half of them, and friends go first."""
        strangers = self.ask("stranger", 5)
        self.assertEqual(3, len(self.places))
        friends = self.ask("friend", 4)
        self.assertEqual(6, len(self.places))
        self.places.leave(strangers[0])
        self.assertEqual("friend 3", self.begun[-1])
        self.places.leave(friends[0])
        self.assertEqual("stranger 3", self.begun[-1])

    def test_one_place(self) -> None:
        """Where there is one place only, strangers get it too."""
        self.places = self.made(1)
        self.ask("stranger")
        self.assertEqual(["stranger 0"], self.begun)

    def test_met_while_it_is_dialed(self) -> None:
        """Who was a stranger when its dial began gives back a stranger's place."""
        strangers = self.ask("stranger", 4)
        strangers[0].peer = PeerId("friend")
        self.places.leave(strangers[0])
        self.assertEqual("stranger 3", self.begun[-1])

    def test_a_few_in_each_turn(self) -> None:
        """However short dials are, only so many begin before the sockets are read again."""
        self.brief = True
        self.ask("friend", AT_ONCE + 3)
        self.ask("stranger", AT_ONCE)
        self.assertEqual(AT_ONCE, len(self.begun))
        self.places.tick(0.0)
        self.assertEqual(2 * AT_ONCE, len(self.begun))
        self.time.advance(0)
        self.assertEqual(2 * AT_ONCE + 3, len(self.begun))
        self.assertEqual(0, len(self.agenda))

    def test_not_on_the_stack_of_another(self) -> None:
        """One that ends at once does not begin the next one from within itself."""
        self.brief = True
        self.ask("friend", 3)
        self.assertEqual(["friend 0", "friend 1", "friend 2"], self.begun)
        self.assertEqual(0, len(self.places))

    def test_not_wanted_any_more(self) -> None:
        """Who was linked or dropped while it waited is not dialed, and keeps nobody from it."""
        targets = self.ask("friend", 10)
        targets[6].state = Dialing.LINKED
        self.places.drop(targets[7])
        self.places.leave(targets[0])
        self.assertEqual("friend 8", self.begun[-1])

    def test_asks_again(self) -> None:
        """Who asks while it waits keeps its place in the line, and is dialed once."""
        targets = self.ask("friend", 8)
        self.places.ask(targets[6])
        self.places.leave(targets[0])
        self.places.leave(targets[1])
        self.places.leave(targets[2])
        self.assertEqual([f"friend {n}" for n in range(8)], self.begun)

    def test_stop(self) -> None:
        """Nothing begins any more, and nothing is due."""
        targets = self.ask("friend", 8)
        self.places.stop()
        self.places.leave(targets[0])
        self.assertEqual(6, len(self.begun))
        self.assertEqual(0, len(self.agenda))
