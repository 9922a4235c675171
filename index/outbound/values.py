"""What goes in and comes out of an exchange: limits, answers, failures with stable codes (sources.md 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

_MAX_WAIT_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Limits:
    connect_s: float = 10.0
    read_s: float = 10.0
    total_s: float = 20.0
    redirects: int = 5
    wire_bytes: int = 10 * 1024 * 1024
    decoded_bytes: int = 10 * 1024 * 1024


class Sink(Protocol):
    """Where a large body goes, piece by piece. It may raise `Stop` to end the exchange."""

    def write(self, data: bytes) -> object: ...


@dataclass(frozen=True, slots=True)
class Hop:
    """A redirect that was followed: the address that answered with it, and its status."""

    url: str
    status: int


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of any status. Header names are lower case; `url` is where the body came from, `issuer` who signed the
    certificate of its server ("" over plain http)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    hops: tuple[Hop, ...] = ()
    is_truncated: bool = False
    wire_bytes: int = 0
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable answer. `code` is stable; `detail` is for the desk and holds no query string or secret."""

    code: str
    detail: str = ""
    permanent: bool = False
    retry_after_s: int | None = None


class Stop(Exception):
    """Carries a Failure up to `request`, which returns it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> int | None:
    """Seconds of a Retry-After header, 0 to 24 h; a date counts from the response's own Date. None if unreadable."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+", value, re.A):
        return min(int(value[:15]), _MAX_WAIT_S)
    until, since = _http_date(value), _http_date(headers.get("date", "")) or now or datetime.now(UTC)
    return None if until is None else max(0, min(int((until - since).total_seconds()), _MAX_WAIT_S))


def _http_date(value: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
