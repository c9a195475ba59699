"""
A scenario as data: which machines there are, what is done to them and when. Pure.

A plan can be written down as JSON, made smaller, and run again; everything that is not in it comes
from its seed.
"""

from typing import Any

import msgspec
from attrs import frozen

HEALED_WITHIN = 100.0
"""Seconds within which all that met have links again when all faults are over: the longest backoff
(60 s), and a dial that was under way or leads to old addresses first."""

UNMET_WAIT = 600.0
"""Seconds between dials of those that never met and whose tries are used up (PROTOCOL §8)."""

SETTLED_AFTER = 10.0
"""Seconds that an answer to `get_peers` takes at most, with the gap before the question."""

SETTLED_BEATS = 7
"""Heartbeats until books are equal when the last record was told: views are told each third one at
least, and must differ twice before anybody asks (PROTOCOL §7)."""

QUIET = 50.0
"""Seconds for which nothing may happen then."""


@frozen(kw_only=True)
class Inhabitant:
    """One machine, and who lives there."""

    name: str
    address: str
    join: tuple[str, ...] = ()
    """The names of those through whose addresses it joins."""
    heartbeat: float = 1.0
    period: float = 5.0
    hidden: bool = False
    """Whether it can dial, and cannot be dialed."""
    liar: bool = False
    """Whether it says whatever comes into its mind, instead of running a node."""


@frozen(kw_only=True)
class Operation:
    """Something that is done at a time; what the members mean depends on what it is."""

    at: float
    what: str
    who: tuple[str, ...] = ()
    whom: tuple[str, ...] = ()
    number: float = 0.0
    text: str = ""

    def __str__(self) -> str:
        """For people."""
        said = [self.what, " ".join(self.who)]
        said += ["|", " ".join(self.whom)] if self.whom else []
        said += [f"{self.number:g}"] if self.number else []
        return f"{self.at:8.2f} s  " + " ".join(part for part in [*said, self.text] if part)


@frozen(kw_only=True)
class Plan:
    """A whole scenario."""

    seed: int
    profile: str
    inhabitants: tuple[Inhabitant, ...]
    operations: tuple[Operation, ...]
    faults: float
    """Seconds after which every fault is over."""
    latency: float = 0.01
    jitter: float = 0.0
    unmet_wait: float = UNMET_WAIT
    """What nodes have in place of the protocol's ten minutes; plans with less show more in less time."""

    def met_within(self) -> float:
        """Seconds within which also those have links that never met."""
        return HEALED_WITHIN + 1.25 * self.unmet_wait

    def settled_after(self) -> float:
        """Seconds until all books are equal, when the last link is made and the last record told."""
        slowest = max((inhabitant.heartbeat for inhabitant in self.inhabitants), default=1.0)
        return SETTLED_AFTER + SETTLED_BEATS * slowest

    def names(self) -> list[str]:
        """Who there is."""
        return [inhabitant.name for inhabitant in self.inhabitants]

    def to_json(self) -> bytes:
        """As it is kept."""
        return msgspec.json.format(msgspec.json.encode(_plain(self)), indent=1)


def from_json(text: bytes) -> Plan:
    """
    The plan that was written down.

    :raises ValueError: it is none.
    """
    try:
        return msgspec.json.decode(text, type=Plan)
    except msgspec.MsgspecError as error:
        # In older versions it is no ValueError.
        raise ValueError(str(error)) from None


def _plain(plan: Plan) -> Any:
    return msgspec.to_builtins(plan)
