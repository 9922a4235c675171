"""What is sent to Elasticsearch and how its answers are read: pure data, no client.

Only what every node of 8.19 and 9.x has without plugins, scripts or a licence (elasticsearch.md 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from index.model import DocKind, SearchDocument, SearchQuery
from index.ports import Vectors
from index.search.rules import BM25_B, BM25_K1, TEXT_FIELDS, VECTOR_FIELDS, Found, clean, field_text, unit, url_keys

#: Below so many documents a vector field is searched exactly; above, by a graph over 8-bit vectors.
FLAT_BELOW = 20_000
_KEYWORDS = ("kind", "parent", "language", "source", "verdict", "state")
_LISTS = ("topics", "regions")


class Side(StrEnum):
    """Which list of candidates a search fills."""

    WORDS = "words"
    NEAR = "near"
    LINKED = "linked"


def definition(dimensions: int, document_count: int) -> dict[str, Any]:
    """Settings and mapping of a new index that will hold `document_count` documents.

    The kind of vector index is fixed here: `flat` (exact) below FLAT_BELOW, else `int8_hnsw`. An index that grows past
    the bound by and by stays exact, and slower, until the next rebuild.
    """
    kind = "flat" if document_count < FLAT_BELOW else "int8_hnsw"
    words = {"type": "text", "analyzer": "whitespace", "similarity": "words", "index_options": "freqs"}
    vector = {
        "type": "dense_vector", "dims": dimensions, "index": True, "similarity": "dot_product",
        "index_options": {"type": kind},
    }  # fmt: skip
    properties: dict[str, Any] = {name: {"type": "keyword"} for name in ("id", *_KEYWORDS, *_LISTS, "url_keys")}
    properties |= dict.fromkeys(TEXT_FIELDS, words) | dict.fromkeys(VECTOR_FIELDS, vector)
    properties["is_deleted"] = {"type": "boolean"}
    return {
        "settings": {
            "number_of_shards": 1,  # BM25 counts documents a shard; more shards would change the scores
            "auto_expand_replicas": "0-1",
            "refresh_interval": "1s",
            "similarity": {"words": {"type": "BM25", "k1": BM25_K1, "b": BM25_B}},
        },
        "mappings": {
            "dynamic": "strict",
            "_source": {"excludes": list(VECTOR_FIELDS)},  # vectors are kept in the records, with their model
            "properties": properties,
        },
    }


def source(document: SearchDocument, dimensions: int) -> dict[str, Any]:
    """The stored form. A tombstone keeps nothing to be found by; a zero vector, which servers refuse, is left out."""
    body: dict[str, Any] = {"id": clean(document.id), "is_deleted": document.is_deleted}
    body |= {name: clean(str(getattr(document, name))) for name in _KEYWORDS}
    if document.is_deleted:
        return body
    body |= {name: [clean(value) for value in getattr(document, name)] for name in _LISTS}
    body |= {name: field_text(getattr(document, name)) for name in TEXT_FIELDS}
    body["url_keys"] = url_keys(document.url_keys)
    for name in VECTOR_FIELDS:
        vector = unit(getattr(document, name), dimensions)
        if vector is not None:
            body[name] = numbers(vector)
    return body


def index_action(document: SearchDocument, dimensions: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two lines of a bulk request: the server refuses the document with 409 unless its version is greater."""
    head = {"_id": clean(document.id), "version": document.version, "version_type": "external"}
    return {"index": head}, source(document, dimensions)


def numbers(vector: Vectors) -> list[float]:
    """Seven decimals say all that float32 holds of a unit vector, in half the bytes."""
    return [round(float(x), 7) for x in vector]


def searches(query: SearchQuery, vector: Vectors | None, timeout_s: float) -> list[tuple[Side, dict[str, Any]]]:
    """The searches of one multi-search; none if there is nothing to look for."""
    filters = filter_clauses(query)
    bodies: list[tuple[Side, dict[str, Any]]] = []
    if query.terms:
        bodies.append((Side.WORDS, {"query": _words(query.terms, filters)}))
    if vector is not None:
        bodies += [(Side.NEAR, {"knn": _near(name, vector, query.limit, filters)}) for name in VECTOR_FIELDS]
    if query.url_keys:
        linked = [*filters, {"terms": {"url_keys": list(query.url_keys)}}]
        bodies.append((Side.LINKED, {"query": {"bool": {"filter": linked}}, "sort": [{"id": "desc"}]}))
    rest = {
        "size": query.limit, "_source": False, "docvalue_fields": ["kind", "parent"], "track_total_hits": False,
        "timeout": f"{int(timeout_s * 1000)}ms",
    }  # fmt: skip
    return [(side, body | rest) for side, body in bodies]


def filter_clauses(query: SearchQuery) -> list[dict[str, Any]]:
    clauses: list[dict[str, Any]] = [{"term": {"is_deleted": False}}]
    for name, values in (
        ("kind", query.kinds), ("language", query.languages), ("topics", query.topics), ("state", query.states),
    ):  # fmt: skip
        if values:
            clauses.append({"terms": {name: sorted(clean(str(value)) for value in values)}})
    if query.exclude_parents:
        excluded = sorted(clean(parent) for parent in query.exclude_parents)
        clauses.append({"bool": {"must_not": [{"terms": {"parent": excluded}}]}})
    return clauses


def _words(terms: Sequence[str], filters: list[dict[str, Any]]) -> dict[str, Any]:
    """`match` analyses by white space and parses nothing; the clauses' scores are added."""
    text = " ".join(terms)
    should = [{"match": {name: {"query": text, "boost": weight}}} for name, weight in TEXT_FIELDS.items()]
    return {"bool": {"should": should, "minimum_should_match": 1, "filter": filters}}


def _near(field: str, vector: Vectors, limit: int, filters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "field": field, "query_vector": numbers(vector), "k": limit, "num_candidates": max(100, 2 * limit),
        "filter": filters,
    }  # fmt: skip


def read_hits(side: Side, response: Mapping[str, Any]) -> list[Found]:
    """Raises: KeyError, TypeError, ValueError or IndexError if the answer has not the documented form."""
    return [
        Found(hit["_id"], hit["fields"]["parent"][0], DocKind(hit["fields"]["kind"][0]), _score(side, hit["_score"]))
        for hit in response["hits"]["hits"]
    ]


def _score(side: Side, score: float | None) -> float:
    """BM25 as it is; of a vector the cosine, from the documented  _score = (1 + dot product) / 2."""
    if side is Side.LINKED or score is None:
        return 0.0
    return float(score) if side is Side.WORDS else max(-1.0, min(1.0, 2.0 * float(score) - 1.0))
