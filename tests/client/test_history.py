"""
`history`.
"""

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gossip.client import history
from gossip.client.errors import Misuse
from gossip.client.history import moment
from tests.cases import UnitCase
from tests.client.stubs import NOW, ClientCase, Request, happened


class HistoryTests(ClientCase):
    """What happened."""

    def kept(self, count: int) -> list[dict[str, Any]]:
        """Have the node keep so many, one a second, the newest now."""
        rows = [
            {**happened("stopping", n, reason=f"r{n}"), "time": NOW - count + n}
            for n in range(1, count + 1)
        ]

        def page(request: Request) -> None:
            query = parse_qs(urlsplit(request.path).query)
            before = int(query.get("before", ["999"])[0])
            found = [row for row in rows if row["number"] < before]
            request.say(200, found[-int(query["limit"][0]) :])

        self.answers("GET", "history", page)
        return rows

    def test_lines(self) -> None:
        """Each has a date and the line of the node, in the order in which it happened."""
        self.kept(3)
        first, *_, last = self.told("history").splitlines()
        self.assertRegex(first, r"\A20\d\d-\d\d-\d\d \d\d:\d\d:\d\d stopping: r1\Z")
        self.assertTrue(last.endswith("stopping: r3"))
        self.assertEqual("/v1/history?limit=100", self.node.asked[0][1])

    def test_json(self) -> None:
        """It is an array of what the node answered."""
        rows = self.kept(3)
        self.assertEqual(rows[1:], json.loads(self.told("history", "--limit", "2", "--json")))

    def test_kinds(self) -> None:
        """The node is asked for certain kinds."""
        self.kept(3)
        self.told("history", "--event", "refused", "--event", "peer_dead", "--limit", "5")
        self.assertEqual("/v1/history?limit=5&event=refused&event=peer_dead", self.node.asked[0][1])
        self.assertIn("invalid choice", self.fails("history", "--event", "ping", expected=2))

    def test_pages(self) -> None:
        """More than one answer may hold is asked for in several."""
        self.patch(history, "MOST_ROWS", 4)
        rows = self.kept(10)
        self.assertEqual(rows[1:], json.loads(self.told("history", "--limit", "9", "--json")))
        self.assertEqual(
            ["limit=4", "limit=4&before=7", "limit=1&before=3"],
            [urlsplit(path).query for _, path, _ in self.node.asked],
        )
        self.assertEqual(rows, json.loads(self.told("history", "--limit", "90", "--json")))

    def test_since(self) -> None:
        """Since a time all is told, and no more asked for than is needed."""
        self.patch(history, "MOST_ROWS", 4)
        rows = self.kept(10)
        self.assertEqual(rows[-6:], json.loads(self.told("history", "--since", "5s", "--json")))
        self.assertEqual(2, len(self.node.asked))
        self.assertEqual(
            rows[-2:], json.loads(self.told("history", "--since", "5s", "--limit", "2", "--json"))
        )

    def test_a_node_that_repeats_itself(self) -> None:
        """A node whose pages do not go back is not asked without end."""
        self.patch(history, "MOST_ROWS", 1)
        self.answers("GET", "history", [(200, [happened("stopping", 5, reason="x")])])
        self.assertIn("no numbers that fall", self.fails("history", "--limit", "3"))
        self.answers("GET", "history", [(200, [happened("stopping", reason="x")])])
        self.assertIn("no numbers that fall", self.fails("history", "--limit", "3"))


class MomentTests(UnitCase):
    """Times on a command line."""

    def read(self, text: str) -> float:
        """The time that is meant."""
        return moment(text, lambda: NOW)

    def test_times(self) -> None:
        """Times are so long ago, Unix seconds, or local dates."""
        for text, expected in (
            *(
                ("90s", NOW - 90),
                ("10min", NOW - 600),
                ("1.5h", NOW - 5400),
                ("3 d", NOW - 259_200),
            ),
            *(("0", 0.0), ("1700000000.5", 1_700_000_000.5)),
            ("2001-02-03", datetime(2001, 2, 3).astimezone().timestamp()),
            ("2001-02-03T04:05", datetime(2001, 2, 3, 4, 5).astimezone().timestamp()),
            ("2001-02-03T04:05:06Z", 981_173_106.0),
            ("2001-02-03 04:05:06+01:00", 981_169_506.0),
        ):
            self.assertEqual(expected, self.read(text), text)

    def test_what_is_none(self) -> None:
        """What is no time is wrong usage."""
        for text in ("x", "1y", "-5", "2001-13-01", "h", "1e9"):
            with self.assertRaisesRegex(Misuse, "is no time; write 2h", msg=text):
                self.read(text)
