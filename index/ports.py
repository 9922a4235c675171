"""The only seam: what the catalogue asks of its surroundings. Adapters live in records, search and encode; fakes in
tests.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.model import (
    Absence,
    Alert,
    AuditEntry,
    CheckCounts,
    Claim,
    ClaimStatus,
    Editor,
    Evidence,
    Hit,
    Match,
    MatchStatus,
    OutsideRefutation,
    PollCounts,
    Refutation,
    RefutationStatus,
    Revision,
    SearchDocument,
    SearchQuery,
    Sighting,
    Source,
    SourceCheck,
    SourceLease,
    SourceSample,
    SourceState,
    TargetKind,
    Tip,
    Verdict,
)
from index.settings import Settings

_T = TypeVar("_T")

Vectors = NDArray[np.float32]
MAX_TERMS = 256  # of a query; with 64, the later half of a long message was not looked for


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware and in UTC."""


class Encoder(Protocol):
    """Turns texts into unit vectors. The same text gives the same vector; the empty text gives the zero vector."""

    @property
    def name(self) -> str:
        """Model and version; stored with every vector, part of the index name."""

    @property
    def dimensions(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32 of shape (len(texts), dimensions), rows of length 1.

        Raises: EncoderUnavailable.
        """


class Search(Protocol):
    """Finds documents by words, meaning and URL. Keeps, of each id, the newest version only. Not the system of
    record.
    """

    def write(self, documents: Sequence[SearchDocument]) -> int:
        """Stores newer versions and tombstones; older or equal versions are ignored. Returns how many were applied.

        Raises: SearchUnavailable.
        """

    def find(self, query: SearchQuery) -> tuple[Hit, ...]:
        """At most `limit` by BM25 and `limit` by cosine and `limit` by URL, merged by id; filters apply to all.

        Raises: SearchUnavailable.
        """

    def versions(self) -> dict[str, int]:
        """Every live document's id and version, for `check`.

        Raises: SearchUnavailable.
        """

    def document_count(self) -> int:
        """How many live documents there are.

        Raises: SearchUnavailable.
        """

    def rebuild(self, documents: Iterable[SearchDocument]) -> int:
        """Replaces the whole index without a gap for readers (Elasticsearch: new index, alias swap). Returns the count.

        `documents` are taken one by one, so they may be read meanwhile. They are walked again where an attempt has to
        be repeated, so no iterator will do; their length hint (PEP 424) may choose the kind of the index.
        Raises: SearchUnavailable, and what reading `documents` raises; the old index stays then.
        """

    def refresh(self) -> None:
        """Makes all writes visible to `find` now; for tests and `check` (reliability.md B7)."""

    def is_available(self) -> bool: ...

    def close(self) -> None: ...


# --- records ---


class Changed(StrEnum):
    """Kinds of records whose change the search index must follow."""

    CLAIM = "claim"
    REFUTATION = "refutation"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the change log. `seq` grows in commit order, without overtaking."""

    seq: int
    kind: Changed
    id: str


@dataclass(frozen=True, slots=True)
class SeenItem:
    """What became of an item that a source showed before."""

    kind: str  # sighting | outside | evidence | tip; superseded | withdrawn: not seen yet, but named by one that was
    record_id: str  # superseded | withdrawn: of the one that named it
    content_sha256: str
    revision_count: int


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it stands: in force while it is neither withdrawn nor superseded nor expired."""

    id: str
    source_id: str
    evidence: Evidence
    text: str
    expires_at: datetime | None
    superseded_by: str  # evidence id, or ""
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class ThreadFilter:
    """Which threads to list. Empty sets mean all. `since`/`until` apply to the newest notice."""

    verdicts: frozenset[Verdict] = frozenset()
    topics: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    min_severity: str = ""
    since: datetime | None = None
    until: datetime | None = None
    corrected_only: bool = False  # material updates and cancels
    include_withdrawn: bool = True


class Unit(Protocol):
    """One transaction over the records. Writes become visible together when the `with` block ends without an exception.

    Every `put_*` inserts or replaces by id. Getters return None for an unknown id. Lists are newest first unless said.
    """

    # sources
    def put_source(self, source: Source, now: datetime) -> None:
        """Adds or updates a registry entry; its state is kept, a new one is due `now`."""

    def source(self, source_id: str) -> Source | None: ...
    def sources(self) -> tuple[Source, ...]: ...
    def source_state(self, source_id: str) -> SourceState | None: ...
    def source_states(self) -> dict[str, SourceState]: ...
    def lease_sources(
        self, owner: str, now: datetime, *, limit: int, lease_s: float, per_host: int = 2, host_gap_s: float = 1.0
    ) -> tuple[SourceLease, ...]:
        """Takes due, enabled, unpaused sources: next_check_at passed and no live lease; at most `per_host` live leases
        and >= `host_gap_s` between starts per host (reliability.md A13). Most overdue first."""

    def renew_lease(self, lease: SourceLease, until: datetime) -> bool: ...
    def finish_poll(self, lease: SourceLease, state: SourceState) -> bool:
        """Stores the state and frees the lease, if owner and epoch still hold it; False (nothing written) otherwise.
        The caller then abandons the transaction."""

    def troubled_officials(self) -> tuple[tuple[Source, SourceState], ...]:
        """Enabled official sources that are neither ok nor paused, by id."""

    def set_due(self, source_id: str, at: datetime) -> None: ...
    def hold_source(self, source_id: str) -> SourceState | None:
        """Its state, which nobody else changes until this transaction ends."""

    def put_source_state(self, state: SourceState) -> None:
        """An editor's decision: the whole state. A poll under way is void, so it cannot overwrite the decision."""

    def add_check(self, check: SourceCheck) -> None: ...
    def checks(self, source_id: str, *, limit: int, since: datetime | None = None) -> tuple[SourceCheck, ...]: ...
    def full_checks(self, source_id: str, *, limit: int, since: datetime | None = None) -> tuple[SourceCheck, ...]:
        """Only those that read a new body."""

    def check_counts(self, since: datetime) -> dict[str, CheckCounts]:
        """Of every source that was polled since."""

    def poll_counts(self, since: datetime) -> tuple[PollCounts, ...]:
        """All polls since, by their outcome: status and code."""

    def arrivals(self, source_id: str, since: datetime) -> tuple[datetime, ...]:
        """When a poll brought something new, oldest first."""

    def delete_checks_before(self, quiet_before: datetime, all_before: datetime) -> int:
        """Deletes old rows of the log, those that brought something new later than the others; returns how many."""

    # items seen
    def put_sample(self, sample: SourceSample) -> None:
        """In place of the one of the same source and kind."""

    def samples(self, source_id: str) -> tuple[SourceSample, ...]:
        """At most two, the good one first."""

    def delete_samples_before(self, taken_before: datetime) -> int: ...
    def entries_read(self, source_id: str) -> bytes:
        """What `put_entries_read` was given last; empty if nothing."""

    def put_entries_read(self, source_id: str, hashes: bytes) -> None: ...
    def seen_item(self, source_id: str, native_ids: Collection[str]) -> SeenItem | None: ...
    def put_seen_item(
        self, source_id: str, native_id: str, seen: SeenItem, aliases: Collection[str], now: datetime
    ) -> None: ...
    def seen_items(self, source_id: str, native_ids: Collection[str]) -> dict[str, SeenItem]:
        """Those of the names that are known, with the item that each stands for."""

    def put_seen_items(
        self, source_id: str, items: Sequence[tuple[str, SeenItem, Collection[str]]], now: datetime
    ) -> None:
        """Many (native id, what it is, aliases) at once. No two of them may share a name."""

    def departed_items(
        self,
        source_id: str,
        listed: Collection[str],
        cited: Collection[str],
        *,
        now: datetime,
        seen_before: datetime,
        new_since: datetime,
        limit: int,
    ) -> tuple[Absence, ...]:
        """Reviews and notices of the source that stand `now` and are not `listed`: those `cited`, then those first seen
        since `new_since`; in each the ones first that were not asked for for longest."""

    def asked_again(self, source_id: str, names: Collection[str], now: datetime) -> None:
        """Their pages were asked for."""

    # claims and sightings
    def put_claim(self, claim: Claim) -> None:
        """Counts and first/last-seen are derived from the sightings on reading; those fields of `claim` are ignored."""

    def claim(self, claim_id: str) -> Claim | None: ...
    def claims(self, ids: Collection[str]) -> dict[str, Claim]: ...
    def list_claims(
        self, *, status: ClaimStatus | None = None, topic: str = "", text: str = "", limit: int = 50, offset: int = 0
    ) -> tuple[Claim, ...]:
        """Unmerged claims, latest seen first; `text` is a plain substring of the statement."""

    def count_claims(self, *, status: ClaimStatus | None = None) -> int: ...
    def put_sighting(self, sighting: Sighting) -> None: ...
    def sighting(self, sighting_id: str) -> Sighting | None: ...
    def sightings(self, claim_id: str, limit: int = 200) -> tuple[Sighting, ...]: ...
    def wordings(self, claim_id: str, limit: int = 30) -> tuple[Sighting, ...]:
        """The first sighting of each distinct fingerprint of the claim, oldest first."""

    def wordings_of(self, claim_ids: Collection[str], limit: int = 30) -> dict[str, tuple[Sighting, ...]]:
        """The wordings of several claims; one without sightings is left out."""

    def sighting_by_fingerprint(self, fingerprint: str) -> Sighting | None: ...
    def move_sightings(self, from_claim: str, to_claim: str) -> tuple[str, ...]:
        """Moves all; returns the moved ids (kept by the caller for undo)."""

    def move_sighting(self, sighting_id: str, to_claim: str) -> None: ...
    def daily_sightings(self, claim_ids: Collection[str], first: date, last: date) -> dict[str, list[int]]:
        """Sightings a UTC day from `first` to `last` inclusive (zeros filled in), debunks not counted."""

    def spread_of_answered(self, since: datetime, recent: datetime, least: int) -> dict[str, tuple[datetime, ...]]:
        """When answered claims circulated since then, oldest first, by what their publishers dated; only claims that
        were seen at least so often since `recent`."""

    def add_asked(self, claim_id: str) -> None:
        """One more reader wants to know."""

    # other publishers
    def put_outsides(self, reviews: Sequence[OutsideRefutation]) -> None:
        """Of two with one id the later one stays."""

    def outside(self, outside_id: str) -> OutsideRefutation | None: ...
    def outsides(self, ids: Collection[str]) -> dict[str, OutsideRefutation]: ...
    def put_evidence(
        self,
        evidence_id: str,
        source_id: str,
        evidence: Evidence,
        text: str,
        seen_at: datetime,
        expires_at: datetime | None = None,
    ) -> None:
        """A notice of an official source, kept for drafts and matching. Its standing stays as `retire_evidence` left
        it."""

    def retire_evidence(self, evidence_id: str, superseded_by: str, *, is_withdrawn: bool) -> None:
        """Another notice took its place ("": none did), or it was withdrawn."""

    def restore_evidence(self, evidence_id: str) -> None:
        """Its publisher shows it again; what another notice withdrew stays withdrawn."""

    def notice(self, evidence_id: str) -> Notice | None: ...
    def notices(
        self,
        *,
        source_id: str = "",
        text: str = "",
        in_force_at: datetime | None = None,
        before_id: str = "",
        limit: int = 50,
    ) -> tuple[Notice, ...]:
        """By id, which sorts by when each was first read; each word of `text` is in its publisher, title or text."""

    # matches
    def put_match(self, match: Match) -> None: ...
    def match(self, match_id: str) -> Match | None: ...
    def matches(
        self,
        *,
        claim_id: str | None = None,
        target_kind: TargetKind | None = None,
        target_id: str | None = None,
        status: MatchStatus | None = None,
        limit: int = 200,
        offset: int = 0,
    ) -> tuple[Match, ...]: ...
    def count_matches(self, *, status: MatchStatus) -> int: ...

    # refutations and alerts
    def put_refutation(self, refutation: Refutation) -> None:
        """Writes the refutation's own columns, not its revisions."""

    def put_revision(
        self, revision: Revision, expected_version: int | None = None, *, is_training: bool = False
    ) -> None:
        """The database refuses a published revision whose author approved it, unless `is_training`; a published one
        never changes again. Raises: Conflict if `expected_version` is given and the stored version differs, if the
        stored one is published, or if another revision of the refutation is in work."""

    def refutation(self, refutation_id: str) -> Refutation | None: ...
    def refutation_by_thread(self, thread_id: str) -> Refutation | None: ...
    def refutations(
        self,
        *,
        claim_id: str | None = None,
        status: RefutationStatus | None = None,
        in_work: bool | None = None,
        limit: int = 200,
    ) -> tuple[Refutation, ...]:
        """`in_work=True`: those with a draft or a revision in review."""

    def cited_urls(self) -> tuple[str, ...]:
        """What the texts in force and in work cite, each address once."""

    def set_page_withdrawn(self, url: str, at: datetime | None) -> None:
        """The publisher has withdrawn the page, or (None) shows it again: noted with what cites it now."""

    def withdrawn_citations(self, refutation_id: str | None = None) -> dict[str, tuple[str, ...]]:
        """The addresses that were withdrawn, by the refutation that cites them; of one refutation, or of all."""

    def keep_citations(self, refutation_id: str, urls: Collection[str]) -> None:
        """The text goes on citing these pages although they were withdrawn."""

    def add_alert(self, alert: Alert) -> None: ...
    def alert(self, alert_id: str) -> Alert | None: ...
    def alerts_of(self, thread_ids: Collection[str]) -> dict[str, tuple[Alert, ...]]:
        """Notices by thread, oldest first."""

    def list_threads(self, filter: ThreadFilter, *, limit: int = 50, offset: int = 0) -> tuple[Refutation, ...]:
        """Refutations with at least one notice, newest notice first; the filter looks at the published revision."""

    def count_threads(self, filter: ThreadFilter) -> int: ...
    def list_alerts(self, *, after_id: str = "", limit: int = 50, newest_first: bool = True) -> tuple[Alert, ...]:
        """Notices by id (ids sort by time); `after_id` only those with a greater id."""

    # change log and sync
    def changed(self, kind: Changed, id: str) -> None:
        """Marks a record for the index; written once, in commit order, when the transaction commits."""

    def changes(self, after_seq: int, limit: int) -> tuple[Change, ...]: ...
    def head(self) -> int:
        """The newest committed change number, 0 if none."""

    def last_changes(self) -> dict[tuple[Changed, str], int]: ...
    def cursor(self, name: str) -> int: ...
    def set_cursor(self, name: str, seq: int) -> None:
        """Never moves backwards unless `seq` is 0."""

    def embeddings(self, model: str, keys: Collection[str]) -> dict[str, Vectors]:
        """Stored vectors by key (SHA-256 hex of the text)."""

    def put_embeddings(self, model: str, vectors: Mapping[str, Vectors]) -> None: ...

    # people
    def put_editor(self, editor: Editor, password_hash: str | None = None) -> None:
        """None keeps the stored hash."""

    def editor(self, editor_id: str) -> Editor | None: ...
    def editor_by_name(self, name: str) -> tuple[Editor, str] | None:
        """The editor and the password hash; names compare case-folded."""

    def editors(self) -> tuple[Editor, ...]: ...
    def put_session(self, token_sha256: str, editor_id: str, now: datetime, expires_at: datetime) -> None: ...
    def session(self, token_sha256: str, now: datetime) -> Editor | None:
        """The active editor of a live session; reads only."""

    def end_session(self, token_sha256: str) -> None: ...
    def end_sessions(self, editor_id: str) -> None: ...
    def failed_logins(self, key: str, since: datetime) -> int: ...
    def add_failed_login(self, key: str, at: datetime) -> None: ...
    def clear_failed_logins(self, key: str) -> None: ...

    # tips
    def put_tip(self, tip: Tip, receipt_sha256: str | None = None) -> None: ...
    def tip_by_receipt(self, receipt_sha256: str) -> Tip | None: ...
    def tips(self, *, limit: int = 50) -> tuple[Tip, ...]: ...
    def tips_of(self, claim_id: str) -> tuple[Tip, ...]: ...
    def count_tips(self) -> int: ...
    def delete_tip(self, tip_id: str) -> None: ...
    def claims_of_tips_before(self, received_before: datetime) -> tuple[str, ...]:
        """The claims, each once, of the tips that readers sent in before then."""

    def delete_tips_before(self, received_before: datetime) -> int:
        """Deletes what readers sent in before then; returns how many tips."""

    def count_unanswered_check(self, fingerprint: str, now: datetime) -> None:
        """A check that found nothing, counted by fingerprint only (ux.md 4.2)."""

    # audit and leases
    def hold_desk(self) -> None:
        """Acts that decide from claims, matches or refutations follow one another: waits for the one under way and
        keeps the others waiting until this transaction ends. To be called before the reads that the act decides from.
        """

    def append_audit(self, at: datetime, actor_id: str, act: str, subject_id: str, values: Mapping[str, str]) -> None:
        """One row of the hash chain, serialised by a lock on its head (reliability.md C16)."""

    def audit(
        self, *, subject_id: str | None = None, limit: int = 100, before_seq: int | None = None
    ) -> tuple[AuditEntry, ...]: ...
    def first_broken_audit_row(self) -> int | None:
        """The seq of the first row whose hash does not follow from its content and its predecessor."""

    def take_lease(self, name: str, holder: str, now: datetime, ttl_s: float) -> int | None:
        """The epoch if `holder` holds the named lease now (new or renewed), else None. By compare-and-set."""

    def lease_end(self, name: str) -> datetime | None:
        """When the named lease ends or ended; None if nobody ever took it."""

    def release_lease(self, name: str, holder: str) -> None: ...


class Records(Protocol):
    """The system of record. SQLite and PostgreSQL from one source; synchronous and durable on both."""

    def begin(self) -> AbstractContextManager[Unit]:
        """A writing transaction (BEGIN IMMEDIATE on SQLite)."""

    def together(self, act: Callable[[Unit], _T], weight: int = 1) -> _T:
        """Runs `act` in a writing transaction that acts of other threads may share, so that many small ones cost one
        commit. Each stays atomic: what one raises undoes that one alone, and is raised to its caller. An act may be
        run again after its transaction failed, so it changes nothing but the records. `weight` is about the number of
        records it writes: heavy acts share with fewer."""

    def read(self) -> AbstractContextManager[Unit]:
        """A read-only snapshot (REPEATABLE READ on PostgreSQL)."""

    def migrate(self) -> str:
        """Brings the schema to the newest revision; returns its id. Safe to run from several processes at once."""

    def schema_is_current(self) -> bool: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Parts:
    """The adapters that one catalogue works with; built in `index/__init__.py`, or from fakes in tests."""

    settings: Settings
    records: Records
    search: Search
    encoder: Encoder
    clock: Clock
