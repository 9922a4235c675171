"""When to look again and how a source is: pure decisions over simulated days (A2, A4, A6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from crawlers.cadence import (
    Polled,
    backoff_s,
    failing_since,
    health,
    interval_s,
    missing_since,
    next_check,
    silent_after,
    spread,
)
from index.model import Health, Source, SourceKind, SourceState
from tests.crawlers.fakes import START, a_source, a_state

OFFICIAL = a_source("o", kind=SourceKind.OFFICIAL, every_min=15)
CHECKER = a_source("c", every_min=30)
MONITOR = a_source("m", kind=SourceKind.MONITOR, every_min=30, silent_after_h=24)
OK = Polled(is_ok=True, has_validators=True)


def every(hours: float, count: int = 30) -> tuple[Any, ...]:
    return tuple(START - timedelta(hours=hours * n) for n in range(count))


@pytest.mark.parametrize(
    ("source", "gap_h", "minutes"),
    [(OFFICIAL, 0.1, 15), (OFFICIAL, 1, 30), (OFFICIAL, 24, 60), (CHECKER, 0.1, 30), (CHECKER, 4, 120),
     (CHECKER, 100, 360), (MONITOR, 0.01, 30), (MONITOR, 6, 180), (MONITOR, 48, 360)],
)  # fmt: skip
def test_the_interval_is_half_the_median_gap_between_floor_and_ceiling(
    source: Source, gap_h: float, minutes: int
) -> None:
    assert interval_s(source, a_state(), replace(OK, published=every(gap_h))) == minutes * 60


def test_only_the_newest_twenty_items_count() -> None:
    dates = (*every(1, 20), *(START - timedelta(days=400 * n) for n in range(1, 50)))
    assert interval_s(OFFICIAL, a_state(), replace(OK, published=dates)) == 30 * 60


def test_without_validators_nobody_is_asked_more_than_hourly() -> None:
    for source in (OFFICIAL, CHECKER, MONITOR):
        polled = Polled(is_ok=True, has_validators=False, published=every(0.1))
        assert interval_s(source, a_state(), polled) >= 3600


@pytest.mark.parametrize("wish", [{"max_age_s": 7200}, {"ttl_min": 120}])
def test_the_publishers_wish_raises_the_interval_up_to_the_ceiling(wish: dict[str, int]) -> None:
    assert interval_s(CHECKER, a_state(), replace(OK, published=every(0.1), **wish)) == 7200
    assert interval_s(OFFICIAL, a_state(), replace(OK, published=every(0.1), **wish)) == 3600


def test_a_304_keeps_the_rhythm_and_does_not_drift() -> None:
    state, now = a_state(), START
    due = next_check(CHECKER, state, replace(OK, published=every(4)), now, 0.5)
    first = due - now
    for _ in range(200):
        state = replace(state, last_checked_at=now, next_check_at=due)
        now = due
        due = next_check(CHECKER, state, OK, now, 0.9)
        assert abs((due - now) - first) < timedelta(seconds=200)


def test_a2_a_source_of_sixty_minutes_is_polled_sixty_to_seventyfive_minutes_apart() -> None:
    for number in range(500):
        source = a_source(f"s{number}", every_min=60)
        due = next_check(source, a_state(), replace(OK, published=every(0.1)), START, 0.5)
        assert timedelta(minutes=60) <= due - START <= timedelta(minutes=75)


def test_the_spread_differs_between_sources_and_never_for_one() -> None:
    spreads = [spread(a_source(f"s{n}")) for n in range(200)]
    assert spreads == [spread(a_source(f"s{n}")) for n in range(200)]
    assert min(spreads) >= 1.0 and max(spreads) <= 1.2 and max(spreads) - min(spreads) > 0.18


def failing(source: Source, days: int, code: str = "server_error", **changes: Any) -> list[float]:
    """Delays in seconds of a source that only fails, over simulated days."""
    state, now, delays = a_state(source.id, last_success_at=START), START, []
    polled = Polled(is_ok=False, code=code, **changes)
    while now < START + timedelta(days=days):
        due = next_check(source, state, polled, now, 0.0)
        delays.append((due - now).total_seconds())
        state = replace(state, error_count=state.error_count + 1, last_checked_at=now, next_check_at=due)
        now = due
    return delays


@pytest.mark.parametrize(("source", "cap"), [(OFFICIAL, 7200), (CHECKER, 86400), (MONITOR, 86400)])
def test_a4_delays_double_up_to_the_cap_and_nothing_is_given_up(source: Source, cap: int) -> None:
    delays = failing(source, days=7)
    grown = [b / a for a, b in pairwise(delays) if b < cap]
    assert all(ratio >= 2 for ratio in grown) and max(delays) == cap
    assert len(delays) >= 7 * 86400 / cap - 1, "polls go on for the whole week"


def test_a4_jitter_adds_up_to_a_fifth() -> None:
    polled = Polled(is_ok=False, code="server_error")
    least = next_check(CHECKER, a_state(), polled, START, 0.0) - START
    most = next_check(CHECKER, a_state(), polled, START, 1.0) - START
    assert most / least == pytest.approx(1.2)


@pytest.mark.parametrize(("wait_s", "expected_s"), [(10, 3600), (7200, 7201), (86400, 86401)])
def test_a3_retry_after_is_kept_to_the_second_where_it_is_longer(wait_s: int, expected_s: int) -> None:
    polled = Polled(is_ok=False, code="rate_limited", retry_after_s=wait_s)
    for jitter in (0.0, 1.0):
        due = next_check(CHECKER, a_state(), polled, START, jitter)
        assert abs((due - START).total_seconds() - expected_s) <= 1


def test_a3_retry_after_is_capped_at_a_day() -> None:
    assert backoff_s(CHECKER, 1, Polled(is_ok=False, retry_after_s=10**9)) == 86400


def test_a6_a_gone_checker_is_left_alone_and_a_gone_official_source_is_probed_daily() -> None:
    gone = Polled(is_ok=False, code="gone")
    assert next_check(CHECKER, a_state(), gone, START, 0.0) - START > timedelta(days=365)
    assert len(failing(OFFICIAL, days=30, code="gone")) == 30
    assert health(CHECKER, a_state(), gone, START) is Health.GONE


def polls(codes: dict[int, str], days: int) -> dict[int, Health]:
    """The health after each daily poll of a checker; `codes` says from which day on it answers what ("" is success)."""
    state, found, code = a_state("c"), {}, ""
    for day in range(days):
        now, code = START + timedelta(days=day), codes.get(day, code)
        polled = Polled(is_ok=not code, code=code)
        found[day] = health(CHECKER, state, polled, now)
        state = replace(state, health=found[day], missing_since=missing_since(state, polled, now))
    return found


def test_a6_not_found_means_gone_only_after_fourteen_days_of_it() -> None:
    found = polls({1: "not_found"}, 20)
    assert [day for day, state in found.items() if state is Health.GONE] == [15, 16, 17, 18, 19]
    assert found[14] is Health.FAILING


@pytest.mark.parametrize(("between", "gone_on"), [("timeout", 15), ("server_error", 22), ("", 22)])
def test_a6_the_fourteen_days_begin_anew_after_another_answer_but_not_after_none(between: str, gone_on: int) -> None:
    found = polls({1: "not_found", 7: between, 8: "not_found"}, 25)
    assert min(day for day, state in found.items() if state is Health.GONE) == gone_on


def test_a4_the_first_failure_in_a_row_is_remembered() -> None:
    error, state = Polled(is_ok=False, code="timeout"), a_state()
    state = replace(state, failing_since=failing_since(state, error, START))
    assert failing_since(state, error, START + timedelta(hours=7)) == START
    assert failing_since(state, OK, START + timedelta(hours=8)) is None


@pytest.mark.parametrize(
    ("source", "gap_h", "silent_h"),
    [
        (a_source("o", kind=SourceKind.OFFICIAL, silent_after_h=0), 1, 48),
        (a_source("o", kind=SourceKind.OFFICIAL, silent_after_h=0), 100, 300),
        (a_source("c", silent_after_h=0), 1, 7 * 24),
        (a_source("c", silent_after_h=0), 100, 300),
        (a_source("m", kind=SourceKind.MONITOR, silent_after_h=0), 10, 30),
        (a_source("m", kind=SourceKind.MONITOR, silent_after_h=0), 1, 24),
        (MONITOR, 100, 24),
    ],
)
def test_silence_is_three_usual_gaps_and_never_less_than_the_kinds(
    source: Source, gap_h: float, silent_h: float
) -> None:
    arrivals = sorted(every(gap_h, 101))
    assert silent_after(source, arrivals) == timedelta(hours=silent_h)


def test_a_rare_long_gap_does_not_stretch_the_silence() -> None:
    source = a_source("m", kind=SourceKind.MONITOR, silent_after_h=0)
    gaps = [10.0] * 95 + [1000.0] * 5
    arrivals = [START]
    for gap in gaps:
        arrivals.append(arrivals[-1] + timedelta(hours=gap))
    assert silent_after(source, arrivals) == timedelta(hours=30)
    assert silent_after(source) == silent_after(source, arrivals[:1]) == timedelta(hours=24)


def test_a_date_in_the_future_is_no_news() -> None:
    state = a_state(last_new_at=START - timedelta(hours=25))
    assert health(MONITOR, state, replace(OK, published=(START + timedelta(days=9),)), START) is Health.SILENT


@pytest.mark.parametrize(
    ("polled", "state", "expected"),
    [
        (OK, a_state(), Health.OK),
        (Polled(is_ok=False, code="timeout"), a_state(), Health.FAILING),
        (Polled(is_ok=False, code="drift"), a_state(), Health.DRIFTING),
        (Polled(is_ok=False, code="moved"), a_state(), Health.MOVED),
        (replace(OK, is_held=True), a_state(), Health.MOVED),
        (replace(OK, doubts=("dates",)), a_state(), Health.DRIFTING),
        (replace(OK, doubts=("dates",)), a_state(last_new_at=START - timedelta(hours=25)), Health.DRIFTING),
        (OK, a_state(last_new_at=START - timedelta(hours=25)), Health.SILENT),
        (OK, a_state(last_new_at=START - timedelta(hours=23)), Health.OK),
        (
            replace(OK, published=(START - timedelta(hours=1),)),
            a_state(last_new_at=START - timedelta(hours=25)),
            Health.OK,
        ),
        (replace(OK, published=(START - timedelta(hours=30),)), a_state(), Health.SILENT),
        (OK, a_state(health=Health.PAUSED), Health.PAUSED),
        (Polled(is_ok=False, code="timeout"), a_state(health=Health.PAUSED), Health.PAUSED),
        (OK, a_state(health=Health.FAILING, error_count=9), Health.OK),
    ],
)
def test_health_follows_from_the_poll(polled: Polled, state: SourceState, expected: Health) -> None:
    assert health(MONITOR, state, polled, START) is expected
