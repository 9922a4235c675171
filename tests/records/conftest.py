"""The tests of the records' own insides use the same fresh databases as the contract tests."""

from tests.records.fresh import fresh_url, records, template

__all__ = ["fresh_url", "records", "template"]
