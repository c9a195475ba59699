"""
The routes that tell how a node is.
"""

import json
from urllib.parse import quote

from msgspec.structs import replace

from gossip.control import reading
from tests.control import described
from tests.control.asking import HouseCase
from tests.control.fakes import NAMES, OURS, FakeWindow, chronicle, occurrence, peer


class SnapshotTests(HouseCase):
    """The node, its peers, its links."""

    def test_status(self) -> None:
        """It is told whole."""
        found = self.house().ask("GET", "/v1/status")
        self.assertEqual(200, found.status)
        self.assertEqual((OURS, 8080), (found.json["id"], found.json["port"]))
        counts = {"alive": 4, "dead": 2, "unreachable": 0, "left": 1, "unmet": 1}
        self.assertEqual(counts, found.json["peers"])

    def test_peers(self) -> None:
        """All of them, in an array, in the order in which the node has them."""
        found = self.house().ask("GET", "/v1/peers")
        self.assertEqual(list(NAMES), [each["name"] for each in found.json])

    def test_peers_that_fit(self) -> None:
        """One of the states, and the name, and all of the tags."""
        cases = {
            "state=dead": [3, 6],
            "state=dead&state=left": [3, 4, 6],
            "name=node-b": [0, 6],
            "name=node-b&state=alive": [0],
            "name=": [],
            "tag=rack=r1": [1, 3, 5, 7],
            "tag=rack=r1&tag=zone=a=b": [1],
            "tag=rack=": [],
        }
        for query, numbers in cases.items():
            found = self.house().ask("GET", f"/v1/peers?{query}")
            self.assertEqual([peer(n).id for n in numbers], [each["id"] for each in found.json])

    def test_no_peers(self) -> None:
        """They are an empty array."""
        found = self.house(window=FakeWindow([])).ask("GET", "/v1/peers")
        self.assertEqual((200, []), (found.status, found.json))

    def test_a_peer_by_id_beginning_and_name(self) -> None:
        """Any of them will do, and any name can be written."""
        house = self.house()
        for number, name in enumerate(NAMES[:6]):
            one = peer(number)
            self.assertEqual(one.id, house.ask("GET", f"/v1/peers/{one.id}").json["id"])
            if number:
                asked = house.ask("GET", f"/v1/peers/{quote(name, safe='')}")
                self.assertEqual((200, one.id), (asked.status, asked.json["id"]))
        self.assertEqual(peer(2).id, house.ask("GET", "/v1/peers/ab02").json["id"])

    def test_a_peer_that_is_not_there(self) -> None:
        """It is a problem, which says where all are."""
        for text in ("nobody", "ff" * 32, "abc", "%20"):
            found = self.house().ask("GET", f"/v1/peers/{text}")
            self.assertEqual((404, "no-such-peer"), (found.status, found.kind))

    def test_a_peer_that_may_be_several(self) -> None:
        """They are listed."""
        for text in ("node-b", "ab00"):
            found = self.house().ask("GET", f"/v1/peers/{text}")
            self.assertEqual((409, "ambiguous-peer"), (found.status, found.kind))
            ids = [each["id"] for each in found.json["candidates"]]
            self.assertEqual([peer(0).id, peer(6).id], ids)

    def test_a_peer_that_is_not_utf_8(self) -> None:
        """Nobody can have this name."""
        self.assertEqual("bad-request", self.house().ask("GET", "/v1/peers/%FF").kind)

    def test_links(self) -> None:
        """Those that are up, and one by its peer."""
        house = self.house()
        found = house.ask("GET", "/v1/links").json
        self.assertEqual([peer(n).id for n in (0, 1, 2, 7)], [each["peer"] for each in found])
        self.assertIsNone(house.ask("GET", "/v1/links/node-c").json["rtt_ms"]["last"])

    def test_a_peer_without_a_link(self) -> None:
        """It is known, and is told apart from one that is not."""
        found = self.house().ask("GET", f"/v1/links/{peer(3).id}")
        self.assertEqual((409, "not-linked"), (found.status, found.kind))
        self.assertEqual(404, self.house().ask("GET", "/v1/links/nobody").status)

    def test_counters(self) -> None:
        """They are numbers by name."""
        self.assertEqual(4, self.house().ask("GET", "/v1/counters").json["links"])

    def test_the_description(self) -> None:
        """It is the file in the package."""
        found = self.house().ask("GET", "/v1/openapi.json")
        self.assertEqual(described.DESCRIPTION, found.json)

    def test_unknown_parameters_are_refused_everywhere(self) -> None:
        """A filter that is not known is not silently none."""
        for path in described.DESCRIPTION["paths"]:
            if "get" in described.DESCRIPTION["paths"][path]:
                target = path.replace("{peer}", peer(0).id).replace("{author}", "self")
                found = self.house().ask("GET", f"{target}?colour=red")
                self.assertEqual((400, "bad-request"), (found.status, found.kind), path)

    def test_what_breaks(self) -> None:
        """The one who asks is told that it is our fault, and no more; the log has it all."""
        house = self.house()
        house.window.broken = ZeroDivisionError("secret")
        for path in ("status", "peers", "peers/ab02", "links", "counters"):
            found = house.ask("GET", f"/v1/{path}")
            self.assertEqual((500, "internal-error"), (found.status, found.kind))
            self.assertNotIn(b"secret", found.content)
            self.assertNotIn(b"Traceback", found.content)
        self.assertEqual(5, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_many_peers_are_written_piece_by_piece(self) -> None:
        """The node does something else in between."""
        house = self.house(window=FakeWindow([replace(peer(0), seq=n) for n in range(1000)]))
        connection = house.connect()
        connection.send(b"GET /v1/peers HTTP/1.1\r\n\r\n")
        self.assertEqual(b"", connection.read())
        house.window.everyone.clear()
        house.clock.advance(0)
        _, _, content = connection.read().partition(b"\r\n\r\n")
        self.assertEqual(list(range(1000)), [each["seq"] for each in json.loads(content)])

    def test_a_client_that_goes_in_between(self) -> None:
        """Nothing is written to it, and nothing goes wrong."""
        house = self.house(window=FakeWindow([peer(0)] * 1000))
        connection = house.connect()
        connection.send(b"GET /v1/peers HTTP/1.1\r\n\r\n")
        connection.lose()
        house.connections.clear()
        house.clock.advance(0)
        self.assertEqual(b"", connection.read())


class HistoryTests(HouseCase):
    """What happened."""

    def numbers(self, query: str, events: int = 20) -> list[int]:
        """The numbers of what is answered."""
        house = self.house(history=chronicle(events))
        connection = house.connect()
        written = connection.send(f"GET /v1/history?{query} HTTP/1.1\r\n\r\n".encode())
        house.clock.advance(0)
        _, _, content = (written + connection.read()).partition(b"\r\n\r\n")
        found = json.loads(content)
        schema = {"type": "array", "items": {"$ref": "#/components/schemas/Occurrence"}}
        described.validate(schema, found)
        return [each["number"] for each in found]

    def test_the_newest(self) -> None:
        """A hundred, oldest first, where nothing else is asked for."""
        kept = [each.number for each in chronicle(200).kept]
        self.assertEqual(kept[-100:], self.numbers("", 200))
        self.assertEqual(kept[-3:], self.numbers("limit=3", 200))

    def test_before(self) -> None:
        """The newest of those that came before a number."""
        self.assertEqual([3, 4], self.numbers("limit=2&before=5"))
        self.assertEqual([], self.numbers("before=0"))

    def test_after(self) -> None:
        """The oldest of those that followed on a number."""
        self.assertEqual([1, 2], self.numbers("limit=2&after=0"))
        self.assertEqual([7, 8], self.numbers("limit=2&after=6"))
        self.assertEqual([], self.numbers("after=9000"))

    def test_between(self) -> None:
        """Both bounds hold."""
        self.assertEqual([4, 5, 6], self.numbers("after=3&before=7"))
        self.assertEqual([4, 5], self.numbers("after=3&before=7&limit=2"))

    def test_of_a_kind(self) -> None:
        """Only these, and as many of them as are asked for, wherever they are."""
        kept = chronicle(3000).kept
        lefts = [each.number for each in kept if each.event == "peer_left"]
        self.assertGreater(len(kept), 4 * reading.PAGE)
        self.assertEqual(lefts[-400:], self.numbers("event=peer_left&limit=400", 3000))
        self.assertEqual(lefts[:400], self.numbers("event=peer_left&limit=400&after=0", 3000))
        self.assertEqual([], self.numbers("event=nothing", 3000))
        both = [each.number for each in kept if each.event in ("peer_left", "refused")]
        self.assertEqual(both[-5:], self.numbers("event=peer_left&event=refused&limit=5", 3000))

    def test_exactly_one_page(self) -> None:
        """What ends where a page does is whole."""
        house = self.house(history=chronicle(0))
        for number in range(reading.PAGE * 2):
            house.history.happen(replace(occurrence(0), time=number))
        for query in (f"limit={reading.PAGE * 2}", f"after=0&limit={reading.PAGE * 2}"):
            connection = house.connect()
            connection.send(f"GET /v1/history?{query} HTTP/1.1\r\n\r\n".encode())
            house.clock.advance(0)
            _, _, content = connection.read().partition(b"\r\n\r\n")
            self.assertEqual(reading.PAGE * 2, len(json.loads(content)))

    def test_an_event_has_its_members(self) -> None:
        """And its number, time and name."""
        [found] = self.house().ask("GET", "/v1/history?limit=1&after=0").json
        one = occurrence(0)
        expected = {"number": 1, "time": one.time, "event": "peer_alive", **one.members}
        self.assertEqual(expected, found)
