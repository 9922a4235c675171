"""Bulk writing that drops nothing silently: each item of an answer is taken, superseded, parked, or sent again.

    200, 201 ─► applied         409 ─► superseded: the index has this version or a newer one, which is success too
    400 ─► parked and logged    429, 5xx, no or unreadable answer ─► again, later    anything else ─► unavailable
A request refused as a whole (400, 413) is cut in two until the document at fault stands alone.
Sending again is harmless, because the external version makes each write happen once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from index.errors import SearchUnavailable
from index.model import SearchDocument
from index.search.elastic_bodies import index_action

CHUNK_DOCUMENTS = 500
CHUNK_BYTES = 10_000_000  # the server refuses bodies above 100 MB
ATTEMPTS = 6
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0

_log = structlog.get_logger()

#: Sends operations to an index or alias (third: it must be an alias) and returns the answer's items.
Post = Callable[[str, Sequence[Mapping[str, Any]], bool], list[dict[str, Any]]]


class Busy(Exception):
    """The request as a whole may succeed later: overload, timeout, lost connection, unreadable answer."""


class Refused(Exception):
    """The request as a whole is at fault, most likely one document in it. Arguments: the error's type and reason."""


class IndexMissing(Exception):
    """The index or alias that was written to does not exist."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of documents."""

    applied: int = 0
    superseded: int = 0
    parked: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.applied + other.applied, self.superseded + other.superseded, self.parked + other.parked
        )


class BulkWriter:
    """Writes documents in bounded requests. Thread-safe; it does not know the client, only how to `post`."""

    def __init__(self, post: Post, dimensions: int, sleep: Callable[[float], None]) -> None:
        self._post = post
        self._dimensions = dimensions
        self._sleep = sleep
        self.dead_letters = 0

    def send(self, target: str, documents: Iterable[SearchDocument], *, must_be_alias: bool) -> Tally:
        """Raises: SearchUnavailable if documents are left after all attempts, IndexMissing, and what `post` raises."""
        tally = Tally()
        for chunk in chunks(documents):
            tally += self._send_chunk(target, chunk, must_be_alias)
        return tally

    def _send_chunk(self, target: str, waiting: list[SearchDocument], must_be_alias: bool) -> Tally:
        tally = Tally()
        for attempt in range(ATTEMPTS):
            if attempt:
                pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempt - 1))
                self._sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
            lines = [line for document in waiting for line in index_action(document, self._dimensions)]
            try:
                items = self._post(target, lines, must_be_alias)
            except Refused as error:
                return tally + self._send_apart(target, waiting, must_be_alias, error)
            except Busy as reason:
                _log.warning("bulk write put off", reason=str(reason), documents=len(waiting), attempt=attempt + 1)
                continue
            if len(items) != len(waiting):
                _log.warning("bulk write put off", reason="items missing", documents=len(waiting), attempt=attempt + 1)
                continue
            done, waiting = self._sort(waiting, items)
            tally += done
            if not waiting:
                return tally
        raise SearchUnavailable(f"Elasticsearch did not take {len(waiting)} documents in {ATTEMPTS} attempts")

    def _send_apart(
        self, target: str, documents: list[SearchDocument], must_be_alias: bool, error: Refused
    ) -> Tally:
        if len(documents) == 1:
            self._park(documents[0], {"type": error.args[0], "reason": error.args[1]})
            return Tally(parked=1)
        middle = len(documents) // 2
        return self._send_chunk(target, documents[:middle], must_be_alias) + self._send_chunk(
            target, documents[middle:], must_be_alias
        )

    def _sort(
        self, sent: list[SearchDocument], items: list[dict[str, Any]]
    ) -> tuple[Tally, list[SearchDocument]]:
        """What is done, and what to send again."""
        applied = superseded = parked = 0
        again = []
        for document, item in zip(sent, items, strict=True):
            result = item["index"]
            status = result["status"]
            if status in (200, 201):
                applied += 1
            elif status == 409:
                superseded += 1
            elif status == 429 or status >= 500:
                again.append(document)
            elif status == 400:
                parked += 1
                self._park(document, result["error"])
            elif status == 404:
                raise IndexMissing(result["error"]["type"])
            else:
                raise SearchUnavailable(f"Elasticsearch answered {status} {result['error']['type']} to a document")
        return Tally(applied, superseded, parked), again

    def _park(self, document: SearchDocument, error: Mapping[str, Any]) -> None:
        self.dead_letters += 1
        reason = str(error.get("reason", "")).split(" Preview of")[0][:300]  # the rest quotes the text
        _log.error(
            "search document refused", id=document.id, version=document.version, error=error["type"], reason=reason
        )


def chunks(documents: Iterable[SearchDocument]) -> Iterator[list[SearchDocument]]:
    """As many documents at a time as one request takes."""
    chunk: list[SearchDocument] = []
    size = 0
    for document in documents:
        bytes_ = _size(document)
        if chunk and (len(chunk) == CHUNK_DOCUMENTS or size + bytes_ > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(document)
        size += bytes_
    if chunk:
        yield chunk


def _size(document: SearchDocument) -> int:
    """About how many bytes a document has in a request."""
    vectors = [vector for vector in (document.title_vector, document.statement_vector) if vector is not None]
    texts = (document.title, document.statement, document.body, *document.url_keys)
    return 500 + sum(3 * len(text) for text in texts) + sum(12 * len(vector) for vector in vectors)
