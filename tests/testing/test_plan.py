"""
Plans as data.
"""

from gossip.testing.plan import Operation, from_json
from gossip.testing.profiles import PROFILES, plan
from tests.cases import UnitCase


class PlanTests(UnitCase):
    """A plan is a value that can be written down."""

    def test_there_and_back(self) -> None:
        """What is written is read as the same plan, whatever is in it."""
        for profile in PROFILES:
            made = plan(5, 6, profile)
            self.assertEqual(made, from_json(made.to_json()))

    def test_text(self) -> None:
        """A plan is written with a line for each member, so that two can be compared."""
        text = plan(5, 6, "churn").to_json()
        self.assertGreater(text.count(b"\n"), len(plan(5, 6, "churn").operations))
        self.assertEqual(text, plan(5, 6, "churn").to_json())

    def test_none(self) -> None:
        """What is no plan is refused, with the member that is wrong."""
        self.assertRaises(ValueError, from_json, b"nonsense")
        text = plan(5, 2).to_json().replace(b'"seed": 5', b'"seed": "x"')
        error = self.assertRaises(ValueError, from_json, text)
        self.assertIn("$.seed", str(error))

    def test_names(self) -> None:
        """Those who live there, in their order."""
        self.assertEqual(["n0", "n1", "n2"], plan(1, 3, "churn").names())

    def test_operation(self) -> None:
        """An operation is a line for people."""
        operation = Operation(at=1.5, what="cut", who=("a", "b"), whom=("c",), number=2.0)
        self.assertEqual("    1.50 s  cut a b | c 2", str(operation))
        self.assertEqual(
            "    0.00 s  move a 10.0.0.1",
            str(Operation(at=0, what="move", who=("a",), text="10.0.0.1")),
        )
