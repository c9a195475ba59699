"""
Plans that once failed, kept as files: `<invariant>-<seed>.json`.
"""

from pathlib import Path

from gossip.testing.operations import OPERATIONS
from gossip.testing.plan import Plan, from_json
from gossip.testing.runs import Failure


class NoPlan(Exception):
    """A file that should hold a plan does not."""


def read(path: Path) -> Plan:
    """
    The plan in a file.

    :raises NoPlan: the file is not there, or holds something else.
    """
    try:
        plan = from_json(path.read_bytes())
    except OSError as error:
        raise NoPlan(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise NoPlan(f"{path} holds no plan: {error}") from None
    if not plan.inhabitants:
        raise NoPlan(f"{path} holds a plan in which nobody lives")
    unknown = sorted({operation.what for operation in plan.operations} - OPERATIONS.keys())
    if unknown:
        raise NoPlan(f"{path} holds a plan with what nobody can do: {', '.join(unknown)}")
    return plan


def read_all(directory: Path) -> list[tuple[Path, Plan]]:
    """
    Every plan that is kept in a directory, in the order of the names.

    :raises NoPlan: there is no such directory, or a file in it holds something else.
    """
    if not directory.is_dir():
        raise NoPlan(f"{directory} is not a directory")
    return [(path, read(path)) for path in sorted(directory.glob("*.json"))]


def keep(directory: Path, plan: Plan, failure: Failure) -> Path:
    """
    Write a plan down under the name of what it breaks; no other plan is lost by it.

    :raises OSError: it cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    text = plan.to_json() + b"\n"
    name = f"{failure.name.replace(' ', '_')}-{plan.seed}"
    path, number = directory / f"{name}.json", 1
    while path.exists() and path.read_bytes() != text:
        number += 1
        path = directory / f"{name}-{number}.json"
    path.write_bytes(text)
    return path
