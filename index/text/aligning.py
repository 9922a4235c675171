"""Folded text that remembers where it came from, so that what is found in it can be shown in the text as written."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from index.text.disguise import undisguise
from index.text.folding import CAMOUFLAGE, CONTROL, INVISIBLE, simplify

MOST = 12_000  # folded characters; one written character may fold to eighteen


@dataclass(frozen=True, slots=True)
class Aligned:
    """Folded text, and for each of its characters where the written one begins and ends that it came from."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The written place of the folded characters from `start` to before `end` (at least one)."""
        return self.starts[start], self.ends[end - 1]


def align(raw: str) -> Aligned:
    """`raw` folded as `fold` does (in one round), with its places; at most MOST folded characters of it."""
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    place = 0
    while place < len(raw) and len(characters) < MOST:
        end = place + 1
        while end < len(raw) and end - place < 8 and unicodedata.combining(raw[end]):
            end += 1
        for character in _folded(raw[place:end]):
            if character != " " or (characters and characters[-1] != " "):
                characters.append(character)
                starts.append(place)
                ends.append(end)
        place = end
    return _without_camouflage("".join(characters), starts, ends)


def _without_camouflage(text: str, starts: list[int], ends: list[int]) -> Aligned:
    kept: list[int] = []
    last = 0
    for match in CAMOUFLAGE.finditer(text):
        kept.extend(range(last, match.start()))
        last = match.end()
    kept.extend(range(last, len(text)))
    plain = "".join(text[i] for i in kept) if last else text
    return Aligned(_simplified(plain), tuple(starts[i] for i in kept), tuple(ends[i] for i in kept))


def _simplified(text: str) -> str:
    simplified = simplify(text)
    if len(simplified) != len(text):  # a phrase became shorter or longer: by the character then
        simplified = "".join(_simplified_character(c) for c in text)
    return undisguise(simplified)


@lru_cache(maxsize=20_000)
def _simplified_character(character: str) -> str:
    simplified = simplify(character)
    return simplified if len(simplified) == 1 else character


@lru_cache(maxsize=20_000)
def _folded(cell: str) -> str:
    """A character with its marks, folded; white space as one space each."""
    plain = INVISIBLE.sub("", CONTROL.sub(" ", cell))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).casefold())
    return "".join(" " if c.isspace() else c for c in INVISIBLE.sub("", folded))
