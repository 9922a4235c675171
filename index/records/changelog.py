"""The change log that search follows, its followers' cursors, and stored vectors.

Marks are collected and numbered as the last thing before a commit. The lock on the one head row is held until the
commit, so whoever has seen number n has seen every smaller one: nothing is overtaken on PostgreSQL either.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from sqlalchemy import Connection, bindparam, or_, select, update

from index.ports import Change, Changed, Vectors
from index.records.room import Room, batches, bounded
from index.records.tables.desk import change_head, changes, cursors, embeddings

STORED_FLOAT = np.dtype("<f4")
_RAISE_HEAD = update(change_head).values(seq=change_head.c.seq + bindparam("b_count")).returning(change_head.c.seq)


class ChangeRoom(Room):
    """What the index must still follow. It keeps the newest change of each record only."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._marks: dict[tuple[Changed, str], None] = {}

    def changed(self, kind: Changed, id: str) -> None:
        """Marks a record for the index; written once, in commit order, when the transaction commits."""
        self._marks[(kind, id)] = None

    def changes(self, after_seq: int, limit: int) -> tuple[Change, ...]:
        """Oldest first. A record that changed again is listed once, at its newest number."""
        statement = select(changes).where(changes.c.seq > after_seq).order_by(changes.c.seq).limit(bounded(limit))
        return tuple(Change(row["seq"], Changed(row["kind"]), row["id"]) for row in self._all(statement))

    def head(self) -> int:
        """The newest committed change number, 0 if none."""
        return int(self._scalar(select(change_head.c.seq)))

    def last_changes(self) -> dict[tuple[Changed, str], int]:
        return {(Changed(row["kind"]), row["id"]): row["seq"] for row in self._all(select(changes))}

    def cursor(self, name: str) -> int:
        return int(self._scalar(select(cursors.c.seq).where(cursors.c.name == name)) or 0)

    def set_cursor(self, name: str, seq: int) -> None:
        """Never moves backwards unless `seq` is 0."""
        insert = self._insert(cursors).values(name=name, seq=seq)
        forward = or_(cursors.c.seq < insert.excluded.seq, insert.excluded.seq == 0)
        self._connection.execute(
            insert.on_conflict_do_update(index_elements=["name"], set_={"seq": insert.excluded.seq}, where=forward)
        )

    def _number_changes(self) -> None:
        if not self._marks:
            return
        count = len(self._marks)
        first = self._connection.execute(_RAISE_HEAD, {"b_count": count}).scalar_one() - count + 1
        rows = [{"kind": kind, "id": id, "seq": first + place} for place, (kind, id) in enumerate(self._marks)]
        self._put_all(changes, rows)
        self._marks.clear()

    # --- vectors ---

    def embeddings(self, model: str, keys: Collection[str]) -> dict[str, Vectors]:
        """Stored vectors by key (SHA-256 hex of the text), in the shape they were stored in."""
        found: dict[str, Vectors] = {}
        for batch in batches(keys):
            wanted = select(embeddings).where(embeddings.c.model == model, embeddings.c.key.in_(batch))
            for row in self._all(wanted):
                vector = np.frombuffer(row["vector"], dtype=STORED_FLOAT).astype(np.float32)
                found[row["key"]] = vector.reshape(row["shape"])
        return found

    def put_embeddings(self, model: str, vectors: Mapping[str, Vectors]) -> None:
        if not vectors:
            return
        insert = self._insert(embeddings)
        replace = {"shape": insert.excluded.shape, "vector": insert.excluded.vector}
        rows = [
            {
                "model": model,
                "key": key,
                "shape": list(v.shape),
                "vector": np.ascontiguousarray(v, STORED_FLOAT).tobytes(),
            }
            for key, v in sorted(vectors.items())
        ]
        self._connection.execute(insert.on_conflict_do_update(index_elements=["model", "key"], set_=replace), rows)
