"""The stage (a small real catalogue) and the site on it. One for reading, shared; one of its own for tests that
write.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.webapp.stage import Stage, build
from webapp import create_app
from webapp.limits import limiter


@pytest.fixture(scope="session")
def shared_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = build(tmp_path_factory.mktemp("stage"))
    yield stage
    stage.catalogue.close()


@pytest.fixture(scope="session")
def shared_site(shared_stage: Stage) -> Flask:
    return make_site(shared_stage)


@pytest.fixture
def site(shared_site: Flask) -> Flask:
    limiter.reset()
    return shared_site


@pytest.fixture
def reader(site: Flask) -> FlaskClient:
    """A browser without cookies."""
    return site.test_client()


@pytest.fixture
def own_stage(tmp_path: Path) -> Iterator[Stage]:
    """For tests that publish, correct, withdraw or let time pass."""
    stage = build(tmp_path)
    yield stage
    stage.catalogue.close()


@pytest.fixture
def own_site(own_stage: Stage) -> Flask:
    limiter.reset()
    return make_site(own_stage)


def make_site(stage: Stage) -> Flask:
    return create_app(stage.catalogue.settings, stage.catalogue)
