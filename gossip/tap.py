"""
What twistd and twist ask for: options, and the service that they make.
"""

from twisted.application.service import IService

from gossip import node
from gossip.options import Options

__all__ = ["Options", "makeService"]


def makeService(options: Options) -> IService:
    """The service of a node."""
    return node.hosted(options.settings(), options.again if options["config"] else None)
