"""`clarion sources check --all`: what it tells of sources that cannot be read, and how it treats their hosts."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from crawlers.check import check_source, check_sources
from crawlers.cli import _console
from crawlers.registry import Registry
from index.model import Source
from index.settings import Settings
from tests.crawlers.fakes import a_source
from tests.crawlers.loopback import at
from tests.crawlers.rude_server import Asked, RudeServer, Wire, by_path
from tests.crawlers.test_pipeline import rss
from tests.engines.processes import free_port


def told(*sources: Source, targets: tuple[str, ...] = ()) -> tuple[int, list[str]]:
    """The exit status and the lines of the table and below."""
    console = Console(file=io.StringIO(), width=200)
    settings = Settings(internal_targets=targets)
    status = check_sources(sources, Registry(sources), settings, console, lambda source_id, done: None)
    return status, console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_a_missing_key_and_a_host_that_does_not_answer_are_named_and_stop_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    nowhere, override = f"127.0.0.1:{free_port()}", {"reason": "written consent", "editor": "editor A"}
    keyless = {"aggregator": True, "key_env": "NO_SUCH_KEY", "robots_override": override}
    with RudeServer(by_path({"/feed": rss("a").encode(), "/robots.txt": (404, b"", {})})) as server:
        status, lines = told(
            a_source("keyless", format="factchecktools", options=keyless),
            a_source("unreachable", domain="127.0.0.1", url=f"http://{nowhere}/feed"),
            at(server, "/feed"),
            targets=(nowhere, server.pair),
        )
    rows = {line.split("│")[1].strip(): line for line in lines if "│" in line}
    assert "needs_token (the variable NO_SUCH_KEY is not set)" in rows["keyless"]
    told_of_unreachable = [cell.strip() for cell in rows["unreachable"].split("│")][7]
    assert told_of_unreachable == "error: connect (robots.txt could not be had)"
    assert [cell.strip() for cell in rows["s"].split("│")[2:4]] == ["ok", "1"]
    assert (status, lines[-1]) == (1, "3 sources, doubts about 3")


def test_sources_of_one_host_are_asked_a_second_apart_and_for_its_robots_once() -> None:
    starts: list[float] = []

    def feed(wire: Wire, asked: Asked) -> None:
        starts.append(time.monotonic())
        wire.answer(200, rss(asked.path).encode())

    table = {"/a": feed, "/b": feed, "/c": feed, "/robots.txt": (404, b"", {})}
    with RudeServer(by_path(table)) as server:
        told(at(server, "/a"), at(server, "/b"), at(server, "/c"), targets=(server.pair,))
        assert server.paths() == ["/robots.txt", "/a", "/b", "/c"]
    assert starts[2] - starts[1] >= 0.9


def test_what_a_source_wrote_is_shown_as_it_stands_and_doubts_say_of_how_many(
    capsys: pytest.CaptureFixture[str],
) -> None:
    dated = "<item><guid>1</guid><title>[/b] [red]fire[/red] :smile:</title><pubDate>Sun, 01 Mar 2026 08:00:00 GMT"
    feed = f"<rss version='2.0'><channel>{dated}</pubDate></item><item><title>two</title></item></channel></rss>"
    with RudeServer(by_path({"/feed": feed.encode(), "/robots.txt": (404, b"", {})})) as server:
        source, settings = at(server, "/feed"), Settings(internal_targets=(server.pair,))
        assert check_source(source, Registry((source,)), settings, _console()) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any("│ [/b] [red]fire[/red] :smile: │" in line for line in lines)
    assert "doubt: 1 of 2 items without a date" in lines


def test_of_a_source_that_cannot_be_read_the_failure_is_told_once_and_no_empty_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    forbidden = (200, b"User-agent: *\nDisallow: /", {})
    with RudeServer(by_path({"/robots.txt": forbidden})) as server:
        source, settings = at(server, "/feed"), Settings(internal_targets=(server.pair,))
        assert check_source(source, Registry((source,)), settings, _console()) == 1
    told_of_it = [line for line in capsys.readouterr().out.splitlines() if " [" not in line]  # without the log
    assert told_of_it[0] == "error: robots (robots.txt does not allow this address)"
    assert len(told_of_it) == 2 and told_of_it[1].startswith("0 items, 0 rejected, 0 bytes")
