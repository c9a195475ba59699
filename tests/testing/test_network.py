"""
Who can be reached from where, and what becomes of dials.
"""

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.error import TimeoutError as TimedOut
from twisted.internet.interfaces import IStreamClientEndpoint
from zope.interface.verify import verifyObject

from gossip.mesh.addresses import Address
from gossip.testing.clock import Clock, ProcessClock
from gossip.testing.network import CONNECT_WAIT, EPHEMERAL, Endpoint, Network, Trace
from gossip.testing.paths import Weather
from tests.testing.conformance import One, Recorder
from tests.testing.nets import LATENCY, PORT, NetCase


class DialTests(NetCase):
    """Dials."""

    def setUp(self) -> None:
        """Two ends that are to meet."""
        super().setUp()
        self.near, self.far = self.recorder(), self.recorder()

    def refused(self, connecting: Deferred[object]) -> None:
        """It has just failed."""
        self.failureResultOf(connecting, Refused)
        self.assertEqual([], self.near.told)

    def test_interface(self) -> None:
        """What dials is an endpoint."""
        verifyObject(IStreamClientEndpoint, Endpoint(self.net, self.a, Address("10.0.0.2", 1)))

    def test_counted_and_told(self) -> None:
        """Every dial is counted, told to who asked for it, and noted."""
        told = []
        self.net.dialed = lambda place, address: told.append((place.name, str(address)))
        before = self.net.trace.digest()
        self.dial(self.a, self.b, self.near, self.far)
        self.assertEqual([("a", "10.0.0.2:8080")], told)
        self.assertEqual(1, self.net.dials["a", Address("10.0.0.2", PORT)])
        self.assertNotEqual(before, self.net.trace.digest())
        self.wait(1)
        self.assertTrue(self.near.up)

    def test_nobody_listens(self) -> None:
        """After a round trip it is refused."""
        connecting = self.dial_host(self.a, "10.0.0.2", self.near)
        self.wait(1.9 * LATENCY)
        self.assertNoResult(connecting)
        self.wait(0.2 * LATENCY)
        self.refused(connecting)

    def test_nothing_runs_there(self) -> None:
        """The machine is there, the process is not: refused."""
        self.b.process = None
        connecting = self.dial(self.a, self.b, self.near, self.far)
        self.wait(1)
        self.refused(connecting)

    def test_nobody_has_the_address(self) -> None:
        """There is no answer, and the endpoint gives up."""
        connecting = self.dial_host(self.a, "10.9.9.9", self.near)
        self.wait(CONNECT_WAIT - 1)
        self.assertNoResult(connecting)
        self.wait(2)
        self.failureResultOf(connecting, TimedOut)

    def test_hidden(self) -> None:
        """Behind NAT one can dial, and cannot be dialed."""
        self.b.hidden = True
        connecting = self.dial(self.a, self.b, self.near, self.far)
        self.wait(CONNECT_WAIT + 1)
        self.failureResultOf(connecting, TimedOut)
        self.connected(self.b, self.a)

    def test_two_behind_one_router(self) -> None:
        """Both have its address, and neither can be dialed there."""
        self.b.hidden = True
        self.place("d", "10.0.0.2", hidden=True).listening[PORT] = One(self.far)
        connecting = self.dial(self.a, self.b, self.near, self.far)
        self.wait(CONNECT_WAIT + 1)
        self.failureResultOf(connecting, TimedOut)

    def test_a_cut_that_ends(self) -> None:
        """Another SYN gets through: at 1, 3, 7 ... seconds after the first."""
        self.net.cut(["a"], ["b"])
        self.dial(self.a, self.b, self.near, self.far)
        self.wait(2)
        self.mend(self.a, self.b)
        self.wait(0.9)
        self.assertEqual([], self.far.told)
        self.wait(0.2)
        self.assertTrue(self.near.up and self.far.up)

    def test_a_cut_that_lasts(self) -> None:
        """One way is enough to keep a dial from everything."""
        self.net.cut(["b"], ["a"])
        connecting = self.dial(self.a, self.b, self.near, self.far)
        self.wait(CONNECT_WAIT + 1)
        self.failureResultOf(connecting, TimedOut)
        self.assertEqual([], self.far.told)

    def test_the_answer_is_cut_off(self) -> None:
        """It comes when the way back is open."""
        self.dial(self.a, self.b, self.near, self.far)
        self.wait(1.5 * LATENCY)
        self.net.cut(["b"], ["a"])
        self.wait(5)
        self.assertEqual((["made"], []), (self.far.told, self.near.told))
        self.mend(self.a, self.b)
        self.wait(6)
        self.assertTrue(self.near.up and self.far.up)

    def test_one_dial_makes_one_connection(self) -> None:
        """Also where the dialer does not run when the answer comes, and its system asks again."""
        self.dial(self.a, self.b, self.near, self.far)
        assert self.a.process is not None
        self.a.process.pause()
        self.wait(20)
        self.assertEqual((1, ["made"]), (len(self.b.ends), self.far.told))
        self.a.process.resume()
        self.wait(1)
        self.assertTrue(self.near.up and self.far.up)

    def test_an_acceptor_that_does_not_run(self) -> None:
        """Its system answers; it hears of the connection when it runs on."""
        assert self.b.process is not None
        self.b.process.pause()
        connecting = self.dial(self.a, self.b, self.near, self.far)
        self.wait(10)
        self.assertIs(self.near, self.successResultOf(connecting))
        self.assertEqual((["made"], []), (self.near.told, self.far.told))
        self.b.process.resume()
        self.wait(1)
        self.assertTrue(self.near.up and self.far.up)

    def test_given_up_too_late(self) -> None:
        """Where the other side had accepted already, it learns that nobody is there."""
        connecting = self.dial(self.a, self.b, self.near, self.far)
        self.wait(1.5 * LATENCY)
        self.assertEqual(["made"], self.far.told)
        connecting.addErrback(lambda _: None)
        connecting.cancel()
        self.wait(1)
        self.assertEqual(([], ["made", "lost"]), (self.near.told, self.far.told))

    def test_given_up_while_it_did_not_run(self) -> None:
        """Timers come first: the connection that stands by then is not wanted any more."""
        connecting = self.dial(self.a, self.b, self.near, self.far)
        assert self.a.process is not None
        self.a.process.callLater(5, connecting.cancel)
        connecting.addErrback(lambda _: None)
        self.a.process.pause()
        self.wait(10)
        self.a.process.resume()
        self.wait(1)
        self.assertEqual(([], ["made", "lost"]), (self.near.told, self.far.told))

    def test_a_dialer_that_is_gone(self) -> None:
        """The other side learns it, and the dial has no end."""
        connecting = self.dial(self.a, self.b, self.near, self.far)
        assert self.a.process is not None
        self.a.process.end()
        self.wait(100)
        self.assertNoResult(connecting)
        self.assertEqual([], self.near.told)

    def test_mute(self) -> None:
        """It accepts, and nothing comes; what runs there knows nothing of it."""
        self.b.mute = True
        self.dial(self.a, self.b, self.near, self.far)
        self.wait(100)
        self.assertEqual((["made"], []), (self.near.told, self.far.told))
        self.near.stream.abortConnection()
        self.wait(1)
        self.net.forget_gone()
        self.assertEqual(({}, {}), (self.a.ends, self.b.ends))

    def test_nothing_is_left(self) -> None:
        """When a dial is over, nothing of it waits."""
        self.dial(self.a, self.b, self.near, self.far)
        self.wait(2)
        assert self.a.process is not None
        self.assertEqual([], self.a.process.getDelayedCalls())

    def test_ports(self) -> None:
        """Every dialer gets its own port, and there are as many as there are."""
        seen = {self.connected(self.a, self.b)[0].stream.getHost().port for _ in range(3)}
        self.assertEqual(set(range(EPHEMERAL, EPHEMERAL + 3)), seen)
        self.net._ports = 65535 - EPHEMERAL
        ports = [self.connected(self.a, self.b)[0].stream.getHost().port for _ in range(2)]
        self.assertEqual([65535, EPHEMERAL], ports)


class NetworkTests(NetCase):
    """What is done to the whole."""

    def test_cut_and_mend(self) -> None:
        """From any of some to any of others, and to nobody from oneself."""
        everyone = ("a", "b", "c")
        self.net.cut(["a"], everyone, "split")
        self.assertFalse(self.net.path("a", "b").open or self.net.path("a", "c").open)
        self.assertTrue(self.net.path("a", "a").open and self.net.path("b", "a").open)
        self.assertFalse(self.net.connected("b", "a"))
        self.assertTrue(self.net.connected("b", "c"))
        self.net.cut(["a"], ["b"], "storm")
        self.net.mend(["a"], everyone, "split")
        self.assertEqual([False, True], [self.net.path("a", name).open for name in "bc"])

    def test_a_middlebox_breaks_connections(self) -> None:
        """Those of these two machines, and both ends are told."""
        one = self.connected(self.a, self.b)
        other = self.connected(self.b, self.a)
        spared = self.connected(self.a, self.c)
        self.net.break_connections(self.a, self.b)
        self.wait(1)
        self.assertTrue(all(end.lost for end in (*one, *other)))
        self.assertFalse(any(end.lost for end in spared))

    def test_two_at_one_address(self) -> None:
        """One of them answers."""
        other = self.recorder()
        self.place("d", self.b.address).listening[PORT] = One(other)
        near, far = self.connected(self.a, self.b)
        self.assertEqual((1, []), (len(self.a.ends), other.told))
        self.assertTrue(near.up and far.up)

    def test_weather_of_all(self) -> None:
        """It holds where nothing else was said."""
        self.net.weather = Weather(latency=0.5)
        self.assertEqual(0.5, self.net.path("a", "d").arrival(1, 0.0))

    def test_carried(self) -> None:
        """Writes are counted, on all ways."""
        near, far = self.connected(self.a, self.b)
        near.stream.write(b"1")
        far.stream.write(b"2")
        self.assertEqual(2, self.net.carried())


class TraceTests(NetCase):
    """What happened, as one number."""

    def run_once(self, seed: int, text: bytes) -> str:
        """A small world."""
        self.time = Clock()
        self.net = Network(self.time, seed, Trace(self.time))
        self.a, self.b = self.place("a", "10.0.0.1"), self.place("b", "10.0.0.2")
        self.net.path("a", "b").change(Weather(latency=0.1, jitter=0.1))
        near, _ = self.connected(self.a, self.b)
        for _ in range(50):
            near.stream.write(text)
            self.wait(0.01)
        self.wait(5)
        return self.net.trace.digest()

    def test_the_same_again(self) -> None:
        """Equal for equal runs; another seed, or one byte, makes another."""
        first = self.run_once(1, b"text")
        self.assertEqual(first, self.run_once(1, b"text"))
        self.assertNotEqual(first, self.run_once(2, b"text"))
        self.assertNotEqual(first, self.run_once(1, b"Text"))

    def test_line_by_line(self) -> None:
        """Who wants to read it gets every line, with its time."""
        lines: list[str] = []
        trace = Trace(self.time, lines.append)
        self.wait(1.5)
        trace.note("something")
        self.assertEqual(["1.500000 something"], lines)


class GoneTests(NetCase):
    """A machine whose process is gone."""

    def kill(self, recorder: Recorder) -> ProcessClock:
        """End the process that has this end, as `Machine.kill` does."""
        end = self.end(recorder)
        end.process.end()
        end.vanish()
        end.out.abandon()
        return end.process

    def test_its_system_tells(self) -> None:
        """Who was connected is told; who had it is not, though it had a timer."""
        near, far = self.connected(self.a, self.b)
        self.kill(far).callLater(1, far.stream.abortConnection)
        self.wait(10)
        self.assertEqual((True, False), (near.lost, far.lost))

    def test_nobody_tells(self) -> None:
        """In a cut: half of the connection stays, until something is said on it."""
        near, far = self.connected(self.a, self.b)
        self.both_ways(self.a, self.b)
        self.kill(far)
        self.wait(1)
        self.mend(self.a, self.b)
        self.wait(10)
        self.assertFalse(near.lost)
        near.stream.write(b"are you there?")
        self.wait(1)
        self.assertTrue(near.lost)
