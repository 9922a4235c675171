"""Sitemaps, WordPress, JSON lists and Google's fact checks against loopback servers that page as the real ones do."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs

from crawlers.fetch import Failed, Fetcher
from crawlers.pipeline import Pipeline, Report
from crawlers.registry import Registry
from index.model import Item, Role, Source, SourceKind, Verdict
from index.outbound import Limits
from index.settings import Settings
from tests.crawlers.fakes import FakeCatalogue, InProcessReader, a_lease, a_source, a_state
from tests.crawlers.rude_server import Asked, RudeServer, Wire, by_path

KEY = "not-a-real-key-7d1f"


def source_at(server: RudeServer, path: str, form: str, **options: Any) -> Source:
    return a_source(domain="127.0.0.1", url=server.base + path, format=form, options=options)


def crawl(
    server: RudeServer, source: Source, catalogue: FakeCatalogue | None = None, registry: Registry | None = None
) -> tuple[Report, tuple[Item, ...], FakeCatalogue]:
    """One run over real sockets. A second run with the same catalogue goes on from the state that the first left."""
    catalogue = catalogue or FakeCatalogue()
    fetcher = Fetcher(Settings(internal_targets=(server.pair,)), limits=Limits(total_s=20.0), sleep=lambda s: None)
    state = catalogue.recorded[-1][2] if catalogue.recorded else a_state(source.id)
    pipeline = Pipeline(catalogue, fetcher, InProcessReader(), registry or Registry(()), lambda: 0.5)
    report = pipeline.crawl(a_lease(source, state))
    return report, tuple(labelled.item for labelled in catalogue.recorded[-1][1]), catalogue


def query_of(asked: Asked) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}


def lists(server: RudeServer) -> list[str]:
    return [path for path in server.paths() if path != "/robots.txt"]


# --- sitemaps ---

CHECKS: dict[str, Any] = {"url_pattern": "/check/", "select": {"page_body": "div.text"}}
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def index_of(*addresses: str) -> bytes:
    entries = "".join(f"<sitemap><loc>{a}</loc></sitemap>" for a in addresses)
    return f"<sitemapindex {NAMESPACE}>{entries}</sitemapindex>".encode()


def urlset(*addresses: str) -> bytes:
    return f"<urlset {NAMESPACE}>{''.join(f'<url><loc>{a}</loc></url>' for a in addresses)}</urlset>".encode()


def page(title: str) -> bytes:
    return f"<html lang='en'><h1>{title}</h1><div class='text'>What {title} comes to.</div></html>".encode()


def test_an_index_leads_to_packed_and_plain_children_and_to_the_pages_that_fit() -> None:
    table: dict[str, Any] = {}
    with RudeServer(by_path(table)) as server:
        children = [f"{server.base}/a.xml.gz", f"{server.base}/b.txt", f"{server.base}/gone.xml"]
        table["/index.xml"] = index_of(*children)
        table["/a.xml.gz"] = gzip.compress(urlset(f"{server.base}/check/1", f"{server.base}/about"))
        table["/b.txt"] = f"{server.base}/check/2\n{server.base}/check/3\n".encode()
        table |= {f"/check/{n}": page(f"check {n}") for n in (1, 2)}
        source = source_at(server, "/index.xml", "sitemap", **CHECKS)
        report, items, catalogue = crawl(server, source)
        assert [i.title for i in items] == ["check 1", "check 2"]
        assert (report.status, report.new, report.bad, report.code) == ("ok", 2, 2, "not_found")
        assert "/about" not in server.paths()
        before = len(server.asked)
        table["/check/3"] = page("check 3")
        _, items, _ = crawl(server, source, catalogue)
        assert [i.title for i in items] == ["check 3"], "known pages are not read again"
        assert len(server.asked) - before <= 6


def test_an_index_that_dates_its_children_is_believed_and_one_that_does_not_is_read_again() -> None:
    table: dict[str, Any] = {}
    with RudeServer(by_path(table)) as server:
        undated = index_of(f"{server.base}/a.xml")
        dated = undated.replace(b"</loc>", b"</loc><lastmod>2026-02-01</lastmod>")
        table |= {"/a.xml": urlset(f"{server.base}/check/1"), "/check/1": page("check 1")}
        for body, status, count in ((dated, "unchanged", 0), (undated, "ok", 1)):
            table["/index.xml"] = body
            source = source_at(server, "/index.xml", "sitemap", **CHECKS)
            _, _, catalogue = crawl(server, source)
            before = len(server.asked)
            report, _, _ = crawl(server, source, catalogue)
            assert report.status == status
            assert server.paths()[before:].count("/a.xml") == count


def test_robots_txt_may_name_the_sitemaps() -> None:
    table: dict[str, Any] = {}
    with RudeServer(by_path(table)) as server:
        table["/robots.txt"] = f"User-agent: *\nDisallow: /private\nSitemap: {server.base}/s.xml\n".encode()
        table["/s.xml"] = urlset(f"{server.base}/check/1", f"{server.base}/private/check/2")
        table["/check/1"] = page("check 1")
        report, items, _ = crawl(server, source_at(server, "/robots.txt", "sitemap", **CHECKS))
        assert [i.title for i in items] == ["check 1"] and report.bad == 1
        assert "/private/check/2" not in server.paths()


def inside_addresses(canary: RudeServer) -> list[str]:
    port = canary.port
    hosts = (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", f"2130706433:{port}", f"127。0。0。1:{port}",
             f"u@127.0.0.1:{port}", "10.0.0.1", "192.168.0.1", "169.254.1.1", "[fd00::1]", "100.64.0.1")  # fmt: skip
    return [f"http://{host}/check/s.xml" for host in hosts]


@pytest.mark.parametrize("is_aggregator", [False, True])
@pytest.mark.parametrize("kind", ["child", "page", "redirect"])
def test_q37_a_sitemaps_child_or_page_at_a_private_address_is_never_connected_to(
    kind: str, is_aggregator: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled: list[Any] = []
    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda s, a: (dialled.append(a), connect(s, a))[1])
    table: dict[str, Any] = {}
    with RudeServer(by_path(table)) as server, RudeServer(by_path({})) as canary:
        inside = inside_addresses(canary)
        good = f"{server.base}/check/good.xml"
        if kind == "redirect":
            for n, address in enumerate(inside):
                table[f"/check/r{n}"] = (302, b"", {"Location": address.encode().decode("latin-1")})
            inside = [f"{server.base}/check/r{n}" for n in range(len(inside))]
        table["/s.xml"] = index_of(*inside, good) if kind == "child" else urlset(*inside, good)
        table["/check/good.xml"] = urlset(f"{server.base}/check/1") if kind == "child" else page("good")
        table["/check/1"] = page("good")
        options = CHECKS | {"aggregator": is_aggregator}
        report, items, _ = crawl(server, source_at(server, "/s.xml", "sitemap", **options))
        assert [i.title for i in items] == ["good"], "one bad address stops none"
        assert report.bad >= 1
        assert canary.connection_count == 0
    assert {address[1] for address in dialled} == {server.port} and {a[0] for a in dialled} == {"127.0.0.1"}


def test_a_sitemap_may_have_fifty_megabytes_and_a_page_of_it_may_not() -> None:
    filler = b"<!-- " + b"x" * (11 * 1024 * 1024) + b" --></urlset>"
    table: dict[str, Any] = {}
    with RudeServer(by_path(table)) as server:
        table["/s.xml"] = urlset(f"{server.base}/check/1", f"{server.base}/check/2").replace(b"</urlset>", filler)
        table["/check/1"] = page("small")
        table["/check/2"] = page("large") + filler
        report, items, _ = crawl(server, source_at(server, "/s.xml", "sitemap", **CHECKS))
        assert [i.title for i in items] == ["small"] and (report.bad, report.code) == (1, "too_large")
        table["/s.xml"] = gzip.compress(urlset() + b" " * (50 * 1024 * 1024))
        report, _, _ = crawl(server, source_at(server, "/s.xml", "sitemap", **CHECKS))
        assert (report.status, report.code) == ("error", "too_large")


# --- WordPress ---


def wordpress(total: int, says_pages: bool = True) -> Callable[[Wire, Asked], None]:
    """Behaves as `WP_REST_Posts_Controller::get_items` does: newest first, 400 past the end."""

    def behave(wire: Wire, asked: Asked) -> None:
        if not asked.path.startswith("/wp-json/wp/v2/posts"):
            wire.answer(404)
            return
        query = query_of(asked)
        size, number = int(query.get("per_page", 10)), int(query.get("page", 1))
        pages = -(-total // size)
        if number > max(pages, 1):
            said = {"code": "rest_post_invalid_page_number", "message": "larger than", "data": {"status": 400}}
            wire.answer(400, json.dumps(said).encode())
            return
        newest = total - (number - 1) * size
        posts = [
            {
                "id": n,
                "date_gmt": "2026-02-10T08:00:00",
                "link": f"http://127.0.0.1/{n}",
                "title": {"rendered": f"Post &#8220;{n}&#8221;"},
            }
            for n in range(newest, max(newest - size, 0), -1)
        ]
        headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)} if says_pages else {}
        wire.answer(200, json.dumps(posts).encode(), headers)

    return behave


def posts_at(server: RudeServer) -> Source:
    return source_at(server, "/wp-json/wp/v2/posts?per_page=3&_fields=id,link,date_gmt,title", "wordpress")


def test_wordpress_pages_are_read_up_to_the_number_that_its_header_tells() -> None:
    with RudeServer(wordpress(total=9)) as server:
        report, items, _ = crawl(server, posts_at(server))
        assert (report.status, report.new, report.bad) == ("ok", 9, 0)
        assert items[0].title == "Post “9”" and items[-1].native_id == "1"
        assert [query_of(a).get("page", "1") for a in server.asked[1:]] == ["1", "2", "3"]
        assert all(query_of(a)["_fields"] == "id,link,date_gmt,title" for a in server.asked[1:])


def test_without_the_header_the_400_past_the_last_full_page_is_the_end_and_no_fault() -> None:
    with RudeServer(wordpress(total=9, says_pages=False)) as server:
        report, items, catalogue = crawl(server, posts_at(server))
        assert (report.status, report.code, report.bad, len(items)) == ("ok", "", 0, 9)
        assert [query_of(a).get("page", "1") for a in server.asked[1:]] == ["1", "2", "3", "4"]
        assert catalogue.recorded[-1][2].body_sha256 is not None, "the run was whole"


def test_a_registered_address_past_the_end_is_not_found() -> None:
    with RudeServer(wordpress(total=2)) as server:
        report, _, _ = crawl(server, source_at(server, "/wp-json/wp/v2/posts?per_page=3&page=7", "wordpress"))
        assert (report.status, report.code) == ("error", "not_found")


def test_a_later_poll_reads_no_further_than_the_first_page_that_is_all_known() -> None:
    with RudeServer(wordpress(total=30)) as server:
        source = posts_at(server)
        _, items, catalogue = crawl(server, source)
        assert len(items) == 30
        server.behave = wordpress(total=34)
        before = len(server.asked)
        report, items, _ = crawl(server, source, catalogue)
        assert report.new == 4 and len(items) == 9
        assert [query_of(a).get("page", "1") for a in server.asked[before + 1 :]] == ["1", "2", "3"]


def test_an_archive_larger_than_a_first_import_is_not_read_from_its_start_for_ever() -> None:
    with RudeServer(wordpress(total=30)) as server:
        source = source_at(server, "/wp-json/wp/v2/posts?per_page=3", "wordpress", pages_a_day=4)
        _, items, catalogue = crawl(server, source)
        assert len(items) == 15 and catalogue.recorded[-1][2].body_sha256 is None
        crawl(server, source, catalogue)
        assert catalogue.recorded[-1][2].body_sha256 is not None, "a whole budget brought nothing new"


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (403, "forbidden"), (404, "not_found")])
def test_a_site_with_rest_switched_off_fails_with_a_code_that_says_so(status: int, code: str) -> None:
    body = b'{"code":"rest_disabled","message":"REST API is disabled"}'
    with RudeServer(lambda wire, asked: wire.answer(404 if "robots" in asked.path else status, body)) as server:
        report, _, _ = crawl(server, posts_at(server))
        assert (report.status, report.code) == ("error", code)


# --- lists in JSON ---


def json_pages(last: int, entry_key: str = "list") -> Callable[[Wire, Asked], None]:
    """Pages from 0; whoever asks beyond the last gets the last again, for ever."""

    def behave(wire: Wire, asked: Asked) -> None:
        number = min(int(query_of(asked).get("p", 0)), last)
        entries = [{"id": f"{number}-{n}", "t": f"entry {number} {n}"} for n in range(2)]
        body = f"cb({json.dumps({'data': {entry_key: entries}})});".encode()
        wire.answer(404 if "robots" in asked.path else 200, body, {"Content-Type": "text/html"})

    return behave


def test_q26_pages_from_zero_end_where_the_last_one_is_repeated() -> None:
    with RudeServer(json_pages(last=3)) as server:
        select = {"item": "data.list", "id": "id", "title": "t"}
        source = source_at(server, "/api?size=2&p=0&cb=cb", "jsonlist", select=select, page_param="p")
        report, items, catalogue = crawl(server, source)
        assert (report.status, report.new, report.bad) == ("ok", 8, 0)
        assert [query_of(a)["p"] for a in server.asked[1:]] == ["0", "1", "2", "3", "4"]
        assert all(query_of(a)["size"] == "2" for a in server.asked[1:])
        assert [i.native_id for i in items] == [f"{n}-{m}" for n in range(4) for m in range(2)]
        assert catalogue.recorded[-1][2].body_sha256 is not None


def test_q26_a_list_that_is_gone_from_its_path_is_drift_and_removes_nothing() -> None:
    with RudeServer(json_pages(last=0)) as server:
        select = {"item": "data.list", "id": "id", "title": "t"}
        source = source_at(server, "/api?p=0", "jsonlist", select=select, page_param="p")
        _, _, catalogue = crawl(server, source)
        server.behave = json_pages(last=0, entry_key="rows")
        report, items, _ = crawl(server, source, catalogue)
        assert (report.status, report.code, items) == ("error", "drift", ())
        assert len(catalogue.known["s"]) == 2


# --- Google's Fact Check Tools ---


def fact_checks(pages: int) -> Callable[[Wire, Asked], None]:
    """Wants the key in its header and, with a token, the same parameters as before; else 400, as the real one."""
    first: dict[str, Any] = {}

    def behave(wire: Wire, asked: Asked) -> None:
        if "robots" in asked.path:
            wire.answer(404)
            return
        query = query_of(asked)
        token = int(query.pop("pageToken", "t0")[1:])
        if token == 0:
            first.clear()
            first.update(query)
        if asked.headers.get("x-goog-api-key") != KEY:
            said: Mapping[str, Any] = {"error": {"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}}
            wire.answer(400, json.dumps(said).encode())
        elif query != first or not {"query", "reviewPublisherSiteFilter"} & set(query):
            wire.answer(400, b'{"error":{"code":400,"status":"INVALID_ARGUMENT"}}')
        else:
            claims = [claim(token * 10 + n) for n in range(2)]
            following = {"nextPageToken": f"t{token + 1}"} if token + 1 < pages else {}
            wire.answer(200, json.dumps({"claims": claims} | following).encode())

    return behave


def claim(number: int) -> dict[str, Any]:
    sites = (("checker.example", "False"), ("stranger.example", "Misleading"))
    reviews = [
        {"publisher": {"site": "checker.example"}, "url": f"https://{site}/{number}", "title": f"Review {number}",
         "textualRating": rating, "reviewDate": "2026-02-12T00:00:00Z", "languageCode": "en"}
        for site, rating in sites
    ]  # fmt: skip
    return {"text": f"Claim {number} that went round", "claimant": "Posts", "claimReview": reviews}


def checks_at(server: RudeServer) -> Source:
    path = "/v1alpha1/claims:search?reviewPublisherSiteFilter=checker.example&maxAgeDays=30&pageSize=2"
    return source_at(server, path, "factchecktools", aggregator=True, key_env="FACTCHECK_TEST_KEY")


def test_every_review_of_every_page_is_read_with_the_same_parameters_and_the_key_in_a_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FACTCHECK_TEST_KEY", KEY)
    known = a_source("known", domain="checker.example", authority=2)
    with RudeServer(fact_checks(pages=3)) as server, capture_logs() as logs:
        report, items, catalogue = crawl(server, checks_at(server), registry=Registry((known,)))
        assert (report.status, report.new, report.bad) == ("ok", 12, 0)
        assert {i.claim for i in items} == {f"Claim {n} that went round" for n in (0, 1, 10, 11, 20, 21)}
        labelled = {i.item.url: i for i in catalogue.recorded[-1][1]}
        good, stranger = labelled["https://checker.example/0"], labelled["https://stranger.example/0"]
        assert (good.verdict, good.authority) == (Verdict.FALSE, 2)
        assert (stranger.verdict, stranger.authority) == (Verdict.MISLEADING, 1), "a name in the answer gains no level"
        assert KEY not in repr(logs) and not any(KEY in path for path in server.paths())
        assert ["x-goog-api-key" in a.headers for a in server.asked] == [False, True, True, True]


def test_a_key_that_is_missing_or_refused_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with RudeServer(fact_checks(pages=1)) as server:
        for value in ("", "two words", "line\nbreak"):
            monkeypatch.setenv("FACTCHECK_TEST_KEY", value)
            report, _, _ = crawl(server, checks_at(server))
            assert (report.status, report.code) == ("error", "needs_token")
        assert lists(server) == [], "nothing is asked without a key"
        monkeypatch.setenv("FACTCHECK_TEST_KEY", "an-old-key")
        report, _, _ = crawl(server, checks_at(server))
        assert report.code == "needs_token" and len(lists(server)) == 1


def test_a_key_does_not_travel_to_another_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTCHECK_TEST_KEY", KEY)
    with RudeServer(by_path({"/claims": b"{}"})) as other:
        there = {"Location": f"{other.base}/claims"}
        with RudeServer(lambda wire, asked: wire.answer(404 if "robots" in asked.path else 307, b"", there)) as server:
            pairs = (server.pair, other.pair)
            source = replace(checks_at(server), url=f"{server.base}/claims?query=x")
            fetcher = Fetcher(Settings(internal_targets=pairs), limits=Limits(total_s=20.0))
            fetcher.poll(source, source.url, None, None, None)
        assert [a.path for a in other.asked] == ["/claims"]
        assert "x-goog-api-key" not in other.asked[0].headers


def test_no_other_format_is_given_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTCHECK_TEST_KEY", KEY)
    with RudeServer(by_path({"/feed": b"<rss version='2.0'><channel/></rss>"})) as server:
        source = Source(
            "s", {}, SourceKind.MONITOR, 0, "127.0.0.1", f"{server.base}/feed", "feed", Role.CIRCULATING, "en",
            options={"key_env": "FACTCHECK_TEST_KEY"},
        )  # fmt: skip
        fetcher = Fetcher(Settings(internal_targets=(server.pair,)), limits=Limits(total_s=20.0))
        assert not isinstance(fetcher.poll(source, source.url, None, None, None), Failed)
        assert KEY not in repr([a.headers for a in server.asked])
