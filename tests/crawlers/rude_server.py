"""A loopback server that behaves as badly as it is told to: the test writes every byte, or waits between them.

Bounded: at most `MAX_CONNECTIONS` connections, each at most `MAX_S` seconds.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MAX_CONNECTIONS = 500
MAX_S = 15.0


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


Behaviour = Callable[["Wire", Asked], None]


class Wire:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        self.sock = sock
        self._stopped = stopped

    def send(self, data: bytes) -> bool:
        """False once the client is gone."""
        try:
            self.sock.sendall(data)
        except OSError:
            return False
        return True

    def answer(self, status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        sent = {"Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
        lines = [f"HTTP/1.1 {status} Any", *(f"{k}: {v}" for k, v in sent.items() if v is not None)]
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def drip(self, data: bytes, every_s: float = 0.05) -> int:
        """One byte at a time until the client goes; returns how many were sent."""
        for count, byte in enumerate(data):
            if self._stopped.wait(every_s) or not self.send(bytes([byte])):
                return count
        return len(data)

    def reset(self) -> None:
        """Closes with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


@dataclass
class RudeServer:
    """Serves `behave` on 127.0.0.1; `asked` holds every request, `connection_count` every connection."""

    behave: Behaviour
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    connection_count: int = 0

    def __enter__(self) -> RudeServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self.port = self._listener.getsockname()[1]
        self.scheme = "https" if self.tls else "http"
        self.base = f"{self.scheme}://127.0.0.1:{self.port}"
        self.pair = f"127.0.0.1:{self.port}"
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def paths(self) -> list[str]:
        return [a.path for a in self.asked]

    def _accept(self) -> None:
        while self.connection_count < MAX_CONNECTIONS:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connection_count += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(MAX_S)
        with contextlib.suppress(OSError, ValueError):
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
            asked = _read_request(sock)
            if asked is not None:
                self.asked.append(asked)
                self.behave(Wire(sock, self._stopped), asked)
        with contextlib.suppress(OSError):
            sock.close()


def _read_request(sock: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = sock.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += sock.recv(65536)
    return Asked(method, path, headers, body)


def by_path(table: Mapping[str, Behaviour | bytes | tuple[int, bytes, Mapping[str, str]]]) -> Behaviour:
    """Looks the path up; anything else is 404. Bytes are a plain 200; a tuple is status, body, headers."""

    def behave(wire: Wire, asked: Asked) -> None:
        found = table.get(asked.path)
        if found is None:
            wire.answer(404)
        elif isinstance(found, bytes):
            wire.answer(200, found)
        elif isinstance(found, tuple):
            wire.answer(*found)
        else:
            found(wire, asked)

    return behave
