"""The feed contract of ux.md 6.2: addresses, ids, update semantics, withdrawal, caching, and text that comes back
as it went in.
"""

from __future__ import annotations

import html
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.webapp.conftest import make_site
from tests.webapp.stage import TEXTS, Stage, correct, publish, withdraw
from webapp.feed_entries import Entry, clean, clean_line
from webapp.feed_formats import ATOM, CONTENT, REFUTATION, TYPES, WRITERS, Feed, atom, json_feed, rss

FORMS = ("rss", "atom", "json")
LISTS = ("all", "health", "notices", "corrections")
NS = {"a": ATOM, "c": CONTENT, "r": REFUTATION}


def items(client: FlaskClient, address: str) -> list[dict[str, Any]]:
    """The entries of a JSON feed."""
    return client.get(address).get_json()["items"]


def entry_of(client: FlaskClient, stage: Stage, name: str, address: str = "/feeds/all/zh-hans.json") -> dict[str, Any]:
    return next(i for i in items(client, address) if i["_refutation"]["thread_id"] == stage.threads[name])


# --- form -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("tongue", ["zh-hans", "zh-hant", "en"])
def test_every_list_exists_in_every_language_and_format(reader: FlaskClient, name: str, tongue: str, form: str) -> None:
    answer = reader.get(f"/feeds/{name}/{tongue}.{form}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == f"{TYPES[form]}; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=60, stale-if-error=86400"
    assert answer.headers["ETag"] and answer.headers["Last-Modified"]
    if form == "json":
        assert answer.get_json()["feed_url"] == f"http://127.0.0.1:8000/feeds/{name}/{tongue}.json"
    else:
        etree.fromstring(answer.data)


def test_rss_has_what_readers_and_validators_ask_for(reader: FlaskClient, shared_stage: Stage) -> None:
    channel = etree.fromstring(reader.get("/feeds/all/zh-hans.rss").data).find("channel")
    assert channel is not None
    assert (
        channel.findtext("title")
        and channel.findtext("link")
        and channel.findtext("description")
        and channel.findtext("language") == "zh-Hans"
    )
    own = channel.find("a:link[@rel='self']", NS)
    assert own is not None and own.get("href") == "http://127.0.0.1:8000/feeds/all/zh-hans.rss"
    found = channel.findall("item")
    assert len(found) == len(shared_stage.threads)
    for item in found:
        guid = item.find("guid")
        assert guid is not None and guid.get("isPermaLink") == "false" and "?" not in (guid.text or "")
        published = datetime.strptime(item.findtext("pubDate") or "", "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        assert datetime.fromisoformat(item.findtext("a:updated", "", NS)) >= published
        assert item.findtext("c:encoded", "", NS) and item.findtext("description")
    assert len({item.findtext("guid") for item in found}) == len(found)


def test_atom_has_what_rfc_4287_asks_for(reader: FlaskClient, shared_stage: Stage) -> None:
    feed = etree.fromstring(reader.get("/feeds/all/en.atom").data)
    for name in ("id", "title", "updated", "author/a:name"):
        assert feed.findtext(f"a:{name}", "", NS), name
    entries = feed.findall("a:entry", NS)
    assert len(entries) == len(shared_stage.threads)
    for entry in entries:
        for name in ("id", "title", "updated", "published", "content", "summary"):
            assert entry.findtext(f"a:{name}", "", NS), name
    assert feed.findtext("a:updated", "", NS) == max(e.findtext("a:updated", "", NS) for e in entries)


def test_json_feed_is_version_1_1_and_an_entry_says_all_a_machine_needs(
    reader: FlaskClient, shared_stage: Stage
) -> None:
    document = reader.get("/feeds/all/zh-hans.json").get_json()
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    extension = entry_of(reader, shared_stage, "5g")["_refutation"]
    assert {
        k: extension[k]
        for k in (
            "verdict",
            "verdict_word",
            "rating",
            "state",
            "notice_kind",
            "severity",
            "harm",
            "regions",
            "expires_at",
            "claim_reviewed",
        )
    } == {
        "verdict": "false",
        "verdict_word": "不实",
        "rating": 1,
        "state": "current",
        "notice_kind": "issue",
        "severity": "high",
        "harm": "safety",
        "regions": [],
        "expires_at": None,
        "claim_reviewed": TEXTS["5g"].claim,
    }
    assert [e["publisher"] for e in extension["evidence"]] == [e.publisher for e in TEXTS["5g"].evidence]


def test_the_extension_says_the_same_in_xml(reader: FlaskClient, shared_stage: Stage) -> None:
    wanted = entry_of(reader, shared_stage, "salt")["_refutation"]
    feed = etree.fromstring(reader.get("/feeds/all/zh-hans.atom").data)
    entry = next(
        e
        for e in feed.findall("a:entry", NS)
        if e.findtext("r:refutation/r:thread_id", "", NS) == shared_stage.threads["salt"]
    )
    for key, value in wanted.items():
        found = [e.text for e in entry.findall(f"r:refutation/r:{key}", NS)]
        if key == "evidence":
            assert [dict(e.attrib) for e in entry.findall("r:refutation/r:evidence", NS)] == value
        elif isinstance(value, list):
            assert found == value, key
        else:
            assert found == (
                [] if value in (None, "") else [str(value).lower() if isinstance(value, bool) else str(value)]
            ), key


def test_the_content_has_the_whole_text_in_the_order_of_the_page(reader: FlaskClient, shared_stage: Stage) -> None:
    content = entry_of(reader, shared_stage, "5g")["content_html"]
    text = TEXTS["5g"]
    places = [
        content.index(html.escape(part, quote=False).split("\n")[0])
        for part in (
            text.claim,
            text.truth,
            "以下说法不实",
            text.circulating,
            text.why,
            text.action,
            text.evidence[0].title,
            text.evidence[1].publisher,
        )
    ]
    assert places == sorted(places)


# --- update semantics -----------------------------------------------------------------------------


def test_a_correction_moves_updated_and_nothing_else_of_an_entrys_identity(own_site: Flask, own_stage: Stage) -> None:
    client = own_site.test_client()
    before = entry_of(client, own_stage, "5g")
    own_stage.clock.pass_(hours=3)
    notice = correct(own_stage, "5g", "补充了一项证据。", truth=TEXTS["5g"].truth + "世卫组织也这样说。")
    after = entry_of(client, own_stage, "5g")
    assert (after["id"], after["date_published"]) == (before["id"], before["date_published"])
    assert after["date_modified"] == own_stage.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ") > before["date_modified"]
    assert "补充了一项证据。" in after["content_html"] and "世卫组织也这样说。" in after["content_html"]
    assert after["_refutation"]["notice_kind"] == "update" and after["_refutation"]["references"]
    rss_item = etree.fromstring(client.get("/feeds/all/zh-hans.rss").data).find("channel/item")
    assert rss_item is not None and rss_item.findtext("a:updated", "", NS) == after["date_modified"]
    assert items(client, "/feeds/notices/zh-hans.json")[0]["id"] == f"{after['id']}#notice-{notice.id}"
    assert items(client, "/feeds/corrections/zh-hans.json")[0]["id"] == f"{after['id']}#notice-{notice.id}"


def test_a_minor_correction_is_a_notice_but_not_in_corrections(own_site: Flask, own_stage: Stage) -> None:
    client = own_site.test_client()
    count = len(items(client, "/feeds/corrections/zh-hans.json"))
    own_stage.clock.pass_(hours=1)
    correct(own_stage, "cloud", "改正一个错字。", is_material=False, why=TEXTS["cloud"].why + "（同上）")
    assert len(items(client, "/feeds/corrections/zh-hans.json")) == count
    assert items(client, "/feeds/notices/zh-hans.json")[0]["_refutation"]["notice_note"] == "改正一个错字。"


@pytest.mark.parametrize(("tongue", "title"), [("zh-hans", "已撤回："), ("zh-hant", "已撤回："), ("en", "Withdrawn: ")])
def test_a_withdrawn_entry_stays_says_so_and_gives_only_the_reason(
    reader: FlaskClient, shared_stage: Stage, tongue: str, title: str
) -> None:
    for address in ("all", "notices", "corrections"):
        found = [
            i
            for i in items(reader, f"/feeds/{address}/{tongue}.json")
            if i["_refutation"]["thread_id"] == shared_stage.threads["phone"]
        ]
        assert found, address
        for item in found:
            assert item["title"] == title + TEXTS["phone"].headline
            assert "所引案例的来源已更正" in item["content_html"]
            assert TEXTS["phone"].truth[:10] not in item["content_html"]
            assert item["_refutation"]["state"] == "withdrawn"
            assert "误导" not in item["tags"] and "Misleading" not in item["tags"]


def test_a_withdrawal_stays_on_the_first_page_for_30_days_whatever_follows(
    own_site: Flask, own_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.feeds.PAGE_SIZE", 2)
    client = own_site.test_client()
    withdraw(own_stage, "5g", "正在重新核实。")
    own_stage.clock.pass_(hours=1)
    for name in ("salt", "cloud", "strong"):
        correct(own_stage, name, "补充说明。", why=TEXTS[name].why + "\n补充说明。")
        own_stage.clock.pass_(hours=1)

    def is_listed() -> bool:
        return own_stage.threads["5g"] in [
            i["_refutation"]["thread_id"] for i in items(client, "/feeds/all/zh-hans.json")
        ]

    assert is_listed()
    own_stage.clock.pass_(days=29)
    assert is_listed()
    own_stage.clock.pass_(days=2)
    assert not is_listed()


def test_the_feed_of_one_alert_tells_each_of_its_notices(reader: FlaskClient, shared_stage: Stage) -> None:
    thread = shared_stage.catalogue.thread(shared_stage.threads["salt"])
    found = items(reader, f"/feeds/alerts/{thread.id}.json")
    assert [i["_refutation"]["notice_id"] for i in found] == [n.id for n in reversed(thread.notices)]
    assert found[0]["title"] == "已更正：" + thread.text.headline
    assert items(reader, f"/feeds/alerts/{thread.id}.json?lang=en")[0]["title"] == "Corrected: " + thread.text.headline
    later = reader.get(f"/feeds/alerts/{thread.notices[1].id}.rss")
    assert later.status_code == 301 and later.headers["Location"].endswith(f"/feeds/alerts/{thread.id}.rss")


# --- addresses ------------------------------------------------------------------------------------


def test_filters_narrow_a_feed(reader: FlaskClient, shared_stage: Stage) -> None:
    def names(query: str) -> set[str]:
        by_id = {id: name for name, id in shared_stage.threads.items()}
        return {by_id[i["_refutation"]["thread_id"]] for i in items(reader, f"/feeds/all/zh-hans.json{query}")}

    assert names("?verdict=false") == {"5g", "strong"}
    assert names("?verdict=false,unproven") == {"5g", "strong", "cloud"}
    assert names("?region=guangdong") >= {"salt"}
    assert names("?min_severity=high") == {"5g", "strong"}
    assert names("?verdict=misleading&region=zhejiang") >= {"salt"}


@pytest.mark.parametrize(
    ("given_address", "canonical"),
    [
        ("/feeds/all/en.rss?region=guangdong&verdict=false", "/feeds/all/en.rss?verdict=false&region=guangdong"),
        ("/feeds/all/en.rss?verdict=misleading,false", "/feeds/all/en.rss?verdict=false,misleading"),
        ("/feeds/all/en.rss?utm_source=x", "/feeds/all/en.rss"),
        ("/feeds/all/en.rss?page=1", "/feeds/all/en.rss"),
    ],
)
def test_other_spellings_redirect_to_the_one_address(reader: FlaskClient, given_address: str, canonical: str) -> None:
    answer = reader.get(given_address)
    assert answer.status_code == 301 and answer.headers["Location"] == canonical
    assert reader.get(canonical).status_code == 200


@pytest.mark.parametrize(
    ("address", "field", "example"),
    [
        ("/feeds/all/en.rss?verdict=fake", "verdict", "misleading"),
        ("/feeds/all/en.rss?region=atlantis", "region", "guangdong"),
        ("/feeds/all/en.rss?min_severity=9", "min_severity", "high"),
        ("/feeds/sports/en.rss", "topic", "health"),
        ("/feeds/all/fr.rss", "lang", "zh-hant"),
    ],
)
def test_an_unknown_value_is_told_with_the_allowed_ones(
    reader: FlaskClient, address: str, field: str, example: str
) -> None:
    answer = reader.get(address)
    assert answer.status_code == 400
    error = answer.get_json()["error"]
    assert error["field"] == field and example in error["allowed"] and example in error["message"]


def test_pages_are_linked_and_hold_each_thread_once(
    reader: FlaskClient, shared_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.feeds.PAGE_SIZE", 2)
    monkeypatch.setattr("webapp.feeds.KEPT_AFTER_WITHDRAWAL", timedelta(0))
    seen: list[str] = []
    address: str | None = "/feeds/all/en.json"
    while address:
        document = reader.get(address.replace("http://127.0.0.1:8000", "")).get_json()
        seen += [i["id"] for i in document["items"]]
        address = document.get("next_url")
    assert len(seen) == len(set(seen)) == len(shared_stage.threads)
    middle = etree.fromstring(reader.get("/feeds/all/en.atom?page=2").data)
    links = {link.get("rel"): link.get("href") for link in middle.findall("a:link", NS)}
    assert (
        links["next"].endswith("/feeds/all/en.atom?page=3")
        and links["previous"].endswith("/feeds/all/en.atom")
        and links["first"] == links["previous"]
    )
    assert reader.get("/feeds/all/en.atom?page=99").status_code == 404


# --- caching --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_an_unchanged_feed_is_answered_with_304_and_no_body(reader: FlaskClient, form: str) -> None:
    first = reader.get(f"/feeds/all/en.{form}")
    by_tag = reader.get(f"/feeds/all/en.{form}", headers={"If-None-Match": first.headers["ETag"]})
    by_date = reader.get(f"/feeds/all/en.{form}", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert by_tag.status_code == by_date.status_code == 304 and by_tag.data == by_date.data == b""
    assert by_tag.headers["ETag"] == first.headers["ETag"]


def test_every_language_format_and_filter_has_its_own_tag(reader: FlaskClient) -> None:
    addresses = [f"/feeds/all/{tongue}.{form}" for tongue in ("zh-hans", "zh-hant", "en") for form in FORMS]
    addresses += ["/feeds/all/en.rss?verdict=false", "/feeds/health/en.rss", "/feeds/notices/en.rss"]
    tags = [reader.get(address).headers["ETag"] for address in addresses]
    assert len(set(tags)) == len(tags)


def test_a_notice_and_an_expiry_both_change_the_tag_and_the_date(own_site: Flask, own_stage: Stage) -> None:
    client = own_site.test_client()

    def state() -> tuple[str, str, str]:
        answer = client.get("/feeds/all/zh-hans.json")
        mine = entry_of(client, own_stage, "exam")["_refutation"]["state"] if "exam" in own_stage.threads else ""
        return answer.headers["ETag"], answer.headers["Last-Modified"], mine

    before = state()
    ends = own_stage.clock.now() + timedelta(days=3)
    own_stage.threads["exam"] = publish(
        own_stage,
        "exam",
        replace(TEXTS["cloud"], headline="今年高考时间不变", claim="高考推迟到七月底", expires_at=ends),
    ).thread_id
    published = state()
    own_stage.clock.pass_(days=2)
    waiting = state()
    own_stage.clock.pass_(days=2)
    expired = state()
    assert before[0] != published[0] and published[1] != before[1]
    assert waiting == published
    assert expired[0] != published[0] and expired[2] == "past" and published[2] == "current"
    assert expired[1] == ends.strftime("%a, %d %b %Y %H:%M:%S GMT")


def test_a_feed_without_entries_is_still_a_feed(tmp_path: Any) -> None:
    from index import open_catalogue
    from tests.webapp.stage import settings as stage_settings

    catalogue = open_catalogue(stage_settings(tmp_path))
    catalogue.migrate()
    client = make_site(Stage(catalogue, None, None, None, {}, {})).test_client()  # type: ignore[arg-type]
    for form in FORMS:
        for name in LISTS:
            answer = client.get(f"/feeds/{name}/zh-hans.{form}")
            assert answer.status_code == 200 and len(feedparser.parse(answer.data).entries) == 0
            assert (
                client.get(
                    f"/feeds/{name}/zh-hans.{form}", headers={"If-None-Match": answer.headers["ETag"]}
                ).status_code
                == 304
            )
    catalogue.close()


# --- any text comes back as it went in ------------------------------------------------------------

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(codec=None, categories=("Cc", "Cf", "Cs", "Lo", "Sm", "So", "Zs", "Po")), max_size=60),
    st.sampled_from(
        [
            "]]>",
            "<script>alert(1)</script>",
            "&amp;",
            "&#0;",
            "\ud800",
            "\x00\x0b",
            "\u202e倒",
            "\u2028",
            "a\r\nb",
            "\ufffe",
            "🧂" * 3,
            "<![CDATA[x]]>",
            "--><b>",
        ]
    ),
)


def entry(text: str) -> Entry:
    at = datetime(2026, 11, 20, 2, 32, tzinfo=UTC)
    return Entry(
        "http://x/alerts/a", "http://x/alerts/a/s", clean_line(text), clean_line(text), clean(text), "zh-Hans", at, at,
        (("verdict:false", clean_line(text)),),
        {"claim_reviewed": clean(text), "evidence": [{"title": clean_line(text)}]},
    )  # fmt: skip


def feed(text: str) -> Feed:
    return Feed(
        "http://x/feeds/all/en.rss",
        clean_line(text),
        clean_line(text),
        "en",
        "http://x/",
        clean_line(text),
        {"self": "http://x/f"},
        (entry(text),),
    )


@given(HOSTILE)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_comes_back_from_every_format_as_it_went_in(text: str) -> None:
    title, body = clean_line(text), clean(text)
    channel = etree.fromstring(rss(feed(text))).find("channel")
    assert channel is not None
    assert channel.findtext("item/title", "") == title and channel.findtext("item/c:encoded", "", NS) == body
    assert (
        channel.findtext("item/category", "") == title
        and channel.findtext("item/r:refutation/r:claim_reviewed", "", NS) == body
    )
    tree = etree.fromstring(atom(feed(text)))
    assert tree.findtext("a:entry/a:title", "", NS) == title and tree.findtext("a:entry/a:content", "", NS) == body
    item = json.loads(json_feed(feed(text)))["items"][0]
    assert item["title"] == title and item["content_html"] == body and item["_refutation"]["claim_reviewed"] == body


def _feedparser_repairs(title: str) -> bool:
    """Whether feedparser takes the text for UTF-8 read as Latin-1 and mends it, as it does with "Â¡"."""
    try:
        return title.encode("latin-1").decode("utf-8") != title
    except UnicodeError:
        return False


@given(HOSTILE)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_feed_reader_reads_the_title_as_it_was_written(text: str) -> None:
    title = clean_line(text)
    assume(not _feedparser_repairs(title))
    parsed = feedparser.parse(atom(feed(text)), sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo
    assert parsed.entries[0].title == title.strip()
    assert (
        feedparser.parse(rss(feed(text)), sanitize_html=False, resolve_relative_uris=False).entries[0].title
        == title.strip()
    )


@given(st.text())
def test_cleaning_keeps_all_that_xml_can_carry_and_cleans_once(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    etree.fromstring(f"<a>{html.escape(cleaned)}</a>")
    if all(c == "\n" or c == "\t" or "\x20" <= c <= "\x7e" or "\xa0" <= c <= "\ud7ff" for c in text):
        assert cleaned == text


def test_every_format_has_a_writer_and_a_type() -> None:
    assert set(WRITERS) == set(TYPES) == set(FORMS)
