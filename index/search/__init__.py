"""Search engines: find by words, meaning and URL. `open_search` chooses by settings and connects to nothing yet."""

from __future__ import annotations

from index.ports import Search
from index.settings import Settings
from index.text import ANALYSIS

__all__ = ["open_search"]


def open_search(settings: Settings, model: str, dimensions: int) -> Search:
    """Elasticsearch where `search_url` names hosts, else the embedded engine in the data folder.

    `model` and `dimensions` are the encoder's: another encoder, or another version of `text.terms`, has another index.
    Raises: SettingError if the hosts or certificates cannot be used as written.
    """
    if settings.search_url:
        from index.search.elastic import ElasticSearch  # its client takes a third of a second to import

        return ElasticSearch(settings, model, dimensions, analysis=ANALYSIS)
    from index.search.embedded import EmbeddedSearch

    return EmbeddedSearch(settings.data_dir / "search", model, dimensions, analysis=ANALYSIS)
