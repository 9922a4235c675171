"""/metrics as a Prometheus server reads it: figures that follow from the records, and alarms that go off."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from index.model import Health, Labelled, SourceCheck, SourceKind
from tests.index.house import RUMORS, START, House, forum, post

#: A sample line of the text format: name, labels with quoted values, value.
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')


def read(text: str) -> dict[str, float]:
    """Samples by name and labels; every metric is announced before its first sample, and once."""
    found: dict[str, float] = {}
    announced: list[str] = []
    assert text.endswith("\n")
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# TYPE "):
            assert line.endswith(" gauge")
            announced.append(line.split(" ")[2])
        elif not line.startswith("# HELP "):
            sample = SAMPLE.fullmatch(line)
            assert sample is not None, line
            assert sample[1] == announced[-1]
            found[sample[1] + (f"{{{sample[2]}}}" if sample[2] else "")] = float(sample[3])
    assert len(set(announced)) == len(announced)
    return found


def measured(house: House) -> dict[str, float]:
    return read(house.catalogue.metrics())


def polled(
    house: House, id: str, check: dict[str, Any], *texts: str, kind: SourceKind = SourceKind.MONITOR, **state: Any
) -> None:
    """One poll of the source that ended so and brought posts with these texts."""
    lease = house.lease(forum(id, kind=kind))
    now = house.clock.now()
    later = replace(lease.state, next_check_at=now + timedelta(hours=1), last_checked_at=now, **state)
    items = [Labelled(post(text, number=number)) for number, text in enumerate(texts)]
    assert house.catalogue.record(lease, items, later, SourceCheck(id, now, **check)) is not None


def test_an_empty_catalogue_has_figures_too(house: House) -> None:
    found = measured(house)
    assert found['clarion_sources{health="failing",kind="official"}'] == 0
    assert set(found.values()) == {0}


def test_polls_of_the_last_hour_are_counted_by_how_they_ended(house: House) -> None:
    polled(house, "old", {"status": "ok"}, *RUMORS[:4])
    house.clock.forward(hours=1)
    polled(house, "a", {"status": "ok", "bad_count": 7}, RUMORS[4], RUMORS[5])
    polled(house, "b", {"status": "ok"}, RUMORS[6], RUMORS[0])
    polled(house, "c", {"status": "error", "code": "timeout"}, health=Health.FAILING)
    found = measured(house)
    assert {name: n for name, n in found.items() if name.startswith("clarion_polls")} == {
        'clarion_polls_last_hour{code="",status="ok"}': 2,
        'clarion_polls_last_hour{code="timeout",status="error"}': 1,
    }
    assert [found[f'clarion_items_last_hour{{outcome="{o}"}}'] for o in ("new", "variant", "bad")] == [3, 1, 7]
    assert found['clarion_sources{health="ok",kind="monitor"}'] == 3
    assert found['clarion_sources{health="failing",kind="monitor"}'] == 1
    assert found["clarion_last_poll_timestamp_seconds"] == house.clock.now().timestamp()


def test_an_official_source_that_fails_for_more_than_six_hours_is_an_alarm(house: House) -> None:
    failing = {"health": Health.FAILING, "failing_since": START}
    polled(house, "official", {"status": "error", "code": "timeout"}, kind=SourceKind.OFFICIAL, **failing)
    house.clock.forward(hours=5)
    found = measured(house)
    assert found["clarion_official_source_failing_seconds"] < 6 * 3600
    assert (found["clarion_official_alarms"], found["clarion_sources_due"]) == (0, 1)
    house.clock.forward(hours=1)
    found = measured(house)
    assert found["clarion_official_source_failing_seconds"] > 6 * 3600
    assert found["clarion_official_alarms"] == 1
    assert found["clarion_crawl_lateness_seconds"] == 5 * 3600


def test_the_backlog_of_the_index_is_seen_and_goes_when_it_is_carried(house: House) -> None:
    house.catalogue.send_tip(RUMORS[1])
    house.seen(RUMORS[0])
    found = measured(house)
    assert found["clarion_changelog_waiting"] > 0
    assert found["clarion_linking_waiting"] >= found["clarion_changelog_waiting"]
    assert (found["clarion_claims_open"], found["clarion_tips_kept"]) == (2, 1)
    house.links()
    found = measured(house)
    assert (found["clarion_changelog_waiting"], found["clarion_linking_waiting"]) == (0, 0)


def test_a_clock_that_nobody_renews_is_seen(house: House) -> None:
    assert measured(house)["clarion_clock_held"] == 0
    house.catalogue.take_lease("clock", "a crawl process", 10)
    assert measured(house)["clarion_clock_held"] == 1
    house.clock.forward(seconds=10)
    assert measured(house)["clarion_clock_held"] == 0


def test_no_text_of_anybody_stands_in_the_figures(house: House) -> None:
    house.seen("张三的电话是 13800138000，他说微波炉会致癌")
    house.catalogue.send_tip("我家住在建设路 5 号，听说碘盐可以防辐射")
    assert house.catalogue.metrics().isascii()
