"""What a web process is made of, and what it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from index.settings import Settings
from webapp import create_app


def test_a_web_process_loads_no_scheduler_no_crawler_and_no_model() -> None:
    program = (
        "import sys; from webapp import create_app; from index.settings import Settings; create_app(Settings());"
        "print([m for m in ('apscheduler', 'crawlers', 'feedparser', 'torch') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_site_is_not_made_where_a_scheduler_works(tmp_path: Path) -> None:
    scheduler = BackgroundScheduler()
    scheduler.start()
    try:
        with pytest.raises(AssertionError, match="scheduler"):
            create_app(Settings(data_dir=tmp_path, encoder="hashed"))
    finally:
        scheduler.shutdown()
