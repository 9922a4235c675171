"""The tests of the records' own insides use the same fresh databases as the contract tests."""

from tests.records.fresh import fresh_url, migrated_url, records

__all__ = ["fresh_url", "migrated_url", "records"]
