"""
Liars: they say everything that can be said, and nobody but themselves pays for it.
"""

from gossip.mesh.status import PeerAlive, PingHeard
from gossip.testing import liars
from gossip.testing.liars import HABITS, VICTIM, Liar
from gossip.testing.machine import identity
from gossip.trust import records
from gossip.trust.records import RecordForged, RecordRefused
from gossip.wire.messages import Peers, serialize
from tests.testing.village import Village, VillageCase


class LiarTests(VillageCase):
    """One liar among three nodes."""

    def with_liar(self, *habits: liars.Habit) -> tuple[Village, Liar]:
        """A village where a liar of these habits has begun to speak."""
        village = self.village(liars=1)
        liar = village.town.liars["liar0"]
        liar.habits = list(habits)
        village.do("boot", "liar0")
        return village, liar

    def errors(self, village: Village) -> set[str]:
        """The codes with which nodes refused somebody."""
        return {
            getattr(event, "code", "")
            for machine in village.town.running()
            for event in machine.happened
        } - {""}

    def test_every_habit(self) -> None:
        """Whatever a liar does, the nodes keep their links, and log nothing as an error."""
        for habit in HABITS:
            village, _ = self.with_liar(habit)
            village.pass_time(40)
            self.assertEqual([], village.watch.missing(), habit)
            self.assertEqual([], village.watch.false_deaths, habit)

    def test_it_is_heard(self) -> None:
        """A liar that behaves is a peer like any other, so its lies are heard."""
        village, liar = self.with_liar(liars.say_nothing)
        village.pass_time(60)
        alive = [
            event.peer
            for machine in village.town.running()
            for event in machine.happened
            if isinstance(event, PeerAlive)
        ]
        self.assertIn(identity("liar0").id, alive)
        self.assertTrue(liar.heard)

    def test_babble_is_refused(self) -> None:
        """What breaks the rules ends the link on which it was said."""
        village, _ = self.with_liar(liars.babble, liars.break_frame)
        village.pass_time(60)
        self.assertIn("protocol", self.errors(village))

    def test_lies_are_of_every_kind(self) -> None:
        """Among its records are true ones, forged ones, and such as do not count."""
        village, liar = self.with_liar(liars.say_nothing)
        village.pass_time(60)
        found = set()
        for _ in range(300):
            sealed = liar.random.choice((liar.stolen, liar.invented, liar.own))()
            try:
                record = records.read(sealed)
                records.judge(record, "default", village.machine("n0").wall())
                records.verify(record)
                found.add("true")
            except RecordForged:
                found.add("forged")
            except RecordRefused:
                found.add("refused")
        self.assertEqual({"true", "forged", "refused"}, found)
        self.assertIn(VICTIM.encode(), serialize(Peers([liar.invented()], more=False)))

    def test_it_keeps_a_bounded_number(self) -> None:
        """What it remembers is bounded, and so is whom it invents."""
        village, liar = self.with_liar(liars.say_nothing)
        for _ in range(2 * liars.KEPT):
            liar.keep(liar.own())
        self.assertEqual(liars.KEPT, len(liar.heard))
        invented = {records.read(liar.invented()).id for _ in range(10 * liars.INVENTED)}
        self.assertLessEqual(len(invented), liars.INVENTED)
        village.pass_time(1)

    def test_it_floods_a_few_times(self) -> None:
        """A flood is more than the burst that may be taken, and only the first of them are made."""
        village, liar = self.with_liar(liars.drown)
        village.pass_time(90)
        self.assertEqual(0, liar.floods)
        said = sum(village.network.path("liar0", name).carried for name in ("n0", "n1", "n2"))
        pings = sum(
            isinstance(event, PingHeard) and event.peer == identity("liar0").id
            for machine in village.town.running()
            for event in machine.happened
        )
        self.assertGreater(pings, 1000)
        self.assertLessEqual(pings, liars.FLOODS * liars.FLOOD)
        village.pass_time(60)
        self.assertGreater(
            sum(village.network.path("liar0", name).carried for name in ("n0", "n1", "n2")), said
        )

    def test_it_ends(self) -> None:
        """A liar that was killed says nothing more, and can come again."""
        village, liar = self.with_liar(liars.flood)
        village.pass_time(20)
        liar.kill()
        village.pass_time(10)
        self.assertEqual({"n1", "n2"}, village.linked("n0"))
        village.do("boot", "liar0")
        self.assertTrue(liar.runs)
        before = liar.process
        village.do("boot", "liar0")
        self.assertIs(before, liar.process)
