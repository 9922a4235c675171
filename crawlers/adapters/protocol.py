"""What an adapter takes and gives: bytes and their context in, frozen plain data out. It never raises for bad input.

first(source) -> Requests      read(body, context) -> Parsed(items, bad, more, …)      more -> read again, page by page
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from index.model import Item, Source


@dataclass(frozen=True, slots=True)
class Request:
    """An address to read. `native_id` names the item that a page belongs to, so that known items are not read again."""

    url: str
    kind: str = "list"  # list: the source's own document · page: one item · child: a list that an index named
    native_id: str = ""
    about: Item | None = None  # what the list already told about the page's item
    body: bytes = b""  # JSON to post; empty: an ordinary GET


@dataclass(frozen=True, slots=True)
class Context:
    """Where a body came from. `url` is the final address, the base of relative links."""

    source: Source
    request: Request
    url: str
    fetched_at: datetime
    content_type: str = ""
    answered_at: datetime | None = None  # the response's own Date
    is_truncated: bool = False
    page_count: int | None = None  # how many pages a list has, where its server says so (X-WP-TotalPages)


@dataclass(frozen=True, slots=True)
class ItemError:
    """One entry that could not be used; the others go on."""

    code: str
    native_id: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a body holds. `code` set: the whole body is unusable, by that stable code, and nothing else counts."""

    items: tuple[Item, ...] = ()
    bad: tuple[ItemError, ...] = ()
    more: tuple[Request, ...] = ()
    code: str = ""
    is_complete: bool = True  # False: validators are not kept, the next poll reads the body again
    ttl_min: int | None = None
    notes: Mapping[str, int] = field(default_factory=dict)  # repaired, guids_ignored … counted, for the log
    repaired: frozenset[str] = frozenset()  # native ids whose markup was mended: their verdict goes to an editor


@dataclass(frozen=True, slots=True)
class Dump:
    """A body that is too large for memory, in a file, with the hashes of the entries that need no second look."""

    path: str
    known: bytes = b""  # eight bytes an entry
    within_s: float = 1200.0  # reading and recording together; what is left then comes with the next poll


@dataclass(frozen=True, slots=True)
class Portion:
    """Some entries of a dump. `listed_count` is how many were looked at since the one before."""

    parsed: Parsed
    listed_count: int = 0
    known: bytes | None = None  # in the last portion, which has no items: what need not be read again


def parted(read: Iterable[Item | ItemError]) -> tuple[tuple[Item, ...], tuple[ItemError, ...]]:
    """What could be read of a list's entries, and what could not."""
    items: list[Item] = []
    bad: list[ItemError] = []
    for one in read:
        if isinstance(one, Item):
            items.append(one)
        else:
            bad.append(one)
    return tuple(items), tuple(bad)


class Adapter(Protocol):
    """One format. It decides nothing about truth and never raises for bad input."""

    def first(self, source: Source) -> tuple[Request, ...]:
        """What to ask for at the start of a run."""

    def read(self, body: bytes, context: Context) -> Parsed: ...
