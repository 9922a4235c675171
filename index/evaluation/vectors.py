"""Embeddings kept on disk, so that a second run, or one after a kill, encodes only what is missing.

texts ─► key (SHA-256 of the text) ─► in memory? on disk? ─► the rest by length, batch by batch: encode, store, tell

One SQLite file under the data folder; a row holds the encoder's name, the key and the vector. A batch is committed when
it is encoded. It does not know when weights changed under an unchanged name: a new model needs a new name.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from index import embedding
from index.errors import ClarionError
from index.ports import Encoder, Vectors

FILE = "vectors-1.db"
BATCH = 256
ASKED_AT_ONCE = 500  # SQLite takes a bounded number of values in one statement

#: Told what is done, how much of it, and how much there is to do.
Told = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Nobody watches."""


class RememberedEncoder:
    """An `Encoder` that encodes each text once for ever. Keeps what it was asked for in memory until `forget`."""

    def __init__(self, encoder: Encoder, folder: Path, told: Told = silent) -> None:
        """Raises: ClarionError if the file cannot be opened."""
        self.live = encoder
        self._told = told
        self._near: dict[str, Vectors] = {}
        self._ms: dict[str, float] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE
        self._rows = sqlite3.connect(self._path, isolation_level=None, timeout=60.0)
        with self._stated():
            # NORMAL: a power cut may lose the last batches, never the file; they are encoded again
            self._rows.execute("PRAGMA journal_mode=WAL")
            self._rows.execute("PRAGMA synchronous=NORMAL")
            self._rows.execute(
                "CREATE TABLE IF NOT EXISTS vectors"
                " (model TEXT, key TEXT, vector BLOB NOT NULL, PRIMARY KEY (model, key)) WITHOUT ROWID"
            )

    @property
    def name(self) -> str:
        return self.live.name

    @property
    def dimensions(self) -> int:
        return self.live.dimensions

    def encode(self, texts: Sequence[str]) -> Vectors:
        """As `Encoder.encode`. Raises: EncoderUnavailable; ClarionError if the file cannot be read or written."""
        wanted = {embedding.key(text): text for text in texts}
        known = self.known(wanted)
        self._encode({key: text for key, text in wanted.items() if key not in known})
        found = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            found[row] = self._near[embedding.key(text)]
        return found

    def known(self, keys: Collection[str]) -> dict[str, Vectors]:
        """The vectors that are kept, by key."""
        missing = [key for key in keys if key not in self._near]
        with self._stated():
            for start in range(0, len(missing), ASKED_AT_ONCE):
                some = missing[start : start + ASKED_AT_ONCE]
                marks = ", ".join("?" * len(some))
                rows = self._rows.execute(
                    f"SELECT key, vector FROM vectors WHERE model = ? AND key IN ({marks})",  # noqa: S608 (marks only)
                    (self.name, *some),
                )
                self._near.update((key, np.frombuffer(blob, np.float32)) for key, blob in rows)
        return {key: self._near[key] for key in keys if key in self._near}

    def live_ms(self, text: str) -> float:
        """Milliseconds that this text takes to encode alone. Measured once: the encoder remembers its last texts."""
        key = embedding.key(text)
        if key not in self._ms:
            start = time.perf_counter()
            self.live.encode([text])
            self._ms[key] = 1_000 * (time.perf_counter() - start)
        return self._ms[key]

    def forget(self) -> None:
        """Frees the memory; the file stays."""
        self._near.clear()

    def _encode(self, missing: dict[str, str]) -> None:
        # Longest first: the time left is then never understated, and a text too much for the machine shows at once.
        keys = sorted(missing, key=lambda key: len(missing[key]), reverse=True)
        for start in range(0, len(keys), BATCH):
            some = keys[start : start + BATCH]
            vectors = self.live.encode([missing[key] for key in some])
            self._keep(zip(some, vectors, strict=True))
            if len(keys) > 1:
                self._told("encoding", start + len(some), len(keys))

    def _keep(self, vectors: Iterable[tuple[str, Vectors]]) -> None:
        rows = [(self.name, key, np.ascontiguousarray(vector, np.float32)) for key, vector in vectors]
        with self._stated():
            self._rows.execute("BEGIN IMMEDIATE")
            self._rows.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", ((m, k, v.tobytes()) for m, k, v in rows)
            )
            self._rows.execute("COMMIT")
        self._near.update((key, vector) for _, key, vector in rows)

    @contextmanager
    def _stated(self) -> Any:
        try:
            yield
        except sqlite3.Error as error:
            raise ClarionError(f"the kept embeddings in {self._path} cannot be used: {error}") from error

    def close(self) -> None:
        self._rows.close()

    def __enter__(self) -> RememberedEncoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
