"""
May this peer link?

Today's policy is trust on first use: who holds a key of an allowed kind is who that key says, and
is let in; nobody can then speak for it without that key.
"""

from typing import NamedTuple, TypeAlias

from msgspec import Struct

from gossip.trust.identity import PeerId, short


class Admitted(Struct, frozen=True):
    """The peer may link."""


class Refused(NamedTuple):
    """The peer may not; `code` is for programs and for `bye`, `reason` for people."""

    code: str
    reason: str


Verdict: TypeAlias = Admitted | Refused


class Policy(NamedTuple):
    """Judges a peer by the id that TLS has proved."""

    own: PeerId

    def judge(self, peer: PeerId, expected: PeerId | None = None) -> Verdict:
        """Whether `peer` may link; `expected` is who was dialed, where that is known."""
        if peer == self.own:
            return Refused("self", "it is this node itself")
        if expected is not None and peer != expected:
            return Refused("identity", f"expected {short(expected)}, found {short(peer)}")
        return Admitted()
