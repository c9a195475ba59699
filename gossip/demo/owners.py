"""
Which of some processes has a TCP connection, by what Linux tells in /proc (proc_net_tcp, proc_pid_fd).

The other end of a connection on one machine is a process; its peer sees no more of it than a port.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def owner(pids: Iterable[int], local: int, remote: int, proc: Path = PROC) -> int | None:
    """Which of `pids` has the connection between these two ports, its own first; None if none of them."""
    with suppress(OSError), (proc / "net" / "tcp").open(encoding="ascii") as table:
        socket = inode(table, local, remote)
        return next((pid for pid in pids if socket and holds(pid, socket, proc)), None)
    return None


def inode(table: Iterable[str], local: int, remote: int) -> str | None:
    """The inode of the socket between two ports, by the lines of /proc/net/tcp."""
    ends = (f":{local:04X}", f":{remote:04X}")
    for line in table:
        fields = line.split()
        if len(fields) > 9 and fields[1].endswith(ends[0]) and fields[2].endswith(ends[1]):
            return fields[9]
    return None


def holds(pid: int, socket: str, proc: Path = PROC) -> bool:
    """Whether a process has the socket with this inode open."""
    wanted = f"socket:[{socket}]"
    with suppress(OSError):
        for descriptor in (proc / str(pid) / "fd").iterdir():
            # Others are closed meanwhile.
            with suppress(OSError):
                if str(descriptor.readlink()) == wanted:
                    return True
    return False
