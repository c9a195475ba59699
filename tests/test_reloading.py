"""
What can change while a node runs.
"""

from gossip.mesh.addresses import Address
from gossip.reloading import changed, merged
from gossip.settings import Limits, Seed, Settings
from tests.cases import UnitCase

BEFORE = Settings(name="a", port=1)
AFTER = Settings(
    name="b",
    port=2,
    seeds=(Seed(Address("c", 3)),),
    tags=(("site", "north"),),
    period=9.0,
    message="hello",
    log="debug",
    advertise=(Address("d", 4),),
    limits=Limits(peers=7),
    http=Address("::1", 5),
    http_token="t",
    http_names=("e",),
)


class ReloadingTests(UnitCase):
    """Some of it takes effect; all of it is told."""

    def test_what_takes_effect(self) -> None:
        """Names, tags, addresses, times and texts; nothing on which links or files depend."""
        expected = Settings(
            name="b",
            port=1,
            tags=(("site", "north"),),
            period=9.0,
            message="hello",
            log="debug",
            advertise=(Address("d", 4),),
        )
        self.assertEqual(expected, merged(BEFORE, AFTER))

    def test_what_is_told(self) -> None:
        """Each option that has another value, as the command line calls it."""
        self.assertEqual(
            {
                *("name", "port", "connect", "tag", "period"),
                *("message", "log", "advertise", "max-peers"),
                *("http", "http-token", "http-name"),
            },
            set(changed(BEFORE, AFTER)),
        )
        self.assertEqual((), changed(AFTER, AFTER))
