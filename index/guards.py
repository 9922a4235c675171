"""What speaks against two texts being one claim although they are alike: other counts, dates or places, or a denial.

    query, passage ─► sentences ─► the pair with most in common ─► guards on that pair ─► reasons that object

A wrong objection hides the right answer, so each guard looks for the same thing said otherwise: a count of the same
kind, a word that one denies and the other affirms. What stands in another sentence of a long text, or on one side
only, is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from index import text as language
from index.features import coverage, kind
from index.model import Reason

#: Fields that state the claim itself, and those that may deny it: `8 cups of water do no good` still counts cups.
CLAIM_FIELDS = frozenset({"claim", "circulating", "wording", "statement"})
TITLE_FIELDS = frozenset({"title", "headline"})
#: Of the words of their sentence, for ours to be about the same; a denial asks for more than a count.
SAME_MATTER, SAME_STATEMENT = 0.4, 0.5
ONE_STATEMENT = 2  # sentences; what has no more is compared as a whole where words do not tell, as in two languages
READ = ("zh", "en")  # languages whose denials are known
_RELATIVE_DAY = re.compile(r"[今明昨后前当次][天日晚早]|凌晨|today|tomorrow|tonight|yesterday")
_BARE_DAY = re.compile(r"(\d{1,2})[日号]")


@dataclass(frozen=True)
class _Sentence:
    folded: str
    terms: frozenset[str]

    @cached_property
    def counts(self) -> tuple[language.Count, ...]:
        return tuple(language.find_counts(self.folded))

    @cached_property
    def dates(self) -> frozenset[str]:
        return frozenset(value for _, _, value in language.find_dates(self.folded))

    @cached_property
    def places(self) -> frozenset[str]:
        return frozenset(value for _, _, value in language.find_places(self.folded))


class Stated:
    """The sentences of a text and what it names as a whole, each read when it is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def sentences(self) -> tuple[_Sentence, ...]:
        folded = [language.fold(s) for s in language.understand(language.without_signature(self._text)).sentences]
        return tuple(_Sentence(f, frozenset(language.content_terms(f))) for f in folded)

    @cached_property
    def folded(self) -> str:
        return "\n".join(s.folded for s in self.sentences)

    @cached_property
    def numbers(self) -> frozenset[str]:
        counted = frozenset(count.value for sentence in self.sentences for count in sentence.counts)
        return counted | frozenset(value for _, _, value in language.find_numbers(self.folded))

    @cached_property
    def dates(self) -> frozenset[str]:
        return frozenset(value for _, _, value in language.find_dates(self.folded))

    @cached_property
    def places(self) -> frozenset[str]:
        return language.hinted_places(self.folded)


@lru_cache(maxsize=4_096)
def cached_stated(text: str) -> Stated:
    """Of stored texts only; a pasted text is never kept."""
    return Stated(text)


def objections(ours: Stated, theirs: Stated, field: str, languages: tuple[str, str]) -> list[Reason]:
    """The reasons of a query's text against a passage of that field; `languages` of the two."""
    if field not in CLAIM_FIELDS | TITLE_FIELDS or not ours.sentences or not theirs.sentences:
        return []
    mine, other, share = _closest(ours.sentences, theirs.sentences)
    is_cross = kind(*languages) == "cross" and max(len(ours.sentences), len(theirs.sentences)) <= ONE_STATEMENT
    if share < SAME_MATTER and not is_cross:
        return []
    found = []
    if counts := language.other_counts(mine.counts, other.counts, ours.numbers):
        found.append(Reason("numbers_differ", {"theirs": counts[0], "ours": counts[1]}, objects=True))
    if dates := _other_dates(ours, mine, theirs, other):
        found.append(Reason("dates_differ", {"theirs": dates[0], "ours": dates[1]}, objects=True))
    if _other_places(ours, mine, theirs, other):
        found.append(Reason("places_differ", objects=True))
    is_read = all(tag.split("-")[0] in READ for tag in languages)
    if field in CLAIM_FIELDS and is_read and share >= SAME_STATEMENT and language.contradict(mine.folded, other.folded):
        found.append(Reason("negation_differs", objects=True))
    return found


def is_denied(ours: Stated, theirs: Stated) -> bool:
    """Whether, of the two sentences with most in common, one denies what the other says."""
    if not ours.sentences or not theirs.sentences:
        return False
    mine, other, share = _closest(ours.sentences, theirs.sentences)
    return share >= SAME_STATEMENT and language.contradict(mine.folded, other.folded)


def _closest(ours: Sequence[_Sentence], theirs: Sequence[_Sentence]) -> tuple[_Sentence, _Sentence, float]:
    """The two sentences with most in common, and the share of theirs that ours has."""
    best = (ours[0], theirs[0], 0.0)
    most = 0.0
    for other in theirs:
        for mine in ours:
            share = coverage(mine.terms, other.terms, {})
            alike = share + coverage(other.terms, mine.terms, {}) / 2
            if alike > most and len(mine.terms & other.terms) > 1:
                most, best = alike, (mine, other, share)
    return best


def _other_dates(ours: Stated, mine: _Sentence, theirs: Stated, other: _Sentence) -> tuple[str, str] | None:
    a, b = mine.dates, other.dates
    if not language.dates_conflict(a, b) or not language.dates_conflict(ours.dates, theirs.dates):
        return None
    if _RELATIVE_DAY.search(mine.folded) or _RELATIVE_DAY.search(other.folded):
        return None  # `tomorrow` is another day than the one that is written
    days = {date[-2:].lstrip("0") for date in b if len(date) in (5, 10)}
    if days & set(_BARE_DAY.findall(ours.folded)):
        return None
    return ", ".join(sorted(b)), ", ".join(sorted(a))


def _other_places(ours: Stated, mine: _Sentence, theirs: Stated, other: _Sentence) -> bool:
    return language.places_conflict(mine.places, other.places) and language.places_conflict(ours.places, theirs.places)
