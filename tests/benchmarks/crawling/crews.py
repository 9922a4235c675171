"""Crawl processes that can be killed: forked from a process that has everything imported, so a start costs little.

Each child runs the product's own loop (`crawlers.schedule.run`), with its log in a file.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawlers import cadence, schedule
from crawlers.registry import Registry
from index.cli import configure_logging
from index.model import Source
from index.pages import SyncReport
from tests.benchmarks.crawling.place import Place

PR_SET_PDEATHSIG = 1
END_S = 45.0  # a stop drains for 30 s at most


@dataclass
class Crew:
    """One forked process. `cpu_s` is known after its end: its own and its parsing children's."""

    name: str
    pid: int
    log: Path
    started_at: float
    is_stopped: bool = False
    status: int | None = None
    cpu_s: float = 0.0
    max_rss_mb: float = 0.0

    @property
    def is_alive(self) -> bool:
        return self.status is None and not self._reaped(os.WNOHANG)

    def signal(self, number: signal.Signals) -> None:
        """To the process alone: a parsing child ends by itself when its parent is gone."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
        self.is_stopped = number is signal.SIGSTOP

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self._reaped(0)

    def end(self) -> None:
        """SIGTERM, and SIGKILL if it does not end."""
        if self.status is None:
            if self.is_stopped:
                self.signal(signal.SIGCONT)
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
        ends = time.monotonic() + END_S
        while self.is_alive:
            if time.monotonic() > ends:
                self.kill()
                return
            time.sleep(0.02)

    def _reaped(self, flags: int) -> bool:
        if self.status is not None:
            return True
        pid, status, used = os.wait4(self.pid, flags)
        if pid == 0:
            return False
        self.status, self.cpu_s = status, used.ru_utime + used.ru_stime
        self.max_rss_mb = used.ru_maxrss / 1024
        return True


@dataclass
class Crews:
    """All crawl processes of a benchmark. They end with the block, and only they."""

    place: Place
    workers: int = 8
    is_crawl_only: bool = True  # nothing is indexed or linked
    interval_s: float | None = None  # instead of the product's half hour, so that a feed is polled many times
    lease_s: float | None = None  # instead of the product's minute
    alive: list[Crew] = field(default_factory=list)
    ended: list[Crew] = field(default_factory=list)
    _count: int = 0

    def __enter__(self) -> Crews:
        return self

    def __exit__(self, *_: object) -> None:
        self.end_all()

    def start(self, is_clock_only: bool = False) -> Crew:
        self._count += 1
        kind = "clock" if is_clock_only else "crawl"
        name = f"{kind}-{self._count}"
        log = self.place.folder / f"{name}.log"
        self.place.close()  # a connection must not be shared with the child
        pid = os.fork()
        if pid == 0:
            _child(lambda: self._run(is_clock_only), log)
        crew = Crew(name, pid, log, time.time())
        self.alive.append(crew)
        return crew

    def reap(self) -> list[Crew]:
        """Those that ended since the last call."""
        gone = [crew for crew in self.alive if not crew.is_alive]
        self._forget(gone)
        return gone

    def kill(self, crew: Crew) -> None:
        crew.kill()
        self._forget([crew])

    def end_all(self) -> None:
        for crew in self.alive:
            if crew.is_stopped:
                crew.signal(signal.SIGCONT)
            with contextlib.suppress(ProcessLookupError):
                os.kill(crew.pid, signal.SIGTERM)
        for crew in self.alive:
            crew.end()
        self._forget(list(self.alive))

    def _forget(self, gone: list[Crew]) -> None:
        self.alive = [crew for crew in self.alive if crew not in gone]
        self.ended += gone

    def failed_polls(self) -> int:
        """Polls that were logged as errors: the farm answers well, so on an idle machine there is none."""
        return failed_polls(self.place.folder)

    # --- in the child

    def _run(self, is_clock_only: bool) -> None:
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        self._quicken()
        settings = self.place.settings(crawl_workers=self.workers)
        catalogue: Any = self.place.open(crawl_workers=self.workers)
        if self.is_crawl_only:
            catalogue.sync = lambda limit=1000: SyncReport(0, 0, True)
            catalogue.link_waiting = lambda limit=100: 0
        if is_clock_only:
            hand = schedule.ClockHand(catalogue, schedule.new_owner())
            hand.start()
            stop.wait()
            hand.stop()
        else:
            schedule.run(settings, catalogue, stop, Registry(()))
        catalogue.close()

    def _quicken(self) -> None:
        if self.interval_s is not None:
            seconds = int(self.interval_s)  # floor, ceiling and back-off alike
            cadence.floor_s = lambda *_: seconds
            cadence.backoff_s = lambda *_: seconds
            cadence.CEILING_MIN.update(dict.fromkeys(cadence.CEILING_MIN, 0))
        if self.lease_s is not None:
            schedule.LEASE_S, schedule.HEARTBEAT_S = self.lease_s, self.lease_s / 3


def failed_polls(folder: Path) -> int:
    return sum(log.read_text("utf-8", "replace").count('"status": "error"') for log in folder.glob("crawl-*.log"))


def interval_s(source: Source, floor_s: float) -> float:
    """Seconds from a poll of the source to its next, where the floor is also the ceiling."""
    return int(floor_s) * cadence.spread(source)


def _child(run: Callable[[], None], log: Path) -> None:
    """Never returns."""
    status = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # no crew outlives its benchmark
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        configure_logging("json")
        run()
        status = 0
    except BaseException:  # noqa: BLE001 - a forked child must not return into its parent's code
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)
