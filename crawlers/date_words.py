"""Dates in words: names of months, days and distances in a source's language, by the tables of CLDR that Babel carries.

Strict: a text is read only if every word and number of it has its place, so that "May" in a sentence is no date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_timedelta, get_day_names, get_month_names

_THAI_YEARS = 543
_BEFORE_NOON = frozenset({"上午", "凌晨", "早上", "午前", "오전", "am", "a.m."})
_AFTER_NOON = frozenset({"下午", "晚上", "午後", "오후", "pm", "p.m."})
#: Today, yesterday and the day before in the words of those who publish; Babel has no table of them.
_DAYS = {
    "zh": {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2, "前日": 2},
    "en": {"today": 0, "yesterday": 1}, "ja": {"今日": 0, "昨日": 1, "一昨日": 2}, "ko": {"오늘": 0, "어제": 1},
    "de": {"heute": 0, "gestern": 1, "vorgestern": 2}, "fr": {"aujourd'hui": 0, "hier": 1, "avant-hier": 2},
    "es": {"hoy": 0, "ayer": 1, "anteayer": 2}, "pt": {"hoje": 0, "ontem": 1}, "it": {"oggi": 0, "ieri": 1},
    "id": {"hari ini": 0, "kemarin": 1}, "tr": {"bugün": 0, "dün": 1}, "ru": {"сегодня": 0, "вчера": 1},
}  # fmt: skip
_FILLERS = frozenset({
    "de", "del", "of", "at", "um", "uhr", "à", "le", "the", "a", "las", "às", "pukul", "jam", "st", "nd", "rd", "th",
    "h", "hrs", "เวลา", "น.", "г.", "в", "saat", "الساعة",
})  # fmt: skip
_ZONES = {"gmt": 0, "utc": 0, "z": 0, "est": -5, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}
_Unit = Literal["minute", "hour", "day", "week", "month", "year"]
_UNITS: dict[_Unit, int] = {
    "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400, "year": 365 * 86400,
}  # fmt: skip
_ENGLISH_AGO = re.compile(
    r"(?:about )?(an?|\d{1,3}) ?(min|mins|minute|minutes|m|h|hr|hrs|hour|hours|d|day|days|week|weeks|w) ago"
)
_ENGLISH_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_HAN_NUMBER = re.compile(
    r"[一二两兩三四五六七八九十]{1,3}(?=(?:个|個)?(?:秒|分|小时|小時|时|時|天|日|周|週|星期|月|年))"
)
_TOKEN = re.compile(r"\d{1,2}[:.h]\d{2}(?::\d{2})?(?!\d)|\d+|[+-]\d{2}:?\d{2}\b|[^\W\d_][^\s\d,|/]*")


@dataclass(frozen=True, slots=True)
class Named:
    """A day of a named month. Without a year it is the last such day, on that weekday if one is told."""

    month: int
    day: int
    year: int | None
    clock: tuple[int, int, int]
    weekday: int | None
    zone: tzinfo | None


def hour_of(half: str | None, hour: int) -> int:
    """The hour of a day of 24. Raises: ValueError where both readings are possible (twelve at night)."""
    if half in _AFTER_NOON:
        if half == "晚上" and hour == 12:
            raise ValueError(half)
        return hour + 12 if hour < 12 else hour
    if half in _BEFORE_NOON:
        return 0 if hour == 12 and half != "上午" else hour
    return hour + 12 if half == "中午" and hour < 3 else hour


def last_such_day(
    month: int, day: int, clock: tuple[int, int, int], local: tzinfo, now: datetime, weekday: int | None = None
) -> datetime | None:
    """The last past one, within seven years where a weekday must agree, else within the last leap years."""
    for year in range(now.astimezone(local).year, now.year - 8, -1):
        try:
            found = datetime(year, month, day, *clock, tzinfo=local)
        except ValueError:
            continue
        if found <= now + timedelta(hours=1) and weekday in (None, found.weekday()):
            return found
    return None


def named_month(raw: str, language: str) -> Named | None:
    """`10 Agustus 2023`, `Di, 05 Mär`, `March 5, 2024 3:04 PM`: each part once and nothing besides."""
    tokens = _TOKEN.findall(raw.replace("º", "").replace("ª", ""))
    if len("".join(tokens)) < len(re.sub(r"[\s,|/.·()\-–]", "", raw)) - 1:
        return None
    months, weekdays = _months(language), _weekdays(language)
    found: dict[str, int | str] = {}
    for token in tokens:
        part = _part(token, months, weekdays, language, has_clock="clock" in found)
        if part is None or part[0] in found:
            return None
        if part[0]:
            found[part[0]] = part[1]
    if "month" not in found or "day" not in found:
        return None
    return _named(found)


def _named(found: dict[str, int | str]) -> Named:
    hour, minute, second = (int(p) for p in (*re.split(r"[:.h]", str(found.get("clock", "0:0"))), "0", "0")[:3])
    offset = found.get("zone")
    return Named(
        month=int(found["month"]),
        day=int(found["day"]),
        year=int(found["year"]) if "year" in found else None,
        clock=(hour_of(str(found.get("half", "")), hour), minute, second),
        weekday=int(found["weekday"]) if "weekday" in found else None,
        zone=None if offset is None else timezone(timedelta(minutes=int(offset))),
    )


def _part(
    token: str, months: dict[str, int], weekdays: dict[str, int], language: str, has_clock: bool
) -> tuple[str, int | str] | None:
    """What a token stands for, ("", 0) for a word without weight, None for one without a place."""
    word = token.casefold().rstrip(".,")
    if token.isdigit():
        return _number(int(token), len(token), language)
    if re.match(r"\d", token):
        return "clock", token
    if token[0] in "+-":
        minutes = int(token[1:3]) * 60 + int(token[-2:])
        return "zone", -minutes if token[0] == "-" else minutes
    for kind, table in (("month", months), ("weekday", weekdays)):
        if word in table:
            return kind, table[word]
    if word in _BEFORE_NOON | _AFTER_NOON | {"a.m", "p.m"}:
        return "half", word.replace(".", "")
    if word in _FILLERS or token.casefold() in _FILLERS:
        return "", 0
    if has_clock and word in _ZONES:
        return "zone", _ZONES[word] * 60
    # Other letters after a time are a local name of the source's own zone (WIB, MEZ, JST).
    return ("", 0) if has_clock and re.fullmatch(r"[A-Z]{2,5}", token) else None


def _number(value: int, digits: int, language: str) -> tuple[str, int] | None:
    if digits == 4:
        return "year", value - _THAI_YEARS if language == "th" and value > 2400 else value
    return ("day", value) if digits <= 2 else None


def _locales(language: str) -> list[Locale]:
    found = []
    for tag in (language, "en"):
        try:
            found.append(Locale.parse(tag, sep="-"))
        except (UnknownLocaleError, ValueError):
            continue
    return found


@lru_cache(maxsize=64)
def _months(language: str) -> dict[str, int]:
    # Chinese and its neighbours write months as numbers, which dates.py reads
    return {"sept": 9} | {name: n for name, n in _names(get_month_names, language).items() if not name[0].isdigit()}


@lru_cache(maxsize=64)
def _weekdays(language: str) -> dict[str, int]:
    return _names(get_day_names, language)


def _names(table: Callable[..., Mapping[int, str]], language: str) -> dict[str, int]:
    """A table of CLDR, name to number. English first, so that the source's own language overrides it."""
    forms = [(width, use) for width in ("wide", "abbreviated") for use in ("format", "stand-alone")]
    return {
        name.casefold().rstrip("."): number
        for locale in reversed(_locales(language))
        for width, use in forms
        for number, name in table(width, use, locale).items()
    }


def told_distance(raw: str, language: str, local: tzinfo, now: datetime) -> datetime | None:
    """`5 minutes ago`, `三天前`, `昨天 12:30`: counted back from `now`; whole days begin at their midnight."""
    text = _HAN_NUMBER.sub(lambda m: str(_han_number(m[0])), raw.casefold())
    if match := _ENGLISH_AGO.fullmatch(text):
        count = 1 if match[1].startswith("a") else int(match[1])
        return _back(count * _ENGLISH_UNITS[match[2][0]], local, now)
    text = re.sub(r"\s+", "", text).replace("个", "").replace("個", "")
    if text in ("半小时前", "半小時前"):
        return now - timedelta(minutes=30)
    seconds = _distances(language).get(text)
    return _back(seconds, local, now) if seconds is not None else _named_day(raw, language, local, now)


def _back(seconds: int, local: tzinfo, now: datetime) -> datetime:
    found = now - timedelta(seconds=seconds)
    return found if seconds < _UNITS["day"] else _midnight(found, local)


def _midnight(moment: datetime, local: tzinfo) -> datetime:
    return moment.astimezone(local).replace(hour=0, minute=0, second=0, microsecond=0)


def _named_day(raw: str, language: str, local: tzinfo, now: datetime) -> datetime | None:
    days = _DAYS["en"] | _DAYS.get(language.split("-")[0], {})
    words = "|".join(re.escape(w) for w in sorted(days, key=len, reverse=True))
    halves = "|".join(sorted(_BEFORE_NOON | _AFTER_NOON | {"中午"}))
    clock = rf"(?:[\s,]*(?:at |um )?({halves})?\s*(\d{{1,2}})[:点點时時](\d{{2}})?分?(?::\d{{2}})?(?: uhr)?)?"
    match = re.fullmatch(rf"({words}){clock}", raw.casefold())
    if match is None:
        return None
    day = _midnight(now, local) - timedelta(days=days[match[1]])
    found = day.replace(hour=hour_of(match[2], int(match[3] or 0)), minute=int(match[4] or 0))
    return found if found <= now else None


def _han_number(digits: str) -> int:
    values = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "兩": 2}
    tens, _, ones = digits.partition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        raise ValueError(digits)  # "three or four", "twenty or thirty" are no numbers
    if "十" not in digits:
        return values[tens]
    return 10 * (values[tens] if tens else 1) + (values[ones] if ones else 0)


@lru_cache(maxsize=64)
def _distances(language: str) -> dict[str, int]:
    """Every "n units ago" of the language up to sixty, without its spaces, as seconds."""
    found: dict[str, int] = {}
    for locale in _locales(language):
        for unit, seconds in _UNITS.items():
            for count in range(1, 61):
                past = timedelta(seconds=-count * seconds)
                told = format_timedelta(past, unit, threshold=1e9, add_direction=True, locale=locale)
                found.setdefault(re.sub(r"\s+", "", told.casefold()), count * seconds)
    return found
