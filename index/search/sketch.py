"""The nearest rows among many: exact cosine over few, a rough pass over one bit a dimension and exact scores above.

rows ─► minus their mean ─► signs ─► 64 bits a word ─► differing bits of the query (Hamming) ─► the best, to be scored

Vectors of one encoder lie in a narrow cone; without the mean most of their signs would be the same. The differing bits
estimate the angle around that mean (Charikar 2002), which is why many times more rows are taken than are asked for.
Blocks are only filled, never changed, so a Snapshot taken before keeps its meaning while more rows come.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from index.ports import Vectors
from index.search.vectors import Numbers, VectorFile

EXACT_ROWS = 20_000  # so many are compared one by one: 30 MB at 384 dimensions, a few milliseconds
ROUGH_LEAST = 1_000
ROUGH_SHARE = 1_000  # of so many rows one is scored exactly
ROUGH_TIMES = 10  # and at least so many for each row asked for
BLOCK = 8_192  # rows; their bits and what is computed of them fit the processor's cache
_SAMPLE = 4_096  # rows that the mean is taken of
_RENEW_AT = 4  # the mean is taken again when there are so many times more rows
_GUESSED_FROM = 30_000  # distances
_OUT_BIT = 15  # set in the distance of a row that is not allowed

_Mask = NDArray[np.bool_]
_Bits = NDArray[np.uint64]
_Distances = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows at one moment. `mean` is None while they are few; then `exact` holds them, else `bits` their signs."""

    count: int
    file: VectorFile | None
    exact: list[Vectors] = field(default_factory=list)  # blocks of shape (BLOCK, dimensions)
    bits: list[_Bits] = field(default_factory=list)  # blocks of shape (words, BLOCK)
    mean: Vectors | None = None

    def nearest(self, vector: Vectors, allowed: _Mask, wanted: int) -> tuple[Numbers, Vectors]:
        """Numbers and cosines of the best `wanted` allowed rows, unsorted. Raises: VectorsDamaged."""
        if not self.count:
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        if self.mean is None:
            rows = np.flatnonzero(allowed)
            scores = np.concatenate([_cosines(block, vector) for block in self.exact])[rows]
        else:
            assert self.file is not None  # where rows are, a file is
            rough = max(ROUGH_LEAST, ROUGH_TIMES * wanted, self.count // ROUGH_SHARE)
            rows = self._roughly(vector, self.mean, allowed, rough)
            scores = _cosines(self.file.some(rows.tolist()), vector)
        if len(rows) > wanted:
            best = np.argpartition(scores, len(scores) - wanted)[len(scores) - wanted :]
            rows, scores = rows[best], scores[best]
        return rows.astype(np.int32), scores

    def _roughly(self, vector: Vectors, mean: Vectors, allowed: _Mask, wanted: int) -> NDArray[np.intp]:
        """The `wanted` allowed rows with the fewest differing bits, or all that are allowed."""
        if np.count_nonzero(allowed) <= wanted:
            return np.flatnonzero(allowed)
        distances = self._distances(signs(vector[None, :], mean)[:, 0])
        distances |= np.left_shift((~allowed).view(np.uint8), _OUT_BIT, dtype=np.uint16)
        rows = np.flatnonzero(distances <= _bound(distances, wanted))
        if len(rows) > wanted:
            rows = rows[np.argpartition(distances[rows], wanted - 1)[:wanted]]
        return rows

    def _distances(self, asked: NDArray[np.uint64]) -> _Distances:
        distances = np.empty(self.count, np.uint16)
        differing = np.empty((len(asked), BLOCK), np.uint64)
        counts = np.empty((len(asked), BLOCK), np.uint8)
        for start in range(0, self.count, BLOCK):
            size = min(BLOCK, self.count - start)
            np.bitwise_xor(self.bits[start // BLOCK], asked[:, None], out=differing)
            np.bitwise_count(differing, out=counts)
            np.add.reduce(counts[:, :size], axis=0, dtype=np.uint16, out=distances[start : start + size])
        return distances


class Sketch:
    """The growing rows of one file. One thread at a time may call `read`; Snapshots go to any number of threads."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._words = -(-dimensions // 64)
        self._count = 0
        self._exact: list[Vectors] = []
        self._bits: list[_Bits] = []
        self._mean: Vectors | None = None
        self._renew_at = EXACT_ROWS

    def read(self, file: VectorFile | None, count: int) -> Snapshot:
        """Takes the rows of the file up to `count`. Raises: VectorsDamaged."""
        if file is not None and count > self._renew_at:
            self._mean = file.some(np.linspace(0, count - 1, _SAMPLE).astype(int).tolist()).mean(axis=0)
            self._renew_at = _RENEW_AT * count
            self._exact, self._bits, self._count = [], [], 0  # new lists: Snapshots keep the old ones
        while file is not None and self._count < count:
            at = self._count % BLOCK
            size = min(BLOCK - at, count - self._count)
            self._fill(file.rows(self._count, self._count + size), at)
            self._count += size
        return Snapshot(self._count, file, self._exact, self._bits, self._mean)

    def _fill(self, rows: Vectors, at: int) -> None:
        stop = at + len(rows)
        if self._mean is None:
            if not at:
                self._exact.append(np.zeros((BLOCK, self._dimensions), np.float32))
            self._exact[-1][at:stop] = rows
        else:
            if not at:
                self._bits.append(np.zeros((self._words, BLOCK), np.uint64))
            self._bits[-1][:, at:stop] = signs(rows, self._mean)


def _cosines(rows: Vectors, vector: Vectors) -> Vectors:
    """Not `rows @ vector`: that starts a thread for each processor, which costs several times more than it saves where
    other searches or an encoder keep them busy."""
    return np.asarray(np.vecdot(rows, vector), np.float32)


def signs(rows: Vectors, mean: Vectors) -> _Bits:
    """One bit a dimension, set where the row is above the mean: shape (words of 64 bits, rows)."""
    packed = np.packbits(rows > mean, axis=1)
    padded = np.zeros((len(rows), -(-packed.shape[1] // 8) * 8), np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64).T


def _bound(distances: _Distances, wanted: int) -> int:
    """A distance that at least `wanted` rows, but not many more, do not exceed: guessed from a sample, then counted."""
    step = max(1, len(distances) // _GUESSED_FROM)
    sample = np.sort(distances[::step])
    at = wanted // step
    while at < len(sample) and sample[at] < 1 << _OUT_BIT:
        if np.count_nonzero(distances <= sample[at]) >= wanted:
            return int(sample[at])
        at += 1 + at // 4
    return (1 << _OUT_BIT) - 1
