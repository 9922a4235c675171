"""The tables of refutations, their revisions and alerts.

Rules kept by the database itself: four eyes on a published revision, one revision in work a refutation, one notice a
revision, one issue and one cancel a thread; by triggers (in the migrations), nothing that was published ever changes.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    false,
    text,
)

from index.records.tables.columns import metadata, reference, text_column, time_column
from index.records.types import CleanJson

refutations = Table(
    "refutations",
    metadata,
    text_column("id", primary_key=True),
    text_column("thread_id"),
    text_column("claim_id", reference("claims.id")),
    text_column("status"),
    time_column("created_at"),
    Column("version", Integer, nullable=False),
    UniqueConstraint("thread_id"),
    Index(None, "claim_id"),
    Index(None, "status", "created_at"),
)

revisions = Table(
    "revisions",
    metadata,
    text_column("id", primary_key=True),
    text_column("refutation_id", reference("refutations.id")),
    Column("number", Integer, nullable=False),
    text_column("kind"),
    text_column("status"),
    Column("text", CleanJson, nullable=False),
    text_column("author_id"),
    time_column("created_at"),
    time_column("saved_at"),
    text_column("note"),
    Column("is_material", Boolean, nullable=False),
    text_column("return_reason"),
    text_column("approver_id", nullable=True),
    time_column("published_at", nullable=True),
    Column("version", Integer, nullable=False),
    Column("is_training", Boolean, nullable=False, server_default=false()),
    CheckConstraint(
        "status <> 'published' OR is_training OR (approver_id IS NOT NULL AND approver_id <> author_id)",
        name="four_eyes",
    ),
    Index(None, "refutation_id", "number"),
    Index(
        "uq_revisions_working",
        "refutation_id",
        unique=True,
        sqlite_where=text("status IN ('draft', 'in_review')"),
        postgresql_where=text("status IN ('draft', 'in_review')"),
    ),
)

alerts = Table(
    "alerts",
    metadata,
    text_column("id", primary_key=True),
    text_column("thread_id"),
    text_column("refutation_id", reference("refutations.id")),
    text_column("revision_id", reference("revisions.id")),
    text_column("kind"),
    time_column("sent_at"),
    Column("references", CleanJson, nullable=False),
    text_column("note"),
    Column("is_material", Boolean, nullable=False),
    UniqueConstraint("revision_id"),
    Index(None, "thread_id", "sent_at"),
    Index(None, "refutation_id"),
    Index(
        "uq_alerts_once",
        "thread_id",
        "kind",
        unique=True,
        sqlite_where=text("kind IN ('issue', 'cancel')"),
        postgresql_where=text("kind IN ('issue', 'cancel')"),
    ),
)

# What lists of published refutations filter and sort by, derived from revisions and alerts when those are written.
threads = Table(
    "threads",
    metadata,
    text_column("refutation_id", reference("refutations.id"), primary_key=True),
    text_column("verdict"),
    text_column("language"),
    Column("severity", Integer, nullable=False),
    time_column("newest_at"),
    text_column("newest_alert_id"),
    Column("is_withdrawn", Boolean, nullable=False),
    Column("is_corrected", Boolean, nullable=False),  # has a material update or a cancel
    Index(None, "newest_at", "newest_alert_id"),
)

refutation_topics = Table(
    "refutation_topics",
    metadata,
    text_column("refutation_id", reference("refutations.id")),
    text_column("topic"),
    PrimaryKeyConstraint("refutation_id", "topic"),
    Index(None, "topic"),
)

# What the texts in force and in work cite, derived when a revision is written.
citations = Table(
    "citations",
    metadata,
    text_column("refutation_id", reference("refutations.id")),
    text_column("page"),  # what the spellings of the address share
    text_column("url"),
    time_column("withdrawn_at", nullable=True),  # by the page's publisher
    PrimaryKeyConstraint("refutation_id", "page"),
    Index(None, "page"),
)

refutation_regions = Table(
    "refutation_regions",
    metadata,
    text_column("refutation_id", reference("refutations.id")),
    text_column("region"),
    PrimaryKeyConstraint("refutation_id", "region"),
    Index(None, "region"),
)
