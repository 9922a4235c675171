"""`kill -9` at random moments: no poll lost beyond its lease, no entry twice, none missing (reliability.md A19)."""

from __future__ import annotations

import random
import time

from tests.benchmarks.crawling.bars import Bar, say
from tests.benchmarks.crawling.crews import Crews, interval_s
from tests.benchmarks.crawling.farm import Plan, farm
from tests.benchmarks.crawling.place import feeds, place, settle
from tests.benchmarks.crawling.stored import left, tags
from tests.benchmarks.crawling.verdict import LEASE_S, account, tags_out_of_order

PROCESSES = 3


def kills(
    engine: str,
    count: int,
    feed_count: int,
    *,
    every_s: float = 1.5,
    floor_s: float = 120.0,
    lease_s: float = LEASE_S,
    workers: int = 8,
    seed: int = 1,
) -> Bar:
    """Kills `count` crawl processes, each `every_s` seconds after the one before, and starts another in its place."""
    chance, plan = random.Random(seed), Plan("tagged", entry_every=2)
    with place(engine) as stage, farm(stage.folder, plan) as server:
        sources = feeds(server, feed_count, feed_count)
        settle(stage, server, sources)
        intervals = {number: interval_s(source, floor_s) for number, source in enumerate(sources)}
        with Crews(stage, workers, interval_s=floor_s, lease_s=lease_s) as crews:
            for _ in range(PROCESSES):
                crews.start()
            fell = _kill_often(crews, chance, count, every_s)
            time.sleep(lease_s + 5.0)  # what the killed ones held has lapsed, and others have it
            fell += len(crews.reap())
            ended_at = time.time()
            failed = crews.failed_polls()
        asked = server.asked()
        found = left(stage, plan, asked)
        told = account(asked, tags(stage), intervals, ended_at)
        late = told.late(lease_s)
        never = feed_count - len({a.feed for a in asked})
    undone, most_extra = tags_out_of_order(asked), count * workers
    facts: dict[str, object] = {
        "requests": told.requests,
        "recorded": told.recorded,
        "extra requests": f"{told.extra} (at most {most_extra}: kills x workers)",
        "slots": len(told.slots),
        "early": len(told.early),
        "open longer than a lease + 5 s": len(late),
        "latest": f"{max((s.late_s for s in told.slots), default=0.0):.1f} s",
        "recorded polls undone": undone,
        "polls logged as errors": failed,
        "never polled": never,
        "processes that ended by themselves": fell,
        "left": str(found),
    }
    is_met = found.is_right and not (late or told.early or undone or never or fell) and told.extra <= most_extra
    is_met = is_met and told.extra > 0  # kills that cut nothing short would prove nothing
    wanted = "0 lost beyond a lease, 0 entries twice or missing, extra <= kills x workers"
    measured = f"{count} kills over {feed_count} feeds, {told.recorded} polls"
    return Bar(f"kill -9, {engine}", measured, wanted, is_met, facts)


def _kill_often(crews: Crews, chance: random.Random, count: int, every_s: float) -> int:
    """Returns how many processes ended without being killed."""
    fell, told = 0, time.monotonic()
    for number in range(1, count + 1):
        time.sleep(every_s * chance.uniform(0.5, 1.5))
        gone = crews.reap()
        fell += len(gone)
        for _ in gone:
            crews.start()
        crews.kill(chance.choice(crews.alive))
        crews.start()
        if time.monotonic() - told > 30:
            say(f"  {number} of {count} kills")
            told = time.monotonic()
    return fell
