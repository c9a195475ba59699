"""
`watch`.
"""

import json
from collections.abc import Callable
from typing import Any

from attrs import evolve

from tests.client.stubs import NOW, OTHER, ClientCase, Request, alive, hang_up, happened


class WatchTests(ClientCase):
    """What happens, as it happens."""

    def streams(self, *answers: Any) -> None:
        """Have each connection to the stream answered by the next of these; 3 is kept before."""
        self.answers("GET", "history", [(200, [happened("listening", 3)])])
        self.answers("GET", "events", list(answers))

    def asked_after(self) -> list[str | None]:
        """After which numbers the stream was asked for."""
        asked = zip(self.node.asked, self.node.headers, strict=True)
        return [headers.get("Last-Event-ID") for (_, path, _), headers in asked if "events" in path]

    def watched(self, *arguments: str, pauses: int = 1) -> list[str]:
        """What is printed until the command has paused so often, when Ctrl-C comes."""
        before = self.shell

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            if len(self.slept) >= pauses:
                raise KeyboardInterrupt

        self.patch(self, "shell", lambda: _with_sleep(before, sleep))
        return self.told("watch", *arguments, expected=130).splitlines()

    def test_lines(self) -> None:
        """They are as a node prints them, with the times at which things happened."""
        self.streams(lambda request: request.stream(alive(4, "\x1b[2J"), happened("new", x=1)))
        first, second = self.watched()
        self.assertRegex(first, rf"\A\d\d:\d\d:\d\d alive   {OTHER[:12]} \\x1b\[2J 10.0.0.2:8080\Z")
        self.assertTrue(second.endswith(" new x=1"))

    def test_json(self) -> None:
        """Each object is a line, in ASCII, as the node sent it."""
        self.streams(lambda request: request.stream(alive(4, "é"), happened("new", x=1)))
        lines = self.watched("--json")
        self.assertEqual(
            [alive(name="é"), {"time": NOW, "event": "new", "x": 1}], list(map(json.loads, lines))
        )
        self.assertTrue("".join(lines).isascii())

    def test_a_node_that_restarts(self) -> None:
        """What was missed is asked for, and stderr tells of the gap once at each end."""
        self.streams(
            lambda request: request.stream(alive(4), happened("ping")),
            hang_up,
            (503, {"detail": "too many."}),
            lambda request: request.stream(alive(5)),
        )
        self.assertEqual(3, len(self.watched(pauses=4)))
        self.assertEqual(["3", "4", "4", "4"], self.asked_after())
        self.assertEqual(
            f"p2p-gossip: the node at {self.path} ended the stream; waiting for it\n"
            f"p2p-gossip: the node at {self.path} answers again\n"
            f"p2p-gossip: the node at {self.path} ended the stream; waiting for it\n",
            self.errors.getvalue(),
        )

    def test_a_node_that_restarts_at_once(self) -> None:
        """Nothing is missed either where nothing that is kept had happened before."""
        self.streams(
            lambda request: request.stream(happened("ping")),
            lambda request: request.stream(alive(4)),
        )
        self.watched(pauses=2)
        self.assertEqual(["3", "3"], self.asked_after())

    def test_nothing_kept_yet(self) -> None:
        """A node whose history is empty is asked for all that comes."""
        self.streams(lambda request: request.stream())
        self.answers("GET", "history", [(200, [])])
        self.watched()
        self.assertEqual(["0"], self.asked_after())

    def test_from_a_number(self) -> None:
        """What is kept after a number comes first."""
        self.streams(lambda request: request.stream())
        self.watched("--after", "17")
        self.assertEqual(["17"], self.asked_after())

    def test_no_node_at_first(self) -> None:
        """A node that never was there is not waited for."""
        self.streams((503, {"detail": "Too many watch."}))
        self.assertEqual("too many watch", self.fails("watch"))
        self.node.stop()
        self.assertIn("no node runs at", self.fails("watch"))

    def test_a_node_that_refuses_later(self) -> None:
        """A refusal that will not pass ends it."""
        self.streams(lambda request: request.stream(), (404, {"detail": "No such thing."}))
        self.told("watch", expected=1)
        self.assertTrue(self.errors.getvalue().endswith("p2p-gossip: no such thing\n"))

    def test_what_is_no_json(self) -> None:
        """A node that speaks otherwise is told of."""

        def nonsense(request: Request) -> None:
            request.send_response(200)
            request.end_headers()
            request.wfile.write(b"data: {\n\n")
            request.close_connection = True

        self.streams(nonsense)
        self.assertIn("not understood", self.fails("watch"))


def _with_sleep(shell: Callable[[], Any], sleep: Callable[[float], None]) -> Any:
    return evolve(shell(), sleep=sleep)
