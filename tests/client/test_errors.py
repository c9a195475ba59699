"""
Why commands end early.
"""

from gossip.client.errors import Failed, Misuse, NotRunning, ReaderGone
from tests.cases import UnitCase


class ErrorTests(UnitCase):
    """What is caught as what."""

    def test_a_node_that_does_not_run_is_a_failure(self) -> None:
        """Who catches failures catches it too; a wrong command line and a closed pipe are others."""
        self.assertTrue(issubclass(NotRunning, Failed))
        self.assertFalse(issubclass(Misuse, Failed))
        self.assertFalse(issubclass(ReaderGone, Failed))
