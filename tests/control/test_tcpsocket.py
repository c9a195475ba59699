"""
The TCP socket.
"""

import socket
from typing import Any

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase

from gossip.control.tcpsocket import UNHEARD, HttpUnusable, listen

reactor: Any = global_reactor


class Arrived(Factory):
    """Tells of the first connection."""

    def __init__(self) -> None:
        self.first: Deferred[Any] = Deferred()

    def buildProtocol(self, addr: object) -> Protocol:
        """One connection."""
        made = Protocol()
        made.connectionMade = lambda: self.first.callback(made.transport)  # type: ignore[method-assign]
        return made


class ListenTests(TestCase):
    """Real sockets."""

    def listen(self, host: str, port: int = 0) -> Any:
        """Listen there until the test is over."""
        self.arrived = Arrived()
        made = listen(host, port, self.arrived, reactor)
        self.addCleanup(made.stopListening)
        return made

    async def test_who_vanished_is_let_go(self) -> None:
        """Each connection has a bound on how long nothing is acknowledged."""
        port = self.listen("127.0.0.1").getHost().port
        with socket.create_connection(("127.0.0.1", port)):
            transport = await self.arrived.first
            found = transport.getHandle().getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            self.assertEqual(UNHEARD * 1000, found)
            transport.loseConnection()

    def test_taken(self) -> None:
        """It is said in one line what to do."""
        port = self.listen("127.0.0.1").getHost().port
        error = self.assertRaises(HttpUnusable, listen, "127.0.0.1", port, Factory(), reactor)
        self.assertEqual(
            f"cannot listen on --http 127.0.0.1:{port}: Address already in use; choose another port",
            str(error),
        )

    def test_not_ours(self) -> None:
        """An address of another machine, of either family."""
        for host, shown in (("192.0.2.1", "192.0.2.1:9"), ("2001:db8::1", "[2001:db8::1]:9")):
            error = self.assertRaises(HttpUnusable, listen, host, 9, Factory(), reactor)
            self.assertIn(f"--http {shown}: ", str(error))
