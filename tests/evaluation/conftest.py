"""A bench on each engine with the small set, and the run's Elasticsearch node where a test needs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.encode import HashedEncoder
from index.evaluation import data
from index.evaluation.bench import Bench, Engine, open_bench
from index.evaluation.vectors import RememberedEncoder
from index.settings import Settings
from tests.evaluation.small_set import write_set


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> data.Dataset:
    (dataset,) = data.load(write_set(tmp_path_factory.mktemp("data") / "small"))
    return dataset


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RememberedEncoder]:
    with RememberedEncoder(HashedEncoder(), tmp_path_factory.mktemp("vectors")) as remembered:
        yield remembered


@pytest.fixture(scope="session")
def embedded(small: data.Dataset, encoder: RememberedEncoder) -> Iterator[Bench]:
    with open_bench(small, Engine.EMBEDDED, Settings(encoder="hashed"), encoder) as bench:
        yield bench


@pytest.fixture(scope="session")
def elastic(small: data.Dataset, encoder: RememberedEncoder, elasticsearch_url: str) -> Iterator[Bench]:
    settings = Settings(search_url=elasticsearch_url, encoder="hashed")
    with open_bench(small, Engine.ELASTICSEARCH, settings, encoder) as bench:
        yield bench


@pytest.fixture(params=["embedded", pytest.param("elastic", marks=pytest.mark.elasticsearch)])
def bench(request: pytest.FixtureRequest) -> Bench:
    """The small set on one engine, then on the other."""
    found: Bench = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", encoder="hashed")
