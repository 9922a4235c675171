"""The servers under the tests are the real ones, and durable as in production."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from elasticsearch import Elasticsearch

from tests.engines.keeper import EngineKeeper


@pytest.mark.postgres
def test_postgres_runs_with_the_durability_of_production(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        settings = [connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")]
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert settings == [("on",), ("on",)]
    assert tables == (0,)


@pytest.mark.postgres
def test_each_new_database_is_another_and_empty(new_postgres_url: Callable[[], str]) -> None:
    first, second = new_postgres_url(), new_postgres_url()
    assert first != second


@pytest.mark.elasticsearch
@pytest.mark.parametrize(("fixture", "major"), [("elasticsearch_url", "8"), ("elasticsearch9_url", "9")])
def test_the_node_is_a_real_one_and_speaks_to_our_client(
    request: pytest.FixtureRequest, fixture: str, major: str
) -> None:
    url = request.getfixturevalue(fixture)
    client = Elasticsearch(url)
    client.options(ignore_status=404).indices.delete(index="test-engines")
    client.index(index="test-engines", id="1", document={"words": "a b"}, version=7, version_type="external")
    client.indices.refresh(index="test-engines")
    hits = client.search(index="test-engines", query={"match": {"words": "b"}}, version=True)["hits"]["hits"]
    client.indices.delete(index="test-engines")
    with urllib.request.urlopen(f"{url}/_nodes/_local/jvm") as response:
        node = next(iter(json.load(response)["nodes"].values()))
    assert [(hit["_id"], hit["_version"]) for hit in hits] == [("1", 7)]
    assert node["version"].split(".")[0] == major


@pytest.mark.browser
def test_chromium_draws_chinese_with_a_font_made_for_it(browser: Any) -> None:
    page = browser.new_page()
    page.set_content("<html lang=zh-Hans><p id=a>辟谣</p>")
    tools = page.context.new_cdp_session(page)
    tools.send("DOM.enable")
    tools.send("CSS.enable")
    root = tools.send("DOM.getDocument")["root"]["nodeId"]
    node = tools.send("DOM.querySelector", {"nodeId": root, "selector": "#a"})["nodeId"]
    fonts = [font["familyName"] for font in tools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]]
    page.close()
    assert fonts and all("CJK" in font for font in fonts)


def test_the_html_checker_tells_a_valid_page_from_a_broken_one(
    html_errors: Callable[[str | bytes], list[str]],
) -> None:
    page = "<!DOCTYPE html><html lang=en><title>T</title><p>{}</html>"
    assert html_errors(page.format("fine")) == []
    assert len(html_errors(page.format("<b>not closed"))) >= 1


def test_the_accessibility_checker_finds_an_image_without_text(browser: Any, axe_source: str) -> None:
    page = browser.new_page()
    page.set_content("<html lang=en><title>T</title><main><h1>T</h1><img src=data:,></main></html>")
    page.evaluate(axe_source)
    violations = page.evaluate("axe.run().then(result => result.violations.map(one => one.id))")
    page.close()
    assert violations == ["image-alt"]


@pytest.mark.postgres
@pytest.mark.usefixtures("postgres_server_url")  # skips where there is none
def test_an_engine_ends_with_the_run_that_asked_for_it_even_if_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as owner:
        url = EngineKeeper(tmp_path, owner.pid).address("postgres", "postgres").replace("+psycopg", "")
        psycopg.connect(url).close()
        owner.kill()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            psycopg.connect(url, connect_timeout=1).close()
        except psycopg.OperationalError:
            return
        time.sleep(0.2)
    pytest.fail("the server outlived the run by 30 s")


def test_a_missing_engine_is_reported_with_its_reason(tmp_path: Path) -> None:
    keeper = EngineKeeper(tmp_path, owner=0)
    keeper.note_missing("postgres", "no server here")
    assert keeper.missing() == {"postgres": "no server here"}
