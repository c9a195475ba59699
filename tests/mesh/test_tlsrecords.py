"""
Where TLS records begin, and how many may.
"""

from hypothesis import given, settings
from hypothesis import strategies as some

from gossip.mesh.tlsrecords import LINKED, STRANGER, RecordReader
from tests.cases import UnitCase


def record(size: int) -> bytes:
    """A record with so many bytes behind its header."""
    return b"\x17\x03\x03" + size.to_bytes(2, "big") + b"x" * size


class RecordReaderTests(UnitCase):
    """Records in a stream."""

    def test_whole_ones(self) -> None:
        """Each is counted once; empty and full ones are records too."""
        data = record(0) + record(1) + record(17) + record(16640) + record(65535)
        self.assertEqual((len(data), 5), RecordReader().take(data, 10))

    def test_cut_before_the_one_too_many(self) -> None:
        """What may pass ends where the record begins that may not."""
        data = record(10) * 7
        self.assertEqual((3 * 15, 3), RecordReader().take(data, 3))
        self.assertEqual((0, 0), RecordReader().take(data, 0))

    def test_the_rest_of_one_that_has_begun_passes(self) -> None:
        """Also where no further one may begin, be it in its header or behind it."""
        for cut in (1, 4, 5, 9):
            reader, data = RecordReader(), record(10)
            self.assertEqual((cut, 1), reader.take(data[:cut], 1))
            self.assertEqual((15 - cut, 0), reader.take(data[cut:] + data, 0))

    @settings(deadline=None, database=None)
    @given(
        some.lists(some.integers(0, 300), max_size=20),
        some.lists(some.integers(1, 400)),
        some.lists(some.integers(0, 4)),
    )
    def test_however_it_comes(self, sizes: list[int], cuts: list[int], allowed: list[int]) -> None:
        """In whatever pieces they come and however few may pass, every record is counted once."""
        data, reader, at, begun = b"".join(map(record, sizes)), RecordReader(), 0, 0
        for cut, most in zip(cuts, allowed, strict=False):
            size, count = reader.take(data[at : at + cut], most)
            self.assertLessEqual(count, most)
            at, begun = at + size, begun + count
        size, count = reader.take(data[at:], 1000)
        self.assertEqual((len(data), len(sizes)), (at + size, begun + count))


class RateTests(UnitCase):
    """How many records are enough."""

    def test_no_honest_peer_is_slowed(self) -> None:
        """The frames that a link may carry fit, as full records or as two small ones each."""
        frames_per_second, frames_at_once, records_a_frame = 200, 1000, 5
        self.assertGreaterEqual(LINKED.per_second, records_a_frame * frames_per_second)
        self.assertGreaterEqual(LINKED.at_once, records_a_frame * frames_at_once)
        self.assertGreater(STRANGER.at_once, 10 + 16 + 16)
