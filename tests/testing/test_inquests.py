"""
Verdicts of simulated nodes: whether they are true.
"""

from typing import Any

from gossip.mesh.status import PeerDead, Verdict
from gossip.testing import inquests
from tests.testing.village import Village, VillageCase


class InquestsTests(VillageCase):
    """What n0 may say of n2, with n1 and n3 to ask."""

    def setUp(self) -> None:
        """A village that has been quiet for a while."""
        self.place = self.village(4)
        self.place.pass_time(30)

    def wrong(self, verdict: str, asked: int = 2, heard: int = 0, **more: Any) -> str | None:
        """What is wrong with such a verdict now."""
        village: Village = self.place
        one, other = village.machine("n0"), village.machine("n2")
        witnesses = tuple(village.machine(name).id for name in ("n1", "n3"))[:heard]
        event = Verdict(
            peer=other.id,
            name="n2",
            address="",
            verdict=verdict,
            one_way=None,
            asked=asked,
            heard_by=witnesses,
            reason="so it is",
        )
        return inquests.wrong(one, event, other, village.town)

    def test_what_contradicts_itself(self) -> None:
        """One that is heard is not dead, and one that nobody hears is not cut off."""
        self.assertIn("and it is heard", self.wrong("dead", heard=1) or "")
        self.assertIn("and it is heard", self.wrong("left", heard=1) or "")
        self.assertIn("nobody hears it", self.wrong("cut") or "")
        self.assertIn("nobody hears it", self.wrong("cut", asked=1, heard=2) or "")

    def test_dead_though_all_hear_it(self) -> None:
        """Where nothing is wrong with those who could be asked, one must have said so."""
        self.assertIn("hear it", self.wrong("dead") or "")
        self.assertIsNone(self.wrong("cut", heard=1))
        self.assertIsNone(self.wrong("me"))

    def test_dead_without_anybody_to_ask(self) -> None:
        """Then nothing is known; but whoever was there must be asked."""
        self.assertIn("nobody was asked", self.wrong("dead", asked=0) or "")
        self.place.do("pause", "n0", number=0.5)
        self.assertIsNone(self.wrong("dead", asked=0))
        self.place.do("kill", "n1", "n3")
        self.place.pass_time(10)
        self.assertIsNone(self.wrong("dead", asked=0))

    def test_one_that_is_in_trouble(self) -> None:
        """It may have been asked, and may not hear it."""
        self.place.do("cut", "n1", whom=("n2",))
        self.place.pass_time(1)
        self.assertIsNone(self.wrong("dead"))
        self.place.do("mend", "n1", whom=("n2",))
        self.place.do("kill", "n1", "n3")
        self.assertIsNone(self.wrong("dead"))

    def test_one_that_may_have_declined(self) -> None:
        """Who was asked about more than it may probe need not have said anything."""
        for name in ("n1", "n3"):
            whole = self.place.machine(name).mesh
            assert whole is not None
            rows = whole.rows
            rows._probes.spend(rows.probes() - 50)
        self.assertIsNone(self.wrong("dead"))
        self.place.pass_time(2)
        self.assertIn("hear it", self.wrong("dead") or "")

    def test_one_that_does_not_run(self) -> None:
        """It may be dead, and is not cut off, but for what is on the way."""
        self.place.do("kill", "n2")
        self.assertIsNone(self.wrong("dead"))
        self.assertIsNone(self.wrong("cut", heard=1))
        self.place.pass_time(3)
        self.assertIn("does not run", self.wrong("cut", heard=1) or "")

    def test_a_village_judges_right(self) -> None:
        """Each fault has its verdict, and nothing is wrong with any."""
        self.place.do("cut", "n0", whom=("n1",))
        self.place.pass_time(10)
        self.place.do("kill", "n3")
        self.place.pass_time(80)
        told = {
            (name, self.place.watch.subject(event.peer).name, event.verdict)  # type: ignore[union-attr]
            for name in ("n0", "n1", "n2")
            for event in self.place.machine(name).happened
            if isinstance(event, Verdict)
        }
        self.assertLessEqual({("n0", "n1", "cut"), ("n1", "n0", "cut"), ("n2", "n3", "dead")}, told)
        self.assertEqual([], self.place.watch.contradictions)

    def test_a_lie_is_noticed(self) -> None:
        """What a node tells is looked at."""
        one = self.place.machine("n0")
        dead = PeerDead(
            peer=self.place.machine("n2").id, name="", address="", reason="", silent_s=9.0
        )
        one.tell(one, dead)
        one.tell(
            one,
            Verdict(
                peer=dead.peer,
                name="",
                address="",
                verdict="dead",
                one_way=None,
                asked=2,
                heard_by=(),
                reason="",
            ),
        )
        self.assertTrue(any("hear it" in text for text in self.place.watch.contradictions))
