"""The dump as a stream: whole entries only, and no more of them than one task can bear."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from crawlers.adapters import datafeed
from crawlers.adapters.protocol import Context, Request
from tests.crawlers.fakes import a_source

SOURCE = a_source(format="claimreview", url="https://news.example/data.json", options={"aggregator": True})
CONTEXT = Context(SOURCE, Request(SOURCE.url), SOURCE.url, datetime(2026, 3, 1, tzinfo=UTC))


def entry(number: int) -> dict[str, Any]:
    review = {"@type": "ClaimReview", "url": f"https://checker.example/{number}", "claimReviewed": f"Claim {number}"}
    return {"@type": "DataFeedItem", "item": [review]}


class Endless:
    """A dump that never ends, and counts how much of it was read."""

    def __init__(self) -> None:
        self.sent = 0

    def read(self, size: int = -1) -> bytes:
        if size == 0:  # ijson asks so what kind of stream it is
            return b""
        head = b'{"@type":"DataFeed","dataFeedElement":[' if not self.sent else b","
        self.sent += 1
        return head + json.dumps(entry(self.sent)).encode()


def test_reading_stops_where_one_task_is_full_and_says_that_more_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datafeed, "MAX_REVIEWS", 20)
    stream = Endless()
    parsed = datafeed.read_data_feed(stream, CONTEXT)  # type: ignore[arg-type]
    assert len(parsed.items) == 20 and parsed.is_complete is False
    assert stream.sent <= 22, "the rest was not read"


@pytest.mark.parametrize(
    "body", [b"{", b'{"dataFeedElement":7}', b'{"dataFeedElement":[[[[{}]]]]}', b"\xff\xfe{", b"[]"]
)
def test_what_holds_no_review_is_a_code_and_no_exception(body: bytes) -> None:
    assert datafeed.read_data_feed(BytesIO(body), CONTEXT).code in ("truncated", "drift")


def test_a_deep_or_badly_encoded_entry_ends_the_reading_and_keeps_what_came_before() -> None:
    good = json.dumps(entry(1)).encode()
    for bad in (b"[" * 2_000, b'{"item":"\xff\xfe"}', b'{"item":tru'):
        body = b'{"@type":"DataFeed","dataFeedElement":[' + good + b"," + bad
        parsed = datafeed.read_data_feed(BytesIO(body), CONTEXT)
        assert [i.url for i in parsed.items] == ["https://checker.example/1"] and not parsed.is_complete


def test_a_review_that_tells_its_date_only_as_a_distance_is_dated_about_then() -> None:
    item = {**entry(1), "item": [entry(1)["item"][0] | {"datePublished": "3 days ago"}]}
    body = json.dumps({"@type": "DataFeed", "dataFeedElement": [item]}).encode()
    (review,) = datafeed.read_data_feed(BytesIO(body), CONTEXT).items
    assert (review.published_at, review.date_quality) == (datetime(2026, 2, 26, tzinfo=UTC), "approximate")
