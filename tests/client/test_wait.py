"""
`wait`.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from attrs import evolve

from tests.client.stubs import ClientCase, Request, alive, hang_up, happened, status


class WaitTests(ClientCase):
    """Until so many are alive, or the time is up."""

    def hold(self, *events: dict[str, Any]) -> None:
        """Have the stream stay open after these events, until the test is over."""
        over = Event()
        self.addCleanup(over.set)

        def stream(request: Request) -> None:
            request.stream(*events)
            over.wait(60)

        self.answers("GET", "events", stream)

    def counts(self, *alive: int) -> None:
        """Have the node count so many, each time it is asked."""
        self.answers("GET", "status", [(200, status(count)) for count in alive])

    def asked(self) -> list[str]:
        """What the node was asked for."""
        return [path.removeprefix("/v1/") for _, path, _ in self.node.asked]

    def test_enough_at_once(self) -> None:
        """Where there are enough, nothing is waited for, and nothing is said."""
        self.hold()
        self.counts(3)
        self.assertEqual("", self.told("wait", "--peers", "3"))
        self.assertEqual(["events", "status"], self.asked())
        self.assertEqual('{"alive": 3}\n', self.told("wait", "--peers", "2", "--json"))

    def test_one_that_becomes_alive(self) -> None:
        """It is counted anew when a peer becomes alive, and only then."""
        self.hold(happened("ping"), alive(1), happened("peer_dead"), alive(2))
        self.counts(0, 1, 2)
        self.told("wait", "--peers", "2", "--timeout", "60")
        self.assertEqual(["events", "status", "status", "status"], self.asked())
        self.assertEqual([], self.slept)

    def test_the_time_is_up(self) -> None:
        """Then it is said how far it came."""
        self.answers("GET", "events", lambda request: request.stream(alive(1)))
        self.counts(1)
        self.assertEqual(
            "the time is up: 1 of 5 peers are alive",
            self.fails("wait", "--peers", "5", "--timeout", "1"),
        )
        self.assertAlmostEqual(1.0, sum(self.slept))

    def test_one_look(self) -> None:
        """Without any time it is looked once."""
        self.hold()
        self.counts(1)
        self.told("wait", "--peers", "1", "--timeout", "0")
        self.assertIn("1 of 2 peers", self.fails("wait", "--peers", "2", "--timeout", "0"))

    def test_a_stream_that_is_silent(self) -> None:
        """A stream on which nothing comes is given up when the time is up."""
        self.hold()
        self.counts(1)
        shell = self.shell
        self.patch(self, "shell", lambda: evolve(shell(), now=monotonic))
        self.assertIn("1 of 2 peers", self.fails("wait", "--peers", "2", "--timeout", "0.3"))

    def test_a_node_that_is_not_there_yet(self) -> None:
        """It is waited for, and so is one that restarts or has too much to do."""
        self.node.stop()
        self.hold()
        self.counts(2)

        def start() -> None:
            self.node.answers["GET", "/v1/events"] = [
                hang_up,
                (503, {"detail": "busy"}),
                self.node.answers["GET", "/v1/events"],
            ]
            self.node.start()

        self.after(3, start)
        self.told("wait", "--peers", "2", "--timeout", "60")
        self.assertEqual(5, len(self.slept))

    def after(self, pauses: int, do: Callable[[], None]) -> None:
        """Do something in one of the pauses of the command."""
        shell = self.shell

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.time += seconds
            if len(self.slept) == pauses:
                do()

        self.patch(self, "shell", lambda: evolve(shell(), sleep=sleep))

    def test_a_node_that_never_comes(self) -> None:
        """Then it is said what was found instead."""
        self.node.stop()
        said = self.fails("wait", "--peers", "1", "--timeout", "2")
        self.assertIn("the time is up: no node runs at", said)

    def test_what_does_not_pass_by_waiting(self) -> None:
        """Who may not ask, or says it wrongly, is not kept waiting."""
        self.answers("GET", "events", {"detail": "Not for you."}, code=403)
        self.assertEqual("not for you", self.fails("wait", "--peers", "1"))
        self.assertIn(
            "both say",
            self.fails("wait", "--peers", "1", "--state", "/", "--port", "1", expected=2),
        )
        self.assertIn("--peers", self.fails("wait", expected=2))
        self.assertTrue(Path(self.path).exists())
