"""Many writers at once: no lock error reaches anyone, nothing is taken twice, and the logs keep one order.

`open_records` is called once a worker, as every process does; threads share nothing but the database.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import text

from index.errors import Conflict
from index.ports import Changed
from index.records import SqlRecords, open_records
from tests.records.samples import NOW, after, alert, claim, published, refutation, revision, source, state

T = TypeVar("T")
WRITERS = 8


def _at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """Runs `work(0)` … `work(count - 1)` in threads that start together."""
    start = threading.Barrier(count)

    def run(number: int) -> T:
        start.wait(30)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return [future.result(120) for future in [pool.submit(run, number) for number in range(count)]]


def test_b14_writers_in_many_processes_and_threads_never_see_a_lock(fresh_url: str) -> None:
    def write(number: int) -> int:
        own = open_records(fresh_url)
        for turn in range(20):
            with own.begin() as unit:
                unit.put_claim(claim(f"clm_{number}_{turn}"))
                unit.changed(Changed.CLAIM, f"clm_{number}_{turn}")
            with own.read() as unit:
                assert unit.claim(f"clm_{number}_{turn}") is not None
        own.close()
        return 20

    assert sum(_at_once(WRITERS, write)) == WRITERS * 20
    records = open_records(fresh_url)
    with records.read() as unit:
        assert (unit.count_claims(), unit.head()) == (WRITERS * 20, WRITERS * 20)
    records.close()


def test_b14_writers_sharing_one_pool_never_see_a_lock(records: SqlRecords) -> None:
    def write(number: int) -> None:
        for turn in range(20):
            with records.begin() as unit:
                unit.put_claim(claim(f"clm_{number}_{turn}"))

    _at_once(WRITERS, write)
    with records.read() as unit:
        assert unit.count_claims() == WRITERS * 20


def test_readers_do_not_queue_behind_a_writer(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim())
        done = []

        def read(number: int) -> None:
            with records.read() as reader:
                done.append(reader.count_claims())

        _at_once(4, read)
        assert done == [0] * 4  # all answered while the writer was still at work


# --- leases ---


def test_two_workers_never_lease_the_same_source(fresh_url: str) -> None:
    records = open_records(fresh_url)
    with records.begin() as unit:
        for n in range(60):
            unit.put_source(source(f"s{n:02}", f"h{n:02}.example"), NOW)

    def work(number: int) -> list[str]:
        own, taken = open_records(fresh_url), []
        idle = 0
        while idle < 3:
            with own.begin() as unit:
                leases = unit.lease_sources(f"w{number}", NOW, limit=4, lease_s=60)
            taken += [lease.source.id for lease in leases]
            idle = 0 if leases else idle + 1
        own.close()
        return taken

    taken = Counter(id for ids in _at_once(4, work) for id in ids)
    assert taken == Counter({f"s{n:02}": 1 for n in range(60)})
    with records.read() as unit:
        epochs = unit._connection.execute(text("SELECT DISTINCT lease_epoch FROM source_states")).scalars().all()
    assert epochs == [1]
    records.close()


@pytest.mark.parametrize("host_gap_s", [0.0, 1.0])
def test_a13_the_pace_of_a_host_holds_over_all_workers(fresh_url: str, host_gap_s: float) -> None:
    records = open_records(fresh_url)
    with records.begin() as unit:
        for n in range(40):
            unit.put_source(source(f"s{n:02}", "one.example"), NOW)

    def work(number: int) -> int:
        own = open_records(fresh_url)
        taken = 0
        for _ in range(10):
            with own.begin() as unit:
                taken += len(unit.lease_sources(f"w{number}", NOW, limit=4, lease_s=60, host_gap_s=host_gap_s))
        own.close()
        return taken

    assert sum(_at_once(6, work)) == (2 if host_gap_s == 0 else 1)
    records.close()


def test_only_one_of_many_late_workers_finishes_a_poll(fresh_url: str) -> None:
    records = open_records(fresh_url)
    with records.begin() as unit:
        unit.put_source(source(), NOW)
    leases = []
    for n in range(6):
        with records.begin() as unit:
            leases += unit.lease_sources(f"w{n}", NOW + timedelta(seconds=61 * n), limit=1, lease_s=60)
    assert [lease.epoch for lease in leases] == [1, 2, 3, 4, 5, 6]

    def finish(number: int) -> bool:
        own = open_records(fresh_url)
        with own.begin() as unit:
            is_held = unit.finish_poll(leases[number], state(note=f"by {number}"))
        own.close()
        return is_held

    assert _at_once(6, finish) == [False] * 5 + [True]
    with records.read() as unit:
        stored = unit.source_state("src")
    assert stored is not None and stored.note == "by 5"
    records.close()


def test_a_named_lease_goes_to_one_of_many(fresh_url: str) -> None:
    def take(number: int) -> int | None:
        own = open_records(fresh_url)
        with own.begin() as unit:
            epoch = unit.take_lease("clock", f"holder {number}", NOW, 10)
        own.close()
        return epoch

    assert sorted(_at_once(WRITERS, take), key=str) == [1] + [None] * (WRITERS - 1)


# --- revisions ---


def test_c15_of_fifty_concurrent_saves_exactly_one_succeeds(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim())
        unit.put_refutation(refutation())
        unit.put_revision(revision())

    def save(number: int) -> bool:
        try:
            with records.begin() as unit:
                unit.put_revision(revision(version=2, note=f"by {number}"), 1)
        except Conflict:
            return False
        return True

    outcomes = _at_once(50, save)
    assert outcomes.count(True) == 1
    with records.read() as unit:
        stored = unit.refutation("ref_1")
    assert stored is not None and stored.revisions[0].note == f"by {outcomes.index(True)}"


def test_c15_of_fifty_concurrent_approvals_exactly_one_publishes(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim())
        unit.put_refutation(refutation())
        unit.put_revision(revision())

    def approve(number: int) -> bool:
        try:
            with records.begin() as unit:
                unit.append_audit(NOW, f"edt_{number}", "approved_issue", "ref_1", {})
                unit.put_revision(published(approver_id=f"edt_{number}"), 1)
                unit.put_refutation(refutation(thread_id=f"alt_{number:02}"))
                unit.add_alert(alert(f"alt_{number:02}", thread_id=f"alt_{number:02}"))
                unit.changed(Changed.REFUTATION, "ref_1")
        except Conflict:
            return False
        return True

    assert _at_once(50, approve).count(True) == 1
    with records.read() as unit:
        assert (len(unit.list_alerts()), len(unit.audit()), unit.head()) == (1, 1, 1)


def test_two_corrections_started_at_once_leave_one_in_work(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim())
        unit.put_refutation(refutation())

    def start(number: int) -> bool:
        try:
            with records.begin() as unit:
                unit.put_revision(revision(f"rev_{number}", number=number))
        except Conflict:
            return False
        return True

    assert _at_once(WRITERS, start).count(True) == 1


def test_acts_of_the_desk_that_hold_it_decide_one_after_the_other(fresh_url: str) -> None:
    def act(number: int) -> None:
        own = open_records(fresh_url)
        with own.begin() as unit:
            unit.hold_desk()
            unit.put_claim(claim(f"clm_{unit.count_claims()}"))
            unit.append_audit(NOW, f"edt_{number}", "act", "clm", {})
        own.close()

    _at_once(WRITERS, act)
    records = open_records(fresh_url)
    with records.read() as unit:
        assert unit.count_claims() == len(unit.audit()) == WRITERS
    records.close()


# --- logs ---


def test_b2_nobody_who_has_seen_a_change_number_meets_a_smaller_one_later(fresh_url: str) -> None:
    total, stop = WRITERS * 15, threading.Event()

    def write(number: int) -> None:
        own = open_records(fresh_url)
        for turn in range(15):
            with own.begin() as unit:
                unit.put_claim(claim(f"clm_{number}_{turn}"))
                unit.changed(Changed.CLAIM, f"clm_{number}_{turn}")
        own.close()

    def follow() -> list[int]:
        own, seen = open_records(fresh_url), [0]
        while len(seen) <= total and not stop.is_set():
            with own.read() as unit:
                for change in unit.changes(seen[-1], 1_000):
                    assert unit.claim(change.id) is not None
                    seen.append(change.seq)
        own.close()
        return seen

    with ThreadPoolExecutor(1) as follower:
        followed = follower.submit(follow)
        try:
            _at_once(WRITERS, write)
            assert followed.result(60) == list(range(total + 1))
        finally:
            stop.set()


def test_c16_thirty_two_writers_make_one_chain(records: SqlRecords) -> None:
    def act(number: int) -> None:
        for turn in range(4):
            with records.begin() as unit:
                unit.append_audit(after(seconds=turn), f"edt_{number}", "saved", "ref_1", {"turn": str(turn)})

    _at_once(32, act)
    with records.read() as unit:
        assert unit.first_broken_audit_row() is None
        entries = unit.audit(limit=1_000)
    assert [e.seq for e in entries] == list(range(128, 0, -1))
    assert Counter(e.actor_id for e in entries) == Counter({f"edt_{n}": 4 for n in range(32)})
