"""
Who is at the other end.
"""

import os
import socket

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress

from gossip.control.callers import caller
from tests.cases import UnitCase


class End:
    """As much of a transport as is asked."""

    def __init__(self, peer: object, opened: object) -> None:
        self._peer = peer
        self.socket = opened

    def getPeer(self) -> object:
        """The other end."""
        return self._peer


class CallerTests(UnitCase):
    """What is logged of them."""

    def test_on_a_unix_socket(self) -> None:
        """The system tells the process and its user."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        expected = f"process {os.getpid()} (uid {os.getuid()}, gid {os.getgid()})"
        self.assertEqual(expected, caller(End(UNIXAddress(None), ours)))

    def test_on_tcp(self) -> None:
        """There is an address."""
        self.assertEqual("1.2.3.4 port 5", caller(End(IPv4Address("TCP", "1.2.3.4", 5), None)))
        self.assertEqual("::1 port 5", caller(End(IPv6Address("TCP", "::1", 5), None)))

    def test_where_nothing_is_told(self) -> None:
        """It is somebody."""
        closed = socket.socket(socket.AF_UNIX)
        closed.close()
        self.assertEqual("somebody", caller(End(UNIXAddress(None), closed)))
        self.assertEqual("somebody", caller(End(UNIXAddress(None), None)))
