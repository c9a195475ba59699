"""
Two nodes with any number of connections between them: whatever is delivered in whatever order, and
whoever dies and comes back, both agree on one link.

The connections are two queues each, and the nodes do nothing but what PROTOCOL §3 and §4 ask of
them; which of two links stays they ask `gossip.mesh.pairing`.
"""

from collections import deque
from itertools import product
from typing import Final

from attrs import define, field
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gossip.mesh.pairing import Candidate, Verdict, decide
from gossip.trust.identity import PeerId
from gossip.wire.session import Role
from tests.cases import UnitCase
from tests.machines import prove

IDS: Final = (PeerId("1" * 64), PeerId("2" * 64))
"""Of the two nodes, which are called 0 and 1."""

STEP: Final = 0.125
LATEST: Final = 0.25
"""Seconds after which what was sent has arrived, where anything arrives: a ping and its answer take
less than a probe waits."""
PROBE: Final = 1.0
SILENT: Final = 3.0
HELLO: Final = 10.0
SETTLED: Final = 40.0
"""Seconds after which two nodes that are left alone have their one link: all waits, one after the
other, and a dial."""

CALM: Final = 3.0
"""The same where nothing broke, and without another dial: a probe, and all that was sent before."""

NODES: Final = some.sampled_from((0, 1))


@define(eq=False)
class End:
    """One end of a connection."""

    node: "Node"
    role: Role
    wire: "Wire"
    inbox: deque[tuple[float, str]] = field(factory=deque)
    """What is under way to this end: when it was sent, and what."""
    instance: str | None = None
    """The peer's, from its hello."""
    opened: bool = False
    closing: bool = False
    gone: bool = False
    heard_at: float = 0.0

    @property
    def counts(self) -> bool:
        """Whether this end takes the link for up."""
        return self.opened and not self.closing and not self.gone

    @property
    def candidate(self) -> Candidate:
        """What pairing is told of it."""
        return Candidate(self.role, self.instance)

    def say(self, what: str) -> None:
        """Send something, if anything is still sent here."""
        if not self.gone and not self.wire.silent:
            other = self.wire.ends[self.node.number ^ 1]
            other.inbox.append((self.wire.world.now, what))

    def close(self, farewell: str) -> None:
        """Say the last words."""
        if not self.closing:
            self.closing = True
            for what in (farewell, "end"):
                self.say(what)


@define(eq=False)
class Wire:
    """One connection."""

    world: "PairingMachine"
    ends: list[End] = field(factory=list)
    """That of node 0, and that of node 1."""
    silent: bool = False
    """Whether nothing arrives any more, and nobody is told."""
    since: float = 0.0


class Node:
    """What PROTOCOL §3 and §4 say of a second link, in plain words."""

    def __init__(self, number: int, instance: str) -> None:
        self.number = number
        self.instance = instance
        self.link: End | None = None
        self.dial: End | None = None
        self.waiting: tuple[End, End, float] | None = None
        """The old link, the new one, and until when the old one may prove that it lives."""
        self.linked_with: set[str | None] = set()
        """Instances of the peer that had a link here."""

    def hear(self, end: End, what: str, now: float) -> None:
        """Something came on a connection."""
        if what == "end":
            end.say("end")
            self.lose(end)
        elif end.closing:
            return
        elif what == "tls":
            self._meet(end)
        elif what == "bye":
            end.closing = True
        elif what.startswith("hello "):
            end.instance = what.removeprefix("hello ")
            self._greeted(end, now)
        else:
            end.heard_at = now
            if what == "ping":
                end.say("pong")
            if self.waiting is not None and self.waiting[0] is end:
                self._turn_down()

    def lose(self, end: End) -> None:
        """A connection is gone."""
        if end.gone:
            return
        end.gone = end.closing = True
        if self.dial is end:
            self.dial = None
        if self.waiting is not None and self.waiting[1] is end:
            self.waiting = None
        elif self.waiting is not None and self.waiting[0] is end:
            self._take_up()
        if self.link is end:
            self.link = None

    def due(self, now: float) -> None:
        """See whether the time of a probe is over."""
        if self.waiting is not None and now >= self.waiting[2]:
            if self.waiting[0].heard_at > self.waiting[2] - PROBE:
                self._turn_down()
            else:
                self._take_up()

    def _meet(self, end: End) -> None:
        if end.role is Role.ACCEPTOR:
            return
        if self.link is not None or self.dial is not None:
            end.close("")
            return
        self.dial = end
        end.say(f"hello {self.instance}")

    def _greeted(self, end: End, now: float) -> None:
        old = self.link or self.dial
        if old is None or old is end:
            self._admit(end)
            return
        back = not old.closing and end.instance in self.linked_with
        new = Candidate(end.role, end.instance, back)
        if decide(old.candidate, new, IDS[self.number], IDS[self.number ^ 1]) is Verdict.REPLACE:
            self._replace(old, end)
            return
        if self.waiting is not None:
            self._turn_down()
        self.waiting = old, end, now + PROBE
        if old.counts:
            old.say("ping")

    def _admit(self, end: End) -> None:
        self.dial, self.link = None, end
        self.linked_with.add(end.instance)
        end.opened = True
        if end.role is Role.ACCEPTOR:
            end.say(f"hello {self.instance}")
        if self.waiting is not None:
            self._turn_down()

    def _replace(self, old: End, new: End) -> None:
        self.dial = self.link = None
        old.close("bye")
        self._admit(new)

    def _turn_down(self) -> None:
        assert self.waiting is not None
        new, self.waiting = self.waiting[1], None
        new.close("bye")

    def _take_up(self) -> None:
        assert self.waiting is not None
        (old, new, _), self.waiting = self.waiting, None
        if not new.closing:
            self._replace(old, new)


class PairingMachine(RuleBasedStateMachine):
    """Two nodes, and what lies between them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.processes = 0
        self.dialed = self.disturbed = False
        self.nodes = [Node(0, self._instance()), Node(1, self._instance())]
        self.wires: list[Wire] = []

    # What happens.

    @initialize(calm=some.booleans())
    def begin(self, calm: bool) -> None:
        """In some examples nothing breaks: then one dial of anybody must do."""
        self.calm = calm

    @rule(number=NODES)
    def dial(self, number: int) -> None:
        """One of them opens a connection to the other."""
        wire = Wire(self)
        for node in self.nodes:
            role = Role.DIALER if node.number == number else Role.ACCEPTOR
            wire.ends.append(End(node, role, wire, deque([(self.now, "tls")])))
        self.wires.append(wire)
        self.dialed = True

    @rule(which=some.integers(0, 100), count=some.integers(1, 3))
    def deliver(self, which: int, count: int) -> None:
        """Something arrives, while other things that were sent before do not yet."""
        for _ in range(count):
            ends = [end for end in self._ends() if end.inbox]
            if ends:
                self._deliver(ends[which % len(ends)])

    @rule(steps=some.integers(1, 12))
    def wait(self, steps: int) -> None:
        """Time passes; nothing takes longer than it may."""
        for _ in range(steps):
            self._step()

    @precondition(lambda self: self.wires and not self.calm)
    @rule(which=some.integers(0, 100))
    def go_silent(self, which: int) -> None:
        """A connection carries nothing any more, and nobody is told."""
        self.disturbed = True
        self._silence(self.wires[which % len(self.wires)])

    @precondition(lambda self: self.wires and not self.calm)
    @rule(which=some.integers(0, 100), number=NODES, told=some.booleans())
    def break_one_end(self, which: int, number: int, told: bool) -> None:
        """A node loses a connection; the other one is told, or has to find out."""
        self.disturbed = True
        self._break(self.wires[which % len(self.wires)].ends[number], told=told)

    @precondition(lambda self: not self.calm)
    @rule(number=NODES, told=some.booleans())
    def restart(self, number: int, told: bool) -> None:
        """A node is killed and comes back as another process."""
        self.disturbed = True
        ends = [wire.ends[number] for wire in self.wires]
        self.nodes[number] = node = Node(number, self._instance())
        for end in ends:
            if told:
                end.say("end")
            else:
                self._silence(end.wire)
            end.gone = end.closing = True
            end.inbox.clear()
            # Whatever is said to the process that is gone, the new one does not hear.
            assert node.link is not end

    # What must hold.

    @invariant()
    def one_at_most(self) -> None:
        """No node takes two links for up, and the one that it does is its link."""
        for node in self.nodes:
            up = [end for end in self._ends() if end.node is node and end.counts]
            assert up == [node.link] * len(up)
            assert len(up) <= 1

    def teardown(self) -> None:
        """Left alone, and dialing while they have no link, they come to agree on one."""
        if self.dialed and not self.disturbed:
            for _ in range(round(CALM / STEP)):
                self._step()
            self._agreed()
        until = self.now + SETTLED
        while self.now < until:
            for node in self.nodes:
                idle = node.link is None and node.dial is None and node.waiting is None
                if idle and not any(e.inbox for e in self._ends()):
                    self.dial(node.number)
            self._step()
        before = self._agreed()
        for _ in range(30):
            self._step()
        assert self._agreed() is before

    def _agreed(self) -> Wire:
        ours, theirs = (node.link for node in self.nodes)
        assert ours is not None
        assert theirs is not None
        assert ours.wire is theirs.wire, "they have different links"
        assert ours.counts
        assert theirs.counts
        assert [end for end in self._ends() if end.counts] == [ours, theirs]
        assert not ours.wire.silent
        return ours.wire

    def _instance(self) -> str:
        self.processes += 1
        return f"process {self.processes}"

    def _ends(self) -> list[End]:
        return [end for wire in self.wires for end in wire.ends if not end.gone]

    def _deliver(self, end: End) -> None:
        _, what = end.inbox.popleft()
        end.node.hear(end, what, self.now)

    def _silence(self, wire: Wire) -> None:
        if not wire.silent:
            wire.silent, wire.since = True, self.now
            for end in wire.ends:
                end.inbox.clear()

    def _break(self, end: End, *, told: bool) -> None:
        if end.gone:
            return
        if told:
            end.say("end")
        else:
            self._silence(end.wire)
        end.node.lose(end)

    def _step(self) -> None:
        self.now += STEP
        for end in self._ends():
            while end.inbox and end.inbox[0][0] <= self.now - LATEST and not end.gone:
                self._deliver(end)
        for end in self._ends():
            patience = SILENT if end.opened or end.closing else HELLO
            if end.wire.silent and self.now >= end.wire.since + patience:
                end.node.lose(end)
        for node in self.nodes:
            node.due(self.now)
        self.wires = [wire for wire in self.wires if not all(end.gone for end in wire.ends)]


class PairingMachineTests(UnitCase):
    """The rule, and two nodes that go by it."""

    def test_literally(self) -> None:
        """The rule is PROTOCOL section 4, sentence by sentence."""
        for own, (old_role, new_role) in product((0, 1), product(Role, Role)):
            for before, back in product((None, "now", "before"), (False, True)):
                old, new = Candidate(old_role, before), Candidate(new_role, "now", back)
                verdict = decide(old, new, IDS[own], IDS[own ^ 1])
                dialer = own if new_role is Role.DIALER else own ^ 1
                if before == "before":
                    replaces = not back
                elif old_role is new_role:
                    replaces = True
                else:
                    replaces = dialer == 0
                self.assertIs(Verdict.REPLACE if replaces else Verdict.PROBE, verdict)

    def test_any_order(self) -> None:
        """Whatever is delivered in whatever order, both ends agree on one link."""
        prove(PairingMachine, examples=250, steps=30)
