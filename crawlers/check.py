"""`clarion sources check`: polls without recording, for the person who registers a source or looks after them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table

from crawlers.fetch import Fetcher
from crawlers.pipeline import Pipeline, Report
from crawlers.reading import Reader
from crawlers.registry import Registry
from index.model import (
    Absence,
    Labelled,
    RecordOutcome,
    Role,
    Source,
    SourceCheck,
    SourceLease,
    SourceSample,
    SourceState,
)
from index.settings import Settings

MAX_SHOWN = 1_000  # items of a dump


class Notepad:
    """Stands where the catalogue stands and keeps what would have been recorded. It stores nothing."""

    def __init__(self) -> None:
        self.items: tuple[Labelled, ...] = ()
        self.state: SourceState | None = None

    def now(self) -> datetime:
        return datetime.now(UTC)

    def known_items(
        self, source_id: str, native_ids: Collection[str], *, only_standing: bool = False
    ) -> frozenset[str]:
        return frozenset()

    def past_checks(self, source_id: str, limit: int, since: datetime | None) -> tuple[SourceCheck, ...]:
        return ()

    def arrivals(self, source_id: str) -> tuple[datetime, ...]:
        return ()

    def departed_items(self, source_id: str, listed: Collection[str], limit: int) -> tuple[Absence, ...]:
        return ()

    def asked_again(self, source_id: str, names: Collection[str]) -> None:
        """Nothing was kept, so nothing left its list."""

    def record(
        self,
        lease: SourceLease,
        items: Sequence[Labelled],
        state: SourceState,
        check: SourceCheck,
        sample: SourceSample | None,
    ) -> RecordOutcome:
        self.items, self.state = (*self.items, *items), state
        return RecordOutcome(new_count=len(items))

    def record_part(self, lease: SourceLease, items: Sequence[Labelled]) -> RecordOutcome:
        self.items += tuple(items)[: max(0, MAX_SHOWN - len(self.items))]
        return RecordOutcome(new_count=len(items))

    def entries_read(self, source_id: str) -> bytes:
        return b""

    def keep_entries_read(self, source_id: str, hashes: bytes) -> None:
        """Nothing was recorded, so everything is read again."""

    def link(self, claim_id: str) -> None:
        """Nothing was recorded, so nothing is linked."""


def check_source(source: Source, registry: Registry, settings: Settings, console: Console) -> int:
    """Prints what a poll would bring; 0 if there is no doubt, else 1."""
    with _polling(registry, settings) as polled:
        notepad, report = polled(source)
    table = Table("date", "role", "label", "verdict", "by", "title")
    for labelled in notepad.items:
        item, verdict = labelled.item, labelled.verdict.value if labelled.verdict else ""
        about = "~" if item.date_quality == "approximate" else ""
        day = f"{about}{item.published_at:%Y-%m-%d %H:%M}" if item.published_at else ""
        table.add_row(day, item.role.value, item.label, verdict, labelled.mapped_by, item.title[:80])
    if notepad.items:
        console.print(table)
    found = _found(source, notepad, report)
    for line in found:
        console.print(line if report.code and line == found[0] else f"doubt: {line}")
    console.print(f"{len(notepad.items)} items, {report.bad} rejected, {report.wire_bytes} bytes, {report.ms} ms")
    return 1 if found else 0


def check_sources(
    sources: Sequence[Source],
    registry: Registry,
    settings: Settings,
    console: Console,
    progress: Callable[[str, int], None],
) -> int:
    """Polls one source after the other and prints a line each; 0 if there is no doubt about any, else 1.

    `progress(source id, how many are done)` comes before each poll.
    """
    table, doubted = Table("source", "status", "items", "dated", "labelled", "ms", "doubts"), 0
    with _polling(registry, settings) as polled:
        for done, source in enumerate(sources):
            progress(source.id, done)
            notepad, report = polled(source)
            items, found = notepad.items, _found(source, notepad, report)
            dated = sum(i.item.published_at is not None for i in items)
            labelled = sum(bool(i.item.label) for i in items)
            counts = (str(n) for n in (len(items), dated, labelled, report.ms))
            table.add_row(source.id, report.status, *counts, "; ".join(found))
            doubted += bool(found)
    progress("", len(sources))
    console.print(table)
    console.print(f"{len(sources)} sources, doubts about {doubted}")
    return 1 if doubted else 0


@contextlib.contextmanager
def _polling(registry: Registry, settings: Settings) -> Iterator[Callable[[Source], tuple[Notepad, Report]]]:
    """Polls one source after the other with one parsing child and one fetcher, which keeps the pace of their hosts."""
    fetcher, reader = Fetcher(settings), Reader(size=1)

    def polled(source: Source) -> tuple[Notepad, Report]:
        notepad = Notepad()
        now = notepad.now()
        lease = SourceLease(source, SourceState(source.id, now), "check", 0, now + timedelta(minutes=5))
        return notepad, Pipeline(notepad, fetcher, reader, registry).crawl(lease)

    try:
        yield polled
    finally:
        reader.close()


def _found(source: Source, notepad: Notepad, report: Report) -> list[str]:
    """The failure, if there was one, with its detail; then what the items leave in doubt."""
    detail = f" ({notepad.state.note})" if notepad.state is not None and notepad.state.note else ""
    failed = [f"{report.status}: {report.code}{detail}"] if report.code else []
    if failed and not notepad.items:
        return failed  # that nothing came needs no words of its own
    return [*failed, *doubts(source, notepad.items)]


def doubts(source: Source, items: Sequence[Labelled]) -> list[str]:
    """What an editor should look at before enabling the source."""
    found = []
    if not items:
        found.append("no items")
    if undated := sum(i.item.published_at is None for i in items):
        found.append(f"{undated} of {len(items)} items without a date")
    if offsite := sum(i.is_offsite for i in items):
        found.append(f"{offsite} of {len(items)} items outside {source.domain}")
    reviews = [i for i in items if i.item.role is Role.REFUTATION]
    unmapped = sorted({i.item.label for i in reviews if i.item.label and i.verdict is None})
    if unmapped:
        found.append(f"labels without a verdict: {', '.join(unmapped)}")
    if reviews and not any(i.item.label for i in reviews):
        found.append("no review has a label")
    return found
