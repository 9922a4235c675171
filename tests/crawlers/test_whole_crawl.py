"""Real parts together: bundled samples over loopback, parsing children, the catalogue on SQLite, the command line."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawlers.cli import register
from crawlers.fetch import Fetcher
from crawlers.pipeline import Pipeline, Report
from crawlers.registry import Registry, parse_registry
from crawlers.samples.server import SampleServer, filled
from crawlers.schedule import crawl_once
from index import Catalogue, open_catalogue
from index.errors import InvalidInput, NotFound
from index.model import Health
from index.settings import Settings
from tests.crawlers.fakes import InProcessReader
from tests.crawlers.loopback import at
from tests.crawlers.rude_server import Asked, RudeServer, Wire, by_path
from tests.index.house import MovableClock

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[SampleServer]:
    with SampleServer(0) as server:
        yield server


@pytest.fixture(scope="module")
def broken() -> Iterator[RudeServer]:
    """A publisher whose every answer is useless."""
    with RudeServer(by_path({"/feed": b"<html><body>maintenance</body></html>"})) as server:
        yield server


@pytest.fixture(scope="module")
def settings(server: SampleServer, broken: RudeServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("clarion")
    pairs = (f"127.0.0.1:{server.port}", broken.pair)
    registry = folder / "sources.toml"
    registry.write_text(with_quick_pace(filled("sources.toml", server.base_url)) + one_more(broken), "utf-8")
    return Settings(data_dir=folder, encoder="hashed", internal_targets=pairs, sources=registry)


def with_quick_pace(text: str) -> str:
    """The samples' own server needs no second between two pages."""
    return text.replace("pace_s = 0\n", "").replace("known_by = ", "pace_s = 0\nknown_by = ")


def one_more(broken: RudeServer) -> str:
    return f"""
[[source]]
id = "broken"
name = {{ en = "Broken" }}
kind = "monitor"
authority = 0
domain = "127.0.0.1"
url = "{broken.base}/feed"
format = "feed"
role = "circulating"
language = "en"
licence = {{ terms = "t", reviewed_on = 2026-11-01, attribution = "a" }}
known_by = "code"
enabled = true
"""


@pytest.fixture(scope="module")
def registry(settings: Settings) -> Registry:
    assert settings.sources is not None
    return parse_registry(tomllib.loads(settings.sources.read_text("utf-8")), frozenset(settings.internal_targets))


@pytest.fixture(scope="module")
def catalogue(settings: Settings, registry: Registry) -> Iterator[Catalogue]:
    catalogue = open_catalogue(settings)
    catalogue.migrate()
    catalogue.put_sources(registry.sources)
    yield catalogue
    catalogue.close()


@pytest.fixture(scope="module")
def first(catalogue: Catalogue, settings: Settings, registry: Registry) -> dict[str, Report]:
    return {r.source_id: r for r in crawl_once(catalogue, settings, registry)}


def test_every_sample_source_is_read_and_the_broken_one_stops_none(
    first: dict[str, Report], registry: Registry
) -> None:
    assert set(first) == {s.id for s in registry.sources}
    assert {i: (r.status, r.code) for i, r in first.items() if r.status != "ok"} == {"broken": ("error", "not_a_feed")}
    assert all(r.bad == 0 for r in first.values())


def test_claims_and_refutations_are_recorded_in_the_numbers_the_samples_have(
    first: dict[str, Report], registry: Registry, catalogue: Catalogue
) -> None:
    kinds = {s.id: s.kind.value for s in registry.sources}
    circulating = sum(r.new + r.variant + r.repeat for i, r in first.items() if kinds[i] == "monitor")
    reviews = sum(r.new for i, r in first.items() if kinds[i] != "monitor")
    assert circulating >= 60 and reviews >= 30
    assert catalogue.sync().pending_count == 0


def test_each_source_shows_its_state(first: dict[str, Report], catalogue: Catalogue) -> None:
    for row in catalogue.sources():
        assert row.state is not None and row.state.last_checked_at is not None
        if row.source.id == "broken":
            assert (row.state.health, row.state.error_code, row.state.error_count) == (Health.FAILING, "not_a_feed", 1)
        else:
            assert (row.state.health, row.state.error_code) == (Health.OK, None)
            assert row.state.etag and row.state.body_sha256


def test_a_second_round_asks_conditionally_and_records_nothing(
    first: dict[str, Report], catalogue: Catalogue, settings: Settings, registry: Registry
) -> None:
    again = crawl_once(catalogue, settings, registry, ["sample-joint", "sample-list", "sample-check", "sample-posts-c"])
    assert [r.status for r in again] == ["not_modified"] * 4
    assert sum(r.new + r.revised + r.variant for r in again) == 0


def clarion(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("CLARION_")} | settings.to_env()
    command = [sys.executable, "-m", "index.cli", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def command(settings: Settings, *arguments: str) -> int:
    """A command in this process, as `index.cli` calls it."""
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    args = parser.parse_args(arguments)
    status: int = args.func(args, settings)
    return status


def test_the_commands_list_and_show_health(
    first: dict[str, Report], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(settings, "sources", "list") == 0
    listed = capsys.readouterr().out
    assert "sample-joint" in listed and "listing" in listed
    assert command(settings, "sources", "health") == 0
    health = capsys.readouterr().out
    assert "not_a_feed" in health and "failing" in health
    assert health.splitlines()[-1] == "12 sources: 11 ok, 1 failing; times in UTC"
    (line,) = [line for line in health.splitlines() if "sample-joint" in line]
    cells = [cell.strip() for cell in line.strip("│").split("│")]
    assert (cells[1], cells[2], cells[6], cells[8]) == ("official", "ok", "0", "12"), "kind, health, errors, new items"


def test_health_before_the_first_crawl_says_where_sources_come_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = Settings(data_dir=tmp_path, encoder="hashed")
    catalogue = open_catalogue(empty)
    catalogue.migrate()
    catalogue.close()
    assert command(empty, "sources", "health") == 0
    assert capsys.readouterr().out == "no source is known yet: `clarion crawl` takes them from the registry\n"


def test_check_of_all_sources_prints_a_line_each_and_says_how_many_are_in_doubt(
    first: dict[str, Report], settings: Settings, catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {row.source.id: row.state for row in catalogue.sources()}
    assert command(settings, "sources", "check", "--all") == 1
    told = capsys.readouterr().out
    assert all(source_id in told for source_id in before)
    assert "12 sources, doubts about" in told and "error: not_a_feed" in told
    assert {row.source.id: row.state for row in catalogue.sources()} == before


def test_check_polls_once_and_records_nothing(
    first: dict[str, Report], settings: Settings, catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {row.source.id: row.state for row in catalogue.sources()}
    assert command(settings, "sources", "check", "sample-joint") == 0
    assert "12 items, 0 rejected" in capsys.readouterr().out
    assert command(settings, "sources", "check", "broken") == 1
    assert "not_a_feed" in capsys.readouterr().out
    assert {row.source.id: row.state for row in catalogue.sources()} == before


def test_check_without_a_source_reads_the_registry_file(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(settings, "sources", "check") == 0
    assert "12 sources" in capsys.readouterr().out
    with pytest.raises(NotFound):
        command(settings, "sources", "check", "nobody")


def test_one_round_by_command_shows_a_row_a_source_and_fails_if_one_did(
    first: dict[str, Report], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(settings, "crawl", "--once", "sample-joint") == 0
    assert "not_modified" in capsys.readouterr().out
    assert command(settings, "crawl", "--once", "broken") == 1


def test_a_bad_registry_names_the_entry_and_the_key(settings: Settings, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('[[source]]\nid = "xx"\ncolour = "red"\n')
    with pytest.raises(InvalidInput, match=r"xx.*colour"):
        command(settings, "sources", "list", "--sources", str(bad))


def test_the_crawl_process_takes_the_clock_and_ends_on_sigterm(settings: Settings, catalogue: Catalogue) -> None:
    process = clarion(settings, "crawl")
    lines: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stderr.readline, "")))  # type: ignore[union-attr]
    reader.start()
    try:
        for _ in range(600):
            if any("clock_taken" in line for line in lines):
                break
            time.sleep(0.1)
        assert any("crawl_started" in line or "clock_taken" in line for line in lines)
        assert catalogue.take_lease("clock", "another", 10.0) is None
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        reader.join(10)
    assert process.returncode == 0
    assert any("crawl_stopped" in line for line in lines)
    assert catalogue.take_lease("clock", "another", 1.0) is not None, "the clock was given back"


def test_a19_a_worker_that_died_holds_a_source_no_longer_than_its_lease(
    first: dict[str, Report], settings: Settings, catalogue: Catalogue, registry: Registry
) -> None:
    catalogue.set_due("sample-joint")
    dead = [lease for lease in catalogue.lease_sources("dead", 10, lease_s=1.0) if lease.source.id == "sample-joint"]
    assert len(dead) == 1
    reports = crawl_once(catalogue, settings, registry, ["sample-joint"])
    assert [r.status for r in reports] == ["not_modified"]
    late = dead[0].state
    assert catalogue.record(dead[0], [], late) is None, "a late commit is thrown away"


def test_a19_a_killed_process_leaves_every_source_due_or_read(settings: Settings, catalogue: Catalogue) -> None:
    marked = catalogue.now()
    ids = [row.source.id for row in catalogue.sources()]
    for source_id in ids:
        catalogue.set_due(source_id)
    process = clarion(settings, "crawl")
    time.sleep(4)
    process.kill()
    process.communicate()
    states = {row.source.id: row.state for row in catalogue.sources()}
    assert set(states) == set(ids)
    for state in states.values():
        assert state is not None and state.last_checked_at is not None
        is_read = state.last_checked_at >= marked and state.next_check_at > marked
        is_due = state.next_check_at <= catalogue.now()
        assert is_read or is_due, state



def test_a_feed_over_the_wire_leaves_its_samples_and_names_its_program_in_real_records(tmp_path: Path) -> None:
    item = b"<item><title>t</title><guid>g</guid></item>"
    feed = b"<rss version='2.0'><channel><generator>Hugo 0.1</generator>" + item + b"</channel></rss>"
    bodies = iter([feed, b"<html>maintenance</html>"])

    def site(wire: Wire, asked: Asked) -> None:
        wire.answer(404) if "robots" in asked.path else wire.answer(200, next(bodies))

    with RudeServer(site) as server:
        settings = Settings(internal_targets=(server.pair,), data_dir=tmp_path, encoder="hashed")
        clock = MovableClock()
        catalogue = open_catalogue(settings, clock=clock)
        catalogue.migrate()
        source = at(server, "/feed")
        catalogue.put_sources([source])
        pipeline = Pipeline(catalogue, Fetcher(settings, sleep=lambda s: None), InProcessReader(), Registry((source,)))
        for _ in range(2):
            (lease,) = catalogue.lease_sources("worker", 1)
            pipeline.crawl(lease)
            clock.forward(hours=30)
        good, bad = catalogue.source_samples("s")
        assert (good.body, bad.body, good.url) == (feed, b"<html>maintenance</html>", source.url)
        assert [c.generator for c in catalogue.past_checks("s", 5)] == ["hugo"]
        catalogue.close()
