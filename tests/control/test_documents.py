"""
Snapshots and events as JSON.
"""

import json
from collections.abc import Coroutine
from types import MappingProxyType
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import fields, replace
from twisted.internet.defer import Deferred

from gossip.control import documents
from gossip.mesh.status import LinkStatus, NodeStatus, Occurrence, PeerStatus, RoundTripTimes
from gossip.sight.picture import (
    Diagnosis,
    Finding,
    Matrix,
    MatrixNode,
    PairStatus,
    PastTimes,
    Report,
)
from gossip.sight.verdicts import Saying
from tests.cases import UnitCase
from tests.control import described
from tests.control.fakes import OURS, FakeLookout, FakeWindow, link, matrix, occurrence, peer

WINDOW = FakeWindow()

PICTURES = (Diagnosis, Finding, Matrix, MatrixNode, PairStatus, PastTimes, Report, Saying)
"""What is told of the whole network."""


class DocumentsTests(UnitCase):
    """What is sent for what."""

    def test_snapshots_are_told_member_for_member(self) -> None:
        """In their order, with nothing added or left out, as described."""
        for status in (WINDOW.status(), peer(0), peer(5), link(peer(0)), link(peer(1))):
            found = json.loads(documents.text(documents.snapshot(status)))
            self.assertEqual([member.name for member in fields(type(status))], list(found))
            schema = {"$ref": f"#/components/schemas/{type(status).__name__}"}
            described.validate(schema, found)

    def test_the_description_has_the_members_of_the_classes(self) -> None:
        """Where a class gets one more, the description does."""
        for kind in (NodeStatus, PeerStatus, LinkStatus, RoundTripTimes, *PICTURES):
            schema = described.DESCRIPTION["components"]["schemas"][kind.__name__]
            names = [member.name for member in fields(kind)]
            self.assertEqual(names, list(schema["properties"]))
            self.assertEqual(names, schema["required"])

    def test_what_is_in_another_thing(self) -> None:
        """It is told member for member as well, and tuples are arrays."""
        asked = FakeLookout()
        asking: tuple[Coroutine[Any, Any, Struct], ...] = (
            asked.report(),
            asked.diagnosis(peer(1).id),
            asked.pair(OURS, peer(1).id),
        )
        for answer in asking:
            status = self.successResultOf(Deferred.fromCoroutine(answer))
            found = json.loads(documents.text(documents.snapshot(status)))
            self.assertEqual(json.loads(json.dumps(to_builtins(status))), found)
            schema = {"$ref": f"#/components/schemas/{type(status).__name__}"}
            described.validate(schema, found)

    def test_a_matrix_in_pieces(self) -> None:
        """Together they are what the whole would be, of any size, in ASCII."""
        for size in (0, 1, 3, documents.BATCH, 2 * documents.BATCH + 1):
            whole = matrix(size)
            pieces = list(documents.matrix(whole))
            self.assertTrue(b"".join(pieces).isascii())
            found = json.loads(b"".join(pieces))
            self.assertEqual(json.loads(documents.text(documents.snapshot(whole))), found)
            described.validate({"$ref": "#/components/schemas/Matrix"}, found)
            self.assertLessEqual(max(piece.count(b"\n") for piece in pieces), documents.BATCH + 1)

    def test_any_mapping_is_an_object(self) -> None:
        """A node may hand out views of its own."""
        seen = replace(peer(0), tags=MappingProxyType({"a": "b"}))
        self.assertEqual({"a": "b"}, json.loads(documents.text(documents.snapshot(seen)))["tags"])

    def test_all_is_ascii(self) -> None:
        """No name gets to a terminal as it is, not even half a character."""
        for number in range(8):
            written = documents.text(documents.snapshot(peer(number)))
            self.assertTrue(written.isascii() and written.decode().isprintable())
            self.assertEqual(peer(number).name, json.loads(written)["name"])

    def test_what_has_no_form_is_an_error(self) -> None:
        """It is not sent as something that it is not."""
        self.assertRaises(TypeError, documents.text, {"a": object()})
        self.assertRaises(ValueError, documents.text, {"a": float("nan")})

    def test_events(self) -> None:
        """They are as on standard output; in the history with their number."""
        one = Occurrence(number=7, time=1.5, event="peer_left", members={"peer": "x"})
        self.assertEqual({"time": 1.5, "event": "peer_left", "peer": "x"}, documents.event(one))
        self.assertEqual({"number": 7, **documents.event(one)}, documents.kept(one))
        for number in range(6):
            found = json.loads(documents.text(documents.event(occurrence(number))))
            described.validate({"$ref": "#/components/schemas/Event"}, found)
