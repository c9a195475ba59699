"""
Peers with a real key that say whatever comes into their minds, valid or not.

What they lie about is theirs to choose: they may forge, replay, invent, flood, break off, hold back, or
say nothing. What they cannot do is sign for another.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Any, Final, TypeAlias

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHandshakeListener, IPushProducer, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from gossip.mesh.addresses import Address
from gossip.testing.chance import stream
from gossip.testing.host import EPOCH, Host
from gossip.testing.machine import PORT, identity
from gossip.testing.network import Network, Place
from gossip.trust import records
from gossip.wire import frames
from gossip.wire.errors import RemoteProtocolError
from gossip.wire.frames import FrameReader
from gossip.wire.messages import (
    Bye,
    GetPeers,
    Heartbeat,
    Hello,
    Message,
    Peers,
    Ping,
    Pong,
    Sealed,
    parse,
    serialize,
)

VICTIM: Final = "10.66.0.1"
"""Where nobody lives, and where liars want everybody to dial."""

INVENTED: Final = 20
"""Keys that one liar makes up: enough to show what they cost, and each costs a signature."""

FLOOD: Final = 4000
"""Frames said at once by one who floods: more than the burst that may be taken (PROTOCOL §8)."""

FLOODS: Final = 2
"""Floods of one liar. Each costs as much as an honest network does in a minute, and more show no more."""

KEPT: Final = 200
"""Records of others that a liar keeps to lie with."""

_SEQ: Final = re.compile(r'"seq":([0-9]+)')


class Liar(Host):
    """One of them: it dials, is dialed, and lies."""

    def __init__(self, network: Network, place: Place, seed: int) -> None:
        super().__init__(network=network, place=place)
        self.random = stream(seed, "liar", place.name)
        self.heard: list[Sealed] = []
        """Records that it was told of."""
        self.temper = stream(seed, "temper", place.name).choice(
            ("", "", "", "silent", "jilts", "deaf")
        )
        """What it does before everything else: says never a word, hangs up as soon as it has a link,
        or reads nothing and makes the other end write."""
        self.habits = self.random.sample(HABITS, self.random.randint(1, len(HABITS)))
        self.floods = FLOODS
        """How often it may still flood."""

    def boot(self) -> None:
        """Begin to lie."""
        if self.process is None:
            self.begin(identity(self.name).id)
            self.listen(PORT, _Mouth(self))
            self._dial()

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something later."""
        if self.process is not None:
            self.process.callLater(seconds, do)

    def hello(self) -> Hello:
        """What it says first, which may be true."""
        honest = bool(self.temper)
        network = "default" if honest or self.random.random() < 0.95 else "another"
        return Hello(
            network=network,
            instance=f"{self.random.getrandbits(64):016x}",
            record=self.own() if honest or self.random.random() < 0.9 else self.invented(),
            observed=self.random.choice(("10.0.0.1", VICTIM, "127.0.0.1", "::1", "224.0.0.1")),
            agent="liar/1",
            period=self.random.choice((0.05, 5.0, 86400.0)),
            heartbeat=1.0 if honest else self.random.choice((0.05, 1.0, 60.0)),
            time=self.random.choice((0.0, EPOCH, 1e300)),
            view=f"{self.random.getrandbits(64):016x}",
            features=["lies"],
        )

    def own(self) -> Sealed:
        """What it says of itself, with whatever addresses."""
        places = [str(Address(self.place.address, PORT)), f"{VICTIM}:8080", "127.0.0.1:22", "x:1"]
        return self._record(self.name, places, self.random.choice((-60.0, 0.0, 3600.0)))

    def invented(self) -> Sealed:
        """A record of somebody who is not."""
        name = f"{self.name}-{self.random.randrange(INVENTED)}"
        places = [f"{VICTIM}:{self.random.choice((22, 8080))}", "169.254.169.254:80"]
        if self.random.random() < 0.2:
            # Soon over, so that all have forgotten it when books are compared.
            return self._record(name, places, -45.0, ttl=60.0)
        ahead = self.random.choice((-400_000.0, -10.0, 0.0, 90_000.0))
        return self._record(name, places, ahead)

    def stolen(self) -> Sealed:
        """A record of somebody else, true or altered."""
        if not self.heard:
            return self.invented()
        sealed = self.random.choice(self.heard)
        change = self.random.randrange(3)
        if change == 0:
            return sealed
        if change == 1:
            return replace(sealed, body=_SEQ.sub(_later, sealed.body.replace('"alive"', '"left"')))
        return replace(sealed, signature=b64encode(self.random.randbytes(64)).decode())

    def keep(self, sealed: Sealed) -> None:
        """Remember a record, to lie with it."""
        self.heard.append(sealed)
        del self.heard[:-KEPT]

    def _record(
        self, name: str, places: list[str], ahead: float, ttl: float = records.DEFAULT_TTL
    ) -> Sealed:
        who = identity(name)
        now = EPOCH + self.clock.seconds()
        return records.make(
            public=who.public,
            sign=who.sign,
            seq=int((now + ahead) * 1000),
            network="default",
            name=self.random.choice(("", "n0", "\x1b[2J\u202e")),
            addresses=tuple(places),
            tags={},
            state="alive" if self.temper else self.random.choice(("alive", "alive", "left")),
            ttl=ttl,
        ).sealed

    def _dial(self) -> None:
        others = [p for p in self.network.places.values() if p.address and p is not self.place]
        if others:
            address = Address(self.random.choice(others).address, PORT)
            dialing = self.endpoint(address).connect(_Mouth(self, first=True))
            dialing.addErrback(lambda _: None)
            self.later(5, lambda: _give_up(dialing))
        self.later(self.random.uniform(1, 10), self._dial)


def _later(seq: "re.Match[str]") -> str:
    return f'"seq":{int(seq[1]) + 1000}'


def _give_up(dialing: "Deferred[Any]") -> None:
    dialing.cancel()


class _Mouth(Factory):
    noisy = False

    def __init__(self, liar: Liar, *, first: bool = False) -> None:
        self._liar = liar
        self._first = first

    def buildProtocol(self, addr: Any) -> "_Tongue":
        """One more connection."""
        return _Tongue(self._liar, self._first)


@implementer(IHandshakeListener)
class _Tongue(Protocol):
    """One connection of a liar."""

    def __init__(self, liar: Liar, first: bool) -> None:
        self.liar = liar
        self.random: Random = liar.random
        self.gone = False
        self._first = first
        self.greeted = False
        """Whether it has said hello."""
        self.drowned = False
        self.trickling = False
        self._deaf = False
        self._reader = FrameReader(frames.LONGEST)

    def handshakeCompleted(self) -> None:
        """TLS is up."""
        if self.liar.temper == "silent":
            return
        if self._first or self.random.random() < 0.1:
            self._greet()
        self._go_on()

    def dataReceived(self, data: bytes) -> None:
        """Remember what is of use, until it makes no sense: another liar may be there."""
        try:
            self._reader.feed(data)
            while not self._deaf and (body := self._reader.maybe_frame()) is not None:
                self._heard(parse(body))
        except RemoteProtocolError:
            self._deaf = True

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.gone = True

    def say(self, message: Message) -> None:
        """Say something, allowed or not."""
        if not self.trickling:
            self.write(serialize(message))

    def write(self, data: bytes) -> None:
        """Send any bytes."""
        if not self.gone and self.transport is not None:
            self.transport.write(data)

    def _heard(self, message: object) -> None:
        if self.liar.temper == "silent":
            return
        if isinstance(message, Hello):
            self.liar.keep(message.record)
            if not self.greeted:
                self._greet()
        elif isinstance(message, Peers):
            for sealed in message.records:
                self.liar.keep(sealed)
        elif isinstance(message, Ping) and self.random.random() < 0.8:
            self.say(Pong(message.seq))

    def _greet(self) -> None:
        self.greeted = True
        self.say(self.liar.hello())
        if self.liar.temper == "jilts":
            self.liar.later(0.3, lambda: hang_up(self))

    def _go_on(self) -> None:
        if self.gone:
            return
        if self.trickling:
            self.write(b" ")
            self.liar.later(1.0, self._go_on)
        elif self.liar.temper:
            if self.liar.temper == "deaf" and self.greeted and not self.drowned:
                stop_reading(self)
                drown(self)
            beat(self)
            self.liar.later(0.3, self._go_on)
        else:
            self.random.choice(self.liar.habits)(self)
            self.liar.later(self.random.choice((0.01, 0.2, 1.0, 5.0)), self._go_on)


Habit: TypeAlias = Callable[[_Tongue], None]


def forge(tongue: _Tongue) -> None:
    """Pass on records: stolen, invented, its own."""
    many = tongue.random.choice((1, 3, 10))
    make = tongue.random.choice((tongue.liar.stolen, tongue.liar.invented, tongue.liar.own))
    tongue.say(Peers([make() for _ in range(many)], more=tongue.random.random() < 0.3))


def ask(tongue: _Tongue) -> None:
    """Ask for all that is known, once or without end."""
    for _ in range(tongue.random.choice((1, 30))):
        tongue.say(GetPeers())


def flood(tongue: _Tongue) -> None:
    """Ping as fast as it can, with text for terminals; answer pings that nobody sent."""
    for number in range(tongue.random.choice((1, 50))):
        tongue.say(Ping(number + 1, "\x1b]0;pwned\x07" * 3))
    tongue.say(Pong(tongue.random.randrange(1, 1 << 53)))


def drown(tongue: _Tongue) -> None:
    """Say more at once than may be taken; one time, since whoever takes it has no limit."""
    if tongue.greeted and not tongue.drowned and tongue.liar.floods:
        tongue.liar.floods -= 1
        tongue.drowned = True
        tongue.write(_flood())


@lru_cache(maxsize=1)
def _flood() -> bytes:
    return b"".join(serialize(Ping(number + 1, "")) for number in range(FLOOD))


def trickle(tongue: _Tongue) -> None:
    """Promise little, and let one frame take for ever."""
    if tongue.greeted and tongue.random.random() < 0.3:
        tongue.say(Heartbeat("0" * 16, 60.0))
        tongue.trickling = True
        tongue.write(frames.HEADER.pack(frames.LONGEST))


def mislead(tongue: _Tongue) -> None:
    """Tell a view that nobody has, and promise anything."""
    view = f"{tongue.random.getrandbits(64):016x}"
    tongue.say(Heartbeat(view, tongue.random.choice((0.05, 1.0, 60.0))))


def babble(tongue: _Tongue) -> None:
    """Say what is no message."""
    body = tongue.random.choice(
        (b"{}", b"[]", b'{"type":"gossip"}', b'{"type":"ping","seq":true,"text":""}', b"\xff\xfe")
    )
    tongue.write(len(body).to_bytes(4, "big") + body)


def break_frame(tongue: _Tongue) -> None:
    """Begin a frame that is too long, too short, or never complete."""
    tongue.write(tongue.random.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\x10\0{", b"\0")))


def part(tongue: _Tongue) -> None:
    """Say farewell, for itself and for others."""
    code = tongue.random.choice(("leaving", "duplicate", "overload", "network", "what"))
    tongue.say(Bye(code, "\n2026-01-01 peer_left", tongue.liar.stolen()))


def hang_up(tongue: _Tongue) -> None:
    """Close the connection, or cut it."""
    transport = ITCPTransport(tongue.transport)
    if tongue.random.random() < 0.5:
        transport.loseConnection()
    else:
        transport.abortConnection()


def stop_reading(tongue: _Tongue) -> None:
    """Read nothing any more."""
    IPushProducer(tongue.transport).pauseProducing()


def say_nothing(tongue: _Tongue) -> None:
    """Silence is a lie too."""


def beat(tongue: _Tongue) -> None:
    """Keep the link alive."""
    if tongue.greeted:
        tongue.say(Heartbeat("0" * 16))


HABITS: Final[list[Habit]] = [
    *(forge, forge, ask, flood, mislead, beat, say_nothing, beat),
    *(drown, trickle),
    *(babble, break_frame, part, hang_up, stop_reading),
]
