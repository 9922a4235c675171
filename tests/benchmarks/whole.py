"""One match from the pasted text to the judged answer, on an index of any size: encode ─► find ─► records ─► judge.

The index is `synthetic.Corpus`'s, whose vectors no encoder made; the queries are its words, encoded by the encoder that
the settings name, so that what is found means nothing, and every step costs what it costs in the product. The records
are a real SQLite catalogue, of those reviews alone that the queries will find: reading them goes by their keys.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from index import SystemClock, candidates, embedding, text
from index.encode import open_encoder
from index.evaluation.bench import as_outside
from index.evaluation.data import Doc
from index.model import DocKind, SearchDocument, SearchQuery
from index.ports import MAX_TERMS, Parts, Search, Vectors
from index.records import open_records
from index.settings import Settings
from tests.benchmarks.synthetic import Corpus

WORDS = 24  # of a query; some 70 tokens, as words that nobody uses fall into many
KINDS = frozenset({DocKind.OUTSIDE})
WARM_UP = 10


def whole_match(engine: Search, corpus: Corpus, queries: Sequence[SearchQuery], folder: Path) -> dict[str, float]:
    """Milliseconds of one match and of its encoding, and how many a second where the texts are encoded together."""
    settings = Settings.from_env()
    texts = [" ".join(query.terms[:WORDS]) for query in queries]
    encoder = open_encoder(settings)
    vectors = encoder.encode([embedding.passage(wording) for wording in texts])
    found = [_find(engine, wording, vector) for wording, vector in zip(texts, vectors, strict=True)]
    records = open_records(f"sqlite:///{folder / 'whole.db'}")
    records.migrate()
    parts = Parts(settings, records, engine, encoder, SystemClock())
    _keep(parts, corpus.some(sorted({number for some in found for number in some})))
    whole, encoding = [], []
    for number, wording in enumerate(texts):
        start = time.perf_counter()
        candidates.find(parts, wording, KINDS)
        whole.append(time.perf_counter() - start)
        start = time.perf_counter()
        encoder.encode([f"{wording} {number}"])  # as long, and not remembered
        encoding.append(time.perf_counter() - start)
    together_s = _together_s(parts, texts)
    records.close()
    p50, p95 = np.percentile(np.array(whole[WARM_UP:]) * 1_000, [50, 95])
    return {
        "match_p50_ms": float(p50),
        "match_p95_ms": float(p95),
        "encode_p50_ms": float(np.median(encoding[WARM_UP:]) * 1_000),
        "linked_a_s": len(texts) / together_s,
    }


def _find(engine: Search, wording: str, vector: Vectors) -> set[int]:
    asked = SearchQuery(terms=text.query_terms(wording, MAX_TERMS), vector=tuple(map(float, vector)), kinds=KINDS)
    return {int(hit.parent.removeprefix("doc_")) for hit in engine.find(asked)}


def _keep(parts: Parts, documents: Iterable[SearchDocument]) -> None:
    """The documents as reviews, with the vectors that the index has of them."""
    for document in documents:
        review = as_outside(
            Doc(document.id, document.title, document.statement, document.language, article=document.body)
        )
        vectors = {review.title: document.title_vector, embedding.lead(review.claim): document.statement_vector}
        with parts.records.begin() as unit:
            unit.put_outsides([review])
            unit.put_embeddings(
                parts.encoder.name,
                {embedding.key(embedding.passage(raw)): np.array(v, np.float32) for raw, v in vectors.items()},
            )


def _together_s(parts: Parts, texts: Sequence[str]) -> float:
    """As sightings are linked: the texts are encoded and kept in one go, then each is looked for and judged."""
    again = [f"{wording} {len(texts)}" for wording in texts]
    start = time.perf_counter()
    embedding.embed(parts, map(embedding.passage, again))
    for wording in again:
        candidates.find(parts, wording, KINDS, is_stored=True)
    return time.perf_counter() - start
