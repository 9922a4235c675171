"""Clarion's own method: what the product does with a pasted text, on the same documents as the others.

`Ours` ranks by the stated probability what `candidates.find` returns. `cases` gives the pieces of the same path, for
training: every query with its candidates, what `matching` made of them, and which of them are right.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index import candidates, embedding, matching, ranking, text
from index.errors import SearchUnavailable, SettingError
from index.evaluation.bench import Bench, wording
from index.evaluation.data import Query
from index.evaluation.methods import NOTHING, Ranked
from index.model import Band, DocKind, SearchQuery
from index.ports import MAX_TERMS, Vectors

_KINDS = frozenset({DocKind.OUTSIDE})


@dataclass(frozen=True, slots=True)
class Folds:
    """The weights of a cross-validation: each judges the queries that it has not learned from."""

    weights: tuple[ranking.Learned, ...]

    @classmethod
    def read(cls, path: Path) -> Folds:
        """What `--train` wrote beside its weights. Raises: SettingError; CorruptModel."""
        try:
            return cls(tuple(ranking.read(raw) for raw in json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError) as error:
            raise SettingError(f"{path} cannot be read: {error}") from error

    def of(self, query: Query, answers: frozenset[str]) -> ranking.Learned:
        return self.weights[fold(query, answers, len(self.weights))]


def fold(query: Query, answers: frozenset[str], count: int) -> int:
    """The same for all queries that one document answers."""
    return zlib.crc32(min(answers, default=query.id).encode()) // 7 % count


class Ours:
    """The shipped weights on the chosen engine, or those of a cross-validation."""

    name = "ours"
    encodes = True
    decides = True

    def __init__(self, bench: Bench, folds: Folds | None = None) -> None:
        self._bench = bench
        self._folds = folds

    def rank(self, query: Query, without: frozenset[str]) -> Ranked:
        """Raises: SearchUnavailable or EncoderUnavailable; a reduced answer would be a wrong figure."""
        understood = wording(query)
        if not understood:
            return NOTHING
        weights = self._folds.of(query, self._bench.dataset.answers(query)) if self._folds else None
        found = candidates.find(self._bench.parts, understood, _KINDS, without, weights=weights)
        if found.is_degraded:
            raise SearchUnavailable("the engine or the encoder failed during the run")
        judgements = [judged.judgement for judged in found.judged]
        return Ranked(
            ids=tuple(j.id for j in judgements),
            same=frozenset(j.id for j in judgements if j.band is Band.SAME),
            probability=judgements[0].probability if judgements else None,
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One query as `matching.judge` sees it. `right` are the documents that answer it, found or not; with
    `left_out` none is right, because they were not among the candidates."""

    asked: Query
    query: matching.Query
    entries: tuple[matching.Entry, ...]
    judgements: tuple[matching.Judgement, ...]
    right: frozenset[str]
    left_out: frozenset[str] = frozenset()


def cases(bench: Bench, *, is_left_out: bool = False) -> Iterator[Case]:
    """Every query that says anything, with its judged candidates in the order in which they were found.

    `is_left_out`: of the answerable ones alone, with their answers left out. Raises: SearchUnavailable,
    EncoderUnavailable.
    """
    for asked in bench.dataset.queries:
        right = bench.dataset.answers(asked)
        understood = wording(asked)
        if not understood or (is_left_out and not right):
            continue
        left_out = right if is_left_out else frozenset[str]()
        query, entries = gather(bench, understood, left_out)
        judgements = matching.judge(query, entries, ranking.weights_for(bench.parts.encoder.name))
        yield Case(asked, query, entries, judgements, right - left_out, left_out)


def gather(
    bench: Bench, understood: str, without: frozenset[str] = frozenset()
) -> tuple[matching.Query, tuple[matching.Entry, ...]]:
    """What `candidates.find` hands to `matching.judge` (a test holds the two together)."""
    parts = bench.parts
    vector: Vectors = parts.encoder.encode([embedding.passage(understood)])[0]
    url_keys = tuple(key for url in text.understand(understood).urls if (key := text.url_key(url)))
    search = SearchQuery(
        terms=text.query_terms(understood, MAX_TERMS),
        vector=tuple(map(float, vector)),
        url_keys=url_keys,
        kinds=_KINDS,
        exclude_parents=without,
    )
    query = matching.make_query(understood, vector, url_keys)
    chosen = candidates.parents(parts.search.find(search))
    with parts.records.read() as unit:
        outsides = unit.outsides([parent.id for parent in chosen])
    known = [(parent, candidates.of_outside(outsides[parent.id])) for parent in chosen]
    cut = [[(embedding.passage(raw), name, lang) for raw, name, lang in k.passages] for _, k in known]
    vectors = embedding.embed(parts, [passage for passages in cut for passage, _, _ in passages])
    entries = tuple(
        matching.Entry(
            kind=parent.kind,
            id=parent.id,
            passages=tuple(matching.Passage(p, name, lang, vectors[p]) for p, name, lang in passages if p),
            url_keys=frozenset(k.url_keys),
            lexical=parent.lexical,
            body=k.body,
        )
        for (parent, k), passages in zip(known, cut, strict=True)
    )
    return query, entries
