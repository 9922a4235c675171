"""Sources, their state and leases; items seen before.

A poll is leased in two steps that hold on both databases: lock the hosts that may be asked now, then one UPDATE takes
the due sources of those hosts. Locking the host first is what keeps the pace per host over all crawl processes: two
workers never count the live leases of one host at the same time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, Subquery, and_, func, or_, select, update

from index.model import Health, Source, SourceKind, SourceLease, SourceState
from index.ports import SeenItem
from index.records.room import Room, batches
from index.records.source_rows import host_of, source_of, source_row, state_of, state_row
from index.records.tables.crawled import hosts, seen_items, seen_names, source_states, sources
from index.records.types import key_of

STATE_COLUMNS = [source_states.c[name] for name in SourceState.__dataclass_fields__]
#: What belongs to an address, and ends with it.
OF_ADDRESS = ("etag", "last_modified", "body_sha256", "address", "also_domain", "revalidation", "move", "proposal")


class SourceRoom(Room):
    """The registry as last loaded, what the crawler knows about each source, and who is reading it now."""

    def put_source(self, source: Source, now: datetime) -> None:
        """Adds or updates a registry entry; its state is kept, a new one is due `now`. A new address drops the
        validators of the old one: they would make the first answer look unchanged. It drops a move as well."""
        known = self._one(
            select(sources.c.url, source_states.c.address)
            .join_from(sources, source_states)
            .where(sources.c.id == source.id)
        )
        row = source_row(source)
        if known is not None and known["url"] == source.url and known["address"]:
            row["host"] = host_of(known["address"])
        self._put(sources, row)
        self._connection.execute(self._insert(hosts).values(host=row["host"]).on_conflict_do_nothing())
        if known is None:
            state = {**state_row(SourceState(source.id, now)), "lease_epoch": 0}
            self._connection.execute(self._insert(source_states).values(**state).on_conflict_do_nothing())
        elif known["url"] != source.url:
            forget = update(source_states).where(source_states.c.source_id == source.id)
            self._change(forget.values(dict.fromkeys(OF_ADDRESS)))

    def source(self, source_id: str) -> Source | None:
        row = self._one(select(sources).where(sources.c.id == source_id))
        return None if row is None else source_of(row)

    def sources(self) -> tuple[Source, ...]:
        """Every registry entry, by id."""
        return tuple(source_of(row) for row in self._all(select(sources).order_by(sources.c.id)))

    def source_state(self, source_id: str) -> SourceState | None:
        row = self._one(select(*STATE_COLUMNS).where(source_states.c.source_id == source_id))
        return None if row is None else state_of(row)

    def source_states(self) -> dict[str, SourceState]:
        return {row["source_id"]: state_of(row) for row in self._all(select(*STATE_COLUMNS))}

    def troubled_officials(self) -> tuple[tuple[Source, SourceState], ...]:
        """Enabled official sources that are neither ok nor paused, by id."""
        is_troubled = source_states.c.health.not_in([Health.OK, Health.PAUSED])
        statement = (
            select(*STATE_COLUMNS)
            .join_from(source_states, sources)
            .where(sources.c.kind == SourceKind.OFFICIAL, sources.c.is_enabled, is_troubled)
            .order_by(sources.c.id)
        )
        states = [state_of(row) for row in self._all(statement)]
        registry = self._sources_by_id(state.source_id for state in states)
        return tuple((registry[state.source_id], state) for state in states)

    def set_due(self, source_id: str, at: datetime) -> None:
        self._change(update(source_states).where(source_states.c.source_id == source_id).values(next_check_at=at))

    def hold_source(self, source_id: str) -> SourceState | None:
        """Its state, which nobody else changes until this transaction ends."""
        statement = select(*STATE_COLUMNS).where(source_states.c.source_id == source_id).with_for_update()
        row = self._one(statement)
        return None if row is None else state_of(row)

    def put_source_state(self, state: SourceState) -> None:
        """An editor's decision: the whole state. A poll under way is void, so it cannot overwrite the decision."""
        freed = {"lease_owner": None, "lease_until": None, "lease_epoch": source_states.c.lease_epoch + 1}
        change = update(source_states).where(source_states.c.source_id == state.source_id)
        self._change(change.values(state_row(state) | freed))
        self._keep_host(state)

    def _keep_host(self, state: SourceState) -> None:
        """Pace is kept for the host that is read now."""
        url = state.address or self._scalar(select(sources.c.url).where(sources.c.id == state.source_id))
        host = host_of(url or "")
        self._connection.execute(self._insert(hosts).values(host=host).on_conflict_do_nothing())
        self._change(update(sources).where(sources.c.id == state.source_id).values(host=host))

    # --- leases ---

    def lease_sources(
        self,
        owner: str,
        now: datetime,
        *,
        limit: int,
        lease_s: float,
        per_host: int = 2,
        host_gap_s: float = 1.0,
    ) -> tuple[SourceLease, ...]:
        """Takes due, enabled, unpaused sources: next_check_at passed and no live lease; at most `per_host` live leases
        and >= `host_gap_s` between starts per host (reliability.md A13). Most overdue first."""
        if limit <= 0:
            return ()
        open_hosts = self._lock_hosts(now, limit, per_host, host_gap_s)
        if not open_hosts:
            return ()
        # with a gap, a second start on the same host could not be now
        a_host = per_host if host_gap_s <= 0 else 1
        taken = self._all(_take(owner, now, limit, lease_s, open_hosts, per_host, a_host))
        registry = self._sources_by_id(row["source_id"] for row in taken)
        started = {host_of(source.url) for source in registry.values()}
        self._change(update(hosts).where(hosts.c.host.in_(started)).values(last_started_at=now))
        leases = (
            SourceLease(registry[row["source_id"]], state_of(row), owner, row["lease_epoch"], row["lease_until"])
            for row in taken
        )
        return tuple(sorted(leases, key=lambda lease: (lease.state.next_check_at, lease.source.id)))

    def renew_lease(self, lease: SourceLease, until: datetime) -> bool:
        """Moves the end of a lease that still holds."""
        return self._change(update(source_states).where(_is_held(lease)).values(lease_until=until)) == 1

    def finish_poll(self, lease: SourceLease, state: SourceState) -> bool:
        """Stores the state and frees the lease, if owner and epoch still hold it; False (nothing written) otherwise."""
        values = state_row(state) | {"lease_owner": None, "lease_until": None}
        del values["source_id"]
        if self._change(update(source_states).where(_is_held(lease)).values(values)) != 1:
            return False
        if state.address != lease.state.address:
            self._keep_host(state)
        return True

    def _lock_hosts(self, now: datetime, limit: int, per_host: int, host_gap_s: float) -> list[str]:
        """The most overdue hosts that may be asked now, locked until the commit; hosts that another worker has locked
        are left to it."""
        due = (
            select(sources.c.host, func.min(source_states.c.next_check_at).label("due_at"))
            .join_from(source_states, sources)
            .where(_is_due(now))
            .group_by(sources.c.host)
            .subquery("due")
        )
        live = _live(now)
        gap_ends = now - timedelta(seconds=max(host_gap_s, 0))
        statement = (
            select(hosts.c.host)
            .join_from(hosts, due, hosts.c.host == due.c.host)
            .outerjoin(live, live.c.host == hosts.c.host)
            .where(
                func.coalesce(live.c.count, 0) < per_host,
                or_(hosts.c.last_started_at.is_(None), hosts.c.last_started_at <= gap_ends),
            )
            .order_by(due.c.due_at, hosts.c.host)
            .limit(limit)
            .with_for_update(skip_locked=True, of=hosts)
        )
        return [row["host"] for row in self._all(statement)]

    def _sources_by_id(self, ids: Any) -> dict[str, Source]:
        found = self._all(select(sources).where(sources.c.id.in_(list(ids))))
        return {row["id"]: source_of(row) for row in found}

    # --- items seen ---

    def seen_item(self, source_id: str, native_ids: Collection[str]) -> SeenItem | None:
        """The item that has one of these names; the first name that is known decides."""
        names = [key_of(name) for name in native_ids]
        row = self._known_item(source_id, names)
        if row is None:
            return None
        return SeenItem(row["kind"], row["record_id"], row["content_sha256"], row["revision_count"])

    def put_seen_item(
        self, source_id: str, native_id: str, seen: SeenItem, aliases: Collection[str], now: datetime
    ) -> None:
        """Remembers an item under all its names. A name that belongs to another item stays with that item."""
        names = [key_of(name) for name in (native_id, *aliases)]
        values = {**asdict(seen), "last_seen_at": now}
        known = self._known_item(source_id, names)
        if known is None:
            insert = self._insert(seen_items).values(source_id=source_id, first_seen_at=now, **values)
            item_id = self._scalar(insert.returning(seen_items.c.id))
        else:
            item_id = known["id"]
            self._change(update(seen_items).where(seen_items.c.id == item_id).values(**values))
        rows = [{"source_id": source_id, "name": name, "item_id": item_id} for name in dict.fromkeys(names)]
        self._connection.execute(self._insert(seen_names).on_conflict_do_nothing(), rows)

    def _known_item(self, source_id: str, names: list[str]) -> RowMapping | None:
        found: dict[str, RowMapping] = {}
        for batch in batches(names):
            statement = (
                select(seen_names.c.name, seen_items)
                .join_from(seen_names, seen_items)
                .where(seen_names.c.source_id == source_id, seen_names.c.name.in_(batch))
            )
            found.update((row["name"], row) for row in self._all(statement))
        return next((found[name] for name in names if name in found), None)


# --- statements ---


def _is_due(now: datetime) -> ColumnElement[bool]:
    is_free = or_(source_states.c.lease_until.is_(None), source_states.c.lease_until <= now)
    is_wanted = and_(sources.c.is_enabled, source_states.c.health != Health.PAUSED)
    return and_(is_wanted, source_states.c.next_check_at <= now, is_free)


def _is_held(lease: SourceLease) -> ColumnElement[bool]:
    return and_(
        source_states.c.source_id == lease.source.id,
        source_states.c.lease_owner == lease.owner,
        source_states.c.lease_epoch == lease.epoch,
    )


def _live(now: datetime) -> Subquery:
    """Live leases by host."""
    return (
        select(sources.c.host, func.count().label("count"))
        .join_from(source_states, sources)
        .where(source_states.c.lease_until > now)
        .group_by(sources.c.host)
        .subquery("live")
    )


def _ranked(now: datetime, open_hosts: list[str]) -> Select[Any]:
    """Due sources of these hosts, each with its place among those of its host."""
    place = func.row_number().over(
        partition_by=sources.c.host, order_by=(source_states.c.next_check_at, source_states.c.source_id)
    )
    return (
        select(source_states.c.source_id, sources.c.host, place.label("place"))
        .join_from(source_states, sources)
        .where(_is_due(now), sources.c.host.in_(open_hosts))
    )


def _take(
    owner: str, now: datetime, limit: int, lease_s: float, open_hosts: list[str], per_host: int, a_host: int
) -> Any:
    ranked, live = _ranked(now, open_hosts).subquery("ranked"), _live(now)
    picked = (
        select(source_states.c.source_id)
        .join_from(source_states, ranked, ranked.c.source_id == source_states.c.source_id)
        .outerjoin(live, live.c.host == ranked.c.host)
        .where(ranked.c.place <= a_host, ranked.c.place <= per_host - func.coalesce(live.c.count, 0))
        .order_by(source_states.c.next_check_at, source_states.c.source_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=source_states)
        .cte("picked")  # evaluated once: as a plain subquery PostgreSQL may run it again and exceed the limit
    )
    return (
        update(source_states)
        .where(source_states.c.source_id.in_(select(picked.c.source_id)))
        .values(
            lease_owner=owner,
            lease_until=now + timedelta(seconds=lease_s),
            lease_epoch=source_states.c.lease_epoch + 1,
        )
        .returning(*STATE_COLUMNS, source_states.c.lease_epoch, source_states.c.lease_until)
    )
