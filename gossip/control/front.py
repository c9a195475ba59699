"""
The API as something that a port can serve.
"""

from typing import Final

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
    BoundedChannel,
    BoundedRequest,
    Crowd,
    TurnedAway,
)
from gossip.control.problems import Problem
from gossip.control.reading import Reading
from gossip.control.stream import Streams
from gossip.control.writing import Writing
from gossip.logs import levels
from gossip.mesh.status import Chronicle, Desk, Window
from gossip.surfaces.text import safe

AGAIN: Final = 1
"""Seconds after which one that found no place may come again."""

_STOPPING: Final = Problem("stopping", "The node stops, and answers nothing any more.")
_CROWDED: Final = Problem(
    "too-many",
    f"There are {connections.MOST} connections already; close one of them, or try again.",
    headers={"Retry-After": str(AGAIN)},
)


class Routes(Resource):
    """
    Gives each request to the app that has a route for it, or says why there is none.

    Without a desk the writing app is not there, but what it would take is known, so that it is
    refused for what it is.
    """

    isLeaf = True

    def __init__(self, reading: IResource, writing: IResource | None, crowd: Crowd) -> None:
        super().__init__()
        self._reading = reading
        self._writing = writing
        self._crowd = crowd

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
        if request.oversize:
            raise Problem("too-large", f"A body may have {LARGEST_BODY} bytes.")
        method = request.method.decode("ascii")
        path = "/" + b"/".join(request.postpath).decode("ascii")
        reads, writes = _methods(Reading.app, path), _methods(Writing.app, path)
        if not reads and not writes:
            raise Problem("no-such-route", "GET /v1/openapi.json tells all paths that there are.")
        if method in reads:
            return self._reading
        if method in writes and self._writing is not None:
            return self._writing
        allowed = reads if self._writing is None else reads | writes
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
        self, window: Window, desk: Desk | None, chronicle: Chronicle, clock: IReactorTime
    ) -> None:
        super().__init__()
        self._clock = clock
        self._streams = Streams(chronicle, clock)
        self._crowd = Crowd(clock)
        reading = Reading(window, chronicle, self._streams, clock).app.resource()
        writing = None if desk is None else Writing(window, desk, clock).app.resource()
        # It is never listened with: it would keep a log, and a clock for it.
        self._site = Site(
            Routes(reading, writing, self._crowd), reactor=clock, parsePOSTFormSubmission=False
        )

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """A connection, or one that is turned away."""
        if self._crowd.stopping:
            return TurnedAway(_STOPPING)
        if len(self._crowd) >= connections.MOST:
            return TurnedAway(_CROWDED)
        channel = BoundedChannel(self._site, self._crowd, self._clock)
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
        await self._crowd.disperse()


def _methods(app: Klein, path: str) -> set[str]:
    return set(app.url_map.bind("node").allowed_methods(path))
