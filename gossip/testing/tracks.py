"""
What each node dialed and when, and how long its links held: for the invariants about dials.
"""

from collections import deque
from collections.abc import Iterable
from functools import lru_cache

from attrs import define, field

from gossip.mesh.addresses import Address, literal
from gossip.mesh.book import PeerState
from gossip.testing.clock import Clock
from gossip.testing.machine import Machine
from gossip.testing.network import Network
from gossip.trust.identity import PeerId

TOGETHER = 0.02
"""Seconds between dials that count as one instant."""

CROWD = 3
"""Nodes that dial one address in one instant before it is a herd; of many, the greater part."""

DIALS = 1000
"""Dials of one host by one node that are remembered."""


@define(eq=False)
class _Herd:
    """Dials of one host where nothing runs."""

    count: int = 0
    """Instants in which a crowd dialed it."""
    counted_at: float = float("-inf")
    dialed_at: dict[str, float] = field(factory=dict)


@define(eq=False)
class _Bond:
    """One link of a node to a peer, as it was seen at each look."""

    link: object
    since: float
    seen_at: float


@define(eq=False)
class _Sought:
    """How a dead peer was looked for, as it was at the last look."""

    died_at: float
    last: float
    where: frozenset[str]


@define(eq=False)
class Tracks:
    """See the module."""

    clock: Clock
    wrong: list[str] = field(factory=list)
    """Dials of those who left."""
    strays: list[str] = field(factory=list)
    """Dials of addresses that no record may lead to."""
    _homes: dict[str, dict[PeerId, None]] = field(factory=dict)
    _times: dict[tuple[str, int, str], deque[float]] = field(factory=dict)
    _herds: dict[str, _Herd] = field(factory=dict)
    _bonds: dict[tuple[str, int, PeerId], _Bond] = field(factory=dict)
    _deaths: dict[tuple[str, int, PeerId], tuple[float, frozenset[str]]] = field(factory=dict)
    _sought: dict[tuple[str, int, PeerId], _Sought] = field(factory=dict)

    def lives_at(self, host: str, peer: PeerId) -> None:
        """A node begins at a host."""
        self._homes.setdefault(host, {})[peer] = None

    def dialed(
        self, machine: Machine, address: Address, network: Network, *, liars: bool = False
    ) -> None:
        """A node dials. For whom is not known where there are `liars`, who invent peers and drop them."""
        host, now = address.host, self.clock.seconds()
        times = self._times.setdefault((machine.name, machine.boots, host), deque(maxlen=DIALS))
        times.append(now)
        if _forbidden(host):
            self.strays.append(f"{machine.name} dials {address}")
        if host not in self._homes:
            return
        if any(place.process is not None for place in network.at(host)):
            self._herds.pop(host, None)
        else:
            many = sum(place.process is not None for place in network.places.values())
            self._gather(self._herds.setdefault(host, _Herd()), machine.name, now, many)
        if not liars and self._left_by_all(machine, host):
            self.wrong.append(f"{machine.name} dials {address}, from where everyone has left")

    def herds(self) -> Iterable[tuple[str, int]]:
        """The hosts where nothing runs, and in how many instants a crowd dialed each."""
        return ((host, herd.count) for host, herd in self._herds.items())

    def since(self, machine: Machine, hosts: Iterable[str], then: float) -> list[float]:
        """When a node dialed any of these hosts, from a time on."""
        found = [self._times.get((machine.name, machine.boots, host), ()) for host in hosts]
        return sorted(at for times in found for at in times if at >= then)

    def linked(self, machine: Machine, peer: PeerId) -> None:
        """A peer has another link, which may be gone before anybody looks."""
        self._bonds.pop((machine.name, machine.boots, peer), None)

    def look(self, machine: Machine) -> None:
        """See which links a node has."""
        assert machine.mesh is not None
        now = self.clock.seconds()
        for peer, link in machine.mesh.links.items():
            key = machine.name, machine.boots, peer
            bond = self._bonds.get(key)
            if bond is None or bond.link is not link:
                self._bonds[key] = _Bond(link, now, now)
            else:
                bond.seen_at = now

    def held_for(self, machine: Machine, peer: PeerId) -> float:
        """For how many seconds the last link to a peer held, at least."""
        bond = self._bonds.get((machine.name, machine.boots, peer))
        return 0.0 if bond is None else bond.seen_at - bond.since

    def same_hosts(
        self, machine: Machine, peer: PeerId, died_at: float, now: frozenset[str]
    ) -> bool:
        """Whether a dead peer was to be found at the hosts of now ever since it died."""
        key = machine.name, machine.boots, peer
        death = self._deaths.get(key)
        if death is None or death[0] != died_at:
            death = self._deaths[key] = died_at, now
        elif death[1] != now:
            self._deaths[key] = died_at, frozenset()
        return death[1] == now

    def sought_at(
        self, machine: Machine, peer: PeerId, died_at: float, now: frozenset[str]
    ) -> float:
        """
        When a node dialed a dead peer last; or when it died, or there was nowhere to dial it.

        To be asked at each look, with the hosts where it may be dialed now. Those of the look before
        count too: it was dialed there until it said something else of itself.
        """
        key = machine.name, machine.boots, peer
        before = self._sought.get(key)
        if before is None or before.died_at != died_at:
            before = _Sought(died_at, died_at, now)
        keys = [(machine.name, machine.boots, host) for host in sorted(now | before.where)]
        dials = [self._times[each][-1] for each in keys if each in self._times]
        last = max([before.last, *dials]) if now else self.clock.seconds()
        self._sought[key] = _Sought(died_at, last, now)
        return last

    def _gather(self, herd: _Herd, name: str, now: float, many: int) -> None:
        herd.dialed_at[name] = now
        near = [at for at in herd.dialed_at.values() if now - at <= TOGETHER]
        if len(near) >= max(CROWD, 0.6 * many) and now - herd.counted_at > 10 * TOGETHER:
            herd.count += 1
            herd.counted_at = now

    def _left_by_all(self, machine: Machine, host: str) -> bool:
        mesh = machine.mesh
        if mesh is None or any(seed.address.host == host for seed in machine.settings.seeds):
            return False
        entries = [mesh.book.get(peer) for peer in self._homes[host]]
        if not all(entry is not None and entry.state is PeerState.LEFT for entry in entries):
            return False
        # Liars can make others believe that they are there.
        others = (entry for _, entry in mesh.book if entry.state is not PeerState.LEFT)
        return not any(text.startswith(f"{host}:") for o in others for text in o.record.addresses)


@lru_cache(maxsize=4096)
def _forbidden(host: str) -> bool:
    ip = literal(host)
    return ip is not None and (ip.is_loopback or ip.is_link_local)
