"""What tells whether a known text answers a pasted one: a row of numbers for each candidate. Pure.

    query, entries ─► cosines of all passages (one product) ─► best passage of each entry ─► rows (entries × FEATURES)

A row holds what the two texts share and how the candidate stands among the others of the same query. `ranking` turns
rows into probabilities; its weights name these features, so a changed meaning needs a new name.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from index.model import DocKind
from index.said import Said, body_terms, cached_said

Rows = NDArray[np.float64]
Vectors = NDArray[np.float32]

FEW = 8  # candidates; with fewer the usual cosine of the kind stands for their middle
UNSEEN = math.log(2 * FEW)  # the rarity of a word that no candidate has
#: The cosine of two texts of one topic that mean different things, by kind of pair; only a zero point.
USUAL_COSINE = {"zh": 0.46, "spaced": 0.47, "cross": 0.45}
#: The cosine of two candidates from which on they say the same: neither is then a rival of the other.
NEAR_SAME = 0.85
FUSION = 60  # the constant of reciprocal rank fusion, as its authors set it
MAX_COMPARED = 600  # characters that are compared letter by letter

FEATURES = (
    "cosine",  # of the best passage, above the usual one, in tenths
    "cosine_next",  # the same of the second best passage (of the best, if it is the only one)
    "over_middle",  # above the middle of this query's candidates, in tenths
    "ahead",  # above the best rival, in tenths; a candidate that says nearly the same is no rival
    "nearness",  # 1 / rank by cosine among rivals
    "theirs",  # share of the best passage's words that the query has; rare words count more
    "theirs_ahead",  # that share above the greatest of the rivals
    "any_theirs",  # the greatest such share of any passage
    "ours",  # share of the query's words that any passage has
    "ours_body",  # the same with the rest of the candidate's text
    "dice",  # of the words of the two texts (Dice 1945)
    "alike",  # rapidfuzz partial ratio of the folded texts, 0 to 1
    "lexical",  # BM25 as a share of the best candidate's; by words alone and without any: "ours" times "theirs"
    "lexical_rank",  # 1 / rank by BM25; 0 without
    "rank",  # 1 / rank by cosine among all candidates
    "fused",  # both ranks by reciprocal rank fusion (Cormack, Clarke, Buettcher 2009), 1 for the first of both
    "numbers",  # share of the passage's numbers that the query has; .5 without numbers
    "numbers_missing",  # the passage's numbers that the query lacks, up to 3
    "names",  # share of the passage's names that the query has; .5 without names
    "length",  # how much longer the query is (log ratio of words)
    "size",  # log of the query's words
    "crowd",  # log of the number of candidates
    "is_cross",  # two languages; the spellings of Chinese are one
    "is_zh",  # both Chinese
    "shares_url",
)


@dataclass(frozen=True, slots=True)
class Passage:
    """One text of an entry. `field`: headline, claim, circulating, wording, title, statement, question or body."""

    text: str
    field: str
    language: str
    vector: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What may answer the query: an alert, a claim or an outside refutation, with its passages and BM25 score.

    `body`: what it says besides, of which only the words count.
    """

    kind: DocKind
    id: str
    passages: tuple[Passage, ...]
    url_keys: frozenset[str] = frozenset()
    lexical: float | None = None
    body: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A pasted or crawled text, ready to be compared with any number of entries."""

    text: str
    language: str
    vector: NDArray[np.float32] | None
    url_keys: frozenset[str]
    said: Said = field(repr=False)


def kind(ours: str, theirs: str) -> str:
    """Pairs of one language behave alike, pairs of two otherwise; both spellings of Chinese are one language."""
    first, second = ours.split("-")[0], theirs.split("-")[0]
    return "cross" if first != second else "zh" if first == "zh" else "spaced"


def _every_term(entry: Entry) -> frozenset[str]:
    return frozenset[str]().union(*(cached_said(p.text).terms for p in entry.passages))


def _rarity(entries: Sequence[frozenset[str]]) -> dict[str, float]:
    """How rare each word is among the candidates of one query (log of the inverse share)."""
    seen: Counter[str] = Counter()
    for terms in entries:
        seen.update(terms)
    whole = max(len(entries), FEW) + 1
    return {term: math.log(whole / (n + 0.5)) for term, n in seen.items()}


def coverage(ours: frozenset[str], theirs: frozenset[str], rare: Mapping[str, float]) -> float:
    """The share of `theirs` that `ours` has, each word by its rarity; 0 to 1."""
    whole = sum(map(rare.get, theirs, repeat(UNSEEN)))
    return sum(map(rare.get, ours & theirs, repeat(UNSEEN))) / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class Compared:
    """`rows` (entries × FEATURES) and, of each entry, the place of the passage that its row is about."""

    rows: Rows
    best: tuple[int, ...]


def compare(query: Query, entries: Sequence[Entry], *, by_words: bool = False) -> Compared:
    """Every entry must have a passage, and the query and each passage a vector, unless they are compared `by_words`.

    Without vectors each cosine is the usual one, and every other candidate is a rival.
    """
    every = [_every_term(entry) for entry in entries]
    rare = _rarity(every)
    above, vectors = _above(query, entries, by_words)
    pairs = [_Pair(query, *pair, rare) for pair in zip(entries, every, above, strict=True)]
    rows = np.zeros((len(entries), len(FEATURES)))
    for row, pair in zip(rows, pairs, strict=True):
        row[:] = pair.row()
    firsts = np.cumsum([0, *(len(entry.passages) for entry in entries[:-1])])
    _stand_among(rows, [pair.kind for pair in pairs], _are_rivals(vectors[firsts + [pair.best for pair in pairs]]))
    scores = [entry.lexical or 0.0 for entry in entries]
    if by_words and not any(scores):  # the engine is down too
        scores = (rows[:, FEATURES.index("ours")] * rows[:, FEATURES.index("theirs")]).tolist()
    _rank(rows, scores)
    return Compared(rows, tuple(pair.best for pair in pairs))


def _above(query: Query, entries: Sequence[Entry], by_words: bool) -> tuple[list[list[float]], Vectors]:
    """How far the cosine of each passage of each entry is above the usual one, in tenths; and the passages' vectors."""
    passages = [p for entry in entries for p in entry.passages]
    if by_words:
        return [[0.0] * len(entry.passages) for entry in entries], np.zeros((len(passages), 1), np.float32)
    assert query.vector is not None  # callers look
    vectors = np.stack([p.vector for p in passages if p.vector is not None])
    cosines = iter((vectors @ query.vector).tolist())
    usual = [[USUAL_COSINE[kind(query.language, p.language)] for p in entry.passages] for entry in entries]
    return [[10 * (next(cosines) - each) for each in some] for some in usual], vectors


def _are_rivals(best: Vectors) -> NDArray[np.bool_]:
    """Entries × entries: whether they say different things, by the vectors of their best passages."""
    rivals: NDArray[np.bool_] = best @ best.T < NEAR_SAME
    np.fill_diagonal(rivals, False)
    return rivals


class _Pair:
    """One query and one entry."""

    def __init__(
        self, query: Query, entry: Entry, every: frozenset[str], above: Sequence[float], rare: Mapping[str, float]
    ) -> None:
        self._query = query
        self._entry = entry
        self._every = every  # the terms of all passages
        self._rare = rare
        kinds = [kind(query.language, passage.language) for passage in entry.passages]
        self._above = above
        self._shares = [coverage(query.said.terms, cached_said(p.text).terms, rare) for p in entry.passages]
        self.best = max(range(len(kinds)), key=lambda n: self._above[n] + 2 * self._shares[n])
        self.kind = kinds[self.best]

    def row(self) -> list[float]:
        ours, theirs = self._query.said, cached_said(self._entry.passages[self.best].text)
        others = [above for n, above in enumerate(self._above) if n != self.best]
        shared_numbers = len(ours.numbers & theirs.numbers)
        found = {
            "cosine": self._above[self.best],
            "cosine_next": max(others, default=self._above[self.best]),
            "theirs": self._shares[self.best],
            "any_theirs": max(self._shares),
            "ours": coverage(self._every, ours.terms, self._rare),
            "ours_body": coverage(self._every | body_terms(self._entry.body), ours.terms, self._rare),
            "dice": 2 * len(ours.terms & theirs.terms) / max(len(ours.terms) + len(theirs.terms), 1),
            "alike": fuzz.partial_ratio(ours.folded[:MAX_COMPARED], theirs.folded[:MAX_COMPARED]) / 100,
            "numbers": shared_numbers / len(theirs.numbers) if theirs.numbers else 0.5,
            "numbers_missing": min(3.0, len(theirs.numbers) - shared_numbers),
            "names": len(ours.names & theirs.names) / len(theirs.names) if theirs.names else 0.5,
            "length": math.log1p(len(ours.terms)) - math.log1p(len(theirs.terms)),
            "size": math.log1p(len(ours.terms)),
            "is_cross": float(self.kind == "cross"),
            "is_zh": float(self.kind == "zh"),
            "shares_url": float(bool(self._query.url_keys & self._entry.url_keys)),
        }
        return [found.get(name, 0.0) for name in FEATURES]


def _stand_among(rows: Rows, kinds: Sequence[str], rivals: NDArray[np.bool_]) -> None:
    """Fills in the features that compare a candidate with the others."""
    column = {name: number for number, name in enumerate(FEATURES)}
    above, theirs = rows[:, column["cosine"]], rows[:, column["theirs"]]
    for each in set(kinds):
        members = np.array([k == each for k in kinds])
        middle = float(np.median(above[members])) if members.sum() >= FEW else 0.0
        rows[members, column["over_middle"]] = above[members] - middle
    # 0: what any text reaches; a candidate without rivals is ahead of that
    rows[:, column["ahead"]] = above - np.where(rivals, above[None, :], 0.0).max(axis=1, initial=0.0)
    rows[:, column["theirs_ahead"]] = theirs - np.where(rivals, theirs[None, :], 0.0).max(axis=1, initial=0.0)
    rows[:, column["nearness"]] = 1 / (1 + (rivals & (above[None, :] > above[:, None])).sum(axis=1))
    rows[:, column["crowd"]] = math.log1p(len(rows))


def _rank(rows: Rows, scores: Sequence[float]) -> None:
    """Fills in the places among all candidates; equal scores share the better place."""
    column = {name: number for number, name in enumerate(FEATURES)}
    by_cosine, lexical = _places(rows[:, column["cosine"]]), np.array(scores, np.float64)
    by_words = np.where(lexical > 0, _places(lexical), np.inf)
    rows[:, column["rank"]] = 1 / by_cosine
    rows[:, column["fused"]] = (FUSION + 1) / 2 * (1 / (FUSION + by_cosine) + 1 / (FUSION + by_words))
    rows[:, column["lexical_rank"]] = 1 / by_words
    if (best := float(lexical.max(initial=0.0))) > 0:
        rows[:, column["lexical"]] = lexical / best


def _places(values: Rows) -> Rows:
    """Of each value its place from 1, the greatest first."""
    places: Rows = 1.0 + (values[None, :] > values[:, None]).sum(axis=1)
    return places
