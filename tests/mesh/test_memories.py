"""
What of a peer outlives the process, from one mesh to the next.
"""

from msgspec.structs import replace
from twisted.logger import capturedLogs, formatEvent

from gossip.mesh.book import PeerState
from gossip.mesh.memories import Memory
from gossip.mesh.mesh import SHOWN
from gossip.mesh.status import PeerAlive
from gossip.wire.messages import Sealed
from tests.street import WALL, House, StreetCase, identity, record


def remembered(house: House) -> list[Memory]:
    """What a house would write down of all its peers."""
    found = (house.mesh.book.remember(peer) for peer, _ in house.mesh.book)
    return [memory for memory in found if memory is not None]


class RecallTests(StreetCase):
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

    def test_tampered(self) -> None:
        """A row that its subject did not sign is dropped, told of, and written down no more."""
        (good, *bad) = [
            Memory(id=identity(name).id, sealed=record(name, at=WALL).sealed, state="dead")
            for name in "pqrstuvwx"
        ]
        forged = [
            replace(memory, sealed=Sealed(memory.sealed.body, good.sealed.signature))
            for memory in bad
        ]
        house = self.town.house("y")
        told: list[str] = []
        house.mesh._changed = told.append
        with capturedLogs() as lines:
            house.mesh.recall([good, *forged])
        self.assertEqual([memory.id for memory in bad], told)
        self.assertEqual(1, len(house.mesh.book))
        said = [formatEvent(line) or "" for line in lines]
        self.assertEqual(SHOWN, sum("its signature is not that of its key" in s for s in said))
        self.assertIn(f"{len(bad) - SHOWN} more are not known any more", said)

    def test_not_for_now(self) -> None:
        """Another network, or a clock that is not set yet, costs nobody's row; an expired one goes."""
        kept = [record("p", at=WALL, network="other"), record("q", at=WALL + 10 * 86400)]
        gone = record("r", at=WALL - 365 * 86400)
        house = self.town.house("y")
        told: list[str] = []
        house.mesh._changed = told.append
        house.mesh.recall(
            Memory(id=one.id, sealed=one.sealed, state="dead", first_linked=WALL)
            for one in (*kept, gone)
        )
        self.assertEqual([gone.id], told)
        self.assertEqual(0, len(house.mesh.book))
