"""Whether the publisher told a date exactly or only about when. What was stored before counts as exact."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from index.records.migrations.pieces import words

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("sightings", "outsides")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, words("date_quality", server_default=sa.text("'exact'")))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "date_quality")
