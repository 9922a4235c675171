"""The log of polls: one row a poll, for the desk's page of a source and for judging drift and silence; and of each
source the last body that could be used and the last that could not.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Executable, and_, bindparam, delete, func, or_, select

from index.model import CheckCounts, PollCounts, SourceCheck, SourceSample
from index.records.room import Room, bounded
from index.records.source_rows import check_of, check_row, sample_of, sample_row
from index.records.tables.crawled import source_checks, source_samples

_OWN = source_checks.c.source_id == bindparam("b_source")
_SINCE = source_checks.c.checked_at >= bindparam("b_since")
_NEWEST = (  # built once, as the other statements of a poll are
    select(source_checks)
    .where(_OWN)
    .order_by(source_checks.c.checked_at.desc(), source_checks.c.id.desc())
    .limit(bindparam("b_limit"))
)
_ALL, _ALL_SINCE = _NEWEST, _NEWEST.where(_SINCE)
_IS_FULL = source_checks.c.status == "ok"
_FULL, _FULL_SINCE = _NEWEST.where(_IS_FULL), _NEWEST.where(_IS_FULL, _SINCE)
IS_NEWS = or_(source_checks.c.new_count > 0, source_checks.c.variant_count > 0)


class CheckRoom(Room):
    """What each poll came to."""

    def add_check(self, check: SourceCheck) -> None:
        self._add(source_checks, check_row(check))

    def checks(self, source_id: str, *, limit: int, since: datetime | None = None) -> tuple[SourceCheck, ...]:
        """Newest first."""
        return self._newest(_ALL if since is None else _ALL_SINCE, source_id, limit, since)

    def full_checks(self, source_id: str, *, limit: int, since: datetime | None = None) -> tuple[SourceCheck, ...]:
        """Only those that read a new body, newest first."""
        return self._newest(_FULL if since is None else _FULL_SINCE, source_id, limit, since)

    def check_counts(self, since: datetime) -> dict[str, CheckCounts]:
        """Of every source that was polled since."""
        log = source_checks.c
        statement = (
            select(
                log.source_id,
                func.count().label("check_count"),
                func.count().filter(log.status == "error").label("error_count"),
                func.sum(log.new_count + log.variant_count).label("new_count"),
                func.sum(log.label_count).label("label_count"),
                func.sum(log.unmapped_count).label("unmapped_count"),
            )
            .where(log.checked_at >= since)
            .group_by(log.source_id)
        )
        names = CheckCounts.__dataclass_fields__
        return {row["source_id"]: CheckCounts(**{n: int(row[n]) for n in names}) for row in self._all(statement)}

    def poll_counts(self, since: datetime) -> tuple[PollCounts, ...]:
        """All polls since, by their outcome."""
        log = source_checks.c
        sums = [name for name in PollCounts.__dataclass_fields__ if name not in ("status", "code", "poll_count")]
        statement = (
            select(log.status, log.code, func.count().label("poll_count"), *(func.sum(log[n]).label(n) for n in sums))
            .where(log.checked_at >= since)
            .group_by(log.status, log.code)
            .order_by(log.status, log.code)
        )
        rows = self._all(statement)
        return tuple(
            PollCounts(row["status"], row["code"], **{n: int(row[n]) for n in ("poll_count", *sums)}) for row in rows
        )

    def arrivals(self, source_id: str, since: datetime) -> tuple[datetime, ...]:
        """When a poll brought something new, oldest first."""
        statement = (
            select(source_checks.c.checked_at)
            .where(source_checks.c.source_id == source_id, source_checks.c.checked_at >= since, IS_NEWS)
            .order_by(source_checks.c.checked_at)
        )
        return tuple(row["checked_at"] for row in self._all(statement))

    def delete_checks_before(self, quiet_before: datetime, all_before: datetime) -> int:
        """Deletes old rows of the log, those that brought something new later than the others; returns how many."""
        at = source_checks.c.checked_at
        return self._change(delete(source_checks).where(or_(at < all_before, and_(at < quiet_before, ~IS_NEWS))))

    def put_sample(self, sample: SourceSample) -> None:
        """In place of the one of the same source and kind."""
        self._put(source_samples, sample_row(sample))

    def samples(self, source_id: str) -> tuple[SourceSample, ...]:
        """The good one first."""
        own = select(source_samples).where(source_samples.c.source_id == source_id)
        return tuple(sample_of(row) for row in self._all(own.order_by(source_samples.c.is_good.desc())))

    def delete_samples_before(self, taken_before: datetime) -> int:
        return self._change(delete(source_samples).where(source_samples.c.taken_at < taken_before))

    def _newest(
        self, statement: Executable, source_id: str, limit: int, since: datetime | None
    ) -> tuple[SourceCheck, ...]:
        values = {"b_source": source_id, "b_limit": bounded(limit)} | ({} if since is None else {"b_since": since})
        return tuple(check_of(row) for row in self._connection.execute(statement, values).mappings())
