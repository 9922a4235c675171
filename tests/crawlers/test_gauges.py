"""What the clock measures at every tick."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crawlers.gauges import gauges
from index.model import Health, SourceKind
from index.pages import SourceRow
from tests.crawlers.fakes import START, a_source, a_state


def row(number: int, late_s: float, kind: SourceKind = SourceKind.CHECKER, **state: Any) -> SourceRow:
    source = a_source(f"s{number}", kind=kind, is_enabled=state.pop("is_enabled", True))
    return SourceRow(source, a_state(source.id, next_check_at=START - timedelta(seconds=late_s), **state))


def test_lateness_is_that_of_the_ninetyfifth_of_a_hundred_due_sources() -> None:
    rows = [row(n, late_s=n + 1) for n in range(100)] + [row(200, late_s=-60)]
    assert gauges(rows, START)["due"] == 100
    assert gauges(rows, START)["crawl_lateness_seconds"] == 95


def test_paused_and_switched_off_sources_are_not_late_and_do_not_fail() -> None:
    since = START - timedelta(hours=9)
    rows = [
        row(1, 9999, SourceKind.OFFICIAL, health=Health.PAUSED, failing_since=since),
        row(2, 9999, SourceKind.OFFICIAL, health=Health.FAILING, failing_since=since, is_enabled=False),
    ]
    assert set(gauges(rows, START).values()) == {0}
    assert set(gauges((), START).values()) == {0}


def test_the_official_source_that_fails_for_longest_is_measured() -> None:
    rows = [
        row(1, -1, SourceKind.OFFICIAL, health=Health.FAILING, failing_since=START - timedelta(hours=2)),
        row(2, -1, SourceKind.OFFICIAL, health=Health.MOVED, failing_since=START - timedelta(hours=7)),
        row(3, -1, health=Health.FAILING, failing_since=START - timedelta(hours=99)),
    ]
    found = gauges(rows, START)
    assert (found["official_source_failing_seconds"], found["sources_in_trouble"]) == (7 * 3600, 3)
