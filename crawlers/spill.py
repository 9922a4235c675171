"""A dump on its way to disk: it never stands in memory. Its file has no name, so that a crash leaves nothing behind."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from pathlib import Path

from index.outbound import Failure, Stop

DUMP_BYTES = 512 * 1024 * 1024  # as sent, and as unpacked
DUMP_S = 600.0  # the whole cap at about 1 MiB/s; the 20 s of other documents would ask for 26
HEAD_BYTES = 20_000


class Spill:
    """Takes the body of one answer. `path` opens it for another process of this machine while this one holds it."""

    def __init__(self, folder: Path, stopped: threading.Event) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # Unbuffered, or on a full disk closing would try once more to write the rest, and fail.
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed by `close`
        self._stopped, self._sha256 = stopped, hashlib.sha256()
        self.head = b""

    def write(self, data: bytes) -> None:
        """Raises: Stop, when the process ends or the disk is full."""
        if self._stopped.is_set():
            raise Stop(Failure("stopped", "the crawl process ends"))
        self._sha256.update(data)
        self.head += data[: HEAD_BYTES - len(self.head)] if len(self.head) < HEAD_BYTES else b""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            raise Stop(Failure("too_large", "the disk has no room for it")) from None

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def path(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self._file.fileno()}"

    def close(self) -> None:
        self._file.close()
