"""
Rows of everybody, gathered: from all who are linked, and through them from those who are not.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final

from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from gossip.logs import levels
from gossip.mesh.link import Link
from gossip.mesh.status import PeerStatus
from gossip.settings import agent
from gossip.sight import network
from gossip.sight.asks import Asks, Told, speaks
from gossip.sight.network import Node, Packed, Sight
from gossip.sight.ownrow import OwnRow
from gossip.trust.identity import PeerId
from gossip.trust.rows import DIGITS, Brief
from gossip.wire.messages import Show

AT_A_TIME: Final = 32
"""Questions under way. All answers may come in one turn of the event loop, which then takes 20 ms."""

PARTS: Final = 16
"""Parts that are read and verified in one turn: each takes half a millisecond."""

LOOKED_AT: Final = 200
"""Peers that are looked at in one turn: about 6 ms."""

OWN: Final = 16
"""Entries of our own row that are made in the time of one part."""

LONGEST: Final = 30.0
"""Seconds after which nobody more is asked: of a thousand, half of whom hang, it takes as long."""

WAYS: Final = 2
"""Others through whom somebody is asked who has no link."""

MOST_NODES: Final = 2000
"""Nodes of one matrix: 4 million pairs, 40 MB. Those that are linked come first."""

_ORDER: Final = {"alive": 0, "unreachable": 1, "dead": 2, "unmet": 3}


@define(eq=False, kw_only=True)
class Gathering:
    """One of them; `gathered` fires when nobody is asked any more."""

    _log = Logger(observer=levels)

    show: Show
    asks: Asks
    own_row: OwnRow
    linked: Mapping[PeerId, Link]
    peers: Callable[[], Iterator[PeerStatus]]
    clock: IReactorTime
    gathered: Deferred[Sight] = field(factory=Deferred)
    _nodes: list[Node] = field(factory=list)
    _index: dict[str, int] = field(factory=dict)
    _rows: list[Packed | None] = field(factory=list)
    _to_ask: "deque[tuple[Link, PeerId]]" = field(factory=deque)
    _ways: Counter[PeerId] = field(factory=Counter)
    _strange: list[int] = field(factory=list)
    """The places of those who have no link to this node."""
    _begun: float = 0.0
    _under_way: int = 0
    _unread: "deque[Iterator[None]]" = field(factory=deque)
    """Answers that have come."""
    _asked: set[PeerId] = field(factory=set)

    def begin(self) -> None:
        """Ask."""
        self._begun = self.clock.seconds()
        self._look(self.peers(), [])

    def _look(self, rest: Iterator[PeerStatus], found: list[PeerStatus]) -> None:
        """At all peers, some in a turn."""
        batch = list(islice(rest, LOOKED_AT))
        found += (peer for peer in batch if peer.state in _ORDER)
        if len(batch) == LOOKED_AT:
            self.clock.callLater(0, self._look, rest, found)
        else:
            self._ask(sorted(found, key=lambda peer: _ORDER[peer.state]))

    def _ask(self, peers: list[PeerStatus]) -> None:
        own = self.own_row.book.own
        first = Node(
            id=own.id,
            name=own.name,
            state="alive",
            tags=own.tags,
            row="own",
            at=self.clock.seconds(),
            agent=agent(),
            skew=0.0,
        )
        self._nodes = [first, *map(self._node, peers[: MOST_NODES - 1])]
        self._index = network.index(node.id for node in self._nodes)
        self._rows = [None] * len(self._nodes)
        for place, node in enumerate(self._nodes[1:], 1):
            link = self.linked.get(PeerId(node.id))
            if link is None:
                self._strange.append(place)
            elif speaks(link):
                self._to_ask.append((link, PeerId(node.id)))
        self._go_on()
        self._read(self._own())

    def _own(self) -> Iterator[None]:
        # All that this node knows of its own links, also where others are asked for less.
        entries: list[Brief] = []
        rest = self.own_row.entries("full")
        while batch := list(islice(rest, OWN)):
            entries += batch
            yield
        self._rows[0] = Packed.of(entries, self._index)
        self._go_on()

    def _node(self, peer: PeerStatus) -> Node:
        link = self.linked.get(PeerId(peer.id))
        mute = link is not None and not speaks(link)
        return Node(
            id=peer.id,
            name=peer.name,
            state=peer.state,
            tags=peer.tags,
            row="mute" if mute else "silent",
            agent=None if link is None else link.agent,
            skew=self.own_row.wall.ahead(PeerId(peer.id)),
        )

    def _go_on(self) -> None:
        if self.clock.seconds() > self._begun + LONGEST:
            self._to_ask.clear()
        while self._to_ask and self._under_way < AT_A_TIME:
            link, author = self._to_ask.popleft()
            if self._rows[self._place(author)] is not None:
                continue
            self._under_way += 1
            self._asked.add(author)
            asked = self.asks.ask(link, self.show, author=author, read=self._read)
            asked.addCallback(self._told)
            # One row that cannot be read must not keep all others from whoever waits for them.
            asked.addErrback(lambda failure: self._log.failure("while taking a row", failure))
            asked.addBoth(self._settled)
        over = not self._under_way and not self._to_ask and self._rows[0] is not None
        if over and not self.gathered.called:
            self.gathered.callback(self._sight())

    def _read(self, answer: Iterator[None]) -> None:
        """An answer has come; it is read when those before it were."""
        self._unread.append(answer)
        if len(self._unread) == 1:
            self.clock.callLater(0, self._read_on)

    def _read_on(self) -> None:
        """So many parts, and the rest in the next turn: the node has pings to answer meanwhile."""
        left = PARTS
        while self._unread and left:
            left -= 1
            try:
                next(self._unread[0])
            except StopIteration:
                self._unread.popleft()
            except Exception:  # noqa: BLE001 - whatever it is, others wait for the rest
                self._log.failure("while reading a row")
                self._unread.popleft()
        if self._unread:
            self.clock.callLater(0, self._read_on)

    def _told(self, told: Told | None) -> None:
        if told is not None:
            place = self._place(told.author)
            before = self._nodes[place]
            self._nodes[place] = evolve(
                before,
                row="told" if told.through is None else "through",
                through=told.through,
                at=told.at,
                agent=told.agent,
                skew=before.skew if told.skew is None else told.skew,
            )
            row = self._rows[place] = Packed.of(told.entries, self._index)
            self._ask_through(told, row)

    def _settled(self, _: object) -> None:
        self._under_way -= 1
        # In the next turn: so that many who answer at once hold up nobody.
        self.clock.callLater(0, self._go_on)

    def _ask_through(self, told: Told, row: Packed) -> None:
        """Whoever has no link to us is asked through one who has a link to both."""
        link = self.linked.get(told.author)
        if link is None or not speaks(link):
            return
        for place in self._strange:
            author = PeerId(self._nodes[place].id)
            if (
                row.cells[place] == ord("u")
                and self._rows[place] is None
                and self._ways[author] < WAYS
            ):
                self._ways[author] += 1
                self._to_ask.append((link, author))

    def _place(self, author: PeerId) -> int:
        return self._index[author[:DIGITS]]

    def _sight(self) -> Sight:
        nodes, rows = self._nodes, self._rows
        # Whom nobody hears, or has lost, nobody may ever have met: it may be an invention.
        unmet = {
            place
            for place in self._strange
            if nodes[place].state == "unmet" and not network.is_met(rows, place)
        }
        if unmet:
            kept = [place for place in range(len(nodes)) if place not in unmet]
            rows = [None if row is None else row.only(kept) for row in (rows[at] for at in kept)]
            nodes = [nodes[place] for place in kept]
        lost = [node.id for node in nodes[1:] if PeerId(node.id) not in self.linked]
        gone = {peer: self.own_row.full(PeerId(peer)) for peer in lost}
        return Sight(
            nodes,
            rows,
            asked=len(self._asked),
            answered=sum(node.row in ("told", "through") for node in nodes),
            since={peer: one.since for peer, one in gone.items() if one.since is not None},
            ended={peer: one.ended for peer, one in gone.items() if one.ended is not None},
        )
