"""People: the editors and what they did, and what the public sent in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EditorRole(StrEnum):
    """`reporter` drafts; `editor` drafts, matches, submits and approves; `admin` also manages people and sources."""

    REPORTER = "reporter"
    EDITOR = "editor"
    ADMIN = "admin"


class TipStatus(StrEnum):
    RECEIVED = "received"
    GROUPED = "grouped"
    ANSWERED = "answered"
    CLOSED = "closed"


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
