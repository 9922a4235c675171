"""`python -m tests.benchmarks.crawl --all`: every bar of crawling, one line each. Two idle cores are what they mean.

    speed       changed and unchanged feeds a second, 10,000 feeds            kills       kill -9 at random moments
    politeness  what one host gets from several processes                     soak        see tests.benchmarks.soak
Everything runs on loopback, each bar on a fresh database, and ends only its own processes. The exit status is 1 if a
bar was missed.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator

from tests.benchmarks import soak
from tests.benchmarks.crawling.bars import Bar, say, show
from tests.benchmarks.crawling.kills import kills
from tests.benchmarks.crawling.place import ENGINES
from tests.benchmarks.crawling.politeness import politeness
from tests.benchmarks.crawling.speed import changed, unchanged

BARS = ("changed", "unchanged", "politeness", "kills")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.crawl", description=__doc__)
    parser.add_argument("--all", action="store_true", help="all bars on both databases, the soak included")
    parser.add_argument("--bars", default=",".join(BARS), help="%(default)s by default; also soak")
    parser.add_argument("--database", default="sqlite", help="of " + ",".join(ENGINES) + "; %(default)s by default")
    parser.add_argument("--feeds", type=int, help="instead of each bar's own number")
    parser.add_argument("--processes", type=int, default=2, help="crawl processes for speed; %(default)s by default")
    parser.add_argument("--workers", type=int, default=16, help="of each process; %(default)s by default")
    parser.add_argument("--kills", type=int, default=500, help="%(default)s by default")
    parser.add_argument("--quick", action="store_true", help="kills: a poll each 8 s and leases of 6 s")
    parser.add_argument("--seconds", type=float, default=60.0, help="of politeness; %(default)s by default")
    parser.add_argument("--minutes", type=float, default=30.0, help="of the soak; %(default)s by default")
    parser.add_argument("--json", action="store_true", help="one JSON object a bar")
    options = parser.parse_args()
    chosen = (*BARS, "soak") if options.all else tuple(options.bars.split(","))
    engines = ENGINES if options.all else tuple(options.database.split(","))
    say(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    are_met = True
    for measure in _measures(chosen, engines, options):
        bar = measure()
        show(bar, options.json)
        are_met = are_met and bar.is_met
    return 0 if are_met else 1


def _measures(
    chosen: tuple[str, ...], engines: tuple[str, ...], options: argparse.Namespace
) -> Iterator[Callable[[], Bar]]:
    size, team = options.feeds, (options.processes, options.workers)
    pace = {"floor_s": 8.0, "lease_s": 6.0, "every_s": 1.0} if options.quick else {}
    for engine in engines:
        known: dict[str, Callable[[], Bar]] = {
            "changed": lambda e=engine: changed(e, size or 3000, *team),
            "unchanged": lambda e=engine: unchanged(e, size or 10_000, *team),
            "politeness": lambda e=engine: politeness(e, size or 500, size or 500, options.seconds),
            "kills": lambda e=engine: kills(e, options.kills, size or 5000, **pace),
        }
        yield from (known[name] for name in BARS if name in chosen)
    if "soak" in chosen:
        yield lambda: soak.as_bar(options.minutes, size or 5000)


if __name__ == "__main__":
    raise SystemExit(main())
