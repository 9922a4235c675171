"""Dates as publishers write them, read exactly or marked as approximate, else not at all (Q1-Q6 of sources.md 4).

raw -> plain digits, label off, eras as common years -> the source's own formats -> numbers alone -> names of months
-> distances ("3 days ago"). "Now" is never an answer, and an order of day and month is never guessed.
feedparser's own dates are not used: for other forms than RFC 822 and 3339 it silently answers with today's month.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crawlers.date_words import hour_of, last_such_day, named_month, told_distance

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?",
    re.I,
)
_NUMERIC = re.compile(r"(\d{4})([/.])(\d{1,2})\2(\d{1,2})(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_HALF = "上午|下午|凌晨|早上|晚上|中午|午前|午後|오전|오후"
_CLOCK = rf"(?:({_HALF})?(\d{{1,2}})[:时時點点](\d{{1,2}})?分?(?::?(\d{{2}})秒?)?)"
_HAN = re.compile(
    rf"(?:(\d{{4}})年)?(\d{{1,2}})月(\d{{1,2}})[日号號](?:\(?(?:星期|周|週)?[一二三四五六日天月火水木金土]\)?\s*)?{_CLOCK}?"
)
_HAN_MONTH = re.compile(r"(\d{4})年(\d{1,2})月")
_TIME_ALONE = re.compile(rf"({_HALF})?(\d{{1,2}}):(\d{{2}})(?::(\d{{2}}))?")
_EPOCH = re.compile(r"\d{10}|\d{13}")
_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?\d{1,2}\s+[A-Za-z]{3,9}\.?\s+\d{2,4}\s+\d{1,2}:\d{2}(?::\d{2})?(?:\s+(\S+))?", re.A
)
_LABEL = re.compile(r"^[^\d:]{1,16}:\s*(?=\S)")
_CLEAR_ZONES = re.compile(r"[+-]\d{4}|GMT|UTC|UT|Z|[ECMP][SD]T", re.I)
_ERAS = {"民国": 1911, "民國": 1911, "令和": 2018, "平成": 1988, "昭和": 1925}
_ERA_YEAR = re.compile(rf"(?:中华|中華)?({'|'.join(_ERAS)})(\d{{1,3}}|元)(?=[年/.-])")
_TAIWAN_YEAR = re.compile(r"^1\d\d(?=[年/.-]\d)")  # the Republic's years, written without its name
# CST is China's own name for its time, and feedparser's for Chicago: the source's zone decides for such letters.
_CHINESE_CST = ("Asia/Shanghai", "Asia/Taipei", "Asia/Hong_Kong", "Asia/Macau")
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Dated:
    """A moment in UTC. Approximate: told as a distance, without its year, or without its day."""

    at: datetime
    is_approximate: bool = False


def zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def read_date(
    raw: str, timezone: str = "UTC", formats: Sequence[str] = (), now: datetime | None = None, language: str = ""
) -> Dated | None:
    """The moment `raw` names, in UTC; a date without a zone is in `timezone`, without a time at its midnight.

    None for what cannot be read, lies before 1990 or more than an hour after `now`. `formats` are tried first, names
    of months and distances are read in `language` and English.
    """
    raw = " ".join(raw.split())[:100]
    if not raw:
        return None
    local, now = zone(timezone), now or datetime.now(UTC)
    try:
        found = _by_formats(raw, formats, local) or _parse(_plain(raw, timezone), timezone, local, now, language)
    except (ValueError, OverflowError, OSError):
        return None
    if found is None:
        return None
    at = found.at.astimezone(UTC)
    return Dated(at, found.is_approximate) if _EARLIEST <= at <= now + timedelta(hours=1) else None


def _plain(raw: str, timezone: str) -> str:
    """ASCII digits and punctuation, no label, no space inside Han dates, eras as common years (Q4, Q5)."""
    text = raw
    if not raw.isascii():
        text = unicodedata.normalize("NFKC", raw)
        text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    text = _LABEL.sub("", text).strip("()[]【】 |·")
    text = re.sub(r"(?<=^\d{4})년|(?<=\d)([월일])(?=\s|$)", lambda m: {"월": "月", "일": "日"}.get(m[1], "年"), text)
    text = re.sub(rf"\s*([年月日号號])\s*|({'|'.join(_ERAS)}|{_HALF})\s+", r"\1\2", text)
    text = re.sub(r"(?<=\d)\.\s+(?=\d)", ".", text).rstrip(".")
    text = _ERA_YEAR.sub(lambda m: str(_ERAS[m[1]] + (1 if m[2] == "元" else int(m[2]))), text)
    return _TAIWAN_YEAR.sub(lambda m: str(1911 + int(m[0])), text) if timezone == "Asia/Taipei" else text


def _by_formats(raw: str, formats: Sequence[str], local: tzinfo) -> Dated | None:
    for form in formats:
        try:
            found = datetime.strptime(raw, form)  # noqa: DTZ007 - the zone follows
        except ValueError:
            continue
        return Dated(found if found.tzinfo else found.replace(tzinfo=local))
    return None


def _parse(raw: str, timezone: str, local: tzinfo, now: datetime, language: str) -> Dated | None:
    """Raises: ValueError and its kin for parts that are no date."""
    if _EPOCH.fullmatch(raw):
        return Dated(datetime.fromtimestamp(int(raw[:10]), UTC))
    if match := _ISO.fullmatch(raw):
        return Dated(_iso(match, local))
    if match := _NUMERIC.fullmatch(raw):
        year, _, month, day, hour, minute, second = match.groups()
        return Dated(_local(local, year, month, day, hour, minute, second))
    if match := _HAN.fullmatch(raw):
        return _han(match, local, now)
    if match := _HAN_MONTH.fullmatch(raw):
        return Dated(_local(local, match[1], match[2], "1"), is_approximate=True)
    if match := _RFC822.fullmatch(raw):
        return Dated(_rfc822(raw, match[1], timezone, local))
    if match := _TIME_ALONE.fullmatch(raw):
        return _today_at(match, local, now)
    return _in_words(raw, local, now, language)


def _local(local: tzinfo, *parts: str | int | None) -> datetime:
    year, month, day, hour, minute, second = (*(int(p or 0) for p in parts), 0, 0, 0)[:6]
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


def _han(match: re.Match[str], local: tzinfo, now: datetime) -> Dated | None:
    year, month, day, half, hour, minute, second = match.groups()
    clock = (hour_of(half, int(hour or 0)), int(minute or 0), int(second or 0))
    if year:
        return Dated(_local(local, year, month, day, *clock))
    found = last_such_day(int(month), int(day), clock, local, now)
    return Dated(found, is_approximate=True) if found is not None else None


def _today_at(match: re.Match[str], local: tzinfo, now: datetime) -> Dated:
    """A list shows the time alone for what is of today: the last such moment."""
    half, hour, minute, second = match.groups()
    today = now.astimezone(local)
    found = _local(
        local, today.year, today.month, today.day, hour_of(half, int(hour)), int(minute), int(second or 0)
    )
    return Dated(found if found <= now else found - timedelta(days=1), is_approximate=True)


def _in_words(raw: str, local: tzinfo, now: datetime, language: str) -> Dated | None:
    if (distance := told_distance(raw, language, local, now)) is not None:
        return Dated(distance, is_approximate=True)
    named = named_month(raw, language)
    if named is None:
        return None
    where = local if named.zone is None else named.zone
    if named.year is not None:
        return Dated(_local(where, named.year, named.month, named.day, *named.clock))
    found = last_such_day(named.month, named.day, named.clock, where, now, named.weekday)
    return Dated(found, is_approximate=True) if found is not None else None


def _rfc822(raw: str, mark: str | None, timezone: str, local: tzinfo) -> datetime:
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
