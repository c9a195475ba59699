"""
The words of the story.
"""

from gossip.demo.sentences import (
    TIMELESS,
    counted,
    enumerated,
    judged,
    lasting,
    noticed,
    round_trips,
    told,
)
from tests.cases import UnitCase


class LineTests(UnitCase):
    """How things look that are told."""

    def test_lines_are_broken_and_hang(self) -> None:
        """Text is broken before 80 columns, and stands beside the time."""
        lines = told(12.34, "word " * 40, "does", width=200, coloured=False).splitlines()
        self.assertTrue(lines[0].startswith(" 12.3 s  word word"))
        self.assertTrue(lines[1].startswith("         word word"))
        self.assertTrue(all(70 < len(line) < 80 for line in lines[:-1]), lines)

    def test_terminals_may_be_narrow(self) -> None:
        """A narrow terminal gets narrow lines, and none is too narrow for words."""
        for width, most in ((60, 59), (10, 39)):
            lines = told(1.0, "word " * 40, "does", width=width, coloured=False).splitlines()
            self.assertTrue(all(most - 5 < len(line) <= most for line in lines[:-1]), lines)

    def test_no_time(self) -> None:
        """What belongs to the last thing has no time."""
        self.assertEqual(" " * 9 + "x", told(None, "x", "asks", width=80, coloured=False))

    def test_what_to_type(self) -> None:
        """It is one line, however long it is, and has no time: it is copied."""
        command = "p2p-gossip top --control " + "x" * 90
        self.assertEqual(" " * 9 + command, told(None, command, "types", width=80, coloured=False))
        self.assertIn("types", TIMELESS)

    def test_colours(self) -> None:
        """Each line is coloured by itself, where colours are wanted and the kind has one."""
        self.assertEqual(
            "  0.0 s  \x1b[36mx\x1b[0m", told(0, "x", "judges", width=80, coloured=True)
        )
        self.assertEqual("  0.0 s  x", told(0, "x", "sees", width=80, coloured=True))

    def test_names_of_strangers_are_escaped(self) -> None:
        """Others may join the network of the demonstration, by any name."""
        self.assertIn(r"\x1b", told(0, "lost \x1b[2J", "sees", width=80, coloured=False))

    def test_what_must_be_copied_is_not_broken(self) -> None:
        """A long path stays whole."""
        path = "/" + "x-y" * 40
        self.assertIn(path, told(0, f"at {path} it is", "sees", width=80, coloured=False))


class WordTests(UnitCase):
    """How things are put."""

    def test_lasting(self) -> None:
        """Short times are in milliseconds, and none is nothing."""
        self.assertEqual(
            ["1 ms", "75 ms", "99 ms", "0.1 s", "3.0 s"],
            [lasting(time) for time in (0, 0.0751, 0.0994, 0.0996, 3.01)],
        )

    def test_counted(self) -> None:
        """One is not many."""
        self.assertEqual("1 link", counted(1, "link"))
        self.assertEqual("2 links", counted(2, "link"))

    def test_enumerated(self) -> None:
        """Some names are told, and of many the first and the last."""
        names = ["a", "b", "c", "d"]
        self.assertEqual(
            ["a", "a and b", "a, b and c", "a to d"],
            [enumerated(names[:many]) for many in range(1, 5)],
        )

    def test_round_trips(self) -> None:
        """The one in the middle, and the slowest with its two nodes."""
        times = [(1.0, "a", "b"), (9.04, "b", "a"), (2.0, "a", "c")]
        self.assertEqual(
            "3 round trips, median 2.0 ms, the slowest 9.0 ms (b to a)", round_trips(times)
        )

    def test_noticed(self) -> None:
        """By how many, and after how long."""
        self.assertEqual("None of 3 has noticed it yet.", noticed([], 3))
        self.assertEqual("1 of 3 noticed: after 5 ms.", noticed([0.005], 3))
        self.assertEqual(
            "2 of 3 noticed: the first after 5 ms, the last after 1.0 s.", noticed([1.0, 0.005], 3)
        )

    def test_verdicts(self) -> None:
        """Those who say the same are counted, and one of them gives the reason."""
        sayings = [
            ("a", "dead", "silence"),
            ("b", "me", "dark here"),
            ("c", "dead", "more silence"),
        ]
        self.assertEqual(
            [
                "2 nodes say of d: dead. a: “silence”.",
                "b says of d: lost, and it is me; “dark here”.",
            ],
            judged(sayings, "d"),
        )
        self.assertEqual([], judged([], "d"))
