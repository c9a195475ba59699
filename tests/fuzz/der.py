"""
DER taken apart and put together again, with lengths that are right and yet not as they should be.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from attrs import define, field

_CONSTRUCTED: Final = 0x20
_DEEPEST: Final = 12
TAGS: Final = (0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x13, 0x17, 0x30, 0x31, 0xA0, 0xA3, 0x1F, 0x23)


@define(eq=False)
class Element:
    """One element: what is in it, or the elements that are."""

    tag: int
    body: bytes
    inside: "list[Element]" = field(factory=list)
    style: int = 0
    """How its length is written: 0 as DER wants it, n with n bytes more than that, -1 indefinite."""

    def everything(self) -> "Iterator[Element]":
        """This one and all below it."""
        yield self
        for element in self.inside:
            yield from element.everything()

    def encoded(self) -> bytes:
        """Its bytes."""
        body = b"".join(each.encoded() for each in self.inside) if self.inside else self.body
        if self.style < 0:
            return bytes([self.tag, 0x80]) + body + b"\0\0"
        if self.style == 0 and len(body) < 0x80:
            return bytes([self.tag, len(body)]) + body
        size = len(body).to_bytes((len(body).bit_length() + 7) // 8 + self.style, "big")
        return bytes([self.tag, 0x80 | len(size)]) + size + body


def read(data: bytes, level: int = 0) -> list[Element]:
    """
    The elements in a row.

    :raises ValueError: it is not made of such.
    """
    found = []
    while data:
        if len(data) < 2:
            raise ValueError
        at, length = 2, data[1]
        if length & 0x80:
            at += length & 0x7F
            length = int.from_bytes(data[2:at], "big")
        if at + length > len(data):
            raise ValueError
        element = Element(data[0], data[at : at + length])
        if element.tag & _CONSTRUCTED and level < _DEEPEST:
            element.inside = read(element.body, level + 1)
        found.append(element)
        data = data[at + length :]
    return found


def changed(data: bytes, random: Random, inner: Callable[[bytes, int], bytes]) -> bytes:
    """One element changed, and all lengths around it right; as `inner` does where it is not DER."""
    try:
        roots = read(data)
    except ValueError:
        return inner(data, len(data) + 16)
    whole = Element(0x30, b"", roots)
    parent = random.choice([each for each in whole.everything() if each.inside] or [whole])
    if not parent.inside:
        return inner(data, 16)
    at = random.randrange(len(parent.inside))
    _change(parent.inside, at, random, inner)
    return b"".join(each.encoded() for each in roots)


def _change(
    row: list[Element], at: int, random: Random, inner: Callable[[bytes, int], bytes]
) -> None:
    chosen = row[at]
    turn = random.random()
    if turn < 0.5:
        chosen.body, chosen.inside = inner(chosen.body, len(chosen.body) + 16), []
    elif turn < 0.6:
        chosen.tag = random.choice(TAGS)
    elif turn < 0.7:
        row.insert(at, random.choice(row))
    elif turn < 0.75:
        del row[at]
    elif turn < 0.85:
        other = random.randrange(len(row))
        row[at], row[other] = row[other], row[at]
    else:
        chosen.style = random.choice((-1, 1, 2, 4, 9))
