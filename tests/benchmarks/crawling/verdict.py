"""What the farm's log and the database say about a crawl: nothing lost, nothing twice, nobody pressed.

A **slot** of a feed begins when its next check falls due (the moment the last recorded poll was stored, plus the
interval) and ends with the poll that is recorded next. So there is one recorded poll a slot by construction; what can
go wrong is *extra* requests (whose answers were never recorded), *early* ones (before the slot began) and slots that
stay open too long (*late*: more than a lease and five seconds for each poll that was cut short). Which answers were
recorded is read from the tags: every answer has a tag of its own, and a crawler presents the tag it stored last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.benchmarks.crawling.farm import Asked

LEASE_S = 60.0
GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Slot:
    """Between two recorded polls of a feed: `lost_count` polls in between were cut short."""

    feed: int
    began_at: float
    ended_at: float
    lost_count: int
    excused_s: float = 0.0  # the benchmark itself was stopped for so long

    @property
    def late_s(self) -> float:
        return self.ended_at - self.began_at - self.excused_s


@dataclass(frozen=True, slots=True)
class Account:
    """One crawl, counted from the farm's log."""

    requests: int
    recorded: int
    slots: tuple[Slot, ...]
    early: tuple[Slot, ...]
    open_slots: tuple[Slot, ...]  # due at the end of the log and not polled yet

    @property
    def extra(self) -> int:
        """Requests whose answers were not recorded."""
        return self.requests - self.recorded

    def late(self, lease_s: float = LEASE_S) -> list[Slot]:
        """Slots, ended or open, that stayed open longer than a lease and its grace for each poll that was cut short.
        The first allowance is for the queue: a feed is due together with many others."""
        return [s for s in (*self.slots, *self.open_slots) if s.late_s > (lease_s + GRACE_S) * (1 + s.lost_count)]

    def lateness(self, share: float) -> float:
        values = sorted(slot.late_s for slot in self.slots)
        return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def account(
    asked: Iterable[Asked],
    stored: Mapping[int, str],
    intervals: Mapping[int, float],
    ended_at: float,
    pauses: Sequence[tuple[float, float]] = (),
) -> Account:
    """`stored`: the tag in each feed's state at the end. `intervals`: seconds from a recorded poll to the next.
    `pauses`: from when to when the benchmark itself was stopped."""
    by_feed: dict[int, list[Asked]] = defaultdict(list)
    for request in asked:
        by_feed[request.feed].append(request)
    requests = recorded = 0
    slots: list[Slot] = []
    unfinished: list[Slot] = []
    for feed, log in by_feed.items():
        log.sort(key=lambda a: a.came_at)
        kept = recorded_answers(log, stored.get(feed, ""))
        requests, recorded = requests + len(log), recorded + len(kept)
        for one, other in pairwise(kept):
            lost = sum(one.came_at < a.came_at < other.came_at for a in log)
            slots.append(_slot(feed, one.sent_at + intervals[feed], other.came_at, lost, pauses))
        if kept and (due_at := kept[-1].sent_at + intervals[feed]) < ended_at:
            lost = sum(a.came_at > kept[-1].came_at for a in log)
            unfinished.append(_slot(feed, due_at, ended_at, lost, pauses))
    early = tuple(slot for slot in slots if slot.late_s < -1.0)
    return Account(requests, recorded, tuple(slots), early, tuple(unfinished))


def _slot(feed: int, began: float, ended: float, lost: int, pauses: Sequence[tuple[float, float]]) -> Slot:
    excused = sum(max(0.0, min(ended, until) - max(began, since)) for since, until in pauses)
    return Slot(feed, began, ended, lost, excused)


def recorded_answers(log: Sequence[Asked], stored: str) -> list[Asked]:
    """Answers whose tag was presented later, or is in the database."""
    presented = {a.presented for a in log} | {stored}
    return [a for a in log if a.given in presented]


def tags_out_of_order(asked: Iterable[Asked]) -> int:
    """Requests that presented an older tag than an earlier request of the same feed did: a recorded poll undone."""
    newest: dict[int, int] = {}
    count = 0
    for request in sorted(asked, key=lambda a: a.came_at):
        serial = int(request.presented.strip('"').rpartition("-")[2]) if request.presented else 0
        count += serial < newest.get(request.feed, 0)
        newest[request.feed] = max(serial, newest.get(request.feed, 0))
    return count


@dataclass(frozen=True, slots=True)
class Pressure:
    """How the hosts were treated: the most requests at once, and the shortest time between two starts."""

    most_at_once: int
    shortest_gap_s: float

    def is_polite(self, at_once: int = 2, gap_s: float = 1.0) -> bool:
        return self.most_at_once <= at_once and self.shortest_gap_s >= gap_s


def pressure(asked: Iterable[Asked]) -> Pressure:
    by_host: dict[str, list[Asked]] = defaultdict(list)
    for request in asked:
        by_host[request.host].append(request)
    most, shortest = 0, float("inf")
    for log in by_host.values():
        starts = sorted(a.came_at for a in log)
        shortest = min([shortest, *(b - a for a, b in pairwise(starts))])
        # an answer that ends before another request starts at the same moment is not "at once"
        changes = sorted([(a.came_at, 1) for a in log] + [(a.sent_at, -1) for a in log])
        running = 0
        for _, change in changes:
            running += change
            most = max(most, running)
    return Pressure(most, shortest)
