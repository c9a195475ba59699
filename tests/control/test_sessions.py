"""
Who has shown the token.
"""

from twisted.internet.task import Clock

from gossip.control import sessions
from gossip.control.problems import Problem
from gossip.control.sessions import Sessions
from tests.cases import UnitCase

TOKEN = "correct-horse-battery"


class SessionsCase(UnitCase):
    """Sessions, and a clock."""

    def setUp(self) -> None:
        self.time = Clock()
        self.sessions = Sessions(TOKEN, self.time)

    def wrong(self, times: int, source: str) -> None:
        """Be wrong so many times."""
        for number in range(times):
            self.assertFalse(self.sessions.takes(f"guess {number}", source))


class TokenTests(SessionsCase):
    """The token itself."""

    def test_right_and_wrong(self) -> None:
        """Only the whole of it is right."""
        self.assertTrue(self.sessions.takes(TOKEN, "10.0.0.1"))
        for token in ("", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "\u00e9", "\udcff"):
            self.assertFalse(self.sessions.takes(token, "10.0.0.1"), token)

    def test_guesses_are_rationed(self) -> None:
        """After some even the right one is refused there; then one more may be tried."""
        self.wrong(sessions.TRIES.at_once, "10.0.0.1")
        problem = self.assertRaises(Problem, self.sessions.takes, TOKEN, "10.0.0.1")
        self.assertEqual(429, problem.status)
        self.time.advance(float(problem.headers["Retry-After"]))
        self.wrong(1, "10.0.0.1")
        self.assertRaises(Problem, self.sessions.takes, TOKEN, "10.0.0.1")
        self.time.advance(float(problem.headers["Retry-After"]))
        self.assertTrue(self.sessions.takes(TOKEN, "10.0.0.1"))

    def test_others_are_not_held_up(self) -> None:
        """Who guesses uses up the tries of its own address alone, and of all of its /64."""
        self.wrong(sessions.TRIES.at_once, "10.0.0.1")
        self.assertTrue(self.sessions.takes(TOKEN, "10.0.0.2"))
        self.assertRaises(Problem, self.sessions.takes, TOKEN, "::ffff:10.0.0.1")
        self.wrong(sessions.TRIES.at_once, "2001:db8::1")
        self.assertRaises(Problem, self.sessions.takes, TOKEN, "2001:db8::ffff:2")
        self.assertTrue(self.sessions.takes(TOKEN, "2001:db8:0:1::1"))

    def test_who_is_right_spends_nothing(self) -> None:
        """However often it asks."""
        for _ in range(10 * sessions.TRIES.at_once):
            self.assertTrue(self.sessions.takes(TOKEN, "10.0.0.1"))

    def test_addresses_are_bounded(self) -> None:
        """A crowd that guesses takes no more memory than this."""
        for number in range(sessions.SOURCES + 10):
            self.wrong(1, f"10.0.{number // 256}.{number % 256}")
        self.assertEqual(sessions.SOURCES, len(self.sessions._wrong))


class SessionTests(SessionsCase):
    """What stands for the token afterwards."""

    def test_a_session(self) -> None:
        """It has a value that is not the token, and not the next one's."""
        first, second = self.sessions.begin(), self.sessions.begin()
        self.assertNotEqual(first, second)
        self.assertNotIn(TOKEN, first)
        self.assertGreaterEqual(len(first), 43)
        self.assertTrue(self.sessions.has(first) and self.sessions.has(second))
        for value in ("", TOKEN, first[:-1], "\u00ff"):
            self.assertFalse(self.sessions.has(value))

    def test_it_ends_when_it_is_not_used(self) -> None:
        """While it is used it lasts."""
        used, unused = self.sessions.begin(), self.sessions.begin()
        self.time.advance(sessions.LASTING - 1)
        self.assertTrue(self.sessions.has(used))
        self.time.advance(2)
        self.assertTrue(self.sessions.has(used))
        self.assertFalse(self.sessions.has(unused))

    def test_they_are_bounded(self) -> None:
        """The one that was not used for longest goes."""
        used, old = self.sessions.begin(), self.sessions.begin()
        for _ in range(sessions.MOST - 2):
            self.sessions.begin()
        self.assertTrue(self.sessions.has(used))
        self.sessions.begin()
        self.assertFalse(self.sessions.has(old))
        self.assertTrue(self.sessions.has(used))
