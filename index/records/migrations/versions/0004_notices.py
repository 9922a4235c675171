"""How a notice stands: until when it is in force, what took its place, whether its publisher withdrew it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from index.records.migrations.pieces import flag, moment, words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence", moment("expires_at", nullable=True))
    op.add_column("evidence", words("superseded_by", server_default=sa.text("''")))
    op.add_column("evidence", flag("is_withdrawn", server_default=sa.false()))


def downgrade() -> None:
    for name in ("is_withdrawn", "superseded_by", "expires_at"):
        op.drop_column("evidence", name)
