"""
Invariants about conduct: each holds in a sound village, and sees what breaks it.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from msgspec.structs import replace

from gossip.mesh.factories import Accepted
from gossip.mesh.link import Link
from gossip.testing import conduct
from gossip.testing.liars import VICTIM
from gossip.testing.transport import FULL
from gossip.testing.watch import Watch
from tests.testing.village import Village, VillageCase

Invariant: TypeAlias = Callable[[Watch], Iterator[str]]

EVERY: tuple[Invariant, ...] = (
    conduct.links_are_who_was_dialed,
    conduct.connections_become_links_or_go,
    conduct.places_are_given_back,
    conduct.the_deaf_are_cut,
    conduct.frames_are_rationed,
    conduct.frames_are_finished,
    conduct.own_records_are_told,
    conduct.records_hold,
    conduct.one_liar_adds_no_address,
    conduct.starts_are_quick,
    conduct.who_is_linked_is_told,
    conduct.pings_are_answered,
)


class ConductTests(VillageCase):
    """What is said of nodes that behave badly."""

    def links(self, village: Village, name: str) -> list[Link]:
        """The links of a node."""
        mesh = village.machine(name).mesh
        assert mesh is not None
        return list(mesh.links.values())

    def seen(self, village: Village, invariant: Invariant, seconds: int) -> list[str]:
        """What an invariant says at last, looking each second."""
        wrong: list[str] = []
        for _ in range(seconds):
            village.pass_time(1)
            wrong = list(invariant(village.watch))
        return wrong

    def test_a_sound_village_holds(self) -> None:
        """Nothing is wrong with liars, a death, a move and a pause."""
        village = self.village(5, liars=1)
        village.do("boot", "liar0")
        village.do("kill", "n4")
        village.do("move", "n3", text="10.7.0.1")
        village.do("pause", "n2", number=8.0)
        for _ in range(60):
            village.pass_time(1)
            for invariant in EVERY:
                self.assertEqual([], list(invariant(village.watch)))

    def test_links_with_others_than_were_dialed_are_seen(self) -> None:
        """A dial was for somebody."""
        village = self.village(3)
        dialed = [link for name in ("n0", "n1", "n2") for link in self.links(village, name)]
        attempt = next(link.attempt for link in dialed if link.attempt is not None)
        attempt.expected = village.machine("n0").id[::-1]  # type: ignore[assignment]
        self.assertEqual(1, len(list(conduct.links_are_who_was_dialed(village.watch))))

    def test_links_with_other_networks_are_seen(self) -> None:
        """A network is for itself."""
        village = self.village(2)
        machine = village.machine("n1")
        machine.settings = replace(machine.settings, network="another")
        self.assertEqual(1, len(list(conduct.links_are_who_was_dialed(village.watch))))

    def test_connections_that_stay_pending_are_seen(self) -> None:
        """A connection that is neither a link nor gone holds a place."""
        village = self.village(2)
        for link in self.links(village, "n1"):
            link.linked_at = None
        wrong = self.seen(village, conduct.connections_become_links_or_go, 36)
        self.assertIn("pending", wrong[0])

    def test_places_that_are_kept_are_seen(self) -> None:
        """A place for nobody is lost."""
        village = self.village(2)
        mesh = village.machine("n1").mesh
        assert mesh is not None
        assert isinstance(mesh.acceptor, Accepted)
        mesh.acceptor.gate.enter("10.0.0.9", 0.0)
        (wrong,) = conduct.places_are_given_back(village.watch)
        self.assertIn("1 places for 0", wrong)

    def test_what_is_left_unread_for_long_is_seen(self) -> None:
        """A link that is full and stays so is not cut in time."""
        village = self.village(2)
        end = next(iter(village.machine("n1").place.ends))
        for link in self.links(village, "n0") + self.links(village, "n1"):
            link.tick = lambda now: None  # type: ignore[method-assign]
        end.other.pauseProducing()
        end.write(b" " * 4 * FULL)
        self.assertEqual([], self.seen(village, conduct.the_deaf_are_cut, 3))
        self.assertEqual(1, len(self.seen(village, conduct.the_deaf_are_cut, 8)))

    def test_too_many_frames_are_seen(self) -> None:
        """More than the burst, in no time."""
        village = self.village(2)
        (link,) = self.links(village, "n1")
        village.watch.pinged[link] = 1300, village.clock.seconds()
        self.assertEqual(1, len(list(conduct.frames_are_rationed(village.watch))))

    def test_a_frame_without_end_is_seen(self) -> None:
        """Pieces come, and nothing whole."""
        village = self.village(2)
        end = next(iter(village.machine("n1").place.ends))
        link = end.protocol
        assert isinstance(link, Link)
        assert link.session is not None
        link.session.promise = 1000.0
        link.dataReceived = lambda data: None  # type: ignore[method-assign]
        wrong = self.seen(village, conduct.frames_are_finished, 27)
        self.assertIn("takes one frame", wrong[0])

    def test_old_records_are_seen(self) -> None:
        """A new record that is told to nobody is missed by all."""
        village = self.village(2)
        village.pass_time(10)
        mesh = village.machine("n1").mesh
        assert mesh is not None
        mesh.book.own = replace(mesh.book.own, seq=mesh.book.own.seq + 1)
        self.assertEqual([], self.seen(village, conduct.own_records_are_told, 3))
        self.assertEqual(1, len(self.seen(village, conduct.own_records_are_told, 5)))

    def test_records_that_do_not_hold_are_seen(self) -> None:
        """Those of a day to come, and those that have expired of whom there is no link."""
        village = self.village(3)
        one, other = village.machine("n1"), village.machine("n2")
        assert one.mesh is not None
        entry = one.mesh.book.get(other.id)
        assert entry is not None
        seq, entry.held.seq = entry.held.seq, entry.held.seq + 90_000_000
        self.assertEqual(1, len(list(conduct.records_hold(village.watch))))
        entry.held.seq, entry.held.expires_at = seq, one.wall() - 10
        self.assertEqual([], list(conduct.records_hold(village.watch)))
        del one.mesh.links[other.id]
        self.assertEqual(1, len(list(conduct.records_hold(village.watch))))

    def test_addresses_that_a_liar_adds_are_seen(self) -> None:
        """What one reports is nobody's address."""
        village = self.village(4, liars=1)
        mesh = village.machine("n1").mesh
        assert mesh is not None
        mesh.book.own = replace(mesh.book.own, addresses=(f"{VICTIM}:8080",))
        self.assertEqual(1, len(list(conduct.one_liar_adds_no_address(village.watch))))

    def test_slow_starts_are_seen(self) -> None:
        """A mesh that forms by heartbeats alone is late."""
        village = self.village(2)
        village.watch.healed(conduct.QUICK + 1)
        self.assertEqual(1, len(list(conduct.starts_are_quick(village.watch))))

    def test_links_that_nobody_was_told_of_are_seen(self) -> None:
        """Alive is said of whoever has a link."""
        village = self.village(2)
        machine = village.machine("n1")
        machine.boots += 1
        self.assertEqual(1, len(list(conduct.who_is_linked_is_told(village.watch))))

    def test_pings_without_answers_are_seen(self) -> None:
        """Two pings, and no answer."""
        village = self.village(2)
        (link,) = self.links(village, "n1")
        link.round_trips.sent, link.round_trips.answered = 2, 0
        self.assertEqual(1, len(list(conduct.pings_are_answered(village.watch))))
