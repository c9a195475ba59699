"""
What can be seen through a door, whichever it is. Pure.
"""

from attrs import frozen

from gossip.mesh.figures import Instruments
from gossip.mesh.picture import Lookout
from gossip.mesh.status import Chronicle, Window


@frozen(kw_only=True)
class Sight:
    """All that an API shows."""

    window: Window
    """This node."""
    chronicle: Chronicle
    """What happened."""
    lookout: Lookout
    """The whole network."""
    instruments: Instruments
    """What of this node is measured all the time."""
