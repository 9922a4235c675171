"""What every room of a unit stands on: the connection, and the few statements that all of them make."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Insert, RowMapping, Table
from sqlalchemy.dialects import postgresql, sqlite

#: Values in one IN list; SQLite and PostgreSQL both take about 32,000 parameters a statement.
BATCH = 1000
#: The largest number that both databases store; a page or a limit beyond it is as good as none.
MAX_NUMBER = 2**63 - 1


def batches(values: Collection[str]) -> Iterator[list[str]]:
    """The distinct values in lists short enough for one statement."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), BATCH):
        yield distinct[start : start + BATCH]


def bounded(number: int) -> int:
    return max(0, min(number, MAX_NUMBER))


class Room:
    """One subject's statements on the unit's connection. It does not begin or end transactions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_postgresql = connection.dialect.name == "postgresql"

    def _all(self, statement: Executable) -> Sequence[RowMapping]:
        return self._connection.execute(statement).mappings().all()

    def _one(self, statement: Executable) -> RowMapping | None:
        return self._connection.execute(statement).mappings().first()

    def _scalar(self, statement: Executable) -> Any:
        return self._connection.execute(statement).scalar()

    def _change(self, statement: Executable) -> int:
        """Runs a write; returns how many rows it met."""
        return self._connection.execute(statement).rowcount

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        return postgresql.insert(table) if self._is_postgresql else sqlite.insert(table)

    def _add(self, table: Table, values: Mapping[str, Any]) -> None:
        self._connection.execute(_plain(table), values)

    def _put(self, table: Table, values: Mapping[str, Any], keep: Collection[str] = ()) -> None:
        """Inserts the row or replaces the columns of the one with the same primary key, except those in `keep`."""
        statement = _upsert(table, self._is_postgresql, tuple(values), frozenset(keep))
        self._connection.execute(statement, values)

    def _put_all(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """As `_put`, many rows with the same columns at once."""
        self._connection.execute(_upsert(table, self._is_postgresql, tuple(rows[0]), frozenset()), list(rows))


@cache
def _plain(table: Table) -> Insert:
    return Insert(table)


@cache
def _upsert(table: Table, is_postgresql: bool, names: tuple[str, ...], keep: frozenset[str]) -> Executable:
    """Built once for each table and set of columns: a poll writes hundreds of rows."""
    insert = postgresql.insert(table) if is_postgresql else sqlite.insert(table)
    key = [column.name for column in table.primary_key.columns]
    replaced = {name: insert.excluded[name] for name in names if name not in key and name not in keep}
    return insert.on_conflict_do_update(index_elements=key, set_=replaced)
