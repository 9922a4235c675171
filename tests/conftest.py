"""Session-wide fixtures: the real engines, Chromium, and what happens where a machine lacks one of them.

A missing part skips its tests with one reason and one visible line at the end of the run; with CLARION_REQUIRE_ALL=1
(as .ci/run sets) it fails them instead. Addresses of engines that already run may be given by
CLARION_TEST_POSTGRES and CLARION_TEST_ELASTICSEARCH.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.engines.elasticsearch_node import VERSION_8, VERSION_9, jdk_for
from tests.engines.html_validator import errors_in
from tests.engines.keeper import EngineKeeper
from tests.engines.postgres_server import drop_database, new_database
from tests.engines.processes import EngineUnavailable

RUN_FOLDER = "CLARION_TEST_RUN"
AXE_SCRIPT = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
# Chromium talks to its maker's servers in the background unless told not to; tests send traffic to loopback only.
CHROMIUM_FLAGS = [
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-gpu", "--disable-quic",
]  # fmt: skip
# Elasticsearch 9 needs a JDK that Debian 12 does not carry, so a machine without one is complete all the same.
OPTIONAL = {"elasticsearch9"}

keeper_key = pytest.StashKey[EngineKeeper]()


# ------------------------------------------------------------------------------------------------- the run as a whole


def pytest_configure(config: pytest.Config) -> None:
    is_worker = hasattr(config, "workerinput")
    if not is_worker:
        os.environ[RUN_FOLDER] = tempfile.mkdtemp(prefix="clarion-tests-")
    owner = os.getppid() if is_worker else os.getpid()
    config.stash[keeper_key] = EngineKeeper(Path(os.environ[RUN_FOLDER]), owner)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, reason in config.stash[keeper_key].missing().items():
        word = "NOT RUN (optional)" if name in OPTIONAL else "FAILED" if _is_all_required() else "SKIPPED"
        terminalreporter.write_line(f"{word}: the {name} half did not run: {reason}", yellow=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or keeper_key not in config.stash:
        return
    config.stash[keeper_key].stop_all()
    shutil.rmtree(os.environ.pop(RUN_FOLDER), ignore_errors=True)


def _is_all_required() -> bool:
    return os.environ.get("CLARION_REQUIRE_ALL") == "1"


def _without(name: str, reason: str) -> NoReturn:
    if _is_all_required() and name not in OPTIONAL:
        pytest.fail(f"CLARION_REQUIRE_ALL is set and the {name} half cannot run: {reason}", pytrace=False)
    pytest.skip(f"{name}: {reason}")


def _engine(config: pytest.Config, name: str, *arguments: str) -> str:
    try:
        return config.stash[keeper_key].address(name, *arguments)
    except EngineUnavailable as unavailable:
        reason = str(unavailable)
    _without(name, reason)


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """On a busy machine an act of the desk still ends with the index in step, so that a test may look at once."""
    from index import sync

    sync.PATIENCE_S = 60.0


# --------------------------------------------------------------------------------------------------------- databases


@pytest.fixture(scope="session")
def postgres_server_url(pytestconfig: pytest.Config) -> str:
    """SQLAlchemy URL of the maintenance database of the run's PostgreSQL server."""
    return os.environ.get("CLARION_TEST_POSTGRES") or _engine(pytestconfig, "postgres", "postgres")


@pytest.fixture(scope="module")
def postgres_url(postgres_server_url: str) -> Iterator[str]:
    """A fresh, empty PostgreSQL database for this test module."""
    url = new_database(postgres_server_url)
    yield url
    drop_database(url)


@pytest.fixture
def new_postgres_url(postgres_server_url: str) -> Iterator[Callable[[], str]]:
    """Makes a fresh, empty PostgreSQL database at each call, for one test."""
    made: list[str] = []

    def make() -> str:
        made.append(new_database(postgres_server_url))
        return made[-1]

    yield make
    for url in made:
        drop_database(url)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An empty database for this test module: once in SQLite, once in PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'clarion.db'}"
    return str(request.getfixturevalue("postgres_url"))


# ------------------------------------------------------------------------------------------------------------ search


@pytest.fixture(scope="session")
def elasticsearch_url(pytestconfig: pytest.Config) -> str:
    """The run's Elasticsearch 8.19 node. Shared: name indexes with a random part of your own."""
    running = os.environ.get("CLARION_TEST_ELASTICSEARCH")
    return running or _engine(pytestconfig, "elasticsearch", "elasticsearch", "--version", VERSION_8)


@pytest.fixture(scope="session")
def elasticsearch9_url(pytestconfig: pytest.Config) -> str:
    """An Elasticsearch 9 node, where a JDK 21 or later is installed."""
    try:
        jdk_for(VERSION_9)  # before downloading anything
    except EngineUnavailable as unavailable:
        pytestconfig.stash[keeper_key].note_missing("elasticsearch9", str(unavailable))
        pytest.skip(f"elasticsearch9: {unavailable}")
    return _engine(pytestconfig, "elasticsearch9", "elasticsearch", "--version", VERSION_9, "--heap", "512m")


@pytest.fixture(
    scope="module",
    params=[
        "embedded",
        pytest.param("elasticsearch", marks=pytest.mark.elasticsearch),
        pytest.param("elasticsearch9", marks=pytest.mark.elasticsearch),
    ],
)
def search_url(request: pytest.FixtureRequest) -> str:
    """What CLARION_SEARCH_URL would be: empty for the embedded engine, else a node's address."""
    return "" if request.param == "embedded" else str(request.getfixturevalue(f"{request.param}_url"))


# ----------------------------------------------------------------------------------------------------------- browser


@pytest.fixture(scope="session")
def browser(pytestconfig: pytest.Config) -> Iterator[Any]:
    """Playwright's browser object on Debian's Chromium (or CHROMIUM=path). Make a context for each test."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if found is None:
        reason = "no Chromium (Debian: chromium)"
        pytestconfig.stash[keeper_key].note_missing("browser", reason)
        _without("browser", reason)
    from playwright.sync_api import sync_playwright

    flags = [*CHROMIUM_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe_source(pytestconfig: pytest.Config) -> str:
    """The accessibility checker's script, to be evaluated inside a page: then `axe.run()`."""
    if not AXE_SCRIPT.exists():
        reason = "no node_modules/axe-core (run `npm ci`)"
        pytestconfig.stash[keeper_key].note_missing("accessibility", reason)
        _without("accessibility", reason)
    return AXE_SCRIPT.read_text()


@pytest.fixture(scope="session")
def html_errors(pytestconfig: pytest.Config) -> Callable[[str | bytes], list[str]]:
    """Checks a whole page: `assert html_errors(response.data) == []`."""
    address = _engine(pytestconfig, "validator", "validator")
    return lambda document: errors_in(document, address)
