"""After a failure, answer "unavailable" at once for a while instead of letting every reader wait for a timeout."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from index.errors import SearchUnavailable


class Breaker:
    """Closed until a call fails; then it refuses for 1 s, and for twice as long after each further failure, up to 30 s.

    When the time is over one caller may try while the others are still refused. It does not call anything itself.
    """

    def __init__(
        self, first_s: float = 1.0, longest_s: float = 30.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._now = now
        self._lock = threading.Lock()
        self._wait_s = 0.0  # 0: closed
        self._refuse_until = 0.0
        self._round = 0

    def admit(self) -> int:
        """Lets the call pass and returns its round, to be handed to `failed`.

        Raises: SearchUnavailable while it refuses.
        """
        with self._lock:
            if self._wait_s:
                if self._now() < self._refuse_until:
                    raise SearchUnavailable("search failed a moment ago and is not asked again yet")
                self._refuse_until = self._now() + self._wait_s
            return self._round

    def failed(self, round_: int) -> None:
        """Calls that were under way together count as one failure."""
        with self._lock:
            if round_ == self._round:
                self._round += 1
                self._wait_s = min(self._longest_s, self._wait_s * 2 or self._first_s)
                self._refuse_until = self._now() + self._wait_s

    def succeeded(self) -> None:
        with self._lock:
            self._wait_s = 0.0
