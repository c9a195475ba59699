"""
Who broke the protocol.

The split decides what happens next: a fault of ours is a bug and must be loud, a fault of theirs
costs their connection and nothing else.
"""


class ProtocolError(Exception):
    """The rules of the protocol were broken. Raised only as one of its two children."""


class LocalProtocolError(ProtocolError):
    """This program asked for something that the protocol does not allow: a bug of ours."""


class RemoteProtocolError(ProtocolError):
    """
    The peer sent something that the protocol does not allow.

    The text is what the peer is told in `bye`, and names the member that is at fault.
    """

    def __init__(self, reason: str, code: str = "protocol") -> None:
        super().__init__(reason)
        self.code = code
        """The `bye` code to leave with: `protocol`, or `timeout` for what came too late."""
