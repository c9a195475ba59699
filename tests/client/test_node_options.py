"""
The options of a node, as a table.
"""

from gossip.client.node_options import node_options
from gossip.options import Options
from tests.cases import UnitCase


class NodeOptionsTests(UnitCase):
    """What is in the table."""

    def test_all_of_them(self) -> None:
        """Every option is there, and nothing else, in order."""
        names = [argument.name for _, argument in node_options()]
        self.assertEqual(sorted(f"--{name.rstrip('=')}" for name in Options().longOpt), names)

    def test_what_is_known_of_them(self) -> None:
        """Short forms, values, defaults and what completes them are taken over."""
        table = {argument.name: (short, argument) for short, argument in node_options()}
        short, port = table["--port"]
        self.assertEqual(("-p", "PORT"), (short, port.shown))
        self.assertIn("[default: 8080]", port.help)
        self.assertEqual(("text", "json", "none"), table["--output"][1].words)
        self.assertEqual("file", table["--key"][1].completes)
        self.assertEqual("directory", table["--state"][1].completes)
        self.assertEqual("", table["--name"][0])
        self.assertEqual(1, table["--name"][1].help.count("[default"))
        self.assertTrue(table["--help"][1].is_switch)
