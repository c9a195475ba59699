"""
Who is pending, and who was dialed how often.
"""

from gossip.mesh.addresses import Address
from gossip.mesh.gate import PART, PROVED_PLACES, Gate, Pace, Sparing
from tests.cases import UnitCase

RATE, BURST = 200.0, 1000


class GateTests(UnitCase):
    """Connections that are not links yet."""

    def test_room(self) -> None:
        """Whoever comes while there is room gets in, and is counted."""
        gate = Gate(total=3, each=2, pace=Pace(RATE, BURST))
        self.assertEqual(0, len(gate))
        for host in ("a", "a", "b"):
            self.assertIsNone(gate.enter(host, 0.0))
        self.assertEqual(3, len(gate))

    def test_full(self) -> None:
        """When all places are taken nobody gets in, wherever from."""
        gate = Gate(total=2, each=2, pace=Pace(RATE, BURST))
        gate.enter("a", 0.0)
        gate.enter("b", 0.0)
        for host in ("a", "c"):
            self.assertEqual("2 connections are pending already", gate.enter(host, 0.0))
        self.assertEqual(2, len(gate))

    def test_full_for_one(self) -> None:
        """One source address cannot take the places of others."""
        gate = Gate(total=9, each=2, pace=Pace(RATE, BURST))
        gate.enter("a", 0.0)
        gate.enter("a", 0.0)
        self.assertEqual("2 connections from there are pending already", gate.enter("a", 0.0))
        self.assertEqual(2, len(gate))
        self.assertIsNone(gate.enter("b", 0.0))

    def test_leaving(self) -> None:
        """A place that was given back can be taken again, by the same or another."""
        gate = Gate(total=2, each=1, pace=Pace(RATE, BURST))
        gate.enter("a", 0.0)
        gate.enter("b", 0.0)
        gate.leave("a")
        self.assertEqual(1, len(gate))
        self.assertIsNotNone(gate.enter("b", 0.0))
        self.assertIsNone(gate.enter("a", 0.0))
        gate.leave("a")
        self.assertIsNone(gate.enter("c", 0.0))

    def test_one_place_back_is_one_place(self) -> None:
        """Giving one place back does not give all of a source's places back."""
        gate = Gate(total=9, each=2, pace=Pace(RATE, BURST))
        gate.enter("a", 0.0)
        gate.enter("a", 0.0)
        gate.leave("a")
        self.assertIsNone(gate.enter("a", 0.0))
        self.assertIsNotNone(gate.enter("a", 0.0))

    def test_forgets(self) -> None:
        """Nothing is kept of a source address that has nobody inside."""
        gate = Gate(total=2, each=2, pace=Pace(RATE, BURST))
        for number in range(1000):
            gate.enter(str(number), 0.0)
            gate.leave(str(number))
        self.assertEqual({}, gate._inside)

    def test_proved_places(self) -> None:
        """Where a peer proved its key there is room when strangers have taken all; it has an end."""
        gate = Gate(total=2, each=PROVED_PLACES, pace=Pace(RATE, BURST))
        gate.proved("peer")
        gate.enter("a", 0.0)
        gate.enter("b", 0.0)
        self.assertIsNotNone(gate.enter("c", 0.0))
        for _ in range(PROVED_PLACES):
            self.assertIsNone(gate.enter("peer", 0.0))
        gate.proved("other")
        self.assertEqual("2 connections are pending already", gate.enter("other", 0.0))

    def test_proved_is_no_friend(self) -> None:
        """Such an address gets no more places than any other."""
        gate = Gate(total=9, each=2, pace=Pace(RATE, BURST))
        gate.proved("peer")
        gate.enter("peer", 0.0)
        gate.enter("peer", 0.0)
        self.assertEqual("2 connections from there are pending already", gate.enter("peer", 0.0))

    def test_too_many_in_a_second(self) -> None:
        """Whoever comes too fast takes no place, however many are free."""
        gate = Gate(total=9, each=9, pace=Pace(rate=2, burst=2))
        self.assertIsNone(gate.enter("a", 0.0))
        self.assertIn("too many connections", gate.enter("a", 0.0) or "")
        self.assertEqual(1, len(gate))

    def test_turned_away_for_want_of_places(self) -> None:
        """Whoever finds no place does not count as having begun a handshake."""
        gate = Gate(total=9, each=1, pace=Pace(rate=2, burst=4))
        gate.enter("a", 0.0)
        for _ in range(9):
            gate.enter("a", 0.0)
        gate.leave("a")
        self.assertIsNone(gate.enter("a", 0.0))

    def test_forgets_where_keys_were_proved(self) -> None:
        """Only so many such addresses are kept, those seen last."""
        gate = Gate(total=2, each=2, pace=Pace(RATE, BURST))
        for number in range(10000):
            gate.proved("first")
            gate.proved(str(number))
        self.assertEqual(4096, len(gate._proved))
        self.assertIn("first", gate._proved)


class PaceTests(UnitCase):
    """Handshakes that begin."""

    def test_one_address(self) -> None:
        """One address gets its part, at once and later, and leaves the rest to others."""
        pace = Pace(RATE, BURST)
        taken = sum(pace.take("a", 0.0, proved=False) for _ in range(5000))
        self.assertEqual(BURST // PART, taken)
        taken = sum(pace.take("a", n / 1000, proved=False) for n in range(1, 10001))
        self.assertAlmostEqual(10 * RATE / PART, taken, delta=1)
        self.assertTrue(pace.take("b", 10.0, proved=False))

    def test_all(self) -> None:
        """All strangers together have a bound as well, however many addresses they have."""
        pace = Pace(RATE, BURST)
        taken = sum(pace.take(str(n), 0.0, proved=False) for n in range(5000))
        self.assertEqual(BURST, taken)
        taken = sum(pace.take(str(n), n / 1000, proved=False) for n in range(1, 10001))
        self.assertAlmostEqual(10 * RATE, taken, delta=1)

    def test_reserve(self) -> None:
        """Where a peer proved its key there is a token when strangers have taken all; up to twice as many."""
        pace = Pace(RATE, BURST)
        for n in range(5000):
            pace.take(str(n), 0.0, proved=False)
        self.assertFalse(pace.take("stranger", 0.0, proved=False))
        taken = sum(pace.take(f"peer {n}", 0.0, proved=True) for n in range(5000))
        self.assertEqual(BURST, taken)

    def test_forgets(self) -> None:
        """Only so many addresses are kept, those that came last."""
        pace = Pace(RATE, BURST)
        for n in range(10000):
            pace.take("often", 0.0, proved=False)
            pace.take(str(n), 0.0, proved=False)
        self.assertEqual(4096, len(pace._each))
        self.assertFalse(pace.take("often", 0.0, proved=False))


class SparingTests(UnitCase):
    """Dials of one address for peers that were never linked."""

    HERE, THERE = Address("192.0.2.1", 80), Address("192.0.2.2", 80)

    def test_most(self) -> None:
        """One address is dialed so many times a minute, and no more."""
        sparing = Sparing(2)
        taken = [sparing.take(self.HERE, now) for now in (0.0, 1.0, 2.0, 59.9)]
        self.assertEqual([True, True, False, False], taken)

    def test_others(self) -> None:
        """Other addresses, also other ports of the same host, are counted apart."""
        sparing = Sparing(1)
        for address in (self.HERE, self.THERE, Address("192.0.2.1", 81)):
            self.assertTrue(sparing.take(address, 0.0))
            self.assertFalse(sparing.take(address, 0.0))

    def test_a_minute_later(self) -> None:
        """A minute after each dial there is room for another one."""
        sparing = Sparing(2)
        sparing.take(self.HERE, 0.0)
        sparing.take(self.HERE, 30.0)
        self.assertTrue(sparing.take(self.HERE, 60.0))
        self.assertFalse(sparing.take(self.HERE, 60.0))
        self.assertFalse(sparing.take(self.HERE, 89.9))
        self.assertTrue(sparing.take(self.HERE, 90.0))

    def test_refused_ones_do_not_count(self) -> None:
        """Asking in vain does not put off the next dial."""
        sparing = Sparing(1)
        for now in range(60):
            sparing.take(self.HERE, float(now))
        self.assertTrue(sparing.take(self.HERE, 60.0))

    def test_forgets(self) -> None:
        """Only the last minute is kept."""
        sparing = Sparing(1)
        for number in range(1000):
            sparing.take(Address("192.0.2.1", number), number * 1.0)
        self.assertEqual(60, len(sparing._recent))
        self.assertEqual(60, len(sparing._counts))

    def test_all(self) -> None:
        """However many addresses there are, the minute has an end; asking for none keeps nothing."""
        sparing = Sparing(1)
        taken = sum(sparing.take(Address(f"{n}", 80), 0.0) for n in range(20000))
        self.assertEqual((16384, 16384), (taken, len(sparing._counts)))
        self.assertTrue(sparing.take(self.HERE, 60.0))
