"""How much of MAP@5 is lost when queries are edited: the same bench, asked with each query and with its edits.

    answerable query ─► itself, and an edit of each kind that applies ─► every method ─► Answered
    Answered ─► per kind: mean before, mean after, over the queries that the kind applies to
              └► worst: of each query its worst edit    greatest: the kind that loses most

The edits are queries of one dataset, so they are encoded in one go and remembered like any other (`vectors`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from index.evaluation import edits, measures
from index.evaluation.bench import Engine, open_bench
from index.evaluation.compare import opened
from index.evaluation.data import Dataset, Query
from index.evaluation.measures import Outcome
from index.evaluation.methods import Method
from index.evaluation.ours import Folds
from index.evaluation.vectors import RememberedEncoder, Told, silent
from index.settings import Settings

METHODS = ("ours", "cosine", "bm25")  # where none is asked for
WORST, GREATEST = "worst", "greatest"
#: A kind that applies to a smaller share of the queries says too little to be called the greatest loss.
LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Answered:
    """Average precision at 5 for one query as it is, and for each of its edits by kind."""

    before: float
    after: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Loss:
    """MAP@5 before and after, over the queries that the edit applies to; None if there is none.

    `kind` is one of `edits.KINDS`, WORST or GREATEST; `of` names the kind that is meant by GREATEST.
    """

    kind: str
    queries: int
    before: float | None
    after: float | None
    of: str = ""

    @property
    def loss(self) -> float | None:
        return None if self.before is None or self.after is None else self.before - self.after


@dataclass(frozen=True, slots=True)
class Row:
    """What one method loses by one kind of edit."""

    dataset: str
    split: str
    engine: str
    method: str
    docs: int
    figures: Loss

    def as_json(self) -> dict[str, object]:
        """With exactly the keys of the documented form."""
        found = self.figures
        shares = {"before": found.before, "after": found.after, "loss": found.loss}
        return {
            "dataset": self.dataset,
            "split": self.split,
            "engine": self.engine,
            "method": self.method,
            "docs": self.docs,
            "kind": found.kind,
            "of": found.of or None,
            "queries": found.queries,
            **{name: None if value is None else round(value, 6) for name, value in shares.items()},
        }


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
    """For each split and method a row for each kind, then WORST and GREATEST. Methods that the engine cannot run are
    left out; so are queries that nothing answers. `folds`: as in `compare.compare`.

    Raises: SettingError, SearchUnavailable, EncoderUnavailable.
    """
    parts = {split: _answerable(dataset.only(split, limit)) for split in splits}
    asked = {query.id: query for part in parts.values() for query in part}
    edited = {query.id: edits_of(query) for query in asked.values()}
    with open_bench(_with(dataset, asked, edited), engine, settings, encoder, told) as bench, ExitStack() as stack:
        results = {
            method.name: _ask(method, bench.dataset, asked.values(), edited, told)
            for method in opened(bench, methods, folds, stack)
        }
    return [
        Row(dataset.name, split, engine.value, name, len(dataset.docs), loss)
        for split, part in parts.items()
        for name in methods
        if name in results
        for loss in losses([results[name][query.id] for query in part])
    ]


def edits_of(query: Query) -> dict[str, Query]:
    """An edit of the query for each kind that applies to it. Their ids are told apart by the kind."""
    found = {kind: edits.edited(kind, query.text, query.id) for kind in edits.KINDS}
    return {
        kind: replace(query, id=f"{query.id}\t{kind}", text=text) for kind, text in found.items() if text is not None
    }


def losses(answered: Sequence[Answered]) -> list[Loss]:
    """A line for each kind, then the two hardest readings."""
    kinds = [_loss(kind, [(a.before, a.after[kind]) for a in answered if kind in a.after]) for kind in edits.KINDS]
    worst = _loss(WORST, [(a.before, min(a.after.values())) for a in answered if a.after])
    return [*kinds, worst, _greatest(kinds, len(answered))]


def _loss(kind: str, pairs: Sequence[tuple[float, float]]) -> Loss:
    if not pairs:
        return Loss(kind, 0, None, None)
    before, after = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    return Loss(kind, len(pairs), before, after)


def _greatest(kinds: Iterable[Loss], queries: int) -> Loss:
    counted = [(k.loss, k) for k in kinds if k.loss is not None and k.queries >= LEAST_SHARE * queries]
    if not counted:
        return Loss(GREATEST, 0, None, None)
    _, most = max(counted, key=lambda pair: pair[0])
    return replace(most, kind=GREATEST, of=most.kind)


def _with(dataset: Dataset, asked: Mapping[str, Query], edited: Mapping[str, Mapping[str, Query]]) -> Dataset:
    """The queries and their edits. An edit has its query's answers: by them `Folds` tells who has learned from it."""
    others = {other.id: id for id, kinds in edited.items() for other in kinds.values()}
    return replace(
        dataset,
        queries=(*asked.values(), *(other for kinds in edited.values() for other in kinds.values())),
        relevant={**dataset.relevant, **{other: dataset.relevant[id] for other, id in others.items()}},
    )


def _answerable(part: Dataset) -> tuple[Query, ...]:
    return tuple(query for query in part.queries if part.answers(query))


def _ask(
    method: Method, dataset: Dataset, asked: Iterable[Query], edited: Mapping[str, Mapping[str, Query]], told: Told
) -> dict[str, Answered]:
    queries = list(asked)
    found = {}
    for done, query in enumerate(queries, start=1):
        right = dataset.answers(query)
        after = {kind: _precision(method, other, right) for kind, other in edited[query.id].items()}
        found[query.id] = Answered(_precision(method, query, right), after)
        told(method.name, done, len(queries))
    return found


def _precision(method: Method, query: Query, right: frozenset[str]) -> float:
    ranked = method.rank(query, frozenset())
    return measures.average_precision(Outcome(query.lang, right, ranked.ids), measures.DEPTH)
