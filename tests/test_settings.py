"""
Every knob of a node, and what it is set to when nobody turns it.
"""

from msgspec.structs import asdict, fields

import gossip
from gossip.mesh.addresses import Address
from gossip.settings import Limits, Seed, Settings, agent
from tests.cases import UnitCase


class LimitsTests(UnitCase):
    """Bounds on what others can cost us."""

    def test_the_protocol_s(self) -> None:
        """The defaults are those that the protocol gives."""
        limits = Limits()
        self.assertEqual(10.0, limits.handshake_wait)
        self.assertEqual((128, 64), (limits.pending_total, limits.pending_per_address))
        self.assertEqual((200, 1000), (limits.accepted_per_second, limits.accepted_at_once))
        self.assertEqual(1048576, limits.unread_bytes)
        self.assertLess(limits.unread_most, 15)
        self.assertEqual((0.4, 0.02), (limits.record_cost, limits.look_cost))
        self.assertEqual(1.0, limits.probe_wait)
        self.assertEqual(10000, limits.peers)
        self.assertEqual(64, limits.dials)
        self.assertEqual((0.5, 60.0), (limits.backoff_first, limits.backoff_most))
        self.assertEqual((3, 600.0), (limits.unmet_tries, limits.unmet_wait))
        self.assertEqual((1.0, 4), (limits.sync_gap, limits.syncs))

    def test_none_is_zero(self) -> None:
        """Nothing is without a bound, and nothing is forbidden, by default."""
        for name, value in asdict(Limits()).items():
            self.assertGreater(value, 0, name)
            self.assertLess(value, float("inf"), name)

    def test_leaving_takes_less_than_two_seconds(self) -> None:
        """A node that leaves waits for farewells, and is gone within two seconds."""
        self.assertLess(Limits().stop_wait, 2.0)

    def test_a_farewell_has_time_before_the_stop(self) -> None:
        """One connection is closed sooner than the whole node stops."""
        self.assertLessEqual(Limits().closing_wait, Limits().stop_wait)


class SettingsTests(UnitCase):
    """What a node is to do."""

    def test_defaults(self) -> None:
        """A node without options listens everywhere on 8080, and waits to be found."""
        settings = Settings()
        self.assertEqual((8080, (), ()), (settings.port, settings.listen, settings.seeds))
        self.assertEqual(("default", "", ()), (settings.network, settings.name, settings.tags))
        self.assertEqual((5.0, 1.0), (settings.period, settings.heartbeat))
        self.assertEqual(("", "text"), (settings.message, settings.output))
        self.assertEqual(
            (None, None, None), (settings.key, settings.certificate, settings.authority)
        )
        self.assertEqual(
            (None, None, ()), (settings.http, settings.http_token, settings.http_names)
        )
        self.assertEqual(((), ()), (settings.advertise, settings.peer_networks))
        self.assertEqual(Limits(), settings.limits)

    def test_cannot_be_changed(self) -> None:
        """Nobody changes a setting behind another's back."""
        for value in (Settings(), Limits(), Seed(Address("seed.example", 80))):
            for member in fields(type(value)):
                self.assertRaises(AttributeError, setattr, value, member.name, None)

    def test_by_name_only(self) -> None:
        """No setting can be mistaken for another by its place."""
        for kind in (Settings, Limits):
            self.assertRaises(TypeError, kind, 1)

    def test_nothing_in_it_can_be_changed(self) -> None:
        """All that it holds is as fixed as itself, so that it can be a key."""
        self.assertEqual(1, len({Settings(), Settings()}))


class SeedTests(UnitCase):
    """Addresses to join through."""

    def test_anybody(self) -> None:
        """Unless a peer is named, whoever is there will do."""
        self.assertIsNone(Seed(Address("seed.example", 80)).peer)


class AgentTests(UnitCase):
    """What the program calls itself."""

    def test_name_and_version(self) -> None:
        """It is the name and the version, and fits into a hello."""
        self.assertEqual(f"p2p-gossip/{gossip.__version__}", agent())
        self.assertLessEqual(len(agent()), 64)
