"""
The routes that have a node do something. Who asked for what is logged.
"""

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.server import Request

from gossip.control import answers, parameters
from gossip.control.callers import caller
from gossip.control.looking import named
from gossip.control.parameters import ConnectBody, NoBody, NoQuery, Shape
from gossip.control.parts import routes
from gossip.logs import levels
from gossip.mesh.status import Desk, Window
from gossip.surfaces.text import safe


class Writing:
    """What can be ordered over HTTP."""

    app = routes()
    _log = Logger(observer=levels)

    def __init__(self, window: Window, desk: Desk, clock: IReactorTime) -> None:
        self._window = window
        self._desk = desk
        self._clock = clock

    @app.route("/v1/peers/<peer>/ping", methods=["POST"])
    async def ping(self, request: Request, peer: str) -> bytes:
        """Ping a peer now."""
        _body(request, NoBody)
        found = await named(peer, self._window, self._clock)
        self._note(request, f"ping {found}")
        took = await self._desk.ping(found)
        return answers.document(request, {"peer": found, "rtt_ms": took})

    @app.route("/v1/peers/<peer>", methods=["DELETE"])
    async def forget(self, request: Request, peer: str) -> bytes:
        """Forget a peer."""
        _body(request, NoBody)
        found = await named(peer, self._window, self._clock)
        self._note(request, f"forget {found}")
        self._desk.forget(found)
        answers.head(request, None, 204)
        return b""

    @app.route("/v1/connections", methods=["POST"])
    def connect(self, request: Request) -> bytes:
        """Join through an address."""
        address = _body(request, ConnectBody).address
        self._note(request, f"connect to {address}")
        self._desk.connect(address)
        return answers.document(request, {"address": address}, 202)

    @app.route("/v1/leave", methods=["POST"])
    def leave(self, request: Request) -> bytes:
        """Stop the node."""
        _body(request, NoBody)
        self._note(request, "leave")
        status = self._window.status()
        self._desk.leave()
        return answers.document(request, {"id": status.id}, 202)

    @app.route("/v1/reload", methods=["POST"])
    def reload(self, request: Request) -> bytes:
        """Read the configuration again."""
        _body(request, NoBody)
        self._note(request, "reload")
        return answers.document(request, {"changed": list(self._desk.reload())})

    def _note(self, request: Request, what: str) -> None:
        self._log.info("{caller} asks to {what}", caller=caller(request.transport), what=safe(what))


def _body(request: Request, shape: type[Shape]) -> Shape:
    parameters.query(request.uri, NoQuery)
    assert request.content is not None
    written = request.content.read()
    return parameters.body(written, request.getHeader("content-type"), shape)
