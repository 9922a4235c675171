"""Engines: one that writes, one that only reads, set up so that an acknowledged commit is durable.

SQLite: WAL and synchronous=FULL on every connection, asserted there. Writers begin with BEGIN IMMEDIATE and queue in
a pool of one, which is fair, before they meet other processes at the file lock (busy_timeout). Readers have their own
engine, see a snapshot and never wait for a writer.
PostgreSQL: writers are READ COMMITTED and never commit asynchronously; a writer that falls silent inside a
transaction is cut off, so that a stopped process cannot hold the change or audit head. Readers are REPEATABLE READ
READ ONLY.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from index.errors import SettingError

BUSY_TIMEOUT_MS = 5000
RETRY_S = 0.002
WRITER_WAIT_S = 10.0
SILENT_WRITER_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Engines:
    """The two ways into one database."""

    write: Engine
    read: Engine

    @property
    def is_sqlite(self) -> bool:
        return self.write.dialect.name == "sqlite"

    def dispose(self) -> None:
        self.write.dispose()
        self.read.dispose()

    def forget_connections(self) -> None:
        """For a forked process (gunicorn --preload): leaves its parent's connections alone and opens its own."""
        self.write.dispose(close=False)
        self.read.dispose(close=False)


def open_engines(url: str) -> Engines:
    """Raises: SettingError for an address that is neither a SQLite file nor PostgreSQL by psycopg."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingError("CLARION_DATABASE_URL is not a database address") from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return _sqlite(parsed)
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise SettingError(f"CLARION_DATABASE_URL names an unknown database: {parsed.drivername}")


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# --- SQLite ---


def _sqlite(url: URL) -> Engines:
    if not url.database or url.database == ":memory:":
        raise SettingError("CLARION_DATABASE_URL must name a file: a database in memory is not durable")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write = create_engine(
        url, json_serializer=to_json, pool_size=1, max_overflow=0, pool_timeout=WRITER_WAIT_S, hide_parameters=True
    )
    read = create_engine(url, json_serializer=to_json, pool_size=5, max_overflow=20, hide_parameters=True)
    event.listen(write, "connect", _sqlite_connect(is_reading=False))
    event.listen(read, "connect", _sqlite_connect(is_reading=True))
    event.listen(write, "begin", _begin_writing)
    event.listen(read, "begin", _begin("BEGIN"))
    return Engines(write, read)


def _sqlite_connect(*, is_reading: bool) -> Callable[[sqlite3.Connection, Any], None]:
    def connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        _enter_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # an erased tip leaves no bytes in free pages
        if is_reading:
            connection.execute("PRAGMA query_only=ON")
        (level,) = connection.execute("PRAGMA synchronous").fetchone()
        if level != 2:
            raise RuntimeError(f"SQLite runs with synchronous={level}: commits would not be durable")

    return connect


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switching needs the whole file for a moment, and SQLite does not wait for it by itself."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
            continue
        if mode != "wal":
            raise RuntimeError(
                f"SQLite cannot use WAL here (journal_mode={mode}); is the folder on a network file system?"
            )
        return


def _begin(statement: str) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return begin


def _begin_writing(connection: Connection) -> None:
    """BEGIN IMMEDIATE, tried every RETRY_S while another process writes.

    SQLite's own waiting sleeps longer the longer it has waited, up to .1 s: whoever came last goes first, and two busy
    processes each wait many times as long as the other's transaction lasts.
    """
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < deadline:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                time.sleep(RETRY_S)
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # its error is SQLAlchemy's
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


# --- PostgreSQL ---


def _postgresql(url: URL) -> Engines:
    common: dict[str, Any] = {"json_serializer": to_json, "pool_pre_ping": True, "pool_size": 5, "max_overflow": 10}
    common["hide_parameters"] = True  # errors are logged; what readers and sources wrote is not
    write = create_engine(url, **common)
    read = create_engine(url, isolation_level="REPEATABLE READ", **common)
    event.listen(write, "connect", _postgresql_connect)
    event.listen(read, "begin", _begin("SET TRANSACTION READ ONLY"))
    return Engines(write, read)


def _postgresql_connect(connection: Any, _record: Any) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, false)", (str(SILENT_WRITER_TIMEOUT_MS),)
        )
        # stronger settings (remote_apply) are the operator's choice and stay
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.autocommit = False
