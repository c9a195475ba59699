"""
What the page computes without a browser: `pure.test.mjs`, run by Node.js itself.
"""

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

from tests.cases import UnitCase
from tests.lived.nodes import environment

TESTS = Path(__file__).parent / "pure.test.mjs"


class PureTests(UnitCase):
    """Text, colours, orders, places and addresses."""

    node_js = shutil.which("node")
    if node_js is None:
        skip = (
            "there is no Node.js on this machine, in which the page's modules run without a browser"
        )

    def test_all(self) -> None:
        """Every test there passes."""
        directory = Path(self.mktemp())
        shutil.copytree(str(files("gossip.page").joinpath("static")), directory)
        # A browser knows modules by how they are asked for, and Node.js by this.
        (directory / "package.json").write_text('{"type": "module"}')
        ran = subprocess.run(
            [str(self.node_js), "--test", str(TESTS)],
            env=environment(STATIC=str(directory.absolute())),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(0, ran.returncode, ran.stdout + ran.stderr)
        written = TESTS.read_text().count('\ntest("')
        self.assertIn(f"pass {written}\n", ran.stdout)
