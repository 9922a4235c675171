"""How the databases are opened: durable writers, readers that cannot write, and errors with a name."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from index.errors import RecordsUnavailable, SettingError
from index.ports import Changed
from index.records import SqlRecords, open_records
from index.records.engine import open_engines
from tests.engines.processes import free_port
from tests.records.samples import NOW, claim, source


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://root@127.0.0.1/x", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://x/y"]
)
def test_an_address_that_cannot_be_used_is_a_setting_error(url: str) -> None:
    with pytest.raises(SettingError, match="CLARION_DATABASE_URL"):
        open_records(url)


def _held_connections(engine: Engine, count: int) -> list[Connection]:
    return [engine.connect() for _ in range(count)]


def test_b10_every_pooled_sqlite_connection_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    engines = open_engines(f"sqlite:///{tmp_path / 'x.db'}")
    held = [*_held_connections(engines.read, 8), *_held_connections(engines.write, 1)]
    asked = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "secure_delete")
    answers = {tuple(c.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked) for c in held}
    for connection in held:
        connection.close()
    engines.dispose()
    assert answers == {("wal", 2, 5000, 1, 1)}


def test_b10_a_sqlite_writer_holds_the_write_lock_from_its_first_moment(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    engines = open_engines(f"sqlite:///{path}")
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with engines.write.begin(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    with engines.read.begin():
        other.execute("BEGIN IMMEDIATE")
    other.close()
    engines.dispose()


def test_b14_a_sqlite_writer_waits_for_another_process_and_no_longer_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.db"
    engines = open_engines(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.2, other.commit)
    ending.start()
    with engines.write.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 5000
    ending.join()
    monkeypatch.setattr("index.records.engine.BUSY_TIMEOUT_MS", 50)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DBAPIError, match="locked"), engines.write.begin():
        pass
    other.close()
    engines.dispose()


def _setting(postgres_url: str, synchronous_commit: str) -> str:
    database = postgres_url.rsplit("/", 1)[1]
    return f"ALTER DATABASE {database} SET synchronous_commit = {synchronous_commit}"


@pytest.mark.postgres
def test_b10_every_pooled_postgresql_writer_commits_durably_and_cannot_fall_asleep_on_a_lock(postgres_url: str) -> None:
    engines = open_engines(postgres_url)
    with engines.write.begin() as connection:
        connection.execute(text(_setting(postgres_url, "off")))
    engines.dispose()
    engines = open_engines(postgres_url)
    held = _held_connections(engines.write, 8)
    asked = ("synchronous_commit", "idle_in_transaction_session_timeout", "transaction_isolation")
    answers = {tuple(c.execute(text(f"SHOW {name}")).scalar() for name in asked) for c in held}
    for connection in held:
        connection.close()
    with engines.read.begin() as connection:
        asked = ("transaction_isolation", "transaction_read_only")
        reading = [connection.execute(text(f"SHOW {name}")).scalar() for name in asked]
    engines.dispose()
    assert answers == {("on", "30s", "read committed")}
    assert reading == ["repeatable read", "on"]


@pytest.mark.postgres
def test_a_stronger_commit_setting_of_the_operator_stays(postgres_url: str) -> None:
    engines = open_engines(postgres_url)
    with engines.write.begin() as connection:
        connection.execute(text(_setting(postgres_url, "remote_apply")))
    engines.dispose()
    engines = open_engines(postgres_url)
    with engines.read.connect(), engines.write.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "remote_apply"
    engines.dispose()


def test_a_reading_unit_cannot_write(records: SqlRecords) -> None:
    with pytest.raises((RecordsUnavailable, DBAPIError)), records.read() as unit:
        unit.put_claim(claim())
    with pytest.raises(RuntimeError), records.read() as unit:
        unit.changed(Changed.CLAIM, "clm_1")
    with records.read() as unit:
        assert unit.count_claims() == 0


def test_a_unit_that_fails_gives_its_connection_back(records: SqlRecords) -> None:
    for _ in range(40):  # more than both pools hold
        with pytest.raises(ZeroDivisionError), records.begin() as unit:
            unit.put_source(source(), NOW)
            raise ZeroDivisionError
        with pytest.raises(ZeroDivisionError), records.read() as unit:
            raise ZeroDivisionError
    with records.read() as unit:
        assert unit.sources() == ()


def test_b14_a_lock_held_too_long_is_an_error_with_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.records.engine.BUSY_TIMEOUT_MS", 50)
    records = open_records(f"sqlite:///{tmp_path / 'x.db'}")
    records.migrate()
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordsUnavailable, match="locked"), records.begin():
        pass
    with records.read() as unit:  # readers do not care
        assert unit.head() == 0
    other.execute("ROLLBACK")
    with records.begin() as unit:
        unit.put_claim(claim())
    records.close()


@pytest.mark.parametrize("act", [SqlRecords.migrate, SqlRecords.schema_is_current, lambda r: r.begin().__enter__()])
def test_a_database_that_is_not_there_is_an_error_with_a_name(act: Any) -> None:
    records = open_records(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")
    with pytest.raises(RecordsUnavailable):
        act(records)
    records.close()


def test_b11_a_file_that_is_not_a_database_is_an_error_with_a_name(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is not a database, but it is long enough to be one" * 100)
    records = open_records(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises((RecordsUnavailable, DBAPIError)):
        records.migrate()
    records.close()


def _read_and_write(records: SqlRecords, number: int, told: Any) -> None:
    with records.read() as unit:
        before = unit.count_claims()
        server = None
        if unit._connection.dialect.name == "postgresql":
            server = unit._connection.execute(text("SELECT pg_backend_pid()")).scalar()
    with records.begin() as unit:
        unit.put_claim(claim(f"clm_{number}"))
    told.put((before, server))


def test_a_forked_process_opens_connections_of_its_own(records: SqlRecords) -> None:
    fork = multiprocessing.get_context("fork")
    told = fork.SimpleQueue()
    _read_and_write(records, 0, told)
    children = [fork.Process(target=_read_and_write, args=(records, n, told)) for n in (1, 2)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    _read_and_write(records, 3, told)
    answers = [told.get() for _ in range(4)]
    assert [child.exitcode for child in children] == [0, 0]
    assert (answers[0][0], answers[3][0]) == (0, 3)
    if answers[0][1] is not None:
        assert len({server for _, server in answers}) == 3  # the parent keeps its own


@pytest.mark.postgres
def test_b15_a_connection_cut_by_the_server_is_replaced_without_an_error(postgres_url: str) -> None:
    records = open_records(postgres_url)
    records.migrate()
    with records.read() as unit, records.begin() as writer:
        assert (unit.head(), writer.head()) == (0, 0)
    with records.begin() as unit:
        cut = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert unit._connection.execute(text(cut)).scalar() >= 1
    with records.read() as unit:
        assert unit.head() == 0
    other = open_records(postgres_url)
    with pytest.raises(RecordsUnavailable), records.begin() as unit:
        own = unit._connection.execute(text("SELECT pg_backend_pid()")).scalar()
        with other.begin() as cutter:
            cutter._connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
        unit.put_claim(claim())
    with records.begin() as unit:
        assert unit.count_claims() == 0
    other.close()
    records.close()
