"""One writer at a time in a folder that several processes share; a killed writer's hold ends with its process."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import SearchUnavailable

POLL_S = 0.01


class FolderLock:
    """Excludes other threads and other processes by `flock` on a file. Not re-entrant; it does not protect readers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = threading.Lock()

    @contextmanager
    def hold(self, wait_s: float) -> Iterator[None]:
        """Holds the lock for the block.

        Raises: SearchUnavailable if another holder keeps it longer than `wait_s`.
        """
        deadline = time.monotonic() + wait_s
        if not self._thread.acquire(timeout=max(0.0, wait_s)):
            raise SearchUnavailable("another thread keeps the search folder")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                self._take(file, deadline)
                yield
            finally:
                os.close(file)  # frees the lock too
        finally:
            self._thread.release()

    def _take(self, file: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise SearchUnavailable("another process keeps the search folder") from None
                time.sleep(POLL_S)
            else:
                return
