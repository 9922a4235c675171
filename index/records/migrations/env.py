"""Runs migrations on the connection that index/records/schema.py opened, inside its transaction."""

from __future__ import annotations

from alembic import context

from index.records.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # on SQLite too: we say BEGIN IMMEDIATE ourselves
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
