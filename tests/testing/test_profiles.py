"""
Plans from seeds.
"""

from gossip.testing.operations import OPERATIONS
from gossip.testing.profiles import HEARTBEATS, LONG_HEARTBEATS, PROFILES, plan
from tests.cases import UnitCase

SEEDS = range(60)


class ProfileTests(UnitCase):
    """Each profile makes plans that can be carried out, and has what it is for."""

    def test_same_seed(self) -> None:
        """One seed is one plan, and another seed, size or profile another."""
        for profile in PROFILES:
            self.assertEqual(plan(3, 5, profile), plan(3, 5, profile))
            self.assertNotEqual(plan(3, 5, profile), plan(4, 5, profile))
            self.assertNotEqual(plan(3, 5, profile), plan(3, 6, profile))
        self.assertEqual(
            len(PROFILES), len({plan(3, 5, profile).to_json() for profile in PROFILES})
        )

    def test_carried_out(self) -> None:
        """All that is done is known, in the order of time, and while faults last."""
        for profile in PROFILES:
            for seed in SEEDS:
                made = plan(seed, 2 + seed % 7, profile)
                times = [operation.at for operation in made.operations]
                self.assertEqual(sorted(times), times)
                self.assertTrue(all(0 <= at <= made.faults for at in times), (profile, seed))
                self.assertLessEqual({each.what for each in made.operations}, set(OPERATIONS))

    def test_people(self) -> None:
        """Everyone has a name and an address alone, starts, and joins through others."""
        for profile in PROFILES:
            for seed in SEEDS:
                made = plan(seed, 5, profile)
                addresses = [one.address for one in made.inhabitants]
                self.assertEqual(len(addresses), len(set(addresses)))
                self.assertEqual(len(made.names()), len(set(made.names())))
                booted = {n for each in made.operations if each.what == "boot" for n in each.who}
                self.assertLessEqual(set(made.names()), booted)
                for one in made.inhabitants:
                    self.assertNotIn(one.name, one.join)
                    self.assertLessEqual(set(one.join), set(made.names()))

    def test_faults(self) -> None:
        """Each profile has its own faults in some of its plans, and cold starts none at all."""
        own = {
            "partitions": {"cut", "deafen", "mend", "snap"},
            "churn": {"kill", "unplug", "leave", "rejoin", "join"},
            "pauses": {"pause", "suspend", "wall"},
            "addresses": {"move", "occupy"},
            "weather": {"slow", "narrow", "mute"},
            "hostile": {"snap", "kill"},
            "long-split": {"cut", "deafen"},
        }
        for profile, wanted in own.items():
            done = {each.what for seed in SEEDS for each in plan(seed, 5, profile).operations}
            self.assertLessEqual(wanted, done, profile)
        quiet = {each.what for seed in SEEDS for each in plan(seed, 5, "cold-start").operations}
        self.assertEqual({"boot"}, quiet)

    def test_mixed(self) -> None:
        """Mixed plans do everything that can be done, though none of them does it all."""
        done = [{each.what for each in plan(seed, 5, "mixed").operations} for seed in range(300)]
        self.assertEqual(set(OPERATIONS), set().union(*done))
        self.assertLess(max(map(len, done)), len(OPERATIONS))

    def test_long_splits_beat_slowly(self) -> None:
        """Half an hour of heartbeats each second would be most of all frames of all profiles."""
        for profile, least in (("long-split", min(LONG_HEARTBEATS)), ("churn", min(HEARTBEATS))):
            plans = [plan(seed, 5, profile) for seed in range(40)]
            beats = [one.heartbeat for given in plans for one in given.inhabitants]
            self.assertEqual(least, min(beats), profile)

    def test_liars(self) -> None:
        """Hostile plans have liars in them, and most others none."""
        for seed in SEEDS:
            self.assertTrue(any(one.liar for one in plan(seed, 5, "hostile").inhabitants))
            self.assertFalse(any(one.liar for one in plan(seed, 5, "churn").inhabitants))

    def test_unknown(self) -> None:
        """A profile that there is not is refused, with those that there are."""
        error = self.assertRaises(ValueError, plan, 1, 5, "sunshine")
        self.assertIn("'sunshine'; there are mixed, partitions", str(error))
