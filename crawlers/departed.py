"""Items that left their list: their pages are asked for again, and withdrawn at source after three misses (Q19).

leaving the list ─► means nothing     the page is there ─► seen again     404, 410 ─► a miss; three within 72 hours
are the publisher's withdrawal, which is recorded as a tombstone of the source's own would be. Any other failure means
nothing: a server in trouble withdraws no page.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from crawlers.domains import is_within
from crawlers.fetch import Failed, Fetched
from crawlers.following import Paging
from crawlers.moves import hosts_of
from index.model import Absence, Item, SourceLease, SourceState

MISSES = 3
WITHIN = timedelta(hours=72)
APART = timedelta(hours=12)  # between two misses, so that an hour of trouble is one miss
LOOK_EVERY = timedelta(hours=2)
PAGES_A_LOOK = 2
REMEMBERED = 50  # absences of one source
#: Read by an interface that tells of deletions itself, or of reviews whose pages are others'.
PAGELESS = frozenset({"cofacts", "factchecktools"})
MISSING = frozenset({"not_found", "gone"})


class Departures(Protocol):
    """What is asked of the catalogue."""

    def now(self) -> datetime: ...
    def departed_items(self, source_id: str, listed: Collection[str], limit: int) -> tuple[Absence, ...]: ...
    def asked_again(self, source_id: str, names: Sequence[str]) -> None: ...


class Departed:
    """Looks for pages of items that left their list, a few at a time and beside the run of their source."""

    def __init__(self, catalogue: Departures, fetcher: Paging) -> None:
        self._catalogue, self._fetcher = catalogue, fetcher

    def look(
        self, lease: SourceLease, state: SourceState, listed: Collection[str] | None
    ) -> tuple[SourceState, tuple[Item, ...]]:
        """The state with what was missing, and a tombstone for each item that is withdrawn now. `listed`: the names on
        the source's list; None where nobody knows, and only pages that were missed before are asked for.
        """
        now = self._catalogue.now()
        if lease.source.format in PAGELESS or (state.look_again_at is not None and now < state.look_again_at):
            return state, ()
        next_look = now + LOOK_EVERY
        if state.look_again_at is None:  # read for the first time: nothing has left
            return replace(state, look_again_at=next_look), ()
        absences = recent(state.absences, listed or (), now)
        missed, others = self._ask(lease, absences, listed, now)
        gone = [a for a in missed if len(a.at) >= MISSES]
        settled = {*others, *(a.name for a in missed)}
        waiting = [a for a in absences if a.name not in settled] + [a for a in missed if a not in gone]
        state = replace(state, absences=tuple(waiting[-REMEMBERED:]), look_again_at=next_look)
        return state, tuple(_tombstone(lease, absence) for absence in gone)

    def _ask(
        self, lease: SourceLease, absences: Sequence[Absence], listed: Collection[str] | None, now: datetime
    ) -> tuple[list[Absence], list[str]]:
        """The pages that are missing now, and the names of the items whose page is there. Whatever else was answered,
        other pages come first from now on."""
        asked, elsewhere = self._due(lease, absences, listed, now)
        found = {absence.name: self._fetcher.page(lease.source, absence.url) for absence in asked}
        missed = [replace(a, at=(*a.at, now)) for a in asked if _code(found[a.name]) in MISSING]
        others = [a.name for a in asked if _code(found[a.name]) not in MISSING]
        if put_off := [*others, *elsewhere]:
            self._catalogue.asked_again(lease.source.id, put_off)
        return missed, [name for name in others if not _code(found[name])]

    def _due(
        self, lease: SourceLease, absences: Sequence[Absence], listed: Collection[str] | None, now: datetime
    ) -> tuple[list[Absence], list[str]]:
        """What to ask for, those missed before first; and the items whose pages are not the source's own."""
        due = [a for a in absences if now - a.at[-1] >= APART][:PAGES_A_LOOK]
        if listed is None or len(due) == PAGES_A_LOOK or lease.source.options.get("aggregator"):
            return due, []  # an aggregator's pages are others'
        known = {absence.name for absence in absences}
        left = self._catalogue.departed_items(lease.source.id, listed, PAGES_A_LOOK + len(known))
        hosts = hosts_of(lease)
        own = [a for a in left if a.name not in known and is_within(a.url, hosts)]
        return [*due, *own][:PAGES_A_LOOK], [a.name for a in left if not is_within(a.url, hosts)]


def recent(absences: Sequence[Absence], listed: Collection[str], now: datetime) -> list[Absence]:
    """The misses that still count; an item that is back on the list is missed no more."""
    kept = (replace(a, at=tuple(at for at in a.at if now - at <= WITHIN)) for a in absences if a.name not in listed)
    return [absence for absence in kept if absence.at]


def _code(answer: Fetched | Failed) -> str:
    return answer.code if isinstance(answer, Failed) else ""


def _tombstone(lease: SourceLease, absence: Absence) -> Item:
    source = lease.source
    return Item(absence.name, absence.url, "", "", source.language, source.role, is_withdrawn=True)
