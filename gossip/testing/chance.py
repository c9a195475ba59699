"""
Chance that can be had again: independent streams of random numbers from one seed. Pure.

One stream for each thing that chooses: taking one of them away leaves the choices of all others as
they were, which is what makes a failing scenario smaller step by step.
"""

from random import Random


def stream(seed: int, *names: str | int) -> Random:
    """The random numbers of one thing under a seed; the same for the same names, always."""
    # A string is hashed by SHA-512 here, not by what PYTHONHASHSEED sets.
    return Random("/".join(str(part) for part in (seed, *names)))  # noqa: S311 - it is to be had again
