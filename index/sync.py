"""Keeps the search index in step with the records: change log -> documents -> engine, at least once.

A document's version is the number of the change that it reflects, so engines drop what is late or comes twice
(reliability.md B1-B3). Withdrawals and merges leave tombstones. `rebuild` fills a new index from the records;
`check` compares both sides and can mark what differs for the next sync.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import structlog

from index import embedding, text, workflow
from index.errors import EncoderUnavailable, SearchUnavailable
from index.model import (
    Claim,
    DocKind,
    OutsideRefutation,
    Refutation,
    SearchDocument,
    Sighting,
)
from index.pages import CheckReport, SyncReport
from index.ports import Change, Changed, Parts, Unit

log = structlog.get_logger()
CURSOR = "search"
LEASE_S = 60.0
MAX_WORDINGS = 30  # documents of one claim besides its statement
BATCH = 200
_HOLDER = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class _Draft:
    """A document before its vectors."""

    document: SearchDocument
    title: str = ""
    statement: str = ""


def sync(parts: Parts, limit: int) -> SyncReport:
    """See Catalogue.sync. One process relays at a time; another one's turn is reported as pending."""
    with parts.records.begin() as unit:
        epoch = unit.take_lease("sync", _HOLDER, parts.clock.now(), LEASE_S)
    if epoch is None:
        return SyncReport(0, _pending(parts), True)
    applied, available = 0, True
    try:
        while limit > 0:
            with parts.records.read() as unit:
                changes = unit.changes(unit.cursor(CURSOR), min(limit, BATCH))
                drafts = _drafts(unit, changes)
            if not changes:
                break
            applied += parts.search.write(_with_vectors(parts, drafts))
            with parts.records.begin() as unit:
                unit.set_cursor(CURSOR, changes[-1].seq)
            limit -= len(changes)
    except (SearchUnavailable, EncoderUnavailable) as error:
        available = False
        log.warning("sync_put_off", code=error.code)
    finally:
        with parts.records.begin() as unit:
            unit.release_lease("sync", _HOLDER)
    report = SyncReport(applied, _pending(parts), available)
    if applied:
        log.info("synced", applied=applied, pending=report.pending_count)
    return report


def try_sync(parts: Parts) -> None:
    """Called after a publish, so that readers find it at once; the deliver process does the same for whatever is
    left.
    """
    sync(parts, BATCH)


def rebuild(parts: Parts) -> int:
    """See Catalogue.rebuild. Changes made meanwhile come after the cursor taken here and are synced after the swap."""
    with parts.records.read() as unit:
        head = unit.head()
        last = unit.last_changes()
        drafts = _drafts(unit, [Change(seq, kind, id) for (kind, id), seq in last.items()])
    documents = _with_vectors(
        parts, drafts
    )  # tombstones too: a late write of an old version must not come back to life
    count = parts.search.rebuild(documents)
    with parts.records.begin() as unit:
        unit.set_cursor(CURSOR, 0)  # the only way back
        unit.set_cursor(CURSOR, head)
    sync(parts, 1_000_000)
    log.info("rebuilt", documents=count)
    return count


def check(parts: Parts, repair: bool) -> CheckReport:
    """See Catalogue.check."""
    parts.search.refresh()
    have = parts.search.versions()
    with parts.records.read() as unit:
        last = unit.last_changes()
        drafts = _drafts(unit, [Change(seq, kind, id) for (kind, id), seq in last.items()])
    want = {d.document.id: d.document for d in drafts if not d.document.is_deleted}
    report = CheckReport(
        missing=tuple(sorted(want.keys() - have.keys())),
        stale=tuple(sorted(id for id in want.keys() & have.keys() if have[id] < want[id].version)),
        orphaned=tuple(sorted(have.keys() - want.keys())),
    )
    if repair and not report.is_clean:
        with parts.records.begin() as unit:
            for id in (*report.missing, *report.stale, *report.orphaned):
                unit.changed(*_owner(unit, id, want.get(id)))
        sync(parts, 1_000_000)
    return report


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


def _drafts(unit: Unit, changes: Sequence[Change]) -> list[_Draft]:
    """Documents for the newest change of each record; a document touched by two records keeps the greater version."""
    newest = {(c.kind, c.id): c.seq for c in sorted(changes, key=lambda c: c.seq)}
    drafts: dict[str, _Draft] = {}
    for (kind, id), seq in newest.items():
        for draft in _documents(unit, kind, id, seq):
            other = drafts.get(draft.document.id)
            if other is None or other.document.version < draft.document.version:
                drafts[draft.document.id] = draft
    return list(drafts.values())


def _documents(unit: Unit, kind: Changed, id: str, seq: int) -> Iterable[_Draft]:
    if kind is Changed.CLAIM and id.startswith("sig_"):
        return _sighting_document(unit, id, seq)
    if kind is Changed.CLAIM:
        claim = unit.claim(id)
        if claim is None or claim.merged_into is not None:
            return [_tombstone(id, DocKind.CLAIM, seq)]
        return [_claim(claim, seq), *(_wording(claim, s, seq) for s in unit.wordings(id, MAX_WORDINGS))]
    if kind is Changed.OUTSIDE:
        outside = unit.outside(id)
        return [
            _tombstone(id, DocKind.OUTSIDE, seq) if outside is None or outside.is_withdrawn else _outside(outside, seq)
        ]
    refutation = unit.refutation(id)
    if refutation is None:
        return [_tombstone(id, DocKind.ALERT, seq)]
    if not workflow.is_public(refutation):
        return [_tombstone(refutation.thread_id, DocKind.ALERT, seq)]
    return [_alert(refutation, seq)]


def _sighting_document(unit: Unit, id: str, seq: int) -> Iterable[_Draft]:
    """A single wording, after its text changed: gone if its claim is, or if another sighting says the same."""
    sighting = unit.sighting(id)
    claim = unit.claim(sighting.claim_id) if sighting else None
    if (
        sighting is None
        or claim is None
        or claim.merged_into
        or all(s.id != id for s in unit.wordings(claim.id, MAX_WORDINGS))
    ):
        return [_tombstone(id, DocKind.CLAIM, seq)]
    return [_wording(claim, sighting, seq)]


def _tombstone(id: str, kind: DocKind, seq: int) -> _Draft:
    return _Draft(SearchDocument(id=id, version=seq, kind=kind, parent=id, state="withdrawn", is_deleted=True))


def _terms(raw: str) -> str:
    return " ".join(text.terms(raw))


def _url_keys(*raws: str) -> tuple[str, ...]:
    return tuple(sorted({key for raw in raws for url in text.understand(raw).urls if (key := text.url_key(url))}))


def _claim(claim: Claim, seq: int) -> _Draft:
    document = SearchDocument(
        id=claim.id,
        version=seq,
        kind=DocKind.CLAIM,
        parent=claim.id,
        language=claim.language,
        statement=_terms(claim.statement),
        topics=(claim.topic,) if claim.topic else (),
        state=claim.status.value,
    )
    return _Draft(document, statement=claim.statement)


def _wording(claim: Claim, sighting: Sighting, seq: int) -> _Draft:
    own = text.url_key(sighting.url)
    document = SearchDocument(
        id=sighting.id,
        version=seq,
        kind=DocKind.CLAIM,
        parent=claim.id,
        language=sighting.language,
        statement=_terms(sighting.text),
        url_keys=tuple(sorted({*_url_keys(sighting.text), *([own] if own else [])})),
        topics=(claim.topic,) if claim.topic else (),
        source=sighting.source_id,
        state=claim.status.value,
    )
    return _Draft(document, statement=sighting.text)


def _outside(outside: OutsideRefutation, seq: int) -> _Draft:
    own = text.url_key(outside.url)
    document = SearchDocument(
        id=outside.id,
        version=seq,
        kind=DocKind.OUTSIDE,
        parent=outside.id,
        language=outside.language,
        title=_terms(outside.title),
        statement=_terms(outside.claim),
        body=_terms(outside.text[:4_000]),
        url_keys=(own,) if own else (),
        source=outside.source_id,
        verdict=outside.verdict.value if outside.verdict else "",
        state="published",
    )
    return _Draft(document, title=outside.title, statement=outside.claim)


def _alert(refutation: Refutation, seq: int) -> _Draft:
    assert refutation.published is not None  # is_public
    words = refutation.published.text
    document = SearchDocument(
        id=refutation.thread_id,
        version=seq,
        kind=DocKind.ALERT,
        parent=refutation.thread_id,
        language=words.language,
        title=_terms(words.headline),
        statement=_terms(f"{words.claim}\n{words.circulating}"),
        body=_terms(f"{words.truth}\n{words.why}"),
        url_keys=_url_keys(words.circulating),
        topics=words.topics,
        regions=words.regions,
        verdict=words.verdict.value if words.verdict else "",
        state="published",
    )
    return _Draft(document, title=words.headline, statement=words.claim)


def _with_vectors(parts: Parts, drafts: Sequence[_Draft]) -> list[SearchDocument]:
    cut = [(d, embedding.passage(d.title), embedding.passage(d.statement)) for d in drafts]
    vectors = embedding.embed(parts, [p for _, title, statement in cut for p in (title, statement)])
    return [
        replace(
            d.document,
            title_vector=tuple(map(float, vectors[title])) if title else None,
            statement_vector=tuple(map(float, vectors[statement])) if statement else None,
        )
        for d, title, statement in cut
    ]
