"""
`status`, `peers` and `links`.
"""

import json

from tests.client.stubs import NOW, OTHER, ClientCase, Terminal, link, peer, status


class StatusTests(ClientCase):
    """How a node is."""

    def test_status(self) -> None:
        """All of it is there, a fact a line."""
        self.answers("GET", "status", status())
        said = self.told("status")
        self.assertIn("name        node-a\n", said)
        self.assertIn("peers       2 alive, 1 dead, 0 unreachable, 0 left, 0 unmet\n", said)
        self.assertRegex(said, r"\nup +2 h, since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\n")
        self.assertIn("advertises  -\n", said)

    def test_times_without_a_date(self) -> None:
        """A time that no calendar has is a number."""
        self.answers("GET", "status", {**status(), "started": 1e300})
        self.assertIn("since 1e+300\n", self.told("status"))

    def test_json(self) -> None:
        """It is what the node answered, with what this program does not know."""
        self.answers("GET", "status", {**status(), "newer": "é"})
        said = self.told("status", "--json")
        self.assertEqual({**status(), "newer": "é"}, json.loads(said))
        self.assertTrue(said.isascii())


class PeersTests(ClientCase):
    """Who is known."""

    def test_table(self) -> None:
        """The living come first, then by name; ids have twelve digits."""
        dead = peer(
            id="12" * 32, name="a", state="dead", rtt_ms=None, last_linked=NOW - 125, address=None
        )
        unmet = peer(
            id="34" * 32, state="unmet", address=None, addresses=[], last_linked=None, rtt_ms=None
        )
        self.answers(
            "GET", "peers", [(200, [unmet, dead, peer(name="z"), peer(name="b\x1b[2J", tags={})])]
        )
        lines = self.told("peers").splitlines()
        self.assertEqual(
            ["STATE", "ID", "NAME", "ADDRESS", "RTT", "ms", "SEEN", "TAGS"], lines[0].split()
        )
        self.assertEqual(
            ["alive", OTHER[:12], "b\\x1b[2J", "10.0.0.2:8080", "0.43", "now", "-"],
            lines[1].split(),
        )
        self.assertEqual("z", lines[2].split()[2])
        self.assertEqual(
            ["dead", "12" * 6, "a", "10.0.0.2:8080", "-", "2", "min", "ago", "rack=r2"],
            lines[3].split(),
        )
        self.assertEqual(
            ["unmet", "34" * 6, "node-b", "-", "-", "never", "rack=r2"], lines[4].split()
        )

    def test_filters(self) -> None:
        """Filters are the node's business."""
        self.answers("GET", "peers", [(200, [])])
        self.told("peers", "--state", "dead", "--name", "x y", "--tag", "a=b", "--state", "left")
        self.assertEqual(
            "/v1/peers?state=dead&state=left&name=x+y&tag=a%3Db", self.node.asked[0][1]
        )

    def test_state_is_also_where_elsewhere_it_is(self) -> None:
        """A --state that is none of the four is the directory of the node."""
        del self.environ["P2P_GOSSIP_CONTROL"]
        self.node.stop()
        self.node.path = f"{self.directory}/control.sock"
        self.node.start()
        self.answers("GET", "peers", [(200, [])])
        self.told("peers", "--state", self.directory, "--state", "alive")
        self.assertEqual("/v1/peers?state=alive", self.node.asked[0][1])

    def test_state_that_is_neither(self) -> None:
        """A misspelt state is wrong usage, and so are two directories."""
        said = self.fails("peers", "--state", "alvie", expected=2)
        self.assertIn(
            "'alvie' is none of alive, dead, unreachable, left, unmet, and no directory", said
        )
        self.assertIn(
            "two directories", self.fails("peers", "--state", "/a", "--state", "/b", expected=2)
        )
        self.assertIn(
            "no node runs at alive/control.sock", self.fails("peers", "--state", "./alive")
        )

    def test_json(self) -> None:
        """An array of objects, in the order of the node."""
        many = [peer(name="\u202e"), peer(id="12" * 32)]
        self.answers("GET", "peers", [(200, many)])
        said = self.told("peers", "--json")
        self.assertEqual(many, json.loads(said))
        self.assertTrue(said.isascii())

    def test_one(self) -> None:
        """One peer is told in full."""
        self.answers("GET", "peers/node-b", peer(first_linked=None))
        said = self.told("peers", "node-b")
        self.assertIn(f"id            {OTHER}\n", said)
        self.assertIn("addresses     10.0.0.2:8080 10.0.0.3:8080\n", said)
        self.assertIn("first linked  never\n", said)
        self.assertEqual(
            peer(first_linked=None), json.loads(self.told("peers", "node-b", "--json"))
        )

    def test_what_does_not_go_together(self) -> None:
        """One peer is not filtered, and only terminals are drawn on."""
        self.assertIn("neither filtered", self.fails("peers", "x", "--name", "y", expected=2))
        self.assertIn("neither filtered", self.fails("peers", "x", "--watch", expected=2))
        self.assertIn("on a terminal", self.fails("peers", "--watch", expected=2))
        self.out = Terminal()
        self.assertIn("on a terminal", self.fails("peers", "--watch", "--json", expected=2))

    def test_narrow(self) -> None:
        """On 40 columns there is who, how and where."""
        self.out = Terminal()
        self.width = 40
        self.environ["NO_COLOR"] = "1"
        self.answers("GET", "peers", [(200, [peer(name="n" * 50)])])
        head, line = self.told("peers").splitlines()
        self.assertEqual(["STATE", "ID", "NAME", "ADDRESS"], head.split())
        self.assertLessEqual(len(line), 40)
        self.assertIn("…", line)

    def test_refused(self) -> None:
        """What the node says of a refusal is the error, escaped, with status 1."""
        self.answers("GET", "peers/x", {"detail": "no \x1b peer"}, code=404)
        self.assertEqual("no \\x1b peer", self.fails("peers", "x"))


class LinksTests(ClientCase):
    """What is up."""

    def test_table(self) -> None:
        """All figures are there in a pipe, by the names of the peers."""
        never = {"last": None, "mean": None, "p50": None, "p99": None, "jitter": 0.0}
        self.answers("GET", "links", [(200, [link(name="z", rtt_ms=never, cipher=None), link()])])
        head, first, second = self.told("links").splitlines()
        self.assertEqual(
            "ID NAME ADDRESS DIRECTION RTT ms MEAN P50 P99 JITTER MISSED IN OUT UP CIPHER",
            " ".join(head.split()),
        )
        self.assertEqual(
            f"{OTHER[:12]} node-b 10.0.0.2:8080 dialed 0.50 0.60 0.70 8.90 0.10 1 1.2 kB 99 B 1 min"
            " TLS_AES_128_GCM_SHA256",
            " ".join(first.split()),
        )
        self.assertIn(" - - - - - 1 ", " ".join(second.split()))

    def test_one(self) -> None:
        """One link is told in full."""
        self.answers("GET", "links/node-b", link(rtt_ms={**link()["rtt_ms"], "p99": None}))
        said = self.told("links", "node-b")
        self.assertIn("rtt last    0.50 ms\n", said)
        self.assertIn("rtt p99     -\n", said)
        self.assertIn("pings       10 sent, 9 answered, 1 missed\n", said)
        self.assertIn("in          1.2 kB in 5 frames\n", said)

    def test_json(self) -> None:
        """It is what the node answered."""
        self.answers("GET", "links", [(200, [link()])])
        self.assertEqual([link()], json.loads(self.told("links", "--json")))
