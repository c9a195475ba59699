"""
Verdicts on peers that were lost, by whole nodes: each fault gets the right one, by every node.
"""

from functools import partial
from itertools import pairwise

from gossip.mesh.status import PeerAlive, PeerDead, Verdict
from gossip.sight import inquest as module
from tests.sight.rowing import RowCase
from tests.street import House, Street
from tests.testing.village import VillageCase


def verdicts(street: Street, house: House) -> dict[str, tuple[str, str | None]]:
    """What a node said of whom: its last verdict of each."""
    return {
        street.name_of(event.peer): (event.verdict, event.one_way) for event in house.said(Verdict)
    }


class VerdictsCase(RowCase):
    """A test of verdicts."""

    def assertVerdicts(self, street: Street, house: House, verdict: str, *lost: House) -> None:
        """A node says this of these, once of each, within a second of the loss; and nothing else."""
        said = house.said(Verdict)
        self.assertEqual(sorted(one.id for one in lost), sorted(event.peer for event in said))
        self.assertEqual({verdict} if lost else set(), {event.verdict for event in said})

    def assertStates(self, house: House, **states: int) -> None:
        """So many peers are in these states, and none in others."""
        counted = {
            state: count for state, count in house.mesh.window.status().peers.items() if count
        }
        self.assertEqual(states, counted)


class FaultTests(VerdictsCase):
    """Each kind of fault."""

    def test_no_fault(self) -> None:
        """Nobody is judged where nothing is wrong, nor when a connection breaks and is made again."""
        street, houses = self.town(5)
        street.snap(houses[0], houses[1])
        street.run(70)
        for house in houses:
            self.assertVerdicts(street, house, "")
            self.assertStates(house, alive=4)

    def test_killed(self) -> None:
        """All call it dead."""
        street, houses = self.town(5)
        houses[4].crash()
        street.run(2)
        for house in houses[:4]:
            self.assertVerdicts(street, house, "dead", houses[4])
            self.assertStates(house, alive=3, dead=1)
            self.assertEqual(3, house.said(Verdict)[0].asked)

    def test_vanished(self) -> None:
        """All call it dead, after its silence."""
        street, houses = self.town(5)
        houses[4].vanish()
        street.run(6)
        for house in houses[:4]:
            self.assertVerdicts(street, house, "dead", houses[4])

    def test_left(self) -> None:
        """A farewell needs no verdict."""
        street, houses = self.town(4)
        houses[3].leave()
        street.run(6)
        for house in houses[:3]:
            self.assertVerdicts(street, house, "")

    def test_left_unheard(self) -> None:
        """Whoever was cut off when it left is told by others."""
        street, (a, _b, c) = self.town(3)
        self.leave_unheard(street, c, a)
        self.assertEqual({"n2": ("left", None)}, verdicts(street, a))

    def test_a_pair(self) -> None:
        """Both say that it is the path; the others say nothing. Then it is mended."""
        street, houses = self.town(5)
        street.cut(houses[:1], houses[1:2])
        street.run(8)
        for house, other in ((houses[0], houses[1]), (houses[1], houses[0])):
            self.assertVerdicts(street, house, "cut", other)
            (event,) = house.said(Verdict)
            self.assertIsNone(event.one_way)
            self.assertEqual({h.id for h in houses[2:]}, set(event.heard_by))
            self.assertStates(house, alive=3, unreachable=1)
            self.assertEqual("unreachable", house.mesh.window.peer(other.id).state)
        for house in houses[2:]:
            self.assertVerdicts(street, house, "")
        street.mend()
        street.until(lambda: street.is_mesh(houses))
        for house in houses:
            self.assertStates(house, alive=4)

    def test_one_way(self) -> None:
        """Who is deaf, and who is not heard, both know which way it is."""
        street, houses = self.town(5)
        self.one_way(street, houses[0], houses[1])
        street.run(9)
        deaf, mute = verdicts(street, houses[1]), verdicts(street, houses[0])
        self.assertEqual({"n0": ("cut", "from_peer")}, deaf)
        self.assertEqual({"n1": ("cut", "to_peer")}, mute)

    def test_isolated(self) -> None:
        """Who lost all says that it is itself; all others call it dead."""
        street, houses = self.town(5)
        street.cut(houses[:1], houses[1:])
        street.run(8)
        self.assertVerdicts(street, houses[0], "me", *houses[1:])
        for house in houses[1:]:
            self.assertVerdicts(street, house, "dead", houses[0])

    def test_mostly_isolated(self) -> None:
        """Who is still linked is quoted, and hears them; so they are unreachable."""
        street, houses = self.town(5)
        street.cut(houses[:1], houses[1:4])
        street.run(8)
        self.assertVerdicts(street, houses[0], "me", *houses[1:4])
        for event in houses[0].said(Verdict):
            self.assertEqual(
                "3 of 4 peers were lost at once; n4, still linked, hears it", event.reason
            )
        self.assertStates(houses[0], alive=1, unreachable=3)
        for house in houses[1:4]:
            self.assertVerdicts(street, house, "cut", houses[0])

    def test_a_probe_that_is_answered_at_once(self) -> None:
        """It counts, also where the clock has not moved since it was sent."""
        for seed in range(6):
            street = self.street(seed)
            first = street.house("n0")
            houses = [first, *(street.house(f"n{i}", join=[first]) for i in range(1, 5))]
            street.until(partial(street.is_mesh, houses))
            street.run(12)
            street.cut(houses[:1], houses[1:4])
            street.run(8)
            for house in houses[1:4]:
                self.assertVerdicts(street, house, "cut", first)

    def test_split(self) -> None:
        """The few say that it is themselves, the many that the few are dead."""
        street, houses = self.town(7)
        few, many = houses[:2], houses[2:]
        street.cut(few, many)
        street.run(8)
        for house in few:
            self.assertVerdicts(street, house, "me", *many)
        for house in many:
            self.assertVerdicts(street, house, "dead", *few)

    def test_halves(self) -> None:
        """Each says that it is itself, for as long as the split lasts, and that it may be a split."""
        street, houses = self.town(6)
        street.cut(houses[:3], houses[3:])
        street.run(130)
        for house in houses[:3]:
            self.assertVerdicts(street, house, "me", *houses[3:])
            for event in house.said(Verdict):
                self.assertIn("do not hear it either, so the network may be split", event.reason)

    def test_halves_of_which_one_comes_back(self) -> None:
        """Once most are back, who is still lost is judged by itself."""
        street, houses = self.town(5)
        street.cut(houses[:1], houses[1:4])
        street.run(8)
        street.mend()
        street.cut(houses[:1], houses[1:2])
        street.run(130)
        self.assertEqual(("cut", None), verdicts(street, houses[0])["n1"])

    def test_most_ended(self) -> None:
        """The paths to those that closed their links were whole: they are dead, and it is not me."""
        street, houses = self.town(6)
        for house in houses[2:]:
            house.crash()
        street.run(8)
        for house in houses[:2]:
            self.assertVerdicts(street, house, "dead", *houses[2:])

    def test_all_ended(self) -> None:
        """Where nobody is left to ask, it may be something that closes all links."""
        street, houses = self.town(3)
        for house in houses[1:]:
            house.crash()
        street.run(8)
        self.assertVerdicts(street, houses[0], "me", *houses[1:])
        self.assertIn("their ends closed the links", houses[0].said(Verdict)[0].reason)

    def test_two_nodes(self) -> None:
        """There is nobody to ask, and it is said so."""
        street, (a, b) = self.town(2)
        b.crash()
        street.run(2)
        (event,) = a.said(Verdict)
        self.assertEqual(("dead", 0, ()), (event.verdict, event.asked, event.heard_by))
        self.assertEqual("there is nobody else who could be asked", event.reason)

    def test_many_at_once(self) -> None:
        """A third of thirty: each has its verdict, and few questions are asked for all of them."""
        street, houses = self.town(30)
        for house in houses[20:]:
            house.crash()
        before = houses[0].mesh.rows.asks._number
        street.run(3)
        for house in houses[:20]:
            self.assertVerdicts(street, house, "dead", *houses[20:])
        self.assertLessEqual(houses[0].mesh.rows.asks._number - before, 15)


class TimeTests(VerdictsCase):
    """When a verdict is told, dropped and renewed."""

    def test_within_a_second_of_the_loss(self) -> None:
        """After the event of the loss, which is as quick as ever."""
        for fault in ("crash", "vanish"):
            street, houses = self.town(4)
            getattr(houses[3], fault)()
            dead: dict[str, float] = {}
            judged: dict[str, float] = {}
            for _ in range(120):
                street.run(0.05)
                for house in houses[:3]:
                    if house.said(PeerDead):
                        dead.setdefault(house.name, street.clock.seconds())
                    if house.said(Verdict):
                        judged.setdefault(house.name, street.clock.seconds())
            for house in houses[:3]:
                self.assertLessEqual(judged[house.name] - dead[house.name], 1.0)
                kinds = [type(event) for event in house.events]
                self.assertLess(kinds.index(PeerDead), kinds.index(Verdict))

    def test_back_before_the_verdict(self) -> None:
        """Then there is none."""
        street, houses = self.town(3)
        houses[2].crash()
        street.until(lambda: bool(houses[0].said(PeerDead)))
        houses[0].mesh._inquest.happened(
            PeerAlive(peer=houses[2].id, name="", address="", direction="dialed", first=False)
        )
        street.run(2)
        self.assertEqual([], houses[0].said(Verdict))

    def test_one_that_was_cut_off_and_dies(self) -> None:
        """Once a minute others are asked again: then it is dead."""
        street, houses = self.town(4)
        street.cut(houses[:1], houses[1:2])
        street.run(8)
        self.assertStates(houses[0], alive=2, unreachable=1)
        houses[1].vanish()
        street.run(70)
        self.assertStates(houses[0], alive=2, dead=1)
        self.assertEqual(["cut", "dead"], [event.verdict for event in houses[0].said(Verdict)])

    def test_nobody_answers_when_asked_again(self) -> None:
        """What was found out before holds: silence says nothing new."""
        street, houses = self.town(4)
        street.cut(houses[:1], houses[1:2])
        street.run(8)
        for witness in houses[2:]:
            witness.mesh.rows._probes.spend(100_000)
        asked = houses[0].mesh.rows.asks._number
        street.run(70)
        self.assertGreater(houses[0].mesh.rows.asks._number, asked)
        self.assertEqual(["cut"], [event.verdict for event in houses[0].said(Verdict)])
        self.assertStates(houses[0], alive=2, unreachable=1)

    def test_the_same_verdict_is_told_once(self) -> None:
        """However often others are asked; and they are asked seldom."""
        street, houses = self.town(4)
        street.cut(houses[:1], houses[1:2])
        street.run(8)
        before = houses[0].mesh.rows.asks._number
        street.run(300, step=0.1)
        self.assertEqual(1, len(houses[0].said(Verdict)))
        self.assertLessEqual(houses[0].mesh.rows.asks._number - before, 20)

    def test_nobody_is_asked_at_rest(self) -> None:
        """When all is well again it is as if nothing had been."""
        street, houses = self.town(4)
        street.cut(houses[:1], houses[1:2])
        street.run(8)
        street.mend()
        street.until(lambda: street.is_mesh(houses))
        street.run(70)
        before = [house.mesh.rows.asks._number for house in houses]
        street.run(130)
        self.assertEqual(before, [house.mesh.rows.asks._number for house in houses])
        self.assertEqual([{}] * 4, [house.mesh._inquest._cases for house in houses])

    def test_who_is_forgotten(self) -> None:
        """Nothing is kept of it."""
        street, houses = self.town(3)
        houses[2].crash()
        street.run(2)
        houses[0].mesh.desk(lambda: None, tuple).forget(houses[2].id)
        houses[1].mesh.desk(lambda: None, tuple).forget(houses[2].id)
        street.run(130)
        self.assertEqual({}, houses[0].mesh._inquest._cases)

    def test_all_are_asked_about_in_turn(self) -> None:
        """So many a minute, and the others in the next one."""
        self.patch(module, "MOST_ABOUT", 1)
        street, houses = self.town(5)
        for house in houses[3:]:
            house.crash()
        street.run(5)
        inquest = houses[0].mesh._inquest
        turns = []
        for _ in range(4):
            street.run(60)
            turns.append(list(inquest._cases)[-1])
        self.assertTrue(all(one != other for one, other in pairwise(turns)), turns)

    def test_too_many_at_once(self) -> None:
        """Of those beyond it is said that nobody was asked."""
        self.patch(module, "MOST", 2)
        street, houses = self.town(9)
        for house in houses[6:]:
            house.crash()
        street.run(2)
        spared = [event for event in houses[0].said(Verdict) if "too many" in event.reason]
        self.assertEqual((1, 3), (len(spared), len(houses[0].said(Verdict))))
        self.assertEqual(0, spared[0].asked)
        self.assertEqual(0, houses[0].mesh._inquest._under_way)

    def test_some_in_a_turn(self) -> None:
        """Of those beyond it some are judged in a turn, and all links are looked at once for them."""
        self.patch(module, "MOST", 0)
        self.patch(module, "MOST_ABOUT", 3)
        street, houses = self.town(14)
        looks: list[object] = []
        real = module.Inquest._silent

        def look(inquest: module.Inquest) -> int:
            looks.append(inquest)
            return real(inquest)

        self.patch(module.Inquest, "_silent", look)
        for house in houses[6:]:
            house.crash()
        told: list[int] = []
        tick = module.Inquest.tick

        def turn(inquest: module.Inquest, now: float) -> None:
            before = len(houses[0].said(Verdict))
            tick(inquest, now)
            if inquest is houses[0].mesh._inquest:
                told.append(len(houses[0].said(Verdict)) - before)

        self.patch(module.Inquest, "tick", turn)
        street.run(2)
        self.assertEqual([0, 3, 3, 2], told)
        self.assertEqual(3, looks.count(houses[0].mesh._inquest))


class StandstillTests(VillageCase):
    """A node that did not run while others were asked."""

    def test_old_answers(self) -> None:
        """What it was told half a minute ago is no verdict: they are asked once more."""
        village = self.village(4)
        node, lost = village.machine("n0"), village.machine("n3")
        village.do("cut", "n0", whom=("n3",))
        assert node.mesh is not None
        while not node.mesh._inquest._under_way:
            village.pass_time(0.001)
        # One answers, and one does not, so that its answer is waited for.
        village.do("pause", "n2", number=60)
        village.pass_time(0.1)
        village.do("pause", "n0", number=30)
        village.do("kill", "n3")
        village.pass_time(31.5)
        said = [event for event in node.happened if isinstance(event, Verdict)]
        self.assertEqual([lost.id], [event.peer for event in said if event.peer == lost.id])
        self.assertNotIn("cut", {event.verdict for event in said})
