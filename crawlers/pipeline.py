"""One source, from due to done: fetch -> adapt -> label -> record -> link. Errors are values.

The items of a run, the poll state and the next check are stored in ONE transaction by `catalogue.record`; a lost lease
stores nothing at all. One log line per outcome, never a text, title, handle or query string.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import structlog

from crawlers import cadence
from crawlers.adapters import adapter
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request
from crawlers.domains import host_of, is_within
from crawlers.fetch import Failed, Fetched, NotModified, Outcome, Unchanged
from crawlers.identity import named
from crawlers.labels import map_label
from crawlers.registry import Registry
from index.lookalike import imitated
from index.model import Health, Item, Labelled, RecordOutcome, Role, Source, SourceKind, SourceLease, SourceState

PAGES_A_RUN = 5
BARREN_KEPT = 2_000  # pages without an item that a process remembers, so that they use up no later run's budget
PAGES_FIRST_RUN = 50  # first imports have a day's budget
_log = structlog.get_logger("crawlers")


class Catalogue(Protocol):
    """What a run asks of the catalogue; `index.catalogue.Catalogue` fits, and so does a fake."""

    def now(self) -> datetime: ...
    def known_items(self, source_id: str, native_ids: Collection[str]) -> frozenset[str]: ...
    def record(self, lease: SourceLease, items: Sequence[Labelled], state: SourceState) -> RecordOutcome | None: ...
    def link(self, claim_id: str) -> object: ...


class Fetching(Protocol):
    def poll(
        self,
        source: Source,
        url: str,
        etag: str | None,
        last_modified: str | None,
        sha256: str | None,
        body: bytes = b"",
    ) -> Outcome: ...
    def page(self, source: Source, url: str, body: bytes = b"") -> Fetched | Failed: ...


class Reading(Protocol):
    def read(self, body: bytes, context: Context) -> Parsed | Failed: ...


@dataclass(frozen=True, slots=True)
class Report:
    """What one run did. `status` is ok, not_modified, unchanged, error or lost (the lease was lost: nothing stored)."""

    source_id: str
    status: str
    new: int = 0
    repeat: int = 0
    variant: int = 0
    revised: int = 0
    withdrawn: int = 0
    bad: int = 0
    ms: int = 0
    wire_bytes: int = 0
    code: str = ""
    next_in_s: int = 0
    linked: int = 0


@dataclass
class _Run:
    """What a run has gathered so far."""

    items: list[Item] = field(default_factory=list)
    repaired: set[str] = field(default_factory=set)  # native ids
    bad: list[ItemError] = field(default_factory=list)
    wire_bytes: int = 0
    is_complete: bool = True
    code: str = ""
    detail: str = ""

    @property
    def ids(self) -> set[str]:
        return {item.native_id for item in self.items}


class Pipeline:
    """Runs one leased source after the other; safe to call from several threads. It decides nothing about truth."""

    def __init__(
        self,
        catalogue: Catalogue,
        fetcher: Fetching,
        reader: Reading,
        registry: Registry,
        jitter: Callable[[], float] = lambda: random.random(),  # noqa: S311 - spreads polls, guards nothing
    ) -> None:
        self._catalogue, self._fetcher, self._reader = catalogue, fetcher, reader
        self._registry, self._jitter = registry, jitter
        self._barren: deque[tuple[str, str]] = deque(maxlen=BARREN_KEPT)

    def crawl(self, lease: SourceLease) -> Report:
        """One run of one source. Never raises: an unexpected error is logged and the lease lapses."""
        started = time.monotonic()
        try:
            report = self._crawl(lease)
        except Exception:  # noqa: BLE001 - the edge of a source's pipeline: the worker goes on with the next source
            _log.critical("crawl_crashed", source=lease.source.id, exc_info=True)
            report = self._crashed(lease)
        report = replace(report, ms=int((time.monotonic() - started) * 1000))
        _log.info("crawled", **_logged(report))
        return report

    def _crashed(self, lease: SourceLease) -> Report:
        """A bug counts as a failure of its source: shown on the desk, polled less and less often."""
        try:
            return self._failed(lease, Failed("crashed"))
        except Exception:  # noqa: BLE001 - the same edge: without the records only the lease can lapse
            _log.critical("crash_not_stored", source=lease.source.id, exc_info=True)
            return Report(lease.source.id, "error", code="crashed")

    def _crawl(self, lease: SourceLease) -> Report:
        source, state = lease.source, lease.state
        if self._catalogue.now() >= lease.until:  # this process was stopped meanwhile; the source is another worker's
            return Report(source.id, "lost")
        first, *further = adapter(source.format).first(source)
        outcome = self._fetcher.poll(
            source, first.url, state.etag, state.last_modified, state.body_sha256, first.body
        )
        if isinstance(outcome, NotModified | Unchanged):
            return self._quiet(lease, outcome)
        if isinstance(outcome, Failed):
            return self._failed(lease, outcome)
        for hop in outcome.hops:
            _log.info("redirect_seen", source=source.id, status=hop.status, to_host=host_of(outcome.url))
        if self._is_hijacked(source, outcome) or self._is_imitation(source, outcome.url):
            return self._failed(lease, Failed("redirect_refused", detail="moved"), "moved")
        run = _Run(wire_bytes=outcome.wire_bytes)
        parsed = self._reader.read(outcome.body, self._context(source, first, outcome))
        if isinstance(parsed, Failed):
            return self._failed(lease, parsed, wire_bytes=run.wire_bytes)
        if parsed.code:
            return self._failed(lease, Failed(parsed.code), wire_bytes=run.wire_bytes)
        onward = self._onward(run, lease, parsed)
        self._take(run, source, parsed)
        self._follow(run, lease, first, (*self._wanted(source, further), *onward))
        if run.code and not run.items:
            return self._failed(lease, Failed(run.code, detail=run.detail), wire_bytes=run.wire_bytes)
        return self._done(lease, outcome, parsed, run)

    def _follow(self, run: _Run, lease: SourceLease, first: Request, onward: Sequence[Request]) -> None:
        """Further lists and unknown pages, within the domain and the run's budget. One failing page stops none."""
        source = lease.source
        waiting = deque(onward)
        budget = _budget(lease)
        seen = {(first.url, first.body)}
        while waiting:
            request = waiting.popleft()
            if (request.url, request.body) in seen:
                continue
            if budget == 0:
                self._left_over(run, source, [request, *waiting])
                return
            budget -= 1
            seen.add((request.url, request.body))
            fetched = self._fetcher.page(source, request.url, request.body)
            if isinstance(fetched, Failed):
                if fetched.code != "end_of_list":
                    self._page_failed(run, request, fetched.code, fetched.permanent)
                continue
            run.wire_bytes += fetched.wire_bytes
            parsed = self._reader.read(fetched.body, self._context(source, request, fetched))
            if isinstance(parsed, Failed) or parsed.code:
                self._page_failed(run, request, parsed.code, is_permanent=True)
                continue
            if request.native_id and not parsed.items and parsed.is_complete:
                self._barren.append((source.id, request.native_id))
            onward = self._onward(run, lease, parsed)
            self._take(run, source, parsed)
            waiting.extendleft(reversed([r for r in onward if r.kind == "page"]))  # before the next list is opened
            waiting.extend(r for r in onward if r.kind != "page")

    def _left_over(self, run: _Run, source: Source, left: Sequence[Request]) -> None:
        """The rest comes with the next polls; not so lists alone after a run that brought nothing new: they are old."""
        is_new = len(self._catalogue.known_items(source.id, run.ids)) < len(run.ids)
        run.is_complete = run.is_complete and not is_new and all(r.kind != "page" for r in left)

    def _onward(self, run: _Run, lease: SourceLease, parsed: Parsed) -> list[Request]:
        """What may be read next. A list whose every item was seen before leads to no further list (Q26): some servers
        repeat the last page for ever. Until a source was read whole, only this run's items count as seen.
        """
        wanted = self._wanted(lease.source, parsed.more)
        ids = {item.native_id for item in parsed.items}
        if not ids or all(r.kind == "page" for r in wanted):
            return wanted
        fresh = ids - run.ids
        if lease.state.body_sha256 is not None:
            fresh -= self._catalogue.known_items(lease.source.id, fresh)
        return wanted if fresh else [r for r in wanted if r.kind == "page"]

    def _wanted(self, source: Source, more: Sequence[Request]) -> list[Request]:
        """Requests that may be followed: inside the domain (an aggregator's anywhere), pages not known yet."""
        hosts = _hosts(source)
        inside = [r for r in more if source.options.get("aggregator") or is_within(r.url, hosts)]
        ids = {r.native_id for r in inside if r.native_id}
        known = self._catalogue.known_items(source.id, ids) if ids else frozenset()
        barren = {native_id for source_id, native_id in self._barren if source_id == source.id}
        return [r for r in inside if not r.native_id or r.native_id not in known | barren]

    def _page_failed(self, run: _Run, request: Request, code: str, is_permanent: bool) -> None:
        run.bad.append(ItemError(code, request.native_id or request.url))
        run.code, run.detail = run.code or code, "a page of the list"
        run.is_complete = run.is_complete and is_permanent

    def _take(self, run: _Run, source: Source, parsed: Parsed) -> None:
        if parsed.notes.get("guids_ignored"):
            _log.warning("source_flagged", source=source.id, guids_ignored=parsed.notes["guids_ignored"])
        run.items += parsed.items
        run.repaired |= parsed.repaired
        run.bad += parsed.bad
        run.is_complete = run.is_complete and parsed.is_complete

    def _labelled(self, source: Source, item: Item, is_repaired: bool) -> Labelled:
        """The item with what its label suggests and the level that its publisher has here (sources.md 1)."""
        authority, is_offsite = self._standing(source, item)
        if is_offsite:
            for url in (item.url, item.publisher):
                self._is_imitation(source, url)
        if item.role is not Role.REFUTATION or source.kind is SourceKind.MONITOR or is_repaired:
            return Labelled(item, None, "none", authority, is_offsite)
        mapped = map_label(item.label, item.rating, self._registry.labels_of(source))
        return Labelled(item, mapped.verdict, mapped.mapped_by, authority, is_offsite)

    def _standing(self, source: Source, item: Item) -> tuple[int, bool]:
        other = item.publisher if "." in item.publisher and " " not in item.publisher else ""
        if source.options.get("aggregator"):
            level = self._registry.authority_of(other or item.url)
            return (1 if level is None else level), False
        hosts = _hosts(source)
        is_offsite = not is_within(item.url, hosts) or bool(other and not is_within(other, hosts))
        if is_offsite or source.options.get("bridge"):
            return 0, is_offsite
        return source.authority, False

    def _is_hijacked(self, source: Source, fetched: Fetched) -> bool:
        """An official source that answers from another registrable domain is held for an editor (A5, E4)."""
        return source.kind is SourceKind.OFFICIAL and not is_within(fetched.url, _hosts(source))

    def _is_imitation(self, source: Source, url: str) -> bool:
        """Whether the host looks like a registered domain and is none: warned of, never official (E3, Q40)."""
        host = host_of(url) if "." in url and " " not in url and not is_within(url, _hosts(source)) else ""
        domain = imitated(host, [s.domain for s in self._registry.sources] or [source.domain]) if host else None
        if domain is not None:
            _log.warning("look_alike", source=source.id, host=host, of=domain)
        return domain is not None

    def _context(self, source: Source, request: Request, fetched: Fetched) -> Context:
        return Context(
            source=replace(source, options=dict(source.options), names=dict(source.names)),
            request=request,
            url=fetched.url,
            fetched_at=self._catalogue.now(),
            content_type=fetched.content_type,
            answered_at=fetched.answered_at,
            is_truncated=fetched.is_truncated,
            page_count=fetched.page_count,
        )

    # --- the endings of a run

    def _quiet(self, lease: SourceLease, outcome: NotModified | Unchanged) -> Report:
        state = lease.state
        if isinstance(outcome, Unchanged):
            state = replace(state, etag=outcome.etag, last_modified=outcome.last_modified)
        has_validators = bool(state.etag or state.last_modified)
        polled = cadence.Polled(is_ok=True, max_age_s=outcome.max_age_s, has_validators=has_validators)
        status = "not_modified" if isinstance(outcome, NotModified) else "unchanged"
        wire_bytes = outcome.wire_bytes if isinstance(outcome, Unchanged) else 0
        return self._store(lease, state, polled, (), Report(lease.source.id, status, wire_bytes=wire_bytes))

    def _failed(self, lease: SourceLease, failed: Failed, health_code: str = "", wire_bytes: int = 0) -> Report:
        polled = cadence.Polled(is_ok=False, code=health_code or failed.code, retry_after_s=failed.retry_after_s)
        report = Report(lease.source.id, "error", code=failed.code, wire_bytes=wire_bytes)
        return self._store(lease, lease.state, polled, (), report, failed.code, failed.detail)

    def _done(self, lease: SourceLease, fetched: Fetched, parsed: Parsed, run: _Run) -> Report:
        is_whole = run.is_complete and not fetched.is_truncated
        items = [self._labelled(lease.source, i, i.native_id in run.repaired) for i in named(run.items)]
        state = replace(
            lease.state,
            etag=fetched.etag if is_whole else None,
            last_modified=fetched.last_modified if is_whole else None,
            body_sha256=fetched.sha256 if is_whole else None,
        )
        polled = cadence.Polled(
            is_ok=True,
            max_age_s=fetched.max_age_s,
            ttl_min=parsed.ttl_min,
            published=tuple(i.item.published_at for i in items if i.item.published_at is not None),
            has_validators=bool(fetched.etag or fetched.last_modified),
        )
        for error in run.bad:
            native = hashlib.sha256(error.native_id.encode()).hexdigest()[:12]
            _log.info("item_rejected", source=lease.source.id, native_id_hash=native, code=error.code)
        report = Report(lease.source.id, "ok", bad=len(run.bad), wire_bytes=run.wire_bytes, code=run.code)
        return self._store(lease, state, polled, items, report)

    def _store(
        self,
        lease: SourceLease,
        state: SourceState,
        polled: cadence.Polled,
        items: Sequence[Labelled],
        report: Report,
        code: str = "",
        note: str = "",
    ) -> Report:
        source, now = lease.source, self._catalogue.now()
        due = cadence.next_check(source, lease.state, polled, now, self._jitter())
        health = cadence.health(source, lease.state, polled, now)
        state = replace(
            state,
            next_check_at=due,
            health=health,
            error_code=code or None,
            error_count=0 if polled.is_ok else lease.state.error_count + 1,
            last_checked_at=now,
            last_success_at=now if polled.is_ok else lease.state.last_success_at,
            note=note if health is not Health.PAUSED else lease.state.note,
        )
        outcome = self._catalogue.record(lease, items, state)
        if outcome is None:
            return replace(report, status="lost")
        if health is not lease.state.health:
            _log.warning(
                "source_health", source=source.id, **{"from": lease.state.health.value}, to=health.value, reason=code
            )
        for claim_id in outcome.claim_ids:
            self._catalogue.link(claim_id)
        return replace(
            report,
            new=outcome.new_count,
            repeat=outcome.repeat_count,
            variant=outcome.variant_count,
            revised=outcome.revised_count,
            withdrawn=outcome.withdrawn_count,
            linked=len(outcome.claim_ids),
            next_in_s=max(0, int((due - now).total_seconds())),
        )


def _hosts(source: Source) -> tuple[str, ...]:
    also = source.options.get("also_hosts", ())
    return (source.domain, *(str(h) for h in also)) if isinstance(also, list | tuple) else (source.domain,)


def _budget(lease: SourceLease) -> int:
    """Pages of a run: five, or a first import's budget (`pages_a_day`) while the source was never read whole."""
    if lease.state.body_sha256 is not None:
        return PAGES_A_RUN
    registered = lease.source.options.get("pages_a_day", PAGES_FIRST_RUN)
    return int(registered) if isinstance(registered, int) else PAGES_FIRST_RUN


def _logged(report: Report) -> dict[str, object]:
    names = ("status", "code", "new", "repeat", "variant", "revised", "withdrawn", "bad", "ms", "next_in_s")
    return {"source": report.source_id, "bytes": report.wire_bytes} | {n: getattr(report, n) for n in names}
