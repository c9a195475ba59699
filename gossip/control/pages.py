"""
The page, and its files: whatever is in the package `gossip.page`, and nothing else.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from attrs import frozen
from twisted.web.server import Request

from gossip.control import answers, parameters
from gossip.control.parameters import NoQuery
from gossip.control.parts import routes
from gossip.control.problems import Problem

INDEX: Final = "index.html"

_TYPES: Final[Mapping[str, str]] = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ico": "image/vnd.microsoft.icon",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "mjs": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
}
"""Those of the machine may be others, and a browser would not run what it is told is text."""

_OTHER: Final = "application/octet-stream"


@frozen
class File:
    """One of the files."""

    content: bytes
    media_type: str
    tag: str
    """Changes with the content (RFC 9110 §8.8.3)."""

    @classmethod
    def of(cls, name: str, content: bytes) -> "File":
        """The file with this name."""
        suffix = name.rpartition(".")[2]
        tag = f'"{sha256(content).hexdigest()[:32]}"'
        return cls(content, _TYPES.get(suffix, _OTHER), tag)


def packaged() -> dict[str, File]:
    """The files of the page by their names, which may have slashes; read once."""
    return below(files("gossip.page").joinpath("static"))


def below(root: Any) -> dict[str, File]:
    """The files below a directory, whatever holds it, but for hidden ones."""
    return {name: File.of(name, found.read_bytes()) for name, found in _walked(root, "")}


class Pages:
    """What a browser shows."""

    app = routes()

    def __init__(self, known: Mapping[str, File]) -> None:
        self._files = known

    @app.route("/", methods=["GET"])
    def page(self, request: Request) -> bytes:
        """The page. What is behind the question mark is its own."""
        return _told(request, self._files[INDEX])

    @app.route("/static/<path:name>", methods=["GET"])
    def file(self, request: Request, name: str) -> bytes:
        """One of its files."""
        parameters.query(request.uri, NoQuery)
        if name not in self._files:
            raise Problem("no-such-route", "The page has no such file.")
        return _told(request, self._files[name])


def _told(request: Request, file: File) -> bytes:
    has = (request.getHeader("if-none-match") or "").split(",")
    if file.tag in (tag.strip().removeprefix("W/") for tag in has) or has == ["*"]:
        answers.head(request, None, 304)
        content = b""
    else:
        content = answers.body(request, file.content, file.media_type)
    request.setHeader("ETag", file.tag)
    # It may be kept, and is asked for all the same: a new version of the program has others.
    request.setHeader("Cache-Control", "no-cache")
    return content


def _walked(directory: Any, before: str) -> Iterator[tuple[str, Any]]:
    for found in sorted(directory.iterdir(), key=lambda one: one.name):
        name = f"{before}{found.name}"
        if found.name.startswith("."):
            continue
        if found.is_dir():
            yield from _walked(found, f"{name}/")
        else:
            yield name, found
