"""
Server-sent events.
"""

import json
from typing import Any

from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gossip.control import stream
from gossip.control.stream import AGAIN, BEAT, BUFFER, MOST, PAGE, PATIENCE
from gossip.mesh.status import Occurrence
from tests.cases import UnitCase
from tests.control import described
from tests.control.asking import Connection, House, HouseCase, request
from tests.control.fakes import FakeChronicle, chronicle, occurrence

PING = occurrence(1)


@frozen
class Told:
    """One event as it was received."""

    id: int | None
    event: str
    data: dict[str, Any]


class Listener:
    """A client that listens to events."""

    def __init__(
        self, house: House, query: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self.connection = house.connect()
        self.written = self.connection.send(request("GET", f"/v1/events{query}", None, headers))

    def text(self) -> str:
        """Everything that was received, without headers and chunks."""
        self.written += self.connection.read()
        _, _, rest = self.written.partition(b"\r\n\r\n")
        pieces = []
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            pieces.append(rest[: int(size, 16)])
            rest = rest[int(size, 16) + 2 :]
        return b"".join(pieces).decode("ascii")

    def told(self) -> list[Told]:
        """The events in it."""
        found = []
        for block in self.text().split("\n\n"):
            lines = [line.partition(": ") for line in block.splitlines() if line[0] != ":"]
            members = {name: value for name, _, value in lines}
            if members:
                number = int(members["id"]) if "id" in members else None
                data = json.loads(members["data"])
                described.validate({"$ref": "#/components/schemas/Event"}, data)
                found.append(Told(number, members["event"], data))
        return found

    def numbers(self) -> list[int]:
        """The ids of those that are kept."""
        return [each.id for each in self.told() if each.id is not None]

    def pause(self) -> None:
        """Read nothing any more."""
        self.connection.protocol.pauseProducing()

    def resume(self) -> None:
        """Read on."""
        self.connection.protocol.resumeProducing()

    @property
    def is_cut(self) -> bool:
        """Whether it was cut off."""
        return self.connection.transport.aborting


class LiveTests(HouseCase):
    """Events as they happen."""

    def test_the_beginning(self) -> None:
        """The answer begins at once, and it is a stream of events."""
        listener = Listener(self.house())
        head = listener.written.partition(b"\r\n\r\n")[0].lower()
        self.assertIn(b"content-type: text/event-stream", head)
        self.assertIn(b"cache-control: no-store", head)
        self.assertNotIn(b"content-length", head)
        self.assertEqual(": events follow\n\n", listener.text())

    def test_events(self) -> None:
        """With the name, the number and the object; a ping has no number."""
        house = self.house()
        listener = Listener(house)
        house.history.happen(occurrence(3))
        house.history.happen(PING)
        newest = house.history.kept[-1]
        left, ping = listener.told()
        self.assertEqual((newest.number, "peer_left"), (left.id, left.event))
        expected = {"time": newest.time, "event": "peer_left", **newest.members}
        self.assertEqual(expected, left.data)
        self.assertEqual(
            (None, "ping", PING.members["text"]), (ping.id, ping.event, ping.data["text"])
        )

    def test_nothing_from_before(self) -> None:
        """Where it is not asked for, the past is not told."""
        self.assertEqual([], Listener(self.house()).told())

    def test_comments(self) -> None:
        """One each 15 seconds, so that nobody takes the stream for dead."""
        house = self.house()
        listener = Listener(house)
        house.clock.pump([BEAT - 0.01, 0.01, BEAT])
        self.assertEqual(": events follow\n\n:\n\n:\n\n", listener.text())

    def test_a_client_that_goes(self) -> None:
        """Nobody is told any more, and nothing is left."""
        house = self.house()
        listener = Listener(house)
        self.assertEqual(1, len(house.history.told))
        listener.connection.lose()
        house.connections.clear()
        self.assertEqual([], house.history.told)
        self.assertEqual([], house.clock.getDelayedCalls())

    def test_the_end(self) -> None:
        """When the node stops, the stream ends as a whole answer, and the connection is closed."""
        house = self.house()
        listener = Listener(house)
        Deferred.fromCoroutine(house.front.stop())
        listener.text()
        self.assertTrue(listener.written.endswith(b"\r\n0\r\n\r\n"))
        self.assertTrue(listener.connection.transport.disconnecting)
        self.assertEqual([], house.history.told)

    def test_what_was_left_out(self) -> None:
        """Queries and numbers that are none are problems."""
        house = self.house()
        for query, headers in (("?after=x", {}), ("", {"Last-Event-ID": "x"}), ("?x=1", {})):
            self.assertEqual(400, house.ask("GET", f"/v1/events{query}", None, headers).status)


class ReplayTests(HouseCase):
    """What is kept, and then what comes."""

    def test_from_a_number_on(self) -> None:
        """All that is kept after it, each once, and then what happens."""
        for query, headers in (("?after=15", {}), ("", {"Last-Event-ID": "15"})):
            house = self.house()
            last = house.history.kept[-1].number
            listener = Listener(house, query, headers)
            house.history.happen(occurrence(0))
            self.assertEqual(list(range(16, last + 2)), listener.numbers())

    def test_the_header_is_stronger(self) -> None:
        """A browser repeats its query for ever."""
        listener = Listener(self.house(), "?after=0", {"Last-Event-ID": "15"})
        self.assertEqual(16, listener.numbers()[0])

    def test_all(self) -> None:
        """0 is before the first; it takes several pages."""
        house = self.house(history=chronicle(PAGE * 5))
        listener = Listener(house, "?after=0")
        self.assertEqual([each.number for each in house.history.kept], listener.numbers())

    def test_exactly_one_page(self) -> None:
        """What follows on it is told too."""
        house = self.house(history=FakeChronicle())
        for _ in range(PAGE):
            house.history.happen(occurrence(0))
        listener = Listener(house, "?after=0")
        house.history.happen(occurrence(0))
        self.assertEqual(list(range(1, PAGE + 2)), listener.numbers())

    def test_nothing_is_new(self) -> None:
        """Then only what happens is told."""
        house = self.house()
        last = house.history.kept[-1].number
        listener = Listener(house, f"?after={last}")
        self.assertEqual([], listener.told())
        house.history.happen(occurrence(0))
        self.assertEqual([last + 1], listener.numbers())

    def test_what_is_told_late(self) -> None:
        """What was read already, or told already, is not told again."""
        house = self.house()
        listener = Listener(house, "?after=15")
        [tell] = house.history.told
        tell(house.history.kept[-1])
        house.history.happen(occurrence(0))
        tell(house.history.kept[-1])
        self.assertEqual([each.number for each in house.history.kept[15:]], listener.numbers())

    def test_a_number_of_another_history(self) -> None:
        """It is yet to come here, so all that is kept is news."""
        house = self.house()
        listener = Listener(house, "?after=5000")
        self.assertEqual([each.number for each in house.history.kept], listener.numbers())
        house.history.happen(occurrence(0))
        self.assertEqual(house.history.kept[-1].number, listener.numbers()[-1])

    def test_what_happens_while_the_past_is_read(self) -> None:
        """It comes when its turn is, and pings of that time do not."""
        house = self.house(history=chronicle(PAGE * 3))
        told: list[Occurrence] = []
        since = house.history.since

        def slow(number: int, limit: int) -> list[Occurrence]:
            found = since(number, limit)
            if not told:
                told.extend(found)
                listening[0].protocol.pauseProducing()
            return found

        self.patch(FakeChronicle, "since", lambda _, number, limit: slow(number, limit))
        listening: list[Connection] = house.connections
        listener = Listener(house, "?after=0")
        self.assertEqual(PAGE, len(listener.told()))
        house.history.happen(occurrence(0))
        house.history.happen(PING)
        self.assertEqual(PAGE, len(listener.told()))
        listener.resume()
        self.assertEqual([each.number for each in house.history.kept], listener.numbers())
        house.history.happen(PING)
        self.assertEqual("ping", listener.told()[-1].event)


class SlowTests(HouseCase):
    """Clients that read slower than things happen."""

    def test_what_waits_is_told_in_its_order(self) -> None:
        """Pings as well."""
        house = self.house()
        listener = Listener(house)
        listener.pause()
        for number in range(6):
            house.history.happen(occurrence(number))
        self.assertEqual([], listener.told())
        listener.resume()
        house.history.happen(occurrence(3))
        expected = [occurrence(number).event for number in (0, 1, 2, 3, 4, 5, 3)]
        self.assertEqual(expected, [each.event for each in listener.told()])

    def test_who_misses_too_much_is_cut(self) -> None:
        """The buffer has a bound, and nobody is told what cannot be."""
        house = self.house()
        listener = Listener(house)
        listener.pause()
        size, each = 0, len(stream._written(replace(PING, number=0)))
        while size + each <= BUFFER:
            house.history.happen(PING)
            size += each
        self.assertFalse(listener.is_cut)
        house.history.happen(PING)
        self.assertTrue(listener.is_cut)
        self.assertEqual([], house.history.told)
        listener.resume()
        self.assertEqual([], listener.told())

    def test_what_was_read_makes_room(self) -> None:
        """It is not counted for ever."""
        house = self.house()
        listener = Listener(house)
        for _ in range(3):
            listener.pause()
            for _ in range(BUFFER // 2 // len(stream._written(PING))):
                house.history.happen(PING)
            listener.resume()
        self.assertFalse(listener.is_cut)

    def test_who_reads_nothing_for_a_minute_is_cut(self) -> None:
        """Though nothing happens: its place is wanted."""
        house = self.house()
        listener = Listener(house)
        listener.pause()
        house.clock.pump([BEAT] * (PATIENCE - 1))
        self.assertFalse(listener.is_cut)
        house.clock.advance(BEAT)
        self.assertTrue(listener.is_cut)

    def test_who_reads_now_and_then_is_not(self) -> None:
        """The minute begins anew."""
        house = self.house()
        listener = Listener(house)
        for _ in range(5):
            listener.pause()
            house.clock.pump([BEAT] * (PATIENCE - 1))
            listener.resume()
        self.assertFalse(listener.is_cut)


class FailureTests(HouseCase):
    """Faults of ours."""

    def broken(self, *_: object, **__: object) -> list[Occurrence]:
        """A history that cannot be read."""
        raise ZeroDivisionError

    def test_a_history_that_cannot_be_read_at_all(self) -> None:
        """It is a problem like any other."""
        house = self.house()
        self.patch(FakeChronicle, "latest", self.broken)
        found = house.ask("GET", "/v1/events")
        self.assertEqual((500, "internal-error"), (found.status, found.kind))
        self.assertEqual([], house.history.told)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_a_history_that_cannot_be_read_on(self) -> None:
        """The client is cut off, and asks again from where it was."""
        house = self.house()
        self.patch(FakeChronicle, "since", self.broken)
        listener = Listener(house, "?after=0")
        self.assertTrue(listener.is_cut)
        self.assertEqual([], listener.told())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_an_event_that_cannot_be_told(self) -> None:
        """The node does not notice."""
        house = self.house()
        listener = Listener(house)
        house.history.happen(replace(PING, members={"rtt_ms": float("nan")}))
        self.assertTrue(listener.is_cut)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))


class NumbersTests(UnitCase):
    """Whatever happens when."""

    @settings(deadline=None, database=None)
    @given(st.integers(0, 40), st.lists(st.sampled_from(["kept", "ping", "pause", "resume"])))
    def test_no_gap_and_no_double(self, after: int, steps: list[str]) -> None:
        """What is kept is told from a number on, each once, in its order."""
        house = House(Clock(), history=chronicle(40))
        newest = house.history.kept[-1].number
        listener = Listener(house, f"?after={after}")
        for step in steps:
            if step == "pause":
                listener.pause()
            elif step == "resume":
                listener.resume()
            else:
                house.history.happen(PING if step == "ping" else occurrence(0))
        listener.resume()
        begun = after if after <= newest else 0
        expected = [each.number for each in house.history.kept if each.number > begun]
        self.assertEqual(expected, listener.numbers())
        house.close()


class CrowdTests(HouseCase):
    """How many there may be."""

    def test_one_too_many(self) -> None:
        """It is told when to try again; when another goes there is a place."""
        house = self.house()
        listeners = [Listener(house) for _ in range(MOST)]
        found = house.ask("GET", "/v1/events")
        self.assertEqual((503, "too-many"), (found.status, found.kind))
        self.assertEqual(str(AGAIN), found.headers["retry-after"])
        self.assertEqual(200, house.ask("GET", "/v1/status").status)
        house.connections.remove(listeners[0].connection)
        listeners[0].connection.lose()
        self.assertEqual([], Listener(house).told())
        self.assertEqual(503, house.ask("GET", "/v1/events").status)
