"""One publication is one record, however its guid and link are spelled next time (Q13-Q18), on the real catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawlers.identity import named
from crawlers.pipeline import Pipeline, Report
from crawlers.registry import Registry
from index import Catalogue, open_catalogue
from index.model import EditorRole, Health, Item, Role, Source, SourceAct, SourceKind
from index.settings import Settings
from tests.crawlers.fakes import START, FakeNetwork, InProcessReader, a_source, fetched

SOURCE = a_source("q", kind=SourceKind.MONITOR, language="zh-Hans")
POSTS = {
    1: "听说喝高度白酒可以预防新冠病毒，家里人都开始每天喝一杯了，请问是不是真的",
    2: "有人说微波炉加热过的食物会致癌，还会破坏所有的营养，以后再也不敢用了",
    3: "群里在传手机来电会引爆加油站，要求大家进站之前一定要关机，否则很危险",
}


def feed(link: str = "https://www.news.example/post/{n}", guid: str = "tag:{n}", text: str = "{text}") -> str:
    entries = "".join(
        f"<item><title>帖子{n}</title><guid>{guid.format(n=n)}</guid><link>{link.format(n=n)}</link>"
        f"<description>{text.format(text=post)}</description></item>"
        for n, post in POSTS.items()
    )
    return f"<rss version='2.0'><channel><title>t</title>{entries}</channel></rss>"


class HandClock:
    """Moves only when a test moves it."""

    at = START

    def now(self) -> datetime:
        return self.at


CLOCK = HandClock()


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    catalogue = open_catalogue(Settings(data_dir=tmp_path, encoder="hashed"), clock=CLOCK)
    catalogue.migrate()
    catalogue.put_sources([SOURCE])
    yield catalogue
    catalogue.close()


def polled(catalogue: Catalogue, body: str, source: Source = SOURCE) -> Report:
    CLOCK.at += timedelta(minutes=10)  # past the host's pace
    catalogue.set_due(source.id)
    (lease,) = [found for found in catalogue.lease_sources("w", 2, lease_s=30) if found.source.id == source.id]
    network = FakeNetwork({source.url: fetched(body)})
    return Pipeline(catalogue, network, InProcessReader(), Registry(())).crawl(lease)


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("the same", feed()),
        ("Q14 http for https", feed(link="http://www.news.example/post/{n}")),
        ("Q14 without www", feed(link="https://news.example/post/{n}")),
        ("Q14 tracking keys", feed(link="https://www.news.example/post/{n}?utm_source=x&amp;spm=1")),
        ("Q14 fragment", feed(link="https://www.news.example/post/{n}#top")),
        ("Q15 the guid changed, the link not", feed(guid="new:{n}")),
        ("Q16 the whole feed under new guids and https", feed(guid="v2:{n}", link="http://news.example/post/{n}")),
        ("the link changed, the guid not", feed(link="https://news.example/2026/pretty-{n}")),
    ],
)
def test_q14_q15_q16_a_publication_in_another_spelling_is_a_repeat(name: str, again: str, catalogue: Catalogue) -> None:
    first = polled(catalogue, feed())
    assert (first.status, first.new) == ("ok", 3)
    second = polled(catalogue, again)
    assert (second.new, second.variant, second.revised, second.repeat) == (0, 0, 0, 3), name


def test_q14_guids_that_are_addresses_are_compared_as_such(catalogue: Catalogue) -> None:
    polled(catalogue, feed(guid="http://news.example/?p={n}", link="https://news.example/a/{n}"))
    second = polled(catalogue, feed(guid="https://www.news.example/?p={n}", link="https://news.example/b/{n}"))
    assert (second.new, second.repeat) == (0, 3)


def test_q16_a_whole_feed_under_new_guids_is_no_news_and_a_doubt(catalogue: Catalogue) -> None:
    polled(catalogue, feed())
    again = polled(catalogue, feed(guid="new:{n}", text="{text}（更新：已有回应）"))
    assert (again.new, again.variant, again.revised) == (0, 0, 3)
    (row,) = catalogue.sources()
    assert row.state is not None and (row.state.health, row.state.doubts) == (Health.DRIFTING, ("identity",))


def test_q16_the_doubt_stays_while_no_editor_has_looked(catalogue: Catalogue) -> None:
    polled(catalogue, feed())
    editor = catalogue.add_editor("editor A", EditorRole.EDITOR, "hash")
    for _ in range(3):
        polled(catalogue, feed(guid="new:{n}"))
        assert catalogue.sources()[0].state.doubts == ("identity",)  # type: ignore[union-attr]
    catalogue.decide_source("q", SourceAct.LEARN, editor)
    for _ in range(2):
        polled(catalogue, feed(guid="new:{n}"))
        assert catalogue.sources()[0].state.doubts == ()  # type: ignore[union-attr]


@pytest.mark.parametrize("guid", ["http://www.news.example/post/{n}", "https://www.news.example/post/{n}?utm_source=x"])
def test_q16_the_same_address_in_another_spelling_is_no_new_name(guid: str, catalogue: Catalogue) -> None:
    polled(catalogue, feed(guid="https://www.news.example/post/{n}"))
    assert polled(catalogue, feed(guid=guid)).repeat == 3
    assert catalogue.sources()[0].state.doubts == ()  # type: ignore[union-attr]


def test_q17_an_edited_item_is_one_revision(catalogue: Catalogue) -> None:
    polled(catalogue, feed())
    second = polled(catalogue, feed(text="{text}（更新：已有回应）"))
    assert (second.new, second.revised) == (0, 3)


def test_q17_an_order_that_changes_is_nothing(catalogue: Catalogue) -> None:
    polled(catalogue, feed())
    parts = feed().split("<item>")
    body = "<item>".join([parts[0], parts[3].replace("</channel></rss>", ""), parts[2], parts[1] + "</channel></rss>"])
    assert polled(catalogue, body).repeat == 3


def test_q25_an_empty_feed_after_a_full_one_removes_nothing(catalogue: Catalogue) -> None:
    polled(catalogue, feed())
    report = polled(catalogue, "<rss version='2.0'><channel><title>t</title></channel></rss>")
    assert (report.status, report.withdrawn) == ("ok", 0)
    assert polled(catalogue, feed()).repeat == 3


def item(native_id: str, *aliases: str) -> Item:
    return Item(native_id, "https://news.example/x", "t", "t", "en", Role.CIRCULATING, aliases=aliases)


def test_q13_a_name_that_two_items_share_is_nobodys() -> None:
    shared = named(
        [item("a", "https://n.example/live"), item("b", "https://n.example/live"), item("c", "https://n.example/c")]
    )
    assert [i.aliases for i in shared] == [(), (), ("https://n.example/c", "url:n.example/c")]


def test_q14_if_stripping_makes_two_ids_equal_the_raw_ids_stand() -> None:
    pair = named([item("http://n.example/a?utm_source=1"), item("https://n.example/a?utm_source=2")])
    assert [(i.native_id, i.aliases) for i in pair] == [
        ("http://n.example/a?utm_source=1", ()),
        ("https://n.example/a?utm_source=2", ()),
    ]


def test_a_home_page_is_no_name() -> None:
    (one,) = named([item("a", "https://n.example/", "https://www.n.example")])
    assert one.aliases == ()


def test_an_id_that_comes_twice_in_a_document_counts_once() -> None:
    assert [i.native_id for i in named([item("a"), item("b"), item("a")])] == ["a", "b"]


# --- what becomes of an item in time ---


def test_q6_a_date_that_is_new_at_each_poll_is_no_revision(catalogue: Catalogue) -> None:
    def dated(minute: int) -> str:
        stamp = f"<pubDate>Sun, 01 Mar 2026 11:{minute:02}:00 GMT</pubDate></item>"
        return feed().replace("</item>", stamp)

    polled(catalogue, dated(0))
    for minute in (10, 20, 30):
        report = polled(catalogue, dated(minute))
        assert (report.new, report.revised, report.repeat) == (0, 0, 3)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("the guid follows the title, the link stays", ("slug-alt-{n}", "post/{n}"), ("slug-neu-{n}", "post/{n}")),
        ("the slug follows the title, the guid stays", ("tag:{n}", "alter-titel-{n}"), ("tag:{n}", "neuer-titel-{n}")),
        ("?p=9 becomes a pretty link", ("https://news.example/?p=9{n}", "?p=9{n}"), ("tag:{n}", "?p=9{n}")),
        ("the pretty link keeps ?p=9 as its guid", ("?p=9{n}", "?p=9{n}"), ("?p=9{n}", "2026/pretty-{n}")),
    ],
)
def test_q15_an_edited_title_that_moves_an_id_is_one_item_with_one_revision(
    name: str, before: tuple[str, str], after: tuple[str, str], catalogue: Catalogue
) -> None:
    base = "https://news.example/"
    polled(catalogue, feed(guid=before[0], link=base + before[1]))
    edited = feed(guid=after[0], link=base + after[1]).replace("帖子", "改过的帖子")
    report = polled(catalogue, edited)
    assert (report.new, report.variant, report.revised) == (0, 0, 3), name
    again = polled(catalogue, edited)
    assert (again.new, again.variant, again.revised, again.repeat) == (0, 0, 0, 3), name


def test_q18_one_text_under_three_addresses_is_one_claim_with_three_sightings(catalogue: Catalogue) -> None:
    hosts = ("www.news.example", "mirror.news.example", "m.news.example")
    entries = "".join(
        f"<item><title>帖子</title><guid>{host}</guid><link>https://{host}/a</link><description>{POSTS[1]}</description></item>"
        for host in hosts
    )
    report = polled(catalogue, f"<rss version='2.0'><channel><title>t</title>{entries}</channel></rss>")
    assert (report.new, report.variant) == (1, 2)
    catalogue.sync()
    (row,) = catalogue.desk_claims().rows
    sightings = catalogue.claim_file(row.claim.id).sightings
    assert row.claim.sighting_count == 3
    assert {s.url for s in sightings} == {f"https://{host}/a" for host in hosts}


def atom(*numbers: int, deleted: tuple[int, ...] = ()) -> str:
    entries = "".join(
        f"<entry><id>tag:{n}</id><title>查证{n}</title><link href='https://checker.example/{n}'/>"
        f"<content>{POSTS[n]}</content></entry>"
        for n in numbers
    )
    tombs = "".join(
        f"<at:deleted-entry xmlns:at='http://purl.org/atompub/tombstones/1.0' ref='tag:{n}' when='2026-03-01'/>"
        for n in deleted
    )
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title>{entries}{tombs}</feed>"


CHECKER = a_source("checker", domain="checker.example", url="https://checker.example/atom", language="zh-Hans")


def outside_of(catalogue: Catalogue, native_id: str) -> Any:
    with catalogue._parts.records.read() as unit:
        seen = unit.seen_item("checker", [native_id])
        return unit.outside(seen.record_id) if seen else None


def test_q19_an_item_that_leaves_the_list_stays_and_a_tombstone_withdraws_it_at_once(catalogue: Catalogue) -> None:
    catalogue.put_sources([CHECKER])
    assert polled(catalogue, atom(1, 2, 3), CHECKER).new == 3
    assert polled(catalogue, atom(2, 3), CHECKER).withdrawn == 0
    assert not outside_of(catalogue, "tag:1").is_withdrawn
    report = polled(catalogue, atom(3, deleted=(2,)), CHECKER)
    assert (report.new, report.withdrawn) == (0, 1)
    gone = outside_of(catalogue, "tag:2")
    assert gone.is_withdrawn and gone.text == POSTS[2], "what it said is kept"
    assert polled(catalogue, atom(3, deleted=(2,)), CHECKER).withdrawn == 0


def test_q19_a_tombstone_of_an_entry_that_nobody_knew_is_nothing(catalogue: Catalogue) -> None:
    catalogue.put_sources([CHECKER])
    report = polled(catalogue, atom(1, deleted=(2,)), CHECKER)
    assert (report.status, report.new, report.withdrawn) == ("ok", 1, 0)
    assert outside_of(catalogue, "tag:2") is None
    assert polled(catalogue, atom(1, 2), CHECKER).new == 1
