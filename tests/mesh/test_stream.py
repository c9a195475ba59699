"""
How a transport is read, paused, closed and cut.
"""

from typing import Any

from attrs import define
from twisted.internet.interfaces import ITCPTransport, ITransport
from twisted.internet.testing import StringTransport, StringTransportWithDisconnection
from zope.interface import implementer

from gossip.mesh.addresses import Address
from gossip.mesh.outflow import Outflow
from gossip.mesh.stream import Stream, far_end
from tests.cases import UnitCase


class Noting(StringTransport):
    """A transport that notes what was asked of it, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name.endswith(("Producer", "Producing", "Connection")):
            self.asked.append(name)
        return super().__getattribute__(name)


@implementer(ITCPTransport)
class Delaying(Noting):
    """One that gathers small writes, until it is told not to."""

    delaying = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Write at once."""
        self.delaying = not enabled


class StreamTests(UnitCase):
    """One connection, from its transport to its end."""

    def setUp(self) -> None:
        """A stream that is not open yet, and a transport for it."""
        self.outflow = Outflow(most=100, seconds=lambda: 0.0, tell=lambda _: None)
        self.stream = Stream(self.outflow)
        self.transport = Noting()

    def open(self) -> None:
        """TCP is up."""
        self.stream.open(self.transport)
        self.transport.asked.clear()

    def test_producer(self) -> None:
        """From the first byte on the transport tells the outflow when it is full."""
        self.stream.open(self.transport)
        self.assertIs(self.outflow, self.transport.producer)
        self.assertTrue(self.transport.streaming)

    def test_small_writes(self) -> None:
        """What is written goes out at once, where the transport would wait for more."""
        delaying = Delaying()
        self.stream.open(delaying)
        self.assertFalse(delaying.delaying)

    def test_write(self) -> None:
        """Bytes go to the transport as they are."""
        self.open()
        self.stream.write(b"abc")
        self.assertEqual(b"abc", self.transport.value())

    def test_read(self) -> None:
        """The transport is asked where something changes, and only there."""
        self.open()
        for go_on in (True, False, False, True, True):
            self.stream.read(go_on)
            self.assertIs(go_on, self.stream.reading)
        self.assertEqual(["pauseProducing", "resumeProducing"], self.transport.asked)

    def test_close(self) -> None:
        """The producer goes first, since TLS waits for it."""
        self.open()
        self.stream.close()
        self.assertEqual(["unregisterProducer", "loseConnection"], self.transport.asked)

    def test_abort(self) -> None:
        """An abort is one."""
        self.open()
        self.stream.abort()
        self.assertEqual("abortConnection", self.transport.asked[0])

    def test_before_there_is_a_transport(self) -> None:
        """Nothing is written, read or closed that is not there."""
        self.stream.write(b"abc")
        self.stream.read(False)
        self.stream.close()
        self.stream.abort()
        self.open()
        self.assertEqual((b"", True), (self.transport.value(), self.stream.reading))


class FarEndTests(UnitCase):
    """Where a connection leads."""

    def test_address(self) -> None:
        """An address is unwrapped, a name stands where there is none, and nowhere is unknown."""
        for host, far in (
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:127.0.0.1", "127.0.0.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("a/socket", "a/socket"),
        ):
            transport = StringTransportWithDisconnection(peerAddress=_Where(host, 5))
            self.assertEqual(Address(far, 5), far_end(ITransport(transport)))
        self.assertEqual(Address("unknown", 0), far_end(None))


@define
class _Where:
    host: str
    port: int
