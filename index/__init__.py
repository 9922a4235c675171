"""The catalogue: what is known, and every rule about it. `open_catalogue` is the only door; adapters are built here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.catalogue import Catalogue
    from index.ports import Clock, Encoder, Search
    from index.settings import Settings

__all__ = ["Catalogue", "open_catalogue"]


def __getattr__(name: str) -> Any:
    """Late: a parsing child reads `index.model` alone and must start fast, without the database and the engine."""
    if name == "Catalogue":
        from index.catalogue import Catalogue

        return Catalogue
    raise AttributeError(name)


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def open_catalogue(
    settings: Settings,
    *,
    clock: Clock | None = None,
    encoder: Encoder | None = None,
    search: Search | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Catalogue:
    """The catalogue on the adapters that `settings` choose; tests may bring their own clock, encoder or search.

    The schema must be current (`clarion init`, or `catalogue.migrate()`). The encoder's model is prepared and loaded at
    first use; `progress(part, share)` follows the preparation, which happens once in a data folder.
    Raises: SettingError; CorruptModel if weights in the data folder cannot be used.
    """
    from index import ranking
    from index.catalogue import Catalogue
    from index.encode import open_encoder
    from index.errors import SettingError
    from index.ports import Parts
    from index.records import open_records
    from index.search import open_search

    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"CLARION_DATA cannot be used as a folder: {error.strerror}") from error
    ranking.own_weights(settings.data_dir)  # a torn file is told now, not to the first reader who asks
    encoder = encoder or open_encoder(settings, progress)
    search = search or open_search(settings, encoder.name, encoder.dimensions)
    records = open_records(settings.database)
    return Catalogue(Parts(settings, records, search, encoder, clock or SystemClock()))
