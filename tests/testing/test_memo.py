"""
The memo: what was read once is not read again, what is wrong is refused each time.
"""

from msgspec.structs import replace

from gossip.testing import memo as memoed
from gossip.testing.machine import identity
from gossip.testing.memo import memo
from gossip.trust import records, signing
from gossip.trust.records import Record, RecordForged
from tests.cases import UnitCase


class MemoTests(UnitCase):
    """Records, read and verified while a simulation runs."""

    def record(self) -> Record:
        """One that holds."""
        who = identity("n0")
        return records.make(
            public=who.public,
            sign=who.sign,
            seq=1,
            network="default",
            name="n0",
            addresses=("10.0.0.1:8080",),
            tags={"role": "db"},
        )

    def test_equal_bytes_are_read_once(self) -> None:
        """Equal records, from wherever, are one; and are what they are without the memo."""
        sealed = self.record().sealed
        plain = records.read(sealed)
        with memo():
            first = records.read(sealed)
            self.assertIs(first, records.read(replace(sealed)))
            self.assertEqual(plain, first)
        self.assertIsNot(first, records.read(sealed))

    def test_what_is_wrong_is_refused_each_time(self) -> None:
        """One signature that holds says nothing about another, nor about another body."""
        record = self.record()
        sealed = replace(record.sealed, signature=record.sealed.signature[:4] + "A" * 82 + "==")
        body = record.sealed.body.replace("10.0.0.1", "10.0.0.2")
        with memo():
            records.verify(records.read(record.sealed))
            for wrong in (sealed, replace(record.sealed, body=body)):
                for _ in range(2):
                    self.assertRaises(RecordForged, records.verify, records.read(wrong))
                    self.assertRaises(RecordForged, records.read, replace(wrong, body="{}"))

    def test_signatures_made_here_hold(self) -> None:
        """They do for their key and their bytes, and for no others; and only so many are kept."""
        one, other = identity("n0"), identity("n1")
        with memo():
            signature = one.sign(b"said")
            forged = signature[:-1] + bytes([signature[-1] ^ 1])
            for _ in range(2):
                self.assertTrue(signing.holds(one.key.public_key(), signature, b"said"))
                self.assertFalse(signing.holds(other.key.public_key(), signature, b"said"))
                self.assertFalse(signing.holds(one.key.public_key(), signature, b"else"))
                self.assertFalse(signing.holds(one.key.public_key(), forged, b"said"))
            self.patch(memoed, "KEPT", len(memoed._MADE))
            again = [one.sign(b"%d" % number) for number in range(3)]
            self.assertEqual(memoed.KEPT, len(memoed._MADE))
            self.assertTrue(signing.holds(one.key.public_key(), again[-1], b"2"))

    def test_it_ends(self) -> None:
        """Outside of a simulation everything is read and verified as ever."""
        before = records.read, records.verify, signing.sign, signing.holds
        with memo():
            within = records.read, records.verify, signing.sign, signing.holds
            self.assertFalse(set(before) & set(within))
        self.assertEqual(before, (records.read, records.verify, signing.sign, signing.holds))
