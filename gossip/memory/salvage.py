"""
A damaged database is put aside, where people can look at it, and not removed.
"""

import time
from pathlib import Path
from typing import Final

KEPT: Final = 3
"""Damaged databases that are kept: on a disk that is failing there could be one at every start."""

_COMPANIONS = ("-wal", "-shm")


def put_aside(path: Path, wall: float) -> Path:
    """
    Give a database and what belongs to it a name with the date (UTC), and remove the oldest such.

    :raises OSError: it could not be done. What is left can be put aside again.
    """
    aside = _free(path, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(wall)))
    # The database last: its log would be taken for that of the one that comes after it.
    for companion in (*_COMPANIONS, ""):
        source = path.with_name(path.name + companion)
        if source.exists():
            source.rename(aside.with_name(aside.name + companion))
    for old in _aside(path)[:-KEPT]:
        for companion in (*_COMPANIONS, ""):
            old.with_name(old.name + companion).unlink(missing_ok=True)
    return aside


def _free(path: Path, date: str) -> Path:
    number = 0
    while True:
        aside = path.with_name(f"{path.name}.corrupt-{date}" + (f".{number}" if number else ""))
        if not aside.exists():
            return aside
        number += 1


def _aside(path: Path) -> list[Path]:
    """Oldest first."""
    found = path.parent.glob(f"{path.name}.corrupt-*")
    return sorted(one for one in found if not one.name.endswith(_COMPANIONS))
