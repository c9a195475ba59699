"""
Whom a node takes back of those that it knew, and when.
"""

from msgspec.structs import replace
from twisted.logger import capturedLogs, formatEvent

from gossip.mesh.memories import Memory
from gossip.mesh.recollection import AT_ONCE, SHOWN
from gossip.wire.messages import Sealed
from tests.mesh.recalling import RecallCase, remembered
from tests.street import WALL, identity, record


class RecollectionTests(RecallCase):
    """Who is dropped, who is left for another time, and who comes later."""

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
        house.mesh._recollection.changed = told.append
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
        house.mesh._recollection.changed = told.append
        house.mesh.recall(
            Memory(id=one.id, sealed=one.sealed, state="dead", first_linked=WALL)
            for one in (*kept, gone)
        )
        self.assertEqual([gone.id], told)
        self.assertEqual(0, len(house.mesh.book))

    def test_clock_that_is_set_later(self) -> None:
        """A fleet whose clocks are all at their beginning is a mesh when they are set, with nobody to join through."""
        memories = [remembered(house) for house in self.all]
        for house in self.all:
            house.crash()
        self.town.run(5)
        fleet = []
        for house, known in zip(self.all, memories, strict=True):
            again = self.town.house(f"{house.name} again", key=house.name, host=house.host)
            again.wall_offset = -WALL
            again.mesh._wall.look()
            again.mesh.recall(known)
            fleet.append(again)
        self.town.run(30)
        self.assertEqual([0, 0, 0], [len(again.mesh.book) for again in fleet])
        for again in fleet:
            again.wall_offset = 0.0
        self.town.until(lambda: self.town.is_mesh(fleet), 10)
        self.assertEqual([[], [], []], [again.mesh._recollection._not_yet for again in fleet])

    def test_many_in_turns(self) -> None:
        """A node that runs takes some in a turn, and nobody is looked for by one that leaves."""
        house = self.town.house("y")
        many = [record(f"m{number}", ["10.8.0.1:1"]) for number in range(AT_ONCE + 1)]
        house.wall_offset = -WALL
        house.mesh._wall.look()
        house.mesh.recall(
            Memory(id=one.id, sealed=one.sealed, state="dead", first_linked=WALL) for one in many
        )
        house.wall_offset = 0.0
        house.mesh._wall.look()
        house.stopped = True
        house.mesh._dialer.stop()
        house.mesh._recollection.recall_again()
        house.mesh._recollection.tick(self.town.clock.seconds())
        self.assertEqual(AT_ONCE, len(house.mesh.book))
        self.town.run(0.1, 0.01)
        self.assertEqual((AT_ONCE + 1, 0), (len(house.mesh.book), len(house.mesh._dialer._peers)))
