"""The health of sources: what editors decided, what polls add up to, and the log of polls (sources.md 3)."""

from __future__ import annotations

from alembic import op

from index.records.migrations.pieces import big, big_id, day, json, key, moment, number, words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENTS = ("failing_since", "missing_since", "learn_from")
TEXTS = ("address", "also_domain", "revalidation")
DOCUMENTS = ("doubts", "move", "proposal")
COUNTS = (
    "listed_count", "item_count", "dated_count", "worded_count", "tagged_count", "bad_count", "new_count",
    "repeat_count", "variant_count", "revised_count", "withdrawn_count", "label_count", "unmapped_count",
)  # fmt: skip


def upgrade() -> None:
    for kind, names in ((moment, MOMENTS), (words, TEXTS), (json, DOCUMENTS), (day, ("review_on",))):
        for name in names:
            op.add_column("source_states", kind(name, nullable=True))
    op.create_table(
        "source_checks",
        big_id("id"),
        words("source_id"),
        moment("checked_at"),
        words("status"),
        words("code"),
        number("http_status", nullable=True),
        number("ms"),
        big("wire_bytes"),
        words("body_sha256"),
        words("language"),
        words("host"),
        *(number(name) for name in COUNTS),
        json("doubts"),
        key("source_checks", "id"),
    )
    op.create_index("ix_source_checks_source_id_checked_at", "source_checks", ["source_id", "checked_at"])
    op.create_index("ix_source_checks_checked_at", "source_checks", ["checked_at"])


def downgrade() -> None:
    op.drop_table("source_checks")
    for name in (*MOMENTS, *TEXTS, *DOCUMENTS, "review_on"):
        op.drop_column("source_states", name)
