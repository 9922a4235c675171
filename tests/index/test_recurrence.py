"""Recurrence: an answered claim that was quiet for a month and is seen again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from index.recurrence import Recurrence, rising_again
from tests.index.house import RUMORS, START, House, post

NOW = START


def ago(*hours: float) -> list[datetime]:
    return sorted(NOW - timedelta(hours=h) for h in hours)


DAY = 24.0
BURST = (1, 3, 5, 8, 20)


@pytest.mark.parametrize(
    ("spread", "first_seen", "expected"),
    [
        (ago(*BURST), 90 * DAY, 5),
        (ago(*BURST, 40 * DAY, 41 * DAY), 90 * DAY, 5),
        (ago(*BURST, 29 * DAY), 90 * DAY, None),
        (ago(*BURST, 51 * DAY, 20 * DAY), 90 * DAY, None),
        (ago(*BURST[1:]), 90 * DAY, None),
        (ago(*BURST), 20, None),
        (ago(*BURST), 20 + 29 * DAY, None),
        (ago(*BURST), 20 + 30 * DAY, 5),
        (ago(*(5 * h for h in BURST)), 90 * DAY, None),
        (ago(*BURST, 44, 60), 90 * DAY, 7),
        (ago(*(h + 10 * DAY for h in BURST)), 90 * DAY, 5),
        (ago(*(h + 30 * DAY for h in BURST)), 90 * DAY, None),
        (ago(*(h * DAY for h in range(1, 59))), 90 * DAY, None),
    ],
    ids=[
        "after a quiet time", "with old sightings", "29 days before", "20 days before", "four", "a new claim",
        "a claim of 29 days", "a claim of 30 days", "slowly", "with a beginning", "ten days ago", "a month ago",
        "always",
    ],
)  # fmt: skip
def test_what_counts_as_rising_again(spread: list[datetime], first_seen: float, expected: int | None) -> None:
    found = rising_again(spread, NOW - timedelta(hours=first_seen), NOW)
    assert (found.count if found else None) == expected


def test_it_is_back_since_its_first_sighting_after_the_quiet_time() -> None:
    assert rising_again(ago(*BURST, 60, 50 * DAY), START - timedelta(days=90), NOW) == Recurrence(ago(60)[0], 6)


# --- on the desk ---


def seen_again(house: House, count: int = 5, text: str = RUMORS[0], first: int = 500, **changes: object) -> None:
    values = {"published_at": house.clock.now()} | changes
    house.record(*(post(text, number=first + n, **values) for n in range(count)))  # type: ignore[arg-type]


def rows(house: House) -> list[tuple[str, str, list[str]]]:
    queue = house.catalogue.queue("write", house.author)
    assert queue.counts["write"] == len(queue.rows)
    return [(r.claim.id, r.priority, [reason.key for reason in r.reasons]) for r in queue.rows if r.refutation]


@pytest.fixture
def answered(house: House) -> str:
    """A claim that was answered and has been quiet for 40 days."""
    claim_id = house.seen(RUMORS[0], published_at=house.clock.now())
    house.published(claim_id)
    house.clock.forward(days=40)
    return claim_id


def test_an_answered_claim_that_rises_again_stands_in_the_queue_until_a_notice_is_sent(
    house: House, answered: str
) -> None:
    seen_again(house, 4)
    assert rows(house) == []
    house.clock.forward(hours=3)
    seen_again(house, 2, first=600)
    ((claim_id, priority, reasons),) = rows(house)
    assert (claim_id, priority, reasons[0]) == (answered, "high", "rising_again")
    assert house.catalogue.claim_file(answered).rising_again == 6
    (row,) = (r for r in house.catalogue.queue("write", house.author).rows if r.refutation)
    assert row.refutation is not None
    started = house.catalogue.start_correction(row.refutation.id, house.author)
    ((_, _, reasons),) = rows(house)
    assert reasons[0] == "rising_again", "the draft says why it is urgent"
    assert started.working is not None
    house.catalogue.save(
        started.id, started.working.text, house.author, started.working.version, "再次流传，结论不变", False
    )
    house.clock.forward(hours=1)
    house.approve(house.catalogue.submit(started.id, house.author))
    assert rows(house) == [] and house.catalogue.claim_file(answered).rising_again == 0


def test_the_mark_goes_by_itself_a_month_later(house: House, answered: str) -> None:
    seen_again(house)
    assert len(rows(house)) == 1
    house.clock.forward(days=29)
    assert len(rows(house)) == 1
    house.clock.forward(days=2)
    assert rows(house) == []


def test_archives_old_dates_and_denials_do_not_count(house: House, answered: str) -> None:
    old = house.clock.now() - timedelta(days=500)
    seen_again(house, 9, published_at=old)
    seen_again(house, 9, first=600, published_at=None)
    seen_again(house, 9, first=700, text=f"辟谣：网传“{RUMORS[0]}”是谣言")
    assert rows(house) == []


def test_an_open_claim_and_a_withdrawn_answer_do_not_rise_again(house: House) -> None:
    house.seen(RUMORS[0], published_at=house.clock.now())
    alert = house.published(house.seen(RUMORS[1], published_at=house.clock.now()))
    house.withdrawn(alert)
    house.clock.forward(days=40)
    seen_again(house)
    seen_again(house, text=RUMORS[1], first=600)
    assert rows(house) == []
