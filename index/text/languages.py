"""Which script and language a text is in, and how long it is: a guess from letters and common words.

Chinese is told from its characters alone: those that OpenCC would change on the way to simplified against those that it
would change on the way to traditional.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from opencc import OpenCC

from index.text.folding import HAN, fold, is_cjk, words
from index.text.urls import without_urls

_LOOKED_AT = 2_000
_HAN = re.compile(f"[{HAN}]")
_KANA = re.compile("[\u3040-\u30ff\u31f0-\u31ff]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ][A-Za-zÀ-ɏḀ-ỿ'’]*")
#: Letters of a script, its ISO 15924 code, and the language that most texts in it are in.
_SCRIPTS = (
    ("[\uac00-\ud7a3]", "Kore", "ko"),
    ("[\u0400-\u04ff]", "Cyrl", "ru"),
    ("[\u0600-\u06ff\u0750-\u077f]", "Arab", "ar"),
    ("[\u0900-\u097f]", "Deva", "hi"),
    ("[\u0980-\u09ff]", "Beng", "bn"),
    ("[\u0a00-\u0a7f]", "Guru", "pa"),
    ("[\u0a80-\u0aff]", "Gujr", "gu"),
    ("[\u0b80-\u0bff]", "Taml", "ta"),
    ("[\u0c00-\u0c7f]", "Telu", "te"),
    ("[\u0d00-\u0d7f]", "Mlym", "ml"),
    ("[\u0e01-\u0e5b]", "Thai", "th"),
    ("[\u1000-\u109f]", "Mymr", "my"),
    ("[\u0370-\u03ff]", "Grek", "el"),
    ("[\u0590-\u05ff]", "Hebr", "he"),
)
_SCRIPT_PATTERNS = tuple((re.compile(letters), script, language) for letters, script, language in _SCRIPTS)
_COMMON = {
    "en": "the of and to in is that it for was on are with as this be have not you at from they will your but what can",
    "es": "el la los las de que y en un una es por con para del se no al lo como más su este esta pero",
    "pt": "o a os as de que e em um uma é por com para do da não no na se como mais foi ao dos",
    "fr": "le la les de des et en un une est que qui dans pour pas du au sur ce il ne avec plus par",
    "de": "der die das und ist in den von zu mit nicht ein eine auf für im sich es dem des auch als werden",
    "it": "il lo la gli di che e in un una è per con non del della si da le come più sono al",
    "id": "yang dan di ini itu dengan untuk dari dalam tidak akan pada ke adalah oleh karena bisa ada",
    "vi": "và của là không có được cho các một người những trong đã với này khi để",
    "tr": "ve bir bu da de için ile olarak çok daha gibi ne var olan",
    "pl": "i w na z się nie to jest że do po jak od za o przez są",
    "nl": "de het een en van is dat niet in op te voor met zijn er aan ook als",
}
_COMMON_SETS = {language: frozenset(common.split()) for language, common in _COMMON.items()}


@dataclass(frozen=True, slots=True)
class Length:
    """How much a text says: Han characters (and other unspaced script), and words of the spaced scripts."""

    han: int
    words: int

    def is_under(self, han: int, words: int) -> bool:
        """Whether the text is shorter than `han` characters or `words` words; a mixed text adds both shares."""
        return self.han / han + self.words / words < 1


def script_of(text: str) -> str:
    """ISO 15924 code of the script that carries the text (Hans, Hant, Latn, Jpan, …); Zyyy if it has no letters."""
    return _guess(text)[0]


def language_of(text: str) -> str:
    """BCP 47 tag: zh-Hans, zh-Hant, en, or a guess at another; `und` if there are no letters to tell from."""
    script, language = _guess(text)
    return _latin_language(text[:_LOOKED_AT]) if script == "Latn" else language


def length(text: str) -> Length:
    """The length of `text` in characters of unspaced script and in words."""
    return length_of(words(without_urls(fold(text))))


def length_of(runs: Sequence[str]) -> Length:
    """The length of a folded text without addresses whose `words` are `runs`."""
    han = spaced = 0
    for run in runs:
        if is_cjk(run[0]):
            han += len(run)
        else:
            spaced += 1
    return Length(han, spaced)


def _guess(text: str) -> tuple[str, str]:
    text = text[:_LOOKED_AT]
    han, kana = len(_HAN.findall(text)), len(_KANA.findall(text))
    counts = [(len(pattern.findall(text)) / 3, script, language) for pattern, script, language in _SCRIPT_PATTERNS]
    best = max(counts)
    latin = len(_LATIN_WORD.findall(text)) * 1.5  # a word says about as much as one and a half Han characters
    if kana and kana * 8 > han and kana + han > max(latin, best[0]):
        return "Jpan", "ja"
    if han and han >= max(latin, best[0]):
        return ("Hant", "zh-Hant") if _is_traditional(text) else ("Hans", "zh-Hans")
    if best[0] > latin:
        return best[1], best[2]
    return ("Latn", "en") if latin else ("Zyyy", "und")


def _is_traditional(text: str) -> bool:
    han = "".join(_HAN.findall(text))
    to_simplified, to_traditional = _converters()
    changed_to_simplified = sum(a != b for a, b in zip(han, str(to_simplified.convert(han)), strict=False))
    changed_to_traditional = sum(a != b for a, b in zip(han, str(to_traditional.convert(han)), strict=False))
    return changed_to_simplified > changed_to_traditional


@cache
def _converters() -> tuple[OpenCC, OpenCC]:
    return OpenCC("t2s"), OpenCC("s2t")


def _latin_language(text: str) -> str:
    """The language with the most common words in the text; English where nothing speaks for another."""
    found = [word.lower() for word in _LATIN_WORD.findall(text)]
    scores = {language: sum(word in common for word in found) for language, common in _COMMON_SETS.items()}
    best = max(scores, key=lambda language: (scores[language], language == "en"))
    return best if scores[best] > scores["en"] else "en"
