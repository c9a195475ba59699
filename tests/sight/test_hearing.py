"""
Others are asked about a peer, and it itself through them.
"""

from collections.abc import Mapping
from random import Random

from twisted.internet.defer import Deferred

from gossip.mesh.link import Link
from gossip.sight import hearing as module
from gossip.sight.hearing import WITNESSES, Heard, Hearing, witnesses
from gossip.trust.identity import PeerId
from tests.sight.rowing import RowCase
from tests.street import House, Street


def begun(street: Street, house: House, *about: House) -> Hearing:
    """A hearing about some, which may last for 0.9 s."""
    until = street.clock.seconds() + 0.9
    hearing = house.mesh._inquest.hearing([one.id for one in about], until)
    hearing.begin()
    return hearing


class WitnessesTests(RowCase):
    """Who is asked."""

    def chosen(self, house: House, *about: House, at: float) -> list[Link]:
        """Some of its links."""
        return witnesses(house.mesh.links, [one.id for one in about], Random(1), at)

    def test_five_at_most(self) -> None:
        """And none of those about whom they are asked."""
        street, houses = self.town(8)
        chosen = self.chosen(houses[0], houses[1], at=street.clock.seconds())
        self.assertEqual(WITNESSES, len({link.peer for link in chosen}))
        self.assertNotIn(houses[1].id, [link.peer for link in chosen])
        few = self.chosen(houses[0], *houses[3:], at=street.clock.seconds())
        self.assertEqual({houses[1].id, houses[2].id}, {link.peer for link in few})

    def test_those_heard_just_now_come_first(self) -> None:
        """Who is silent may be lost as well."""
        street, houses = self.town(8)
        street.cut(houses[:1], houses[4:])
        street.run(2)
        chosen = [link.peer for link in self.chosen(houses[0], at=street.clock.seconds())]
        self.assertEqual({house.id for house in houses[1:4]}, set(chosen[:3]))
        self.assertEqual(WITNESSES, len(chosen))

    def test_few_are_looked_at(self) -> None:
        """Of a thousand links not one more than are wanted, where all were heard just now."""
        street, (house, *_) = self.town(2)
        ((peer, link),) = house.mesh.links.items()
        looked: list[Link] = []

        def speaks(one: Link) -> bool:
            looked.append(one)
            return True

        self.patch(module, "speaks", speaks)
        many = {PeerId(f"{number}{peer}"): link for number in range(1000)}
        self.assertEqual([link] * WITNESSES, witnesses(many, [], Random(1), street.clock.seconds()))
        self.assertEqual(WITNESSES, len(looked))

    def test_who_does_not_speak_it_is_not_asked(self) -> None:
        """Nor is anybody, where nobody does."""
        street, (house,) = self.town(1)
        street.puppet("mute").dial(house)
        self.assertEqual([], self.chosen(house, at=street.clock.seconds()))


class HearingTests(RowCase):
    """What they say."""

    def heard(self, hearing: Hearing) -> Mapping[PeerId, Heard]:
        """What is known when it is over."""
        over: Deferred[Mapping[PeerId, Heard]] = hearing.over
        return self.successResultOf(over)

    def test_all_hear_it(self) -> None:
        """It takes two round trips, and one more to the peer itself."""
        street, (a, b, _c, _d) = self.town(4)
        hearing = begun(street, a, b)
        street.run(0.5)
        heard = self.heard(hearing)[b.id]
        self.assertEqual(
            {("n2", "up"), ("n3", "up")}, {(one.name, one.says) for one in heard.sayings}
        )
        self.assertTrue(all(one.since is not None for one in heard.sayings))
        assert heard.back is not None
        self.assertTrue(heard.back.up)

    def test_nobody_hears_it(self) -> None:
        """Those who lost it say so at once."""
        street, (a, b, _c, _d) = self.town(4)
        b.crash()
        street.run(0.5)
        hearing = begun(street, a, b)
        street.run(0.2)
        heard = self.heard(hearing)[b.id]
        self.assertEqual((["down"] * 2, None), ([one.says for one in heard.sayings], heard.back))

    def test_who_vanished_just_now(self) -> None:
        """Those who think that they have a link probe it, and do not hear it."""
        street, (a, b, _c, _d) = self.town(4)
        b.vanish()
        hearing = begun(street, a, b)
        street.run(1)
        self.assertEqual(["down"] * 2, [one.says for one in self.heard(hearing)[b.id].sayings])

    def test_nobody_to_ask(self) -> None:
        """It is over at once."""
        street, (a, b) = self.town(2)
        self.assertEqual((), self.heard(begun(street, a, b))[b.id].sayings)

    def test_no_time_is_left(self) -> None:
        """It is over at once, where the loop was held until then."""
        street, (a, b, *_) = self.town(4)
        hearing = a.mesh._inquest.hearing([b.id], street.clock.seconds() - 0.1)
        hearing.begin()
        street.run(0.1)
        self.assertEqual({"nothing"}, {one.says for one in self.heard(hearing)[b.id].sayings})

    def test_who_does_not_answer(self) -> None:
        """The others are heard, when the time is up."""
        street, (a, b, c, _d) = self.town(4)
        street.cut([a], [c])
        hearing = begun(street, a, b)
        street.run(0.6)
        self.assertNoResult(hearing.over)
        street.run(0.4)
        heard = self.heard(hearing)[b.id]
        says = {one.name: one.says for one in heard.sayings}
        self.assertEqual({"n2": "nothing", "n3": "up"}, says)

    def test_what_a_lost_peer_says_itself(self) -> None:
        """Through one who hears it: it still hears us, though we do not hear it."""
        street, (a, b, _c) = self.town(3)
        self.one_way(street, b, a)
        street.run(1.5)
        hearing = begun(street, a, b)
        street.run(0.5)
        back = self.heard(hearing)[b.id].back
        assert back is not None
        assert back.quiet is not None
        self.assertTrue(back.up)
        self.assertLess(back.quiet, 1.2)

    def test_several_at_once(self) -> None:
        """One question for all of them."""
        street, (a, b, c, _d) = self.town(4)
        b.crash()
        street.run(0.5)
        hearing = begun(street, a, b, c)
        street.run(0.8)
        heard = self.heard(hearing)
        self.assertEqual(["down"], [one.says for one in heard[b.id].sayings])
        self.assertEqual(["up"], [one.says for one in heard[c.id].sayings])
        self.assertIsNone(heard[b.id].back)
