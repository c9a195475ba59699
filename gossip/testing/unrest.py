"""
Who had a reason to think that somebody is dead: until when what was done to whom may show. Pure.
"""

from attrs import define, field

NEVER = float("-inf")


@define(eq=False)
class Unrest:
    """For each observer and subject, until when the one may be wrong about the other."""

    _between: dict[tuple[str, str], float] = field(factory=dict)
    _about: dict[str, float] = field(factory=dict)
    _of: dict[str, float] = field(factory=dict)
    _stalls: dict[str, list[tuple[float, float]]] = field(factory=dict)
    """From when to when each machine did not run; one after the other."""
    _everyone: float = NEVER

    def between(self, one: str, other: str, *, until: float) -> None:
        """Something is done to what is between two machines."""
        until = max(until, self._between.get((one, other), NEVER))
        self._between[one, other] = self._between[other, one] = until

    def about(self, name: str, *, until: float) -> None:
        """Something is done to a machine: any other may lose it, and it any other."""
        self._about[name] = max(until, self._about.get(name, NEVER))

    def of(self, name: str, *, since: float, until: float) -> None:
        """A machine does not run: others may lose it, while it must blame nobody."""
        self._of[name] = max(until, self._of.get(name, NEVER))
        self._stalls.setdefault(name, []).append((since, until))

    def everyone(self, *, until: float) -> None:
        """Something is done to all, and whoever did not run does."""
        self._everyone = until
        for name, stalls in self._stalls.items():
            self._stalls[name] = [(begun, min(ended, until)) for begun, ended in stalls]

    def until(self, observer: str, subject: str) -> float:
        """Until when an observer may be wrong about a subject."""
        return max(
            self._everyone,
            self._between.get((observer, subject), NEVER),
            self._of.get(subject, NEVER),
            self._about.get(subject, NEVER),
            self._about.get(observer, NEVER),
        )

    def quiet(self, observer: str, subject: str, now: float) -> float:
        """
        Seconds that an observer had to notice what was done to itself or a subject.

        It notices nothing while it does not run, and its own stalls are not their silence
        (PROTOCOL §5): a link that broke before one of those is found to be silent after it.
        """
        until = self.until(observer, subject)
        stalls = self._stalls.get(observer, ())
        stood = (min(ended, now) - max(begun, until) for begun, ended in stalls)
        return now - until - sum(max(0.0, seconds) for seconds in stood)

    def stalled_until(self, name: str) -> float:
        """Until when a machine did not run."""
        return self._of.get(name, NEVER)
