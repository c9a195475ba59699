"""
The table of commands.
"""

from argparse import ArgumentTypeError
from importlib import import_module

from gossip.client.commands import BY_NAME, COMMANDS, KINDS, seconds, some, tag, whole
from gossip.mesh.status import (
    IdentityMismatch,
    Listening,
    PeerAlive,
    PeerDead,
    PeerLeft,
    Refused,
    Stopping,
    Verdict,
)
from tests.cases import UnitCase


class TableTests(UnitCase):
    """What is in it."""

    def test_each_is_carried_out_by_something(self) -> None:
        """Every command names a function that is there."""
        for command in COMMANDS:
            module, _, function = command.does.partition(":")
            self.assertTrue(callable(getattr(import_module(f"gossip.client.{module}"), function)))

    def test_names_and_help(self) -> None:
        """Names are unique, help is a line without a full stop, and only one is hidden."""
        self.assertEqual(len(COMMANDS), len(BY_NAME))
        for command in COMMANDS:
            self.assertRegex(command.help, r"\A[a-z][^\n]*[a-z]\Z")
        self.assertEqual(["_peers"], [command.name for command in COMMANDS if command.hidden])

    def test_kinds_are_those_of_events(self) -> None:
        """All events but pings can be asked for in the history, and how many were too many."""
        kinds = (
            *(Listening, PeerAlive, PeerDead, PeerLeft, Verdict, Refused, IdentityMismatch),
            Stopping,
        )
        self.assertEqual({kind.event for kind in kinds} | {"suppressed"}, set(KINDS))


class ReadingTests(UnitCase):
    """What values may be."""

    def test_whole_numbers(self) -> None:
        """Whole numbers are of ASCII digits, and within their bounds."""
        read = whole(1, 100)
        self.assertEqual((1, 100, 7), (read("1"), read("100"), read("007")))
        for text in ("0", "101", "-1", "1.0", "1_0", "", " 1", "\u0663", "9" * 5000):
            with self.assertRaises(ArgumentTypeError, msg=text):
                read(text)

    def test_seconds(self) -> None:
        """Seconds are finite, and not below nothing."""
        self.assertEqual((0.0, 2.5, 1e3), (seconds("0"), seconds("2.5"), seconds("1e3")))
        for text in ("-1", "nan", "inf", "1e300", "x", ""):
            with self.assertRaises(ArgumentTypeError, msg=text):
                seconds(text)

    def test_tags(self) -> None:
        """A tag has a key, and a value that may be empty or have an equals sign."""
        self.assertEqual(("a=", "a=b=c"), (tag("a="), tag("a=b=c")))
        for text in ("a", "=b", "="):
            with self.assertRaises(ArgumentTypeError, msg=text):
                tag(text)

    def test_nothing_is_not_something(self) -> None:
        """What is given must not be empty."""
        self.assertEqual("x", some("x"))
        with self.assertRaises(ArgumentTypeError):
            some("")
