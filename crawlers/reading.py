"""Parsing in killable children (reliability.md A9): whatever a document does to a parser, this process goes on.

bytes + context -> child (spawned once, limits on CPU, memory, files; no secrets in its environment) -> Parsed, or
`parser_killed` where it had to be ended.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO

from crawlers.adapters.protocol import Context, Dump, Parsed, Portion
from crawlers.fetch import Failed
from crawlers.pipes import receive, send

WALL_S = 10.0
START_S = 60.0
STEP_S = 0.5
TASKS_A_CHILD = 200


class Reader:
    """A pool of parsing children. `read` may be called from several threads; `close` ends the children."""

    def __init__(self, size: int = 2, wall_s: float = WALL_S) -> None:
        self._wall_s = wall_s
        self._slots: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(size):
            self._slots.put(None)
        self._children: set[_Child] = set()
        self._is_closed = False

    def read(self, body: bytes, context: Context) -> Parsed | Failed:
        child = self._slots.get()
        try:
            if child is None or child.task_count >= TASKS_A_CHILD:
                self._end(child)
                child = None
                child = self._start()
            return child.read(body, context, self._wall_s)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):  # ValueError: its pipe was closed
            self._end(child)
            child = None
            return Failed("parser_killed", detail="the document exceeded a limit of the parser")
        finally:
            self._slots.put(child)

    def portions(self, dump: Dump, context: Context) -> Generator[Portion | Failed, None, None]:
        """A dump, portion by portion to its last one or a failure, in a child of its own: it takes minutes, and the
        documents of other sources do not wait for it. Close the iterator to end the child early.
        """
        child = None
        try:
            child = self._start()
            yield from child.portions(dump, context, self._wall_s)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            if self._is_closed:
                yield Failed("stopped", detail="the crawl process ends")
            else:
                yield Failed("parser_killed", detail="the dump exceeded a limit of the parser")
        finally:
            self._end(child)

    def close(self) -> None:
        """Ends every child, also those at work."""
        self._is_closed = True
        for child in tuple(self._children):
            self._end(child)

    def _start(self) -> _Child:
        if self._is_closed:
            raise EOFError
        child = _Child()
        self._children.add(child)
        return child

    def _end(self, child: _Child | None) -> None:
        if child is not None:
            self._children.discard(child)
            child.kill()


class _Child:
    """One process that reads tasks from a pipe. Its parent kills it when it takes too long."""

    def __init__(self) -> None:
        self.task_count = 0
        # The child sees no database address, key or password: only what Python needs to start.
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "HOME")}
        roots = [str(Path(__file__).parents[1]), *(p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "crawlers.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=kept | {"PYTHONPATH": os.pathsep.join(roots)},
        )
        with self._time_limit(START_S):
            receive(self._stdout)

    @property
    def _stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def read(self, body: bytes, context: Context, wall_s: float) -> Parsed:
        self.task_count += 1
        with self._time_limit(wall_s):
            self._ask(body, context)
            parsed = self._answer()
        if not isinstance(parsed, Parsed):
            raise EOFError
        return parsed

    def portions(self, dump: Dump, context: Context, wall_s: float) -> Iterator[Portion]:
        """The time that the caller takes between two portions counts for nothing."""
        self._ask(dump, context)
        is_last = False
        while not is_last:
            with self._time_limit(wall_s):
                portion = self._answer()
            if not isinstance(portion, Portion):
                raise EOFError
            is_last = portion.known is not None
            yield portion

    def _ask(self, body: bytes | Dump, context: Context) -> None:
        assert self._process.stdin is not None
        send(self._process.stdin, pickle.dumps((body, context), pickle.HIGHEST_PROTOCOL))

    def _answer(self) -> object:
        return pickle.loads(receive(self._stdout))  # noqa: S301 - our own child, over our own pipe

    def kill(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()

    @contextlib.contextmanager
    def _time_limit(self, seconds: float) -> Iterator[None]:
        """Kills the child after so long. A time in which this process was stopped itself counts for one step: the child
        may have answered long ago. And only while the block lasts: the next task may be another's.
        """
        is_done, turn = threading.Event(), threading.Lock()

        def watch() -> None:
            left_s = seconds
            while left_s > 0:
                began = time.monotonic()
                if is_done.wait(min(left_s, STEP_S)):
                    return
                left_s -= min(time.monotonic() - began, STEP_S)
            with turn:
                if not is_done.is_set():
                    self._process.kill()

        threading.Thread(target=watch, daemon=True).start()
        try:
            yield
        finally:
            with turn:
                is_done.set()
