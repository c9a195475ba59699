"""
What happened since the start, in numbers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from attrs import define, field

from gossip.mesh.link import Link
from gossip.mesh.status import Event
from gossip.wire.traffic import Traffic


@define(eq=False, repr=False)
class Tally:
    """See the module."""

    _events: Counter[str] = field(factory=Counter)
    _gone: Traffic = field(factory=Traffic)
    """Of connections that are no more, links or not."""

    def happened(self, event: Event) -> None:
        """Count an event."""
        self._events[event.event] += 1

    def lost(self, link: Link) -> None:
        """A connection is gone; what went over it stays counted."""
        if link.session is not None:
            self._gone.add(link.session.traffic)

    def traffic(self, links: Iterable[Link]) -> Traffic:
        """Of all connections that are gone, and of these."""
        total = Traffic()
        total.add(self._gone)
        for link in links:
            if link.session is not None:
                total.add(link.session.traffic)
        return total

    def events(self) -> Mapping[str, int]:
        """How often each event happened, by a name that says so."""
        names = (
            *("peer_alive", "peer_dead", "peer_left"),
            *("ping", "refused", "identity_mismatch", "verdict"),
        )
        return {f"events_{name}": self._events[name] for name in names}
