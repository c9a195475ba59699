"""
One try to reach a peer: what is dialed, who is to be found there, and how it ended.
"""

from collections.abc import Callable
from typing import NamedTuple

from attrs import define
from twisted.internet.interfaces import ITransport

from gossip.mesh.addresses import Address
from gossip.trust.identity import PeerId


class Ending(NamedTuple):
    """Why a link ended: a code of PROTOCOL §5 or of our own, and words for people."""

    code: str
    reason: str
    theirs: bool = False
    """Whether the peer said so, in a `bye`."""


@define(eq=False, repr=False)
class Attempt:
    """What a dial wants to know of the connection that it makes."""

    address: Address
    """The literal address that is dialed."""
    expected: PeerId | None
    """Who is to be found there; None where anybody may be."""
    settled: Callable[[Ending | None], None]
    """Called once: with None when the link is admitted, else with why it was not."""
    vouch: Callable[[ITransport], None] | None = None
    """A further check of the peer after the handshake; raises KeyRefused."""
    found: PeerId | None = None
    """Who was found there."""

    def settle(self, ending: Ending | None) -> None:
        """Tell how it ended, the first time that it is known."""
        settled, self.settled = self.settled, _settled_already
        settled(ending)


def _settled_already(_: Ending | None) -> None:
    """An attempt is settled once."""
