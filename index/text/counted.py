"""What a sentence counts: numbers with what they are numbers of, so that only like is compared with like.

`8杯水` and `9杯水` differ, `8杯水` and `2升水` do not. Not counted: dates, years, clock times, ordinals, the numbers of
a list, telephone numbers, and a number of nothing. A half and 50 % are one number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from index.text.folding import ENGLISH_STOP, is_cjk, stem, words
from index.text.statements import find_numbers

_NEAR = 0.05  # share by which two great numbers may differ and still be one, rounded
_GREAT = 100


@dataclass(frozen=True, slots=True)
class Count:
    """A number and what it counts: one or two words for it, by unit where that is known (percent, people, hour)."""

    value: str
    kinds: frozenset[str]


_UNIT_WORDS = {
    "percent": r"%|percent|per cent|个百分点",
    "people": "人|名|位|例|口人|people|persons?|men|women|kids|children|students|patients|cases|deaths?|dead|died"
    "|killed|victims|soldiers|voters|residents|migrants|refugees|employees|workers|civilians|troops|followers",
    "money": "美元|美金|元|块钱?|人民币|台币|新台币|港元|港币|欧元|英镑|日元|卢比"
    "|dollars?|bucks|euros?|pounds|yuan|rmb|usd|rupees|rs",
    "second": "秒钟?|seconds?|secs?",
    "minute": "分钟|minutes?|mins?",
    "hour": "个?小时|个?钟头|hours?|hrs?",
    "day": "天|日(?!元)|days?",
    "week": "周|个?星期|个?礼拜|weeks?",
    "month": "个月|months?",
    "age": "岁|years? old|year-olds?|yrs? old",
    "year": "年|years?|yrs?",
    "meter": "米|公尺|m(?![a-z])|met(?:er|re)s?",
    "km": "公里|千米|km|kilomet(?:er|re)s?",
    "cm": "厘米|公分|cm|centimet(?:er|re)s?",
    "mile": "英里|miles?",
    "foot": "英尺|feet|ft",
    "kg": "公斤|千克|kg|kilos?|kilograms?",
    "gram": "克|g(?![a-z])|grams?",
    "mg": "毫克|mg|milligrams?",
    "jin": "斤",
    "ton": "吨|tons?|tonnes?",
    "liter": "升|公升|l(?![a-z])|lit(?:er|re)s?",
    "ml": "毫升|cc|ml|millilit(?:er|re)s?",
    "cup": "杯|cups?|glasses",
    "degree": "度|℃|°c|°|degrees?",
    "times": "倍|times",
    "dose": "针|剂|doses?|shots?",
    "magnitude": "级|magnitude",
}
_UNITS = tuple((kind, re.compile(rf"(?:{pattern})(?:(?<![a-z])|(?![a-z]))")) for kind, pattern in _UNIT_WORDS.items())
_ROUND = re.compile(r"\s?-?(?:多|余|几|来|左右|以上|以下)?\s?(?:万|亿)?(?:多|余)?\s?")
_CLASSIFIER = re.compile(
    "[辆台部座栋架艘条张件只头匹棵株粒颗袋包箱盒罐碗桶瓶家所间层起宗届版集款种类项批片支枚面根滴口句]"
)
_MONEY_SIGN = re.compile(r"(?:[$€£¥₹]|us\$|nt\$|rs\.?|rmb|usd)\s?$")
_MONEY_SCALE = re.compile(r"\s?(m|mil|mn|b|bn|bil)(?![a-z])")
_DEATHS = re.compile(
    r"\b(?:kill(?:s|ed|ing)?|injur(?:es|ed|ing)|wound(?:s|ed|ing))\s(?:at least |over |more than |about |some )?$"
)
_ORDINAL_BEFORE = re.compile(
    r"(?:第|no\.?\s?|number |article |section |chapter |#|day |phase |round |version |iphone |windows )$"
)
_ORDINAL_AFTER = re.compile(r"(?:st|nd|rd|th)\b|号|楼|路|版本|世纪|月|届|期|环|型|[.:/]\d|\s?/\s?\d")
_LISTED_BEFORE = re.compile(r"(?:^|[。;；!！?？.:：\n])\s?[(（\[]?$")
_LISTED_AFTER = re.compile(r"[.、)）\]:：](?!\d)|\s?[/](?:\d|\s|$)")
_TIME_AFTER = re.compile(r":\d\d|\s?[ap]\.?m\b|\s?(?:点|时)(?!间|代)|\s?o['’]clock")
_TIME_BEFORE = re.compile(r"\d:$|[点时]$")
_PHONE = re.compile(r"(?<![\d,.])(?:\+?\d[\d -]{5,}\d|\d{7,})(?![\d,.])")
_HALF = re.compile(r"一半|半数|过半|\bhalf\b(?! (?:an?|the) )")
_TENTHS = re.compile(r"([一二两三四五六七八九\d])成(?![为功立员本分就都长年果交品人份])")
_HAN_DIGITS = "零一二三四五六七八九"


def find_counts(folded: str) -> Iterator[Count]:
    """The counts of a folded sentence."""
    phones = [m.span() for m in _PHONE.finditer(folded) if sum(c.isdigit() for c in m.group()) >= 7]
    for start, end, value in find_numbers(folded):
        if any(a <= start < b for a, b in phones) or _is_label(folded, start, end, value):
            continue
        kinds = _kinds(folded, start, end)
        scale = _MONEY_SCALE.match(folded, end) if "money" in kinds else None
        if scale:
            value = f"{float(value) * (10**6 if scale.group(1)[0] == 'm' else 10**9):.12g}"
        if kinds:
            yield Count(value, kinds)
    for _ in _HALF.finditer(folded):
        yield Count("50", frozenset({"percent"}))
    for match in _TENTHS.finditer(folded):
        digit = match.group(1).replace("两", "二")
        tenths = int(digit) if digit.isascii() else _HAN_DIGITS.index(digit)
        yield Count(str(10 * tenths), frozenset({"percent"}))


def other_counts(ours: Collection[Count], theirs: Collection[Count], known: Collection[str]) -> tuple[str, str] | None:
    """Their numbers and ours where two sentences count the same otherwise. `known`: all numbers of our whole text.

    None where a number is shared, or where nothing is counted on both sides.
    """
    if any(_is_near(one.value, value) for one in theirs for value in known):
        return None
    other = [c.value for c in theirs if any(c.kinds & one.kinds for one in ours)]
    mine = [c.value for c in ours if any(c.kinds & one.kinds for one in theirs)]
    return (_listed(other), _listed(mine)) if other else None


def _listed(values: Collection[str]) -> str:
    return ", ".join(sorted(set(values), key=float)[:6])


def _is_near(a: str, b: str) -> bool:
    x, y = float(a), float(b)
    return x == y or (min(x, y) >= _GREAT and abs(x - y) <= _NEAR * max(x, y))


def _is_label(folded: str, start: int, end: int, value: str) -> bool:
    """Whether the number names something rather than counts it."""
    before, after = folded[max(0, start - 12) : start], folded[end : end + 12]
    written = folded[start:end]
    if _ORDINAL_BEFORE.search(before) or _ORDINAL_AFTER.match(after):
        return True
    if _TIME_AFTER.match(after) or _TIME_BEFORE.search(before):
        return True
    if len(written) <= 2 and _LISTED_AFTER.match(after) and _LISTED_BEFORE.search(before):
        return True
    is_year = re.fullmatch(r"(?:19|20|24|25)\d\d", written) is not None
    return is_year and not re.match(r"\s?(?:多|余)?(?:人|名|元|people|dollars)", after)


def _kinds(folded: str, start: int, end: int) -> frozenset[str]:
    before, after = folded[max(0, start - 24) : start], folded[end : end + 40]
    if before.endswith("百分之"):
        return frozenset({"percent"})
    if _MONEY_SIGN.search(before):
        return frozenset({"money"})
    skipped = _ROUND.match(after)
    after = after[skipped.end() :] if skipped else after
    for kind, pattern in _UNITS:
        if pattern.match(after):
            return frozenset({kind})
    if _DEATHS.search(before):
        return frozenset({"people"})
    if after.startswith("个"):
        after = after[1:]
    if not after:
        return frozenset()
    if is_cjk(after[0]):
        if _CLASSIFIER.match(after):
            return frozenset({after[0]})
        return frozenset({after[:2]}) if len(after) > 1 and is_cjk(after[1]) else frozenset()
    if not after[0].isalpha():
        return frozenset()
    clause = re.split(r"[^\w\s'’-]", after)[0]
    found_words = words(clause)[:2]
    kinds: set[str] = set()
    for word in found_words:
        if is_cjk(word[0]) or word in ENGLISH_STOP or word[0].isdigit():
            break
        unit = next((kind for kind, pattern in _UNITS if pattern.fullmatch(word)), "")
        kinds.add(unit or stem(word))
    return frozenset(kinds)
