"""
Which of two wall clocks is believed when this machine's jumps.
"""

from hypothesis import given, settings
from hypothesis import strategies as some

from gossip.mesh.wall import LOST_COUNTS, MOST_LOST, SLEW, Jump, Wall
from gossip.trust.identity import PeerId
from tests.cases import UnitCase

BEGUN = 1_700_000_000.0
HOUR, YEAR = 3600.0, 365 * 86400.0
PEERS = [PeerId(f"{number:064x}") for number in range(200)]


class WallCase(UnitCase):
    """A wall over two clocks that a test moves."""

    def setUp(self) -> None:
        self.passed = 1000.0
        self.offset = BEGUN - self.passed
        self.wall = Wall(lambda: self.passed + self.offset, lambda: self.passed)

    def right(self) -> float:
        """What a clock shows that has never jumped."""
        return BEGUN + self.passed - 1000.0

    def peers(self, *off: float) -> None:
        """Peers get links; their clocks differ by so much from the one that never jumped."""
        for peer, seconds in zip(PEERS, off, strict=False):
            self.wall.linked(peer, self.right() + seconds)

    def off(self) -> float:
        """How far what is believed is from a clock that never jumped."""
        return self.wall() - self.right()


class AheadTests(WallCase):
    """How far the clocks of peers are off."""

    def test_ahead(self) -> None:
        """By what a linked one said, however long ago, and whichever clock of ours is believed."""
        self.peers(0.0, 5.0, -7.0)
        self.passed += HOUR
        self.assertEqual([0.0, 5.0, -7.0], [self.wall.ahead(peer) for peer in PEERS[:3]])
        self.wall.lost(PEERS[1])
        self.assertIsNone(self.wall.ahead(PEERS[1]))
        self.assertIsNone(self.wall.ahead(PEERS[3]))


class JumpTests(WallCase):
    """The machine's clock jumps."""

    def test_as_it_is(self) -> None:
        """Where nothing jumps it is the machine's clock."""
        for _ in range(5):
            self.passed += 77.0
            self.assertEqual(0.0, self.off())
        self.assertIsNone(self.wall.look())

    def test_offsets(self) -> None:
        """By how much the clocks of linked peers are ahead of the machine's, whatever is believed."""
        self.peers(0, 3, -2)
        self.offset -= HOUR
        self.wall.lost(PEERS[2])
        found = [round(seconds, 3) for seconds in self.wall.offsets()]
        self.assertEqual([HOUR, HOUR + 3], found)

    def test_peers_know_better(self) -> None:
        """However far it jumps, the time goes on as it was where peers do not agree with it."""
        self.peers(0, 1, -2)
        for jump in (HOUR, -HOUR, 10 * YEAR, -BEGUN, 2 * SLEW):
            self.offset = BEGUN - 1000.0 + jump
            self.passed += 5.0
            self.assertEqual(0.0, self.off())
            self.passed += 3 * 86400.0
            self.assertEqual(0.0, self.off())
            self.assertEqual(Jump(jump, 0, 3, False), self.wall.look())
            self.assertIsNone(self.wall.look())

    def test_set_right_while_linked(self) -> None:
        """A clock that was wrong from the start, and is set right, is believed: peers agree."""
        for wrong in (HOUR, -HOUR, 50 * YEAR, -50 * YEAR):
            self.setUp()
            self.peers(wrong, wrong + 3, wrong)
            self.offset += wrong
            self.assertEqual(wrong, self.off())
            self.assertEqual(Jump(wrong, 3, 3, True), self.wall.look())

    def test_nobody_to_ask(self) -> None:
        """Where there are no peers the machine's clock is all there is."""
        for jump in (50 * YEAR, -50 * YEAR, HOUR):
            self.offset += jump
            self.wall()
            self.assertEqual(Jump(jump, 0, 0, True), self.wall.look())
        self.assertEqual(HOUR, self.off())

    def test_small_steps(self) -> None:
        """Steps of seconds are followed, whatever peers say, and are no news."""
        self.peers(0, 0, 0)
        for _ in range(100):
            self.offset += SLEW
            self.wall()
        self.assertEqual(100 * SLEW, self.off())
        self.assertIsNone(self.wall.look())

    def test_back(self) -> None:
        """When the clock is set right again, it is believed again, and it is news."""
        self.peers(0, 0)
        self.offset += HOUR
        self.wall.look()
        self.offset -= HOUR - 2.0
        self.assertEqual(2.0, self.off())
        self.assertEqual(Jump(2.0, 0, 0, True), self.wall.look())

    def test_slewing_of_one_that_is_not_believed(self) -> None:
        """As long as a clock is not believed, its small steps are not followed either."""
        self.peers(0, 0)
        self.offset += HOUR
        for _ in range(5):
            self.offset += 3.0
            self.assertEqual(0.0, self.off())

    def test_later_peers(self) -> None:
        """Peers that come later may change the verdict."""
        self.peers(0)
        self.offset += HOUR
        self.assertEqual(0.0, self.off())
        self.wall.look()
        self.peers(0, HOUR, HOUR)
        self.assertEqual(Jump(HOUR, 2, 3, True), self.wall.look())
        self.assertEqual(HOUR, self.off())

    @settings(deadline=None, database=None, max_examples=100)
    @given(some.lists(some.floats(-1e12, 1e12), max_size=9), some.floats(-1e11, 1e11))
    def test_one_of_the_two(self, clocks: list[float], jump: float) -> None:
        """Whatever peers say and wherever the clock goes, one of our own two is believed."""
        self.setUp()
        self.peers(*clocks)
        self.offset += jump
        off = self.off()
        self.assertTrue(min(abs(off), abs(off - jump)) < 0.01, off)


class PeersTests(WallCase):
    """Whose word counts."""

    def test_hostile_ones(self) -> None:
        """Two of five cannot keep the time from going on as it was, or from being set right."""
        for lie in (HOUR, 1e300, -1e300):
            self.setUp()
            self.peers(lie, lie, 0, 0, 0)
            self.offset += HOUR
            self.assertEqual(0.0, self.off())
        for lie in (0.0, 1e300, -1e300):
            self.setUp()
            self.peers(lie, lie, HOUR, HOUR, HOUR)
            self.offset += HOUR
            self.assertEqual(HOUR, self.off())

    def test_hostile_ones_without_a_jump(self) -> None:
        """As long as our own clock does not jump, nobody moves us."""
        self.peers(*[HOUR] * 50)
        self.passed += 100
        self.wall.look()
        self.assertEqual(0.0, self.off())

    def test_of_two_minds(self) -> None:
        """Where as many say the one as the other, nothing changes."""
        self.peers(0, HOUR)
        self.offset += HOUR
        self.assertEqual(0.0, self.off())

    def test_clocks_of_their_own(self) -> None:
        """Peers whose clocks are far from both have no say."""
        self.peers(0, 5 * HOUR, -7 * HOUR, 1.6 * HOUR)
        self.offset += HOUR
        self.wall()
        self.assertEqual(Jump(HOUR, 0, 1, False), self.wall.look())

    def test_lost(self) -> None:
        """The word of those who were lost counts for ten minutes."""
        self.peers(0, 0)
        for peer in PEERS:
            self.wall.lost(peer)
        self.offset += HOUR
        self.assertEqual(0.0, self.off())
        self.passed += LOST_COUNTS - 1
        self.wall.look()
        self.assertEqual(0.0, self.off())
        self.passed += 1
        self.assertEqual(Jump(HOUR, 0, 0, True), self.wall.look())

    def test_heard_of_without_a_link(self) -> None:
        """What a peer says whose link is gone takes the place of what it said before."""
        self.peers(0)
        self.wall.lost(PEERS[0])
        self.offset += HOUR
        self.assertEqual(0.0, self.off())
        self.wall.heard(PEERS[0], self.right() + HOUR)
        self.wall.look()
        self.assertEqual(HOUR, self.off())

    def test_heard_of_with_a_link(self) -> None:
        """A linked peer has one voice, and changes its mind with it."""
        self.peers(0)
        self.wall.heard(PEERS[0], self.right() + HOUR)
        self.offset += HOUR
        self.wall()
        self.assertEqual(Jump(HOUR, 1, 1, True), self.wall.look())

    def test_bounded(self) -> None:
        """Of very many that were lost, the latest are remembered."""
        self.peers(*[HOUR] * 100)
        for peer in PEERS[:100]:
            self.wall.lost(peer)
        self.offset += HOUR
        self.wall()
        self.assertEqual(Jump(HOUR, MOST_LOST, MOST_LOST, True), self.wall.look())
