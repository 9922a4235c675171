"""The queries of other projects' matchers on a real cluster, for `clarion evaluate` only.

Texts come already cut into words as the peers' analyzers would do it, and a whitespace field holds them: a node built
from the published jars has none of those analyzers (elasticsearch.md 2), and every node gives the same answer so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError

from index.errors import SearchUnavailable
from index.ports import Vectors
from index.search.elastic import connect
from index.search.elastic_bodies import numbers
from index.search.rules import clean, unit
from index.settings import Settings

CHUNK = 500
LIMIT = 50
FILL_TIMEOUT_S = 60.0
MAX_WORDS = 1_000  # of a query: the server refuses queries of more clauses than its memory allows, at least 1,024
_OWN = re.compile(r"clarion-evaluate-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class PeerDocument:
    """Words joined by spaces, one field an analyzer; a zero or absent vector is left out."""

    id: str
    cofacts: str
    alegre: str
    vector: Vectors | None = None


@dataclass(frozen=True, slots=True)
class PeerHit:
    """`score` is BM25, or the cosine of vectors."""

    id: str
    score: float


class PeerIndex:
    """One index with a field for each peer. Raises SearchUnavailable from every method that asks the cluster."""

    def __init__(self, settings: Settings, name: str, dimensions: int) -> None:
        """Raises: SettingError if the hosts or credentials cannot be used as written."""
        self._client = connect(settings).options(request_timeout=settings.search_timeout_s)
        self._name = name
        self._dimensions = dimensions

    def fill(self, documents: Iterable[PeerDocument]) -> int:
        """Makes the index of `documents`, searchable when it returns. Returns how many they were."""
        words = {"type": "text", "analyzer": "whitespace"}  # BM25 as a server has it: k1 1.2, b 0.75
        vector = {
            "type": "dense_vector", "dims": self._dimensions, "index": True, "similarity": "dot_product",
            "index_options": {"type": "flat"},  # exact, as a script over every document is
        }  # fmt: skip
        properties = {"id": {"type": "keyword"}, "cofacts": words, "alegre": words, "vector": vector}
        count = 0
        with _talking():
            self._client.indices.create(
                index=self._name,
                settings={"number_of_shards": 1, "auto_expand_replicas": "0-1"},
                mappings={"dynamic": "strict", "_source": {"enabled": False}, "properties": properties},
            )
            writes = self._client.options(request_timeout=FILL_TIMEOUT_S)
            for chunk in _chunks(documents):
                lines = [line for document in chunk for line in self._lines(document)]
                answer = writes.bulk(index=self._name, operations=lines)
                if answer["errors"]:
                    kinds = {item["index"]["error"]["type"] for item in answer["items"] if "error" in item["index"]}
                    raise SearchUnavailable(f"Elasticsearch refused documents: {', '.join(sorted(kinds))}")
                count += len(chunk)
            self._client.indices.refresh(index=self._name)
        return count

    def more_like_this(self, words: Sequence[str], without: Collection[str]) -> list[PeerHit]:
        """Cofacts' query: the 25 words that tell most, of which 70 % must occur if they are more than ten."""
        like = {
            "fields": ["cofacts"], "like": clean(" ".join(words)), "min_term_freq": 1, "min_doc_freq": 1,
            "max_query_terms": 25, "minimum_should_match": "10<70%",
        }  # fmt: skip
        return self._found({"query": _bool({"more_like_this": like}, without)}) if words else []

    def match(self, words: Sequence[str], share: str, without: Collection[str]) -> list[PeerHit]:
        """Alegre's query: documents that have this share of the distinct words."""
        text = clean(" ".join(list(dict.fromkeys(words))[:MAX_WORDS]))
        match = {"alegre": {"query": text, "minimum_should_match": share}}
        return self._found({"query": _bool({"match": match}, without)}) if text else []

    def nearest(self, vector: Vectors, without: Collection[str]) -> list[PeerHit]:
        """By exact cosine."""
        usable = unit(tuple(map(float, vector)), self._dimensions)
        if usable is None:
            return []
        knn: dict[str, Any] = {"field": "vector", "query_vector": numbers(usable), "k": LIMIT, "num_candidates": LIMIT}
        if without:
            knn["filter"] = _bool(None, without)
        # the documented  _score = (1 + dot product) / 2
        return [PeerHit(hit.id, 2 * hit.score - 1) for hit in self._found({"knn": knn})]

    def close(self) -> None:
        self._client.close()

    def _lines(self, document: PeerDocument) -> Iterator[dict[str, Any]]:
        body: dict[str, Any] = {
            "id": clean(document.id), "cofacts": clean(document.cofacts), "alegre": clean(document.alegre)
        }  # fmt: skip
        vector = None if document.vector is None else unit(tuple(map(float, document.vector)), self._dimensions)
        if vector is not None:
            body["vector"] = numbers(vector)
        yield {"index": {"_id": body["id"]}}
        yield body

    def _found(self, body: dict[str, Any]) -> list[PeerHit]:
        with _talking():
            answer = self._client.search(
                index=self._name, size=LIMIT, source=False, track_total_hits=False,
                allow_partial_search_results=False, **body,
            )  # fmt: skip
            if answer["timed_out"]:
                raise SearchUnavailable("Elasticsearch ran out of time")
            return [PeerHit(hit["_id"], float(hit["_score"])) for hit in answer["hits"]["hits"]]


def drop_indices(settings: Settings, prefix: str) -> None:
    """Deletes the indices of one evaluation, those named `clarion-evaluate-` and eight hexadecimal digits.

    Raises: SearchUnavailable; ValueError for any other prefix, so that a slip cannot delete a product's index.
    """
    if not _OWN.fullmatch(prefix):
        raise ValueError(f"{prefix} does not name an evaluation")
    client: Elasticsearch = connect(settings)
    try:
        with _talking():
            for name in client.indices.get(index=f"{prefix}-*", allow_no_indices=True):
                client.indices.delete(index=name, ignore_unavailable=True)
    finally:
        client.close()


def _bool(must: dict[str, Any] | None, without: Collection[str]) -> dict[str, Any]:
    query: dict[str, Any] = {"must": [must]} if must else {}
    if without:
        query["must_not"] = [{"ids": {"values": sorted(clean(id) for id in without)}}]
    return {"bool": query}


def _chunks(documents: Iterable[PeerDocument]) -> Iterator[list[PeerDocument]]:
    chunk: list[PeerDocument] = []
    for document in documents:
        chunk.append(document)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@contextmanager
def _talking() -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        raise SearchUnavailable(f"Elasticsearch answered {error.status_code} {error.error}") from error
    except TransportError as error:
        raise SearchUnavailable(f"Elasticsearch cannot be reached: {type(error).__name__}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise SearchUnavailable("Elasticsearch gave an answer that cannot be read") from error
