"""
Who has shown the token of `--http-token`, and how often one may try.
"""

import hmac
import secrets
from collections import OrderedDict
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from twisted.internet.interfaces import IReactorTime

from gossip.control.problems import Problem
from gossip.wire.bucket import Bucket, Rate

MOST: Final = 256
"""Sessions at once: many people with some browsers each. The one not used for longest goes first."""

LASTING: Final = 7 * 86400.0
"""Seconds after which a session that was not used ends: a screen on a wall is used all the time."""

TRIES: Final = Rate(per_second=0.1, at_once=10)
"""Wrong tokens from one address: who mistypes has enough, and guessing 16 characters takes for ever."""

SOURCES: Final = 1024
"""Addresses that are remembered for having been wrong; the one that was so least lately goes first."""

_VALUE: Final = 32
"""Random bytes of a session."""


class Sessions:
    """Those who may come in."""

    def __init__(self, token: str, clock: IReactorTime) -> None:
        self._token = _digest(token)
        self._clock = clock
        self._used: OrderedDict[bytes, float] = OrderedDict()
        self._wrong: OrderedDict[str, Bucket] = OrderedDict()

    def takes(self, token: str, source: str) -> bool:
        """
        Whether it is the token, said by somebody at the address `source`.

        :raises Problem: it was not too often, from there.
        """
        key, now = _network(source), self._clock.seconds()
        bucket = self._wrong.get(key)
        if bucket is not None and bucket.left(now) < 1:
            raise Problem(
                "too-many-attempts",
                "Too many wrong tokens came from your address; wait, and see that it is the right one.",
                headers={"Retry-After": str(round(1 / TRIES.per_second))},
            )
        # Of digests, as the time for a comparison tells how long what is compared is.
        if hmac.compare_digest(_digest(token), self._token):
            return True
        self._note(key, now)
        return False

    def begin(self) -> str:
        """A new session, by its secret value."""
        value = secrets.token_urlsafe(_VALUE)
        self._used[_digest(value)] = self._clock.seconds()
        if len(self._used) > MOST:
            self._used.popitem(last=False)
        return value

    def has(self, value: str) -> bool:
        """Whether there is a session with this value; it is used by that."""
        key, now = _digest(value), self._clock.seconds()
        used = self._used.get(key)
        if used is None:
            return False
        if now - used > LASTING:
            del self._used[key]
            return False
        self._used[key] = now
        self._used.move_to_end(key)
        return True

    def _note(self, key: str, now: float) -> None:
        bucket = self._wrong.setdefault(key, Bucket(TRIES))
        bucket.take(now)
        self._wrong.move_to_end(key)
        if len(self._wrong) > SOURCES:
            self._wrong.popitem(last=False)


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogateescape")).digest()


def _network(source: str) -> str:
    """One address of IPv4, or the /64 of which somebody with one of IPv6 has all."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if not isinstance(address, IPv6Address):
        return source
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False))
