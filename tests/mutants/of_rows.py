"""
Bugs in rows and verdicts: what nodes say of their links, who is asked, and what is made of it.
"""

from typing import Final

from tests.mutants.mutant import Mutant

OF_ROWS: Final = (
    Mutant(
        name="row-of-another-taken",
        story="Whose row it is stands in the row: that the key belongs to somebody else is not looked"
        " at.",
        file="trust/rows.py",
        old="if peer_id(spki) != part.id:",
        new="if not peer_id(spki):",
        profiles=(),
    ),
    Mutant(
        name="row-signature-not-checked",
        story="A row came over a link whose other end has proved its key: that will do, one thinks,"
        " and rows are passed on by others.",
        file="trust/rows.py",
        old="if not signing.holds(public, signature, PREFIX + part.sealed.body.encode()):",
        new="if not signature:",
        profiles=(),
    ),
    Mutant(
        name="row-in-another-show",
        story="A row is taken however much it shows: what was asked for will have come.",
        file="trust/rows.py",
        old="if body.show != show:",
        new="if not body.show:",
        profiles=(),
    ),
    Mutant(
        name="old-row-wins",
        story="A row that was passed on may be of any time: whoever passes it on has it from the"
        " author.",
        file="sight/asks.py",
        old="part.seq < max(entry.held.seq, self._seen.get(author, 0)):",
        new="part.seq < 0:",
        profiles=(),
    ),
    Mutant(
        name="rows-of-two-times-joined",
        story="Parts are joined by their numbers alone: they come one after the other.",
        file="sight/asks.py",
        old="if self.parts and part.seq != self.parts[0].seq:",
        new="if self.parts and part.seq < 0:",
        profiles=(),
    ),
    Mutant(
        name="half-a-row-told",
        story="What has come of a row when the time is up is told as the whole.",
        file="sight/asks.py",
        old="self.asks.told(self) if self._complete else None",
        new="self.asks.told(self) if self.parts else None",
        profiles=(),
    ),
    Mutant(
        name="verdict-without-asking",
        story="A lost peer is called dead at once: others would only say the same.",
        file="sight/inquest.py",
        old="room = max(0, MOST - self._under_way)",
        new="room = 0",
        profiles=("churn", "partitions"),
    ),
    Mutant(
        name="witnesses-do-not-probe",
        story="A witness says what it thinks: it has a link, so it hears.",
        file="sight/rows.py",
        old="if question.probe is not True or about is None:",
        new="if question.probe is True or about is None:",
        profiles=("churn", "partitions"),
    ),
    Mutant(
        name="witnesses-use-up-the-time",
        story="A witness waits for its probe as long as the verdict takes, and nothing is left for the"
        " line.",
        file="sight/rows.py",
        old="PROBE_WAIT: Final = 0.5",
        new="PROBE_WAIT: Final = 0.95",
        profiles=("partitions", "weather"),
    ),
    Mutant(
        name="two-losses-are-our-fault",
        story="Where two are lost at once, it is this node: it does not count who is linked still.",
        file="sight/verdicts.py",
        old="if together(evidence) and evidence.lost > evidence.linked:",
        new="if together(evidence):",
        profiles=(),
    ),
    Mutant(
        name="heard-by-others-is-dead",
        story="Who is lost is dead, whoever else hears it: one verdict is simpler than two.",
        file="sight/verdicts.py",
        old="    elif heard:\n        verdict, one_way =",
        new="    elif heard and evidence.spared:\n        verdict, one_way =",
        profiles=("partitions",),
    ),
    Mutant(
        name="one-way-reversed",
        story="Which end was silent says which way is broken, and it is easily said the wrong way"
        " round.",
        file="sight/verdicts.py",
        old='return "from_peer" if back.ours == "s" else "to_peer"',
        new='return "to_peer" if back.ours == "s" else "from_peer"',
        profiles=(),
    ),
    Mutant(
        name="verdict-never-looked-at-again",
        story="A verdict is found once: who is dead stays dead until it is back.",
        file="sight/inquest.py",
        old="if due and self.linked and self._under_way < MOST:",
        new="if due and not self.linked:",
        profiles=(),
    ),
)
