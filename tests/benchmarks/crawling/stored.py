"""What a crawl has left in the database, asked in plain SQL past the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.crawling.farm import Asked, Plan, shown
from tests.benchmarks.crawling.place import Place
from tests.benchmarks.crawling.verdict import recorded_answers


@dataclass(frozen=True, slots=True)
class Left:
    """Entries that should be stored and are not, that are stored and should not be, and that are stored twice."""

    missing: int
    unknown: int
    twice: int
    entries: int
    unmarked: int  # stored reviews that the change log does not name

    @property
    def is_right(self) -> bool:
        return not (self.missing or self.unknown or self.twice or self.unmarked)


def tags(place: Place) -> dict[int, str]:
    """The tag in each feed's state."""
    rows = place.rows("SELECT source_id, etag FROM source_states")
    return {int(source_id.removeprefix("farm-")): etag or "" for source_id, etag in rows}


def left(place: Place, plan: Plan, asked: list[Asked]) -> Left:
    """Compares the reviews with what the recorded answers showed."""
    expected = {f"{feed}:{number}" for feed, number in _shown(plan, asked, tags(place))}
    found = [native_id for (native_id,) in place.rows("SELECT native_id FROM outsides")]
    names = place.rows("SELECT count(*), count(DISTINCT record_id) FROM seen_items")
    assert names, "a count is a row"
    twice = len(found) - len(set(found)) + names[0][0] - names[0][1]
    unmarked = place.rows(
        "SELECT count(*) FROM outsides o WHERE NOT EXISTS (SELECT 1 FROM changes c WHERE c.kind = 'outside' "
        "AND c.id = o.id)"
    )[0][0]
    return Left(len(expected - set(found)), len(set(found) - expected), twice, len(found), unmarked)


def _shown(plan: Plan, asked: list[Asked], stored: dict[int, str]) -> set[tuple[int, int]]:
    by_feed: dict[int, list[Asked]] = {}
    for request in asked:
        by_feed.setdefault(request.feed, []).append(request)
    entries = set()
    for feed, log in by_feed.items():
        for answer in recorded_answers(log, stored.get(feed, "")):
            serial = int(answer.given.strip('"').rpartition("-")[2])
            entries |= {(feed, number) for number in shown(plan, serial)}
    return entries
