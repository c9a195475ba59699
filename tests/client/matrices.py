"""
Matrices as the API tells them.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from gossip.sight.picture import Matrix
from tests.client.stubs import NOW


def node(at: int, **members: Any) -> dict[str, Any]:
    """A node, whose id begins with its place."""
    usual: dict[str, Any] = {
        "id": f"{at:04}" * 16,
        "name": f"node-{at}",
        "state": "alive",
        "tags": {},
        "row": "told",
        "through": None,
        "age_s": 0.1,
    }
    return {**usual, **members}


def told(
    *nodes: dict[str, Any], rtt: Callable[[int, int], float | str | None] = lambda a, b: 1.0
) -> dict[str, Any]:
    """A matrix; `rtt` gives milliseconds, None where nothing was measured, or the sign of a link."""
    size = range(len(nodes))

    def link(a: int, b: int) -> str:
        said = rtt(a, b)
        return "-" if a == b else said if isinstance(said, str) else "u"

    def figure(a: int, b: int) -> float | None:
        said = rtt(a, b)
        return said if a != b and isinstance(said, float) else None

    return {
        "time": NOW,
        "nodes": list(nodes),
        "links": ["".join(link(a, b) for b in size) for a in size],
        "rtt_ms": [[figure(a, b) for b in size] for a in size],
        "lost": [[None if figure(a, b) is None else 0.25 for b in size] for a in size],
    }


def found(*nodes: dict[str, Any], **more: Any) -> Matrix:
    """The same, as it is understood."""
    return msgspec.convert(told(*nodes, **more), Matrix)
