"""
What surfaces are shown of the whole network.
"""

from msgspec import Struct
from msgspec.structs import fields

from gossip.sight import picture
from tests.cases import UnitCase


def _is_shown(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Struct) and value is not Struct


CLASSES = [value for value in vars(picture).values() if _is_shown(value)]


class PictureTests(UnitCase):
    """A surface can look, and change nothing."""

    def test_what_is_shown_cannot_be_changed(self) -> None:
        """Whatever a surface does with what it was given, nobody else sees another thing."""
        for shown in CLASSES:
            value = shown(**{field.name: None for field in fields(shown)})
            with self.assertRaises(AttributeError, msg=shown.__name__):
                setattr(value, fields(shown)[0].name, "changed")
