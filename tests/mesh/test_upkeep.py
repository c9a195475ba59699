"""
What is looked at once a second: here, wall clocks that jump on a street of whole nodes.
"""

from twisted.logger import capturedLogs, formatEvent

from gossip.mesh.status import PeerAlive, PeerDead, PeerLeft, Refused
from tests.street import WALL, House, StreetCase

HOUR, YEAR = 3600.0, 365 * 86400.0


class ClockTests(StreetCase):
    """A wall clock that jumps changes nothing; one that is set right comes right."""

    def setUp(self) -> None:
        capturing = capturedLogs()
        self.lines = capturing.__enter__()
        self.addCleanup(capturing.__exit__, None, None, None)
        self.town = self.street()
        a = self.town.house("a")
        self.houses = [a, *(self.town.house(name, join=[a]) for name in "bc")]
        self.a = a

    def form(self) -> None:
        """Let a mesh form."""
        self.town.until(lambda: self.town.is_mesh(self.houses), 5)

    def logged(self) -> list[str]:
        """What was said of clocks."""
        said = [
            formatEvent(event) for event in self.lines if "mesh.upkeep" in event["log_namespace"]
        ]
        return [line for line in said if "clock" in line]

    def unharmed(self) -> None:
        """Nobody was lost, or met again."""
        for house in self.houses:
            self.assertEqual([], house.said(PeerDead) + house.said(PeerLeft), house)
            self.assertEqual(len(house.linked()), len(house.said(PeerAlive)), house)

    def made(self, house: House) -> float:
        """When a house's record was made, by its number, in seconds since the street began."""
        return house.mesh.book.own.seq / 1000 - WALL

    def test_jumps(self) -> None:
        """Whatever a clock shows: no death, no record of another time, and one line in the log."""
        for jump in (HOUR, -HOUR, 10 * YEAR, -WALL):
            self.setUp()
            self.form()
            self.a.wall_offset = jump
            self.town.run(20)
            self.unharmed()
            self.assertEqual(1, len(self.logged()), self.logged())
            self.assertIn("2 of 2 peers do not agree with it", self.logged()[0])
            self.assertTrue(self.town.is_mesh(self.houses))
            self.a.mesh._own.renew(self.a.mesh._wall())
            self.a.mesh._dissemination.announce()
            self.assertLess(abs(self.made(self.a)), 100)
            newcomer = self.town.house("d", join=[self.a])
            self.houses.append(newcomer)
            self.town.until(lambda: self.town.is_mesh(self.houses), 5)
            self.unharmed()
            self.assertEqual([], newcomer.said(Refused))

    def test_back_again(self) -> None:
        """A clock that is set back where it was is believed again."""
        self.form()
        self.a.wall_offset = HOUR
        self.town.run(5)
        self.a.wall_offset = 0.0
        self.town.run(5)
        self.assertIn("is back where it was", self.logged()[-1])
        self.assertEqual(2, len(self.logged()))
        self.unharmed()

    def test_hello_has_the_clock_as_it_is(self) -> None:
        """Others are told what the clock shows, since people want to know that it is wrong."""
        self.form()
        self.a.wall_offset = HOUR
        self.town.run(2)
        told = self.a.mesh._talk.greeting(next(iter(self.a.mesh.links.values()))).time
        self.assertLess(abs(told - WALL - HOUR), 100)

    def test_booted_with_a_wrong_clock(self) -> None:
        """It links with nobody, and with everybody soon after its clock was set right."""
        self.form()
        for wrong in (50 * YEAR, -50 * YEAR):
            late = self.town.house(f"late {wrong}", join=[self.a])
            self.houses.append(late)
            late.leave()
            self.houses.remove(late)
            self.town.run(2)
            late.stopped, late.wall_offset = False, wrong
            late.start()
            self.town.run(30)
            self.assertEqual(set(), late.linked())
            late.wall_offset = 0.0
            self.houses.append(late)
            self.town.until(lambda: self.town.is_mesh(self.houses), 70)
            self.assertLess(abs(self.made(late)), 300)

    def test_wrong_by_hours_and_linked(self) -> None:
        """A node that linked with a clock some hours off believes it when it is set right."""
        self.form()
        late = self.town.house("late")
        late.leave()
        self.town.run(2)
        late.stopped, late.wall_offset = False, -5 * HOUR
        late.start()
        late.mesh._dialer.dial_seed(self.houses[1].settings.seeds[0])
        self.houses.append(late)
        self.town.until(lambda: self.town.is_mesh(self.houses), 10)
        self.assertLess(self.made(late), -4 * HOUR)
        late.wall_offset = 0.0
        self.town.run(5)
        self.assertGreater(self.made(late), 0)
        self.assertIn("3 of 3 peers agree with it", self.logged()[-1])

    def test_clock_jumps_without_links(self) -> None:
        """One that jumps while all are cut off changes nothing when they are back in time."""
        self.form()
        others = self.houses[1:]
        self.town.cut([self.a], others)
        self.town.run(30)
        self.a.wall_offset = 10 * YEAR
        self.town.run(60)
        self.town.mend()
        self.town.until(lambda: self.town.is_mesh(self.houses), 70)
        self.assertLess(abs(self.made(self.a)), 300)

    def test_machine_stood_still(self) -> None:
        """One whose steady clock missed days comes right, though it heard another time before."""
        self.form()
        self.town.cut([self.a], self.houses[1:])
        self.town.run(30)
        for house in self.houses[1:]:
            house.wall_offset = 20 * 86400.0
            house.mesh._wall._lost.clear()
            house.mesh._wall._linked.clear()
        self.a.wall_offset = 20 * 86400.0
        self.town.run(2)
        self.town.mend()
        # Their hellos tell what time it is before the word of the lost has ceased to count.
        self.town.until(lambda: self.town.is_mesh(self.houses), 70)
        self.assertGreater(self.made(self.a), 19 * 86400.0)

    def test_machine_stood_still_and_is_alone(self) -> None:
        """After ten minutes without anybody it goes by its clock again."""
        self.form()
        self.town.cut([self.a], self.houses[1:])
        self.town.run(30)
        self.a.wall_offset = 20 * 86400.0
        self.town.run(500, 0.25)
        self.assertLess(self.made(self.a), 100)
        self.town.run(120, 0.25)
        self.assertGreater(self.made(self.a), 19 * 86400.0)
        self.assertIn("there is nobody to ask", self.logged()[-1])


class DescriptorsTests(StreetCase):
    """A process that may open nothing more says so, and goes on."""

    def test_told_once_a_minute(self) -> None:
        """Not more often however long it lasts, and not when it is over."""
        a = self.street().house("a")
        with capturedLogs() as lines:
            for left, seconds in ((True, 5), (False, 50), (True, 30), (False, 15), (True, 100)):
                a.descriptors_left = left
                a.street.run(seconds, 0.5)
        said = [formatEvent(line) for line in lines]
        self.assertEqual(2, sum("LimitNOFILE=" in line for line in said), said)
