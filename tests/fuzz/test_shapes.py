"""
Tests how inputs are changed: mostly in ways that get past the first check.
"""

from random import Random

from gossip.trust import records
from gossip.trust.records import RecordRefused
from gossip.wire.messages import Sealed
from tests.cases import UnitCase
from tests.fuzz import der, scripts, seeds, shapes
from tests.fuzz.scripts import Kind, Step

ROUNDS = 400
MOST = 4096


class ShapeCase(UnitCase):
    """A test that changes seeds, by a chance that is always the same."""

    def setUp(self) -> None:
        """Begin chance anew."""
        self.random = Random(7)

    def inner(self, data: bytes, most: int) -> bytes:
        """Another byte somewhere, in place of the fuzzer."""
        changed = bytearray(data or b"\0")
        changed[self.random.randrange(len(changed))] = self.random.randrange(256)
        return bytes(changed[:most])

    def changed(self, name: str) -> list[bytes]:
        """Seeds of a target, each changed once."""
        pool, shape = seeds.SEEDS[name](), shapes.SHAPES[name]
        return [
            shape(self.random.choice(pool), MOST, self.random, self.inner) for _ in range(ROUNDS)
        ]


class ShapesTests(ShapeCase):
    """What the shapes promise."""

    def test_lengths_stay_right(self) -> None:
        """Nine in ten streams of frames are still made of whole frames."""
        right = 0
        for data in self.changed("frames"):
            rest = data[2:]
            while len(rest) >= 4 and len(rest) >= 4 + int.from_bytes(rest[:4], "big"):
                rest = rest[4 + int.from_bytes(rest[:4], "big") :]
            right += not rest
        self.assertGreater(right, ROUNDS * 0.8)
        self.assertLess(right, ROUNDS)

    def test_records_stay_signed(self) -> None:
        """Some records that were changed hold, and others do not."""
        held = 0
        for data in self.changed("records"):
            signature, _, body = data.partition(b"\n")
            try:
                sealed = Sealed(
                    body.decode("utf-8", "replace"), signature.decode("ascii", "replace")
                )
                records.verify(records.read(sealed))
                held += 1
            except RecordRefused:
                pass
        self.assertGreater(held, ROUNDS * 0.15)
        self.assertLess(held, ROUNDS * 0.6)

    def test_every_shape_changes(self) -> None:
        """Each shape makes many inputs of few, none longer than it may be."""
        for name in shapes.SHAPES:
            made = self.changed(name)
            self.assertGreater(len(set(made)), ROUNDS / 4, name)

    def test_nothing_is_borne_by_every_shape(self) -> None:
        """Each shape makes something of no bytes, and of bytes that are nothing."""
        for shape in shapes.SHAPES.values():
            for data in (b"", b"\xff", b"\x30\x84\xff", b"{}", b'{"a":[]}', b"\x02\0\xff\xff"):
                for _ in range(40):
                    self.assertIsInstance(shape(data, 64, self.random, self.inner), bytes)


class ScriptsTests(UnitCase):
    """How steps are written."""

    def test_steps_are_read_as_written(self) -> None:
        """Whatever happens on a link goes into bytes and comes back."""
        steps = [Step(Kind.ARRIVE, b"abc"), Step(Kind.PASS, number=7), Step(Kind.ARRIVE_TOO)]
        self.assertEqual(steps, list(scripts.read(scripts.write(steps))))

    def test_a_script_may_end_anywhere(self) -> None:
        """A script that is cut short is still one."""
        script = scripts.write([Step(Kind.ARRIVE, b"abc"), Step(Kind.SAY, number=1)])
        for length in range(len(script)):
            list(scripts.read(script[:length]))


class DerTests(ShapeCase):
    """How DER is taken apart."""

    def test_der_is_put_together_as_it_was(self) -> None:
        """Certificates that nothing was done to are the same bytes."""
        for data in seeds.certificates():
            try:
                elements = der.read(data)
            except ValueError:
                continue
            self.assertEqual(data, b"".join(each.encoded() for each in elements))

    def test_lengths_can_be_written_otherwise(self) -> None:
        """An element can say its length in more bytes than it needs, or not at all."""
        element = der.Element(0x04, b"ab")
        self.assertEqual(bytes.fromhex("04026162"), element.encoded())
        element.style = 2
        self.assertEqual(bytes.fromhex("048300000261 62"), element.encoded())
        element.style = -1
        self.assertEqual(bytes.fromhex("048061620000"), element.encoded())
