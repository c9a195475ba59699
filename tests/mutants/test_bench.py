"""
The bench: a bug that is put into a copy is found there, and not in a copy without it.
"""

from argparse import Namespace
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from attrs import evolve

from tests.cases import UnitCase
from tests.mutants import __main__ as command
from tests.mutants.bench import BrokenBench, Copy
from tests.mutants.catalogue import MUTANTS
from tests.mutants.seeds import Catch, case

VIEW = next(mutant for mutant in MUTANTS if mutant.name == "view-without-own-record")
CATCH = Catch(0, "mixed", 0, "I0 nothing", "")


class BenchTests(UnitCase):
    """One bug that is found by the first simulation."""

    def copy(self, name: str, **options: object) -> Copy:
        """A copy of the program in a directory of this test."""
        return Copy(Path(self.mktemp()) / name, **options)  # type: ignore[arg-type]

    def test_a_bug_is_found_in_the_copy_that_has_it(self) -> None:
        """The simulation of a copy runs the copy."""
        catch = self.copy("buggy", mutant=VIEW).simulate(0, 2, VIEW)
        assert catch is not None
        self.assertEqual((0, "cold-start", 0), (catch.case, catch.profile, catch.seed))
        self.assertEqual("I11f views_are_those_of_books", catch.invariant)

    def test_nothing_is_found_where_nothing_is(self) -> None:
        """The program itself holds at these seeds."""
        self.assertIsNone(self.copy("sound").simulate(0, 2, VIEW))

    def test_what_does_not_begin_is_no_catch(self) -> None:
        """A copy that cannot be run proves nothing."""
        broken = evolve(VIEW, new="return (")
        self.assertRaises(BrokenBench, self.copy("broken", mutant=broken).simulate, 0, 1, broken)

    def test_unit_tests_are_those_of_the_copy(self) -> None:
        """The tests of a module find a bug in it."""
        module = "tests.mutants.test_catalogue.MutantTests"
        self.assertFalse(self.copy("sound").fails(module))
        self.assertTrue(self.copy("sound").fails("tests.mutants.test_nothing"))

    def test_cases_go_through_all_profiles(self) -> None:
        """Each seed is tried in each profile before the next one."""
        cases = [case(number, ("a", "b")) for number in range(4)]
        self.assertEqual([("a", 0), ("b", 0), ("a", 1), ("b", 1)], cases)


class JudgeTests(UnitCase):
    """What the exit status says."""

    def status(self, found: list[command.Found], *, unit: bool, simulation: bool) -> int:
        """Of a run over these."""
        trials = command.Trials.__new__(command.Trials)
        trials.unit, trials.simulation = unit, simulation
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            return command.judge(found, trials, whole=True)

    def found(self, caught: int, tested: int, escaped: int) -> list[command.Found]:
        """So many that were found by the simulation, by tests alone, and by nobody."""
        return [
            *(command.Found(VIEW, CATCH) for _ in range(caught)),
            *(command.Found(VIEW, None, ("tests.x",)) for _ in range(tested)),
            *(command.Found(VIEW) for _ in range(escaped)),
        ]

    def test_all_found(self) -> None:
        """Enough by the simulation, the rest by tests."""
        self.assertEqual(0, self.status(self.found(45, 5, 0), unit=True, simulation=True))

    def test_one_escaped(self) -> None:
        """One that nobody finds is one too many."""
        self.assertEqual(1, self.status(self.found(49, 0, 1), unit=True, simulation=True))

    def test_too_few_by_the_simulation(self) -> None:
        """So large a part, and no fewer than so many."""
        self.assertEqual(1, self.status(self.found(42, 8, 0), unit=True, simulation=True))
        self.assertEqual(1, self.status(self.found(26, 0, 0), unit=True, simulation=True))

    def test_who_was_not_asked_may_find_nothing(self) -> None:
        """Where only one part runs, the other is not missed."""
        self.assertEqual(0, self.status(self.found(0, 50, 0), unit=True, simulation=False))
        self.assertEqual(0, self.status(self.found(45, 0, 5), unit=False, simulation=True))

    def test_names_that_do_not_exist(self) -> None:
        """A name that is written wrong is an error, and no run over nothing."""
        with redirect_stderr(StringIO()) as said:
            self.assertEqual(2, command.main(["--only", "nothing"]))
        self.assertIn("nothing", said.getvalue())

    def test_both_parts_where_neither_is_named(self) -> None:
        """Without an option everything runs."""
        for unit, simulation in ((True, False), (False, True)):
            trials = command.Trials(
                Path(self.mktemp()), Namespace(unit=unit, simulation=simulation)
            )
            self.assertEqual((unit, simulation), (trials.unit, trials.simulation))
        trials = command.Trials(Path(self.mktemp()), Namespace(unit=False, simulation=False))
        self.assertEqual((True, True), (trials.unit, trials.simulation))
