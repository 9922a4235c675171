"""Read models: what one page, feed or desk list is made of, put together by `reading` in as few queries as it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from index.model import (
    Alert,
    AuditEntry,
    CheckCounts,
    Claim,
    Concern,
    Editor,
    Evidence,
    Match,
    NoticeState,
    OutsideRefutation,
    Reason,
    Refutation,
    Revision,
    Sighting,
    Source,
    SourceAct,
    SourceCheck,
    SourceSample,
    SourceState,
    Thread,
)


@dataclass(frozen=True, slots=True)
class Daily:
    """Sightings a day from `first` on, one number a day."""

    first: date
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ThreadList:
    """One page of threads, newest notice first; `total` counts all that fit the filter."""

    threads: tuple[Thread, ...]
    total: int
    page: int
    page_count: int


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """An alert page: the thread, its claim, where it was seen, other publishers' confirmed reviews, related threads."""

    thread: Thread
    claim: Claim | None
    sightings: tuple[Sighting, ...]
    source_names: Mapping[str, Source]
    daily: Daily
    reviews: tuple[OutsideRefutation, ...]
    related: tuple[Thread, ...]


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """A claim as the public sees it: wordings, trend, our thread if published, reviews that an editor confirmed."""

    claim: Claim
    wordings: tuple[Sighting, ...]
    source_names: Mapping[str, Source]
    daily: Daily
    thread: Thread | None
    reviews: tuple[OutsideRefutation, ...]
    is_being_checked: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A match with what it points to, for review on the desk."""

    match: Match
    claim: Claim
    target_claim: Claim | None = None
    target_refutation: Refutation | None = None
    target_outside: OutsideRefutation | None = None


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of work: a claim, how urgent with reasons (never a number), who has it."""

    claim: Claim
    priority: str  # high | medium | low
    reasons: tuple[Reason, ...]
    daily: Daily
    suggestions: tuple[Suggestion, ...] = ()
    refutation: Refutation | None = None
    taken_by: Editor | None = None
    taken_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """The desk's three lists with their counts; `rows` are those of the list asked for."""

    counts: Mapping[str, int]  # match | write | approve
    rows: tuple[QueueRow, ...]
    page: int
    page_count: int


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """Everything the desk knows about a claim."""

    claim: Claim
    wordings: tuple[Sighting, ...]
    sightings: tuple[Sighting, ...]
    source_names: Mapping[str, Source]
    daily: Daily
    suggestions: tuple[Suggestion, ...]
    decided: tuple[Suggestion, ...]
    refutations: tuple[Refutation, ...]
    audit: tuple[AuditEntry, ...]
    rising_again: int = 0  # sightings since it came back, if it does


@dataclass(frozen=True, slots=True)
class DraftPage:
    """A refutation on the desk: the revision in work, the one in force, what may be done, and by whom."""

    refutation: Refutation
    working: Revision | None
    published: Revision | None
    claim: Claim | None
    notices: tuple[Alert, ...]
    acts: frozenset[str]  # acts of workflow.Act that this editor may do now
    refusals: Mapping[str, str]  # act -> code why not
    suggested_evidence: tuple[OutsideRefutation, ...]
    editors: Mapping[str, Editor]
    audit: tuple[AuditEntry, ...]
    withdrawn_citations: tuple[str, ...] = ()  # addresses that it cites and whose publishers withdrew them


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source with its state; the desk's list adds the last seven days and what wants a person."""

    source: Source
    state: SourceState | None
    week: CheckCounts = field(default_factory=CheckCounts)
    concerns: tuple[Concern, ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """An official notice on the desk: what it says, who said it, how it stands."""

    id: str
    evidence: Evidence
    text: str
    expires_at: datetime | None
    state: NoticeState
    source: Source | None


@dataclass(frozen=True, slots=True)
class NoticeList:
    """Official notices, newest first; `older` is the id to go on from, "" at the end."""

    rows: tuple[NoticeRow, ...]
    older: str


@dataclass(frozen=True, slots=True)
class SourcePage:
    """One source on the desk: its last polls (newest first), what was decided about it, and what may be done."""

    row: SourceRow
    state: SourceState
    checks: tuple[SourceCheck, ...]
    acts: frozenset[SourceAct]  # open to the editor who looks
    editors: Mapping[str, Editor]
    audit: tuple[AuditEntry, ...]
    samples: tuple[SourceSample, ...] = ()
    notices: tuple[NoticeRow, ...] = ()  # the newest


@dataclass(frozen=True, slots=True)
class SyncReport:
    """`pending` is how many changes are still waiting, e.g. because the engine is down."""

    applied_count: int
    pending_count: int
    is_available: bool


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Difference between records and index: ids missing from, stale in, or left over in the index."""

    missing: tuple[str, ...]
    stale: tuple[str, ...]
    orphaned: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return not (self.missing or self.stale or self.orphaned)


@dataclass(frozen=True, slots=True)
class FigureRow:
    """What was measured on one data set; shares from 0 to 1, None where one does not apply."""

    dataset: str
    split: str
    engine: str
    queries: int
    docs: int
    map_at_5: float | None
    success_at_1: float | None
    success_at_10: float | None
    found_rate: float | None  # answerable texts whose right refutation was shown as found
    correct_none_rate: float | None  # texts without one, for which nothing was shown as found
    calibration_error: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The measured quality of matching: when, with which encoder and weights, on which data."""

    made_on: date
    encoder: str
    weights: str
    data_sha256: str
    rows: tuple[FigureRow, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the parts, for /status and readiness."""

    schema_is_current: bool
    search_is_available: bool
    pending_changes: int
    last_crawl_at: datetime | None
    failing_sources: int
    newest_notice_at: datetime | None
