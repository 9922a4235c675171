"""Words written with look-alikes to dodge filters, read as meant. Works on folded text and keeps its length.

The table holds only spellings that mean nothing else: 威信 (prestige) and 登陆 (landfall) are words and stay.
"""

from __future__ import annotations

import re

#: What is meant, then how it is written; equal lengths, so that places in a text stay where they are.
_DISGUISES = """
微信 薇信 徽信 嶶信 v信; 疫苗 役苗 疫描; 病毒 病渎; 新冠 新蔻 芯冠; 新冠病毒 新官病毒 新关病毒 新管病毒 新棺病毒
抗疫 抗役; 核酸 核蒜; 支付宝 支付保 芝付宝; 转账 转帐; 账号 帐号; 账户 帐户; 银行卡 银行咔; 布洛芬 布洛分 布络芬
连花清瘟 莲花清瘟 莲花清温 连花清温; 隔离 隔璃; 政府 政俯; 警察 警茶
"""
_WRITTEN = {
    written: meant for meant, *others in (entry.split() for entry in re.split(r"[;\n]", _DISGUISES) if entry.strip())
    for written in others
}  # fmt: skip
_WORD = re.compile("|".join(sorted(map(re.escape, _WRITTEN), key=len, reverse=True)))
#: What a text must hold for the pattern to be tried, the pattern, and what is meant.
_LATIN_DISGUISES = (
    (("cov", "c0v"), re.compile(r"\bc[o0]v[i1!]d(?=\b|19|[-_])"), "covid"),
    (("cc",), re.compile(r"\bv[a@4]c{2}[i1!]n(?=e|es|ed|ation|ations|ated)"), "vaccin"),
)
# Cyrillic letters that look like Latin ones; a word that mixes the two alphabets is one alphabet in disguise.
_CYRILLIC = str.maketrans("аеорсхуіѕјԁһ", "aeopcxyisjdh")
_HAS_CYRILLIC = re.compile("[а-яіѕјԁһ]")
_MIXED = re.compile(r"(?=[a-z\d]*[а-яіѕјԁһ])(?=[а-яіѕјԁһ\d]*[a-z])[a-zа-яіѕјԁһ\d]{2,40}")


def as_meant(written: str) -> str:
    """The same for a text in any case, which keeps its own where nothing was disguised."""
    lower = written.lower()
    meant = undisguise(lower)
    if meant == lower or len(lower) != len(written):
        return written
    return "".join(new if new != old else own for new, old, own in zip(meant, lower, written, strict=True))


def undisguise(folded: str) -> str:
    """A folded text with disguised words as they are meant; its length does not change."""
    if not folded.isascii():
        folded = _WORD.sub(lambda found: _WRITTEN[found.group()], folded)
        if _HAS_CYRILLIC.search(folded):
            folded = _MIXED.sub(lambda found: _as_latin(found.group()), folded)
    for hints, pattern, meant in _LATIN_DISGUISES:
        if any(hint in folded for hint in hints):
            folded = pattern.sub(meant, folded)
    return folded


def _as_latin(word: str) -> str:
    latin = word.translate(_CYRILLIC)
    return latin if latin.isascii() else word
