"""
How many who dial us are let in, at once and in a second, and how often one address is dialed. Pure.

The numbers of the first and the last are PROTOCOL §8's; it leaves the second to us.
"""

from collections import Counter, OrderedDict, deque
from typing import Final

from attrs import define, field

from gossip.mesh.addresses import Address
from gossip.wire.bucket import Bucket, Rate

PART: Final = 2
"""One source address gets no more than this part of what all get in a second, and at once."""

PROVED_PLACES: Final = 32
"""Pending connections beyond `total` for addresses at which a peer proved its key: 1.6 MiB."""

_HOSTS: Final = 4096
"""Source addresses whose rates are kept, and as many at which a peer proved its key: 2 MiB."""


class Pace:
    """
    How many connections may begin a handshake, which is the dearest thing a stranger can ask for.

    What is left over when all have drawn on one bucket is a second one, for source addresses at
    which a peer has proved its key: strangers cannot empty it. Such an address is no friend for that
    (everybody may be a peer), so it gets no more than its part either.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._part = Rate(rate / PART, burst // PART)
        self._all = Bucket(Rate(rate, burst))
        self._reserve = Bucket(Rate(rate, burst))
        self._each: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, host: str, now: float, *, proved: bool) -> bool:
        """Count one more connection from there; False where there were too many."""
        each = self._each.get(host)
        if each is None:
            each = self._each[host] = Bucket(self._part)
            if len(self._each) > _HOSTS:
                self._each.popitem(last=False)
        self._each.move_to_end(host)
        return each.take(now) and (self._all.take(now) or (proved and self._reserve.take(now)))


class Gate:
    """Counts who is inside the gate and has not been admitted."""

    def __init__(self, total: int, each: int, pace: Pace) -> None:
        self._total = total
        self._each = each
        self._pace = pace
        self._inside: Counter[str] = Counter()
        self._count = 0
        self._proved: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        """How many are pending."""
        return self._count

    def enter(self, host: str, now: float) -> str | None:
        """Take a place for a source address; or none is taken, and the reason is returned."""
        proved = host in self._proved
        if self._count >= self._total + PROVED_PLACES * proved:
            return f"{self._total} connections are pending already"
        if self._inside[host] >= self._each:
            return f"{self._each} connections from there are pending already"
        if not self._pace.take(host, now, proved=proved):
            return "too many connections came in the last seconds"
        self._inside[host] += 1
        self._count += 1
        return None

    def proved(self, host: str) -> None:
        """Who came from there has proved its key, and is a peer."""
        self._proved[host] = None
        self._proved.move_to_end(host)
        if len(self._proved) > _HOSTS:
            self._proved.popitem(last=False)

    def leave(self, host: str) -> None:
        """Give the place back: the connection became a link, or is gone."""
        self._count -= 1
        self._inside[host] -= 1
        if not self._inside[host]:
            del self._inside[host]


_DIALS: Final = 16384
"""Dials in a minute that are remembered, and no more are made: a fleet of 10,000 that is met for the
first time, and half as many that lead nowhere. 3 MiB."""


@define(eq=False, repr=False)
class Sparing:
    """How often each address was dialed in the last minute for peers not found there yet."""

    most: int
    # Apart, and as text: whoever wants us to dial may fill them.
    _times: deque[float] = field(factory=deque)
    _recent: deque[str] = field(factory=deque)
    _counts: Counter[str] = field(factory=Counter)

    def take(self, address: Address, now: float) -> bool:
        """Count one more dial; False where there were too many."""
        while self._times and self._times[0] <= now - 60:
            self._times.popleft()
            old = self._recent.popleft()
            self._counts[old] -= 1
            if not self._counts[old]:
                del self._counts[old]
        where = str(address)
        if self._counts.get(where, 0) >= self.most or len(self._recent) >= _DIALS:
            return False
        self._counts[where] += 1
        self._times.append(now)
        self._recent.append(where)
        return True
