"""
Bugs in dialing, and in what becomes of peers.
"""

from typing import Final

from tests.mutants.mutant import Mutant

_FAILED = "        target.tries += 1\n        self._after(target, self._backoff.wait(target))\n"

OF_DIALS: Final = (
    Mutant(
        name="backoff-never-reset",
        story="A dial that leads to a link leaves the backoff where it was: the next loss begins"
        " with the longest wait.",
        file="mesh/dialer.py",
        old="    target.failures = target.tries = 0\n",
        new="    target.tries = 0\n",
        profiles=("long-split",),
    ),
    Mutant(
        name="backoff-not-capped",
        story="The backoff grows for ever: that is what exponential means.",
        file="mesh/backoff.py",
        old="most = min(self.limits.backoff_most, self.limits.backoff_first * 1.5**steps)",
        new="most = self.limits.backoff_first * 1.5**steps",
        profiles=("long-split",),
    ),
    Mutant(
        name="backoff-cap-tenfold",
        story="The longest wait is ten minutes: a digit too many.",
        file="settings.py",
        old="backoff_most: float = 60.0",
        new="backoff_most: float = 600.0",
        profiles=("long-split",),
        tests=("tests.mesh.test_dialer",),
    ),
    Mutant(
        name="no-backoff",
        story="Every dial that failed is tried again after the first delay: it heals sooner.",
        file="mesh/backoff.py",
        old="        steps = min(failures, 20)\n",
        new="        steps = 0\n",
        profiles=("churn", "long-split"),
    ),
    Mutant(
        name="no-jitter",
        story="The wait is the whole backoff: chance in it looks needless, and those who lost one"
        " peer come back to it together.",
        file="mesh/backoff.py",
        old="        return self.random.uniform(0, most)\n",
        new="        return most\n",
        profiles=("churn", "long-split"),
    ),
    Mutant(
        name="seeds-not-retried",
        story="A seed is dialed once: who does not answer at the start is gone, one thinks.",
        file="mesh/dialer.py",
        old=_FAILED,
        new="        target.tries += 1\n        if target.seed is None:\n"
        "            self._after(target, self._backoff.wait(target))\n",
        profiles=("churn", "mixed"),
    ),
    Mutant(
        name="given-up-after-ten",
        story="Who did not answer ten times is not dialed any more: so long a split is not thought"
        " of.",
        file="mesh/dialer.py",
        old=_FAILED,
        new="        target.tries += 1\n        if target.failures < 10:\n"
        "            self._after(target, self._backoff.wait(target))\n",
        profiles=("long-split",),
    ),
    Mutant(
        name="lost-not-redialed",
        story="A link that is lost is left to the other end: it dials too.",
        file="mesh/dialer.py",
        old="                self._after(target, 0 if now else self._backoff.after(target.brief))\n",
        new="                target.state = Dialing.LINKED\n",
        profiles=("partitions", "churn"),
    ),
    Mutant(
        name="redialed-after-farewell",
        story="Who said that it leaves is dialed again at once: every link that ends is to be made"
        " again.",
        file="mesh/dialer.py",
        old="                self._drop(target)\n                target.state = Dialing.LEFT\n",
        new="                self._after(target, 0)\n",
        profiles=("churn",),
    ),
    Mutant(
        name="dialed-while-dialing",
        story="Whoever is spoken of is dialed anew, without a look whether a dial is under way.",
        file="mesh/dialer.py",
        old="        elif target.state is Dialing.LEFT:\n            # Whoever",
        new="        elif target.state is not Dialing.LINKED:\n            # Whoever",
        profiles=("cold-start", "churn"),
    ),
    Mutant(
        name="links-that-break-young-redialed-at-once",
        story="The wait after links that broke young is forgotten: whoever admits and hangs up is"
        " dialed as fast as the machine can.",
        file="mesh/dialer.py",
        old="                target.brief += 1\n",
        new="                target.brief += 0\n",
        profiles=("hostile",),
    ),
    Mutant(
        name="hearsay-not-spared",
        story="An address is dialed for every peer that is said to be there: each is another peer.",
        file="mesh/routes.py",
        old="        if not proved and not self._sparing.take(plain, now):\n",
        new="        if not proved and not address.port:\n",
        profiles=("hostile",),
    ),
    Mutant(
        name="met-itself-once-for-all",
        story="Where the node met itself nobody else will ever be: nodes do not move.",
        file="mesh/routes.py",
        old='if now - self.own.get(plain, float("-inf")) < self._self_wait:',
        new="if plain in self.own:",
        profiles=(),
    ),
    Mutant(
        name="link-local-dialed",
        story="Link-local addresses of others are dialed, and so is the metadata service of a cloud:"
        " they look like any other.",
        file="mesh/addresses.py",
        old='    if ip.is_link_local:\n        return "link-local"\n',
        new="",
        profiles=("hostile",),
    ),
    Mutant(
        name="lost-is-dead",
        story="A link that closes is a verdict: the peer is called dead before it was dialed again.",
        file="mesh/roster.py",
        old='        elif ending.code == "silent" or (not ending.theirs and ending.code in CUT_OFF):\n',
        new="        elif ending.code:\n",
        profiles=("partitions", "weather"),
    ),
    Mutant(
        name="duplicate-is-farewell",
        story="Every `bye` of a peer is taken for its farewell: so it is named.",
        file="mesh/roster.py",
        old="        farewell = ending.theirs and ending.code not in STAYING\n",
        new="        farewell = ending.theirs\n",
        profiles=("churn", "partitions", "addresses"),
    ),
    Mutant(
        name="always-the-first-time",
        story="`first` is told of every return: it was tried with a node that came once.",
        file="mesh/roster.py",
        old="before, first = entry.state, not entry.met",
        new="before, first = entry.state, True",
        profiles=("churn",),
    ),
    Mutant(
        name="seed-rests-on-who-moved",
        story="A seed that led to a peer leads to it for ever, wherever that one is now.",
        file="mesh/dialer.py",
        old="if target.seed is None or self._may_be_at(peer, target.seed.address):",
        new="if True:",
        profiles=(),
    ),
    Mutant(
        name="late-farewell-holds",
        story="Whose farewell is heard late has left, though others have said since that it is back.",
        file="mesh/roster.py",
        old="        back = farewell and self._is_back(peer, ending)\n",
        new="        back = False\n",
        profiles=(),
    ),
    Mutant(
        name="return-not-told",
        story="A peer that died and came back is not told of: it was alive before.",
        file="mesh/roster.py",
        old="        if changed:\n            self._tell(\n",
        new="        if changed and first:\n            self._tell(\n",
        profiles=("churn",),
    ),
)
