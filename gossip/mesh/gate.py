"""
How many connections may be pending at once, and how often one address is dialed (PROTOCOL §8). Pure.
"""

from collections import Counter, deque

from attrs import define, field

from gossip.mesh.addresses import Address


class Gate:
    """Counts who is inside the gate and has not been admitted."""

    def __init__(self, total: int, each: int) -> None:
        self._total = total
        self._each = each
        self._inside: Counter[str] = Counter()
        self._count = 0

    def __len__(self) -> int:
        """How many are pending."""
        return self._count

    def enter(self, host: str) -> str | None:
        """Take a place for a source address; or None is taken, and the reason is returned."""
        if self._count >= self._total:
            return f"{self._total} connections are pending already"
        if self._inside[host] >= self._each:
            return f"{self._each} connections from there are pending already"
        self._inside[host] += 1
        self._count += 1
        return None

    def leave(self, host: str) -> None:
        """Give the place back: the connection became a link, or is gone."""
        self._count -= 1
        self._inside[host] -= 1
        if not self._inside[host]:
            del self._inside[host]


@define
class Sparing:
    """How often each address was dialed in the last minute for peers not found there yet."""

    most: int
    _recent: deque[tuple[float, Address]] = field(factory=deque)
    _counts: Counter[Address] = field(factory=Counter)

    def take(self, address: Address, now: float) -> bool:
        """Count one more dial; False where there were too many."""
        while self._recent and self._recent[0][0] <= now - 60:
            _, old = self._recent.popleft()
            self._counts[old] -= 1
            if not self._counts[old]:
                del self._counts[old]
        if self._counts[address] >= self.most:
            return False
        self._counts[address] += 1
        self._recent.append((now, address))
        return True
