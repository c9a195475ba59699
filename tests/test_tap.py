"""
What twistd and twist ask for.
"""

from twisted.application.service import IService, IServiceMaker
from twisted.plugin import IPlugin, getPlugins
from twisted.python.reflect import namedModule
from zope.interface.verify import verifyObject

from gossip import options, tap
from gossip.node import Node
from tests.cases import UnitCase


class PluginTests(UnitCase):
    """How twistd finds a node."""

    def maker(self) -> IServiceMaker:
        """The plugin."""
        (found,) = [each for each in getPlugins(IServiceMaker) if each.tapname == "p2p-gossip"]
        return found

    def test_found_by_its_name(self) -> None:
        """There is one plugin of that name, and it is complete."""
        maker = self.maker()
        verifyObject(IPlugin, maker)
        verifyObject(IServiceMaker, maker)
        self.assertEqual("gossip.tap", maker.module)  # type: ignore[attr-defined]
        self.assertTrue(maker.description)

    def test_options_are_the_same(self) -> None:
        """twistd takes the options that `p2p-gossip` takes, from one class."""
        self.assertIs(options.Options, tap.Options)
        self.assertIs(options.Options, namedModule("gossip.tap").Options)


class MakeServiceTests(UnitCase):
    """What is made of the options."""

    def make(self, *arguments: str) -> IService:
        """The service of a command line."""
        parsed = tap.Options()
        parsed.parseOptions(arguments)
        return tap.makeService(parsed)

    def test_a_node(self) -> None:
        """It is a node that has not started."""
        made = self.make("--output", "none", "--port", "0")
        verifyObject(IService, made)
        assert isinstance(made, Node)
        self.assertFalse(made.running)

    def test_a_node_that_cannot_be(self) -> None:
        """What twistd would show as a traceback is one line and the end."""
        ending = self.assertRaises(SystemExit, self.make, "--key", "/nonexistent/key.pem")
        self.assertEqual(
            "p2p-gossip: --key /nonexistent/key.pem cannot be read: No such file or directory",
            ending.code,
        )
