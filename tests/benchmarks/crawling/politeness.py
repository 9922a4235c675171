"""A13: one host with many feeds beside many hosts with one each, over several processes; the farm sees what it gets."""

from __future__ import annotations

import time

from tests.benchmarks.crawling.bars import Bar
from tests.benchmarks.crawling.crews import Crews
from tests.benchmarks.crawling.farm import Plan, farm, host
from tests.benchmarks.crawling.place import feed, place, settle
from tests.benchmarks.crawling.verdict import pressure

PROCESSES = 3
SLOW_S = 1.6  # longer than the gap between two starts, so that a second request finds the first still there


def politeness(engine: str, on_one: int, on_many: int, seconds: float, workers: int = 16) -> Bar:
    with place(engine) as stage, farm(stage.folder, Plan("tagged", delay_s=SLOW_S)) as server:
        one = [feed(number, server, host(0)) for number in range(on_one)]
        many = [feed(on_one + number, server, host(1 + number)) for number in range(on_many)]
        settle(stage, server, (*one, *many), is_due=False)
        with Crews(stage, workers, interval_s=3600.0) as crews:
            for _ in range(PROCESSES):
                crews.start()
            time.sleep(3.0)
            since = stage.set_all_due().timestamp()
            time.sleep(seconds)
            fell = len(crews.reap())
        asked = server.asked()
    seen = pressure(asked)
    late = sorted(a.came_at - since for a in asked if a.feed >= on_one)
    p95_s = late[int(0.95 * len(late))] if late else float("inf")
    on_host = len(asked) - len(late)
    is_met = seen.is_polite() and len(late) == on_many and p95_s <= 30.0 and not fell
    is_met = is_met and seen.most_at_once == 2 and on_host >= 3  # else nothing was pressed, and nothing shown
    return Bar(
        f"politeness, {engine}",
        f"{seen.most_at_once} at once, {seen.shortest_gap_s:.2f} s between starts, others p95 {p95_s:.1f} s late",
        "<= 2 at once, >= 1 s between starts per host, p95 <= 30 s",
        is_met,
        {
            "requests": f"{on_host} to the one host in {seconds:.0f} s, {len(late)} to {on_many} others",
            "processes": f"{PROCESSES} with {workers} workers each; {fell} ended by themselves",
        },
    )
