"""
The ends of simulated connections: what `test_conformance` cannot show.
"""

from twisted.internet.interfaces import IPushProducer, ITCPTransport
from zope.interface.verify import verifyObject

from gossip.testing.machine import identity
from gossip.testing.transport import FULL
from tests.testing.conformance import AT_ONCE, BULK, Bell, Source
from tests.testing.nets import LATENCY, NetCase


class EndTests(NetCase):
    """One end."""

    def test_interfaces(self) -> None:
        """It is what Twisted calls a TCP transport."""
        near, _ = self.connected(self.a, self.b)
        verifyObject(ITCPTransport, near.stream)
        verifyObject(IPushProducer, near.stream)
        near.stream.setTcpNoDelay(True)
        near.stream.setTcpKeepAlive(True)
        near.stream.loseWriteConnection()
        self.assertTrue(near.stream.getTcpNoDelay())
        self.assertFalse(near.stream.getTcpKeepAlive())

    def test_what_was_read_at_once(self) -> None:
        """An end that pauses gets what Twisted would have read with it, and no more."""
        near, far = self.connected(self.a, self.b)
        far.then("data", lambda end: end.stream.pauseProducing())
        near.stream.write(BULK)
        self.wait(10)
        self.assertGreater(len(far.heard), AT_ONCE / 2)
        self.assertLessEqual(len(far.heard), AT_ONCE)

    def test_who_is_there(self) -> None:
        """Each end knows the key of the other."""
        near, far = self.connected(self.a, self.b)
        self.assertEqual(identity("b").id, self.end(near).peer_id)
        self.assertEqual(identity("a").id, self.end(far).peer_id)

    def test_round_trips(self) -> None:
        """TCP takes one, the handshake takes one more for the dialer, one and a half for the other."""
        near, far = self.recorder(), self.recorder()
        self.dial(self.a, self.b, near, far)
        seen = []
        for _ in range(6):
            self.wait(LATENCY)
            seen.append((near.told[-1:], far.told[-1:]))
        self.assertEqual(
            [
                ([], ["made"]),
                (["made"], ["made"]),
                (["made"], ["made"]),
                (["shaken"], ["made"]),
                (["shaken"], ["shaken"]),
                (["shaken"], ["shaken"]),
            ],
            seen,
        )

    def test_the_count_of_deliveries(self) -> None:
        """By it others see whether anything came."""
        near, far = self.connected(self.a, self.b)
        self.assertEqual(0, self.end(far).delivered)
        near.stream.write(b"x")
        self.wait(1)
        self.assertEqual((1, 0), (self.end(far).delivered, self.end(near).delivered))

    def test_little_is_under_way(self) -> None:
        """A producer that pauses when it is told has little more than a transport's fill unread."""
        near, far = self.connected(self.a, self.b)
        far.stream.pauseProducing()
        source = Source(near, far, len(BULK), Bell())
        source.start()
        self.wait(10)
        self.assertTrue(source.paused)
        self.assertLessEqual(self.end(near).out.size, FULL + 16384)

    def test_a_paused_process_does_not_produce(self) -> None:
        """Though the other end reads, nothing is called here until the process runs on."""
        near, far = self.connected(self.a, self.b)
        far.stream.pauseProducing()
        source = Source(near, far, len(BULK), Bell())
        source.start()
        process = self.end(near).process
        process.pause()
        far.stream.resumeProducing()
        self.wait(10)
        self.assertTrue(source.paused)
        process.resume()
        self.wait(10)
        self.assertEqual(source.written, len(far.heard))
        self.assertGreaterEqual(source.written, len(BULK))

    def test_stop_producing(self) -> None:
        """A reader that wants nothing more closes."""
        near, far = self.connected(self.a, self.b)
        near.stream.stopProducing()
        self.wait(1)
        self.assertTrue(near.lost and far.lost)

    def test_vanished(self) -> None:
        """Nobody is told, and who writes learns that nobody is there."""
        near, far = self.connected(self.a, self.b)
        self.end(far).vanish()
        self.wait(60)
        self.assertFalse(near.lost or far.lost)
        near.stream.write(b"are you there?")
        self.wait(1)
        self.assertTrue(near.lost)
        self.assertFalse(far.lost)

    def test_vanished_with_unread_bytes(self) -> None:
        """The system says so at once to who sent them."""
        near, far = self.connected(self.a, self.b)
        far.stream.pauseProducing()
        near.stream.write(b"unread")
        self.wait(1)
        self.end(far).vanish()
        self.wait(1)
        self.assertTrue(near.lost)
