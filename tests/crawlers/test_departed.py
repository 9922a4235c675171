"""Q19: an item leaves its list, and its page is not there any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crawlers.departed import LOOK_EVERY, PAGES_A_LOOK
from crawlers.fetch import Failed, NotModified, Outcome
from crawlers.pipeline import Pipeline
from index.model import Absence, Item, SourceState
from tests.crawlers.fakes import (
    NO_LABELS,
    START,
    FakeCatalogue,
    FakeNetwork,
    InProcessReader,
    a_lease,
    a_source,
    a_state,
    fetched,
)

URL = "https://news.example/feed"
PAGE = "https://news.example/old"
GONE, LOST = Failed("gone", permanent=True, status=410), Failed("not_found", permanent=True, status=404)
QUIET = NotModified((), None, URL)


def feed(*guids: str) -> Outcome:
    items = "".join(f"<item><guid>{g}</guid><title>About {g}, which is false</title></item>" for g in guids)
    return fetched(f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>")


class Source:
    """A source that showed `old` once; every poll is hours after the last one."""

    def __init__(self, **changes: object) -> None:
        self.catalogue = FakeCatalogue(kept=(Absence("old", PAGE),))
        self.network = FakeNetwork({URL: feed("new"), PAGE: LOST})
        self.source = a_source("s", **changes)
        self.state: SourceState = a_state("s", body_sha256="x", look_again_at=START)
        self.pipeline = Pipeline(self.catalogue, self.network, InProcessReader(), NO_LABELS, lambda: 0.5)

    def poll(self, hours: float = 13) -> list[Item]:
        """The tombstones that the poll hands over."""
        self.catalogue.clock += timedelta(hours=hours)
        lease = replace(a_lease(self.source, self.state), until=self.catalogue.clock + timedelta(minutes=1))
        self.pipeline.crawl(lease)
        _, items, self.state = self.catalogue.recorded[-1]
        return [labelled.item for labelled in items if labelled.item.is_withdrawn]

    def polls(self, count: int, hours: float = 13) -> list[str]:
        return [item.native_id for _ in range(count) for item in self.poll(hours)]


@pytest.mark.parametrize("answer", [GONE, LOST])
def test_q19_a_page_that_is_missed_three_times_is_withdrawn_at_source(answer: Failed) -> None:
    source = Source()
    source.network.answers[PAGE] = answer
    assert source.polls(2) == []
    (item,) = source.poll()
    assert (item.native_id, item.is_withdrawn, item.title, item.text) == ("old", True, "", "")
    assert source.state.absences == (), "counted once"


def test_q19_leaving_the_list_alone_means_nothing() -> None:
    source = Source()
    source.network.answers[PAGE] = fetched("<p>still here</p>", PAGE)
    assert source.polls(6) == []
    assert source.catalogue.asked_for == {"old"} and source.state.absences == ()


def test_q19_an_item_on_the_list_is_not_asked_for_whatever_its_page_says() -> None:
    source = Source()
    source.network.answers[URL] = feed("new", "old")
    assert source.polls(6) == [] and PAGE not in source.network.asked


def test_q19_misses_of_one_hour_of_trouble_are_one_miss() -> None:
    source = Source()
    assert source.polls(8, hours=1.4) == []
    assert source.network.asked.count(PAGE) == 1
    assert source.polls(1, hours=3) == [] and source.network.asked.count(PAGE) == 2


def test_q19_misses_that_lie_more_than_72_hours_apart_are_forgotten() -> None:
    source = Source()
    assert source.polls(8, hours=37) == []
    assert len(source.state.absences[0].at) == 2
    assert source.polls(1, hours=24) == ["old"], "the third within 72 hours"


@pytest.mark.parametrize("code", ["server_error", "timeout", "robots", "forbidden", "challenge", "login_wall"])
def test_q19_a_server_in_trouble_withdraws_no_page(code: str) -> None:
    source = Source()
    source.network.answers[PAGE] = Failed(code)
    assert source.polls(6) == [] and source.state.absences == ()
    assert source.catalogue.asked_for == {"old"}, "others come first now"


def test_q19_two_misses_and_then_a_server_in_trouble_are_two_misses() -> None:
    source = Source()
    source.polls(2)
    source.network.answers[PAGE] = Failed("server_error")
    assert source.polls(1) == []
    source.network.answers[PAGE] = LOST
    assert source.polls(1) == ["old"]


def test_q19_a_page_that_comes_back_is_missed_no_more() -> None:
    source = Source()
    source.polls(2)
    source.network.answers[PAGE] = fetched("<p>back</p>", PAGE)
    assert source.polls(1) == [] and source.state.absences == ()
    source.catalogue.asked_for.clear()
    source.network.answers[PAGE] = LOST
    assert source.polls(2) == []


def test_q19_an_item_that_is_back_on_the_list_is_missed_no_more() -> None:
    source = Source()
    source.polls(2)
    source.network.answers[URL] = feed("new", "old")
    assert source.polls(1) == [] and source.state.absences == ()


def test_q19_a_list_that_does_not_change_lets_the_second_and_third_miss_be_seen() -> None:
    source = Source()
    source.poll()
    source.network.answers[URL] = QUIET
    assert source.polls(2) == ["old"]


def test_q19_a_list_that_was_never_seen_whole_sends_nobody_for_pages() -> None:
    source = Source()
    source.network.answers[URL] = QUIET
    assert source.polls(4) == [] and PAGE not in source.network.asked


def test_q19_pages_of_other_hosts_are_never_asked_for() -> None:
    source = Source()
    source.catalogue.kept = (Absence("old", "https://elsewhere.example/old"),)
    assert source.polls(4) == []
    assert set(source.network.asked) == {URL} and source.catalogue.asked_for == {"old"}


def test_q19_an_aggregator_has_no_pages_of_its_own() -> None:
    source = Source(options={"aggregator": True})
    assert source.polls(4) == [] and set(source.network.asked) == {URL}


def test_q19_few_pages_are_asked_for_at_a_time_and_those_missed_before_come_first() -> None:
    source = Source()
    pages = [Absence(f"old{n}", f"https://news.example/old{n}") for n in range(6)]
    source.catalogue.kept = tuple(pages)
    source.polls(1)
    assert len(source.network.asked) == 1 + PAGES_A_LOOK
    assert source.polls(2) == [page.name for page in pages[:PAGES_A_LOOK]]


def test_what_is_read_by_an_interface_has_no_pages_to_ask_for() -> None:
    state = a_state(absences=(Absence("old", PAGE, (START,)),), look_again_at=START)
    lease = a_lease(a_source(format="cofacts"), state)
    network = FakeNetwork({})
    pipeline = Pipeline(FakeCatalogue(), network, InProcessReader(), NO_LABELS)
    assert pipeline._departed.look(lease, lease.state, ()) == (lease.state, ())
    assert network.asked == []


def test_a_source_that_is_read_for_the_first_time_is_not_looked_through() -> None:
    lease = a_lease(a_source(), a_state())
    pipeline = Pipeline(FakeCatalogue(kept=(Absence("old", PAGE),)), FakeNetwork({}), InProcessReader(), NO_LABELS)
    state, gone = pipeline._departed.look(lease, lease.state, ())
    assert (state, gone) == (replace(lease.state, look_again_at=START + LOOK_EVERY), ())
