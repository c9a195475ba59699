"""
How the page looks, for everybody: on a telephone, in the dark, with a keyboard, by names of hostile
peers.
"""

from tests.page.browser import Page
from tests.page.cases import READY, PageCase
from tests.page.networks import HOSTILE, Network
from tests.page.test_views import CHART, GRAPH, MATRIX, ROWS, broken

FAINT = """
(() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const found = channels(getComputedStyle(e).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const { color, fill, fontSize, fontWeight, visibility } = getComputedStyle(element);
    if (!own || !element.getClientRects().length || visibility !== "visible") continue;
    const ink = channels(element instanceof SVGElement ? fill : color);
    const [low, high] = [light(ink), light(ground(element))].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    const large = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.7 && fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${element.className} ${element.innerText} ${ratio}`);
  }
  return faint;
})()
"""
"""All text that is seen with less contrast to its ground than WCAG 2 AA asks for."""

VIEWS = {"": MATRIX, "#graph": GRAPH, "#peers": ROWS, "#events": READY}


def views(network: Network) -> dict[str, str]:
    """Addresses of all views, and when they are there."""
    return {**VIEWS, f"#pair/{network.id(5)}/{network.id(4)}": CHART}


class SizesTests(PageCase):
    """From a telephone to a wall."""

    def test_narrow(self) -> None:
        """At 360 pixels nothing is moved sideways, in any view."""
        network = broken()
        page = self.opened(self.served(network), width=360, height=740)
        for address, ready in views(network).items():
            page.js(f"location.hash = '{address}'")
            page.until(ready)
            self.no_sideways(page)
        page.js("location.hash = '#peers'")
        page.until(ROWS)
        fits = "(e => e.scrollWidth <= e.clientWidth)(document.querySelector('.scroll'))"
        self.assertTrue(page.js(fits))

    def test_a_wall(self) -> None:
        """On a wide screen events stand beside the view, and nothing is moved sideways."""
        page = self.opened(self.served(broken(60)), width=3840, height=2160, until=MATRIX)
        self.assertTrue(page.js("document.querySelector('#events-list').offsetParent !== null"))
        self.no_sideways(page)

    def test_seen_from_afar(self) -> None:
        """What is written and drawn is larger there than on a desk."""
        node = self.served(Network(3))
        type_, cell = "parseFloat(getComputedStyle(document.documentElement).fontSize)", MATRIX
        desk = self.opened(node, until=MATRIX)
        wall = self.opened(node, until=MATRIX, width=3840, height=2160)
        for what in (type_, cell):
            self.assertGreater(float(wall.js(what)), 1.3 * float(desk.js(what)))

    def test_turned(self) -> None:
        """The matrix is fitted anew when the window is another."""
        page = self.opened(self.served(broken()), until=MATRIX)
        page.resize(360, 740)
        page.until("document.querySelector('#heat').getBoundingClientRect().right <= 360")
        self.no_sideways(page)


class ColoursTests(PageCase):
    """Dark and light."""

    def test_contrast(self) -> None:
        """All text of all views has the contrast that AA asks for, in the light and in the dark."""
        network = broken()
        node = self.served(network)
        node.lost(3)
        grounds = set()
        for scheme in ("light", "dark"):
            page = self.opened(node, prefers_color_scheme=scheme)
            grounds.add(page.js("getComputedStyle(document.documentElement).backgroundColor"))
            for address, ready in views(network).items():
                page.js(f"location.hash = '{address}'")
                page.until(ready)
                self.assertEqual([], page.js(FAINT), (scheme, address))
        self.assertEqual(2, len(grounds))

    def test_the_switch(self) -> None:
        """It overrules what the system says, and is remembered."""
        node = self.served(Network(3))
        page = self.opened(node, prefers_color_scheme="light")
        ground = "getComputedStyle(document.documentElement).backgroundColor"
        light = page.js(ground)
        page.js(
            "(() => { const e = document.querySelector('#theme'); e.value = 'dark';"
            " e.dispatchEvent(new Event('change')); })()"
        )
        page.until(f"{ground} !== '{light}'")
        page.open(f"{node.url}/#peers")
        page.until(READY)
        self.assertEqual("dark", page.js("document.querySelector('#theme').value"))
        self.assertNotEqual(light, page.js(ground))

    def test_the_canvas_follows(self) -> None:
        """What is drawn changes with it: the ground of a cell in the light is none in the dark."""
        page = self.opened(self.served(Network(3)), until=MATRIX, prefers_color_scheme="light")
        page.until("document.querySelector('#heat').width > 300")
        light = self.shades(page, 150, 90, 60)
        page.prefer(prefers_color_scheme="dark")
        page.until("matchMedia('(prefers-color-scheme: dark)').matches")
        page.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        dark = self.shades(page, 150, 90, 60)
        self.assertGreater(sum(light), 0)
        self.assertNotEqual(light, dark)


class KeyboardTests(PageCase):
    """Without a mouse, and without seeing."""

    def focus(self, page: Page) -> str:
        """What has the focus."""
        return str(page.js("document.activeElement.id || document.activeElement.innerText"))

    def test_skip(self) -> None:
        """The first stop leads past the head of the page."""
        page = self.opened(self.served(Network(3)))
        page.key("Tab")
        self.assertEqual("skip", self.focus(page))
        page.key("Enter")
        page.until("document.activeElement.id === 'content'")

    def test_focus_is_seen(self) -> None:
        """Every stop of the tab key has an outline, and there is a way through."""
        page = self.opened(self.served(broken()), "#peers", until=f"{ROWS} === 11")
        stops = []
        for _ in range(24):
            page.key("Tab")
            stops.append(self.focus(page))
            outline = page.js("getComputedStyle(document.activeElement).outlineStyle")
            self.assertNotEqual("none", outline, stops[-1])
        self.assertIn("Matrix", stops)
        self.assertIn("peers-filter", stops)

    def test_landmarks_and_names(self) -> None:
        """There are landmarks, one main heading, and a name for everything that can be used."""
        page = self.opened(self.served(broken()), until=MATRIX)
        tree = page.call("Accessibility.getFullAXTree")["nodes"]
        roles = [node["role"]["value"] for node in tree if not node["ignored"]]
        for landmark in ("banner", "navigation", "main", "region", "status", "log"):
            self.assertIn(landmark, roles)
        usable = {"button", "link", "combobox", "searchbox", "textbox", "checkbox", "application"}
        nameless = [
            node
            for node in tree
            if not node["ignored"]
            and node["role"]["value"] in usable
            and not node.get("name", {}).get("value", "").strip()
        ]
        self.assertEqual([], nameless)
        self.assertEqual(
            1, page.js("[...document.querySelectorAll('h1')].filter(e => e.offsetParent).length")
        )

    def test_what_is_current(self) -> None:
        """The view that is shown is marked, and the way back leads through the browser's history."""
        page = self.opened(self.served(Network(3)))
        current = "document.querySelector('.views [aria-current=page]').innerText"
        self.assertEqual("Matrix", page.js(current))
        page.click(".views [data-view=peers]")
        page.until(f"{current} === 'Peers'")
        page.js("history.back()")
        page.until(f"{current} === 'Matrix'")

    def test_no_motion(self) -> None:
        """Who wants no motion gets none."""
        page = self.opened(self.served(Network(3)), prefers_reduced_motion="reduce")
        moving = page.js(
            "[...document.querySelectorAll('*')].filter(e =>"
            " parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
        )
        self.assertEqual(0, moving)


class HostileTests(PageCase):
    """Names are text."""

    def test_names(self) -> None:
        """In no view does a name become markup, run, turn what is around it, or push it aside."""
        network = Network(len(HOSTILE) + 2, hostile=True)
        network.dead.add(3)
        network.cut.add((1, 2))
        node = self.served(network)
        for number in range(1, network.size):
            peer = network.peer(number)
            node.tell("peer_alive", peer=peer.id, name=peer.name, address=peer.address, first=True)
            node.tell("refused", peer=None, address="x", code="x", reason=peer.name)
        page = self.opened(node, width=360, height=740)
        addresses = {**VIEWS, f"#pair/{network.id(1)}/{network.id(2)}": CHART}
        for address, ready in addresses.items():
            page.js(f"location.hash = '{address}'")
            page.until(ready)
            self.no_sideways(page)
            self.assertEqual(1, page.js("document.querySelectorAll('img').length"))
            self.assertEqual(2, page.js("document.querySelectorAll('script').length"))
            self.assertFalse(
                page.js(
                    "/[\\u202a-\\u202e\\u2066-\\u2069\\x00-\\x08\\x1b]/.test(document.body.textContent)"
                )
            )
        self.assertEqual([], page.dialogs)

    def test_wide_names(self) -> None:
        """64 wide characters are cut, and whole in the title."""
        network = Network(len(HOSTILE) + 2, hostile=True)
        page = self.opened(self.served(network), "#peers", until=f"{ROWS} === {network.size - 1}")
        width, scroll, title, overflow = page.js(
            "(() => { const e = [...document.querySelectorAll('#peers-table .name')]"
            ".find(e => e.innerText.startsWith('表'));"
            " return [e.clientWidth, e.scrollWidth, e.title, getComputedStyle(e).textOverflow]; })()"
        )
        self.assertLess(width, scroll)
        self.assertEqual("ellipsis", overflow)
        self.assertTrue(title.startswith("表" * 64))

    def test_isolated(self) -> None:
        """A name that is written from the right leaves the order around it alone."""
        network = Network(len(HOSTILE) + 2, hostile=True)
        page = self.opened(self.served(network), "#peers", until=f"{ROWS} === {network.size - 1}")
        ways = page.js(
            "[...document.querySelectorAll('.name')].map(e => getComputedStyle(e).unicodeBidi)"
        )
        self.assertEqual({"isolate"}, set(ways))
