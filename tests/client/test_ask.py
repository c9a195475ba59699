"""
`ping`, `connect`, `forget`, `leave` and `reload`.
"""

import json

from tests.client.stubs import OTHER, ClientCase


class AskTests(ClientCase):
    """What a node is asked to do, and what is said of it."""

    def test_ping(self) -> None:
        """The round trip is printed, with who answered."""
        self.answers("POST", "peers/node-b/ping", {"peer": OTHER, "rtt_ms": 0.4321})
        self.assertEqual(f"{OTHER[:12]} rtt 0.43 ms\n", self.told("ping", "node-b"))
        said = json.loads(self.told("ping", "node-b", "--json"))
        self.assertEqual({"peer": OTHER, "rtt_ms": 0.4321}, said)

    def test_connect(self) -> None:
        """The address goes into the body."""
        self.answers("POST", "connections", {"address": "h:1"}, code=202)
        self.assertEqual("h:1 is dialed now, until the node stops\n", self.told("connect", "h:1"))
        self.assertEqual(b'{"address": "h:1"}', self.node.asked[0][2])
        self.assertEqual('{"address": "h:1"}\n', self.told("connect", "h:1", "--json"))

    def test_forget(self) -> None:
        """There is nothing to print as JSON where the node answers nothing."""
        self.answers("DELETE", "peers/node-b", b"", code=204)
        self.assertEqual("node-b is forgotten\n", self.told("forget", "node-b"))
        self.assertEqual("", self.told("forget", "node-b", "--json"))

    def test_leave(self) -> None:
        """It is said that the node leaves."""
        self.answers("POST", "leave", {}, code=202)
        self.assertEqual("the node leaves\n", self.told("leave"))
        self.assertEqual("{}\n", self.told("leave", "--json"))

    def test_reload(self) -> None:
        """What changed is told."""
        self.answers("POST", "reload", {"changed": ["name", "tag\x1b"]})
        self.assertEqual("changed: name, tag\\x1b\n", self.told("reload"))
        self.answers("POST", "reload", {"changed": []})
        self.assertEqual("nothing changed\n", self.told("reload"))

    def test_refused(self) -> None:
        """What is not done is an error, with status 1."""
        for method, path, command in (
            ("POST", "peers/x/ping", ("ping", "x")),
            ("POST", "connections", ("connect", "x")),
            ("DELETE", "peers/x", ("forget", "x")),
            ("POST", "leave", ("leave",)),
            ("POST", "reload", ("reload",)),
        ):
            self.answers(method, path, {"detail": "Not now."}, code=409)
            said = self.fails(*command)
            self.assertEqual("nothing was reloaded: " * (path == "reload") + "not now", said)
