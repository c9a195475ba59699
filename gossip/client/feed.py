"""
What a node tells, again and again, fetched beside the thread that draws.
"""

from collections import deque
from collections.abc import Iterator
from threading import Event, Thread
from typing import Final

from attrs import define, field

from gossip.client.connection import ANSWER_WAIT, SILENCE, Lines, Node, understood
from gossip.client.errors import Failed
from gossip.client.events import Teller, sent
from gossip.client.sparks import Trace
from gossip.mesh.status import LinkStatus, PeerStatus

PAUSE: Final = 1.0
"""Seconds between two looks."""
_AGAIN: Final = 0.5
"""Seconds between two tries to reach a node that is gone."""
_LINES: Final = 200
"""Events that are kept: more than a screen has lines."""


@define(eq=False)
class Feed:
    """What is known so far. Each member is replaced as a whole, so it can be read at any time."""

    node: Node
    peers: list[PeerStatus] = field(factory=list)
    links: dict[str, LinkStatus] = field(factory=dict)
    traces: dict[str, Trace] = field(factory=dict)
    """By the ids of peers."""
    trouble: str = "asking the node"
    """Why nothing new comes; empty where it does."""
    lines: deque[str] = field(factory=lambda: deque(maxlen=_LINES))
    """Of events, oldest first, safe to be shown."""
    fresh: Event = field(factory=Event)
    """Set when there is something new."""
    _ended: Event = field(factory=Event)
    _teller: Teller = field(factory=lambda: Teller(terminal=False))

    def start(self) -> None:
        """Begin to ask."""
        for work in (self._look, self._listen):
            # Nobody waits for an answer when the program ends.
            Thread(target=work, daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._ended.set()

    def _look(self) -> None:
        while not self._ended.is_set():
            try:
                self.look()
                self.trouble = ""
            except Failed as error:
                self.trouble = str(error)
            self.fresh.set()
            self._ended.wait(PAUSE)

    def look(self) -> None:
        """
        Look once.

        :raises Failed: the node does not answer; what was seen last stays.
        """
        peers = self.node.get(list[PeerStatus], "peers")
        links = {one.peer: one for one in self.node.get(list[LinkStatus], "links")}
        traces = {one.id: self.traces.get(one.id) or Trace() for one in peers}
        for peer, link in links.items():
            if peer in traces:
                traces[peer].look(link)
        self.peers, self.links, self.traces = peers, links, traces

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow()
            except Failed as error:
                # The same trouble is seen by who looks; a refusal is seen here alone.
                self.trouble = self.trouble or str(error)
            self._ended.wait(_AGAIN)

    def _follow(self) -> None:
        with self.node.stream(None, ANSWER_WAIT) as lines:
            for one in sent(self._until_ended(lines)):
                if one.event != "ping":
                    self.lines.append(self._teller.line(understood(one.data, object)))
                    self.fresh.set()

    def _until_ended(self, lines: Lines) -> Iterator[str]:
        while (line := lines.next(SILENCE)) is not None and not self._ended.is_set():
            yield line
