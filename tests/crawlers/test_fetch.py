"""Polite fetching on loopback: validators byte for byte, robots first, statuses as codes, pace inside a run."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from crawlers.fetch import Failed, Fetched, Fetcher, NotModified, Unchanged
from index.model import Role, Source, SourceKind
from index.outbound import Limits
from index.settings import Settings
from tests.crawlers.rude_server import Asked, RudeServer, Wire, by_path

FEED = b"<rss version='2.0'><channel/></rss>"


def fetcher(*servers: RudeServer, sleep: Any = lambda s: None, **settings: Any) -> Fetcher:
    pairs = tuple(server.pair for server in servers)
    return Fetcher(Settings(internal_targets=pairs, **settings), limits=Limits(total_s=3.0), sleep=sleep)


def source_at(url: str, **options: object) -> Source:
    return Source(
        "s", {"en": "S"}, SourceKind.MONITOR, 0, "127.0.0.1", url, "feed", Role.CIRCULATING, "en", options=options
    )


def poll(
    server: RudeServer,
    path: str = "/feed",
    etag: str | None = None,
    modified: str | None = None,
    sha: str | None = None,
) -> Any:
    url = server.base + path
    return fetcher(server).poll(source_at(url), url, etag, modified, sha)


def feed_server(status: int = 200, body: bytes = FEED, headers: Mapping[str, str] | None = None) -> RudeServer:
    return RudeServer(by_path({"/feed": (status, body, headers or {}), "/robots.txt": (404, b"", {})}))


@pytest.mark.parametrize(
    "etag", ['"a"', 'W/"a"', "unquoted", '"a b,c;d"', "'single'", '"äö"'.encode().decode("latin-1")]
)
def test_a1_validators_go_back_byte_for_byte(etag: str) -> None:
    modified = "Sun, 01 Mar 2026 12:00:00 +0100 (odd)"
    with feed_server(headers={"ETag": etag, "Last-Modified": modified}) as server:
        first = poll(server)
        assert isinstance(first, Fetched) and (first.etag, first.last_modified) == (etag, modified)
        poll(server, etag=first.etag, modified=first.last_modified)
        asked = [a for a in server.asked if a.path == "/feed"]
        assert "if-none-match" not in asked[0].headers
        assert (asked[1].headers["if-none-match"], asked[1].headers["if-modified-since"]) == (etag, modified)


def test_a1_a_304_is_not_modified() -> None:
    with feed_server(304, b"") as server:
        assert isinstance(poll(server, etag='"a"'), NotModified)


def test_q28_a_304_that_was_not_asked_for_is_malformed() -> None:
    with feed_server(304, b"") as server:
        outcome = poll(server)
        assert isinstance(outcome, Failed) and outcome.code == "malformed"


def test_a1_the_same_body_again_is_unchanged_and_brings_its_newer_validators() -> None:
    with feed_server(headers={"ETag": '"2"'}) as server:
        first = poll(server)
        again = poll(server, etag='"1"', sha=first.sha256)
        assert isinstance(again, Unchanged) and again.etag == '"2"'


def test_q28_an_equal_etag_with_a_new_body_is_fetched() -> None:
    with feed_server(headers={"ETag": '"1"'}) as server:
        assert isinstance(poll(server, etag='"1"', sha="0" * 64), Fetched)


def test_a1_a_thousand_polls_of_an_unchanged_feed_send_one_request_without_validators() -> None:
    def behave(wire: Wire, asked: Asked) -> None:
        if asked.path == "/robots.txt":
            wire.answer(404)
        elif "if-none-match" in asked.headers:
            wire.answer(304, b"", {"ETag": '"1"'})
        else:
            wire.answer(200, FEED, {"ETag": '"1"'})

    with RudeServer(behave) as server:
        fetch, source = fetcher(server), source_at(server.base + "/feed")
        etag = None
        for _ in range(100):  # one tenth of the nightly size
            outcome = fetch.poll(source, source.url, etag, None, None)
            etag = outcome.etag if isinstance(outcome, Fetched) else etag
        polls = [a.headers.get("if-none-match") for a in server.asked if a.path == "/feed"]
        assert polls.count(None) == 1 and polls.count('"1"') == 99
        assert server.paths().count("/robots.txt") == 1


@pytest.mark.parametrize(
    ("status", "code", "permanent"),
    [(401, "unauthorized", True), (403, "forbidden", True), (404, "not_found", True), (410, "gone", True),
     (418, "not_found", True), (429, "rate_limited", False), (500, "server_error", False), (502, "server_error", False),
     (503, "server_error", False), (300, "redirect_refused", False)],
)  # fmt: skip
def test_a_status_becomes_a_stable_code(status: int, code: str, permanent: bool) -> None:
    with feed_server(status, b"whatever") as server:
        outcome = poll(server)
        assert isinstance(outcome, Failed)
        assert (outcome.code, outcome.permanent, outcome.status) == (code, permanent, status)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "expected"), [("90", 90), ("0", 0), ("1000000000000", 86400), ("junk", None), ("-1", None)]
)
def test_a3_retry_after_is_read_on_429_and_503(status: int, value: str, expected: int | None) -> None:
    with feed_server(status, b"", {"Retry-After": value}) as server:
        outcome = poll(server)
        assert isinstance(outcome, Failed) and outcome.retry_after_s == expected
        assert outcome.code == ("server_error" if status == 503 and expected is None else "rate_limited")


@pytest.mark.parametrize("status", [200, 403, 503])
def test_q27_a_challenge_page_is_told_from_an_answer(status: int) -> None:
    page = b"<html><title>Just a moment...</title><script>window._cf_chl_opt={}</script></html>"
    with feed_server(status, page) as server:
        outcome = poll(server)
        assert isinstance(outcome, Failed) and outcome.code == "challenge"


def test_an_empty_body_is_said_to_be_empty() -> None:
    with feed_server(200, b" \n ") as server:
        assert poll(server).code == "empty_body"


def test_q24_gzip_without_its_header_is_unpacked_once() -> None:
    with feed_server(200, gzip.compress(FEED)) as server:
        assert poll(server).body == FEED


def test_a7_gzip_inside_gzip_is_refused() -> None:
    with feed_server(200, gzip.compress(gzip.compress(FEED)), {"Content-Encoding": "gzip"}) as server:
        assert poll(server).code == "bad_content_encoding"


def test_q21_a_truncated_body_is_told_to_the_adapter_and_never_counts_as_unchanged() -> None:
    with feed_server(200, FEED, {"Content-Length": "9999"}) as server:
        first = poll(server)
        assert isinstance(first, Fetched) and first.is_truncated
        assert isinstance(poll(server, sha=first.sha256), Fetched)


def test_the_robot_gives_its_name_and_an_address() -> None:
    with feed_server() as server:
        fetch = fetcher(server, site_url="https://alerts.example")
        fetch.poll(source_at(server.base + "/feed"), server.base + "/feed", None, None, None)
        assert {a.headers["user-agent"] for a in server.asked} == {"ClarionBot/1.0 (+https://alerts.example/bot)"}


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        (403, {}, "forbidden"),
        (403, {"cf-mitigated": "challenge"}, "challenge"),
        (503, {"cf-mitigated": "challenge"}, "challenge"),
        (200, {"CF-Mitigated": "Challenge"}, "challenge"),
        (451, {}, "not_found"),
    ],
)
def test_q27_a_door_shut_to_our_name_is_told_by_code_and_the_pages_text_goes_nowhere(
    status: int, headers: dict[str, str], code: str
) -> None:
    with feed_server(status, b"<html><body>Your robot is not welcome</body></html>", headers) as server:
        outcome = poll(server)
        assert isinstance(outcome, Failed) and outcome.code == code
        assert "welcome" not in repr(outcome)
        assert [a.headers["user-agent"][:11] for a in server.asked if a.path == "/feed"] == ["ClarionBot/"]


@pytest.mark.parametrize("modified", ["Sun, 01 Mar 2099 12:00:00 GMT", "yesterday", "-1", "0"])
def test_q28_a_last_modified_of_the_future_or_of_no_form_is_only_sent_back_and_the_body_decides(modified: str) -> None:
    with feed_server(headers={"Last-Modified": modified}) as server:
        first = poll(server)
        assert isinstance(first, Fetched) and first.last_modified == modified
        assert isinstance(poll(server, modified=modified, sha="0" * 64), Fetched)
        assert isinstance(poll(server, modified=modified, sha=first.sha256), Unchanged)
        assert server.asked[-1].headers["if-modified-since"] == modified


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "date", "expected"),
    [
        ("Sun, 01 Mar 2026 12:05:00 GMT", "Sun, 01 Mar 2026 12:04:00 GMT", 60),
        ("Sun, 01 Mar 2099 12:05:00 GMT", "Sun, 01 Mar 2026 12:04:00 GMT", 86400),
        ("Sun, 01 Mar 2026 11:00:00 GMT", "Sun, 01 Mar 2026 12:04:00 GMT", 0),
        ("90", "Sun, 01 Mar 2099 12:04:00 GMT", 90),
    ],
)
def test_q28_a_date_as_retry_after_is_read_against_the_servers_own_clock(
    status: int, value: str, date: str, expected: int
) -> None:
    with feed_server(status, b"", {"Retry-After": value, "Date": date}) as server:
        outcome = poll(server)
        assert isinstance(outcome, Failed) and (outcome.code, outcome.retry_after_s) == ("rate_limited", expected)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_q29_a_loop_of_redirects_is_refused_after_one_round(status: int) -> None:
    table = {"/feed": (status, b"", {"Location": "/b"}), "/b": (status, b"", {"Location": "/feed"})}
    with RudeServer(by_path(table)) as server:
        outcome = poll(server)
        assert isinstance(outcome, Failed) and outcome.code == "redirect_refused"
        assert server.paths() == ["/robots.txt", "/feed", "/b"]


def test_q29_a_geographic_redirect_is_followed_with_its_hop_told() -> None:
    with RudeServer(by_path({"/feed": (302, b"", {"Location": "/intl/feed"}), "/intl/feed": FEED})) as server:
        outcome = poll(server)
        assert isinstance(outcome, Fetched)
        assert [(h.status, h.url) for h in outcome.hops] == [(302, server.base + "/feed")]
        assert outcome.url == server.base + "/intl/feed"


# --- robots ----------------------------------------------------------------------------------------------------------


def test_a14_what_robots_forbids_is_never_asked_for() -> None:
    rules = (200, b"User-agent: ClarionBot\nDisallow: /feed", {})
    with RudeServer(by_path({"/feed": FEED, "/robots.txt": rules})) as server:
        outcome = poll(server)
        assert isinstance(outcome, Failed) and outcome.code == "robots"
        assert outcome.permanent, "such a page of a list does not keep its source from being read whole"
        assert server.paths() == ["/robots.txt"]


def test_a14_an_editor_may_override_with_a_recorded_reason() -> None:
    rules = (200, b"User-agent: *\nDisallow: /", {})
    with RudeServer(by_path({"/feed": FEED, "/robots.txt": rules})) as server:
        url = server.base + "/feed"
        source = source_at(url, robots_override={"reason": "written consent", "editor": "editor A"})
        assert isinstance(fetcher(server).poll(source, url, None, None, None), Fetched)


@pytest.mark.parametrize(("hops", "is_read"), [(0, True), (5, True), (6, False)])
def test_a14_up_to_five_redirects_of_robots_are_followed(hops: int, is_read: bool) -> None:
    table: dict[str, Any] = {"/feed": FEED, f"/r{hops}": b"", "/robots.txt": (302, b"", {"Location": "/r1"})}
    table |= {f"/r{n}": (302, b"", {"Location": f"/r{n + 1}"}) for n in range(1, hops)}
    if hops == 0:
        table["/robots.txt"] = b"User-agent: *\nAllow: /"
    with RudeServer(by_path(table)) as server:
        assert isinstance(poll(server), Fetched) is is_read


@pytest.mark.parametrize(("status", "code"), [(500, "server_error"), (503, "server_error"), (429, "rate_limited")])
def test_a14_robots_that_cannot_be_had_closes_the_host_and_is_not_called_the_publishers_will(
    status: int, code: str
) -> None:
    with RudeServer(by_path({"/feed": FEED, "/robots.txt": (status, b"", {})})) as server:
        outcome = poll(server)
        assert isinstance(outcome, Failed)
        assert (outcome.code, outcome.permanent, outcome.detail) == (code, False, "robots.txt could not be had")
        assert server.paths() == ["/robots.txt"]


def test_a_dead_host_is_said_to_be_dead_and_not_to_forbid_us() -> None:
    with RudeServer(by_path({})) as server:
        pass  # nobody listens there any more
    outcome = poll(server)
    assert isinstance(outcome, Failed) and outcome.code == "connect"


# --- pace ------------------------------------------------------------------------------------------------------------


def test_a13_further_pages_of_a_run_start_a_second_apart() -> None:
    slept: list[float] = []
    with RudeServer(by_path({"/feed": FEED, "/1": b"x", "/2": b"x", "/3": b"x"})) as server:
        fetch = Fetcher(Settings(internal_targets=(server.pair,)), sleep=slept.append, monotonic=lambda: 100.0)
        source = source_at(server.base + "/feed")
        fetch.poll(source, source.url, None, None, None)
        for n in (1, 2, 3):
            assert isinstance(fetch.page(source, f"{server.base}/{n}"), Fetched)
    assert slept == [1.0, 2.0, 3.0]


def test_a_registered_internal_source_may_go_without_pace() -> None:
    slept: list[float] = []
    with RudeServer(by_path({"/1": b"x"})) as server:
        source = source_at(server.base + "/feed", pace_s=0)
        fetch = fetcher(server, sleep=slept.append)
        for _ in range(3):
            fetch.page(source, server.base + "/1")
    assert slept == []


def test_a_network_failure_keeps_its_code() -> None:
    with feed_server() as server:
        pair, url = server.pair, server.base + "/feed"
    source = source_at(url, robots_override={"reason": "r", "editor": "e"})
    outcome = Fetcher(Settings(internal_targets=(pair,))).poll(source, url, None, None, None)
    assert isinstance(outcome, Failed) and outcome.code == "connect"


def test_without_an_internal_target_loopback_is_blocked() -> None:
    source = source_at("http://127.0.0.1/feed", robots_override={"reason": "r", "editor": "e"})
    outcome = Fetcher(Settings()).poll(source, source.url, None, None, None)
    assert isinstance(outcome, Failed) and outcome.code == "blocked_address"


def test_a3_a_pause_counts_for_every_source_of_the_host_and_ends() -> None:
    clock = [100.0]
    limited = (429, b"", {"Retry-After": "60"})
    with RudeServer(by_path({"/a": limited, "/b": FEED})) as server:
        fetch = Fetcher(Settings(internal_targets=(server.pair,)), monotonic=lambda: clock[0], sleep=lambda s: None)
        one, two = source_at(server.base + "/a"), source_at(server.base + "/b")
        assert fetch.poll(one, one.url, None, None, None).code == "rate_limited"
        clock[0] += 50
        held = fetch.poll(two, two.url, None, None, None)
        assert isinstance(held, Failed) and (held.code, held.retry_after_s) == ("rate_limited", 10)
        assert "/b" not in server.paths()
        clock[0] += 11
        assert isinstance(fetch.poll(two, two.url, None, None, None), Fetched)


def test_a15_only_the_registered_port_is_added_and_only_for_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        dialled.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a: [(socket.AF_INET, 1, 6, "", ("8.8.8.8", a[1]))])
    source = source_at("https://news.example:8443/feed", robots_override={"reason": "r", "editor": "e"})
    fetch = Fetcher(Settings(), sleep=lambda s: None)
    assert fetch.poll(source, source.url, None, None, None).code == "connect"
    assert fetch.page(source, "https://news.example:9000/x").code == "blocked_address"
    other = source_at("https://news.example/feed", robots_override={"reason": "r", "editor": "e"})
    assert fetch.page(other, "https://news.example:8443/x").code == "blocked_address"
    assert dialled == [("8.8.8.8", 8443)]
