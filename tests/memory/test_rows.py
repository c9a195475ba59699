"""
Rows that say what the schema says become what they were, and others nothing.
"""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from gossip.memory.rows import memory_of, occurrences_of, of_memory, of_occurrence
from gossip.mesh.memories import Memory
from gossip.mesh.status import Occurrence
from gossip.trust.identity import PeerId
from gossip.wire.messages import Sealed
from tests.cases import UnitCase
from tests.memory import samples

quickly = settings(deadline=None, database=None, max_examples=100)

TEXTS = some.text(some.characters(exclude_categories=["Cs"]), max_size=64)
MOMENTS = some.none() | some.floats(0, 1e11)
MEMORIES = some.builds(
    Memory,
    id=some.text("0123456789abcdef", min_size=64, max_size=64).map(PeerId),
    sealed=some.builds(Sealed, TEXTS, TEXTS),
    state=some.sampled_from(["unmet", "alive", "dead", "left"]),
    first_linked=MOMENTS,
    last_linked=MOMENTS,
    address=some.none() | TEXTS,
    loopback=some.booleans(),
)
CELLS = some.none() | some.integers() | some.floats() | TEXTS | some.binary(max_size=8)


class RowsTests(UnitCase):
    """There and back."""

    @quickly
    @given(MEMORIES)
    def test_memories(self, memory: Memory) -> None:
        """Nothing of a peer is lost."""
        self.assertEqual(memory, memory_of(of_memory(memory)))

    @quickly
    @given(some.tuples(*[CELLS] * 8))
    def test_any_row(self, row: tuple[Any, ...]) -> None:
        """No row raises."""
        memory_of(row)

    def test_unsound_memories(self) -> None:
        """Each cell is looked at."""
        sound = of_memory(samples.memory(1))
        wrong: list[tuple[Any, ...]] = [
            (None, 7, "", "g" * 64, "A" * 64, sound[0] + "\n"),
            (None, b"", "x" * 8193),
            (None, 7, "x" * 1025),
            ("", None, "deaf"),
            ("yesterday", float("inf"), float("nan"), -1.0, 1e12),
            ("yesterday", float("inf"), 1e12),
            (7, b"", "x" * 1025),
            (None, 2, "yes"),
        ]
        self.assertIsNotNone(memory_of(sound))
        for column, values in enumerate(wrong):
            for value in values:
                row = (*sound[:column], value, *sound[column + 1 :])
                self.assertIsNone(memory_of(row), (column, value))

    @quickly
    @given(some.dictionaries(TEXTS, some.none() | some.booleans() | some.integers(0, 9) | TEXTS))
    def test_occurrences(self, members: dict[str, object]) -> None:
        """Nothing of an occurrence is lost."""
        occurrence = Occurrence(number=1, time=2.5, event="refused", members=members)
        self.assertEqual([occurrence], occurrences_of([of_occurrence(occurrence)]))

    def test_unsound_occurrences(self) -> None:
        """Those that cannot be read are left out, and the others stay in their order."""
        first, second = samples.occurrence(1), samples.occurrence(2)
        rows = [
            of_occurrence(first),
            (3, 2.5, "refused", "{"),
            (4, 2.5, "refused", "[]"),
            (5, 2.5, "refused", b"\xff"),
            (6, "now", "refused", "{}"),
            (7, None, "refused", "{}"),
            (8, 2.5, None, "{}"),
            (9, 2.5, "refused\ndata: {}", "{}"),
            (10, 1e300, "refused", "{}"),
            (11, 2.5, "refused", '{"name":"' + "x" * 65536 + '"}'),
            (12, 2.5, "refused", '{"name":' + "[" * 20000 + "]" * 20000 + "}"),
            of_occurrence(second),
        ]
        self.assertEqual([first, second], occurrences_of(rows))

    def test_terminal_escapes_are_kept(self) -> None:
        """Whoever shows a text makes it safe: here it stays what it is."""
        occurrence = replace(samples.occurrence(1), members={"name": "\x1b[31m\u202e'; DROP"})
        self.assertEqual([occurrence], occurrences_of([of_occurrence(occurrence)]))
