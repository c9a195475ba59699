"""
How answers are written.
"""

from twisted.python.failure import Failure
from twisted.web.server import Request
from twisted.web.test.requesthelper import DummyChannel

from gossip.control import answers
from gossip.control.problems import Problem
from tests.cases import UnitCase
from tests.control import asking


def made() -> Request:
    """A request to answer."""
    return Request(DummyChannel(), False)


class AnswersTests(UnitCase):
    """Headers and bodies."""

    def header(self, request: Request, name: str) -> "str | None":
        """One header of the answer."""
        found = request.responseHeaders.getRawHeaders(name)
        return found[0] if found else None

    def test_a_document(self) -> None:
        """It is JSON of a known length, on a line of its own."""
        request = made()
        content = answers.document(request, {"a": "é"}, 202)
        self.assertEqual(b'{"a": "\\u00e9"}\n', content)
        self.assertEqual(
            (202, "application/json"), (request.code, self.header(request, "content-type"))
        )
        self.assertEqual(str(len(content)), self.header(request, "content-length"))
        self.assertEqual("no-store", self.header(request, "cache-control"))

    def test_an_array(self) -> None:
        """One item a line, so that it can be read, and cut."""
        content = self.successResultOf(answers.array(made(), [1, {"a": 2}], self.clock()))
        self.assertEqual(b'[1,\n{"a": 2}]\n', content)
        self.assertEqual(b"[]\n", self.successResultOf(answers.array(made(), [], self.clock())))

    def test_a_problem(self) -> None:
        """Its status, its type, and the headers that go with it."""
        request = made()
        found = Problem("too-many", "later", headers={"Retry-After": "5"})
        answers.problem(request, Failure(found))
        self.assertEqual(503, request.code)
        self.assertEqual("application/problem+json", self.header(request, "content-type"))
        self.assertEqual("5", self.header(request, "retry-after"))

    def test_a_fault_of_ours(self) -> None:
        """It is logged, and told as such."""
        request = made()
        answers.problem(request, Failure(ZeroDivisionError()))
        self.assertEqual(500, request.code)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_a_whole_answer(self) -> None:
        """Where there is no request, it is written out."""
        raw = answers.raw(Problem("too-many", "later", headers={"Retry-After": "5"}))
        [answer] = asking.answers(raw, "GET")
        self.assertEqual((503, "too-many"), (answer.status, answer.kind))
        self.assertEqual("close", answer.headers["connection"])
        self.assertEqual("5", answer.headers["retry-after"])
