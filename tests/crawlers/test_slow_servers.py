"""Servers that drip (A16): each is ended by the one total deadline, and nobody else is read later because of them.

No test here compares with a clock on the wall: bytes and polls are counted, or the time is simulated.
"""

from __future__ import annotations

import heapq
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from crawlers.fetch import Failed, Fetcher, NotModified, Outcome
from crawlers.pipeline import Pipeline, Report
from crawlers.schedule import Crew
from index import open_catalogue
from index.model import Source
from index.outbound import Limits
from index.settings import Settings
from tests.crawlers.fakes import NO_LABELS, FakeCatalogue, InProcessReader, a_source
from tests.crawlers.rude_server import Asked, RudeServer, Wire
from tests.index.house import START, MovableClock

FEED = b"<rss version='2.0'><channel><title>t</title></channel></rss>"
OVERRIDE = {"robots_override": {"reason": "written consent", "editor": "editor A"}}
PARTS = {  # how a trickler begins: with headers, a plain body, a chunked one, or nothing
    "0": b"HTTP/1.1 200 OK\r\n",
    "1": b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n",
    "2": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "3": b"",
}
TRICKLERS, HEALTHY, ROUNDS, WORKERS = 8, 25, 3, 12
EVERY_S = 0.05  # a byte: in time for any timeout between two reads


def at(server: RudeServer, source_id: str) -> Source:
    return a_source(source_id, domain="127.0.0.1", url=f"{server.base}/{source_id}", options=OVERRIDE)


@contextmanager
def crew(server: RudeServer, ids: Sequence[str], total_s: float) -> Iterator[tuple[FakeCatalogue, Crew]]:
    """Real workers and the real transport, whose deadline is scaled down from 20 s."""
    catalogue = FakeCatalogue()
    catalogue.add(*(at(server, id) for id in ids))
    fetcher = Fetcher(Settings(internal_targets=(server.pair,)), limits=Limits(total_s=total_s), sleep=lambda s: None)
    workers = Crew(catalogue, Pipeline(catalogue, fetcher, InProcessReader(), NO_LABELS, lambda: 0.5), WORKERS)
    yield catalogue, workers
    workers.close()


def read_rounds(catalogue: FakeCatalogue, workers: Crew, ids: Sequence[str]) -> list[Report]:
    """Everything that ended while these sources were read ROUNDS times each."""
    reports: list[Report] = []
    for _ in range(ROUNDS):
        waiting = set(ids)
        for id in ids:
            catalogue.set_due(id)
        while waiting:
            workers.start_due()
            ended = workers.finished(0.2)
            reports += ended
            waiting -= {report.source_id for report in ended}
    return reports


def test_a16_healthy_feeds_are_read_as_often_while_tricklers_hang_and_each_is_ended_by_its_deadline() -> None:
    sent: list[int] = []

    def behave(wire: Wire, asked: Asked) -> None:
        if asked.path.startswith("/slow-"):
            wire.send(PARTS[asked.path[-1]])
            sent.append(wire.drip(b"X" * 90_000, EVERY_S))
        else:
            wire.answer(200, FEED)

    healthy, slow = [f"healthy-{n}" for n in range(HEALTHY)], [f"slow-{n}-{n % 4}" for n in range(TRICKLERS)]
    with RudeServer(behave) as server:
        with crew(server, healthy, 20.0) as (catalogue, workers):
            started = time.monotonic()
            read_rounds(catalogue, workers, healthy)
            alone_s = time.monotonic() - started
        total_s = max(3.0, 10 * alone_s)  # as fast as this machine happens to be
        with crew(server, slow + healthy, total_s) as (catalogue, workers):
            ended = read_rounds(catalogue, workers, healthy)
            assert Counter(report.source_id for report in ended) == dict.fromkeys(healthy, ROUNDS)
            assert {report.code for report in ended} == {""}
            assert workers.working_count == TRICKLERS
            while workers.working_count:
                ended += workers.finished(0.2)
        last = [report for report in ended if report.source_id in slow]
        assert [report.code for report in last] == ["timeout"] * TRICKLERS
        assert all(report.ms >= 1000 * total_s for report in last), "only the total deadline may end them"
        for _ in range(200):
            if len(sent) == TRICKLERS:
                break
            time.sleep(0.05)
    # 21 s for a deadline of 20 s; a server notices the end with the second byte after it
    assert len(sent) == TRICKLERS and max(sent) <= total_s * 21 / 20 / EVERY_S + 2
    assert sum(isinstance(thread, threading.Timer) for thread in threading.enumerate()) == 0


# --- in simulated time, with the real claim of due sources and the real back-off


class Scripted:
    """A network in which the sources named `slow-…` never answer, and nothing is new at the others."""

    def poll(
        self,
        source: Source,
        url: str,
        etag: str | None,
        last_modified: str | None,
        sha256: str | None,
        body: bytes = b"",
    ) -> Outcome:
        return Failed("timeout") if source.id.startswith("slow-") else NotModified()

    def page(self, source: Source, url: str, body: bytes = b"") -> Failed:
        return Failed("not_found", permanent=True)


def lateness_s(folder: Path, slow_count: int, healthy_count: int = 100, hours: int = 8) -> float:
    """What 95 of 100 polls of the healthy feeds are less late than. Four workers ask for due sources once a second; a
    healthy poll takes 1 s, a slow server 20 s."""
    clock = MovableClock()
    catalogue = open_catalogue(Settings(data_dir=folder, encoder="hashed"), clock=clock)
    catalogue.migrate()
    pipeline = Pipeline(catalogue, Scripted(), InProcessReader(), NO_LABELS, random.Random(5).random)
    ids = [f"healthy-{n}" for n in range(healthy_count)] + [f"slow-{n}" for n in range(slow_count)]
    catalogue.put_sources(
        a_source(id, domain=f"{id}.example", url=f"https://{id}.example/", every_min=60) for id in ids
    )
    phases, due = random.Random(7), {}
    with catalogue._parts.records.begin() as unit:
        for id in ids:  # the slow ones at one moment, which is the worst
            due[id] = START + timedelta(seconds=900 if id.startswith("slow-") else phases.uniform(1, 3600))
            unit.set_due(id, due[id])
    late: list[float] = []
    working: list[tuple[float, str, object]] = []
    while (at := _next_second(clock, working, due)) < hours * 3600:
        clock.forward(seconds=at - (clock.now() - START).total_seconds())
        while working and working[0][0] <= at:
            _, id, lease = heapq.heappop(working)
            report = pipeline.crawl(lease)  # type: ignore[arg-type]
            due[id] = clock.now() + timedelta(seconds=report.next_in_s)
        for lease in catalogue.lease_sources("worker", 4 - len(working)) if len(working) < 4 else ():
            id = lease.source.id
            if id.startswith("healthy-"):
                late.append((clock.now() - lease.state.next_check_at).total_seconds())
            del due[id]
            heapq.heappush(working, (at + (20 if id.startswith("slow-") else 1), id, lease))
    catalogue.close()
    assert len(late) >= healthy_count * (hours - 2)
    return sorted(late)[math.ceil(0.95 * len(late)) - 1]


def _next_second(clock: MovableClock, working: list[tuple[float, str, object]], due: dict) -> int:  # type: ignore[type-arg]
    """The next whole second at which a poll ends or a source is due."""
    now = (clock.now() - START).total_seconds()
    moments = [working[0][0]] if working else []
    if len(working) < 4 and due:
        moments.append((min(due.values()) - START).total_seconds())
    return max(int(now) + 1, math.ceil(min(moments)))


def test_a16_ninety_five_of_a_hundred_healthy_feeds_are_hardly_later_with_thirty_two_tricklers(tmp_path: Path) -> None:
    alone, beside = lateness_s(tmp_path / "alone", 0), lateness_s(tmp_path / "beside", 32)
    assert 0 < alone <= 1.25
    assert beside <= 1.1 * alone
