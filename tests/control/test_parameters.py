"""
What comes with a request.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from gossip.control import parameters
from gossip.control.parameters import (
    NEWEST,
    ConnectBody,
    EventsQuery,
    HistoryQuery,
    NoBody,
    NoQuery,
    PeersQuery,
)
from gossip.control.problems import Problem
from tests.cases import UnitCase


class QueryTests(UnitCase):
    """The query of a request."""

    def refused(self, target: bytes, shape: type = HistoryQuery) -> str:
        """What is said of a query that is wrong."""
        error = self.assertRaises(Problem, parameters.query, target, shape)
        self.assertEqual(("bad-request", 400), (error.kind, error.status))
        detail: str = error.detail
        return detail

    def test_none(self) -> None:
        """All has a default."""
        for target in (b"/", b"/?"):
            found = parameters.query(target, HistoryQuery)
            self.assertEqual(
                (100, -1, NEWEST, ()), (found.limit, found.after, found.before, found.event)
            )

    def test_all_of_it(self) -> None:
        """Numbers are numbers, and what may be repeated is a list."""
        found = parameters.query(b"/?limit=5&after=0&before=9&event=a&event=b%20c", HistoryQuery)
        self.assertEqual(HistoryQuery(limit=5, after=0, before=9, event=("a", "b c")), found)
        peers = parameters.query(b"/?state=dead&state=left&name=null&tag=a=b=c", PeersQuery)
        self.assertEqual(
            (("dead", "left"), "null", ("a=b=c",)), (peers.state, peers.name, peers.tag)
        )

    def test_a_name_that_is_not_ascii(self) -> None:
        """It is UTF-8, percent-encoded."""
        self.assertEqual("é+", parameters.query(b"/?name=%C3%A9%2B", PeersQuery).name)

    def test_an_unknown_parameter(self) -> None:
        """It is named, and so are those that are known."""
        self.assertIn("'limits' is not known", self.refused(b"/?limits=5"))
        self.assertIn("limit, after, before, event", self.refused(b"/?limits=5"))
        self.assertIn("Nothing is taken here", self.refused(b"/?limit=5", NoQuery))

    def test_numbers_that_are_none(self) -> None:
        """They are refused, with the name of the parameter and the bound."""
        for value in (b"", b"x", b"null", b"1.5", b"1e3", b"-1", b"0", b"10001", b"9" * 5000):
            self.assertIn("limit", self.refused(b"/?limit=" + value))
        self.assertIn("10000", self.refused(b"/?limit=10001"))
        for value in (b"null", b"-1", b"9223372036854775808"):
            self.assertIn("after", self.refused(b"/?after=" + value, EventsQuery))

    def test_twice(self) -> None:
        """What can be only once is not there twice."""
        self.assertIn("twice", self.refused(b"/?limit=5&limit=5"))

    def test_states_and_tags(self) -> None:
        """A state is one of four; a tag has a key and a value."""
        self.assertIn("state", self.refused(b"/?state=living", PeersQuery))
        for tag in (b"rack", b"", b"=x"):
            self.assertIn("tag", self.refused(b"/?tag=" + tag, PeersQuery))

    def test_what_is_no_query(self) -> None:
        """It is refused whole."""
        for written in (b"a", b"limit", b"name=%ff", b"&&", b"name=\xb0", b"event=a&" * 300):
            self.assertIn("name=value", self.refused(b"/?" + written, PeersQuery))

    @settings(deadline=None, database=None)
    @given(st.binary(max_size=60))
    def test_whatever_comes(self, written: bytes) -> None:
        """It is understood, or it is a problem."""
        for shape in (HistoryQuery, PeersQuery, EventsQuery, NoQuery):
            try:
                parameters.query(b"/?" + written, shape)
            except Problem as error:
                self.assertEqual(400, error.status)


class BodyTests(UnitCase):
    """The body of a request."""

    def test_json(self) -> None:
        """It becomes what the shape says, whatever is said of its character set."""
        for media_type in ("application/json", "Application/JSON ; charset=utf-8"):
            found = parameters.body(b'{"address": "a:1"}', media_type, ConnectBody)
            self.assertEqual("a:1", found.address)

    def test_an_empty_body(self) -> None:
        """It is an empty object, of whatever type it is said to be."""
        parameters.body(b"", None, NoBody)
        parameters.body(b"", "application/x-www-form-urlencoded", NoBody)
        error = self.assertRaises(Problem, parameters.body, b"", None, ConnectBody)
        self.assertIn("address", error.detail)

    def test_another_type(self) -> None:
        """A body must be said to be JSON: no form on a web page can send that unasked."""
        for media_type in (None, "", "text/plain", "application/x-www-form-urlencoded", "json"):
            error = self.assertRaises(Problem, parameters.body, b"{}", media_type, NoBody)
            self.assertEqual(415, error.status)

    def test_what_is_wrong_is_named(self) -> None:
        """The member, where there is one."""
        cases = [
            (b'{"address": 5}', "address"),
            (b'{"address": ""}', "address"),
            (b'{"address": "a:1", "adress": 1}', "adress"),
            (b'{"address": "' + b"x" * 600 + b'"}', "address"),
            (b"{", ""),
            (b"[]", ""),
            (b"\xff", ""),
            (b'{"address": "\xff"}', ""),
            (b"[" * 60_000, ""),
            (b'{"a": ' + b"[" * 60_000, ""),
        ]
        for written, member in cases:
            error = self.assertRaises(
                Problem, parameters.body, written, "application/json", ConnectBody
            )
            self.assertEqual(400, error.status)
            self.assertIn(member, error.detail)

    def test_one_that_should_not_be(self) -> None:
        """Members that nobody reads are refused."""
        self.assertRaises(Problem, parameters.body, b'{"a":1}', "application/json", NoBody)


class PathTests(UnitCase):
    """The peer in the path, and the id of an event."""

    def test_a_peer(self) -> None:
        """It is percent-encoded UTF-8, slashes and all."""
        self.assertEqual("a/b é%", parameters.peer("a%2Fb%20%C3%A9%25"))
        self.assertRaises(Problem, parameters.peer, "%FF")

    def test_the_id_of_an_event(self) -> None:
        """It is digits, up to the greatest number."""
        self.assertEqual(NEWEST, parameters.number(str(NEWEST)))
        for written in ("x", "-1", "1.0", "٣", " 1", str(NEWEST + 1), "9" * 5000):
            self.assertRaises(Problem, parameters.number, written)
