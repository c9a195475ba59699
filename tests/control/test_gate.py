"""
Who may come in at a door that browsers can reach.
"""

from collections.abc import Mapping

from twisted.logger import capturedLogs

from gossip.control import sessions
from gossip.control.front import Part
from gossip.control.gate import Gate
from gossip.control.hosts import Hosts
from gossip.control.login import Login
from gossip.control.pages import File, Pages
from gossip.control.sessions import Sessions
from gossip.logs import Threshold, levels
from tests.control.asking import Answer, House, HouseCase, answers

TOKEN = "correct-horse-battery"
COOKIE = "p2p-gossip-0000"
PAGE = {"index.html": File.of("index.html", b"<!doctype html>"), "a.js": File.of("a.js", b"1")}


class GateCase(HouseCase):
    """A front with a page, for whoever knows the token if there is one."""

    def door(self, token: str | None = None) -> House:
        """A house that is asked as `node`."""
        clock = self.clock()
        known = None if token is None else Sessions(token, clock)
        gate = Gate(Hosts(["node"]), known, COOKIE)
        more: list[Part] = [Pages(PAGE)]
        if known is not None:
            more.append(Login(gate))
        made = House(clock, writable=False, gate=gate, more=more)
        self.addCleanup(made.close)
        return made

    def raw(self, house: House, written: bytes, method: str = "GET") -> Answer:
        """The answer to bytes, on a connection of its own."""
        [answer] = answers(house.connect().send(written), method)
        return answer


class HostTests(GateCase):
    """By which name it is asked."""

    def test_names(self) -> None:
        """Whatever is asked for by another name is not answered, not even that it is not there."""
        house = self.door()
        for host, status in (
            ("node", 200),
            ("localhost:1", 200),
            ("10.0.0.1", 200),
            ("evil.example", 421),
            ("10.0.0.2", 421),
            ("", 421),
        ):
            for path in ("/", "/v1/status", "/static/a.js", "/nothing"):
                answer = self.raw(house, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                expected = 404 if (status, path) == (200, "/nothing") else status
                self.assertEqual(expected, answer.status, (host, path))
                if status == 421:
                    self.assertEqual("misdirected", answer.kind)

    def test_there_is_one(self) -> None:
        """Not none, and not two, of which another server might take the other."""
        house = self.door()
        for heads in ("", "Host: node\r\nHost: node\r\n", "Host: node\r\nhost: evil.example\r\n"):
            for version in ("1.1", "1.0"):
                written = f"GET /v1/status HTTP/{version}\r\n{heads}\r\n".encode()
                self.assertEqual(400, self.raw(house, written).status, heads)

    def test_a_whole_uri(self) -> None:
        """Both its host and Host must be ours."""
        house = self.door()
        for target, host, status in (
            ("http://node/v1/status", "node", 200),
            ("http://node/v1/status", "evil.example", 421),
            ("http://evil.example/v1/status", "node", 421),
            ("HTTP://evil.example", "node", 421),
            ("https://user@node/v1/status", "node", 421),
            ("http://node:99999/v1/status", "node", 421),
            ("http:///v1/status", "node", 421),
        ):
            written = f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
            self.assertEqual(status, self.raw(house, written).status, (target, host))


class SiteTests(GateCase):
    """For whose page it is asked."""

    def asked(self, path: str, headers: Mapping[str, str], method: str = "GET") -> int:
        """The status of an answer."""
        return self.door(TOKEN).ask(method, path, None, headers).status

    def test_pages_of_others(self) -> None:
        """They get nothing, whatever they ask for; a link to the page is followed."""
        for site in ("cross-site", "same-site"):
            for path in ("/v1/status", "/static/a.js", "/v1/events", "/"):
                self.assertEqual(403, self.asked(path, {"Sec-Fetch-Site": site}), path)
            link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
            self.assertEqual(200, self.asked("/", link))
            self.assertEqual(403, self.asked("/v1/matrix", link))
        for site in ("same-origin", "none"):
            self.assertEqual(200, self.asked("/", {"Sec-Fetch-Site": site}))

    def test_forms_of_others(self) -> None:
        """They use up nobody's tries."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for origin in (
            *("http://evil.example", "https://evil.example:8443", "x", "file://"),
            *("http://[", "http://[::1", "http://[x]/", "http://node@evil.example", "\xff"),
        ):
            self.assertEqual(403, self.asked("/login", {**form, "Origin": origin}, "POST"), origin)
        for origin in ("http://node", "https://node:443", "http://localhost:1", "null"):
            self.assertEqual(400, self.asked("/login", {**form, "Origin": origin}, "POST"), origin)

    def test_questions_of_others(self) -> None:
        """What tells of another's page by its origin alone gets nothing either, nor a stream."""
        for origin in ("http://evil.example", "http://[", "null", "file://"):
            for path in ("/", "/v1/matrix", "/v1/events", "/static/a.js"):
                self.assertEqual(403, self.asked(path, {"Origin": origin}), (origin, path))
        socket = {"Upgrade": "websocket", "Connection": "Upgrade", "Origin": "http://evil.example"}
        self.assertEqual(403, self.asked("/v1/events", socket))
        self.assertEqual(200, self.asked("/static/a.js", {"Origin": "http://localhost:8090"}))

    def test_nothing_is_shared(self) -> None:
        """No answer tells a browser that others may read it."""
        for method in ("GET", "OPTIONS"):
            house = self.door()
            for origin in ("http://evil.example", "http://node"):
                found = house.ask(method, "/v1/status", None, {"Origin": origin})
                self.assertEqual([], [name for name in found.headers if name.startswith("access-")])


class TokenTests(GateCase):
    """With a token."""

    def test_without_it(self) -> None:
        """The page is there, which asks for it; nothing else is told, not even what there is."""
        house = self.door(TOKEN)
        for path in ("/v1/status", "/v1/events", "/v1/leave", "/nothing", "/v1/openapi.json"):
            for method in ("GET", "POST", "OPTIONS"):
                found = house.ask(method, path)
                self.assertEqual((401, "unauthorized"), (found.status, found.kind))
                self.assertTrue(found.headers["www-authenticate"].startswith("Bearer"))
        self.assertEqual([], house.lookout.asked)
        for path in ("/", "/static/a.js"):
            self.assertEqual(200, house.ask("GET", path).status)

    def test_with_it(self) -> None:
        """Whatever case the scheme is in."""
        house = self.door(TOKEN)
        for written in (f"Bearer {TOKEN}", f"bearer   {TOKEN}", f"BEARER {TOKEN} "):
            found = house.ask("GET", "/v1/status", None, {"Authorization": written})
            self.assertEqual(200, found.status, written)
        for written in (TOKEN, f"Basic {TOKEN}", f"Bearer{TOKEN}", "Bearer", f"Bearer x{TOKEN}"):
            found = house.ask("GET", "/v1/status", None, {"Authorization": written})
            self.assertEqual(401, found.status, written)
            self.assertNotIn(TOKEN.encode(), found.content)

    def test_guesses(self) -> None:
        """They are rationed, and told of to the log, without what was guessed."""
        self.patch(levels, "threshold", Threshold.parse("info"))
        house = self.door(TOKEN)
        with capturedLogs() as told:
            for _ in range(sessions.TRIES.at_once):
                house.ask("GET", "/v1/status", None, {"Authorization": "Bearer guess-17"})
        found = house.ask("GET", "/v1/status", None, {"Authorization": f"Bearer {TOKEN}"})
        self.assertEqual((429, "too-many-attempts"), (found.status, found.kind))
        self.assertIn("retry-after", found.headers)
        lines = [event for event in told if "wrong token" in event.get("log_format", "")]
        self.assertEqual(sessions.TRIES.at_once, len(lines))
        self.assertNotIn("guess-17", str(lines))

    def test_nobody_changes_anything(self) -> None:
        """Not even with the token."""
        house = self.door(TOKEN)
        for method, path in (
            ("POST", "/v1/leave"),
            ("POST", "/v1/reload"),
            ("POST", "/v1/connections"),
            ("DELETE", "/v1/peers/node-c"),
            ("POST", "/v1/peers/node-c/ping"),
        ):
            found = house.ask(method, path, None, {"Authorization": f"Bearer {TOKEN}"})
            self.assertEqual(405, found.status)
            self.assertNotIn(method, found.headers["allow"])
        self.assertEqual([], house.desk.asked)
