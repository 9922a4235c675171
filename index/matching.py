"""Does a known text answer a pasted one? Features of each pair -> one probability -> a band, with reasons in words.

    query, entries ─► features.compare ─► weights.probability ─► guards: short, numbers, dates, places, denial
                  ─► band same | similar | none, reasons

Weights belong to the encoder whose vectors are compared; those that read no vectors (`ranking.words`) judge where there
are none for it, or where a vector is missing. Pure: no search, no encoder, no records.

Reason keys, with the names of their values (texts in `webapp`); those marked * object:
same_text · same_meaning · same_meaning_other_language(language) · shares_url · shares_words(words) · only_topic* ·
numbers_differ*(theirs, ours) · dates_differ*(theirs, ours) · places_differ* · negation_differs* · too_short*
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index import features, guards
from index import text as language
from index.features import Entry, Passage, Query
from index.model import Band, DocKind, Reason
from index.ranking import TESTED, Weights, words
from index.said import cached_said, said

__all__ = ["Entry", "Judgement", "Passage", "Query", "judge", "make_query"]

SURE = 0.99  # an equal text, or a link alone to a page that carried the claim


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
    model: str  # the weights that judged


def make_query(text: str, vector: NDArray[np.float32] | None, url_keys: Iterable[str] = ()) -> Query:
    """A pasted or crawled text, ready to be judged against any number of entries."""
    return Query(text, language.language_of(text), vector, frozenset(url_keys), said(text))


def judge(query: Query, entries: Sequence[Entry], weights: Weights = TESTED) -> tuple[Judgement, ...]:
    """One judgement an entry, in their order. The entries together are the background that each is measured against."""
    if weights.reads_vectors and not _has_vectors(query, entries):
        weights = words()
    scored = _scored(query, entries, weights)
    stated = guards.Stated(query.text)
    return tuple(_judge_one(query, stated, e, scored.get(n), weights) for n, e in enumerate(entries))


def _has_vectors(query: Query, entries: Sequence[Entry]) -> bool:
    return query.vector is not None and all(p.vector is not None for e in entries for p in e.passages)


def _scored(query: Query, entries: Sequence[Entry], weights: Weights) -> dict[int, tuple[float, Passage]]:
    """By the place of each entry that has a passage: the probability, and the passage that it rests on.

    Each kind stands among its own: a claim and the refutation that answers it are both right, and no rivals.
    """
    found: dict[int, tuple[float, Passage]] = {}
    for each in DocKind:
        places = [n for n, entry in enumerate(entries) if entry.passages and entry.kind is each]
        judged = _scored_alone(query, [entries[n] for n in places], weights)
        found.update((n, score) for n, score in zip(places, judged, strict=True) if score is not None)
    for n, entry in enumerate(entries):
        equal = [p for p in entry.passages if cached_said(p.text).fingerprint == query.said.fingerprint]
        if equal and query.said.terms:
            found[n] = (SURE, equal[0])
    return found


def _scored_alone(query: Query, entries: Sequence[Entry], weights: Weights) -> list[tuple[float, Passage] | None]:
    if not entries or not query.said.terms:
        return [None] * len(entries)
    compared = features.compare(query, entries, by_words=not weights.reads_vectors)
    probabilities = weights.probability(compared.rows).tolist()
    return [(p, e.passages[n]) for p, e, n in zip(probabilities, entries, compared.best, strict=True)]


def _judge_one(
    query: Query, stated: guards.Stated, entry: Entry, scored: tuple[float, Passage] | None, weights: Weights
) -> Judgement:
    shared = query.url_keys & entry.url_keys
    probability, chosen = scored if scored else (0.0, None)
    if shared:
        probability = max(probability, SURE if not query.said.terms else weights.similar)
    reasons = _reasons(query, stated, chosen, probability, bool(shared), weights)
    band = Band.SAME if probability >= weights.same else Band.SIMILAR if probability >= weights.similar else Band.NONE
    if band is Band.SAME and any(reason.objects for reason in reasons):
        band = Band.SIMILAR
    matched, field = (chosen.text, chosen.field) if chosen else ("", "")
    return Judgement(entry.id, entry.kind, probability, band, reasons, matched, field, weights.name)


def _reasons(
    query: Query,
    stated: guards.Stated,
    passage: Passage | None,
    probability: float,
    shares_url: bool,
    limits: Weights,
) -> tuple[Reason, ...]:
    reasons = [Reason("shares_url")] if shares_url else []
    if passage is None or probability < limits.similar or not query.said.terms:
        return tuple(reasons)
    ours, theirs = query.said, cached_said(passage.text)
    if ours.fingerprint == theirs.fingerprint:
        reasons.append(Reason("same_text"))
    elif probability >= limits.same:
        is_other = features.kind(query.language, passage.language) == "cross"
        values = {"language": passage.language} if is_other else {}
        reasons.append(Reason("same_meaning_other_language" if is_other else "same_meaning", values))
    words = _shared_words(ours.words, theirs.words)
    if words:
        reasons.append(Reason("shares_words", {"words": words}))
    return (*reasons, *_objections(query, stated, passage, probability >= limits.same))


def _objections(query: Query, stated: guards.Stated, passage: Passage, is_same: bool) -> list[Reason]:
    """What speaks against: each keeps a match out of the band `same`."""
    too_short = [Reason("too_short", objects=True)] if query.said.is_short else []
    if query.said.fingerprint == cached_said(passage.text).fingerprint:
        return too_short
    theirs = guards.cached_stated(passage.text)
    languages = (query.language, passage.language)
    found = [*guards.objections(stated, theirs, passage.field, languages), *too_short]
    if not is_same:
        found.append(Reason("only_topic", objects=True))
    return found


def _shared_words(ours: Sequence[str], theirs: Sequence[str]) -> str:
    """Up to four of the longest words or runs of Han characters that both texts have, as a reader would name them."""
    found: set[str] = set()
    runs = [run for run in theirs if language.is_cjk(run[0])]
    for run in ours:
        if not language.is_cjk(run[0]):
            if len(run) > 3 and run in theirs and language.content_terms(run):
                found.add(run)
            continue
        for other in runs:
            found.update(_common_runs(run, other))
    longest: list[str] = []
    for word in sorted(found, key=lambda w: (-len(w), w)):
        if not any(word in chosen for chosen in longest):
            longest.append(word)
    return " · ".join(longest[:4])


def _common_runs(a: str, b: str, shortest: int = 2, longest: int = 12) -> set[str]:
    grams = {b[i : i + shortest] for i in range(len(b) - shortest + 1)}
    found, start = set(), 0
    while start + shortest <= len(a):
        if a[start : start + shortest] not in grams:
            start += 1
            continue
        end = start + shortest
        while end < len(a) and end - start < longest and a[start : end + 1] in b:
            end += 1
        found.add(a[start:end])
        start = end
    return found
