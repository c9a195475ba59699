"""
`why`: what is wrong with the network, or with one peer, as far as others can tell.
"""

from argparse import Namespace
from typing import Final

from gossip.client import find
from gossip.client.connection import LOOK_WAIT, understood
from gossip.client.shell import Shell
from gossip.client.tables import facts
from gossip.client.when import lately
from gossip.sight.picture import Diagnosis, Finding, Report
from gossip.surfaces.text import safe

_AS_IT_SHOULD_BE: Final = ("fine", "left")
"""Verdicts by which nothing is wrong: who left did so on purpose."""


def why(asked: Namespace, shell: Shell) -> int:
    """
    Tell it; the exit status, 0 when nothing is wrong.

    :raises Failed: the node cannot be asked, which is status 1 too, with a line on stderr.
    """
    node = find.node(asked, shell)
    way = ["report"] if asked.peer is None else ["peers", asked.peer, "diagnosis"]
    answer = node.ask("GET", *way, wait=LOOK_WAIT)
    found: Report | Diagnosis
    if asked.peer is None:
        found = understood(answer, Report)
        fine = found.ok
    else:
        found = understood(answer, Diagnosis)
        fine = found.verdict in _AS_IT_SHOULD_BE
    if asked.json:
        shell.json(understood(answer, object))
    elif isinstance(found, Report):
        _tell_report(found, shell)
    else:
        _tell_diagnosis(found, shell)
    return 0 if fine else 1


def _tell_report(found: Report, shell: Shell) -> None:
    told = [(safe(one.severity), _finding(one, shell.wall())) for one in found.findings]
    # Where something is wrong, the one sentence says again what the worst finding says.
    if found.ok or not told:
        told.insert(0, ("ok" if found.ok else "error", safe(found.sentence)))
    asked = f"{found.answered} of {found.asked} nodes told what they see"
    facts(shell, [*told, ("asked", asked)])


def _finding(one: Finding, now: float) -> str:
    since = "" if one.since is None else f" (since {lately(one.since, now)})"
    return f"{safe(one.sentence)}{since}"


def _tell_diagnosis(found: Diagnosis, shell: Shell) -> None:
    # They say since when, and who says what.
    first, *others = found.sentences or ("nothing more is known",)
    facts(shell, [(safe(found.verdict), safe(first)), *(("", safe(other)) for other in others)])
