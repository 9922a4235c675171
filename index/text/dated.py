"""Dates that a text states, each as far as it states it: 2024-03-05, 2024-03, 03-05, 2024.

Read: 2024年3月5日, 二〇二四年三月, 民國113年, 3月5日至8日, March 5 2024, 5th of March, in 2024. Not read: a month
or a day alone, `yesterday`, two numbers with a slash. 3/5/2024 is read both ways unless only one way is a date.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from index.text.folding import fold
from index.text.urls import without_urls

Found = tuple[int, int, str]  # start and end in the folded text, and the value

_DIGITS = "零一二三四五六七八九"
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST_DAY = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_YEAR = r"(?:19|20)\d\d"
_HAN_YEAR = r"[一二][零〇一二三四五六七八九]{3}"
_MONTH = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_DAY = r"(?:3[01]|[12]\d|0?[1-9]|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])"
_NAME = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_ENGLISH_DAY = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_UNTIL = rf"(?:\s?[日号]?\s?[至到~\-–—、]\s?(?P<until>{_DAY}))?"
# What a text must hold for a pattern to be tried; a text of many characters has few of them.
_HAS_YEAR, _HAS_MONTH, _HAS_DIGIT = re.compile("年"), re.compile("月"), re.compile(r"\d")
_HAS_SIGNED = re.compile(r"\d[-/.]\d")
_HAS_NAME = re.compile(rf"(?:{'|'.join(_MONTH_NAMES)})")
# In the order in which they may take characters: the fullest first.
_PATTERNS = tuple(
    (hint, re.compile(pattern))
    for hint, pattern in (
        (
            _HAS_YEAR,
            rf"(?:民国\s?(?P<roc>\d{{1,3}}|[一二三四五六七八九十百零]{{1,5}})|(?<!\d)(?P<y>{_YEAR}|{_HAN_YEAR})|(?<![\d.])(?P<yy>\d\d))\s?年\s?"
            rf"(?P<m>{_MONTH})\s?月份?(?:\s?(?P<d>{_DAY}){_UNTIL}\s?[日号])?",
        ),
        (
            _HAS_SIGNED,
            rf"(?<![\d.])(?P<y>{_YEAR})(?P<sign>[-/.])(?P<m>1[0-2]|0?[1-9])(?P=sign)(?P<d>3[01]|[12]\d|0?[1-9])(?!\d)",
        ),
        (_HAS_SIGNED, rf"(?<![\d/.\-])(?P<a>\d{{1,2}})(?P<sign>[-/.])(?P<b>\d{{1,2}})(?P=sign)(?P<y>{_YEAR})(?!\d)"),
        (_HAS_NAME, rf"\b(?P<name>{_NAME})\s?(?P<d>{_ENGLISH_DAY})(?![\d:%])(?:,?\s(?P<y>{_YEAR})\b)?"),
        (_HAS_NAME, rf"(?<![\d.])(?P<d>{_ENGLISH_DAY})\s(?:of\s)?(?P<name>{_NAME})(?:,?\s(?P<y>{_YEAR})\b)?"),
        (_HAS_NAME, rf"\b(?P<name>{_NAME}),?\s(?:of\s)?(?P<y>{_YEAR})\b"),
        (_HAS_MONTH, rf"(?<!\d)(?P<m>{_MONTH})\s?月\s?(?P<d>{_DAY}){_UNTIL}\s?[日号]"),
        (_HAS_SIGNED, rf"(?<![\d.\-/])(?P<y>{_YEAR})[-/](?P<m>1[0-2]|0[1-9])(?![\d/\-])"),
        (
            _HAS_YEAR,
            rf"(?:民国\s?(?P<roc>\d{{1,3}}|[一二三四五六七八九十百零]{{1,5}})|(?<!\d)(?P<y>{_YEAR}|{_HAN_YEAR}))\s?年(?!代)",
        ),
        (_HAS_DIGIT, rf"\b(?:in|since|during|until|year|early|late|mid|back in)[\s-](?P<y>{_YEAR})\b(?![.,]?\d|\s?%)"),
    )
)
_HINTS = (_HAS_YEAR, _HAS_MONTH, _HAS_DIGIT, _HAS_SIGNED, _HAS_NAME)
_MAY_START = re.compile(r"月|年|(?:19|20)\d\d|\d\s?(?:st|nd|rd|th)?\s(?:of\s)?[a-z]|[a-z]\.?\s?\d")


def dates(text: str) -> frozenset[str]:
    """The dates and years that a text states, in ISO 8601 as far as stated: 2024-03-05, 2024-03, 2024, or 03-05."""
    return frozenset(value for _, _, value in find_dates(without_urls(fold(text))))


def find_dates(folded: str) -> Iterator[Found]:
    """Each date in a folded text with its place; one of two readings, or of two ends, comes twice."""
    if not _MAY_START.search(folded):
        return
    taken = bytearray(len(folded))
    holds = {hint: hint.search(folded) is not None for hint in _HINTS}
    for hint, pattern in _PATTERNS:
        if not holds[hint]:
            continue
        for match in pattern.finditer(folded):
            start, end = match.span()
            if 1 in taken[start:end]:
                continue
            values = _values({name: part for name, part in match.groupdict().items() if part})
            if values:
                taken[start:end] = b"\x01" * (end - start)
            for value in values:
                yield start, end, value


def dates_conflict(ours: Collection[str], theirs: Collection[str]) -> bool:
    """Whether two texts that both state dates have none in common, what one leaves open agreeing with anything."""
    return bool(ours and theirs) and not any(date_agrees(one, theirs) for one in ours)


def date_agrees(one: str, others: Collection[str]) -> bool:
    """Whether a date can be one of `others`: what both state of year, month and day is equal."""
    mine = _parts(one)
    return any(all(None in pair or pair[0] == pair[1] for pair in zip(mine, _parts(o), strict=True)) for o in others)


def _parts(value: str) -> tuple[str | None, str | None, str | None]:
    """Year, month and day of an ISO date, None for those that it leaves open."""
    if len(value) == 5:  # 03-05
        return None, value[:2], value[3:]
    return value[:4], value[5:7] or None, value[8:] or None


def _values(parts: dict[str, str]) -> list[str]:
    year = _year(parts)
    if "a" in parts:  # the order of day and month is the writer's
        a, b = int(parts["a"]), int(parts["b"])
        pairs = dict.fromkeys(p for p in ((a, b), (b, a)) if _is_day(*p))
        return [f"{year}-{month:02}-{day:02}" for month, day in pairs]
    month = _month(parts)
    if month is None:
        return [f"{year}"] if year and 1900 <= year <= 2099 else []
    days = [_number(parts[name]) for name in ("d", "until") if name in parts]
    if not days:
        return [f"{year}-{month:02}"] if year else []
    return [(f"{year}-" if year else "") + f"{month:02}-{day:02}" for day in days if _is_day(month, day)]


def _year(parts: dict[str, str]) -> int | None:
    if "roc" in parts:
        return 1911 + _number(parts["roc"])
    if "yy" in parts:
        short = int(parts["yy"])
        return short + (2000 if short < 60 else 1900)
    return _number(parts["y"]) if "y" in parts else None


def _month(parts: dict[str, str]) -> int | None:
    if "name" in parts:
        return _MONTH_NAMES.index(parts["name"][:3]) + 1
    return _number(parts["m"]) if "m" in parts else None


def _is_day(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= _LONGEST_DAY[month - 1]


def _number(written: str) -> int:
    """Digits, Chinese digits in a row (二〇二四), or Chinese numerals below a thousand (一百一十三)."""
    plain = re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", written.replace("〇", "零"))
    if plain.isdigit():
        return int(plain)
    if not set(plain) & set("十百"):
        return int("".join(str(_DIGITS.index(c)) for c in plain))
    total = digit = 0
    for c in plain:
        if c in _DIGITS:
            digit = _DIGITS.index(c)
        else:
            total += (digit or 1) * (10 if c == "十" else 100)
            digit = 0
    return total + digit
