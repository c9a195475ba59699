"""
What went over one link, counted. Pure.
"""

from attrs import define


@define
class Traffic:
    """Frames, and their bytes; what TLS and TCP add is not counted."""

    bytes_in: int = 0
    bytes_out: int = 0
    frames_in: int = 0
    frames_out: int = 0

    def add(self, other: "Traffic") -> None:
        """Count what went over another link as well."""
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.frames_in += other.frames_in
        self.frames_out += other.frames_out
