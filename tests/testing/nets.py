"""
A small simulated network, and recorders at both ends of its connections.
"""

from typing import Any

from twisted.internet.defer import Deferred

from gossip.mesh.addresses import Address
from gossip.testing.clock import Clock, ProcessClock
from gossip.testing.machine import identity
from gossip.testing.network import Endpoint, Network, Place, Trace
from gossip.testing.transport import End
from tests.cases import UnitCase
from tests.testing.conformance import Bell, One, Recorder

PORT = 8080

LATENCY = 0.01


class NetCase(UnitCase):
    """Three machines, a, b and c, of which each listens."""

    def setUp(self) -> None:
        """Nobody is connected."""
        self.time = Clock()
        self.net = Network(self.time, 1, Trace(self.time))
        self.a, self.b, self.c = (
            self.place(name, f"10.0.0.{number}") for number, name in enumerate("abc", 1)
        )

    def place(self, name: str, address: str, **more: Any) -> Place:
        """One more machine."""
        process = ProcessClock(self.time)
        made = Place(name=name, address=address, id=identity(name).id, process=process, **more)
        self.net.places[name] = made
        return made

    def recorder(self) -> Recorder:
        """One end."""
        made = Recorder(Bell())
        made.up_when = "shaken"
        return made

    def dial(self, one: Place, other: Place, near: Recorder, far: Recorder) -> Deferred[Any]:
        """Dial one from the other."""
        other.listening[PORT] = One(far)
        return self.dial_host(one, other.address, near)

    def dial_host(self, one: Place, host: str, near: Recorder) -> Deferred[Any]:
        """Dial an address."""
        return Endpoint(self.net, one, Address(host, PORT)).connect(One(near))

    def connected(self, one: Place, other: Place) -> tuple[Recorder, Recorder]:
        """The two ends of a connection that is up."""
        near, far = self.recorder(), self.recorder()
        connecting = self.dial(one, other, near, far)
        self.wait(1)
        self.assertTrue(near.up and far.up)
        self.assertIs(near, self.successResultOf(connecting))
        return near, far

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.time.run_until(self.time.seconds() + seconds)

    def end(self, recorder: Recorder) -> End:
        """The end of a connection that is up."""
        end: End = recorder.stream
        return end

    def both_ways(self, one: Place, other: Place) -> None:
        """Cut two machines off each other."""
        self.net.cut([one.name], [other.name])
        self.net.cut([other.name], [one.name])

    def mend(self, one: Place, other: Place) -> None:
        """Take all cuts back."""
        self.net.mend([one.name], [other.name])
        self.net.mend([other.name], [one.name])
