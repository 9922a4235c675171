"""Dates as publishers write them, read exactly or not at all. "Now" is never an answer (Q1, Q2, Q6 of sources.md 4).

feedparser's own dates are not used: for other forms than RFC 822 and 3339 it silently answers with today's month.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?",
    re.I,
)
_NUMERIC = re.compile(r"(\d{4})([/.])(\d{1,2})\2(\d{1,2})(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_HAN = re.compile(
    r"(\d{4})年(\d{1,2})月(\d{1,2})[日号號](?:(?:星期|周|週).)?(?:(上午|下午|凌晨|晚上|中午)?(\d{1,2})[::时時點点](\d{1,2})?分?(?::(\d{2}))?秒?)?"
)
_EPOCH = re.compile(r"\d{10}|\d{13}")
_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?\d{1,2}\s+[A-Za-z]{3,9}\.?\s+\d{2,4}\s+\d{1,2}:\d{2}(?::\d{2})?(?:\s+(\S+))?", re.A
)
_LABEL = re.compile(r"^[^\d:：]{1,16}[:：]\s*(?=\d)")
_CLEAR_ZONES = re.compile(r"[+-]\d{4}|GMT|UTC|UT|Z|[ECMP][SD]T", re.I)
# CST is China's own name for its time, and feedparser's for Chicago: the source's zone decides for such letters.
_CHINESE_CST = ("Asia/Shanghai", "Asia/Taipei", "Asia/Hong_Kong", "Asia/Macau")
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


def zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def parse_date(
    raw: str, timezone: str = "UTC", formats: Sequence[str] = (), now: datetime | None = None
) -> datetime | None:
    """The moment `raw` names, in UTC; a date without a zone is in `timezone`, without a time at its midnight.

    None for what cannot be read exactly, lies before 1990 or more than an hour after `now`. `formats` are tried first.
    """
    raw = " ".join(raw.split())[:100]
    if not raw:
        return None
    local = zone(timezone)
    found = _by_formats(raw, formats, local) or _parse(raw, timezone, local)
    if found is None:
        return None
    found = found.astimezone(UTC)
    latest = (now or datetime.now(UTC)) + timedelta(hours=1)
    return found if _EARLIEST <= found <= latest else None


def _by_formats(raw: str, formats: Sequence[str], local: tzinfo) -> datetime | None:
    for form in formats:
        try:
            found = datetime.strptime(raw, form)  # noqa: DTZ007 - the zone follows
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=local)
    return None


def _parse(raw: str, timezone: str, local: tzinfo) -> datetime | None:
    raw = _LABEL.sub("", raw)
    try:
        if _EPOCH.fullmatch(raw):
            return datetime.fromtimestamp(int(raw[:10]), UTC)
        if match := _ISO.fullmatch(raw):
            return _iso(match, local)
        if match := _NUMERIC.fullmatch(raw):
            year, _, month, day, hour, minute, second = match.groups()
            return _local(local, year, month, day, hour, minute, second)
        if match := _HAN.fullmatch(re.sub(r"(?<=[\d年月日号號午晨上])\s+|\s+(?=[年月日号號])", "", raw)):
            return _han(match, local)
        if match := _RFC822.fullmatch(raw):
            return _rfc822(raw, match[1], timezone, local)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _local(local: tzinfo, *parts: str | None) -> datetime:
    year, month, day, hour, minute, second = (int(p or 0) for p in parts)
    return datetime(year, month, day, hour, minute, second, tzinfo=local)


def _iso(match: re.Match[str], local: tzinfo) -> datetime:
    mark = (match[7] or "").upper()
    found = _local(local, *match.groups()[:6])
    if not mark:
        return found
    if mark in ("Z", "UTC", "GMT"):
        return found.replace(tzinfo=UTC)
    hours, minutes = int(mark[1:3]), int(mark[-2:])
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if mark[0] == "-" else 1)
    return found.replace(tzinfo=UTC) - offset


def _han(match: re.Match[str], local: tzinfo) -> datetime:
    year, month, day, half, hour, minute, second = match.groups()
    if half in ("下午", "晚上") and hour and int(hour) < 12:
        hour = str(int(hour) + 12)
    return _local(local, year, month, day, hour, minute, second)


def _rfc822(raw: str, mark: str | None, timezone: str, local: tzinfo) -> datetime | None:
    if mark is not None and mark.upper() == "CST" and timezone in _CHINESE_CST:
        mark, raw = None, raw[: -len("CST")]
    if mark is not None and (offset := re.fullmatch(r"(?:GMT|UTC)([+-])(\d{1,2}):?(\d{2})?", mark, re.I)):
        raw = f"{raw[: -len(mark)]}{offset[1]}{int(offset[2]):02}{offset[3] or '00'}"
    elif mark is not None and not _CLEAR_ZONES.fullmatch(mark):
        raw, mark = raw[: -len(mark)], None
    found = parsedate_to_datetime(raw.strip())
    if mark is None:
        return found.replace(tzinfo=local)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found  # -0000 is UTC
