"""Bringing the schema up to date, from code: no alembic.ini, safe from several processes at once.

Everything happens in one transaction that excludes its likes from the start (BEGIN IMMEDIATE on SQLite, an advisory
lock on PostgreSQL), so whoever comes second finds the work done.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from index.errors import Refused

MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 0x636C6172  # "clar"


@cache
def newest_revision() -> str:
    """The id of the newest migration that this code carries."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None, "no migrations were packaged"
    return head


@cache
def _known_revisions() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Raises: Refused for a database that newer code has migrated."""
    with engine.begin() as connection:
        _exclude_others(connection)
        current = current_revision(connection)
        if current == newest_revision():
            return
        if current is not None and current not in _known_revisions():
            raise Refused(f"the database has schema {current}, which this version does not know", code="schema_newer")
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """For tests of migrations and for an operator who knows what is lost."""
    with engine.begin() as connection:
        _exclude_others(connection)
        command.downgrade(_config(connection), revision)


def current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _exclude_others(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
