"""The ways in which people change a text as they pass it on, each a rule: the same text and seed give the same edit.

    edited(kind, text, seed) ─► the text changed, saying the same; None where that kind has nothing to change in it

No edit touches an address. Numbers and negations survive every one but `shorten`, which drops whole sentences, and
`negation`, which denies a denial around the text. Its words come from `wordlists`. Pure.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import pairwise
from random import Random

from index import text as language
from index.evaluation import respellings, wordlists

READ = 20_000  # characters; the product reads no further (text.understand), so no edit does
LIGHT, HEAVY = 25, 10  # letters to one typing mistake
LEAST = language.Length(han=10, words=5)  # a shortened text has at least so much to say
CLAUSE = language.Length(han=4, words=3)  # a shorter clause is a list's item or a name, and stays
#: A sentence in another alphabet with a Latin name in it is not one that casing applies to.
CASED_SHARE = 0.5

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")  # OpenCC takes neither, and says nothing about a text
_ADDRESS = re.compile(r"\S+")
#: Accents and vowel signs that follow their letter; Python counts most of them as no part of a word.
_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0971-\u0dff\u0e31-\u0e4e"
_WORD = re.compile(
    rf"(?<![^\W_{_HAN}])(?<![@#{_MARKS}])(?:[^\W\d_{_HAN}]|[{_MARKS}]){{4,}}(?![^\W_{_HAN}])(?![{_MARKS}])"
)
_HAN_RUN = re.compile(f"[{_HAN}]+")
#: A mistake in one of these would change what is said, not how it is written.
_KEPT_HAN = frozenset("零〇一二三四五六七八九十百千万亿两萬億兩不没無无未非别莫勿否")
_KEPT = """
cannot never nothing nobody none neither without hundred thousand million billion three four five seven eight nine
"""
_KEPT_WORDS = frozenset(_KEPT.split())
_ING = re.compile(r"\b([A-Za-z]{3,})ing\b")
_TITLE = re.compile(
    rf"(?<![A-Za-z])(?:{'|'.join(sorted(map(re.escape, respellings.TITLES.split('|')), key=len, reverse=True))})"
    r"[ \t]+(?=[A-Z][a-z])"
)
_NAME_BEFORE = re.compile(r"[A-Z][\w.]*[ \t]$")
_OPENING, _CLOSING = "“‘「『【《（([", "”’」』】》）)]"
_STOP = re.compile(r"[\s.!?。！？;；…\"”’」』)）]*\Z")

Edit = Callable[[str, Random], str]


def edited(kind: str, text: str, seed: str) -> str | None:
    """`text` after the edit `kind`, at most its first READ characters; None if nothing changed."""
    usable = _UNUSABLE.sub("", text[:READ])
    if not any(map(str.isalnum, usable)):
        return None
    random = Random(zlib.crc32(f"{kind} {seed}".encode("utf-8", "surrogatepass")))  # noqa: S311 - no secret
    after = KINDS[kind](usable, random)
    return after if after != usable and after.strip() else None


# ---------------------------------------------------------------------------------------------------- casing, typing


def casing(text: str, random: Random) -> str:
    """All of it in capitals or none of it."""
    letters = [c for c in text if c.isalpha()]
    if sum(c.lower() != c.upper() for c in letters) < CASED_SHARE * len(letters):
        return text
    change = random.choice((str.upper, str.lower))
    after = _outside_addresses(text, change)
    return after if after != text else _outside_addresses(text, str.lower if change is str.upper else str.upper)


def typos_light(text: str, random: Random) -> str:
    return _mistyped(text, random, LIGHT)


def typos_heavy(text: str, random: Random) -> str:
    return _mistyped(text, random, HEAVY)


def _mistyped(text: str, random: Random, letters_to_one: int) -> str:
    """Mistakes inside words of four letters or more, never in the first one; in Chinese, wrong characters."""
    blank = language.blank_urls(text)
    confused = _confused(_is_traditional(text))
    words = [word for word in _WORD.finditer(blank) if word.group().lower() not in _KEPT_WORDS]
    inside = [place for word in words for place in range(word.start() + 1, word.end()) if not text[place].isdigit()]
    han = [place for run in _HAN_RUN.finditer(blank) for place in range(*run.span())]
    # what follows a number or a negation is one word with it: 3月, 没有, 不会
    han = [place for place in han if not (place and (text[place - 1].isdigit() or text[place - 1] in _KEPT_HAN))]
    within = frozenset(inside)
    characters = list(text)
    for place in _chosen(inside, letters_to_one, random):
        characters[place] = _slip(text, place, place + 1 in within, random)
        if len(characters[place]) == 2 and characters[place][0] != text[place]:
            characters[place + 1] = ""  # the two changed places
    for place in _chosen([p for p in han if text[p] in confused], letters_to_one, random, len(han)):
        characters[place] = random.choice(confused[text[place]])
    return "".join(characters)


def _chosen(places: list[int], letters_to_one: int, random: Random, of: int = 0) -> list[int]:
    """One place in so many letters (`of` letters if not every one is a place), at least one, no two side by side."""
    if not places:
        return []
    wanted = max(1, round((of or len(places)) / letters_to_one))
    chosen: set[int] = set()
    for place in random.sample(places, len(places)):
        if len(chosen) >= wanted:
            break
        if not chosen & {place - 1, place + 1}:
            chosen.add(place)
    return sorted(chosen)


def _slip(text: str, place: int, has_next: bool, random: Random) -> str:
    """What stands in the place of one letter. Two letters that are not this one twice: it and the next, swapped."""
    letter = text[place]
    ways = ["", letter * 2]
    if has_next and text[place + 1] != letter:
        ways.append(text[place + 1] + letter)
    if near := _NEAR_KEYS.get(letter.lower()):
        key = random.choice(near)
        ways.append(key.upper() if letter.isupper() else key)
    return random.choice(ways)


def _near_keys() -> dict[str, str]:
    near: dict[str, str] = {}
    for row in respellings.KEY_ROWS:
        for left, right in pairwise(row):
            near[left] = near.get(left, "") + right
            near[right] = near.get(right, "") + left
    return near


_NEAR_KEYS = _near_keys()


@cache
def _confused(is_traditional: bool) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for group in respellings.HAN_CONFUSED.split():
        # one by one: as a word, OpenCC would read the group and choose by what stands beside a character
        written = dict.fromkeys(wordlists.traditional(c) if is_traditional else c for c in group)
        kept = [c for c in written if c not in _KEPT_HAN]
        for character in kept:
            found.setdefault(character, []).extend(c for c in kept if c != character)
    return {character: tuple(dict.fromkeys(others)) for character, others in found.items() if others}


# -------------------------------------------------------------------------------------------------- dialect, script


def dialect(text: str, random: Random) -> str:
    """English as in the streets of Atlanta, Glasgow or Lagos; Chinese in the words of the other side of the strait,
    or in Cantonese. The varieties take turns until one has something to say otherwise."""
    spoken = language.language_of(text)
    if spoken == "en":
        names = random.sample(sorted(respellings.ENGLISH_DIALECTS), len(respellings.ENGLISH_DIALECTS))
        spelt = (_in_english_dialect(text, name) for name in names)
    elif spoken in ("zh-Hans", "zh-Hant"):
        varieties = random.sample((_across_the_strait, _in_cantonese), 2)
        spelt = (variety(text, spoken == "zh-Hant", random) for variety in varieties)
    else:
        return text
    return next((after for after in spelt if after != text), text)


def _in_english_dialect(text: str, name: str) -> str:
    table = wordlists.english_dialect(name)
    after = _outside_addresses(text, lambda run: table.apply(run, Random(0)))  # noqa: S311 - no choice in it
    return after if name == "pidgin" else _outside_addresses(after, lambda run: _ING.sub(_dropped_g, run))


def _dropped_g(found: re.Match[str]) -> str:
    stem = found.group(1)
    # bring, spring and king have no other vowel, so their ending is none
    return f"{stem}in'" if re.search("[aeiouy]", stem, re.IGNORECASE) and not stem.isupper() else found.group()


def _across_the_strait(text: str, is_traditional: bool, random: Random) -> str:
    return _outside_addresses(text, lambda run: wordlists.vocabulary(is_traditional).apply(run, random))


def _in_cantonese(text: str, is_traditional: bool, random: Random) -> str:
    after = _outside_addresses(text, lambda run: wordlists.cantonese(is_traditional).apply(run, random))
    ending = random.choice(respellings.CANTONESE_ENDINGS)
    ending = wordlists.traditional(ending) if is_traditional else ending
    kept = _STOP.search(after)
    at = kept.start() if kept else len(after)
    return after[:at] + ending + after[at:] if at and _HAN_RUN.match(after[at - 1]) else after


def script(text: str, random: Random) -> str:
    """Simplified characters as traditional ones, or the other way."""
    spoken = language.language_of(text)
    if spoken == "zh-Hant":
        return _outside_addresses(text, wordlists.simplified)
    return _outside_addresses(text, wordlists.traditional) if spoken == "zh-Hans" else text


# ---------------------------------------------------------------------------------------------------------- entities


def entities(text: str, random: Random) -> str:
    """Who and where by another usual name: short or long, of the other side of the strait, with the title left out."""
    has_han = bool(_HAN_RUN.search(text))
    is_traditional = has_han and _is_traditional(text)

    def change(run: str) -> str:
        if has_han:
            run = wordlists.han_names(is_traditional).apply(run, random)
            untitled, unranked = _left_out(is_traditional)
            return unranked.sub(r"\1", untitled.sub(lambda found: found.group(1) or found.group(2), run))
        return _TITLE.sub("", _latin_names(run, random))

    return _outside_addresses(text, change)


def _latin_names(text: str, random: Random) -> str:
    groups, pattern = _latin_name_groups()

    def other(found: re.Match[str]) -> str:
        written = found.group()
        group = groups[written]
        if f"~{written}" in group and _NAME_BEFORE.search(text, max(0, found.start() - 40), found.start()):
            return written
        others = [name.lstrip("~") for name in group if name.lstrip("~").lower() != written.lower()]
        return random.choice(others) if others else written

    return pattern.sub(other, text)


@cache
def _latin_name_groups() -> tuple[dict[str, tuple[str, ...]], re.Pattern[str]]:
    groups = {
        name.lstrip("~"): tuple(line.split("|"))
        for line in respellings.LATIN_NAMES.strip().splitlines()
        for name in line.split("|")
    }
    return groups, wordlists.latin_pattern(groups, 0)


@cache
def _left_out(is_traditional: bool) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A title before or after a well-known name; the rank of a place."""

    def either(names: Iterable[str]) -> str:
        return "|".join(wordlists.traditional(name) if is_traditional else name for name in names)

    names, titles = (either(table.split("|")) for table in (respellings.HAN_TITLED, respellings.HAN_TITLES))
    untitled = re.compile(f"[前副]?(?:{titles})({names})|({names})(?:{titles})")
    # 武汉市民 and 上海市场 are other words, 湖北省委 is a body
    places = either(respellings.HAN_PLACES.split())
    return untitled, re.compile(f"({places})[市省](?![民场場值面长長内內区區委政立级級直属屬])")


# ------------------------------------------------------------------------------------------------ dress and length


def dress(text: str, random: Random) -> str:
    """Forwarding noise before the text and pleas after it."""
    spoken = language.language_of(text)
    before, after = (
        random.choice(table.get(spoken, table["*"])) for table in (respellings.DRESS_BEFORE, respellings.DRESS_AFTER)
    )
    return f"{before}{text}{after}"


def shorten(text: str, random: Random) -> str:
    """The first sentence alone, or the longest. The first may be a mere `Unbelievable!`: then the longest."""
    found = language.sentences(text)
    if len(found) < 2:
        return text
    telling = [s for s in found if not language.length(s).is_under(LEAST.han, LEAST.words)]
    if not telling:
        return text
    return random.choice((found[0] if found[0] in telling else max(telling, key=len), max(telling, key=len)))


# ----------------------------------------------------------------------------------------------- rewriting, negation


def rewrite(text: str, random: Random) -> str:
    """The last clause of each sentence first, other words from a small table, contractions made or undone."""
    spoken = language.language_of(text)
    turned = _clauses_turned(text)
    if spoken == "en":
        changed = _outside_addresses(turned, lambda run: wordlists.contractions().apply(run, random))
        return _outside_addresses(changed, lambda run: wordlists.english_synonyms().apply(run, random))
    if spoken in ("zh-Hans", "zh-Hant"):
        return _outside_addresses(turned, lambda run: wordlists.han_synonyms(spoken == "zh-Hant").apply(run, random))
    return turned


def _clauses_turned(text: str) -> str:
    parts: list[str] = []
    end = 0
    for start, stop in language.sentence_spans(text):
        parts += (text[end:start], _last_clause_first(text[start:stop]))
        end = stop
    return "".join((*parts, text[end:]))


def _last_clause_first(sentence: str) -> str:
    said = sentence.rstrip(" \t.!?。！？；;…")
    stop = sentence[len(said) :]
    comma = "，" if "，" in said else ", "
    rest, _, last = said.rpartition(comma)
    if not rest or not all(map(_is_whole_clause, (rest, last))):
        return sentence
    return f"{last[0].upper()}{last[1:]}{comma}{_lowered(rest)}{stop}"


def _is_whole_clause(part: str) -> bool:
    """Whether it says enough to be more than a list's item, and no bracket or quotation runs over its edge."""
    is_split = part.count('"') % 2 or any(
        part.count(left) != part.count(right) for left, right in zip(_OPENING, _CLOSING, strict=True)
    )
    return not is_split and not language.length(part).is_under(CLAUSE.han, CLAUSE.words)


def _lowered(clause: str) -> str:
    """Its first letter small, unless the word may be a name."""
    first = clause.split(maxsplit=1)[0] if clause.strip() else ""
    return clause[0].lower() + clause[1:] if first.lower() in _GRAMMAR else clause


_SMALL_WORDS = """
a an and are as at be because but by did do does for from he her his if in is it its many my no not now of on or
our she so some that the their then there these they this those to was we were what when who will with you your
"""
_GRAMMAR = frozenset(_SMALL_WORDS.split())


def negation(text: str, random: Random) -> str:
    """The same said by denying its denial."""
    frames = respellings.DOUBLE_NEGATIONS.get(language.language_of(text))
    return random.choice(frames) + _lowered(text) if frames else text


# -------------------------------------------------------------------------------------------- addresses and script


def _outside_addresses(text: str, change: Callable[[str], str]) -> str:
    """`change` applied to what stands between the addresses."""
    parts: list[str] = []
    start = 0
    blank = language.blank_urls(text)
    for found in _ADDRESS.finditer(text):
        if blank[found.start() : found.end()] != found.group():
            at, end = _blanked(blank, text, found.start(), found.end())
            parts += (change(text[start:at]), text[at:end])
            start = end
    return "".join((*parts, change(text[start:])))


def _blanked(blank: str, text: str, start: int, end: int) -> tuple[int, int]:
    differing = [place for place in range(start, end) if blank[place] != text[place]]
    return differing[0], differing[-1] + 1


def _is_traditional(text: str) -> bool:
    return language.language_of("".join(_HAN_RUN.findall(text))) == "zh-Hant"


#: In the order of the table. `worst` and `greatest` in `robustness` are no kinds.
KINDS: Mapping[str, Edit] = {
    "casing": casing,
    "typos_light": typos_light,
    "typos_heavy": typos_heavy,
    "dialect": dialect,
    "script": script,
    "entities": entities,
    "dress": dress,
    "shorten": shorten,
    "rewrite": rewrite,
    "negation": negation,
}
