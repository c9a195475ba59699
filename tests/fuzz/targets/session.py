"""
A whole session: only what is allowed happens, in bounds, and it never stands still.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from gossip.wire.errors import LocalProtocolError
from gossip.wire.session import Event, Role, Session
from gossip.wire.terms import Terms
from tests.fuzz import scripts
from tests.fuzz.model import Model
from tests.fuzz.scripts import ARRIVALS, Kind, Step
from tests.fuzz.targets.frames import pieces
from tests.fuzz.violation import require
from tests.wire.samples import SAMPLES

Make = Callable[[Role, Terms, float], Session]

MESSAGES: Final = tuple(sample.message for sample in SAMPLES)
START: Final = 1000.0
TERMS: Final = (Terms(), Terms(frames_at_once=4.0, frames_per_second=20.0))
_STEPS: Final = 32
_CALLS: Final = 4
"""How often `tick` may be called at one moment before it is late for something no more."""


def check(data: bytes, session: Make = Session) -> None:
    """
    Events follow the protocol's table, little is held, `tick` always gets further, and all is the
    same where reads are cut differently.
    """
    if not data:
        return
    role = Role.DIALER if data[0] & 1 else Role.ACCEPTOR
    terms = TERMS[data[0] >> 1 & 1]
    steps = list(islice(scripts.read(data[1:]), _STEPS))
    whole = _play(session(role, terms, START), terms, steps, cut=None)
    cut = _play(session(role, terms, START), terms, steps, cut=data[0])
    require(whole == cut, "a link that is read in pieces is the same link")


def _play(session: Session, terms: Terms, steps: Iterable[Step], cut: int | None) -> list[object]:
    """Make the steps happen; what came of each."""
    now = START
    model = Model(session, terms, START)
    told: list[object] = []
    for step in steps:
        if step.kind is Kind.PASS:
            now += step.number**2 / 200
        elif step.kind is Kind.DUE and session.deadline() < float("inf"):
            now = max(now, session.deadline())
        due = session.deadline()
        events = _happens(session, model, step, now, cut)
        hastened = session.hastened
        require(hastened or session.deadline() >= due, "an earlier deadline is told of")
        for _ in range(_CALLS):
            if now < session.deadline():
                break
            events += model.ticked(session.tick(now), now)
        require(now < session.deadline(), "a tick at the deadline gets further")
        told.append((events, session.state, session.reading, session.unknown, session.deadline()))
        if session.ended:
            break
    return told


def _happens(
    session: Session, model: Model, step: Step, now: float, cut: int | None
) -> list[Event]:
    if step.kind in ARRIVALS:
        # A transport delivers something, and nothing where it was told not to read.
        if not (step.data and session.reading):
            return []
        parts = [step.data] if cut is None else pieces(step.data, cut, 4)
        return [e for part in parts for e in model.received(session.receive(part, now), part, now)]
    if step.kind is Kind.SAY:
        message = MESSAGES[step.number % len(MESSAGES)]
        try:
            session.send(message, now)
        except LocalProtocolError:
            model.kept_quiet(message)
        else:
            model.said(message)
    elif step.kind is Kind.FORGIVE:
        session._stalls.add(step.number / 10, now)
    elif step.kind is Kind.CHARGE:
        session.charge(step.number)
    elif step.kind is Kind.CLOSED and step.number == 255:
        session.closed()
        model.lost()
    return []
