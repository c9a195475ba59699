"""
The API against its own description: every route is in it, and whatever is asked, answers are as it says.
"""

import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from klein import Klein
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, TestCase

from gossip.asking import Web
from gossip.control.front import Front
from gossip.control.metrics import Metrics
from gossip.control.reading import Reading
from gossip.control.surveying import Surveying
from gossip.control.writing import Writing
from gossip.mesh.status import PeerStatus
from tests.cases import UnitCase
from tests.control import described
from tests.control.fakes import FakeDesk, FakeWindow, sight

try:
    import hypothesis
    import schemathesis
    from schemathesis.config import SchemathesisConfig
except ImportError:
    schemathesis = None  # type: ignore[assignment]

reactor: Any = global_reactor

EXAMPLES = 25
"""Of each operation: about ten seconds in all, at each door."""

TOKEN = "correct-horse-battery"


def routes(app: Klein) -> Iterator[tuple[str, str]]:
    """The methods and paths of an app, as the description writes them."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(\w+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD"}:
            yield method, path


class RoutesTests(UnitCase):
    """What there is, and what is described."""

    def operations(self, tag: str) -> set[tuple[str, str]]:
        """What is described under a tag."""
        return {
            (method.upper(), path)
            for path, item in described.DESCRIPTION["paths"].items()
            for method, operation in item.items()
            if method != "parameters" and operation["tags"] == [tag]
        }

    def test_every_route_is_described(self) -> None:
        """And no other: those that read under `read`, the others under `write`."""
        apps = (Reading.app, Surveying.app, Metrics.app)
        reads = {route for app in apps for route in routes(app)}
        self.assertEqual(self.operations("read"), reads)
        self.assertEqual(self.operations("write"), set(routes(Writing.app)))

    def test_readers_change_nothing(self) -> None:
        """Their only method is GET."""
        for app in (Reading.app, Surveying.app, Metrics.app):
            self.assertEqual({"GET"}, {method for method, _ in routes(app)})

    def test_the_description_is_one(self) -> None:
        """Nothing in it points to what is not there, and it is of the version that it says."""
        self.assertEqual("3.1.0", described.DESCRIPTION["openapi"])
        text = str(described.DESCRIPTION)
        for kind, name in re.findall(r"#/components/(\w+)/(\w+)", text):
            self.assertIn(name, described.DESCRIPTION["components"][kind])

    def test_every_answer_of_these_tests_is_validated(self) -> None:
        """Where that is possible."""
        if not described.CAN_VALIDATE:
            raise SkipTest(described.WHY_NOT)
        self.assertRaises(
            AssertionError, described.validate, {"$ref": "#/components/schemas/Problem"}, {}
        )


class Endless(FakeWindow):
    """A window whose peers come back when they were forgotten."""

    def peers(self) -> "list[PeerStatus]":
        """All of them, each time."""
        self.everyone = FakeWindow().everyone
        return self.everyone


class FuzzCase(TestCase):
    """Requests that schemathesis thinks of, over TCP on the loopback: its client speaks that."""

    def setUp(self) -> None:
        if schemathesis is None:
            raise SkipTest("the API is not fuzzed: schemathesis is not installed")

    async def fuzzed(self, base: str, asks: Callable[[Any, str], object]) -> None:
        """Have `asks` called with cases of each operation, and `base`, in a thread."""
        asked = await deferToThread(self.fuzz, base, asks)
        paths = described.DESCRIPTION["paths"]
        operations = sum(len(item) - ("parameters" in item) for item in paths.values())
        self.assertEqual(operations - 1, len(asked))
        self.assertGreater(min(asked.values()), 0)

    def fuzz(self, base: str, asks: Callable[[Any, str], object]) -> dict[str, int]:
        """How often each operation was asked for."""
        whole = schemathesis.openapi.from_dict(
            described.DESCRIPTION, config=SchemathesisConfig.from_dict({"seed": 1})
        )
        # A stream has no end, and a client that waits for one would wait for ever.
        schema: Any = whole.exclude(path="/v1/events")
        asked: dict[str, int] = {}
        for found in schema.get_all_operations():
            operation = found.ok()
            numbers = count(1)

            def one(case: Any, label: str = operation.label, numbers: Any = numbers) -> None:
                asked[label] = next(numbers)
                asks(case, base)

            self.ask(operation, one)
        return asked

    def ask(self, operation: Any, asks: Callable[[Any], None]) -> None:
        """Ask for one operation, in all the ways that come to mind."""

        @hypothesis.seed(1)
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=False,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(
            case=hypothesis.strategies.one_of(
                operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE),
                operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
            )
        )
        def all_of_them(case: Any) -> None:
            asks(case)

        all_of_them()


class FuzzTests(FuzzCase):
    """At the door that has no gate."""

    def setUp(self) -> None:
        """Serve."""
        super().setUp()
        window = Endless()
        self.front = Front(sight(window), FakeDesk(window), reactor)
        self.port = reactor.listenTCP(0, self.front, interface="127.0.0.1")
        self.addCleanup(lambda: Deferred.fromCoroutine(self.stop()))

    async def stop(self) -> None:
        """Serve no more."""
        await self.port.stopListening()
        await self.front.stop()

    async def test_whatever_is_asked(self) -> None:
        """No answer is a failure of the node, and each is described: status, headers, content."""
        base = f"http://127.0.0.1:{self.port.getHost().port}"
        await self.fuzzed(base, lambda case, base: case.call_and_validate(base_url=base))


class GatedFuzzTests(FuzzCase):
    """At the door of `--http` with `--http-token`."""

    def setUp(self) -> None:
        """Serve."""
        super().setUp()
        self.web = Web("127.0.0.1", 0, sight(Endless()), reactor, token=TOKEN)
        self.addCleanup(lambda: Deferred.fromCoroutine(self.web.stop()))

    async def test_without_the_token(self) -> None:
        """Whatever is asked for, and however, is answered by a problem: the token is not there."""

        def asks(case: Any, base: str) -> None:
            case.headers = {k: v for k, v in case.headers.items() if k.lower() != "authorization"}
            answer = case.call(base_url=base)
            self.assertEqual(401, answer.status_code, case.as_curl_command())
            self.assertIn("www-authenticate", answer.headers)
            described.validate({"$ref": "#/components/schemas/Problem"}, answer.json())

        await self.fuzzed(self.web.url.rstrip("/"), asks)

    async def test_with_the_token(self) -> None:
        """What reads is answered as it is described, and what writes is not there."""
        shown = {"Authorization": f"Bearer {TOKEN}"}

        def asks(case: Any, base: str) -> None:
            if case.operation.definition.raw["tags"] == ["read"]:
                case.call_and_validate(base_url=base, headers=shown)
                return
            answer = case.call(base_url=base, headers=shown)
            self.assertEqual(405, answer.status_code, case.as_curl_command())
            self.assertNotIn(case.method, answer.headers["allow"])

        await self.fuzzed(self.web.url.rstrip("/"), asks)
