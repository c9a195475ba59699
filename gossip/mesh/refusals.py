"""
What is told of connections that did not become links, in either direction, and what is not worth it.
"""

from collections.abc import Mapping

from attrs import define

from gossip.mesh.admission import DUPLICATE
from gossip.mesh.attempt import Ending
from gossip.mesh.link import Link
from gossip.mesh.routes import NOWHERE
from gossip.mesh.status import Refused, Tell
from gossip.mesh.target import Target
from gossip.trust.identity import PeerId

NO_CONNECTION = frozenset({NOWHERE, "unreachable", "closed"})
"""Codes of dials that made no connection worth a line, unless the operator named the address."""


@define(eq=False, repr=False)
class Refusals:
    """See the module."""

    _links: Mapping[PeerId, Link]
    _tell: Tell

    def turned_away(self, address: str, reason: str) -> None:
        """A connection was closed before anything was read from it."""
        self._tell(Refused(peer=None, address=address, code="overload", reason=reason))

    def dial_failed(self, target: Target, ending: Ending) -> None:
        """No address of a peer or seed led to a link."""
        if ending.code == "identity" or (target.seed is None and ending.code in NO_CONNECTION):
            return
        # Each change is worth a line, each of the dials without end is not.
        if target.trouble is None or target.trouble.reason != ending.reason:
            where = target.seed.address if target.seed is not None else target.last_good
            self._tell(
                Refused(
                    peer=target.peer,
                    address=str(where or ""),
                    code=ending.code,
                    reason=ending.reason,
                )
            )

    def not_linked(self, link: Link, ending: Ending) -> None:
        """A connection has ended that was no link."""
        if link.attempt is not None:
            # The dialer hears of it, and tells it of seeds.
            return
        quiet = ending.code in ("self", DUPLICATE)
        known = link.peer is not None and link.peer in self._links
        if quiet or (known and ending.code == "closed"):
            # A dialer that has a link already closes without a word (PROTOCOL §3.1).
            return
        self._tell(
            Refused(peer=link.peer, address=str(link.far), code=ending.code, reason=ending.reason)
        )
