"""Claims and their sightings.

How often and when a claim circulated is read from its sightings, never stored twice: one grouped join a page, no
query a row. A sighting that quotes the claim to deny it is no spread and does not count.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, select, update

from index.model import Claim, ClaimStatus, Sighting
from index.records.room import Room, batches, bounded
from index.records.tables.crawled import claims, sightings

CLAIM_FIELDS = tuple(Claim.__dataclass_fields__)
DERIVED = ("first_seen_at", "last_seen_at", "sighting_count", "asked_count")
SIGHTING_COLUMNS = [sightings.c[name] for name in Sighting.__dataclass_fields__]


class ClaimRoom(Room):
    """Claims, and where and when each was seen."""

    def put_claim(self, claim: Claim) -> None:
        """Counts and first/last-seen are derived from the sightings on reading; those fields of `claim` are ignored."""
        self._put(claims, {name: getattr(claim, name) for name in CLAIM_FIELDS if name not in DERIVED})

    def claim(self, claim_id: str) -> Claim | None:
        return self.claims([claim_id]).get(claim_id)

    def claims(self, ids: Collection[str]) -> dict[str, Claim]:
        found: dict[str, Claim] = {}
        for batch in batches(ids):
            rows = self._all(_claims_with_spread(claims.c.id.in_(batch), sightings.c.claim_id.in_(batch)))
            found.update((row["id"], _claim(row)) for row in rows)
        return found

    def list_claims(
        self, *, status: ClaimStatus | None = None, topic: str = "", text: str = "", limit: int = 50, offset: int = 0
    ) -> tuple[Claim, ...]:
        """Unmerged claims, latest seen first; `text` is a plain substring of the statement."""
        statement = select(claims.c.id).where(claims.c.merged_into.is_(None))
        if status is not None:
            statement = statement.where(claims.c.status == status)
        if topic:
            statement = statement.where(claims.c.topic == topic)
        if text:
            statement = statement.where(claims.c.statement.icontains(text, autoescape=True))
        statement = statement.order_by(_last_seen_at().desc(), claims.c.id.desc())
        page = statement.limit(bounded(limit)).offset(bounded(offset)).cte("page")
        ids = select(page.c.id)
        found = _claims_with_spread(claims.c.id.in_(ids), sightings.c.claim_id.in_(ids))
        latest_first = found.order_by(found.selected_columns.last_seen_at.desc(), claims.c.id.desc())
        return tuple(_claim(row) for row in self._all(latest_first))

    def count_claims(self, *, status: ClaimStatus | None = None) -> int:
        """Unmerged claims."""
        statement = select(func.count()).select_from(claims).where(claims.c.merged_into.is_(None))
        return int(self._scalar(statement if status is None else statement.where(claims.c.status == status)))

    def add_asked(self, claim_id: str) -> None:
        """One more reader wants to know."""
        self._change(update(claims).where(claims.c.id == claim_id).values(asked_count=claims.c.asked_count + 1))

    # --- sightings ---

    def put_sighting(self, sighting: Sighting) -> None:
        """It spread when it was published, else when we saw it; a date after that is a mistake of the page."""
        spread_at = min(sighting.published_at or sighting.seen_at, sighting.seen_at).astimezone(UTC)
        row = {name: getattr(sighting, name) for name in Sighting.__dataclass_fields__}
        self._put(sightings, {**row, "spread_at": spread_at, "spread_on": spread_at.date()})

    def sighting(self, sighting_id: str) -> Sighting | None:
        row = self._one(select(*SIGHTING_COLUMNS).where(sightings.c.id == sighting_id))
        return None if row is None else Sighting(**row)

    def sightings(self, claim_id: str, limit: int = 200) -> tuple[Sighting, ...]:
        """Newest first."""
        statement = select(*SIGHTING_COLUMNS).where(sightings.c.claim_id == claim_id)
        newest_first = (sightings.c.spread_at.desc(), sightings.c.id.desc())
        return tuple(Sighting(**row) for row in self._all(statement.order_by(*newest_first).limit(bounded(limit))))

    def wordings(self, claim_id: str, limit: int = 30) -> tuple[Sighting, ...]:
        """The first sighting of each distinct fingerprint of the claim, oldest first."""
        return self.wordings_of([claim_id], limit).get(claim_id, ())

    def wordings_of(self, claim_ids: Collection[str], limit: int = 30) -> dict[str, tuple[Sighting, ...]]:
        """The wordings of several claims in one statement."""
        oldest_first = (sightings.c.spread_at, sightings.c.id)
        found: dict[str, list[Sighting]] = {}
        for batch in batches(claim_ids):
            same_text = (sightings.c.claim_id, sightings.c.fingerprint)
            place = func.row_number().over(partition_by=same_text, order_by=oldest_first)
            ranked = select(sightings.c.id, place.label("place")).where(sightings.c.claim_id.in_(batch)).subquery()
            statement = (
                select(*SIGHTING_COLUMNS)
                .join_from(sightings, ranked, ranked.c.id == sightings.c.id)
                .where(ranked.c.place == 1)
                .order_by(*oldest_first)
            )
            for row in self._all(statement):
                found.setdefault(row["claim_id"], []).append(Sighting(**row))
        return {claim_id: tuple(wordings[: bounded(limit)]) for claim_id, wordings in found.items()}

    def sighting_by_fingerprint(self, fingerprint: str) -> Sighting | None:
        """The first one seen with exactly this text."""
        statement = select(*SIGHTING_COLUMNS).where(sightings.c.fingerprint == fingerprint)
        row = self._one(statement.order_by(sightings.c.seen_at, sightings.c.id).limit(1))
        return None if row is None else Sighting(**row)

    def move_sightings(self, from_claim: str, to_claim: str) -> tuple[str, ...]:
        """Moves all; returns the moved ids (kept by the caller for undo)."""
        move = update(sightings).where(sightings.c.claim_id == from_claim).values(claim_id=to_claim)
        return tuple(sorted(row["id"] for row in self._all(move.returning(sightings.c.id))))

    def move_sighting(self, sighting_id: str, to_claim: str) -> None:
        self._change(update(sightings).where(sightings.c.id == sighting_id).values(claim_id=to_claim))

    def daily_sightings(self, claim_ids: Collection[str], first: date, last: date) -> dict[str, list[int]]:
        """Sightings a UTC day from `first` to `last` inclusive (zeros filled in), debunks not counted."""
        day_count = max((last - first).days + 1, 0)
        days = {claim_id: [0] * day_count for claim_id in claim_ids}
        for batch in batches(claim_ids):
            statement = (
                select(sightings.c.claim_id, sightings.c.spread_on, func.count().label("count"))
                .where(
                    sightings.c.claim_id.in_(batch),
                    sightings.c.is_debunk.is_(False),
                    sightings.c.spread_on.between(first, last),
                )
                .group_by(sightings.c.claim_id, sightings.c.spread_on)
            )
            for row in self._all(statement):
                days[row["claim_id"]][(row["spread_on"] - first) // timedelta(days=1)] = row["count"]
        return days


    def spread_of_answered(self, since: datetime, recent: datetime, least: int) -> dict[str, tuple[datetime, ...]]:
        """When answered claims circulated since then, oldest first, by what their publishers dated; only claims that
        were seen at least so often since `recent`."""
        counted = and_(sightings.c.is_debunk.is_(False), sightings.c.published_at.is_not(None))
        answered = select(claims.c.id).where(claims.c.status == ClaimStatus.ANSWERED, claims.c.merged_into.is_(None))
        often = (
            select(sightings.c.claim_id)
            .where(sightings.c.claim_id.in_(answered), counted, sightings.c.spread_at >= recent)
            .group_by(sightings.c.claim_id)
            .having(func.count() >= least)
        )
        statement = (
            select(sightings.c.claim_id, sightings.c.spread_at)
            .where(sightings.c.claim_id.in_(often), counted, sightings.c.spread_at >= since)
            .order_by(sightings.c.spread_at)
        )
        found: dict[str, list[datetime]] = {}
        for row in self._all(statement):
            found.setdefault(row["claim_id"], []).append(row["spread_at"])
        return {claim_id: tuple(times) for claim_id, times in found.items()}


def _last_seen_at() -> ColumnElement[datetime]:
    """Of the claim in hand. One step in an index a claim, however often it was seen."""
    newest = select(func.max(sightings.c.spread_at)).where(
        sightings.c.claim_id == claims.c.id, sightings.c.is_debunk.is_(False)
    )
    return func.coalesce(newest.scalar_subquery(), claims.c.created_at)


def _claims_with_spread(which: ColumnElement[bool], of_sightings: ColumnElement[bool]) -> Select[Any]:
    """Claims with how often and when they circulated; before the first sighting, since they were made."""
    spread = (
        select(
            sightings.c.claim_id,
            func.count().label("count"),
            func.min(sightings.c.spread_at).label("first_at"),
            func.max(sightings.c.spread_at).label("last_at"),
        )
        .where(of_sightings, sightings.c.is_debunk.is_(False))
        .group_by(sightings.c.claim_id)
        .subquery("spread")
    )
    return (
        select(
            *(claims.c[name] for name in CLAIM_FIELDS if name not in DERIVED),
            claims.c.asked_count,
            func.coalesce(spread.c.count, 0).label("sighting_count"),
            func.coalesce(spread.c.first_at, claims.c.created_at).label("first_seen_at"),
            func.coalesce(spread.c.last_at, claims.c.created_at).label("last_seen_at"),
        )
        .join_from(claims, spread, spread.c.claim_id == claims.c.id, isouter=True)
        .where(which)
    )


def _claim(row: RowMapping) -> Claim:
    return Claim(**{**row, "status": ClaimStatus(row["status"])})
