"""Fresh records for each test: migrated once a run, then copied (SQLite) or emptied (PostgreSQL)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from index.records import SqlRecords, open_records
from index.records.tables import metadata
from tests.engines.postgres_server import drop_database, new_database


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty, migrated database that nobody is connected to; once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('migrated') / 'clarion.db'}"
    else:
        url = new_database(request.getfixturevalue("postgres_server_url"))
    records = open_records(url)
    records.migrate()
    records.close()
    yield url
    if request.param == "postgres":
        drop_database(url)


@pytest.fixture
def fresh_url(migrated_url: str, tmp_path: Path) -> str:
    """The address of an empty, migrated database that this test has for itself."""
    if migrated_url.startswith("sqlite"):
        shutil.copy(migrated_url.removeprefix("sqlite:///"), tmp_path / "clarion.db")
        return f"sqlite:///{tmp_path / 'clarion.db'}"
    _empty(migrated_url)
    return migrated_url


@pytest.fixture
def records(fresh_url: str) -> Iterator[SqlRecords]:
    """Empty records of this test's own; once on SQLite, once on PostgreSQL."""
    opened = open_records(fresh_url)
    yield opened
    opened.close()


def _empty(url: str) -> None:
    """Also what is guarded by triggers, which a replica's session does not fire."""
    with psycopg.connect(url.replace("+psycopg", ""), options="-c lock_timeout=10s") as connection:
        connection.execute("SET session_replication_role = replica")
        for table in metadata.tables.values():
            connection.execute(f"DELETE FROM {table.name}")  # type: ignore[call-overload]
        connection.execute("INSERT INTO change_head (id, seq) VALUES (1, 0)")
        connection.execute("INSERT INTO audit_head (id, seq, row_hash) VALUES (1, 0, '')")
