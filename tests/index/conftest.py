"""The catalogue on both sets of adapters: SQLite with the embedded engine, PostgreSQL with Elasticsearch."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from index import open_catalogue
from index.settings import Settings
from tests.index.house import House, MovableClock
from tests.records.fresh import fresh_url, migrated_url

__all__ = ["fresh_url", "migrated_url"]


@pytest.fixture(scope="session")
def node_with_index(elasticsearch_url: str) -> Iterator[tuple[str, str]]:
    """A node and the name of an index of this process's own: making one takes longer than most tests."""
    name = f"t{uuid.uuid4().hex[:12]}"
    yield elasticsearch_url, name
    with Elasticsearch(elasticsearch_url) as client:
        for index in client.indices.get_alias(index=f"{name}-*"):
            client.indices.delete(index=index, ignore_unavailable=True)


@pytest.fixture
def settings(request: pytest.FixtureRequest, fresh_url: str, tmp_path: Path) -> Settings:
    """An empty database and an empty index that this test has for itself."""
    if fresh_url.startswith("sqlite"):
        return Settings(data_dir=tmp_path, database_url=fresh_url, encoder="hashed")
    node, name = request.getfixturevalue("node_with_index")
    _empty(node, f"{name}-*")
    return Settings(
        data_dir=tmp_path, database_url=fresh_url, encoder="hashed", search_url=node, search_index=name,
        search_timeout_s=30.0,
    )  # fmt: skip


@pytest.fixture
def open_house(settings: Settings) -> Iterator[Callable[..., House]]:
    """Opens a house, with other settings if need be, or with adapters of the test's own."""
    opened: list[House] = []

    def open_with(search: Any = None, encoder: Any = None, **changes: Any) -> House:
        clock = MovableClock()
        catalogue = open_catalogue(replace(settings, **changes), clock=clock, search=search, encoder=encoder)
        opened.append(House(catalogue, clock))
        return opened[-1]

    yield open_with
    for house in opened:
        house.catalogue.close()


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house()


def _empty(node: str, pattern: str) -> None:
    """A node of the published jars has no delete-by-query. Tombstones go too, so ids must differ between tests."""
    with Elasticsearch(node) as client:
        client.indices.refresh(index=pattern)
        hits = client.search(index=pattern, query={"match_all": {}}, size=5_000, source=False)["hits"]["hits"]
        if hits:
            gone = [{"delete": {"_index": hit["_index"], "_id": hit["_id"]}} for hit in hits]
            client.bulk(operations=gone, refresh=True)
