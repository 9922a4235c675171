"""Short words for the columns that migrations are written in. Frozen with them: a new kind gets a new name."""

from __future__ import annotations

from functools import partial
from typing import Any

import sqlalchemy as sa
from alembic import op


def column(
    kind: sa.types.TypeEngine[Any], name: str, *references: sa.ForeignKey, nullable: bool = False, **more: Any
) -> sa.Column[Any]:
    return sa.Column(name, kind, *references, nullable=nullable, **more)


words = partial(column, sa.Text())
moment = partial(column, sa.DateTime(timezone=True))
day = partial(column, sa.Date())
flag = partial(column, sa.Boolean())
number = partial(column, sa.Integer())
big = partial(column, sa.BigInteger())
# SQLite counts only plain INTEGER keys up by itself
big_id = partial(column, sa.BigInteger().with_variant(sa.Integer(), "sqlite"))
fraction = partial(column, sa.Float())
json = partial(column, sa.JSON())
blob = partial(column, sa.LargeBinary())


def to(table: str, column_name: str, target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, name=f"fk_{table}_{column_name}", deferrable=True, initially="DEFERRED")


def key(table: str, *names: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*names, name=f"pk_{table}")


def partial_unique(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=True, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
