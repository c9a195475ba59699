"""
What somebody does on the page goes on while the network changes under it: the keyboard stays where it is,
what is scrolled stays where it is, and what is marked stays marked.
"""

import json

from gossip.sight.picture import Finding
from tests.page.browser import Page
from tests.page.cases import READY, PageCase
from tests.page.networks import HOSTILE, Network
from tests.page.stand_in import StandIn
from tests.page.test_views import CHART, GRAPH, MATRIX, ROWS, broken

MARK = "window.marked = document.activeElement"
"""The element that has the focus is remembered: one that looks the same is not the same."""

KEPT = "window.marked === document.activeElement && window.marked.isConnected"


def growing(size: int) -> Network:
    """A network that has room for one node more: give it `size` + 1."""
    network = Network(size + 1)
    network.size = size
    return network


def found(network: Network, number: int, sentence: str) -> Finding:
    """A finding about one node."""
    return Finding(
        kind="dead",
        severity="error",
        sentence=sentence,
        peers=(network.id(number),),
        pairs=(),
        since=network.time,
    )


class FocusCase(PageCase):
    """Something is focused, the network changes, and it is focused still."""

    def focus(self, page: Page, selector: str) -> None:
        """Focus what is there, as soon as it is."""
        chosen = f"document.querySelector({json.dumps(selector)})"
        page.until(chosen)
        page.js(f"{chosen}.focus({{preventScroll: true}})")
        self.assertTrue(page.js(f"{chosen} === document.activeElement"), selector)
        page.js(MARK)

    def kept(self, page: Page) -> None:
        """It is."""
        self.assertTrue(page.js(KEPT), page.js("document.activeElement.outerHTML.slice(0, 300)"))

    def told(self, page: Page, sentence: str) -> None:
        """Wait until the headline says something else, and everything is drawn."""
        page.until(f"document.querySelector('#sentence').innerText === {json.dumps(sentence)}")
        page.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


class FocusTests(FocusCase):
    """The keyboard."""

    def test_in_the_table(self) -> None:
        """A row that is changed, and moved to the top, has the focus still."""
        network = Network(12)
        node = self.served(network)
        page = self.opened(node, "#peers", until=f"{ROWS} === 11")
        self.focus(page, f"#peers-table a[href='#peer/{network.id(7)}']")
        node.lost(7)
        page.until(
            "document.querySelector('#peers-table tbody a') === window.marked"
            " && document.querySelector('#peers-table tbody .state').innerText === 'dead'"
        )
        self.kept(page)

    def test_in_the_findings(self) -> None:
        """So has a finding when another comes before it, and when it says something else."""
        network = broken()
        one, other = found(network, 4, "One of them."), found(network, 5, "Another.")
        network.findings = (one, other)
        node = self.served(network)
        page = self.opened(node)
        self.focus(page, f"#findings a[href='#peer/{network.id(5)}']")
        network.findings = (found(network, 6, "A third."), one, found(network, 5, "It again."))
        node.lost(9)
        self.told(page, "A third.")
        page.until("document.querySelector('#findings').innerText.includes('It again.')")
        self.kept(page)

    def test_of_what_goes(self) -> None:
        """Where a finding goes, the next one has the focus, and the section where there is none."""
        network = broken()
        one, other = found(network, 4, "One of them."), found(network, 5, "Another.")
        network.findings = (one, other)
        node = self.served(network)
        page = self.opened(node)
        self.focus(page, f"#findings a[href='#peer/{network.id(4)}']")
        network.findings = (other,)
        node.lost(9)
        self.told(page, "Another.")
        page.until(f"document.activeElement.hash === '#peer/{network.id(5)}'")
        network.findings = ()
        node.lost(8)
        page.until("document.activeElement.matches('section.verdict')")

    def test_in_the_drawing(self) -> None:
        """A node of the drawing has it, with its lines, while another dies and one comes."""
        network = growing(12)
        node = self.served(network)
        page = self.opened(node, "#graph", until=GRAPH)
        self.focus(page, "#mesh a[aria-label^='node-e']")
        node.lost(7)
        page.until("document.querySelectorAll('#mesh [data-state=dead]').length === 1")
        self.kept(page)
        network.size = 13
        node.tell("peer_alive", peer=network.id(12), name="node-m", address="x", first=True)
        page.until("document.querySelectorAll('#mesh a').length === 13")
        self.kept(page)
        self.assertEqual(12, page.js("document.querySelectorAll('.edge[data-near]').length"))

    def test_among_the_events(self) -> None:
        """An event has it while others come before it."""
        network = Network(12)
        node = self.served(network)
        node.lost(7)
        page = self.opened(node, "#events")
        self.focus(page, "#events-list a")
        node.lost(8)
        page.until("document.querySelectorAll('#events-list li').length === 4")
        self.kept(page)

    def test_of_one_link(self) -> None:
        """A fact has it, and the list of nodes has what is chosen in it, when they are asked again."""
        network = broken()
        node = self.served(network)
        page = self.opened(node, f"#peer/{network.id(4)}", until=CHART)
        self.focus(page, "#link-facts a")
        network.dead.discard(3)
        asked = len(node.asked)
        node.tell("peer_alive", peer=network.id(3), name="node-d", address="x", first=False)
        path = f"/v1/pairs/self/{network.id(4)}"
        page.until("document.querySelectorAll('#events-list li').length")
        while path not in node.asked[asked:]:
            page.js("new Promise(done => setTimeout(done, 50))")
        page.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.kept(page)

    def test_of_what_is_pressed(self) -> None:
        """A button that works has the focus while it does."""
        network = broken()
        page = self.opened(self.served(network), f"#peer/{network.id(3)}", until=CHART)
        self.focus(page, "#link-diagnosis button")
        page.key("Enter")
        page.until("document.querySelectorAll('#link-diagnosis li').length > 2")
        self.kept(page)

    def test_in_the_head(self) -> None:
        """The name of the node that is asked has it, also when the node is another version of itself."""
        network = Network(3)
        node = self.served(network)
        page = self.opened(node)
        self.focus(page, "#node a")
        network.dead.add(2)
        node.tell("peer_left", peer=network.id(2), name="node-c", address="x")
        page.until("document.querySelector('#counts').innerText.includes('1 dead')")
        self.kept(page)

    def test_of_another_view(self) -> None:
        """Where what had the focus is shown no more, the view has it."""
        network = broken()
        page = self.opened(self.served(network), f"#peer/{network.id(4)}", until=CHART)
        self.focus(page, "#view-link .back a")
        page.key("Enter")
        page.until("location.hash === '#peers' && document.activeElement.id === 'content'")

    def test_every_stop(self) -> None:
        """The tab key leads through the whole page while peers die one after the other: it is never lost."""
        network = Network(20, hostile=True)
        node = self.served(network)
        page = self.opened(node, "#peers", until=f"{ROWS} === 19")
        seen = []
        for step in range(50):
            page.key("Tab")
            seen.append(page.js("document.activeElement.outerHTML.slice(0, 200)"))
            if step % 5 == 4 and step // 5 + 1 < network.size:
                dead = len(network.dead) + 1
                node.lost(step // 5 + 1)
                page.until(f"document.querySelector('#counts').innerText.includes('{dead} dead')")
                page.until(
                    f"document.querySelectorAll('tbody .state[data-state=dead]').length >= {dead}"
                )
            self.assertFalse(page.js("document.activeElement === document.body"), seen)


class ScrollTests(FocusCase):
    """What is scrolled."""

    def place(self, page: Page, selector: str) -> float:
        """How far below the top of the window something is."""
        return float(
            page.js(f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().top")
        )

    def scrolled(self, page: Page, selector: str, by: int) -> None:
        """Scroll something, and wait until it is."""
        chosen = f"document.querySelector({json.dumps(selector)})"
        page.js(f"{chosen}.scrollTop = {by}")
        page.until(f"{chosen}.scrollTop === {by}")

    def test_the_table(self) -> None:
        """The table shows what it showed, when a row that is not seen is changed and moved."""
        network = Network(200)
        node = self.served(network)
        page = self.opened(node, "#peers", until=f"{ROWS} === 199")
        page.click("th[data-key=name] button")
        page.until("document.querySelector('th[data-key=name]').getAttribute('aria-sort')")
        self.scrolled(page, ".scroll", 1000)
        node.lost(7)
        page.until("document.querySelectorAll('tbody .state[data-state=dead]').length === 1")
        self.assertEqual(1000, page.js("document.querySelector('.scroll').scrollTop"))

    def test_a_row_that_moves(self) -> None:
        """The table stays where it is although what has the focus is moved out of sight."""
        network = Network(200)
        node = self.served(network)
        page = self.opened(node, "#peers", until=f"{ROWS} === 199")
        self.scrolled(page, ".scroll", 1000)
        last = network.id(199)
        self.focus(page, f"#peers-table a[href='#peer/{last}']")
        node.lost(199)
        page.until("document.querySelector('#peers-table tbody a') === window.marked")
        self.kept(page)
        self.assertEqual(1000, page.js("document.querySelector('.scroll').scrollTop"))

    def test_the_events(self) -> None:
        """Who reads what happened before reads on while events come."""
        network = Network(40)
        node = self.served(network)
        for number in range(1, 30):
            node.lost(number)
        page = self.opened(node, "#events")
        page.until("document.querySelectorAll('#events-list li').length === 58")
        self.scrolled(page, "#events-list", 300)
        page.js("document.querySelectorAll('#events-list li')[20].id = 'read'")
        before = self.place(page, "#read") - self.place(page, "#events-list")
        node.lost(30)
        page.until("document.querySelectorAll('#events-list li').length === 60")
        page.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        after = self.place(page, "#read") - self.place(page, "#events-list")
        self.assertLess(abs(after - before), 2)

    def test_the_page(self) -> None:
        """Who has scrolled past the verdict sees the same rows when findings come above them."""
        network = Network(40)
        node = self.served(network)
        page = self.opened(node, "#peers", until=f"{ROWS} === 39", width=360, height=740)
        page.click("th[data-key=name] button")
        page.js("document.querySelector('#view-peers').scrollIntoView()")
        page.until("document.querySelector('#view-peers').getBoundingClientRect().top < 1")
        before = self.place(page, "#peers-table")
        node.lost(7)
        node.lost(8)
        page.until("document.querySelectorAll('.finding').length === 2")
        page.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.assertLess(abs(self.place(page, "#peers-table") - before), 2)


class MatrixTests(FocusCase):
    """What is marked and seen of the matrix."""

    def test_the_pair(self) -> None:
        """The pair that is marked stays so when a node comes that is sorted before it."""
        network = growing(12)
        node = self.served(network)
        page = self.opened(node, until=MATRIX)
        page.js("document.querySelector('#zoom-fit').focus()")
        page.key("Tab", "End", "ArrowDown")
        page.until(
            "document.querySelector('#pair-told').textContent.startsWith('node-b to node-l')"
        )
        for _ in range(6):
            page.key("+")
        page.until("document.querySelector('#heat').dataset.zoomed === 'yes'")
        before = page.js(MATRIX)
        network.size = 13
        node.tell("peer_alive", peer=network.id(12), name="node-m", address="x", first=True)
        page.until("document.querySelector('#matrix-age').innerText.startsWith('13 nodes')")
        self.assertEqual(before, page.js(MATRIX))
        self.assertEqual("heat", page.js("document.activeElement.id"))
        page.key("ArrowDown")
        page.until(
            "document.querySelector('#pair-told').textContent.startsWith('node-c to node-l')"
        )


class LoginTests(FocusCase):
    """A page that asks for the token."""

    def test_after_it(self) -> None:
        """The view has the focus when the form is gone."""
        node: StandIn = self.served(Network(len(HOSTILE)), token="right")
        page = self.opened(node, until="!document.querySelector('#login').hidden")
        page.type("right")
        page.key("Enter")
        page.until(READY)
        page.until("document.activeElement.id === 'content'")
        self.allowed(page, "status of 401")
