"""
What must hold of dials: how often, how regularly and where. Invariants like those of `invariants`.
"""

from collections.abc import Iterator
from typing import Final

from gossip.mesh.book import PeerState
from gossip.testing.liars import VICTIM
from gossip.testing.watch import Watch, hosts_of

HERDS: Final = 6
"""Instants in which several nodes dial an address where nothing runs: one when what ran there went,
and what chance brings together, more often where dials are hastened. Without jitter it is all of them."""

FIRST: Final = 0.5
"""Seconds of the first backoff (PROTOCOL §8)."""

LONGEST: Final = 60.0
"""Seconds of the longest one (PROTOCOL §8). Not taken from the settings, which may be wrong."""

STEADY: Final = 12.0
"""Seconds after which a link that is lost lets the backoff begin anew, and two for the look."""

ONE_DIAL: Final = 20.0
"""Seconds that a dial of one address takes at most: TCP, then TLS or hello; and some for the look."""


def dials_are_spread(watch: Watch) -> Iterator[str]:
    """I5b: those who lost one peer do not come back to it together (PROTOCOL §8, full jitter)."""
    for host, count in watch.tracks.herds():
        if count > HERDS:
            yield f"{host}, where nothing runs, was dialed by several at once {count} times"


def backoff_begins_anew(watch: Watch) -> Iterator[str]:
    """I5c: who is lost after a steady link is dialed often at first (PROTOCOL §8, reset)."""
    now = watch.clock.seconds()
    for machine in watch.town.running():
        mesh = machine.mesh
        assert mesh is not None
        watch.tracks.look(machine)
        stalled = watch.town.unrest.stalled_until(machine.name)
        for peer, died_at in watch.dead(machine):
            entry = mesh.book.get(peer)
            if entry is None or entry.state is not PeerState.DEAD:
                continue
            # Where nobody was ever found is spared, whoever claims to be there.
            spared = {machine.place.address, VICTIM, *watch.taken(machine)}
            hosts = hosts_of(entry.held.body) - spared
            same = watch.tracks.same_hosts(machine, peer, died_at, hosts)
            # Where it was not found last, all dials together are rationed.
            proved = entry.host in hosts
            if not (same and proved) or watch.tracks.held_for(machine, peer) < STEADY:
                continue
            last = max(watch.dialed_at(machine, host) for host in hosts)
            if now - max(died_at, stalled, last) <= ONE_DIAL:
                continue
            times = watch.tracks.since(machine, hosts, died_at)
            longest = min(LONGEST, FIRST * 1.5 ** min(len(times) + 2, 20))
            if now - max(died_at, stalled, *times) > longest + ONE_DIAL * len(hosts):
                yield f"{machine.name} waits long to dial {entry.record.name} {len(times)} times"


def leavers_are_not_dialed(watch: Watch) -> Iterator[str]:
    """I5d: where only such lived as have left, nobody dials, but for a seed (PROTOCOL §5)."""
    yield from watch.tracks.wrong


def hearsay_is_judged(watch: Watch) -> Iterator[str]:
    """I5e: loopback and link-local addresses of others are never dialed (PROTOCOL §8)."""
    yield from watch.tracks.strays
