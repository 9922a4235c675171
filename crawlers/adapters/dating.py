"""How every adapter reads a date: the source's formats, zone and language, distances from the response's own Date."""

from __future__ import annotations

from datetime import datetime, timedelta

from crawlers.adapters.protocol import Context
from crawlers.dates import Dated, read_date

_MOST_SKEW = timedelta(days=1)


def dated(raw: str, context: Context) -> Dated | None:
    source = context.source
    formats = source.options.get("dates", ())
    known = [str(f) for f in formats] if isinstance(formats, list | tuple) else []
    return read_date(raw, source.timezone, known, moment_of(context), source.language)


def moment_of(context: Context) -> datetime:
    """When the body was written, for "5 minutes ago": the response's Date, unless that clock is plainly wrong."""
    told = context.answered_at
    return told if told is not None and abs(told - context.fetched_at) <= _MOST_SKEW else context.fetched_at


def quality(found: Dated | None) -> str:
    """The `date_quality` of an Item with this date."""
    return "approximate" if found is not None and found.is_approximate else "exact"
