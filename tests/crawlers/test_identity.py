"""One publication is one record, however its guid and link are spelled next time (Q13-Q18), on the real catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crawlers.identity import named
from crawlers.pipeline import Pipeline, Report
from crawlers.registry import Registry
from index import Catalogue, open_catalogue
from index.model import Item, Role, Source, SourceKind
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
    (lease,) = catalogue.lease_sources("w", 1, lease_s=30)
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
def test_a_publication_in_another_spelling_is_a_repeat(name: str, again: str, catalogue: Catalogue) -> None:
    first = polled(catalogue, feed())
    assert (first.status, first.new) == ("ok", 3)
    second = polled(catalogue, again)
    assert (second.new, second.variant, second.revised, second.repeat) == (0, 0, 0, 3), name


def test_q14_guids_that_are_addresses_are_compared_as_such(catalogue: Catalogue) -> None:
    polled(catalogue, feed(guid="http://news.example/?p={n}", link="https://news.example/a/{n}"))
    second = polled(catalogue, feed(guid="https://www.news.example/?p={n}", link="https://news.example/b/{n}"))
    assert (second.new, second.repeat) == (0, 3)


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
