"""
Invariants about dials: each holds in a sound village, and sees what breaks it.
"""

from gossip.mesh.addresses import Address
from gossip.testing import dialing
from tests.testing.village import Village, VillageCase


class DialingTests(VillageCase):
    """What is said of dials that nobody should make."""

    def dial(self, village: Village, name: str, host: str) -> None:
        """Let a node dial a host, whatever it thinks of it."""
        place = village.machine(name).place
        village.network.dialed(place, Address(host, 8080))

    def crowd(self, village: Village, apart: float) -> None:
        """Let three nodes dial a dead one, time and again."""
        village.do("unplug", "n3")
        for _ in range(dialing.HERDS + 1):
            for name in ("n0", "n1", "n2"):
                self.dial(village, name, "10.0.0.4")
                village.pass_time(apart)
            village.pass_time(1)

    def test_a_sound_village_holds(self) -> None:
        """Nothing is wrong where one dies, one leaves and one breaks its links."""
        village = self.village(5)
        village.pass_time(20)
        village.do("kill", "n2")
        village.do("leave", "n3")
        village.do("snap", "n0", whom=("n1",))
        for _ in range(40):
            village.pass_time(1)
            for invariant in (
                dialing.dials_are_spread,
                dialing.backoff_begins_anew,
                dialing.leavers_are_not_dialed,
                dialing.hearsay_is_judged,
            ):
                self.assertEqual([], list(invariant(village.watch)))

    def test_herds_are_seen(self) -> None:
        """Several nodes that dial a dead one together each time have no jitter."""
        village = self.village(4)
        self.crowd(village, 0.0)
        (wrong,) = dialing.dials_are_spread(village.watch)
        self.assertIn("10.0.0.4", wrong)

    def test_who_comes_one_by_one_is_no_herd(self) -> None:
        """The same dials, apart, are none."""
        village = self.village(4)
        self.crowd(village, 0.05)
        self.assertEqual([], list(dialing.dials_are_spread(village.watch)))

    def test_a_long_wait_at_the_beginning_is_seen(self) -> None:
        """A dead peer that nobody dials for longer than the backoff's beginning is missed."""
        village = self.village(3)
        for _ in range(20):
            village.pass_time(1)
            self.assertEqual([], list(dialing.backoff_begins_anew(village.watch)))
        village.network.dialed = lambda place, address: None
        village.do("kill", "n2")
        village.pass_time(2)
        self.assertEqual([], list(dialing.backoff_begins_anew(village.watch)))
        village.pass_time(30)
        self.assertEqual(2, len(list(dialing.backoff_begins_anew(village.watch))))

    def test_who_was_found_elsewhere_may_wait(self) -> None:
        """Where a peer was not found last, its dials and those of others are rationed together."""
        village = self.village(3)
        village.pass_time(20)
        self.assertEqual([], list(dialing.backoff_begins_anew(village.watch)))
        village.network.dialed = lambda place, address: None
        entries = []
        for name in ("n0", "n1"):
            mesh = village.machine(name).mesh
            assert mesh is not None
            entries.append(mesh.book.get(village.machine("n2").id))
        village.do("kill", "n2")
        village.pass_time(32)
        for entry in entries:
            assert entry is not None
            entry.host = "10.7.0.1"
        self.assertEqual([], list(dialing.backoff_begins_anew(village.watch)))

    def test_dials_of_leavers_are_seen(self) -> None:
        """Who left is left alone, but for seeds."""
        village = self.village(4)
        village.do("leave", "n2")
        village.pass_time(3)
        self.dial(village, "n1", "10.0.0.3")
        (wrong,) = dialing.leavers_are_not_dialed(village.watch)
        self.assertIn("n1 dials 10.0.0.3", wrong)

    def test_a_seed_that_left_is_dialed(self) -> None:
        """It is where we were told to join."""
        village = self.village(4)
        village.do("leave", "n0")
        village.pass_time(3)
        self.dial(village, "n1", "10.0.0.1")
        self.assertEqual([], list(dialing.leavers_are_not_dialed(village.watch)))

    def test_forbidden_addresses_are_seen(self) -> None:
        """Loopback and link-local addresses of others are nobody's business."""
        for host in ("127.0.0.1", "169.254.169.254", "::1"):
            village = self.village(2)
            self.dial(village, "n1", host)
            self.assertEqual(1, len(list(dialing.hearsay_is_judged(village.watch))), host)
