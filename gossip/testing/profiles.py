"""
Plans from seeds: which faults are likely together. Pure.

Each profile is a set of faults with weights; `mixed` draws its own set anew for each seed, since bugs
hide where some faults are frequent and others absent (swarm testing: Groce et al., ISSTA 2012).
"""

from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

from attrs import define, field

from gossip.testing.chance import stream
from gossip.testing.plan import UNMET_WAIT, Inhabitant, Operation, Plan

HEARTBEATS: Final = (1.0, 2.0, 5.0, 5.0, 10.0)
"""Seconds; the longer ones make more simulated time for the same work."""

LONG_HEARTBEATS: Final = (5.0, 5.0, 10.0)
"""The same where splits are long: what is there to be seen is in their dials, not in their frames."""

UNMET_WAITS: Final = (40.0, 40.0, 40.0, 40.0, 40.0, 40.0, 40.0, UNMET_WAIT)
"""Seconds; the protocol's own is what makes a run ten times as long."""

FAULTS: Final = 100.0
"""Seconds of faults in one plan."""

LONG_FAULTS: Final = 1800.0
"""The same where splits are long: backoff has grown to its cap by then."""


@define(eq=False)
class _Draft:
    """A plan that is being made."""

    random: Random
    names: list[str]
    faults: float
    made: list[Operation] = field(factory=list)
    spare: int = 0

    def do(
        self,
        at: float,
        what: str,
        *who: str,
        whom: tuple[str, ...] = (),
        number: float = 0.0,
        text: str = "",
    ) -> None:
        """Do something at a time."""
        at = round(at, 3)
        self.made.append(Operation(at=at, what=what, who=who, whom=whom, number=number, text=text))

    def someone(self) -> str:
        """Any of them."""
        return self.random.choice(self.names)

    def pair(self) -> list[str]:
        """Any two of them."""
        return self.random.sample(self.names, 2)

    def part(self) -> list[str]:
        """Some of them: one, half, or any number."""
        most = len(self.names) - 1
        size = self.random.choice((1, max(1, len(self.names) // 2), self.random.randint(1, most)))
        return self.random.sample(self.names, size)

    def last(self, at: float, most: float) -> float:
        """When something that begins now ends; not after all faults."""
        longest = self.faults / 100 * most
        return min(self.faults, at + self.random.choice((1, 5, 20, 50)) * longest / 50)


Fault: TypeAlias = Callable[[_Draft, float], None]


def _split(draft: _Draft, at: float) -> None:
    some = draft.part()
    others = tuple(name for name in draft.names if name not in some)
    draft.do(at, "cut", *some, whom=others)
    draft.do(draft.last(at, 50), "mend", *some, whom=others)


def _shatter(draft: _Draft, at: float) -> None:
    """Any number of groups, up to everyone alone."""
    groups: list[list[str]] = [[] for _ in range(draft.random.randint(2, len(draft.names)))]
    for name in draft.names:
        draft.random.choice(groups).append(name)
    until = draft.last(at, 50)
    for number, group in enumerate(groups):
        others = tuple(name for other in groups[number + 1 :] for name in other)
        if group and others:
            draft.do(at, "cut", *group, whom=others)
            draft.do(until, "mend", *group, whom=others)


def _one_way(draft: _Draft, at: float) -> None:
    some = draft.part()
    others = tuple(name for name in draft.names if name not in some)
    draft.do(at, "deafen", *some, whom=others)
    draft.do(draft.last(at, 40), "mend", *some, whom=others)


def _ring(draft: _Draft, at: float) -> None:
    names = list(draft.names)
    draft.random.shuffle(names)
    until = draft.last(at, 40)
    for number, name in enumerate(names):
        near = {names[number - 1], name, names[(number + 1) % len(names)]}
        far = tuple(other for other in draft.names if other not in near)
        if far:
            draft.do(at, "cut", name, whom=far)
            draft.do(until, "mend", name, whom=far)


def _flap(draft: _Draft, at: float) -> None:
    one, other = draft.pair()
    beat = draft.random.choice((0.3, 1.0, 3.0))
    for number in range(draft.random.randint(3, 12)):
        if at + beat >= draft.faults:
            break
        draft.do(at, "mend" if number % 2 else "cut", one, whom=(other,))
        at += beat
    draft.do(at, "mend", one, whom=(other,))


def _snap(draft: _Draft, at: float) -> None:
    one, other = draft.pair()
    for number in range(draft.random.choice((1, 1, 5))):
        draft.do(min(at + number / 2, draft.faults), "snap", one, whom=(other,))


def _crash(draft: _Draft, at: float) -> None:
    who = draft.someone()
    draft.do(at, draft.random.choice(("kill", "kill", "unplug", "leave")), who)
    if draft.random.random() < 0.8:
        again = min(draft.faults, at + draft.random.choice((0.1, 1, 5, 30)))
        draft.do(again, "rejoin", who, whom=_friends(draft, who), text=_key(draft))


def _crash_all(draft: _Draft, at: float) -> None:
    for name in draft.names:
        draft.do(at, "kill", name)
    for name in draft.names:
        draft.do(min(draft.faults, at + draft.random.uniform(0, 2)), "boot", name)


def _power_cut(draft: _Draft, at: float) -> None:
    """Everyone is gone at once, and comes back with what it remembers, some at new addresses."""
    for name in draft.names:
        draft.do(at, "kill", name)
    moved = draft.random.sample(draft.names, draft.random.choice((0, 0, len(draft.names) // 2)))
    for name in draft.names:
        draft.spare += name in moved
        where = f"10.7.1.{draft.spare}" if name in moved else ""
        again = at + 0.1 + draft.random.uniform(0, draft.random.choice((0, 2, 20)))
        draft.do(min(draft.faults, again), "wake", name, text=where)


def _nap(draft: _Draft, at: float) -> None:
    who = draft.someone()
    draft.do(at, draft.random.choice(("kill", "unplug", "leave")), who)
    again = at + draft.random.choice((0.1, 1, 5, 30))
    draft.do(min(draft.faults, again), "wake", who)


def _join_late(draft: _Draft, at: float) -> None:
    draft.spare += 1
    draft.do(at, "join", f"late{draft.spare}", whom=_friends(draft, ""))


def _pause(draft: _Draft, at: float) -> None:
    seconds = draft.random.choice((0.1, 0.5, 2.0, 8.0, 30.0))
    draft.do(at, "pause", draft.someone(), number=min(seconds, draft.faults - at))


def _suspend(draft: _Draft, at: float) -> None:
    seconds = draft.random.choice((2.0, 10.0, 40.0))
    draft.do(at, "suspend", draft.someone(), number=min(seconds, draft.faults - at))


def _wall(draft: _Draft, at: float) -> None:
    jump = draft.random.choice((-3600.0, 3600.0, -60.0, 60.0))
    draft.do(at, "wall", draft.someone(), number=jump)


def _set_back(draft: _Draft, at: float) -> None:
    who = draft.someone()
    draft.do(at, "wall", who, number=-3600.0)
    draft.do(at, "kill", who)
    draft.do(min(draft.faults, at + 1), "boot", who)


def _move(draft: _Draft, at: float) -> None:
    draft.spare += 1
    draft.do(at, "move", draft.someone(), text=f"10.7.0.{draft.spare}")


def _impostor(draft: _Draft, at: float) -> None:
    draft.spare += 1
    draft.do(at, "kill", who := draft.someone())
    draft.do(min(draft.faults, at + 1), "occupy", f"late{draft.spare}", whom=(who,))


def _storm(draft: _Draft, at: float) -> None:
    slow = draft.random.choice((0.1, 0.4, 1.0, 3.0))
    some = tuple(draft.part())
    draft.do(at, "slow", *some, whom=tuple(draft.names), number=slow)
    draft.do(draft.last(at, 50), "calm", *some, whom=tuple(draft.names))


def _narrow(draft: _Draft, at: float) -> None:
    some = tuple(draft.part())
    draft.do(at, "narrow", *some, whom=tuple(draft.names), number=draft.random.choice((2e3, 2e4)))
    draft.do(draft.last(at, 40), "calm", *some, whom=tuple(draft.names))


def _mute(draft: _Draft, at: float) -> None:
    draft.do(at, "mute", who := draft.someone())
    draft.do(draft.last(at, 40), "unmute", who)


def _same_key(draft: _Draft, at: float) -> None:
    who = draft.someone()
    draft.do(at, "kill", who)
    draft.do(min(draft.faults, at + 0.5), "boot", who, text=f"key{draft.random.getrandbits(16)}")


_EVERY: Final[dict[str, tuple[Fault, ...]]] = {
    "partitions": (_split, _shatter, _one_way, _ring, _flap, _snap),
    "churn": (_crash, _crash, _crash, _crash_all, _join_late, _same_key, _snap),
    "memory": (_power_cut, _nap, _nap, _join_late, _split, _snap),
    "pauses": (_pause, _pause, _suspend, _wall, _set_back, _split, _crash),
    "addresses": (_move, _impostor, _crash, _join_late, _split),
    "weather": (_storm, _narrow, _mute, _snap, _one_way),
    "hostile": (_snap, _crash, _split, _join_late),
    "long-split": (_split, _shatter, _one_way, _ring, _join_late, _crash),
    "cold-start": (),
}

PROFILES: Final = ("mixed", *_EVERY)


def plan(seed: int, nodes: int = 5, profile: str = "mixed") -> Plan:
    """
    The scenario of a seed.

    :raises ValueError: there is no such profile.
    """
    if profile not in PROFILES:
        raise ValueError(f"there is no profile {profile!r}; there are {', '.join(PROFILES)}")
    random = stream(seed, "plan", profile, nodes)
    faults = LONG_FAULTS if profile == "long-split" else FAULTS
    if profile == "cold-start":
        faults = 5.0
    draft = _Draft(random, [f"n{number}" for number in range(nodes)], faults)
    inhabitants = _inhabitants(draft, profile)
    _begin(draft, profile, inhabitants)
    kinds = _kinds(random, profile)
    if kinds:
        at = random.uniform(0, 15)
        while at < faults:
            random.choice(kinds)(draft, at)
            at += random.expovariate(8 / faults) if random.random() < 0.7 else 0.5
    return Plan(
        seed=seed,
        profile=profile,
        inhabitants=tuple(inhabitants),
        operations=tuple(sorted(draft.made, key=lambda operation: operation.at)),
        faults=faults,
        latency=random.choice((0.0002, 0.01, 0.05, 0.1)),
        jitter=random.choice((0.0, 0.001, 0.05)),
        unmet_wait=random.choice(UNMET_WAITS),
    )


def _kinds(random: Random, profile: str) -> list[Fault]:
    if profile != "mixed":
        return list(_EVERY[profile])
    every = list(dict.fromkeys(fault for faults in _EVERY.values() for fault in faults))
    drawn = random.sample(every, random.randint(1, 5))
    return [fault for fault in drawn for _ in range(random.randint(1, 4))]


def _inhabitants(draft: _Draft, profile: str) -> list[Inhabitant]:
    random, made = draft.random, []
    heartbeats = LONG_HEARTBEATS if profile == "long-split" else HEARTBEATS
    heartbeat = random.choice(heartbeats)
    hidden = set()
    if profile in ("addresses", "mixed") and random.random() < 0.3:
        hidden.add(draft.names[-1])
    for number, name in enumerate(draft.names):
        join = draft.names[:1] if random.random() < 0.7 else draft.names[: max(1, number)]
        made.append(
            Inhabitant(
                name=name,
                address=f"10.0.{number // 250}.{number % 250 + 1}",
                join=tuple(other for other in (*join, draft.names[1]) if other != name),
                heartbeat=heartbeat if random.random() < 0.9 else random.choice(heartbeats),
                period=heartbeat * random.choice((1, 5, 12, 12)),
                hidden=name in hidden,
            )
        )
    if profile == "hostile" or (profile == "mixed" and random.random() < 0.2):
        for number in range(random.randint(1, 2)):
            liar = f"liar{number}"
            address = f"10.6.6.{number + 1}"
            made.append(Inhabitant(name=liar, address=address, join=(draft.names[0],), liar=True))
    return made


def _begin(draft: _Draft, profile: str, inhabitants: list[Inhabitant]) -> None:
    """Who is there from the beginning, and when each of them starts."""
    together = draft.random.random() < 0.5
    for inhabitant in inhabitants:
        at = 0.0 if together else draft.random.uniform(0, min(3.0, draft.faults))
        draft.do(at, "boot", inhabitant.name)


def _friends(draft: _Draft, who: str) -> tuple[str, ...]:
    others = [name for name in draft.names if name != who]
    if draft.random.random() < 0.2:
        # It must be found by those who remember it.
        return ()
    return tuple(draft.random.sample(others, draft.random.randint(1, min(2, len(others)))))


def _key(draft: _Draft) -> str:
    # Most come back as who they were; some have lost even their key.
    return "" if draft.random.random() < 0.8 else f"key{draft.random.getrandbits(16)}"
