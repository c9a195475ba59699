"""
Nodes that do nothing but say what a test tells them to.
"""

from pathlib import Path
from typing import Any

from gossip.demo.nodes import Event, Node
from gossip.demo.relay import Paths, Relay
from gossip.demo.stage import Guarded, Stage


class NoGuard(Guarded):
    """There is nothing to be guarded."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"), 0, None)  # type: ignore[arg-type]
        self.ended = 0

    def end(self) -> None:
        """Count it."""
        self.ended += 1


class StubNode(Node):
    """Runs without a process, and hears everybody as soon as it is started."""

    def __init__(self, name: str, stage: Stage) -> None:
        super().__init__(
            name=name,
            directory=Path("/nowhere"),
            group=0,
            relay=Relay(name, stage.paths, stage.whose),
            http=False,
            tell=stage.happened,
        )
        self.id = f"id of {name}"
        self.page = "http://127.0.0.1:1/"
        self.stage = stage
        self.done: list[str] = []

    async def start(self, *connect: str) -> None:
        """Everybody hears everybody then."""
        self.done.append("start")
        for node in self.stage.nodes:
            for other in self.stage.nodes:
                if node is not other:
                    say(node, "peer_alive", other)
                    say(node, "ping", other, rtt_ms=1.0)

    def kill(self) -> None:
        """Everybody knows it at once."""
        self.done.append("kill")
        for node in self.stage.nodes:
            if node is not self:
                lose(node, self, "dead")

    async def stop(self) -> None:
        """Note it."""
        self.done.append("stop")


class StubPaths(Paths):
    """What is cut is lost at once, and comes back as soon."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    def cut(self, some: Any, others: Any) -> None:
        """Both sides say that they lost each other."""
        by_name = {node.name: node for node in self.stage.nodes}
        for one in some:
            for other in others:
                lose(by_name[one], by_name[other], "cut")
                lose(by_name[other], by_name[one], "cut")

    def mend(self) -> None:
        """All say that they hear each other."""
        for node in self.stage.nodes:
            for other in self.stage.nodes:
                if node is not other:
                    say(node, "peer_alive", other)


def say(node: Node, event: str, peer: Node, **members: Any) -> None:
    """Let a node say something of another."""
    told: Event = {"event": event, "peer": peer.id, "name": peer.name, **members}
    node._happened(told)


def lose(node: Node, peer: Node, verdict: str) -> None:
    """Let a node lose another, with a verdict."""
    say(node, "peer_dead", peer, reason="r", silent_s=3.0)
    say(node, "verdict", peer, verdict=verdict, reason="because")


def stage(count: int) -> Stage:
    """A stage of such nodes."""
    made = Stage([], Paths(), NoGuard())
    made.paths = StubPaths(made)
    made.nodes += [StubNode(f"node-{number}", made) for number in range(1, count + 1)]
    return made
