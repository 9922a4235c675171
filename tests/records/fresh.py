"""Fresh records for each test: migrated once a run, then copied (a file on SQLite, a template on PostgreSQL)."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from index.records import SqlRecords, open_records
from tests.engines.postgres_server import drop_database, new_database


@dataclass(frozen=True)
class Template:
    """An empty, migrated database that nobody is connected to."""

    url: str

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    def copy(self, folder: Path) -> str:
        if self.is_sqlite:
            path = folder / f"{uuid.uuid4().hex[:8]}.db"
            shutil.copy(self.url.removeprefix("sqlite:///"), path)
            return f"sqlite:///{path}"
        base, template = self.url.rsplit("/", 1)
        name = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(f"{base}/postgres".replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')  # type: ignore[call-overload]
        return f"{base}/{name}"


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('template') / 'clarion.db'}"
    else:
        url = new_database(request.getfixturevalue("postgres_server_url"))
    records = open_records(url)
    records.migrate()
    records.close()
    yield Template(url)
    if request.param == "postgres":
        drop_database(url)


@pytest.fixture
def fresh_url(template: Template, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database of this test's own."""
    url = template.copy(tmp_path)
    yield url
    if not template.is_sqlite:
        drop_database(url)


@pytest.fixture
def records(fresh_url: str) -> Iterator[SqlRecords]:
    """Empty records of this test's own; once on SQLite, once on PostgreSQL."""
    opened = open_records(fresh_url)
    yield opened
    opened.close()
