"""
One that is to be dialed: a peer of the book or a seed, and how dialing it goes.
"""

from collections.abc import Callable
from enum import Enum

from attrs import define, field
from twisted.internet.defer import Deferred

from gossip.mesh.addresses import Address
from gossip.mesh.attempt import Ending
from gossip.settings import Seed
from gossip.trust.identity import PeerId


class Dialing(Enum):
    """Where the dialing of one target is."""

    LINKED = "linked"
    LEFT = "left"
    WAITING = "waiting"
    QUEUED = "queued"
    DIALING = "dialing"


@define(eq=False)
class Target:
    """One peer of the book, or one seed, and how dialing it goes."""

    start: Callable[["Target"], None] = field(repr=False)
    """Called when it is to be dialed."""
    peer: PeerId | None
    """Who is to be found. For a seed without an id: who was found there last."""
    seed: Seed | None = None
    state: Dialing = Dialing.WAITING
    failures: int = 0
    """Dials since the last admission; the backoff grows with it."""
    brief: int = 0
    """Links in a row that broke young; the wait before the next dial grows with it."""
    tries: int = 0
    """Of a peer never linked yet."""
    placed: bool = True
    """Whether the record for which it was wanted last names an address."""
    last_good: Address | None = None
    """Where it was found last."""
    mismatched: frozenset[Address] = frozenset()
    """Where somebody else was found; not used until a newer record confirms them."""
    trouble: Ending | None = None
    """Why the last dial failed."""
    begun_at: float = float("-inf")
    """When the last dial began."""
    attempt: Deferred[None] | None = field(default=None, repr=False)

    def tick(self, now: float) -> None:
        """The wait is over."""
        self.start(self)
