"""
Why a command ends early. The text is the line that is shown, so it says what to do as well. Pure.
"""


class Failed(Exception):
    """It could not be done; exit status 1."""


class NotRunning(Failed):
    """No node answers there; it may come up."""


class Misuse(Exception):
    """The command line is wrong; exit status 2."""


class ReaderGone(Exception):
    """Nobody reads what is printed any more, which is nobody's fault."""
