"""
A program that floods a node with TLS key updates, which never come out of TLS.

    updates.py PORT CERTIFICATE KEY HELLO quiet|asking SECONDS

With a frame in the file HELLO it links first; with an empty one it floods as a stranger. An asking
one wants an answer to each update, and reads none. It shares no code with the program, and stands
on OpenSSL's own library, since no binding of it offers this. It prints how many it could send, and
ends by itself.
"""

import ctypes
import json
import signal
import socket
import sys
from ctypes.util import find_library
from pathlib import Path

ALPN = b"\x0cp2p-gossip/1"
PEM = 1
BATCH = 2000
"""Updates that are made before they are sent: one by one they would be slow."""


def openssl() -> ctypes.CDLL | None:
    """OpenSSL 3, if this machine has it."""
    name = find_library("ssl")
    try:
        found = ctypes.CDLL(name) if name else None
    except OSError:
        return None
    if found is None or not hasattr(found, "SSL_key_update"):
        return None
    for returning in ("TLS_client_method", "SSL_CTX_new", "SSL_new", "BIO_new", "BIO_s_mem"):
        getattr(found, returning).restype = ctypes.c_void_p
    return found


def connected(ssl: ctypes.CDLL, pipe: socket.socket, certificate: str, key: str) -> ctypes.c_void_p:
    """A TLS connection over a socket."""
    context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))
    assert ssl.SSL_CTX_use_certificate_file(context, certificate.encode(), PEM) == 1
    assert ssl.SSL_CTX_use_PrivateKey_file(context, key.encode(), PEM) == 1
    assert ssl.SSL_CTX_set_alpn_protos(context, ALPN, len(ALPN)) == 0
    connection = ctypes.c_void_p(ssl.SSL_new(context))
    assert ssl.SSL_set_fd(connection, pipe.fileno()) == 1
    assert ssl.SSL_connect(connection) == 1
    return connection


def say(event: str, **members: object) -> None:
    """Print an event."""
    print(json.dumps({"event": event, **members}), flush=True)


def main(port: str, certificate: str, key: str, hello: str, mode: str, seconds: str) -> None:
    """Flood for so long, or until the connection is cut."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    ssl = openssl()
    assert ssl is not None
    pipe = socket.socket()
    # What the kernels hold does not count as sent.
    pipe.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 14)
    pipe.connect(("127.0.0.1", int(port)))
    connection = connected(ssl, pipe, certificate, key)
    frame = Path(hello).read_bytes()
    if frame:
        assert ssl.SSL_write(connection, frame, len(frame)) == len(frame)
        answer = ctypes.create_string_buffer(1 << 16)
        assert ssl.SSL_read(connection, answer, len(answer)) > 0
    say("flooding")
    sent, cut = 0, False

    def stop(*_: object) -> None:
        say("flooded", sent=sent, cut=cut)
        sys.exit(0)

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, float(seconds))
    made = ctypes.c_void_p(ssl.BIO_new(ctypes.c_void_p(ssl.BIO_s_mem())))
    ssl.SSL_set0_wbio(connection, made)
    buffer = ctypes.create_string_buffer(1 << 18)
    asking = int(mode == "asking")
    while not cut:
        for _ in range(BATCH):
            ssl.SSL_key_update(connection, asking)
            ssl.SSL_do_handshake(connection)
        size = ssl.BIO_read(made, buffer, len(buffer))
        try:
            pipe.sendall(buffer.raw[:size])
            sent += BATCH
        except OSError:
            cut = True
    stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
