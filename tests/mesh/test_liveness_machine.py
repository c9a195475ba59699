"""
Round trips against a dictionary of pings that were not answered, and the votes on a node's own
addresses against a dictionary of who said what.
"""

from collections import Counter
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gossip.mesh.liveness import RoundTrips, stall
from gossip.mesh.own import OwnRecord, Subject
from gossip.trust.identity import Identity, PeerId
from tests.cases import UnitCase
from tests.machines import prove

MOST_AWAITED: Final = 16
MOST_ADDRESSES: Final = 8
BEGUN: Final = 1_700_000_000.0
PORT: Final = 8080
TTL: Final = 3600.0
SHORTEST_GAP: Final = 10.0
LONGEST_GAP: Final = 60.0
"""Seconds between two records that outdo another one of the same key: never sooner, never later."""

ME: Final = Identity.from_key(Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32))
PEERS: Final = [PeerId(f"{number:064x}") for number in range(5)]
HOSTS: Final = [f"192.0.2.{number}" for number in range(1, 5)]


class PingsMachine(RuleBasedStateMachine):
    """The pings of one link; some are answered, some twice, some never."""

    def __init__(self) -> None:
        super().__init__()
        self.trips = RoundTrips()
        self.now = 0.0
        self.sent = 0
        self.missed = 0
        self.awaited: dict[int, float] = {}
        self.samples: list[float] = []

    @rule(count=some.integers(1, 20))
    def ping(self, count: int) -> None:
        """Some periods pass."""
        for _ in range(count):
            self.now += 0.25
            self.sent += 1
            assert self.trips.ping(self.now) == self.sent
            self.awaited[self.sent] = self.now
            if len(self.awaited) > MOST_AWAITED:
                del self.awaited[min(self.awaited)]
                self.missed += 1

    @rule(seq=some.integers(0, 60), back=some.booleans())
    def pong(self, seq: int, back: bool) -> None:
        """An answer comes, to a ping of any number: one of the last, or any."""
        seq = self.sent - seq if back else seq
        begun = self.awaited.pop(seq, None)
        sample = None if begun is None else self.now - begun
        assert self.trips.pong(seq, self.now) == sample
        if sample is not None:
            self.samples.append(sample)

    @rule(sixteenths=some.integers(1, 64))
    def wait(self, sixteenths: int) -> None:
        """Time passes."""
        self.now += sixteenths / 16

    @rule(due=some.integers(0, 9), late=some.integers(0, 64))
    def timer(self, due: int, late: int) -> None:
        """A timer is late by some 1/64 s: more than 50 ms of it is a stall, all of it."""
        found = stall(float(due), due + late / 64)
        assert found == (late / 64 if late > 3 else 0.0)

    @invariant()
    def same(self) -> None:
        """All numbers are those that the samples give when they are counted from the first."""
        trips = self.trips
        assert trips.sent == self.sent == trips.answered + trips.missed + len(self.awaited)
        assert (trips.answered, trips.missed) == (len(self.samples), self.missed)
        assert trips.last == (self.samples[-1] if self.samples else None)
        mean, jitter = None, 0.0
        for count, (before, sample) in enumerate(
            zip([None, *self.samples], self.samples, strict=False)
        ):
            if mean is None or before is None:
                mean = sample
                continue
            mean += (sample - mean) * max(1 / 16, 1 / (count + 1))
            jitter += (abs(sample - before) - jitter) * max(1 / 16, 1 / count)
        assert (trips.mean, trips.jitter) == (mean, jitter)
        assert len(trips._pending) <= MOST_AWAITED


class VotesMachine(RuleBasedStateMachine):
    """A node's own record, and what its peers report to see."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGUN
        subject = Subject(
            public=ME.public, sign=ME.sign, network="lab", name="me", tags={}, ttl=TTL
        )
        self.own = OwnRecord(subject, self.now)
        self.reports: dict[PeerId, str] = {}
        self.gone: set[PeerId] = set()
        self.seq = int(BEGUN * 1000)
        self.renewed_at = self.now
        self.outdone_at: float | None = None
        self.own.listening(PORT, self.now)

    @rule(peer=some.sampled_from(PEERS), host=some.sampled_from(HOSTS))
    def report(self, peer: PeerId, host: str) -> None:
        """A peer says at which address it sees the node."""
        for gone in self.gone:
            self.reports.pop(gone, None)
        self.gone.clear()
        self.reports[peer] = host
        before = {*self.own.record.addresses}
        expected = self._addresses()
        changed = self.own.reported(peer, host, self.now)
        assert changed is (before != expected)
        assert {*self.own.record.addresses} == expected
        if changed:
            self._renewed()
            votes = Counter(self.reports.values())
            order = [votes[a.rpartition(":")[0]] for a in self.own.record.addresses]
            assert order == sorted(order, reverse=True), "the best first"

    @rule(peer=some.sampled_from(PEERS), host=some.sampled_from(("", "a.example", "0.0.0.0")))
    def report_nonsense(self, peer: PeerId, host: str) -> None:
        """A peer says what is no address, which changes nothing at all."""
        assert self.own.reported(peer, host, self.now) is False

    @rule(peer=some.sampled_from(PEERS))
    def lose(self, peer: PeerId) -> None:
        """A link is gone; its report counts until somebody reports anew, beside those who stay."""
        before = {*self.own.record.addresses}
        if peer in self.reports:
            self.gone.add(peer)
        changed = self.own.lost(peer, self.now)
        assert {*self.own.record.addresses} == self._addresses()
        assert changed is (before != self._addresses())
        if changed:
            self._renewed()

    @precondition(lambda self: self.gone)
    @rule(host=some.sampled_from(HOSTS))
    def return_one(self, host: str) -> None:
        """One whose link was gone is back, and reports."""
        self.report(min(self.gone), host)

    @rule(seconds=some.sampled_from((0.0, 1.0, 9.0, 10.0, 60.0, 1200.0, -1.0, -600.0)))
    def pass_time(self, seconds: float) -> None:
        """The wall clock goes on, or is set back."""
        self.now += seconds
        if self.now >= self.renewed_at + TTL / 3:
            assert self.own.renewal_due() <= self.now
            self.own.renew(self.now)
            self._renewed()

    @rule(ahead=some.integers(-2, 100_000))
    def meet_double(self, ahead: int) -> None:
        """A record of the same key is about, with another number."""
        seq = self.seq + ahead
        since = None if self.outdone_at is None else self.now - self.outdone_at
        outdone = self.own.refute(seq, self.now)
        if since is None or not 0 <= since < LONGEST_GAP:
            assert outdone, "it has waited for long enough"
        if since is not None and 0 <= since < SHORTEST_GAP:
            assert not outdone, "two of one key would outbid each other as fast as they can"
        if outdone:
            self.outdone_at = self.now
            assert self.own.record.seq > seq
            self._renewed()

    @invariant()
    def same(self) -> None:
        """The record has the number of its last change, and says nothing else than before."""
        record = self.own.record
        assert (record.seq, record.state, record.name) == (self.seq, "alive", "me")
        assert self.own.renewal_due() == self.renewed_at + TTL / 3
        assert len(self.own._reports) <= len(PEERS)

    def teardown(self) -> None:
        """The last record says that the node left."""
        before = self.own.record
        last = self.own.leave(self.now)
        assert (last.state, last.addresses) == ("left", before.addresses)
        assert last.seq > before.seq

    def _addresses(self) -> set[str]:
        """Those that two report, else those that one does; and that of most who are linked."""
        votes = Counter(self.reports.values())
        twice = {host for host, count in votes.items() if count > 1}
        linked = [host for peer, host in self.reports.items() if peer not in self.gone]
        most = {host for host in linked if 2 * linked.count(host) > len(linked)}
        chosen = (twice or set(votes)) | (most if self.gone else set())
        assert len(chosen) <= MOST_ADDRESSES
        return {f"{host}:{PORT}" for host in chosen}

    def _renewed(self) -> None:
        record = self.own.record
        assert record.seq > self.seq
        assert record.seq >= int(self.now * 1000)
        self.seq, self.renewed_at = record.seq, self.now


class LivenessMachineTests(UnitCase):
    """Round trips and votes, and their models."""

    def test_pings(self) -> None:
        """Whatever is answered in whatever order, the numbers are those of the samples."""
        prove(PingsMachine, examples=100, steps=40)

    def test_votes(self) -> None:
        """Whoever reports, goes and comes back, the addresses are those with most reporters."""
        prove(VotesMachine, examples=150, steps=40)
