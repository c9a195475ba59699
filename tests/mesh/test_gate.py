"""
Who is pending, and who was dialed how often.
"""

from gossip.mesh.addresses import Address
from gossip.mesh.gate import Gate, Sparing
from tests.cases import UnitCase


class GateTests(UnitCase):
    """Connections that are not links yet."""

    def test_room(self) -> None:
        """Whoever comes while there is room gets in, and is counted."""
        gate = Gate(total=3, each=2)
        self.assertEqual(0, len(gate))
        for host in ("a", "a", "b"):
            self.assertIsNone(gate.enter(host))
        self.assertEqual(3, len(gate))

    def test_full(self) -> None:
        """When all places are taken nobody gets in, wherever from."""
        gate = Gate(total=2, each=2)
        gate.enter("a")
        gate.enter("b")
        for host in ("a", "c"):
            self.assertEqual("2 connections are pending already", gate.enter(host))
        self.assertEqual(2, len(gate))

    def test_full_for_one(self) -> None:
        """One source address cannot take the places of others."""
        gate = Gate(total=9, each=2)
        gate.enter("a")
        gate.enter("a")
        self.assertEqual("2 connections from there are pending already", gate.enter("a"))
        self.assertEqual(2, len(gate))
        self.assertIsNone(gate.enter("b"))

    def test_leaving(self) -> None:
        """A place that was given back can be taken again, by the same or another."""
        gate = Gate(total=2, each=1)
        gate.enter("a")
        gate.enter("b")
        gate.leave("a")
        self.assertEqual(1, len(gate))
        self.assertIsNotNone(gate.enter("b"))
        self.assertIsNone(gate.enter("a"))
        gate.leave("a")
        self.assertIsNone(gate.enter("c"))

    def test_one_place_back_is_one_place(self) -> None:
        """Giving one place back does not give all of a source's places back."""
        gate = Gate(total=9, each=2)
        gate.enter("a")
        gate.enter("a")
        gate.leave("a")
        self.assertIsNone(gate.enter("a"))
        self.assertIsNotNone(gate.enter("a"))

    def test_forgets(self) -> None:
        """Nothing is kept of a source address that has nobody inside."""
        gate = Gate(total=2, each=2)
        for number in range(1000):
            gate.enter(str(number))
            gate.leave(str(number))
        self.assertEqual({}, gate._inside)


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
