"""
What the operating system is asked for: how long it slept, and whether it gives us more files.
"""

import errno
import os
import time


def slept() -> float:
    """Seconds of suspend since boot: one clock counts them, the other does not."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    if boot is None:
        return 0.0
    return time.clock_gettime(boot) - time.monotonic()


def descriptors_left() -> bool:
    """Whether this process may open one more file or socket."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno not in (errno.EMFILE, errno.ENFILE)
    return True
