"""
A machine of a simulated network, whatever program runs on it.

A program that takes its clock and its endpoints from outside can live here: it gets `begin()` for a
clock, `endpoint()` to dial, `listen()` to be dialed. It is killed, paused and moved as any other.
"""

from collections.abc import Sequence

from attrs import define
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint

from gossip.mesh.addresses import Address
from gossip.testing.clock import Clock, ProcessClock
from gossip.testing.network import Endpoint, Network, Place
from gossip.trust.identity import PeerId

EPOCH = 1_800_000_000.0
"""Unix time at which every simulation begins."""


@define(eq=False, kw_only=True)
class Host:
    """See the module. A machine runs one process at a time."""

    network: Network
    place: Place
    wall_offset: float = 0.0
    """Seconds by which its wall clock is wrong."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.place.name

    @property
    def clock(self) -> Clock:
        """The time of the simulation."""
        return self.network.clock

    @property
    def process(self) -> ProcessClock | None:
        """What runs here."""
        return self.place.process

    @property
    def runs(self) -> bool:
        """Whether something runs here, and makes progress."""
        return self.process is not None and self.process.running

    def begin(self, who: PeerId | None = None) -> ProcessClock:
        """Start a process, which proves to hold this key; its clock."""
        process = self.place.process = ProcessClock(self.clock)
        self.place.id = who
        return process

    def listen(self, port: int, factory: IProtocolFactory) -> None:
        """Accept connections at a port, until the process ends."""
        self.place.listening[port] = factory

    def endpoint(self, address: Address) -> IStreamClientEndpoint:
        """What dials an address from here."""
        return Endpoint(self.network, self.place, address)

    async def resolve(self, host: str) -> Sequence[str]:
        """The addresses of a name, at once; a literal is its own."""
        return self.network.names.get(host, [host])

    def wall(self) -> float:
        """Its wall clock: Unix time."""
        return EPOCH + self.clock.now + self.wall_offset

    def kill(self) -> None:
        """Kill the process. The system tells those who had connections to it, where it can."""
        if self.process is None:
            return
        self.process.end()
        for end in list(self.place.ends):
            if not end.gone:
                end.vanish()
                end.out.abandon()
        self.ended()

    def unplug(self) -> None:
        """Take the machine from the network and stop it: nobody is told anything."""
        if self.process is not None:
            self.process.end()
        for end in self.place.ends:
            end.vanish()
            end.out.clear()
        self.ended()
        everyone = self.network.places
        self.network.cut([self.name], everyone, "down")
        self.network.cut(everyone, [self.name], "down")

    def plug(self) -> None:
        """The machine is on again, and nothing runs on it yet."""
        everyone = self.network.places
        self.network.mend([self.name], everyone, "down")
        self.network.mend(everyone, [self.name], "down")

    def move(self, address: str) -> None:
        """Give the machine another address: what was connected to the old one is never told."""
        self.network.strand(self.place)
        self.place.address = address

    def ended(self) -> None:
        """Nothing runs here any more."""
        self.place.process = None
        self.place.listening.clear()
