"""
The routes that have a node do something.
"""

from twisted.internet.defer import Deferred
from twisted.internet.testing import EventLoggingObserver
from twisted.logger import LogLevel, globalLogPublisher

from gossip.logs import Threshold, levels
from gossip.mesh.status import Conflict
from tests.control.asking import HouseCase, answers, request
from tests.control.fakes import OURS, peer

JSON = {"Content-Type": "application/json"}


class WritingTests(HouseCase):
    """What can be ordered."""

    def test_ping(self) -> None:
        """The round trip is told."""
        house = self.house()
        found = house.ask("POST", "/v1/peers/ab02/ping")
        self.assertEqual((200, {"peer": peer(2).id, "rtt_ms": 0.75}), (found.status, found.json))
        self.assertEqual([("ping", peer(2).id)], house.desk.asked)

    def test_a_ping_takes_its_time(self) -> None:
        """The answer comes when the pong has."""
        house = self.house()
        house.desk.pinging = Deferred()
        connection = house.connect()
        self.assertEqual(b"", connection.send(request("POST", "/v1/peers/ab02/ping")))
        house.desk.pinging.callback(1.5)
        [answer] = answers(connection.read(), "POST")
        self.assertEqual(1.5, answer.json["rtt_ms"])

    def test_a_ping_that_is_not_answered(self) -> None:
        """The node says why."""
        house = self.house()
        house.desk.pinging = Deferred()
        connection = house.connect()
        connection.send(request("POST", "/v1/peers/ab02/ping"))
        house.desk.pinging.errback(Conflict("no answer within 3 s"))
        [answer] = answers(connection.read(), "POST")
        self.assertEqual((409, "no answer within 3 s"), (answer.status, answer.json["detail"]))

    def test_a_client_that_goes_while_it_waits(self) -> None:
        """The ping is given up."""
        house = self.house()
        given_up: list[Deferred[float]] = []
        house.desk.pinging = Deferred(given_up.append)
        connection = house.connect()
        connection.send(request("POST", "/v1/peers/ab02/ping"))
        connection.lose()
        house.connections.clear()
        self.assertEqual([house.desk.pinging], given_up)
        self.assertEqual(b"", connection.read())

    def test_a_ping_without_a_link(self) -> None:
        """It is a conflict of its own."""
        found = self.house().ask("POST", f"/v1/peers/{peer(3).id}/ping")
        self.assertEqual((409, "not-linked"), (found.status, found.kind))

    def test_forget(self) -> None:
        """It is gone, and there is nothing to say of it."""
        house = self.house()
        found = house.ask("DELETE", f"/v1/peers/{peer(3).id}")
        self.assertEqual((204, b""), (found.status, found.content))
        self.assertNotIn("content-type", found.headers)
        self.assertEqual([("forget", peer(3).id)], house.desk.asked)
        self.assertEqual(404, house.ask("DELETE", f"/v1/peers/{peer(3).id}").status)

    def test_forgetting_one_that_is_linked(self) -> None:
        """The node refuses, and says why."""
        found = self.house().ask("DELETE", "/v1/peers/ab02")
        self.assertEqual((409, "conflict"), (found.status, found.kind))
        self.assertIn("has a link", found.json["detail"])

    def test_connect(self) -> None:
        """It is taken up, and not waited for."""
        house = self.house()
        found = house.ask("POST", "/v1/connections", b'{"address": "h:1"}', JSON)
        self.assertEqual((202, {"address": "h:1"}), (found.status, found.json))
        self.assertEqual([("connect", "h:1")], house.desk.asked)

    def test_connect_to_what_is_no_address(self) -> None:
        """The node refuses."""
        found = self.house().ask("POST", "/v1/connections", b'{"address": "h"}', JSON)
        self.assertEqual((400, "refused"), (found.status, found.kind))

    def test_bodies_that_are_none(self) -> None:
        """Nothing is done."""
        house = self.house()
        cases = [
            (b'{"address": "h:1"}', {}, 415),
            (b'{"address": "h:1"}', {"Content-Type": "text/plain"}, 415),
            (b'{"address": 1}', JSON, 400),
            (b"", JSON, 400),
            (None, {}, 400),
        ]
        for body, headers, status in cases:
            self.assertEqual(status, house.ask("POST", "/v1/connections", body, headers).status)
        for path in ("/v1/leave", "/v1/reload", "/v1/peers/ab02/ping"):
            self.assertEqual(415, house.ask("POST", path, b"x=1").status)
            self.assertEqual(400, house.ask("POST", path, b'{"x":1}', JSON).status)
            self.assertEqual(400, house.ask("POST", f"{path}?force=1").status)
        self.assertEqual([], house.desk.asked)

    def test_leave(self) -> None:
        """It is answered, and done."""
        house = self.house()
        found = house.ask("POST", "/v1/leave")
        self.assertEqual((202, {"id": OURS}), (found.status, found.json))
        self.assertEqual([("leave",)], house.desk.asked)

    def test_reload(self) -> None:
        """What changed is told; an empty object is a body as good as none."""
        house = self.house()
        for body in (None, b"{}"):
            found = house.ask("POST", "/v1/reload", body, JSON)
            self.assertEqual((200, {"changed": ["name", "tag"]}), (found.status, found.json))

    def test_who_asked_is_logged(self) -> None:
        """At info, and with nothing in it that could act on a terminal."""
        self.patch(levels, "threshold", Threshold.parse("info"))
        told = EventLoggingObserver()
        globalLogPublisher.addObserver(told)
        self.addCleanup(globalLogPublisher.removeObserver, told)
        house = self.house()
        house.ask("POST", "/v1/connections", b'{"address": "h:\\u001b[2J"}', JSON)
        [event] = [
            each for each in told if each.get("log_namespace") == "gossip.control.writing.Writing"
        ]
        self.assertEqual(LogLevel.info, event["log_level"])
        self.assertEqual("connect to h:\\x1b[2J", event["what"])
        self.assertEqual("192.168.1.1 port 54321", event["caller"])


class ReadOnlyTests(HouseCase):
    """A door without a desk."""

    def test_what_would_change_things_is_refused(self) -> None:
        """The path is there, and what it takes is told."""
        house = self.house(writable=False)
        cases = [
            ("DELETE", "/v1/peers/ab02", "GET, HEAD, OPTIONS"),
            ("POST", "/v1/peers/ab02/ping", "OPTIONS"),
            ("POST", "/v1/connections", "OPTIONS"),
            ("POST", "/v1/leave", "OPTIONS"),
            ("POST", "/v1/reload", "OPTIONS"),
        ]
        for method, path, allow in cases:
            found = house.ask(method, path)
            self.assertEqual((405, "method-not-allowed"), (found.status, found.kind))
            self.assertEqual(allow, found.headers["allow"])
            self.assertEqual(allow, house.ask("OPTIONS", path).headers["allow"])
        self.assertEqual(200, house.ask("GET", "/v1/peers/ab02").status)
