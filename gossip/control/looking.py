"""
Looking at all peers, of which there may be thousands: some at a time, as the node has pings to answer.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final, TypeVar

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from gossip.control import parameters
from gossip.control.naming import fits, is_whole, only
from gossip.mesh.status import Window

BATCH: Final = 100
"""Looked at in one turn: about 3 ms."""

T = TypeVar("T")


async def chosen(items: Iterable[T], fit: Callable[[T], bool], clock: IReactorTime) -> list[T]:
    """Those that fit, in their order."""
    found: list[T] = []
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        found += filter(fit, batch)
        if len(batch) == BATCH:
            await deferLater(clock, 0)
    return found


async def find(text: str, window: Window, clock: IReactorTime) -> str:
    """
    The id of the peer of a node that is meant (see `naming`); for a whole id, only that one is looked at.

    :raises Unknown: it fits none.
    :raises Ambiguous: it fits several.
    """
    if is_whole(text):
        return window.peer(text.lower()).id
    return only(text, await chosen(window.peers(), fits(text), clock))


async def named(segment: str, window: Window, clock: IReactorTime) -> str:
    """
    The same for a segment of a path.

    :raises Problem: it is not UTF-8.
    """
    return await find(parameters.peer(segment), window, clock)
