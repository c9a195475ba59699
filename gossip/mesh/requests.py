"""
What a node is asked to do by the one who runs it.
"""

from collections.abc import Callable, Mapping

from attrs import define, field

from gossip.mesh.addresses import Address
from gossip.mesh.book import Book
from gossip.mesh.dialer import Dialer
from gossip.mesh.link import Link
from gossip.mesh.status import Conflict, NotLinked, Refusal, Unknown
from gossip.mesh.talk import Talk
from gossip.settings import Seed
from gossip.trust.identity import PeerId

MOST_SEEDS = 1000
"""Addresses that can be added while a node runs: each is dialed for ever."""


@define(eq=False, kw_only=True)
class Requests:
    """See the module. It is the mesh's `status.Desk`; `leave` and `reload` are the node's."""

    book: Book
    linked: Mapping[PeerId, Link]
    dialer: Dialer
    talk: Talk
    leave: Callable[[], None]
    reload: Callable[[], tuple[str, ...]]
    _added: dict[Address, None] = field(factory=dict, init=False)

    async def ping(self, peer: str) -> float:
        """
        Ping now; the round trip in milliseconds.

        :raises Unknown: there is no such peer.
        :raises NotLinked: it has no link, or lost it.
        :raises Conflict: no answer came within three of its heartbeats.
        """
        known = self._known(peer)
        link = self.linked.get(known)
        if link is None or link.session is None:
            raise NotLinked("there is no link to it")
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
        :raises Conflict: it has a link.
        """
        known = self._known(peer)
        if known in self.linked:
            raise Conflict("it is linked, and would be known again at once: stop it first")
        self.book.forget(known)
        self.dialer.forget(known)

    def _known(self, peer: str) -> PeerId:
        if self.book.get(PeerId(peer)) is None:
            raise Unknown(f"no peer with the id {peer}")
        return PeerId(peer)
