"""One source, from due to done: fetch -> adapt -> label -> record -> link. Errors are values.

The items of a run, the poll state and the next check are stored in ONE transaction by `catalogue.record`; a lost lease
stores nothing at all. One log line per outcome, never a text, title, handle or query string.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from crawlers import cadence, drift, moves
from crawlers.adapters import adapter
from crawlers.adapters.protocol import Parsed, Portion, Request
from crawlers.departed import Departed, Departures
from crawlers.domains import host_of, is_within
from crawlers.fetch import Failed, Fetched, NotModified, Outcome, Unchanged
from crawlers.following import Follower, Known, Paging, Reading, Run
from crawlers.identity import named
from crawlers.labels import map_label
from crawlers.registry import Registry
from index.lookalike import imitated
from index.model import (
    IN_OTHER_HANDS,
    Health,
    Item,
    Labelled,
    RecordOutcome,
    Revalidation,
    Role,
    Source,
    SourceCheck,
    SourceKind,
    SourceLease,
    SourceSample,
    SourceState,
)

SAMPLE_BYTES = 256 * 1024
MAX_BAD = 1_000  # faults of a dump that a run remembers
_log = structlog.get_logger("crawlers")


class Catalogue(Known, Departures, Protocol):
    """What a run asks of the catalogue; `index.catalogue.Catalogue` fits, and so does a fake."""

    def record(
        self,
        lease: SourceLease,
        items: Sequence[Labelled],
        state: SourceState,
        check: SourceCheck,
        sample: SourceSample | None,
    ) -> RecordOutcome | None: ...
    def record_part(self, lease: SourceLease, items: Sequence[Labelled]) -> RecordOutcome | None: ...
    def entries_read(self, source_id: str) -> bytes: ...
    def keep_entries_read(self, source_id: str, hashes: bytes) -> None: ...
    def past_checks(self, source_id: str, limit: int, since: datetime | None) -> tuple[SourceCheck, ...]: ...
    def arrivals(self, source_id: str) -> tuple[datetime, ...]: ...
    def link(self, claim_id: str) -> object: ...


class Fetching(Paging, Protocol):
    def poll(
        self,
        source: Source,
        url: str,
        etag: str | None,
        last_modified: str | None,
        sha256: str | None,
        body: bytes = b"",
    ) -> Outcome: ...


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
        self._catalogue, self._fetcher = catalogue, fetcher
        self._follower = Follower(catalogue, fetcher, reader)
        self._departed = Departed(catalogue, fetcher)
        self._registry, self._jitter = registry, jitter

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
            return self._failed(lease, Run(), Failed("crashed"))
        except Exception:  # noqa: BLE001 - the same edge: without the records only the lease can lapse
            _log.critical("crash_not_stored", source=lease.source.id, exc_info=True)
            return Report(lease.source.id, "error", code="crashed")

    def _crawl(self, lease: SourceLease) -> Report:
        source, state, run = lease.source, lease.state, Run()
        if self._catalogue.now() >= lease.until:  # this process was stopped meanwhile; the source is another worker's
            return Report(source.id, "lost")
        first, *further = _requests(lease)
        run.url = first.url
        asks_anew = state.revalidation is not Revalidation.ON
        validators = (None, None) if asks_anew else (state.etag, state.last_modified)
        outcome = self._fetcher.poll(source, first.url, *validators, state.body_sha256, first.body)
        if isinstance(outcome, Failed):
            is_stopped = outcome.code == "stopped"  # this process ends: the lease lapses, and the next one takes it
            return Report(source.id, "lost") if is_stopped else self._failed(lease, run, outcome)
        try:
            return self._answered(lease, run, first, further, outcome)
        finally:
            if isinstance(outcome, Fetched) and outcome.spill is not None:
                outcome.spill.close()

    def _answered(
        self,
        lease: SourceLease,
        run: Run,
        first: Request,
        further: Sequence[Request],
        outcome: Fetched | NotModified | Unchanged,
    ) -> Report:
        source = lease.source
        for hop in outcome.hops:
            _log.info("redirect_seen", source=source.id, status=hop.status, to_host=host_of(outcome.url))
        if self._is_imitation(lease, outcome.url):
            return self._failed(lease, run, Failed("redirect_refused", detail="moved"), "moved")
        if self._is_hijacked(lease, outcome):
            return self._held(lease, run, outcome.url)
        if isinstance(outcome, NotModified | Unchanged):
            return self._quiet(lease, run, outcome)
        run.answer = outcome
        run.wire_bytes, run.http_status, run.sha256 = outcome.wire_bytes, outcome.status, outcome.sha256
        if outcome.spill is not None:
            return self._dumped(lease, run, first, outcome)
        parsed = self._follower.read(source, first, outcome)
        if isinstance(parsed, Failed):
            return self._failed(lease, run, parsed)
        if parsed.code:
            return self._failed(lease, run, Failed(parsed.code))
        run.listed_count = len(parsed.items) + len(parsed.bad) + sum(bool(r.native_id) for r in parsed.more)
        self._follower.follow(run, lease, first, parsed, further)
        if run.code and not run.items:
            told = "malformed" if run.code in ("gone", "not_found") else ""  # of a page; the source itself answered
            return self._failed(lease, run, Failed(run.code, detail=run.detail), told)
        return self._done(lease, outcome, parsed, run)

    def _dumped(self, lease: SourceLease, run: Run, request: Request, fetched: Fetched) -> Report:
        """A dump's items are recorded in portions while it is read. The lease holds until the last one, whose ending is
        that of any poll; after a crash the dump is read again, and its recorded items are known.
        """
        source = lease.source
        portions = self._follower.portions(source, request, fetched, self._catalogue.entries_read(source.id))
        with contextlib.closing(portions):
            for portion in portions:
                if isinstance(portion, Failed) and portion.code == "stopped":
                    return Report(source.id, "lost", wire_bytes=run.wire_bytes)
                if isinstance(portion, Failed):
                    return self._failed(_with_news(lease, run.recorded, self._catalogue.now()), run, portion)
                run.listed_count += portion.listed_count
                run.bad += portion.parsed.bad[: MAX_BAD - len(run.bad)]
                if portion.known is not None:
                    return self._dump_done(lease, run, fetched, portion)
                items = [self._labelled(lease, item, False) for item in named(portion.parsed.items)]
                outcome = self._catalogue.record_part(lease, items) if items else RecordOutcome()
                if outcome is None:
                    return Report(source.id, "lost", wire_bytes=run.wire_bytes)
                for claim_id in outcome.claim_ids:
                    self._catalogue.link(claim_id)
                run.recorded = run.recorded.plus(outcome)
        return self._failed(lease, run, Failed("parser_killed"))  # it ended without its last portion

    def _dump_done(self, lease: SourceLease, run: Run, fetched: Fetched, last: Portion) -> Report:
        parsed, lease = last.parsed, _with_news(lease, run.recorded, self._catalogue.now())
        if parsed.code:
            return self._failed(lease, run, Failed(parsed.code))
        self._catalogue.keep_entries_read(lease.source.id, last.known or b"")  # all of them are recorded by now
        run.is_complete = parsed.is_complete
        return self._done(lease, fetched, parsed, run)

    def _labelled(self, lease: SourceLease, item: Item, is_repaired: bool) -> Labelled:
        """The item with what its label suggests and the level that its publisher has here (sources.md 1)."""
        source = lease.source
        authority, is_offsite = self._standing(lease, item)
        if is_offsite:
            for url in (item.url, item.publisher):
                self._is_imitation(lease, url)
        if item.role is not Role.REFUTATION or source.kind is SourceKind.MONITOR or is_repaired:
            return Labelled(item, None, "none", authority, is_offsite)
        mapped = map_label(item.label, item.rating, self._registry.labels_of(source))
        return Labelled(item, mapped.verdict, mapped.mapped_by, authority, is_offsite)

    def _standing(self, lease: SourceLease, item: Item) -> tuple[int, bool]:
        source = lease.source
        other = item.publisher if "." in item.publisher and " " not in item.publisher else ""
        if source.options.get("aggregator"):
            level = self._registry.authority_of(other or item.url)
            return (1 if level is None else level), False
        hosts = moves.hosts_of(lease)
        is_offsite = not is_within(item.url, hosts) or bool(other and not is_within(other, hosts))
        if is_offsite or source.options.get("bridge"):
            return 0, is_offsite
        return source.authority, False

    def _is_hijacked(self, lease: SourceLease, outcome: Fetched | NotModified | Unchanged) -> bool:
        """An official source that answers from another registrable domain is held for editors (A5, E4)."""
        is_official = lease.source.kind is SourceKind.OFFICIAL
        return is_official and bool(outcome.url) and not is_within(outcome.url, moves.hosts_of(lease))

    def _is_imitation(self, lease: SourceLease, url: str) -> bool:
        """Whether the host looks like a registered domain and is none: warned of, never official (E3, Q40)."""
        host = host_of(url) if "." in url and " " not in url and not is_within(url, moves.hosts_of(lease)) else ""
        domain = imitated(host, [s.domain for s in self._registry.sources] or [lease.source.domain]) if host else None
        if domain is not None:
            _log.warning("look_alike", source=lease.source.id, host=host, of=domain)
        return domain is not None

    # --- the endings of a run

    def _quiet(self, lease: SourceLease, run: Run, outcome: NotModified | Unchanged) -> Report:
        state = lease.state
        if state.is_in_other_hands:  # the page that was known is back: what was held was never kept as known
            state = replace(state, doubts=())
        if isinstance(outcome, Unchanged):
            state = replace(state, etag=outcome.etag, last_modified=outcome.last_modified)
            run.wire_bytes = outcome.wire_bytes
        run.http_status = 304 if isinstance(outcome, NotModified) else 200
        run.sha256 = state.body_sha256 or ""
        state = self._after_move(lease, run, state, outcome)
        polled = cadence.Polled(
            is_ok=True,
            max_age_s=outcome.max_age_s,
            has_validators=bool(state.etag or state.last_modified) and _uses_validators(state),
            doubts=state.doubts,
            is_held=_is_held(lease.source, state),
        )
        status = "not_modified" if isinstance(outcome, NotModified) else "unchanged"
        state, gone = self._departed.look(lease, _asked_anew(state, was_hidden=False), None)
        return self._store(lease, run, state, polled, [Labelled(item) for item in gone], status)

    def _failed(self, lease: SourceLease, run: Run, failed: Failed, health_code: str = "") -> Report:
        polled = cadence.Polled(is_ok=False, code=health_code or failed.code, retry_after_s=failed.retry_after_s)
        run.http_status = failed.status or run.http_status
        run.code, run.detail, run.listed_count = failed.code, failed.detail, 0
        return self._store(lease, run, replace(lease.state, note=failed.detail), polled, (), "error")

    def _held(self, lease: SourceLease, run: Run, url: str) -> Report:
        """Nothing of the answer is read; editors decide about the domain. After a refusal it is a plain failure."""
        move = moves.elsewhere(lease.state.move, url, self._catalogue.now().date())
        asked = replace(lease, state=replace(lease.state, move=move))
        code = "redirect_refused" if move.is_refused else "moved"
        return self._failed(asked, run, Failed("redirect_refused", detail=code), code)

    def _in_other_hands(self, lease: SourceLease, run: Run, doubts: tuple[str, ...]) -> Report:
        """An official source with another language and another certificate's issuer: nothing of the answer is recorded
        until an editor says that this is how it looks now (E4)."""
        held = replace(lease, state=replace(lease.state, doubts=doubts))
        return self._failed(held, run, Failed(IN_OTHER_HANDS), "moved")

    def _done(self, lease: SourceLease, fetched: Fetched, parsed: Parsed, run: Run) -> Report:
        is_whole = run.is_complete and not fetched.is_truncated
        items = [self._labelled(lease, i, i.native_id in run.repaired) for i in named(run.items)]
        state = replace(
            lease.state,
            etag=fetched.etag if is_whole else None,
            last_modified=fetched.last_modified if is_whole else None,
            body_sha256=fetched.sha256 if is_whole else None,
        )
        state = _asked_anew(self._after_move(lease, run, state, fetched), self._was_hidden(lease, items))
        state = replace(state, doubts=self._doubts(lease, run, items))
        if "issuer" in state.doubts and lease.source.kind is SourceKind.OFFICIAL:
            return self._in_other_hands(lease, run, state.doubts)
        polled = cadence.Polled(
            is_ok=True,
            max_age_s=fetched.max_age_s,
            ttl_min=parsed.ttl_min,
            published=tuple(i.item.published_at for i in items if i.item.published_at is not None),
            has_validators=bool(fetched.etag or fetched.last_modified) and _uses_validators(state),
            doubts=state.doubts,
            is_held=_is_held(lease.source, state),
        )
        for error in run.bad:
            native = hashlib.sha256(error.native_id.encode()).hexdigest()[:12]
            _log.info("item_rejected", source=lease.source.id, native_id_hash=native, code=error.code)
        # else who knows what the list shows; and of a dump only what changed was handed over
        is_known = fetched.spill is None and not (fetched.is_truncated or state.doubts)
        state, gone = self._departed.look(lease, state, _listed(items, parsed) if is_known else None)
        return self._store(lease, run, state, polled, [*items, *map(Labelled, gone)], "ok")

    def _doubts(self, lease: SourceLease, run: Run, items: Sequence[Labelled]) -> tuple[str, ...]:
        past = self._catalogue.past_checks(lease.source.id, drift.LOOKED_AT, lease.state.learn_from)
        head = run.answer.body if run.answer is not None else b""
        return drift.doubts(self._check(lease, run, items, "ok"), past, drift.is_counted(lease.source, head))

    def _was_hidden(self, lease: SourceLease, items: Sequence[Labelled]) -> bool:
        """Whether a look without validators shows items that earlier polls should have shown."""
        since = lease.state.last_success_at
        if lease.state.revalidation is not Revalidation.SKIP or since is None:
            return False
        old = [i.item for i in items if i.item.published_at is not None and i.item.published_at < since]
        known = self._catalogue.known_items(lease.source.id, {n for i in old for n in (i.native_id, *i.aliases)})
        return any(not known & {i.native_id, *i.aliases} for i in old)

    def _after_move(
        self, lease: SourceLease, run: Run, state: SourceState, outcome: Fetched | NotModified | Unchanged
    ) -> SourceState:
        """A permanent redirect is counted; once believed it is followed, for an official source only by an editor. An
        address that the format made of the registered one moves with that alone."""
        source, asked = lease.source, run.url
        if asked != moves.address_of(lease):
            return state
        to, today = outcome.url or asked, self._catalogue.now().date()
        move = moves.seen(state.move, asked, to, outcome.hops, moves.hosts_of(lease), today)
        if move is None or not moves.is_believed(move) or source.kind is SourceKind.OFFICIAL:
            return replace(state, move=move)
        _log.warning("source_followed", source=source.id, to_host=host_of(move.to), days=len(move.days))
        return replace(state, move=None, address=move.to, etag=None, last_modified=None)

    def _check(self, lease: SourceLease, run: Run, items: Sequence[Labelled], status: str) -> SourceCheck:
        check = SourceCheck(
            source_id=lease.source.id,
            checked_at=self._catalogue.now(),
            status=status,
            code=run.code,
            http_status=run.http_status,
            ms=int((time.monotonic() - run.started) * 1000),
            wire_bytes=run.wire_bytes,
            body_sha256=run.sha256,
            listed_count=run.listed_count,
            bad_count=len(run.bad),
            new_count=run.recorded.new_count,
            repeat_count=run.recorded.repeat_count,
            variant_count=run.recorded.variant_count,
            revised_count=run.recorded.revised_count,
            withdrawn_count=run.recorded.withdrawn_count,
            label_count=run.recorded.label_count,
            unmapped_count=run.recorded.unmapped_count,
            issuer=run.answer.issuer if run.answer is not None else "",
            generator=drift.made_by(run.answer.body) if run.answer is not None else "",
        )
        return replace(check, **drift.profile(items)) if items else check

    def _store(
        self,
        lease: SourceLease,
        run: Run,
        state: SourceState,
        polled: cadence.Polled,
        items: Sequence[Labelled],
        status: str,
    ) -> Report:
        source, before, now = lease.source, lease.state, self._catalogue.now()
        due = cadence.next_check(source, before, polled, now, self._jitter())
        health = cadence.health(source, before, polled, now, self._arrivals(lease, polled, now))
        state = replace(
            state,
            next_check_at=due,
            health=health,
            error_code=run.code if status == "error" else None,
            error_count=0 if polled.is_ok else before.error_count + 1,
            last_checked_at=now,
            last_success_at=now if polled.is_ok else before.last_success_at,
            failing_since=cadence.failing_since(before, polled, now),
            missing_since=cadence.missing_since(before, polled, now),
            note=state.note if status == "error" else "",
        )
        check = replace(self._check(lease, run, items, status), doubts=state.doubts if polled.is_ok else ())
        sample = _sample(source, run, polled.is_ok and not state.doubts, now)
        outcome = self._catalogue.record(lease, items, state, check, sample)
        report = Report(source.id, status, bad=len(run.bad), wire_bytes=run.wire_bytes, code=run.code)
        if outcome is None:
            return replace(report, status="lost")
        _log_health(source, before, state, outcome)
        for claim_id in outcome.claim_ids:
            self._catalogue.link(claim_id)
        outcome = run.recorded.plus(outcome)
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

    def _arrivals(self, lease: SourceLease, polled: cadence.Polled, now: datetime) -> tuple[datetime, ...]:
        """When items came, read only where it decides: for a source without a registered silence that is quiet."""
        source = lease.source
        is_quiet = cadence.quiet_for(lease.state, polled, now) > cadence.SILENT_AFTER[source.kind]
        return self._catalogue.arrivals(source.id) if is_quiet and polled.is_ok and not source.silent_after_h else ()


def _requests(lease: SourceLease) -> tuple[Request, ...]:
    """What a poll asks for. A move applies where the format asks for the registered address itself."""
    first, *further = adapter(lease.source.format).first(lease.source)
    moved = replace(first, url=moves.address_of(lease)) if first.url == lease.source.url else first
    return moved, *further


def _with_news(lease: SourceLease, recorded: RecordOutcome, now: datetime) -> SourceLease:
    """The lease as if the portions recorded so far had been a poll of their own."""
    news = recorded.new_count + recorded.variant_count
    state = replace(lease.state, new_item_count=lease.state.new_item_count + news)
    return replace(lease, state=replace(state, last_new_at=now) if news else state)


def _listed(items: Sequence[Labelled], parsed: Parsed) -> set[str]:
    names = {name for i in items for name in (i.item.native_id, *i.item.aliases)}
    return names | {request.native_id for request in parsed.more}


def _uses_validators(state: SourceState) -> bool:
    return state.revalidation is not Revalidation.OFF


def _asked_anew(state: SourceState, was_hidden: bool) -> SourceState:
    """After a look without validators: usual polls again, or never with validators where they had hidden something."""
    if state.revalidation is not Revalidation.SKIP:
        return state
    return replace(state, revalidation=Revalidation.OFF if was_hidden else Revalidation.ON)


def _sample(source: Source, run: Run, is_good: bool, now: datetime) -> SourceSample | None:
    """The body that this poll read. None of a monitor's: its documents name people, of whom nothing is kept."""
    answer = run.answer
    if answer is None or source.kind is SourceKind.MONITOR:
        return None
    size = answer.wire_bytes if answer.spill is not None else len(answer.body)
    body = answer.body[:SAMPLE_BYTES]
    return SourceSample(source.id, is_good, now, answer.url, answer.content_type[:200], size, body)


def _is_held(source: Source, state: SourceState) -> bool:
    return source.kind is SourceKind.OFFICIAL and moves.is_believed(state.move)


def _log_health(source: Source, before: SourceState, after: SourceState, outcome: RecordOutcome) -> None:
    is_over = after.health is Health.SILENT and bool(outcome.new_count or outcome.variant_count)
    health = Health.OK if is_over else after.health
    if health is not before.health:
        reason = after.error_code or ",".join(after.doubts)
        change = {"from": before.health.value, "to": health.value, "reason": reason}
        _log.warning("source_health", source=source.id, kind=source.kind.value, **change)


def _logged(report: Report) -> dict[str, object]:
    names = ("status", "code", "new", "repeat", "variant", "revised", "withdrawn", "bad", "ms", "next_in_s")
    return {"source": report.source_id, "bytes": report.wire_bytes} | {n: getattr(report, n) for n in names}
