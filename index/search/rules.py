"""The rules that both engines keep, so that the same documents and the same query give the same answer on either.

documents ─► newest() ─► field_text(), unit() ─► an engine
query ─► usable() ─► unit() ─► an engine ─► merge() ─► hits
Terms come already analysed from `text.terms` and joined by spaces; nothing here or below parses a query language.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from index.model import DocKind, Hit, SearchDocument, SearchQuery
from index.ports import MAX_TERMS, Vectors

#: Text fields and the weight of each in the sum  score = Σ weight × BM25(field)  (Robertson and Zaragoza 2009, 3.4).
TEXT_FIELDS = {"title": 2.0, "statement": 2.0, "body": 1.0}
VECTOR_FIELDS = ("title_vector", "statement_vector")
BM25_K1 = 1.2  # both are what Tantivy has built in; Elasticsearch is told
BM25_B = 0.75
MAX_LIMIT = 1_000
MAX_WORD_CHARS = 100  # Elasticsearch's whitespace tokenizer would cut at 255 UTF-16 units
MAX_KEY_CHARS = 2_000  # longer URL keys are no evidence, and Lucene refuses terms above 32,766 bytes

#: Stands in a text field that has no words. Lucene counts only the documents that have a field (for idf and the mean
#: length), Tantivy counts all; with this word in it no field is ever absent and both compute the same BM25.
NO_WORDS = "\ue000"


def words(text: str) -> list[str]:
    """The words of a field, as both engines will see them: split at any white space, cut to a length both can hold."""
    return [word[:MAX_WORD_CHARS] for word in clean(text).split()]


def field_text(text: str) -> str:
    """What is stored in a text field: its words joined by single spaces, or the word that means none."""
    return " ".join(words(text)) or NO_WORDS


def query_words(terms: Iterable[str]) -> list[str]:
    """The distinct words to look for, in the caller's order, at most MAX_TERMS (`text.query_terms` chooses)."""
    found = dict.fromkeys(word for term in terms for word in words(term))
    found.pop(NO_WORDS, None)
    return list(found)[:MAX_TERMS]


def url_keys(keys: Iterable[str]) -> list[str]:
    """The distinct URL keys that are short enough to be indexed."""
    return list(dict.fromkeys(clean(key) for key in keys if 0 < len(key) <= MAX_KEY_CHARS))


def clean(text: str) -> str:
    """`text` without lone surrogates, which neither engine can encode."""
    return text.encode("utf-8", "replace").decode("utf-8")


def unit(vector: Sequence[float] | None, dimensions: int) -> Vectors | None:
    """The vector at length 1, or None for a zero, endless or absent one, which stands for no meaning at all.

    Raises: ValueError if it has another number of dimensions than the index.
    """
    if vector is None:
        return None
    values = np.asarray(vector, dtype=np.float32)
    if values.shape != (dimensions,):
        raise ValueError(f"the vector has {values.size} dimensions, the index {dimensions}")
    length = float(np.linalg.norm(values.astype(np.float64)))
    if not np.isfinite(length) or length < 1e-6:
        return None
    return values / np.float32(length)


def newest(documents: Iterable[SearchDocument], dimensions: int) -> list[SearchDocument]:
    """The newest version of each id; of equal versions the first, as later ones would be ignored.

    Raises: ValueError if a vector has not `dimensions` numbers, before anything is written.
    """
    kept: dict[str, SearchDocument] = {}
    for document in checked(documents, dimensions):
        if document.id not in kept or document.version > kept[document.id].version:
            kept[document.id] = document
    return list(kept.values())


def checked(documents: Iterable[SearchDocument], dimensions: int) -> Iterator[SearchDocument]:
    """The documents one by one. Raises: ValueError at one whose vector has not `dimensions` numbers; TypeError for an
    iterator, of which a second attempt would get only the rest."""
    if isinstance(documents, Iterator):
        raise TypeError("documents must be walkable more than once")
    return _checked(documents, dimensions)


def _checked(documents: Iterable[SearchDocument], dimensions: int) -> Iterator[SearchDocument]:
    for document in documents:
        for vector in (document.title_vector, document.statement_vector):
            if vector is not None and len(vector) != dimensions:
                raise ValueError(f"a vector of {document.id} has {len(vector)} dimensions, the index {dimensions}")
        yield document


def usable(query: SearchQuery) -> SearchQuery:
    """The query within the limits: words, keys and the number of results."""
    return replace(
        query,
        terms=tuple(query_words(query.terms)),
        url_keys=tuple(url_keys(query.url_keys)[:MAX_TERMS]),
        limit=max(0, min(query.limit, MAX_LIMIT)),
    )


def index_tag(model: str, dimensions: int, analysis: str) -> str:
    """Names an index after what made it, e.g. `a1-multilingual-e5-small-384-3f2a9c10`: another maker, another index."""
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")[:60].strip("-") or "model"
    digest = hashlib.sha256(f"{model}\0{dimensions}".encode()).hexdigest()[:8]  # two names may share a slug
    return f"a{analysis}-{slug}-{dimensions}-{digest}"


@dataclass(frozen=True, slots=True)
class Found:
    """One document in one engine's list. `score` is BM25 or cosine, by the list it stands in; 0 for a shared URL."""

    id: str
    parent: str
    kind: DocKind
    score: float


def merge(lexical: Iterable[Found], near: Iterable[Found], linked: Iterable[Found], limit: int) -> tuple[Hit, ...]:
    """One hit a document from the three lists, each cut to `limit`: shared URLs first, then by cosine, then by BM25.

    A document may come twice in `near` (once a vector); the better cosine counts. The order is only a stable one:
    BM25 and cosine have no common scale here, weighing them is the work of `matching`.
    """
    hits: dict[str, Hit] = {}
    for found in _best(lexical, limit):
        hits[found.id] = Hit(found.id, found.parent, found.kind, lexical=found.score)
    for found in _best(near, limit):
        known = hits.get(found.id, Hit(found.id, found.parent, found.kind))
        hits[found.id] = replace(known, cosine=found.score)
    for found in sorted(linked, key=lambda f: f.id, reverse=True)[:limit]:
        known = hits.get(found.id, Hit(found.id, found.parent, found.kind))
        hits[found.id] = replace(known, shares_url=True)
    return tuple(sorted(hits.values(), key=_rank))


def _best(found: Iterable[Found], limit: int) -> list[Found]:
    best: dict[str, Found] = {}
    for one in found:
        if one.id not in best or one.score > best[one.id].score:
            best[one.id] = one
    return sorted(best.values(), key=lambda f: (-f.score, f.id))[:limit]


def _rank(hit: Hit) -> tuple[bool, float, float, str]:
    return (not hit.shares_url, -2.0 if hit.cosine is None else -hit.cosine, -(hit.lexical or 0.0), hit.id)
