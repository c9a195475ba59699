"""
The API as a whole: which route is whose, and what is on every answer.
"""

from twisted.internet.defer import Deferred

from gossip.control import connections
from tests.control.asking import HouseCase, answers, request
from tests.control.fakes import peer


class RoutesTests(HouseCase):
    """Paths and methods."""

    def test_a_path_that_is_none(self) -> None:
        """It is told where all paths are."""
        house = self.house()
        paths = ("/", "/v1", "/v1/", "/v2/status", "/v1/status/", "/v1/peers/", "/v1/peers/a/b")
        for path in (*paths, "/v1/peers//ping", "*", "/%FF", "/v1/statu%73/x"):
            for method in ("GET", "POST", "OPTIONS", "BREW"):
                found = house.ask(method, path)
                self.assertEqual((404, "no-such-route"), (found.status, found.kind), path)

    def test_a_path_in_another_spelling(self) -> None:
        """What may be percent-encoded may be."""
        self.assertEqual(200, self.house().ask("GET", "/v1/%73tatus").status)

    def test_a_whole_uri(self) -> None:
        """A server takes one, whatever host it names (RFC 9112 §3.2.2)."""
        house = self.house()
        for target in (
            "http://node/v1/status",
            "HTTPS://[::1]:80/v1/status",
            "http://node/v1/peers?name=x",
        ):
            (answer,) = answers(house.connect().send(request("GET", target)), "GET")
            self.assertEqual(200, answer.status, target)
        for target in ("http://node", "ftp://node/v1/status", "http:/v1/status"):
            self.assertEqual(404, house.ask("GET", target).status, target)

    def test_a_method_that_is_not_for_this(self) -> None:
        """It is told which are."""
        house = self.house()
        cases = [
            ("POST", "/v1/status", "GET, HEAD, OPTIONS"),
            ("PUT", "/v1/peers/x", "DELETE, GET, HEAD, OPTIONS"),
            ("GET", "/v1/leave", "OPTIONS, POST"),
            ("BREW", "/v1/peers", "GET, HEAD, OPTIONS"),
            ("get", "/v1/peers", "GET, HEAD, OPTIONS"),
        ]
        for method, path, allow in cases:
            found = house.ask(method, path)
            self.assertEqual((405, "method-not-allowed"), (found.status, found.kind))
            self.assertEqual(allow, found.headers["allow"])
            options = house.ask("OPTIONS", path)
            self.assertEqual((204, allow), (options.status, options.headers["allow"]))

    def test_head(self) -> None:
        """It is GET without the body, also where that is an error."""
        house = self.house()
        for path in ("/v1/status", "/v1/peers", "/v1/peers/nobody", "/v1/history?x=1"):
            get, head = house.ask("GET", path), house.ask("HEAD", path)
            self.assertEqual((get.status, b""), (head.status, head.content))
            # Between the two a second may begin.
            self.assertEqual(get.headers.keys(), head.headers.keys())
            self.assertEqual(
                {name: value for name, value in get.headers.items() if name != "date"},
                {name: value for name, value in head.headers.items() if name != "date"},
            )
        self.assertEqual(200, house.ask("HEAD", "/v1/events").status)

    def test_every_answer_is_for_now_and_for_what_it_says(self) -> None:
        """None is kept by a cache, or taken for something else by a browser."""
        house = self.house()
        for method, path in (
            ("GET", "/v1/status"),
            ("GET", "/v1/openapi.json"),
            ("GET", "/nothing"),
            ("PUT", "/v1/status"),
            ("OPTIONS", "/v1/status"),
            ("DELETE", f"/v1/peers/{peer(3).id}"),
            ("HEAD", "/v1/events"),
        ):
            headers = house.ask(method, path).headers
            self.assertEqual("no-store", headers["cache-control"])
            self.assertEqual("nosniff", headers["x-content-type-options"])
            self.assertNotIn("server", headers)

    def test_what_the_client_calls_us_is_no_matter(self) -> None:
        """Not even where it is no name at all."""
        for host in ("", "[::1]:80", "\xff", "a" * 300, "x..y", "<img>"):
            found = self.house().ask("GET", "/v1/status", None, {"Host": host})
            self.assertEqual(200, found.status)


class StopTests(HouseCase):
    """The end."""

    def test_nobody_is_there(self) -> None:
        """It is over at once."""
        house = self.house()
        self.successResultOf(Deferred.fromCoroutine(house.front.stop()))

    def test_those_who_ask_nothing_are_sent_away(self) -> None:
        """Their connections are closed, and then it is over."""
        house = self.house()
        connection = house.connect()
        stopped = Deferred.fromCoroutine(house.front.stop())
        self.assertNoResult(stopped)
        self.assertTrue(connection.transport.disconnecting)
        connection.lose()
        house.connections.clear()
        self.successResultOf(stopped)

    def test_who_waits_for_an_answer_gets_it(self) -> None:
        """If it comes soon; then the connection is closed."""
        house = self.house()
        house.desk.pinging = Deferred()
        connection = house.connect()
        connection.send(request("POST", "/v1/peers/ab02/ping"))
        stopped = Deferred.fromCoroutine(house.front.stop())
        self.assertFalse(connection.transport.disconnecting)
        house.desk.pinging.callback(1.0)
        [answer] = answers(connection.read(), "POST")
        self.assertEqual(200, answer.status)
        self.assertTrue(connection.transport.disconnecting)
        connection.lose()
        house.connections.clear()
        self.successResultOf(stopped)

    def test_who_waits_too_long_is_cut_off(self) -> None:
        """The node has to stop."""
        house = self.house()
        house.desk.pinging = Deferred()
        connection = house.connect()
        connection.send(request("POST", "/v1/peers/ab02/ping"))
        stopped = Deferred.fromCoroutine(house.front.stop())
        house.clock.advance(connections.GRACE - 0.01)
        self.assertFalse(connection.transport.aborting)
        house.clock.advance(0.01)
        self.assertTrue(connection.transport.aborting)
        connection.lose()
        house.connections.clear()
        self.successResultOf(stopped)

    def test_who_comes_afterwards_is_told(self) -> None:
        """On a new connection, and on one that was there."""
        house = self.house()
        old = house.connect()
        old.send(b"GET /v1/status HTTP/1.1\r\n")
        Deferred.fromCoroutine(house.front.stop())
        self.assertFalse(old.transport.disconnecting)
        [answer] = answers(old.send(b"\r\n"), "GET")
        self.assertEqual((503, "stopping"), (answer.status, answer.kind))
        self.assertTrue(old.transport.disconnecting)
        new = house.front.buildProtocol(None)
        transport = type(old.transport)()
        new.makeConnection(transport)
        [answer] = answers(transport.value(), "GET")
        self.assertEqual((503, "stopping"), (answer.status, answer.kind))
        self.assertTrue(transport.disconnecting)

    def test_a_stop_asked_for_by_a_request(self) -> None:
        """The one who asked the node to leave is told that it does."""
        house = self.house()
        house.desk.stop = lambda: Deferred.fromCoroutine(house.front.stop())
        connection = house.connect()
        [answer] = answers(connection.send(request("POST", "/v1/leave")), "POST")
        self.assertEqual(202, answer.status)
        self.assertTrue(connection.transport.disconnecting)
