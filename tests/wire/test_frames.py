"""
Tests of `gossip.wire.frames`.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from gossip.wire import frames
from gossip.wire.errors import LocalProtocolError, RemoteProtocolError
from gossip.wire.frames import FrameReader
from tests.cases import UnitCase

QUICK = settings(deadline=None, max_examples=100, database=None, derandomize=True)


def taken(reader: FrameReader) -> list[bytes]:
    """Every whole frame that a reader has."""
    bodies = []
    while (body := reader.maybe_frame()) is not None:
        bodies.append(body)
    return bodies


class SerializeTests(UnitCase):
    """From a body to a frame."""

    def test_length_comes_first(self) -> None:
        """A frame is the length of its body in four big-endian bytes, and the body."""
        self.assertEqual(b"\x00\x00\x00\x02{}", frames.serialize(b"{}"))
        self.assertEqual(b"\x00\x01\x00\x00", frames.serialize(b"a" * 65536)[:4])

    def test_shortest_and_longest_can_be_sent(self) -> None:
        """The bounds themselves are allowed."""
        for length in (2, 65536):
            self.assertEqual(4 + length, len(frames.serialize(b"a" * length)))

    def test_what_nobody_would_take_is_not_sent(self) -> None:
        """A body that is too short or too long is a fault of ours."""
        for length in (0, 1, 65537):
            with self.assertRaises(LocalProtocolError):
                frames.serialize(b"a" * length)


class FrameReaderTests(UnitCase):
    """From bytes, however they are cut, to bodies."""

    def test_nothing_comes_of_nothing(self) -> None:
        """A reader that was fed nothing has no frame and holds nothing."""
        reader = FrameReader()
        self.assertIsNone(reader.maybe_frame())
        self.assertEqual(0, len(reader))

    def test_a_frame_comes_with_its_last_byte(self) -> None:
        """Until its last byte is there, a frame is not."""
        reader = FrameReader()
        for byte in b"\x00\x00\x00\x02{":
            reader.feed(bytes([byte]))
            self.assertIsNone(reader.maybe_frame())
        reader.feed(b"}")
        self.assertEqual(b"{}", reader.maybe_frame())
        self.assertIsNone(reader.maybe_frame())

    def test_several_frames_in_one_read_come_in_order(self) -> None:
        """All the frames of a read are taken, and the beginning of the next one is kept."""
        reader = FrameReader()
        reader.feed(frames.serialize(b"{1}") + frames.serialize(b"{2}") + b"\x00\x00\x00\x03{")
        self.assertEqual([b"{1}", b"{2}"], taken(reader))
        self.assertEqual(5, len(reader))
        reader.feed(b"3}")
        self.assertEqual([b"{3}"], taken(reader))
        self.assertEqual(0, len(reader))

    def test_length_counts_what_no_frame_has_taken(self) -> None:
        """What is held grows with what is fed, and shrinks with what is taken."""
        reader = FrameReader()
        reader.feed(frames.serialize(b"{}") * 2)
        self.assertEqual(12, len(reader))
        reader.maybe_frame()
        self.assertEqual(6, len(reader))
        reader.feed(b"\x00")
        self.assertEqual(7, len(reader))

    def test_lengths_within_bounds_are_waited_for(self) -> None:
        """The shortest and the longest length that are allowed are no error."""
        for length in (2, 16384):
            reader = FrameReader()
            reader.feed(length.to_bytes(4, "big"))
            self.assertIsNone(reader.maybe_frame())
            reader.feed(b"a" * length)
            self.assertEqual([b"a" * length], taken(reader))

    def test_lengths_out_of_bounds_are_refused_from_four_bytes(self) -> None:
        """An announcement is refused before anything of the frame has come, and not before it is whole."""
        for length in (0, 1, 16385, 65536, 2**31, 2**32 - 1):
            header = length.to_bytes(4, "big")
            reader = FrameReader()
            reader.feed(header[:3])
            self.assertIsNone(reader.maybe_frame())
            reader.feed(header[3:])
            with self.assertRaises(RemoteProtocolError) as caught:
                reader.maybe_frame()
            self.assertIn(str(length), str(caught.exception))
            self.assertIn("2 to 16384", str(caught.exception))

    def test_limit_can_be_raised_between_frames(self) -> None:
        """A frame that follows in the same read is judged by the limit of the moment."""
        reader = FrameReader()
        reader.feed(frames.serialize(b"{}") + frames.serialize(b"b" * 65536))
        self.assertEqual(b"{}", reader.maybe_frame())
        reader.limit = 65536
        self.assertEqual(b"b" * 65536, reader.maybe_frame())

    def test_a_raised_limit_is_a_limit(self) -> None:
        """Above 65536 nothing is taken."""
        reader = FrameReader(65536)
        reader.feed((65537).to_bytes(4, "big"))
        with self.assertRaises(RemoteProtocolError):
            reader.maybe_frame()

    def test_bodies_do_not_change_afterwards(self) -> None:
        """A body that was taken is not the reader's memory."""
        reader = FrameReader()
        reader.feed(frames.serialize(b"{1}"))
        body = reader.maybe_frame()
        reader.feed(frames.serialize(b"{2}"))
        self.assertEqual(b"{1}", body)

    @QUICK
    @given(
        bodies=st.lists(st.binary(min_size=2, max_size=300), max_size=8),
        cuts=st.lists(st.integers(0, 2500), max_size=30),
    )
    def test_it_does_not_matter_how_bytes_are_cut(
        self, bodies: list[bytes], cuts: list[int]
    ) -> None:
        """Any way of cutting the same bytes into reads gives the same frames."""
        data = b"".join(map(frames.serialize, bodies))
        ends = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
        reader, found, begin = FrameReader(), [], 0
        for end in ends:
            reader.feed(data[begin:end])
            found += taken(reader)
            begin = end
        self.assertEqual(bodies, found)
        self.assertEqual(0, len(reader))
