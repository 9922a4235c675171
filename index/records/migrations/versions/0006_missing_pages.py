"""Pages that a source no longer has: which were asked for in vain, and which texts of ours cite them (Q19)."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa
from alembic import op

from index.records.migrations.pieces import json, key, moment, to, words

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

IN_FORCE = sa.text(
    "SELECT refutation_id, number, kind, revisions.status, text FROM revisions JOIN refutations"
    " ON refutations.id = refutation_id AND refutations.status <> 'withdrawn' WHERE revisions.status <> 'discarded'"
)


def upgrade() -> None:
    op.add_column("source_states", json("absences", nullable=True))
    op.add_column("source_states", moment("look_again_at", nullable=True))
    citations = op.create_table(
        "citations",
        words("refutation_id", to("citations", "refutation_id", "refutations.id")),
        words("page"),
        words("url"),
        moment("withdrawn_at", nullable=True),
        key("citations", "refutation_id", "page"),
    )
    op.create_index("ix_citations_page", "citations", ["page"])
    if rows := _cited():
        op.bulk_insert(citations, rows)


def downgrade() -> None:
    op.drop_table("citations")
    op.drop_column("source_states", "look_again_at")
    op.drop_column("source_states", "absences")


def _cited() -> list[dict[str, Any]]:
    """What the texts in force and in work cite."""
    newest: dict[tuple[str, bool], Any] = {}
    found = op.get_bind().execute(IN_FORCE.columns(text=sa.JSON())).mappings().all()
    for row in sorted(found, key=lambda row: row["number"]):
        if row["status"] != "published" or row["kind"] != "cancel":
            newest[row["refutation_id"], row["status"] == "published"] = row["text"]
    urls = {
        (refutation_id, _page(source["url"])): source["url"]
        for (refutation_id, _), text in newest.items()
        for source in text.get("evidence", ())
        if source["url"]
    }
    return [{"refutation_id": of, "page": page, "url": url, "withdrawn_at": None} for (of, page), url in urls.items()]


def _page(url: str) -> str:
    bare = url.partition("#")[0].partition("://")[2].removeprefix("www.").rstrip("/")
    encoded = bare.encode()
    return bare if len(encoded) <= 512 else f"sha256:{hashlib.sha256(encoded).hexdigest()}"
