"""
Asking the API without sockets: a client that holds both ends of each connection.
"""

import json
from collections.abc import Mapping, Sequence
from http.client import HTTPResponse
from io import BytesIO
from typing import Any

from attrs import define, field, frozen
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gossip.control.front import Front, Gate, Part
from gossip.control.sight import Sight
from tests.cases import UnitCase
from tests.control import described
from tests.control.fakes import (
    FakeChronicle,
    FakeDesk,
    FakeInstruments,
    FakeLookout,
    FakeWindow,
    chronicle,
    sight,
)


@frozen
class Answer:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """Its document."""
        return json.loads(self.content)

    @property
    def kind(self) -> str:
        """Of the problem that it is."""
        kind: str = self.json["type"]
        return kind.rpartition(":")[2]


class _Bytes:
    """As much of a socket as `HTTPResponse` wants."""

    def __init__(self, file: BytesIO) -> None:
        self._file = file

    def makefile(self, mode: str) -> BytesIO:
        """What was received."""
        return self._file


class _Kept(BytesIO):
    """A file that can be read on when one response is done with it."""

    def close(self) -> None:
        """Stay open."""


def answers(written: bytes, *methods: str) -> list[Answer]:
    """The answers in what a server wrote, to requests with these methods."""
    file, found = _Kept(written), []
    for method in methods:
        response = HTTPResponse(_Bytes(file), method=method)  # type: ignore[arg-type]
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        found.append(Answer(response.status, headers, response.read()))
    assert file.read() == b"", "there is more than was asked for"
    return found


def request(
    method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """A request as it is sent."""
    lines = [f"{method} {target} HTTP/1.1", "Host: node"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


class Transport(StringTransport):
    """A connection that can be cut, and filled."""

    def abortConnection(self) -> None:
        """Cut."""
        self.aborting = True
        self.loseConnection()

    aborting = False


class Connection:
    """One connection to the API, both ends of it."""

    def __init__(self, front: Front) -> None:
        self.transport = Transport()
        self.protocol: Any = front.buildProtocol(None)
        self.protocol.makeConnection(self.transport)

    def send(self, written: bytes) -> bytes:
        """Send bytes; what was written until now is returned, once."""
        self.protocol.dataReceived(written)
        return self.read()

    def read(self) -> bytes:
        """What was written since the last time."""
        written: bytes = self.transport.value()
        self.transport.clear()
        return written

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, take one answer, and see that it is described."""
        written = self.send(request(method, target, body, headers))
        [answer] = answers(written, method)
        media_type = answer.headers.get("content-type", "")
        path = target.partition("?")[0].replace("%73", "s")
        if path.startswith("/v1"):
            described.check(method, path, answer.status, media_type, answer.content)
        return answer

    def lose(self) -> None:
        """The connection is gone."""
        self.protocol.connectionLost(Failure(ConnectionDone()))


@define(eq=False)
class House:
    """A front with a fake node behind it."""

    clock: Clock
    window: FakeWindow = field(factory=FakeWindow)
    history: FakeChronicle = field(factory=chronicle)
    lookout: FakeLookout = field(factory=FakeLookout)
    instruments: FakeInstruments = field(factory=FakeInstruments)
    writable: bool = True
    gate: Gate | None = None
    more: Sequence[Part] = ()
    desk: FakeDesk = field(init=False)
    front: Front = field(init=False)
    connections: list[Connection] = field(factory=list)

    @property
    def sight(self) -> Sight:
        """What is seen of it."""
        return sight(self.window, self.history, self.lookout, self.instruments)

    def __attrs_post_init__(self) -> None:
        self.desk = FakeDesk(self.window)
        desk = self.desk if self.writable else None
        self.front = Front(self.sight, desk, self.clock, gate=self.gate, more=self.more)

    def connect(self) -> Connection:
        """One more connection."""
        made = Connection(self.front)
        self.connections.append(made)
        return made

    def ask(self, method: str, target: str, *more: Any, **named: Any) -> Answer:
        """Ask on a connection of its own."""
        connection = Connection(self.front)
        try:
            return connection.ask(method, target, *more, **named)
        finally:
            connection.lose()

    def close(self) -> None:
        """End all connections."""
        for each in self.connections:
            each.lose()
        self.front._metrics.stop()


class HouseCase(UnitCase):
    """Has one."""

    def house(self, **named: Any) -> House:
        """A front whose connections end, and leave nothing behind, with the test."""
        made = House(self.clock(), **named)
        self.addCleanup(made.close)
        return made
