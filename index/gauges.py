"""How late the crawl is and what ails its sources, as numbers: for the `ticked` line of the log and for /metrics. Pure.

The names are those of reliability.md 8 without their prefix.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

from index.model import Health, Source, SourceKind, SourceState


def gauges(sources: Iterable[tuple[Source, SourceState]], now: datetime) -> dict[str, int]:
    """How late due sources are (95 of 100 are less), and how long the worst official source has not been read."""
    read = [(source, state) for source, state in sources if source.is_enabled and state.health is not Health.PAUSED]
    late = sorted((now - state.next_check_at).total_seconds() for _, state in read if state.next_check_at <= now)
    failing = [
        (now - state.failing_since).total_seconds()
        for source, state in read
        if source.kind is SourceKind.OFFICIAL and state.failing_since is not None
    ]
    return {
        "due": len(late),
        "crawl_lateness_seconds": int(late[math.ceil(0.95 * len(late)) - 1]) if late else 0,
        "official_source_failing_seconds": int(max(failing, default=0)),
        "sources_in_trouble": sum(state.health is not Health.OK for _, state in read),
    }
