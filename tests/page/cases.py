"""
The base class of tests that look at the page in a browser.
"""

from base64 import b64decode
from os import environ
from pathlib import Path

from tests.cases import UnitCase
from tests.page.browser import CHROMIUM, Page, browser, summary
from tests.page.networks import Network
from tests.page.stand_in import StandIn

READY = "document.querySelector('#live').dataset.live === 'yes' && document.querySelector('#asked').textContent"
"""The page is live, and has the verdict."""


class PageCase(UnitCase):
    """Opens pages, and holds of all of them that nobody complained and nothing left the machine."""

    if CHROMIUM is None:
        skip = "there is no Chromium on this machine, in which the page is looked at"
    if environ.get("P2P_GOSSIP_PAGE") == "no":
        skip = "what is on the page does not hang on libraries of Python: it is looked at in tox -e tests"

    def served(self, network: Network, *, token: str | None = None) -> StandIn:
        """A node that tells of a network, until the test is over."""
        node = StandIn(network, token=token)
        node.start()
        self.addCleanup(node.stop)
        return node

    def opened(
        self,
        node: StandIn,
        address: str = "",
        *,
        width: int = 1280,
        height: int = 900,
        until: str | None = READY,
        **preferred: str,
    ) -> Page:
        """A page of it, when a condition holds."""
        page = Page(browser(), width=width, height=height)
        self.addCleanup(page.close)
        self.addCleanup(self._kept, page)
        self.addCleanup(self._stayed, page, node)
        if preferred:
            page.prefer(**preferred)
        page.open(f"{node.url}/{address}")
        if until is not None:
            page.until(until)
        return page

    def allowed(self, page: Page, *parts: str) -> None:
        """Complaints with one of these parts in them are what the test made."""
        page.complaints[:] = [
            line for line in page.complaints if not any(part in line for part in parts)
        ]

    def no_sideways(self, page: Page) -> None:
        """Nothing is wider than the window."""
        wide = page.js(
            "document.documentElement.scrollWidth <= innerWidth ? [] :"
            " [...document.querySelectorAll('body *')]"
            ".filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => `${e.tagName}#${e.id}.${e.className}`)"
        )
        self.assertEqual([], wide)

    def shades(self, page: Page, x: float, y: float, side: int) -> list[int]:
        """How light each pixel of a square is, 0 to 255, around a point of the matrix on its canvas."""
        return list(
            page.js(
                "(() => { const e = document.querySelector('#heat');"
                " const copy = new OffscreenCanvas(e.width, e.height)"
                ".getContext('2d', {willReadFrequently: true}); copy.drawImage(e, 0, 0);"
                f" const d = copy.getImageData({x - side / 2}, {y - side / 2}, {side}, {side}).data;"
                " const shades = []; for (let i = 0; i < d.length; i += 4) shades.push(Math.round("
                "0.2126 * d[i] + 0.7152 * d[i + 1] + 0.0722 * d[i + 2])); return shades; })()"
            )
        )

    def _stayed(self, page: Page, node: StandIn) -> None:
        away = [url for url in page.requested if not url.startswith(f"{node.url}/")]
        self.assertEqual([], [url for url in away if url != "about:blank"])
        self.assertEqual([], page.complaints, summary(page.complaints))
        self.assertEqual([], page.dialogs)

    def _kept(self, page: Page) -> None:
        """To be looked at: a picture of how each test ended, where a directory for them is named."""
        directory = environ.get("P2P_GOSSIP_PICTURES")
        if directory:
            file = Path(directory, f"{self.id().rpartition('tests.page.')[2]}.png")
            file.write_bytes(b64decode(page.screenshot()))
