"""Triggers: published revisions, alerts and the audit log never change; the two heads are never lost."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# table -> condition on the old row under which neither UPDATE nor DELETE is allowed
GUARDED = {"revisions": "OLD.status = 'published'", "alerts": "", "audit_log": ""}


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for table, condition in GUARDED.items():
            _guard_on_sqlite(table, condition)
    else:
        _refusal_on_postgresql()
        for table, condition in GUARDED.items():
            _guard_on_postgresql(table, condition)


def downgrade() -> None:
    is_sqlite = op.get_context().dialect.name == "sqlite"
    for table in GUARDED:
        for act in ("update", "delete") if is_sqlite else ("change", "truncate"):
            op.execute(f"DROP TRIGGER {table}_no_{act}" + ("" if is_sqlite else f" ON {table}"))
    if not is_sqlite:
        op.execute("DROP FUNCTION clarion_refuse_change()")


def _guard_on_sqlite(table: str, condition: str) -> None:
    when = f"WHEN {condition}" if condition else ""
    for act in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} {when} "
            f"BEGIN SELECT RAISE(ABORT, '{table}: this row never changes'); END"
        )


def _refusal_on_postgresql() -> None:
    op.execute(
        """
        CREATE FUNCTION clarion_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '%: this row never changes', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """
    )


def _guard_on_postgresql(table: str, condition: str) -> None:
    when = f"WHEN ({condition})" if condition else ""
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW {when} EXECUTE FUNCTION clarion_refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION clarion_refuse_change()"
    )
