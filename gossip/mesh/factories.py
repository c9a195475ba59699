"""
Where links are born: one for each dial of ours, and one for each of theirs that the gate lets in.
"""

from twisted.internet.interfaces import IAddress, ITCPTransport
from twisted.internet.protocol import Factory, Protocol

from gossip.mesh.addresses import Address
from gossip.mesh.attempt import Attempt
from gossip.mesh.gate import Gate, Pace
from gossip.mesh.link import Link, Surroundings
from gossip.wire.session import Role


class Dialed(Factory):
    """Builds the link of one attempt."""

    noisy = False

    def __init__(self, around: Surroundings, attempt: Attempt) -> None:
        self._around = around
        self._attempt = attempt

    def buildProtocol(self, addr: IAddress | None) -> Link:
        """The link, not yet connected."""
        return Link(Role.DIALER, self._around, self._attempt, lambda: None)


class Accepted(Factory):
    """Builds links of those who dial us, as many as the gate lets in."""

    noisy = False

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        limits = around.limits
        pace = Pace(limits.accepted_per_second, limits.accepted_at_once)
        self.gate = Gate(limits.pending_total, limits.pending_per_address, pace)

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """A link; or, where the gate is shut, what closes the connection unread."""
        host = str(getattr(addr, "host", ""))
        shut = self.gate.enter(host, self._around.clock.seconds())
        if shut is not None:
            self._around.host.turned_away(str(Address(host, int(getattr(addr, "port", 0)))), shut)
            return _TurnedAway()
        link: Link = Link(Role.ACCEPTOR, self._around, None, lambda: self._through(link, host))
        return link

    def _through(self, link: Link, host: str) -> None:
        self.gate.leave(host)
        if link.linked_at is not None:
            self.gate.proved(host)


class _TurnedAway(Protocol):
    # The TLS wrapper does not know of factories that build nothing.
    turned_away = True

    def connectionMade(self) -> None:
        ITCPTransport(self.transport).abortConnection()
