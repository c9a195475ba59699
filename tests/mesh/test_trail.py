"""
An hour of pings and losses of a peer.
"""

from gossip.mesh import trail as module
from gossip.mesh.trail import HOUR, STRETCH, STRETCHES, Past, Stretch, Trails
from gossip.trust.identity import PeerId
from tests.cases import UnitCase

A, B, C = (PeerId(letter * 64) for letter in "abc")


class PastTests(UnitCase):
    """Pings in stretches."""

    def test_a_stretch(self) -> None:
        """Mean and worst of the answers, and what was not answered."""
        past = Past()
        for number, took in enumerate((0.25, 0.5, None, 0.75)):
            past.ping(30.0 + number)
            if took is not None:
                past.pong(30.0 + number, took)
        self.assertEqual([Stretch(30.0, 0.5, 0.75, 4, 1)], list(past.stretches(40)))
        self.assertEqual([Stretch(30.0, 0.5, 0.75, 4, 0)], list(past.stretches(40, 1)))
        self.assertEqual(0.25, past.lost(40, 0))
        self.assertEqual(0.0, past.lost(40, 1))

    def test_nothing(self) -> None:
        """Without pings there is nothing to tell, and without answers no time."""
        past = Past()
        self.assertEqual([], list(past.stretches(40)))
        self.assertIsNone(past.lost(40, 0))
        past.ping(30)
        self.assertIsNone(past.lost(40, 1))
        past.ping(70)
        self.assertEqual(
            [Stretch(30.0, None, None, 1, 1), Stretch(60.0, None, None, 1, 1)],
            list(past.stretches(70)),
        )

    def test_an_answer_across_the_end_of_a_stretch(self) -> None:
        """It counts where its ping does; one of long ago counts nowhere."""
        past = Past()
        for at in (0.0, 29.0, 31.0):
            past.ping(at)
        past.pong(0.0, 0.5)
        past.pong(29.0, 1.0)
        past.pong(29.0, 1.0)
        first, second = past.stretches(40)
        self.assertEqual(Stretch(0.0, 0.75, 1.0, 2, 0), first)
        self.assertEqual(1, second.lost)
        past.pong(-100.0, 1.0)
        self.assertEqual([first, second], list(past.stretches(40)))

    def test_answer_to_a_ping_of_a_stretch_without_any(self) -> None:
        """Nothing is made up for it."""
        past = Past()
        past.ping(0)
        past.ping(95)
        past.pong(40, 1.0)
        self.assertEqual([1, 1], [one.lost for one in past.stretches(100)])

    def test_an_hour_is_kept_and_no_more(self) -> None:
        """It grows to so many stretches, and what is older goes, also if nothing comes after it."""
        past = Past()
        for number in range(2 * STRETCHES):
            past.ping(number * STRETCH)
            past.pong(number * STRETCH, 0.25)
        now = (2 * STRETCHES - 1) * STRETCH
        kept = list(past.stretches(now))
        self.assertEqual(STRETCHES, len(kept))
        self.assertEqual(STRETCHES * STRETCH, kept[0].since)
        self.assertEqual(1, len(list(past.stretches(now + HOUR - STRETCH))))
        self.assertEqual([], list(past.stretches(now + HOUR)))

    def test_losses_of_long_ago_are_not_of_now(self) -> None:
        """The share is that of five minutes."""
        past = Past()
        past.ping(0)
        past.ping(400)
        past.pong(400, 0.25)
        self.assertEqual(0.0, past.lost(400, 0))


class TrailsTests(UnitCase):
    """Of all peers."""

    def test_losses_of_an_hour(self) -> None:
        """Each time it was given up counts for an hour; there is a bound to how many."""
        trails = Trails(10)
        trails.died(A, 0)
        self.assertIsNone(trails.get(A))
        trail = trails.linked(A)
        trails.died(A, 1)
        trails.died(A, 2)
        self.assertEqual(2, trail.losses(10))
        self.assertEqual(1, trail.losses(HOUR + 1.5))
        for _ in range(100):
            trails.died(A, 20)
        self.assertEqual(module.MOST_LOSSES, trail.losses(20))

    def test_a_link_that_breaks_and_is_made_anew(self) -> None:
        """It was lost, if nobody died of it; and once, if somebody did. A farewell is no loss."""
        trails = Trails(10)
        for number, ended in enumerate(("c", "s", None)):
            trails.linked(A)
            trails.lost(A, number, number, ended)  # type: ignore[arg-type]
            if ended == "s":
                trails.died(A, number)
        trail = trails.get(A)
        assert trail is not None
        self.assertEqual(2, trail.losses(10))

    def test_a_peer_that_is_lost_and_comes_back(self) -> None:
        """It keeps its past."""
        trails = Trails(10)
        trail = trails.linked(A)
        trail.past.ping(1)
        trails.lost(A, 2, 3, "s")
        self.assertEqual((False, 2, 3), (trail.linked, trail.heard_at, trail.lost_at))
        self.assertEqual("s", trail.ended)
        self.assertIs(trail, trails.linked(A))
        self.assertTrue(trail.linked)

    def test_who_is_gone_for_an_hour_is_forgotten(self) -> None:
        """Linked ones are not."""
        trails = Trails(10)
        trails.linked(C)
        trails.lost(A, 0, 0)
        trails.lost(B, HOUR, HOUR + 1)
        self.assertIsNone(trails.get(A))
        self.assertEqual(2, len(trails))

    def test_there_is_a_bound(self) -> None:
        """Where too many are gone, those that went first are forgotten; linked ones never."""
        trails = Trails(2)
        trails.linked(C)
        trails.lost(A, 0, 1)
        trails.lost(B, 0, 2)
        self.assertIsNone(trails.get(A))
        self.assertIsNotNone(trails.get(B))
        self.assertIsNotNone(trails.get(C))
