"""The tables, as one metadata for SQLite and PostgreSQL. Migrations create them; a test compares the two.

Foreign keys are checked at commit, so a transaction may write in any order. What readers filter by is a column or a
side table, never a JSON operator.
"""

from index.records.tables import crawled, desk, published  # all three fill the metadata
from index.records.tables.columns import metadata

__all__ = ["crawled", "desk", "metadata", "published"]
