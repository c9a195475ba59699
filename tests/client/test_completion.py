"""
What shells ask for when they complete a peer.
"""

from tests.client.stubs import OTHER, ClientCase, peer


class PeersTests(ClientCase):
    """Names and ids that may stand for a peer."""

    def test_names_and_ids(self) -> None:
        """Each has what may be shown beside it, escaped."""
        self.answers(
            "GET", "peers", [(200, [peer(name="node-b"), peer(id="12" * 32, name="\x1b")])]
        )
        self.assertEqual(
            f"node-b\talive {OTHER[:12]}\n{OTHER[:12]}\talive node-b\n{'12' * 6}\talive \\x1b\n",
            self.told("_peers", "--", "ping"),
        )

    def test_names_that_do_harm(self) -> None:
        """Nothing is offered that a shell would act on, or that could be an option."""
        harmful = ("$(reboot)", "`x`", "a b", "a;b", "-rf", "a\nb", "a'b", "é", "", "~", "a:b", "*")
        self.answers("GET", "peers", [(200, [peer(name=name) for name in harmful])])
        offered = {line.split("\t")[0] for line in self.told("_peers", "--").splitlines()}
        self.assertEqual({OTHER[:12]}, offered)

    def test_ids_that_do_harm(self) -> None:
        """The same holds for an id that is none."""
        self.answers("GET", "peers", [(200, [peer(id="$(reboot)", name="")])])
        self.assertEqual("", self.told("_peers", "--"))

    def test_the_node_that_is_meant(self) -> None:
        """The line so far says which node is asked, as bash and other shells cut it up."""
        self.answers("GET", "peers", [(200, [peer()])])
        self.environ.clear()
        for words in (
            ("ping", "--control", self.path),
            ("ping", f"--control={self.path}"),
            ("ping", "--control", "=", self.path),
            ("peers", "--state", "alive", "--control", self.path),
        ):
            self.assertIn("node-b", self.told("_peers", "--", *words), words)

    def test_the_home_directory(self) -> None:
        """The shell has not seen to "~" when it completes."""
        self.assertEqual("", self.told("_peers", "--", "ping", "--control", "~nobody-at-all/x"))
        self.assertEqual("", self.told("_peers", "--", "ping", "--control", "~/x"))

    def test_nothing_is_said_of_failures(self) -> None:
        """Nothing is written into a prompt, whatever goes wrong."""
        for words in (("ping",), ("ping", "--control", "/x", "--state", "/y")):
            self.assertEqual("", self.told("_peers", "--", *words))
            self.assertEqual("", self.errors.getvalue())
        self.node.stop()
        self.assertEqual("", self.told("_peers", "--", "ping"))
