"""
HTTP over the Unix socket of a node. What it answers is bounded, checked, and waited for only so long.
"""

import errno
import json
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import Final, TypeVar
from urllib.parse import quote_from_bytes, urlencode

import msgspec
from attrs import field, frozen

from gossip.client.errors import Failed, NotRunning

ANSWER_WAIT: Final = 10.0
"""Seconds for the next bytes of an answer: a node that is this late hangs."""

LOOK_WAIT: Final = 45.0
"""The same where the node asks all others first, which it does for half a minute at most."""

PING_WAIT: Final = 200.0
"""The same for a ping, which a peer may answer within three heartbeats of a minute."""

SILENCE: Final = 45.0
"""Seconds without a line after which a stream is dead: the node sends one each 15."""

LONGEST_ANSWER: Final = 64 << 20
"""Bytes: 10,000 peers with all that a record may hold fit in."""

LONGEST_PROBLEM: Final = 64 << 10

_PROBLEM: Final = "urn:p2p-gossip:problem:"

_IN_COMMANDS: Final[Mapping[str, str]] = {
    "no-such-peer": "no peer has this name, or an id that begins so; p2p-gossip peers lists all",
    "not-linked": (
        "there is no link to this peer now; p2p-gossip peers tells its state, and p2p-gossip links"
        " lists the links that are up"
    ),
}
"""What to do about problems where the node itself tells of its routes."""

T = TypeVar("T")


@frozen(kw_only=True)
class Candidate:
    """One of the peers that an ambiguous word may mean."""

    id: str
    name: str = ""
    state: str = ""


@frozen(kw_only=True)
class Problem:
    """A problem document (RFC 9457), as far as it is shown."""

    type: str = ""
    title: str = ""
    detail: str = ""
    status: int = 0
    candidates: Sequence[Candidate] = ()


class Refused(Failed):
    """The node does not do this; the text is what it said."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Silent(Failed):
    """The node said nothing for too long."""


class _UnixConnection(HTTPConnection):
    """HTTP to a path. `line` is its socket, also where a response has taken that over."""

    def __init__(self, path: str, wait: float) -> None:
        super().__init__("localhost")
        self._path = path
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(wait)

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = self.line
        self.line.connect(self._path)

    def close(self) -> None:
        """Close it, connected or not."""
        super().close()
        self.line.close()


@frozen
class Node:
    """A node that is asked; each question is a connection of its own."""

    path: str
    now: Callable[[], float]

    def get(self, kind: type[T], *way: str, query: Sequence[tuple[str, object]] = ()) -> T:
        """
        Ask for what is at the path made of these words.

        :raises Failed: there is no answer, or another than this kind.
        """
        return understood(self.ask("GET", *way, query=query), kind)

    def ask(
        self,
        method: str,
        *way: str,
        query: Sequence[tuple[str, object]] = (),
        body: Mapping[str, str] | None = None,
        wait: float = ANSWER_WAIT,
    ) -> bytes:
        """
        One request; the body of what is answered.

        :raises NotRunning: nobody answers there. :raises Refused: the node does not do it.
        :raises Failed: what comes is no answer.
        """
        with (
            self._request(method, _target(way, query), body, {}, wait) as (_, response),
            _explained(self.path),
        ):
            answer = response.read(LONGEST_ANSWER + 1)
            # What ends too early is told by read() without a size only.
            if response.length and len(answer) <= LONGEST_ANSWER:
                raise IncompleteRead(answer, response.length)
        if len(answer) > LONGEST_ANSWER:
            raise Failed(f"the node at {self.path} answers more than {LONGEST_ANSWER >> 20} MiB")
        return answer

    @contextmanager
    def stream(self, last: int | None, wait: float) -> Iterator["Lines"]:
        """
        The lines of the event stream, first those kept after number `last`.

        `wait` seconds are given to the node for its headers. Raises as `ask` does.
        """
        headers = {"Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        target = _target(("events",), ())
        with self._request("GET", target, None, headers, wait) as (line, response):
            yield Lines(self.path, line, response)

    @contextmanager
    def _request(
        self,
        method: str,
        target: str,
        body: Mapping[str, str] | None,
        headers: Mapping[str, str],
        wait: float,
    ) -> Iterator[tuple[socket.socket, HTTPResponse]]:
        connection = _UnixConnection(self.path, wait)
        try:
            with _explained(self.path):
                content = None if body is None else json.dumps(body).encode()
                kind = {} if body is None else {"Content-Type": "application/json"}
                connection.request(method, target, content, {**headers, **kind})
                response = connection.getresponse()
                if not 200 <= response.status < 300:
                    raise _refused(response)
            yield connection.line, response
        finally:
            connection.close()


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Say of what goes wrong with a connection what it means, and what to do."""
    try:
        yield
    except TimeoutError:
        raise Silent(f"the node at {path} does not answer; it may hang") from None
    except PermissionError:
        raise Failed(
            f"{path} is not open to you; ask as the user that the node runs as, or as root"
        ) from None
    except (FileNotFoundError, NotADirectoryError):
        raise NotRunning(f"no node runs at {path}: there is no such socket") from None
    except ConnectionRefusedError:
        raise NotRunning(f"no node runs at {path}: nobody listens there") from None
    except (ConnectionError, HTTPException, EOFError) as error:
        raise NotRunning(f"the node at {path} hung up: {error or type(error).__name__}") from None
    except OSError as error:
        if error.errno == errno.EAGAIN:
            raise NotRunning(f"the node at {path} is too busy to answer; ask again") from None
        raise Failed(f"{path} cannot be used: {error.strerror or error}") from None


@frozen(eq=False)
class Lines:
    """The lines of a stream that does not end by itself."""

    path: str
    _line: socket.socket
    _response: HTTPResponse
    longest: int = field(default=1 << 20)
    """Bytes of a line. The longest event has a text of 1,024 characters."""

    def next(self, wait: float) -> str | None:
        """
        The next one, without its end; None where the stream ended.

        :raises Silent: it did not come within `wait` seconds; then no more can be read.
        :raises NotRunning: the connection broke.
        """
        # A time-out of 0 means "do not block".
        self._line.settimeout(max(wait, 0.001))
        with _explained(self.path):
            line = self._response.readline(self.longest)
        if len(line) >= self.longest:
            raise Failed(f"the node at {self.path} sends a line that is too long")
        return line.rstrip(b"\r\n").decode(errors="replace") if line else None


def understood(answer: bytes | str, kind: type[T]) -> T:
    """
    What an answer says.

    :raises Failed: it is not of this kind.
    """
    try:
        # The standard library's: msgspec takes no lone surrogates, which a peer may have in its name.
        return msgspec.convert(json.loads(answer), kind)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise Failed(
            f"the node's answer is not understood: {error}; is it of the same version?"
        ) from None


def _target(way: Sequence[str], query: Sequence[tuple[str, object]]) -> str:
    # What the command line gave may be no UTF-8; then these very bytes are asked for.
    words = [quote_from_bytes(_bytes(word), safe="") for word in ("v1", *way)]
    pairs = [(_bytes(name), _bytes(str(value))) for name, value in query]
    return "/" + "/".join(words) + (f"?{urlencode(pairs)}" if pairs else "")


def _bytes(word: str) -> bytes:
    return word.encode(errors="surrogateescape")


def _refused(response: HTTPResponse) -> Refused:
    """What a response that is no success says."""
    text = f"{response.status} {response.reason}".strip()
    try:
        problem = understood(response.read(LONGEST_PROBLEM), Problem)
    except Failed:
        problem = Problem()
    said = _IN_COMMANDS.get(problem.type.removeprefix(_PROBLEM)) or _inner(
        (problem.detail or problem.title).rstrip(".")
    )
    if not said:
        said = f"the node answers {text}"
    elif problem.candidates:
        said = f"{said}: {_named(problem.candidates)}"
    return Refused(said, response.status)


def _inner(sentence: str) -> str:
    """A sentence as it stands after a colon."""
    first = sentence.partition(" ")[0]
    plain = first == "A" or (first[:1].isupper() and first[1:].islower())
    return f"{first[0].lower()}{sentence[1:]}" if plain else sentence


def _named(candidates: Sequence[Candidate]) -> str:
    shorts = {one.id[:12] for one in candidates}
    long = 12 if len(shorts) == len(candidates) else None
    return ", ".join(
        f"{one.id[:long]} ({one.name or '-'}, {one.state or '?'})" for one in candidates
    )
