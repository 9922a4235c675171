"""The documents of one run: the source's own, then the lists and pages it leads to, within a budget of pages.

    first document ─► items + further requests ─► inside the domain, not known yet ─► fetch ─► read ─► and so on

It gathers; what a run's outcome means and what is stored of it is `pipeline`'s.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import structlog

from crawlers.adapters.protocol import Context, Dump, ItemError, Parsed, Portion, Request
from crawlers.domains import is_within
from crawlers.fetch import Failed, Fetched
from crawlers.moves import hosts_of
from index.model import Item, RecordOutcome, Source, SourceLease

PAGES_A_RUN = 5
PAGES_FIRST_RUN = 50  # first imports have a day's budget
BARREN_KEPT = 2_000  # pages without an item that a process remembers, so that they use up no later run's budget
_log = structlog.get_logger("crawlers")


class Known(Protocol):
    """What following asks of the catalogue."""

    def now(self) -> datetime: ...
    def known_items(
        self, source_id: str, native_ids: Collection[str], *, only_standing: bool = False
    ) -> frozenset[str]: ...


class Paging(Protocol):
    def page(self, source: Source, url: str, body: bytes = b"") -> Fetched | Failed: ...


class Reading(Protocol):
    def read(self, body: bytes, context: Context) -> Parsed | Failed: ...
    def portions(self, dump: Dump, context: Context) -> Generator[Portion | Failed, None, None]: ...


@dataclass
class Run:
    """What a run has gathered so far."""

    started: float = field(default_factory=time.monotonic)
    url: str = ""  # asked first
    answer: Fetched | None = None  # to it, with a new body
    http_status: int | None = None
    sha256: str = ""
    listed_count: int = 0
    items: list[Item] = field(default_factory=list)
    repaired: set[str] = field(default_factory=set)  # native ids
    bad: list[ItemError] = field(default_factory=list)
    wire_bytes: int = 0
    is_complete: bool = True
    code: str = ""
    detail: str = ""
    recorded: RecordOutcome = field(default_factory=RecordOutcome)  # of a dump: the portions recorded so far

    @property
    def ids(self) -> set[str]:
        return {item.native_id for item in self.items}


class Follower:
    """Reads what a source's document leads to; safe to call from several threads. It stores nothing."""

    def __init__(self, catalogue: Known, fetcher: Paging, reader: Reading) -> None:
        self._catalogue, self._fetcher, self._reader = catalogue, fetcher, reader
        self._barren: deque[tuple[str, str]] = deque(maxlen=BARREN_KEPT)

    def read(self, source: Source, request: Request, fetched: Fetched) -> Parsed | Failed:
        """What the source's adapter makes of an answer."""
        return self._reader.read(fetched.body, self._context(source, request, fetched))

    def portions(
        self, source: Source, request: Request, fetched: Fetched, known: bytes
    ) -> Generator[Portion | Failed, None, None]:
        """The same of a dump, portion by portion, without the entries that are `known`."""
        assert fetched.spill is not None
        return self._reader.portions(Dump(fetched.spill.path, known), self._context(source, request, fetched))

    def _context(self, source: Source, request: Request, fetched: Fetched) -> Context:
        return Context(
            source=replace(source, options=dict(source.options), names=dict(source.names)),
            request=request,
            url=fetched.url,
            fetched_at=self._catalogue.now(),
            content_type=fetched.content_type,
            answered_at=fetched.answered_at,
            is_truncated=fetched.is_truncated,
            page_count=fetched.page_count,
        )

    def follow(
        self, run: Run, lease: SourceLease, first: Request, document: Parsed, further: Sequence[Request]
    ) -> None:
        """Gathers into `run` what the first `document` held, then further lists and unknown pages, within the
        domain and the run's budget. One failing page stops none.
        """
        source, budget = lease.source, _budget(lease)
        onward = self._onward(run, lease, document)
        self._take(run, source, document)
        waiting = deque((*self._wanted(lease, further), *onward))
        seen = {(first.url, first.body)}
        while waiting:
            request = waiting.popleft()
            if (request.url, request.body) in seen:
                continue
            if budget == 0:
                self._left_over(run, source, [request, *waiting])
                return
            budget -= 1
            seen.add((request.url, request.body))
            fetched = self._fetcher.page(source, request.url, request.body)
            if isinstance(fetched, Failed):
                if fetched.code != "end_of_list":
                    self._page_failed(run, request, fetched.code, fetched.permanent)
                continue
            run.wire_bytes += fetched.wire_bytes
            parsed = self.read(source, request, fetched)
            if isinstance(parsed, Failed) or parsed.code:
                self._page_failed(run, request, parsed.code, is_permanent=True)
                continue
            ids = {item.native_id for item in parsed.items}  # of a page of several reviews, or under another name
            if request.kind == "page" and parsed.is_complete and ids <= self._catalogue.known_items(source.id, ids):
                self._barren.append((source.id, request.native_id))
            onward = self._onward(run, lease, parsed)
            self._take(run, source, parsed)
            waiting.extendleft(reversed([r for r in onward if r.kind == "page"]))  # before the next list is opened
            waiting.extend(r for r in onward if r.kind != "page")

    def _left_over(self, run: Run, source: Source, left: Sequence[Request]) -> None:
        """The rest comes with the next polls; not so lists alone after a run that brought nothing new: they are old."""
        is_new = len(self._catalogue.known_items(source.id, run.ids)) < len(run.ids)
        run.is_complete = run.is_complete and not is_new and all(r.kind != "page" for r in left)

    def _onward(self, run: Run, lease: SourceLease, parsed: Parsed) -> list[Request]:
        """What may be read next. A list whose every item was seen before leads to no further list (Q26): some servers
        repeat the last page for ever. Until a source was read whole, only this run's items count as seen.
        """
        wanted = self._wanted(lease, parsed.more)
        ids = {item.native_id for item in parsed.items}
        if not ids or all(r.kind == "page" for r in wanted):
            return wanted
        fresh = ids - run.ids
        if lease.state.body_sha256 is not None:
            fresh -= self._catalogue.known_items(lease.source.id, fresh)
        return wanted if fresh else [r for r in wanted if r.kind == "page"]

    def _wanted(self, lease: SourceLease, more: Sequence[Request]) -> list[Request]:
        """Requests that may be followed: inside the domain (an aggregator's anywhere), pages not known yet or of what
        was withdrawn: it may be back."""
        source, hosts = lease.source, hosts_of(lease)
        inside = [r for r in more if source.options.get("aggregator") or is_within(r.url, hosts)]
        is_whole = lease.state.body_sha256 is not None  # until then a known item does not mean that its list was read
        ids = {r.native_id for r in inside if r.native_id and (r.kind == "page" or is_whole)}
        known = self._catalogue.known_items(source.id, ids, only_standing=True) if ids else frozenset()
        barren = {native_id for source_id, native_id in tuple(self._barren) if source_id == source.id}
        return [r for r in inside if r.native_id not in known and (r.kind != "page" or r.native_id not in barren)]

    def _page_failed(self, run: Run, request: Request, code: str, is_permanent: bool) -> None:
        run.bad.append(ItemError(code, request.native_id or request.url))
        run.code, run.detail = run.code or code, "a page of the list"
        run.is_complete = run.is_complete and is_permanent

    def _take(self, run: Run, source: Source, parsed: Parsed) -> None:
        if parsed.notes.get("guids_ignored"):
            _log.warning("source_flagged", source=source.id, guids_ignored=parsed.notes["guids_ignored"])
        if parsed.notes.get("signed"):  # no library of ours can say whether an XML signature is valid
            _log.info("signatures_seen", source=source.id, present=parsed.notes["signed"], checked=0)
        run.items += parsed.items
        run.repaired |= parsed.repaired
        run.bad += parsed.bad
        run.is_complete = run.is_complete and parsed.is_complete


def _budget(lease: SourceLease) -> int:
    """Pages of a run: five, or a first import's budget (`pages_a_day`) while the source was never read whole."""
    if lease.state.body_sha256 is not None:
        return PAGES_A_RUN
    registered = lease.source.options.get("pages_a_day", PAGES_FIRST_RUN)
    return int(registered) if isinstance(registered, int) else PAGES_FIRST_RUN
