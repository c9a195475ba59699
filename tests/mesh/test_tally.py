"""
What happened since the start.
"""

from gossip.mesh.link import Link
from gossip.mesh.status import PeerLeft
from gossip.mesh.tally import Tally
from gossip.wire.session import Role, Session
from gossip.wire.terms import Terms
from gossip.wire.traffic import Traffic
from tests.cases import UnitCase


def link(frames: int) -> Link:
    """A link on which so many frames came."""
    link = Link.__new__(Link)
    link.session = Session(Role.DIALER, Terms(), 0.0)
    link.session.traffic.frames_in = frames
    return link


class TallyTests(UnitCase):
    """Numbers that only grow."""

    def test_traffic(self) -> None:
        """What went over links that are gone counts on; those before TLS had none."""
        tally, lost, silent = Tally(), link(5), Link.__new__(Link)
        silent.session = None
        self.assertEqual(Traffic(frames_in=7), tally.traffic([lost, link(2), silent]))
        tally.lost(lost)
        tally.lost(silent)
        self.assertEqual(Traffic(frames_in=7), tally.traffic([link(2)]))
        self.assertEqual(Traffic(frames_in=5), tally.traffic([]))

    def test_events(self) -> None:
        """Each by its name, also where it never happened."""
        tally = Tally()
        for _ in range(3):
            tally.happened(PeerLeft(peer="p", name="", address=""))
        events = tally.events()
        self.assertEqual((3, 0), (events["events_peer_left"], events["events_peer_dead"]))
