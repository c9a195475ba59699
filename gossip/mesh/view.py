"""
The view: the records that count, in sums that tell two books apart (PROTOCOL §7).

Pure. The sums are kept as records come and go, and what is in a bucket is at hand, so that comparing
two books costs the same however thick they are.

A bucket of a thick book holds many records of which one differs. What differs can mostly be told from
the sums alone: the difference of two of them is the digest of the record that the other lacks, or that
of it and of the one that it replaced. It is a guess, and only ever the first answer: whoever asks
again about a bucket gets all of it.
"""

from collections.abc import Collection, Iterable, Iterator
from struct import Struct
from typing import Final

import msgspec
from attrs import define, field

from gossip.trust.identity import PeerId
from gossip.trust.records import Record
from gossip.wire.messages import BUCKETS, Sealed

THIN: Final = 4
"""Records in a bucket up to which all are told: to guess would save less than a wrong guess costs."""

MANY: Final = 32
"""Buckets that cannot be explained above which all are told whole: the books differ widely. Below it
it is mostly the other who knows more, and will be asked."""

_SUMS: Final = Struct(f">{BUCKETS}Q")


@define(eq=False, repr=False, weakref_slot=False)
class Held:
    """A record, as it came: a third of what it takes when it is read, and at worst a fortieth."""

    id: PeerId
    seq: int
    expires_at: float
    digest: int
    body: str | bytes
    """The text itself, which is shared with whoever reads it; in UTF-8 where that is smaller."""
    signature: str
    replaced: int = field(default=0, init=False)
    """The digest of the record whose place it took; 0 where it is the first."""

    @classmethod
    def of(cls, record: Record) -> "Held":
        """Hold a record."""
        sealed = record.sealed
        body = sealed.body if sealed.body.isascii() else sealed.body.encode()
        signature, until = sealed.signature, record.expires_at()
        return cls(record.id, record.seq, until, record.digest, body, signature)

    def sealed(self) -> Sealed:
        """As it goes out."""
        body = self.body if isinstance(self.body, str) else self.body.decode()
        return Sealed(body, self.signature)

    def is_of(self, sealed: Sealed) -> bool:
        """Whether it is this one to the byte."""
        return self.signature == sealed.signature and self.sealed().body == sealed.body


class Lacking(msgspec.Struct, frozen=True):
    """What to tell one who knows other records."""

    held: Iterable[Held]
    guessed: frozenset[int] = frozenset()
    """Buckets of which not all is told. Where they differ still, the next answer holds all of them."""

    def sealed(self) -> Iterator[Sealed]:
        """As they go out, each made when it is taken; nothing is held for one who has to wait."""
        for held in list(self.held):
            yield held.sealed()


class View:
    """The records that count, by the first byte of their ids."""

    def __init__(self) -> None:
        self.total = 0
        """The XOR of the digests of all."""
        self._sums = [0] * BUCKETS
        self._buckets: list[dict[PeerId, Held]] = [{} for _ in range(BUCKETS)]
        self._size = 0

    def __len__(self) -> int:
        """How many records count."""
        return self._size

    def __iter__(self) -> Iterator[Held]:
        """The records, in the order of their buckets."""
        return (held for bucket in self._buckets for held in bucket.values())

    def get(self, peer: PeerId) -> Held | None:
        """The record of a peer, if it counts."""
        return self._buckets[bucket_of(peer)].get(peer)

    def put(self, held: Held) -> None:
        """Let a record count, in the place of the one of its peer that does."""
        before = self.drop(held.id)
        if before is not None:
            held.replaced = before.digest
        self._buckets[bucket_of(held.id)][held.id] = held
        self._size += 1
        self._toggle(held)

    def drop(self, peer: PeerId) -> Held | None:
        """Let the record of a peer count no more; the one that did."""
        held = self._buckets[bucket_of(peer)].pop(peer, None)
        if held is not None:
            self._size -= 1
            self._toggle(held)
        return held

    def sums(self) -> bytes:
        """The 256 x 8 bytes that tell which records differ."""
        return _SUMS.pack(*self._sums)

    def lacking(self, theirs: bytes, guessed: frozenset[int] = frozenset()) -> Lacking:
        """What to tell one who has these sums; of the buckets `guessed` before, all that is there."""
        told: list[Held] = []
        guesses: set[int] = set()
        unexplained: list[int] = []
        for number, difference in self._differences(theirs):
            bucket = self._buckets[number]
            lacked: Iterable[Held] | None = bucket.values()
            # One that has the sum of nothing holds nothing.
            if len(bucket) > THIN and number not in guessed and difference != self._sums[number]:
                lacked = _explained(difference, bucket.values())
                guesses.add(number)
            if lacked is None:
                unexplained.append(number)
            else:
                told += lacked
        if len(unexplained) > MANY:
            guesses.difference_update(unexplained)
            told += (held for number in unexplained for held in self._buckets[number].values())
        return Lacking(told, frozenset(guesses))

    def _differences(self, theirs: bytes) -> Iterator[tuple[int, int]]:
        for number, sums in enumerate(zip(self._sums, _SUMS.unpack(theirs), strict=True)):
            ours, other = sums
            if ours != other:
                yield number, ours ^ other

    def _toggle(self, held: Held) -> None:
        self.total ^= held.digest
        self._sums[bucket_of(held.id)] ^= held.digest


def bucket_of(peer: PeerId) -> int:
    """The bucket in which a peer's record counts."""
    return int(peer[:2], 16)


def _explained(difference: int, bucket: Iterable[Held]) -> Collection[Held] | None:
    """
    The one or two records without which, or with those before them, the sum differs by this much.

    None where it takes more, or the other holds what we do not.
    """
    changes: dict[int, Held] = {}
    for held in bucket:
        changes[held.digest] = held
        if held.replaced:
            changes[held.digest ^ held.replaced] = held
    alone = changes.get(difference)
    if alone is not None:
        return (alone,)
    for change, held in changes.items():
        other = changes.get(difference ^ change)
        if other is not None and other is not held:
            return (held, other)
    return None
