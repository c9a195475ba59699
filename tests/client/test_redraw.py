"""
`peers --watch`, on a terminal.
"""

import os
import signal

from attrs import evolve

from gossip.client.screen import ENTER, LEAVE
from tests.client.stubs import ClientCase, Terminal, peer


class RedrawTests(ClientCase):
    """The screen, and how it is left."""

    def setUp(self) -> None:
        """A terminal of 40 columns and 10 lines."""
        super().setUp()
        self.out = Terminal()
        self.environ["NO_COLOR"] = "1"
        self.width = 40
        self.answers("GET", "peers", [(200, [peer()]), (200, [peer(state="dead")])])

    def drawn(self, end: BaseException | int, expected: int | None) -> str:
        """What is written until the end comes, as an exception or a signal, in the second pause."""
        before = self.shell()

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            if len(self.slept) == 2:
                if isinstance(end, BaseException):
                    raise end
                signal.raise_signal(end)

        self.patch(self, "shell", lambda: evolve(before, out=self.out, sleep=sleep))
        if expected is None:
            with self.assertRaises(SystemExit) as caught:
                self.told("peers", "--watch")
            self.assertEqual(128 + signal.SIGTERM, caught.exception.code)
            return self.out.getvalue()
        return self.told("peers", "--watch", expected=expected)

    def test_each_second(self) -> None:
        """Each second what is so now is drawn over what was so before."""
        said = self.drawn(KeyboardInterrupt(), 130)
        self.assertEqual([1.0, 1.0], self.slept)
        screens = said.removeprefix(ENTER).removesuffix(LEAVE).split("\x1b[H")[1:]
        self.assertEqual(2, len(screens))
        self.assertIn("1 alive, 0 dead", screens[0])
        self.assertIn("\ndead   cdcdcdcdcdcd", screens[1].replace("\x1b[K", ""))
        self.assertTrue(all(screen.endswith("\x1b[J") for screen in screens))

    def test_left_by_ctrl_c(self) -> None:
        """Ctrl-C gives the terminal back as it was, and says nothing."""
        said = self.drawn(KeyboardInterrupt(), 130)
        self.assertTrue(said.startswith(ENTER))
        self.assertTrue(said.endswith(LEAVE))
        self.assertEqual("", self.errors.getvalue())

    def test_left_by_signals(self) -> None:
        """So does a signal that ends the process, and what the signals did before they do again."""
        before = signal.getsignal(signal.SIGTERM)
        self.assertTrue(self.drawn(signal.SIGTERM, None).endswith(LEAVE))
        self.assertIs(before, signal.getsignal(signal.SIGTERM))

    def test_left_by_accident(self) -> None:
        """So does a mistake of ours."""
        with self.assertRaises(ZeroDivisionError):
            self.drawn(ZeroDivisionError(), 0)
        self.assertTrue(self.out.getvalue().endswith(LEAVE))

    def test_suspended(self) -> None:
        """While it is suspended the terminal is as it was."""
        stopped: list[str] = []
        self.patch(os, "kill", lambda pid, number: stopped.append(self.out.getvalue()))

        def suspend(seconds: float) -> None:
            if stopped:
                raise KeyboardInterrupt
            signal.raise_signal(signal.SIGTSTP)

        before = self.shell()
        self.patch(self, "shell", lambda: evolve(before, out=self.out, sleep=suspend))
        said = self.told("peers", "--watch", expected=130)
        self.assertTrue(stopped[0].endswith(LEAVE))
        self.assertTrue(said.removeprefix(stopped[0]).startswith(ENTER))

    def test_a_node_that_is_gone(self) -> None:
        """What fails is drawn, no wider than the terminal, and tried again."""
        self.answers("GET", "peers", [(500, b"x"), (200, [peer()])])
        screens = self.drawn(KeyboardInterrupt(), 130).split("\x1b[H")
        self.assertIn("p2p-gossip: the node answers 500 Interna\x1b[K", screens[1])
        self.assertIn("1 alive", screens[2])

    def test_more_than_fit(self) -> None:
        """What does not fit is counted, and nothing scrolls."""
        self.answers("GET", "peers", [(200, [peer(name=f"n{n}") for n in range(50)])])
        screen = self.drawn(KeyboardInterrupt(), 130).split("\x1b[H")[1]
        lines = screen.removesuffix("\x1b[J").replace("\x1b[K", "").split("\n")
        self.assertEqual(10, len(lines))
        self.assertEqual("… and 43 more", lines[-1])
        self.assertTrue(all(len(line) <= 40 for line in lines))
