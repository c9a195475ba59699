"""
Answers of many megabytes.
"""

from gossip.control import pouring
from tests.control.asking import Connection, House, HouseCase, answers, request
from tests.control.fakes import FakeLookout

SIZE = 250
"""Nodes of a matrix that takes several pieces."""


class PouringTests(HouseCase):
    """As fast as the client reads."""

    def asked(self, method: str = "GET") -> tuple[House, Connection]:
        """Somebody who has asked for a matrix, which is about to be written."""
        house = self.house(lookout=FakeLookout(size=SIZE))
        connection = house.connect()
        connection.send(request(method, "/v1/matrix"))
        return house, connection

    def fill(self, connection: Connection) -> None:
        """Nothing is read from now on: each piece is one too many."""
        protocol, write = connection.protocol, connection.transport.write

        def written(data: bytes) -> None:
            write(data)
            if len(data) > 1024:
                protocol.pauseProducing()

        self.patch(connection.transport, "write", written)

    def test_who_reads(self) -> None:
        """Everything comes, and the connection can be used on."""
        house, connection = self.asked()
        house.clock.pump([0] * 30)
        [answer] = answers(connection.read(), "GET")
        self.assertEqual(SIZE, len(answer.json["rtt_ms"]))
        self.assertEqual(str(len(answer.content)), answer.headers["content-length"])
        self.assertEqual(200, connection.ask("GET", "/v1/status").status)

    def test_head(self) -> None:
        """It is told how large the answer would be."""
        house, connection = self.asked("HEAD")
        house.clock.pump([0] * 30)
        [answer] = answers(connection.read(), "HEAD")
        self.assertGreater(int(answer.headers["content-length"]), pouring.PIECE)

    def test_who_does_not_read(self) -> None:
        """Nothing more is written for it than was, until it reads."""
        house, connection = self.asked()
        self.fill(connection)
        house.clock.pump([0] * 30)
        written = connection.read()
        self.assertLess(len(written), 2 * pouring.PIECE)
        while not written.endswith(b"]}\n"):
            connection.protocol.resumeProducing()
            written += connection.read()
        [answer] = answers(written, "GET")
        self.assertEqual(SIZE, len(answer.json["nodes"]))

    def test_who_never_reads(self) -> None:
        """It is cut off, and its place is free."""
        house, connection = self.asked()
        self.fill(connection)
        house.clock.pump([0] * 30)
        house.clock.advance(pouring.PATIENCE - 0.01)
        self.assertFalse(connection.transport.aborting)
        house.clock.advance(0.01)
        self.assertTrue(connection.transport.aborting)
        connection.lose()
        house.connections.clear()
        for _ in range(pouring.MOST):
            again = house.connect()
            again.send(request("GET", "/v1/matrix"))
            house.clock.pump([0] * 30)
            self.assertIn(b"200", again.read()[:20])

    def test_who_goes(self) -> None:
        """Nothing is left of it."""
        for turns in (0, 30):
            house, connection = self.asked()
            self.fill(connection)
            house.clock.pump([0] * turns)
            connection.lose()
            house.connections.clear()
            house.clock.pump([0] * 30)
            self.assertEqual([], house.clock.getDelayedCalls())
