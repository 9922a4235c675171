"""How many feeds a second: every feed due at once, crawled by the product's own processes, timed by what is stored.

Counted is CPU too (crawl processes with their parsing children, and the farm): on a machine that does something else
at the same time, two idle cores would do about 2 / (CPU seconds a feed).
"""

from __future__ import annotations

import contextlib
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.crawling.bars import Bar, say
from tests.benchmarks.crawling.crews import Crews
from tests.benchmarks.crawling.farm import Plan, farm
from tests.benchmarks.crawling.place import Place, feeds, know_tags, place, put_off, settle
from tests.benchmarks.crawling.stored import left

WARM = 32  # feeds crawled before the clock starts: parsing children are up, statements are compiled
LONGEST_S = 600.0


def changed(engine: str, count: int, processes: int, workers: int) -> Bar:
    """Feeds with 15 new entries each, stored with commit and change log."""
    plan = Plan("changing")
    with place(engine) as stage, farm(stage.folder, plan) as server:
        sources = feeds(server, count + WARM, count + WARM)
        settle(stage, server, sources, is_due=False)
        seconds, cpu_s = _timed(stage, server.pid, count, processes, workers)
        found = left(stage, plan, server.asked())
    rate = count / seconds
    return Bar(
        f"changed feeds, {engine}",
        f"{rate:.0f} a second ({count} feeds, {count * 15} entries)",
        ">= 120 a second, every entry once",
        rate >= 120 and found.is_right,
        _facts(count, seconds, cpu_s) | {"left": str(found)},
    )


def unchanged(engine: str, count: int, processes: int, workers: int) -> Bar:
    """Feeds that answer 304."""
    with place(engine) as stage, farm(stage.folder, Plan("steady")) as server:
        sources = feeds(server, count + WARM, max(WARM, (count + WARM) // 2))
        settle(stage, server, sources, is_due=False)
        know_tags(stage, len(sources))
        seconds, cpu_s = _timed(stage, server.pid, count, processes, workers)
        asked = server.asked()
    conditional = sum(a.status == 304 for a in asked)
    rate = count / seconds
    is_met = rate >= 600 and seconds * 10_000 / count <= 120 and conditional == len(asked) == len(sources)
    return Bar(
        f"unchanged feeds, {engine}",
        f"{rate:.0f} a second, 10,000 in {10_000 / rate:.0f} s",
        ">= 600 a second, 10,000 in 120 s, each asked once with its tag",
        is_met,
        _facts(count, seconds, cpu_s) | {"requests": len(asked), "answered 304": conditional},
    )


def _facts(count: int, seconds: float, cpu_s: float) -> dict[str, object]:
    load = os.getloadavg()[0]
    return {
        "wall": f"{seconds:.1f} s at load {load:.1f}",
        "cpu": f"{cpu_s / count * 1000:.2f} ms a feed; two idle cores: about {2 * count / cpu_s:.0f} a second",
    }


def _timed(stage: Place, farm_pid: int, count: int, processes: int, workers: int) -> tuple[float, float]:
    """Seconds from the moment when `count` feeds are due until the last is stored, and CPU seconds used."""
    with Crews(stage, workers) as crews:
        started = [crews.start() for _ in range(processes)]
        warm = [f"farm-{number}" for number in range(WARM)]
        _set_due(stage, f"source_id IN ({', '.join(repr(name) for name in warm)})")
        _wait(stage, WARM)
        put_off(stage)
        pids = [farm_pid, *(pid for crew in started for pid in _group(crew.pid))]
        cpu_before = _cpu_s(pids)
        since = _set_due(stage, "last_checked_at IS NULL")
        _wait(stage, WARM + count)
        cpu_s = _cpu_s(pids) - cpu_before
    (last,) = stage.rows("SELECT max(last_checked_at) FROM source_states")[0]
    ended = datetime.fromisoformat(last) if isinstance(last, str) else last
    ended = ended.replace(tzinfo=UTC) if ended.tzinfo is None else ended
    return (ended - since).total_seconds(), cpu_s


def _set_due(stage: Place, where: str) -> datetime:
    now = datetime.now(UTC)
    stage.change(f"UPDATE source_states SET next_check_at = :at WHERE {where}", at=stage.time(now))
    return now


def _wait(stage: Place, count: int) -> None:
    ends, told = time.monotonic() + LONGEST_S, time.monotonic()
    while (done := stage.rows("SELECT count(*) FROM source_states WHERE last_checked_at IS NOT NULL")[0][0]) < count:
        if time.monotonic() > ends:
            raise TimeoutError(f"{done} of {count} feeds after {LONGEST_S:.0f} s; logs in {stage.folder}")
        if time.monotonic() - told > 20:
            say(f"  {done} of {count} feeds stored")
            told = time.monotonic()
        time.sleep(0.25)


def _group(pid: int) -> list[int]:
    """The process and its children."""
    listed = (path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [pid, *(int(child) for text in listed for child in text.split())]


def _cpu_s(pids: list[int]) -> float:
    """User and system seconds of the processes that are alive, with those of the children they have outlived."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):  # it has ended: its parent counts it
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")
