"""
What can be seen through a door.
"""

from attrs import fields

from gossip.control.sight import Sight
from tests.cases import UnitCase
from tests.control.fakes import sight


class SightTests(UnitCase):
    """All of it, and by name only."""

    def test_it_is_what_every_door_shows(self) -> None:
        """Nobody takes one way to a node for another, or exchanges it later."""
        self.assertTrue(all(member.kw_only for member in fields(Sight)))
        self.assertRaises(AttributeError, setattr, sight(), "window", None)
