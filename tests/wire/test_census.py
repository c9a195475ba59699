"""
What goes over all links, by kind.
"""

from gossip.wire import frames
from gossip.wire.census import GAPS, OTHER, Census, Histogram
from gossip.wire.messages import KINDS, Heartbeat, Hello, Message, Ping, Pong, Sealed, serialize
from gossip.wire.session import Dead, Role, Session
from gossip.wire.stalls import Stalls
from gossip.wire.terms import Terms
from tests.cases import UnitCase

VIEW = "0123456789abcdef"


def hello(heartbeat: float = 1.0) -> Hello:
    """What opens a link."""
    return Hello(
        network="n",
        instance=VIEW,
        record=Sealed("{}", ""),
        observed="192.0.2.1",
        agent="test/1",
        period=5.0,
        heartbeat=heartbeat,
        time=0.0,
        view=VIEW,
        features=[],
    )


class HistogramTests(UnitCase):
    """Values between bounds."""

    def test_bounds_belong_to_what_is_below(self) -> None:
        """As Prometheus has it: `le` is less or equal."""
        histogram = Histogram((1.0, 2.0))
        for value in (0.5, 1.0, 1.5, 2.0, 2.5, 9.0):
            histogram.observe(value)
        self.assertEqual(([2, 2, 2], 16.5), (histogram.counts, histogram.sum))

    def test_bounds_ascend(self) -> None:
        """Otherwise they would not be found."""
        self.assertEqual(sorted(set(GAPS)), list(GAPS))


class CensusTests(UnitCase):
    """Links that count together."""

    def setUp(self) -> None:
        self.census = Census()
        self.stalls = Stalls()
        self.terms = Terms(census=self.census, stalls=self.stalls)

    def link(self, heartbeat: float = 1.0) -> Session:
        """One that is open; the peer promises this heartbeat."""
        session = Session(Role.ACCEPTOR, self.terms, 0.0)
        session.receive(serialize(hello(heartbeat)), 0.0)
        session.send(hello(), 0.0)
        return session

    def gaps(self) -> list[int]:
        """How many silences were told of, by their bounds."""
        return self.census.gaps.counts

    def test_every_kind(self) -> None:
        """Those of the protocol, and one for all others."""
        self.assertEqual([*KINDS, OTHER], [kind.name for kind in self.census.kinds()])

    def test_frames_and_bytes(self) -> None:
        """Of all links together, headers included, and as much as each link counts by itself."""
        first, second = self.link(), self.link()
        said: list[Message] = [Ping(1, "x"), Pong(7), Ping(2, "more")]
        for message in said:
            first.receive(serialize(message), 0.5)
        first.receive(frames.serialize(b'{"type":"news"}'), 0.5)
        second.send(Heartbeat(VIEW), 0.5)
        kinds = {kind.name: kind for kind in self.census.kinds()}
        self.assertEqual((2, 1, 1), tuple(kinds[k].frames_in for k in ("ping", "pong", OTHER)))
        sizes = len(serialize(said[0])) + len(serialize(said[2]))
        self.assertEqual((sizes, 0), (kinds["ping"].bytes_in, kinds["ping"].bytes_out))
        self.assertEqual(19, kinds[OTHER].bytes_in)
        self.assertEqual((2, 2), (kinds["hello"].frames_in, kinds["hello"].frames_out))
        for name in ("frames_in", "frames_out", "bytes_in", "bytes_out"):
            links = sum(getattr(link.traffic, name) for link in (first, second))
            self.assertEqual(links, sum(getattr(kind, name) for kind in kinds.values()), name)

    def test_links_count_apart_without_terms_in_common(self) -> None:
        """Two nodes in one process do not mix."""
        self.link()
        self.assertEqual([0] * 8, [kind.frames_in for kind in Census().kinds()][:8])

    def test_a_peer_that_was_silent_and_speaks(self) -> None:
        """More than two of its heartbeats count, to the moment at which it spoke."""
        session = self.link(1.0)
        session.tick(1.9)
        session.receive(serialize(Ping(1, "")), 2.0)
        self.assertEqual(0, sum(self.gaps()))
        session.tick(4.1)
        session.receive(serialize(Ping(2, "")), 4.75)
        session.receive(serialize(Ping(3, "")), 4.8)
        self.assertEqual((1, 2.75), (sum(self.gaps()), self.census.gaps.sum))
        self.assertEqual(1, self.gaps()[GAPS.index(3.0)])

    def test_a_peer_that_is_suspected_and_speaks(self) -> None:
        """It is not dead, and was silent."""
        session = self.link(1.0)
        self.assertEqual([], [e for e in session.tick(3.0) if isinstance(e, Dead)])
        session.receive(serialize(Ping(2, "")), 3.25)
        self.assertEqual(3.25, self.census.gaps.sum)
        self.assertEqual([], [e for e in session.tick(6.0) if isinstance(e, Dead)])

    def test_our_own_stall_is_no_silence(self) -> None:
        """What was taken for one is forgotten."""
        session = self.link(1.0)
        session.tick(2.5)
        self.stalls.add(2.5, 2.5)
        session.receive(serialize(Ping(1, "")), 2.6)
        self.assertEqual(0, sum(self.gaps()))
