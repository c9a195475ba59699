"""
One try to reach a peer.
"""

from gossip.mesh.addresses import Address
from gossip.mesh.attempt import Attempt, Ending
from tests.cases import UnitCase


class AttemptTests(UnitCase):
    """How a dial ended is told once."""

    def attempt(self) -> tuple[Attempt, list[Ending | None]]:
        """An attempt, and where its end is noted."""
        endings: list[Ending | None] = []
        return Attempt(Address("192.0.2.1", 80), None, endings.append), endings

    def test_admitted(self) -> None:
        """A link that was admitted and lost later was a success."""
        attempt, endings = self.attempt()
        attempt.settle(None)
        attempt.settle(Ending("closed", "it closed the connection"))
        self.assertEqual([None], endings)

    def test_failed(self) -> None:
        """The first reason is the one that counts."""
        attempt, endings = self.attempt()
        attempt.settle(Ending("tls", "first"))
        attempt.settle(Ending("closed", "second"))
        attempt.settle(None)
        self.assertEqual([Ending("tls", "first")], endings)

    def test_told_only_once_even_while_telling(self) -> None:
        """Whoever is told and thereby ends the link is not told again."""
        endings: list[Ending | None] = []

        def note(ending: Ending | None) -> None:
            endings.append(ending)
            attempt.settle(Ending("closed", "again"))

        attempt = Attempt(Address("192.0.2.1", 80), None, note)
        attempt.settle(None)
        self.assertEqual([None], endings)

    def test_nobody_found_yet(self) -> None:
        """Who is there is known only when TLS has proved it."""
        attempt, _ = self.attempt()
        self.assertIsNone(attempt.found)
        self.assertIsNone(attempt.vouch)


class EndingTests(UnitCase):
    """Why a link ended."""

    def test_defaults(self) -> None:
        """Unless said otherwise, it was not the peer's word, and it was not silence."""
        ending = Ending("tls", "refused")
        self.assertFalse(ending.theirs)
