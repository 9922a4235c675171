"""What is known and published: sources, claims, other publishers, refutations, alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from index.records.migrations.pieces import (
    big,
    big_id,
    day,
    flag,
    fraction,
    json,
    key,
    moment,
    number,
    partial_unique,
    to,
    words,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FOUR_EYES = "status <> 'published' OR is_training OR (approver_id IS NOT NULL AND approver_id <> author_id)"


def upgrade() -> None:
    op.create_table(
        "sources",
        words("id"),
        json("names"),
        words("kind"),
        number("authority"),
        words("domain"),
        words("url"),
        words("host"),
        words("format"),
        words("role"),
        words("language"),
        words("timezone"),
        json("licence"),
        number("every_min"),
        number("silent_after_h"),
        flag("is_enabled"),
        json("options"),
        key("sources", "id"),
    )
    op.create_index("ix_sources_host", "sources", ["host"])
    op.create_table(
        "source_states",
        words("source_id", to("source_states", "source_id", "sources.id")),
        moment("next_check_at"),
        words("etag", nullable=True),
        words("last_modified", nullable=True),
        words("body_sha256", nullable=True),
        words("health"),
        words("error_code", nullable=True),
        number("error_count"),
        moment("last_checked_at", nullable=True),
        moment("last_success_at", nullable=True),
        moment("last_new_at", nullable=True),
        number("new_item_count"),
        words("note"),
        words("lease_owner", nullable=True),
        moment("lease_until", nullable=True),
        big("lease_epoch"),
        key("source_states", "source_id"),
    )
    op.create_index("ix_source_states_lease_until", "source_states", ["lease_until"])
    op.create_index("ix_source_states_next_check_at", "source_states", ["next_check_at"])
    op.create_table(
        "hosts",
        words("host"),
        moment("last_started_at", nullable=True),
        key("hosts", "host"),
    )
    op.create_table(
        "seen_items",
        big_id("id"),
        words("source_id"),
        words("kind"),
        words("record_id"),
        words("content_sha256"),
        number("revision_count"),
        moment("first_seen_at"),
        moment("last_seen_at"),
        key("seen_items", "id"),
    )
    op.create_table(
        "seen_names",
        words("source_id"),
        words("name"),
        big_id("item_id", to("seen_names", "item_id", "seen_items.id")),
        key("seen_names", "source_id", "name"),
    )
    op.create_table(
        "claims",
        words("id"),
        words("statement"),
        words("language"),
        words("status"),
        moment("created_at"),
        number("version"),
        number("asked_count", server_default=sa.text("0")),
        words("topic"),
        words("reason"),
        words("merged_into", nullable=True),
        words("answered_by", nullable=True),
        words("taken_by", nullable=True),
        moment("taken_until", nullable=True),
        key("claims", "id"),
    )
    op.create_index("ix_claims_status", "claims", ["status"])
    op.create_table(
        "sightings",
        words("id"),
        words("claim_id", to("sightings", "claim_id", "claims.id")),
        words("source_id"),
        words("native_id"),
        words("url"),
        words("title"),
        words("text"),
        words("language"),
        words("fingerprint"),
        moment("seen_at"),
        moment("published_at", nullable=True),
        flag("is_debunk"),
        moment("spread_at"),
        day("spread_on"),
        key("sightings", "id"),
    )
    op.create_index("ix_sightings_claim_id_is_debunk_spread_at", "sightings", ["claim_id", "is_debunk", "spread_at"])
    op.create_index("ix_sightings_claim_id_spread_on", "sightings", ["claim_id", "spread_on"])
    op.create_index("ix_sightings_fingerprint", "sightings", ["fingerprint"])
    op.create_table(
        "outsides",
        words("id"),
        words("source_id"),
        words("native_id"),
        words("url"),
        words("title"),
        words("text"),
        words("claim"),
        words("language"),
        words("label"),
        words("verdict", nullable=True),
        words("mapped_by"),
        words("publisher"),
        number("authority"),
        flag("is_offsite"),
        moment("published_at", nullable=True),
        moment("seen_at"),
        number("version"),
        flag("is_withdrawn"),
        key("outsides", "id"),
    )
    op.create_table(
        "evidence",
        words("id"),
        words("source_id"),
        words("publisher"),
        words("title"),
        words("url"),
        day("published_on", nullable=True),
        moment("archived_at", nullable=True),
        words("sha256"),
        words("text"),
        moment("seen_at"),
        key("evidence", "id"),
    )
    op.create_table(
        "matches",
        words("id"),
        words("claim_id", to("matches", "claim_id", "claims.id")),
        words("target_kind"),
        words("target_id"),
        words("status"),
        words("band"),
        fraction("probability"),
        json("reasons"),
        words("model"),
        moment("created_at"),
        words("decided_by", nullable=True),
        moment("decided_at", nullable=True),
        words("note"),
        json("moved"),
        key("matches", "id"),
    )
    op.create_index("ix_matches_claim_id", "matches", ["claim_id"])
    op.create_index("ix_matches_status_created_at", "matches", ["status", "created_at"])
    op.create_index("ix_matches_target_kind_target_id", "matches", ["target_kind", "target_id"])
    op.create_table(
        "refutations",
        words("id"),
        words("thread_id"),
        words("claim_id", to("refutations", "claim_id", "claims.id")),
        words("status"),
        moment("created_at"),
        number("version"),
        key("refutations", "id"),
        sa.UniqueConstraint("thread_id", name="uq_refutations_thread_id"),
    )
    op.create_index("ix_refutations_claim_id", "refutations", ["claim_id"])
    op.create_index("ix_refutations_status_created_at", "refutations", ["status", "created_at"])
    op.create_table(
        "revisions",
        words("id"),
        words("refutation_id", to("revisions", "refutation_id", "refutations.id")),
        number("number"),
        words("kind"),
        words("status"),
        json("text"),
        words("author_id"),
        moment("created_at"),
        moment("saved_at"),
        words("note"),
        flag("is_material"),
        words("return_reason"),
        words("approver_id", nullable=True),
        moment("published_at", nullable=True),
        number("version"),
        flag("is_training", server_default=sa.false()),
        key("revisions", "id"),
        sa.CheckConstraint(FOUR_EYES, name="ck_revisions_four_eyes"),
    )
    op.create_index("ix_revisions_refutation_id_number", "revisions", ["refutation_id", "number"])
    partial_unique("uq_revisions_working", "revisions", ["refutation_id"], "status IN ('draft', 'in_review')")
    op.create_table(
        "alerts",
        words("id"),
        words("thread_id"),
        words("refutation_id", to("alerts", "refutation_id", "refutations.id")),
        words("revision_id", to("alerts", "revision_id", "revisions.id")),
        words("kind"),
        moment("sent_at"),
        json("references"),
        words("note"),
        flag("is_material"),
        key("alerts", "id"),
        sa.UniqueConstraint("revision_id", name="uq_alerts_revision_id"),
    )
    op.create_index("ix_alerts_refutation_id", "alerts", ["refutation_id"])
    op.create_index("ix_alerts_thread_id_sent_at", "alerts", ["thread_id", "sent_at"])
    partial_unique("uq_alerts_once", "alerts", ["thread_id", "kind"], "kind IN ('issue', 'cancel')")
    op.create_table(
        "threads",
        words("refutation_id", to("threads", "refutation_id", "refutations.id")),
        words("verdict"),
        words("language"),
        number("severity"),
        moment("newest_at"),
        words("newest_alert_id"),
        flag("is_withdrawn"),
        flag("is_corrected"),
        key("threads", "refutation_id"),
    )
    op.create_index("ix_threads_newest_at_newest_alert_id", "threads", ["newest_at", "newest_alert_id"])
    op.create_table(
        "refutation_topics",
        words("refutation_id", to("refutation_topics", "refutation_id", "refutations.id")),
        words("topic"),
        key("refutation_topics", "refutation_id", "topic"),
    )
    op.create_index("ix_refutation_topics_topic", "refutation_topics", ["topic"])
    op.create_table(
        "refutation_regions",
        words("refutation_id", to("refutation_regions", "refutation_id", "refutations.id")),
        words("region"),
        key("refutation_regions", "refutation_id", "region"),
    )
    op.create_index("ix_refutation_regions_region", "refutation_regions", ["region"])


def downgrade() -> None:
    for name in (
        "refutation_regions",
        "refutation_topics",
        "threads",
        "alerts",
        "revisions",
        "refutations",
        "matches",
        "evidence",
        "outsides",
        "sightings",
        "claims",
        "seen_names",
        "seen_items",
        "hosts",
        "source_states",
        "sources",
    ):
        op.drop_table(name)
