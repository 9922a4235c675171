"""Whether a claim that was answered is rising again (sources.md 5, Recurrence). Pure.

    quiet for 30 days or more ─► seen again ─► five sightings within 24 hours, in the first week ─► rising again

What is counted was dated by its publisher: an imported archive keeps its old dates, and nobody knows whether what has
none is old. A month later it is no news any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

QUIET = timedelta(days=30)
LEAST = 5
WITHIN = timedelta(hours=24)
RAMP = timedelta(days=7)  # a rumor may come back with one sighting and spread the day after


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When a claim came back, and how often it was seen since."""

    since: datetime
    count: int


def rising_again(spread: Sequence[datetime], first_seen_at: datetime, now: datetime) -> Recurrence | None:
    """`spread`: when the claim circulated, oldest first, from two quiet times ago on."""
    recent = [at for at in spread if now - at < QUIET]
    if len(recent) < LEAST:
        return None
    since = recent[0]
    before = max((at for at in spread if at < since), default=first_seen_at)
    if since - before < QUIET:
        return None
    starts = (n for n, at in enumerate(recent[: 1 - LEAST]) if at - since <= RAMP)
    is_burst = any(recent[n + LEAST - 1] - recent[n] <= WITHIN for n in starts)
    return Recurrence(since, len(recent)) if is_burst else None
