"""Column types: the one edge where texts are cleaned and times are made UTC.

PostgreSQL refuses NUL in text, and no encoder takes a lone surrogate; crawled pages hold both. `clean` removes them
from every text that is bound to a statement, in values and in conditions alike, so no caller has to think of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Text, TypeDecorator

#: Longest text that is used as a key as it stands: PostgreSQL's index entries end at about 2,700 bytes.
MAX_KEY_BYTES = 512


def clean(text: str) -> str:
    """`text` without NUL; surrogate pairs joined, lone surrogates replaced by U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def clean_json(value: Any) -> Any:
    """`value` with every text in it cleaned, keys included; mappings become dicts and sequences lists."""
    if isinstance(value, str):
        return clean(str(value))  # also turns a StrEnum into its value
    if isinstance(value, Mapping):
        return {clean(str(key)): clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [clean_json(item) for item in value]
    return value


def key_of(name: str) -> str:
    """A key for a name that an outsider chose: itself if short, else its digest, so that no index entry overflows."""
    name = clean(name)
    encoded = name.encode()
    return name if len(encoded) <= MAX_KEY_BYTES else f"sha256:{hashlib.sha256(encoded).hexdigest()}"


class CleanText(TypeDecorator[str]):
    """Text that can always be written."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return _bound(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        """The cleaning itself: a poll binds hundreds of texts, and the way through the decorator costs more."""
        return _bound


def _bound(value: str | None) -> str | None:
    if value is None:
        return None
    return clean(value if type(value) is str else str(value))


class CleanJson(TypeDecorator[Any]):
    """JSON whose texts can always be written."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return clean_json(value)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, aware UTC out, microseconds kept. SQLite stores the UTC time without its zone, sortable as text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
