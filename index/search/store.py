"""The truth of the embedded engine: one SQLite row a document id, each write numbered, so that readers and the terms
index can catch up from any point.

`head` is the number of the last write, `applied` the last one that the terms index (lexical.py) holds; rows between
them are replayed after a crash. `applied` 0 means that the terms index must be made anew. `generation` grows when rows
vanished (rebuild), which a catch-up by number would miss.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.model import SearchDocument
from index.ports import Vectors
from index.search.rules import clean, field_text, unit, url_keys

FORMAT = 1  # part of the file's name: a newer program starts a fresh file
BUSY_MS = 30_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- an id's number for ever; the terms index knows documents by it
    id TEXT NOT NULL UNIQUE,
    seq INTEGER NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL,
    kind TEXT NOT NULL, parent TEXT NOT NULL, language TEXT NOT NULL,
    source TEXT NOT NULL, verdict TEXT NOT NULL, state TEXT NOT NULL,
    topics TEXT NOT NULL, regions TEXT NOT NULL, url_keys TEXT NOT NULL,  -- JSON lists
    title TEXT NOT NULL, statement TEXT NOT NULL, body TEXT NOT NULL,  -- words joined by spaces
    title_vector BLOB, statement_vector BLOB  -- float32
) STRICT;
CREATE TABLE IF NOT EXISTS state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    head INTEGER NOT NULL, applied INTEGER NOT NULL, generation INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO state VALUES (1, 0, 0, 1);
"""
_COLUMNS = (
    "id", "seq", "version", "is_deleted", "kind", "parent", "language", "source", "verdict", "state",
    "topics", "regions", "url_keys", "title", "statement", "body", "title_vector", "statement_vector",
)  # fmt: skip
# The statements are made of the fixed names above; every value is bound.
_INSERT = f"INSERT INTO documents ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + c for c in _COLUMNS)})"  # noqa: S608
_UPDATE = f"UPDATE documents SET {', '.join(f'{c} = :{c}' for c in _COLUMNS)} WHERE id = :id"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Marks:
    """How far the rows and the terms index have come."""

    head: int
    applied: int
    generation: int


class Store:
    """One connection to the rows. It numbers writes and keeps newest versions; it does not lock out other writers."""

    def __init__(self, path: Path, dimensions: int) -> None:
        self._dimensions = dimensions
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
        self._connection.row_factory = sqlite3.Row
        try:
            # FULL: what sync was told is written survives a power cut, so its cursor never runs ahead of the index.
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            self.close()
            raise

    def create(self) -> None:
        """Makes the tables where they are missing."""
        self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def data_version(self) -> int:
        """A number that changes when any other connection has committed; costs microseconds."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def marks(self) -> Marks:
        return Marks(*self._connection.execute("SELECT head, applied, generation FROM state").fetchone())

    def put(self, documents: Sequence[SearchDocument]) -> int:
        """Stores those with a greater version than the stored one, in one transaction. Returns how many."""
        with self._transaction():
            head = first = self.marks().head
            for document in documents:
                known = self._version(document.id)
                if known is not None and document.version <= known:
                    continue
                head += 1
                self._connection.execute(_INSERT if known is None else _UPDATE, self._row(document, head))
            self._connection.execute("UPDATE state SET head = ?", (head,))
        return head - first

    def replace(self, documents: Sequence[SearchDocument]) -> int:
        """Makes `documents` the whole content, in one transaction. Returns how many of them are alive."""
        with self._transaction():
            head = self.marks().head
            self._connection.execute("CREATE TEMP TABLE kept (id TEXT PRIMARY KEY)")
            self._connection.executemany("INSERT INTO kept VALUES (?)", ((d.id,) for d in documents))
            self._connection.execute("DELETE FROM documents WHERE id NOT IN (SELECT id FROM kept)")
            self._connection.execute("DROP TABLE kept")
            for document in documents:
                head += 1
                known = self._version(document.id)
                self._connection.execute(_INSERT if known is None else _UPDATE, self._row(document, head))
            self._connection.execute(
                "UPDATE state SET head = ?, applied = 0, generation = generation + 1", (head + 1,)
            )
        return sum(not document.is_deleted for document in documents)

    def set_applied(self, seq: int) -> None:
        self._connection.execute("UPDATE state SET applied = ?", (seq,))

    def rows_after(self, seq: int) -> Iterator[sqlite3.Row]:
        """The rows written after `seq`, tombstones too, in the order of writing."""
        return iter(self._connection.execute("SELECT * FROM documents WHERE seq > ? ORDER BY seq", (seq,)))

    def changes(self, seq: int, generation: int) -> tuple[Marks, list[sqlite3.Row]]:
        """Marks and rows of one moment: the rows after `seq`, or every one if `generation` is not the present one."""
        with self._transaction("DEFERRED"):
            marks = self.marks()
            return marks, list(self.rows_after(seq if marks.generation == generation else 0))

    def versions(self) -> dict[str, int]:
        rows = self._connection.execute("SELECT id, version FROM documents WHERE NOT is_deleted")
        return {row["id"]: row["version"] for row in rows}

    def count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM documents WHERE NOT is_deleted").fetchone()[0])

    def is_sound(self) -> bool:
        """Whether SQLite finds nothing wrong in the file. Reads all of it."""
        return str(self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]) == "ok"

    def _version(self, id: str) -> int | None:
        row = self._connection.execute("SELECT version FROM documents WHERE id = ?", (id,)).fetchone()
        return None if row is None else int(row[0])

    def _transaction(self, kind: str = "IMMEDIATE") -> _Transaction:
        return _Transaction(self._connection, kind)

    def _row(self, document: SearchDocument, seq: int) -> dict[str, Any]:
        row: dict[str, Any] = {"id": document.id, "seq": seq, "version": document.version}
        row["is_deleted"] = int(document.is_deleted)
        for name in ("kind", "parent", "language", "source", "verdict", "state"):
            row[name] = clean(str(getattr(document, name)))
        for name in ("topics", "regions"):
            row[name] = json.dumps([clean(value) for value in getattr(document, name)])
        row["url_keys"] = json.dumps(url_keys(document.url_keys))
        for name in ("title", "statement", "body"):
            row[name] = "" if document.is_deleted else field_text(getattr(document, name))
        for name in ("title_vector", "statement_vector"):
            vector = None if document.is_deleted else unit(getattr(document, name), self._dimensions)
            row[name] = None if vector is None else as_blob(vector)
        return row


def as_blob(vector: Vectors) -> bytes:
    """Little-endian float32, 4 bytes a dimension."""
    return vector.astype("<f4").tobytes()


class _Transaction:
    """Commits at the end of the block, rolls back when it raises."""

    def __init__(self, connection: sqlite3.Connection, kind: str) -> None:
        self._connection = connection
        self._kind = kind

    def __enter__(self) -> None:
        self._connection.execute(f"BEGIN {self._kind}")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
