"""What is compared: each method ranks the documents for a query. Here the plain ones, over the `Search` port.

ours · bm25 · cosine · rrf             on either engine
cofacts · alegre_lexical · alegre_vector   on Elasticsearch, with its queries (peers.py)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from index import embedding, text
from index.evaluation.bench import Bench, wording
from index.evaluation.data import Query
from index.model import Hit, SearchQuery
from index.ports import MAX_TERMS

RRF_K = 60  # Cormack, Clarke and Buettcher 2009


@dataclass(frozen=True, slots=True)
class Ranked:
    """Documents, best first. `same` and `probability` as in `measures.Outcome`."""

    ids: tuple[str, ...]
    same: frozenset[str] | None = None
    probability: float | None = None


#: The answer of a method that decides to a query that says nothing.
NOTHING = Ranked((), frozenset())


class Method(Protocol):
    """One way to find the answers of a query."""

    @property
    def name(self) -> str: ...

    @property
    def encodes(self) -> bool:
        """Whether it needs the query's vector, whose making then counts in its latency."""

    @property
    def decides(self) -> bool:
        """Whether it says of what it found that it is the same."""

    def rank(self, query: Query, without: frozenset[str]) -> Ranked:
        """`without`: documents that are to be treated as absent. Raises: SearchUnavailable, EncoderUnavailable."""


class _Plain(ABC):
    """Ranks by what the engine returns. States no probability and decides nothing."""

    name = ""
    encodes = True
    decides = False
    uses_words = True

    def __init__(self, bench: Bench) -> None:
        self._parts = bench.parts

    def rank(self, query: Query, without: frozenset[str]) -> Ranked:
        understood = wording(query)
        vector = self._parts.encoder.encode([embedding.passage(understood)])[0] if self.encodes else None
        terms = text.query_terms(understood, MAX_TERMS) if self.uses_words else ()
        search = SearchQuery(
            terms=terms, vector=None if vector is None else tuple(map(float, vector)), exclude_parents=without
        )
        return Ranked(self.order(self._parts.search.find(search)) if understood else ())

    @abstractmethod
    def order(self, hits: Sequence[Hit]) -> tuple[str, ...]:
        """The ids of the documents, the best first."""


class Bm25(_Plain):
    """Title and statement count twice, the body once, as in the product (index/search/rules.py)."""

    name = "bm25"
    encodes = False

    def order(self, hits: Sequence[Hit]) -> tuple[str, ...]:
        return _by(_lexical(hits))


class Cosine(_Plain):
    """The better of a document's vectors."""

    name = "cosine"
    uses_words = False

    def order(self, hits: Sequence[Hit]) -> tuple[str, ...]:
        return _by(_cosine(hits))


class Rrf(_Plain):
    """Reciprocal rank fusion of the two."""

    name = "rrf"

    def order(self, hits: Sequence[Hit]) -> tuple[str, ...]:
        return fused([_by(_lexical(hits)), _by(_cosine(hits))])


def fused(rankings: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Each document scores 1 / (RRF_K + rank) in every ranking that has it."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, id in enumerate(ranking, start=1):
            scores[id] = scores.get(id, 0.0) + 1 / (RRF_K + rank)
    return _by(scores)


def _lexical(hits: Sequence[Hit]) -> dict[str, float]:
    return {hit.parent: hit.lexical for hit in hits if hit.lexical is not None}


def _cosine(hits: Sequence[Hit]) -> dict[str, float]:
    return {hit.parent: hit.cosine for hit in hits if hit.cosine is not None}


def _by(scores: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(sorted(scores, key=lambda id: (-scores[id], id)))
