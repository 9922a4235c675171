"""Does a known text answer a pasted one? Features of each pair -> one probability -> a band, with reasons in words.

    query, entries ─► best passage of each (cosine above the floor of its language pair, shared words) ─► probability
                  ─► guards: too short, numbers, denial ─► band same | similar | none, reasons

The seam for better models: `make_query`, `judge`, `MODEL`. Pure: no search, no encoder, no records.

Reason keys, with the names of their values (texts in `webapp`); those marked * object:
same_text · same_meaning · same_meaning_other_language(language) · shares_url · shares_words(words) · only_topic* ·
numbers_differ*(theirs, ours) · negation_differs* · too_short*
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from index import text as language
from index.model import Band, DocKind, Reason

MODEL = "fused-1"
SAME, SIMILAR = 0.8, 0.4
SHORT_HAN, SHORT_WORDS = 8, 4
#: Fields that state the claim itself; a headline may deny it and is not asked whether it does.
CLAIM_FIELDS = frozenset({"claim", "circulating", "wording", "statement"})


@dataclass(frozen=True, slots=True)
class Passage:
    """One text of an entry. `field`: headline, claim, circulating, wording, title, statement, question or body."""

    text: str
    field: str
    language: str
    vector: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What may answer the query: an alert, a claim or an outside refutation, with its passages and BM25 score."""

    kind: DocKind
    id: str
    passages: tuple[Passage, ...]
    url_keys: frozenset[str] = frozenset()
    lexical: float | None = None


@dataclass(frozen=True, slots=True)
class Features:
    """What a text says, as far as judging needs it; computed once a text."""

    fingerprint: str
    terms: frozenset[str]
    numbers: frozenset[str]
    negations: int
    is_short: bool


@dataclass(frozen=True, slots=True)
class Query:
    text: str
    language: str
    vector: NDArray[np.float32] | None
    url_keys: frozenset[str]
    features: Features


@dataclass(frozen=True, slots=True)
class Judgement:
    """How an entry relates to the query. `matched_text` is the passage that decided, `field` its name."""

    id: str
    kind: DocKind
    probability: float
    band: Band
    reasons: tuple[Reason, ...]
    matched_text: str
    field: str


def make_query(text: str, vector: NDArray[np.float32] | None, url_keys: Iterable[str] = ()) -> Query:
    """A pasted or crawled text, ready to be judged against any number of entries."""
    return Query(text, language.language_of(text), vector, frozenset(url_keys), _features(text))


def judge(query: Query, entries: Sequence[Entry]) -> tuple[Judgement, ...]:
    """One judgement an entry, in their order."""
    return tuple(_judge_one(query, entry) for entry in entries)


def _judge_one(query: Query, entry: Entry) -> Judgement:
    shared = query.url_keys & entry.url_keys
    best: tuple[float, Passage | None] = (0.0, None)
    for passage in entry.passages:
        probability = _probability(query, passage)
        if best[1] is None or probability > best[0]:
            best = (probability, passage)
    probability, chosen = best
    if shared:
        probability = max(probability, 0.9 if query.features.is_short else 0.6)
    reasons = _reasons(query, chosen, probability, bool(shared))
    band = Band.SAME if probability >= SAME else Band.SIMILAR if probability >= SIMILAR else Band.NONE
    if band is Band.SAME and any(reason.objects for reason in reasons):
        band = Band.SIMILAR
    matched, field = (chosen.text, chosen.field) if chosen else ("", "")
    return Judgement(entry.id, entry.kind, probability, band, reasons, matched, field)


def _probability(query: Query, passage: Passage) -> float:
    ours, theirs = query.features, _cached_features(passage.text)
    if ours.terms and ours.fingerprint == theirs.fingerprint:
        return 0.99
    shared = len(ours.terms & theirs.terms)
    dice = 2 * shared / (len(ours.terms) + len(theirs.terms)) if shared else 0.0
    if query.vector is None or passage.vector is None:
        return _sigmoid(12 * (dice - 0.6))
    cosine = float(query.vector @ passage.vector)
    floor = 0.90 if passage.language == query.language else 0.87
    return _sigmoid(60 * (cosine - floor) + 4 * (dice - 0.25))


def _reasons(query: Query, passage: Passage | None, probability: float, shares_url: bool) -> tuple[Reason, ...]:
    reasons = [Reason("shares_url")] if shares_url else []
    if passage is None or probability < SIMILAR:
        return tuple(reasons)
    ours, theirs = query.features, _cached_features(passage.text)
    if ours.fingerprint == theirs.fingerprint:
        return (*reasons, Reason("same_text"), *([Reason("too_short", objects=True)] if ours.is_short else []))
    if probability < SAME:
        reasons.append(Reason("only_topic", objects=True))
    elif passage.language != query.language:
        reasons.append(Reason("same_meaning_other_language", {"language": passage.language}))
    else:
        reasons.append(Reason("same_meaning"))
    words = _longest_shared(ours.terms, theirs.terms)
    if words:
        reasons.append(Reason("shares_words", {"words": words}))
    return (*reasons, *_objections(ours, theirs, passage.field))


def _objections(ours: Features, theirs: Features, field: str) -> list[Reason]:
    found = []
    if field in CLAIM_FIELDS and ours.numbers and theirs.numbers and not ours.numbers & theirs.numbers:
        values = {"theirs": _listed(theirs.numbers), "ours": _listed(ours.numbers)}
        found.append(Reason("numbers_differ", values, objects=True))
    if field in CLAIM_FIELDS and ours.negations % 2 != theirs.negations % 2:
        found.append(Reason("negation_differs", objects=True))
    if ours.is_short:
        found.append(Reason("too_short", objects=True))
    return found


def _features(text: str) -> Features:
    plain = language.understand(text).text
    return Features(
        fingerprint=language.fingerprint(plain),
        terms=frozenset(language.content_terms(language.fold(plain))),
        numbers=language.numbers(plain),
        negations=language.negations(plain),
        is_short=language.length(plain).is_under(SHORT_HAN, SHORT_WORDS),
    )


@lru_cache(maxsize=8_192)
def _cached_features(text: str) -> Features:
    """Of stored texts only; a pasted text is never kept."""
    return _features(text)


def _longest_shared(ours: Collection[str], theirs: Collection[str]) -> str:
    shared = sorted(set(ours) & set(theirs), key=lambda term: (-len(term), term))
    return " · ".join(shared[:6])


def _listed(numbers: Collection[str]) -> str:
    return ", ".join(sorted(numbers, key=float)[:6])


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, x))))
