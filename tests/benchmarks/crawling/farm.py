"""A farm of feeds on loopback: thousands of hosts in 127/8, one process, one thread, answers made of ready pieces.

    GET /f/‹feed› ─► (after `delay_s`) 200 or 304 ─► one line in the log: what was asked with which tag, what went out

The log alone tells what a crawler kept: each 200 has a tag of its own, and the next request for the same feed presents
the tag of the last answer that was *recorded*. It listens on the loopback interface only, and ends with its parent.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.crawling.texts import entry

HOSTS_A_NET = 62_500
MAX_REQUEST = 16_384
IDLE_S = 30.0  # a connection that says nothing
ROOT = Path(__file__).parents[3]


def host(number: int) -> str:
    """The address of the farm's n-th host."""
    net, rest = divmod(number, HOSTS_A_NET)
    return f"127.{1 + net}.{rest // 250}.{1 + rest % 250}"


@dataclass(frozen=True, slots=True)
class Plan:
    """How the farm answers. `changing`: all entries new at every poll. `steady`: 304 for who has the tag. `tagged`: 200
    with a new tag every time, and one more entry at each `entry_every`-th answer of a feed."""

    way: str = "tagged"
    entries: int = 15
    entry_every: int = 3
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the log: when it came and when its answer was out (seconds since the epoch), the tag it
    presented ("" for none) and the one it got."""

    feed: int
    host: str
    came_at: float
    sent_at: float
    presented: str
    given: str
    status: int


class Farm:
    """The farm as a child process; `port` is known after `start`, `asked()` is its log."""

    def __init__(self, folder: Path, plan: Plan, port: int = 0) -> None:
        self._folder, self._plan, self.port = folder, plan, port
        self.log = folder / "asked.log"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Farm:
        options = {name: getattr(self._plan, name) for name in self._plan.__slots__}
        command = [sys.executable, "-m", __name__, str(self.log), str(self.port), json.dumps(options)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def stop(self) -> None:
        """Ends it by SIGTERM; what it logged is on disk then."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def __enter__(self) -> Farm:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def url(self, feed: int, host_count: int) -> str:
        return f"http://{host(feed % host_count)}:{self.port}/f/{feed}"

    def asked(self) -> list[Asked]:
        return read_log(self.log)


def read_log(path: Path) -> list[Asked]:
    """Requests in the order of their answers; a last line that was not written whole is left out."""
    lines = path.read_text("utf-8").split("\n")[:-1] if path.exists() else []
    return [Asked(*json.loads(line)) for line in lines]


# --- the child


class _Server:
    """One loop over all sockets. It knows nothing but the plan and how often each feed was answered."""

    def __init__(self, log: Path, port: int, plan: Plan) -> None:
        self._plan = plan
        self._served = _served_before(log)
        # line by line: what a crawler has recorded must stand in the log by then
        self._log = log.open("a", encoding="utf-8", buffering=1)
        self._listener = _listener(port)
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)
        self._open: dict[int, tuple[socket.socket, bytearray, float]] = {}
        self._unsent: dict[int, memoryview] = {}
        self._waiting: list[tuple[float, int, int, Any]] = []  # answers held back: when, a number, the socket, what
        self._count = 0
        self.is_stopped = False

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def run(self) -> None:
        parent, swept = os.getppid(), time.monotonic()
        while not self.is_stopped and os.getppid() == parent:
            wait_s = max(0.0, min(0.5, self._waiting[0][0] - time.time())) if self._waiting else 0.5
            for fd, event in self._poll.poll(wait_s):
                if fd == self._listener.fileno():
                    self._accept()
                elif event & select.EPOLLOUT:
                    self._send_on(fd)
                else:
                    self._read(fd)
            while self._waiting and self._waiting[0][0] <= time.time():
                _, _, fd, request = heapq.heappop(self._waiting)
                self._answer(fd, *request)
            if time.monotonic() - swept > 1.0:
                self._drop_silent()
                swept = time.monotonic()
        self._log.close()

    def _accept(self) -> None:
        for _ in range(64):
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            sock.setblocking(False)
            self._open[sock.fileno()] = (sock, bytearray(), time.monotonic())
            self._poll.register(sock, select.EPOLLIN)

    def _read(self, fd: int) -> None:
        sock, data, _ = self._open[fd]
        try:
            chunk = sock.recv(MAX_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        data += chunk
        if not chunk or len(data) > MAX_REQUEST:
            self._close(fd)
        elif data.endswith(b"\r\n\r\n"):
            self._asked(fd, data.decode("latin-1"))

    def _asked(self, fd: int, head: str) -> None:
        came_at = time.time()
        path = head.split(" ", 2)[1]
        if not path.startswith("/f/"):
            self._send(fd, b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        at = head.find("If-None-Match: ")
        presented = head[at + 15 : head.index("\r\n", at)] if at >= 0 else ""
        request = (int(path[3:]), came_at, presented)
        if self._plan.delay_s:
            self._poll.modify(fd, 0)
            self._count += 1
            heapq.heappush(self._waiting, (came_at + self._plan.delay_s, self._count, fd, request))
        else:
            self._answer(fd, *request)

    def _answer(self, fd: int, feed: int, came_at: float, presented: str) -> None:
        if fd not in self._open:
            return  # its caller was killed meanwhile
        address = self._open[fd][0].getsockname()[0]
        serial = self._served.get(feed, 0) + 1
        self._served[feed] = serial
        tag = f'"{feed}-{serial}"' if self._plan.way != "steady" else f'"{feed}"'
        if presented == tag:
            status, answer = 304, f"HTTP/1.1 304 Same\r\nETag: {tag}\r\nConnection: close\r\n\r\n".encode()
        else:
            body = document(self._plan, feed, serial)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: {tag}\r\n"
            status, answer = 200, f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
        self._send(fd, answer)
        line = [feed, address, round(came_at, 4), round(time.time(), 4), presented, tag, status]
        self._log.write(json.dumps(line) + "\n")

    def _send(self, fd: int, answer: bytes) -> None:
        self._unsent[fd] = memoryview(answer)
        self._send_on(fd)

    def _send_on(self, fd: int) -> None:
        sock = self._open[fd][0]
        try:
            sent = sock.send(self._unsent[fd])
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close(fd)
            return
        self._unsent[fd] = self._unsent[fd][sent:]
        if self._unsent[fd]:
            self._poll.modify(fd, select.EPOLLOUT)
        else:
            self._close(fd)

    def _close(self, fd: int) -> None:
        sock, _, _ = self._open.pop(fd)
        self._unsent.pop(fd, None)
        self._poll.unregister(fd)
        sock.close()

    def _drop_silent(self) -> None:
        waiting = {fd for _, _, fd, _ in self._waiting}
        ended = time.monotonic() - IDLE_S
        for fd in [fd for fd, (_, _, since) in self._open.items() if since < ended and fd not in waiting]:
            self._close(fd)


def _listener(port: int) -> socket.socket:
    """All of 127/8 and nothing else: bound to the loopback interface."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
    listener.bind(("0.0.0.0", port))
    listener.listen(1024)
    listener.setblocking(False)
    return listener


def _served_before(log: Path) -> dict[int, int]:
    """How often each feed was answered by an earlier farm with this log: its tags go on from there."""
    served: dict[int, int] = {}
    for asked in read_log(log):
        served[asked.feed] = served.get(asked.feed, 0) + 1
    return served


def document(plan: Plan, feed: int, serial: int) -> bytes:
    """The feed's RSS at its n-th answer."""
    items = "".join(entry(feed, number) for number in shown(plan, serial))
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>Checks {feed}</title><link>http://checks.example/{feed}</link><language>en</language>"
        f"{items}</channel></rss>"
    ).encode()


def shown(plan: Plan, serial: int) -> Iterable[int]:
    """Numbers of the entries that a feed shows at its n-th answer, newest first."""
    if plan.way == "changing":
        newest = serial * plan.entries
    elif plan.way == "steady":
        newest = plan.entries
    else:
        newest = plan.entries + serial // plan.entry_every
    return range(newest, newest - plan.entries, -1)


@contextlib.contextmanager
def farm(folder: Path, plan: Plan, port: int = 0) -> Iterator[Farm]:
    """A farm for the time of a block."""
    with Farm(folder, plan, port) as started:
        yield started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("log", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("plan", type=json.loads)
    given = parser.parse_args()
    server = _Server(given.log, given.port, Plan(**given.plan))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: setattr(server, "is_stopped", True))
    print(server.port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
