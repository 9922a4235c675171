"""The words of the house: frozen records and enums that every room uses.

Source -> Item -> Sighting -> Claim <- Match -> Refutation -> Revision -> Alert. Nothing in here decides, reads or
writes.
Times are aware UTC datetimes (`_at`) or dates (`_on`); ids carry a prefix (`clm_`, `sig_`, `ref_`, `rev_`, `alt_`,
`mat_`, `tip_`, `edt_`)
and a UUIDv7 in base 32, so they sort by time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class SourceKind(StrEnum):
    """Who publishes: a body with a mandate, a fact-checker, or a place where claims circulate."""

    OFFICIAL = "official"
    CHECKER = "checker"
    MONITOR = "monitor"


class Role(StrEnum):
    """What an item of a source is: a circulating claim, a review of one, or a plain official statement."""

    CIRCULATING = "circulating"
    REFUTATION = "refutation"
    NOTICE = "notice"


class Verdict(StrEnum):
    """What a refutation concludes about the exact wording it covers (ux.md 3)."""

    FALSE = "false"
    MISLEADING = "misleading"
    UNPROVEN = "unproven"
    TRUE = "true"


#: ClaimReview `ratingValue` on the scale 1 (worst) to 5 (best); consumers should rely on the word.
RATINGS: Mapping[Verdict, int] = {Verdict.FALSE: 1, Verdict.MISLEADING: 2, Verdict.UNPROVEN: 3, Verdict.TRUE: 5}


class ClaimStatus(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    NOT_CHECKABLE = "not_checkable"


class RefutationStatus(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class RevisionStatus(StrEnum):
    """A revision is written, reviewed, then published for ever; a returned one is a draft again."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    DISCARDED = "discarded"


class AlertKind(StrEnum):
    """CAP's msgType: the first notice of a thread, a correction of it, its withdrawal."""

    ISSUE = "issue"
    UPDATE = "update"
    CANCEL = "cancel"


class PublicState(StrEnum):
    """Derived, never stored (ux.md 0)."""

    CURRENT = "current"
    PAST = "past"
    WITHDRAWN = "withdrawn"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Harm(StrEnum):
    HEALTH = "health"
    SAFETY = "safety"
    MONEY = "money"
    NONE = "none"


class Technique(StrEnum):
    """How a rumor misleads; named on the page (ux.md 2, block 5)."""

    OUT_OF_CONTEXT = "out_of_context"
    SPLICED = "spliced"
    OLD_AS_NEW = "old_as_new"
    FABRICATED = "fabricated"
    OVERGENERALISED = "overgeneralised"


class MatchStatus(StrEnum):
    SUGGESTED = "suggested"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class TargetKind(StrEnum):
    """What a claim was matched to."""

    CLAIM = "claim"
    REFUTATION = "refutation"
    OUTSIDE = "outside"


class Band(StrEnum):
    SAME = "same"
    SIMILAR = "similar"
    NONE = "none"


class Outcome(StrEnum):
    """The four answers to a pasted text (ux.md 4.2)."""

    FOUND = "found"
    SIMILAR = "similar"
    KNOWN = "known"
    NOTHING = "nothing"


class TipStatus(StrEnum):
    RECEIVED = "received"
    GROUPED = "grouped"
    ANSWERED = "answered"
    CLOSED = "closed"


class EditorRole(StrEnum):
    """`reporter` drafts; `editor` drafts, matches, submits and approves; `admin` also manages people and sources."""

    REPORTER = "reporter"
    EDITOR = "editor"
    ADMIN = "admin"


class Health(StrEnum):
    """State of a source as the desk sees it (sources.md 3)."""

    OK = "ok"
    FAILING = "failing"
    SILENT = "silent"
    DRIFTING = "drifting"
    MOVED = "moved"
    GONE = "gone"
    PAUSED = "paused"


class Revalidation(StrEnum):
    """Whether a source is asked with its validators. `skip`: not at the next poll, for the desk asked for that one;
    `off`: never again, because a 304 had hidden items (sources.md 3).
    """

    ON = "on"
    SKIP = "skip"
    OFF = "off"


class SourceAct(StrEnum):
    """What an editor may do with a source. `follow` and `stay` answer a move, `learn` takes the new look of its pages
    for the usual one, `drop` takes back what waits for a second editor.
    """

    CHECK = "check"
    PAUSE = "pause"
    RESUME = "resume"
    FOLLOW = "follow"
    STAY = "stay"
    LEARN = "learn"
    DROP = "drop"


class Grouped(StrEnum):
    """What recording an item did (grouping.py for circulating texts, the item's identity for the rest)."""

    NEW = "new"
    REPEAT = "repeat"
    VARIANT = "variant"
    REVISED = "revised"


LANGUAGES = ("zh-Hans", "zh-Hant", "en")
TOPICS = ("health", "food", "disaster", "policy", "fraud", "traffic", "technology", "environment")


@dataclass(frozen=True, slots=True)
class Licence:
    """What we may reuse of a source: `link`, `excerpt` (<= 200 characters) or `full`."""

    reuse: str = "link"
    terms: str = ""
    reviewed_on: date | None = None
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A registry entry: who is read, where, how, and what it may count as. Runtime state is `SourceState`."""

    id: str
    names: Mapping[str, str]
    kind: SourceKind
    authority: int
    domain: str
    url: str
    format: str
    role: Role
    language: str
    timezone: str = "UTC"
    licence: Licence = field(default_factory=Licence)
    every_min: int = 60
    silent_after_h: int = 0  # 0: by its own rhythm
    is_enabled: bool = False
    options: Mapping[str, object] = field(
        default_factory=dict
    )  # select, labels, role_rules, also_hosts, dates, … as in sources.toml

    def name(self, language: str) -> str:
        """The source's name in `language`, else in any language it has."""
        return self.names.get(language) or next(iter(self.names.values()), self.id)


@dataclass(frozen=True, slots=True)
class Move:
    """Where a source sends us for good: the address, and the days it did (as many as it takes to be believed).

    `domain` is the registrable domain of the address where that is not the source's own, else empty.
    """

    to: str
    days: tuple[date, ...] = ()
    domain: str = ""
    is_refused: bool = False  # by an editor; asked again only for another address


@dataclass(frozen=True, slots=True)
class Proposal:
    """An act on an official source that one editor asks for and another one has to confirm."""

    act: SourceAct
    editor_id: str
    at: datetime
    note: str = ""
    review_on: date | None = None
    to: str = ""  # follow: the address
    domain: str = ""


@dataclass(frozen=True, slots=True)
class SourceState:
    """What the crawler knows about a source between two polls. `etag` and `last_modified` are opaque."""

    source_id: str
    next_check_at: datetime
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    health: Health = Health.OK
    error_code: str | None = None
    error_count: int = 0
    last_checked_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    new_item_count: int = 0
    note: str = ""
    failing_since: datetime | None = None  # the first of the failures in a row
    missing_since: datetime | None = None  # the first of the 404s in a row
    doubts: tuple[str, ...] = ()  # health drifting: in what the answers differ from before
    move: Move | None = None
    address: str = ""  # read instead of the registered one, after a move
    also_domain: str = ""  # counts as the source's own, approved by editors
    revalidation: Revalidation = Revalidation.ON
    learn_from: datetime | None = None  # answers before it are no measure for drifting any more
    proposal: Proposal | None = None
    review_on: date | None = None  # health paused: when to look at it again


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """What one poll of a source came to: a row of its log. `status` is ok, not_modified, unchanged or error."""

    source_id: str
    checked_at: datetime
    status: str
    code: str = ""
    http_status: int | None = None
    ms: int = 0
    wire_bytes: int = 0
    body_sha256: str = ""
    listed_count: int = 0  # entries that the source's own document showed
    item_count: int = 0  # items read, pages included; of them
    dated_count: int = 0
    worded_count: int = 0
    tagged_count: int = 0  # with a label
    language: str = ""  # of most items
    host: str = ""  # of most links
    bad_count: int = 0
    new_count: int = 0
    repeat_count: int = 0
    variant_count: int = 0
    revised_count: int = 0
    withdrawn_count: int = 0
    label_count: int = 0  # new or changed reviews with a label; of them
    unmapped_count: int = 0  # those whose label no table knows
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckCounts:
    """A source's log of some days, added up."""

    check_count: int = 0
    error_count: int = 0
    new_count: int = 0
    label_count: int = 0
    unmapped_count: int = 0


@dataclass(frozen=True, slots=True)
class Concern:
    """Something about a source that a person should look at; an alarm is for everybody on the desk, at once."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    is_alarm: bool = False


@dataclass(frozen=True, slots=True)
class SourceLease:
    """A due source taken by one worker until `until`; its epoch makes a late commit void."""

    source: Source
    state: SourceState
    owner: str
    epoch: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """One parsed entry before judgement. `text` is plain text; links are absolute http(s)."""

    native_id: str
    url: str
    title: str
    text: str
    language: str
    role: Role
    published_at: datetime | None = None
    updated_at: datetime | None = None
    date_quality: str = "exact"  # or approximate: told as a distance or without its year
    publisher: str = ""
    claim: str = ""  # refutations: the wording reviewed
    claimant: str = ""
    appearances: tuple[str, ...] = ()  # refutations: where the claim was seen
    label: str = ""  # the publisher's own verdict word
    rating: tuple[float, float, float] | None = None  # value, worst, best
    is_withdrawn: bool = False  # of an item that names others in `supersedes`: it withdraws them too
    aliases: tuple[str, ...] = ()  # other spellings of native_id
    supersedes: tuple[str, ...] = ()  # native ids of the source's items that this one takes the place of
    expires_at: datetime | None = None  # notices: until when they are in force


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item as the crawler hands it over: with the verdict its label suggests and the authority its publisher has
    here.
    """

    item: Item
    verdict: Verdict | None = None
    mapped_by: str = "none"  # source | global | prefix | number | none
    authority: int = 0
    is_offsite: bool = False


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """What recording one poll did, in counts, and which claims now want linking."""

    new_count: int = 0
    repeat_count: int = 0
    variant_count: int = 0
    revised_count: int = 0
    withdrawn_count: int = 0
    claim_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place and time a claim was seen. No names, handles or counts are kept."""

    id: str
    claim_id: str
    source_id: str
    native_id: str
    url: str
    title: str
    text: str
    language: str
    fingerprint: str
    seen_at: datetime
    published_at: datetime | None = None
    is_debunk: bool = False  # quotes the claim to deny it: not counted as spread


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkable statement, with the wordings it was seen in."""

    id: str
    statement: str
    language: str
    status: ClaimStatus
    created_at: datetime
    first_seen_at: datetime
    last_seen_at: datetime
    version: int
    sighting_count: int = 0
    asked_count: int = 0
    topic: str = ""
    reason: str = ""  # not_checkable: why
    merged_into: str | None = None
    answered_by: str | None = None  # own refutation id
    taken_by: str | None = None  # editor id
    taken_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutsideRefutation:
    """Another publisher's review, as crawled. A suggestion for editors; never a Clarion verdict."""

    id: str
    source_id: str
    native_id: str
    url: str
    title: str
    text: str
    claim: str
    language: str
    label: str
    verdict: Verdict | None  # suggested from the label, see `mapped_by`
    mapped_by: str  # source | global | prefix | number | none
    publisher: str
    authority: int
    is_offsite: bool
    published_at: datetime | None
    seen_at: datetime
    version: int
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """A source for a refutation. `archived_at` stays None until a copy was kept; a failed archive is shown, never
    silent.
    """

    publisher: str
    title: str
    url: str
    published_on: date | None = None
    archived_at: datetime | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class RefutationText:
    """The content of one revision: the blocks of ux.md 2 in their order, and what the notice needs."""

    headline: str = ""
    verdict: Verdict | None = None
    claim: str = ""  # the exact wording the verdict covers
    truth: str = ""
    circulating: str = ""
    why: str = ""
    technique: Technique | None = None
    action: str = ""
    question: str = ""
    evidence: tuple[Evidence, ...] = ()
    language: str = "zh-Hans"
    topics: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    severity: Severity = Severity.MEDIUM
    harm: Harm = Harm.NONE
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved text of a refutation. `kind` names the notice that its approval sends."""

    id: str
    refutation_id: str
    number: int
    kind: AlertKind
    status: RevisionStatus
    text: RefutationText
    author_id: str  # last editor who saved it
    created_at: datetime
    saved_at: datetime
    note: str = ""  # public note of a correction, reason of a withdrawal
    is_material: bool = False
    return_reason: str = ""
    approver_id: str | None = None
    published_at: datetime | None = None
    version: int = 1  # optimistic lock of the desk's forms


@dataclass(frozen=True, slots=True)
class Refutation:
    """Our own review of a claim: its thread id, status and revisions (oldest first)."""

    id: str
    thread_id: str
    claim_id: str
    status: RefutationStatus
    created_at: datetime
    version: int
    revisions: tuple[Revision, ...] = ()

    @property
    def published(self) -> Revision | None:
        """The revision that readers see: the newest published one that is not a withdrawal."""
        return next(
            (
                r
                for r in reversed(self.revisions)
                if r.status is RevisionStatus.PUBLISHED and r.kind is not AlertKind.CANCEL
            ),
            None,
        )

    @property
    def working(self) -> Revision | None:
        """The revision on the desk, if one is being written or reviewed."""
        return next(
            (r for r in reversed(self.revisions) if r.status in (RevisionStatus.DRAFT, RevisionStatus.IN_REVIEW)), None
        )


@dataclass(frozen=True, slots=True)
class Alert:
    """One public notice, never changed. The `issue` opens a thread whose id is the public id."""

    id: str
    thread_id: str
    refutation_id: str
    revision_id: str
    kind: AlertKind
    sent_at: datetime
    references: tuple[str, ...] = ()
    note: str = ""
    is_material: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """A published refutation as the public sees it: the revision in force and every notice, oldest first."""

    id: str
    refutation_id: str
    claim_id: str
    revision: Revision
    notices: tuple[Alert, ...]
    revisions: tuple[Revision, ...]
    state: PublicState
    issued_at: datetime
    updated_at: datetime
    is_corrected: bool

    @property
    def text(self) -> RefutationText:
        return self.revision.text

    @property
    def withdrawal(self) -> Alert | None:
        return next((n for n in self.notices if n.kind is AlertKind.CANCEL), None)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a candidate was placed in its band: a key of the texts in `webapp`, with its values. `objects` speaks
    against.
    """

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    objects: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A claim linked to the claim or refutation that fits it; undoable, with who and when."""

    id: str
    claim_id: str
    target_kind: TargetKind
    target_id: str
    status: MatchStatus
    band: Band
    probability: float
    reasons: tuple[Reason, ...]
    model: str
    created_at: datetime
    decided_by: str | None = None  # editor id, or "auto"
    decided_at: datetime | None = None
    note: str = ""
    moved: tuple[str, ...] = ()  # sightings that a confirmed claim-to-claim match moved, for undo


@dataclass(frozen=True, slots=True)
class Editor:
    id: str
    name: str
    role: EditorRole
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Tip:
    """What a member of the public sent in. Personal data is masked before it is stored; the receipt is stored
    hashed.
    """

    id: str
    text: str
    language: str
    status: TipStatus
    received_at: datetime
    claim_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act on the desk, as a sentence key with values, in a hash chain (reliability.md 5)."""

    seq: int
    at: datetime
    actor_id: str
    act: str
    subject_id: str
    values: Mapping[str, str]
    row_hash: str


# --- search ---


class DocKind(StrEnum):
    """What a search document stands for: a published refutation, a claim's wording, another publisher's review."""

    ALERT = "alert"
    CLAIM = "claim"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """One entry of the search index. Terms come from `text.terms`; vectors are unit length, float32, by field name.

    `id` is unique; `parent` is the thread, claim or outside refutation it stands for (a claim has one document a
    wording).
    `version` is the change number: an engine keeps the newest and ignores the rest. A tombstone has `is_deleted`.
    """

    id: str
    version: int
    kind: DocKind
    parent: str
    language: str = ""
    title: str = ""  # terms joined by spaces
    statement: str = ""
    body: str = ""
    url_keys: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    source: str = ""
    verdict: str = ""
    state: str = ""
    title_vector: tuple[float, ...] | None = None
    statement_vector: tuple[float, ...] | None = None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What both engines answer: terms for BM25, a unit vector for cosine, URL keys, and filters that both sides
    obey.
    """

    terms: tuple[str, ...] = ()
    vector: tuple[float, ...] | None = None
    url_keys: tuple[str, ...] = ()
    kinds: frozenset[DocKind] = frozenset()
    languages: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    exclude_parents: frozenset[str] = frozenset()
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found: its BM25 score (None if only the vector found it), its best cosine (None likewise)."""

    id: str
    parent: str
    kind: DocKind
    lexical: float | None = None
    cosine: float | None = None
    shares_url: bool = False


# --- answers ---

Span = tuple[int, int]  # where a part of a text begins and ends, in characters


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of a text that the other text has otherwise. `kind`: number, date, place, name or denial."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a text and a matched one share and where they differ, as places in each, in order and without overlap.

    `shared`, `differing` and `sentence` (the one that matched) are places in the text, the others in the matched one.
    """

    shared: tuple[Span, ...] = ()
    shared_in_match: tuple[Span, ...] = ()
    differing: tuple[Difference, ...] = ()
    differing_in_match: tuple[Difference, ...] = ()
    sentence: Span | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that may answer a text. `id` is a thread id (alert), claim id or outside refutation id."""

    kind: DocKind
    id: str
    title: str
    language: str
    band: Band
    probability: float
    reasons: tuple[Reason, ...]
    matched_text: str = ""  # the sentence or wording that matched
    verdict: Verdict | None = None
    status: str = ""  # alert: public state; claim: claim status
    url: str = ""  # outside refutations: their own page
    explanation: Explanation = Explanation()  # places in `Answer.text` and in `matched_text`


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a pasted text: outcome, candidates best first, and what was done to the text."""

    outcome: Outcome
    candidates: tuple[Candidate, ...]
    text: str  # as understood: forwarding noise removed
    was_trimmed: bool = False
    is_degraded: bool = False
    imitated_domains: tuple[str, ...] = ()  # hosts in the text that imitate a registered domain
    claim: Claim | None = None  # outcome known: the claim
    reviews: tuple[OutsideRefutation, ...] = ()  # outcome known: confirmed by an editor
