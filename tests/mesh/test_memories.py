"""
What of a peer outlives the process, from one mesh to the next.
"""

from gossip.mesh.book import PeerState
from gossip.mesh.memories import Memory
from gossip.mesh.status import PeerAlive
from tests.mesh.recalling import RecallCase, remembered
from tests.street import WALL, identity, record


class MemoryTests(RecallCase):
    """What they remember suffices to find everybody."""

    def test_one_finds_all(self) -> None:
        """It dials whom it knew; for none of them it is the first time."""
        memories = remembered(self.b)
        self.b.crash()
        self.town.run(5)
        again = self.again("b", memories, self.b.host)
        self.town.until(lambda: self.town.is_mesh([self.a, self.c, again]), 10)
        self.assertEqual([False, False], [event.first for event in again.said(PeerAlive)])

    def test_all_at_once(self) -> None:
        """A whole fleet that was killed is a mesh again, with nobody to join through."""
        memories = [remembered(house) for house in self.all]
        for house in self.all:
            house.crash()
        self.town.run(5)
        fleet = [
            self.again(house.name, known, house.host)
            for house, known in zip(self.all, memories, strict=True)
        ]
        self.town.until(lambda: self.town.is_mesh(fleet), 10)

    def test_most_of_them_moved(self) -> None:
        """As long as one is where it was, the others meet there."""
        memories = [remembered(house) for house in self.all]
        for house in self.all:
            house.crash()
        fleet = [
            self.again("a", memories[0], self.a.host),
            self.again("b", memories[1], "10.7.0.1"),
            self.again("c", memories[2], "10.7.0.2"),
        ]
        self.town.until(lambda: self.town.is_mesh(fleet), 30)

    def test_last_good_address_first(self) -> None:
        """Of several addresses the one is dialed first where it was found."""
        (memory,) = [one for one in remembered(self.b) if one.id == self.a.id]
        self.assertEqual(str(self.a.address), memory.address)
        where = ["10.8.0.1:1", "10.8.0.2:2", "10.8.0.3:3"]
        sealed = record("p", where, at=WALL).sealed
        other = Memory(
            id=identity("p").id, sealed=sealed, state="dead", first_linked=WALL, address=where[1]
        )
        again = self.again("x", [other])
        self.town.run(2)
        dialed = [str(address) for host, address in self.town.dials if host == again.host]
        self.assertEqual(where[1], dialed[0])

    def test_who_left_is_not_dialed(self) -> None:
        """Its last word counts after a restart too."""
        sealed = record("p", ["10.8.0.1:1"], at=WALL, state="left").sealed
        memory = Memory(id=identity("p").id, sealed=sealed, state="left", first_linked=WALL)
        again = self.again("x", [memory])
        self.town.run(100)
        entry = again.mesh.book.get(memory.id)
        assert entry is not None
        self.assertIs(PeerState.LEFT, entry.state)
        self.assertNotIn("10.8.0.1", [address.host for _, address in self.town.dials])
