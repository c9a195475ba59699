"""
What real nodes find wrong with networks that break: the same fault, told alike by every node.

`tests.lived.hosted` says what these tests need, and how long they last.
"""

import json
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tests.lived.commands import Asked
from tests.lived.hosted import HostedNode, NetworkCase, pause, together
from tests.lived.netns import Host
from tests.lived.nodes import PATIENCE

Finding: TypeAlias = dict[str, Any]


class FindingsCase(NetworkCase):
    """Nodes n1, n2 and so on, which can be asked."""

    racks: Mapping[int, str] = {}
    """The tag of some of the hosts, by their numbers."""

    def setUp(self) -> None:
        """Make room for their sockets."""
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.place = Path(directory.name)

    def on(self, host: Host, *arguments: str, **environ: str) -> HostedNode:
        """Start a node on a host."""
        rack = self.racks.get(host.number)
        tags = () if rack is None else ("--tag", f"rack={rack}")
        names = ("--name", f"n{host.number}", "--control", self.socket(host))
        return super().on(host, *names, *tags, *arguments, **environ)

    def socket(self, host: Host) -> str:
        """Where the node of a host is asked."""
        return str(self.place / f"{host.number}.sock")

    async def why(self, node: HostedNode, *arguments: str, expected: int) -> str:
        """What `why` prints of a node, and with which status it ends."""
        asked = self.watched(Asked("why", *arguments, P2P_GOSSIP_CONTROL=self.socket(node.host)))
        self.assertEqual(expected, await asked.ended, asked.output + asked.errors)
        self.assertEqual("", asked.errors)
        return asked.output

    async def explained(self, node: HostedNode, peer: str, sentence: str) -> None:
        """
        `why` says this of a peer; it is asked again where its second was over before all had told.

        On a busy machine that happens; what is said then is true, and less.
        """
        begun, said = time.monotonic(), ""
        while sentence not in said:
            self.assertLess(time.monotonic(), begun + PATIENCE, said)
            said = await self.why(node, peer, expected=1)

    async def found(self, node: HostedNode, *severities: str) -> Finding:
        """The one thing that a node finds wrong, or the one that is so bad."""
        report = json.loads(await self.why(node, "--json", expected=1))
        findings: list[Finding] = [
            one for one in report["findings"] if not severities or one["severity"] in severities
        ]
        self.assertEqual(1, len(findings), report)
        return findings[0]

    async def sound(self, nodes: Sequence[HostedNode]) -> None:
        """Nothing is wrong, by any of them."""
        for node in nodes:
            said = await self.why(node, expected=0)
            self.assertIn(f"nothing is wrong: all {len(nodes)} nodes hear each other", said)

    def drop(self, node: HostedNode, *others: HostedNode) -> None:
        """Let a host take nothing from these, and send them nothing."""
        hosts = ", ".join(other.host.ip for other in others)
        node.host.filter(
            received=f"ip saddr {{ {hosts} }} drop", sent=f"ip daddr {{ {hosts} }} drop"
        )

    async def judged(
        self, verdict: str, nodes: Iterable[HostedNode], others: Sequence[HostedNode]
    ) -> None:
        """Wait until each of the nodes has said this of each of the others."""
        await together(
            *(
                node.said("verdict", peer=other.id, verdict=verdict)
                for node in nodes
                for other in others
            )
        )

    def assert_judged(self, nodes: Sequence[HostedNode], verdicts: Mapping[str, int]) -> None:
        """Those who said anything of anybody said so much, by their names."""
        said = {f"n{node.host.number}": node.count("verdict") for node in nodes}
        self.assertEqual(dict(verdicts), {name: count for name, count in said.items() if count})


def pairs(*those: tuple[HostedNode, HostedNode]) -> set[frozenset[str]]:
    """By their ids, whichever comes first."""
    return {frozenset((one.id, other.id)) for one, other in those}


def told(finding: Finding) -> set[frozenset[str]]:
    """The pairs of a finding."""
    return {frozenset(pair) for pair in finding["pairs"]}


class SplitTests(FindingsCase):
    """Two groups that do not hear each other, and nobody between them."""

    async def split(self, size: int, few: int, verdict: str) -> None:
        """Split a network; from both sides it is said so, and no more once it is whole."""
        network = self.network(size)
        nodes = await self.grown(network.hosts)
        await self.sound(nodes)
        here, there = nodes[:few], nodes[few:]
        network.split(network.hosts[:few], network.hosts[few:])
        await together(self.judged("me", here, there), self.judged(verdict, there, here))
        for mine, others in ((here, there), (there, here)):
            names, theirs = (
                sorted(f"n{node.host.number}" for node in some) for some in (mine, others)
            )
            for node in mine:
                finding = await self.found(node)
                self.assertEqual(("split", "error"), (finding["kind"], finding["severity"]))
                self.assertEqual({other.id for other in others}, set(finding["peers"]))
            lines = (await self.why(mine[0], expected=1)).splitlines()
            self.assertEqual(2, len(lines), lines)
            self.assertRegex(
                lines[0],
                rf"\Aerror  the network is split into two groups: this node's \({_listed(names)}\) hears"
                rf" nobody of the other \({_listed(theirs)}\), all lost at the same time"
                r" \(since [0-9:]+\)\Z",
            )
            one = await self.why(mine[0], theirs[0], expected=1)
            self.assertIn("so the network may be split", one)
        network.heal()
        await self.healed(nodes)
        await self.sound(nodes)
        self.assert_no_trouble()

    async def healed(self, nodes: Sequence[HostedNode]) -> None:
        """Wait until all talk again."""
        await self.talking(nodes, 90)

    async def test_halves(self) -> None:
        """Both halves say `me` of themselves, and that it is a split."""
        await self.split(6, 3, "me")

    async def test_few_and_many(self) -> None:
        """To the many the few are dead; and they find that it is a split all the same."""
        await self.split(6, 2, "dead")


class PathTests(FindingsCase):
    """Pairs that do not hear each other, or not always, or one way only."""

    async def test_a_bad_path_to_three_of_twenty(self) -> None:
        """Every node names the three pairs, and no node."""
        network = self.network(20)
        # Twenty processes keep a small machine busy: it is slow, and nobody is dead of that.
        nodes = await self.grown(network.hosts, "--heartbeat", "2")
        one, *others = nodes
        bad = others[3:6]
        self.drop(one, *bad)
        await together(self.judged("cut", [one], bad), self.judged("cut", bad, [one]))
        begun = time.monotonic()
        for node in nodes:
            finding = await self.found(node, "error")
            self.assertEqual(("cut", []), (finding["kind"], finding["peers"]))
            self.assertEqual(pairs(*((one, other) for other in bad)), told(finding))
            self.assertEqual(
                "3 pairs do not hear each other: n1 and n5, n1 and n6, n1 and n7",
                finding["sentence"],
            )
        self.figure(seconds_a_report=(time.monotonic() - begun) / len(nodes))
        self.assert_judged(nodes, {"n1": 3, "n5": 1, "n6": 1, "n7": 1})
        self.assert_no_trouble()

    async def test_a_line_that_carries_one_way_only(self) -> None:
        """It is named as such, with who is deaf, for as long as it lasts."""
        network = self.network(4)
        # What is not acknowledged is not followed by more, so that soon neither hears the other: it shows
        # one way where the deaf one gives up first, which is by chance where both promise the same.
        (deaf,) = await self.started(network.hosts[:1], "--heartbeat", "2")
        mute, *rest = await self.started(network.hosts[1:], "--connect", deaf.address)
        nodes = [deaf, mute, *rest]
        await self.talking(nodes)
        deaf.host.filter(received=f"ip saddr {mute.host.ip} drop")
        await together(self.judged("cut", [deaf], [mute]), self.judged("cut", [mute], [deaf]))
        for node in nodes:
            finding = await self.found(node)
            self.assertEqual(
                ("one_way", [], [[deaf.id, mute.id]]),
                (finding["kind"], finding["peers"], finding["pairs"]),
            )
        await self.explained(deaf, "n2", "its frames do not reach us, ours reach it")
        await self.explained(mute, "n1", "our frames do not reach it, its frames reach us")
        self.assertIn("n1 is fine", await self.why(rest[0], "n1", expected=0))
        self.assert_judged(nodes, {"n1": 1, "n2": 1})
        self.assert_no_trouble()

    async def flaps(self, fault: str, heartbeat: str) -> None:
        """Break the line between two of four each second; that it flaps is told by all."""
        network = self.network(4)
        one, other, *rest = nodes = await self.grown(network.hosts, "--heartbeat", heartbeat)
        for _ in range(8):
            one.host.filter(received=f"ip saddr {other.host.ip} {fault}")
            await pause(1)
            one.host.filter()
            await pause(1)
        await self.talking(nodes)
        for node in nodes:
            finding = await self.found(node)
            self.assertEqual(("flapping", []), (finding["kind"], finding["peers"]), finding)
            self.assertEqual(pairs((one, other)), told(finding))
            self.assertRegex(
                finding["sentence"], r"\An1 and n2 lost each other \d+ times within the hour\Z"
            )
        for node in rest:
            self.assertEqual(0, node.count("peer_dead") + node.count("verdict"))

    async def test_a_line_that_is_dead_each_second(self) -> None:
        """Where that is longer than three heartbeats."""
        await self.flaps("drop", "0.25")

    async def test_a_line_that_is_reset_each_second(self) -> None:
        """The link is made anew at once, and nobody is dead of it: it flaps all the same."""
        await self.flaps("meta l4proto tcp reject with tcp reset", "1")


class RackTests(FindingsCase):
    """A tag that explains what is broken."""

    racks = {number: "r7" if number in (2, 3) else "r1" for number in range(1, 9)}

    async def test_a_rack(self) -> None:
        """All nodes name it, and no node of it."""
        network = self.network(8)
        nodes = await self.grown(network.hosts)
        rack, others = nodes[1:3], nodes[5:7]
        for node in rack:
            self.drop(node, *others)
        await together(self.judged("cut", rack, others), self.judged("cut", others, rack))
        for node in nodes:
            finding = await self.found(node)
            self.assertEqual(("cut", []), (finding["kind"], finding["peers"]))
            self.assertEqual(
                pairs(*((one, other) for one in rack for other in others)), told(finding)
            )
            self.assertEqual(
                "rack=r7 (n2 and n3) and n6 and n7 do not hear each other: 4 pairs",
                finding["sentence"],
            )
        self.assert_judged(nodes, {"n2": 2, "n3": 2, "n6": 2, "n7": 2})
        self.assert_no_trouble()

    async def test_a_rack_that_lost_its_power(self) -> None:
        """It is a split to those that see it, and the rack is named."""
        network = self.network(8)
        nodes = await self.grown(network.hosts)
        rack = nodes[1:3]
        rest = [node for node in nodes if node not in rack]
        for node in rack:
            node.host.down()
        await self.judged("dead", rest, rack)
        for node in rest:
            finding = await self.found(node)
            self.assertEqual("split", finding["kind"])
            self.assertIn(
                "hears nobody of the other, rack=r7 (n2 and n3), all lost", finding["sentence"]
            )
        for node in rack:
            finding = await self.found(node)
            self.assertEqual(("cut_node", [node.id]), (finding["kind"], finding["peers"]))
            self.assertIn("this node is cut off: it lost 7 others", finding["sentence"])
        self.assert_no_trouble()


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
