"""
How peers part: who said farewell to whom, and whether what is told of it is true.
"""

from attrs import define, field

from gossip.mesh.book import PeerState
from gossip.mesh.status import PeerAlive, PeerDead, PeerLeft
from gossip.testing.machine import Machine
from gossip.testing.operations import Town
from gossip.trust.identity import PeerId

CALM = 2.0
"""Seconds without trouble before a farewell that must arrive."""


@define(eq=False)
class _Farewell:
    at: float
    heard_by: dict[Machine, None]
    """Those whom it must reach."""


@define(eq=False)
class Partings:
    """See the module."""

    _leavers: dict[PeerId, None] = field(factory=dict)
    """Who ever left on purpose."""
    _farewells: dict[PeerId, _Farewell] = field(factory=dict)

    def leaves(self, machine: Machine, town: Town, now: float) -> None:
        """A node is about to be told to leave."""
        self._leavers[machine.id] = None
        if machine.runs:
            near = {one: None for one in town.running() if _near(one, machine, town, now)}
            self._farewells[machine.id] = _Farewell(now, near)

    def wrong(
        self,
        machine: Machine,
        event: PeerAlive | PeerDead | PeerLeft,
        subject: Machine,
        town: Town,
    ) -> str | None:
        """What is wrong with what a node tells of another one; None where nothing is."""
        peer = PeerId(event.peer)
        if isinstance(event, PeerLeft) and peer not in self._leavers:
            return f"{machine.name} says that {subject.name} left, which it did not"
        if isinstance(event, PeerLeft) and _left_for_good(machine, peer):
            return f"{machine.name} says that {subject.name} left, whose last word is another"
        farewell = self._farewells.get(peer)
        awaited = farewell is not None and farewell.heard_by.pop(machine, machine) is None
        if not isinstance(event, PeerDead):
            return None
        if farewell is not None and awaited:
            # Whatever was done to the two since may have swallowed it.
            quiet = town.unrest.until(machine.name, subject.name) <= farewell.at
            if quiet and town.network.connected(machine.name, subject.name):
                return f"{machine.name} says that {subject.name} is dead, which said farewell"
        # A verdict comes from silence, from a dial, or from what it did to us (PROTOCOL §5).
        tried = any(word in event.reason for word in ("dialed again", "read", "frame"))
        if not tried and event.silent_s < 3 * subject.settings.heartbeat - 1:
            return f"{machine.name} gave {subject.name} up without a dial: {event}"
        return None


def _left_for_good(machine: Machine, peer: PeerId) -> bool:
    """Whether a node holds for gone who says, in the record that it holds, that it is there."""
    entry = machine.mesh.book.get(peer) if machine.mesh is not None else None
    return entry is not None and entry.record.state == "alive" and entry.state is PeerState.LEFT


def stranded(one: Machine, other: Machine) -> bool:
    """Whether a connection of two leads nowhere, since one of them has moved."""
    return any(end.peer_id == other.id and end.out.lost for end in one.place.ends)


def _near(one: Machine, leaver: Machine, town: Town, now: float) -> bool:
    """Whether a farewell must reach this one."""
    if one is leaver or one.mesh is None or leaver.mesh is None or not one.runs:
        return False
    network = town.network
    linked = leaver.id in one.mesh.links and one.id in leaver.mesh.links
    return (
        linked
        and not stranded(one, leaver)
        and network.connected(one.name, leaver.name)
        and network.path(leaver.name, one.name).weather == network.weather
        and now > town.unrest.until(one.name, leaver.name) + CALM
        and now > town.unrest.stalled_until(one.name) + CALM
    )
