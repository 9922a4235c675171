"""The vectors of the embedded engine on disk: one file of float32 rows that only grows, shared by every process.

A row is never changed once the rows of store.py name it, so who reads needs no lock. Rows behind the number that the
store committed are what a killed writer left; the next one writes over them. It is read by `pread`, not mapped: pages
of a mapping would count as each process's memory, and a file cut short under it would kill the process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.ports import Vectors

Numbers = NDArray[np.int32]

_WRITE_ROWS = 1_000


class VectorsDamaged(Exception):
    """The file is missing or shorter than it must be."""


class VectorFile:
    """Reads rows. Thread-safe; closes its file when nobody refers to it any more."""

    def __init__(self, path: Path, dimensions: int) -> None:
        """Raises: VectorsDamaged."""
        self._dimensions = dimensions
        self._row_bytes = 4 * dimensions
        try:
            self._file = path.open("rb", buffering=0)
        except FileNotFoundError as error:
            raise VectorsDamaged(f"{path} is missing") from error

    @property
    def row_count(self) -> int:
        return os.fstat(self._file.fileno()).st_size // self._row_bytes

    def rows(self, start: int, stop: int) -> Vectors:
        """The rows from `start` up to but without `stop`."""
        return self._decoded(self._read(start, stop - start)).reshape(-1, self._dimensions)

    def some(self, numbers: Iterable[int]) -> Vectors:
        """The rows of these numbers, in this order."""
        return self._decoded(b"".join([self._read(number, 1) for number in numbers])).reshape(-1, self._dimensions)

    def _read(self, start: int, count: int) -> bytes:
        wanted = count * self._row_bytes
        found = os.pread(self._file.fileno(), wanted, start * self._row_bytes)
        while len(found) < wanted:  # one call gives at most 2 GiB
            more = os.pread(self._file.fileno(), wanted - len(found), start * self._row_bytes + len(found))
            if not more:
                raise VectorsDamaged(f"the file of vectors ends before row {start + count}")
            found += more
        return found

    @staticmethod
    def _decoded(content: bytes) -> Vectors:
        return np.frombuffer(content, dtype="<f4").astype(np.float32, copy=False)


class VectorWriter:
    """Appends rows behind the first `count`. One at a time, under the folder's lock; `flush` before they are named."""

    def __init__(self, path: Path, dimensions: int, count: int) -> None:
        """Raises: VectorsDamaged if the file has fewer than `count` rows."""
        self.count = count
        self._dimensions = dimensions
        self._row_bytes = 4 * dimensions
        self._waiting: list[bytes] = []
        self._path = path
        self._is_new = not path.exists()
        self._is_changed = False
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if os.fstat(self._file).st_size < count * self._row_bytes:
            os.close(self._file)
            raise VectorsDamaged(f"{path} has fewer than {count} rows")

    def append(self, vector: Vectors) -> int:
        """The number of the new row."""
        self._waiting.append(as_bytes(vector))
        self.count += 1
        if len(self._waiting) >= _WRITE_ROWS:
            self._write()
        return self.count - 1

    def has(self, number: int, vector: Vectors) -> bool:
        """Whether the row of this number, written by an earlier writer, holds exactly this vector."""
        return os.pread(self._file, self._row_bytes, number * self._row_bytes) == as_bytes(vector)

    def flush(self) -> None:
        """Brings all rows, and the file's name, to the disk."""
        self._write()
        if self._is_changed:
            os.fsync(self._file)
            self._is_changed = False
        if not self._is_new:
            return
        self._is_new = False
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _write(self) -> None:
        content = memoryview(b"".join(self._waiting))
        at = self.count * self._row_bytes - len(content)
        while content:
            written = os.pwrite(self._file, content, at)
            content, at = content[written:], at + written
            self._is_changed = True
        self._waiting.clear()

    def __enter__(self) -> VectorWriter:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def as_bytes(vector: Vectors) -> bytes:
    """Little-endian float32, 4 bytes a dimension."""
    return vector.astype("<f4").tobytes()
