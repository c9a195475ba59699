"""
How a target says that something does not hold.
"""


class Violation(AssertionError):
    """What a target promises does not hold for an input; the text is the promise."""


def require(holds: bool, promise: str) -> None:
    """:raises Violation: it does not hold."""
    if not holds:
        raise Violation(promise)
