"""The crawl process: workers lease due sources; one clock ticks for housekeeping. Due work is rows, never timers.

    clock (lease row, one holder) ─► tick: metrics, link what waits        workers ─► lease ─► pipeline ─► relay: sync
    heartbeat ─► renews the leases in work                                 SIGTERM ─► drain, at most 30 s

Two clocks, a paused process or a jumped wall clock cost time, never truth: results are stored under the lease's epoch.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC
from typing import Protocol

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from crawlers.fetch import Fetcher
from crawlers.pipeline import Catalogue, Pipeline, Report
from crawlers.reading import Reader
from crawlers.registry import Registry, load_registry
from index.errors import Conflict, RecordsUnavailable, Refused
from index.gauges import gauges
from index.model import Health, SourceLease
from index.pages import SourceRow, SyncReport
from index.settings import Settings

LEASE_S = 60.0
CLAIM_GAP_S = 1.25  # per host, so that a second lies between the starts although a busy worker starts late
HEARTBEAT_S = 20.0
CLOCK_LEASE_S = 10.0
CLOCK_RENEW_S = 3
TICK_S = 10
IDLE_S = 1.0
DRAIN_S = 30.0
RELAY_ENDS_S = 2.0  # after the drain: whoever stops the process waits 35 s in all
GATHER_S = 0.02  # a claim costs the same for one source and for many: under load, a few workers are claimed for at once
RETRY_S = 2.0
UNAVAILABLE = (RecordsUnavailable, Conflict)  # expected, and over soon: the loops try again
_log = structlog.get_logger("crawlers")


class Schedulable(Catalogue, Protocol):
    """What the crawl process asks of the catalogue besides what a run does."""

    def lease_sources(
        self, owner: str, limit: int, lease_s: float = 60.0, host_gap_s: float = 1.0
    ) -> tuple[SourceLease, ...]: ...
    def renew_lease(self, lease: SourceLease, lease_s: float = 60.0) -> bool: ...
    def take_lease(self, name: str, holder: str, ttl_s: float) -> int | None: ...
    def release_lease(self, name: str, holder: str) -> None: ...
    def sources(self) -> tuple[SourceRow, ...]: ...
    def set_due(self, source_id: str) -> None: ...
    def link_waiting(self, limit: int = 100) -> int: ...
    def sync(self, limit: int = 1000) -> SyncReport: ...


def new_owner() -> str:
    """A name for this process's leases; never used twice."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


class Crew:
    """Worker threads of one crawl process: each leases a due source, runs it, and asks for the next."""

    def __init__(self, catalogue: Schedulable, pipeline: Pipeline, size: int, owner: str | None = None) -> None:
        self._catalogue, self._pipeline, self._size = catalogue, pipeline, size
        self.owner = owner or new_owner()
        self._pool = ThreadPoolExecutor(max_workers=size, thread_name_prefix="crawl")
        self._working: dict[Future[Report], SourceLease] = {}

    def start_due(self) -> int:
        """Leases as many due sources as there are free workers and starts them; returns how many."""
        free = self._size - len(self._working)
        leases = self._catalogue.lease_sources(self.owner, free, LEASE_S, CLAIM_GAP_S) if free > 0 else ()
        for lease in leases:
            self._working[self._pool.submit(self._pipeline.crawl, lease)] = lease
        return len(leases)

    def finished(self, timeout_s: float) -> list[Report]:
        """Reports of runs that ended, waiting at most `timeout_s` for the first."""
        if not self._working:
            return []
        done, _ = wait(self._working, timeout=timeout_s, return_when="FIRST_COMPLETED")
        for future in done:
            del self._working[future]
        return [future.result() for future in done]

    def beat(self) -> None:
        """Extends the leases in work; a lost one costs the run its result, nothing else."""
        for lease in list(self._working.values()):
            self._catalogue.renew_lease(lease, LEASE_S)

    def gather(self) -> None:
        """Waits a moment for more workers to become free, if there are only a few."""
        if 0 < self._size - len(self._working) < self._size // 4:
            time.sleep(GATHER_S)

    @property
    def working_count(self) -> int:
        return len(self._working)

    def close(self) -> None:
        """Threads in a run end with it (every exchange has its deadline); nobody waits for them here."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Relay:
    """Carries what was recorded into the index, in a thread of its own: no worker waits for the encoder or engine.

    A bug ends the thread as loudly as any other; the crawl goes on, and the next request begins a thread anew.
    """

    def __init__(self, catalogue: Schedulable) -> None:
        self._catalogue = catalogue
        self._asked, self._is_closed = threading.Event(), False
        self._thread = self._begun()

    def ask(self) -> None:
        if not self._thread.is_alive():
            self._thread = self._begun()
        self._asked.set()

    def close(self) -> None:
        """Carries what is left and ends; whatever takes longer is in the change log, for the next process."""
        self._is_closed = True
        self._asked.set()
        self._thread.join(RELAY_ENDS_S)

    def _begun(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="relay", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        is_last = False
        while not is_last:
            self._asked.wait()
            self._asked.clear()
            is_last = self._is_closed
            try:
                self._catalogue.sync()
            except UNAVAILABLE as error:
                _log.warning("sync_put_off", code=error.code)


class ClockHand:
    """Ticks only while this process holds the lease row named `clock`. A tick is short and never fetches."""

    def __init__(self, catalogue: Schedulable, owner: str) -> None:
        self._catalogue, self._owner = catalogue, owner
        self.epoch: int | None = None
        self._scheduler = BackgroundScheduler(timezone=UTC)
        options = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler.add_job(self._renew, "interval", seconds=CLOCK_RENEW_S, id="renew", **options)
        self._scheduler.add_job(self._tick, "interval", seconds=TICK_S, id="tick", **options)

    def start(self) -> None:
        self._renew()
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)
        if self.epoch is not None:
            with contextlib.suppress(*UNAVAILABLE):  # it lapses
                self._catalogue.release_lease("clock", self._owner)

    def _renew(self) -> None:
        try:
            epoch = self._catalogue.take_lease("clock", self._owner, CLOCK_LEASE_S)
        except UNAVAILABLE as error:
            _log.warning("clock_unavailable", code=error.code)
            epoch = None  # who cannot renew cannot know that the lease still holds
        if epoch is not None and self.epoch is None:
            _log.info("clock_taken", owner=self._owner, epoch=epoch)
        self.epoch = epoch

    def _tick(self) -> None:
        if self.epoch is None:
            return
        try:
            self._look_round()
        except UNAVAILABLE as error:
            _log.warning("tick_put_off", code=error.code)

    def _look_round(self) -> None:
        linked = self._catalogue.link_waiting()
        self._catalogue.sync()
        rows = self._catalogue.sources()
        states = [(row.source, row.state) for row in rows if row.state is not None]
        _log.info("ticked", sources=len(rows), linked=linked, **gauges(states, self._catalogue.now()))


def run(settings: Settings, catalogue: Schedulable, stop: threading.Event, registry: Registry | None = None) -> None:
    """Crawls until `stop` is set, then lets the runs in work end for at most 30 s."""
    registry = registry or load_registry(settings.sources, frozenset(settings.internal_targets))
    reader = Reader(size=max(1, min(settings.crawl_workers, os.cpu_count() or 1)))
    fetcher = Fetcher(settings)
    crew = Crew(catalogue, Pipeline(catalogue, fetcher, reader, registry), settings.crawl_workers)
    clock = ClockHand(catalogue, crew.owner)
    clock.start()
    relay = Relay(catalogue)
    _log.info("crawl_started", owner=crew.owner, workers=settings.crawl_workers)
    try:
        _work(crew, relay, stop)
        _drain(crew)
    finally:
        relay.close()
        clock.stop()
        crew.close()
        fetcher.close()
        reader.close()
        _log.info("crawl_stopped", owner=crew.owner)


def _work(crew: Crew, relay: Relay, stop: threading.Event) -> None:
    beaten = time.monotonic()
    while not stop.is_set():
        try:
            started = crew.start_due()
            if time.monotonic() - beaten >= HEARTBEAT_S:
                crew.beat()
                beaten = time.monotonic()
        except UNAVAILABLE as error:  # the database restarts or is full: leases wait, and so do we
            _log.warning("crawl_put_off", code=error.code)
            stop.wait(RETRY_S)
            started = 0
        if any(r.new or r.variant or r.revised or r.withdrawn for r in crew.finished(IDLE_S)):
            relay.ask()
        if not started and not crew.working_count:
            stop.wait(IDLE_S)
        else:
            crew.gather()


def _drain(crew: Crew) -> None:
    ends = time.monotonic() + DRAIN_S
    while crew.working_count and (left := ends - time.monotonic()) > 0:
        crew.finished(min(left, IDLE_S))


def crawl_once(
    catalogue: Schedulable,
    settings: Settings,
    registry: Registry,
    source_ids: Collection[str] | None = None,
    progress: Callable[[Report, int, int], None] | None = None,
) -> list[Report]:
    """Polls the sources named (None: all that are enabled and not paused) once, now, and syncs.
    `progress(report, done, total)` a source.

    What another process holds is left to it, and what is due anyway is read too.
    Raises: NotFound for an unknown id, Refused for a source that is not enabled, or paused.
    """
    read = {row.source.id for row in catalogue.sources() if row.source.is_enabled and not _is_paused(row)}
    wanted = set(read if source_ids is None else source_ids)
    for source_id in sorted(wanted):
        catalogue.set_due(source_id)
    if off := sorted(wanted - read):
        raise Refused(f"source {off[0]} is not enabled, or paused", code="source_disabled")
    reader = Reader(size=max(1, min(settings.crawl_workers, os.cpu_count() or 1)))
    fetcher = Fetcher(settings)
    crew = Crew(catalogue, Pipeline(catalogue, fetcher, reader, registry), settings.crawl_workers)
    reports: list[Report] = []
    try:
        waited_s, beaten = 0.0, time.monotonic()
        while len(reports) < len(wanted) and waited_s < LEASE_S:
            crew.start_due()
            for report in crew.finished(IDLE_S):
                if report.source_id in wanted:
                    reports.append(report)
                    if progress is not None:
                        progress(report, len(reports), len(wanted))
            if time.monotonic() - beaten >= HEARTBEAT_S:
                crew.beat()
                beaten = time.monotonic()
            if crew.working_count:
                waited_s = 0.0
            else:
                time.sleep(0.2)  # the host's pace, or another process's lease
                waited_s += 0.2
        _drain(crew)
        catalogue.sync()
    finally:
        crew.close()
        fetcher.close()
        reader.close()
    return reports


def _is_paused(row: SourceRow) -> bool:
    return row.state is not None and row.state.health is Health.PAUSED
