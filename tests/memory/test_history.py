"""
What happened is kept, numbered, told, and bounded.
"""

from collections import Counter

from msgspec.structs import replace

from gossip.memory.database import Database, Reader
from gossip.memory.history import IN_MEMORY, History
from gossip.memory.rations import NEWCOMERS_RATE, STRANGERS_RATE
from gossip.memory.rows import Batch
from gossip.mesh.status import (
    Chronicle,
    Event,
    IdentityMismatch,
    Listening,
    Occurrence,
    PeerAlive,
    PeerDead,
    PeerLeft,
    PingHeard,
    Refused,
    Stopping,
    Tell,
)
from tests.memory.samples import OWN, WALL, FolderCase

ALIVE = PeerAlive(peer="p", name="n", address="192.0.2.1:1", direction="dialed", first=True)
DEAD = PeerDead(peer="p", name="n", address="192.0.2.1:1", reason="silent", silent_s=3.0)
LEFT = PeerLeft(peer="p", name="n", address="192.0.2.1:1")
PING = PingHeard(peer="p", name="n", address="192.0.2.1:1", seq=1, text="hi", rtt_ms=None)
REFUSED = Refused(peer=None, address="192.0.2.9:1", code="tls", reason="no")
MISMATCH = IdentityMismatch(address="192.0.2.9:1", expected="a", found="b")
STOPPING = Stopping(reason="told to")
LISTENING = Listening(
    id="p", port=1, addresses=("192.0.2.1:1", "[::1]:1"), network="default", name="n"
)
FIRST = int(WALL * 1000)


class HistoryCase(FolderCase):
    """Clocks that stand, and a database to which nothing is written before it is said."""

    def setUp(self) -> None:
        """A history without a database."""
        self.wall, self.now = WALL, 0.0
        self.kept: list[Occurrence] = []
        self.history = self.made()

    def made(self, older: Reader | None = None, after: int = 0) -> History:
        """A history that begins now."""
        return History(
            wall=lambda: self.wall,
            seconds=lambda: self.now,
            after=after,
            older=older,
            keep=self.kept.append,
        )

    def tell(self, *events: Event) -> None:
        """These happen, a millisecond apart."""
        for event in events:
            self.wall += 0.001
            self.history(event)

    def names(self, occurrences: list[Occurrence]) -> list[str]:
        """What happened, by name."""
        return [occurrence.event for occurrence in occurrences]

    def all(self) -> list[Occurrence]:
        """As far back as it goes."""
        return self.history.since(0, 10_000)


class HistoryTests(HistoryCase):
    """In memory."""

    def test_what_it_is(self) -> None:
        """It takes events, and can be asked."""
        told: Tell = self.history
        asked: Chronicle = self.history
        told(LEFT)
        self.assertEqual(1, len(asked.latest(10)))

    def test_kept(self) -> None:
        """Everything but pings, with its time and the members that INTERFACE gives it."""
        self.tell(LISTENING, ALIVE, PING, DEAD, LEFT, REFUSED, MISMATCH, STOPPING)
        self.assertEqual(
            [
                *("listening", "peer_alive", "peer_dead", "peer_left", "refused"),
                *("identity_mismatch", "stopping"),
            ],
            self.names(self.all()),
        )
        first = self.all()[0]
        self.assertEqual((FIRST, WALL + 0.001), (first.number, first.time))
        self.assertEqual(
            ["id", "port", "addresses", "network", "name", "http"], list(first.members)
        )
        self.assertEqual(["192.0.2.1:1", "[::1]:1"], first.members["addresses"])
        self.assertEqual(self.kept, self.all())

    def test_numbers(self) -> None:
        """Each has one more than the one before."""
        self.tell(ALIVE, PING, DEAD, LEFT)
        self.assertEqual([FIRST, FIRST + 1, FIRST + 2], [kept.number for kept in self.all()])

    def test_numbers_of_the_next_start(self) -> None:
        """They are greater, also where what was told was not written, and where the clock went back."""
        self.tell(*[LEFT] * 50)
        last = self.all()[-1].number
        self.wall += 0.01
        self.history = self.made()
        self.tell(LEFT)
        self.assertGreater(self.all()[0].number, last)
        self.wall -= 3600
        self.history = self.made(after=last)
        self.tell(LEFT)
        self.assertEqual(last + 1, self.all()[0].number)

    def test_since(self) -> None:
        """The oldest after a number, in their order, no more than asked for."""
        self.tell(ALIVE, DEAD, LEFT, STOPPING)
        self.assertEqual(["peer_dead", "peer_left"], self.names(self.history.since(FIRST, 2)))
        self.assertEqual([], self.history.since(FIRST + 3, 2))
        self.assertEqual([], self.history.since(0, 0))
        self.assertEqual([], self.history.since(0, -1))

    def test_latest(self) -> None:
        """The newest, or the newest before a number, oldest first."""
        self.tell(ALIVE, DEAD, LEFT, STOPPING)
        self.assertEqual(["peer_left", "stopping"], self.names(self.history.latest(2)))
        self.assertEqual(
            ["peer_alive", "peer_dead"], self.names(self.history.latest(9, before=FIRST + 2))
        )
        self.assertEqual([], self.history.latest(9, before=FIRST))
        self.assertEqual([], self.history.latest(0))
        self.assertEqual([], self.history.latest(-1))

    def test_subscribers(self) -> None:
        """Each is told of everything until it has enough; of pings with number 0."""
        one: list[Occurrence] = []
        two: list[Occurrence] = []
        end = self.history.subscribe(one.append)
        self.history.subscribe(two.append)
        self.tell(ALIVE, PING)
        end()
        end()
        self.tell(DEAD)
        self.assertEqual(["peer_alive", "ping"], self.names(one))
        self.assertEqual([FIRST, 0, FIRST + 1], [told.number for told in two])
        self.assertEqual("hi", two[1].members["text"])

    def test_ends_while_it_is_told(self) -> None:
        """A subscriber may end itself, and is told no more."""
        told: list[Occurrence] = []

        def once(occurrence: Occurrence) -> None:
            told.append(occurrence)
            end()

        end = self.history.subscribe(once)
        self.history.subscribe(told.append)
        self.tell(ALIVE, DEAD)
        self.assertEqual([FIRST, FIRST, FIRST + 1], [occurrence.number for occurrence in told])

    def test_bounded(self) -> None:
        """The newest stay."""
        for _ in range(IN_MEMORY + 5):
            self.history(LISTENING)
        numbers = [kept.number for kept in self.all()]
        self.assertEqual(list(range(FIRST + 5, FIRST + IN_MEMORY + 5)), numbers)


class StrangersTests(HistoryCase):
    """Somebody knocks, and knocks."""

    def test_ration(self) -> None:
        """So many at once and a few a minute are kept; all others are told, and counted."""
        told: list[Occurrence] = []
        self.history.subscribe(told.append)
        self.tell(*[REFUSED] * 1000)
        self.assertEqual(STRANGERS_RATE.at_once, len(self.kept))
        self.assertEqual(1000, len(told))
        self.assertEqual(1000 - STRANGERS_RATE.at_once, sum(not one.number for one in told))
        self.now += 60
        self.tell(REFUSED, LEFT)
        names = self.names(self.kept)[STRANGERS_RATE.at_once :]
        self.assertEqual(["suppressed", "refused", "peer_left"], names)
        self.assertEqual(
            {"of": "refused", "about": "", "count": 1000 - STRANGERS_RATE.at_once},
            self.kept[-3].members,
        )
        # Live and replayed, it is the same.
        self.assertEqual(self.kept, [one for one in told if one.number])

    def test_each_kind(self) -> None:
        """One kind leaves the other its ration, and the end tells what is left of both."""
        self.tell(*[REFUSED] * 100, *[MISMATCH] * 100, STOPPING)
        self.assertEqual(60, self.names(self.kept).count("refused"))
        self.assertEqual(60, self.names(self.kept).count("identity_mismatch"))
        self.assertEqual(
            [("refused", 40), ("identity_mismatch", 40)],
            [(row.members["of"], row.members["count"]) for row in self.kept[-3:-1]],
        )

    def test_newcomers(self) -> None:
        """Who comes with ever new keys does not push out what became of others."""
        for number in range(5000):
            peer = f"s{number}"
            self.tell(replace(ALIVE, peer=peer), replace(DEAD, peer=peer))
        self.tell(DEAD)
        self.assertEqual(DEAD.peer, self.kept[-1].members["peer"])
        counts = Counter(self.names(self.kept))
        most = NEWCOMERS_RATE.at_once
        self.assertEqual((most, most + 1), (counts["peer_alive"], counts["peer_dead"]))
        self.assertEqual(("peer_dead", 5000 - most), tuple(self.kept[-2].members.values())[::2])

    def test_in_memory(self) -> None:
        """However long it goes on, most of what is kept are peers."""
        self.tell(LEFT)
        for _ in range(IN_MEMORY):
            self.now += 60
            self.tell(REFUSED)
        names = self.names(self.all())
        self.assertEqual((1, IN_MEMORY // 4), (names.count("peer_left"), names.count("refused")))
        self.assertEqual(self.kept[-1], self.all()[-1])


class OlderTests(HistoryCase):
    """With a database."""

    def setUp(self) -> None:
        """Three starts: what happened in the first two is in the database."""
        super().setUp()
        path = self.folder() / "gossip.db"
        self.database = Database(path, 10)
        self.addCleanup(self.database.close)
        self.reader = Reader(path)
        self.addCleanup(self.reader.close)
        for _ in range(2):
            self.tell(*[ALIVE] * 5)
            self.wall += 60
            self.restart()

    def restart(self) -> None:
        """What was kept is written, and there is nothing in memory."""
        self.database.write(Batch(history=tuple(self.kept), wall=self.wall))
        self.history = self.made(self.reader, self.database.load(OWN).last)

    def test_before_anything_happens(self) -> None:
        """All is there at once."""
        self.assertEqual(self.kept, self.all())
        self.assertEqual(self.kept, self.history.latest(100))

    def test_across_both(self) -> None:
        """Wherever one looks, there is no hole and no double."""
        self.tell(*[DEAD] * 5)
        self.assertEqual(15, len(self.kept))
        for at, one in enumerate(self.kept):
            for limit in (1, 4, 9, 100):
                after = self.kept[at + 1 :][:limit]
                self.assertEqual(after, self.history.since(one.number, limit), (at, limit))
                before = self.kept[:at][-limit:]
                found = self.history.latest(limit, before=one.number)
                self.assertEqual(before, found, (at, limit))
        for limit in (1, 7, 100):
            self.assertEqual(self.kept[-limit:], self.history.latest(limit))

    def test_what_is_not_in_memory(self) -> None:
        """More than memory holds is read from the database, without a hole."""
        for number in range(IN_MEMORY + 5):
            self.now += 60
            self.tell(REFUSED if number % 2 else DEAD)
        self.database.write(Batch(history=tuple(self.kept[10:]), wall=self.wall))
        self.assertEqual(self.kept[:IN_MEMORY], self.all())
        self.assertEqual(self.kept[8:13], self.history.since(self.kept[7].number, 5))
        before = self.kept[17].number
        self.assertEqual(self.kept[7:17], self.history.latest(10, before=before))

    def test_unreadable(self) -> None:
        """Where the database cannot be read, what is in memory is."""
        self.reader.close()
        self.reader.path.rename(self.reader.path.with_name("elsewhere.db"))
        self.tell(DEAD)
        self.assertEqual(["peer_dead"], self.names(self.all()))
        self.assertEqual(["peer_dead"], self.names(self.history.latest(9)))
        self.reader.path.with_name("elsewhere.db").rename(self.reader.path)
        self.assertEqual(11, len(self.all()))
