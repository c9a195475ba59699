"""
Simulations: the same plan is the same run, byte for byte, everywhere (RELIABILITY I15).
"""

import os
import sys
from collections.abc import Iterator

from attrs import evolve

from gossip.mesh.book import PeerState
from gossip.testing import simulation
from gossip.testing.operations import Town
from gossip.testing.plan import Inhabitant, Operation, Plan
from gossip.testing.profiles import PROFILES, plan
from gossip.testing.simulation import Simulation
from gossip.testing.watch import Watch
from tests.cases import UnitCase
from tests.testing.programs import run
from tests.testing.village import VillageCase

EACH = 2
"""Seeds of each profile."""

PYTHONS = [path for path in os.environ.get("P2P_GOSSIP_PYTHONS", "").split(os.pathsep) if path]
"""Interpreters with everything that is needed, beside the one that runs the tests."""


def digests(python: str, hashes: str) -> str:
    """One line a run: its seed, profile, size and digest, or what kept it from having one."""
    seeds = f"0:{EACH * len(PROFILES)}"
    # Other tests measure what is covered: it takes four times as long.
    more = {"PYTHONHASHSEED": hashes, "COVERAGE_PROCESS_CONFIG": ""}
    ended = run("--digests", "--seeds", seeds, "--jobs", "1", python=python, **more)
    if ended.returncode not in (0, 1) or ended.stderr.count("Traceback"):
        return ended.stderr
    lines = [line for line in ended.stdout.splitlines() if line.startswith("0")]
    return "\n".join(lines)


class DeterminismTests(UnitCase):
    """Nothing but the plan decides what happens."""

    def test_order_of_hashes(self) -> None:
        """Every profile gives the same digests whatever PYTHONHASHSEED is."""
        expected = digests(sys.executable, "0")
        self.assertEqual(EACH * len(PROFILES), len(expected.splitlines()), expected)
        for hashes in ("1", "random"):
            self.assertEqual(expected, digests(sys.executable, hashes))

    def test_pythons(self) -> None:
        """Every Python gives the same digests."""
        expected = digests(sys.executable, "0")
        for python in PYTHONS:
            self.assertEqual(expected, digests(python, "random"), python)

    if not PYTHONS:
        test_pythons.skip = "P2P_GOSSIP_PYTHONS names no other Python"  # type: ignore[attr-defined]

    def test_one_after_another(self) -> None:
        """A simulation leaves nothing behind that the next one would notice."""
        given = plan(4, 4, "hostile")
        first = Simulation(given).run().digest
        Simulation(plan(5, 4, "churn")).run()
        self.assertEqual(first, Simulation(given).run().digest)

    def test_digest_tells_plans_apart(self) -> None:
        """A plan that differs in its seed alone has another digest."""
        given = plan(4, 3, "cold-start")
        other = evolve(given, seed=5)
        self.assertNotEqual(Simulation(given).run().digest, Simulation(other).run().digest)


class VerdictTests(UnitCase):
    """What a simulation says at its end."""

    def test_two(self) -> None:
        """Two nodes meet, with one dial, and the figures say so."""
        verdict = Simulation(pair()).run()
        self.assertIsNone(verdict.breach)
        figures = verdict.figures
        self.assertEqual((1, 0.0), (figures.pairs, figures.healing))
        self.assertLessEqual(figures.dials, 2)
        self.assertEqual({"boot": 2}, figures.faults)
        self.assertEqual(2 * figures.seconds, figures.node_seconds)

    def test_vanished(self) -> None:
        """A machine that vanishes is noticed within three of its heartbeats and a look."""
        gone = Operation(at=10.0, what="unplug", who=("b",))
        given = pair()
        given = evolve(given, operations=(*given.operations, gone), faults=20.0)
        figures = Simulation(given).run().figures
        self.assertEqual(1, len(figures.noticing))
        self.assertTrue(2.0 <= figures.noticing[0] <= 4.0, figures.noticing)

    def test_never_healed(self) -> None:
        """A network that cannot heal is a breach, and no endless wait."""
        self.patch(simulation, "ALWAYS", ())
        self.patch(Town, "calm", lambda town: None)
        given = pair()
        cut = Operation(at=10.0, what="cut", who=("a",), whom=("b",))
        verdict = Simulation(evolve(given, operations=(*given.operations, cut))).run()
        assert verdict.breach is not None
        self.assertEqual(("I10", "everyone_heals"), (verdict.breach.number, verdict.breach.name))
        self.assertEqual("no link: a-b", verdict.breach.what)

    def test_broken(self) -> None:
        """The first invariant that does not hold ends it, with its number, name and time."""

        def nobody_boots(watch: object) -> list[str]:
            """I99: nobody boots."""
            return ["somebody has"]

        self.patch(simulation, "ALWAYS", (nobody_boots,))
        breach = Simulation(pair()).run().breach
        self.assertEqual("I99 nobody_boots at 2.0 s: somebody has", str(breach))

    def test_looks_are_regular(self) -> None:
        """Everything is looked at each so many seconds, however often something is done."""
        at: list[float] = []

        def looked_at(watch: Watch) -> Iterator[str]:
            """I99: looks are regular."""
            at.append(watch.clock.seconds())
            yield from ()

        self.patch(simulation, "ALWAYS", (looked_at,))
        given = pair()
        snaps = [Operation(at=3 + n / 3, what="snap", who=("a",), whom=("b",)) for n in range(9)]
        verdict = Simulation(evolve(given, operations=(*given.operations, *snaps))).run()
        self.assertIsNone(verdict.breach)
        expected = [simulation.LOOK * (n + 1) for n in range(len(at))]
        self.assertEqual(expected, at)
        self.assertLess(verdict.figures.seconds - at[-1], simulation.LOOK)

    def test_error(self) -> None:
        """What goes wrong in a node is a breach, with its traceback."""
        self.patch(Town, "calm", _late_error)
        breach = Simulation(pair()).run().breach
        assert breach is not None
        self.assertEqual(("I7", "no_errors"), (breach.number, breach.name))
        self.assertIn("ZeroDivisionError", breach.what)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))


def pair() -> Plan:
    """Two nodes, of which one joins through the other, and twenty seconds."""
    return Plan(
        seed=1,
        profile="pair",
        inhabitants=(
            Inhabitant(name="a", address="10.0.0.1"),
            Inhabitant(name="b", address="10.0.0.2", join=("a",)),
        ),
        operations=(
            Operation(at=0.0, what="boot", who=("a",)),
            Operation(at=0.0, what="boot", who=("b",)),
        ),
        faults=20.0,
    )


def _late_error(town: Town) -> None:
    town.network.clock.callLater(0.5, lambda: 1 // 0)


class IntroductionTests(VillageCase):
    """Whether nodes can find each other by themselves, or somebody must introduce them."""

    def test_one_that_left_and_is_back_where_nobody_is_told(self) -> None:
        """Who said farewell is looked for by nobody, until somebody hears that it is back."""
        village = self.village(3)
        one, back = village.machine("n0"), village.machine("n2")
        village.do("leave", "n2")
        village.pass_time(3)
        village.do("move", "n0", text="10.7.7.1")
        village.do("move", "n1", text="10.7.7.2")
        village.do("rejoin", "n2", whom=("n0",))
        village.pass_time(3)
        gone = simulation.departed(village.town.running())
        self.assertEqual({back.id}, gone)
        self.assertFalse(simulation.knows(one, back, gone))
        self.assertFalse(simulation.knows(back, one, gone))
        simulation.introduce(village.town)
        village.pass_time(60)
        self.assertEqual([], village.watch.missing())
        self.assertEqual(set(), simulation.departed(village.town.running()))

    def test_one_that_left_and_of_whom_not_all_have_heard(self) -> None:
        """Its last word counts, also where somebody did not hear it and still has it for alive."""
        village = self.village(3)
        village.do("cut", "n1", whom=("n0", "n2"))
        village.do("leave", "n2")
        village.pass_time(0.5)
        one, left = village.machine("n1"), village.machine("n2")
        assert one.mesh is not None
        entry = one.mesh.book.get(left.id)
        assert entry is not None
        self.assertIs(PeerState.ALIVE, entry.state)
        self.assertEqual({left.id}, simulation.departed(village.town.running()))

    def test_one_who_knows_only_a_leaver(self) -> None:
        """Who leaves leads nobody to the others any more, also while it says its farewells."""
        village = self.village(3)
        village.do("kill", "n2")
        village.do("rejoin", "n2", text="another key", whom=("n0",))
        village.do("leave", "n0")
        self.assertIsNotNone(village.machine("n0").mesh)
        simulation.introduce(village.town)
        village.pass_time(60)
        self.assertEqual([], village.watch.missing())
        self.assertIn("guide", village.town.machines)

    def test_those_who_remember(self) -> None:
        """They need nobody."""
        village = self.village(3)
        village.do("kill", "n2")
        village.do("rejoin", "n2")
        simulation.introduce(village.town)
        self.assertNotIn("guide", village.town.machines)
