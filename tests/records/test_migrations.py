"""Migrations: one source for both databases, up and down, the schema that the tables describe, safe when run twice."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import IntegrityError

from index.errors import Refused
from index.records import open_records, schema
from index.records.engine import Engines, open_engines
from index.records.tables import metadata
from tests.records.samples import NOW, claim, publish, sighting, source, tip

REVISIONS = [script.revision for script in ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()][::-1]
PROCESSES = 3


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'clarion.db'}"
    make: Callable[[], str] = request.getfixturevalue("new_postgres_url")
    return make()


@pytest.fixture
def engines(empty_url: str) -> Iterator[Engines]:
    opened = open_engines(empty_url)
    yield opened
    opened.dispose()


def _schema_of(engine: Engine) -> dict[str, object]:
    found = inspect(engine)
    described: dict[str, object] = {
        name: (
            sorted(str(c["name"]) + str(c["type"]) + str(c["nullable"]) for c in found.get_columns(name)),
            sorted(str(i["name"]) + str(i["column_names"]) + str(i["unique"]) for i in found.get_indexes(name)),
            sorted(str(f["name"]) for f in found.get_foreign_keys(name)),
            sorted(str(c["name"]) for c in found.get_check_constraints(name)),
        )
        for name in found.get_table_names()
    }
    listed = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if engine.dialect.name == "postgresql":
        listed = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    with engine.connect() as connection:
        described["triggers"] = sorted(connection.execute(text(listed)).scalars())
    return described


def _columns(engine: Engine) -> dict[str, list[str]]:
    found = inspect(engine)
    return {name: [c["name"] for c in found.get_columns(name)] for name in metadata.tables if found.has_table(name)}


def _rows_hash(engine: Engine, columns: dict[str, list[str]]) -> dict[str, str]:
    """A hash of each table's rows, in the columns given."""
    with engine.connect() as connection:
        rows = {
            name: connection.execute(select(*(metadata.tables[name].c[column] for column in listed))).all()
            for name, listed in columns.items()
        }
    return {name: hashlib.sha256(repr(sorted(map(repr, found))).encode()).hexdigest() for name, found in rows.items()}


def _seed(url: str) -> None:
    records = open_records(url)
    with records.begin() as unit:
        unit.put_source(source(), NOW)
        unit.put_claim(claim())
        unit.put_sighting(sighting())
        publish(unit, 1)
        unit.put_tip(tip(), "receipt")
        unit.append_audit(NOW, "edt_a", "approved", "ref_1", {"headline": "x"})
    records.close()


def test_the_migrated_schema_is_the_one_the_tables_describe(engines: Engines) -> None:
    schema.upgrade(engines.write)
    with engines.write.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": metadata}
        )
        assert compare_metadata(context, metadata) == []


def test_the_comparison_notices_a_missing_column_and_a_missing_index(engines: Engines) -> None:
    schema.upgrade(engines.write)
    with engines.write.begin() as connection:
        connection.execute(text("ALTER TABLE tips DROP COLUMN reason"))
        connection.execute(text("DROP INDEX ix_claims_status"))
    with engines.write.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    assert sorted(str(difference[0]) for difference in found) == ["add_column", "add_index"]


def test_b12_every_migration_goes_up_down_and_up_again(engines: Engines) -> None:
    empty = _schema_of(engines.write)
    seen = [empty]
    for number, revision in enumerate(REVISIONS):
        schema.upgrade(engines.write, revision)
        upgraded = _schema_of(engines.write)
        assert upgraded not in seen
        schema.downgrade(engines.write, REVISIONS[number - 1] if number else "base")
        assert {k: v for k, v in _schema_of(engines.write).items() if k != "alembic_version"} == {
            k: v for k, v in seen[-1].items() if k != "alembic_version"
        }
        schema.upgrade(engines.write, revision)
        assert _schema_of(engines.write) == upgraded
        seen.append(upgraded)


def test_b12_rows_survive_a_step_back_and_forth(engines: Engines, empty_url: str) -> None:
    schema.upgrade(engines.write)
    _seed(empty_url)
    everything = _columns(engines.write)
    before = _rows_hash(engines.write, everything)
    schema.downgrade(engines.write, "0002")
    kept = _columns(engines.write)
    in_between = _rows_hash(engines.write, kept)
    assert len(kept) == len(everything) - 4 and in_between["claims"] == before["claims"]
    schema.upgrade(engines.write)
    assert _rows_hash(engines.write, kept) == in_between
    assert _rows_hash(engines.write, everything) == before  # nothing of the new columns was set
    with pytest.raises(IntegrityError), engines.write.begin() as connection:
        connection.execute(text("DELETE FROM alerts"))


def test_records_say_whether_their_schema_is_current(empty_url: str, engines: Engines) -> None:
    records = open_records(empty_url)
    assert not records.schema_is_current()
    assert records.migrate() == REVISIONS[-1]
    assert records.schema_is_current()
    assert records.migrate() == REVISIONS[-1]
    schema.downgrade(engines.write, "0002")
    assert not records.schema_is_current()
    records.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(empty_url: str, engines: Engines) -> None:
    records = open_records(empty_url)
    records.migrate()
    with engines.write.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not records.schema_is_current()
    with pytest.raises(Refused) as refusal:
        records.migrate()
    assert refusal.value.code == "schema_newer"
    records.close()


def _migrate(url: str, ready: object, told: object) -> None:
    records = open_records(url)
    ready.wait()  # type: ignore[attr-defined]
    told.put(records.migrate())  # type: ignore[attr-defined]
    records.close()


def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready, told = spawn.Barrier(PROCESSES), spawn.Queue()
    workers = [spawn.Process(target=_migrate, args=(empty_url, ready, told)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    assert [told.get(timeout=5) for _ in workers] == [REVISIONS[-1]] * PROCESSES
    records = open_records(empty_url)
    assert records.schema_is_current()
    with records.read() as unit:
        assert unit.head() == 0
    records.close()
