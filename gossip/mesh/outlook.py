"""
How the node, its peers and its links are at this moment: the snapshots that surfaces ask for.

Nothing is kept here. Each snapshot is made when somebody asks, from what the parts of the mesh know
anyway; it costs nothing at rest.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from attrs import define
from twisted.internet.interfaces import IReactorTime, ITransport

from gossip import __version__
from gossip.mesh.book import Book, Entry, PeerState
from gossip.mesh.link import Link
from gossip.mesh.liveness import RoundTrips
from gossip.mesh.own import OwnAddresses
from gossip.mesh.roster import shown
from gossip.mesh.status import (
    LinkStatus,
    NodeStatus,
    NotLinked,
    PeerStatus,
    RoundTripTimes,
    Unknown,
)
from gossip.mesh.talk import Talk
from gossip.mesh.tally import Tally
from gossip.trust.identity import PeerId

UNREACHABLE: Final = "unreachable"


@define(eq=False, repr=False, kw_only=True)
class Outlook:
    """See the module. It is the mesh's `status.Window`."""

    book: Book
    linked: Mapping[PeerId, Link]
    """The one link of each linked peer."""
    here: OwnAddresses
    talk: Talk
    tally: Tally
    clock: IReactorTime
    wall: Callable[[], float]
    cipher: Callable[[ITransport], str | None]
    more: Callable[[], Mapping[str, float]]
    """Counters of others."""
    unreachable: Callable[[PeerId], bool]
    """Whether a peer that is dead to us is heard by others, as far as was found out."""
    begun: float
    """By `clock`."""

    def status(self) -> NodeStatus:
        """How the node is."""
        own, settings = self.book.own, self.talk.settings
        uptime = self.clock.seconds() - self.begun
        bound = sorted(str(address) for address in self.here.bound)
        return NodeStatus(
            id=own.id,
            name=own.name,
            port=next((address.port for address in self.here.bound), 0),
            addresses=tuple(bound),
            advertised=own.addresses,
            network=own.network,
            version=__version__,
            started=self.wall() - uptime,
            uptime_s=uptime,
            view=self.book.view(),
            period_s=settings.period,
            heartbeat_s=self.talk.beat.seconds,
            tags=own.tags,
            peers=self._count(),
        )

    def peers(self) -> Iterator[PeerStatus]:
        """Every peer of the book, as they were learned."""
        for peer, entry in self.book:
            yield self._peer(peer, entry)

    def peer(self, peer: str) -> PeerStatus:
        """:raises Unknown: there is none with this id."""
        return self._peer(PeerId(peer), self._entry(peer))

    def link(self, peer: str) -> LinkStatus:
        """:raises Unknown: there is no such peer. :raises NotLinked: it has no link."""
        entry, link = self._entry(peer), self.linked.get(PeerId(peer))
        if link is None:
            raise NotLinked(f"there is no link to {entry.record.name or peer}")
        return self._link(link, entry)

    def links(self) -> Iterator[LinkStatus]:
        """Every link that is up."""
        for peer, link in list(self.linked.items()):
            # Whoever asks may take its time.
            if self.linked.get(peer) is link:
                yield self._link(link, self._entry(peer))

    def counters(self) -> Mapping[str, float]:
        """Numbers since the start, and levels, by their names."""
        traffic = self.tally.traffic(self.linked.values())
        levels = {f"peers_{state}": count for state, count in self._count().items()}
        return {
            "uptime_s": self.clock.seconds() - self.begun,
            "links": len(self.linked),
            **levels,
            "records_dropped": self.book.dropped,
            "bytes_in": traffic.bytes_in,
            "bytes_out": traffic.bytes_out,
            "frames_in": traffic.frames_in,
            "frames_out": traffic.frames_out,
            **self.tally.events(),
            **self.more(),
        }

    def _count(self) -> dict[str, int]:
        states = self.book.states()
        count = {state.value: states[state] for state in PeerState}
        dead = self.book.those(PeerState.DEAD) if states[PeerState.DEAD] else ()
        count[UNREACHABLE] = sum(map(self.unreachable, dead))
        count[PeerState.DEAD.value] -= count[UNREACHABLE]
        return count

    def _state(self, peer: PeerId, entry: Entry) -> str:
        if entry.state is PeerState.DEAD and self.unreachable(peer):
            return UNREACHABLE
        return entry.state.value

    def _entry(self, peer: str) -> Entry:
        entry = self.book.get(PeerId(peer))
        if entry is None:
            raise Unknown(f"no peer with the id {peer}")
        return entry

    def _peer(self, peer: PeerId, entry: Entry) -> PeerStatus:
        record, link = entry.record, self.linked.get(peer)
        last = None if link is None else link.round_trips.last
        return PeerStatus(
            id=peer,
            name=record.name,
            state=self._state(peer, entry),
            addresses=record.addresses,
            address=entry.found_at if link is None else shown(link, entry),
            rtt_ms=_milliseconds(last),
            first_linked=entry.first_linked,
            last_linked=entry.last_linked if link is None else self.wall(),
            tags=record.tags,
            seq=record.seq,
            expires=record.expires_at(),
        )

    def _link(self, link: Link, entry: Entry) -> LinkStatus:
        trips, session = link.round_trips, link.session
        assert session is not None
        assert link.linked_at is not None
        traffic = session.traffic
        transport = link.transport
        return LinkStatus(
            peer=entry.held.id,
            name=entry.record.name,
            address=shown(link, entry),
            direction=link.role.value,
            since=self.wall() - (self.clock.seconds() - link.linked_at),
            rtt_ms=times(trips),
            pings_sent=trips.sent,
            pings_answered=trips.answered,
            pings_missed=trips.missed,
            bytes_in=traffic.bytes_in,
            bytes_out=traffic.bytes_out,
            frames_in=traffic.frames_in,
            frames_out=traffic.frames_out,
            cipher=None if transport is None else self.cipher(transport),
        )


def times(trips: RoundTrips) -> RoundTripTimes:
    """What the pings of one link tell, in milliseconds."""
    return RoundTripTimes(
        last=_milliseconds(trips.last),
        mean=_milliseconds(trips.mean),
        p50=_milliseconds(trips.percentile(50)),
        p99=_milliseconds(trips.percentile(99)),
        jitter=trips.jitter * 1000,
    )


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
