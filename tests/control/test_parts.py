"""
What all parts of the API have in common.
"""

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.web.server import Request

from gossip.control import parts
from gossip.control.problems import Problem
from tests.control.asking import HouseCase


class Failing:
    """Some routes at which all goes wrong."""

    app = parts.routes()

    @app.route("/now", methods=["GET"])
    def now(self, request: Request) -> bytes:
        """At once."""
        raise Problem("no-such-route", "There is none.")

    @app.route("/later", methods=["GET"])
    def later(self, request: Request) -> Deferred[Any]:
        """Later, and nobody thought of it."""
        return fail(ValueError("x"))


class PartsTests(HouseCase):
    """A part of its own, beside the others."""

    def test_problems(self) -> None:
        """What goes wrong is a problem document, by its kind; a bug is logged, and told as such."""
        house = self.house(more=[Failing()])
        for path, status, kind in (
            ("/now", 404, "no-such-route"),
            ("/later", 500, "internal-error"),
        ):
            answer = house.ask("GET", path)
            self.assertEqual((status, kind), (answer.status, answer.kind))
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_slashes(self) -> None:
        """A path with one slash more is another path, and nobody is sent elsewhere."""
        answer = self.house(more=[Failing()]).ask("GET", "//now")
        self.assertEqual((404, "no-such-route"), (answer.status, answer.kind))
        self.assertNotIn("location", answer.headers)
