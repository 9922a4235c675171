"""The truth of the embedded engine: one SQLite row a document id, each write numbered, so that readers and the terms
index can catch up from any point. Vectors stand in a file beside it (vectors.py), named by the number of their row.

`head` is the number of the last write, `applied` the last one that the terms index (lexical.py) holds; rows between
them are replayed after a crash. `applied` 0 means that the terms index must be made anew. `generation` grows when rows
vanished (rebuild) or vectors moved (another file), which a catch-up by number would miss.
Texts and URL keys have tables of their own: who opens the index reads neither.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.model import SearchDocument
from index.search.rules import TEXT_FIELDS, VECTOR_FIELDS, clean, field_text, unit, url_keys
from index.search.vectors import VectorFile, VectorsDamaged, VectorWriter

FORMAT = 2  # part of the file's name: a newer program starts a fresh file
BUSY_MS = 30_000
UNUSED_LEAST = 10_000  # vectors; with more out of use than in use besides, the file is written anew

ROW_FIELDS = ("title_row", "statement_row")  # the columns that say where a document's VECTOR_FIELDS stand

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- an id's number for ever; the terms index knows documents by it
    id TEXT NOT NULL UNIQUE,
    seq INTEGER NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL,
    kind TEXT NOT NULL, parent TEXT NOT NULL, language TEXT NOT NULL, state TEXT NOT NULL,
    topics TEXT NOT NULL,  -- a JSON list
    title_row INTEGER, statement_row INTEGER  -- in the file of vectors
) STRICT;
CREATE INDEX IF NOT EXISTS documents_by_parent ON documents (parent);
CREATE TABLE IF NOT EXISTS texts (
    number INTEGER PRIMARY KEY,
    title TEXT NOT NULL, statement TEXT NOT NULL, body TEXT NOT NULL  -- words joined by spaces
) STRICT;
CREATE TABLE IF NOT EXISTS links (url_key TEXT, number INTEGER, PRIMARY KEY (url_key, number)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_by_number ON links (number);
CREATE TABLE IF NOT EXISTS state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    head INTEGER NOT NULL, applied INTEGER NOT NULL, generation INTEGER NOT NULL,
    file INTEGER NOT NULL,  -- the number in the name of the file of vectors
    row_count INTEGER NOT NULL, unused_count INTEGER NOT NULL  -- its rows, and how many of them no document has
) STRICT;
INSERT OR IGNORE INTO state VALUES (1, 0, 0, 1, 1, 0, 0);
"""
_COLUMNS = (
    "id", "seq", "version", "is_deleted", "kind", "parent", "language", "state", "topics", *ROW_FIELDS,
)  # fmt: skip
# The statements are made of the fixed names above; every value is bound.
_INSERT = f"INSERT INTO documents ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + c for c in _COLUMNS)})"  # noqa: S608
_UPDATE = f"UPDATE documents SET {', '.join(f'{c} = :{c}' for c in _COLUMNS)} WHERE id = :id"  # noqa: S608
_KNOWN = f"SELECT number, seq, version, {', '.join(ROW_FIELDS)} FROM documents WHERE id = ?"  # noqa: S608
_OF_GONE = "DELETE FROM {} WHERE number IN (SELECT number FROM documents WHERE seq <= ?)"


@dataclass(frozen=True, slots=True)
class Marks:
    """How far the rows and the terms index have come, and where the vectors are."""

    head: int
    applied: int
    generation: int
    file: int
    row_count: int
    unused_count: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reader has to take, of one moment: rows in the order of writing, tombstones too."""

    marks: Marks
    last_number: int
    vectors: VectorFile | None
    rows: Iterator[sqlite3.Row]


class Store:
    """One connection to the rows. It numbers writes and keeps newest versions; it does not lock out other writers."""

    def __init__(self, path: Path, dimensions: int) -> None:
        self._path = path
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

    # ------------------------------------------------------------------------------------------------------- reading

    def data_version(self) -> int:
        """A number that changes when any other connection has committed; costs microseconds."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def marks(self) -> Marks:
        return Marks(*self._connection.execute("SELECT * FROM state").fetchone()[1:])

    @contextmanager
    def changes(self, known: Marks, file: VectorFile | None) -> Iterator[Changes]:
        """The rows after those of `known`, or every one if its generation is over; `file` is the one known so far.

        Raises: VectorsDamaged.
        """
        with self._transaction("DEFERRED"):
            marks = self.marks()
            is_same = marks.generation == known.generation
            if marks.row_count and (file is None or not is_same):
                file = VectorFile(self.vectors_path(marks.file), self._dimensions)
            last = self._connection.execute("SELECT coalesce(max(number), 0) FROM documents").fetchone()[0]
            rows = self._connection.execute(
                "SELECT * FROM documents WHERE seq > ? ORDER BY seq", (known.head if is_same else 0,)
            )
            yield Changes(marks, last, file if marks.row_count else None, iter(rows))

    def texts_after(self, seq: int) -> Iterator[sqlite3.Row]:
        """The rows written after `seq` with their texts, tombstones too, in the order of writing."""
        return iter(
            self._connection.execute(
                "SELECT * FROM documents LEFT JOIN texts USING (number) WHERE seq > ? ORDER BY seq", (seq,)
            )
        )

    def numbers_of_parents(self, parents: Collection[str]) -> list[int]:
        return self._numbers("SELECT number FROM documents WHERE parent = ?", parents)

    def numbers_of_links(self, keys: Collection[str]) -> list[int]:
        return self._numbers("SELECT number FROM links WHERE url_key = ?", keys)

    def _numbers(self, question: str, values: Collection[str]) -> list[int]:
        found = (self._connection.execute(question, (clean(value),)).fetchall() for value in values)
        return sorted({row[0] for rows in found for row in rows})

    def versions(self) -> dict[str, int]:
        rows = self._connection.execute("SELECT id, version FROM documents WHERE NOT is_deleted")
        return {row["id"]: row["version"] for row in rows}

    def count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM documents WHERE NOT is_deleted").fetchone()[0])

    def is_sound(self) -> bool:
        """Whether SQLite finds nothing wrong in the file, and no vector is missing. Reads all of the former."""
        marks = self.marks()
        try:
            if marks.row_count:
                VectorFile(self.vectors_path(marks.file), self._dimensions).rows(marks.row_count - 1, marks.row_count)
        except VectorsDamaged:
            return False
        return str(self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]) == "ok"

    def vectors_path(self, file: int) -> Path:
        return self._path.with_name(f"vectors-{FORMAT}-{file}.f32")

    # ------------------------------------------------------------------------------------------------------- writing

    def put(self, documents: Sequence[SearchDocument]) -> int:
        """Stores those with a greater version than the stored one, in one transaction. Returns how many.

        Raises: VectorsDamaged.
        """
        with self._transaction(), self._writer(self.marks()) as writer:
            marks = self.marks()
            for document in documents:
                known = self._known(document.id)
                if known is None or document.version > known["version"]:
                    marks = self._set(document, known, marks, writer)
            writer.flush()
            if marks.unused_count > UNUSED_LEAST + marks.row_count - marks.unused_count:
                marks = self._move_vectors(marks)
            before = self.marks()
            self._set_marks(marks)
        return marks.head - before.head

    def replace(self, documents: Iterable[SearchDocument]) -> int:
        """Makes `documents` the whole content, in one transaction; of one id the newest version, and of equal versions
        the first. Returns how many of them are alive."""
        with self._transaction():
            before = self.marks()
            fresh = replace(before, file=before.file + 1, row_count=0, unused_count=0)
            with self._writer(fresh) as writer:
                for document in documents:
                    known = self._known(document.id)
                    is_repeated = known is not None and known["seq"] > before.head
                    if known is None or not is_repeated or document.version > known["version"]:
                        fresh = self._set(document, known, fresh, writer, may_reuse=is_repeated)
                writer.flush()
            for table in ("texts", "links", "documents"):
                self._connection.execute(_OF_GONE.format(table), (before.head,))
            fresh = replace(fresh, head=fresh.head + 1, applied=0, generation=before.generation + 1)
            self._set_marks(fresh)
            return self.count()

    def set_applied(self, seq: int) -> None:
        self._connection.execute("UPDATE state SET applied = ?", (seq,))

    def delete_unused_files(self) -> None:
        """Deletes files of vectors that no row refers to any more; who has one open keeps it until it catches up."""
        used = self.vectors_path(self.marks().file)
        for path in used.parent.glob(f"vectors-{FORMAT}-*.f32"):
            if path != used:
                path.unlink(missing_ok=True)

    def _set(
        self,
        document: SearchDocument,
        known: sqlite3.Row | None,
        marks: Marks,
        writer: VectorWriter,
        may_reuse: bool = True,
    ) -> Marks:
        """Writes one document; returns the marks after it."""
        row: dict[str, Any] = {"seq": marks.head + 1, "version": document.version}
        row["is_deleted"] = int(document.is_deleted)
        row |= {name: clean(str(getattr(document, name))) for name in ("id", "kind", "parent", "language", "state")}
        row["topics"] = json.dumps([clean(value) for value in document.topics])
        unused = marks.unused_count
        for name, field in zip(ROW_FIELDS, VECTOR_FIELDS, strict=True):
            old = known[name] if known is not None and may_reuse else None
            vector = None if document.is_deleted else unit(getattr(document, field), self._dimensions)
            if vector is None:
                row[name] = None
            else:
                row[name] = old if old is not None and writer.has(old, vector) else writer.append(vector)
            unused += old is not None and old != row[name]
        number = known["number"] if known is not None else None
        if number is None:
            number = self._connection.execute(_INSERT, row).lastrowid
        else:
            self._connection.execute(_UPDATE, row)
            self._connection.execute("DELETE FROM links WHERE number = ?", (number,))
        texts = ["" if document.is_deleted else field_text(getattr(document, name)) for name in TEXT_FIELDS]
        self._connection.execute("INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?)", (number, *texts))
        keys = () if document.is_deleted else url_keys(document.url_keys)
        self._connection.executemany("INSERT INTO links VALUES (?, ?)", [(key, number) for key in keys])
        return replace(marks, head=marks.head + 1, row_count=writer.count, unused_count=unused)

    def _move_vectors(self, marks: Marks) -> Marks:
        """Copies the vectors in use to another file."""
        moved = replace(marks, file=marks.file + 1, row_count=0, unused_count=0, generation=marks.generation + 1)
        old = VectorFile(self.vectors_path(marks.file), self._dimensions)
        with self._writer(moved) as writer:
            for name in ROW_FIELDS:
                used = self._connection.execute(f"SELECT number, {name} FROM documents WHERE {name} IS NOT NULL")  # noqa: S608
                for number, row in used.fetchall():
                    self._connection.execute(
                        f"UPDATE documents SET {name} = ? WHERE number = ?",  # noqa: S608
                        (writer.append(old.rows(row, row + 1)[0]), number),
                    )
            writer.flush()
            return replace(moved, row_count=writer.count)

    def _writer(self, marks: Marks) -> VectorWriter:
        return VectorWriter(self.vectors_path(marks.file), self._dimensions, marks.row_count)

    def _set_marks(self, marks: Marks) -> None:
        self._connection.execute(
            "UPDATE state SET head = ?, applied = ?, generation = ?, file = ?, row_count = ?, unused_count = ?",
            (marks.head, marks.applied, marks.generation, marks.file, marks.row_count, marks.unused_count),
        )

    def _known(self, id: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(_KNOWN, (clean(id),)).fetchone()
        return row

    def _transaction(self, kind: str = "IMMEDIATE") -> _Transaction:
        return _Transaction(self._connection, kind)


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
