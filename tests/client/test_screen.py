"""
The other screen and the keyboard, on a terminal of this process's own.
"""

import os
import signal
import termios

from attrs import evolve

from gossip.client.errors import Failed
from gossip.client.screen import ENTER, LEAVE, Keys, screen
from tests.client.stubs import ClientCase, Terminal


class ScreenTests(ClientCase):
    """How a terminal is used and given back."""

    def setUp(self) -> None:
        """Open one."""
        super().setUp()
        self.person, self.terminal = os.openpty()
        self.addCleanup(os.close, self.terminal)
        self.addCleanup(lambda: os.close(self.person) if self.person >= 0 else None)
        self.shown = Terminal()

    def by_key(self) -> bool:
        """Whether the keyboard is read by the key, and not by the line."""
        return not termios.tcgetattr(self.terminal)[3] & termios.ICANON

    def test_given_back(self) -> None:
        """By an exception of any kind, the keyboard is by the line again, and the screen the other."""
        before = termios.tcgetattr(self.terminal)
        with (
            self.assertRaises(ZeroDivisionError),
            screen(evolve(self.shell(), out=self.shown), self.terminal),
        ):
            self.assertTrue(self.by_key())
            self.assertEqual(ENTER, self.shown.getvalue())
            raise ZeroDivisionError
        self.assertEqual(ENTER + LEAVE, self.shown.getvalue())
        self.assertEqual(before, termios.tcgetattr(self.terminal))

    def test_signals(self) -> None:
        """The signals that end a process give it back, and do again what they did."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            before = signal.getsignal(number)
            with self.assertRaises(SystemExit) as caught, screen(self.shell(), self.terminal):
                signal.raise_signal(number)
            self.assertEqual(128 + number, caught.exception.code)
            self.assertFalse(self.by_key())
            self.assertIs(before, signal.getsignal(number))

    def test_suspended(self) -> None:
        """While it is suspended the terminal is as it was, keyboard and all."""
        there: list[bool] = []
        self.patch(os, "kill", lambda pid, number: there.append(self.by_key()))
        with screen(self.shell(), self.terminal):
            signal.raise_signal(signal.SIGTSTP)
            there.append(self.by_key())
        self.assertEqual([False, True], there)
        self.assertEqual(ENTER + LEAVE + ENTER + LEAVE, self.out.getvalue())

    def test_a_screen_that_cannot_be_written(self) -> None:
        """The keyboard is given back all the same."""
        before = termios.tcgetattr(self.terminal)
        with self.assertRaises(ZeroDivisionError), screen(self.shell(), self.terminal):
            self.out.close()
            raise ZeroDivisionError
        self.assertEqual(before, termios.tcgetattr(self.terminal))

    def test_keys(self) -> None:
        """Each is told by its character or name, also when they come together."""
        keys = Keys(self.terminal)
        with screen(self.shell(), self.terminal):
            self.assertIsNone(keys.next(0))
            os.write(self.person, b"qj\x1b[A\x1b[6~\x1bOFx")
            found = [keys.next(60) for _ in range(6)]
            self.assertEqual(["q", "j", "up", "page down", "end", "x"], found)
            os.write(self.person, b"\x1b[99;9u")
            self.assertEqual("escape", keys.next(60))
            self.assertIsNone(keys.next(0))

    def test_a_terminal_that_is_gone(self) -> None:
        """That is told, and no key is waited for."""
        os.close(self.person)
        self.person = -1
        with self.assertRaisesRegex(Failed, "the terminal is gone"):
            Keys(self.terminal).next(60)

    def test_no_keyboard(self) -> None:
        """Then no key ever comes."""
        self.assertIsNone(Keys(None).next(0))
