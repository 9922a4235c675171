"""Clarion's own method: what the product does with a pasted text, on the same documents as the others.

`Ours` ranks by the stated probability what `candidates.find` returns. `cases` gives the pieces of the same path, for
training: every query with its candidates, and which of them are right.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index import candidates, matching, ranking
from index.errors import SearchUnavailable, SettingError
from index.evaluation.bench import Bench, wording
from index.evaluation.data import Query
from index.evaluation.methods import NOTHING, Ranked
from index.model import Band, DocKind

FAILED = "the engine or the encoder failed during the run"
_KINDS = frozenset({DocKind.OUTSIDE})


@dataclass(frozen=True, slots=True)
class Folds:
    """The weights of a cross-validation: each judges the queries that it has not learned from."""

    weights: tuple[ranking.Learned, ...]

    @classmethod
    def read(cls, path: Path) -> Folds:
        """What `--train` wrote beside its weights. Raises: SettingError; CorruptModel."""
        try:
            weights = tuple(ranking.read(raw) for raw in json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise SettingError(f"{path} cannot be read: {error}") from error
        if not weights:
            raise SettingError(f"{path} holds no weights")
        return cls(weights)

    def of(self, query: Query, answers: frozenset[str]) -> ranking.Learned:
        return self.weights[fold_of(query, answers, len(self.weights))]


def fold_of(query: Query, answers: frozenset[str], count: int) -> int:
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
        bench = self._bench
        weights = self._folds.of(query, bench.dataset.answers(query)) if self._folds else bench.weights
        found = candidates.find(bench.parts, understood, _KINDS, without, weights=weights)
        if found.is_degraded:
            raise SearchUnavailable(FAILED)
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
    right: frozenset[str]
    left_out: frozenset[str] = frozenset()


def cases(bench: Bench, *, is_left_out: bool = False) -> Iterator[Case]:
    """Every query that says anything, with its candidates in the order in which they were found.

    `is_left_out`: of the answerable ones alone, with their answers left out. Raises: SearchUnavailable,
    EncoderUnavailable.
    """
    for asked in bench.dataset.queries:
        right = bench.dataset.answers(asked)
        understood = wording(asked)
        if not understood or (is_left_out and not right):
            continue
        left_out = right if is_left_out else frozenset[str]()
        found = candidates.gather(bench.parts, understood, _KINDS, left_out)
        if found.is_degraded:
            raise SearchUnavailable(FAILED)
        yield Case(asked, found.query, found.entries, right - left_out, left_out)
