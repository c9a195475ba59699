"""
The routes that tell of the whole network.
"""

from collections.abc import Callable
from urllib.parse import quote

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from gossip.control import pouring
from gossip.control.documents import BATCH
from tests.control.asking import HouseCase, answers, request
from tests.control.fakes import NAMES, OURS, FakeLookout, peer


class SurveyingTests(HouseCase):
    """The matrix, pairs, findings."""

    def test_matrix(self) -> None:
        """It is told whole."""
        house = self.house()
        connection = house.connect()
        connection.send(request("GET", "/v1/matrix"))
        self.assertEqual(b"", connection.read())
        while house.clock.getDelayedCalls() and not connection.transport.value():
            house.clock.advance(0)
        [answer] = answers(connection.read(), "GET")
        self.assertEqual((200, "application/json"), (answer.status, answer.headers["content-type"]))
        self.assertEqual([OURS, "node-a"], [answer.json["nodes"][0][of] for of in ("id", "name")])
        self.assertEqual(3, len(answer.json["rtt_ms"]))

    def test_others_have_their_turn(self) -> None:
        """Of a large one not everything is made in one turn of the event loop."""
        house = self.house(lookout=FakeLookout(size=3 * BATCH))
        turns: list[float] = []
        later = house.clock.callLater

        def noted(delay: float, call: Callable[..., object], *of: object) -> IDelayedCall:
            turns.append(delay)
            return later(delay, call, *of)

        self.patch(house.clock, "callLater", noted)
        connection = house.connect()
        connection.send(request("GET", "/v1/matrix"))
        house.clock.advance(0)
        # Four tables of three batches each.
        self.assertGreaterEqual(turns.count(0), 4 * 3)
        self.assertTrue(connection.read().endswith(b"]}\n"))

    def test_report(self) -> None:
        """Findings, worst first."""
        found = self.house().ask("GET", "/v1/report")
        self.assertEqual(["dead", "one_way"], [each["kind"] for each in found.json["findings"]])
        self.assertEqual([[peer(3).id, peer(1).id]], found.json["findings"][1]["pairs"])

    def test_diagnosis(self) -> None:
        """Of one peer, named as anywhere."""
        house = self.house()
        for text in (peer(1).id, "node-c", quote(NAMES[2], safe="")):
            self.assertEqual("cut", house.ask("GET", f"/v1/peers/{text}/diagnosis").json["verdict"])
        for own in ("self", OURS, OURS.upper(), OURS[:6], "node-a"):
            found = house.ask("GET", f"/v1/peers/{own}/diagnosis").json
            self.assertEqual((OURS, "node-a"), (found["peer"], found["name"]))
        self.assertEqual(404, house.ask("GET", "/v1/peers/nobody/diagnosis").status)
        self.assertEqual(409, house.ask("GET", "/v1/peers/node-b/diagnosis").status)

    def test_past(self) -> None:
        """The pings of a peer; nobody else is asked."""
        house = self.house()
        found = house.ask("GET", "/v1/peers/node-c/past").json
        self.assertEqual([0.5, None], [each["mean_ms"] for each in found])
        self.assertEqual([], house.lookout.asked)
        self.assertEqual(404, house.ask("GET", "/v1/peers/nobody/past").status)

    def test_pair(self) -> None:
        """Either of the two may be this node."""
        house = self.house()
        for author, other, expected in (
            ("self", "node-c", (OURS, peer(1).id)),
            ("node-c", "self", (peer(1).id, OURS)),
            (OURS.upper(), "ab02", (OURS, peer(2).id)),
            (peer(1).id, peer(2).id, (peer(1).id, peer(2).id)),
        ):
            found = house.ask("GET", f"/v1/pairs/{author}/{other}")
            self.assertEqual(expected, (found.json["author"], found.json["peer"]))

    def test_a_pair_that_is_none(self) -> None:
        """The one who asks is told why."""
        house = self.house()
        for path, expected in (
            ("self/nobody", (404, "no-such-peer")),
            ("nobody/self", (404, "no-such-peer")),
            ("node-b/self", (409, "ambiguous-peer")),
            ("self/self", (400, "bad-request")),
            (f"node-c/{peer(1).id}", (400, "bad-request")),
            ("%FF/self", (400, "bad-request")),
        ):
            found = house.ask("GET", f"/v1/pairs/{path}")
            self.assertEqual(expected, (found.status, found.kind), path)

    def test_an_author_who_cannot_be_asked(self) -> None:
        """It is told apart from a peer without a link."""
        found = self.house().ask("GET", f"/v1/pairs/{peer(3).id}/self")
        self.assertEqual((409, "not-linked"), (found.status, found.kind))
        self.assertIn("first of the two", found.json["detail"])

    def test_nothing_is_changed_there(self) -> None:
        """Other methods are refused."""
        for path in ("/v1/matrix", "/v1/report", "/v1/pairs/self/node-c", "/v1/peers/ab02/past"):
            found = self.house().ask("POST", path)
            self.assertEqual((405, "GET, HEAD, OPTIONS"), (found.status, found.headers["allow"]))

    def test_too_many_matrices(self) -> None:
        """The next one is told when to come again; places come back, also from those who go."""
        house = self.house()
        house.lookout.waiting = Deferred()
        waiting = [house.connect() for _ in range(pouring.MOST)]
        for each in waiting:
            each.send(request("GET", "/v1/matrix"))
        found = house.ask("GET", "/v1/matrix")
        self.assertEqual((503, "too-many"), (found.status, found.kind))
        self.assertEqual(str(pouring.AGAIN), found.headers["retry-after"])
        house.connections.remove(waiting[0])
        waiting[0].lose()
        house.lookout.waiting = None
        connection = house.connect()
        connection.send(request("GET", "/v1/matrix"))
        house.clock.pump([0] * 20)
        self.assertTrue(connection.read().startswith(b"HTTP/1.1 200"))

    def test_what_breaks(self) -> None:
        """It is our fault, and the log has it all."""
        house = self.house()
        house.window.broken = ZeroDivisionError("secret")
        found = house.ask("GET", "/v1/pairs/self/node-c")
        self.assertEqual((500, "internal-error"), (found.status, found.kind))
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
