"""
The routes that tell how a node is, and change nothing.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from importlib.resources import files
from typing import Final

from msgspec import UNSET
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.web.server import Request

from gossip.control import answers, documents, parameters
from gossip.control.looking import chosen, named
from gossip.control.parameters import EventsQuery, HistoryQuery, NoQuery, PeersQuery
from gossip.control.parts import routes
from gossip.control.stream import Streams
from gossip.mesh.status import Chronicle, Occurrence, PeerStatus, Window

PAGE: Final = 500
"""Events looked through at one go, where only some are asked for."""


class Reading:
    """What can be asked over HTTP."""

    app = routes()

    def __init__(
        self, window: Window, chronicle: Chronicle, streams: Streams, clock: IReactorTime
    ) -> None:
        self._window = window
        self._chronicle = chronicle
        self._streams = streams
        self._clock = clock
        self._description = files("gossip.control").joinpath("openapi.json").read_bytes()

    @app.route("/v1/status", methods=["GET"])
    def status(self, request: Request) -> bytes:
        """How the node is."""
        parameters.query(request.uri, NoQuery)
        return answers.document(request, documents.snapshot(self._window.status()))

    @app.route("/v1/peers", methods=["GET"])
    async def peers(self, request: Request) -> bytes:
        """The peers that fit the query."""
        wanted = parameters.query(request.uri, PeersQuery)
        fit = partial(_fits, wanted=wanted)
        found = await chosen(self._window.peers(), fit, self._clock)
        return await answers.array(request, map(documents.snapshot, found), self._clock)

    @app.route("/v1/peers/<peer>", methods=["GET"])
    async def peer(self, request: Request, peer: str) -> bytes:
        """One peer."""
        parameters.query(request.uri, NoQuery)
        found = self._window.peer(await named(peer, self._window, self._clock))
        return answers.document(request, documents.snapshot(found))

    @app.route("/v1/links", methods=["GET"])
    async def links(self, request: Request) -> bytes:
        """The links that are up."""
        parameters.query(request.uri, NoQuery)
        found = await chosen(self._window.links(), lambda _: True, self._clock)
        return await answers.array(request, map(documents.snapshot, found), self._clock)

    @app.route("/v1/links/<peer>", methods=["GET"])
    async def link(self, request: Request, peer: str) -> bytes:
        """The link to one peer."""
        parameters.query(request.uri, NoQuery)
        found = self._window.link(await named(peer, self._window, self._clock))
        return answers.document(request, documents.snapshot(found))

    @app.route("/v1/history", methods=["GET"])
    async def history(self, request: Request) -> bytes:
        """What happened, as far as it is kept."""
        wanted = parameters.query(request.uri, HistoryQuery)
        found = await (self._after(wanted) if wanted.after >= 0 else self._newest(wanted))
        return await answers.array(request, map(documents.kept, found), self._clock)

    @app.route("/v1/events", methods=["GET"])
    async def events(self, request: Request) -> None:
        """What happens, from now or from a number on."""
        after = parameters.query(request.uri, EventsQuery).after
        # A browser that comes back asks as it asked at first, and adds the header.
        last = request.getHeader("last-event-id")
        if last:
            after = parameters.number(last)
        await self._streams.tell(request, after if after >= 0 else None)

    @app.route("/v1/counters", methods=["GET"])
    def counters(self, request: Request) -> bytes:
        """Numbers since the start, and levels."""
        parameters.query(request.uri, NoQuery)
        return answers.document(request, dict(self._window.counters()))

    @app.route("/v1/openapi.json", methods=["GET"])
    def description(self, request: Request) -> bytes:
        """What all of this is, for programs."""
        parameters.query(request.uri, NoQuery)
        return answers.body(request, self._description, "application/json")

    async def _after(self, wanted: HistoryQuery) -> list[Occurrence]:
        found: list[Occurrence] = []
        at = wanted.after
        while len(found) < wanted.limit:
            page = self._chronicle.since(at, PAGE)
            found += _chosen(page, wanted)
            if len(page) < PAGE or page[-1].number >= wanted.before:
                break
            at = page[-1].number
            await deferLater(self._clock, 0)
        return found[: wanted.limit]

    async def _newest(self, wanted: HistoryQuery) -> list[Occurrence]:
        found: list[Occurrence] = []
        before = wanted.before
        while len(found) < wanted.limit:
            page = self._chronicle.latest(PAGE, before=before)
            found[:0] = _chosen(page, wanted)
            if len(page) < PAGE:
                break
            before = page[0].number
            await deferLater(self._clock, 0)
        return found[-wanted.limit :]


def _fits(peer: PeerStatus, wanted: PeersQuery) -> bool:
    return (
        (not wanted.state or peer.state in wanted.state)
        and wanted.name in (UNSET, peer.name)
        and all(_has(peer, tag) for tag in wanted.tag)
    )


def _has(peer: PeerStatus, tag: str) -> bool:
    key, _, value = tag.partition("=")
    return peer.tags.get(key) == value


def _chosen(page: Iterable[Occurrence], wanted: HistoryQuery) -> Iterator[Occurrence]:
    for occurrence in page:
        if occurrence.number < wanted.before and (
            not wanted.event or occurrence.event in wanted.event
        ):
            yield occurrence
