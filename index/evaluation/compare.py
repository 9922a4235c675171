"""Asks every query of a dataset of every method and measures how it went: one row a dataset, split, engine and method.

query ─► rank ─► Outcome                                  timed, for a sample
      └► rank without its answers ─► Outcome              only methods that decide: must they say "none"?
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from index import embedding
from index.evaluation import measures
from index.evaluation.bench import Bench, Engine, open_bench, wording
from index.evaluation.data import Dataset, Query
from index.evaluation.measures import Measures, Outcome
from index.evaluation.methods import Bm25, Cosine, Method, Ranked, Rrf
from index.evaluation.ours import Folds, Ours
from index.evaluation.vectors import RememberedEncoder, Told, silent
from index.settings import Settings

#: In the order of the table. Those of the second line have queries that only Elasticsearch answers.
EVERYWHERE = ("ours", "bm25", "cosine", "rrf")
ELASTICSEARCH_ONLY = ("cofacts", "alegre_lexical", "alegre_vector")
METHODS = (*EVERYWHERE, *ELASTICSEARCH_ONLY)
TIMED = 100  # queries of a split; each is encoded anew for its latency


@dataclass(frozen=True, slots=True)
class Latency:
    """Of the sample, with the query's encoding where the method needs it; `queries_per_s` one after the other."""

    p50_ms: float | None = None
    p95_ms: float | None = None
    queries_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `languages` is not part of the JSON."""

    dataset: str
    split: str
    engine: str
    method: str
    queries: int
    docs: int
    figures: Measures
    latency: Latency
    languages: dict[str, Measures] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The row with exactly the keys of the documented form."""
        head = {name: getattr(self, name) for name in ("dataset", "split", "engine", "method", "queries", "docs")}
        figures = {k: _rounded(v, 6) for k, v in asdict(self.figures).items()}
        return {**head, **figures, **{k: _rounded(v, 3) for k, v in asdict(self.latency).items()}}


def compare(
    dataset: Dataset,
    splits: Sequence[str],
    engine: Engine,
    methods: Sequence[str],
    settings: Settings,
    encoder: RememberedEncoder,
    *,
    limit: int = 0,
    folds: Folds | None = None,
    told: Told = silent,
) -> list[Row]:
    """A row for each split and method, in that order. Methods that the engine cannot run are left out.

    `folds`: weights of a cross-validation in the place of the shipped ones.

    Raises: SettingError, SearchUnavailable, EncoderUnavailable.
    """
    parts = [(split, dataset.only(split, limit)) for split in splits]
    asked = {query.id: query for _, part in parts for query in part.queries}
    whole = replace(dataset, queries=tuple(asked.values()))
    with open_bench(whole, engine, settings, encoder, told) as bench, ExitStack() as stack:
        encoding_ms = _encoding_ms(encoder, [query for _, part in parts for query in part.only(limit=TIMED).queries])
        results = {
            method.name: _Asking(bench, method, encoding_ms, told).run()
            for method in opened(bench, methods, folds, stack)
        }
        return [
            _row(part, split, engine, name, results[name])
            for split, part in parts
            for name in methods
            if name in results
        ]


def opened(bench: Bench, names: Sequence[str], folds: Folds | None, stack: ExitStack) -> list[Method]:
    """The methods of these names that the bench's engine can run; what they hold open, `stack` closes."""
    plain: dict[str, Callable[[Bench], Method]] = {"bm25": Bm25, "cosine": Cosine, "rrf": Rrf}
    plain["ours"] = lambda bench: Ours(bench, folds)
    made = [plain[name](bench) for name in names if name in plain]
    peers = tuple(name for name in names if name in ELASTICSEARCH_ONLY)
    if peers and bench.engine is Engine.ELASTICSEARCH:
        from index.evaluation.peers import open_peers

        made += stack.enter_context(open_peers(bench, peers))
    return made


@dataclass(frozen=True, slots=True)
class _Result:
    """What one method did with one query."""

    outcomes: tuple[Outcome, ...]
    ms: float | None


@dataclass(frozen=True, slots=True)
class _Asking:
    """One method over every query of the bench."""

    bench: Bench
    method: Method
    encoding_ms: dict[str, float]
    told: Told

    def run(self) -> dict[str, _Result]:
        queries = self.bench.dataset.queries
        for query in queries[:3]:
            self.method.rank(query, frozenset())  # the first calls open files and connections
        found = {}
        for done, query in enumerate(queries, start=1):
            found[query.id] = self._ask(query)
            self.told(self.method.name, done, len(queries))
        return found

    def _ask(self, query: Query) -> _Result:
        right = self.bench.dataset.answers(query)
        start = time.perf_counter()
        ranked = self.method.rank(query, frozenset())
        ms = 1_000 * (time.perf_counter() - start)
        outcomes = [_outcome(query, right, ranked)]
        if right and self.method.decides:
            outcomes.append(_outcome(query, frozenset(), self.method.rank(query, right)))
        if query.id not in self.encoding_ms:
            return _Result(tuple(outcomes), None)
        return _Result(tuple(outcomes), ms + self.encoding_ms[query.id] * self.method.encodes)


def _outcome(query: Query, right: frozenset[str], ranked: Ranked) -> Outcome:
    return Outcome(query.lang, right, ranked.ids, ranked.same, ranked.probability)


def _encoding_ms(encoder: RememberedEncoder, sample: Sequence[Query]) -> dict[str, float]:
    """How long each query of the sample takes to encode alone, by its id; the ranking then takes the kept vector."""
    if sample:
        encoder.live_ms("the first call loads the model")
    return {query.id: encoder.live_ms(embedding.passage(wording(query))) for query in sample}


def _row(part: Dataset, split: str, engine: Engine, method: str, results: dict[str, _Result]) -> Row:
    mine = [results[query.id] for query in part.queries]
    outcomes = [outcome for result in mine for outcome in result.outcomes]
    return Row(
        dataset=part.name,
        split=split,
        engine=engine.value,
        method=method,
        queries=len(part.queries),
        docs=len(part.docs),
        figures=measures.measure(outcomes),
        latency=_latency([result.ms for result in mine if result.ms is not None]),
        languages=measures.by_language(outcomes),
    )


def _latency(ms: list[float]) -> Latency:
    if not ms:
        return Latency()
    p50, p95 = (float(x) for x in np.percentile(ms, (50, 95)))
    return Latency(p50, p95, 1_000 * len(ms) / sum(ms))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def plan(datasets: Sequence[Dataset], splits: Sequence[str]) -> Iterator[tuple[Dataset, tuple[str, ...]]]:
    """Each set with those of the splits that it has; a set with none of them is left out."""
    for dataset in datasets:
        mine = tuple(s for s in splits if s == "all" or s in dataset.splits)
        if mine:
            yield dataset, mine
