"""One deadline for a whole exchange: per-read timeouts let a server that drips a byte a second hold a worker for ever.

A watch thread, one for the process, shuts down a duplicate of the dialled socket, since TLS wrapping detaches the
original (reliability.md 2.3). A thread an exchange would cost more than the rest of a short exchange.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import socket
import threading
import time
from dataclasses import dataclass, field


class _Watch:
    """Fires deadlines that have passed. What ended in time stays in the heap until its moment, and is nothing then."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Deadline]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def add(self, ends: float, deadline: Deadline) -> None:
        with self._changed:
            is_next = not self._waiting or ends < self._waiting[0][0]
            heapq.heappush(self._waiting, (ends, next(self._numbers), deadline))
            if self._thread is None or not self._thread.is_alive():  # not alive: the system had no thread to give
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif is_next:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                left_s = self._waiting[0][0] - time.monotonic()
                if left_s > 0:
                    self._changed.wait(left_s)
                    continue
                _, _, deadline = heapq.heappop(self._waiting)
            deadline.fire()


_watch = _Watch()


def _watch_anew() -> None:
    """A forked process has no watch thread, and its parent's exchanges are not its own."""
    global _watch
    _watch = _Watch()


os.register_at_fork(after_in_child=_watch_anew)


@dataclass
class Deadline:
    """Ends a whole exchange after `total_s`, whatever phase it is in. It does not say why an exchange was slow.

    `fired` must be tested before any answer is believed: cut during the headers, urllib3 reports 200 and an empty body.
    """

    total_s: float
    fired: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _watched: socket.socket | None = None
    _is_over: bool = False

    def __enter__(self) -> Deadline:
        self._ends = time.monotonic() + self.total_s
        _watch.add(self._ends, self)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_over = True
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

    def fire(self) -> None:
        """Called by the watch when the time is over; an exchange that ended before is left alone."""
        with self._lock:
            if self._is_over:
                return
            self.fired = True
            if self._watched is not None:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._watched, socket.SHUT_RDWR)
