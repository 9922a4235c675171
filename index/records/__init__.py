"""The system of record: SQLite or PostgreSQL behind the port `Records`, with its migrations."""

from __future__ import annotations

from index.records.engine import open_engines
from index.records.unit import SqlRecords, SqlUnit

__all__ = ["SqlRecords", "SqlUnit", "open_records"]


def open_records(url: str) -> SqlRecords:
    """The records at a SQLAlchemy URL: `sqlite:///folder/clarion.db` or `postgresql+psycopg://user@host/name`.

    Opens nothing yet; `migrate()` makes the tables. Raises: SettingError for any other address.
    """
    return SqlRecords(open_engines(url))
