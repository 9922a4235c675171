"""What the desk sorts: claims, and the matches that link them to what fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ClaimStatus(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    NOT_CHECKABLE = "not_checkable"


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
