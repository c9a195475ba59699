"""
What must hold of a network of nodes, whatever happened: one function and one sentence each.

The docstring begins with the number under which RELIABILITY names it. Each yields what is wrong.
"""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Final, TypeAlias

from gossip.mesh.book import PeerState
from gossip.mesh.link import Link
from gossip.testing import conduct, dialing
from gossip.testing.host import EPOCH
from gossip.testing.liars import VICTIM
from gossip.testing.plan import HEALED_WITHIN
from gossip.testing.watch import Watch, hosts_of
from gossip.trust import records
from gossip.trust.records import Record

CROWDED: Final = 4.0
"""Seconds for which a node may have two links to one peer: a probe, the farewell of the loser, and the
look."""

LATE: Final = 3.5
"""Seconds beyond three heartbeats: one for the look at everything, the rest for what was on the way."""

DIALS: Final = 100
"""Dials of one address by one node in a minute, where nothing begins the backoff anew more often than
four times: by a peer and a seed each, about twelve a time, and as many more as chance may have it."""

RATION: Final = 60.0
"""Seconds for which an address may have had all its dials, where the peer was not found yet."""

TO_VICTIM: Final = 4
"""Dials in a minute of an address where nobody was ever found (PROTOCOL §8)."""

CALLS: Final = 300
"""Calls that one process has waiting, beyond eight a link: four for each of the dials under way, which
have no link yet."""


class Breach(Exception):
    """An invariant did not hold."""

    def __init__(self, number: str, name: str, at: float, what: str) -> None:
        super().__init__(f"{number} {name} at {at:.1f} s: {what}")
        self.number = number
        self.name = name
        self.at = at
        self.what = what


Invariant: TypeAlias = Callable[[Watch], Iterator[str]]


def one_link_a_pair(watch: Watch) -> Iterator[str]:
    """I1: no node has two open links to one peer for longer than a probe takes (PROTOCOL §4)."""
    now = watch.clock.seconds()
    crowded = {}
    for machine in watch.town.running():
        if not machine.runs:
            continue
        peers = [link.peer for link in watch.open_links(machine) if link.peer is not None]
        if len(peers) == len(set(peers)):
            continue
        for peer in sorted({peer for peer in peers if peers.count(peer) > 1}):
            since = crowded[machine, peer] = watch.crowded.get((machine, peer), now)
            if now - since > CROWDED:
                yield f"{machine.name} has several links to {peer[:8]} for {now - since:.1f} s"
    watch.crowded = crowded


def links_are_who_they_say(watch: Watch) -> Iterator[str]:
    """I2: no node has a link to itself, or to anybody but the owner of the key (PROTOCOL §3)."""
    for machine in watch.town.running():
        for end in machine.place.ends:
            link = end.protocol
            peer = getattr(link, "peer", None)
            if peer is None or getattr(link, "closing", True):
                continue
            if peer != end.peer_id:
                yield f"{machine.name} takes {end.peer_id} for {peer}"
            if peer == machine.id and getattr(link, "open", False):
                yield f"{machine.name} has a link to itself"


def everything_is_bounded(watch: Watch) -> Iterator[str]:
    """I4: no buffer, table or number of timers grows beyond its limit (PROTOCOL §8)."""
    for machine in watch.town.running():
        mesh, process = machine.mesh, machine.process
        assert mesh is not None
        assert process is not None
        limits = machine.settings.limits
        if len(mesh.book) > limits.peers:
            yield f"{machine.name} holds {len(mesh.book)} records"
        calls = len(process.calls)
        if calls > CALLS + 8 * len(machine.place.ends):
            yield f"{machine.name} waits for {calls} calls"
        for end in machine.place.ends:
            if end.out.size > 2 * limits.unread_bytes and not end.gone:
                yield f"{machine.name} has {end.out.size} bytes unread by {end.getPeer()}"


def dials_are_spared(watch: Watch) -> Iterator[str]:
    """I5: nobody is dialed faster than the backoff allows, and hearsay hardly at all."""
    for (name, _, address), recent in watch.dials.items():
        most = TO_VICTIM if address.host == VICTIM else DIALS
        if len(recent) > most:
            yield f"{name} dialed {address} {len(recent)} times in a minute"


def no_false_deaths(watch: Watch) -> Iterator[str]:
    """I6: no peer is called dead that runs, was heard, and was given no trouble (PROTOCOL §5)."""
    yield from watch.false_deaths


def events_follow_each_other(watch: Watch) -> Iterator[str]:
    """I6b: alive, then dead or left, then alive again; `first` only the first time."""
    yield from watch.contradictions


def silence_is_noticed(watch: Watch) -> Iterator[str]:
    """I9: a link on which nothing comes for three heartbeats is gone (PROTOCOL §5)."""
    now = watch.clock.seconds()
    heard: dict[object, tuple[int, float]] = {}
    for machine in watch.town.running():
        runs = machine.runs
        for end in machine.place.ends:
            link = end.protocol
            if not isinstance(link, Link) or not link.open or link.closing:
                continue
            count, since = watch.heard.get(end, (-1, now))
            if count != end.delivered or not runs:
                since = now
            heard[end] = end.delivered, since
            subject = watch.subject(link.peer) if now - since > LATE else None
            if subject is None:
                continue
            if now - since > 3 * subject.settings.heartbeat + LATE:
                yield f"{machine.name} has heard nothing of {subject.name} for {now - since:.1f} s"
    watch.heard = heard


def the_dead_are_dialed(watch: Watch) -> Iterator[str]:
    """I10b: whoever died is dialed, for ever, at least as often as the backoff's cap says."""
    now = watch.clock.seconds()
    for machine in watch.town.running():
        mesh = machine.mesh
        assert mesh is not None
        stalled = watch.town.unrest.stalled_until(machine.name)
        for peer, died_at in watch.dead(machine):
            entry = mesh.book.get(peer)
            if entry is None or entry.state is not PeerState.DEAD:
                continue
            hosts = hosts_of(entry.held.body) - {machine.place.address, *watch.taken(machine)}
            last = max(stalled, watch.tracks.sought_at(machine, peer, died_at, hosts))
            rationed = 0.0 if entry.host in hosts else RATION
            if now - last > HEALED_WITHIN + rationed:
                yield f"{machine.name} has not dialed {entry.record.name} for {now - last:.0f} s"


def books_are_equal(watch: Watch) -> Iterator[str]:
    """I11: all know the same records, but for what is too old or too new by one's clock (PROTOCOL §7)."""
    # Clocks differ: of whom one holds what another has forgotten already, or does not take yet, they may
    # hold different words.
    clocks = [EPOCH + watch.clock.now, *(machine.wall() for machine in watch.town.running())]
    books = list(_books(watch))
    ahead, latest = min(clocks) + records.FURTHEST_AHEAD, max(clocks)
    spared = {
        one.id
        for _, held in books
        for one in held
        if one.seq / 1000 > ahead or one.expires_at() <= latest
    }
    known = {
        name: frozenset((one.id, one.seq) for one in held if one.id not in spared)
        for name, held in books
    }
    if len(set(known.values())) > 1:
        shared = frozenset.intersection(*known.values())
        yield f"books differ: { ({name: sorted(more - shared) for name, more in known.items()}) }"


def views_are_those_of_books(watch: Watch) -> Iterator[str]:
    """I11f: equal books have equal views (PROTOCOL §7)."""
    views: dict[frozenset[str], str] = {}
    for name, held in _books(watch):
        mesh = watch.town.machines[name].mesh
        assert mesh is not None
        bodies = frozenset(record.sealed.body for record in held)
        view = views.setdefault(bodies, mesh.book.view())
        if view != mesh.book.view():
            yield f"{name} has view {mesh.book.view()}, another one with the same book {view}"


def _books(watch: Watch) -> Iterator[tuple[str, list[Record]]]:
    for machine in watch.town.running():
        assert machine.mesh is not None
        yield machine.name, [records.read(one) for one in machine.mesh.book.held().sealed()]


def nobody_is_forgotten(watch: Watch) -> Iterator[str]:
    """I11b: every node that runs is in the book of every other, as it last said of itself."""
    running = watch.town.running()
    for one, other in permutations(running, 2):
        assert one.mesh is not None
        assert other.mesh is not None
        entry = one.mesh.book.get(other.id)
        if one.id == other.id:
            continue
        if entry is None:
            yield f"{one.name} does not know {other.name}"
        elif entry.record.sealed != other.mesh.book.own.sealed:
            yield f"{one.name} holds another record of {other.name} than its own last one"


def nothing_happens_at_rest(watch: Watch) -> Iterator[str]:
    """I13: in a whole network nobody is dialed, and nothing becomes of anybody."""
    before, after = watch.at_rest, watch.counts()
    if after.needless != before.needless:
        yield f"{after.needless - before.needless} dials of peers that are linked"
    if after.changes != before.changes:
        yield f"{after.changes - before.changes} events"


def rest_is_cheap(watch: Watch) -> Iterator[str]:
    """I13b: a network at rest sends heartbeats, pings and their answers, and nothing else."""
    seconds = watch.clock.seconds() - watch.rested_at
    most = 0.0
    for machine in watch.town.running():
        settings = machine.settings
        assert machine.mesh is not None
        rate = 1 / settings.heartbeat + 2 / settings.period
        most += (rate * seconds + 4) * len(machine.mesh.links)
    said = watch.counts().carried - watch.at_rest.carried
    if said > most:
        yield f"{said} frames in {seconds:g} s, where {most:.0f} are enough"


def starts_are_cheap(watch: Watch) -> Iterator[str]:
    """I14: where nothing goes wrong, a mesh forms with hardly more than one dial a pair."""
    if watch.town.plan.profile != "cold-start":
        return
    figures = watch.figures()
    # Who is behind a seed is known when it was dialed: each beyond the usual two may cost a dial.
    seeds = [len(set(machine.settings.seeds)) for machine in watch.town.machines.values()]
    most = 1.5 * figures.pairs + len(seeds) + sum(max(0, many - 2) for many in seeds)
    if figures.dials > most:
        yield f"{figures.dials} dials for {figures.pairs} pairs"


def leavers_are_gone(watch: Watch) -> Iterator[str]:
    """I8: a node that has left calls nothing any more, and holds no connection."""
    yield from watch.left_over


ALWAYS: Final[tuple[Invariant, ...]] = (
    one_link_a_pair,
    links_are_who_they_say,
    everything_is_bounded,
    dials_are_spared,
    no_false_deaths,
    events_follow_each_other,
    silence_is_noticed,
    the_dead_are_dialed,
    dialing.dials_are_spread,
    dialing.backoff_begins_anew,
    dialing.leavers_are_not_dialed,
    dialing.hearsay_is_judged,
    conduct.links_are_who_was_dialed,
    conduct.connections_become_links_or_go,
    conduct.places_are_given_back,
    conduct.the_deaf_are_cut,
    conduct.frames_are_rationed,
    conduct.frames_are_finished,
    conduct.own_records_are_told,
    conduct.records_hold,
)
"""Checked at each look."""

BOUNDS: Final[tuple[Invariant, ...]] = (
    books_are_equal,
    views_are_those_of_books,
    nobody_is_forgotten,
    starts_are_cheap,
    conduct.starts_are_quick,
    conduct.one_liar_adds_no_address,
    conduct.who_is_linked_is_told,
)
"""Checked when everything has healed."""

AT_REST: Final[tuple[Invariant, ...]] = (
    nothing_happens_at_rest,
    rest_is_cheap,
    conduct.pings_are_answered,
)
"""Checked after a time of rest."""

ENDED: Final[tuple[Invariant, ...]] = (leavers_are_gone,)
"""Checked when everyone has left."""
