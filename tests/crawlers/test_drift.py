"""When a source's answers look otherwise than before, and when they do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crawlers.drift import doubts, is_counted, made_by, profile
from index.model import Item, Labelled, Role, SourceCheck
from tests.crawlers.fakes import START, a_source

USUAL = SourceCheck(
    "s", START, "ok", listed_count=20, item_count=20, dated_count=20, worded_count=18, tagged_count=16,
    language="zh", host="piyao.org.cn", generator="wordpress", issuer="CA One",
)  # fmt: skip


def past(count: int = 30, **changes: Any) -> list[SourceCheck]:
    """Newest first."""
    return [replace(USUAL, checked_at=START - timedelta(hours=n + 1), **changes) for n in range(count)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ()),
        ({"listed_count": 10, "item_count": 10, "dated_count": 10, "worded_count": 9, "tagged_count": 8}, ()),
        ({"listed_count": 9}, ("count",)),
        ({"listed_count": 0, "item_count": 0, "dated_count": 0, "worded_count": 0, "tagged_count": 0}, ("count",)),
        ({"dated_count": 10}, ()),
        ({"dated_count": 9}, ("dates",)),
        ({"worded_count": 7}, ("texts",)),
        ({"tagged_count": 5}, ("labels",)),
        ({"language": "en"}, ("language",)),
        ({"host": "parked.example"}, ("links",)),
        ({"generator": "parking"}, ("generator",)),
        ({"generator": ""}, ()),
        ({"issuer": "CA Two"}, ()),
        ({"issuer": "CA Two", "language": "en"}, ("language", "issuer")),
        ({"issuer": "", "language": "en"}, ("language",)),
        ({"dated_count": 0, "tagged_count": 0, "host": "x.example"}, ("dates", "labels", "links")),
    ],
)
def test_a_drop_of_more_than_fifty_points_or_another_language_or_host_is_a_doubt(
    changes: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert doubts(replace(USUAL, **changes), past()) == expected


def test_nothing_is_judged_before_there_is_something_to_compare_with() -> None:
    strange = replace(USUAL, listed_count=0, dated_count=0, language="en")
    assert doubts(strange, past(4)) == ()
    assert doubts(strange, past(5)) != ()


def test_a_list_whose_pages_come_one_by_one_is_judged_by_five_of_them_together() -> None:
    one = {"item_count": 1, "dated_count": 1, "worded_count": 1, "tagged_count": 1}
    undated = replace(USUAL, **(one | {"dated_count": 0}))
    sound, bad = past(30, **one), past(3, **(one | {"dated_count": 0}))
    assert doubts(undated, sound) == ()
    assert doubts(undated, [*bad, *sound]) == ("dates",)
    assert doubts(replace(USUAL, item_count=0), sound) == (), "a poll without a new page says nothing about pages"


def test_the_new_look_stays_in_doubt_however_long_it_lasts() -> None:
    log = past(30)
    for _ in range(60):
        now = replace(USUAL, dated_count=0)
        found = doubts(now, log[:90])
        assert found == ("dates",)
        log.insert(0, replace(now, doubts=found))
    assert doubts(USUAL, log[:90]) == ()


def test_a_poll_is_described_by_counts_and_by_what_most_items_share() -> None:
    items = [
        Labelled(Item("1", "https://www.piyao.org.cn/1", "标题", "正文", "zh", Role.REFUTATION, START, label="谣言")),
        Labelled(Item("2", "https://m.piyao.org.cn/2", "标题", " ", "zh-Hant", Role.REFUTATION, claim="说法")),
        Labelled(Item("3", "https://other.example/3", "title", "", "en", Role.NOTICE)),
    ]
    assert profile(items) == {
        "item_count": 3, "dated_count": 1, "worded_count": 2, "tagged_count": 1, "language": "zh",
        "host": "piyao.org.cn",
    }  # fmt: skip
    assert profile(()) == {
        "item_count": 0, "dated_count": 0, "worded_count": 0, "tagged_count": 0, "language": "", "host": "",
    }  # fmt: skip


def test_what_older_rows_of_the_log_do_not_tell_is_no_measure() -> None:
    old = past(30, generator="", issuer="")
    assert doubts(replace(USUAL, language="en"), old) == ("language",)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<rss><channel><generator>https://wordpress.org/?v=6.4.2</generator>", "wordpress.org"),
        (b'<feed><generator uri="https://x.example" version="2">Hugo 0.120.4</generator>', "hugo"),
        (b'<meta name="generator" content="WordPress 6.5" />', "wordpress"),
        (b"<META NAME=generator CONTENT='Drupal 10 (https://www.drupal.org)'>", "drupal"),
        (b"<rss><channel><title>t</title>", ""),
        (b"<generator>\xff\x01</generator>", "\ufffd"),
    ],
)
def test_the_program_is_named_without_its_version(body: bytes, expected: str) -> None:
    assert made_by(body) == expected


NEWS = b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">'


@pytest.mark.parametrize(
    ("form", "head", "expected"),
    [("cap", b"<feed>", False), ("sitemap", NEWS, False), ("sitemap", b"<urlset>", True), ("feed", NEWS, True)],
)
def test_warnings_and_news_may_fall_to_nothing_without_a_doubt(form: str, head: bytes, expected: bool) -> None:
    empty = replace(USUAL, listed_count=0, item_count=0, dated_count=0, worded_count=0, tagged_count=0)
    source = a_source(format=form)
    assert is_counted(source, head) is expected
    assert doubts(empty, past(), is_counted(source, head)) == (("count",) if expected else ())
