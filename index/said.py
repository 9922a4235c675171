"""What a text says, as far as judging needs it: each part worked out when it is asked for, and once. Pure.

    text ─► undressed (noise off) ─► without addresses ─► folded ─► words ─► terms, fingerprint, length
                                             │               └────► numbers
                                             └────────────────────► names

Of a match's candidates most are asked for `terms` and `fingerprint` only.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

from index import text as language

SHORT_HAN, SHORT_WORDS = 8, 4


class Said:
    """What `text` says. Every part equals what the function of `index.text` with its name finds in the whole text."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def folded(self) -> str:
        return language.fold(self._plain)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(language.words(self.folded))

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(language.terms_of(self.words))

    @cached_property
    def fingerprint(self) -> str:
        """That takes addresses out before noise, not after: mostly the same, and then the text is folded already."""
        rest = language.without_noise(language.without_urls(self._text))
        is_same = rest == self._plain or rest.split() == self._plain.split()
        runs = self.words if is_same else language.words(language.fold(rest))
        return language.fingerprint_of(runs, self._text)

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(value for _, _, value in language.find_numbers(self._bare))

    @cached_property
    def names(self) -> frozenset[str]:
        return language.names(self._plain)

    @cached_property
    def is_short(self) -> bool:
        runs = self.words if self._bare == self.folded else language.words(self._bare)
        return language.length_of(runs).is_under(SHORT_HAN, SHORT_WORDS)

    @cached_property
    def _plain(self) -> str:
        return language.without_urls(language.undressed(self._text))

    @cached_property
    def _bare(self) -> str:
        """Folding may make an address of what was none, as from full-width letters."""
        return language.without_urls(self.folded)


def said(text: str) -> Said:
    return Said(text)


@lru_cache(maxsize=16_384)
def cached_said(text: str) -> Said:
    """Of stored texts only; a pasted text is never kept."""
    return said(text)


@lru_cache(maxsize=4_096)
def body_terms(text: str) -> frozenset[str]:
    """The terms of a stored text that is only counted, not compared."""
    return frozenset(language.content_terms(language.fold(language.without_urls(text)))) if text else frozenset()
