"""Feeds that a third party makes of somebody else's pages (RSSHub, rss-bridge): `bridge = true`.

What a bridge says of its own troubles is no post, and the moment of its work is no date. The level stays 0.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import datetime, timedelta

from crawlers.adapters.protocol import Context, Parsed
from index.model import Item

_REPORT = re.compile(
    r"bridge returned error|rss-?bridge\b.{0,60}\b(?:error|exception)|rsshub\b.{0,60}\b(?:error|exception|failed)"
    r"|^(?:HttpException|NotFoundError|RequestError|FetchError)\b|^Error \d{3}\b|welcome to rsshub",
    re.I,
)
_PAGE = re.compile(rb"rss-?hub|rss-?bridge", re.I)
_WORKING_TIME = timedelta(minutes=2)


def bridged(parsed: Parsed, body: bytes, context: Context) -> Parsed:
    """The feed without the bridge's own traces; `bridge_error` if it is nothing but a report of one."""
    if parsed.code in ("not_a_feed", "malformed") and _PAGE.search(body[:20_000]):
        return Parsed(code="bridge_error")
    if parsed.items and all(_REPORT.search(item.title) for item in parsed.items):
        return Parsed(code="bridge_error")
    items = tuple(_dated(i, context) for i in parsed.items if not _REPORT.search(i.title))
    return dataclasses.replace(parsed, items=items)


def _dated(item: Item, context: Context) -> Item:
    moments = [m for m in (context.fetched_at, context.answered_at) if m is not None]
    if not _is_near(item.published_at, moments):
        return item
    return dataclasses.replace(item, published_at=None, updated_at=None)


def _is_near(at: datetime | None, moments: list[datetime]) -> bool:
    return at is not None and any(abs(at - moment) <= _WORKING_TIME for moment in moments)
