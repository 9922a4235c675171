"""One source from due to done, with fakes at the ports: errors are values, one commit a run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from crawlers.adapters.protocol import Context, Parsed
from crawlers.fetch import Failed, NotModified, Unchanged
from crawlers.pipeline import Pipeline, Report
from crawlers.registry import Registry
from index.model import Health, Role, SourceKind, SourceLease, Verdict
from index.outbound import Hop
from tests.crawlers.fakes import (
    NO_LABELS,
    FakeCatalogue,
    FakeNetwork,
    InProcessReader,
    a_lease,
    a_source,
    a_state,
    fetched,
)

FEED_URL = "https://news.example/feed"


def rss(*titles: str, link: str = "https://news.example/{n}", more: str = "") -> str:
    entries = "".join(
        f"<item><title>{t}</title><guid>g{n}</guid><link>{link.format(n=n)}</link>{more}</item>"
        for n, t in enumerate(titles)
    )
    return f"<rss version='2.0'><channel><title>t</title>{entries}</channel></rss>"


def run(
    answers: dict[str, Any],
    lease: SourceLease | None = None,
    registry: Registry = NO_LABELS,
    known: set[str] | None = None,
) -> tuple[Report, FakeCatalogue, FakeNetwork]:
    catalogue, network = FakeCatalogue(), FakeNetwork(answers)
    lease = lease or a_lease()
    catalogue.known[lease.source.id] = known or set()
    report = Pipeline(catalogue, network, InProcessReader(), registry, lambda: 0.5).crawl(lease)
    return report, catalogue, network


def test_a_feed_is_recorded_with_its_new_state_in_one_call() -> None:
    report, catalogue, _ = run({FEED_URL: fetched(rss("one", "two"))})
    assert (report.status, report.new, report.bad, report.code) == ("ok", 2, 0, "")
    ((_, items, state),) = catalogue.recorded
    assert [i.item.title for i in items] == ["one", "two"]
    assert (state.etag, state.health, state.error_count, state.error_code) == ('"1"', Health.OK, 0, None)
    assert state.body_sha256 is not None and state.last_success_at == catalogue.clock < state.next_check_at


def test_a1_a_304_and_an_equal_body_store_only_the_state_and_call_no_parser() -> None:
    class NoReader:
        def read(self, body: bytes, context: Context) -> Parsed:
            raise AssertionError("parsed an unchanged body")

    for outcome, status in ((NotModified(), "not_modified"), (Unchanged('"2"', None), "unchanged")):
        catalogue = FakeCatalogue()
        lease = a_lease(state=a_state(etag='"1"', body_sha256="x", error_count=3, health=Health.FAILING))
        report = Pipeline(catalogue, FakeNetwork({FEED_URL: outcome}), NoReader(), NO_LABELS).crawl(lease)
        ((_, items, state),) = catalogue.recorded
        assert (report.status, items, state.error_count, state.health) == (status, (), 0, Health.OK)
        assert state.body_sha256 == "x"


@pytest.mark.parametrize(
    "code",
    ["dns", "connect", "tls", "timeout", "blocked_address", "too_large", "bad_content_encoding", "robots",
     "unauthorized", "forbidden", "challenge", "not_found", "rate_limited", "server_error",
     "redirect_refused", "empty_body"],
)  # fmt: skip
def test_a_failed_fetch_is_stored_as_its_code_and_keeps_what_was_known(code: str) -> None:
    lease = a_lease(state=a_state(etag='"1"', body_sha256="x", error_count=2))
    report, catalogue, _ = run({FEED_URL: Failed(code)}, lease)
    ((_, items, state),) = catalogue.recorded
    assert (report.status, report.code, items) == ("error", code, ())
    assert (state.error_code, state.error_count, state.health) == (code, 3, Health.FAILING)
    assert (state.etag, state.body_sha256) == ('"1"', "x")


def test_a18_a_maintenance_page_removes_nothing_and_keeps_no_validators() -> None:
    page = "<html><body>maintenance</body></html>"
    catalogue = FakeCatalogue()
    lease = a_lease()
    for turn in range(1_000):
        body = rss("one", "two") if turn % 2 == 0 else page
        network = FakeNetwork({FEED_URL: fetched(body, etag=f'"{turn}"')})
        report = Pipeline(catalogue, network, InProcessReader(), NO_LABELS).crawl(lease)
        assert report.code == ("" if turn % 2 == 0 else "not_a_feed")
        lease = replace(lease, state=catalogue.recorded[-1][2])
        assert lease.state.error_count == turn % 2
    assert lease.state.etag == '"998"', "the page's validators were not kept"
    assert catalogue.known["s"] == {"g0", "g1"} | {
        f"{prefix}news.example/{n}" for prefix in ("https://", "url:") for n in (0, 1)
    }


def test_q21_a_truncated_feed_gives_whole_items_and_no_validators() -> None:
    whole = rss("one", "two", "three")
    body = whole[: whole.index("three")]
    report, catalogue, _ = run({FEED_URL: fetched(body, is_truncated=True)})
    ((_, items, state),) = catalogue.recorded
    assert (report.status, len(items)) == ("ok", 2)
    assert (state.etag, state.last_modified, state.body_sha256) == (None, None, None)


def test_a_lost_lease_stores_nothing_and_links_nothing() -> None:
    catalogue = FakeCatalogue(lost={"s"})
    network = FakeNetwork({FEED_URL: fetched(rss("one"))})
    report = Pipeline(catalogue, network, InProcessReader(), NO_LABELS).crawl(a_lease())
    assert (report.status, report.new) == ("lost", 0)
    assert catalogue.recorded == [] and catalogue.linked == []


def test_new_circulating_items_are_linked() -> None:
    lease = a_lease(a_source(kind=SourceKind.MONITOR))
    report, catalogue, _ = run({FEED_URL: fetched(rss("one", "two"))}, lease)
    assert catalogue.linked == ["clm_g0", "clm_g1"] and report.linked == 2


# --- edges ---


@pytest.mark.parametrize("bug", [RuntimeError("bug"), KeyError("bug"), AssertionError("bug")])
def test_a_bug_in_one_source_is_logged_as_critical_and_does_not_stop_the_next(bug: Exception) -> None:
    catalogue = FakeCatalogue()
    network = FakeNetwork({"https://news.example/a": bug, "https://news.example/b": fetched(rss("one"))})
    pipeline = Pipeline(catalogue, network, InProcessReader(), NO_LABELS)
    with capture_logs() as logs:
        reports = [pipeline.crawl(a_lease(a_source(i, url=f"https://news.example/{i}"))) for i in "ab"]
    assert [(r.status, r.code) for r in reports] == [("error", "crashed"), ("ok", "")]
    assert [entry["source"] for entry in logs if entry["log_level"] == "critical"] == ["a"]
    stored = {lease.source.id: state for lease, _, state in catalogue.recorded}
    assert (stored["a"].health, stored["a"].error_code, stored["a"].error_count) == (Health.FAILING, "crashed", 1)
    assert stored["b"].health is Health.OK


def test_a_killed_parser_is_one_error_of_one_source() -> None:
    class Killed:
        def read(self, body: bytes, context: Context) -> Failed:
            return Failed("parser_killed")

    catalogue = FakeCatalogue()
    report = Pipeline(catalogue, FakeNetwork({FEED_URL: fetched(rss("one"))}), Killed(), NO_LABELS).crawl(a_lease())
    assert report.code == "parser_killed"
    assert catalogue.recorded[0][2].health is Health.FAILING


def test_one_line_is_logged_for_each_outcome_without_texts_or_queries() -> None:
    secret = "https://news.example/feed?token=secret"
    lease = a_lease(a_source(url=secret))
    with capture_logs() as logs:
        run({secret: fetched(rss("a private title"), secret)}, lease)
        run({secret: Failed("timeout")}, lease)
    crawled = [entry for entry in logs if entry["event"] == "crawled"]
    assert [(e["source"], e["status"], e["code"]) for e in crawled] == [("s", "ok", ""), ("s", "error", "timeout")]
    assert {"new", "repeat", "variant", "revised", "bad", "bytes", "ms", "next_in_s"} <= set(crawled[0])
    assert "secret" not in str(logs) and "private title" not in str(logs)


# --- labels and standing ---


def labelled(item_link: str = "https://news.example/{n}", registry: Registry = NO_LABELS, **source: Any) -> Any:
    lease = a_lease(a_source(**{"options": {"select": {"label": "category"}}, **source}))
    body = rss("one", link=item_link, more="<category>False</category>")
    _, catalogue, _ = run({FEED_URL: fetched(body)}, lease, registry)
    return catalogue.recorded[0][1][0]


def test_a_label_suggests_a_verdict_with_the_sources_level() -> None:
    got = labelled()
    assert (got.verdict, got.mapped_by, got.authority, got.is_offsite) == (Verdict.FALSE, "global", 2, False)


def test_the_sources_own_table_wins() -> None:
    registry = Registry((), {"own": {"false": Verdict.UNPROVEN}})
    got = labelled(registry=registry, options={"select": {"label": "category"}, "labels": "own"})
    assert (got.verdict, got.mapped_by) == (Verdict.UNPROVEN, "source")


def test_a_monitor_and_a_notice_never_carry_a_verdict() -> None:
    for changes in ({"kind": SourceKind.MONITOR}, {"kind": SourceKind.OFFICIAL, "role": Role.NOTICE}):
        got = labelled(**changes)
        assert (got.verdict, got.mapped_by) == (None, "none")


@pytest.mark.parametrize(
    "link", ["https://evil.example/{n}", "https://news.example.evil.test/{n}", "https://xn--nws-dma.example/{n}"]
)
def test_e3_an_item_outside_the_domain_is_offsite_at_level_zero(link: str) -> None:
    got = labelled(link, kind=SourceKind.OFFICIAL)
    assert (got.authority, got.is_offsite) == (0, True)


def test_also_hosts_and_subdomains_belong_to_the_source() -> None:
    assert not labelled("https://sub.news.example/{n}").is_offsite
    options = {"also_hosts": ["partner.example"], "select": {"label": "category"}}
    assert not labelled("https://partner.example/{n}", options=options).is_offsite


def test_an_aggregator_lends_its_level_to_nobody() -> None:
    known = a_source("known", domain="known.example", authority=2)
    options = {"aggregator": True, "select": {"label": "category"}}
    registry = Registry((known,))
    for link, level in (("https://known.example/{n}", 2), ("https://stranger.example/{n}", 1)):
        got = labelled(link, registry, options=options, kind=SourceKind.OFFICIAL, authority=4)
        assert (got.authority, got.is_offsite) == (level, False)


def test_what_came_over_a_bridge_has_no_level() -> None:
    assert labelled(options={"bridge": True}).authority == 0


def test_e4_an_official_source_that_answers_from_another_domain_is_held() -> None:
    elsewhere = fetched(rss("one"), "https://parked.example/", hops=(Hop(FEED_URL, 301),))
    report, catalogue, _ = run({FEED_URL: elsewhere}, a_lease(a_source(kind=SourceKind.OFFICIAL)))
    assert (report.status, report.code) == ("error", "redirect_refused")
    assert catalogue.recorded[0][1] == () and catalogue.recorded[0][2].health is Health.MOVED


# --- further pages ---

LIST_URL = "https://news.example/list"
SELECT = {"item": "li", "link": "a", "date": "i", "page_title": "h1", "page_body": "div"}


def listing(state: Any = None, **options: Any) -> SourceLease:
    source = a_source(url=LIST_URL, format="listing", options={"select": SELECT, **options}, timezone="Asia/Shanghai")
    return a_lease(source, state)


def list_page(*numbers: int, host: str = "https://news.example") -> Any:
    rows = "".join(f"<li><a href='{host}/p/{n}'>title {n}</a> <i>2026-02-0{n}</i></li>" for n in numbers)
    return fetched(f"<html><body><ul>{rows}</ul></body></html>", LIST_URL)


def item_page(n: int) -> Any:
    return fetched(
        f"<html><body><h1>Title {n}</h1><div><p>Body {n}</p></div></body></html>", f"https://news.example/p/{n}"
    )


def test_a_listing_reads_the_page_of_each_unknown_item() -> None:
    answers = {LIST_URL: list_page(1, 2, 3)} | {f"https://news.example/p/{n}": item_page(n) for n in (1, 2, 3)}
    report, catalogue, network = run(answers, listing(), known={"https://news.example/p/2"})
    ((_, items, state),) = catalogue.recorded
    assert [i.item.text for i in items] == ["Body 1", "Body 3"]
    assert [i.item.published_at.isoformat() for i in items] == [
        "2026-01-31T16:00:00+00:00",
        "2026-02-02T16:00:00+00:00",
    ]
    assert "https://news.example/p/2" not in network.asked
    assert report.new == 2 and state.etag == '"1"'


def test_a_dead_page_is_one_bad_item_and_the_others_go_on() -> None:
    answers = {LIST_URL: list_page(1, 2, 3), "https://news.example/p/3": item_page(3)}
    answers |= {
        "https://news.example/p/1": item_page(1),
        "https://news.example/p/2": Failed("not_found", permanent=True),
    }
    report, catalogue, _ = run(answers, listing())
    assert (report.status, report.new, report.bad, report.code) == ("ok", 2, 1, "not_found")
    assert catalogue.recorded[0][2].etag == '"1"', "a page that is gone for good is not asked for at every poll"


def test_a_page_that_may_come_back_keeps_the_list_from_counting_as_read() -> None:
    answers = {
        LIST_URL: list_page(1, 2),
        "https://news.example/p/1": item_page(1),
        "https://news.example/p/2": Failed("timeout"),
    }
    _, catalogue, _ = run(answers, listing())
    state = catalogue.recorded[0][2]
    assert (state.etag, state.body_sha256, state.health) == (None, None, Health.OK)


def test_if_every_page_fails_the_source_fails() -> None:
    report, _, _ = run({LIST_URL: list_page(1, 2)}, listing())
    assert (report.status, report.code) == ("error", "not_found")


def test_a_run_reads_at_most_five_pages_and_a_first_import_its_budget() -> None:
    numbers = tuple(range(1, 9))
    answers = {LIST_URL: list_page(*numbers)} | {f"https://news.example/p/{n}": item_page(n) for n in numbers}
    read_before = a_state(body_sha256="x")
    report, catalogue, _ = run(answers, listing(read_before))
    assert report.new == 5 and catalogue.recorded[0][2].body_sha256 is None
    assert run(answers, listing())[0].new == 8
    assert run(answers, listing(pages_a_day=3))[0].new == 3


def test_the_rest_of_a_long_list_comes_with_the_next_polls() -> None:
    numbers = tuple(range(1, 9))
    answers = {LIST_URL: list_page(*numbers)} | {f"https://news.example/p/{n}": item_page(n) for n in numbers}
    catalogue, lease, found = FakeCatalogue(), listing(pages_a_day=3), []
    for _ in range(3):
        pipeline = Pipeline(catalogue, FakeNetwork(answers), InProcessReader(), NO_LABELS)
        found.append(pipeline.crawl(lease).new)
        lease = replace(lease, state=catalogue.recorded[-1][2])
    assert found == [3, 3, 2] and lease.state.body_sha256 is not None


def test_q37_pages_of_other_hosts_are_never_asked_for() -> None:
    for host in (
        "https://evil.example",
        "http://127.0.0.1",
        "http://169.254.169.254",
        "https://news.example.evil.test",
    ):
        _, _, network = run({LIST_URL: list_page(1, host=host)}, listing())
        assert network.asked == [LIST_URL]


def test_q26_a_selector_that_hits_nothing_is_drift_and_never_no_news() -> None:
    report, catalogue, _ = run({LIST_URL: fetched("<html><body><p>redesigned</p></body></html>", LIST_URL)}, listing())
    assert (report.status, report.code) == ("error", "drift")
    assert catalogue.recorded[0][2].health is Health.DRIFTING


def test_q26_pages_that_lead_in_a_circle_end() -> None:
    def page(n: int) -> Any:
        feed = f'{{"version":"https://jsonfeed.org/version/1","items":[{{"id":"{n}","content_text":"text {n}"}}],'
        return fetched(f'{feed}"next_url":"https://news.example/j{(n + 1) % 3}"}}', f"https://news.example/j{n}")

    lease = a_lease(a_source(url="https://news.example/j0", format="jsonfeed"))
    report, _, network = run({f"https://news.example/j{n}": page(n) for n in range(3)}, lease)
    assert report.new == 3 and network.asked == [f"https://news.example/j{n}" for n in range(3)]


def test_q32_a_repaired_block_gives_no_verdict() -> None:
    block = '{"@type":"ClaimReview","claimReviewed":"a claim","reviewRating":{"alternateName":"False"},}'
    for text, verdict in ((block, None), (block.replace(",}", "}"), Verdict.FALSE)):
        page = (
            f"<html><head><script type='application/ld+json'>{text}</script></head><body><h1>A title</h1></body></html>"
        )
        lease = a_lease(a_source(format="claimreview", options={"select": {"page_body": "h1"}}))
        _, catalogue, _ = run({FEED_URL: fetched(page)}, lease)
        (item,) = catalogue.recorded[0][1]
        assert (item.item.label, item.verdict) == ("False", verdict)


def test_q35_copied_markup_of_a_known_organisation_is_offsite() -> None:
    block = '{"@type":"ClaimReview","claimReviewed":"a claim","author":{"name":"WHO","url":"https://www.who.int/"}}'
    page = f"<html><head><script type='application/ld+json'>{block}</script></head><body><h1>A title</h1></body></html>"
    lease = a_lease(a_source(format="claimreview", options={"select": {"page_body": "h1"}}))
    _, catalogue, _ = run({FEED_URL: fetched(page)}, lease, Registry((a_source("who", domain="who.int", authority=2),)))
    (item,) = catalogue.recorded[0][1]
    assert (item.authority, item.is_offsite) == (0, True)


def test_a_feed_that_points_to_claimreview_pages_is_followed() -> None:
    block = '{"@type":"ClaimReview","claimReviewed":"a claim","reviewRating":{"alternateName":"False"}}'
    page = f"<html><head><script type='application/ld+json'>{block}</script></head><body><h1>A title</h1></body></html>"
    plain = "<html><body><h1>No markup here</h1></body></html>"
    answers = {FEED_URL: fetched(rss("one", "two"))}
    answers |= {
        "https://news.example/0": fetched(page, "https://news.example/0"),
        "https://news.example/1": fetched(plain, "https://news.example/1"),
    }
    report, catalogue, _ = run(
        answers, a_lease(a_source(format="claimreview", options={"select": {"page_body": "h1"}}))
    )
    items = catalogue.recorded[0][1]
    assert [(i.item.claim, i.verdict) for i in items] == [("a claim", Verdict.FALSE), ("", None)]
    assert items[1].item.title == "two", "the feed's entry stands for a page without markup"
    assert report.status == "ok"


# --- quirks of whole runs ---


def test_q13_a_source_that_gives_one_guid_to_several_links_is_flagged() -> None:
    body = rss("one", "two").replace("<guid>g0</guid>", "<guid>g1</guid>")
    with capture_logs() as logs:
        report, catalogue, _ = run({FEED_URL: fetched(body)})
    assert report.new == 2
    assert [i.item.native_id for i in catalogue.recorded[0][1]] == ["https://news.example/0", "https://news.example/1"]
    (flag,) = [entry for entry in logs if entry["event"] == "source_flagged"]
    assert (flag["source"], flag["guids_ignored"]) == ("s", 1)


def test_q26_a_selector_that_hits_the_navigation_is_drift() -> None:
    menu = "".join(f"<li><a href='/{word}'>{word}</a></li>" for word in ("about", "contact", "jobs"))
    bare = "<html><body><h1>About us</h1><p>Who we are.</p></body></html>"  # no declared body on such pages
    answers: dict[str, Any] = {LIST_URL: fetched(f"<html><body><ul>{menu}</ul></body></html>", LIST_URL)}
    answers |= {f"https://news.example/{w}": fetched(bare, f"https://news.example/{w}") for w in ("about", "contact")}
    report, catalogue, _ = run(answers, listing())
    assert (report.status, report.code, report.new) == ("error", "drift", 0)
    assert catalogue.recorded[0][2].health is Health.DRIFTING


@pytest.mark.parametrize("landing", ["https://news.example/", "https://parked.test/"])
@pytest.mark.parametrize("page", [f"<html><body>{text}</body></html>" for text in ("Welcome", "Domain for sale")])
def test_q29_a_redirect_to_a_home_page_or_a_parked_domain_stores_nothing_and_keeps_the_address(
    landing: str, page: str
) -> None:
    lease = a_lease(state=a_state(etag='"1"', body_sha256="x"))
    report, catalogue, _ = run({FEED_URL: fetched(page, landing, hops=(Hop(FEED_URL, 301),))}, lease)
    ((recorded, items, state),) = catalogue.recorded
    assert (report.status, report.code, items) == ("error", "not_a_feed", ())
    assert (recorded.source.url, state.etag, state.body_sha256) == (FEED_URL, '"1"', "x")


IMITATIONS = ["https://piya0.org.cn/{n}", "https://piyao.org.cn.login.test/{n}", "https://piyao-org.cn/{n}"]
KNOWN = Registry((a_source("piyao", domain="piyao.org.cn", authority=3),))


@pytest.mark.parametrize("link", IMITATIONS)
def test_q40_a_look_alike_as_link_is_offsite_and_warned_of(link: str) -> None:
    with capture_logs() as logs:
        got = labelled(link, KNOWN, kind=SourceKind.OFFICIAL)
    assert (got.authority, got.is_offsite) == (0, True)
    (warned,) = [entry for entry in logs if entry["event"] == "look_alike"]
    assert (warned["log_level"], warned["of"]) == ("warning", "piyao.org.cn")


@pytest.mark.parametrize("kind", list(SourceKind))
@pytest.mark.parametrize("link", IMITATIONS)
def test_q40_a_redirect_to_a_look_alike_is_refused_for_every_kind_of_source(link: str, kind: SourceKind) -> None:
    elsewhere = fetched(rss("one"), link.format(n=1), hops=(Hop(FEED_URL, 302),))
    report, catalogue, _ = run({FEED_URL: elsewhere}, a_lease(a_source(kind=kind)), KNOWN)
    assert (report.status, report.code, report.new) == ("error", "redirect_refused", 0)
    state = catalogue.recorded[0][2]
    assert (state.health, state.move) == (Health.MOVED, None)  # no editor is offered to follow it


def test_q40_a_look_alike_named_as_author_gains_nothing_and_is_warned_of() -> None:
    author = {"name": "piyao", "url": "https://piya0.org.cn/"}
    block = json.dumps({"@type": "ClaimReview", "claimReviewed": "a claim", "author": author})
    page = f"<html><head><script type='application/ld+json'>{block}</script></head><body><h1>A title</h1></body></html>"
    lease = a_lease(a_source(format="claimreview", options={"select": {"page_body": "h1"}}))
    with capture_logs() as logs:
        _, catalogue, _ = run({FEED_URL: fetched(page)}, lease, KNOWN)
    (item,) = catalogue.recorded[0][1]
    assert (item.authority, item.is_offsite) == (0, True)
    assert [e["host"] for e in logs if e["event"] == "look_alike"] == ["piya0.org.cn"]


def test_q40_the_registered_domain_itself_and_an_honest_stranger_are_not_warned_of() -> None:
    with capture_logs() as logs:
        for link in ("https://www.piyao.org.cn/{n}", "https://factcheck.test/{n}"):
            labelled(link, KNOWN)
    assert [e for e in logs if e["event"] == "look_alike"] == []


SITEMAP = "https://news.example/sitemap.xml"


def sitemap(*names: int) -> str:
    urls = "".join(f"<url><loc>https://news.example/p/{n}</loc></url>" for n in names)
    return f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{urls}</urlset>"


def test_a_dead_page_of_a_list_never_makes_its_source_gone() -> None:
    select = {"page_title": "h1", "page_body": "p"}
    source = a_source(format="sitemap", url=SITEMAP, options={"url_pattern": "/p/", "select": select})
    answers = {SITEMAP: fetched(sitemap(1, 2), url=SITEMAP), "https://news.example/p/2": Failed("gone", permanent=True)}
    report, catalogue, _ = run(answers, a_lease(source), known={"https://news.example/p/1"})
    ((_, _, state),) = catalogue.recorded
    assert (report.code, state.health) == ("gone", Health.FAILING)
    assert (state.next_check_at - catalogue.clock).days < 2


def messages(first: int, last: int) -> str:
    return "".join(
        f"<div class='tgme_widget_message' data-post='chan/{n}'>"
        f"<div class='tgme_widget_message_text'>Words of message {n}</div></div>"
        for n in range(first, last + 1)
    )


def test_messages_behind_a_page_that_failed_are_read_at_the_next_poll() -> None:
    url = "https://t.me/s/chan"
    source = a_source(kind=SourceKind.MONITOR, format="telegram", url=url, domain="t.me")
    catalogue = FakeCatalogue()
    catalogue.known[source.id] = {f"chan/{n}" for n in range(1, 41)}
    answers: dict[str, Any] = {url: fetched(messages(61, 80), url=url), f"{url}?before=61": Failed("timeout")}
    network = FakeNetwork(answers)
    pipeline = Pipeline(catalogue, network, InProcessReader(), NO_LABELS, lambda: 0.5)
    pipeline.crawl(a_lease(source, a_state(body_sha256="before")))
    answers[f"{url}?before=61"] = fetched(messages(41, 60), url=f"{url}?before=61")
    answers[f"{url}?before=41"] = fetched(messages(21, 40), url=f"{url}?before=41")
    pipeline.crawl(a_lease(source, catalogue.recorded[-1][2]))
    assert catalogue.known[source.id] >= {f"chan/{n}" for n in range(41, 81)}
