"""
What one frame costs a link, without TLS, sockets and whatever its meaning costs.

Run as `python -m benchmarks.frames` in the checkout, or, where the program is installed, as
`python benchmarks/frames.py`. For each kind of message it prints how many frames a second one core
hears and says; and how many heartbeats are said when their time has come, timer included. Absolute
figures drift with the machine: compare ratios, and only such as were taken in turns.
"""

import sys
from collections.abc import Callable
from time import process_time
from typing import Any

from attrs import define, field
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from gossip.mesh.agenda import Agenda
from gossip.mesh.link import Link, Surroundings
from gossip.settings import Limits
from gossip.trust.identity import PeerId
from gossip.wire.messages import GetPeers, Heartbeat, Hello, Message, Peers, Ping, Pong, Sealed
from gossip.wire.messages import serialize as framed
from gossip.wire.session import Role
from gossip.wire.terms import Terms

ROUNDS = 5
"""Of which the best one counts: the others were disturbed more."""
FRAMES = 20_000
"""In one round."""

VIEW = "0123456789abcdef"
HELLO = Hello(
    network="default",
    instance=VIEW,
    record=Sealed("{}", ""),
    observed="192.0.2.1",
    agent="benchmark/1",
    period=5.0,
    heartbeat=60.0,
    time=0.0,
    view=VIEW,
    features=[],
)
KINDS: dict[str, Message] = {
    "heartbeat": Heartbeat(VIEW),
    "ping": Ping(123456, "hello, world"),
    "pong": Pong(123456),
    "get_peers": GetPeers(),
    "peers": Peers([Sealed("b" * 500, "s" * 88)], more=False),
}


class Sink(StringTransport):
    """A transport on which all that is written is gone."""

    def write(self, data: bytes) -> None:
        """Lose it."""


class Host:
    """Admits everybody, beats in time, and makes nothing of what is said."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return self._ignore

    def heard(self, link: Link, message: Message) -> None:
        """Hello is answered."""
        if isinstance(message, Hello):
            link.tell(HELLO)

    def quiet(self, link: Link) -> None:
        """Beat."""
        link.tell(Heartbeat(VIEW))

    def _ignore(self, *_: Any) -> None:
        pass


@define
class Bench:
    """One link that is open, on a clock that stands still."""

    clock: Clock = field(factory=Clock)
    link: Link = field(init=False)

    def __attrs_post_init__(self) -> None:
        around = Surroundings(
            clock=self.clock,
            # The clock is moved by whole heartbeats, which is no stall.
            agenda=Agenda(self.clock, lambda seconds, now: None),
            host=Host(),
            limits=Limits(),
            # Nobody is slowed down: it is the speed that is asked for.
            terms=Terms(frames_at_once=1e9),
            identify=lambda transport: PeerId("7" * 64),
            explain=lambda error: None,
        )
        self.link = Link(Role.ACCEPTOR, around, None, lambda: None)
        self.link.makeConnection(Sink())
        self.link.handshakeCompleted()
        self.link.dataReceived(framed(HELLO))

    def hear(self, message: Message) -> None:
        """Hear so many frames, each in a read of its own."""
        frame, hear = framed(message), self.link.dataReceived
        for _ in range(FRAMES):
            hear(frame)

    def say(self, message: Message) -> None:
        """Say so many frames."""
        say = self.link.tell
        for _ in range(FRAMES):
            say(message)

    def beat(self) -> None:
        """Let the time of so many heartbeats come, of a peer that seldom says anything itself."""
        alive = framed(Heartbeat(VIEW))
        for second in range(FRAMES):
            self.clock.advance(1.0)
            if second % 60 == 0:
                self.link.dataReceived(alive)


def best(work: Callable[..., None], *arguments: Any) -> float:
    """Seconds of CPU that a frame of this work takes."""
    times = []
    for _ in range(ROUNDS):
        begun = process_time()
        work(*arguments)
        times.append((process_time() - begun) / FRAMES)
    return min(times)


def main() -> None:
    """Print the table."""
    out = sys.stdout
    out.write(f"{'':12}{'in':>24}{'out':>24}\n{'':12}")
    out.write(f"{'frames/s':>12}{'us/frame':>12}" * 2 + "\n")
    for name, message in KINDS.items():
        bench = Bench()
        row = (best(bench.hear, message), best(bench.say, message))
        out.write(f"{name:12}" + "".join(f"{1 / t:>12,.0f}{t * 1e6:>12.2f}" for t in row) + "\n")
    beat = best(Bench().beat)
    out.write(f"{'a beat':12}{'':24}{1 / beat:>12,.0f}{beat * 1e6:>12.2f}\n")


if __name__ == "__main__":
    main()
