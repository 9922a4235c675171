"""A DataFeed of ClaimReviews (the Data Commons dump): read entry by entry as a stream, never as one document.

stream -> `dataFeedElement[].item` (null, a review, or a list with nulls in it) -> Items, whose publisher is the domain
of the review's own page. A feed that ends in the middle, or is too long for one task, gives its whole entries.
A source with `dump = true` is read from a file in portions, without the entries that were read before.
"""

from __future__ import annotations

import hashlib
import time
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import IO, Any

import ijson

from crawlers.adapters.claimreview import review_item
from crawlers.adapters.jsonld import nodes_of_type, strings
from crawlers.adapters.protocol import Context, Dump, ItemError, Parsed, Portion, Request
from crawlers.plain import web_link
from index.model import Item

MAX_REVIEWS = 10_000  # about 3.5 s of the child's 5 s (measured on 2 cores)
PORTION_ENTRIES = 2_000  # looked at, most of them only to see that they are known
PORTION_ITEMS = 500
PORTION_TEXT = 2_000_000  # characters
PORTION_FAULTS = 50  # of a portion that are named
_FAULTS = (ijson.JSONError, UnicodeDecodeError, RecursionError)


def read_data_feed(stream: IO[bytes], context: Context) -> Parsed:
    items: dict[str, Item] = {}
    bad: list[ItemError] = []
    code = ""
    reviews = _reviews(stream)
    while len(items) + len(bad) < MAX_REVIEWS:
        try:
            node = next(reviews, None)
        except _FAULTS:
            code = "truncated"
            break
        if node is None:
            break
        read = _item(node, context)
        if isinstance(read, Item):
            items.setdefault(read.native_id, read)
        else:
            bad.append(read)
    is_whole = not code and not context.is_truncated and len(items) + len(bad) < MAX_REVIEWS
    if not items:
        return Parsed(code=code or "drift")
    return Parsed(tuple(items.values()), tuple(bad), is_complete=is_whole)


def read_dump(dump: Dump, context: Context) -> Iterator[Portion]:
    """Portions of the entries that are not known, then one without items that says what is known from now on."""
    ends = time.monotonic() + dump.within_s
    known, seen = array("Q", dump.known), array("Q")
    listed, code, has_more = 0, "", True
    with open(dump.path, "rb") as stream:
        elements = ijson.items(stream, "dataFeedElement.item", use_float=True)
        while has_more and time.monotonic() < ends:
            portion = _Portion()
            try:
                has_more = portion.fill(elements, context, known, seen)
            except _FAULTS:
                code, has_more = "truncated", False
            listed += portion.good_count
            yield Portion(Parsed(tuple(portion.items.values()), tuple(portion.bad)), portion.listed_count)
    is_whole = not (has_more or code or context.is_truncated)
    kept = array("Q", (digest for digest, _ in groupby(sorted(seen if is_whole else seen + known))))
    cut = (ItemError(code),) if code and listed else ()  # what follows the cut was not seen, and the log says so
    yield Portion(Parsed(bad=cut, code="" if listed else code or "drift", is_complete=is_whole), 0, kept.tobytes())


class _Portion:
    """The entries of one message to the crawl process, bounded in every way that one can grow."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.bad: list[ItemError] = []
        self.listed_count = self.good_count = self._looked = self._text = 0

    def fill(self, elements: Iterator[Any], context: Context, known: array[int], seen: array[int]) -> bool:
        """Whether there may be more."""
        for element in elements:
            self._looked += 1
            try:
                self._look(element, context, known, seen)
            except RecursionError:  # one entry that is nested too deeply hides no other
                self.listed_count += 1
                self.bad += [ItemError("malformed")][: PORTION_FAULTS - len(self.bad)]
            if self._looked >= PORTION_ENTRIES or len(self.items) >= PORTION_ITEMS or self._text > PORTION_TEXT:
                return True
        return False

    def _look(self, element: Any, context: Context, known: array[int], seen: array[int]) -> None:
        digest = int.from_bytes(hashlib.sha256(repr(element).encode("utf-8", "replace")).digest()[:8], "little")
        if _holds(known, digest):
            self.listed_count, self.good_count = self.listed_count + 1, self.good_count + 1
            seen.append(digest)
        elif self._take(element, context):
            seen.append(digest)

    def _take(self, element: Any, context: Context) -> bool:
        """Whether it held reviews, and nothing that was at fault: that is looked at again, and named again."""
        read = [_item(node, context) for node in nodes_of_type(element, "ClaimReview")]
        good = [one for one in read if isinstance(one, Item)]
        faults = [one for one in read if isinstance(one, ItemError)]
        for item in good:
            self.items.setdefault(item.native_id, item)
            self._text += len(item.text)
        self.bad += faults[: PORTION_FAULTS - len(self.bad)]
        self.listed_count += bool(read)
        self.good_count += bool(good)
        return bool(good) and not faults


def _holds(known: array[int], digest: int) -> bool:
    at = bisect_left(known, digest)
    return at < len(known) and known[at] == digest


def _reviews(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    for element in ijson.items(stream, "dataFeedElement.item", use_float=True):
        yield from nodes_of_type(element, "ClaimReview")


def _item(node: dict[str, Any], context: Context) -> Item | ItemError:
    url = next((u for raw in strings(node.get("url")) if (u := web_link(raw))), "")
    if not url:
        return ItemError("no_link")
    item = review_item(node, None, replace(context, url=url, request=Request(url, "page", url)), is_only=False)
    return item if item.title else ItemError("empty_item", url)
