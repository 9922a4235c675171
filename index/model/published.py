"""What is published: verdicts, the texts of a refutation and its revisions, and the notices of a thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

LANGUAGES = ("zh-Hans", "zh-Hant", "en")
TOPICS = ("health", "food", "disaster", "policy", "fraud", "traffic", "technology", "environment")


class Verdict(StrEnum):
    """What a refutation concludes about the exact wording it covers (ux.md 3)."""

    FALSE = "false"
    MISLEADING = "misleading"
    UNPROVEN = "unproven"
    TRUE = "true"


#: ClaimReview `ratingValue` on the scale 1 (worst) to 5 (best); consumers should rely on the word.
RATINGS: Mapping[Verdict, int] = {Verdict.FALSE: 1, Verdict.MISLEADING: 2, Verdict.UNPROVEN: 3, Verdict.TRUE: 5}


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
