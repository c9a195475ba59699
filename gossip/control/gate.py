"""
Who may come in at a door that browsers, and others than its owner, can reach.
"""

from typing import Any, Final
from urllib.parse import urlsplit

from twisted.logger import Logger
from twisted.web.server import Request

from gossip.control.callers import caller
from gossip.control.connections import BoundedRequest, authority
from gossip.control.hosts import Hosts
from gossip.control.problems import Problem
from gossip.control.sessions import Sessions
from gossip.logs import levels
from gossip.surfaces.text import safe

FRONT_PAGE: Final = "/"
LOGIN: Final = "/login"
STATIC: Final = "/static/"

_SAFE: Final = (b"GET", b"HEAD", b"OPTIONS")
_BEARER: Final = "bearer"


class Gate:
    """
    Lets in who asks by a name of ours, not for another site, and with the token where there is one.

    What everybody has who has the program is shown without it: the page, and its files.
    """

    _log = Logger(observer=levels)

    def __init__(self, hosts: Hosts, sessions: Sessions | None, cookie: str) -> None:
        """`cookie` is the name of the one that holds a session. Browsers do not tell ports apart."""
        self._hosts = hosts
        self._sessions = sessions
        self._cookie = cookie.encode("ascii")

    def admit(self, request: BoundedRequest) -> None:
        """:raises Problem: the one who asks may not."""
        self._check_host(request)
        path = "/" + b"/".join(request.postpath).decode("ascii")
        self._check_site(request, path)
        if path in (FRONT_PAGE, LOGIN) or path.startswith(STATIC):
            return
        if not self.knows(request):
            raise unauthorized(
                "Send Authorization: Bearer with the token of this node, or log in at its page."
            )

    def knows(self, request: Request) -> bool:
        """
        Whether a request comes with the token, or from a session; always, where there is no token.

        :raises Problem: wrong tokens came too often.
        """
        if self._sessions is None:
            return True
        cookie = request.getCookie(self._cookie)
        if cookie is not None and self._sessions.has(cookie.decode("latin-1")):
            return True
        scheme, _, token = (request.getHeader("authorization") or "").partition(" ")
        return scheme.lower() == _BEARER and self.takes(token.strip(), request)

    def takes(self, token: str, request: Request) -> bool:
        """
        Whether it is the token.

        :raises Problem: wrong ones came too often.
        """
        assert self._sessions is not None
        transport: Any = request.transport
        source = getattr(transport.getPeer(), "host", "")
        if self._sessions.takes(token, source):
            return True
        self._log.info("{caller} has a wrong token", caller=caller(transport))
        return False

    def begin(self, request: Request) -> None:
        """Give the one who asks a session."""
        assert self._sessions is not None
        # Where the browser came by TLS, a proxy is before us, and its cookie stays on TLS.
        secure = "; Secure" if _origin(request).startswith("https://") else ""
        value = f"{self._sessions.begin()}; Path=/; HttpOnly; SameSite=Strict{secure}"
        request.responseHeaders.addRawHeader("Set-Cookie", f"{self._cookie.decode()}={value}")

    def _check_host(self, request: BoundedRequest) -> None:
        said = request.requestHeaders.getRawHeaders("host") or []
        if len(said) != 1:
            raise Problem("bad-request", "There is one Host in a request (RFC 9112, section 3.2).")
        target = authority(request.path)
        transport: Any = request.transport
        local = getattr(transport.getHost(), "host", "")
        asked = [said[0], *([] if target is None else [target.decode("latin-1")])]
        for host in asked:
            if not self._hosts.knows(host, local):
                self._log.debug("a request for {host} is none for this node", host=safe(host))
                raise Problem(
                    "misdirected",
                    "This node does not go by the name in Host. Ask it by its address or as"
                    " localhost, or start it with --http-name and the name.",
                )

    def _check_site(self, request: Request, path: str) -> None:
        """Nothing is for the pages of others, which a browser tells of (W3C Fetch Metadata)."""
        site = request.getHeader("sec-fetch-site")
        links = request.getHeader("sec-fetch-mode") == "navigate" and path == FRONT_PAGE
        foreign = site in ("cross-site", "same-site") and not links
        if foreign or self._is_foreign(_origin(request), request.method in _SAFE):
            raise Problem("forbidden", "This was asked for by the page of another site.")

    def _is_foreign(self, origin: str, safe_method: bool) -> bool:
        """
        Whether a page of this origin is another's (Fetch, section 3.1).

        Browsers that do not tell of the site, and all of them where an address is no loopback one,
        tell the origin of what a page could read or write elsewhere. To its own site a page that sends
        no referrer, as ours, posts from `null`, and asks from nowhere.
        """
        if origin in ("", "null"):
            return bool(origin) and safe_method
        try:
            return not self._hosts.knows(urlsplit(origin).netloc, "")
        except ValueError:
            return True


def unauthorized(detail: str) -> Problem:
    """The problem of who has not shown the token."""
    headers = {"WWW-Authenticate": 'Bearer realm="p2p-gossip"'}
    return Problem("unauthorized", detail, headers=headers)


def _origin(request: Request) -> str:
    return request.getHeader("origin") or ""
