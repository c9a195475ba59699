"""
What surfaces are shown of the whole network.
"""

from attrs import exceptions, fields, has

from gossip.mesh import picture
from tests.cases import UnitCase

CLASSES = [value for value in vars(picture).values() if isinstance(value, type) and has(value)]


class PictureTests(UnitCase):
    """A surface can look, and change nothing."""

    def test_what_is_shown_cannot_be_changed(self) -> None:
        """Whatever a surface does with what it was given, nobody else sees another thing."""
        for shown in CLASSES:
            value = shown(**{field.name: None for field in fields(shown)})
            with self.assertRaises(exceptions.FrozenInstanceError, msg=shown.__name__):
                setattr(value, fields(shown)[0].name, "changed")
