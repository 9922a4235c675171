"""The numbers of a text, comparable across Chinese and English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from index.text.dated import Found, find_dates
from index.text.folding import fold
from index.text.urls import without_urls

_DIGITS = "零一二三四五六七八九"
_UNITS = {"十": 10, "百": 100, "千": 1_000}
_CHINESE_FACTORS = {"百": 1e2, "千": 1e3, "万": 1e4, "亿": 1e8}
_MULTIPLIERS = _CHINESE_FACTORS | {"k": 1e3, "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_UNDER_TWENTY = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9}
_ENGLISH = {word: value for value, word in enumerate(_UNDER_TWENTY.split(), start=1)}
_ENGLISH |= {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)} | _SCALES
# Not a number: part of a name such as COVID-19, H1N1, 5G, PM2.5, B-52.
_ARABIC = re.compile(
    r"(?<![a-z\d.])(?<![a-z]-)(\d+(?:,\d{3})*(?:\.\d+)?)(?!\d|[a-z]+\d|[2-6]?g(?![a-z]))\s*"
    r"(万亿|百万|千万|[百千万亿]|k(?![a-z])|thousand|million|billion|hundred)?"
)
_DIGIT = re.compile(r"\d")
_CHINESE = re.compile(
    r"(?:百分之)?([零〇一二两三四五六七八九十百千万亿]{1,12})"
    r"(个?(?:小时|分钟|公斤|毫升|月)|[天日年岁倍次度级人元克斤杯瓶秒米吨例名])?"
)
_WORD = "|".join(sorted(_ENGLISH, key=len, reverse=True))
_ENGLISH_RUN = re.compile(rf"(?<!\d )(?<!\d)\b(?:{_WORD})(?:(?: and |[ -])(?:{_WORD})){{0,8}}\b")


def numbers(text: str) -> frozenset[str]:
    """The numbers that a text states, in one spelling: `3万`, `30,000`, `三万` and `30 thousand` are `30000`.

    Numbers inside names (COVID-19, 5G) and dates, and the words for one, are left out.
    """
    return frozenset(value for _, _, value in find_numbers(without_urls(fold(text))))


def find_numbers(folded: str) -> Iterator[Found]:
    """Each number in a folded text with its place."""
    dated = bytearray(len(folded))
    for start, end, _ in find_dates(folded):
        dated[start:end] = b"\x01" * (end - start)
    for start, end, value in _find_numbers(folded):
        if not any(dated[start:end]):
            yield start, end, value


def _find_numbers(folded: str) -> Iterator[Found]:
    for match in _ARABIC.finditer(folded) if _DIGIT.search(folded) else ():
        value = _value(match.group(1), match.group(2))
        if value is not None:
            yield match.start(1), match.end(2) if match.group(2) else match.end(1), value
    for match in _CHINESE.finditer(folded) if not folded.isascii() else ():
        run, unit = match.groups()
        if match.start() and unicodedata.category(folded[match.start() - 1]) == "Nd":
            continue
        value = _chinese(run) if _states_number(run, unit, match.group(0)) else None
        if value is not None:
            yield match.start(1), match.end(1), value
    for match in _ENGLISH_RUN.finditer(folded):
        yield from _english(match)


def _english(match: re.Match[str]) -> Iterator[Found]:
    """three thousand -> 3000, one hundred and fifty -> 150, two and three are two. Not `one`, nor `million` alone."""
    parts = [(m.group(), m.start(), m.end()) for m in re.finditer(r"[a-z]+", match.group()) if m.group() != "and"]
    total = section = start = end = 0
    last = 0  # the value of the word before
    for word, first, after in [*parts, ("", 0, 0)]:
        value = _ENGLISH.get(word, 0)
        is_scale = word in _SCALES
        is_more = is_scale if last else True
        is_more = is_more or last >= 100 or (last in range(20, 91, 10) and value < 10)
        if not word or not is_more:
            whole = total + section
            said = match.group()[start:end]
            if whole > 1 and said not in ("thousand", "million", "billion"):
                yield match.start() + start, match.start() + end, str(whole)
            total = section = last = 0
            start = first
        if word and not last:
            start = first
        if word == "hundred":
            section = (section or 1) * 100
        elif is_scale:
            total, section = total + (section or 1) * value, 0
        else:
            section += value
        last, end = value, after


def _value(digits: str, multiplier: str | None) -> str | None:
    factor = 1.0
    for part in re.findall(r"[百千万亿]|[a-z]+", multiplier or ""):
        factor *= _MULTIPLIERS[part]
    try:
        number = float(digits.replace(",", "")) * factor
    except ValueError:
        return None
    return f"{number:.12g}" if len(digits) <= 15 else None


def _states_number(run: str, unit: str | None, whole: str) -> bool:
    """一, 万一, 千万 and 十分 are words, not numbers."""
    if whole.startswith("百分之"):
        return True
    if unit:
        return run not in ("一", "千万", "万", "百", "千", "十" if unit in "分" else "一")
    return len(run) >= 2 and run[0] not in "百千万亿" and any(c in "十百千万亿" for c in run) and run != "一一"


def _chinese(run: str) -> str | None:
    """三万五千 -> 35000, 二零二零 -> 2020, 十九 -> 19."""
    run = run.replace("〇", "零").replace("两", "二")
    if all(c in _DIGITS for c in run):
        return str(int("".join(str(_DIGITS.index(c)) for c in run)))
    total = section = digit = 0
    for c in run:
        if c in _DIGITS:
            digit = _DIGITS.index(c)
        elif c in _UNITS:
            section += (digit or 1) * _UNITS[c]
            digit = 0
        else:
            factor = 10_000 if c == "万" else 100_000_000
            total = (total + section + digit or 1) * factor
            section = digit = 0
    value = total + section + digit
    return str(value) if value < 10**15 else None
