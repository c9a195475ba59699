"""
The story: what is done to the nodes, and what comes of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from gossip.demo.nodes import Node
from gossip.demo.sentences import counted, enumerated, judged, lasting, noticed, round_trips
from gossip.demo.stage import Stage

PATIENCE: Final = 30.0
"""Seconds that each step is waited for; a machine may be busy."""

JUDGED: Final = 4.0
"""Seconds in which verdicts come, of which a node needs one."""

Say = Callable[[str, str], None]
"""Tells a sentence, of one of the kinds in `sentences.COLOURS`, now."""


@frozen
class Story:
    """See the module."""

    stage: Stage
    say: Say
    pause: float
    """Seconds between two chapters, in which somebody may look at the page."""
    show: Callable[[str], None]
    """Opens the page."""

    async def tell(self) -> None:
        """Tell all of it."""
        last = self.stage.nodes[-1]
        await self.join()
        for chapter in (self.ping, self.kill, self.restart, self.cut, self.split):
            await asyncio.sleep(self.pause)
            await chapter()
        self.say(
            "That was the story. The nodes go on until Ctrl-C, and what happens is told."
            f" Kill one yourself: kill -9 {last.pid} ({last.name}).",
            "does",
        )

    async def join(self) -> None:
        """All nodes become a mesh."""
        stage, nodes = self.stage, self.stage.nodes
        self.say(
            f"Starting {len(nodes)} nodes on this machine: processes with keys of their own,"
            f" in {stage.guarded.directory}. Each is told of node-1, and of nobody else.",
            "does",
        )
        await stage.open()
        listening = stage.now
        whole = await self._whole()
        self._ask()
        if whole:
            pairs = len(nodes) * (len(nodes) - 1) // 2
            self.say(
                f"Everybody has met everybody: {counted(pairs, 'link')},"
                f" {lasting(stage.now - listening)} after the last node listened.",
                "sees",
            )

    def _ask(self) -> None:
        first = self.stage.nodes[0]
        self.show(str(first.page))
        self.say(f"To see it, open {first.page} in a browser, or in a second terminal:", "asks")
        for command in ("top", "why"):
            self.say(f"p2p-gossip {command} --control {first.control}", "types")

    async def ping(self) -> None:
        """Everybody pings everybody."""
        nodes = self.stage.nodes
        pairs = len(nodes) * (len(nodes) - 1)
        self.say("Everybody pings everybody, once a second.", "does")
        await self.stage.until(lambda: len(self.stage.times()) == pairs, PATIENCE)
        if times := self.stage.times():
            self.say(f"{round_trips(times)}.", "sees")

    async def kill(self) -> None:
        """One is killed, and the others notice."""
        stage, (*others, victim) = self.stage, self.stage.nodes
        self.say(f"Killing {victim.name} (SIGKILL): it cannot say farewell.", "does")
        begun = stage.now
        victim.kill()
        await self._lost(others, victim, begun)
        await self._judged(others, victim, begun)

    async def restart(self) -> None:
        """It comes back, and is the same."""
        stage, (*others, victim) = self.stage, self.stage.nodes
        self.say(
            f"Starting {victim.name} again. It has its key and remembers whom it knew;"
            " it is told of nobody.",
            "does",
        )
        before = victim.id
        await victim.start()
        begun = stage.now
        if await self._whole():
            same = "the same peer as before" if victim.id == before else "another peer"
            self.say(
                f"{len(others)} of {len(others)} hear it again, {lasting(stage.now - begun)} after"
                f" it listened: it is {same}.",
                "sees",
            )

    async def cut(self) -> None:
        """The path between two is cut, while others hear both."""
        stage, (one, other) = self.stage, self.stage.nodes[1:3]
        self.say(
            f"Cutting the path between {one.name} and {other.name}, and no other."
            " Nothing gets through, and nobody is told.",
            "does",
        )
        begun = stage.now
        stage.paths.cut([one.name], [other.name])
        await stage.until(lambda: stage.apart([one], [other]), PATIENCE)
        self.say(f"They have lost each other after {lasting(stage.now - begun)}.", "sees")
        await self._judged([one], other, begun)
        await self._judged([other], one, begun)
        await asyncio.sleep(self.pause)
        await self._mend("Mending it.")

    async def split(self) -> None:
        """The network falls into two, and becomes one again."""
        stage, nodes = self.stage, self.stage.nodes
        most = len(nodes) - max(1, len(nodes) * 3 // 8)
        here, there = nodes[:most], nodes[most:]
        names = [[node.name for node in side] for side in (here, there)]
        self.say(
            f"Splitting the network: {enumerated(names[0])} here, {enumerated(names[1])} there.",
            "does",
        )
        begun = stage.now
        stage.paths.cut(*names)
        await stage.until(lambda: stage.apart(here, there), PATIENCE)
        self.say(f"The sides have lost each other after {lasting(stage.now - begun)}.", "sees")
        await self._judged(here, there[0], begun)
        await self._judged(there, here[0], begun)
        await asyncio.sleep(self.pause)
        await self._mend("Healing: the sides can reach each other again.")

    async def _mend(self, text: str) -> None:
        stage = self.stage
        self.say(text, "does")
        begun = stage.now
        stage.paths.mend()
        if await self._whole():
            self.say(
                f"Everybody hears everybody again, {lasting(stage.now - begun)} later, by itself.",
                "sees",
            )

    async def _whole(self) -> bool:
        nodes = self.stage.nodes
        if await self.stage.until(lambda: self.stage.whole(nodes), PATIENCE):
            return True
        self.say(f"Not everybody hears everybody after {PATIENCE:.0f} s.", "sees")
        return False

    async def _lost(self, others: Sequence[Node], victim: Node, begun: float) -> None:
        stage = self.stage
        await stage.until(
            lambda: len(stage.since(begun, "peer_dead", victim)) == len(others), PATIENCE
        )
        said = stage.since(begun, "peer_dead", victim)
        self.say(noticed([one.at - begun for one in said], len(others)), "sees")

    async def _judged(self, judges: Sequence[Node], peer: Node, begun: float) -> None:
        stage, names = self.stage, {node.name for node in judges}

        def sayings() -> list[tuple[str, str, str]]:
            return [
                (one.node.name, one.event["verdict"], one.event["reason"])
                for one in stage.since(begun, "verdict", peer)
                if one.node.name in names
            ]

        await stage.until(lambda: len(sayings()) == len(judges), JUDGED)
        for sentence in judged(sayings(), peer.name):
            self.say(sentence, "judges")
