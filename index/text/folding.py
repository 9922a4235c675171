"""One spelling for many: folding, index terms and shingles.

Folded text is NFKC, lower case, simplified Chinese, without invisible characters and without the symbols and spaces
that are put between Han characters to dodge filters (新*冠-疫 苗); words written with look-alikes are read as meant
(薇信, c0vid, сovid with a Cyrillic с). Folding is idempotent (a property test holds it).
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache

from opencc import OpenCC

from index.text.disguise import as_meant, undisguise
from index.text.urls import find_urls, url_key, without_urls

ANALYSIS = "2"

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd々〇"
#: And kana, Hangul, Thai, Lao, Burmese, Khmer: written without spaces, cut into pairs.
UNSPACED = HAN + "\u3040-\u30ff\u31f0-\u31ff\uac00-\ud7a3\u0e01-\u0e4e\u0e81-\u0ecd\u1000-\u109f\u1780-\u17d3"
FIRST_UNSPACED = "\u0e01"
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0980-\u0dff"
_TOKEN = re.compile(rf"[{UNSPACED}]+|(?:[^\W_{UNSPACED}]|[{_MARKS}])+(?:['’][a-z]+)?(?:[.,]\d+)*")
_CJK = re.compile(f"[{UNSPACED}]")
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u20e3\U000e0000-\U000e0fff]"
)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SYMBOLS = (
    r"[\s*_~^+=|/\\·•・.★☆●○◆◇■□▲△▼▽♥❤♡#&@$%`'\"‐-―\-丨丶\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff"
    r"\U0001f000-\U0001faff]"
)
CAMOUFLAGE = re.compile(rf"(?<=[{HAN}]){_SYMBOLS}+(?=[{HAN}])")
_MAY_BE_CAMOUFLAGE = re.compile(rf"{_SYMBOLS}(?=[{HAN}])")  # what it ends with; much quicker to look for
#: Variants that OpenCC leaves alone because they are also simplified words.
_VARIANTS = {"著": "着", "妳": "你", "祂": "他", "牠": "它", "喫": "吃", "裏": "里", "甚": "什"}
#: Full-width marks as NFKC spells them: put in first, most Chinese text is in NFKC and need not be rebuilt.
_WIDE = {c: unicodedata.normalize("NFKC", c) for c in "，！？：；（）～％－／…\u3000"}
_STOP_WORDS = (
    "a an and are as at be been but by for from had has have he her his i if in into is it its of on or our she so "
    "that the their them then there these they this to was we were will with you your"
)
ENGLISH_STOP = frozenset(_STOP_WORDS.split())


_SPACED_OUT = re.compile(rf"(?<![{HAN}])(?:[{HAN}][ \u3000]){{2,200}}[{HAN}](?![{HAN}])")
_FEW_TERMS = 12
_SHOUTING = 12  # capital letters; fewer may be a name


@cache
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


def fold(text: str) -> str:
    """`text` in its one spelling, white space as single spaces."""
    if text.isascii():
        plain = " ".join(CONTROL.sub(" ", text).lower().split())
        text = undisguise(plain)
        if text == plain:
            return text
    for _ in range(4):  # a fold may make a pair that folds again; two rounds settle all but contrived texts
        after = _fold_once(text)
        if after == text:
            break
        text = after
    return text


def _fold_once(text: str) -> str:
    text = INVISIBLE.sub("", CONTROL.sub(" ", text))
    for wide, mark in _WIDE.items():
        text = text.replace(wide, mark)
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    text = " ".join(INVISIBLE.sub("", text).split())
    if _MAY_BE_CAMOUFLAGE.search(text):
        text = CAMOUFLAGE.sub("", text)
    return undisguise(simplify(text)).strip()


def legible(text: str) -> str:
    """`text` as it was meant to be read, in its own spelling: no addresses (unless there is nothing else), nothing
    invisible, no symbols between Han characters, no words in disguise, no shouting."""
    text = INVISIBLE.sub("", CONTROL.sub(" ", text))
    text = unicodedata.normalize("NFKC", without_urls(text).strip() or text)
    text = CAMOUFLAGE.sub(lambda found: found.group() if found.group().isspace() else "", text)
    text = _SPACED_OUT.sub(lambda found: "".join(found.group().split()), text)
    capitals = sum(map(str.isupper, text))
    if capitals > _SHOUTING and capitals > sum(map(str.islower, text)):
        text = text.lower()
    return as_meant(text)


def simplify(text: str) -> str:
    """Traditional characters as simplified ones, variants as their usual form."""
    simplified: str = _to_simplified().convert(text)
    for variant, usual in _VARIANTS.items():
        simplified = simplified.replace(variant, usual)
    return simplified


def is_cjk(character: str) -> bool:
    """Whether words around this character are not spaced, so that pairs of characters stand for them."""
    return character >= FIRST_UNSPACED and bool(_CJK.match(character))


def words(folded: str) -> list[str]:
    """The runs of a folded text: whole runs of unspaced script, words and numbers of the others."""
    return _TOKEN.findall(folded)


def has_words(text: str) -> bool:
    """Whether `words` would find any."""
    return _TOKEN.search(text) is not None


def terms(text: str) -> list[str]:
    """Index terms, without white space in any: Han characters and their pairs, stemmed words, numbers, `url:` keys."""
    found = _url_terms(text)
    for run in words(fold(without_urls(text))):
        if is_cjk(run[0]):
            found.extend(run)
            found.extend(run[i : i + 2] for i in range(len(run) - 1))
        elif run not in ENGLISH_STOP:
            found.append(stem(run))
    return found


def _url_terms(text: str) -> list[str]:
    return [f"url:{url_key(canonical)}" for _, canonical in find_urls(text)]


def query_terms(text: str, limit: int) -> tuple[str, ...]:
    """The distinct terms to look for, at most `limit`: keys of addresses, at most half of it, then words and pairs of
    unspaced script in their order. Of more than fit, an even share from all over the text, the last included: the
    point of a message may come late.

    A single character says little beside pairs, even one that stands alone (with those, 8 of 212 LINE messages lost
    their answer from the first ten); a text of few pairs is looked for by both.
    """
    runs = words(fold(without_urls(text)))
    found = [term for term in dict.fromkeys(terms_of(runs)) if len(term) > 1 or not is_cjk(term)]
    if len(found) < _FEW_TERMS:
        found += dict.fromkeys(c for run in runs if is_cjk(run[0]) for c in run)
    keys = list(dict.fromkeys(_url_terms(text)))[: (limit + 1) // 2]
    return (*keys, *_spread(found, limit - len(keys)))


def _spread(items: Sequence[str], room: int) -> Sequence[str]:
    """At most `room` of the items, at even distances, the first and the last among them."""
    if len(items) <= room or room < 2:
        return items[:room]
    return [items[n * (len(items) - 1) // (room - 1)] for n in range(room)]


def content_terms(folded: str) -> list[str]:
    """What overlap is measured on: pairs of unspaced script, stemmed words that are not mere grammar."""
    return terms_of(words(folded))


def terms_of(runs: Sequence[str]) -> list[str]:
    """The `content_terms` of a folded text whose `words` are `runs`."""
    found: list[str] = []
    for run in runs:
        if not is_cjk(run[0]):
            if run not in ENGLISH_STOP:
                found.append(stem(run))
        elif len(run) == 1:
            found.append(run)
        else:
            found.extend(map(operator.add, run, run[1:]))
    return found


def shingles(text: str) -> frozenset[str]:
    """Pairs of characters of unspaced script, triples of words elsewhere (sources.md 5); else one shingle."""
    found: set[str] = set()
    spaced: list[str] = []
    for run in words(fold(text)):
        if is_cjk(run[0]):
            found.update(run[i : i + 2] for i in range(max(len(run) - 1, 1)))
        else:
            spaced.append(run)
    found.update(" ".join(spaced[i : i + 3]) for i in range(max(len(spaced) - 2, 1 if spaced else 0)))
    return frozenset(found)


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Light English stemming: microwave, microwaved, microwaving -> microwav. Words of other scripts stay."""
    if not word.isascii() or any(c.isdigit() for c in word):
        return word.replace(",", "")
    word = word.split("'")[0]
    for ending, shortest in (("ies", 5), ("ing", 6), ("ed", 5), ("es", 5), ("s", 4), ("e", 4)):
        if word.endswith(ending) and len(word) >= shortest and not word.endswith(("ss", "us", "is")):
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            if ending in ("ing", "ed") and len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word
