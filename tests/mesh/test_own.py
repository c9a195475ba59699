"""
What a node says of itself.
"""

from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from gossip.mesh.addresses import Address
from gossip.mesh.own import OwnAddresses, OwnRecord, Subject
from gossip.trust.identity import Identity, PeerId
from gossip.trust.records import read, verify
from tests.cases import UnitCase
from tests.trust import samples

SELF = Identity.from_pem(samples.ED25519_KEY, None)
NOW = 1_700_000_000.0

PEERS = [PeerId(f"{number:064x}") for number in range(100)]


def subject(*advertise: Address, ttl: float = 3600.0) -> Subject:
    """A node that is called alice."""
    return Subject(
        public=SELF.public,
        sign=SELF.sign,
        network="lab",
        name="alice",
        tags={"site": "north"},
        advertise=advertise,
        ttl=ttl,
    )


def listening(*advertise: Address) -> OwnRecord:
    """The record of a node that listens on port 8080."""
    own = OwnRecord(subject(*advertise), NOW)
    own.listening(8080, NOW)
    return own


class FirstRecordTests(UnitCase):
    """The record with which a node starts."""

    def test_what_it_says(self) -> None:
        """It says what the node was told of itself, and no address yet."""
        record = OwnRecord(subject(), NOW).record
        verify(read(record.sealed))
        self.assertEqual((SELF.id, "lab", "alice"), (record.id, record.network, record.name))
        self.assertEqual({"site": "north"}, record.tags)
        self.assertEqual((), record.addresses)
        self.assertEqual(("alive", 3600.0), (record.state, record.ttl))

    def test_number(self) -> None:
        """Its number is the time in milliseconds."""
        self.assertEqual(1_700_000_000_123, OwnRecord(subject(), NOW + 0.1234).record.seq)

    def test_number_of_an_earlier_life(self) -> None:
        """A clock that was set back while the node did not run makes no older record."""
        before = int(NOW * 1000) + 60_000
        self.assertEqual(before + 1, OwnRecord(replace(subject(), used=before), NOW).record.seq)
        self.assertEqual(int(NOW * 1000), OwnRecord(replace(subject(), used=7), NOW).record.seq)

    def test_number_from_a_clock_far_ahead(self) -> None:
        """One that all others would refuse is not counted from."""
        before = int((NOW + 10 * 86400) * 1000)
        self.assertEqual(
            int(NOW * 1000), OwnRecord(replace(subject(), used=before), NOW).record.seq
        )

    def test_other_words(self) -> None:
        """A new name, tags and addresses make a new record; the same ones do not."""
        own, address = listening(), Address("a.example", 1)
        before = own.record.seq
        self.assertTrue(own.restate(name="bob", tags={}, advertise=(address,), wall=NOW + 1))
        record = own.record
        self.assertEqual(
            ("bob", {}, ("a.example:1",)), (record.name, record.tags, record.addresses)
        )
        self.assertGreater(record.seq, before)
        self.assertFalse(own.restate(name="bob", tags={}, advertise=(address,), wall=NOW + 2))
        self.assertIs(record, own.record)

    def test_nothing_reported(self) -> None:
        """That the port is known makes no new record as long as no address is."""
        own = OwnRecord(subject(), NOW)
        before = own.record
        own.listening(8080, NOW + 1)
        self.assertIs(before, own.record)


class ReportedTests(UnitCase):
    """Addresses that peers report to see."""

    def setUp(self) -> None:
        """A node that listens on port 8080."""
        self.own = listening()

    def report(self, *hosts: str, first: int = 0) -> None:
        """One peer each reports these hosts."""
        for number, host in enumerate(hosts, first):
            self.own.reported(PEERS[number], host, NOW)

    def assertAddresses(self, *expected: str) -> None:
        """The record lists these addresses."""
        self.assertEqual(expected, self.own.record.addresses)

    def test_one_reporter(self) -> None:
        """What one peer sees becomes an address, with the port on which the node listens."""
        self.assertTrue(self.own.reported(PEERS[0], "192.0.2.1", NOW + 1))
        self.assertAddresses("192.0.2.1:8080")
        self.assertEqual((NOW + 1) * 1000, self.own.record.seq)
        verify(read(self.own.record.sealed))

    def test_ipv6(self) -> None:
        """An IPv6 address is written in brackets."""
        self.report("2001:DB8:0::1")
        self.assertAddresses("[2001:db8::1]:8080")

    def test_wrapped(self) -> None:
        """An IPv4 address is the same however a peer wraps it."""
        self.report("::ffff:192.0.2.1", "192.0.2.1", "198.51.100.1")
        self.assertAddresses("192.0.2.1:8080")

    def test_nobody_s_addresses(self) -> None:
        """What cannot be anybody's address, or is none, is not believed."""
        for host in ("0.0.0.0", "224.0.0.1", "169.254.0.1", "255.255.255.255", "peer", ""):
            self.assertFalse(self.own.reported(PEERS[0], host, NOW))
        self.assertAddresses()

    def test_single_reports(self) -> None:
        """As long as no address has two reporters, each one counts."""
        self.report("192.0.2.1", "192.0.2.2")
        self.assertAddresses("192.0.2.1:8080", "192.0.2.2:8080")

    def test_one_liar(self) -> None:
        """Two reporters of one address outvote all that have one."""
        self.report("192.0.2.66", "192.0.2.1", "192.0.2.67", "192.0.2.1")
        self.assertAddresses("192.0.2.1:8080")

    def test_several_with_two(self) -> None:
        """All addresses with two reporters count, those that most report first."""
        self.report("192.0.2.1", "192.0.2.1", "192.0.2.2")
        self.report("192.0.2.3", "192.0.2.3", "192.0.2.3", first=10)
        self.assertEqual({"192.0.2.1:8080", "192.0.2.3:8080"}, set(self.own.record.addresses))
        self.own.listening(8081, NOW)
        self.assertAddresses("192.0.2.3:8081", "192.0.2.1:8081")

    def test_one_vote_each(self) -> None:
        """A peer that reports again has changed its mind, and has not two votes."""
        self.report("192.0.2.1")
        for _ in range(3):
            self.own.reported(PEERS[1], "192.0.2.66", NOW)
        self.assertAddresses("192.0.2.1:8080", "192.0.2.66:8080")
        self.own.reported(PEERS[1], "192.0.2.1", NOW)
        self.assertAddresses("192.0.2.1:8080")

    def test_at_most_eight(self) -> None:
        """However many addresses are reported, a record lists eight."""
        self.report(*(f"192.0.2.{number}" for number in range(20)))
        self.assertAddresses(*(f"192.0.2.{number}:8080" for number in range(8)))
        self.report(*(f"192.0.2.{number}" for number in range(20)), first=30)
        self.assertEqual(8, len(self.own.record.addresses))

    def test_eight_that_most_report(self) -> None:
        """Of many, the eight that most peers report are listed."""
        hosts = [f"192.0.2.{number}" for number in range(12)]
        self.report(*hosts)
        self.report(*hosts[4:], first=20)
        self.assertAddresses(*(f"{host}:8080" for host in hosts[4:]))

    def test_only_a_change_makes_a_record(self) -> None:
        """Reports that change nothing, or only the order, make no new record."""
        self.report("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2")
        before = self.own.record
        self.assertFalse(self.own.reported(PEERS[4], "192.0.2.2", NOW + 1))
        self.assertFalse(self.own.reported(PEERS[4], "192.0.2.2", NOW + 2))
        self.assertFalse(self.own.reported(PEERS[5], "192.0.2.3", NOW + 3))
        self.assertIs(before, self.own.record)
        self.assertTrue(self.own.reported(PEERS[6], "192.0.2.3", NOW + 4))
        self.assertAddresses("192.0.2.2:8080", "192.0.2.1:8080", "192.0.2.3:8080")

    def test_lost_peers_count_until_others_report(self) -> None:
        """A node that lost everybody keeps its addresses, until somebody sees another."""
        self.report("192.0.2.1", "192.0.2.1")
        self.own.lost(PEERS[0], NOW)
        self.own.lost(PEERS[1], NOW)
        self.assertAddresses("192.0.2.1:8080")
        self.own.renew(NOW + 1)
        self.assertAddresses("192.0.2.1:8080")
        self.assertTrue(self.own.reported(PEERS[2], "198.51.100.1", NOW + 2))
        self.assertAddresses("198.51.100.1:8080")

    def test_the_lost_outvote_nobody(self) -> None:
        """Who moved believes the one that is still there, however many saw it where it was before."""
        self.report("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1")
        self.own.reported(PEERS[3], "198.51.100.1", NOW)
        self.assertAddresses("192.0.2.1:8080")
        lost = [self.own.lost(peer, NOW + 1) for peer in PEERS[:3]]
        self.assertEqual([False, False, True], lost)
        self.assertAddresses("198.51.100.1:8080", "192.0.2.1:8080")
        self.own.reported(PEERS[0], "198.51.100.1", NOW + 2)
        self.assertAddresses("198.51.100.1:8080")

    def test_one_of_two_is_not_most(self) -> None:
        """Beside one honest peer, a liar adds nothing, whoever is lost."""
        self.report("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.66")
        self.assertFalse(self.own.lost(PEERS[0], NOW) or self.own.lost(PEERS[1], NOW))
        self.assertAddresses("192.0.2.1:8080")

    def test_lost_twice(self) -> None:
        """Who is lost already, or never said anything, takes nothing along."""
        self.report("192.0.2.1", "192.0.2.1", "192.0.2.66")
        for _ in range(2):
            self.assertFalse(self.own.lost(PEERS[0], NOW))
        self.assertFalse(self.own.lost(PEERS[9], NOW))
        self.assertTrue(self.own.lost(PEERS[1], NOW))
        self.assertAddresses("192.0.2.66:8080", "192.0.2.1:8080")
        self.assertEqual([PEERS[0], PEERS[1]], list(self.own._gone))

    def test_lost_in_their_order(self) -> None:
        """The votes of the lost go in the order in which they were lost, on every run the same."""
        for peer in reversed(PEERS):
            self.own.reported(peer, "192.0.2.1", NOW)
        for peer in PEERS:
            self.own.lost(peer, NOW)
        self.assertEqual(list(PEERS), list(self.own._gone))

    def test_lost_and_back(self) -> None:
        """A peer that was lost and comes back has its vote again."""
        self.report("192.0.2.1", "192.0.2.1", "192.0.2.66")
        self.own.lost(PEERS[0], NOW)
        self.assertFalse(self.own.reported(PEERS[0], "192.0.2.1", NOW))
        self.own.reported(PEERS[3], "192.0.2.67", NOW)
        self.assertAddresses("192.0.2.1:8080")

    def test_lost_liars(self) -> None:
        """Those who cannot be believed leave nothing behind when they go."""
        for peer in PEERS:
            self.own.reported(peer, "0.0.0.0", NOW)
            self.own.lost(peer, NOW)
        self.assertEqual({}, self.own._gone)

    def test_before_the_port_is_known(self) -> None:
        """What is reported before the node listens counts from then on."""
        self.own = OwnRecord(subject(), NOW)
        self.assertFalse(self.own.reported(PEERS[0], "192.0.2.1", NOW))
        self.assertAddresses()
        self.own.listening(8080, NOW)
        self.assertAddresses("192.0.2.1:8080")

    def test_advertised(self) -> None:
        """Where the operator gave addresses, those are it, whatever peers report."""
        self.own = listening(Address("peer.example", 80), Address("2001:db8::1", 81))
        self.assertAddresses("peer.example:80", "[2001:db8::1]:81")
        self.assertFalse(self.own.reported(PEERS[0], "192.0.2.1", NOW))
        self.assertFalse(self.own.reported(PEERS[1], "192.0.2.1", NOW))
        self.assertAddresses("peer.example:80", "[2001:db8::1]:81")

    def test_at_most_eight_advertised(self) -> None:
        """The operator cannot list more than a record takes either."""
        self.own = listening(*(Address("peer.example", port) for port in range(1, 20)))
        self.assertAddresses(*(f"peer.example:{port}" for port in range(1, 9)))

    @settings(deadline=None, database=None, max_examples=50)
    @given(some.lists(some.tuples(some.integers(0, 9), some.integers(0, 4), some.booleans())))
    def test_against_a_simple_count(self, steps: list[tuple[int, int, bool]]) -> None:
        """Whoever reports and goes, the addresses are those that a plain count gives."""
        own = listening()
        votes: dict[int, int] = {}
        gone: set[int] = set()
        expected: set[str] = set()
        for peer, host, stays in steps:
            votes = {voter: vote for voter, vote in votes.items() if voter not in gone}
            gone.clear()
            votes[peer] = host
            own.reported(PEERS[peer], f"192.0.2.{host}", NOW)
            if not stays:
                own.lost(PEERS[peer], NOW)
                gone.add(peer)
            counts = {host: list(votes.values()).count(host) for host in votes.values()}
            least = 2 if max(counts.values()) > 1 else 1
            expected = {f"192.0.2.{h}:8080" for h, count in counts.items() if count >= least}
            self.assertEqual(expected, set(own.record.addresses))


class NumberTests(UnitCase):
    """Numbers only ever grow."""

    def test_clock_set_back(self) -> None:
        """Even when the wall clock goes back, each new record has a larger number."""
        own = listening()
        numbers = [own.record.seq]
        for wall in (NOW - 10, NOW - 10, NOW - 3600, NOW - 86000, NOW + 5, NOW):
            own.renew(wall)
            numbers.append(own.record.seq)
        self.assertEqual(sorted(set(numbers)), numbers)
        self.assertEqual(int(NOW * 1000) + 4, numbers[4])
        self.assertEqual(int(NOW + 5) * 1000, numbers[5])

    def test_made_by_a_clock_far_ahead(self) -> None:
        """Once the clock is set right, numbers begin anew: nobody has taken the ones before."""
        own = listening()
        for wall in (NOW + 86401, NOW + 50 * 365 * 86400.0):
            own.renew(wall)
            own.renew(NOW)
            self.assertEqual(int(NOW * 1000), own.record.seq)

    def test_two_in_a_millisecond(self) -> None:
        """Two records of one millisecond have two numbers."""
        own = listening()
        own.renew(NOW)
        self.assertEqual(int(NOW * 1000) + 1, own.record.seq)

    def test_every_way_to_make_one(self) -> None:
        """A new address, a renewal, a refutation and a farewell all count up."""
        own = listening()
        first = own.record.seq
        own.reported(PEERS[0], "192.0.2.1", NOW)
        own.renew(NOW)
        own.refute(first + 2, NOW)
        own.leave(NOW)
        self.assertEqual(first + 4, own.record.seq)


class RefuteTests(UnitCase):
    """Newer records of the node's own key, made by somebody else."""

    def test_outdone(self) -> None:
        """The node makes a record with a larger number, and says the same in it as before."""
        own = listening()
        own.reported(PEERS[0], "192.0.2.1", NOW)
        self.assertTrue(own.refute(int(NOW * 1000) + 5000, NOW))
        self.assertEqual(int(NOW * 1000) + 5001, own.record.seq)
        self.assertEqual(("192.0.2.1:8080",), own.record.addresses)
        self.assertEqual("alive", own.record.state)

    def test_ever_more_slowly(self) -> None:
        """Two processes with one key do not outbid each other as fast as they can."""
        own = listening()
        times = (0, 1, 9.9, 10, 29.9, 30, 69.9, 70, 129.9, 130, 189.9, 190)
        outdone = [own.refute(own.record.seq + 1, NOW + s) for s in times]
        self.assertEqual([True, False, False, True, *[False, True] * 4], outdone)

    def test_calm_again(self) -> None:
        """After some minutes without another one, the first is outdone at once, the next soon."""
        own = listening()
        for seconds in (0, 10, 30, 70, 310, 320):
            self.assertTrue(own.refute(own.record.seq + 1, NOW + seconds), seconds)

    def test_not_outdone_is_unchanged(self) -> None:
        """Where it may not answer yet, the record stays as it is."""
        own = listening()
        own.refute(own.record.seq, NOW)
        before = own.record
        own.refute(before.seq + 1, NOW)
        self.assertIs(before, own.record)

    def test_clock_set_back(self) -> None:
        """A wall clock that was set back does not keep the node from answering for long."""
        own = listening()
        own.refute(own.record.seq, NOW)
        self.assertTrue(own.refute(own.record.seq, NOW - 3600))


class RenewalTests(UnitCase):
    """Records do not expire while their node runs."""

    def test_due(self) -> None:
        """A record is made anew after a third of the time for which it holds."""
        own = listening()
        self.assertEqual(NOW + 1200, own.renewal_due())
        own.renew(NOW + 1500)
        self.assertEqual(NOW + 2700, own.renewal_due())
        self.assertEqual(NOW + 1500 + 3600, own.record.expires_at())

    def test_each_new_record_counts(self) -> None:
        """Any new record puts the renewal off."""
        own = listening()
        own.reported(PEERS[0], "192.0.2.1", NOW + 600)
        self.assertEqual(NOW + 1800, own.renewal_due())

    def test_says_the_same(self) -> None:
        """A renewed record differs in its number only."""
        own = listening()
        own.reported(PEERS[0], "192.0.2.1", NOW)
        before = own.record
        own.renew(NOW + 1200)
        after = own.record
        self.assertEqual(before.addresses, after.addresses)
        self.assertEqual((before.name, before.tags), (after.name, after.tags))
        self.assertEqual("alive", after.state)
        verify(read(after.sealed))


class FarewellTests(UnitCase):
    """The last record."""

    def test_left(self) -> None:
        """It says that the node left, and where it was."""
        own = listening()
        own.reported(PEERS[0], "192.0.2.1", NOW)
        record = own.leave(NOW + 1)
        self.assertIs(own.record, record)
        self.assertEqual(("left", ("192.0.2.1:8080",)), (record.state, record.addresses))
        verify(read(record.sealed))


class OwnAddressesTests(UnitCase):
    """Where the node itself is."""

    def test_bound(self) -> None:
        """An address on which it listens is its own, another port there is not."""
        here = OwnAddresses(listening(), {Address("192.0.2.1", 8080)})
        self.assertIn(Address("192.0.2.1", 8080), here)
        for other in (Address("192.0.2.1", 8081), Address("192.0.2.2", 8080)):
            self.assertNotIn(other, here)

    def test_reported(self) -> None:
        """What its record gives to others because peers report it may be somebody else's."""
        own = listening()
        here = OwnAddresses(own)
        for peer in PEERS[:2]:
            own.reported(peer, "192.0.2.1", NOW)
        self.assertEqual(("192.0.2.1:8080",), own.record.addresses)
        self.assertNotIn(Address("192.0.2.1", 8080), here)

    def test_advertised(self) -> None:
        """An address that the operator gave is its own for certain."""
        address = Address("192.0.2.1", 8080)
        self.assertIn(address, OwnAddresses(listening(address)))
        self.assertNotIn(Address("192.0.2.1", 8081), OwnAddresses(listening(address)))

    def test_everywhere(self) -> None:
        """A node that listens everywhere listens on loopback, at its own port."""
        for host in ("0.0.0.0", "::"):
            here = OwnAddresses(listening(), {Address("192.0.2.1", 1), Address(host, 8080)})
            for loopback in ("127.0.0.1", "127.0.0.9", "::1"):
                self.assertIn(Address(loopback, 8080), here)
                self.assertNotIn(Address(loopback, 8081), here)
            self.assertNotIn(Address("192.0.2.2", 8080), here)

    def test_not_everywhere(self) -> None:
        """A node that listens at one address does not listen on loopback."""
        here = OwnAddresses(listening(), {Address("192.0.2.1", 8080)})
        self.assertNotIn(Address("127.0.0.1", 8080), here)

    def test_not_an_address(self) -> None:
        """What is no address is not there."""
        here = OwnAddresses(listening(), {Address("192.0.2.1", 8080)})
        self.assertNotIn("192.0.2.1:8080", here)
