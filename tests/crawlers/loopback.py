"""One run of one source against a server on loopback: real transport and adapters, a catalogue in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from crawlers.adapters import adapter
from crawlers.adapters.protocol import Context, Parsed, Request
from crawlers.fetch import Fetcher
from crawlers.pipeline import Pipeline, Report
from crawlers.registry import Registry
from index.model import Item, Source
from index.settings import Settings
from tests.crawlers.fakes import START, FakeCatalogue, InProcessReader, a_lease, a_source, a_state
from tests.crawlers.rude_server import RudeServer

_POLLED = "0" * 64


def read(source: Source, body: str | bytes, url: str = "", **changes: Any) -> Parsed:
    """What the source's adapter makes of a body."""
    body = body.encode() if isinstance(body, str) else body
    request = changes.pop("request", Request(url or source.url))
    return adapter(source.format).read(body, Context(source, request, url or source.url, START, **changes))


def crawl(
    server: RudeServer,
    source: Source,
    catalogue: FakeCatalogue | None = None,
    environ: Mapping[str, str] | None = None,
    registry: Registry | None = None,
    is_first: bool = True,
) -> tuple[Report, tuple[Item, ...]]:
    """The report of a poll and the items that it handed over. `is_first`: with the page budget of a first import."""
    catalogue = catalogue or FakeCatalogue()
    settings = Settings(internal_targets=(server.pair,))
    fetcher = Fetcher(settings, sleep=lambda s: None, environ=environ or {})
    pipeline = Pipeline(catalogue, fetcher, InProcessReader(), registry or Registry((source,)), lambda: 0.5)
    state = a_state(source.id, body_sha256=None if is_first else _POLLED)
    report = pipeline.crawl(replace(a_lease(source, state), until=catalogue.now() + timedelta(minutes=1)))
    ((_, items, _),) = catalogue.recorded[-1:]
    return report, tuple(i.item for i in items)


def at(server: RudeServer, path: str, **changes: Any) -> Source:
    """A source that this server publishes."""
    return a_source("s", domain="127.0.0.1", url=f"{server.base}{path}", **changes)
