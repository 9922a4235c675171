"""How every adapter reads a date: the source's formats, zone and language, distances from the response's own Date."""

from __future__ import annotations

from datetime import datetime, timedelta

from crawlers.adapters.protocol import Context
from crawlers.dates import Dated, read_date

_MOST_SKEW = timedelta(days=1)


def dated(raw: str, context: Context, timezone: str = "") -> Dated | None:
    source = context.source
    formats = source.options.get("dates", ())
    known = [str(f) for f in formats] if isinstance(formats, list | tuple) else []
    return read_date(raw, timezone or source.timezone, known, _written_at(context), source.language)


def moment(raw: str, context: Context, timezone: str = "") -> datetime | None:
    """The moment alone. `timezone`: of an interface that gives its dates in one of its own, not in the source's."""
    found = dated(raw, context, timezone)
    return found.at if found is not None else None


def _written_at(context: Context) -> datetime:
    """When the body was written, for "5 minutes ago": the response's Date, unless that clock is plainly wrong."""
    told = context.answered_at
    return told if told is not None and abs(told - context.fetched_at) <= _MOST_SKEW else context.fetched_at


def quality(found: Dated | None) -> str:
    """The `date_quality` of an Item with this date."""
    return "approximate" if found is not None and found.is_approximate else "exact"
