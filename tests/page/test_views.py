"""
Each view of the page, in a browser.
"""

import json

from gossip.sight.picture import Finding
from tests.page.browser import Page
from tests.page.cases import PageCase
from tests.page.networks import Network

MATRIX = "document.querySelector('#heat').dataset.cell"
ROWS = "document.querySelectorAll('#peers-table tbody tr').length"
GRAPH = "document.querySelector('#mesh svg')"
CHART = "document.querySelector('#link-chart canvas')"


def broken(size: int = 12) -> Network:
    """A network with one node dead, one pair cut, and one that hears one way only."""
    network = Network(size)
    network.dead.add(3)
    network.cut.update({(1, 2), (2, 1), (5, 2)})
    network.mute.add(size - 1)
    return network


def names(page: Page) -> list[str]:
    """Of the peers in the table, in their order."""
    return list(
        page.js("[...document.querySelectorAll('#peers-table tbody th')].map(e => e.innerText)")
    )


class VerdictTests(PageCase):
    """What is wrong, at the top."""

    def test_all_is_well(self) -> None:
        """One sentence, and no list."""
        page = self.opened(self.served(Network(3)))
        self.assertEqual("All 3 nodes hear each other.", page.text("#sentence"))
        self.assertEqual("ok", page.js("document.querySelector('#sentence').dataset.severity"))
        self.assertEqual("", page.text("#findings"))
        self.assertEqual(["2", "peers", "alive"], page.text("#counts").split())
        self.assertTrue(page.js("document.title").startswith("✓ All 3 nodes"))

    def test_worst_first(self) -> None:
        """Findings are sorted by severity, each with it in words, and lead to whom they are about."""
        network = broken()
        network.findings = tuple(
            Finding(
                kind=kind,
                severity=severity,
                sentence=f"A sentence of {kind}.",
                peers=(network.id(4),),
                pairs=((network.id(1), network.id(2)),),
                since=network.time,
            )
            for kind, severity in (("mute", "note"), ("slow", "warning"), ("dead", "error"))
        )
        page = self.opened(self.served(network))
        page.until("document.querySelector('#findings a')?.innerText === 'node-e'")
        told = page.js("[...document.querySelectorAll('.severity')].map(e => e.innerText)")
        self.assertEqual(["error", "warning", "note"], told)
        self.assertEqual("error", page.js("document.querySelector('#sentence').dataset.severity"))
        links = page.js("[...document.querySelectorAll('.finding a')].map(e => e.hash).slice(0, 2)")
        self.assertEqual(
            [f"#peer/{network.id(4)}", f"#pair/{network.id(1)}/{network.id(2)}"], links
        )

    def test_nothing_is_said_twice(self) -> None:
        """Of the only finding, which is the headline, there is no more than whom it is about."""
        network = Network(12)
        network.dead.add(3)
        page = self.opened(self.served(network))
        page.until("document.querySelector('#findings a')?.innerText === 'node-d'")
        sentence = page.text("#sentence")
        self.assertIn("node-d is dead", sentence)
        self.assertEqual(1, page.text("#network").count(sentence))

    def test_many_are_folded(self) -> None:
        """Of many findings the first few are seen, and the rest when asked for."""
        network = Network(12, mute=set(range(1, 12)))
        page = self.opened(self.served(network))
        self.assertEqual("7 more findings", page.text("#findings summary"))
        self.assertEqual(
            4, page.js("document.querySelectorAll('#findings > div > .finding').length")
        )


class MatrixTests(PageCase):
    """The heat map."""

    def middle(self, page: Page, row: int, column: int) -> tuple[float, float]:
        """The middle of a cell, in the window."""
        cell = float(page.js(MATRIX))
        left, top, width, height = page.js(
            "(() => { const e = document.querySelector('#heat'); e.scrollIntoView();"
            " const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()"
        )
        margin = height - cell * 12
        self.assertLess(margin, width)
        return left + margin + (column + 0.5) * cell, top + margin + (row + 0.5) * cell

    def test_hover(self) -> None:
        """The mouse on a cell tells the pair, and what is between them."""
        page = self.opened(self.served(broken()), until=MATRIX)
        page.mouse("mouseMoved", *self.middle(page, 0, 1))
        page.until("document.querySelector('#tip').innerText.includes('node-a → node-b')")
        self.assertIn("up, ", page.text("#tip"))
        page.mouse("mouseMoved", *self.middle(page, 1, 2))
        page.until("document.querySelector('#tip').innerText.includes('node-b → node-c')")
        self.assertIn("down, 100 % of pings lost", page.text("#tip"))
        page.mouse("mouseMoved", *self.middle(page, 11, 2))
        page.until("document.querySelector('#tip').innerText.includes('node-l → node-c')")
        self.assertIn("unknown: it runs a version that does not say", page.text("#tip"))
        page.mouse("mouseMoved", 5, 5)
        page.until("document.querySelector('#tip').hidden")

    def test_keyboard(self) -> None:
        """Arrow keys move from pair to pair, which a screen reader is told; Enter opens one."""
        network = broken()
        page = self.opened(self.served(network), until=MATRIX)
        page.js("document.querySelector('#zoom-fit').focus()")
        page.key("Tab")
        self.assertEqual("heat", page.js("document.activeElement.id"))
        page.until("document.querySelector('#pair-told').textContent === 'node-a itself'")
        page.key("ArrowDown", "ArrowRight", "ArrowRight")
        page.until(
            "document.querySelector('#pair-told').textContent.startsWith('node-b to node-c: down')"
        )
        page.key("End", "ArrowDown")
        page.until(
            "document.querySelector('#pair-told').textContent.startsWith('node-c to node-l: up')"
        )
        page.key("Enter")
        page.until(f"location.hash === '#pair/{network.id(2)}/{network.id(11)}'")
        page.until("document.querySelector('#link-title').innerText.includes('node-c')")

    def test_zoom(self) -> None:
        """Keys and buttons make it larger, and all of it is shown again."""
        page = self.opened(self.served(broken()), until=MATRIX)
        before = float(page.js(MATRIX))
        page.js("document.querySelector('#heat').focus()")
        page.key("+")
        page.until(
            f"{MATRIX} > {before} && document.querySelector('#heat').dataset.zoomed === 'yes'"
        )
        page.click("#zoom-fit")
        page.until(f"{MATRIX} == {before}")

    def test_colours_are_not_all(self) -> None:
        """What is up, down and unknown differs in shape: a cell has more than its ground where it is."""
        page = self.opened(self.served(broken()), until=MATRIX)
        page.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        inks = {}
        for name, (row, column) in {"down": (1, 2), "unknown": (11, 2), "itself": (4, 4)}.items():
            x, y = self.middle(page, row, column)
            left, top = page.js(
                "(() => { const r = document.querySelector('#heat').getBoundingClientRect();"
                " return [r.left, r.top]; })()"
            )
            ground, *rest = self.shades(page, x - left, y - top, 20)
            inks[name] = len([shade for shade in rest if abs(shade - ground) > 25])
        self.assertEqual(0, inks["itself"])
        self.assertGreater(inks["unknown"], 4)
        self.assertGreater(inks["down"], 2 * inks["unknown"])

    def test_orders(self) -> None:
        """It is sorted by name, by closeness and by each tag."""
        page = self.opened(self.served(Network(12)), until=MATRIX)
        options = page.js("[...document.querySelectorAll('#order option')].map(e => e.value)")
        self.assertEqual(["name", "closeness", "tag rack", "tag zone"], options)
        for by, second in (("name", "node-b"), ("tag rack", "node-d"), ("closeness", None)):
            page.js(
                "(() => { const e = document.querySelector('#order');"
                f" e.value = {json.dumps(by)}; e.dispatchEvent(new Event('change')); }})()"
            )
            page.mouse("mouseMoved", *self.middle(page, 0, 1))
            pair = page.until(
                "!document.querySelector('#tip').hidden && document.querySelector('#tip').innerText"
            )
            if second is not None:
                self.assertIn(f"node-a → {second}", pair)

    def test_a_thousand(self) -> None:
        """A million pairs are painted once; zooming and moving only copies what is painted."""
        page = self.opened(self.served(Network(1000)), until=MATRIX)
        page.js(
            "window.painted = 0; for (const p of [OffscreenCanvasRenderingContext2D.prototype,"
            " CanvasRenderingContext2D.prototype]) { const put = p.putImageData;"
            " p.putImageData = function (...a) { window.painted += 1; return put.apply(this, a); } }"
        )
        before = float(page.js(MATRIX))
        x, y = page.js(
            "(() => { const r = document.querySelector('#heat').getBoundingClientRect();"
            " return [r.left + 200, r.top + 100]; })()"
        )
        for _ in range(8):
            page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-100)
        page.until(f"{MATRIX} > {before * 8}")
        page.mouse("mousePressed", x, y)
        for step in range(10):
            page.mouse("mouseMoved", x - step * 9, y - step * 7, buttons=1)
        page.mouse("mouseReleased", x - 90, y - 70)
        page.mouse("mouseMoved", x + 3, y + 3)
        page.until("!document.querySelector('#tip').hidden")
        self.assertEqual(0, page.js("window.painted"))
        self.assertEqual("", page.js("location.hash"))


class GraphTests(PageCase):
    """The mesh as a drawing."""

    def test_nodes_and_pairs(self) -> None:
        """Each node is a link with its name and state; broken pairs are drawn otherwise."""
        page = self.opened(self.served(broken()), "#graph", until=GRAPH)
        page.until("document.querySelector('#mesh [data-state=dead]')")
        self.assertEqual(12, page.js("document.querySelectorAll('#mesh a').length"))
        label = page.js(
            "document.querySelector('#mesh [data-state=dead]').getAttribute('aria-label')"
        )
        self.assertTrue(label.startswith("node-d (") and label.endswith("), dead"))
        seen = page.js(
            "[...document.querySelectorAll('#mesh .edge[data-link=down]')]"
            ".filter(e => getComputedStyle(e).visibility === 'visible').length"
        )
        self.assertEqual(2, seen)

    def test_names_do_not_overlap(self) -> None:
        """No name that is seen lies on another, with 60 nodes in a small window."""
        page = self.opened(self.served(Network(60)), "#graph", until=GRAPH, width=360, height=740)
        overlaps = page.js(
            "(() => { const all = [...document.querySelectorAll('#mesh text')]"
            ".filter(e => getComputedStyle(e).visibility === 'visible')"
            ".map(e => e.getBoundingClientRect()); let found = 0;"
            " all.forEach((a, i) => all.slice(i + 1).forEach(b => { if (a.left < b.right - 2 &&"
            " b.left < a.right - 2 && a.top < b.bottom - 4 && b.top < a.bottom - 4) found += 1; }));"
            " return [all.length, found]; })()"
        )
        self.assertEqual(0, overlaps[1])
        self.assertGreater(overlaps[0], 5)

    def test_keyboard(self) -> None:
        """The tab key goes from node to node, and Enter opens one."""
        page = self.opened(self.served(broken()), "#graph", until=GRAPH)
        page.js("document.querySelector('#mesh a').focus()")
        self.assertEqual(11, page.js("document.querySelectorAll('.edge[data-near]').length"))
        page.key("Enter")
        page.until("location.hash.startsWith('#peer/')")

    def test_too_many(self) -> None:
        """Above 60 a sentence says why there is no drawing."""
        page = self.opened(
            self.served(Network(61)), "#graph", until="document.querySelector('#mesh p')"
        )
        self.assertIn("up to 60 nodes; with the 61 of this network", page.text("#mesh"))


class PeersTests(PageCase):
    """The table."""

    def test_sorted(self) -> None:
        """What is worst comes first; a press on a head sorts by it, another the other way."""
        page = self.opened(self.served(broken()), "#peers", until=f"{ROWS} === 11")
        self.assertEqual("node-d", names(page)[0])
        state = "document.querySelector('th[data-key=state]').getAttribute('aria-sort')"
        self.assertEqual("ascending", page.js(state))
        page.click("th[data-key=rtt] button")
        key = "document.querySelector('th[data-key=rtt]').getAttribute('aria-sort')"
        page.until(f"{key} === 'ascending'")
        network = broken()
        near = sorted((n for n in range(1, 12) if n != 3), key=lambda n: network.rtt(0, n))
        self.assertEqual([network.name(n) for n in near] + ["node-d"], names(page))
        page.click("th[data-key=rtt] button")
        page.until(f"{key} === 'descending'")
        self.assertEqual([network.name(n) for n in reversed(near)] + ["node-d"], names(page))
        self.assertIsNone(page.js(state))

    def test_filtered(self) -> None:
        """Names, tags, addresses and states are found."""
        page = self.opened(self.served(broken()), "#peers", until=f"{ROWS} === 11")
        page.js("document.querySelector('#peers-filter').focus()")
        page.type("rack=r1")
        page.until(f"{ROWS} === 3")
        self.assertEqual("3 of 11 peers", page.text("#peers-count"))
        page.js(
            "(() => { const e = document.querySelector('#peers-state'); e.value = 'dead';"
            " e.dispatchEvent(new Event('change')); })()"
        )
        page.until(f"{ROWS} === 1")
        self.assertEqual(["node-d"], names(page))

    def test_a_thousand(self) -> None:
        """A thousand rows are sorted, and rows that are the same stay the same elements."""
        page = self.opened(self.served(Network(1000)), "#peers", until=f"{ROWS} === 999")
        page.js("window.row = document.querySelector('#peers-table tbody tr')")
        page.click("th[data-key=name] button")
        page.until("document.querySelector('th[data-key=name]').getAttribute('aria-sort')")
        self.assertEqual(["rack1-02", "rack1-03"], names(page)[:2])
        self.assertTrue(page.js("window.row.isConnected"))


class LinkTests(PageCase):
    """One peer, and one pair."""

    def test_a_peer(self) -> None:
        """Its last hour is drawn and said, with what was lost."""
        network = broken()
        page = self.opened(self.served(network), f"#peer/{network.id(4)}", until=CHART)
        # Names come with the peers, which are asked for at the same time.
        page.until("document.querySelector('#link-title').innerText === 'node-e'")
        lost = sum(stretch.lost for stretch in network.past(0, 4))
        sent = sum(stretch.pings for stretch in network.past(0, 4))
        self.assertIn(f"{lost} of {sent} pings lost", page.text("#link-caption"))
        self.assertIn("as this node has it", page.text("#link-age"))
        legend = page.js(
            "[...document.querySelectorAll('.u-legend .u-label')].map(e => e.innerText)"
        )
        self.assertEqual(["Time", "Mean", "Worst", "Lost"], legend)

    def test_a_pair(self) -> None:
        """What another node says of a third, through whom, and the way back."""
        network = broken()
        pair = f"#pair/{network.id(5)}/{network.id(4)}"
        page = self.opened(self.served(network), pair, until=CHART)
        page.until("document.querySelector('#link-title').innerText.includes('node-f')")
        self.assertIn("through node-b", page.text("#link-age"))
        back = page.js("document.querySelector('#link-facts a').hash")
        self.assertEqual(f"#pair/{network.id(4)}/{network.id(5)}", back)

    def test_seen_from(self) -> None:
        """Another author is chosen."""
        network = broken()
        page = self.opened(self.served(network), f"#peer/{network.id(4)}", until=CHART)
        page.until("document.querySelectorAll('#link-author option').length === 11")
        page.js(
            "(() => { const e = document.querySelector('#link-author');"
            f" e.value = '{network.id(6)}'; e.dispatchEvent(new Event('change')); }})()"
        )
        page.until(f"location.hash === '#pair/{network.id(6)}/{network.id(4)}'")
        page.until("document.querySelector('#link-title').innerText.includes('node-g')")

    def test_who_cannot_be_asked(self) -> None:
        """The node's own sentence says so."""
        network = broken()
        pair = f"#pair/{network.id(3)}/{network.id(4)}"
        page = self.opened(
            self.served(network), pair, until="document.querySelector('#link-problem').textContent"
        )
        self.assertIn("It cannot be asked", page.text("#link-problem"))
        self.allowed(page, "status of 409")

    def test_diagnosis(self) -> None:
        """The others are asked when somebody wants it, and not before."""
        network = broken()
        node = self.served(network)
        page = self.opened(node, f"#peer/{network.id(3)}", until=CHART)
        path = f"/v1/peers/{network.id(3)}/diagnosis"
        self.assertNotIn(path, node.asked)
        page.click("#link-diagnosis button")
        page.until("document.querySelectorAll('#link-diagnosis li').length > 2")
        self.assertIn("node-d is dead.", page.text("#link-diagnosis"))

    def test_itself(self) -> None:
        """The node that serves the page tells of itself."""
        network = broken()
        page = self.opened(self.served(network), f"#peer/{network.id(0)}")
        page.until("document.querySelector('#link-facts').innerText.includes('Version')")
        self.assertEqual("node-a", page.text("#link-title"))


class EventsTests(PageCase):
    """What happens."""

    def test_history_first(self) -> None:
        """What happened before is there, the newest first, and pings only when they are wanted."""
        network = broken()
        node = self.served(network)
        node.lost(3)
        page = self.opened(node, "#events")
        page.until("document.querySelectorAll('#events-list li').length === 2")
        node.tell("ping", peer=network.id(1), name="node-b", seq=1, text="hello", rtt_ms=0.5)
        node.tell("peer_left", peer=network.id(4), name="node-e", address="x")
        page.until("document.querySelectorAll('#events-list li').length === 3")
        kinds = page.js("[...document.querySelectorAll('#events-list b')].map(e => e.innerText)")
        self.assertEqual(["left", "verdict", "dead"], kinds)
        page.click("#events-pings")
        page.until("document.querySelectorAll('#events-list li').length === 4")
        self.assertIn("node-b 0.50 ms hello", page.text("#events-list"))
