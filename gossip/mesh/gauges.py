"""
What is measured all the time, and levels that are cheap to read: the mesh's `figures.Instruments`.

Nothing is made ready here that nobody asked for, and no record is read.
"""

from collections.abc import Callable, Iterator, Mapping

from attrs import define

from gossip.mesh.book import Book, PeerState
from gossip.mesh.figures import Figures, Glimpse, Loss, median
from gossip.mesh.link import Link
from gossip.mesh.wall import Wall
from gossip.trust.identity import PeerId

_NOT_LOST = frozenset({PeerState.UNMET, PeerState.ALIVE, PeerState.LEFT})


@define(eq=False, kw_only=True)
class Gauges:
    """See the module."""

    figures: Figures
    book: Book
    linked: Mapping[PeerId, Link]
    """The one link of each linked peer."""
    clocks: Wall
    system: Callable[[], float]
    """Unix time, as this machine has it."""

    def glimpses(self) -> Iterator[Glimpse]:
        """Every link that is up."""
        for peer, link in list(self.linked.items()):
            # Whoever asks may take its time.
            if self.linked.get(peer) is link:
                trips = link.round_trips
                fates = trips.answered + trips.missed
                yield Glimpse(peer, trips.mean, trips.missed / fates if fates else 0.0)

    def losses(self) -> Iterator[Loss]:
        """Every peer that had a link, has none, and did not leave."""
        for peer, entry in list(self.book):
            if entry.state not in _NOT_LOST and entry.last_linked is not None:
                yield Loss(peer, entry.last_linked)

    def clock_offset(self) -> float | None:
        """Seconds by which the clocks of most linked peers are ahead of this machine's."""
        return median(self.clocks.offsets())

    def wall(self) -> float:
        """Unix time, as this machine has it."""
        return self.system()
