"""Refutations, their revisions and the alerts that announced them.

A published revision and an alert are written once; triggers refuse any later change, `put_revision` raises Conflict.
`threads` and its side tables repeat what lists filter by; they are derived anew whenever a refutation, a published
revision or an alert is written, in the same transaction, so the order of those writes does not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, exists, func, insert, select, update

from index.errors import Conflict, InvalidInput
from index.model import Alert, AlertKind, Refutation, RefutationStatus, Revision, RevisionStatus, Severity
from index.ports import ThreadFilter
from index.records import refutation_text
from index.records.citations import CitationRoom
from index.records.room import batches, bounded
from index.records.tables.published import (
    alerts,
    refutation_regions,
    refutation_topics,
    refutations,
    revisions,
    threads,
)

IN_WORK = (RevisionStatus.DRAFT, RevisionStatus.IN_REVIEW)
SEVERITIES = tuple(Severity)  # mildest first
ALERT_FIELDS = tuple(Alert.__dataclass_fields__)


class PublicationRoom(CitationRoom):
    """Our own reviews, from the first draft to the last notice."""

    def put_refutation(self, refutation: Refutation) -> None:
        """Writes the refutation's own columns, not its revisions."""
        names = ("id", "thread_id", "claim_id", "status", "created_at", "version")
        self._put(refutations, {name: getattr(refutation, name) for name in names})
        self._derive_thread(refutation.id)
        self._derive_citations(self.refutation(refutation.id))

    def put_revision(
        self, revision: Revision, expected_version: int | None = None, *, is_training: bool = False
    ) -> None:
        """Raises: Conflict if `expected_version` is given and the stored version differs, if the revision was published
        already, or if another revision of the refutation is in work. `is_training` lets an author approve."""
        row = {name: getattr(revision, name) for name in Revision.__dataclass_fields__}
        row |= {"text": refutation_text.to_json(revision.text), "is_training": is_training}
        changeable = update(revisions).where(revisions.c.id == revision.id)
        changeable = changeable.where(revisions.c.status != RevisionStatus.PUBLISHED)
        if expected_version is not None:
            changeable = changeable.where(revisions.c.version == expected_version)
        if revision.status in IN_WORK:
            self._require_sole_work(revision)
        if self._change(changeable.values(row)) == 0:
            is_known = self._scalar(select(exists().where(revisions.c.id == revision.id)))
            if is_known or expected_version is not None:
                raise Conflict(f"revision {revision.id} was changed by somebody else")
            self._add(revisions, row)
        if revision.status is RevisionStatus.PUBLISHED:
            self._derive_thread(revision.refutation_id)
        self._derive_citations(self.refutation(revision.refutation_id))

    def refutation(self, refutation_id: str) -> Refutation | None:
        return self._first_where(refutations.c.id == refutation_id)

    def refutation_by_thread(self, thread_id: str) -> Refutation | None:
        return self._first_where(refutations.c.thread_id == thread_id)

    def refutations(
        self,
        *,
        claim_id: str | None = None,
        status: RefutationStatus | None = None,
        in_work: bool | None = None,
        limit: int = 200,
    ) -> tuple[Refutation, ...]:
        """`in_work=True`: those with a draft or a revision in review."""
        statement = select(refutations)
        if claim_id is not None:
            statement = statement.where(refutations.c.claim_id == claim_id)
        if status is not None:
            statement = statement.where(refutations.c.status == status)
        if in_work is not None:
            has_work = exists().where(revisions.c.refutation_id == refutations.c.id, revisions.c.status.in_(IN_WORK))
            statement = statement.where(has_work if in_work else ~has_work)
        newest_first = statement.order_by(refutations.c.created_at.desc(), refutations.c.id.desc())
        return self._with_revisions(self._all(newest_first.limit(bounded(limit))))

    # --- alerts ---

    def add_alert(self, alert: Alert) -> None:
        """Written once; the database refuses a second issue or cancel of a thread and a second notice of a revision."""
        self._add(alerts, {name: getattr(alert, name) for name in ALERT_FIELDS})
        self._derive_thread(alert.refutation_id)

    def alert(self, alert_id: str) -> Alert | None:
        row = self._one(select(alerts).where(alerts.c.id == alert_id))
        return None if row is None else _alert(row)

    def alerts_of(self, thread_ids: Collection[str]) -> dict[str, tuple[Alert, ...]]:
        """Notices by thread, oldest first."""
        notices: dict[str, list[Alert]] = {thread_id: [] for thread_id in thread_ids}
        for batch in batches(thread_ids):
            oldest_first = select(alerts).where(alerts.c.thread_id.in_(batch)).order_by(alerts.c.sent_at, alerts.c.id)
            for row in self._all(oldest_first):
                notices[row["thread_id"]].append(_alert(row))
        return {thread_id: tuple(of_thread) for thread_id, of_thread in notices.items()}

    def list_alerts(self, *, after_id: str = "", limit: int = 50, newest_first: bool = True) -> tuple[Alert, ...]:
        """Notices by id (ids sort by time); `after_id` only those with a greater id."""
        order = alerts.c.id.desc() if newest_first else alerts.c.id
        statement = select(alerts).where(alerts.c.id > after_id).order_by(order).limit(bounded(limit))
        return tuple(_alert(row) for row in self._all(statement))

    # --- threads ---

    def list_threads(self, filter: ThreadFilter, *, limit: int = 50, offset: int = 0) -> tuple[Refutation, ...]:
        """Refutations with at least one notice, newest notice first; the filter looks at the published revision.

        Raises: InvalidInput for an unknown `min_severity`.
        """
        statement = (
            select(refutations)
            .join_from(threads, refutations)
            .where(*_conditions(filter))
            .order_by(threads.c.newest_at.desc(), threads.c.newest_alert_id.desc())
            .limit(bounded(limit))
            .offset(bounded(offset))
        )
        return self._with_revisions(self._all(statement))

    def count_threads(self, filter: ThreadFilter) -> int:
        """Raises: InvalidInput for an unknown `min_severity`."""
        return int(self._scalar(select(func.count()).select_from(threads).where(*_conditions(filter))))

    def _derive_thread(self, refutation_id: str) -> None:
        # two transactions on one refutation must not derive from what the other has not committed
        self._one(select(refutations.c.id).where(refutations.c.id == refutation_id).with_for_update())
        for table in (threads, refutation_topics, refutation_regions):
            self._change(delete(table).where(table.c.refutation_id == refutation_id))
        refutation = self.refutation(refutation_id)
        notices = self._all(
            select(alerts).where(alerts.c.refutation_id == refutation_id).order_by(alerts.c.sent_at, alerts.c.id)
        )
        if refutation is None or refutation.published is None or not notices:
            return
        text = refutation.published.text
        is_withdrawn = any(row["kind"] == AlertKind.CANCEL for row in notices)
        self._add(
            threads,
            {
                "refutation_id": refutation_id,
                "verdict": text.verdict or "",
                "language": text.language,
                "severity": SEVERITIES.index(text.severity),
                "newest_at": notices[-1]["sent_at"],
                "newest_alert_id": notices[-1]["id"],
                "is_withdrawn": is_withdrawn,
                "is_corrected": is_withdrawn
                or any(row["kind"] == AlertKind.UPDATE and row["is_material"] for row in notices),
            },
        )
        for table, column, labels in (
            (refutation_topics, "topic", text.topics),
            (refutation_regions, "region", text.regions),
        ):
            rows = [{"refutation_id": refutation_id, column: label} for label in dict.fromkeys(labels)]
            if rows:
                self._connection.execute(insert(table), rows)

    def _require_sole_work(self, revision: Revision) -> None:
        statement = select(revisions.c.id).where(
            revisions.c.refutation_id == revision.refutation_id,
            revisions.c.status.in_(IN_WORK),
            revisions.c.id != revision.id,
        )
        if self._one(statement) is not None:
            raise Conflict(f"refutation {revision.refutation_id} has another revision in work")

    def _first_where(self, condition: ColumnElement[bool]) -> Refutation | None:
        found = self._with_revisions(self._all(select(refutations).where(condition)))
        return found[0] if found else None

    def _with_revisions(self, rows: Sequence[RowMapping]) -> tuple[Refutation, ...]:
        written: dict[str, list[Revision]] = {row["id"]: [] for row in rows}
        for batch in batches(written):
            oldest_first = select(revisions).where(revisions.c.refutation_id.in_(batch))
            for row in self._all(oldest_first.order_by(revisions.c.number, revisions.c.id)):
                written[row["refutation_id"]].append(_revision(row))
        return tuple(
            Refutation(**{**row, "status": RefutationStatus(row["status"]), "revisions": tuple(written[row["id"]])})
            for row in rows
        )


def _conditions(filter: ThreadFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filter.verdicts:
        conditions.append(threads.c.verdict.in_(sorted(filter.verdicts)))
    if filter.languages:
        conditions.append(threads.c.language.in_(sorted(filter.languages)))
    if filter.topics:
        conditions.append(_has_label(refutation_topics, "topic", filter.topics))
    if filter.regions:
        conditions.append(_has_label(refutation_regions, "region", filter.regions))
    if filter.min_severity:
        if filter.min_severity not in SEVERITIES:
            raise InvalidInput(f"unknown severity {filter.min_severity!r}", field="min_severity")
        conditions.append(threads.c.severity >= SEVERITIES.index(Severity(filter.min_severity)))
    if filter.since is not None:
        conditions.append(threads.c.newest_at >= filter.since)
    if filter.until is not None:
        conditions.append(threads.c.newest_at <= filter.until)
    if filter.corrected_only:
        conditions.append(threads.c.is_corrected)
    if not filter.include_withdrawn:
        conditions.append(~threads.c.is_withdrawn)
    return conditions


def _has_label(table: Any, column: str, labels: Collection[str]) -> ColumnElement[bool]:
    return exists().where(table.c.refutation_id == threads.c.refutation_id, table.c[column].in_(sorted(labels)))


def _revision(row: RowMapping) -> Revision:
    values = {name: row[name] for name in Revision.__dataclass_fields__}
    values |= {
        "kind": AlertKind(row["kind"]),
        "status": RevisionStatus(row["status"]),
        "text": refutation_text.from_json(row["text"]),
    }
    return Revision(**values)


def _alert(row: RowMapping) -> Alert:
    return Alert(**{**row, "kind": AlertKind(row["kind"]), "references": tuple(row["references"])})
