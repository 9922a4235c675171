"""One deadline for a whole exchange: per-read timeouts let a server that drips a byte a second hold a worker for ever.

A timer shuts down a duplicate of the dialled socket, since TLS wrapping detaches the original (reliability.md 2.3).
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Deadline:
    """Ends a whole exchange after `total_s`, whatever phase it is in. It does not say why an exchange was slow.

    `fired` must be tested before any answer is believed: cut during the headers, urllib3 reports 200 and an empty body.
    """

    total_s: float
    fired: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _watched: socket.socket | None = None

    def __enter__(self) -> Deadline:
        self._ends = time.monotonic() + self.total_s
        self._timer = threading.Timer(self.total_s, self._fire)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._release()

    def left_s(self) -> float:
        return max(0.001, self._ends - time.monotonic())

    def watch(self, sock: socket.socket) -> None:
        with self._lock:
            self._release()
            if self.fired:
                raise TimeoutError("deadline")
            self._watched = sock.dup()

    def _release(self) -> None:
        if self._watched is not None:
            self._watched.close()
            self._watched = None

    def _fire(self) -> None:
        with self._lock:
            self.fired = True
            if self._watched is not None:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._watched, socket.SHUT_RDWR)
