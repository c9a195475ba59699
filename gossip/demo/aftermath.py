"""
What happens when the story is over, in a sentence each: many nodes say the same at about one time.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, NoReturn

from attrs import define

from gossip.demo.sentences import counted, judged, round_trips
from gossip.demo.stage import Happening, Stage
from gossip.demo.story import Say

GATHERED: Final = 1.0
"""Seconds of which all is told together."""

PINGS: Final = 30.0
"""Seconds between two words on round trips."""

_WORDS: Final = {
    "peer_alive": ("hears {} again", "hear {} again"),
    "peer_dead": ("lost {}", "lost {}"),
    "peer_left": ("was told that {} leaves", "were told that {} leaves"),
}


def summed(happened: Iterable[Happening]) -> list[tuple[str, str]]:
    """What was said within a short time: sentences, and their kinds."""
    groups: dict[tuple[str, str], list[Happening]] = {}
    for one in happened:
        about = str(one.event.get("peer", one.node.name))
        groups.setdefault((one.event["event"], about), []).append(one)
    return [sentence for (kind, _), some in groups.items() for sentence in _group(kind, some)]


def _group(kind: str, some: list[Happening]) -> list[tuple[str, str]]:
    first = some[0].event
    if kind == "ended":
        status = first["status"]
        how = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
        return [(f"{some[0].node.name} ended: {how}.", "sees")]
    peer = first.get("name") or str(first.get("peer"))[:12]
    if kind == "verdict":
        sayings = [(one.node.name, one.event["verdict"], one.event["reason"]) for one in some]
        return [(sentence, "judges") for sentence in judged(sayings, peer)]
    if kind in _WORDS:
        names = list(dict.fromkeys(one.node.name for one in some))
        who = names[0] if len(names) == 1 else counted(len(names), "node")
        return [(f"{who} {_WORDS[kind][len(names) > 1].format(peer)}.", "sees")]
    return []


@define(eq=False)
class Aftermath:
    """See the module."""

    stage: Stage
    say: Say

    async def tell(self) -> NoReturn:
        """Tell it, for ever."""
        seen, pings = self.stage.now, self.stage.now
        while True:
            await asyncio.sleep(GATHERED)
            now = self.stage.now
            for text, kind in summed(one for one in self.stage.past if seen < one.at <= now):
                self.say(text, kind)
            seen = now
            times = self.stage.times()
            if now >= pings + PINGS and times:
                self.say(f"{round_trips(times)}.", "sees")
                pings = now
