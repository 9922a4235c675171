"""What sources answered: the last usable and the last unusable body, who made and signed it, a dump's known entries."""

from __future__ import annotations

from alembic import op

from index.records.migrations.pieces import big, blob, flag, key, moment, to, words

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SEEN = ("issuer", "generator")


def upgrade() -> None:
    for name in SEEN:
        op.add_column("source_checks", words(name, nullable=True))
    op.create_table(
        "source_samples",
        words("source_id", to("source_samples", "source_id", "sources.id")),
        flag("is_good"),
        moment("taken_at"),
        words("url"),
        words("content_type"),
        big("size"),
        blob("packed"),
        key("source_samples", "source_id", "is_good"),
    )
    op.create_index("ix_source_samples_taken_at", "source_samples", ["taken_at"])
    op.create_table(
        "entries_read",
        words("source_id", to("entries_read", "source_id", "sources.id")),
        blob("hashes"),
        key("entries_read", "source_id"),
    )


def downgrade() -> None:
    op.drop_table("entries_read")
    op.drop_table("source_samples")
    for name in SEEN:
        op.drop_column("source_checks", name)
