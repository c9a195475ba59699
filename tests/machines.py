"""
How long Hypothesis looks for a fault of a state machine.

Everywhere the same examples, and few of them, so that a build fails only for what was changed. With
the environment variable P2P_GOSSIP_PROOF set, 20,000 others each time.
"""

import os
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

PROOF: Final = 20_000
"""Examples of one machine that are tried for a proof: hours, for all of them."""

_PROVING: Final = "P2P_GOSSIP_PROOF" in os.environ


def prove(machine: type[RuleBasedStateMachine], *, examples: int, steps: int) -> None:
    """
    Try so many examples of a machine, each of at most so many steps.

    Nothing is kept between runs: a failing example is printed as the lines that repeat it.

    :raises AssertionError: or whatever else the machine raised in the shortest example found.
    """
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=PROOF if _PROVING else examples,
            stateful_step_count=steps,
            derandomize=not _PROVING,
            database=None,
            deadline=None,
            print_blob=False,
            # How long an example takes, and how large it is, is no fault of the program.
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.data_too_large,
                HealthCheck.large_base_example,
            ],
        ),
    )
