"""The tables of what crawlers bring and editors sort: sources, items, claims, sightings, other publishers, matches."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    false,
    text,
)

from index.records.tables.columns import BigId, metadata, reference, text_column, time_column
from index.records.types import CleanJson, CleanText

# --- sources ---

sources = Table(
    "sources",
    metadata,
    text_column("id", primary_key=True),
    Column("names", CleanJson, nullable=False),
    text_column("kind"),
    Column("authority", Integer, nullable=False),
    text_column("domain"),
    text_column("url"),
    text_column("host"),  # of the url; what pace is kept for
    text_column("format"),
    text_column("role"),
    text_column("language"),
    text_column("timezone"),
    Column("licence", CleanJson, nullable=False),
    Column("every_min", Integer, nullable=False),
    Column("silent_after_h", Integer, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("options", CleanJson, nullable=False),
    Index(None, "host"),
)

source_states = Table(
    "source_states",
    metadata,
    text_column("source_id", reference("sources.id"), primary_key=True),
    time_column("next_check_at"),
    text_column("etag", nullable=True),
    text_column("last_modified", nullable=True),
    text_column("body_sha256", nullable=True),
    text_column("health"),
    text_column("error_code", nullable=True),
    Column("error_count", Integer, nullable=False),
    time_column("last_checked_at", nullable=True),
    time_column("last_success_at", nullable=True),
    time_column("last_new_at", nullable=True),
    Column("new_item_count", Integer, nullable=False),
    text_column("note"),
    text_column("lease_owner", nullable=True),
    time_column("lease_until", nullable=True),
    Column("lease_epoch", BigInteger, nullable=False),
    time_column("failing_since", nullable=True),
    time_column("missing_since", nullable=True),
    Column("doubts", CleanJson, nullable=True),
    Column("move", CleanJson, nullable=True),
    text_column("address", nullable=True),
    text_column("also_domain", nullable=True),
    text_column("revalidation", nullable=True),
    time_column("learn_from", nullable=True),
    Column("proposal", CleanJson, nullable=True),
    Column("review_on", Date, nullable=True),
    Column("absences", CleanJson, nullable=True),
    time_column("look_again_at", nullable=True),
    Index(None, "next_check_at"),
    Index(None, "lease_until"),
)

source_checks = Table(
    "source_checks",
    metadata,
    Column("id", BigId, primary_key=True),
    text_column("source_id"),
    time_column("checked_at"),
    text_column("status"),
    text_column("code"),
    Column("http_status", Integer, nullable=True),
    Column("ms", Integer, nullable=False),
    Column("wire_bytes", BigInteger, nullable=False),
    text_column("body_sha256"),
    Column("listed_count", Integer, nullable=False),
    Column("item_count", Integer, nullable=False),
    Column("dated_count", Integer, nullable=False),
    Column("worded_count", Integer, nullable=False),
    Column("tagged_count", Integer, nullable=False),
    text_column("language"),
    text_column("host"),
    Column("bad_count", Integer, nullable=False),
    Column("new_count", Integer, nullable=False),
    Column("repeat_count", Integer, nullable=False),
    Column("variant_count", Integer, nullable=False),
    Column("revised_count", Integer, nullable=False),
    Column("withdrawn_count", Integer, nullable=False),
    Column("label_count", Integer, nullable=False),
    Column("unmapped_count", Integer, nullable=False),
    Column("doubts", CleanJson, nullable=False),
    text_column("issuer", nullable=True),
    text_column("generator", nullable=True),
    Index(None, "source_id", "checked_at"),
    Index(None, "checked_at"),
)

source_samples = Table(
    "source_samples",
    metadata,
    text_column("source_id", reference("sources.id")),
    Column("is_good", Boolean, nullable=False),
    time_column("taken_at"),
    text_column("url"),
    text_column("content_type"),
    Column("size", BigInteger, nullable=False),  # of the whole body
    Column("packed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("source_id", "is_good"),
    Index(None, "taken_at"),
)

entries_read = Table(
    "entries_read",
    metadata,
    text_column("source_id", reference("sources.id"), primary_key=True),
    Column("hashes", LargeBinary, nullable=False),
)

hosts = Table("hosts", metadata, text_column("host", primary_key=True), time_column("last_started_at", nullable=True))

seen_items = Table(
    "seen_items",
    metadata,
    Column("id", BigId, primary_key=True),
    text_column("source_id"),
    text_column("kind"),
    text_column("record_id"),
    text_column("content_sha256"),
    Column("revision_count", Integer, nullable=False),
    time_column("first_seen_at"),
    time_column("last_seen_at"),
)

seen_names = Table(
    "seen_names",
    metadata,
    text_column("source_id"),
    text_column("name"),
    Column("item_id", BigId, reference("seen_items.id"), nullable=False),
    PrimaryKeyConstraint("source_id", "name"),
)

# --- claims ---

claims = Table(
    "claims",
    metadata,
    text_column("id", primary_key=True),
    text_column("statement"),
    text_column("language"),
    text_column("status"),
    time_column("created_at"),
    Column("version", Integer, nullable=False),
    Column("asked_count", Integer, nullable=False, server_default=text("0")),
    text_column("topic"),
    text_column("reason"),
    text_column("merged_into", nullable=True),
    text_column("answered_by", nullable=True),
    text_column("taken_by", nullable=True),
    time_column("taken_until", nullable=True),
    Index(None, "status"),
)

sightings = Table(
    "sightings",
    metadata,
    text_column("id", primary_key=True),
    text_column("claim_id", reference("claims.id")),
    text_column("source_id"),
    text_column("native_id"),
    text_column("url"),
    text_column("title"),
    text_column("text"),
    text_column("language"),
    text_column("fingerprint"),
    time_column("seen_at"),
    time_column("published_at", nullable=True),
    Column("is_debunk", Boolean, nullable=False),
    time_column("spread_at"),  # when it circulated: published_at, else seen_at; never later than seen_at
    Column("spread_on", Date, nullable=False),  # its UTC day
    Column("date_quality", CleanText, nullable=False, server_default=text("'exact'")),
    Index(None, "claim_id", "is_debunk", "spread_at"),
    Index(None, "fingerprint"),
    Index(None, "claim_id", "spread_on"),
)

# --- other publishers ---

outsides = Table(
    "outsides",
    metadata,
    text_column("id", primary_key=True),
    text_column("source_id"),
    text_column("native_id"),
    text_column("url"),
    text_column("title"),
    text_column("text"),
    text_column("claim"),
    text_column("language"),
    text_column("label"),
    text_column("verdict", nullable=True),
    text_column("mapped_by"),
    text_column("publisher"),
    Column("authority", Integer, nullable=False),
    Column("is_offsite", Boolean, nullable=False),
    time_column("published_at", nullable=True),
    time_column("seen_at"),
    Column("version", Integer, nullable=False),
    Column("is_withdrawn", Boolean, nullable=False),
    Column("date_quality", CleanText, nullable=False, server_default=text("'exact'")),
)

evidence = Table(
    "evidence",
    metadata,
    text_column("id", primary_key=True),
    text_column("source_id"),
    text_column("publisher"),
    text_column("title"),
    text_column("url"),
    Column("published_on", Date, nullable=True),
    time_column("archived_at", nullable=True),
    text_column("sha256"),
    text_column("text"),
    time_column("seen_at"),
    time_column("expires_at", nullable=True),
    Column("superseded_by", CleanText, nullable=False, server_default=text("''")),  # evidence id
    Column("is_withdrawn", Boolean, nullable=False, server_default=false()),
)

matches = Table(
    "matches",
    metadata,
    text_column("id", primary_key=True),
    text_column("claim_id", reference("claims.id")),
    text_column("target_kind"),
    text_column("target_id"),
    text_column("status"),
    text_column("band"),
    Column("probability", Float, nullable=False),
    Column("reasons", CleanJson, nullable=False),
    text_column("model"),
    time_column("created_at"),
    text_column("decided_by", nullable=True),
    time_column("decided_at", nullable=True),
    text_column("note"),
    Column("moved", CleanJson, nullable=False),
    Index(None, "claim_id"),
    Index(None, "target_kind", "target_id"),
    Index(None, "status", "created_at"),
)
