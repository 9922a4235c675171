"""A dataset on a real engine, as the product would hold it: every document another publisher's review, in the index.

    Doc ─► OutsideRefutation ─► documents.drafts ─► with_vectors ─► Search.rebuild        (embedded: a temporary folder;
    Query ─► candidates.find(parts, …) ─► Search.find ─► matching.judge                    Elasticsearch: own indices)

Only the records are not the real ones: `Shelf` keeps them in memory, so latencies are without the database.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import cast

from index import candidates, documents, embedding, ranking, text
from index.errors import SettingError
from index.evaluation.data import Dataset, Doc, Query
from index.evaluation.vectors import RememberedEncoder, Told, silent
from index.model import OutsideRefutation, SearchDocument
from index.ports import Change, Changed, Parts, Records, Unit, Vectors
from index.search import open_search
from index.settings import Settings

CHUNK = 2_000  # documents made ready at once
LEAST_TIMEOUT_S = 30.0  # a slow answer is a figure of the table, not a reason to end the run
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Engine(StrEnum):
    EMBEDDED = "embedded"
    ELASTICSEARCH = "elasticsearch"


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Shelf:
    """The part of `Records` and `Unit` that finding among outside refutations asks for. Everything else is absent."""

    def __init__(self, docs: Sequence[Doc], encoder: RememberedEncoder) -> None:
        self._outsides = {doc.id: as_outside(doc) for doc in docs}
        self._encoder = encoder

    @contextmanager
    def read(self) -> Iterator[Unit]:
        yield cast(Unit, self)

    begin = read

    def outside(self, outside_id: str) -> OutsideRefutation | None:
        return self._outsides.get(outside_id)

    def outsides(self, ids: Collection[str]) -> dict[str, OutsideRefutation]:
        return {id: self._outsides[id] for id in ids if id in self._outsides}

    def claims(self, ids: Collection[str]) -> dict[str, object]:
        return {}

    def wordings_of(self, claim_ids: Collection[str], limit: int = 30) -> dict[str, object]:
        return {}

    def embeddings(self, model: str, keys: Collection[str]) -> dict[str, Vectors]:
        return self._encoder.known(keys)

    def put_embeddings(self, model: str, vectors: Mapping[str, Vectors]) -> None:
        """The encoder remembers by itself."""


def as_outside(doc: Doc) -> OutsideRefutation:
    """The document as a crawled review: its text is what was reviewed or ruled, the article is the body."""
    return OutsideRefutation(
        id=doc.id,
        source_id="evaluation",
        native_id=doc.id,
        url=doc.url,
        title=doc.title,
        text=doc.article,
        claim=doc.text,
        language=doc.lang,
        label=doc.verdict,
        verdict=None,
        mapped_by="none",
        publisher="",
        authority=0,
        is_offsite=False,
        published_at=None,
        seen_at=_EPOCH,
        version=1,
    )


@dataclass(frozen=True, slots=True)
class Bench:
    """What a method works on. `parts` are those of a catalogue that knows the dataset's documents and nothing else."""

    dataset: Dataset
    engine: Engine
    parts: Parts
    encoder: RememberedEncoder
    weights: ranking.Weights


def wording(query: Query) -> str:
    """The query as the product understands a paste; empty where it says nothing that could be looked for."""
    understood = text.understand(query.text)
    has_content = understood.urls or text.words(text.fold(understood.text))
    return understood.text if has_content else ""


@contextmanager
def open_bench(
    dataset: Dataset, engine: Engine, settings: Settings, encoder: RememberedEncoder, told: Told = silent
) -> Iterator[Bench]:
    """The dataset in an index of its own, which is gone afterwards.

    Raises: SettingError if Elasticsearch is asked for and no setting names it; EncoderUnavailable; SearchUnavailable.
    """
    shelf = Shelf(dataset.docs, encoder)
    with _own_index(engine, settings) as own:
        search = open_search(own, encoder.name, encoder.dimensions)
        parts = Parts(own, cast(Records, shelf), search, encoder, _Clock())
        try:
            _encode(dataset, encoder)
            search.rebuild(_documents(parts, dataset, told))
            search.refresh()
            yield Bench(dataset, engine, parts, encoder, ranking.weights_for(encoder.name, settings.data_dir))
        finally:
            search.close()


@contextmanager
def _own_index(engine: Engine, settings: Settings) -> Iterator[Settings]:
    timeout_s = max(LEAST_TIMEOUT_S, settings.search_timeout_s)
    if engine is Engine.EMBEDDED:
        with tempfile.TemporaryDirectory(prefix="clarion-evaluate-") as folder:
            yield replace(settings, search_url="", data_dir=Path(folder))
        return
    if not settings.search_url:
        raise SettingError("no Elasticsearch: --elasticsearch or CLARION_SEARCH_URL names its hosts")
    from index.search.peers import drop_indices

    prefix = f"clarion-evaluate-{secrets.token_hex(4)}"
    own = replace(settings, search_index=prefix, search_timeout_s=timeout_s)
    try:
        yield own
    finally:
        drop_indices(own, prefix)


def _encode(dataset: Dataset, encoder: RememberedEncoder) -> None:
    """Every text that finding and judging will ask for, in one go, so that one bar shows how long it takes."""
    wanted = {embedding.passage(wording(query)) for query in dataset.queries}
    for doc in dataset.docs:
        wanted.update(embedding.passage(raw) for raw, _, _ in candidates.of_outside(as_outside(doc)).passages)
    encoder.encode(sorted(wanted))


def _documents(parts: Parts, dataset: Dataset, told: Told) -> list[SearchDocument]:
    ready: list[SearchDocument] = []
    with parts.records.read() as unit:
        for start in range(0, len(dataset.docs), CHUNK):
            some = dataset.docs[start : start + CHUNK]
            changes = [Change(start + n, Changed.OUTSIDE, doc.id) for n, doc in enumerate(some, start=1)]
            ready += documents.with_vectors(parts, documents.drafts(unit, changes))
            told("indexing", len(ready), len(dataset.docs))
    return ready
