"""Words and what each may become, made from the tables in `respellings`: built once, applied to any text.

    Table.apply(text, random) ─► every word of the table in its other form, in capitals where it was
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

from opencc import OpenCC

from index.evaluation import respellings

_LATIN_EDGES = (r"(?<![A-Za-z0-9_@#&'’.])(?:", r")(?![A-Za-z0-9_]|['’]t\b)")


@dataclass(frozen=True, slots=True)
class Table:
    """Words and what each may become."""

    words: Mapping[str, tuple[str, ...]]
    pattern: re.Pattern[str]

    def apply(self, text: str, random: Random) -> str:
        is_shouted = text.isupper()

        def other(found: re.Match[str]) -> str:
            written = found.group()
            if written in self.words:
                return random.choice(self.words[written])
            if written.isupper() and len(written) > 1 and not is_shouted:
                return written  # a name: the WHO is not who
            return _as_written(written, random.choice(self.words[written.lower().replace("’", "'")]))

        return self.pattern.sub(other, text)


def _as_written(written: str, respelt: str) -> str:
    """In capitals, or with one, as the word before it."""
    if written.isupper() and len(written) > 1:
        return respelt.upper()
    return respelt[0].upper() + respelt[1:] if written[0].isupper() else respelt


@cache
def english_dialect(name: str) -> Table:
    """`name`: a key of `respellings.ENGLISH_DIALECTS`."""
    return _latin_table(respellings.ENGLISH_DIALECTS[name])


@cache
def english_synonyms() -> Table:
    return _latin_table(respellings.ENGLISH_SYNONYMS)


@cache
def contractions() -> Table:
    table = _latin_table(respellings.CONTRACTIONS)
    back = {others[0].lower(): (long,) for long, others in table.words.items()}
    words = {**back, **table.words}
    return Table(words, latin_pattern(words, re.IGNORECASE))


def _latin_table(table: str) -> Table:
    words: dict[str, tuple[str, ...]] = {}
    for entry in filter(None, map(str.strip, re.split(r"[;\n]", table))):
        written, _, respelt = entry.partition("=")
        words.update((wording.lower(), (respelt,)) for wording in written.split("/"))
    return Table(words, latin_pattern(words, re.IGNORECASE))


def latin_pattern(words: Iterable[str], flags: int) -> re.Pattern[str]:
    before, after = _LATIN_EDGES
    longest_first = "|".join(sorted(map(re.escape, words), key=len, reverse=True)).replace("'", "['’]")
    return re.compile(f"{before}{longest_first}{after}", flags)


@cache
def vocabulary(is_traditional: bool) -> Table:
    """A text in traditional characters is taken for Taiwan's, and gets the mainland's words."""
    pairs = [(pair[1], pair[0]) if is_traditional else pair for pair in _han_pairs(respellings.MAINLAND_TAIWAN)]
    return _han_table({a: (b,) for a, b in pairs}, is_traditional)


@cache
def cantonese(is_traditional: bool) -> Table:
    return _han_table({a: (b,) for a, b in _han_pairs(respellings.CANTONESE)}, is_traditional)


@cache
def han_synonyms(is_traditional: bool) -> Table:
    return _han_table({a: (b,) for a, b in _han_pairs(respellings.HAN_SYNONYMS)}, is_traditional)


@cache
def han_names(is_traditional: bool) -> Table:
    groups = [tuple(line.split("|")) for line in respellings.HAN_NAMES.strip().splitlines()]
    others = {name: tuple(n for n in group if n != name) for group in groups for name in group}
    return _han_table(others, is_traditional)


def _han_pairs(table: str) -> list[tuple[str, str]]:
    entries = [entry.split() for entry in re.split(r"[;\n]", table) if entry.strip()]
    return [(entry[0], " ".join(entry[1:])) for entry in entries]


def _han_table(words: Mapping[str, tuple[str, ...]], is_traditional: bool) -> Table:
    convert = traditional if is_traditional else str
    found = {convert(word): tuple(map(convert, others)) for word, others in words.items()}
    longest_first = "|".join(
        f"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])" if word.isascii() else re.escape(word)
        for word in sorted(found, key=len, reverse=True)
    )
    return Table(found, re.compile(longest_first))


@cache
def _converter(name: str) -> OpenCC:
    return OpenCC(name)


def traditional(text: str) -> str:
    return str(_converter("s2t").convert(text))


def simplified(text: str) -> str:
    return str(_converter("t2s").convert(text))
