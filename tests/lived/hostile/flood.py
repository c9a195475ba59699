"""
Strangers in masses, as a process of their own: `flood KIND PORT RATE STAND SOURCE...`.

`silent` keeps STAND connections that say nothing, and makes new ones for those that are closed;
`hello` begins TLS handshakes and goes when the node has answered; `shake` completes them. None
makes more than RATE connections a second. Each second it tells, as a line of JSON, how it goes.
"""

import json
import selectors
import socket
import ssl
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path

from tests.lived.hostile.keys import LOOPBACK, Key

LONGEST = 600.0
"""Seconds after which it ends by itself."""

RESET = struct.pack("ii", 1, 0)
BIND_NO_PORT = 24
"""Linux picks the port when it connects: quickly, however many are taken."""


def context() -> ssl.SSLContext:
    """TLS as a peer speaks it, with a key of its own."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.set_alpn_protocols(["p2p-gossip/1"])
    key = Key()
    with tempfile.NamedTemporaryFile() as file:
        certificate = ssl.DER_cert_to_PEM_cert(key.certificate()).encode()
        Path(file.name).write_bytes(certificate + key.pem())
        made.load_cert_chain(file.name)
    return made


def client_hello() -> bytes:
    """The first bytes of a handshake, to be said again and again."""
    outgoing = ssl.MemoryBIO()
    connection = context().wrap_bio(ssl.MemoryBIO(), outgoing)
    with suppress(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


class Crowd:
    """So many connections at once, all from one thread."""

    def __init__(self, kind: str, port: int, stand: int, sources: list[str]) -> None:
        self.asked = 0
        self.counts = {"begun": 0, "open": 0, "closed": 0, "answered": 0, "failed": 0}
        self._kind = kind
        self._port = port
        self._stand = stand
        self._sources: Iterator[str] = cycle(sources or [LOOPBACK])
        self._said = client_hello() if kind == "hello" else b""
        self._tls = context() if kind == "shake" else None
        self._open: dict[socket.socket, None] = {}
        self._selector = selectors.DefaultSelector()

    def begin(self) -> None:
        """One more connection, if there is room for it."""
        self.asked += 1
        if len(self._open) >= self._stand:
            if not self._said:
                return
            self._drop(next(iter(self._open)))
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        opened.setsockopt(socket.IPPROTO_IP, BIND_NO_PORT, 1)
        opened.bind((next(self._sources), 0))
        self.counts["begun"] += 1
        if self._tls is not None:
            self._shake(opened, self._tls)
            return
        opened.setblocking(False)
        opened.connect_ex((LOOPBACK, self._port))
        self._open[opened] = None
        self._selector.register(opened, selectors.EVENT_WRITE)

    def look(self) -> None:
        """Say what is to be said, and see who was closed."""
        for key, events in self._selector.select(0.002):
            opened = key.fileobj
            assert isinstance(opened, socket.socket)
            try:
                if events & selectors.EVENT_WRITE:
                    self._selector.modify(opened, selectors.EVENT_READ)
                    if self._said:
                        opened.send(self._said)
                elif opened.recv(65536):
                    self.counts["answered"] += 1
                    self._drop(opened)
                else:
                    self._closed(opened)
            except OSError:
                self._closed(opened)
        self.counts["open"] = len(self._open)

    def _shake(self, opened: socket.socket, tls: ssl.SSLContext) -> None:
        opened.settimeout(5)
        try:
            opened.connect((LOOPBACK, self._port))
            with tls.wrap_socket(opened) as secure:
                secure.settimeout(0.001)
                with suppress(TimeoutError):
                    # By then the node has completed it too.
                    secure.recv(1)
            self.counts["answered"] += 1
        except OSError:
            self.counts["failed"] += 1
            opened.close()

    def _closed(self, opened: socket.socket) -> None:
        self.counts["closed"] += 1
        self._drop(opened)

    def _drop(self, opened: socket.socket) -> None:
        del self._open[opened]
        self._selector.unregister(opened)
        opened.close()


def main() -> None:
    """Attack until it is ended."""
    kind, port, rate, stand, *sources = sys.argv[1:]
    crowd = Crowd(kind, int(port), int(stand), sources)
    begun = told = time.monotonic()
    while (now := time.monotonic()) < begun + LONGEST:
        for _ in range(min(100, int(float(rate) * (now - begun)) - crowd.asked)):
            crowd.begin()
        crowd.look()
        if now > told + 1:
            told = now
            print(json.dumps({"event": "attack", **crowd.counts}), flush=True)


if __name__ == "__main__":
    main()
