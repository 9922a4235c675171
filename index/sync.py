"""Keeps the search index in step with the records: change log -> documents -> engine, at least once.

A document's version is the number of the change that it reflects, so engines drop what is late or comes twice
(reliability.md B1-B3). Withdrawals and merges leave tombstones. `rebuild` fills a new index from the records;
`check` compares both sides and can mark what differs for the next sync.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence

import structlog

from index import documents
from index.errors import ClarionError, EncoderUnavailable, SearchUnavailable
from index.model import DocKind, SearchDocument
from index.pages import CheckReport, SyncReport
from index.ports import Change, Changed, Parts, Unit

log = structlog.get_logger()
CURSOR = "search"
LEASE = "sync"
LEASE_S = 60.0
TURN_WAIT_S = 2 * LEASE_S  # a killed process's turn lapses meanwhile
REBUILT_A_SECOND = 200  # documents, at the least
BATCH = 200
PATIENCE_S = 1.0
EVERYTHING = 1_000_000


def sync(parts: Parts, limit: int) -> SyncReport:
    """See Catalogue.sync. One call relays at a time; another one's turn is reported as pending."""
    turn = _Turn(parts)
    if not turn.take():
        return SyncReport(0, _pending(parts), True)
    applied, available = 0, True
    try:
        while limit > 0:
            with parts.records.read() as unit:
                changes = unit.changes(unit.cursor(CURSOR), min(limit, BATCH))
                drafts = documents.drafts(unit, changes)
            if not changes:
                break
            applied += parts.search.write(documents.with_vectors(parts, drafts))
            if not turn.move_cursor(changes[-1].seq):
                break  # it took too long, and another call relays now
            limit -= len(changes)
    except (SearchUnavailable, EncoderUnavailable) as error:
        available = False
        log.warning("sync_put_off", code=error.code)
    finally:
        turn.end()
    report = SyncReport(applied, _pending(parts), available)
    if applied:
        log.info("synced", applied=applied, pending=report.pending_count)
    return report


def try_sync(parts: Parts) -> None:
    """Called after an act, so that readers find it at once; the deliver process does the same for whatever is left.

    What was committed is not undone by a failure here, so none is passed on, and an engine that does not answer is
    waited for no longer than PATIENCE_S.
    """
    worker = threading.Thread(target=_sync_quietly, args=(parts,), name="sync", daemon=True)
    worker.start()
    worker.join(PATIENCE_S)


def _sync_quietly(parts: Parts) -> None:
    try:
        sync(parts, BATCH)
    except ClarionError as error:
        log.warning("sync_put_off", code=error.code)


class _Turn:
    """The lease of one relaying call. Whoever lost it moves no cursor: a rebuild may have set it back since."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._holder = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self._epoch: int | None = None

    def take(self, ttl_s: float = LEASE_S) -> bool:
        with self._parts.records.begin() as unit:
            self._epoch = unit.take_lease(LEASE, self._holder, self._parts.clock.now(), ttl_s)
        return self._epoch is not None

    def move_cursor(self, *seqs: int) -> bool:
        """Sets the cursor to each number in turn, and renews the lease; False if it was lost."""
        with self._parts.records.begin() as unit:
            epoch = unit.take_lease(LEASE, self._holder, self._parts.clock.now(), LEASE_S)
            is_held = epoch is not None and epoch == self._epoch  # another epoch: others had their turn in between
            for seq in seqs if is_held else ():
                unit.set_cursor(CURSOR, seq)
        return is_held

    def end(self) -> None:
        with self._parts.records.begin() as unit:
            unit.release_lease(LEASE, self._holder)


def rebuild(parts: Parts) -> int:
    """See Catalogue.rebuild. Changes made meanwhile come after the cursor taken here and are synced after the swap.

    Nobody relays during the swap: a call that wrote to the old index before it must not move the cursor after it.
    """
    with parts.records.read() as unit:
        head = unit.head()
        # tombstones too: a late write of an old version must not come back to life
        fresh = _Everything(parts, [Change(seq, kind, id) for (kind, id), seq in unit.last_changes().items()])
    count = sum(1 for _ in fresh)  # encodes what has no vector yet, before anybody has to wait
    turn = _Turn(parts)
    _wait_for(turn, LEASE_S + count / REBUILT_A_SECOND)
    try:
        count = parts.search.rebuild(fresh)
        while not turn.move_cursor(0, head):  # 0 is the only way back
            _wait_for(turn, LEASE_S)  # the swap outlasted the lease: what others relayed meanwhile comes again
    finally:
        turn.end()
    sync(parts, EVERYTHING)
    log.info("rebuilt", documents=count)
    return count


class _Everything(Iterable[SearchDocument]):
    """The documents of all changes, read anew and in batches each time they are walked; a million would not fit into
    memory. Content that changed since is newer than its version says; the change comes again after the rebuild."""

    def __init__(self, parts: Parts, changes: Sequence[Change]) -> None:
        self._parts = parts
        self._changes = changes

    def __iter__(self) -> Iterator[SearchDocument]:
        for start in range(0, len(self._changes), BATCH):
            with self._parts.records.read() as unit:
                drafts = documents.drafts(unit, self._changes[start : start + BATCH])
            yield from documents.with_vectors(self._parts, drafts)

    def __length_hint__(self) -> int:
        return len(self._changes)


def _wait_for(turn: _Turn, ttl_s: float) -> None:
    """Raises: SearchUnavailable if others have the turn all the time."""
    deadline = time.monotonic() + TURN_WAIT_S
    while not turn.take(ttl_s):
        if time.monotonic() > deadline:
            raise SearchUnavailable("another process has been writing to the index all the time")
        time.sleep(0.05)


def fill_if_empty(parts: Parts) -> int:
    """See Catalogue.fill_if_empty."""
    with parts.records.read() as unit:
        is_expected_empty = unit.head() == 0 or unit.cursor(CURSOR) == 0
    if is_expected_empty:
        return 0
    parts.search.refresh()  # what was written a moment ago counts
    if parts.search.document_count() > 0:
        return 0
    log.warning("index_was_empty")
    return rebuild(parts)


def check(parts: Parts, repair: bool) -> CheckReport:
    """See Catalogue.check."""
    report, want, is_ahead = _compare(parts)
    if repair and not report.is_clean:
        with parts.records.begin() as unit:
            for id in (*report.missing, *report.stale, *report.orphaned):
                unit.changed(*_owner(unit, id, want.get(id)))
        sync(parts, EVERYTHING)
        if is_ahead or not _compare(parts)[0].is_clean:
            rebuild(parts)  # an index from another time of this database refuses its versions
    return report


def _compare(parts: Parts) -> tuple[CheckReport, dict[str, SearchDocument], bool]:
    """The differences, what the index should hold, and whether it holds versions that the records do not know yet."""
    parts.search.refresh()
    have = parts.search.versions()
    with parts.records.read() as unit:
        last = unit.last_changes()
        drafts = documents.drafts(unit, [Change(seq, kind, id) for (kind, id), seq in last.items()])
    want = {d.document.id: d.document for d in drafts if not d.document.is_deleted}
    differ = {id: have[id] - want[id].version for id in want.keys() & have.keys() if have[id] != want[id].version}
    report = CheckReport(
        missing=tuple(sorted(want.keys() - have.keys())),
        stale=tuple(sorted(differ)),
        orphaned=tuple(sorted(have.keys() - want.keys())),
    )
    return report, want, any(ahead > 0 for ahead in differ.values())


def _owner(unit: Unit, document_id: str, document: SearchDocument | None) -> tuple[Changed, str]:
    """The record whose change writes this document anew."""
    kind = (
        document.kind
        if document
        else {"alt": DocKind.ALERT, "out": DocKind.OUTSIDE}.get(document_id[:3], DocKind.CLAIM)
    )
    if kind is DocKind.OUTSIDE:
        return Changed.OUTSIDE, document_id
    if kind is DocKind.ALERT:
        refutation = unit.refutation_by_thread(document_id)
        return Changed.REFUTATION, refutation.id if refutation else document_id
    return Changed.CLAIM, document_id


def _pending(parts: Parts) -> int:
    with parts.records.read() as unit:
        return max(0, unit.head() - unit.cursor(CURSOR))
