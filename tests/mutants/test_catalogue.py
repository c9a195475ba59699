"""
The catalogue of deliberate bugs fits the program as it is.
"""

import ast
from pathlib import Path

import gossip
from gossip.testing.profiles import PROFILES
from tests.cases import UnitCase
from tests.mutants.__main__ import LEAST
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant, NotThere

PACKAGE = Path(gossip.__file__).parent
TESTS = Path(__file__).parent.parent


class CatalogueTests(UnitCase):
    """A bug that cannot be put into the program any more proves nothing."""

    def test_each_old_text_is_there_once(self) -> None:
        """What a bug replaces is in its file exactly once."""
        for mutant in MUTANTS:
            with self.subTest(mutant.name):
                mutant.applied((PACKAGE / mutant.file).read_text())

    def test_each_bug_changes_what_the_program_does(self) -> None:
        """What comes out compiles, and is another program."""
        for mutant in MUTANTS:
            with self.subTest(mutant.name):
                text = (PACKAGE / mutant.file).read_text()
                after = ast.dump(ast.parse(mutant.applied(text)))
                self.assertNotEqual(ast.dump(ast.parse(text)), after)

    def test_names_are_given_once(self) -> None:
        """A mutant is named on the command line."""
        names = [mutant.name for mutant in MUTANTS]
        self.assertEqual(len(names), len(set(names)))

    def test_there_are_enough(self) -> None:
        """A few bugs that are found prove little."""
        self.assertGreater(len(MUTANTS), 30)
        self.assertGreater(sum(bool(mutant.profiles) for mutant in MUTANTS), LEAST)

    def test_each_names_profiles_and_tests_that_exist(self) -> None:
        """Nothing is left out for a name that is written wrong."""
        for mutant in MUTANTS:
            with self.subTest(mutant.name):
                self.assertEqual(set(), set(mutant.profiles) - set(PROFILES))
                for module in mutant.modules():
                    path = TESTS.joinpath(*module.split(".")[1:]).with_suffix(".py")
                    self.assertTrue(path.exists(), module)


class MutantTests(UnitCase):
    """One bug, put into a text."""

    def mutant(self, old: str) -> Mutant:
        """A bug that takes something away."""
        return Mutant(name="m", story="", file="mesh/book.py", old=old, new="")

    def test_a_text_that_is_gone_is_an_error(self) -> None:
        """A bug whose place has changed is not passed over."""
        self.assertRaises(NotThere, self.mutant("x").applied, "abc")

    def test_a_text_that_is_there_twice_is_an_error(self) -> None:
        """Nor one whose place is not certain."""
        self.assertRaises(NotThere, self.mutant("a").applied, "aba")

    def test_the_rest_stays(self) -> None:
        """Only the old text is replaced."""
        self.assertEqual("ac", self.mutant("b").applied("abc"))

    def test_the_tests_of_its_file_come_first(self) -> None:
        """Whoever breaks a module is found by that module's tests."""
        self.assertEqual(("tests.mesh.test_book",), self.mutant("b").modules())
