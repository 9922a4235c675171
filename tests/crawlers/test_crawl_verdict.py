"""The verdict of the crawl benchmarks: each thing that can go wrong is seen in a log that shows it."""

from __future__ import annotations

from tests.benchmarks.crawling.farm import Asked, Plan, document, host, shown
from tests.benchmarks.crawling.verdict import account, pressure, tags_out_of_order

INTERVAL_S = 100.0


def asked(at: float, presented: int, given: int, *, feed: int = 1, took_s: float = 0.5) -> Asked:
    tag = {0: ""} | {n: f'"{feed}-{n}"' for n in range(1, 10)}
    return Asked(feed, host(feed), at, at + took_s, tag[presented], tag[given], 200)


def test_polls_that_follow_each_other_when_due_are_a_slot_each() -> None:
    log = [asked(0, 0, 1), asked(105, 1, 2), asked(210, 2, 3)]
    told = account(log, {1: '"1-3"'}, {1: INTERVAL_S}, ended_at=250)
    assert (told.requests, told.recorded, told.extra, len(told.slots)) == (3, 3, 0, 2)
    assert not told.late() and not told.early and not told.open_slots
    assert told.lateness(1.0) == 4.5


def test_a_request_whose_answer_was_not_recorded_is_extra_and_gives_its_slot_another_lease() -> None:
    log = [asked(0, 0, 1), asked(101, 1, 2), asked(200, 1, 3)]
    told = account(log, {1: '"1-3"'}, {1: INTERVAL_S}, ended_at=250)
    assert (told.recorded, told.extra) == (2, 1)
    assert [s.lost_count for s in told.slots] == [1]
    assert not told.late(), "99.5 s late, and 65 s would be too much without the poll that was cut short"


def test_a_slot_that_stays_open_for_longer_than_a_lease_is_late() -> None:
    log = [asked(0, 0, 1), asked(170, 1, 2)]
    told = account(log, {1: '"1-2"'}, {1: INTERVAL_S}, ended_at=200)
    assert len(told.late()) == 1
    assert not account(log, {1: '"1-2"'}, {1: INTERVAL_S}, 200, pauses=[(110, 130)]).late()


def test_a_slot_that_nobody_ended_is_late_too() -> None:
    told = account([asked(0, 0, 1)], {1: '"1-1"'}, {1: INTERVAL_S}, ended_at=200)
    assert len(told.open_slots) == len(told.late()) == 1


def test_a_poll_before_its_slot_is_early() -> None:
    told = account([asked(0, 0, 1), asked(50, 1, 2)], {1: '"1-2"'}, {1: INTERVAL_S}, ended_at=60)
    assert len(told.early) == 1


def test_a_recorded_poll_that_was_undone_shows_by_an_older_tag() -> None:
    assert tags_out_of_order([asked(0, 0, 1), asked(100, 1, 2), asked(200, 2, 3)]) == 0
    assert tags_out_of_order([asked(0, 0, 1), asked(100, 1, 2), asked(200, 2, 3), asked(300, 1, 4)]) == 1


def test_pressure_is_counted_per_host() -> None:
    calm = [asked(0, 0, 1, took_s=1.5), asked(1, 1, 2, took_s=1.5), asked(0.2, 0, 1, feed=2)]
    assert pressure(calm).is_polite() and pressure(calm).most_at_once == 2
    assert not pressure([*calm, asked(1.4, 2, 3)]).is_polite(), "0.4 s after the last start"
    three = [asked(float(n), 0, 1, took_s=5.0) for n in range(3)]
    assert pressure(three).most_at_once == 3 and not pressure(three).is_polite()


def test_the_farm_shows_what_its_plan_says() -> None:
    assert set(shown(Plan("changing"), 1)).isdisjoint(shown(Plan("changing"), 2))
    assert list(shown(Plan("steady"), 1)) == list(shown(Plan("steady"), 9))
    before, after = (set(shown(Plan("tagged", entry_every=2), serial)) for serial in (1, 2))
    assert len(after - before) == 1
    assert document(Plan(), 7, 1).count(b"<item>") == 15
    assert len({host(number) for number in range(70_000)}) == 70_000
