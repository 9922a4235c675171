"""Sources, their state and leases; items seen before.

A poll is leased in two steps that hold on both databases: lock the hosts that may be asked now, then one UPDATE takes
the due sources of those hosts. Locking the host first is what keeps the pace per host over all crawl processes: two
workers never count the live leases of one host at the same time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, RowMapping, select, update

from index.model import Health, Source, SourceKind, SourceLease, SourceState
from index.ports import SeenItem
from index.records import polled
from index.records.room import Room, batches
from index.records.source_rows import host_of, source_of, source_row, state_of, state_row
from index.records.tables.crawled import entries_read, hosts, source_states, sources
from index.records.types import key_of

SEEN_FIELDS = tuple(SeenItem.__dataclass_fields__)
LOOKED_AT = 500  # due rows of one claim
#: What belongs to an address, and ends with it.
OF_ADDRESS = ("etag", "last_modified", "body_sha256", "address", "also_domain", "revalidation", "move", "proposal")
#: Ends a lease, so that a poll under way cannot be recorded any more.
VOIDED = {"lease_owner": None, "lease_until": None, "lease_epoch": source_states.c.lease_epoch + 1}


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
            self._change(forget.values(dict.fromkeys(OF_ADDRESS) | VOIDED))

    def source(self, source_id: str) -> Source | None:
        row = self._one(select(sources).where(sources.c.id == source_id))
        return None if row is None else source_of(row)

    def sources(self) -> tuple[Source, ...]:
        """Every registry entry, by id."""
        return tuple(source_of(row) for row in self._all(select(sources).order_by(sources.c.id)))

    def source_state(self, source_id: str) -> SourceState | None:
        row = self._one(select(*polled.STATE_COLUMNS).where(source_states.c.source_id == source_id))
        return None if row is None else state_of(row)

    def source_states(self) -> dict[str, SourceState]:
        return {row["source_id"]: state_of(row) for row in self._all(select(*polled.STATE_COLUMNS))}

    def troubled_officials(self) -> tuple[tuple[Source, SourceState], ...]:
        """Enabled official sources that are neither ok nor paused, by id."""
        is_troubled = source_states.c.health.not_in([Health.OK, Health.PAUSED])
        statement = (
            select(*polled.STATE_COLUMNS)
            .join_from(source_states, sources)
            .where(sources.c.kind == SourceKind.OFFICIAL, sources.c.is_enabled, is_troubled)
            .order_by(sources.c.id)
        )
        states = [state_of(row) for row in self._all(statement)]
        rows = self._rows(polled.BY_ID, {"b_ids": [state.source_id for state in states]})
        registry = {row["id"]: source_of(row) for row in rows}
        return tuple((registry[state.source_id], state) for state in states)

    def set_due(self, source_id: str, at: datetime) -> None:
        self._change(update(source_states).where(source_states.c.source_id == source_id).values(next_check_at=at))

    def hold_source(self, source_id: str) -> SourceState | None:
        """Its state, which nobody else changes until this transaction ends."""
        statement = select(*polled.STATE_COLUMNS).where(source_states.c.source_id == source_id).with_for_update()
        row = self._one(statement)
        return None if row is None else state_of(row)

    def put_source_state(self, state: SourceState) -> None:
        """An editor's decision: the whole state. A poll under way is void, so it cannot overwrite the decision."""
        change = update(source_states).where(source_states.c.source_id == state.source_id)
        self._change(change.values(state_row(state) | VOIDED))
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
        gap_ends = now - timedelta(seconds=max(host_gap_s, 0))
        asked = {"b_now": now, "b_gap_ends": gap_ends, "b_per_host": per_host, "b_limit": limit}
        open_hosts = self._lock_hosts(asked, limit)
        if not open_hosts:
            return ()
        # with a gap, a second start on the same host could not be now
        asked |= {"b_hosts": open_hosts, "b_a_host": per_host if host_gap_s <= 0 else 1}
        asked |= {"b_new_owner": owner, "b_until": now + timedelta(seconds=lease_s)}
        taken = self._rows(polled.TAKE, asked)
        registry = {row["id"]: row for row in self._rows(polled.BY_ID, {"b_ids": [row["source_id"] for row in taken]})}
        started = list({row["host"] for row in registry.values()})
        self._connection.execute(polled.STARTED, {"b_hosts": started, "b_now": now})
        leases = (
            SourceLease(
                source_of(registry[row["source_id"]]), state_of(row), owner, row["lease_epoch"], row["lease_until"]
            )
            for row in taken
        )
        return tuple(sorted(leases, key=lambda lease: (lease.state.next_check_at, lease.source.id)))

    def renew_lease(self, lease: SourceLease, until: datetime) -> bool:
        """Moves the end of a lease that still holds."""
        return self._connection.execute(polled.RENEW, {**_held(lease), "b_until": until}).rowcount == 1

    def finish_poll(self, lease: SourceLease, state: SourceState) -> bool:
        """Stores the state and frees the lease, if owner and epoch still hold it; False (nothing written) otherwise."""
        values = state_row(state)
        del values["source_id"]
        if self._connection.execute(polled.FINISH, {**_held(lease), **_bound(values)}).rowcount != 1:
            return False
        if state.address != lease.state.address:
            self._keep_host(state)
        return True

    def _lock_hosts(self, asked: dict[str, Any], limit: int) -> list[str]:
        """The most overdue hosts that may be asked now, locked until the commit; hosts that another worker has locked
        are left to it."""
        live = Counter(row["host"] for row in self._rows(polled.LIVE, asked))
        full = [host for host, count in live.items() if count >= asked["b_per_host"]]
        due = self._rows(polled.OPEN_DUE, asked | {"b_full": full, "b_looked_at": max(LOOKED_AT, 4 * limit)})
        wanted = list(dict.fromkeys(row["host"] for row in due))[:limit]
        return [row["host"] for row in self._rows(polled.LOCK_HOSTS, asked | {"b_hosts": wanted})]

    def _rows(self, statement: Executable, values: dict[str, Any]) -> Sequence[RowMapping]:
        return self._connection.execute(statement, values).mappings().all()

    # --- items seen ---

    def entries_read(self, source_id: str) -> bytes:
        """Hashes of a dump's entries that were read."""
        return self._scalar(select(entries_read.c.hashes).where(entries_read.c.source_id == source_id)) or b""

    def put_entries_read(self, source_id: str, hashes: bytes) -> None:
        self._put(entries_read, {"source_id": source_id, "hashes": hashes})

    def seen_item(self, source_id: str, native_ids: Collection[str]) -> SeenItem | None:
        """The item that has one of these names; the first name that is known decides."""
        found = self.seen_items(source_id, native_ids)
        return next((found[name] for name in native_ids if name in found), None)

    def seen_items(self, source_id: str, native_ids: Collection[str]) -> dict[str, SeenItem]:
        """Those of the names that are known, with the item that each stands for."""
        known = self._known_items(source_id, [key_of(name) for name in native_ids])
        return {name: _seen(known[key]) for name in native_ids if (key := key_of(name)) in known}

    def put_seen_item(
        self, source_id: str, native_id: str, seen: SeenItem, aliases: Collection[str], now: datetime
    ) -> None:
        """Remembers an item under all its names. A name that belongs to another item stays with that item."""
        self.put_seen_items(source_id, [(native_id, seen, aliases)], now)

    def put_seen_items(
        self, source_id: str, items: Sequence[tuple[str, SeenItem, Collection[str]]], now: datetime
    ) -> None:
        """Many items, in a few statements. No two of them may share a name."""
        named = [list(dict.fromkeys(key_of(name) for name in (i, *aliases))) for i, _, aliases in items]
        known = self._known_items(source_id, [name for names in named for name in names])
        ids = [next((known[name]["id"] for name in names if name in known), None) for names in named]
        rows = [{**{name: getattr(seen, name) for name in SEEN_FIELDS}, "last_seen_at": now} for _, seen, _ in items]
        changed = [{**_bound(row), "b_id": id} for row, id in zip(rows, ids, strict=True) if id is not None]
        if changed:
            self._connection.execute(polled.RENEW_ITEM, changed)
        added = [{**r, "source_id": source_id, "first_seen_at": now} for r, id in zip(rows, ids, strict=True) if not id]
        if added:
            made = iter(self._connection.execute(polled.ADD_ITEMS, added).scalars().all())
            ids = [next(made) if id is None else id for id in ids]
        pairs = ((name, id) for names, id in zip(named, ids, strict=True) for name in names if name not in known)
        fresh = [{"source_id": source_id, "name": name, "item_id": id} for name, id in pairs]
        if fresh:
            self._connection.execute(polled.add_names(self._is_postgresql), fresh)

    def _known_items(self, source_id: str, names: Collection[str]) -> dict[str, RowMapping]:
        found: dict[str, RowMapping] = {}
        for batch in batches(names):
            rows = self._connection.execute(polled.KNOWN, {"b_source": source_id, "b_names": batch}).mappings()
            found.update((row["name"], row) for row in rows)
        return found


# --- rows ---


def _seen(row: RowMapping) -> SeenItem:
    return SeenItem(row["kind"], row["record_id"], row["content_sha256"], row["revision_count"])


def _held(lease: SourceLease) -> dict[str, Any]:
    return {"b_source": lease.source.id, "b_owner": lease.owner, "b_epoch": lease.epoch}


def _bound(row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"b_{name}": value for name, value in row.items()}
