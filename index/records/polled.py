"""The statements of a poll, built once: a poll is a handful of them, and building one costs more than running it.

claim:  LIVE -> OPEN_DUE -> LOCK_HOSTS -> TAKE -> BY_ID -> STARTED
record: KNOWN -> ADD_ITEMS, RENEW_ITEM, add_names -> FINISH
Values are bound under names that begin with `b_`, since an UPDATE keeps the names of its columns for itself.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Executable, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from index.model import Health, SourceState
from index.ports import SeenItem
from index.records.tables.crawled import hosts, seen_items, seen_names, source_states, sources

STATE_COLUMNS = [source_states.c[name] for name in SourceState.__dataclass_fields__]

_NOW: BindParameter[Any] = bindparam("b_now")
_HOSTS: BindParameter[Any] = bindparam("b_hosts", expanding=True)
_IS_FREE = or_(source_states.c.lease_until.is_(None), source_states.c.lease_until <= _NOW)
_IS_DUE = and_(
    sources.c.is_enabled, source_states.c.health != Health.PAUSED, source_states.c.next_check_at <= _NOW, _IS_FREE
)
_IS_RESTED = or_(hosts.c.last_started_at.is_(None), hosts.c.last_started_at <= bindparam("b_gap_ends"))
LIVE = (  # the hosts of live leases, one row a lease
    select(sources.c.host).join_from(source_states, sources).where(source_states.c.lease_until > _NOW)
)
OPEN_DUE = (  # a bounded walk along the index: with ten thousand due, every claim would else read them all
    select(sources.c.host)
    .join_from(source_states, sources)
    .join(hosts, hosts.c.host == sources.c.host)
    .where(_IS_DUE, _IS_RESTED, sources.c.host.not_in(bindparam("b_full", expanding=True)))
    .order_by(source_states.c.next_check_at)
    .limit(bindparam("b_looked_at"))
)
LOCK_HOSTS = (
    select(hosts.c.host).where(hosts.c.host.in_(_HOSTS), _IS_RESTED).with_for_update(skip_locked=True, of=hosts)
)
_LIVE_THERE = LIVE.add_columns(func.count().label("count")).where(sources.c.host.in_(_HOSTS))
_LIVE_BY_HOST = _LIVE_THERE.group_by(sources.c.host).subquery("live")  # counted again now that the hosts are locked
_PLACE = func.row_number().over(
    partition_by=sources.c.host, order_by=(source_states.c.next_check_at, source_states.c.source_id)
)
_RANKED = (  # due sources of the locked hosts, each with its place among those of its host
    select(source_states.c.source_id, sources.c.host, _PLACE.label("place"))
    .join_from(source_states, sources)
    .where(_IS_DUE, sources.c.host.in_(_HOSTS))
    .subquery("ranked")
)
_PICKED = (
    select(source_states.c.source_id)
    .join_from(source_states, _RANKED, _RANKED.c.source_id == source_states.c.source_id)
    .outerjoin(_LIVE_BY_HOST, _LIVE_BY_HOST.c.host == _RANKED.c.host)
    .where(
        _RANKED.c.place <= bindparam("b_a_host"),
        _RANKED.c.place <= bindparam("b_per_host") - func.coalesce(_LIVE_BY_HOST.c.count, 0),
    )
    .order_by(source_states.c.next_check_at, source_states.c.source_id)
    .limit(bindparam("b_limit"))
    .with_for_update(skip_locked=True, of=source_states)
    .cte("picked")  # evaluated once: as a plain subquery PostgreSQL may run it again and exceed the limit
)
TAKE = (
    update(source_states)
    .where(source_states.c.source_id.in_(select(_PICKED.c.source_id)))
    .values(
        lease_owner=bindparam("b_new_owner"),
        lease_until=bindparam("b_until"),
        lease_epoch=source_states.c.lease_epoch + 1,
    )
    .returning(*STATE_COLUMNS, source_states.c.lease_epoch, source_states.c.lease_until)
)
BY_ID = select(sources).where(sources.c.id.in_(bindparam("b_ids", expanding=True)))
STARTED = update(hosts).where(hosts.c.host.in_(_HOSTS)).values(last_started_at=_NOW)

_IS_HELD = and_(
    source_states.c.source_id == bindparam("b_source"),
    source_states.c.lease_owner == bindparam("b_owner"),
    source_states.c.lease_epoch == bindparam("b_epoch"),
)
_STORED: dict[str, Any] = {
    name: bindparam(f"b_{name}", type_=source_states.c[name].type)
    for name in SourceState.__dataclass_fields__
    if name != "source_id"
}
FINISH = update(source_states).where(_IS_HELD).values(_STORED | {"lease_owner": None, "lease_until": None})
RENEW = update(source_states).where(_IS_HELD).values(lease_until=bindparam("b_until"))
KNOWN = (
    select(seen_names.c.name, seen_items)
    .join_from(seen_names, seen_items)
    .where(seen_names.c.source_id == bindparam("b_source"), seen_names.c.name.in_(bindparam("b_names", expanding=True)))
)
ADD_ITEMS = insert(seen_items).returning(seen_items.c.id, sort_by_parameter_order=True)
_ITEM_VALUES = (*SeenItem.__dataclass_fields__, "last_seen_at")
RENEW_ITEM = (
    update(seen_items)
    .where(seen_items.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in _ITEM_VALUES})
)


@cache
def add_names(is_postgresql: bool) -> Executable:
    """Names that are known already stay with their item."""
    return (postgresql.insert(seen_names) if is_postgresql else sqlite.insert(seen_names)).on_conflict_do_nothing()
