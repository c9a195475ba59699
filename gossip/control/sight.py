"""
What can be seen through a door, whichever it is. Pure.
"""

from attrs import frozen

from gossip.mesh.figures import Instruments
from gossip.mesh.status import Chronicle, Window
from gossip.sight.picture import Lookout


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
