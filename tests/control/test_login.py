"""
The route by which a person shows the token.
"""

from gossip.control import sessions
from tests.control.asking import Answer
from tests.control.test_gate import COOKIE, TOKEN, GateCase

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class LoginTests(GateCase):
    """A form, and the cookie."""

    def setUp(self) -> None:
        self.house_ = self.door(TOKEN)

    def login(self, body: str, **headers: str) -> Answer:
        """Send the form."""
        return self.house_.ask("POST", "/login", body.encode(), {**FORM, **headers})

    def status(self, cookie: str) -> int:
        """Of the answer to somebody with a cookie."""
        return self.house_.ask("GET", "/v1/status", None, {"Cookie": cookie}).status

    def test_right(self) -> None:
        """A cookie that no program sees, and no other site sends, and the way to the page."""
        found = self.login(f"token={TOKEN}%0A")
        self.assertEqual((303, "/"), (found.status, found.headers["location"]))
        value, *more = found.headers["set-cookie"].split("; ")
        self.assertEqual({"Path=/", "HttpOnly", "SameSite=Strict"}, set(more))
        self.assertTrue(value.startswith(f"{COOKIE}="))
        self.assertNotIn(TOKEN, value)
        self.assertEqual("no-store", found.headers["cache-control"])
        self.assertEqual(200, self.status(value))
        self.assertEqual(200, self.status(f"other=1; {value}"))

    def test_behind_tls(self) -> None:
        """The cookie stays there."""
        found = self.login(f"token={TOKEN}", Origin="https://node")
        self.assertIn("; Secure", found.headers["set-cookie"])

    def test_other_cookies(self) -> None:
        """They open nothing."""
        self.login(f"token={TOKEN}")
        for cookie in (f"{COOKIE}={TOKEN}", f"{COOKIE}=", COOKIE, "", "p2p-gossip=x", "\xff=\xff"):
            self.assertEqual(401, self.status(cookie), cookie)

    def test_wrong(self) -> None:
        """No cookie, and the reason."""
        found = self.login("token=guess")
        self.assertEqual((401, "unauthorized"), (found.status, found.kind))
        self.assertNotIn("set-cookie", found.headers)

    def test_guesses_are_rationed(self) -> None:
        """Together with those in headers."""
        for _ in range(sessions.TRIES.at_once):
            self.login("token=guess")
        found = self.login(f"token={TOKEN}")
        self.assertEqual((429, "too-many-attempts"), (found.status, found.kind))
        self.assertNotIn("set-cookie", found.headers)

    def test_a_session_is_not_held_up(self) -> None:
        """Who is in stays in, whoever guesses at the same address."""
        value = self.login(f"token={TOKEN}").headers["set-cookie"].partition(";")[0]
        for _ in range(sessions.TRIES.at_once + 1):
            self.login("token=guess")
        self.assertEqual(200, self.status(value))

    def test_forms_that_are_none(self) -> None:
        """It is said what is wrong with them, and no try is spent."""
        for _ in range(sessions.TRIES.at_once):
            for body in ("", "token=", "x=1", "token=a&token=b", "token=%FF", "&" * 99, "a=b&" * 9):
                self.assertEqual(400, self.login(body).status, body)
        self.assertEqual(400, self.house_.ask("POST", "/login?token=x", b"token=x", FORM).status)
        for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
            found = self.house_.ask("POST", "/login", b"token=x", {"Content-Type": kind})
            self.assertEqual(415, found.status)
        self.assertEqual(413, self.login("token=" + "x" * 70000).status)
        self.assertEqual(303, self.login(f"token={TOKEN}").status)

    def test_other_methods(self) -> None:
        """A form is sent, and not asked for."""
        found = self.house_.ask("GET", "/login")
        self.assertEqual((405, "OPTIONS, POST"), (found.status, found.headers["allow"]))

    def test_where_there_is_no_token(self) -> None:
        """There is nothing to log in to."""
        found = self.door().ask("POST", "/login", b"token=x", FORM)
        self.assertEqual(404, found.status)
