"""
Every kind of fault, alone: the verdict of each node on each other, and what each finds wrong.

Where nothing is wrong nobody says anything; and when a fault is mended nobody finds anything any more.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from attrs import frozen

from gossip.mesh.status import Verdict
from gossip.sight.lookout import Lookout
from gossip.trust.identity import PeerId
from tests.sight.rowing import RowCase
from tests.street import House, Street

Verdicts: TypeAlias = Mapping[str, str]
"""By who says it and of whom, as `n0 n1`."""

Findings: TypeAlias = set[tuple[str, str]]
"""Their kinds, and whom or which pairs they are about, by name."""


@frozen
class Truth:
    """What should be said of a fault."""

    verdicts: Verdicts
    found: Callable[[str], Findings]
    """By each node."""


def same(findings: Findings) -> Callable[[str], Findings]:
    """All find this."""
    return lambda _: findings


def of(judges: Sequence[str], lost: Sequence[str], verdict: str) -> dict[str, str]:
    """Each of these says this of each of those."""
    return {f"{one} {other}": verdict for one in judges for other in lost if one != other}


def listed(names: Sequence[str]) -> str:
    """In their order."""
    return " ".join(sorted(names))


class EveryFaultTests(RowCase):
    """One by one, in networks of several sizes."""

    def shown(self, street: Street, house: House) -> Findings:
        """What a node finds, by names."""
        lookout = house.mesh.lookout
        assert isinstance(lookout, Lookout)
        report = self.result(street, lookout.report())
        return {
            (
                finding.kind,
                listed([street.name_of(PeerId(peer)) for peer in finding.peers])
                or ", ".join(
                    sorted(
                        listed([street.name_of(PeerId(peer)) for peer in pair])
                        for pair in finding.pairs
                    )
                ),
            )
            for finding in report.findings
        }

    def assertTold(self, street: Street, houses: Sequence[House], truth: Truth) -> None:
        """Exactly this is said, each verdict once, and found."""
        said = [
            (f"{house.name} {street.name_of(event.peer)}", event.verdict)
            for house in houses
            for event in house.said(Verdict)
        ]
        self.assertEqual(sorted(truth.verdicts.items()), sorted(said))
        for house in houses:
            self.assertEqual(truth.found(house.name), self.shown(street, house), house.name)

    def prove(
        self,
        size: int,
        fault: Callable[[Street, list[House]], object],
        truth: Truth,
        *,
        gone: int = 0,
    ) -> None:
        """Make a fault; so many, the last ones, do not live any more; the others are mended."""
        street, houses = self.town(size)
        fault(street, houses)
        street.run(10)
        left = houses[: size - gone]
        self.assertTold(street, left, truth)
        if not gone:
            street.mend()
            street.until(partial(street.is_mesh, houses))
            street.run(3)
            self.assertTold(street, houses, Truth(truth.verdicts, same(set())))

    def test_nothing(self) -> None:
        """Also where a connection breaks and is made again."""
        for size in (2, 3, 8):
            self.prove(size, lambda street, houses: None, Truth({}, same(set())))
            self.prove(
                size,
                lambda street, houses: street.snap(houses[0], houses[1]),
                Truth({}, same(set())),
            )

    def test_left(self) -> None:
        """Who says farewell is nobody's loss."""
        for size in (2, 6):
            self.prove(size, lambda _, houses: houses[-1].leave(), Truth({}, same(set())), gone=1)

    def test_dead(self) -> None:
        """Its process ended, or its machine."""
        for size in (2, 3, 8):
            names = [f"n{number}" for number in range(size)]
            truth = Truth(of(names[:-1], names[-1:], "dead"), same({("dead", names[-1])}))
            self.prove(size, lambda _, houses: houses[-1].crash(), truth, gone=1)
            self.prove(size, lambda _, houses: houses[-1].vanish(), truth, gone=1)

    def test_several_dead(self) -> None:
        """Their processes ended: one finding; and one by one where they did so one after the other."""
        names = [f"n{number}" for number in range(8)]
        verdicts = of(names[:5], names[5:], "dead")

        def at_once(_: Street, houses: list[House]) -> None:
            for house in houses[5:]:
                house.crash()

        def in_turn(street: Street, houses: list[House]) -> None:
            for house in houses[5:]:
                house.vanish()
                street.run(10)

        self.prove(8, at_once, Truth(verdicts, same({("dead", "n5 n6 n7")})), gone=3)
        each = {("dead", name) for name in names[5:]}
        self.prove(8, in_turn, Truth(verdicts, same(each)), gone=3)

    def test_pair(self) -> None:
        """Both ends say that it is the path, and all name the pair."""
        for size in (3, 8):
            self.prove(
                size,
                lambda street, houses: street.cut(houses[:1], houses[1:2]),
                Truth({"n0 n1": "cut", "n1 n0": "cut"}, same({("cut", "n0 n1")})),
            )

    def test_one_way(self) -> None:
        """The same; on this street, unlike by TCP, one end has links that the other knows nothing of."""
        for size in (3, 8):
            street, houses = self.town(size)
            self.one_way(street, houses[0], houses[1])
            street.run(10)
            said = [
                (house.name, street.name_of(event.peer), event.verdict, event.one_way)
                for house in houses
                for event in house.said(Verdict)
            ]
            self.assertEqual(
                [("n0", "n1", "cut", "to_peer"), ("n1", "n0", "cut", "from_peer")], said
            )
            for house in houses:
                shown = self.shown(street, house)
                self.assertEqual({"n0 n1"}, {those for _, those in shown})
                self.assertLessEqual({kind for kind, _ in shown}, {"cut", "one_way", "flapping"})

    def test_a_few_paths(self) -> None:
        """Of one node of nine to three: no node is named."""
        names = [f"n{number}" for number in range(9)]
        verdicts = {**of(names[:1], names[1:4], "cut"), **of(names[1:4], names[:1], "cut")}
        self.prove(
            9,
            lambda street, houses: street.cut(houses[:1], houses[1:4]),
            Truth(verdicts, same({("cut", "n0 n1, n0 n2, n0 n3")})),
        )

    def test_most_paths(self) -> None:
        """Of one node of nine to six: it is the node, by its own verdict and by all findings."""
        names = [f"n{number}" for number in range(9)]
        verdicts = {**of(names[:1], names[1:7], "me"), **of(names[1:7], names[:1], "cut")}
        self.prove(
            9,
            lambda street, houses: street.cut(houses[:1], houses[1:7]),
            Truth(verdicts, same({("cut_node", "n0")})),
        )

    def test_alone(self) -> None:
        """One that lost its line: it knows; to the others it is dead."""
        for size in (3, 8):
            names = [f"n{number}" for number in range(size)]
            verdicts = {**of(names[:1], names[1:], "me"), **of(names[1:], names[:1], "dead")}
            self.prove(
                size,
                lambda street, houses: street.cut(houses[:1], houses[1:]),
                Truth(verdicts, lambda name: {("cut_node" if name == "n0" else "dead", "n0")}),
            )

    @staticmethod
    def halve(few: int, street: Street, houses: list[House]) -> None:
        """Split a network."""
        street.cut(houses[:few], houses[few:])

    def test_split(self) -> None:
        """Each side names the other."""
        for few, many in ((2, 2), (2, 3), (3, 3), (2, 6), (4, 5)):
            names = [f"n{number}" for number in range(few + many)]
            here, there = names[:few], names[few:]
            theirs = "me" if few > many - 1 else "dead"
            # Of four, half: two lost are more than the one that is left.
            verdicts = {**of(here, there, "me"), **of(there, here, theirs)}

            def found(name: str, here: list[str] = here, there: list[str] = there) -> Findings:
                return {("split", listed(there if name in here else here))}

            self.prove(
                few + many,
                partial(self.halve, few),
                Truth(verdicts, found),
            )

    def test_split_with_one_between(self) -> None:
        """Who hears both is among the witnesses: all are cut off, and nobody is dead."""
        names = [f"n{number}" for number in range(7)]
        here, there = names[:3], names[3:6]
        verdicts = {**of(here, there, "cut"), **of(there, here, "cut")}
        self.prove(
            7,
            lambda street, houses: street.cut(houses[:3], houses[3:6]),
            Truth(verdicts, same({("split", listed([*here, *there]))})),
        )
