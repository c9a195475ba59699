"""
`python -m tests.mutants.seeds FIRST LAST NODES PROFILE...`: simulations, to the first breach.

It runs in a process of its own, over the copy of the program in which the bug is. Cases are numbered
over all profiles in turn; what was found goes to stdout as one line of JSON.
"""

import json
import signal
import sys
from collections.abc import Sequence

from attrs import asdict, frozen

from gossip.testing.profiles import plan
from gossip.testing.simulation import Simulation

STUCK = 300.0
"""Seconds of a processor for one simulation; whoever needs more is in a loop without end."""


@frozen
class Catch:
    """A simulation in which something did not hold."""

    case: int
    """Its number."""
    profile: str
    seed: int
    invariant: str
    """The number and the name of what did not hold."""
    what: str


def case(number: int, profiles: Sequence[str]) -> tuple[str, int]:
    """The profile and the seed of a case."""
    seed, which = divmod(number, len(profiles))
    return profiles[which], seed


def simulate(number: int, profiles: Sequence[str], nodes: int) -> Catch | None:
    """Run one case; None where everything held."""
    profile, seed = case(number, profiles)
    try:
        breach = Simulation(plan(seed, nodes, profile)).run().breach
    except Exception as error:  # noqa: BLE001 - a simulator that trips over a bug has found it
        return Catch(
            number, profile, seed, "the simulator raised", f"{type(error).__name__}: {error}"
        )
    if breach is None:
        return None
    return Catch(number, profile, seed, f"{breach.number} {breach.name}", breach.what)


def main(arguments: Sequence[str]) -> int:
    """Run cases from the first up to, and without, the last; print the first catch, if any."""
    first, last, nodes = (int(number) for number in arguments[:3])
    for number in range(first, last):
        # Told as soon as it begins: whoever ends us for being stuck reads at which case.
        print(json.dumps({"case": number}), flush=True)
        signal.setitimer(signal.ITIMER_PROF, STUCK)
        catch = simulate(number, arguments[3:], nodes)
        if catch is not None:
            print(json.dumps(asdict(catch)), flush=True)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
