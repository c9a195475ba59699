"""
A machine of a simulated network, and the node that runs on it.
"""

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import Any

from attrs import define, field
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace
from twisted.internet.interfaces import ITransport

from gossip.mesh.addresses import Address
from gossip.mesh.memories import Memory
from gossip.mesh.mesh import Mesh
from gossip.mesh.own import Subject
from gossip.mesh.parts import World
from gossip.mesh.status import Event
from gossip.settings import Settings
from gossip.testing.chance import stream
from gossip.testing.clock import ProcessClock
from gossip.testing.host import Host
from gossip.trust.identity import Identity, PeerId

PORT = 8080
"""Where nodes listen."""


@lru_cache(maxsize=4096)
def identity(name: str) -> Identity:
    """The key that goes with a name: always the same."""
    secret = sha256(name.encode()).digest()
    return Identity.from_key(Ed25519PrivateKey.from_private_bytes(secret))


@define(eq=False, kw_only=True)
class Machine(Host):
    """One machine with its key and its settings, and its node while one runs."""

    seed: int
    settings: Settings
    key: str
    """The name that its key goes with: who has the same is the same peer."""
    mesh: Mesh | None = None
    """Its node; None while none runs."""
    happened: list[Event] = field(factory=list)
    """What the node told, since it began."""
    tell: Callable[["Machine", Event], None] = lambda machine, event: None
    """Told what its node tells."""
    boots: int = 0
    memories: tuple[Memory, ...] = ()
    """What the node of before had written down when it ended."""
    recalled: frozenset[PeerId] = frozenset()
    """Whom its node had met before it started."""
    _used: int = 0

    @property
    def id(self) -> PeerId:
        """The peer id of its key."""
        return identity(self.key).id

    def boot(self, *, remembering: bool = False, **changes: Any) -> Mesh:
        """Start a node here, with its settings changed so for good, and maybe its memory."""
        self.settings = replace(self.settings, **changes)
        self.boots += 1
        self.happened = []
        process = self.begin(self.id)
        memories = self.memories if remembering else ()
        used = self._used if remembering else 0
        self.recalled = frozenset(one.id for one in memories if one.first_linked is not None)
        mesh = self.mesh = Mesh(
            self.settings, self._subject(used), self._world(process), self._told
        )
        self.listen(PORT, mesh.acceptor)
        mesh.recall(memories)
        mesh.start((Address(self.place.address, PORT),))
        return mesh

    def leave(self) -> None:
        """Stop the node on purpose: nobody is accepted any more, and everyone is told."""
        assert self.mesh is not None
        process = self.process
        self.place.listening.clear()
        self.mesh.leave("it was told to").addCallback(lambda _: self._left(process))

    def vouching(self, host: str) -> Callable[[ITransport], None] | None:
        """Nobody is asked for more than a key here."""
        return None

    def ended(self) -> None:
        """No node runs here any more."""
        super().ended()
        if self.mesh is not None:
            book = self.mesh.book
            self._used = book.own.seq
            remembered = (book.remember(peer) for peer, _ in book)
            self.memories = tuple(memory for memory in remembered if memory is not None)
        self.mesh = None

    def _subject(self, used: int) -> Subject:
        who, settings = identity(self.key), self.settings
        return Subject(
            public=who.public,
            sign=who.sign,
            network=settings.network,
            name=self.name,
            tags=dict(settings.tags),
            advertise=settings.advertise,
            used=used,
        )

    def _world(self, process: ProcessClock) -> World:
        return World(
            clock=process,
            wall=self.wall,
            slept=lambda: process.suspended,
            random=stream(self.seed, "node", self.name, self.boots),
            roads=self,
            identify=_peer,
            explain=lambda error: None,
        )

    def _told(self, event: Event) -> None:
        self.happened.append(event)
        self.tell(self, event)

    def _left(self, process: ProcessClock | None) -> None:
        if process is not None and process is self.process:
            self.kill()


def _peer(transport: Any) -> PeerId:
    peer: PeerId = transport.peer_id
    return peer
