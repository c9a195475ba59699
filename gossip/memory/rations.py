"""
How much of what others can make happen at will is kept. Pure.

Somebody who knocks a thousand times a second is worth a row now and then, and so is one who comes with
a new key each time, or comes and goes with the same one: else they would push everything else out.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from attrs import define, field

from gossip.mesh.status import Event, PeerAlive, PeerDead, PeerLeft, Verdict
from gossip.wire.bucket import Bucket, Rate

RATIONED: Final = ("refused", "identity_mismatch")
"""What anybody can make happen who reaches a port of ours, or gives us an address."""

SUPPRESSED: Final = "suppressed"
"""Stands for those of them that were too many to be kept."""

STRANGERS: Final = (*RATIONED, SUPPRESSED)

STRANGERS_RATE: Final = Rate(per_second=1 / 6, at_once=60)
"""Of each kind that needs no link."""

NEWCOMERS_RATE: Final = Rate(per_second=1 / 6, at_once=1000)
"""Peers never linked before: a whole fleet may come at once, and does so seldom."""

PEER_RATE: Final = Rate(per_second=1 / 60, at_once=60)
"""What becomes of one peer: one on a bad line comes and goes for half an hour."""

MOST_PEERS: Final = 10_000
"""Peers of which it is known what was kept; the one of which nothing was heard for longest goes."""


@define(eq=False, repr=False)
class Rations:
    """See the module. `seconds` is a monotonic clock."""

    _seconds: Callable[[], float]
    _kinds: dict[str, Bucket] = field(
        factory=lambda: {event: Bucket(STRANGERS_RATE) for event in RATIONED}, init=False
    )
    _newcomers: Bucket = field(factory=lambda: Bucket(NEWCOMERS_RATE), init=False)
    _peers: dict[str, Bucket] = field(factory=dict, init=False)
    _left_out: Counter[str] = field(factory=Counter, init=False)

    def take(self, event: Event) -> bool:
        """Whether an event is to be kept. One that is not is counted."""
        kept = self._has_room(event, self._seconds())
        if not kept:
            self._left_out[event.event] += 1
        return kept

    def left_out(self, name: str) -> int:
        """How many of a kind were not kept since this was asked last."""
        return self._left_out.pop(name, 0)

    def short(self) -> list[str]:
        """The kinds of which some were not kept since that was asked last."""
        return list(self._left_out)

    def _has_room(self, event: Event, now: float) -> bool:
        if isinstance(event, PeerAlive | PeerDead | PeerLeft | Verdict):
            return self._of(event, now).take(now)
        kind = self._kinds.get(event.event)
        return kind is None or kind.take(now)

    def _of(self, event: PeerAlive | PeerDead | PeerLeft | Verdict, now: float) -> Bucket:
        bucket = self._peers.pop(event.peer, None)
        if bucket is None:
            bucket = Bucket(PEER_RATE)
            if isinstance(event, PeerAlive) and event.first and not self._newcomers.take(now):
                # One too many: nor is it kept what becomes of it, before it has stayed for a while.
                bucket.spend(bucket.left(now))
        # Last is who was heard of last.
        self._peers[event.peer] = bucket
        if len(self._peers) > MOST_PEERS:
            del self._peers[next(iter(self._peers))]
        return bucket
