"""
The configuration file.
"""

from pathlib import Path

from gossip import config
from gossip.config import ConfigUnusable
from tests.cases import UnitCase

TOML = """
name = "node-a"
period = 2.5
port = 9000
connect = ["b.example:8080", "c.example:8080"]

[tag]
site = "north"
Rack = 7
"""

INI = """
[p2p-gossip]
name = node-a
period = 2.5
port = 9000
connect =
    b.example:8080
    c.example:8080

[tag]
site = north
Rack = 7
"""

BOTH = [
    ("name", "node-a"),
    ("period", "2.5"),
    ("port", "9000"),
    ("connect", "b.example:8080"),
    ("connect", "c.example:8080"),
    ("tag", "site=north"),
    ("tag", "Rack=7"),
]


class ConfigCase(UnitCase):
    """Files of a test's own."""

    def file(self, name: str, content: str | bytes) -> str:
        """Write one; its path."""
        path = Path(self.mktemp())
        path.mkdir()
        path /= name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def refused(self, name: str, content: str | bytes) -> str:
        """Why a file is not taken."""
        path = self.file(name, content)
        reason = str(self.assertRaises(ConfigUnusable, config.read, path))
        self.assertTrue(reason.startswith(path), reason)
        return reason.removeprefix(path)


class ReadTests(ConfigCase):
    """What a file stands for."""

    def test_toml(self) -> None:
        """Lists are said several times, tables are tags."""
        self.assertEqual(BOTH, config.read(self.file("a.toml", TOML)))

    def test_ini(self) -> None:
        """One value a line; names of tags keep their case."""
        self.assertEqual(BOTH, config.read(self.file("a.conf", INI)))

    def test_table_of_ours(self) -> None:
        """A file for many programs has a table for this one."""
        text = "[other]\nx = 1\n[p2p-gossip]\nname = 'n'\n"
        self.assertEqual([("name", "n")], config.read(self.file("a.toml", text)))

    def test_percent_signs_are_nothing_special(self) -> None:
        """What Python would take for an interpolation is text."""
        text = "[p2p-gossip]\nmessage = 100 % of %(name)s = x\n"
        expected = [("message", "100 % of %(name)s = x")]
        self.assertEqual(expected, config.read(self.file("a.ini", text)))


class RefusedTests(ConfigCase):
    """What is no configuration."""

    def test_missing(self) -> None:
        """A file that is not there is named, with what the system says."""
        error = self.assertRaises(ConfigUnusable, config.read, "/nowhere/a.toml")
        self.assertEqual("/nowhere/a.toml cannot be read: No such file or directory", str(error))

    def test_syntax(self) -> None:
        """What cannot be parsed says where."""
        self.assertIn("is not TOML: ", self.refused("a.toml", "name = "))
        for text, reason in (
            ("name = x", "line 1 comes before the first section; begin with [p2p-gossip]"),
            ("[p2p-gossip]\nname = x\nname = y", "line 3 says name again; several values are one"),
            ("[p2p-gossip]\n[tag]\n[tag]", "line 3 begins [tag] again"),
            ("[p2p-gossip]\n\nname: x", "line 3 is not NAME = VALUE"),
        ):
            said = self.refused("a.ini", text)
            self.assertIn(f"is not INI: {reason}", said)
            self.assertNotIn("\n", said)

    def test_sections(self) -> None:
        """A section that means nothing to us is a mistake, and so is none."""
        self.assertIn("has no section", self.refused("a.ini", ""))
        self.assertIn("has no section", self.refused("a.ini", "[p2p-gossip]\n[tags]\n"))

    def test_kinds(self) -> None:
        """Options are text and numbers."""
        for value in ("true", "1979-05-27", "[[1]]", "{a = {b = 1}}"):
            self.assertIn("neither text nor", self.refused("a.toml", f"name = {value}"))
        self.assertIn("is not a table", self.refused("a.toml", "p2p-gossip = 1"))

    def test_bytes(self) -> None:
        """Neither too many, nor other than UTF-8."""
        self.assertIn("is not UTF-8", self.refused("a.toml", b"name = '\xff'"))
        self.assertIn("is longer than", self.refused("a.toml", b"#" * (config.LARGEST + 1)))
