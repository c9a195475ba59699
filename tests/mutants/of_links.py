"""
Bugs in links: how they come up, which of two stays, and how they end.
"""

from typing import Final

from tests.mutants.mutant import Mutant

OF_LINKS: Final = (
    Mutant(
        name="tie-break-reversed",
        story="The link that the larger id dialed stays: `min` and `max` are easily mistaken, and"
        " two nodes of this program still agree.",
        file="mesh/pairing.py",
        old="new_dialer == min(own, peer)",
        new="new_dialer == max(own, peer)",
        profiles=(),
    ),
    Mutant(
        name="each-keeps-its-own-dial",
        story="Each end keeps the link that it dialed itself: it looks symmetrical, and is what one"
        " end alone would want.",
        file="mesh/pairing.py",
        old="new_dialer == min(own, peer)",
        new="new_dialer == own",
        profiles=("cold-start", "churn"),
    ),
    Mutant(
        name="old-link-not-closed",
        story="The link that is replaced is forgotten without a `bye`: the other end will close it,"
        " one thinks.",
        file="mesh/admission.py",
        old='        old.close(Bye(DUPLICATE, "another link to you replaces this one"))\n',
        new="",
        profiles=("churn", "partitions"),
    ),
    Mutant(
        name="second-dial-not-noticed",
        story="Only links count where a dial says hello, not the dials under way: two to one peer"
        " both go on.",
        file="mesh/admission.py",
        old="if peer in self._links or peer in self._dials:",
        new="if peer in self._links:",
        profiles=("cold-start", "churn"),
        tests=("tests.mesh.test_mesh",),
    ),
    Mutant(
        name="waiter-never-taken-up",
        story="A link that waited for the probe of the old one is closed whatever the probe showed:"
        " a half-open link blocks its peer until silence ends it.",
        file="mesh/admission.py",
        old="        self._take_up(waiting)\n\n    def _refusal",
        new="        self._turn_down(waiting)\n\n    def _refusal",
        profiles=("churn", "weather"),
    ),
    Mutant(
        name="any-identity-will-do",
        story="Whoever answers a dial is taken, not only who was looked for: it is a peer too.",
        file="trust/policy.py",
        old="if expected is not None and peer != expected:",
        new="if expected is not None and not peer:",
        profiles=("addresses", "churn"),
    ),
    Mutant(
        name="record-of-another-in-hello",
        story="The record in a hello is believed without a look at the key that TLS has proved: its"
        " signature holds, after all.",
        file="mesh/admission.py",
        old="if record.id != link.peer:",
        new="if not record.id:",
        profiles=("hostile",),
    ),
    Mutant(
        name="other-networks-admitted",
        story="The network of a hello is not compared: in the lab there is only one.",
        file="mesh/admission.py",
        old="if hello.network != own.network:",
        new="if not hello.network:",
        profiles=("hostile",),
    ),
    Mutant(
        name="sent-frames-feed-liveness",
        story="What is sent postpones the verdict of silence: one time of `last activity` for both"
        " directions is simpler.",
        file="wire/session.py",
        old="        self._sent_at = now\n        if isinstance(message, _TELLING):",
        new="        self._sent_at = self._heard_at = now\n        if isinstance(message, _TELLING):",
        profiles=("partitions", "churn"),
    ),
    Mutant(
        name="dead-link-kept",
        story="Silence is noticed and nothing is done: TCP will report it, one thinks.",
        file="wire/session.py",
        old="                return [Dead(now - self.heard_at)]\n",
        new="                return []\n",
        profiles=("partitions", "churn"),
    ),
    Mutant(
        name="own-heartbeat-for-theirs",
        story="The silence of a peer is measured by our own heartbeat: in the lab all have the same.",
        file="wire/session.py",
        old="return self._terms.beats_missed * self.promise",
        new="return self._terms.beats_missed * self._terms.heartbeat",
        profiles=("mixed", "cold-start"),
    ),
    Mutant(
        name="one-missed-beat-is-death",
        story="One heartbeat without a frame is a verdict: it is noticed so much sooner.",
        file="wire/terms.py",
        old="beats_missed: int = 3",
        new="beats_missed: int = 1",
        profiles=("cold-start", "mixed"),
        tests=("tests.wire.test_session",),
    ),
    Mutant(
        name="hello-wait-missing",
        story="Nobody wakes up a link that waits for a hello: data will come, or the end.",
        file="wire/session.py",
        old="            due = self.over(self._greeting_at, self._terms.hello_wait)\n",
        new='            due = float("inf")\n',
        profiles=("hostile",),
    ),
    Mutant(
        name="handshake-wait-missing",
        story="A connection may take as long as it likes over TLS: the dial has a timeout already,"
        " one thinks.",
        file="mesh/link.py",
        old="            self._agenda.set(self, self._now() + self._around.limits.handshake_wait)\n\n"
        "    def handshakeCompleted",
        new="            pass\n\n    def handshakeCompleted",
        profiles=("weather",),
    ),
    Mutant(
        name="closing-wait-missing",
        story="A link that says farewell waits for the answer of the other end without end.",
        file="mesh/link.py",
        old="        self._agenda.set(self, self._now() + self._around.limits.closing_wait)\n",
        new="        self._agenda.drop(self)\n",
        profiles=("hostile", "partitions"),
    ),
    Mutant(
        name="frame-wait-missing",
        story="A frame that has begun may take as long as it likes: silence will end it.",
        file="wire/terms.py",
        old="frame_wait: float = 20.0",
        new="frame_wait: float = 86400.0",
        profiles=("hostile",),
        tests=("tests.wire.test_session",),
    ),
    Mutant(
        name="rate-not-limited",
        story="Every frame is taken as it comes: TCP has its own flow control.",
        file="wire/session.py",
        old="if self._allowance.left(now) < 1:",
        new='if self._allowance.left(now) < float("-inf"):',
        profiles=("hostile",),
    ),
    Mutant(
        name="unread-bytes-not-limited",
        story="What a peer does not read is kept for it, however much it is and however long.",
        file="mesh/link.py",
        old="return NEVER if blocked_at is None else session.over(blocked_at, self._unread_wait(session))",
        new="return NEVER",
        profiles=("hostile",),
        tests=("tests.mesh.test_link",),
    ),
    Mutant(
        name="stall-not-forgiven",
        story="The time in which this process did not run is held against its peers: clocks go on,"
        " after all.",
        file="mesh/agenda.py",
        old="        if late:\n",
        new="        if late < 0:\n",
        profiles=("pauses",),
    ),
    Mutant(
        name="place-not-given-back",
        story="A pending connection that is lost keeps its place at the gate: only admission gives"
        " it back.",
        file="mesh/link.py",
        old="        self._outcome.left_gate()\n        session = self.session\n",
        new="        session = self.session\n",
        profiles=("hostile", "churn"),
        tests=("tests.mesh.test_mesh",),
    ),
    Mutant(
        name="pings-not-answered",
        story="A ping is shown, and not answered: any frame shows that a link lives.",
        file="mesh/talk.py",
        old="        link.tell(Pong(ping.seq))\n",
        new="",
        profiles=("cold-start",),
    ),
    Mutant(
        name="farewell-not-said",
        story="A node that stops cuts its links instead of saying so: it is faster.",
        file="mesh/mesh.py",
        old='            link.close(Bye("leaving", reason, record))\n',
        new='            link.abort(Ending("leaving", f"{reason} {record.signature}"))\n',
        profiles=("churn",),
    ),
)
