"""The same two sets of adapters as in tests/index."""

from tests.index.conftest import fresh_url, house, migrated_url, node_with_index, open_house, settings

__all__ = ["fresh_url", "house", "migrated_url", "node_with_index", "open_house", "settings"]
