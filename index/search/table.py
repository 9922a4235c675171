"""The columns that filters and answers need, in memory, by the number of a document (store.py); vectors by their row.

Numbers are for ever, so an update changes a few entries in place. What a View reads as a whole is copied before it is
changed, so a View taken before keeps its meaning while the table goes on.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.model import DocKind, SearchQuery
from index.ports import Vectors
from index.search.rules import VECTOR_FIELDS, Found
from index.search.sketch import Sketch, Snapshot
from index.search.store import ROW_FIELDS
from index.search.vectors import Numbers, VectorFile

NOBODY = 0  # no document has this number; it owns the rows of vectors that are out of use
MOST_FILTERS = 16

_Scalar = TypeVar("_Scalar", bound=np.generic)
_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Facets:
    """What filters look at. Few distinct ones exist, so each document holds the number of its own."""

    kind: str
    language: str
    state: str
    topics: frozenset[str]

    def fits(self, query: SearchQuery) -> bool:
        return (
            (not query.kinds or self.kind in query.kinds)
            and (not query.languages or self.language in query.languages)
            and (not query.states or self.state in query.states)
            and (not query.topics or not self.topics.isdisjoint(query.topics))
        )


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which documents, and which rows of vectors, a query may find."""

    numbers: _Mask
    rows: _Mask
    share: float  # of the documents that are alive


@dataclass(frozen=True, slots=True)
class View:
    """The table at one moment; safe to use from any thread while the table goes on."""

    ids: list[str]  # by number; the lists may have grown since, the arrays have not
    parents: list[str]
    facets: list[Facets]  # by facet number
    facet_of: Numbers  # by number
    is_alive: _Mask  # by number
    owner_of: Numbers  # number by row
    rows: Snapshot
    filters: dict[object, Allowed] = field(default_factory=dict)  # the last ones; callers use few, again and again

    def allowed(self, query: SearchQuery, excluded: Iterable[int]) -> Allowed:
        """What is alive and passes the filters, but for the documents of the `excluded` numbers."""
        key = (query.kinds, query.languages, query.states, query.topics)
        allowed = self.filters.get(key)
        if allowed is None:
            fits = np.fromiter((f.fits(query) for f in self.facets[:]), dtype=bool)
            numbers = self.is_alive & fits[self.facet_of] if fits.size else self.is_alive
            share = int(np.count_nonzero(numbers)) / max(1, int(np.count_nonzero(self.is_alive)))
            allowed = Allowed(numbers, numbers[self.owner_of], share)
            if len(self.filters) >= MOST_FILTERS:
                self.filters.clear()
            self.filters[key] = allowed
        gone = [number for number in excluded if number < self.is_alive.size]
        if gone:
            allowed = replace(allowed, numbers=allowed.numbers.copy())
            allowed.numbers[gone] = False
        return allowed

    def nearest(self, vector: Vectors, allowed: Allowed, excluded_count: int, limit: int) -> list[Found]:
        """The documents with the best cosine, at least `limit` of them if so many have a vector. A document may hold
        as many of the best rows as it has vectors. Raises: VectorsDamaged."""
        rows, scores = self.rows.nearest(vector, allowed.rows, (limit + excluded_count) * len(VECTOR_FIELDS))
        return [
            self._found(number, score)
            for number, score in zip(self.owner_of[rows].tolist(), np.clip(scores, -1.0, 1.0).tolist(), strict=True)
            if allowed.numbers[number] and np.isfinite(score)
        ]

    def by_number(self, scored: Iterable[tuple[int, float]], allowed: Allowed) -> list[Found]:
        """The documents of these numbers, where they are alive and pass here as well."""
        mask = allowed.numbers
        return [self._found(number, score) for number, score in scored if number < mask.size and mask[number]]

    def _found(self, number: int, score: float) -> Found:
        kind = DocKind(self.facets[self.facet_of[number]].kind)
        return Found(self.ids[number], self.parents[number], kind, score)


class Table:
    """The growing columns. One thread at a time may call `read`; Views go to any number of threads."""

    def __init__(self, dimensions: int) -> None:
        self._ids: list[str] = [""]
        self._parents: list[str] = [""]
        self._facets: list[Facets] = []
        self._facet_numbers: dict[tuple[str, str, str, str], int] = {}
        self._facet_of: Numbers = np.zeros(1, np.int32)
        self._is_alive: _Mask = np.zeros(1, np.bool_)
        self._rows_of: Numbers = np.full((1, len(VECTOR_FIELDS)), -1, np.int32)  # by number
        self._owner_of: Numbers = np.zeros(0, np.int32)
        self._sketch = Sketch(dimensions)

    def read(self, rows: Iterable[sqlite3.Row], last_number: int, file: VectorFile | None, vector_count: int) -> View:
        """Takes rows in the order of writing, with `last_number` the greatest of all, and `vector_count` rows of
        vectors; returns the table as it then is. After an exception it must not be used again.

        Raises: VectorsDamaged.
        """
        size = last_number + 1
        missing = size - len(self._ids)
        self._ids += [""] * missing
        self._parents += [""] * missing
        self._facet_of = _grown(self._facet_of, size).copy()
        self._is_alive = _grown(self._is_alive, size).copy()
        self._rows_of = _grown(self._rows_of, size, fill=-1)
        self._owner_of = _grown(self._owner_of, vector_count, fill=NOBODY).copy()
        snapshot = self._sketch.read(file, vector_count)
        for row in rows:
            self._take(row)
        return View(
            ids=self._ids, parents=self._parents, facets=self._facets, facet_of=self._facet_of[:size],
            is_alive=self._is_alive[:size], owner_of=self._owner_of[:vector_count], rows=snapshot,
        )  # fmt: skip

    def _take(self, row: sqlite3.Row) -> None:
        number = row["number"]
        self._ids[number] = row["id"]
        self._parents[number] = self._ids[number] if row["parent"] == row["id"] else row["parent"]
        self._facet_of[number] = self._facet_number(row)
        self._is_alive[number] = not row["is_deleted"]
        for at, name in enumerate(ROW_FIELDS):
            old, new = self._rows_of[number, at], row[name]
            if old >= 0:
                self._owner_of[old] = NOBODY
            self._rows_of[number, at] = -1 if new is None else new
            if new is not None:
                self._owner_of[new] = number

    def _facet_number(self, row: sqlite3.Row) -> int:
        key = (row["kind"], row["language"], row["state"], row["topics"])
        if key not in self._facet_numbers:
            self._facets.append(Facets(*key[:3], frozenset(json.loads(row["topics"]))))
            self._facet_numbers[key] = len(self._facets) - 1
        return self._facet_numbers[key]


def _grown(array: NDArray[_Scalar], length: int, fill: int = 0) -> NDArray[_Scalar]:
    """The array itself if it has room for `length` rows, else a copy with half as much room again."""
    if len(array) >= length:
        return array
    grown = np.full((max(length, len(array) + len(array) // 2, 64), *array.shape[1:]), fill, dtype=array.dtype)
    grown[: len(array)] = array
    return grown
