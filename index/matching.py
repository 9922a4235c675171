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
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from index import text as language
from index.model import Band, DocKind, Reason

MODEL = "fused-1"
SAME, SIMILAR = 0.7, 0.4
WORDS_ALONE = 0.6  # below SAME: without a fitted vector no other text is the same
SURE = 0.99  # an equal text, or a link alone to a page that carried the claim
SHORT_HAN, SHORT_WORDS = 8, 4
FEW = 8  # candidates; with fewer the usual cosine of the kind stands for their middle
DENIAL_COVERAGE = 0.5  # of a claim's words, for a denial of it to be told from another way to say it
#: The encoders that the numbers below fit. The vectors of any other find candidates, but words alone judge them.
FITTED = frozenset({"e5-small-q4-0.3.0-tuned-1-hans", "hashed-1"})  # the second is for tests only
#: The middle cosine of candidates that do not match:
USUAL_COSINE = {"zh": 0.46, "spaced": 0.47, "cross": 0.45}
#: By kind of pair: the constant, then one weight a feature of `pair_features`.
WEIGHTS = {
    "zh": (-11.7, 1.97, 1.87, 0.0, 0.93),
    "spaced": (-9.65, 3.16, 0.44, 3.23, 0.63),
    "cross": (-9.87, 3.32, 0.82, 0.0, 0.0),
}
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
    places: frozenset[str]
    words: tuple[str, ...]
    is_short: bool


@dataclass(frozen=True, slots=True)
class Query:
    text: str
    language: str
    vector: NDArray[np.float32] | None
    url_keys: frozenset[str]
    features: Features
    is_fitted: bool = True  # its vector comes from one of FITTED


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


def make_query(
    text: str, vector: NDArray[np.float32] | None, url_keys: Iterable[str] = (), *, is_fitted: bool = True
) -> Query:
    """A pasted or crawled text, ready to be judged against any number of entries."""
    return Query(text, language.language_of(text), vector, frozenset(url_keys), _features(text), is_fitted)


def judge(query: Query, entries: Sequence[Entry]) -> tuple[Judgement, ...]:
    """One judgement an entry, in their order. The entries together are the background that each is measured against."""
    background = _background(query, entries)
    return tuple(_judge_one(query, entry, background) for entry in entries)


@dataclass(frozen=True, slots=True)
class Background:
    """What is usual among the candidates of one query: the middle cosine by kind of pair, and how rare each term is."""

    cosine: Mapping[str, float]
    rarity: Mapping[str, float]


def _background(query: Query, entries: Sequence[Entry]) -> Background:
    cosines: dict[str, list[float]] = {}
    seen: Counter[str] = Counter()
    for entry in entries:
        best: dict[str, float] = {}
        terms: set[str] = set()
        for passage in entry.passages:
            terms |= _cached_features(passage.text).terms
            cosine = _cosine(query, passage)
            if cosine is not None:
                kind = _kind(query.language, passage.language)
                best[kind] = max(best.get(kind, -1.0), cosine)
        seen.update(terms)
        for kind, cosine in best.items():
            cosines.setdefault(kind, []).append(cosine)
    middle = {k: float(np.median(v)) if len(v) >= FEW else USUAL_COSINE[k] for k, v in cosines.items()}
    count = max(len(entries), FEW)
    return Background(middle, {term: math.log((count + 1) / (n + 0.5)) for term, n in seen.items()})


def _kind(ours: str, theirs: str) -> str:
    """Pairs of one language behave alike, pairs of two otherwise; both spellings of Chinese are one language."""
    first, second = ours.split("-")[0], theirs.split("-")[0]
    return "cross" if first != second else "zh" if first == "zh" else "spaced"


def pair_features(query: Query, passage: Passage, background: Background) -> tuple[float, ...]:
    """What `WEIGHTS` are for, in tenths of cosine where it is one.

    The cosine above the usual, the cosine above the middle of this query's candidates, the share of the passage's words
    that the query has (rare words count more), and how much longer the query is (log ratio).
    """
    ours, theirs = query.features, _cached_features(passage.text)
    kind = _kind(query.language, passage.language)
    usual = USUAL_COSINE[kind]
    cosine = _cosine(query, passage)
    assert cosine is not None  # `_probability` looks
    return (
        10 * (cosine - usual),
        10 * (cosine - background.cosine.get(kind, usual)),
        _coverage(ours.terms, theirs.terms, background.rarity),
        math.log1p(len(ours.terms)) - math.log1p(len(theirs.terms)),
    )


def _coverage(ours: frozenset[str], theirs: frozenset[str], rarity: Mapping[str, float]) -> float:
    unseen = math.log(2 * FEW)
    whole = sum(rarity.get(term, unseen) for term in theirs)
    return sum(rarity.get(term, unseen) for term in ours & theirs) / whole if whole else 0.0


def _cosine(query: Query, passage: Passage) -> float | None:
    return None if query.vector is None or passage.vector is None else float(query.vector @ passage.vector)


def _judge_one(query: Query, entry: Entry, background: Background) -> Judgement:
    shared = query.url_keys & entry.url_keys
    probability, chosen = 0.0, None
    for passage in entry.passages:
        each = _probability(query, passage, background)
        if chosen is None or each > probability:
            probability, chosen = each, passage
    if shared:
        probability = max(probability, SURE if not query.features.terms else SIMILAR)
    reasons = _reasons(query, chosen, probability, bool(shared))
    band = Band.SAME if probability >= SAME else Band.SIMILAR if probability >= SIMILAR else Band.NONE
    if band is Band.SAME and any(reason.objects for reason in reasons):
        band = Band.SIMILAR
    matched, field = (chosen.text, chosen.field) if chosen else ("", "")
    return Judgement(entry.id, entry.kind, probability, band, reasons, matched, field)


def _probability(query: Query, passage: Passage, background: Background) -> float:
    ours, theirs = query.features, _cached_features(passage.text)
    if ours.terms and ours.fingerprint == theirs.fingerprint:
        return SURE
    if not ours.terms:
        return 0.0  # a link alone means nothing but itself
    if query.vector is None or passage.vector is None or not query.is_fitted:
        both = (_coverage(ours.terms, theirs.terms, background.rarity), _coverage(theirs.terms, ours.terms, {}))
        return min(_sigmoid(12 * (min(both) - 0.6)), WORDS_ALONE)
    constant, *weights = WEIGHTS[_kind(query.language, passage.language)]
    features = pair_features(query, passage, background)
    return _sigmoid(constant + sum(w * f for w, f in zip(weights, features, strict=True)))


def _reasons(query: Query, passage: Passage | None, probability: float, shares_url: bool) -> tuple[Reason, ...]:
    reasons = [Reason("shares_url")] if shares_url else []
    if passage is None or probability < SIMILAR or not query.features.terms:
        return tuple(reasons)
    ours, theirs = query.features, _cached_features(passage.text)
    if ours.terms and ours.fingerprint == theirs.fingerprint:
        reasons.append(Reason("same_text"))
    elif probability >= SAME:
        is_other = _kind(query.language, passage.language) == "cross"
        values = {"language": passage.language} if is_other else {}
        reasons.append(Reason("same_meaning_other_language" if is_other else "same_meaning", values))
    words = _shared_words(query.features.words, theirs.words)
    if words:
        reasons.append(Reason("shares_words", {"words": words}))
    return (*reasons, *_objections(ours, theirs, passage.field, probability))


def _objections(ours: Features, theirs: Features, field: str, probability: float) -> list[Reason]:
    """What speaks against: each keeps a match out of the band `same`."""
    if ours.fingerprint == theirs.fingerprint:
        return [Reason("too_short", objects=True)] if ours.is_short else []
    found = []
    if field in CLAIM_FIELDS:
        if ours.numbers and theirs.numbers and not ours.numbers & theirs.numbers:
            values = {"theirs": _listed(theirs.numbers), "ours": _listed(ours.numbers)}
            found.append(Reason("numbers_differ", values, objects=True))
        if ours.negations % 2 != theirs.negations % 2 and _coverage(ours.terms, theirs.terms, {}) >= DENIAL_COVERAGE:
            found.append(Reason("negation_differs", objects=True))
    if ours.is_short:
        found.append(Reason("too_short", objects=True))
    moved = ours.places and theirs.places and not ours.places & theirs.places
    if probability < SAME or (moved and field in CLAIM_FIELDS):
        found.append(Reason("only_topic", objects=True))
    return found


def _features(text: str) -> Features:
    plain = language.without_urls(language.understand(text).text)
    folded = language.fold(plain)
    return Features(
        fingerprint=language.fingerprint(text),
        terms=frozenset(language.content_terms(folded)),
        numbers=language.numbers(plain),
        negations=language.negations(plain),
        places=language.places(plain),
        words=tuple(language.words(folded)),
        is_short=language.length(plain).is_under(SHORT_HAN, SHORT_WORDS),
    )


@lru_cache(maxsize=8_192)
def _cached_features(text: str) -> Features:
    """Of stored texts only; a pasted text is never kept."""
    return _features(text)


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


def _listed(numbers: Collection[str]) -> str:
    return ", ".join(sorted(numbers, key=float)[:6])


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, x))))
