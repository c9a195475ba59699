"""
Partings: whether what is told of the end of links is true.
"""

from gossip.mesh.book import Happening
from gossip.mesh.status import PeerDead, PeerLeft
from gossip.testing.partings import Partings
from tests.testing.village import Village, VillageCase


class PartingsTests(VillageCase):
    """What n0 may say of n2."""

    def wrong(self, village: Village, partings: Partings, event: PeerDead | PeerLeft) -> str | None:
        """What is wrong with it."""
        one, other = village.machine("n0"), village.machine("n2")
        return partings.wrong(one, event, other, village.town)

    def left(self, village: Village) -> PeerLeft:
        """That it left."""
        return PeerLeft(peer=village.machine("n2").id, name="n2", address="")

    def dead(self, village: Village, reason: str, silent: float) -> PeerDead:
        """That it died."""
        peer = village.machine("n2").id
        return PeerDead(peer=peer, name="n2", address="", reason=reason, silent_s=silent)

    def test_who_did_not_leave_is_not_said_to_have_left(self) -> None:
        """A farewell comes from its owner."""
        village = self.village()
        wrong = self.wrong(village, Partings(), self.left(village))
        self.assertIn("which it did not", wrong or "")

    def test_the_last_word_of_who_left_says_so(self) -> None:
        """Who has left for good has said so; one that is known to be back may have left before."""
        village = self.village()
        village.pass_time(5)
        partings = Partings()
        partings.leaves(village.machine("n2"), village.town, village.clock.seconds())
        self.assertIsNone(self.wrong(village, partings, self.left(village)))
        mesh = village.machine("n0").mesh
        assert mesh is not None
        mesh.book.happened(village.machine("n2").id, Happening.SAID_BYE)
        wrong = self.wrong(village, partings, self.left(village))
        self.assertIn("whose last word is another", wrong or "")

    def test_who_heard_a_farewell_says_so(self) -> None:
        """Whoever was linked and undisturbed does not call a leaver dead."""
        village = self.village()
        village.pass_time(5)
        partings = Partings()
        partings.leaves(village.machine("n2"), village.town, village.clock.seconds())
        wrong = self.wrong(village, partings, self.dead(village, "silent for 3.0 s", 3.0))
        self.assertIn("which said farewell", wrong or "")

    def test_a_farewell_may_be_lost_on_a_way_that_is_cut(self) -> None:
        """What was done to the two since excuses both."""
        village = self.village()
        village.pass_time(5)
        partings = Partings()
        partings.leaves(village.machine("n2"), village.town, village.clock.seconds())
        village.pass_time(0.1)
        village.do("cut", "n0", whom=("n2",))
        self.assertIsNone(self.wrong(village, partings, self.dead(village, "silent", 3.0)))

    def test_nobody_is_given_up_untried(self) -> None:
        """A closed link is no verdict; silence and a dial are."""
        village = self.village()
        partings = Partings()
        broke = self.dead(village, "the connection broke", 0.5)
        self.assertIn("without a dial", self.wrong(village, partings, broke) or "")
        tried = self.dead(village, "the connection broke; dialed again: refused", 0.5)
        self.assertIsNone(self.wrong(village, partings, tried))
        silent = self.dead(village, "silent for 3.0 s", 3.0)
        self.assertIsNone(self.wrong(village, partings, silent))

    def test_a_village_parts_in_order(self) -> None:
        """A leaver and one that was killed: nothing is wrong with what is told."""
        village = self.village(4)
        village.pass_time(5)
        village.do("leave", "n2")
        village.do("kill", "n3")
        village.pass_time(10)
        self.assertEqual([], village.watch.contradictions)
