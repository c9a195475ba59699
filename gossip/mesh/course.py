"""
The course of one dial: the addresses of a target in turn, until one leads to a link (PROTOCOL §8).

Whom to dial, and when, is the dialer's business; where a target may be dialed is for routes to say.
"""

import errno
import os
from collections.abc import Callable, Sequence
from typing import NoReturn
from typing import Protocol as Interface

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as GaveUp
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import IStreamClientEndpoint, ITransport

from gossip.mesh.addresses import Address
from gossip.mesh.admission import DUPLICATE
from gossip.mesh.attempt import Attempt, Ending
from gossip.mesh.factories import Dialed
from gossip.mesh.link import Surroundings
from gossip.mesh.routes import NOWHERE, Routes
from gossip.mesh.target import Target

ADMITTED = "admitted"
"""The code of a dial that led to a link."""

HEARSAY_WAIT = 15.0
"""Seconds after which no further address of a peer never met is tried in one dial."""

RESOLVE_WAIT = 15.0
"""Seconds for a name to become addresses. Resolvers give up by themselves, but not all of them."""

SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Errors of a dial by which this machine or process has no more to give: they prove nothing."""


class Roads(Interface):
    """How addresses are reached."""

    async def resolve(self, host: str) -> Sequence[str]:
        """The literal addresses of a host; a literal is its own. Empty where there is none."""

    def endpoint(self, address: Address) -> IStreamClientEndpoint:
        """What connects to a literal address, with TLS."""

    def vouching(self, host: str) -> Callable[[ITransport], None] | None:
        """A further check of a seed that was dialed by this host name, if one is asked for."""


class Course:
    """See the module. One for all dials: it keeps nothing of any of them."""

    def __init__(
        self,
        around: Surroundings,
        roads: Roads,
        routes: Routes,
        unmet: Callable[[Target], bool],
    ) -> None:
        """`unmet` tells of whom there is only hearsay."""
        self._around = around
        self._roads = roads
        self._routes = routes
        self._unmet = unmet

    async def run(self, target: Target) -> Ending:
        """
        Dial a target; how that ended, with `ADMITTED` where there is a link now.

        What is learned of its addresses is noted in the target.
        """
        ending = Ending(NOWHERE, "it has no address that may be dialed")
        now = self._around.clock.seconds
        begun = now()
        for address in self._routes.candidates(target):
            if self._unmet(target) and now() > begun + HEARSAY_WAIT:
                break
            if self._unmet(target) and not self._routes.may_look_up(address, now()):
                continue
            hosts = await self._resolved(address.host)
            if not hosts:
                ending = Ending("unreachable", f"no address is known for {address.host}")
            for host in hosts:
                literal = Address(host, address.port)
                objection = self._routes.objection(target, literal, now())
                if objection is not None:
                    # What was found at another address says more than what was not dialed.
                    ending = objection if ending.code == NOWHERE else ending
                    continue
                outcome = await self._one_address(target, literal, address.host)
                if outcome.code in (ADMITTED, DUPLICATE):
                    target.last_good = address
                    return outcome
                if outcome.code == "identity":
                    target.mismatched |= {address}
                ending = outcome
        return ending

    async def _resolved(self, host: str) -> Sequence[str]:
        resolving = Deferred.fromCoroutine(self._roads.resolve(host))
        if not resolving.called:
            resolving.addTimeout(RESOLVE_WAIT, self._around.clock)
        try:
            return await resolving
        except GaveUp:
            return ()

    async def _one_address(self, target: Target, address: Address, host: str) -> Ending:
        settled: Deferred[Ending | None] = Deferred()
        seed = target.seed
        attempt = Attempt(
            address,
            target.peer if seed is None else seed.peer,
            settled.callback,
            None if seed is None else self._roads.vouching(host),
        )
        fault = await self._connected(attempt)
        if fault is not None:
            return fault
        outcome = await settled
        if seed is not None and seed.peer is None and attempt.found is not None:
            target.peer = attempt.found
        return outcome or Ending(ADMITTED, "")

    async def _connected(self, attempt: Attempt) -> Ending | None:
        """Make its connection; why there is none, where there is none."""
        clock, wait = self._around.clock, self._around.limits.connect_wait
        begun = clock.seconds()
        try:
            connecting = self._roads.endpoint(attempt.address).connect(
                Dialed(self._around, attempt)
            )
            connecting.addTimeout(wait, clock, onTimeoutCancel=_gave_up)
            await connecting
        except GaveUp:
            if self._around.agenda.stalled_at >= begun:
                return Ending(NOWHERE, "this node itself did not run while it waited")
            return Ending("unreachable", f"no answer within {wait:g} s")
        except (ConnectError, DNSLookupError, OSError) as error:
            if _number(error) in SHORTAGES:
                return Ending(NOWHERE, f"this machine has no more to give: {_words(error)}")
            return Ending("unreachable", _words(error))
        return None


def _gave_up(_: object, seconds: float) -> NoReturn:
    # Endpoints have an error of their own for what was cancelled, which `addTimeout` does not know.
    raise GaveUp(seconds, "no connection")


def _number(error: BaseException) -> object:
    return getattr(error, "osError", None) or getattr(error, "errno", None)


def _words(error: BaseException) -> str:
    number = _number(error)
    words = os.strerror(number) if isinstance(number, int) else str(error) or type(error).__name__
    return words.rstrip(".").lower()
