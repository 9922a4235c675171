"""Stand-ins at the crawlers' ports: a catalogue in memory, a network of scripted answers, a reader without a child."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from crawlers.adapters import adapter
from crawlers.adapters.datafeed import read_dump
from crawlers.adapters.protocol import Context, Dump, Parsed, Portion
from crawlers.fetch import Failed, Fetched, Outcome
from crawlers.registry import Registry
from index.model import (
    Absence,
    Health,
    Labelled,
    RecordOutcome,
    Role,
    Source,
    SourceCheck,
    SourceKind,
    SourceLease,
    SourceSample,
    SourceState,
)
from index.pages import SourceRow, SyncReport

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_source(source_id: str = "s", **changes: Any) -> Source:
    kind = changes.pop("kind", SourceKind.CHECKER)
    roles = {
        SourceKind.MONITOR: Role.CIRCULATING,
        SourceKind.CHECKER: Role.REFUTATION,
        SourceKind.OFFICIAL: Role.REFUTATION,
    }
    values: dict[str, Any] = {
        "id": source_id,
        "names": {"en": source_id},
        "kind": kind,
        "authority": {SourceKind.MONITOR: 0, SourceKind.CHECKER: 2, SourceKind.OFFICIAL: 4}[kind],
        "domain": "news.example",
        "url": "https://news.example/feed",
        "format": "feed",
        "role": roles[kind],
        "language": "en",
        "is_enabled": True,
        "every_min": 30,
        "silent_after_h": 10**6,
    }
    return Source(**(values | changes))


def a_state(source_id: str = "s", **changes: Any) -> SourceState:
    return replace(SourceState(source_id, START), **changes)


def a_lease(source: Source | None = None, state: SourceState | None = None, epoch: int = 1) -> SourceLease:
    source = source or a_source()
    return SourceLease(source, state or a_state(source.id), "worker", epoch, START + timedelta(minutes=1))


def fetched(body: bytes | str, url: str = "https://news.example/feed", **changes: Any) -> Fetched:
    body = body.encode() if isinstance(body, str) else body
    values: dict[str, Any] = {
        "body": body,
        "url": url,
        "status": 200,
        "content_type": "",
        "sha256": hashlib.sha256(body).hexdigest(),
        "etag": '"1"',
        "last_modified": None,
        "answered_at": None,
        "max_age_s": None,
        "hops": (),
        "is_truncated": False,
        "wire_bytes": len(body),
    }
    return Fetched(**(values | changes))


@dataclass
class FakeCatalogue:
    """Keeps what was recorded. A lease counts only with the epoch that was last given out."""

    clock: datetime = START
    known: dict[str, set[str]] = field(default_factory=dict)
    recorded: list[tuple[SourceLease, tuple[Labelled, ...], SourceState]] = field(default_factory=list)
    log: list[SourceCheck] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    rows: dict[str, tuple[Source, SourceState]] = field(default_factory=dict)
    leased: dict[str, str] = field(default_factory=dict)
    leases: dict[str, tuple[str, datetime, int]] = field(default_factory=dict)
    renewed: list[str] = field(default_factory=list)
    kept: tuple[Absence, ...] = ()  # reviews and notices, each with its page
    asked_for: set[str] = field(default_factory=set)
    sync_count: int = 0
    samples: list[SourceSample] = field(default_factory=list)
    parts: list[tuple[Labelled, ...]] = field(default_factory=list)
    entries: dict[str, bytes] = field(default_factory=dict)

    def add(self, *sources: Source) -> None:
        for source in sources:
            self.rows[source.id] = (source, a_state(source.id, next_check_at=self.clock))

    def now(self) -> datetime:
        return self.clock

    def known_items(
        self, source_id: str, native_ids: Collection[str], *, only_standing: bool = False
    ) -> frozenset[str]:
        return frozenset(native_ids) & frozenset(self.known.get(source_id, set()))

    def past_checks(self, source_id: str, limit: int, since: datetime | None) -> tuple[SourceCheck, ...]:
        own = [c for c in self.log if c.source_id == source_id and c.status == "ok"]
        return tuple([c for c in own[::-1] if since is None or c.checked_at >= since][:limit])

    def arrivals(self, source_id: str) -> tuple[datetime, ...]:
        return tuple(c.checked_at for c in self.log if c.source_id == source_id and c.new_count)

    def departed_items(self, source_id: str, listed: Collection[str], limit: int) -> tuple[Absence, ...]:
        left = [a for a in self.kept if a.name not in listed and a.name not in self.asked_for]
        return tuple(left[:limit])

    def asked_again(self, source_id: str, names: Collection[str]) -> None:
        self.asked_for |= set(names)

    def record(
        self,
        lease: SourceLease,
        items: Sequence[Labelled],
        state: SourceState,
        check: SourceCheck | None = None,
        sample: SourceSample | None = None,
    ) -> RecordOutcome | None:
        if lease.source.id in self.lost:
            return None
        seen = self.known.setdefault(lease.source.id, set())
        new = [i for i in items if not {i.item.native_id, *i.item.aliases} & seen]
        for labelled in items:
            seen |= {labelled.item.native_id, *labelled.item.aliases}
        self.recorded.append((lease, tuple(items), state))
        if check is not None:
            self.log.append(replace(check, new_count=len(new)))
        self.samples += [sample] if sample is not None else []
        self.leased.pop(lease.source.id, None)
        if lease.source.id in self.rows:
            self.rows[lease.source.id] = (lease.source, state)
        return RecordOutcome(
            new_count=len(new),
            repeat_count=len(items) - len(new),
            withdrawn_count=sum(i.item.is_withdrawn for i in items),
            claim_ids=tuple(f"clm_{i.item.native_id}" for i in new if i.item.role is Role.CIRCULATING),
        )

    def record_part(self, lease: SourceLease, items: Sequence[Labelled]) -> RecordOutcome | None:
        if lease.source.id in self.lost:
            return None
        seen = self.known.setdefault(lease.source.id, set())
        new = [i for i in items if i.item.native_id not in seen]
        seen |= {i.item.native_id for i in items}
        self.parts.append(tuple(items))
        return RecordOutcome(new_count=len(new), repeat_count=len(items) - len(new))

    def entries_read(self, source_id: str) -> bytes:
        return self.entries.get(source_id, b"")

    def keep_entries_read(self, source_id: str, hashes: bytes) -> None:
        self.entries[source_id] = hashes

    def link(self, claim_id: str) -> None:
        self.linked.append(claim_id)

    def lease_sources(
        self, owner: str, limit: int, lease_s: float = 60.0, host_gap_s: float = 1.0
    ) -> tuple[SourceLease, ...]:
        due = [
            SourceLease(source, state, owner, 1, self.clock + timedelta(seconds=lease_s))
            for source, state in self.rows.values()
            if source.is_enabled
            and state.health is not Health.PAUSED
            and state.next_check_at <= self.clock
            and source.id not in self.leased
        ][:limit]
        for lease in due:
            self.leased[lease.source.id] = owner
        return tuple(due)

    def renew_lease(self, lease: SourceLease, lease_s: float = 60.0) -> bool:
        self.renewed.append(lease.source.id)
        return lease.source.id in self.leased

    def take_lease(self, name: str, holder: str, ttl_s: float) -> int | None:
        current = self.leases.get(name)
        if current is not None and current[0] != holder and current[1] > self.clock:
            return None
        epoch = current[2] if current is not None and current[0] == holder else (current[2] + 1 if current else 1)
        self.leases[name] = (holder, self.clock + timedelta(seconds=ttl_s), epoch)
        return epoch

    def release_lease(self, name: str, holder: str) -> None:
        if self.leases.get(name, ("",))[0] == holder:
            del self.leases[name]

    def sources(self) -> tuple[SourceRow, ...]:
        return tuple(SourceRow(source, state) for source, state in self.rows.values())

    def set_due(self, source_id: str) -> None:
        source, state = self.rows[source_id]
        self.rows[source_id] = (source, replace(state, next_check_at=self.clock))

    def link_waiting(self, limit: int = 100) -> int:
        return 0

    def sync(self, limit: int = 1000) -> SyncReport:
        self.sync_count += 1
        return SyncReport(0, 0, True)


@dataclass
class FakeNetwork:
    """Answers by address; a function is called, an exception raised. `asked` holds every address in order."""

    answers: dict[str, Any]
    asked: list[str] = field(default_factory=list)

    def poll(
        self,
        source: Source,
        url: str,
        etag: str | None,
        last_modified: str | None,
        sha256: str | None,
        body: bytes = b"",
    ) -> Outcome:
        return self._answer(url)

    def close(self) -> None:
        """Nothing is under way."""

    def page(self, source: Source, url: str, body: bytes = b"") -> Fetched | Failed:
        found = self._answer(url)
        assert isinstance(found, Fetched | Failed)
        return found

    def _answer(self, url: str) -> Outcome:
        self.asked.append(url)
        found = self.answers.get(url, Failed("not_found", permanent=True))
        if isinstance(found, Exception):
            raise found
        outcome: Outcome = found() if isinstance(found, Callable) else found  # type: ignore[arg-type]
        return outcome


class InProcessReader:
    """Reads in this process: for tests of what surrounds the reading."""

    def read(self, body: bytes, context: Context) -> Parsed | Failed:
        return adapter(context.source.format).read(body, context)

    def portions(self, dump: Dump, context: Context) -> Generator[Portion | Failed, None, None]:
        yield from read_dump(dump, context)


NO_LABELS = Registry(())
