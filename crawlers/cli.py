"""The crawlers' part of the command line: `clarion crawl`, `clarion mail`, `clarion sources list | check | health`."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from crawlers import tipmail
from crawlers.check import check_source, check_sources
from crawlers.pipeline import Report
from crawlers.reading import Reader
from crawlers.registry import Registry, load_registry
from crawlers.schedule import crawl_once, new_owner, run
from index import open_catalogue
from index.errors import NotFound
from index.model import Health, Source, SourceState
from index.pages import SourceRow
from index.settings import Settings


def register(subparsers: Any) -> None:
    """Adds this group's commands; each sets `func(args, settings) -> exit status`."""
    crawl = subparsers.add_parser("crawl", help="read the sources: as a process, or once")
    crawl.add_argument("--once", nargs="*", metavar="SOURCE", help="poll these sources (none named: all) and end")
    crawl.add_argument("--sources", type=Path, metavar="FILE", help="registry instead of CLARION_SOURCES")
    crawl.set_defaults(func=_crawl)
    mail = subparsers.add_parser("mail", help="turn the mails of CLARION_MAIL_URL into tips: as a process, or once")
    mail.add_argument("--once", action="store_true", help="visit the mailbox once and end")
    mail.set_defaults(func=_mail)
    sources = subparsers.add_parser("sources", help="the registry of sources")
    acts = sources.add_subparsers(dest="act", required=True, metavar="ACT")
    listing = acts.add_parser("list", help="every registered source")
    check = acts.add_parser("check", help="poll once without recording; show items, dates, labels and doubts")
    check.add_argument("source", nargs="?", metavar="SOURCE", help="none: check the registry file only")
    check.add_argument("--all", action="store_true", help="every registered source, one line each")
    health = acts.add_parser("health", help="every source's state")
    for parser, act in ((listing, _list), (check, _check), (health, _health)):
        parser.add_argument("--sources", type=Path, metavar="FILE", help="registry instead of CLARION_SOURCES")
        parser.set_defaults(func=act)


def _registry(args: argparse.Namespace, settings: Settings) -> Registry:
    return load_registry(args.sources or settings.sources, frozenset(settings.internal_targets))


def _crawl(args: argparse.Namespace, settings: Settings) -> int:
    registry = _registry(args, settings)
    catalogue = open_catalogue(settings)
    try:
        catalogue.put_sources(registry.sources)
        if args.once is None:
            run(settings, catalogue, _stop_signal(), registry)
            return 0
        reports = _crawl_once(catalogue, settings, registry, args.once or None)
    finally:
        catalogue.close()
    return 0 if all(r.status not in ("error", "lost") for r in reports) else 1


def _mail(args: argparse.Namespace, settings: Settings) -> int:
    catalogue = open_catalogue(settings)
    try:
        if not args.once:
            tipmail.run(settings, catalogue, _stop_signal())
            return 0
        reader = Reader(size=1)
        try:
            done = tipmail.visit(catalogue, settings, reader, new_owner())
        finally:
            reader.close()
    finally:
        catalogue.close()
    print(f"{done.taken} tips, {done.known} known, {done.dropped} dropped, {done.unread} left to a person")
    return 1 if done.code else 0


def _stop_signal() -> threading.Event:
    """Set when this process is told to end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _crawl_once(catalogue: Any, settings: Settings, registry: Registry, source_ids: list[str] | None) -> list[Report]:
    if sys.stderr.isatty():  # a bar instead of a line a source
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with _progress("crawling") as progress:
        task = progress.add_task("", total=None)

        def show(report: Report, done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, description=report.source_id)

        reports = crawl_once(catalogue, settings, registry, source_ids, show)
    table = Table("source", "status", "new", "repeat", "variant", "revised", "bad", "code")
    for r in sorted(reports, key=lambda r: r.source_id):
        counts = (str(n) for n in (r.new, r.repeat, r.variant, r.revised, r.bad))
        table.add_row(r.source_id, r.status, *counts, r.code)
    _console().print(table)
    return reports


def _list(args: argparse.Namespace, settings: Settings) -> int:
    table = Table("id", "kind", "level", "format", "language", "enabled", "address")
    for s in _registry(args, settings).sources:
        enabled = "yes" if s.is_enabled else "no"
        table.add_row(s.id, s.kind.value, str(s.authority), s.format, s.language, enabled, s.url)
    _console().print(table)
    return 0


def _check(args: argparse.Namespace, settings: Settings) -> int:
    registry = _registry(args, settings)
    if args.all:
        return _check_all(registry, settings)
    if args.source is None:
        print(f"{len(registry.sources)} sources, all readable")
        return 0
    source = next((s for s in registry.sources if s.id == args.source), None)
    if source is None:
        raise NotFound(f"no source {args.source} in the registry")
    return check_source(source, registry, settings, _console())


def _check_all(registry: Registry, settings: Settings) -> int:
    with _progress("checking") as progress:
        task = progress.add_task("", total=len(registry.sources))

        def show(source_id: str, done: int) -> None:
            progress.update(task, completed=done, description=source_id)

        return check_sources(registry.sources, registry, settings, _console(), show)


def _health(args: argparse.Namespace, settings: Settings) -> int:
    catalogue = open_catalogue(settings)
    try:
        rows = catalogue.source_health()
    finally:
        catalogue.close()
    if not rows:
        print("no source is known yet: `clarion crawl` takes them from the registry")
        return 0
    columns = ("source", "kind", "health", "last success", "last new", "next", "errors", "why", "week", "look at")
    table = Table(*columns)
    for row in rows:
        if row.state is not None:
            table.add_row(*_line(row, row.state))
    _console().print(table)
    counts = Counter(_health_of(row.source, row.state) for row in rows if row.state is not None)
    standings = ", ".join(f"{n} {health}" for health, n in counts.most_common())
    print(f"{len(rows)} sources: {standings}; times in UTC")
    return 0


def _line(row: SourceRow, s: SourceState) -> list[str]:
    """A row of the table: `why` is the last error or the reason of a pause, `week` new items of seven days, `look at`
    what wants a person, an alarm with a mark.
    """
    health = _health_of(row.source, s)
    due = None if health in ("off", Health.PAUSED) else s.next_check_at
    times = [t.strftime("%Y-%m-%d %H:%M") if t else "" for t in (s.last_success_at, s.last_new_at, due)]
    wants = ", ".join(" ".join([c.key, *c.values.values()]) + ("!" if c.is_alarm else "") for c in row.concerns)
    why = ": ".join(part for part in (s.error_code, s.note) if part)
    counts = [str(s.error_count), why, str(row.week.new_count)]
    return [row.source.id, row.source.kind.value, health, *times, *counts, wants]


def _health_of(source: Source, state: SourceState) -> str:
    return state.health.value if source.is_enabled else "off"


def _progress(word: str) -> Progress:
    columns = (TextColumn(word), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=Console(stderr=True))


def _console() -> Console:
    """As wide as the terminal; wide enough for every column in a file. What a source wrote is text, never markup."""
    width = None if sys.stdout.isatty() else 200
    return Console(width=width, markup=False, emoji=False, highlight=False)
