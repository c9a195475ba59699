"""
Where a target may be dialed, and in what order (PROTOCOL §8, addresses heard from others).
"""

from typing import Final

from gossip.mesh.addresses import Address, Judge, literal
from gossip.mesh.attempt import Ending
from gossip.mesh.book import Book, Entry
from gossip.mesh.gate import Sparing
from gossip.mesh.target import Target

NOWHERE: Final = "nowhere"
"""The code of a dial that had nothing to dial: it proves nothing about the peer."""

LOOKUPS: Final = 60
"""Names a minute that are looked up for peers never met: they share the resolver with seeds."""

_NAMES: Final = Address("names", 0)

SELF_WAIT: Final = 600.0
"""Seconds for which an address where the node met itself is not dialed. It may have moved since, and
somebody else be there; one that lost all others is told by nobody that it has."""

OWN_ADDRESSES_KEPT: Final = 256
"""Addresses at which the node met itself: its interfaces, and what NAT makes of them."""


class Routes:
    """Knows what is said of addresses, what was found at them, and how often they were dialed."""

    def __init__(
        self, book: Book, judge: Judge, per_minute: int, self_wait: float = SELF_WAIT
    ) -> None:
        self.own: dict[Address, float] = {}
        """Where the node met itself, and when it did last."""
        self._self_wait = self_wait
        self._book = book
        self._judge = judge
        self._sparing = Sparing(per_minute)
        self._lookups = Sparing(LOOKUPS)

    def met_self(self, address: Address, now: float) -> None:
        """Whoever answers at this address is this node."""
        self.own.pop(address, None)
        self.own[address] = now
        if len(self.own) > OWN_ADDRESSES_KEPT:
            del self.own[next(iter(self.own))]

    def may_look_up(self, address: Address, now: float) -> bool:
        """Whether the host of an address that is hearsay may be looked up, which counts."""
        return literal(address.host) is not None or self._lookups.take(_NAMES, now)

    def candidates(self, target: Target) -> list[Address]:
        """
        The addresses of a target, best first: where it was found last, then what it says.

        Literal ones that must not be dialed are left out here, where it costs least: records full of
        those come by the thousand from whoever wants to keep us busy.
        """
        if target.seed is not None:
            return [target.seed.address]
        found = [target.last_good] if target.last_good is not None else []
        entry = self._book.get(target.peer) if target.peer is not None else None
        if entry is not None:
            found += self._said(entry)
        return [address for address in dict.fromkeys(found) if address not in target.mismatched]

    def objection(self, target: Target, address: Address, now: float) -> Ending | None:
        """
        Why a literal address is not dialed for a target; None where it is, which counts as a dial.

        What the operator named is always dialed, but for the node itself.
        """
        # One address has many spellings; whoever listens there gets all the dials.
        plain = address.plain()
        if now - self.own.get(plain, float("-inf")) < self._self_wait:
            return Ending(NOWHERE if target.seed is None else "self", "it is this node itself")
        if target.seed is not None:
            return None
        entry = self._book.get(target.peer) if target.peer is not None else None
        loopback = entry is not None and entry.loopback
        objection = self._judge.objection(address, loopback=loopback)
        if objection is not None:
            return Ending(NOWHERE, f"{address} is not dialed: {objection}")
        proved = entry is not None and entry.host == plain.host
        if not proved and not self._sparing.take(plain, now):
            return Ending(NOWHERE, f"{address} was dialed too often for peers not found there yet")
        return None

    def _said(self, entry: Entry) -> list[Address]:
        found = []
        for text in entry.record.addresses:
            try:
                address = Address.parse(text)
            except ValueError:
                continue
            name = literal(address.host) is None
            if name or self._judge.objection(address, loopback=entry.loopback) is None:
                found.append(address)
        return found
