"""
`wait`: until so many peers are alive, or the time is up.
"""

from argparse import Namespace
from collections.abc import Iterator
from math import inf
from typing import Final

from attrs import define, field

from gossip.client import find
from gossip.client.connection import ANSWER_WAIT, SILENCE, Lines, Node, Refused, Silent, understood
from gossip.client.errors import Failed, NotRunning
from gossip.client.events import sent
from gossip.client.shell import Shell
from gossip.mesh.status import NodeStatus

PAUSE: Final = 0.2
"""Seconds between two looks for a node that is not there."""

_LEAST: Final = 1.0
"""Seconds that a node is given for one answer, however little time is left: so `--timeout 0` asks
once."""


def wait(asked: Namespace, shell: Shell) -> None:
    """
    Wait.

    :raises Failed: the time is up, or waiting longer would not help.
    """
    end = inf if asked.timeout is None else shell.now() + asked.timeout
    Waiting(asked, shell, end).run()


@define(eq=False)
class Waiting:
    """One who waits for peers."""

    asked: Namespace
    shell: Shell
    end: float
    """By the clock of the shell."""
    _seen: str = field(init=False, default="")
    """How it was when it was looked at last."""

    def run(self) -> None:
        """Wait for the node, and then for its peers."""
        while not self._reached():
            if self._left() <= 0:
                raise Failed(f"the time is up: {self._seen}")
            self.shell.sleep(max(min(PAUSE, self._left()), 0.0))

    def _reached(self) -> bool:
        try:
            return self._until_enough(find.node(self.asked, self.shell))
        except Silent as error:
            # That nothing happens until the time is up is no fault of the node.
            self._seen = self._seen or str(error)
        except NotRunning as error:
            self._seen = str(error)
        except Refused as error:
            if error.status < 500:
                raise
            self._seen = str(error)
        return False

    def _until_enough(self, node: Node) -> bool:
        """Ask at each peer that becomes alive; False where the stream ended before."""
        # The stream is opened before the question, so nothing happens between the two unseen.
        with node.stream(None, self._patience()) as lines:
            events = sent(self._until_end(lines))
            while not self._enough(node):
                if not any(one.event == "peer_alive" for one in events):
                    return False
        return True

    def _enough(self, node: Node) -> bool:
        answer = node.ask("GET", "status", wait=self._patience())
        alive = understood(answer, NodeStatus).peers.get("alive", 0)
        self._seen = f"{alive} of {self.asked.peers} peers are alive"
        if alive < self.asked.peers:
            return False
        if self.asked.json:
            self.shell.json({"alive": alive})
        return True

    def _until_end(self, lines: Lines) -> Iterator[str]:
        while self._left() > 0:
            line = lines.next(min(SILENCE, self._left()))
            if line is None:
                return
            yield line

    def _left(self) -> float:
        return self.end - self.shell.now()

    def _patience(self) -> float:
        return max(min(ANSWER_WAIT, self._left()), _LEAST)
