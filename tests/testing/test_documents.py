"""
What docs/testing.rst shows works.
"""

from pathlib import Path
from textwrap import dedent

from tests.cases import UnitCase

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "testing.rst"


class ExampleTests(UnitCase):
    """A reader can begin with what stands there."""

    def test_example(self) -> None:
        """The example runs as it stands, and what it asserts holds."""
        after = DOCUMENT.read_text().split(".. the example\n\n::\n\n", 1)[1]
        lines = []
        for line in after.splitlines():
            if line and not line.startswith("    "):
                break
            lines.append(line)
        source = dedent("\n".join(lines))
        self.assertGreater(source.count("assert"), 3)
        exec(compile(source, str(DOCUMENT), "exec"), {})
