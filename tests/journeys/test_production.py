"""The very commands of deploy/compose.yaml, as processes, on PostgreSQL and a real Elasticsearch node.

No container engine is needed: what a container would run is started here, with the settings that compose gives it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser

from crawlers.samples.server import filled, serve
from tests.journeys.desk_steps import person
from tests.journeys.reader_steps import feed, reader
from tests.journeys.running import (
    CLARION,
    ROOT,
    Site,
    environment,
    free_port_pair,
    is_ready,
    plain,
    processes,
    wait_for,
)
from tests.journeys.test_demo import EVIDENCE

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.postgres, pytest.mark.elasticsearch]

API_PACE_S = 2.0  # between questions to the API, which answers a hundred a minute
EDITORS = (("editor A", "lighthouse-plum-7"), ("editor B", "cobalt-walnut-3"))
TEXT = {
    "headline": "微波加热不会让食物产生致癌物",
    "claim": "微波炉加热的食物会致癌",
    "truth": "微波只让食物里的水分子振动发热，不改变食物的性质，断电后也不会残留。",
    "circulating": "微波炉加热过的饭菜分子结构变了，长期吃等于慢性自杀。",
    "why": "微波属于非电离辐射，能量不足以打断化学键。各国监管机构都允许使用合格的微波炉。",
    "action": "微波加热是安全的烹调方式。请使用标明可微波的容器。",
}


def compose_command(service: str) -> list[str]:
    """What compose runs for a service, with the programs of this environment."""
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"]
    program, *arguments = services[service]["command"]
    found = shutil.which(program, path=str(Path(sys.executable).parent))
    assert found, f"{program} is not installed"
    return [found, *arguments]


@pytest.fixture(scope="module")
def production_env(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, elasticsearch_url: str
) -> dict[str, str]:
    folder, port = tmp_path_factory.mktemp("production"), free_port_pair()
    return environment(
        CLARION_DATA=str(folder / "data"),
        CLARION_DATABASE_URL=postgres_url,
        CLARION_SEARCH_URL=elasticsearch_url,
        CLARION_SEARCH_INDEX=f"journey-{port}",
        CLARION_SITE_URL=f"http://127.0.0.1:{port}",
        CLARION_SOURCES=str(folder / "sources.toml"),
        CLARION_INTERNAL_TARGETS=f"127.0.0.1:{port + 1}",
        WEB_BIND=f"127.0.0.1:{port}",
        WEB_CONCURRENCY="1",
    )


@pytest.fixture(scope="module")
def production(production_env: dict[str, str]) -> Iterator[Site]:
    env, sources = production_env, Path(production_env["CLARION_SOURCES"])
    site = Site(env["CLARION_SITE_URL"])
    with serve(int(site.url.rsplit(":", 1)[1]) + 1) as samples:
        sources.write_text(filled("sources.toml", samples.base_url), "utf-8")
        subprocess.run(compose_command("init"), cwd=ROOT, env=env, check=True)
        for name, password in EDITORS:
            subprocess.run([*CLARION, "editors", "add", name], env=env, input=f"{password}\n", text=True, check=True)
        commands = {service: compose_command(service) for service in ("web", "crawl", "deliver")}
        with processes(commands, env, sources.with_name("output.log")) as running:
            wait_for(lambda: is_ready(site.url), 120, "the site's start")
            wait_for(lambda: _is_crawled(site), 400, "a first poll of every source", API_PACE_S)
            wait_for(lambda: _knows(site, "微波炉加热的食物会致癌"), 240, "the index of what was crawled", API_PACE_S)
            yield site
            assert all(child.poll() is None for child in running.values()), "a process ended by itself"


def _is_crawled(site: Site) -> bool:
    sources = json.loads(site.get("/api/v1/sources").body)["sources"]
    return bool(sources) and all(s["last_success_at"] for s in sources)


def _knows(site: Site, text: str) -> bool:
    return _outcome(site, text) == "known"


def _outcome(site: Site, text: str) -> str:
    return str(json.loads(site.post_json("/api/v1/match", json.dumps({"text": text}).encode()).body)["outcome"])


def test_from_a_crawled_rumor_to_alert_correction_and_withdrawal(production: Site, browser: Browser) -> None:
    a, b, visitor = person(browser, production.url), person(browser, production.url), reader(browser, production.url)
    for someone, (name, password) in zip((a, b), EDITORS, strict=True):
        someone.log_in(name, password)
    a.open_claim("微波炉加热")
    a.write(TEXT, "false", ["health", "food"], EVIDENCE)
    check = a.submit()
    a.cannot_approve(check)
    b.approve(check)

    wording = "听说用微波炉热饭菜吃了会得癌症"
    wait_for(lambda: _outcome(production, wording) == "found", 60, "the alert's indexing", API_PACE_S)
    assert visitor.check("聽說用微波爐熱飯菜吃了會得癌症") == "found"
    assert visitor.headline() == TEXT["headline"]
    address = visitor.open_first()
    assert visitor.check("明天下午两点在社区活动室开业主大会") == "nothing"

    truth = TEXT["truth"] + "加热不均时请搅拌后再吃。"
    b.approve(a.correct(check, {"truth": truth}, "补充使用建议，结论不变。"))
    for kind, entries in feed(production, "all/zh-hans").items():
        assert any(truth in plain(e.content) for e in entries), kind

    reason = "引用的材料已被新版代替，现予撤回。"
    a.propose_withdrawal(check, reason)
    b.approve(check)
    visitor.page.goto(address)
    assert reason in visitor.page.content()
    for kind, entries in feed(production, "all/zh-hans").items():
        assert any(e.title.startswith("已撤回") and reason in plain(e.content) for e in entries), kind
    wait_for(lambda: _outcome(production, wording) != "found", 60, "the withdrawal's indexing", API_PACE_S)


def test_the_index_agrees_with_the_records_afterwards(production: Site, production_env: dict[str, str]) -> None:
    def agrees() -> bool:
        return subprocess.run([*CLARION, "check"], cwd=ROOT, env=production_env, check=False).returncode == 0

    wait_for(agrees, 60, "records and index in agreement")
