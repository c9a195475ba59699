"""
Which of two links to one peer stays.
"""

from itertools import product

from gossip.mesh.pairing import Candidate, Verdict, decide
from gossip.trust.identity import PeerId
from gossip.wire.session import Role
from tests.cases import UnitCase

SMALL, LARGE = PeerId("1" * 64), PeerId("2" * 64)
HERE, THERE = Role.DIALER, Role.ACCEPTOR
"""The role of the node that decides: it dialed, or the peer did."""


class PairingTests(UnitCase):
    """PROTOCOL section 4 as a table."""

    def test_restarted_peer(self) -> None:
        """A link of another process of the peer replaces the old one, whoever dialed either."""
        for old, new, own in product(Role, Role, (SMALL, LARGE)):
            peer = LARGE if own == SMALL else SMALL
            verdict = decide(Candidate(old, "before"), Candidate(new, "after"), own, peer)
            self.assertIs(Verdict.REPLACE, verdict)

    def test_twins(self) -> None:
        """A process that was here before, while another has the link, is no restart."""
        for old, new, own in product(Role, Role, (SMALL, LARGE)):
            peer = LARGE if own == SMALL else SMALL
            verdict = decide(Candidate(old, "one"), Candidate(new, "two", True), own, peer)
            self.assertIs(Verdict.PROBE, verdict)

    def test_back_with_the_same_process(self) -> None:
        """That a process was here before says nothing where the link is its own."""
        for role in Role:
            old, new = Candidate(role, "now"), Candidate(role, "now", True)
            self.assertIs(Verdict.REPLACE, decide(old, new, SMALL, LARGE))

    def test_same_direction(self) -> None:
        """A second link dialed by the same side replaces the one that this side has lost."""
        for role, instance, own in product(Role, ("now", None), (SMALL, LARGE)):
            peer = LARGE if own == SMALL else SMALL
            verdict = decide(Candidate(role, instance), Candidate(role, "now"), own, peer)
            self.assertIs(Verdict.REPLACE, verdict)

    def test_crossed(self) -> None:
        """Of two links that crossed, the one that the smaller id dialed stays."""
        for old, new, own, peer, verdict in (
            (HERE, THERE, SMALL, LARGE, Verdict.PROBE),
            (THERE, HERE, SMALL, LARGE, Verdict.REPLACE),
            (HERE, THERE, LARGE, SMALL, Verdict.REPLACE),
            (THERE, HERE, LARGE, SMALL, Verdict.PROBE),
        ):
            found = decide(Candidate(old, "now"), Candidate(new, "now"), own, peer)
            self.assertIs(verdict, found, (old, new, own))

    def test_crossed_before_their_hello(self) -> None:
        """A dial whose answer has not come counts as a link of the process that now dials."""
        dial, accepted = Candidate(HERE, None), Candidate(THERE, "now")
        self.assertIs(Verdict.PROBE, decide(dial, accepted, SMALL, LARGE))
        self.assertIs(Verdict.REPLACE, decide(dial, accepted, LARGE, SMALL))

    def test_both_ends_agree(self) -> None:
        """Of two links that crossed, both ends keep the same one, in whatever order they came."""
        for first in Role:
            second = THERE if first is HERE else HERE
            at_small = decide(Candidate(first, "l"), Candidate(second, "l"), SMALL, LARGE)
            stays = second if at_small is Verdict.REPLACE else first
            # The same connection has the opposite role at its other end.
            for old in Role:
                new = THERE if old is HERE else HERE
                at_large = decide(Candidate(old, "s"), Candidate(new, "s"), LARGE, SMALL)
                kept = new if at_large is Verdict.REPLACE else old
                self.assertIsNot(stays, kept)
