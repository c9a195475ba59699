"""
One link per pair: which of two links to one peer stays (PROTOCOL §4). Pure.

Both ends decide alone and must agree. They do, because the rule names the link by what both know:
the instance that speaks, and which of the two ids dialed.
"""

from enum import Enum
from typing import NamedTuple

from gossip.trust.identity import PeerId
from gossip.wire.session import Role


class Verdict(Enum):
    """What to do with a second link to the same peer."""

    REPLACE = "the new link replaces the old"
    PROBE = "the old link stays if it answers within the time of a probe"


class Candidate(NamedTuple):
    """What the rule needs to know of a link."""

    role: Role
    """Ours on it."""
    instance: str | None
    """The peer's process; None where its hello has not come yet, on a dial of ours."""
    back: bool = False
    """Of a new one, whether that process had a link here before: then the peer was not restarted,
    and two processes run with its key."""


def decide(old: Candidate, new: Candidate, own: PeerId, peer: PeerId) -> Verdict:
    """Which of two links between `own` and `peer` stays, seen at `own`."""
    if old.instance is not None and old.instance != new.instance:
        # Of twins the one that has the link keeps it: they would take it from each other for ever.
        return Verdict.PROBE if new.back else Verdict.REPLACE
    if old.role is new.role:
        return Verdict.REPLACE
    new_dialer = own if new.role is Role.DIALER else peer
    return Verdict.REPLACE if new_dialer == min(own, peer) else Verdict.PROBE
