"""Several crawl processes on one database: small shares of the bars in tests/benchmarks, by the same command.

Each runs in a process of its own, since it forks crawlers; `python -m tests.benchmarks.crawl --all` runs the whole.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ENGINES = ("sqlite", "postgresql")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "postgresql":
        monkeypatch.setenv("CLARION_TEST_POSTGRES", request.getfixturevalue("postgres_server_url"))
    return str(request.param)


def bar(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.crawl", "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.count("\n") == 1, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode == 0) == found["is_met"]
    return found


def test_a13_one_host_gets_two_requests_at_once_and_one_start_a_second_from_all_processes(engine: str) -> None:
    found = bar("--bars", "politeness", "--database", engine, "--feeds", "12", "--seconds", "12")
    assert found["is_met"], found
