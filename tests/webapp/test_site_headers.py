"""Headers of every kind of answer, who may send a form, which Host is answered, and what the log holds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from tests.webapp.looking import one, parsed, token, words
from tests.webapp.stage import Stage, settings
from webapp import create_app
from webapp.headers import CSP

ADDRESSES = [
    "/",
    "/en/alerts",
    "/feeds/all/en.atom",
    "/api/v1/alerts",
    "/static/site.css",
    "/nope",
    "/api/v1/nope",
    "/robots.txt",
    "/alerts?verdict=wrong",
    "/desk",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_the_security_headers(reader: FlaskClient, address: str) -> None:
    headers = reader.get(address).headers
    assert headers["Content-Security-Policy"] == CSP or address == "/desk"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Request-Id"].startswith("req_")
    assert "Strict-Transport-Security" not in headers  # plain http in tests
    assert "Server" not in headers and "X-Powered-By" not in headers


def test_over_https_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path, site_url="https://clarion.example"))
    client = app.test_client()
    headers = client.get("/livez", headers={"Host": "clarion.example"}).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert app.config["SESSION_COOKIE_NAME"].startswith("__Host-") and app.config["SESSION_COOKIE_SECURE"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8000", "a@127.0.0.1", ""])
def test_an_unknown_host_is_refused_without_being_repeated(reader: FlaskClient, host: str) -> None:
    answer = reader.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.get_data(as_text=True)


def test_addresses_that_leave_the_site_never_come_from_the_host_header(tmp_path: Path, shared_stage: Stage) -> None:
    site = dataclasses.replace(
        shared_stage.catalogue.settings, site_url="https://clarion.example", allowed_hosts=("internal.example",)
    )
    client = create_app(site, shared_stage.catalogue).test_client()
    for address in ("/feeds/all/en.json", "/api/v1/alerts", "/sitemap.xml"):
        body = client.get(address, headers={"Host": "internal.example", "X-Forwarded-Host": "evil.example"}).get_data(
            as_text=True
        )
        assert "https://clarion.example" in body and "internal.example" not in body and "evil" not in body


def test_forwarded_headers_count_only_behind_a_trusted_proxy(tmp_path: Path) -> None:
    def address_seen(trusted: int) -> str | None:
        app = create_app(settings(tmp_path, trusted_proxies=trusted))
        seen: list[str | None] = []

        @app.before_request
        def note() -> None:
            from flask import request

            seen.append(request.remote_addr)

        app.test_client().get("/livez", headers={"X-Forwarded-For": "203.0.113.9"})
        return seen[0]

    assert address_seen(0) == "127.0.0.1"
    assert address_seen(1) == "203.0.113.9"


def test_a_static_file_under_its_hash_is_kept_for_a_year_and_another_hash_is_not(reader: FlaskClient) -> None:
    page = reader.get("/").get_data(as_text=True)
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "?v=" in address
    assert reader.get(address).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert reader.get("/static/site.css?v=other").headers["Cache-Control"] == "public, max-age=300"


def test_a_form_is_refused_without_a_token_and_from_another_site(site: Flask) -> None:
    client = site.test_client()
    form = {"text": "某条消息的全文在这里", "agreed": "y"}
    assert client.post("/tips", data=form).status_code == 400
    own = token(client, "/tips")
    stranger = site.test_client()
    foreign = token(stranger, "/tips")
    assert client.post("/tips", data={**form, "csrf_token": foreign}).status_code == 400
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert client.post("/tips", data={**form, "csrf_token": own}, headers=headers).status_code == 403


def test_checking_needs_no_token_because_it_changes_nothing(reader: FlaskClient) -> None:
    assert reader.post("/check", data={"text": "5G 基站会传播新冠病毒"}).status_code == 200
    assert reader.post("/tips/start", data={"text": "5G 基站会传播新冠病毒"}).status_code == 200


def test_the_log_has_one_line_a_request_and_never_what_was_typed(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "只有我知道的一句话"
    client = site.test_client()
    with capture_logs() as lines:
        client.post("/check", data={"text": secret})
        client.get(f"/check?q={secret}")
        client.get(f"/tips/{secret}")
        client.get(f"/{secret}")
        client.post("/api/v1/match", json={"text": secret})
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["route"] for line in requests] == ["/check", "/check", "/tips/<receipt>", "-", "/api/v1/match"]
    assert all(
        set(line) == {"event", "log_level", "method", "route", "status", "ms", "request_id"} for line in requests
    )
    assert secret not in repr(lines)


def test_a_crash_is_a_plain_page_with_a_number_and_the_log_says_where_but_not_what(
    site: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.catalogue import Catalogue

    def fail(self: Catalogue, text: str, limit: int = 5) -> None:
        raise RuntimeError(f"cannot read {text}")

    monkeypatch.setattr(Catalogue, "answer", fail)
    client = site.test_client()
    with capture_logs() as lines:
        answer = client.post("/check", data={"text": "只有我知道的一句话"})
    body = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "RuntimeError" not in body and "Traceback" not in body
    assert "我们这边出了问题" in words(one(parsed(answer), ".//h1"))
    crash = next(line for line in lines if line["event"] == "crash")
    assert crash["error"] == "RuntimeError" and crash["request_id"] in body
    assert "只有我知道" not in repr(lines)


@pytest.mark.parametrize(
    ("prefix", "title"), [("", "没有这个页面"), ("/zh-hant", "沒有這個頁面"), ("/en", "There is no such page")]
)
def test_errors_speak_the_language_of_the_address(reader: FlaskClient, prefix: str, title: str) -> None:
    answer = reader.get(f"{prefix}/no-such-page")
    assert answer.status_code == 404 and words(one(parsed(answer), ".//h1")) == title


def test_the_other_errors_are_pages_too(site: Flask) -> None:
    client = site.test_client()
    assert client.post("/about").status_code == 405
    assert client.post("/check", data={"text": "长" * 300_000}).status_code == 413
    for _ in range(61):
        last = client.get("/check?q=5G")
    assert last.status_code == 429 and int(last.headers["Retry-After"]) > 0
    assert words(one(parsed(last), ".//h1")) == "短时间内请求太多"


def test_a_page_with_a_form_token_is_kept_by_nobody(reader: FlaskClient) -> None:
    answer = reader.get("/tips")
    assert "Set-Cookie" in answer.headers and answer.headers["Cache-Control"] == "no-store"
    assert "HttpOnly" in answer.headers["Set-Cookie"] and "SameSite=Lax" in answer.headers["Set-Cookie"]


def test_a_stale_form_says_what_to_do(reader: FlaskClient) -> None:
    answer = reader.post("/en/tips", data={"text": "x", "csrf_token": "old"})
    page = parsed(answer)
    assert answer.status_code == 400 and words(one(page, ".//h1")) == "This form has expired"


def test_in_training_mode_every_page_says_so_and_nothing_leaves_by_feed_api_or_sitemap(shared_stage: Stage) -> None:
    training = dataclasses.replace(shared_stage.catalogue.settings, is_training=True)
    client = create_app(training, shared_stage.catalogue).test_client()
    page = client.get("/")
    assert (
        "演练模式" in words(one(parsed(page), './/*[@class="training"]')) and page.headers["X-Robots-Tag"] == "noindex"
    )
    for address in ("/feeds/all/en.rss", "/api/v1/alerts", "/sitemap.xml"):
        assert client.get(address).status_code == 503, address
