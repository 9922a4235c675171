"""The tables behind the desk and the machinery: change log, vectors, people, tips, audit chain, leases."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from index.records.tables.columns import BigId, metadata, reference, text_column, time_column
from index.records.types import CleanJson

# --- change log and sync ---

# One row: the newest change number. Its lock is taken last before a commit, so numbers grow in commit order.
change_head = Table(
    "change_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
)

# The newest change of each record. Older ones tell a follower nothing, so the log stays as long as the catalogue.
changes = Table(
    "changes",
    metadata,
    text_column("kind"),
    text_column("id"),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("kind", "id"),
    UniqueConstraint("seq"),
)

cursors = Table("cursors", metadata, text_column("name", primary_key=True), Column("seq", BigInteger, nullable=False))

embeddings = Table(
    "embeddings",
    metadata,
    text_column("model"),
    text_column("key"),
    Column("shape", CleanJson, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # float32, little-endian
    PrimaryKeyConstraint("model", "key"),
)

# --- people ---

editors = Table(
    "editors",
    metadata,
    text_column("id", primary_key=True),
    text_column("name"),
    text_column("name_folded"),
    text_column("role"),
    Column("is_active", Boolean, nullable=False),
    time_column("created_at"),
    text_column("password_hash"),
    UniqueConstraint("name_folded"),
)

sessions = Table(
    "sessions",
    metadata,
    text_column("token_sha256", primary_key=True),
    text_column("editor_id", reference("editors.id")),
    time_column("created_at"),
    time_column("expires_at"),
    Index(None, "editor_id"),
    Index(None, "expires_at"),
)

failed_logins = Table(
    "failed_logins",
    metadata,
    Column("id", BigId, primary_key=True),
    text_column("key"),
    time_column("at"),
    Index(None, "key", "at"),
    Index(None, "at"),
)

# --- tips ---

tips = Table(
    "tips",
    metadata,
    text_column("id", primary_key=True),
    text_column("text"),
    text_column("language"),
    text_column("status"),
    time_column("received_at"),
    text_column("claim_id", nullable=True),
    text_column("reason"),
    text_column("receipt_sha256", nullable=True),
    UniqueConstraint("receipt_sha256"),
    Index(None, "claim_id"),
    Index(None, "received_at"),
)

unanswered_checks = Table(
    "unanswered_checks",
    metadata,
    text_column("fingerprint", primary_key=True),
    Column("count", Integer, nullable=False),
    time_column("first_at"),
    time_column("last_at"),
)

# --- audit and leases ---

# One row: the newest link of the chain. Locked while a link is added.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    text_column("row_hash"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    time_column("at"),
    text_column("actor_id"),
    text_column("act"),
    text_column("subject_id"),
    Column("values", CleanJson, nullable=False),
    text_column("prev_hash"),
    text_column("row_hash"),
    Index(None, "subject_id", "seq"),
)

leases = Table(
    "leases",
    metadata,
    text_column("name", primary_key=True),
    text_column("holder"),
    Column("epoch", BigInteger, nullable=False, server_default=text("0")),
    time_column("expires_at"),
)
