"""
Chance that can be had again.
"""

from gossip.testing.chance import stream
from tests.cases import UnitCase


class StreamTests(UnitCase):
    """Streams are the same for ever, and independent."""

    def test_the_same_for_ever(self) -> None:
        """A plan that failed once fails again: on any machine, under any PYTHONHASHSEED."""
        self.assertEqual(0.5904, round(stream(7, "path", "a", 1).random(), 4))

    def test_one_for_each_thing(self) -> None:
        """Whoever takes more numbers takes them from nobody else."""
        one, other = stream(1, "a"), stream(1, "b")
        expected = stream(1, "b").random()
        for _ in range(100):
            one.random()
        self.assertEqual(expected, other.random())

    def test_names_are_told_apart(self) -> None:
        """Another seed or another name makes another stream."""
        first = {stream(*names).random() for names in ((1, "a"), (2, "a"), (1, "b"), (1, "a", 1))}
        self.assertEqual(4, len(first))
