"""Puts together what pages, feeds and desk lists show. Reads only; each function opens one snapshot."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from index import attention, sync, workflow
from index.errors import InvalidInput, NotFound
from index.ids import is_id
from index.merging import confirmed_reviews, family, is_unread, root
from index.model import (
    TOPICS,
    Alert,
    Claim,
    ClaimStatus,
    Editor,
    Health,
    Match,
    MatchStatus,
    Refutation,
    Source,
    TargetKind,
    Thread,
)
from index.pages import (
    ClaimFile,
    ClaimPage,
    Daily,
    DraftPage,
    Queue,
    QueueRow,
    SourceRow,
    Status,
    Suggestion,
    ThreadList,
    ThreadPage,
)
from index.ports import Parts, ThreadFilter, Unit

_Row = TypeVar("_Row")
TREND_DAYS = 30
SPARK_DAYS = 12
QUEUE_PAGE = 20
_HARMFUL_TOPICS = frozenset({"health", "food", "disaster", "fraud"})
_SCANNED = 500  # open claims looked at for one queue page


def sources(parts: Parts) -> tuple[SourceRow, ...]:
    with parts.records.read() as unit:
        states = unit.source_states()
        return tuple(SourceRow(s, states.get(s.id)) for s in unit.sources())


# --- threads ---


def threads(parts: Parts, filter: ThreadFilter, page: int, page_size: int) -> ThreadList:
    page_size = max(1, page_size)
    with parts.records.read() as unit:
        total = unit.count_threads(filter)
        page_count = max(1, math.ceil(total / page_size))
        page = min(max(1, page), page_count)
        found = unit.list_threads(filter, limit=page_size, offset=(page - 1) * page_size)
        return ThreadList(_threads(unit, found, parts.clock.now()), total, page, page_count)


def thread(parts: Parts, thread_id: str) -> Thread:
    with parts.records.read() as unit:
        return _thread(unit, thread_id, parts.clock.now())


def thread_page(parts: Parts, thread_id: str) -> ThreadPage:
    now = parts.clock.now()
    with parts.records.read() as unit:
        found = _thread(unit, thread_id, now)
        claim = root(unit, found.claim_id)
        seen = unit.sightings(claim.id) if claim else ()
        return ThreadPage(
            thread=found,
            claim=claim,
            sightings=tuple(s for s in seen if not s.is_debunk),
            source_names=_sources_of(unit, [s.source_id for s in seen]),
            daily=_daily(unit, [claim.id], TREND_DAYS, now)[claim.id] if claim else _no_days(TREND_DAYS, now),
            reviews=confirmed_reviews(unit, claim.id) if claim else (),
            related=_related(unit, found, now),
        )


def notices(parts: Parts, after_id: str, limit: int) -> tuple[tuple[Alert, Thread], ...]:
    with parts.records.read() as unit:
        found = unit.list_alerts(after_id=after_id, limit=limit, newest_first=not after_id)
        by_id = {t.id: t for t in _threads(unit, _refutations(unit, [a.thread_id for a in found]), parts.clock.now())}
        return tuple((a, by_id[a.thread_id]) for a in found if a.thread_id in by_id)


def topic_counts(parts: Parts) -> dict[str, int]:
    with parts.records.read() as unit:
        counts = {t: unit.count_threads(ThreadFilter(topics=frozenset({t}), include_withdrawn=False)) for t in TOPICS}
    return {topic: count for topic, count in counts.items() if count}


def _thread(unit: Unit, thread_id: str, now: datetime) -> Thread:
    if not is_id(thread_id, "alt"):
        raise NotFound(f"no alert {thread_id}")
    notice = unit.alert(thread_id)
    refutation = unit.refutation_by_thread(notice.thread_id if notice else thread_id)
    found = _threads(unit, [refutation] if refutation else [], now)
    if not found:
        raise NotFound(f"no alert {thread_id}")
    return found[0]


def _threads(unit: Unit, refutations: Sequence[Refutation], now: datetime) -> tuple[Thread, ...]:
    sent = unit.alerts_of([r.thread_id for r in refutations])
    public = (workflow.thread(r, sent.get(r.thread_id, ()), now) for r in refutations)
    return tuple(t for t in public if t is not None)


def _refutations(unit: Unit, thread_ids: Collection[str]) -> list[Refutation]:
    return [r for id in dict.fromkeys(thread_ids) if (r := unit.refutation_by_thread(id)) is not None]


def _related(unit: Unit, found: Thread, now: datetime) -> tuple[Thread, ...]:
    topics = frozenset(found.text.topics[:1])
    if not topics:
        return ()
    near = unit.list_threads(ThreadFilter(topics=topics, include_withdrawn=False), limit=4)
    return tuple(t for t in _threads(unit, near, now) if t.id != found.id)[:3]


# --- claims ---


def claim_page(parts: Parts, claim_id: str) -> ClaimPage:
    now = parts.clock.now()
    with parts.records.read() as unit:
        claim = _known_claim(unit, claim_id)
        if is_unread(unit, claim):
            raise NotFound(f"no claim {claim_id}")
        wordings = unit.wordings(claim.id)
        answer = unit.refutation(claim.answered_by) if claim.answered_by else None
        own = _threads(unit, [answer] if answer else [], now)
        return ClaimPage(
            claim=claim,
            wordings=tuple(s for s in wordings if not s.is_debunk),
            source_names=_sources_of(unit, [s.source_id for s in wordings]),
            daily=_daily(unit, [claim.id], TREND_DAYS, now)[claim.id],
            thread=own[0] if own else None,
            reviews=confirmed_reviews(unit, claim.id),
            is_being_checked=workflow.is_taken(claim, "", now)
            or any(unit.refutations(claim_id=id, in_work=True) for id in family(unit, claim.id)),
        )


def claim_file(parts: Parts, claim_id: str) -> ClaimFile:
    now = parts.clock.now()
    with parts.records.read() as unit:
        claim = _known_claim(unit, claim_id)
        members = family(unit, claim.id)
        known = [m for id in members for m in unit.matches(claim_id=id)]
        known += [m for id in members for m in unit.matches(target_kind=TargetKind.CLAIM, target_id=id)]
        matches = list({m.id: m for m in known}.values())
        pairs = _suggestions(unit, matches)
        seen = unit.sightings(claim.id)
        refutations = tuple(r for id in members for r in unit.refutations(claim_id=id))
        if claim.answered_by and all(r.id != claim.answered_by for r in refutations):
            answer = unit.refutation(claim.answered_by)
            refutations = (*refutations, *([answer] if answer else []))
        audit = [
            entry
            for id in (*members, *(m.id for m in matches), *(r.id for r in refutations))
            for entry in unit.audit(subject_id=id)
        ]
        return ClaimFile(
            claim=claim,
            wordings=unit.wordings(claim.id),
            sightings=seen,
            source_names=_sources_of(unit, [s.source_id for s in seen]),
            daily=_daily(unit, [claim.id], TREND_DAYS, now)[claim.id],
            suggestions=tuple(p for p in pairs if _is_open(unit, p)),
            decided=tuple(p for p in pairs if p.match.status is not MatchStatus.SUGGESTED),
            refutations=refutations,
            audit=tuple(sorted(audit, key=lambda e: -e.seq)),
            rising_again=attention.rises(unit, claim, now),
        )


def suggestion(parts: Parts, match_id: str) -> Suggestion:
    with parts.records.read() as unit:
        match = unit.match(match_id) if is_id(match_id, "mat") else None
        found = _suggestions(unit, [match] if match else [])
    if not found:
        raise NotFound(f"no match {match_id}")
    return found[0]


def _known_claim(unit: Unit, claim_id: str) -> Claim:
    claim = root(unit, claim_id) if is_id(claim_id, "clm") else None
    if claim is None or workflow.is_erased(claim):
        raise NotFound(f"no claim {claim_id}")
    return claim


def _suggestions(unit: Unit, matches: Sequence[Match]) -> tuple[Suggestion, ...]:
    targets: dict[TargetKind, list[str]] = {
        kind: [m.target_id for m in matches if m.target_kind is kind] for kind in TargetKind
    }
    claims = unit.claims([*(m.claim_id for m in matches), *targets[TargetKind.CLAIM]])
    outsides = unit.outsides(targets[TargetKind.OUTSIDE])
    refutations = {id: unit.refutation(id) for id in dict.fromkeys(targets[TargetKind.REFUTATION])}
    return tuple(
        Suggestion(
            match=m,
            claim=claims[m.claim_id],
            target_claim=claims.get(m.target_id) if m.target_kind is TargetKind.CLAIM else None,
            target_refutation=refutations.get(m.target_id) if m.target_kind is TargetKind.REFUTATION else None,
            target_outside=outsides.get(m.target_id) if m.target_kind is TargetKind.OUTSIDE else None,
        )
        for m in sorted(matches, key=lambda m: -m.probability)
        if m.claim_id in claims and not workflow.is_erased(claims[m.claim_id])
    )


# --- the desk ---


def queue(parts: Parts, which: str, editor: Editor, page: int, topic: str, text: str) -> Queue:
    if which not in ("match", "write", "approve"):
        raise InvalidInput(code="unknown_list", field="which")
    now = parts.clock.now()
    with parts.records.read() as unit:
        pairs = _suggestions(unit, unit.matches(status=MatchStatus.SUGGESTED, limit=_SCANNED))
        suggested = [p for p in pairs if _is_open(unit, p)]
        in_work = unit.refutations(in_work=True, limit=_SCANNED)
        to_approve = [r for r in in_work if workflow.waits_for_approval(r)]
        drafts = [r for r in in_work if not workflow.waits_for_approval(r)]
        to_match = list({p.claim.id: p.claim for p in suggested}.values())
        to_write = _claims_to_write(unit, to_match, in_work)
        news = attention.news(unit, now)
        public = news.public(unit, in_work)
        count = len(to_write) + len(drafts) + len(public)
        counts = {"match": len(to_match), "write": count, "approve": len(to_approve)}
        if which == "match":
            rows = _claim_rows(unit, to_match, suggested, now)
        elif which == "write":
            rows = [*_refutation_rows(unit, [*drafts, *public], now, news), *_claim_rows(unit, to_write, (), now)]
        else:
            rows = _refutation_rows(unit, to_approve, now, news)
        rows = [r for r in rows if _fits(r, topic, text)]
        rows.sort(key=lambda r: ("high", "medium", "low").index(r.priority))
        shown, page, page_count = _page(rows, page)
        return Queue(counts, shown, page, page_count)


def desk_claims(parts: Parts, page: int, status: str, topic: str, text: str) -> Queue:
    now = parts.clock.now()
    try:
        wanted = ClaimStatus(status) if status else None
    except ValueError:
        raise InvalidInput(code="unknown_status", field="status") from None
    with parts.records.read() as unit:
        listed = unit.list_claims(status=wanted, topic=topic, text=text, limit=_SCANNED)
        found = [c for c in listed if not workflow.is_erased(c)]
        counts = {s.value: unit.count_claims(status=s) for s in ClaimStatus}
        shown, page, page_count = _page(found, page)
        return Queue(counts, tuple(_claim_rows(unit, shown, (), now)), page, page_count)


def draft_page(parts: Parts, refutation_id: str, editor: Editor) -> DraftPage:
    with parts.records.read() as unit:
        refutation = unit.refutation(refutation_id) if is_id(refutation_id, "ref") else None
        if refutation is None:
            raise NotFound(f"no refutation {refutation_id}")
        claim = root(unit, refutation.claim_id)
        acts, refusals = workflow.allowed(refutation, editor, is_training=parts.settings.is_training)
        return DraftPage(
            refutation=refutation,
            working=refutation.working,
            published=refutation.published,
            claim=claim,
            notices=unit.alerts_of([refutation.thread_id]).get(refutation.thread_id, ()),
            acts=acts,
            refusals=refusals,
            suggested_evidence=confirmed_reviews(unit, claim.id) if claim else (),
            editors={e.id: e for e in unit.editors()},
            audit=unit.audit(subject_id=refutation.id),
            withdrawn_citations=unit.withdrawn_citations(refutation.id).get(refutation.id, ()),
        )


def _is_open(unit: Unit, pair: Suggestion) -> bool:
    """Whether a suggestion still waits for a decision that could be taken: not if a side of it is joined or gone."""
    if pair.match.status is not MatchStatus.SUGGESTED or not workflow.is_in_question(pair.claim):
        return False
    if pair.target_claim is not None:
        target = root(unit, pair.target_claim.id)
        return target is not None and target.id != pair.claim.id and not workflow.is_erased(target)
    if pair.target_refutation is not None:
        return workflow.is_public(pair.target_refutation)
    return pair.target_outside is not None and not pair.target_outside.is_withdrawn


def _claims_to_write(unit: Unit, to_match: Sequence[Claim], in_work: Sequence[Refutation]) -> list[Claim]:
    roots = [root(unit, r.claim_id) for r in in_work]
    busy = {c.id for c in (*to_match, *roots) if c is not None}
    return [c for c in unit.list_claims(status=ClaimStatus.OPEN, limit=_SCANNED) if c.id not in busy]


def _claim_rows(unit: Unit, claims: Sequence[Claim], suggested: Sequence[Suggestion], now: datetime) -> list[QueueRow]:
    daily = _daily(unit, [c.id for c in claims], SPARK_DAYS, now)
    by_claim: dict[str, list[Suggestion]] = {}
    for pair in suggested:
        by_claim.setdefault(pair.claim.id, []).append(pair)
    editors = {e.id: e for e in unit.editors()}
    return [_row(c, daily[c.id], tuple(by_claim.get(c.id, ())), None, editors, now) for c in claims]


def _refutation_rows(
    unit: Unit, refutations: Sequence[Refutation], now: datetime, news: attention.News
) -> list[QueueRow]:
    claims = {r.id: news.again[r.id].claim if r.id in news.again else root(unit, r.claim_id) for r in refutations}
    daily = _daily(unit, [c.id for c in claims.values() if c], SPARK_DAYS, now)
    editors = {e.id: e for e in unit.editors()}
    return [
        _row(c, daily[c.id], (), r, editors, now, news)
        for r in refutations
        if (c := claims[r.id]) is not None
    ]


def _row(
    claim: Claim,
    daily: Daily,
    suggestions: tuple[Suggestion, ...],
    refutation: Refutation | None,
    editors: Mapping[str, Editor],
    now: datetime,
    news: attention.News | None = None,
) -> QueueRow:
    has_official = any(s.target_outside is not None and s.target_outside.authority >= 3 for s in suggestions)
    may_harm = claim.topic in _HARMFUL_TOPICS
    recent, before = sum(daily.counts[-3:]), sum(daily.counts[-6:-3])
    answer = news.of(refutation) if refutation and news else {}
    priority, reasons = workflow.priority(claim, recent, before, may_harm, has_official, **answer)
    is_held = claim.taken_until is not None and claim.taken_until > now
    return QueueRow(
        claim=claim,
        priority=priority,
        reasons=reasons,
        daily=daily,
        suggestions=suggestions,
        refutation=refutation,
        taken_by=editors.get(claim.taken_by or "") if is_held else None,
        taken_until=claim.taken_until if is_held else None,
    )


def _fits(row: QueueRow, topic: str, text: str) -> bool:
    headline = row.refutation.working.text.headline if row.refutation and row.refutation.working else ""
    return (
        not topic or row.claim.topic == topic
    ) and text.casefold() in f"{row.claim.statement}\n{headline}".casefold()


def _page(rows: Sequence[_Row], page: int) -> tuple[tuple[_Row, ...], int, int]:
    """The rows of one page, its number, and how many pages there are."""
    page_count = max(1, math.ceil(len(rows) / QUEUE_PAGE))
    page = min(max(1, page), page_count)
    return tuple(rows[(page - 1) * QUEUE_PAGE : page * QUEUE_PAGE]), page, page_count


# --- small parts ---


def _daily(unit: Unit, claim_ids: Sequence[str], days: int, now: datetime) -> dict[str, Daily]:
    last = now.astimezone(UTC).date()
    first = last - timedelta(days=days - 1)
    counts = unit.daily_sightings(claim_ids, first, last)
    return {id: Daily(first, tuple(counts.get(id, [0] * days))) for id in claim_ids}


def _no_days(days: int, now: datetime) -> Daily:
    return Daily(now.astimezone(UTC).date() - timedelta(days=days - 1), (0,) * days)


def _sources_of(unit: Unit, ids: Sequence[str]) -> dict[str, Source]:
    return {id: source for id in dict.fromkeys(ids) if (source := unit.source(id)) is not None}


def status(parts: Parts) -> Status:
    with parts.records.read() as unit:
        states = unit.source_states()
        newest = unit.list_alerts(limit=1)
        pending = max(0, unit.head() - unit.cursor(sync.CURSOR))
    checked = [s.last_checked_at for s in states.values() if s.last_checked_at]
    failing = Counter(s.health for s in states.values())
    return Status(
        schema_is_current=parts.records.schema_is_current(),
        search_is_available=parts.search.is_available(),
        pending_changes=pending,
        last_crawl_at=max(checked, default=None),
        failing_sources=sum(failing[h] for h in (Health.FAILING, Health.GONE, Health.DRIFTING, Health.SILENT)),
        newest_notice_at=newest[0].sent_at if newest else None,
    )
