"""
One try to reach a peer: what is dialed, who is to be found there, and how it ended.
"""

from collections.abc import Callable
from typing import NamedTuple

from attrs import define
from msgspec import UnsetType
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import ITransport
from twisted.python.failure import Failure

from gossip.mesh.addresses import Address
from gossip.trust.identity import PeerId
from gossip.wire.messages import Bye


class Ending(NamedTuple):
    """Why a link ended: a code of PROTOCOL §5 or of our own, and words for people."""

    code: str
    reason: str
    theirs: bool = False
    """Whether the peer said so, in a `bye`."""
    signed: bool = False
    """Whether its last record came with that."""


def said(bye: Bye) -> Ending:
    """How a connection ended by a word of the peer."""
    signed = not isinstance(bye.record, UnsetType)
    return Ending(bye.code, bye.reason, theirs=True, signed=signed)


def unsaid(
    reason: Failure, explain: Callable[[BaseException], str | None], *, shaken: bool
) -> Ending:
    """How it ended without a word of either side; `shaken` says whether after the TLS handshake."""
    assert reason.value is not None
    explanation = explain(reason.value)
    if explanation is not None:
        return Ending("tls", explanation)
    if not shaken:
        return Ending("closed", "it closed the connection before the TLS handshake was complete")
    if reason.check(ConnectionDone, ConnectionAborted):
        return Ending("closed", "it closed the connection")
    return Ending("closed", "the connection broke")


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
