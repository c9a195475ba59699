"""
The routes that tell of the whole network, as far as other nodes can be asked. They change nothing.
"""

from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.web.server import Request

from gossip.control import answers, documents, parameters
from gossip.control.looking import find, named
from gossip.control.naming import fits
from gossip.control.parameters import NoQuery
from gossip.control.parts import routes
from gossip.control.pouring import Pourings
from gossip.control.problems import Problem
from gossip.mesh.status import NotLinked, Unknown, Window
from gossip.sight.picture import Lookout

SELF: Final = "self"
"""Means the node that is asked, in the path of a pair."""


class Surveying:
    """What can be asked of the whole network over HTTP."""

    app = routes()

    def __init__(self, lookout: Lookout, window: Window, clock: IReactorTime) -> None:
        self._lookout = lookout
        self._window = window
        self._clock = clock
        self._pourings = Pourings(clock)

    @app.route("/v1/matrix", methods=["GET"])
    async def matrix(self, request: Request) -> None:
        """Who hears whom."""
        parameters.query(request.uri, NoQuery)
        with self._pourings.place() as pourings:
            found = await self._lookout.matrix()
            await pourings.pour(request, documents.matrix(found))

    @app.route("/v1/report", methods=["GET"])
    async def report(self, request: Request) -> bytes:
        """All that is wrong."""
        parameters.query(request.uri, NoQuery)
        return answers.document(request, documents.snapshot(await self._lookout.report()))

    @app.route("/v1/peers/<peer>/diagnosis", methods=["GET"])
    async def diagnosis(self, request: Request, peer: str) -> bytes:
        """What is wrong with one peer."""
        parameters.query(request.uri, NoQuery)
        found = await self._lookout.diagnosis(await self._either(peer))
        return answers.document(request, documents.snapshot(found))

    @app.route("/v1/peers/<peer>/past", methods=["GET"])
    async def past(self, request: Request, peer: str) -> bytes:
        """Our own pings to one peer."""
        parameters.query(request.uri, NoQuery)
        found = self._lookout.past(await named(peer, self._window, self._clock))
        return await answers.array(request, map(documents.snapshot, found), self._clock)

    @app.route("/v1/pairs/<author>/<peer>", methods=["GET"])
    async def pair(self, request: Request, author: str, peer: str) -> bytes:
        """What one node says of another."""
        parameters.query(request.uri, NoQuery)
        first, second = await self._either(author), await self._either(peer)
        if first == second:
            raise Problem("bad-request", "A pair is of two nodes, and the path names one twice.")
        try:
            found = await self._lookout.pair(first, second)
        except NotLinked:
            raise Problem(
                "not-linked",
                "The first of the two cannot be asked now: there is no link to it, and nobody has"
                " its row; GET /v1/peers/{peer}/diagnosis tells why.",
            ) from None
        return answers.document(request, documents.snapshot(found))

    async def _either(self, segment: str) -> str:
        """The id of a node that is a peer, or this one."""
        text, own = parameters.peer(segment), self._window.status()
        if text == SELF:
            return own.id
        try:
            return await find(text, self._window, self._clock)
        except Unknown:
            # Peers come first: to them a name means whom it means on every other route.
            if fits(text)(own):
                return own.id
            raise
