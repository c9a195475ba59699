"""
What the page does while a node runs, stops, starts again, and asks for a token.
"""

from tests.page.cases import READY, PageCase
from tests.page.networks import Network

LIVE = "document.querySelector('#live').dataset.live === 'yes'"
NOTICE = "!document.querySelector('#notice').hidden && document.querySelector('#notice').innerText"


class LiveTests(PageCase):
    """What happens is seen."""

    def test_a_death(self) -> None:
        """A peer's death changes the verdict, the numbers and the table, without being asked for."""
        network = Network(12)
        node = self.served(network)
        page = self.opened(node, "#peers")
        page.until("document.querySelectorAll('.state[data-state=alive]').length === 11")
        node.lost(3)
        page.until("document.querySelector('#sentence').innerText.startsWith('node-d is dead')")
        page.until("document.querySelectorAll('.state[data-state=dead]').length === 1")
        page.until("document.querySelector('#counts').innerText.includes('1 dead')")
        page.until(
            "document.querySelector('#events-list').innerText.includes('none of 5 hears it')"
        )

    def test_pings(self) -> None:
        """A ping brings the peer's round-trip time up to date."""
        network = Network(3)
        node = self.served(network)
        page = self.opened(node, "#peers")
        page.until("document.querySelectorAll('#peers-table tbody tr').length === 2")
        peer = network.peer(1)
        node.tell("ping", peer=peer.id, name=peer.name, seq=1, text="", rtt_ms=777.0)
        page.until("document.querySelector('#peers-table').innerText.includes('777 ms')")

    def test_nothing_between(self) -> None:
        """Events are followed from the last that the history told: none is lost between the two."""
        network = Network(3)
        node = self.served(network)
        node.lost(1)
        self.opened(node)
        self.assertEqual([2], node.followed)


class RestartTests(PageCase):
    """The node goes, and comes back."""

    def test_not_live(self) -> None:
        """The page says since when it is not live, and takes up where it was when the node is back."""
        network = Network(3)
        node = self.served(network)
        node.tell("peer_left", peer=network.id(2), name="node-c", address="x")
        page = self.opened(node, "#events")
        node.tell("peer_alive", peer=network.id(2), name="node-c", address="x", first=False)
        page.until("document.querySelectorAll('#events-list li').length === 2")
        node.stop()
        told = page.until(NOTICE)
        self.assertRegex(told, r"^Not live since \d\d:\d\d:\d\d; trying again\.$")
        self.assertIn("Not live", page.text("#live"))
        network.version = "0.3.0"
        node.lost(1)
        node.start()
        page.until(LIVE)
        page.until("document.querySelector('#notice').hidden")
        page.until("document.querySelectorAll('#events-list li').length === 4")
        self.assertEqual(["2"], node.resumed)
        page.until("document.querySelector('#sentence').innerText.startsWith('node-b is dead')")
        self.allowed(page, "ERR_CONNECTION", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE", "ERR_SOCKET")

    def test_from_the_start(self) -> None:
        """A page that is opened while the API fails says so, and shows the network when it can."""
        network = Network(3)
        node = self.served(network)
        node.broken = True
        page = self.opened(
            node, until="document.querySelector('#sentence').innerText.includes('stops')"
        )
        node.broken = False
        page.until(READY)
        self.allowed(page, "status of 503")


class TokenTests(PageCase):
    """A node that asks for a token."""

    def test_the_form(self) -> None:
        """The page asks for it; a wrong one is refused in words, the right one shows the network."""
        node = self.served(Network(3), token="right")
        page = self.opened(node, until="!document.querySelector('#login').hidden")
        self.assertTrue(page.js("document.querySelector('#network').hidden"))
        self.assertEqual("token", page.js("document.activeElement.id"))
        page.type("wrong")
        page.key("Enter")
        page.until(
            "document.querySelector('#login-problem').innerText === 'This is not its token.'"
        )
        page.js("document.querySelector('#token').value = ''")
        page.type("right")
        page.key("Enter")
        page.until(READY)
        self.assertTrue(page.js("document.querySelector('#login').hidden"))
        self.assertEqual("", page.js("document.querySelector('#token').value"))
        self.assertEqual("", page.js("document.cookie"))
        self.allowed(page, "status of 401")

    def test_another_token(self) -> None:
        """A node that comes back with another token asks for it, and the page goes on from there."""
        node = self.served(Network(3))
        page = self.opened(node)
        node.stop()
        page.until(NOTICE)
        node.token = "new"
        node.start()
        page.until("!document.querySelector('#login').hidden")
        self.assertTrue(page.js("document.querySelector('#notice').hidden"))
        page.type("new")
        page.key("Enter")
        page.until(f"{LIVE} && document.querySelector('#login').hidden")
        self.allowed(
            page, "status of 401", "ERR_CONNECTION", "ERR_EMPTY", "ERR_INCOMPLETE", "ERR_SOCKET"
        )
