"""
What must hold of how nodes behave towards each other. Invariants like those of `invariants`.
"""

from collections.abc import Iterator
from itertools import permutations
from typing import Final

from gossip.mesh.addresses import is_loopback
from gossip.mesh.factories import Accepted
from gossip.mesh.link import Link
from gossip.testing.liars import VICTIM
from gossip.testing.machine import Machine
from gossip.testing.partings import stranded
from gossip.testing.transport import FULL
from gossip.testing.watch import Watch
from gossip.wire.session import Role

PENDING: Final = 34.0
"""Seconds for TLS, for their hello and for ours (PROTOCOL §8), for a probe, and for the look."""

CLOSING: Final = 4.0
"""Seconds for a farewell and its answer, and for the look."""

FRAME: Final = 24.0
"""Seconds in which a frame that has begun is complete (PROTOCOL §2), and for the look."""

TOLD: Final = 6.0
"""Seconds in which a new record of its own has come from a node to those with a link to it, and for the
look."""

YOUNG: Final = 2.0
"""Seconds in which a link may still have come up when a record changed."""

QUICK: Final = 5.0
"""Seconds for the last link of a mesh that nothing disturbs: two heartbeats take longer, where they
are of the longer kind."""

UNREAD: Final = 5.0
"""Seconds beyond three heartbeats in which a link that is not read is still there, and for the look."""


def links_are_who_was_dialed(watch: Watch) -> Iterator[str]:
    """I2b: a dial that was for one peer leads to no link with another, nor to another network."""
    for machine in watch.town.running():
        for link in watch.open_links(machine):
            expected = link.attempt.expected if link.attempt is not None else None
            if expected is not None and expected != link.peer:
                yield f"{machine.name} dialed {expected[:8]}, and has a link to {link.peer}"
            said = machine.mesh.book.get(link.peer) if machine.mesh and link.peer else None
            if said is not None and said.record.network != machine.settings.network:
                yield f"{machine.name} has a link to network {said.record.network}"


def connections_become_links_or_go(watch: Watch) -> Iterator[str]:
    """I4b: what does not become a link in its time is gone, and so is what was closed (§8)."""
    now = watch.clock.seconds()
    seen: dict[tuple[object, bool], float] = {}
    for machine in watch.town.running():
        for end in machine.place.ends:
            link = end.protocol
            if end.gone or not isinstance(link, Link):
                continue
            if link.linked_at is not None and not link.closing:
                continue
            key = end, link.closing
            since = seen[key] = watch.pending.get(key, now) if machine.runs else now
            if now - since > (CLOSING if link.closing else PENDING):
                what = "closing" if link.closing else "pending"
                yield f"{machine.name} has a connection {what} for {now - since:.0f} s"
    watch.pending = seen


def places_are_given_back(watch: Watch) -> Iterator[str]:
    """I4c: as many places at the gate are taken as there are connections that wait in it."""
    for machine in watch.town.running():
        assert machine.mesh is not None
        acceptor = machine.mesh.acceptor
        assert isinstance(acceptor, Accepted)
        if not len(acceptor.gate):
            continue
        waiting = sum(_waits(end.protocol) for end in machine.place.ends if not end.gone)
        if len(acceptor.gate) > waiting:
            yield f"{machine.name} keeps {len(acceptor.gate)} places for {waiting} connections"


def the_deaf_are_cut(watch: Watch) -> Iterator[str]:
    """I4d: a peer that does not read for three heartbeats loses its link (PROTOCOL §8)."""
    now = watch.clock.seconds()
    full: dict[object, tuple[int, float]] = {}
    for machine in watch.town.running():
        for end in machine.place.ends:
            link = end.protocol
            if end.out.size <= FULL or not isinstance(link, Link):
                continue
            if not link.open or link.session is None:
                continue
            size, since = watch.unread.get(end, (0, now))
            if end.out.size < size or not machine.runs:
                since = now
            full[end] = end.out.size, since
            if now - since > link.session.patience + UNREAD:
                yield f"{machine.name} holds {end.out.size} bytes that {end.getPeer()} leaves unread"
    watch.unread = full


def frames_are_rationed(watch: Watch) -> Iterator[str]:
    """I4e: of no link more frames are taken than its burst and its rate allow (PROTOCOL §8)."""
    now = watch.clock.seconds()
    for link, (count, since) in list(watch.pinged.items()):
        if link.closing:
            del watch.pinged[link]
        elif count > 1000 + 200 * (now - since + 1):
            yield f"{count} pings of {link} were taken in {now - since:.0f} s"


def frames_are_finished(watch: Watch) -> Iterator[str]:
    """I4f: of a frame that has begun, not only pieces come for longer than it may take (§2)."""
    now = watch.clock.seconds()
    partial: dict[object, tuple[int, float, float]] = {}
    for machine in watch.town.running():
        runs = machine.runs
        for end in machine.place.ends:
            link = end.protocol
            if not isinstance(link, Link) or not link.open or link.session is None:
                continue
            heard_at = link.session.heard_at
            count, before, since = watch.partial.get(end, (end.delivered, heard_at, now))
            if before != heard_at or count == end.delivered or not runs:
                # Something whole came, or nothing at all since.
                count, since = end.delivered, now
            partial[end] = count, heard_at, since
            if now - since > FRAME:
                yield f"{machine.name} takes one frame of {link.peer} for {now - since:.0f} s"
    watch.partial = partial


def own_records_are_told(watch: Watch) -> Iterator[str]:
    """I11c: a new record is at once with everyone who has a link to its owner (PROTOCOL §5)."""
    now = watch.clock.seconds()
    stale: dict[tuple[Machine, Machine], float] = {}
    for one, other in permutations(watch.town.running(), 2):
        assert one.mesh is not None
        assert other.mesh is not None
        entry = one.mesh.book.get(other.id)
        if entry is None or entry.held.seq == other.mesh.book.own.seq:
            continue
        if other.wall_offset < 0 or not _in_touch(watch, one, other):
            # One whose clock was set back outdoes what it said before, and not at once each time.
            continue
        # What changes while a link comes up is found by comparing views, which takes longer.
        first = now if min(_age(one, other), _age(other, one)) > YOUNG else float("inf")
        since = stale[one, other] = watch.stale.get((one, other), first)
        if now - since > TOLD:
            yield f"{one.name} holds an old record of {other.name} for {now - since:.0f} s"
    watch.stale = stale


def records_hold(watch: Watch) -> Iterator[str]:
    """I11d: no book holds a record that has expired, or is of a time to come (PROTOCOL §6)."""
    if any(operation.what == "wall" for operation in watch.town.plan.operations):
        return
    for machine in watch.town.running():
        assert machine.mesh is not None
        wall = machine.wall()
        if watch.town.unrest.stalled_until(machine.name) + 5 > watch.clock.seconds():
            continue
        for peer, entry in machine.mesh.book:
            if entry.held.seq / 1000 > wall + 86400:
                yield f"{machine.name} holds a record of {peer[:8]} from a day to come"
            if entry.held.expires_at < wall - 3 and peer not in machine.mesh.links:
                yield f"{machine.name} holds a record of {peer[:8]} that has expired"


def one_liar_adds_no_address(watch: Watch) -> Iterator[str]:
    """I11e: what one peer alone reports is nobody's address, where others agree (PROTOCOL §6)."""
    running = watch.town.running()
    if len(watch.town.liars) != 1 or len(running) < 4:
        return
    for machine in running:
        assert machine.mesh is not None
        for text in machine.mesh.book.own.addresses:
            host = text.rpartition(":")[0].strip("[]")
            if host == VICTIM or is_loopback(host):
                yield f"{machine.name} says that it is at {text}"


def starts_are_quick(watch: Watch) -> Iterator[str]:
    """I14b: where nothing goes wrong, a mesh forms sooner than heartbeats could tell of it."""
    healing = watch.figures().healing
    if watch.town.plan.profile == "cold-start" and healing is not None and healing > QUICK:
        yield f"the last link came {healing:.0f} s after the last start"


def who_is_linked_is_told(watch: Watch) -> Iterator[str]:
    """I6c: whoever has a link was told to be alive."""
    for machine in watch.town.running():
        assert machine.mesh is not None
        for peer in machine.mesh.links:
            if not watch.told_alive(machine, peer):
                yield f"{machine.name} has a link to {peer[:8]}, and told nobody"


def pings_are_answered(watch: Watch) -> Iterator[str]:
    """I13c: at rest every ping of a node to another finds its answer (PROTOCOL §5)."""
    for machine in watch.town.running():
        assert machine.mesh is not None
        for peer, link in machine.mesh.links.items():
            trips = link.round_trips
            if trips.sent >= 2 and not trips.answered and watch.subject(peer) is not None:
                yield f"{machine.name} had no answer of {peer[:8]} to {trips.sent} pings"


def _age(one: Machine, other: Machine) -> float:
    """For how long one end of the link of two has been up."""
    link = one.mesh.links.get(other.id) if one.mesh is not None else None
    if link is None or link.linked_at is None or one.process is None:
        return 0.0
    return one.process.seconds() - link.linked_at


def _waits(link: object) -> bool:
    return isinstance(link, Link) and link.role is Role.ACCEPTOR and link.linked_at is None


def _in_touch(watch: Watch, one: Machine, other: Machine) -> bool:
    """Whether two have a link, and nothing was done to them for a while."""
    assert one.mesh is not None
    assert other.mesh is not None
    network, now = watch.town.network, watch.clock.seconds()
    return (
        other.id in one.mesh.links
        and one.id in other.mesh.links
        and one.runs
        and other.runs
        and not stranded(one, other)
        and network.connected(one.name, other.name)
        and network.path(one.name, other.name).weather == network.weather
        and network.path(other.name, one.name).weather == network.weather
        and now > watch.town.unrest.until(one.name, other.name) + 2
        and now > watch.town.unrest.stalled_until(one.name) + 2
    )
