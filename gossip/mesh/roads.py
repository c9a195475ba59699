"""
Ways to other machines: names to addresses, and addresses to TLS connections.
"""

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IAddress,
    IHostResolution,
    IOpenSSLClientConnectionCreator,
    IResolutionReceiver,
    IStreamClientEndpoint,
    ITransport,
)
from zope.interface import implementer

from gossip.mesh.addresses import Address
from gossip.mesh.meter import MeteredClient

MOST_ADDRESSES = 16
"""Addresses of one name that are tried: a name with more is a mistake or an attack."""


@implementer(IResolutionReceiver)
@define(eq=False, repr=False)
class _Collector:
    """Gathers what a name resolves to."""

    done: Deferred[list[str]] = field(factory=Deferred)
    _hosts: list[str] = field(factory=list)

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        """It has begun."""

    def addressResolved(self, address: IAddress) -> None:
        """One more address."""
        host = str(getattr(address, "host", ""))
        if host and host not in self._hosts and len(self._hosts) < MOST_ADDRESSES:
            self._hosts.append(host)

    def resolutionComplete(self) -> None:
        """That was all."""
        self.done.callback(self._hosts)


@define(eq=False, repr=False)
class TLSRoads:
    """Reaches addresses by TCP and TLS; `reactor` resolves names, connects, and has the time."""

    _reactor: Any
    _creator: IOpenSSLClientConnectionCreator
    _vouch: Callable[[ITransport, str], None] | None = None
    """Checks a seed against the host name that was dialed; raises KeyRefused."""

    async def resolve(self, host: str) -> Sequence[str]:
        """The literal addresses of a host; a literal is its own. Empty where there is none."""
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        try:
            # What cannot be asked for would leave the resolver without an answer.
            host.encode("idna")
        except UnicodeError:
            return []
        collector = _Collector()
        self._reactor.nameResolver.resolveHostName(collector, host)
        return await collector.done

    def endpoint(self, address: Address) -> IStreamClientEndpoint:
        """What connects to a literal address, with TLS."""
        kind = TCP6ClientEndpoint if ":" in address.host else TCP4ClientEndpoint
        plain = kind(self._reactor, address.host, address.port)
        metered = MeteredClient(plain, self._reactor)
        return wrapClientTLS(self._creator, metered, clock=self._reactor)

    def vouching(self, host: str) -> Callable[[ITransport], None] | None:
        """A further check of a seed that was dialed by this host name, if one is asked for."""
        vouch = self._vouch
        return None if vouch is None else lambda transport: vouch(transport, host)
