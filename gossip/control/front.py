"""
The API as something that a port can serve.
"""

from collections.abc import Sequence
from typing import Final
from typing import Protocol as Shape

from attrs import frozen
from klein import Klein
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from gossip.control import answers, connections
from gossip.control.connections import (
    LARGEST_BODY,
    PATIENCE,
    BoundedChannel,
    BoundedRequest,
    Crowd,
    TurnedAway,
)
from gossip.control.metrics import Metrics
from gossip.control.problems import Problem
from gossip.control.reading import Reading
from gossip.control.sight import Sight
from gossip.control.stream import Streams
from gossip.control.surveying import Surveying
from gossip.control.writing import Writing
from gossip.logs import levels
from gossip.mesh.status import Desk
from gossip.surfaces.text import safe

AGAIN: Final = 1
"""Seconds after which one that found no place may come again."""

_STOPPING: Final = Problem("stopping", "The node stops, and answers nothing any more.")
_CROWDED: Final = Problem(
    "too-many",
    f"There are {connections.MOST} connections already; close one of them, or try again.",
    headers={"Retry-After": str(AGAIN)},
)


class Part(Shape):
    """Some of the routes."""

    app: Klein


class Gate(Shape):
    """Says who may come in."""

    def admit(self, request: BoundedRequest) -> None:
        """:raises Problem: the one who asks may not."""


class Open:
    """Lets everybody in: the system has seen to it who can be there."""

    def admit(self, request: BoundedRequest) -> None:
        """Anybody."""


@frozen
class Served:
    """Some of the routes, and what answers there."""

    app: Klein
    resource: IResource

    @classmethod
    def of(cls, part: Part) -> "Served":
        """The same as a resource."""
        return cls(part.app, part.app.resource())

    def methods(self, path: str) -> set[str]:
        """Those that it takes at a path; none where there is nothing."""
        return _methods(self.app, path)


class Routes(Resource):
    """
    Gives each request to the app that has a route for it, or says why there is none.

    Without a desk the writing app is not there, but what it would take is known, so that it is
    refused for what it is.
    """

    isLeaf = True

    def __init__(
        self, reading: Sequence[Part], writing: Part | None, crowd: Crowd, gate: Gate
    ) -> None:
        super().__init__()
        self._served = [Served.of(part) for part in (*reading, *([writing] if writing else []))]
        self._crowd = crowd
        self._gate = gate

    def render(self, request: IRequest) -> int:
        """Have one request answered."""
        assert isinstance(request, BoundedRequest)
        try:
            app = self._app(request)
        except Problem:
            request.write(answers.problem(request, Failure()))
            request.finish()
            return NOT_DONE_YET
        if app is not None:
            app.render(request)
        else:
            request.write(b"")
            request.finish()
        return NOT_DONE_YET

    def _app(self, request: BoundedRequest) -> IResource | None:
        """The app for a request; None where it only asks what there is (OPTIONS)."""
        if self._crowd.stopping:
            request.channel.persistent = False
            raise _STOPPING
        self._gate.admit(request)
        if request.oversize:
            raise Problem("too-large", f"A body may have {LARGEST_BODY} bytes.")
        method = request.method.decode("ascii")
        path = "/" + b"/".join(request.postpath).decode("ascii")
        allowed: set[str] = set()
        for served in self._served:
            methods = served.methods(path)
            if method in methods:
                return served.resource
            allowed |= methods
        if not allowed and not _methods(Writing.app, path):
            raise Problem("no-such-route", "GET /v1/openapi.json tells all paths that there are.")
        allow = ", ".join(sorted({*allowed, "OPTIONS"}))
        if method == "OPTIONS":
            answers.head(request, None, 204)
            request.setHeader("Allow", allow)
            return None
        raise Problem(
            "method-not-allowed",
            f"This door takes {allow} at this path.",
            headers={"Allow": allow},
        )


class Front(Factory[Protocol]):
    """All of it, bounded; to be listened with."""

    _log = Logger(observer=levels)
    noisy = False

    def __init__(
        self,
        sight: Sight,
        desk: Desk | None,
        clock: IReactorTime,
        *,
        gate: Gate | None = None,
        more: Sequence[Part] = (),
        patience: int = PATIENCE,
    ) -> None:
        """
        For whoever comes in by the `gate`; all do where there is none.

        Without a `desk` nothing can be changed. `more` are routes beside those of the API. A request
        has `patience` seconds to come.
        """
        super().__init__()
        self._clock = clock
        self._patience = patience
        # Behind a gate are strangers.
        self._takes_chunks = gate is None
        self._streams = Streams(sight.chronicle, clock)
        self._crowd = Crowd(clock)
        self._metrics = Metrics(sight.window, sight.instruments, clock)
        reading: list[Part] = [
            Reading(sight.window, sight.chronicle, self._streams, clock),
            Surveying(sight.lookout, sight.window, clock),
            self._metrics,
            *more,
        ]
        writing = None if desk is None else Writing(sight.window, desk, clock)
        # It is never listened with: it would keep a log, and a clock for it.
        self._site = Site(
            Routes(reading, writing, self._crowd, gate or Open()),
            reactor=clock,
            parsePOSTFormSubmission=False,
        )

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """A connection, or one that is turned away."""
        if self._crowd.stopping:
            return TurnedAway(_STOPPING)
        if len(self._crowd) >= connections.MOST:
            return TurnedAway(_CROWDED)
        channel = BoundedChannel(
            self._site,
            self._crowd,
            self._clock,
            self._patience,
            takes_chunks=self._takes_chunks,
        )
        channel.factory = self
        return channel

    def log(self, request: Request) -> None:
        """An answer is given; the channel tells."""
        self._log.debug(
            "{method} {target}: {code}",
            method=request.method.decode("ascii", "replace"),
            target=safe(request.uri.decode("latin-1")),
            code=request.code,
        )

    async def stop(self) -> None:
        """
        End the streams, let answers out that are being given, and close all connections.

        Whoever listens stops that first. It takes `connections.GRACE` seconds at most.
        """
        self._streams.end()
        self._metrics.stop()
        await self._crowd.disperse()


def _methods(app: Klein, path: str) -> set[str]:
    return set(app.url_map.bind("node").allowed_methods(path))
