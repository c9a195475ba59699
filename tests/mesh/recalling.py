"""
What tests of memories do again and again: nodes that know each other, end, and start again.
"""

from gossip.mesh.memories import Memory
from tests.street import House, StreetCase


def remembered(house: House) -> list[Memory]:
    """What a house would write down of all its peers."""
    found = (house.mesh.book.remember(peer) for peer, _ in house.mesh.book)
    return [memory for memory in found if memory is not None]


class RecallCase(StreetCase):
    """Nodes that start again, without being told where to join."""

    def setUp(self) -> None:
        self.town = self.street()
        self.a = self.town.house("a")
        self.b = self.town.house("b", join=[self.a])
        self.c = self.town.house("c", join=[self.a])
        self.all = [self.a, self.b, self.c]
        self.town.until(lambda: self.town.is_mesh(self.all))
        self.town.run(1)

    def again(self, name: str, memories: list[Memory], host: str | None = None) -> House:
        """A node that had this name, and remembers."""
        house = self.town.house(f"{name} again", key=name, host=host)
        house.mesh.recall(memories)
        return house
