"""
The base classes of all tests.
"""

from inspect import iscoroutinefunction
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase


class UnitCase(SynchronousTestCase):
    """
    A test without reactor, real time or sockets.

    An `async` test in a synchronous case would be reported as passed without having run, so there
    can be none.
    """

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        for name, member in vars(cls).items():
            if name.startswith("test") and iscoroutinefunction(member):
                raise TypeError(f"{cls.__name__}.{name} is async, and would never run")

    def clock(self) -> Clock:
        """A clock that must have nothing left to do when the test is over."""
        clock = Clock()
        self.addCleanup(lambda: self.assertEqual([], clock.getDelayedCalls()))
        return clock
