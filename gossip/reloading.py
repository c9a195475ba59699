"""
What of the settings can change while a node runs. Pure.
"""

from typing import Final

from msgspec.structs import asdict, replace

from gossip.settings import Settings

RELOADED: Final = ("log", "message", "name", "tags", "advertise", "period")
"""Members of the settings that take effect at once, without losing a link."""

_OPTIONS: Final = {
    "tags": "tag",
    "seeds": "connect",
    "certificate": "cert",
    "authority": "ca",
    "peer_networks": "peer-networks",
    "http_token": "http-token",
    "http_names": "http-name",
    "limits": "max-peers",
}


def merged(before: Settings, after: Settings) -> Settings:
    """The settings that hold once all that can change has changed."""
    return replace(before, **{name: getattr(after, name) for name in RELOADED})


def changed(before: Settings, after: Settings) -> tuple[str, ...]:
    """The options whose values differ, by their names."""
    was, now = asdict(before), asdict(after)
    return tuple(_OPTIONS.get(name, name) for name in was if was[name] != now[name])
