"""
The bounds of connections and of what comes on them.
"""

from twisted.internet.defer import Deferred

from gossip.control.connections import AT_ONCE, LARGEST_BODY, MOST, PATIENCE
from tests.control.asking import Connection, HouseCase, answers, request
from tests.control.fakes import FakeWindow, peer

JSON = {"Content-Type": "application/json"}


class ManyRequestsTests(HouseCase):
    """One connection, several requests."""

    def test_one_after_the_other(self) -> None:
        """A connection stays open."""
        connection = self.house().connect()
        for _ in range(3):
            self.assertEqual(200, connection.ask("GET", "/v1/status").status)
        self.assertFalse(connection.transport.disconnecting)

    def test_close_and_the_old_version(self) -> None:
        """It is closed where that is asked for."""
        for asked in (
            b"GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.0\r\n\r\n",
        ):
            connection = self.house().connect()
            connection.send(asked)
            self.assertTrue(connection.transport.disconnecting)

    def test_all_at_once(self) -> None:
        """The answers come in the order of the requests, also where the first takes its time."""
        house = self.house()
        house.desk.pinging = Deferred()
        connection = house.connect()
        asked = [("POST", "/v1/peers/ab02/ping"), ("GET", "/v1/status"), ("GET", "/nothing")]
        self.assertEqual(b"", connection.send(b"".join(request(*each) for each in asked)))
        house.desk.pinging.callback(1.0)
        found = answers(connection.read(), "POST", "GET", "GET")
        self.assertEqual([200, 200, 404], [each.status for each in found])

    def test_others_have_their_turn(self) -> None:
        """Of many that came with one packet some are answered in one turn of the event loop."""
        house = self.house()
        connection = house.connect()
        written = connection.send(request("GET", "/v1/status") * 3 * AT_ONCE)
        self.assertLessEqual(written.count(b"HTTP/1.1 200"), AT_ONCE + 1)
        turns = 0
        while connection.protocol._turn is not None:
            turn = connection.protocol._turn
            turn.cancel()
            connection.protocol._next_turn()
            more = connection.read()
            self.assertLessEqual(more.count(b"HTTP/1.1 200"), AT_ONCE + 1)
            written += more
            turns += 1
        self.assertGreaterEqual(turns, 2)
        self.assertEqual(3 * AT_ONCE, len(answers(written, *["GET"] * 3 * AT_ONCE)))

    def test_who_goes_before_its_turn(self) -> None:
        """Nothing is left of it."""
        house = self.house()
        connection = house.connect()
        connection.send(request("GET", "/v1/status") * 3 * AT_ONCE)
        connection.lose()
        house.connections.clear()
        self.assertEqual([], house.clock.getDelayedCalls())

    def test_who_does_not_read_loses_its_turn(self) -> None:
        """The rest is answered when it has read."""
        house = self.house()
        connection = house.connect()
        written = connection.send(request("GET", "/v1/status") * 2 * AT_ONCE)
        connection.protocol.pauseProducing()
        house.clock.advance(0)
        self.assertEqual(b"", connection.read())
        connection.protocol.resumeProducing()
        house.clock.pump([0, 0])
        written += connection.read()
        self.assertEqual(2 * AT_ONCE, len(answers(written, *["GET"] * 2 * AT_ONCE)))

    def test_byte_by_byte(self) -> None:
        """It is no other request for that."""
        connection = self.house().connect()
        asked = request("POST", "/v1/connections", b'{"address": "h:1"}', JSON)
        written = b"".join(connection.send(asked[n : n + 1]) for n in range(len(asked)))
        [answer] = answers(written, "POST")
        self.assertEqual(202, answer.status)

    def test_who_does_not_read_is_not_answered_on(self) -> None:
        """The next request waits until the answer before it is gone."""
        house = self.house()
        connection = house.connect()
        connection.protocol.pauseProducing()
        written = connection.send(request("GET", "/v1/status") * 3)
        self.assertEqual(1, len(answers(written, "GET")))
        self.assertEqual(b"", connection.send(request("GET", "/v1/status")))
        connection.protocol.resumeProducing()
        self.assertEqual(3, len(answers(connection.read(), "GET", "GET", "GET")))

    def test_who_never_reads_is_cut_off(self) -> None:
        """The time that a request has is that for the answer before it, too."""
        house = self.house()
        connection = house.connect()
        connection.protocol.pauseProducing()
        connection.send(request("GET", "/v1/status") * 2)
        house.clock.advance(PATIENCE)
        self.assertTrue(connection.transport.disconnecting)
        house.clock.advance(connection.protocol.abortTimeout)
        self.assertTrue(connection.transport.aborting)

    def test_who_goes_without_reading(self) -> None:
        """Nothing is left of it."""
        house = self.house()
        connection = house.connect()
        connection.protocol.pauseProducing()
        connection.send(request("GET", "/v1/status") * 2)
        connection.lose()
        house.connections.clear()
        self.assertEqual([], house.clock.getDelayedCalls())


class BodyTests(HouseCase):
    """Bodies."""

    def test_the_largest(self) -> None:
        """It is read."""
        body = b'{"address": "h:1"}'.ljust(LARGEST_BODY)
        self.assertEqual(202, self.house().ask("POST", "/v1/connections", body, JSON).status)

    def test_one_that_is_larger(self) -> None:
        """It is refused when it has come, and the connection can be used on."""
        house = self.house()
        connection = house.connect()
        body = b'{"address": "h:1"}'.ljust(LARGEST_BODY + 1)
        for path in ("/v1/connections", "/v1/leave"):
            found = connection.ask("POST", path, body, JSON)
            self.assertEqual((413, "too-large"), (found.status, found.kind))
        self.assertEqual([], house.desk.asked)
        self.assertEqual(200, connection.ask("GET", "/v1/status").status)

    def test_one_that_does_not_say_how_large_it_is(self) -> None:
        """It is dropped as it comes."""
        connection = self.house().connect()
        connection.send(b"POST /v1/leave HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            connection.send(b"1000\r\n" + b" " * 4096 + b"\r\n")
            self.assertLessEqual(
                len(connection.protocol.requests[0].content.getvalue()), LARGEST_BODY
            )
        [answer] = answers(connection.send(b"0\r\n\r\n"), "POST")
        self.assertEqual(413, answer.status)

    def test_one_in_pieces(self) -> None:
        """It is put together."""
        house = self.house()
        connection = house.connect()
        connection.send(
            b"POST /v1/connections HTTP/1.1\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        written = connection.send(b'8\r\n{"addres\r\n9\r\ns": "h:1"\r\n1\r\n}\r\n0\r\n\r\n')
        self.assertEqual(202, answers(written, "POST")[0].status)


class MalformedTests(HouseCase):
    """What is no request."""

    def test_it_is_told_so_and_the_connection_is_closed(self) -> None:
        """Whatever is wrong with it, nothing of it is logged as an error of ours."""
        for sent in (
            b"hello\r\n",
            b"GET /v1/status\r\n",
            b"GET /v1/status HTTP/2.0\r\n",
            b"G\xc3T / HTTP/1.1\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"GET / HTTP/1.1\r\nna me: x\r\n\r\n",
            b"GET / HTTP/1.1\r\na: b\x00\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            b"GET /" + b"x" * 20_000,
            b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 501 + b"\r\n",
            b"GET / HTTP/1.1\r\n" + (b"a: " + b"b" * 8000 + b"\r\n") * 3 + b"\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
        ):
            connection = self.house().connect()
            [answer] = answers(connection.send(sent), "GET")
            self.assertEqual((400, "bad-request"), (answer.status, answer.kind), sent[:60])
            self.assertTrue(connection.transport.disconnecting)


class TimeTests(HouseCase):
    """How long is waited."""

    def test_who_says_nothing(self) -> None:
        """The connection is closed after a minute; one that does not close is cut."""
        house = self.house()
        connection = house.connect()
        house.clock.advance(PATIENCE - 0.01)
        self.assertFalse(connection.transport.disconnecting)
        house.clock.advance(0.01)
        self.assertTrue(connection.transport.disconnecting)
        house.clock.advance(connection.protocol.abortTimeout)
        self.assertTrue(connection.transport.aborting)

    def test_who_speaks_slowly(self) -> None:
        """A byte now and then is not enough."""
        house = self.house()
        connection = house.connect()
        for byte in b"GET /v1/sta":
            connection.send(bytes([byte]))
            house.clock.advance(PATIENCE / 10)
        self.assertTrue(connection.transport.disconnecting)

    def test_after_an_answer(self) -> None:
        """There is a minute again."""
        house = self.house()
        connection = house.connect()
        house.clock.advance(PATIENCE - 1)
        connection.ask("GET", "/v1/status")
        house.clock.advance(PATIENCE - 1)
        self.assertFalse(connection.transport.disconnecting)
        house.clock.advance(1)
        self.assertTrue(connection.transport.disconnecting)

    def test_while_an_answer_is_waited_for(self) -> None:
        """It may take longer: it is ours to give."""
        house = self.house()
        house.desk.pinging = Deferred()
        connection = house.connect()
        connection.send(request("POST", "/v1/peers/ab02/ping"))
        house.clock.advance(PATIENCE * 10)
        self.assertFalse(connection.transport.disconnecting)
        house.desk.pinging.callback(1.0)


class CrowdTests(HouseCase):
    """How many there may be."""

    def test_one_too_many(self) -> None:
        """It is told so, and closed; when another goes there is a place."""
        house = self.house()
        for _ in range(MOST):
            house.connect()
        extra = Connection(house.front)
        [answer] = answers(extra.read(), "GET")
        self.assertEqual((503, "too-many"), (answer.status, answer.kind))
        self.assertEqual("1", answer.headers["retry-after"])
        self.assertTrue(extra.transport.disconnecting)
        extra.protocol.dataReceived(b"GET / HTTP/1.1\r\n\r\n")
        house.connections.pop().lose()
        self.assertEqual(200, house.connect().ask("GET", "/v1/status").status)


class FailureTests(HouseCase):
    """A fault of ours outside of any route."""

    def test_it_is_a_problem_as_any_other(self) -> None:
        """Not a page with a traceback."""
        house = self.house(window=FakeWindow([peer(0)]))
        connection = house.connect()

        def render(request: object) -> int:
            raise ZeroDivisionError

        self.patch(connection.protocol.site.resource, "render", render)
        [answer] = answers(connection.send(request("GET", "/v1/status")), "GET")
        self.assertEqual((500, "internal-error"), (answer.status, answer.kind))
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
