"""The audit chain (reliability.md 5) and named leases.

Each row carries the hash of its predecessor and of its own canonical bytes, so an edit, a deletion or another order
shows at the first row that no longer follows. The head row remembers where the chain ends, so a cut tail shows too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, case, or_, select, update

from index.model import AuditEntry
from index.records.room import Room, bounded
from index.records.tables.desk import audit_head, audit_log, leases
from index.records.types import clean, clean_json

READ_AT_ONCE = 1000


class AuditRoom(Room):
    """Who did what, in an order that cannot be changed unseen."""

    def hold_desk(self) -> None:
        """Locks the head of the chain, which every act of the desk needs in the end; SQLite's writers queue anyway."""
        self._one(select(audit_head.c.seq).with_for_update())

    def append_audit(self, at: datetime, actor_id: str, act: str, subject_id: str, values: Mapping[str, str]) -> None:
        """One row of the hash chain. The head stays locked until the commit, so acts of others wait."""
        head = self._one(select(audit_head.c.seq, audit_head.c.row_hash).with_for_update())
        assert head is not None, "the head of the audit chain is missing"
        row = {
            "seq": head["seq"] + 1,
            "at": at.astimezone(UTC),
            "actor_id": clean(actor_id),
            "act": clean(act),
            "subject_id": clean(subject_id),
            "values": clean_json(values),
            "prev_hash": head["row_hash"],
        }
        row["row_hash"] = _hash_of(row)
        self._add(audit_log, row)
        self._change(update(audit_head).values(seq=row["seq"], row_hash=row["row_hash"]))

    def audit(
        self, *, subject_id: str | None = None, limit: int = 100, before_seq: int | None = None
    ) -> tuple[AuditEntry, ...]:
        """Newest first."""
        statement = select(audit_log)
        if subject_id is not None:
            statement = statement.where(audit_log.c.subject_id == subject_id)
        if before_seq is not None:
            statement = statement.where(audit_log.c.seq < bounded(before_seq))
        rows = self._all(statement.order_by(audit_log.c.seq.desc()).limit(bounded(limit)))
        return tuple(_entry(row) for row in rows)

    def first_broken_audit_row(self) -> int | None:
        """The seq of the first row whose hash does not follow from its content and its predecessor; the first missing
        one if the end was cut off; None for a whole chain."""
        seq, last_hash = 0, ""
        rows = self._connection.execute(select(audit_log).order_by(audit_log.c.seq)).mappings()
        for row in rows.yield_per(READ_AT_ONCE):
            if row["seq"] != seq + 1 or row["prev_hash"] != last_hash or row["row_hash"] != _hash_of(row):
                return int(row["seq"])
            seq, last_hash = row["seq"], row["row_hash"]
        head = self._one(select(audit_head.c.seq, audit_head.c.row_hash))
        is_whole = head is not None and (head["seq"], head["row_hash"]) == (seq, last_hash)
        return None if is_whole else seq + 1


class LeaseRoom(Room):
    """Named leases, such as the clock's: held by one process until they expire."""

    def take_lease(self, name: str, holder: str, now: datetime, ttl_s: float) -> int | None:
        """The epoch if `holder` holds the named lease now (new or renewed), else None. By compare-and-set."""
        insert = self._insert(leases).values(name=name, holder="", epoch=0, expires_at=now)
        self._connection.execute(insert.on_conflict_do_nothing())
        take = (
            update(leases)
            .where(leases.c.name == name, or_(leases.c.holder == holder, leases.c.expires_at <= now))
            .values(epoch=_epoch_for(holder), holder=holder, expires_at=now + timedelta(seconds=ttl_s))
            .returning(leases.c.epoch)
        )
        epoch = self._scalar(take)
        return None if epoch is None else int(epoch)

    def lease_end(self, name: str) -> datetime | None:
        """When the named lease ends or ended; None if nobody ever took it."""
        end: datetime | None = self._scalar(select(leases.c.expires_at).where(leases.c.name == name))
        return end

    def release_lease(self, name: str, holder: str) -> None:
        free = update(leases).where(leases.c.name == name, leases.c.holder == holder)
        self._change(free.values(holder="", expires_at=datetime.fromtimestamp(0, UTC)))


def _epoch_for(holder: str) -> Any:
    """A renewal keeps its epoch; a new holder gets the next one."""
    return case((leases.c.holder == holder, leases.c.epoch), else_=leases.c.epoch + 1)


def _hash_of(row: Mapping[Any, Any]) -> str:
    """SHA-256 of the row's content and its predecessor's hash, as JSON with sorted keys, without spaces, in UTF-8."""
    names = ("seq", "actor_id", "act", "subject_id", "values", "prev_hash")
    content = {name: row[name] for name in names} | {"at": row["at"].astimezone(UTC).isoformat(timespec="microseconds")}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _entry(row: RowMapping) -> AuditEntry:
    return AuditEntry(**{name: row[name] for name in AuditEntry.__dataclass_fields__})
