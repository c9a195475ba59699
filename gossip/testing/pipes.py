"""
One direction of a simulated connection: bytes, and the signs between them, in their order.

Bytes are delayed, split and joined at random. What is sent into a cut waits and goes out again, as TCP
lets it; a RST is sent once, and a cut swallows it.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Protocol as Interface
from typing import TypeAlias

from gossip.testing.clock import ProcessClock
from gossip.testing.paths import Path

WINDOW = 262144
"""Bytes that leave before any of them is acknowledged: what the two systems hold for a connection."""

READ = 65536
"""Bytes that Twisted reads at once, and delivers even where the first of them made it pause."""

RECORD = 16384
"""Bytes that come at once, at most: a record of TLS (RFC 8446 §5.1)."""

SPLIT = 0.05
"""How often what arrives at once comes in two pieces."""

LATE = 0.01
"""Seconds by which the second piece is later, at most."""

Observe: TypeAlias = Callable[[bytes], None]
"""Sees what is delivered."""


class Sign(Enum):
    """What travels between bytes, in order with them."""

    CLIENT_HELLO = 1
    SERVER_FINISHED = 2
    CLIENT_FINISHED = 3
    FIN = 4
    """The `close_notify` of TLS: everything was said."""
    RESET = 5


class Tail(Interface):
    """The end of a connection, as its pipes see it."""

    process: ProcessClock
    reading: bool
    gone: bool
    out: "Pipe"

    @property
    def deaf(self) -> bool:
        """Whether it takes nothing of what arrives, ever again."""

    def received(self, data: bytes) -> None:
        """Bytes are here."""

    def signed(self, sign: Sign) -> None:
        """A sign is here."""

    def drained(self) -> None:
        """The other end has read."""


class Pipe:
    """See the module."""

    def __init__(self, path: Path, back: Path, observe: Observe) -> None:
        self.size = 0
        """Bytes that are on the way, or arrived and not read, or read and not acknowledged."""
        self.to: Tail
        self.source: Tail
        self.lost = False
        """Whether nothing of this connection arrives any more, since one end has moved."""
        self._path = path
        self._back = back
        self._observe = observe
        self._queue: deque[tuple[float, bytes | Sign]] = deque()
        self._last = 0.0
        self._turn = -1.0
        self._of_this_turn = 0
        self._unacknowledged = 0
        self._call = path.clock.call(self._arrive)
        self._moving = False
        self._stalled = False
        self._resetting = False
        """Whether a RST is on the way: nothing before it is ever sent again."""

    @property
    def broken(self) -> bool:
        """Whether a RST has arrived; it is read behind what came before it."""
        if not (self._resetting and self._queue):
            return False
        return self._queue[-1][0] <= self._path.clock.now

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._path.carried += 1
        if len(data) <= RECORD:
            self.size += len(data)
            self._put(data, len(data))
        else:
            for begin in range(0, len(data), RECORD):
                record = data[begin : begin + RECORD]
                self.size += len(record)
                self._put(record, len(record))
        self.move()

    def sign(self, sign: Sign) -> None:
        """Send a sign."""
        self._put(sign, 0)
        self.move()

    def move(self) -> None:
        """Deliver what is on the way, as soon as it has arrived."""
        if self._moving or self._stalled or not self._queue:
            return
        self._moving = True
        self._path.clock.put(self._call, self._queue[0][0])

    def retry(self) -> None:
        """The way, or the way back, may be open again."""
        self._stalled = False
        if self._unacknowledged:
            self._acknowledge(0)
        self.move()

    def hurry(self, latest: float) -> None:
        """What is on the way arrives at this time, if not before."""
        hurried = [(min(at, latest), item) for at, item in self._queue]
        self._queue.clear()
        self._queue += hurried
        self._last = min(self._last, latest)
        if self._call.active() and self._queue:
            self._call.reset(max(0.0, self._queue[0][0] - self._path.clock.now))

    def retire(self) -> None:
        """Nothing more is sent."""
        self._path.users.pop(self, None)

    def clear(self) -> None:
        """What is on the way is lost."""
        self._queue.clear()
        self.size = 0
        self._resetting = False

    def abandon(self) -> None:
        """The sender is gone: what has not left its machine never will. A RST follows the rest."""
        if self._resetting:
            return
        if self._stalled:
            self._stalled = False
            self.clear()
        else:
            self._drop_unsent()
        self.reset()

    def reset(self) -> None:
        """Send a RST, unless one is on the way."""
        if self._resetting:
            return
        if self._path.open:
            self._resetting = True
            self.sign(Sign.RESET)
        else:
            self.clear()

    def released(self) -> None:
        """Who was to take what arrived has gone."""
        if not self._call.active():
            self._moving = False
            self.move()

    def _put(self, item: bytes | Sign, length: int) -> None:
        now = self._path.clock.now
        if now != self._turn:
            self._turn = now
            self._of_this_turn = 0
        self._of_this_turn += 1
        self._last = self._path.arrival(length, self._last)
        self._queue.append((self._last, item))

    def _drop_unsent(self) -> None:
        """Drop what was written in this turn of the reactor, and what the window has no room for."""
        queue = self._queue
        if self._turn == self._path.clock.now:
            for _ in range(min(self._of_this_turn, len(queue))):
                queue.pop()
        room, kept = WINDOW - self._unacknowledged, 0
        for _, item in queue:
            room -= 0 if isinstance(item, Sign) else len(item)
            if room < 0:
                break
            kept += 1
        while len(queue) > kept:
            queue.pop()

    def _arrive(self) -> None:
        if self.lost:
            # It is sent again and again, and never acknowledged.
            return
        if not self.to.gone and self._path.cut_at is None:
            self.to.process.arrive(self._deliver)
        elif self.to.gone and self.source.gone:
            self._moving = False
            self.clear()
        elif not self._path.open:
            self._moving = False
            self._lost_on_the_way()
        elif self._back.open:
            self._moving = False
            self.clear()
            self.to.out.reset()
        else:
            # Nobody is there, and the RST that says so does not get through: it is sent again.
            self._moving = False
            self._stalled = True
            self._back.wait(self)

    def _lost_on_the_way(self) -> None:
        if self._resetting:
            self.clear()
        else:
            self._stalled = True
            self._path.wait(self)

    def _deliver(self) -> None:
        self._moving = False
        end, queue, now = self.to, self._queue, self._path.clock.now
        room = READ
        while queue and queue[0][0] <= now and not end.deaf:
            if not (end.reading or 0 < room < READ):
                # It paused, and what was read at once with the piece that made it pause is out.
                return
            if self._unacknowledged > WINDOW:
                # The sender has not been told of what came: it sends no more.
                return
            item = queue[0][1]
            if isinstance(item, Sign):
                queue.popleft()
                end.signed(item)
            else:
                data = self._take(now)
                room -= len(data)
                self._observe(data)
                end.received(data)
                if room <= 0:
                    room = READ
        if queue and end.reading and not end.deaf:
            self.move()

    def _take(self, now: float) -> bytes:
        queue = self._queue
        data = queue.popleft()[1]
        assert not isinstance(data, Sign)
        if queue and queue[0][0] <= now:
            data = self._joined(data, now)
        if len(data) > 1 and self._path.random.random() < SPLIT:
            cut = self._path.random.randrange(1, len(data))
            late = now + self._path.random.random() * LATE
            queue.appendleft((late, data[cut:]))
            data = data[:cut]
        self._acknowledge(len(data))
        return data

    def _joined(self, first: bytes, now: float) -> bytes:
        queue, pieces, size = self._queue, [first], len(first)
        while queue and queue[0][0] <= now:
            item = queue[0][1]
            if isinstance(item, Sign) or size + len(item) > RECORD:
                break
            size += len(item)
            pieces.append(item)
            queue.popleft()
        return b"".join(pieces)

    def _acknowledge(self, size: int) -> None:
        self._unacknowledged += size
        if self._back.cut_at is not None:
            self._back.wait(self)
            return
        self.size -= self._unacknowledged
        self._unacknowledged = 0
        self.source.drained()
