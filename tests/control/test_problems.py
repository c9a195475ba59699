"""
Problem documents.
"""

from gossip.control import problems
from gossip.control.naming import Ambiguous
from gossip.control.problems import CANDIDATES, Problem, problem_of
from gossip.mesh.status import Conflict, NotLinked, Refusal, Unknown
from tests.cases import UnitCase
from tests.control import described
from tests.control.fakes import peer

SCHEMA = {"$ref": "#/components/schemas/Problem"}


class ProblemTests(UnitCase):
    """What each error becomes."""

    def test_every_kind_is_a_document_as_described(self) -> None:
        """All have their type, title, status and detail."""
        for kind in problems._KINDS:
            document = Problem(kind, "what, and what to do").document()
            described.validate(SCHEMA, document)
            self.assertEqual(["type", "title", "status", "detail"], list(document))
            self.assertEqual(f"urn:p2p-gossip:problem:{kind}", document["type"])

    def test_what_errors_of_a_node_become(self) -> None:
        """Each has its kind."""
        cases: list[tuple[Exception, str, int]] = [
            (Unknown("x"), "no-such-peer", 404),
            (NotLinked("x"), "not-linked", 409),
            (Conflict("why"), "conflict", 409),
            (Refusal("why"), "refused", 400),
            (Ambiguous("x", [peer(0)]), "ambiguous-peer", 409),
            (Problem("too-large", "x"), "too-large", 413),
        ]
        for error, kind, status in cases:
            found = problem_of(error)
            assert found is not None
            self.assertEqual((kind, status), (found.kind, found.status))
            described.validate(SCHEMA, found.document())

    def test_the_text_of_the_node_is_told(self) -> None:
        """A conflict and a refusal say themselves why."""
        for error in (Conflict("why so"), Refusal("why so")):
            found = problem_of(error)
            assert found is not None
            self.assertEqual("why so", found.detail)

    def test_our_own_faults_are_no_problems_of_others(self) -> None:
        """What nobody foresaw is none of these."""
        self.assertIsNone(problem_of(ZeroDivisionError()))

    def test_candidates_are_bounded(self) -> None:
        """Twenty are told by id, name and state; how many there are is told in words."""
        found = problem_of(Ambiguous("x", [peer(n % 8) for n in range(100)]))
        assert found is not None
        document: dict[str, object] = found.document()
        candidates = document["candidates"]
        assert isinstance(candidates, list)
        self.assertEqual(CANDIDATES, len(candidates))
        one = peer(0)
        self.assertEqual({"id": one.id, "name": one.name, "state": one.state}, candidates[0])
        self.assertIn("100 peers", found.detail)
        described.validate(SCHEMA, document)
