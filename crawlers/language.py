"""The language of a text, told by its script where the label contradicts it (Q12 of sources.md 4).

Enough for the sources we read: Han, kana and Hangul show themselves, and a character set tells Chinese scripts apart.
"""

from __future__ import annotations

import re

_MIN_LETTERS = 40
_SIMPLIFIED = ("zh", "zh-cn", "zh-sg", "zh-my", "zh-hans", "zh-hans-cn", "zh-hans-sg", "cn")
_TRADITIONAL = ("zh-tw", "zh-hk", "zh-mo", "zh-hant", "zh-hant-tw", "zh-hant-hk", "zh-hant-mo")
_ALIASES = dict.fromkeys(_SIMPLIFIED, "zh-Hans") | dict.fromkeys(_TRADITIONAL, "zh-Hant")
_HAN = re.compile("[\u4e00-\u9fff]")
_KANA = re.compile("[\u3041-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")


def canonical_language(tag: str) -> str:
    """`zh-TW` and its kind as `zh-Hant`; others as a lower-case language with its region dropped; "" for none."""
    tag = tag.strip().replace("_", "-").lower()
    if tag in _ALIASES:
        return _ALIASES[tag]
    return tag.split("-")[0] if re.fullmatch(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*", tag) else ""


def told_language(text: str, label: str, fallback: str) -> str:
    """The language to store: the label's (or the source's), unless 40 or more letters are plainly in another script."""
    declared = canonical_language(label) or canonical_language(fallback) or fallback
    sample = text[:4000]
    han, kana, hangul, latin = (len(p.findall(sample)) for p in (_HAN, _KANA, _HANGUL, _LATIN))
    letters = han + kana + hangul + latin
    if letters < _MIN_LETTERS:
        return declared
    if kana * 10 > letters:
        return "ja"
    if hangul * 2 > letters:
        return "ko"
    if han * 2 > letters:
        return _chinese_script(sample, declared)
    if latin * 10 > letters * 9 and declared.split("-")[0] in ("zh", "ja", "ko"):
        fallback = canonical_language(fallback)
        return fallback if fallback.split("-")[0] not in ("zh", "ja", "ko") else "en"
    return declared


def _chinese_script(text: str, declared: str) -> str:
    """Simplified forms are not in Big5, traditional forms not in GB 2312: the larger count decides, a tie the label."""
    characters = _HAN.findall(text)
    simplified = sum(not _in(c, "big5") and _in(c, "gb2312") for c in characters)
    traditional = sum(not _in(c, "gb2312") and _in(c, "big5") for c in characters)
    if simplified == traditional:
        return declared if declared.startswith("zh") else "zh-Hans"
    return "zh-Hans" if simplified > traditional else "zh-Hant"


def _in(char: str, codec: str) -> bool:
    try:
        char.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
