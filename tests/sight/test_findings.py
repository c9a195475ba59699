"""
What is wrong with a network, from who hears whom.
"""

from array import array
from collections.abc import Mapping
from itertools import product
from typing import Any

from attrs import evolve

from gossip.sight import findings
from gossip.sight.findings import ORDER, SEVERITY
from gossip.sight.network import Node, Packed, Sight
from gossip.sight.picture import MOST_PAIRS, Finding
from tests.cases import UnitCase


def row(cells: str, **numbers: Mapping[int, float]) -> Packed:
    """A row of these cells; of those that are up 1 ms is usual, and nothing is lost."""
    size = len(cells)
    packed = Packed(
        bytearray(cells.replace("-", "?").encode()),
        array("f", [1.0] * size),
        array("f", [0.0] * size),
        array("f", [1.0] * size),
        bytearray(size),
    )
    for name, values in numbers.items():
        for place, value in values.items():
            getattr(packed, name)[place] = value
    return packed


def seen(*rows: str | Packed | None, **nodes: Mapping[str, Any]) -> Sight:
    """The network of these rows; nodes are called a, b and so on, and are as is said of them."""
    names = "abcdefghijklmnopqrstuvwxyz"[: len(rows)]
    made = [
        evolve(
            Node(
                id=name * 64,
                name=name,
                state="alive",
                tags={},
                row="told" if said is not None else "silent",
                agent="p2p-gossip/0.2.0",
                skew=0.0,
            ),
            **nodes.get(name, {}),
        )
        for name, said in zip(names, rows, strict=True)
    ]
    packed = [row(said) if isinstance(said, str) else said for said in rows]
    return Sight(made, packed, asked=len(rows) - 1, answered=len(rows) - 1)


def full(size: int, *broken: str, **nodes: Mapping[str, Any]) -> Sight:
    """A network in which all hear each other but these pairs."""
    names = "abcdefghijklmnopqrstuvwxyz"[:size]
    rows = [
        "".join(
            "-" if one == other else "d" if {one, other} in [set(b) for b in broken] else "u"
            for other in names
        )
        for one in names
    ]
    return seen(*rows, **nodes)


def halved(here: int, there: int, **nodes: Mapping[str, Any]) -> Sight:
    """A network of which this node hears so many, itself included, and has lost the others at once."""
    names = "abcdefghijklmnopqrstuvwxyz"[: here + there]
    lost = names[here:]
    rows: list[str | None] = [
        "".join("-" if at == one else "u" for at in range(here)) + "d" * there
        for one in range(here)
    ]
    dead: dict[str, Mapping[str, Any]] = {name: {"state": "dead"} for name in lost}
    sight = seen(*rows, *[None] * there, **{**dead, **nodes})
    sight.since = {name * 64: 5.0 + at for at, name in enumerate(lost)}
    return sight


class FindingsCase(UnitCase):
    """A test of what is found."""

    def only(self, sight: Sight) -> Finding:
        """The one thing that is wrong."""
        (finding,) = findings.found(sight)
        self.assertEqual(SEVERITY[finding.kind], finding.severity)
        return finding

    def assertFound(self, kind: str, sentence: str, sight: Sight) -> Finding:
        """This is all that is wrong."""
        finding = self.only(sight)
        self.assertEqual((kind, sentence), (finding.kind, finding.sentence))
        return finding


class SoundTests(FindingsCase):
    """Nothing is found where nothing is wrong."""

    def test_nothing_is_wrong(self) -> None:
        """In networks of all sizes."""
        for size in range(1, 27):
            self.assertEqual([], findings.found(full(size)))

    def test_unmet_ones_are_no_finding(self) -> None:
        """Of whom only a record is known, nobody knows whether it lives."""
        self.assertEqual([], findings.found(seen("-?", None, b={"state": "unmet"})))

    def test_order_and_severity_have_all_kinds(self) -> None:
        """What is found can be told."""
        self.assertEqual(set(ORDER), set(SEVERITY))


class DeadTests(FindingsCase):
    """Nobody hears it."""

    def test_one(self) -> None:
        """Of those that tell."""
        sight = seen("-ud", "u-d", None, c={"state": "dead"})
        sight.since = {"c" * 64: 5.0}
        finding = self.assertFound("dead", "c is dead: none of 2 nodes that tell hears it", sight)
        self.assertEqual((("c" * 64,), (), 5.0), (finding.peers, finding.pairs, finding.since))

    def test_one_of_two(self) -> None:
        """Nobody else can be asked."""
        self.assertFound(
            "dead",
            "b is dead: this node does not hear it, and nobody else can be asked",
            seen("-d", None, b={"state": "dead"}),
        )

    def test_some_of_many_at_the_same_time(self) -> None:
        """They are one finding, which says what else it may be."""
        sight = halved(7, 2)
        self.assertFound(
            "dead",
            "h and i are dead: none of 7 nodes that tell hears them;"
            " they were lost at the same time, so the line to them may be cut",
            sight,
        )
        sight.since = {"h" * 64: 5.0, "i" * 64: 600.0}
        self.assertEqual(["dead", "dead"], [finding.kind for finding in findings.found(sight)])

    def test_some_whose_ends_closed(self) -> None:
        """The paths to them were whole: it is no split."""
        sight = halved(3, 3)
        sight.ended = dict.fromkeys(sight.since, "c")
        self.assertFound(
            "dead",
            "d, e and f are dead: none of 3 nodes that tell hears them;"
            " their ends closed the links, so their processes ended",
            sight,
        )

    def test_some_of_one_tag(self) -> None:
        """What all of them share, and nobody else, is named."""
        tags: dict[str, Mapping[str, Any]] = {
            name: {"tags": {"rack": "r7", "os": "linux"}, "state": "dead"} for name in "hi"
        }
        sight = halved(7, 2, a={"tags": {"os": "linux", "rack": "r1"}}, **tags)
        self.assertIn("rack=r7 (h and i) are dead: none", self.only(sight).sentence)

    def test_all_at_the_same_time(self) -> None:
        """Then it is this node; who was lost long before is told of as well, and later."""
        sight = seen("-ddd", None, None, None, **{key: {"state": "dead"} for key in "bcd"})
        sight.since = {"b" * 64: 500.0, "c" * 64: 500.5, "d" * 64: 5.0}
        alone, dead = findings.found(sight)
        self.assertEqual(
            "this node is cut off: it lost 2 others at the same time, and hears nobody",
            alone.sentence,
        )
        self.assertEqual(("cut_node", ("a" * 64,), 500.0), (alone.kind, alone.peers, alone.since))
        self.assertEqual(("dead", ("d" * 64,)), (dead.kind, dead.peers))
        sight.ended = {"b" * 64: "c", "c" * 64: "c"}
        self.assertTrue(
            findings.found(sight)[0].sentence.endswith(
                "; so their processes ended, or it is cut off"
            )
        )

    def test_one_after_the_other(self) -> None:
        """They are dead, each for itself."""
        sight = seen("-dd", None, None, b={"state": "dead"}, c={"state": "dead"})
        sight.since = {"b" * 64: 5.0, "c" * 64: 500.0}
        self.assertEqual(["dead", "dead"], [finding.kind for finding in findings.found(sight)])

    def test_one_that_others_hear(self) -> None:
        """It is not dead, but unreachable; it may be that its row cannot be had."""
        sight = seen("-ud", "u-u", None, c={"state": "unreachable"})
        cut, mute = findings.found(sight)
        self.assertEqual("a and c do not hear each other", cut.sentence)
        self.assertEqual(("mute", "c did not answer"), (mute.kind, mute.sentence))


class InsideTests(FindingsCase):
    """A split, as it is seen from inside one of its groups."""

    def test_from_each_side(self) -> None:
        """Who is in the other group is told first; of a few that are lost it is not so."""
        for here, there, kind in (
            *((3, 3, "split"), (2, 4, "split"), (4, 2, "split"), (5, 5, "split")),
            *((2, 20, "split"), (7, 2, "dead"), (6, 2, "split"), (3, 1, "dead")),
        ):
            sight = halved(here, there)
            finding = self.only(sight)
            self.assertEqual((kind, 5.0), (finding.kind, finding.since), (here, there))
            self.assertEqual(set(sight.since), set(finding.peers))

    def test_sentence(self) -> None:
        """Both groups have names."""
        self.assertFound(
            "split",
            "the network is split into two groups: this node's (a, b and c) hears nobody of the other"
            " (d, e and f), all lost at the same time",
            halved(3, 3),
        )
        rack: Mapping[str, Any] = {"tags": {"rack": "r7"}, "state": "dead"}
        self.assertIn(
            "hears nobody of the other, rack=r7 (c and d), all",
            self.only(halved(2, 2, c=rack, d=rack)).sentence,
        )

    def test_one_that_is_dead_besides(self) -> None:
        """It was lost at another time, or closed its link: it is told of after the split."""
        sight = halved(3, 4)
        sight.since = {**sight.since, "g" * 64: 100.0}
        split, dead = findings.found(sight)
        self.assertEqual(("split", "dead"), (split.kind, dead.kind))
        self.assertEqual(("g" * 64,), dead.peers)
        sight = halved(3, 4)
        sight.ended = {"d" * 64: "c", "e" * 64: "s"}
        split, dead = findings.found(sight)
        self.assertEqual(("split", ("d" * 64,)), (split.kind, dead.peers))

    def test_one_that_lives_but_says_nothing(self) -> None:
        """It belongs to the group that hears it."""
        sight = halved(3, 3, c={"row": "silent"})
        sight.rows[2] = None
        split, mute = findings.found(sight)
        self.assertIn("this node's (a, b and c) hears", split.sentence)
        self.assertEqual("mute", mute.kind)


class BrokenTests(FindingsCase):
    """Pairs, and what they have in common."""

    def test_a_pair(self) -> None:
        """Both are fine but for each other."""
        finding = self.assertFound("cut", "b and c do not hear each other", full(4, "bc"))
        self.assertEqual(((), (("b" * 64, "c" * 64),)), (finding.peers, finding.pairs))

    def test_a_node_with_bad_paths_to_three_of_twenty(self) -> None:
        """The three pairs are named, and no node."""
        finding = self.assertFound(
            "cut",
            "3 pairs do not hear each other: a and d, a and e, a and f",
            full(20, "ad", "ae", "af"),
        )
        self.assertEqual((), finding.peers)
        self.assertEqual(3, len(finding.pairs))

    def test_many_pairs(self) -> None:
        """Not all of them are in the sentence."""
        broken = [one + other for one, other in zip("abcdef", "bcdefg", strict=True)]
        self.assertIn(", and 1 more", self.only(full(20, *broken)).sentence)

    def test_pairs_that_have_nothing_in_common(self) -> None:
        """Each is a finding."""
        self.assertEqual(["cut", "cut"], [f.kind for f in findings.found(full(9, "ab", "cd"))])

    def test_one_node(self) -> None:
        """Most of its paths are broken: it is one finding, about this node."""
        finding = self.assertFound(
            "cut_node",
            "a has broken paths to 4 of 6 nodes: b, c, d and e",
            full(7, "ab", "ac", "ad", "ae"),
        )
        self.assertEqual(("a" * 64,), finding.peers)
        self.assertEqual(4, len(finding.pairs))

    def test_two_nodes(self) -> None:
        """Each is named, the worst first."""
        broken = [f"a{other}" for other in "bcdefg"] + [f"b{other}" for other in "cdefg"]
        first, second = findings.found(full(9, *broken))
        self.assertEqual([("a" * 64,), ("b" * 64,)], [first.peers, second.peers])

    def test_a_split(self) -> None:
        """Two groups hear each other only inside, and others hear both."""
        across = [one + other for one, other in product("abc", "def")]
        finding = self.assertFound(
            "split",
            "the network is split into two groups: (a, b and c) and (d, e and f) do not hear each"
            " other, and g hears both",
            full(7, *across),
        )
        self.assertEqual(6, len(finding.peers))
        self.assertEqual(9, len(finding.pairs))
        self.assertIn("g and h hear both", self.only(full(8, *across)).sentence)
        self.assertTrue(self.only(full(6, *across)).sentence.endswith("hear each other"))

    def test_no_split(self) -> None:
        """Where a pair across hears, be it one way, or the groups are few of many, it is something else."""
        across = [one + other for one, other in product("abc", "def")]
        whole = full(7, *across[1:])
        self.assertNotIn("split", {finding.kind for finding in findings.found(whole)})
        one_way = seen("-uuuddu", *whole.rows[1:3], "ddd-uuu", *whole.rows[4:])
        kinds = {finding.kind for finding in findings.found(one_way)}
        self.assertIn("one_way", kinds)
        self.assertNotIn("split", kinds)
        self.assertEqual("cut", self.only(full(20, *across)).kind)

    def test_a_rack(self) -> None:
        """One side shares a tag that nobody else has: the sentence names it."""
        racks: dict[str, Mapping[str, Any]] = {
            name: {"tags": {"rack": "r7" if name in "ab" else "r1", "os": "linux"}}
            for name in "abcdefghijkl"
        }
        sight = full(12, "ac", "ad", "bc", "bd", **racks)
        finding = self.assertFound(
            "cut", "rack=r7 (a and b) and c and d do not hear each other: 4 pairs", sight
        )
        self.assertEqual(4, len(finding.pairs))

    def test_one_way(self) -> None:
        """Who is deaf comes first."""
        finding = self.assertFound(
            "one_way", "a does not hear b, which hears it", seen("-du", "u-u", "uu-")
        )
        self.assertEqual((("a" * 64, "b" * 64),), finding.pairs)

    def test_one_way_and_given_up(self) -> None:
        """How both ends lost their link tells which way it broke."""
        sight = full(5, "bc", "de")
        for one, other, ended in ((1, 2, "c"), (2, 1, "s"), (3, 4, "s"), (4, 3, "s")):
            packed = sight.rows[one]
            assert packed is not None
            packed.ended = bytearray(b"?????")
            packed.ended[other] = ord(ended)
        both, half = findings.found(sight)
        self.assertEqual("d and e do not hear each other", both.sentence)
        self.assertEqual(
            "the path between c and b is broken one way: c did not hear b any more, which heard it",
            half.sentence,
        )
        self.assertEqual(("one_way", (("c" * 64, "b" * 64),)), (half.kind, half.pairs))

    def test_one_node_that_hears_nobody(self) -> None:
        """All of its paths are broken one way: it is the node."""
        self.assertEqual("cut_node", self.only(seen("-ddd", "u-uu", "uu-u", "uuu-")).kind)


class BadTests(FindingsCase):
    """Paths that are there, and not good."""

    def test_slow(self) -> None:
        """Against its own past, and by more than anybody would notice."""
        slow = row("-uu", rtt={1: 30.0}, p50={1: 2.0})
        self.assertFound(
            "slow", "a and b are slow: 30 ms, where 2.0 ms are usual", seen(slow, "u-u", "uu-")
        )
        for mean, usual in ((21.0, 2.0), (200.0, 100.0)):
            fine = row("-uu", rtt={1: mean}, p50={1: usual})
            self.assertEqual([], findings.found(seen(fine, "u-u", "uu-")))

    def test_one_that_was_late(self) -> None:
        """It is told by the jitter that it leaves behind; a line that is slow has little of it."""
        for jitter, kinds in ((20.0, []), (13.0, ["slow"])):
            late = row("-uu", rtt={1: 30.0}, p50={1: 2.0})
            late.jitter = array("f", [jitter] * 3)
            found = findings.found(seen(late, "u-u", "uu-"))
            self.assertEqual(kinds, [finding.kind for finding in found])

    def test_lossy(self) -> None:
        """What is lost is worse than what is late."""
        bad = row("-uu", lost={1: 0.3}, rtt={1: 99.0})
        late = row("u-u", rtt={0: 99.0})
        self.assertFound(
            "slow", "a and b are slow: 30 % of the pings were lost", seen(bad, late, "uu-")
        )

    def test_a_slow_node(self) -> None:
        """Where most of its paths are slow, it is one finding."""
        bad = row("-uuu", lost={1: 0.3, 2: 0.3, 3: 0.5})
        finding = self.assertFound(
            "slow",
            "a is slow to 3 nodes: 30 % of the pings were lost",
            seen(bad, "u-uu", "uu-u", "uuu-"),
        )
        self.assertEqual(("a" * 64,), finding.peers)

    def test_what_is_broken_is_not_slow(self) -> None:
        """Once is enough."""
        bad = row("-uu", lost={1: 0.9})
        self.assertEqual("one_way", self.only(seen(bad, "d-u", "uu-")).kind)
        down = row("-du", lost={1: 0.9})
        self.assertEqual("cut", self.only(seen(down, "d-u", "uu-")).kind)

    def test_flapping(self) -> None:
        """Three times within an hour is no mishap; twice may be one."""
        self.assertEqual([], findings.found(seen(row("-uu", losses={1: 2}), "u-u", "uu-")))
        self.assertFound(
            "flapping",
            "a and b lost each other 4 times within the hour",
            seen(row("-uu", losses={1: 3}), row("u-u", losses={0: 4}), "uu-"),
        )

    def test_one_that_is_dead_does_not_flap(self) -> None:
        """It is told of once."""
        rows = [row("-ud", losses={2: 5}), row("u-d", losses={2: 5})]
        self.assertEqual("dead", self.only(seen(*rows, None, c={"state": "dead"})).kind)

    def test_a_node_that_comes_and_goes(self) -> None:
        """All lost it: it is named."""
        rows = [row(cells, losses={3: 5}) for cells in ("-uuu", "u-uu", "uu-u")]
        finding = self.assertFound(
            "flapping",
            "d was lost 5 times within the hour: it and 3 others lose each other again and again",
            seen(*rows, "uuu-"),
        )
        self.assertEqual(("d" * 64,), finding.peers)


class ManyTests(FindingsCase):
    """More than anybody reads."""

    def test_pairs(self) -> None:
        """So many of a finding; the sentence counts all."""
        self.patch(findings, "MOST_PAIRS", 3)
        finding = self.only(full(20, "ab", "bc", "cd", "de", "ef"))
        self.assertIn("5 pairs do not hear each other: a and b", finding.sentence)
        self.assertEqual(
            [("a", "b"), ("b", "c"), ("c", "d")], [(one[0], two[0]) for one, two in finding.pairs]
        )
        self.assertEqual(2, finding.more_pairs)

    def test_pairs_of_one_kind(self) -> None:
        """So many are findings of their own, and the rest is one."""
        self.patch(findings, "ALIKE", 2)
        rows = [row("-uuuuuu", losses={2: 3, 3: 3}), row("u-uuuuu", losses={4: 3, 5: 9, 6: 3})]
        wrong = findings.found(seen(*rows, *["uuuuuuu"] * 5))
        rest = "4 more pairs are like these; the first: a and d lost each other 3 times within"
        self.assertEqual(
            ["a and c lost each other 3 times within the hour", f"{rest} the hour"],
            [finding.sentence for finding in wrong],
        )
        self.assertEqual([1, 4], [len(finding.pairs) for finding in wrong])

    def test_findings_of_one_kind(self) -> None:
        """So many are told, and of the rest the first."""
        self.patch(findings, "ALIKE", 1)
        wrong = findings.found(full(9, "ab", "cd", "ef"))
        self.assertEqual(
            [
                "a and b do not hear each other",
                "2 more of the kind; the first: c and d do not hear each other",
            ],
            [finding.sentence for finding in wrong],
        )
        self.assertEqual([1, 2], [len(finding.pairs) for finding in wrong])

    def test_a_thousand(self) -> None:
        """Halves of a large network are one finding that names no more than so many pairs."""
        size = 300
        half = ["".join("ud"[(one ^ other) & 1] for other in range(size)) for one in (0, 1)]
        names = [f"{place:064x}" for place in range(size)]
        nodes = [
            Node(id=name, name=name[-3:], state="alive", tags={}, row="told") for name in names
        ]
        sight = Sight(nodes, [row(half[place & 1]) for place in range(size)])
        (finding,) = findings.found(sight)
        self.assertEqual(("split", MOST_PAIRS), (finding.kind, len(finding.pairs)))
        self.assertEqual(150 * 150 - MOST_PAIRS, finding.more_pairs)


class NodeTests(FindingsCase):
    """Clocks, versions, and who says nothing."""

    def test_skewed(self) -> None:
        """By more than two seconds, either way."""
        self.assertEqual([], findings.found(full(3, b={"skew": 1.9}, c={"skew": None})))
        self.assertFound(
            "skewed", "the clock of b is 2.1 s ahead of this node's", full(3, b={"skew": 2.1})
        )
        self.assertFound(
            "skewed", "the clock of c is 60.0 s behind this node's", full(4, c={"skew": -60.0})
        )

    def test_our_own_clock(self) -> None:
        """Where most agree with each other, it is this node's."""
        skews: dict[str, Mapping[str, Any]] = {
            "b": {"skew": 60.0},
            "c": {"skew": 60.5},
            "d": {"skew": 0.0},
        }
        finding = self.assertFound(
            "skewed",
            "the clock of this node is 60.0 s behind: 2 peers agree on it",
            full(4, **skews),
        )
        self.assertEqual(("a" * 64,), finding.peers)

    def test_clocks_that_agree_with_nobody(self) -> None:
        """Then nothing is known of ours."""
        skews: dict[str, Mapping[str, Any]] = {"b": {"skew": 60.0}, "c": {"skew": 90.0}}
        self.assertEqual(2, len(findings.found(full(3, **skews))))

    def test_older_versions(self) -> None:
        """Only of this program; it is a note."""
        finding = self.assertFound(
            "old_version",
            "b runs an older version than 0.2.0, which others run",
            full(3, b={"agent": "p2p-gossip/0.1.9"}, c={"agent": "other/0.1"}),
        )
        self.assertEqual("note", finding.severity)
        self.assertEqual(
            [], findings.found(full(3, b={"agent": "p2p-gossip/dev"}, c={"agent": None}))
        )
        old: Mapping[str, Any] = {"agent": "p2p-gossip/0.1.9"}
        self.assertIn("b and c run", self.only(full(3, b=old, c=old)).sentence)

    def test_mute(self) -> None:
        """Who does not speak the extension says nothing, and is heard all the same."""
        finding = self.assertFound(
            "mute", "c cannot tell who is heard", seen("-uu", "u-u", None, c={"row": "mute"})
        )
        self.assertEqual(("note", ("c" * 64,)), (finding.severity, finding.peers))
