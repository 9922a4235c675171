"""What every table is made of: the metadata with its naming rule, and the few kinds of column."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData

from index.records.types import CleanText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
#: SQLite counts only plain INTEGER keys up by itself.
BigId = BigInteger().with_variant(Integer(), "sqlite")


def text_column(name: str, *references: ForeignKey, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column(name, CleanText, *references, nullable=nullable, primary_key=primary_key)


def time_column(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


def reference(column: str) -> ForeignKey:
    """A foreign key that is checked at commit, so that a transaction may write in any order."""
    return ForeignKey(column, deferrable=True, initially="DEFERRED")
