"""Killed and stopped processes: what was acknowledged is there, nothing is there by half, nobody waits for the dead."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import text

from index.errors import RecordsUnavailable
from index.model import RefutationStatus
from index.ports import Changed, ThreadFilter
from index.records import SqlRecords, open_records
from tests.records.samples import NOW, claim

KILLS = 5


def _publish_until_killed(url: str, first: int, after_s: float) -> int:
    """Runs a publisher, kills it `after_s` after its first acknowledgement; returns the last acknowledged number."""
    command = [sys.executable, "-m", "tests.records.publisher", url, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as publisher:
        assert publisher.stdout is not None
        acknowledged = [int(publisher.stdout.readline())]
        time.sleep(after_s)
        publisher.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in publisher.stdout if line.endswith("\n")]
    return acknowledged[-1]


def test_b1_b10_a_killed_publisher_loses_nothing_that_it_acknowledged(records: SqlRecords, fresh_url: str) -> None:
    newest = 0
    for kill in range(KILLS):
        acknowledged = _publish_until_killed(fresh_url, newest + 1, 0.037 * kill)
        with records.read() as unit:
            newest = unit.count_threads(ThreadFilter())
            notices, acts = unit.list_alerts(limit=100_000), unit.audit(limit=100_000)
            assert newest in (acknowledged, acknowledged + 1)  # killed after the commit, before its acknowledgement
            assert {a.id for a in notices} == {f"alt_{n}" for n in range(1, newest + 1)}
            assert len(acts) == unit.head() == len(unit.changes(0, 100_000)) == newest
            assert unit.first_broken_audit_row() is None
            complete = unit.refutations(status=RefutationStatus.PUBLISHED, limit=100_000)
            assert len(complete) == newest and all(r.published for r in complete)
        if fresh_url.startswith("sqlite"):
            with records.read() as unit:
                assert unit._connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert newest > KILLS


@pytest.mark.postgres
def test_a_stopped_writer_is_cut_off_and_the_others_go_on(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.records.engine.SILENT_WRITER_TIMEOUT_MS", 500)
    silent, busy = open_records(postgres_url), open_records(postgres_url)
    busy.migrate()
    written = threading.Event()
    with pytest.raises(RecordsUnavailable), silent.begin() as unit:
        unit.put_claim(claim("clm_silent"))
        unit.append_audit(NOW, "edt_a", "saved", "ref_1", {})  # holds the head of the chain

        def write() -> None:
            with busy.begin() as other:
                other.append_audit(NOW, "edt_b", "saved", "ref_2", {})
                other.changed(Changed.CLAIM, "clm_1")
            written.set()

        thread = threading.Thread(target=write)
        thread.start()
        assert written.wait(20)
        thread.join()
    with busy.read() as unit:
        assert [e.actor_id for e in unit.audit()] == ["edt_b"]
        assert unit.claim("clm_silent") is None
        assert unit._connection.execute(text("SELECT count(*) FROM claims")).scalar() == 0
    silent.close()
    busy.close()
