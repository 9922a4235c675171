"""How late the crawl is and what ails its sources, as numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from index.gauges import gauges
from index.model import Health, Source, SourceKind, SourceState
from tests.index.house import START, forum


def pair(
    number: int, late_s: float, kind: SourceKind = SourceKind.CHECKER, is_enabled: bool = True, **state: Any
) -> tuple[Source, SourceState]:
    source = forum(f"s{number}", kind=kind, is_enabled=is_enabled)
    return source, SourceState(source.id, next_check_at=START - timedelta(seconds=late_s), **state)


def test_lateness_is_that_of_the_ninetyfifth_of_a_hundred_due_sources() -> None:
    found = gauges([pair(n, late_s=n + 1) for n in range(100)] + [pair(200, late_s=-60)], START)
    assert (found["due"], found["crawl_lateness_seconds"]) == (100, 95)


def test_paused_and_switched_off_sources_are_not_late_and_do_not_fail() -> None:
    since = START - timedelta(hours=9)
    pairs = [
        pair(1, 9999, SourceKind.OFFICIAL, health=Health.PAUSED, failing_since=since),
        pair(2, 9999, SourceKind.OFFICIAL, health=Health.FAILING, failing_since=since, is_enabled=False),
    ]
    assert set(gauges(pairs, START).values()) == {0}
    assert set(gauges((), START).values()) == {0}


def test_the_official_source_that_fails_for_longest_is_measured() -> None:
    pairs = [
        pair(1, -1, SourceKind.OFFICIAL, health=Health.FAILING, failing_since=START - timedelta(hours=2)),
        pair(2, -1, SourceKind.OFFICIAL, health=Health.MOVED, failing_since=START - timedelta(hours=7)),
        pair(3, -1, health=Health.FAILING, failing_since=START - timedelta(hours=99)),
    ]
    found = gauges(pairs, START)
    assert (found["official_source_failing_seconds"], found["sources_in_trouble"]) == (7 * 3600, 3)
