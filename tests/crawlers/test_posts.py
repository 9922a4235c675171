"""Monitors: Telegram's previews, Mastodon's feeds and timelines, Lemmy's list, and feeds made by bridges."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from crawlers.posts import first_sentence, without_handles
from index.model import Role, SourceKind
from tests.crawlers.fakes import START, FakeCatalogue, a_source
from tests.crawlers.loopback import at, crawl, read
from tests.crawlers.rude_server import Asked, RudeServer, Wire

MONITOR: dict[str, Any] = {"kind": SourceKind.MONITOR, "role": Role.CIRCULATING, "language": "zh-Hans"}
CHANNEL = "https://t.me/s/Rumor_Channel"


def monitor(format: str, url: str = "https://news.example/feed", **changes: Any) -> Any:
    return a_source("m", format=format, url=url, **(MONITOR | changes))


# --- small words ---


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("@someone@server.example 快看，@friend", "@… 快看，@…"),
        ("写信到 desk@news.example 核实", "写信到 desk@news.example 核实"),
        ("https://m.example/@someone/1", "https://m.example/@someone/1"),
        ("@", "@"),
    ],
)
def test_handles_go_and_addresses_stay(text: str, kept: str) -> None:
    assert without_handles(text) == kept


def test_a_post_without_a_title_has_its_first_sentence() -> None:
    assert first_sentence("\n 停水三天！请大家赶快储水。转发") == "停水三天！"
    assert first_sentence("Water is cut. Store some") == "Water is cut."
    assert first_sentence("字" * 200) == "字" * 79 + "…"
    assert first_sentence(" \n ") == ""


# --- Telegram ---


def message(number: int, text: str = "停水三天，请储水", more: str = "", channel: str = "Rumor_Channel") -> str:
    body = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{text}</div>' if text else ""
    return (
        f'<div class="tgme_widget_message_wrap"><div class="tgme_widget_message {more}" data-post="{channel}/{number}">'
        f'<a class="tgme_widget_message_owner_name" href="https://t.me/{channel}"><span>Somebody</span></a>{body}'
        f'<span class="tgme_widget_message_views">1.{number}K</span><a class="tgme_widget_message_date" '
        f'href="https://t.me/{channel}/{number}"><time datetime="2026-02-28T10:{number % 60:02}:00+00:00">10</time></a>'
        "</div></div>"
    )


def preview(*messages: str) -> str:
    return f'<html><body><div class="tgme_channel_info">c</div><section>{"".join(messages)}</section></body></html>'


def test_a_channel_s_messages_are_circulating_texts_without_names_or_views() -> None:
    words = message(7, "停水三天！<br>问 @water_bot<br/>请 <b>储水</b>")
    body = preview(words, message(8, ""), message(9, "x", "service_message"))
    parsed = read(monitor("telegram", CHANNEL), body)
    (item,) = parsed.items
    assert (item.native_id, item.url) == ("rumor_channel/7", "https://t.me/Rumor_Channel/7")
    assert (item.title, item.text) == ("停水三天！", "停水三天！\n问 @…\n请 储水")
    assert item.published_at == datetime(2026, 2, 28, 10, 7, tzinfo=UTC)
    assert "Somebody" not in item.text and "1.7K" not in item.text
    assert (parsed.notes, parsed.bad) == ({"without_text": 2}, ())
    assert [(r.url, r.native_id) for r in parsed.more] == [(f"{CHANNEL}?before=7", "rumor_channel/7")]


def test_a_quoted_message_is_no_text_of_this_one() -> None:
    quote = '<div class="tgme_widget_message_reply"><div class="tgme_widget_message_text">quoted</div></div>'
    body = preview(message(7).replace("<a class=", f"{quote}<a class=", 1))
    assert read(monitor("telegram", CHANNEL), body).items[0].text == "停水三天，请储水"


def test_a_channel_without_preview_is_no_empty_channel() -> None:
    landing = '<html><body><div class="tgme_page">Preview channel</div></body></html>'
    assert read(monitor("telegram", CHANNEL), landing, "https://t.me/Rumor_Channel").code == "no_preview"
    assert read(monitor("telegram", CHANNEL), landing).code == "no_preview"
    assert read(monitor("telegram", CHANNEL), preview()).code == ""
    assert read(monitor("telegram", CHANNEL), "<html><body>new design</body></html>").code == "drift"
    assert read(monitor("telegram", CHANNEL), " ").code == "empty_body"


def test_telegram_over_loopback_reads_back_until_it_knows_the_page_and_sees_a_preview_go() -> None:
    state = {"newest": 45, "is_off": False}

    def behave(wire: Wire, asked: Asked) -> None:
        parts = urlsplit(asked.path)
        if state["is_off"] and parts.path.startswith("/s/"):
            wire.answer(302, headers={"Location": "/Rumor_Channel"})
            return
        if parts.path != "/s/Rumor_Channel":
            wire.answer(200 if state["is_off"] else 404, b'<div class="tgme_page">open the app</div>')
            return
        top = int(parse_qs(parts.query).get("before", [state["newest"] + 1])[0]) - 1
        shown = range(max(1, top - 19), top + 1)
        wire.answer(200, preview(*(message(n, f"第{n}号消息说停水") for n in shown)).encode())

    with RudeServer(behave) as server:
        source, catalogue = at(server, "/s/Rumor_Channel", format="telegram", **MONITOR), FakeCatalogue()
        report, items = crawl(server, source, catalogue)
        assert (report.status, report.new) == ("ok", 45)
        assert len({i.native_id for i in items}) == 45
        state["newest"] = 46
        server.asked.clear()
        report, _ = crawl(server, source, catalogue, is_first=False)
        assert report.new == 1
        assert [p for p in server.paths() if p.startswith("/s/")] == ["/s/Rumor_Channel"]
        state["is_off"] = True
        report, _ = crawl(server, source, catalogue, is_first=False)
        assert (report.status, report.code) == ("error", "no_preview")


# --- Mastodon and Lemmy ---


def status(number: int, content: str = "<p>停水三天！</p><p>请储水</p>", **changes: Any) -> dict[str, Any]:
    return {
        "id": str(number), "uri": f"https://m.example/users/u/statuses/{number}",
        "url": f"https://m.example/@u/{number}",
        "created_at": "2026-02-28T10:00:00.000Z", "edited_at": None, "visibility": "public", "spoiler_text": "",
        "language": "zh", "reblog": None, "content": content, "account": {"acct": "u", "display_name": "Somebody"},
        "favourites_count": number,
    } | changes  # fmt: skip


def timeline(*statuses: Any) -> Any:
    return read(monitor("mastodon", "https://m.example/api/v1/timelines/tag/x?limit=40"), json.dumps(statuses))


def test_a_timeline_s_posts_are_sightings_and_boosts_and_private_posts_are_none() -> None:
    mention = '<p><span class="h-card"><a href="https://m.example/@v">@<span>v</span></a></span> 停水</p>'
    parsed = timeline(
        status(9), status(8, reblog=status(1)), status(7, visibility="private"),
        status(6, mention, spoiler_text="传闻"), status(5, ""), "no status",
    )  # fmt: skip
    first, second = parsed.items
    assert (first.title, first.text, first.language) == ("停水三天！", "停水三天！\n\n请储水", "zh-Hans")
    assert (first.native_id, first.aliases) == ("https://m.example/users/u/statuses/9", ("https://m.example/@u/9",))
    assert first.published_at == datetime(2026, 2, 28, 10, tzinfo=UTC)
    assert second.text == "传闻\n\n@… 停水"
    assert "Somebody" not in first.text + first.publisher
    assert (parsed.notes, [e.code for e in parsed.bad]) == ({"boosts": 1, "not_public": 1}, ["empty_item", "malformed"])


def test_an_edit_keeps_its_id_and_has_a_later_moment() -> None:
    (item,) = timeline(status(9, "<p>更正</p>", edited_at="2026-02-28T11:00:00.000Z")).items
    assert (item.native_id, item.updated_at) == (
        "https://m.example/users/u/statuses/9", datetime(2026, 2, 28, 11, tzinfo=UTC),
    )  # fmt: skip


def test_the_next_page_is_the_api_s_own_and_named_by_the_last_post_kept() -> None:
    parsed = timeline(status(9), status(8, reblog=status(1)))
    (more,) = parsed.more
    assert more.url == "https://m.example/api/v1/timelines/tag/x?limit=40&max_id=8"
    assert more.native_id == parsed.items[-1].native_id
    assert timeline().more == ()


def test_an_rss_of_an_account_is_read_too() -> None:
    body = (
        "<rss version='2.0'><channel><title>t</title><item><guid>https://m.example/@u/1</guid>"
        "<link>https://m.example/@u/1</link><pubDate>Sat, 28 Feb 2026 10:00:00 +0000</pubDate>"
        f"<description>{escape('<p>停水三天！请储水，@v 说的</p>')}</description></item></channel></rss>"
    )
    (item,) = read(monitor("mastodon"), body).items
    assert (item.title, item.text, item.publisher) == ("停水三天！", "停水三天！请储水，@… 说的", "")


def test_lemmy_s_posts_are_read_and_removed_ones_are_not() -> None:
    post = {"id": 1, "ap_id": "https://l.example/post/1", "name": "Water is cut", "body": "For three days",
            "published": "2026-02-28T10:00:00Z", "deleted": False, "removed": False}  # fmt: skip
    posts = [{"post": post, "creator": {"name": "Somebody"}}, {"post": post | {"removed": True}}, {}]
    parsed = read(monitor("mastodon"), json.dumps({"posts": posts}))
    (item,) = parsed.items
    assert (item.native_id, item.title, item.text) == ("https://l.example/post/1", "Water is cut", "For three days")
    assert (parsed.notes, len(parsed.bad)) == ({"not_public": 1}, 1)


@pytest.mark.parametrize(
    ("body", "code"),
    [('{"error": "This API requires an authenticated user"}', "needs_token"), ("[{", "malformed"),
     ('{"a": 1}', "not_a_feed"), ("<html><body>down</body></html>", "not_a_feed"), ("", "empty_body")],
)  # fmt: skip
def test_what_is_no_timeline_has_a_code(body: str, code: str) -> None:
    assert read(monitor("mastodon"), body).code == code


def test_mastodon_over_loopback_pages_back_and_waits_as_long_as_its_limit_says() -> None:
    is_limited = False

    def behave(wire: Wire, asked: Asked) -> None:
        parts = urlsplit(asked.path)
        if is_limited and "timelines" in parts.path:
            date = START.strftime("%a, %d %b %Y %H:%M:%S GMT")
            reset = (START + timedelta(seconds=240)).isoformat().replace("+00:00", "Z")
            wire.answer(429, b"{}", {"Date": date, "X-RateLimit-Reset": reset, "X-RateLimit-Remaining": "0"})
            return
        if "timelines" not in parts.path:
            wire.answer(404)
            return
        top = int(parse_qs(parts.query).get("max_id", ["61"])[0])
        wire.answer(200, json.dumps([status(n) for n in range(top - 1, max(0, top - 21), -1)]).encode())

    with RudeServer(behave) as server:
        catalogue = FakeCatalogue()
        source = at(server, "/api/v1/timelines/public?local=true", format="mastodon", **MONITOR)
        report, items = crawl(server, source, catalogue)
        assert (report.status, len(items)) == ("ok", 60)
        server.asked.clear()
        assert crawl(server, source, catalogue, is_first=False)[0].new == 0
        assert sum("timelines" in path for path in server.paths()) == 1
        is_limited = True
        report, _ = crawl(server, source, catalogue, is_first=False)
        assert (report.code, report.next_in_s >= 240) == ("rate_limited", True)


# --- bridges ---


def bridged(*items: str, **changes: Any) -> Any:
    body = f"<rss version='2.0'><channel><title>t</title>{''.join(items)}</channel></rss>"
    return read(monitor("feed", options={"bridge": True}), body, **changes)


def entry(title: str, date: str = "", number: int = 1) -> str:
    dated = f"<pubDate>{date}</pubDate>" if date else ""
    return f"<item><title>{title}</title><guid>g{number}</guid><link>https://w.example/{number}</link>{dated}</item>"


@pytest.mark.parametrize(
    "title",
    ["Bridge returned error 500! (20000)", "RSS-Bridge: HttpException error", "Error 404", "Welcome to RSSHub!"],
)
def test_a_bridge_s_report_of_its_trouble_is_an_error_and_no_post(title: str) -> None:
    assert bridged(entry(title)).code == "bridge_error"
    mixed = bridged(entry(title), entry("停水三天", number=2))
    assert (mixed.code, [i.title for i in mixed.items]) == ("", ["停水三天"])


def test_a_bridge_s_error_page_is_its_error_and_a_post_about_errors_is_a_post() -> None:
    page = "<html><head><title>Welcome to RSSHub!</title></head><body>looks like something went wrong</body></html>"
    assert read(monitor("feed", options={"bridge": True}), page).code == "bridge_error"
    assert read(monitor("feed"), page).code == "not_a_feed"
    assert bridged(entry("Error in the water report, officials say")).code == ""


def test_the_moment_of_a_bridge_s_work_is_no_date() -> None:
    now, before = (d.strftime("%a, %d %b %Y %H:%M:%S +0000") for d in (START, START - timedelta(hours=1)))
    first, second = bridged(entry("甲", now), entry("乙", before, 2)).items
    assert (first.published_at, second.published_at) == (None, START - timedelta(hours=1))


def test_q10_control_characters_of_a_bridge_lose_no_item() -> None:
    assert [i.title for i in bridged(entry("停\x08水"), entry("乙", number=2)).items] == ["停水", "乙"]


def test_a_dead_account_behind_a_bridge_does_not_stop_the_others() -> None:
    from crawlers.fetch import Failed, Fetched, Fetcher
    from index.settings import Settings

    def behave(wire: Wire, asked: Asked) -> None:
        if asked.path == "/weibo/1":
            wire.answer(503, b"dead", {"Retry-After": "600"})
        else:
            wire.answer(200 if asked.path == "/weibo/2" else 404, b"<rss version='2.0'><channel></channel></rss>")

    for is_bridge in (True, False):
        with RudeServer(behave) as server:
            fetcher = Fetcher(Settings(internal_targets=(server.pair,)), sleep=lambda s: None)
            options = {"bridge": True} if is_bridge else {}
            dead, living = (at(server, f"/weibo/{n}", options=options, **MONITOR) for n in (1, 2))
            failed = fetcher.poll(dead, dead.url, None, None, None)
            assert isinstance(failed, Failed) and failed.retry_after_s == 600
            other = fetcher.poll(living, living.url, None, None, None)
            assert isinstance(other, Fetched) is is_bridge, "the 503 of any other host pauses all its sources"
