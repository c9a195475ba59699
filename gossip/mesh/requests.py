"""
What a node is asked to do by the one who runs it.
"""

from collections.abc import Callable, Mapping

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from gossip.mesh.addresses import Address
from gossip.mesh.book import Book, Entry, PeerState
from gossip.mesh.dialer import Dialer
from gossip.mesh.link import Link
from gossip.mesh.status import Conflict, NotLinked, Refusal, Unknown
from gossip.mesh.talk import Talk
from gossip.settings import Seed
from gossip.trust.identity import PeerId
from gossip.wire.bucket import Bucket, Rate

MOST_SEEDS = 1000
"""Addresses that can be added while a node runs: each is dialed for ever."""

PINGS = Rate(per_second=50, at_once=200)
"""
Pings that may be asked for, to all peers together.

A peer takes 200 frames a second, and delays what is more: so asked for without end, they would hold up
the pings and heartbeats of the node itself.
"""


@define(eq=False, repr=False, kw_only=True)
class Requests:
    """See the module. It is the mesh's `status.Desk`; `leave` and `reload` are the node's."""

    book: Book
    linked: Mapping[PeerId, Link]
    dialer: Dialer
    talk: Talk
    clock: IReactorTime
    leave: Callable[[], None]
    reload: Callable[[], tuple[str, ...]]
    _added: dict[Address, None] = field(factory=dict, init=False)
    _pings: Bucket = field(factory=lambda: Bucket(PINGS), init=False)

    async def ping(self, peer: str) -> float:
        """
        Ping now; the round trip in milliseconds.

        :raises Unknown: there is no such peer.
        :raises NotLinked: it has no link, or lost it.
        :raises Conflict: no answer came within three of its heartbeats, or too many are asked for.
        """
        link = self.linked.get(self._known(peer).held.id)
        if link is None or link.session is None:
            raise NotLinked("there is no link to it")
        if not self._pings.take(self.clock.seconds()):
            raise Conflict(
                f"more than {PINGS.per_second:g} pings a second are asked for; wait a bit"
            )
        seq = self.talk.ping(link)
        return 1000 * await self.talk.echoes.wait(link, seq, link.session.patience)

    def connect(self, address: str) -> None:
        """
        Join through `host:port`, tried until the node stops.

        :raises Refusal: it is no address.
        :raises Conflict: too many were added already.
        """
        try:
            parsed = Address.parse(address)
        except ValueError as error:
            raise Refusal(str(error)) from None
        if parsed.port == 0:
            raise Refusal(f"{address!r}: nobody listens on port 0")
        if parsed in self._added:
            return
        if len(self._added) >= MOST_SEEDS:
            raise Conflict(f"{MOST_SEEDS} addresses were added already; restart the node")
        self._added[parsed] = None
        self.dialer.dial_seed(Seed(parsed))

    def forget(self, peer: str) -> None:
        """
        Drop all that is known of a peer. Others that hold its record tell of it again.

        :raises Unknown: there is no such peer.
        :raises Conflict: it has a link, or had one until a moment ago.
        """
        entry = self._known(peer)
        known = entry.held.id
        if known in self.linked:
            raise Conflict("it is linked, and would be known again at once: stop it first")
        if entry.state is PeerState.ALIVE:
            raise Conflict("its link broke just now, and may be made again; wait until it is dead")
        self.book.forget(known)
        self.dialer.forget(known)

    def _known(self, peer: str) -> Entry:
        entry = self.book.get(PeerId(peer))
        if entry is None:
            raise Unknown(f"no peer with the id {peer}")
        return entry
