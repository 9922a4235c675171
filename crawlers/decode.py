"""Bytes to text: BOM, then valid UTF-8 wins over any label, then labels and language hints scored by plausibility.

A wrong guess publishes nonsense, so a decoding with private-use, unassigned or C1 characters is out, and if none is
left the answer is `bad_encoding` (Q7-Q10 of sources.md 4).
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# A declared name is read as its superset: publishers write gb2312 and send GBK (Q7).
_SUPERSETS = {
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "hz": "hz", "euc-cn": "gb18030", "x-gbk": "gb18030",
    "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "x-x-big5": "big5hkscs", "cn-big5": "big5hkscs",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "euckr": "cp949", "windows-949": "cp949",
    "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252",
}  # fmt: skip
_BY_LANGUAGE = {
    "zh-Hans": ("gb18030", "big5hkscs"), "zh-Hant": ("big5hkscs", "gb18030"), "zh": ("gb18030", "big5hkscs"),
    "ja": ("cp932", "euc_jp"), "ko": ("cp949",), "ru": ("cp1251", "koi8-r"), "th": ("cp874",),
    "ar": ("cp1256",), "fa": ("cp1256",), "tr": ("cp1254",),
}  # fmt: skip
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})"""
    rb"""|<meta[^>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""",
    re.I,
)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.I)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LATIN_RUNS = re.compile(
    "[\x80-\xff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{2,}"
)
_ENOUGH = 0.7  # share of plausible characters that a guessed decoding needs (chosen on tests/feeds)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text without control characters, how many were removed, and by which name it was read."""

    text: str
    encoding: str
    removed_count: int = 0


def decode(body: bytes, content_type: str = "", language: str = "", is_truncated: bool = False) -> Decoded | None:
    """None where no decoding is plausible (`bad_encoding`)."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            text = _strict(body[len(bom) :], name, is_truncated)
            return _clean(text, name) if text is not None else None
    wide = _utf16_without_bom(body)
    if wide:
        text = _strict(body, wide, is_truncated)
        return _clean(text, wide) if text is not None and _plausible(text) >= _ENOUGH else None
    text = _strict(body, "utf-8", is_truncated)
    if text is not None:
        return _clean(text, "utf-8")
    labels = _labels(body, content_type)
    guess = _best(body, labels, language, is_truncated)
    if guess is not None:
        return guess
    return _almost_utf8(body)


def _best(body: bytes, labels: list[str], language: str, is_truncated: bool) -> Decoded | None:
    hints = _BY_LANGUAGE.get(language) or _BY_LANGUAGE.get(language.split("-")[0], ("cp1252",))
    best: tuple[float, str, str] | None = None
    for rank, name in enumerate(dict.fromkeys([*labels, *hints])):
        text = _strict(body, name, is_truncated)
        if text is None or _is_disqualified(text):
            continue
        score = _plausible(text) + (0.15 if rank < len(labels) else 0.0)  # a label that works is worth something
        if best is None or score > best[0]:
            best = (score, name, text)
    return _clean(best[2], best[1]) if best is not None and best[0] >= _ENOUGH else None


def _labels(body: bytes, content_type: str) -> list[str]:
    names = _CHARSET.findall(content_type)
    names += [(a or b).decode("ascii") for a, b in _DECLARED.findall(body[:4096])]
    found = []
    for name in names:
        name = _SUPERSETS.get(name.lower(), name.lower())
        try:
            if codecs.lookup(name)._is_text_encoding:
                found.append(name)
        except LookupError:
            continue
    return [n for n in found if n not in ("utf-8", "utf8", "utf-16", "utf-32", "utf-7")]


def _strict(body: bytes, name: str, is_truncated: bool) -> str | None:
    """Decoded without errors; in a body that was cut, the last character may be half."""
    for cut in range(4 if is_truncated else 1):
        try:
            return body[: len(body) - cut].decode(name)
        except UnicodeDecodeError as error:
            if error.start < len(body) - cut - 4:
                return None
        except (LookupError, ValueError):
            return None
    return None


def _almost_utf8(body: bytes) -> Decoded | None:
    """UTF-8 with a few damaged bytes: at most one in a thousand characters, else it is not UTF-8."""
    text = body.decode("utf-8", "replace")
    wide = sum(c > "\x7f" for c in text)
    damaged = text.count("\ufffd")
    return _clean(text, "utf-8") if wide > damaged * 20 and damaged * 1000 <= len(text) else None


def _utf16_without_bom(body: bytes) -> str | None:
    head = body[:400]
    if len(head) < 8 or len(body) % 2:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 8 and even * 10 < odd:
        return "utf-16-le"
    if even > len(head) // 8 and odd * 10 < even:
        return "utf-16-be"
    return None


def _clean(text: str, name: str) -> Decoded:
    cleaned, count = _CONTROLS.subn("", text)
    return Decoded(cleaned, name, count)


def _is_disqualified(text: str) -> bool:
    return any(c > "\x7f" and unicodedata.category(c) in ("Co", "Cn", "Cc", "Cs") and c != "\x85" for c in set(text))


def _plausible(text: str) -> float:
    """Share of the characters beyond ASCII that living texts are made of. 1.0 where there are none."""
    counts = {c: 0 for c in text if c > "\x7f"}
    for c in text:
        if c in counts:
            counts[c] += 1
    total = sum(counts.values())
    good = sum(n for c, n in counts.items() if _is_common(c))
    if not total:
        return 1.0
    score = good / total * (1.0 - _western_noise(text) / total)
    cyrillic = [c for c in counts if "\u0400" <= c <= "\u045f"]
    upper = sum(counts[c] for c in cyrillic if c.isupper())
    # One Cyrillic code page read as the other swaps the case of every letter.
    return score / 2 if upper * 2 > sum(counts[c] for c in cyrillic) > 20 else score


def _western_noise(text: str) -> int:
    """Characters in runs of accented letters and signs: what multi-byte text looks like when it is read as latin-1."""
    return sum(len(run) for run in _LATIN_RUNS.findall(text))


@lru_cache(maxsize=65536)
def _is_common(char: str) -> bool:
    code = ord(char)
    if 0x3000 <= code <= 0x30FF or 0xFF01 <= code <= 0xFF60 or 0x2010 <= code <= 0x203B or code in (0xA0, 0xB7, 0xFFFD):
        return True
    if 0x4E00 <= code <= 0x9FFF:
        return _lead(char, "gb2312", 0xB0, 0xD7) or _lead(char, "big5", 0xA4, 0xC6) or _lead(char, "cp932", 0x88, 0x98)
    if 0xAC00 <= code <= 0xD7A3:
        return _lead(char, "euc_kr", 0xB0, 0xC8)
    if 0x0370 <= code <= 0x045F or 0x0590 <= code <= 0x06FF or 0x0900 <= code <= 0x0E7F or 0x1E00 <= code <= 0x1EFF:
        return True
    return 0xC0 <= code <= 0x24F and char.isalpha()


def _lead(char: str, codec: str, first: int, last: int) -> bool:
    try:
        return first <= char.encode(codec)[0] <= last
    except UnicodeEncodeError:
        return False
