"""/metrics: there for a token, and for nobody else not even as a refusal."""

from __future__ import annotations

import dataclasses

import pytest
from flask.testing import FlaskClient

from tests.webapp.stage import Stage
from webapp import create_app

TOKEN = "0123456789abcdef" * 4


@pytest.fixture
def scraper(shared_stage: Stage) -> FlaskClient:
    settings = dataclasses.replace(shared_stage.catalogue.settings, metrics_token=TOKEN, trusted_proxies=1)
    return create_app(settings, shared_stage.catalogue).test_client()


def test_who_has_the_token_reads_the_figures(scraper: FlaskClient, shared_stage: Stage) -> None:
    answer = scraper.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert answer.text == shared_stage.catalogue.metrics()
    assert "\nclarion_claims_open " in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": TOKEN},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer \xff\xfe"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1", "X-Real-Ip": "127.0.0.1"},
    ],
    ids=str,
)
def test_for_everybody_else_there_is_no_such_page(scraper: FlaskClient, headers: dict[str, str]) -> None:
    answer = scraper.get("/metrics", headers=headers)
    assert answer.status_code == 404
    assert "clarion_" not in answer.text and "WWW-Authenticate" not in answer.headers
    assert scraper.get("/metrics", query_string={"token": TOKEN}).status_code == 404


def test_without_a_token_in_the_settings_nobody_reads_them(reader: FlaskClient) -> None:
    for given in ("", "Bearer", "Bearer "):
        assert reader.get("/metrics", headers={"Authorization": given}).status_code == 404
