"""What a statement counts and denies: numbers and negations, comparable across Chinese and English.

Used as guards: two statements that differ only here are not the same claim.
"""

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
_TWO_TO_TWELVE = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TENS = {"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "hundred": 100}
_ENGLISH = {word: value for value, word in enumerate(_TWO_TO_TWELVE, start=2)} | _TENS
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
_COUNTED_HUNDRED = re.compile(r"(?:\d|\b(?:two|three|four|five|six|seven|eight|nine)) hundred\b")
_ENGLISH_WORD = re.compile(rf"\b({'|'.join(_ENGLISH)})\b")

# Denials of a statement. Warnings (不要吃, 切勿, do not drink) are claims of harm, not denials, and are not counted.
_DENIALS = (
    r"不会|不能(?:预防|防|治|杀|抵|替代|代替|导致|引起|传播|说明|证明|等于|作为|使|让|产生|形成)|无法|并不|并非|不是|不存在|没有|未必|未发现|未见|无关|不实|不属实"
    r"|不含|不致|不可能|不具|不等于|不得当真|无稽|非真|毫无|绝非|谣言|辟谣|假消息|假的|虚假|误读|误传|伪造"
    r"|\bnot\b(?! only)|\bno\b(?! longer)|n['’]t\b|\bcannot\b|\bfalse\b|\bhoax\b|\bmyth\b|\bfake\b|\buntrue\b|\bdebunk"
    r"|\bnever\b|\bnobody\b|\bnothing\b|\bwithout\b|\bneither\b|\bnor\b"
)
_DENIAL = re.compile(_DENIALS)
_NOT_DENIALS = re.compile(
    r"是不是|会不会|能不能|要不要|有没有|不仅|不但|不只|不得不|不管|不论|无论|不小心|没有人知道|不是谣言|并非谣言|千万别|"
    r"(?:^|[.!;:,\n]\s*)(?:please )?(?:do not|don['’]t|never)\b|\bwhy not\b|\bnot only\b|\bwhether or not\b"
)


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
    counted = "hundred" in folded and _COUNTED_HUNDRED.search(folded)  # in `5 hundred` the hundred was read already
    for match in _ENGLISH_WORD.finditer(folded):
        if not (match.group() == "hundred" and counted):
            yield match.start(), match.end(), str(_ENGLISH[match.group()])


def negations(text: str) -> int:
    """How many times a text denies something. Questions (是不是) and warnings (do not drink) are no denials."""
    return negations_of(fold(text))


def negations_of(folded: str) -> int:
    """The `negations` of a folded text."""
    return len(_DENIAL.findall(_NOT_DENIALS.sub(" ", folded)))


def find_negations(folded: str) -> Iterator[Found]:
    """Each denial in a folded text with its place."""
    blanked = _NOT_DENIALS.sub(lambda match: " " * len(match.group()), folded)
    for match in _DENIAL.finditer(blanked):
        yield match.start(), match.end(), match.group()


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
