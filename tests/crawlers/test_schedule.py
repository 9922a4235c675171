"""The crawl process: leases, the clock's row, one round, draining. Real parts where the claim is about them."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crawlers import schedule
from crawlers.fetch import Failed
from crawlers.pipeline import Pipeline
from crawlers.registry import Registry
from crawlers.schedule import ClockHand, Crew, Relay, crawl_once, run
from index.errors import RecordsUnavailable, Refused
from index.model import Health
from index.pages import SyncReport
from index.settings import Settings
from tests.crawlers.fakes import NO_LABELS, FakeCatalogue, FakeNetwork, InProcessReader, a_source, fetched
from tests.crawlers.test_pipeline import rss


def sources(*ids: str) -> list[Any]:
    return [a_source(i, url=f"https://news.example/{i}") for i in ids]


def network(*ids: str) -> FakeNetwork:
    return FakeNetwork({f"https://news.example/{i}": fetched(rss(i)) for i in ids})


def crew(catalogue: FakeCatalogue, net: FakeNetwork, size: int = 2) -> Crew:
    return Crew(catalogue, Pipeline(catalogue, net, InProcessReader(), NO_LABELS), size)


def drain(crew: Crew) -> list[Any]:
    reports = []
    while crew.working_count:
        reports += crew.finished(5)
    return reports


def test_due_sources_are_leased_run_and_moved_on() -> None:
    catalogue = FakeCatalogue()
    catalogue.add(*sources("a", "b", "c"))
    workers = crew(catalogue, network("a", "b", "c"), size=2)
    assert workers.start_due() == 2, "never more than there are workers"
    reports = drain(workers)
    assert workers.start_due() == 1
    reports += drain(workers)
    assert sorted(r.source_id for r in reports) == ["a", "b", "c"]
    assert workers.start_due() == 0, "the next check is in the future now"
    workers.close()


def test_a_failing_source_does_not_stop_the_others() -> None:
    catalogue = FakeCatalogue()
    catalogue.add(*sources("a", "b", "c"))
    net = network("a", "c")
    net.answers["https://news.example/b"] = RuntimeError("bug")
    net.answers["https://news.example/a"] = Failed("timeout")
    workers = crew(catalogue, net, size=3)
    workers.start_due()
    reports = {r.source_id: (r.status, r.code) for r in drain(workers)}
    assert reports == {"a": ("error", "timeout"), "b": ("error", "crashed"), "c": ("ok", "")}
    workers.close()


def test_two_crews_never_run_one_source_at_once() -> None:
    catalogue = FakeCatalogue()
    catalogue.add(*sources("a", "b", "c", "d"))
    one, two = crew(catalogue, network("a", "b", "c", "d")), crew(catalogue, network("a", "b", "c", "d"))
    one.start_due()
    two.start_due()
    ids = [r.source_id for r in drain(one) + drain(two)]
    assert sorted(ids) == ["a", "b", "c", "d"]
    one.close()
    two.close()


def test_the_heartbeat_renews_what_is_in_work() -> None:
    release = threading.Event()
    catalogue = FakeCatalogue()
    catalogue.add(*sources("a"))
    net = FakeNetwork({"https://news.example/a": lambda: release.wait(5) and fetched(rss("a"))})
    workers = crew(catalogue, net)
    workers.start_due()
    workers.beat()
    assert catalogue.renewed == ["a"]
    release.set()
    drain(workers)
    workers.beat()
    assert catalogue.renewed == ["a"]
    workers.close()


def test_s2_one_clock_ticks_and_another_takes_over_when_its_lease_lapses() -> None:
    catalogue = FakeCatalogue()
    first, second = ClockHand(catalogue, "first"), ClockHand(catalogue, "second")
    first._renew()
    second._renew()
    assert (first.epoch, second.epoch) == (1, None)
    second._tick()
    assert catalogue.sync_count == 0, "without the lease nothing happens"
    first._tick()
    assert catalogue.sync_count == 1
    catalogue.clock += timedelta(seconds=11)  # the holder was stopped
    second._renew()
    assert second.epoch == 2
    first._renew()
    assert first.epoch is None


def test_the_scheduler_keeps_nothing_on_disk_and_never_piles_up() -> None:
    hand = ClockHand(FakeCatalogue(), "x")
    hand.start()
    try:
        jobs = hand._scheduler.get_jobs()
        assert {j.id for j in jobs} == {"renew", "tick"}
        assert all(j.coalesce and j.max_instances == 1 and j.misfire_grace_time is None for j in jobs)
        assert {type(s).__name__ for s in hand._scheduler._jobstores.values()} == {"MemoryJobStore"}
        assert str(hand._scheduler.timezone) == "UTC"
    finally:
        hand.stop()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> FakeNetwork:
    """`run` and `crawl_once` on a scripted network and without children."""
    net = network("a", "b", "c")
    monkeypatch.setattr(schedule, "Fetcher", lambda settings: net)
    monkeypatch.setattr(schedule, "Reader", lambda size: type("R", (InProcessReader,), {"close": lambda self: None})())
    monkeypatch.setattr(schedule, "IDLE_S", 0.02)
    return net


def test_one_round_reports_every_enabled_source_and_syncs(quick: FakeNetwork) -> None:
    catalogue = FakeCatalogue()
    catalogue.add(*sources("a", "b", "c"), a_source("off", is_enabled=False))
    seen: list[tuple[str, int, int]] = []
    reports = crawl_once(
        catalogue, Settings(), Registry(()), None, lambda r, done, total: seen.append((r.source_id, done, total))
    )
    assert sorted(r.source_id for r in reports) == ["a", "b", "c"]
    assert [(done, total) for _, done, total in seen] == [(1, 3), (2, 3), (3, 3)]
    assert catalogue.sync_count >= 1


def test_one_round_of_named_sources_reads_them_although_they_are_not_due(quick: FakeNetwork) -> None:
    catalogue = FakeCatalogue()
    catalogue.add(*sources("a", "b"))
    crawl_once(catalogue, Settings(), Registry(()))
    reports = crawl_once(catalogue, Settings(), Registry(()), ["b"])
    assert [r.source_id for r in reports] == ["b"]


def test_a_source_that_is_off_is_refused_by_name(quick: FakeNetwork) -> None:
    catalogue = FakeCatalogue()
    catalogue.add(a_source("off", is_enabled=False))
    with pytest.raises(Refused):
        crawl_once(catalogue, Settings(), Registry(()), ["off"])


def test_a_paused_source_is_not_waited_for_and_refused_by_name(quick: FakeNetwork) -> None:
    catalogue = FakeCatalogue()
    catalogue.add(*sources("a", "b"))
    source, state = catalogue.rows["b"]
    catalogue.rows["b"] = (source, replace(state, health=Health.PAUSED))
    began = time.monotonic()
    assert [r.source_id for r in crawl_once(catalogue, Settings(), Registry(()))] == ["a"]
    assert time.monotonic() - began < schedule.LEASE_S / 2
    with pytest.raises(Refused, match="paused"):
        crawl_once(catalogue, Settings(), Registry(()), ["b"])


class Indexing(FakeCatalogue):
    """A catalogue whose syncs end as told, one after the other, then well."""

    def __init__(self, *troubles: Exception) -> None:
        super().__init__()
        self.troubles, self.asked = list(troubles), threading.Event()

    def sync(self, limit: int = 1000) -> SyncReport:
        self.asked.set()
        if self.troubles:
            raise self.troubles.pop(0)
        return super().sync(limit)


def test_what_the_relay_could_not_carry_comes_with_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda args: told.set())
    catalogue = Indexing(RecordsUnavailable("the database restarts"), ZeroDivisionError("a bug"))
    relay = Relay(catalogue)
    for _ in range(2):
        catalogue.asked.clear()
        relay.ask()
        assert catalogue.asked.wait(5)
    assert told.wait(5), "a bug is heard of"
    assert catalogue.sync_count == 0
    while relay._thread.is_alive():
        time.sleep(0.01)
    relay.ask()
    relay.close()
    assert catalogue.sync_count >= 1


def test_the_process_crawls_until_told_and_lets_runs_in_work_end(quick: FakeNetwork) -> None:
    started, release = threading.Event(), threading.Event()

    def slow() -> Any:
        started.set()
        release.wait(5)
        return fetched(rss("a"))

    quick.answers["https://news.example/a"] = slow
    catalogue = FakeCatalogue()
    catalogue.add(*sources("a", "b"))
    stop = threading.Event()
    process = threading.Thread(target=run, args=(Settings(), catalogue, stop, Registry(())))
    process.start()
    assert started.wait(5)
    stop.set()
    time.sleep(0.1)
    assert process.is_alive(), "it waits for the run in work"
    release.set()
    process.join(10)
    assert not process.is_alive()
    assert sorted(lease.source.id for lease, _, _ in catalogue.recorded) == ["a", "b"]
    assert "clock" not in catalogue.leases, "the clock is given back"
