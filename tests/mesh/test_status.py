"""
What surfaces may see.
"""

from typing import Any, get_args

from msgspec.structs import asdict, fields, replace

from gossip.mesh import status
from tests.cases import UnitCase

EXAMPLES: dict[str, Any] = {
    "listening": status.Listening(
        id="1" * 64, port=8080, addresses=("192.0.2.1:8080",), network="lab", name="alice"
    ),
    "peer_alive": status.PeerAlive(
        peer="2" * 64, name="bob", address="192.0.2.2:8080", direction="dialer", first=True
    ),
    "ping": status.PingHeard(
        peer="2" * 64, name="bob", address="192.0.2.2:8080", seq=1, text="", rtt_ms=None
    ),
    "peer_dead": status.PeerDead(
        peer="2" * 64, name="bob", address="192.0.2.2:8080", reason="silent", silent_s=3.0
    ),
    "peer_left": status.PeerLeft(peer="2" * 64, name="bob", address="192.0.2.2:8080"),
    "verdict": status.Verdict(
        peer="2" * 64,
        name="bob",
        address="192.0.2.2:8080",
        verdict="cut",
        one_way=None,
        asked=5,
        heard_by=("3" * 64,),
        reason="carol hears it",
    ),
    "refused": status.Refused(peer=None, address="192.0.2.3:80", code="tls", reason="no"),
    "identity_mismatch": status.IdentityMismatch(
        address="192.0.2.3:80", expected="2" * 64, found="3" * 64
    ),
    "stopping": status.Stopping(reason="SIGTERM"),
}


class EventTests(UnitCase):
    """Events, as programs know them."""

    def test_names(self) -> None:
        """Each kind of event has the one name under which programs wait for it."""
        self.assertEqual(EXAMPLES, {event.event: event for event in EXAMPLES.values()})
        self.assertEqual({type(event) for event in EXAMPLES.values()}, set(get_args(status.Event)))

    def test_members(self) -> None:
        """The members of each event are those that programs read."""
        members = {name: sorted(asdict(event)) for name, event in EXAMPLES.items()}
        self.assertEqual(
            {
                "listening": ["addresses", "http", "id", "name", "network", "port"],
                "peer_alive": ["address", "direction", "first", "name", "peer"],
                "ping": ["address", "name", "peer", "rtt_ms", "seq", "text"],
                "peer_dead": ["address", "name", "peer", "reason", "silent_s"],
                "peer_left": ["address", "name", "peer"],
                "verdict": sorted(
                    ["peer", "name", "address", "verdict", "one_way", "asked", "heard_by", "reason"]
                ),
                "refused": ["address", "code", "peer", "reason"],
                "identity_mismatch": ["address", "expected", "found"],
                "stopping": ["reason"],
            },
            members,
        )

    def test_cannot_be_changed(self) -> None:
        """What one surface was told, no other surface can change."""
        for event in EXAMPLES.values():
            for member in fields(type(event)):
                self.assertRaises(AttributeError, setattr, event, member.name, None)

    def test_equal_by_what_they_say(self) -> None:
        """Two events that say the same are equal, and can be counted."""
        for event in EXAMPLES.values():
            self.assertEqual({event}, {replace(event), event})
