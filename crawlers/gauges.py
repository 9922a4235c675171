"""What the clock measures at every tick, under the names of reliability.md 8 without their prefix. Pure.

Until there is a door for metrics, the values stand in the `ticked` line of the log.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from index.model import Health, SourceKind
from index.pages import SourceRow


def gauges(rows: Sequence[SourceRow], now: datetime) -> dict[str, int]:
    """How late due sources are (95 of 100 are less), and how long the worst official source has not been read."""
    states = [(r.source, r.state) for r in rows if r.source.is_enabled and r.state is not None]
    read = [(source, state) for source, state in states if state.health is not Health.PAUSED]
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
