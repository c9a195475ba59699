"""
One deliberate bug, and how it is put into a copy of the program.
"""

from pathlib import Path

from attrs import frozen

SIMULATED = ("mixed",)
"""The profiles of a bug that says nothing else."""


class NotThere(Exception):
    """The text that a bug replaces is not found exactly once: the program has changed."""


@frozen(kw_only=True)
class Mutant:
    """A bug as data."""

    name: str
    story: str
    """What is broken, and why somebody might write it so."""
    file: str
    """Below the package."""
    old: str
    new: str
    profiles: tuple[str, ...] = SIMULATED
    """Of the simulation, those that are likely to show it. None where no simulated network can, or one
    in thousands: in it nobody lies in rows, no bucket of a book is thick, what is only told to people is
    not judged, and what all nodes do alike is right."""
    tests: tuple[str, ...] = ()
    """Modules of unit tests that should find it, beyond that of the file itself."""
    nodes: int = 5
    """In each simulated network."""

    def modules(self) -> tuple[str, ...]:
        """The unit tests that should find it."""
        *rooms, module = self.file.removesuffix(".py").split("/")
        own = ".".join(["tests", *rooms, f"test_{module}"])
        return (own, *(module for module in self.tests if module != own))

    def applied(self, text: str) -> str:
        """
        The text of its file, with the bug in it.

        :raises NotThere: the old text is not in it exactly once.
        """
        found = text.count(self.old)
        if found != 1:
            raise NotThere(
                f"{self.name}: the old text is in {self.file} {found} times, not once:"
                f" bring it up to date\n{self.old}"
            )
        return text.replace(self.old, self.new)

    def apply(self, package: Path) -> None:
        """
        Put the bug into a copy of the package.

        :raises NotThere: the old text is not in it exactly once.
        """
        path = package / self.file
        path.write_text(self.applied(path.read_text()))
