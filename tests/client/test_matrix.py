"""
`matrix`.
"""

import csv
import json
from io import StringIO

from gossip.client.command import main
from tests.client.matrices import node, told
from tests.client.stubs import ClientCase, Terminal


class MatrixTests(ClientCase):
    """The command."""

    def setUp(self) -> None:
        """Three nodes, of which one cannot be asked."""
        super().setUp()
        self.nodes = [
            node(0, name="b", tags={"rack": "1"}),
            node(1, name="a", tags={"rack": "2"}),
            node(2, name="c", row="silent"),
        ]
        self.answers(
            "GET",
            "matrix",
            told(*self.nodes, rtt=lambda a, b: "?" if a == 2 else "d" if b == 2 else 1.0),
        )

    def columns(self, *arguments: str) -> list[str]:
        """The names at the head of the table."""
        return self.told("matrix", *arguments).splitlines()[0].split()

    def test_plain(self) -> None:
        """In a pipe it is a table, and nothing else."""
        said = self.told("matrix")
        self.assertEqual(["a", "-", "1.00", "down"], said.splitlines()[1].split())
        self.assertEqual(4, len(said.splitlines()))

    def test_order(self) -> None:
        """Rows and columns are in the order that is asked for."""
        self.assertEqual(["a", "b", "c"], self.columns())
        self.assertEqual(["a", "b", "c"], self.columns("--sort", "name"))
        self.assertEqual(["b", "a", "c"], self.columns("--sort", "tag=rack"))
        self.assertEqual(["a", "b", "c"], self.columns("--sort", "closeness"))
        for order in ("tag", "tag=", "nearness", ""):
            self.fails("matrix", "--sort", order, expected=2)

    def test_on_a_terminal(self) -> None:
        """It is as wide as that, with a legend, what is wrong in numbers, and who did not tell."""
        self.out = Terminal()
        self.environ["NO_COLOR"] = "1"
        self.width = 40
        said = self.told("matrix")
        self.assertTrue(all(len(line) <= 40 for line in said.splitlines()), said)
        self.assertIn("2 pairs up, 2 down, 2 unknown; see\np2p-gossip why\n", said)
        self.assertIn("not to be asked now: c\n", said)
        self.assertNotIn("\x1b", said)
        del self.environ["NO_COLOR"]
        self.assertIn("\x1b[", self.told("matrix"))

    def test_json(self) -> None:
        """It is what the node answered."""
        self.assertEqual(
            told(*self.nodes)["nodes"], json.loads(self.told("matrix", "--json"))["nodes"]
        )
        self.assertIn("give one", self.fails("matrix", "--json", "--csv", expected=2))

    def test_csv(self) -> None:
        """Each pair is a line, in the order that is asked for."""
        rows = list(csv.DictReader(StringIO(self.told("matrix", "--csv", "--sort", "tag=rack"))))
        self.assertEqual(6, len(rows))
        self.assertEqual(
            {
                "from": "0000" * 16,
                "from_name": "b",
                "to": "0001" * 16,
                "to_name": "a",
                "link": "up",
                "rtt_ms": "1.0",
                "lost": "0.25",
            },
            rows[0],
        )
        self.assertEqual(
            ("down", "", ""), tuple(rows[1][name] for name in ("link", "rtt_ms", "lost"))
        )
        self.assertEqual("unknown", rows[4]["link"])

    def test_names_in_csv(self) -> None:
        """None is carried out by a spreadsheet, none acts on a terminal, and none breaks a line."""
        names = ("=1+1", "@x", "a,b", 'a"b\n', "\x1b[2J")
        self.answers("GET", "matrix", told(*(node(at, name=name) for at, name in enumerate(names))))
        rows = list(csv.DictReader(StringIO(self.told("matrix", "--csv"))))
        told_names = {row["from_name"] for row in rows}
        self.assertEqual({"'=1+1", "'@x", "a,b", 'a"b\\x0a', "\\x1b[2J"}, told_names)

    def test_a_matrix_that_is_none(self) -> None:
        """One that is not square is told of."""
        for member, value in (("links", ["-"]), ("rtt_ms", [[], [], []]), ("lost", [])):
            self.answers("GET", "matrix", {**told(*self.nodes), member: value})
            self.assertIn("not square", self.fails("matrix"))

    def test_more_that_do_not_tell(self) -> None:
        """Three are named, and the others counted."""
        self.answers("GET", "matrix", told(*(node(at, row="mute") for at in range(5))))
        self.out, self.width = Terminal(), 200
        self.environ["NO_COLOR"] = "1"
        self.assertIn("they hear: node-0, node-1, node-2 and 2 more\n", self.told("matrix"))
        self.assertEqual(0, main(["matrix"], self.shell()))
