"""When to look again, and what the outcome says about a source's health. Pure: data in, decision out (sources.md 3).

interval = clamp(half the median gap of the last 20 items, floor, ceiling), raised by the publisher, + 0 to 20 %
failure  = doubling from the floor, at least the publisher's Retry-After, at most 24 h (official sources 2 h)
silence  = as registered, else three times the gap that 95 of 100 arrivals keep to, never below the kind's default
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from index.model import Health, Source, SourceKind, SourceState

CEILING_MIN = {SourceKind.OFFICIAL: 60, SourceKind.CHECKER: 6 * 60, SourceKind.MONITOR: 6 * 60}
FLOOR_MIN = {SourceKind.OFFICIAL: 15, SourceKind.CHECKER: 30, SourceKind.MONITOR: 30}
UNVALIDATED_FLOOR_MIN = 60  # hosts ask for hourly at most from readers that cannot revalidate
WAIT_CAP_S = 24 * 3600
OFFICIAL_CAP_S = 2 * 3600
GONE_AFTER = timedelta(days=14)
SILENT_AFTER = {
    SourceKind.OFFICIAL: timedelta(hours=48),
    SourceKind.CHECKER: timedelta(days=7),
    SourceKind.MONITOR: timedelta(hours=24),
}
_NO_ANSWER = frozenset({"dns", "connect", "tls", "timeout", "robots", "rate_limited", "crashed"})
_DAY_S = 24 * 3600
_GONE_PROBE_S = 3650 * _DAY_S  # "no polls until an editor reopens" is a date like any other


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll showed, as far as the next one depends on it."""

    is_ok: bool
    code: str = ""
    retry_after_s: int | None = None
    max_age_s: int | None = None
    ttl_min: int | None = None
    published: Sequence[datetime] = ()  # dates of the items read, any order; empty where nothing was read
    has_validators: bool = False
    doubts: tuple[str, ...] = ()  # in what the answer differs from before
    is_held: bool = False  # a move of an official source waits for an editor


def spread(source: Source) -> float:
    """1.0 to 1.2, always the same for a source: it spreads polls, and a rhythm read back is exact."""
    return 1 + 0.2 * int.from_bytes(hashlib.sha256(source.id.encode()).digest()[:2], "big") / 65535


def floor_s(source: Source, has_validators: bool) -> int:
    """The shortest interval: as registered, never below the kind's floor, nor below an hour without validators."""
    registered = max(source.every_min, FLOOR_MIN[source.kind])
    return 60 * (registered if has_validators else max(registered, UNVALIDATED_FLOOR_MIN))


def interval_s(source: Source, state: SourceState, polled: Polled) -> int:
    """Seconds to the next poll after a success, before `spread`."""
    floor = floor_s(source, polled.has_validators)
    ceiling = max(floor, 60 * CEILING_MIN[source.kind])
    newest = sorted(polled.published, reverse=True)[:20]
    gaps = [(a - b).total_seconds() for a, b in pairwise(newest)]
    if gaps:
        wanted = median(gaps) / 2
    elif state.last_checked_at is not None and not state.error_count:
        # A 304 keeps the rhythm.
        wanted = (state.next_check_at - state.last_checked_at).total_seconds() / spread(source)
    else:
        wanted = floor
    asked = max(polled.max_age_s or 0, 60 * (polled.ttl_min or 0))
    return int(min(max(wanted, floor, asked), ceiling))


def backoff_s(source: Source, error_count: int, polled: Polled) -> int:
    """Seconds to the next poll after the `error_count`-th failure in a row, before jitter."""
    cap = OFFICIAL_CAP_S if source.kind is SourceKind.OFFICIAL else WAIT_CAP_S
    doubled = floor_s(source, True) << min(error_count, 12)
    return max(min(doubled, cap), min(polled.retry_after_s or 0, WAIT_CAP_S))


def next_check(source: Source, state: SourceState, polled: Polled, now: datetime, jitter: float) -> datetime:
    """When to poll next. `jitter` is a random number from 0 to 1, for back-off only: up to a fifth is added."""
    if polled.code == "gone" or is_gone(source, state, polled, now):
        seconds: float = _DAY_S if source.kind is SourceKind.OFFICIAL else _GONE_PROBE_S
    elif polled.is_ok:
        seconds = interval_s(source, state, polled) * spread(source)
    elif polled.retry_after_s:
        seconds = max(backoff_s(source, state.error_count + 1, polled), polled.retry_after_s + 1)
    else:
        seconds = backoff_s(source, state.error_count + 1, polled) * (1 + 0.2 * jitter)
    return now + timedelta(seconds=min(seconds, _GONE_PROBE_S))


def is_gone(source: Source, state: SourceState, polled: Polled, now: datetime) -> bool:
    """410 at once; 404 after 14 days of it."""
    since = missing_since(state, polled, now)
    return polled.code == "gone" or (since is not None and not polled.is_ok and now - since >= GONE_AFTER)


def missing_since(state: SourceState, polled: Polled, now: datetime) -> datetime | None:
    """Since when the server says 404. Another answer ends it, a poll that got no answer says nothing."""
    if polled.code == "not_found":
        return state.missing_since or now
    return state.missing_since if polled.code in _NO_ANSWER else None


def failing_since(state: SourceState, polled: Polled, now: datetime) -> datetime | None:
    """The first of the failures in a row."""
    return None if polled.is_ok else state.failing_since or now


def silent_after(source: Source, arrivals: Sequence[datetime] = ()) -> timedelta:
    """How long without anything new is silence. `arrivals`: when polls brought something, of half a year."""
    if source.silent_after_h:
        return timedelta(hours=source.silent_after_h)
    gaps = sorted(later - earlier for earlier, later in pairwise(arrivals))
    usual = gaps[math.ceil(0.95 * len(gaps)) - 1] if gaps else timedelta(0)
    return max(3 * usual, SILENT_AFTER[source.kind])


def quiet_for(state: SourceState, polled: Polled, now: datetime) -> timedelta:
    """How long ago the newest item came, as far as that is known. Dates in the future count for nothing."""
    dated = [at for at in polled.published if at <= now]
    newest = max([*dated, *([state.last_new_at] if state.last_new_at else [])], default=now)
    return now - newest


def health(
    source: Source, state: SourceState, polled: Polled, now: datetime, arrivals: Sequence[datetime] = ()
) -> Health:
    """The state that the desk shows after this poll."""
    if state.health is Health.PAUSED:
        return Health.PAUSED
    if is_gone(source, state, polled, now):
        return Health.GONE
    if polled.code == "drift":
        return Health.DRIFTING
    if polled.code == "moved" or polled.is_held:
        return Health.MOVED
    if not polled.is_ok:
        return Health.FAILING
    if polled.doubts:
        return Health.DRIFTING
    return Health.SILENT if quiet_for(state, polled, now) > silent_after(source, arrivals) else Health.OK
