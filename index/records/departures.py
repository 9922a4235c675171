"""Items that their source does not list any more, and whose pages may be gone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, or_, select, update

from index.model import Absence
from index.records.room import batches
from index.records.sources import SourceRoom
from index.records.tables.crawled import evidence, outsides, seen_items, seen_names
from index.records.types import key_of

LOOKED_AT = 500  # items that are not on the list, withdrawn ones among them
_KEPT: dict[str, Table] = {"outside": outsides, "evidence": evidence}


class DepartureRoom(SourceRoom):
    """What a source showed once; when it was seen or its page asked for last stands with the item."""

    def departed_items(
        self,
        source_id: str,
        listed: Collection[str],
        cited: Collection[str],
        *,
        now: datetime,
        seen_before: datetime,
        new_since: datetime,
        limit: int,
    ) -> tuple[Absence, ...]:
        """Reviews and notices of the source that stand `now` and are not `listed`: those `cited`, then those first seen
        since `new_since`; in each the ones first that were not asked for for longest."""
        on_list = {row["id"] for row in self._known_items(source_id, [key_of(name) for name in listed]).values()}
        known = self._known_items(source_id, [key_of(name) for name in cited])
        rows: list[Any] = sorted(known.values(), key=lambda row: row["last_seen_at"])
        newer = (
            select(func.min(seen_names.c.name).label("name"), seen_items)
            .join_from(seen_names, seen_items)
            .where(seen_names.c.source_id == source_id, seen_items.c.first_seen_at >= new_since)
            .where(seen_items.c.kind.in_(_KEPT), seen_items.c.last_seen_at <= seen_before)
            .group_by(seen_items.c.id)
            .order_by(seen_items.c.last_seen_at, seen_items.c.id)
            .limit(len(on_list) + LOOKED_AT)
        )
        once: dict[int, Any] = {}
        for row in (*rows, *self._all(newer)):
            is_due = row["kind"] in _KEPT and row["last_seen_at"] <= seen_before
            if is_due and row["id"] not in on_list:
                once.setdefault(row["id"], row)
        found: list[Absence] = []
        urls = self._standing([(row["kind"], row["record_id"]) for row in once.values()], now)
        for row in once.values():
            if (url := urls.get(row["record_id"])) and len(found) < limit:
                found.append(Absence(row["name"], url))
        return tuple(found)

    def asked_again(self, source_id: str, names: Collection[str], now: datetime) -> None:
        """Their pages were asked for."""
        ids = {row["id"] for row in self._known_items(source_id, [key_of(name) for name in names]).values()}
        self._change(update(seen_items).where(seen_items.c.id.in_(ids)).values(last_seen_at=now))

    def _standing(self, kept: Collection[tuple[str, str]], now: datetime) -> dict[str, str]:
        """The addresses of the records that nobody has withdrawn; of notices, those in force: publishers take down what
        has expired or was replaced."""
        in_force = (evidence.c.superseded_by == "", or_(evidence.c.expires_at.is_(None), evidence.c.expires_at > now))
        found: dict[str, str] = {}
        for kind, table in _KEPT.items():
            for batch in batches([id for of, id in kept if of == kind]):
                stands = select(table.c.id, table.c.url).where(table.c.id.in_(batch), table.c.is_withdrawn.is_(False))
                stands = stands.where(*in_force) if table is evidence else stands
                found.update((row["id"], row["url"]) for row in self._all(stands) if row["url"])
        return found
