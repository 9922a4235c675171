"""One transaction over all the rooms, and the records that open it."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from index.errors import Conflict, RecordsUnavailable
from index.ports import Unit
from index.records import schema
from index.records.audit import AuditRoom, LeaseRoom
from index.records.changelog import ChangeRoom
from index.records.checks import CheckRoom
from index.records.claims import ClaimRoom
from index.records.departures import DepartureRoom
from index.records.engine import Engines
from index.records.people import PeopleRoom, TipRoom
from index.records.publications import PublicationRoom
from index.records.reviews import ReviewRoom
from index.records.together import Together

T = TypeVar("T")

#: PostgreSQL's deadlock and serialization failures.
LOST_TO_ANOTHER = ("40P01", "40001")


class SqlUnit(
    DepartureRoom,
    CheckRoom,
    ClaimRoom,
    ReviewRoom,
    PublicationRoom,
    ChangeRoom,
    PeopleRoom,
    TipRoom,
    AuditRoom,
    LeaseRoom,
):
    """The port `Unit`. It does not commit: the block that opened it does."""

    def finish(self) -> None:
        """Writes what waits for the end of the transaction."""
        self._number_changes()

    def require_unchanged(self) -> None:
        """At the end of a reading transaction, where a mark would be lost."""
        if self._marks:
            raise RuntimeError("a change was marked in a reading transaction")


class SqlRecords:
    """The port `Records`: SQLite or PostgreSQL behind one set of statements. It decides nothing."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._together = Together(lambda: self.begin())
        forked = weakref.WeakMethod(self._forked)
        os.register_at_fork(after_in_child=lambda: (own := forked()) and own())

    @contextmanager
    def begin(self) -> Iterator[SqlUnit]:
        """A writing transaction (BEGIN IMMEDIATE on SQLite). Raises: RecordsUnavailable."""
        with _availability(), self._engines.write.begin() as connection:
            unit = SqlUnit(connection)
            yield unit
            unit.finish()

    def together(self, act: Callable[[Unit], T], weight: int = 1) -> T:
        """Runs `act` in a writing transaction that acts of other threads may share; see the port."""
        return self._together.run(act, weight)

    @contextmanager
    def read(self) -> Iterator[SqlUnit]:
        """A read-only snapshot (REPEATABLE READ on PostgreSQL). Raises: RecordsUnavailable."""
        with _availability(), self._engines.read.connect() as connection, connection.begin() as transaction:
            unit = SqlUnit(connection)
            yield unit
            transaction.rollback()
            unit.require_unchanged()

    def migrate(self) -> str:
        """Brings the schema to the newest revision; returns its id. Safe to run from several processes at once."""
        with _availability():
            schema.upgrade(self._engines.write)
        return schema.newest_revision()

    def schema_is_current(self) -> bool:
        with _availability(), self._engines.read.connect() as connection:
            return schema.current_revision(connection) == schema.newest_revision()

    def close(self) -> None:
        self._engines.dispose()

    def _forked(self) -> None:
        self._together = Together(lambda: self.begin())
        self._engines.forget_connections()


@contextmanager
def _availability() -> Iterator[None]:
    """A database that does not answer, is locked, full or restarting is an expected error, and so is losing to another
    transaction; anything else is a bug and goes on as it is."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        if getattr(error.__cause__, "sqlstate", "") in LOST_TO_ANOTHER:
            raise Conflict("another transaction came first") from error
        raise RecordsUnavailable(str(error.__cause__ or error)) from error
    except IntegrityError as error:
        if _is_duplicate(error):
            raise Conflict("another transaction wrote the same first") from error
        raise
    except DBAPIError as error:
        if error.connection_invalidated:
            raise RecordsUnavailable(str(error.__cause__ or error)) from error
        raise


def _is_duplicate(error: IntegrityError) -> bool:
    cause = error.__cause__
    if getattr(cause, "sqlstate", "") == "23505":
        return True
    return getattr(cause, "sqlite_errorname", "") in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
