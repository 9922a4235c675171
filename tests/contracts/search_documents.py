"""Small documents and engines for the suites of the port `Search`."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from index.model import DocKind, SearchDocument
from index.ports import Search
from index.search import open_search
from index.settings import Settings

MODEL, DIMENSIONS = "test-model", 8


def document(id: str, version: int = 1, **fields: Any) -> SearchDocument:
    fields.setdefault("kind", DocKind.ALERT)
    fields.setdefault("parent", id)
    return SearchDocument(id=id, version=version, **fields)


def tombstone(id: str, version: int) -> SearchDocument:
    return document(id, version, is_deleted=True)


def direction(degrees: float) -> tuple[float, ...]:
    """A unit vector in the plane of the first two axes, so that cosines are those of the angles between."""
    angle = math.radians(degrees)
    return (math.cos(angle), math.sin(angle), *([0.0] * (DIMENSIONS - 2)))


@contextmanager
def engines(search_url: str, folder: Path) -> Iterator[Callable[[], Search]]:
    """Opens any number of engines over one fresh index; closes them and clears the index away at the end."""
    settings = Settings(data_dir=folder, search_url=search_url, search_index=f"clarion-test-{secrets.token_hex(4)}")
    opened: list[Search] = []

    def open_one() -> Search:
        opened.append(open_search(settings, MODEL, DIMENSIONS))
        return opened[-1]

    yield open_one
    for engine in opened:
        engine.close()
    if search_url:
        with Elasticsearch(search_url) as client:
            for name in client.indices.get(index=f"{settings.search_index}-*"):
                client.indices.delete(index=name)
