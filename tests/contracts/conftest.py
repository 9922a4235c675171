"""Fixtures of the contract suites, which run on every adapter of a port."""

from tests.records.fresh import fresh_url, migrated_url, records

__all__ = ["fresh_url", "migrated_url", "records"]
