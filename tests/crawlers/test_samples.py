"""The bundled samples keep their promises: real formats, the coverage the demo needs, a server like a publisher's."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import signal
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
import pytest
from lxml import html

from crawlers.samples.server import CONTENT_TYPES, SampleServer, filled, load_site, serve

MUST = {
    "5g-virus", "liquor-covid", "microwave-cancer", "overnight-water", "salt-radiation", "vaccine-microchip",
    "shrimp-vitamin-c", "plastic-nori", "earthquake-clouds", "petrol-phone",
}  # fmt: skip
LANGUAGES = {"zh-Hans", "zh-Hant", "en"}
TOPICS = {"health", "food", "disaster", "policy", "fraud", "traffic", "technology", "environment"}
TECHNIQUES = {"", "out_of_context", "spliced", "old_as_new", "fabricated", "overgeneralised"}
BASE = "http://127.0.0.1:9"
END = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)


def read(name: str) -> dict[str, Any]:
    return tomllib.loads(filled(name, BASE))


SITE = load_site(BASE)
TRUTH, DESK, SOURCES = read("truth.toml"), read("desk.toml")["text"], read("sources.toml")["source"]


def body(url: str) -> bytes:
    return SITE[urlsplit(url).path].body


def entries(source: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of a feed as id, url, title, text, at, labels."""
    if source["format"] == "jsonfeed":
        return [
            {
                "id": item["id"], "url": item["url"], "title": item.get("title", ""),
                "text": item.get("content_text") or html.fromstring(item["content_html"]).text_content(),
                "at": datetime.fromisoformat(item["date_published"]), "labels": [],
            }
            for item in json.loads(body(source["url"]))["items"]
        ]  # fmt: skip
    parsed = feedparser.parse(body(source["url"]))
    assert not parsed.bozo and parsed.version
    return [
        {
            "id": e.id, "url": e.link, "title": e.get("title", ""),
            "text": html.fromstring(f"<div>{e.content[0].value if 'content' in e else e.summary}</div>").text_content(),
            "at": datetime(*(e.get("published_parsed") or e.updated_parsed)[:6], tzinfo=UTC),
            "labels": [tag.term for tag in e.get("tags", [])],
        }
        for e in parsed.entries
    ]  # fmt: skip


def articles(source: dict[str, Any], selector: str) -> list[tuple[str, html.HtmlElement]]:
    """Every page that a list links to, as path and tree."""
    listing = html.fromstring(body(source["url"]).decode())
    paths = [urlsplit(urljoin(source["url"], a.get("href"))).path for a in listing.cssselect(selector)]
    return [(path, html.fromstring(SITE[path].body.decode())) for path in paths]


def reviews(tree: html.HtmlElement) -> list[dict[str, Any]]:
    """The ClaimReview blocks of a page, top level, in a list or in a graph."""
    found = []
    for block in tree.xpath('//script[@type="application/ld+json"]/text()'):
        data = json.loads(block)
        for node in data if isinstance(data, list) else data.get("@graph", [data]):
            kinds = node["@type"] if isinstance(node["@type"], list) else [node["@type"]]
            if "ClaimReview" in kinds:
                found.append(node)
    return found


BY_ID = {s["id"]: s for s in SOURCES}
MONITORS = [s for s in SOURCES if s["kind"] == "monitor"]
ITEMS = {e["id"]: e | {"language": s["language"]} for s in MONITORS for e in entries(s)}
LIST = articles(BY_ID["sample-list"], "ul.rumor-list > li a")
CHECK = articles(BY_ID["sample-check"], BY_ID["sample-check"]["select"]["link"])
REFUTATION_FEEDS = [s for s in SOURCES if s["format"] == "feed" and s["kind"] != "monitor"]


def test_seven_feeds_in_four_formats_and_three_languages_carry_seventy_to_ninety_items() -> None:
    assert Counter(s["language"] for s in MONITORS) == {"zh-Hans": 3, "zh-Hant": 2, "en": 2}
    assert 70 <= len(ITEMS) <= 90
    versions = Counter(feedparser.parse(body(s["url"])).version for s in MONITORS if s["format"] == "feed")
    assert versions == {"rss20": 2, "atom10": 2, "rss10": 1}
    json_feeds = [json.loads(body(s["url"])) for s in MONITORS if s["format"] == "jsonfeed"]
    assert [f["version"] for f in json_feeds] == ["https://jsonfeed.org/version/1.1"] * 2


def test_four_sources_carry_at_least_34_refutations_with_a_label_of_their_own_and_a_date() -> None:
    feeds = [e for s in REFUTATION_FEEDS for e in entries(s)]
    assert all(len(e["labels"]) == 1 and e["text"] and e["at"] for e in feeds)
    for source in REFUTATION_FEEDS:
        for entry in entries(source):
            prefix = re.match(source["label_prefix"], entry["title"])
            assert prefix and prefix[1].casefold() == entry["labels"][0].casefold()
    labels = Counter(label for e in feeds for label in e["labels"])
    assert {"谣言", "不实", "False", "Misleading", "True", "Unproven"} == set(labels)
    reviewed = [r for _, tree in CHECK for r in reviews(tree)]
    assert len(CHECK) >= 8 and len(reviewed) == len(CHECK)
    assert {r["reviewRating"]["alternateName"] for r in reviewed} == {"錯誤", "部分錯誤", "證據不足"}
    assert all(r["claimReviewed"] and datetime.fromisoformat(r["datePublished"]) for r in reviewed)
    select = BY_ID["sample-check"]["select"]
    assert all(len(tree.cssselect(select[part])) == 1 for _, tree in CHECK for part in ("page_title", "page_body"))
    verdicts = [tree.cssselect("p.verdict > b") for _, tree in LIST]
    listed = [found for found in verdicts if found]
    assert len(listed) >= 8
    assert len(feeds) + len(reviewed) + len(listed) >= 34


def test_the_declared_selectors_find_every_part_of_the_listed_pages() -> None:
    select = BY_ID["sample-list"]["select"]
    rows = html.fromstring(body(BY_ID["sample-list"]["url"]).decode()).cssselect(select["item"])
    assert len(rows) == len(LIST) == 11
    assert all(row.cssselect(select["link"]) and row.cssselect(select["date"]) for row in rows)
    for path, tree in LIST:
        title = tree.cssselect(select["page_title"])[0].text_content()
        text = tree.text_content()
        assert tree.cssselect(select["page_body"])[0].text_content().strip()
        assert re.search(select["page_date_after"] + r"2026-\d\d-\d\d \d\d:\d\d", text)
        is_notice = path in TRUTH["unrelated"]["notices"]
        assert bool(tree.cssselect(select["page_label"])) is not is_notice
        assert bool(re.search(BY_ID["sample-list"]["role_rules"][0]["title"], title)) is is_notice


def test_claim_reviews_come_in_more_than_one_shape() -> None:
    blocks = [json.loads(tree.xpath('//script[@type="application/ld+json"]/text()')[0]) for _, tree in CHECK]
    shapes = {
        "list" if isinstance(b, list) else "graph" if "@graph" in b else f"type is {type(b['@type']).__name__}"
        for b in blocks
    }
    assert shapes == {"list", "graph", "type is str", "type is list"}


def test_ids_are_unique_and_do_not_depend_on_the_port() -> None:
    ids = [e["id"] for s in [*MONITORS, *REFUTATION_FEEDS] for e in entries(s)]
    assert len(ids) == len(set(ids))
    assert all(i.startswith("urn:clarion-sample:") for i in ids)
    assert len({s["id"] for s in SOURCES}) == len(SOURCES) == 11


def test_every_item_is_placed_exactly_once_in_the_truth() -> None:
    placed = Counter(TRUTH["unrelated"]["items"])
    for rumor in TRUTH["rumors"].values():
        placed.update(rumor["items"] + rumor["denials"])
    assert placed == Counter(list(ITEMS))
    refutations = Counter(i for rumor in TRUTH["rumors"].values() for i in rumor["refutations"])
    published = [e["id"] for s in REFUTATION_FEEDS for e in entries(s)]
    published += [path for path, _ in CHECK + LIST if path not in TRUTH["unrelated"]["notices"]]
    assert refutations == Counter(published)


def test_every_must_rumor_has_wordings_in_all_three_languages_and_at_least_two_refutations() -> None:
    assert {key for key, rumor in TRUTH["rumors"].items() if rumor["must"]} == MUST
    for key in MUST:
        rumor = TRUTH["rumors"][key]
        assert {ITEMS[i]["language"] for i in rumor["items"]} == LANGUAGES, key
        assert len(rumor["refutations"]) >= 2, key


def test_other_rumors_some_unanswered_some_denied_and_about_a_third_unrelated() -> None:
    others = {key: r for key, r in TRUTH["rumors"].items() if not r["must"]}
    assert len(others) >= 12
    assert {key for key, r in others.items() if not r["refutations"]} == {
        "exam-postponed", "bridge-toll", "onion-socks", "lemon-cancer",
    }  # fmt: skip
    assert sum(len(r["denials"]) for r in TRUTH["rumors"].values()) >= 2
    assert 0.28 <= len(TRUTH["unrelated"]["items"]) / len(ITEMS) <= 0.4


def test_items_are_dated_in_the_sixty_days_before_the_samples_end_and_across_the_hours() -> None:
    times = [e["at"].astimezone(UTC) for e in ITEMS.values()]
    assert min(times) >= END - timedelta(days=60) and max(times) <= END
    assert len({t.date() for t in times}) >= 40 and len({t.hour for t in times}) >= 10


def test_no_two_circulating_wordings_are_equal_and_no_probe_is_a_sample_text() -> None:
    def bare(text: str) -> str:
        return re.sub(r"\W", "", text).lower()

    texts = {bare(e["text"]) for e in ITEMS.values()}
    assert len(texts) == len(ITEMS)
    shown = "\n".join(bare(d.body.decode()) for d in SITE.values())
    probes = [p["text"] for p in TRUTH["probes"] + TRUTH["unrelated_probes"]]
    assert len(set(probes)) == len(probes) == 42
    assert not [p for p in probes if bare(p) in shown]


def test_each_must_rumor_has_a_probe_a_language_and_each_language_four_unrelated_texts() -> None:
    probes = Counter((p["rumor"], p["language"]) for p in TRUTH["probes"])
    assert probes == Counter((key, language) for key in MUST for language in LANGUAGES)
    unrelated = TRUTH["unrelated_probes"]
    assert Counter(p["language"] for p in unrelated) == dict.fromkeys(LANGUAGES, 4)
    assert {p["language"] for p in unrelated if p["near_topic"]} == LANGUAGES


def test_sources_declare_what_the_registry_requires() -> None:
    for source in SOURCES:
        assert set(source["name"]) == LANGUAGES and source["domain"] == "127.0.0.1" and source["enabled"]
        assert all(re.match(r"示例|Sample", name) for name in source["name"].values())
        assert source["licence"].keys() == {"reuse", "terms", "reviewed_on", "attribution"}
        assert urlsplit(source["url"]).path in SITE and urlsplit(source["licence"]["terms"]).path in SITE
        assert ("proof" in source) is (source["kind"] != "monitor")
        assert (source["authority"] == 0) is (source["kind"] == "monitor")


def test_the_desk_texts_walk_every_state_and_follow_the_page_rules() -> None:
    states = Counter(t["state"] for t in DESK)
    assert states == {"published": 12, "corrected": 1, "withdrawn": 1, "in_review": 1, "draft": 1}
    assert {t["rumor"] for t in DESK if t["state"] == "published"} >= MUST
    assert Counter(t["language"] for t in DESK) == {"zh-Hans": 10, "zh-Hant": 3, "en": 3}
    verdicts = Counter(t["verdict"] for t in DESK)
    assert verdicts == {"false": 11, "misleading": 3, "true": 1, "unproven": 1}
    assert len({t["rumor"] for t in DESK}) == len(DESK) and all(t["rumor"] in TRUTH["rumors"] for t in DESK)


@pytest.mark.parametrize("text", DESK, ids=lambda t: t["rumor"])
def test_a_desk_text_is_complete_and_calm(text: dict[str, Any]) -> None:
    blocks = ["headline", "claim", "truth", "circulating", "why", "action", "question"]
    assert all(text[b].strip() for b in blocks)
    assert not [b for b in blocks if re.search(r"[!！]|震惊|谣言止于", text[b])]
    assert len(text["headline"]) <= (30 if text["language"] != "en" else 80)
    assert not re.search(r"[?？“「]|网传|網傳", text["headline"])
    assert text["circulating"] != text["claim"]
    hosts = {urlsplit(e["url"]).hostname for e in text["evidence"]}
    assert len(hosts) >= 2
    assert all(e["publisher"] and e["title"] and e["url"].startswith("https://") for e in text["evidence"])
    assert set(text["topics"]) <= TOPICS and text["topics"] and text["technique"] in TECHNIQUES
    assert text["regions"] and set(text["regions"]) <= {"global", "china", "hongkong", "taiwan"}
    assert text["severity"] in {"low", "medium", "high"} and text["harm"] in {"health", "safety", "money", "none"}


def test_the_corrected_text_changes_what_its_note_says_and_the_withdrawn_one_gives_a_reason() -> None:
    corrected = next(t for t in DESK if t["state"] == "corrected")
    changes = corrected["correction"]["changes"]
    assert corrected["correction"]["note"] and corrected["correction"]["is_material"] is True
    assert changes and all(corrected[field] != value for field, value in changes.items())
    assert next(t for t in DESK if t["state"] == "withdrawn")["reason"]


# --- the server ---


@pytest.fixture(scope="module")
def server() -> Iterator[SampleServer]:
    with serve() as running:
        yield running


def ask(server: SampleServer, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    result = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return result


def test_a_matching_etag_or_date_gives_304_without_a_body_and_another_one_the_document(server: SampleServer) -> None:
    status, headers, content = ask(server, "/feeds/joint.rss")
    assert status == 200 and content
    for condition in (
        {"If_None_Match": headers["ETag"]},
        {"If_None_Match": f'"other", {headers["ETag"]}'},
        {"If_Modified_Since": headers["Last-Modified"]},
    ):
        status, again, content = ask(server, "/feeds/joint.rss", **condition)
        assert (status, content, again["ETag"]) == (304, b"", headers["ETag"])
    date = headers["Last-Modified"]
    assert ask(server, "/feeds/joint.rss", If_None_Match='"other"', If_Modified_Since=date)[0] == 200
    assert ask(server, "/feeds/joint.rss", If_Modified_Since="yesterday")[0] == 200


def test_every_source_is_served_with_its_content_type_and_its_own_address(server: SampleServer) -> None:
    for source in tomllib.loads(filled("sources.toml", server.base_url))["source"]:
        path = urlsplit(source["url"]).path
        status, headers, content = ask(server, path)
        suffix = path[path.rfind(".") :] if "." in path else ".html"
        assert (status, headers["Content-Type"]) == (200, CONTENT_TYPES[suffix])
        assert b"{{" not in content


def test_every_link_of_an_item_leads_to_a_page_that_shows_its_text(server: SampleServer) -> None:
    for item in ITEMS.values():
        status, headers, content = ask(server, urlsplit(item["url"]).path)
        assert status == 200 and headers["Content-Type"].startswith("text/html")
        assert item["text"].strip()[:20] in html.fromstring(content.decode()).text_content()


def test_gzip_is_sent_when_asked_for_and_head_sends_no_body(server: SampleServer) -> None:
    plain = ask(server, "/feeds/posts-c.json")[2]
    _, headers, content = ask(server, "/feeds/posts-c.json", Accept_Encoding="br, gzip")
    assert headers["Content-Encoding"] == "gzip" and gzip.decompress(content) == plain and len(content) < len(plain)
    assert "Content-Encoding" not in ask(server, "/feeds/posts-c.json", Accept_Encoding="gzip;q=0.0")[1]
    status, headers, content = ask(server, "/feeds/posts-c.json", method="HEAD")
    assert (status, content, int(headers["Content-Length"])) == (200, b"", len(plain))


def test_an_unknown_page_is_a_404_page_and_no_path_leaves_the_site(server: SampleServer) -> None:
    for path in ("/nothing", "/../server.py", "/%2e%2e/truth.toml", "/truth.toml", "//etc/passwd"):
        status, headers, content = ask(server, path)
        assert status == 404 and headers["Content-Type"].startswith("text/html") and b"Page not found" in content
        assert "ETag" not in headers
    status, headers, content = ask(server, "/robots.txt")
    assert status == 200 and headers["Content-Type"].startswith("text/plain") and content.startswith(b"User-agent: *")


@pytest.mark.parametrize("ending", ["stdin", "sigterm"])
def test_the_command_prints_its_address_and_ends_with_its_parent_or_on_a_signal(ending: str) -> None:
    command = [sys.executable, "-m", "crawlers.samples.server", "--port", "0"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdin and process.stdout
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", process.stdout.readline())
        if ending == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]
