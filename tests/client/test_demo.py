"""
The command that shows the demonstration.
"""

import webbrowser
from io import StringIO
from threading import Event

from gossip.client import demo
from gossip.client.command import main
from gossip.client.shell import Shell
from gossip.demo.performance import Broken, Performance
from tests.cases import UnitCase
from tests.client.stubs import Terminal


def shell(out: StringIO, **environ: str) -> Shell:
    """One that prints there."""
    return Shell(out=out, errors=StringIO(), environ=environ)


class DemoTests(UnitCase):
    """What it makes of its words."""

    def asked(self, *arguments: str, fault: Exception | None = None) -> tuple[int, Performance]:
        """The exit status, and what was to be performed."""
        performed: list[Performance] = []

        def run(performance: Performance) -> int:
            performed.append(performance)
            if fault is not None:
                raise fault
            return 130

        self.patch(Performance, "run", run)
        self.shell = shell(StringIO())
        return main(("demo", *arguments), self.shell), performed[0]

    def test_options(self) -> None:
        """Eight nodes and no end, where nothing else is asked for."""
        status, performance = self.asked()
        self.assertEqual((130, 8, None), (status, performance.nodes, performance.seconds))
        _, performance = self.asked("--nodes", "24", "--seconds", "2.5")
        self.assertEqual((24, 2.5), (performance.nodes, performance.seconds))
        self.assertFalse(performance.coloured)

    def test_too_many(self) -> None:
        """More than 24 nodes are more than a small machine can start, and two are no story."""
        for count in ("2", "25"):
            self.assertEqual(2, main(("demo", "--nodes", count), shell(StringIO())))

    def test_broken(self) -> None:
        """Why it cannot be shown is a line."""
        status, _ = self.asked(fault=Broken("no place"))
        self.assertEqual((1, "p2p-gossip: no place\n"), (status, self.shell.errors.getvalue()))  # type: ignore[attr-defined]


class BrowserTests(UnitCase):
    """When a browser is opened."""

    def test_only_where_somebody_sees_it(self) -> None:
        """There must be a display, and a terminal that somebody looks at."""
        opened, done = [], Event()

        def open_(address: str) -> None:
            opened.append(address)
            done.set()

        self.patch(webbrowser, "open", open_)
        demo.show("1", shell(StringIO(), DISPLAY=":0"))
        demo.show("2", shell(Terminal()))
        demo.show("3", shell(Terminal(), DISPLAY=""))
        demo.show("4", shell(Terminal(), WAYLAND_DISPLAY="w"))
        self.assertTrue(done.wait(60))
        self.assertEqual(["4"], opened)
