"""
The corpus: plans as files, and those that once failed.
"""

from pathlib import Path

from gossip.testing import corpus
from gossip.testing.profiles import plan
from gossip.testing.runs import Failure, perform, run_of
from tests.cases import UnitCase

KEPT = Path(__file__).parent / "corpus"


class CorpusTests(UnitCase):
    """What is written down is found again, and nothing else is taken for a plan."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.failure = Failure("I9", "silence_is_noticed", 3.0, "it was not")

    def test_kept(self) -> None:
        """A plan that failed is kept under what it breaks and its seed, and read as it was."""
        made = plan(7, 4, "churn")
        path = corpus.keep(self.directory / "new", made, self.failure)
        self.assertEqual("silence_is_noticed-7.json", path.name)
        self.assertEqual([(path, made)], corpus.read_all(self.directory / "new"))

    def test_nothing_is_lost(self) -> None:
        """Two plans of one seed are kept beside each other, and one plan only once."""
        one, other = plan(7, 4, "churn"), plan(7, 5, "churn")
        names = [corpus.keep(self.directory, each, self.failure).name for each in (one, other, one)]
        expected = ["silence_is_noticed-7.json", "silence_is_noticed-7-2.json"]
        self.assertEqual([*expected, expected[0]], names)

    def test_none(self) -> None:
        """What is no plan is refused with the name of its file."""
        self.directory.mkdir()
        path = self.directory / "x.json"
        for text in (b"", b"{}", b"[]", b'{"seed": 1}', b"\xff"):
            path.write_bytes(text)
            error = self.assertRaises(corpus.NoPlan, corpus.read_all, self.directory)
            self.assertIn("x.json holds no plan", str(error))

    def test_nobody(self) -> None:
        """A plan needs somebody who lives there."""
        self.directory.mkdir()
        path = self.directory / "x.json"
        empty = b'{"seed":1,"profile":"p","inhabitants":[],"operations":[],"faults":1.0}'
        path.write_bytes(empty)
        self.assertRaises(corpus.NoPlan, corpus.read, path)

    def test_unknown_operation(self) -> None:
        """A plan with an operation that nobody can carry out is refused, not simulated."""
        self.directory.mkdir()
        path = self.directory / "x.json"
        text = plan(7, 4, "churn").to_json().replace(b'"boot"', b'"float"')
        path.write_bytes(text)
        error = self.assertRaises(corpus.NoPlan, corpus.read, path)
        self.assertIn("float", str(error))

    def test_nowhere(self) -> None:
        """A file or directory that is not there is said so."""
        self.assertRaises(corpus.NoPlan, corpus.read, self.directory / "none.json")
        self.assertRaises(corpus.NoPlan, corpus.read_all, self.directory / "none")


class RegressionTests(UnitCase):
    """What was once broken holds."""

    def test_every_kept_plan_holds(self) -> None:
        """No plan of the corpus breaks anything."""
        kept = corpus.read_all(KEPT)
        self.assertTrue(kept)
        for path, given in kept:
            outcome = perform(run_of(given, str(path)))
            self.assertIsNone(outcome.failure, f"{path.name}: {outcome.failure}")
