"""`python -m tests.benchmarks.soak --minutes 30`: crawling under kills and stops, with a verdict (reliability.md S1).

    farm of feeds ◄── 4 crawl processes and 3 that only hold the clock ◄── every 5 s: kill -9, or stop for 90 s
A run has an id and a folder of that name; `--stop ID` ends it, `--resume ID` goes on with it, and the verdict is over
all of it. It ends only what it started. The verdict asks that every due slot of every feed was polled once: what a
slot is, and how the farm's log shows it, stands in `crawling/verdict.py`. Extra requests are those that a kill or a
stop cut short: at most as many as were in flight in that process.

On SQLite nothing is stopped, only killed: a stopped process may hold the file's write lock, and no other can take it
away. PostgreSQL ends a silent writer's transaction after 30 s.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

from index.model import Source
from tests.benchmarks.crawling.bars import Bar, say
from tests.benchmarks.crawling.crews import Crew, Crews, failed_polls, interval_s
from tests.benchmarks.crawling.farm import Farm, Plan, read_log
from tests.benchmarks.crawling.place import ENGINES, Place, feeds, settle
from tests.benchmarks.crawling.stored import Left, left, tags
from tests.benchmarks.crawling.verdict import GRACE_S, LEASE_S, Account, account, tags_out_of_order
from tests.engines import PostgresServer
from tests.engines.postgres_server import new_database

PLAN = Plan("tagged", entry_every=3)
STEP_S = 0.25


@dataclass
class Run:
    """What a run is and how far it has come; kept in its folder as JSON."""

    id: str
    minutes: float = 30.0
    feed_count: int = 5000
    engine: str = "postgresql"
    fetchers: int = 4
    clocks: int = 3
    workers: int = 8
    floor_s: float = 120.0
    every_s: float = 5.0
    stop_s: float = 90.0
    seed: int = 1
    pid: int = 0
    farm_port: int = 0
    database_url: str = ""
    database_port: int = 0
    done_s: float = 0.0
    faults: int = 0
    stops: int = 0
    cut_short_at_most: int = 0  # workers of the crawl processes that were killed or stopped
    fell: int = 0  # processes that ended by themselves
    sessions: list[list[float]] = field(default_factory=list)  # from when to when it ran

    @property
    def folder(self) -> Path:
        return Path(tempfile.gettempdir()) / f"clarion-soak-{self.id}"

    def save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.folder / "run.json.new"
        new.write_text(json.dumps(asdict(self)))
        new.replace(self.folder / "run.json")

    @classmethod
    def load(cls, id: str) -> Run:
        return cls(**json.loads((cls(id).folder / "run.json").read_text()))

    @property
    def pauses(self) -> list[tuple[float, float]]:
        return [(a[1], b[0]) for a, b in pairwise(self.sessions)]


class Soak:
    """One session of a run. `ask_stop` may be called from a signal handler."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._stop = threading.Event()
        self._chance = random.Random(run.seed + len(run.sessions))
        self._stopped: dict[int, float] = {}  # pid of a stopped process: when it may go on
        self._server: PostgresServer | None = None
        self.place = Place(run.folder)
        self.sources: tuple[Source, ...] = ()

    def ask_stop(self) -> None:
        self._stop.set()

    def session(self) -> bool:
        """Runs what is left of the time, then until every open slot had its lease; False if it was stopped."""
        run = self.run
        run.pid = os.getpid()
        run.save()
        self._open_database()
        farm = Farm(run.folder, PLAN, run.farm_port)
        try:
            with farm:
                self._settle(farm)
                crews = Crews(self.place, run.workers, interval_s=run.floor_s)
                with crews:
                    run.sessions.append([time.time(), time.time()])
                    self._live(crews)
                    run.fell += len(crews.reap())
                    self._end_session()
        finally:
            run.pid = 0
            run.save()
        return not self._stop.is_set()

    def _open_database(self) -> None:
        run = self.run
        if run.engine == "postgresql":
            self._server = PostgresServer(port=run.database_port or None, folder=run.folder / "postgresql").start()
            run.database_port = self._server.port
            run.database_url = run.database_url or new_database(self._server.url)
        self.place.database_url = run.database_url

    def _settle(self, farm: Farm) -> None:
        run = self.run
        self.sources = feeds(farm, run.feed_count, run.feed_count)
        if not run.sessions:
            catalogue = self.place.open()
            catalogue.migrate()
            catalogue.close()
            run.farm_port = farm.port
            settle(self.place, farm, self.sources)
        self.place.hosts = tuple(f"{s.domain}:{farm.port}" for s in self.sources)
        run.save()

    def _live(self, crews: Crews) -> None:
        run = self.run
        for _ in range(run.fetchers):
            crews.start()
        for _ in range(run.clocks):
            crews.start(is_clock_only=True)
        ends = time.monotonic() + run.minutes * 60 - run.done_s
        self._disturb(crews, ends)
        for crew in crews.alive:
            if crew.is_stopped:
                crew.signal(signal.SIGCONT)
        quiet_ends = time.monotonic() + LEASE_S + GRACE_S
        while not self._stop.is_set() and time.monotonic() < quiet_ends:  # what was cut short last has its lease
            self._stop.wait(STEP_S)
            self._end_session()

    def _disturb(self, crews: Crews, ends: float) -> None:
        run = self.run
        before, fault_at, told_at = time.monotonic(), time.monotonic() + run.every_s, time.monotonic() + 60
        while not self._stop.is_set() and (now := time.monotonic()) < ends:
            self._tend(crews)
            if now >= fault_at:
                self._fault(crews)
                fault_at = now + run.every_s
            if now >= told_at:
                print(self.progress(len(crews.alive)), flush=True)
                told_at = now + 60
            self._stop.wait(STEP_S)
            run.done_s += time.monotonic() - before
            before = time.monotonic()
            self._end_session()

    def _end_session(self) -> None:
        self.run.sessions[-1][1] = time.time()
        self.run.save()

    def _tend(self, crews: Crews) -> None:
        """What was stopped long enough goes on; what ended by itself is counted and replaced."""
        for crew in crews.reap():
            self.run.fell += 1
            say(f"  {crew.name} ended by itself with {crew.status}; its log: {crew.log}")
            crews.start(crew.name.startswith("clock"))
        for crew in crews.alive:
            if crew.is_stopped and time.monotonic() >= self._stopped[crew.pid]:
                crew.signal(signal.SIGCONT)

    def _fault(self, crews: Crews) -> None:
        run = self.run
        awake = [crew for crew in crews.alive if not crew.is_stopped]
        at_work = [crew for crew in awake if crew.name.startswith("crawl")]
        chosen = self._chance.choice(awake)
        is_fetcher = chosen in at_work
        may_stop = run.engine != "sqlite" and not (is_fetcher and len(at_work) <= 2)
        run.faults += 1
        run.cut_short_at_most += run.workers if is_fetcher else 0
        if may_stop and self._chance.random() < 0.5:
            run.stops += 1
            chosen.signal(signal.SIGSTOP)
            self._stopped[chosen.pid] = time.monotonic() + run.stop_s
            return
        self._kill(crews, chosen)

    def _kill(self, crews: Crews, chosen: Crew) -> None:
        crews.kill(chosen)
        crews.start(chosen.name.startswith("clock"))

    # --- what it comes to

    def accounted(self) -> Account:
        intervals = {number: interval_s(source, self.run.floor_s) for number, source in enumerate(self.sources)}
        asked = read_log(self.run.folder / "asked.log")
        ended_at = self.run.sessions[-1][1]
        return account(asked, tags(self.place), intervals, ended_at, self.run.pauses)

    def progress(self, alive: int) -> str:
        run, told = self.run, self.accounted()
        return (
            f"minute {run.done_s / 60:5.1f}  requests {told.requests:6}  recorded {told.recorded:6}  "
            f"extra {told.extra:4}  late {len(told.late()):4}  p95 {told.lateness(0.95):5.1f} s  "
            f"faults {run.faults:4} ({run.stops} stops)  processes {alive}  load {os.getloadavg()[0]:.1f}"
        )

    def verdict(self) -> Bar:
        run, told = self.run, self.accounted()
        asked = read_log(run.folder / "asked.log")
        found: Left = left(self.place, PLAN, asked)
        never = run.feed_count - len({a.feed for a in asked})
        undone, late = tags_out_of_order(asked), len(told.late())
        is_met = found.is_right and not (late or told.early or undone or never or run.fell)
        is_met = is_met and told.extra <= run.cut_short_at_most
        return Bar(
            f"soak, {run.engine}",
            f"{run.done_s / 60:.1f} min, {run.feed_count} feeds, {len(told.slots)} slots, {run.faults} faults",
            "each due slot polled once, extra <= faults x fetches in flight, 0 lost, 0 twice",
            is_met,
            {
                "faults": f"{run.faults - run.stops} kills, {run.stops} stops of {run.stop_s:.0f} s",
                "requests": told.requests,
                "recorded polls": told.recorded,
                "extra requests": f"{told.extra}, at most {run.cut_short_at_most}",
                "slots open too long": late,
                "polls before their slot": len(told.early),
                "lateness": f"p50 {told.lateness(0.5):.1f} s, p95 {told.lateness(0.95):.1f} s, "
                f"longest {told.lateness(1.0):.1f} s",
                "feeds never polled": never,
                "polls logged as errors": failed_polls(run.folder),
                "recorded polls undone": undone,
                "processes that ended by themselves": run.fell,
                "left": str(found),
            },
        )

    def close(self) -> None:
        self.place.close()
        if self._server is not None:
            self._server.close()


def as_bar(minutes: float, feed_count: int) -> Bar:
    """A whole run for `tests.benchmarks.crawl`; its folder is removed."""
    run = Run(secrets.token_hex(3), minutes, feed_count)
    soak = Soak(run)
    try:
        soak.session()
        return soak.verdict()
    finally:
        soak.close()
        shutil.rmtree(run.folder, ignore_errors=True)


def stop(id: str) -> int:
    """Asks a run's process to stop, if it is one of ours."""
    pid = Run.load(id).pid
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        command = b""
    if b"tests.benchmarks.soak" not in command:
        say(f"run {id} is not at work")
        return 1
    os.kill(pid, signal.SIGTERM)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="%(default)s by default")
    parser.add_argument("--feeds", type=int, default=5000, help="%(default)s by default")
    parser.add_argument("--database", choices=ENGINES, default="postgresql", help="%(default)s by default")
    parser.add_argument("--every-s", type=float, default=5.0, help="seconds between faults; %(default)s by default")
    parser.add_argument("--stop-s", type=float, default=90.0, help="seconds of a stop; %(default)s by default")
    parser.add_argument("--floor-s", type=float, default=120.0, help="between two polls; %(default)s by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stop", metavar="ID", help="end the run of this id; its folder stays")
    parser.add_argument("--resume", metavar="ID", help="go on with the run of this id")
    options = parser.parse_args()
    if options.stop:
        return stop(options.stop)
    run = Run.load(options.resume) if options.resume else _new(options)
    soak = Soak(run)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: soak.ask_stop())
    print(f"run {run.id}: {run.minutes:g} minutes, {run.feed_count} feeds, folder {run.folder}", flush=True)
    try:
        if not soak.session():
            print(f"stopped after {run.done_s / 60:.1f} minutes; python -m tests.benchmarks.soak --resume {run.id}")
            return 3
        bar = soak.verdict()
    finally:
        soak.close()
    _print_table(bar)
    return 0 if bar.is_met else 1


def _new(options: argparse.Namespace) -> Run:
    return Run(
        secrets.token_hex(3),
        options.minutes,
        options.feeds,
        options.database,
        floor_s=options.floor_s,
        every_s=options.every_s,
        stop_s=options.stop_s,
        seed=options.seed,
    )


def _print_table(bar: Bar) -> None:
    print(f"\n{bar.name}: {bar.measured}")
    for name, value in bar.facts.items():
        print(f"  {name:36} {value}")
    print(f"  {'wanted':36} {bar.wanted}")
    print(f"  {'verdict':36} {'every due slot was polled once' if bar.is_met else 'FAILED'}")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
