"""The deliver process: carries what was published to where it is found. Today that is the search index and the
links of claims.

    loop ─► catalogue.sync (change log -> index) ─► catalogue.link_waiting (new answers look for claims, and back)

Many may run; each step takes a lease for its turn. A round that fails on a missing engine waits and tries again.
"""

from __future__ import annotations

import threading
import time

import structlog

from index import Catalogue
from index.errors import ClarionError

log = structlog.get_logger()
PAUSE_S = 1.0
PAUSE_AFTER_FAILURE_S = 5.0
TIDY_EVERY_S = 3600.0


def run(catalogue: Catalogue, stop: threading.Event) -> None:
    """Works until `stop` is set; the round under way is finished first."""
    log.info("deliver_started")
    next_tidy = 0.0
    while not stop.is_set():
        if time.monotonic() >= next_tidy:
            next_tidy = time.monotonic() + TIDY_EVERY_S
            _tidy(catalogue)
        stop.wait(PAUSE_S if deliver_round(catalogue) else PAUSE_AFTER_FAILURE_S)
    log.info("deliver_stopped")


def _tidy(catalogue: Catalogue) -> None:
    """Deletes what was promised to be deleted, and fills an index that was lost."""
    try:
        catalogue.fill_if_empty()
        log.info("tips_forgotten", count=catalogue.forget_old_tips())
        log.info("checks_forgotten", count=catalogue.forget_old_checks())
    except ClarionError as error:
        log.warning("tidy_put_off", code=error.code)


def deliver_round(catalogue: Catalogue) -> bool:
    """One round; False if something was missing (an engine, the database) and a pause is due."""
    try:
        report = catalogue.sync()
        catalogue.link_waiting()
    except Exception:  # one of the three broad edges: a delivery that fails must not end the process
        log.exception("deliver_round_failed")
        return False
    return report.is_available
