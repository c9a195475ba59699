"""
How answers are written: headers, documents, problems.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request

from gossip.control import documents
from gossip.control.problems import MEDIA_TYPE, Problem, problem_of
from gossip.logs import levels

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""
On every answer, for browsers: it is true for a moment only, it is what it says it is, nothing in it
is a program that does not come from here, and the pages of others neither frame it nor read it.
"""

BATCH: Final = 100
"""Objects written at one go: about a millisecond or two; the node has pings to answer meanwhile."""

_log = Logger(observer=levels)


def document(request: Request, content: object, status: int = 200) -> bytes:
    """The body of an answer with one JSON document, and its headers."""
    return body(request, documents.text(content) + b"\n", "application/json", status)


async def array(request: Request, items: Iterable[object], clock: IReactorTime) -> bytes:
    """The same with an array, one item a line, made piece by piece."""
    pieces: list[bytes] = []
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        if pieces:
            await deferLater(clock, 0)
        pieces.append(b",\n".join(map(documents.text, batch)))
    return body(request, b"[" + b",\n".join(pieces) + b"]\n", "application/json")


def problem(request: Request, failure: Failure) -> bytes:
    """The body of an answer that says what went wrong; what is our fault is logged."""
    assert failure.value is not None
    found = problem_of(failure.value)
    if found is None:
        _log.failure("while answering a request", failure)
        found = Problem(
            "internal-error", "This is a bug, and the node's log tells more. The node runs on."
        )
    for name, value in found.headers.items():
        request.setHeader(name, value)
    return body(request, documents.text(found.document()) + b"\n", MEDIA_TYPE, found.status)


def body(request: Request, content: bytes, media_type: str, status: int = 200) -> bytes:
    """`content`, after the headers that tell of it were set."""
    head(request, media_type, status)
    request.setHeader("Content-Length", str(len(content)))
    return content


def head(request: Request, media_type: str | None, status: int = 200) -> None:
    """Set what comes before a body of any length."""
    request.setResponseCode(status)
    for name, value in HEADERS.items():
        request.setHeader(name, value)
    if media_type is not None:
        request.setHeader("Content-Type", media_type)


def raw(found: Problem) -> bytes:
    """A whole answer with a problem, for connections on which no request was understood."""
    content = documents.text(found.document()) + b"\n"
    lines = [
        f"HTTP/1.1 {found.status} {found.document()['title']}",
        *(f"{name}: {value}" for name, value in {**HEADERS, **found.headers}.items()),
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(content)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + content
