"""
Tests of `gossip.wire.errors`.
"""

from gossip.wire.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from tests.cases import UnitCase


class ProtocolErrorTests(UnitCase):
    """An error says whose fault it is."""

    def test_the_two_faults_are_told_apart(self) -> None:
        """Neither fault is caught where the other is expected, and both are of one family."""
        self.assertFalse(issubclass(LocalProtocolError, RemoteProtocolError))
        self.assertFalse(issubclass(RemoteProtocolError, LocalProtocolError))
        for fault in (LocalProtocolError, RemoteProtocolError):
            self.assertTrue(issubclass(fault, ProtocolError), fault)

    def test_a_remote_fault_reads_as_its_reason(self) -> None:
        """What the peer is told is the text of the error."""
        self.assertEqual("ping: seq is odd", str(RemoteProtocolError("ping: seq is odd")))

    def test_a_remote_fault_breaks_the_protocol_unless_said_otherwise(self) -> None:
        """The code to leave with is `protocol`, or the one that was given."""
        self.assertEqual("protocol", RemoteProtocolError("broken").code)
        self.assertEqual("timeout", RemoteProtocolError("late", "timeout").code)
