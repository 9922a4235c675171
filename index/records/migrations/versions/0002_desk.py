"""The desk and the machinery: change log, vectors, people, tips, audit chain, leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from index.records.migrations.pieces import big, big_id, blob, flag, json, key, moment, number, to, words

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change_head",
        number("id", autoincrement=False),
        big("seq"),
        key("change_head", "id"),
    )
    op.create_table(
        "changes",
        words("kind"),
        words("id"),
        big("seq"),
        key("changes", "kind", "id"),
        sa.UniqueConstraint("seq", name="uq_changes_seq"),
    )
    op.create_table(
        "cursors",
        words("name"),
        big("seq"),
        key("cursors", "name"),
    )
    op.create_table(
        "embeddings",
        words("model"),
        words("key"),
        json("shape"),
        blob("vector"),
        key("embeddings", "model", "key"),
    )
    op.create_table(
        "editors",
        words("id"),
        words("name"),
        words("name_folded"),
        words("role"),
        flag("is_active"),
        moment("created_at"),
        words("password_hash"),
        key("editors", "id"),
        sa.UniqueConstraint("name_folded", name="uq_editors_name_folded"),
    )
    op.create_table(
        "sessions",
        words("token_sha256"),
        words("editor_id", to("sessions", "editor_id", "editors.id")),
        moment("created_at"),
        moment("expires_at"),
        key("sessions", "token_sha256"),
    )
    op.create_index("ix_sessions_editor_id", "sessions", ["editor_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "failed_logins",
        big_id("id"),
        words("key"),
        moment("at"),
        key("failed_logins", "id"),
    )
    op.create_index("ix_failed_logins_at", "failed_logins", ["at"])
    op.create_index("ix_failed_logins_key_at", "failed_logins", ["key", "at"])
    op.create_table(
        "tips",
        words("id"),
        words("text"),
        words("language"),
        words("status"),
        moment("received_at"),
        words("claim_id", nullable=True),
        words("reason"),
        words("receipt_sha256", nullable=True),
        key("tips", "id"),
        sa.UniqueConstraint("receipt_sha256", name="uq_tips_receipt_sha256"),
    )
    op.create_index("ix_tips_claim_id", "tips", ["claim_id"])
    op.create_index("ix_tips_received_at", "tips", ["received_at"])
    op.create_table(
        "unanswered_checks",
        words("fingerprint"),
        number("count"),
        moment("first_at"),
        moment("last_at"),
        key("unanswered_checks", "fingerprint"),
    )
    op.create_table(
        "audit_head",
        number("id", autoincrement=False),
        big("seq"),
        words("row_hash"),
        key("audit_head", "id"),
    )
    op.create_table(
        "audit_log",
        big("seq", autoincrement=False),
        moment("at"),
        words("actor_id"),
        words("act"),
        words("subject_id"),
        json("values"),
        words("prev_hash"),
        words("row_hash"),
        key("audit_log", "seq"),
    )
    op.create_index("ix_audit_log_subject_id_seq", "audit_log", ["subject_id", "seq"])
    op.create_table(
        "leases",
        words("name"),
        words("holder"),
        big("epoch", server_default=sa.text("0")),
        moment("expires_at"),
        key("leases", "name"),
    )
    op.execute("INSERT INTO change_head (id, seq) VALUES (1, 0)")
    op.execute("INSERT INTO audit_head (id, seq, row_hash) VALUES (1, 0, '')")


def downgrade() -> None:
    for name in (
        "leases",
        "audit_log",
        "audit_head",
        "unanswered_checks",
        "tips",
        "failed_logins",
        "sessions",
        "editors",
        "embeddings",
        "cursors",
        "changes",
        "change_head",
    ):
        op.drop_table(name)
