"""
What is answered where something cannot be done: problem documents (RFC 9457). Pure.
"""

from collections.abc import Mapping
from typing import Final

from gossip.control.naming import Ambiguous
from gossip.mesh.status import Conflict, NotLinked, Refusal, Unknown

MEDIA_TYPE: Final = "application/problem+json"

CANDIDATES: Final = 20
"""Peers listed where a text means several: a screen of them."""

_PREFIX: Final = "urn:p2p-gossip:problem:"

_KINDS: Final[Mapping[str, tuple[int, str]]] = {
    "bad-request": (400, "The request is not understood"),
    "refused": (400, "What was asked for is refused"),
    "unauthorized": (401, "The token of this node is needed"),
    "forbidden": (403, "This is not for other sites"),
    "no-such-route": (404, "There is nothing at this path"),
    "no-such-peer": (404, "There is no such peer"),
    "method-not-allowed": (405, "This cannot be done to what is at this path"),
    "ambiguous-peer": (409, "Several peers may be meant"),
    "not-linked": (409, "The peer has no link"),
    "conflict": (409, "It cannot be done as things are"),
    "length-required": (411, "The body does not say how large it is"),
    "too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body is of another type"),
    "misdirected": (421, "This node has another name"),
    "too-many-attempts": (429, "Too many wrong tokens"),
    "internal-error": (500, "The node failed at this"),
    "too-many": (503, "Too many at once"),
    "stopping": (503, "The node stops"),
}


class Problem(Exception):
    """
    An answer that says what is wrong and what to do.

    `kind` is the end of the problem's type; `headers` go with the answer, `members` into it.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail
        self.headers = headers or {}
        self.members = members or {}

    @property
    def status(self) -> int:
        """Of the HTTP answer."""
        return _KINDS[self.kind][0]

    def document(self) -> dict[str, object]:
        """As RFC 9457 has it."""
        status, title = _KINDS[self.kind]
        return {
            "type": _PREFIX + self.kind,
            "title": title,
            "status": status,
            "detail": self.detail,
            **self.members,
        }


def problem_of(error: BaseException) -> Problem | None:
    """What an error is to the one who asked; None where it is a fault of this program."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Unknown):
        return Problem(
            "no-such-peer",
            "No peer has this id, an id that begins so (4 digits at least), or this name;"
            " GET /v1/peers lists them all.",
        )
    if isinstance(error, NotLinked):
        return Problem(
            "not-linked",
            "There is no link to this peer now. It is dialed without being asked to, unless it"
            " left; GET /v1/links lists the links that are up.",
        )
    if isinstance(error, Ambiguous):
        return _ambiguous(error)
    if isinstance(error, Conflict):
        return Problem("conflict", str(error))
    if isinstance(error, Refusal):
        return Problem("refused", str(error))
    return None


def _ambiguous(error: Ambiguous) -> Problem:
    count = len(error.candidates)
    shown = [
        {"id": peer.id, "name": peer.name, "state": peer.state}
        for peer in error.candidates[:CANDIDATES]
    ]
    return Problem(
        "ambiguous-peer",
        f"This fits {count} peers; say more digits of the id of the one that you mean.",
        members={"candidates": shown},
    )
