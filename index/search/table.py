"""The vectors and filters of the embedded engine in memory: exact cosine over one contiguous matrix.

Each row that is read takes a new slot; a newer row of the same document ends the older slot. Slots are never written
again, so a View taken before keeps its meaning while the table grows; only what does change is copied for it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.model import DocKind, SearchQuery
from index.ports import Vectors
from index.search.rules import VECTOR_FIELDS, Found, clean

_Scalar = TypeVar("_Scalar", bound=np.generic)
_Numbers = NDArray[np.int32]
_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Facets:
    """What filters look at. Few distinct ones exist, so each slot holds the number of its own."""

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
class View:
    """The table at one moment; safe to use from any thread while the table goes on."""

    ids: list[str]  # by slot; the lists may have grown since, the arrays have not
    parents: list[str]
    facets: list[Facets]  # by facet number
    by_url: dict[str, list[int]]
    by_parent: dict[str, list[int]]
    facet_of: _Numbers  # by slot
    is_alive: _Mask  # by slot
    slot_of: _Numbers  # by document number, -1 for none
    vectors: Vectors  # one row a vector
    owner_of: _Numbers  # slot by vector row

    def mask(self, query: SearchQuery) -> _Mask:
        """Which slots are alive and pass the filters."""
        fits = np.fromiter((f.fits(query) for f in self.facets[:]), dtype=bool)
        mask = self.is_alive & fits[self.facet_of] if fits.size else self.is_alive.copy()
        for parent in query.exclude_parents:
            for slot in tuple(self.by_parent.get(clean(parent), ())):
                if slot < mask.size:
                    mask[slot] = False
        return mask

    def nearest(self, vector: Vectors, mask: _Mask, limit: int) -> list[Found]:
        """The documents with the best cosine, at least `limit` of them if so many have a vector."""
        if not self.owner_of.size:
            return []
        scores = self.vectors @ vector
        scores[~mask[self.owner_of]] = -np.inf
        count = min(limit * len(VECTOR_FIELDS), scores.size)  # a document may hold that many of the best rows
        best = np.argpartition(scores, scores.size - count)[scores.size - count :]
        return [
            self._found(int(self.owner_of[row]), float(np.clip(scores[row], -1.0, 1.0)))
            for row in best
            if np.isfinite(scores[row])
        ]

    def by_number(self, scored: Iterable[tuple[int, float]], mask: _Mask) -> list[Found]:
        """The documents of the terms index, where they are alive and pass here as well."""
        found = []
        for number, score in scored:
            slot = int(self.slot_of[number]) if number < self.slot_of.size else -1
            if slot >= 0 and mask[slot]:
                found.append(self._found(slot, score))
        return found

    def linked(self, keys: Iterable[str], mask: _Mask) -> list[Found]:
        """The documents that have one of the URL keys."""
        slots = {slot for key in keys for slot in tuple(self.by_url.get(key, ())) if slot < mask.size and mask[slot]}
        return [self._found(slot, 0.0) for slot in slots]

    def _found(self, slot: int, score: float) -> Found:
        return Found(self.ids[slot], self.parents[slot], DocKind(self.facets[self.facet_of[slot]].kind), score)


class Table:
    """The growing columns. One thread at a time may call `read`; Views go to any number of threads."""

    def __init__(self, dimensions: int) -> None:
        self._ids: list[str] = []
        self._parents: list[str] = []
        self._facets: list[Facets] = []
        self._facet_numbers: dict[tuple[str, str, str, str], int] = {}
        self._by_url: dict[str, list[int]] = {}
        self._by_parent: dict[str, list[int]] = {}
        self._facet_of: _Numbers = np.zeros(0, np.int32)
        self._is_alive: _Mask = np.zeros(0, np.bool_)
        self._slot_of: _Numbers = np.zeros(0, np.int32)
        self._vectors: Vectors = np.zeros((0, dimensions), np.float32)
        self._owner_of: _Numbers = np.zeros(0, np.int32)
        self._vector_count = 0
        self._ended_count = 0

    @property
    def is_wasteful(self) -> bool:
        """Whether more slots ended than are alive; the caller then reads everything into a new table."""
        return self._ended_count > 1_000 + len(self._ids) - self._ended_count

    def read(self, rows: list[sqlite3.Row]) -> View:
        """Takes rows in the order of writing; returns the table as it then is."""
        end = len(self._ids) + len(rows)
        self._facet_of = _grown(self._facet_of, end)
        self._is_alive = _grown(self._is_alive, end).copy()
        self._slot_of = _grown(self._slot_of, 1 + max((row["number"] for row in rows), default=0), fill=-1).copy()
        for row in rows:
            before = self._slot_of[row["number"]]
            if before >= 0:
                self._is_alive[before] = False
                self._ended_count += 1
            self._slot_of[row["number"]] = -1 if row["is_deleted"] else self._add(row)
        return self._view()

    def _add(self, row: sqlite3.Row) -> int:
        slot = len(self._ids)
        self._ids.append(row["id"])
        self._parents.append(row["parent"])
        self._facet_of[slot] = self._facet_number(row)
        self._is_alive[slot] = True
        self._by_parent.setdefault(row["parent"], []).append(slot)
        for key in json.loads(row["url_keys"]):
            self._by_url.setdefault(key, []).append(slot)
        for name in VECTOR_FIELDS:
            if row[name] is not None:
                self._add_vector(np.frombuffer(row[name], dtype="<f4"), slot)
        return slot

    def _add_vector(self, vector: Vectors, slot: int) -> None:
        at = self._vector_count
        self._vectors = _grown(self._vectors, at + 1)
        self._owner_of = _grown(self._owner_of, at + 1)
        self._vectors[at] = vector
        self._owner_of[at] = slot
        self._vector_count = at + 1

    def _facet_number(self, row: sqlite3.Row) -> int:
        key = (row["kind"], row["language"], row["state"], row["topics"])
        if key not in self._facet_numbers:
            self._facets.append(Facets(*key[:3], frozenset(json.loads(row["topics"]))))
            self._facet_numbers[key] = len(self._facets) - 1
        return self._facet_numbers[key]

    def _view(self) -> View:
        slots, vectors = len(self._ids), self._vector_count
        return View(
            ids=self._ids, parents=self._parents, facets=self._facets, by_url=self._by_url, by_parent=self._by_parent,
            facet_of=self._facet_of[:slots], is_alive=self._is_alive[:slots], slot_of=self._slot_of,
            vectors=self._vectors[:vectors], owner_of=self._owner_of[:vectors],
        )  # fmt: skip


def _grown(array: NDArray[_Scalar], length: int, fill: int = 0) -> NDArray[_Scalar]:
    """The array itself if it has room for `length` rows, else a copy with at least twice the room."""
    if len(array) >= length:
        return array
    grown = np.full((max(length, 2 * len(array), 64), *array.shape[1:]), fill, dtype=array.dtype)
    grown[: len(array)] = array
    return grown
