"""
Verdicts on lost peers: whether what is told is true, as far as that can be known.
"""

from collections.abc import Iterator
from typing import Final

from gossip.mesh.status import Verdict
from gossip.sight.asks import speaks
from gossip.sight.rows import PROBES
from gossip.testing.machine import Machine
from gossip.testing.operations import Town
from gossip.wire.messages import MOST_ABOUT

CALM: Final = 12.0
"""Seconds, and four heartbeats, without trouble after which a witness must hear whom it has a link to, and
be heard: by then a link that leads nowhere is given up, and made anew."""

TAKEN: Final = MOST_ABOUT + PROBES.per_second
"""Probes that a witness has left, a second after it was asked, where it may have declined."""

VERDICT: Final = 1.1
"""Seconds that a verdict takes at most, and some for the look."""

ECHO: Final = 2.0
"""Seconds after its end in which a node may still be heard: what it said is on the way."""


def wrong(machine: Machine, event: Verdict, subject: Machine, town: Town) -> str | None:
    """What is wrong with a verdict that a node tells of another one; None where nothing is."""
    told = f"{machine.name} says of {subject.name}: {event.verdict}, {event.reason}"
    if event.verdict in ("dead", "left") and event.heard_by:
        return f"{told}; and it is heard"
    if event.verdict == "cut":
        if not event.heard_by or len(event.heard_by) > event.asked:
            return f"{told}; and nobody hears it"
        if (
            not _lives(subject, town)
            and town.network.clock.seconds() > _ended(subject, town) + ECHO
        ):
            return f"{told}; and it does not run"
    if event.verdict == "dead" and not event.asked and _could_ask(machine, subject, town):
        return f"{told}; and nobody was asked"
    if event.verdict == "dead" and event.asked and subject.runs:
        those = list(_witnesses(machine, subject, town))
        if those and all(_hears(one, machine, subject, town) for one in those):
            return f"{told}; and all who could be asked hear it"
    return None


def _lives(subject: Machine, town: Town) -> bool:
    # Others may run with its key.
    return any(one.id == subject.id for one in town.running())


def _ended(subject: Machine, town: Town) -> float:
    return town.unrest.until(subject.name, subject.name)


def _witnesses(machine: Machine, subject: Machine, town: Town) -> Iterator[Machine | None]:
    """Who may have been asked; None for one of whom nothing is known here."""
    links = machine.mesh.links if machine.mesh is not None else {}
    by_id = {one.id: one for one in town.running()}
    for peer, link in links.items():
        if speaks(link) and peer != subject.id:
            yield by_id.get(peer)


def _could_ask(machine: Machine, subject: Machine, town: Town) -> bool:
    """Whether somebody was there all the time to be asked."""
    assert machine.mesh is not None
    assert machine.process is not None
    begun = machine.process.seconds() - VERDICT
    calm = town.network.clock.seconds() > town.unrest.stalled_until(machine.name) + ECHO
    return calm and any(
        speaks(link) and peer != subject.id and (link.linked_at or begun) < begun
        for peer, link in machine.mesh.links.items()
    )


def _hears(one: Machine | None, machine: Machine, subject: Machine, town: Town) -> bool:
    """Whether it must have said that it hears the subject."""
    if one is None or one.mesh is None or not one.runs or one.mesh.rows.probes() <= TAKEN:
        return False
    unrest, network = town.unrest, town.network
    names = (machine.name, subject.name)
    trouble = max(
        *(unrest.until(one.name, name) for name in names),
        *(unrest.stalled_until(name) for name in (one.name, *names)),
    )
    calm = CALM + 4 * max(who.settings.heartbeat for who in (one, machine, subject))
    return (
        {machine.id, subject.id} <= set(one.mesh.links)
        and network.clock.seconds() > trouble + calm
        and all(network.connected(one.name, name) for name in names)
        and all(network.path(one.name, name).weather == network.weather for name in names)
        and all(network.path(name, one.name).weather == network.weather for name in names)
    )
