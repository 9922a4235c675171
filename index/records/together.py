"""Group commit: the acts of several threads in one transaction.

    threads ─► waiting ─► whoever has the turn takes what waits ─► begin, act, act, …, commit ─► results
Where an act or the commit fails, the transaction is gone; then each act is run again alone and has its own outcome.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from index.errors import RecordsUnavailable
from index.ports import Unit

MOST = 200  # weight of one transaction, so that other writers wait for a second at most
T = TypeVar("T")


class _Act:
    """One thread's act and what came of it."""

    def __init__(self, act: Callable[[Any], Any], weight: int) -> None:
        self.act, self.weight = act, weight
        self.is_done = False
        self.result: Any = None
        self.error: Exception | None = None

    def run(self, unit: Unit) -> None:
        self.result = self.act(unit)


class Together:
    """Runs acts from any number of threads. It holds no thread, no timer and no connection of its own."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Any]]) -> None:
        self._begin = begin
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._waiting: list[_Act] = []

    def run(self, act: Callable[[Unit], T], weight: int = 1) -> T:
        """The act's result. Raises: what the act raised, or what its transaction did."""
        mine = _Act(act, max(1, weight))
        with self._lock:
            self._waiting.append(mine)
        with self._turn:
            while not mine.is_done:
                self._run(self._next())
        if mine.error is not None:
            raise mine.error
        result: T = mine.result
        return result

    def _next(self) -> list[_Act]:
        """The acts that have waited longest, as many as may share a transaction."""
        with self._lock:
            count, weight = 0, 0
            while count < len(self._waiting) and (not count or weight + self._waiting[count].weight <= MOST):
                weight += self._waiting[count].weight
                count += 1
            taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def _run(self, acts: list[_Act]) -> None:
        try:
            if len(acts) == 1 or not self._shared(acts):
                for act in acts:
                    self._alone(act)
        finally:
            for act in acts:
                if not act.is_done:  # only where this thread is being ended
                    act.error = RecordsUnavailable("the shared transaction was broken off")
                act.is_done = True

    def _shared(self, acts: list[_Act]) -> bool:
        """Whether the transaction was committed."""
        try:
            with self._begin() as unit:
                for act in acts:
                    act.run(unit)
        except Exception:  # noqa: BLE001 - nothing was committed; alone, each act meets its own error again
            return False
        for act in acts:
            act.is_done = True
        return True

    def _alone(self, act: _Act) -> None:
        try:
            with self._begin() as unit:
                act.run(unit)
        except Exception as error:  # noqa: BLE001 - raised again in the thread that it belongs to
            act.error = error
        act.is_done = True
