"""Links claims to what answers or equals them, and answers pasted texts.

A link is a suggestion until a person confirms it. The one automatic act is to join a new claim to an older one that
says
the same (band `same`, no objection, probability above AUTO_PROBABILITY); it is recorded and can be undone like any
other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from index import candidates, lookalike, sync, text, workflow
from index.candidates import Judged
from index.errors import Conflict, InvalidInput, NotFound
from index.ids import new_id
from index.matching import MODEL
from index.model import (
    Answer,
    Band,
    Candidate,
    Claim,
    ClaimStatus,
    DocKind,
    Editor,
    Match,
    MatchStatus,
    Outcome,
    OutsideRefutation,
    TargetKind,
)
from index.ports import Changed, Parts, Unit

log = structlog.get_logger()
AUTO_PROBABILITY = 0.97
MAX_PASTE = 5_000
LINKED_WORDINGS = 6
CURSOR = "linking"
_EVERYTHING = frozenset(DocKind)
_PUBLIC = frozenset({DocKind.ALERT, DocKind.CLAIM})
_BANDS = {Band.SAME: 0, Band.SIMILAR: 1, Band.NONE: 2}


# --- linking ---


def link(parts: Parts, claim_id: str) -> tuple[Match, ...]:
    """See Catalogue.link."""
    with parts.records.read() as unit:
        claim = unit.claim(claim_id)
        if claim is None:
            raise NotFound(f"no claim {claim_id}")
        if claim.merged_into is not None:
            return ()
        texts = dict.fromkeys((claim.statement, *(s.text for s in unit.wordings(claim_id, LINKED_WORDINGS))))
    found = [candidates.find(parts, t, _EVERYTHING, frozenset({claim_id})) for t in texts]
    best = candidates.strongest([j for f in found for j in f.judged])
    return _store(parts, [(claim_id, judged) for judged in best.values()])


def link_waiting(parts: Parts, limit: int) -> int:
    """See Catalogue.link_waiting. Follows the change log behind the search cursor, so what it looks for is indexed:
    a changed claim looks for answers, a new answer looks for claims; either order of arrival ends in the same
    matches."""
    with parts.records.read() as unit:
        changes = [c for c in unit.changes(unit.cursor(CURSOR), limit) if c.seq <= unit.cursor(sync.CURSOR)]
    if not changes:
        return 0
    # once a batch: what sync has just written must be found now, or two new records miss each other
    parts.search.refresh()
    for kind, id in dict.fromkeys((c.kind, c.id) for c in changes):
        if kind is Changed.CLAIM and id.startswith("clm_"):
            link(parts, id)
        elif kind in (Changed.OUTSIDE, Changed.REFUTATION):
            _link_answer(parts, kind, id)
    with parts.records.begin() as unit:
        unit.set_cursor(CURSOR, changes[-1].seq)
    return len(changes)


def _link_answer(parts: Parts, kind: Changed, id: str) -> tuple[Match, ...]:
    """Looks for open claims that a refutation answers."""
    with parts.records.read() as unit:
        outside = unit.outside(id) if kind is Changed.OUTSIDE else None
        refutation = unit.refutation(id) if kind is Changed.REFUTATION else None
    if outside is not None and not outside.is_withdrawn:
        texts = [t for t in (outside.claim, outside.title) if t.strip()]
    elif refutation is not None and refutation.published is not None and workflow.is_public(refutation):
        texts = [refutation.published.text.claim, refutation.published.text.circulating]
    else:
        return ()
    exclude = frozenset({refutation.claim_id}) if refutation else frozenset[str]()
    found = [candidates.find(parts, t, frozenset({DocKind.CLAIM}), exclude) for t in dict.fromkeys(texts) if t.strip()]
    best = candidates.strongest([j for f in found for j in f.judged])
    pairs = []
    for judged in best.values():
        if judged.claim is not None:
            pairs.append((judged.claim.id, replace(judged, claim=None, refutation=refutation, outside=outside)))
    return _store(parts, pairs)


def _store(parts: Parts, judged: Iterable[tuple[str, Judged]]) -> tuple[Match, ...]:
    """Stores a match for each pair in band same or similar that has none yet, and joins what is beyond doubt."""
    now, stored = parts.clock.now(), []
    with parts.records.begin() as unit:
        for claim_id, candidate in judged:
            if candidate.judgement.band is Band.NONE:
                continue
            match = _match(unit, claim_id, candidate, now)
            if match is None:
                continue
            if _is_beyond_doubt(match):
                match = _merge(unit, match, None, now)
            unit.put_match(match)
            stored.append(match)
    return tuple(stored)


def _match(unit: Unit, claim_id: str, candidate: Judged, now: datetime) -> Match | None:
    """The match to store, or None if the pair was linked before, belongs together already or no longer exists."""
    claim = _root(unit, claim_id)
    kind, target_id = _target(candidate)
    if kind is TargetKind.CLAIM:
        other = _root(unit, target_id)
        if claim is None or other is None or claim.id == other.id:
            return None
        claim, target_id = (
            (claim, other.id) if claim.id > other.id else (other, claim.id)
        )  # the newer one joins the older
    if claim is None:
        return None
    if kind is TargetKind.REFUTATION and claim.answered_by == target_id:
        return None
    known = unit.matches(claim_id=claim.id, target_id=target_id)
    if known:
        return None
    judgement = candidate.judgement
    return Match(
        id=new_id("mat"),
        claim_id=claim.id,
        target_kind=kind,
        target_id=target_id,
        status=MatchStatus.SUGGESTED,
        band=judgement.band,
        probability=judgement.probability,
        reasons=judgement.reasons,
        model=MODEL,
        created_at=now,
    )


def _target(candidate: Judged) -> tuple[TargetKind, str]:
    if candidate.refutation is not None:
        return TargetKind.REFUTATION, candidate.refutation.id
    if candidate.outside is not None:
        return TargetKind.OUTSIDE, candidate.outside.id
    assert candidate.claim is not None  # Judged holds one of the three
    return TargetKind.CLAIM, candidate.claim.id


def _is_beyond_doubt(match: Match) -> bool:
    sure = match.band is Band.SAME and match.probability >= AUTO_PROBABILITY
    return match.target_kind is TargetKind.CLAIM and sure and not any(r.objects for r in match.reasons)


def _root(unit: Unit, claim_id: str) -> Claim | None:
    claim = unit.claim(claim_id)
    while claim is not None and claim.merged_into is not None:
        claim = unit.claim(claim.merged_into)
    return claim


def _merge(unit: Unit, match: Match, editor: Editor | None, now: datetime) -> Match:
    """Joins the match's claim to its target; remembers what moved."""
    claim, target = unit.claim(match.claim_id), _root(unit, match.target_id)
    if claim is None or target is None or claim.merged_into is not None or claim.id == target.id:
        raise Conflict(code="already_merged")
    if claim.answered_by is not None and target.answered_by not in (None, claim.answered_by):
        raise Conflict(code="both_answered")
    moved = unit.move_sightings(claim.id, target.id)
    if claim.answered_by is not None and target.answered_by is None:
        unit.put_claim(replace(target, status=claim.status, answered_by=claim.answered_by))
    unit.put_claim(replace(claim, merged_into=target.id, taken_by=None, taken_until=None))
    for id in (claim.id, target.id):
        unit.changed(Changed.CLAIM, id)
    by = editor.id if editor else "auto"
    unit.append_audit(now, by, "claims_joined", match.id, {"claim": claim.statement, "target": target.statement})
    return replace(match, status=MatchStatus.CONFIRMED, decided_by=by, decided_at=now, moved=moved)


# --- decisions of editors ---


def confirm(parts: Parts, match_id: str, editor: Editor) -> Match:
    now = parts.clock.now()
    with parts.records.begin() as unit:
        match = _stored(unit, match_id)
        workflow.decide_match(match, MatchStatus.CONFIRMED, editor)
        if match.target_kind is TargetKind.CLAIM:
            match = _merge(unit, match, editor, now)
        else:
            match = _confirm_answer(unit, match, editor, now)
        unit.put_match(match)
    sync.try_sync(parts)
    return match


def _confirm_answer(unit: Unit, match: Match, editor: Editor, now: datetime) -> Match:
    claim = unit.claim(match.claim_id)
    if claim is None:
        raise NotFound(f"no claim {match.claim_id}")
    refutation = unit.refutation(match.target_id) if match.target_kind is TargetKind.REFUTATION else None
    if refutation is not None:
        if claim.answered_by not in (None, refutation.id):
            raise Conflict(code="both_answered")
        if workflow.is_public(refutation):
            unit.put_claim(replace(claim, status=ClaimStatus.ANSWERED, answered_by=refutation.id))
    unit.changed(Changed.CLAIM, claim.id)
    unit.append_audit(now, editor.id, "match_confirmed", match.id, {"claim": claim.statement})
    return replace(match, status=MatchStatus.CONFIRMED, decided_by=editor.id, decided_at=now)


def reject(parts: Parts, match_id: str, editor: Editor, reason: str) -> Match:
    if len(reason) > 500:
        raise InvalidInput(code="too_long", field="reason")
    now = parts.clock.now()
    with parts.records.begin() as unit:
        match = _stored(unit, match_id)
        workflow.decide_match(match, MatchStatus.REJECTED, editor, reason)
        match = replace(match, status=MatchStatus.REJECTED, decided_by=editor.id, decided_at=now, note=reason.strip())
        unit.put_match(match)
        unit.append_audit(now, editor.id, "match_rejected", match.id, {"note": reason.strip()})
    return match


def undo(parts: Parts, match_id: str, editor: Editor) -> Match:
    now = parts.clock.now()
    with parts.records.begin() as unit:
        match = _stored(unit, match_id)
        workflow.decide_match(match, MatchStatus.SUGGESTED, editor)
        if match.status is MatchStatus.CONFIRMED:
            _take_apart(unit, match)
        undone = replace(match, status=MatchStatus.SUGGESTED, decided_by=None, decided_at=None, note="", moved=())
        unit.put_match(undone)
        unit.append_audit(now, editor.id, "match_undone", match.id, {})
    sync.try_sync(parts)
    return undone


def _take_apart(unit: Unit, match: Match) -> None:
    claim = unit.claim(match.claim_id)
    if claim is None:
        return
    if match.target_kind is TargetKind.CLAIM:
        target = _root(unit, match.target_id)
        for sighting_id in match.moved:
            unit.move_sighting(sighting_id, claim.id)
        unit.put_claim(replace(claim, merged_into=None))
        if target is not None:
            unit.changed(Changed.CLAIM, target.id)
    elif match.target_kind is TargetKind.REFUTATION and claim.answered_by == match.target_id:
        own = unit.refutation(match.target_id)
        if own is not None and own.claim_id != claim.id:
            unit.put_claim(replace(claim, status=ClaimStatus.OPEN, answered_by=None))
    unit.changed(Changed.CLAIM, claim.id)


def set_not_checkable(parts: Parts, claim_id: str, editor: Editor, reason: str) -> Claim:
    return _decide_claim(parts, claim_id, ClaimStatus.NOT_CHECKABLE, editor, reason)


def reopen(parts: Parts, claim_id: str, editor: Editor) -> Claim:
    return _decide_claim(parts, claim_id, ClaimStatus.OPEN, editor, "")


def _decide_claim(parts: Parts, claim_id: str, to: ClaimStatus, editor: Editor, reason: str) -> Claim:
    if len(reason) > 500:
        raise InvalidInput(code="too_long", field="reason")
    now = parts.clock.now()
    with parts.records.begin() as unit:
        claim = _claim(unit, claim_id)
        workflow.decide_claim(claim, to, editor, reason)
        claim = replace(claim, status=to, reason=reason.strip())
        unit.put_claim(claim)
        unit.changed(Changed.CLAIM, claim.id)
        unit.append_audit(
            now, editor.id, f"claim_{to.value}", claim.id, {"claim": claim.statement, "note": reason.strip()}
        )
    sync.try_sync(parts)
    return claim


def take(parts: Parts, claim_id: str, editor: Editor) -> Claim:
    now = parts.clock.now()
    with parts.records.begin() as unit:
        claim = _claim(unit, claim_id)
        if workflow.is_taken(claim, editor.id, now):
            raise Conflict(code="taken_by_another")
        claim = replace(claim, taken_by=editor.id, taken_until=now + workflow.TAKE_FOR)
        unit.put_claim(claim)
    return claim


def release(parts: Parts, claim_id: str, editor: Editor) -> Claim:
    with parts.records.begin() as unit:
        claim = _claim(unit, claim_id)
        if claim.taken_by == editor.id:
            claim = replace(claim, taken_by=None, taken_until=None)
            unit.put_claim(claim)
    return claim


def _stored(unit: Unit, match_id: str) -> Match:
    match = unit.match(match_id)
    if match is None:
        raise NotFound(f"no match {match_id}")
    return match


def _claim(unit: Unit, claim_id: str) -> Claim:
    claim = _root(unit, claim_id)
    if claim is None:
        raise NotFound(f"no claim {claim_id}")
    return claim


# --- answering a pasted text ---


def answer(parts: Parts, raw: str, limit: int, is_public: bool) -> Answer:
    """See Catalogue.answer and Catalogue.match."""
    if len(raw) > MAX_PASTE:
        raise InvalidInput(code="too_long", field="text")
    understood = text.understand(raw)
    if not text.fold(understood.text) and not understood.urls:
        raise InvalidInput(code="empty", field="text")
    found = candidates.find(parts, understood.text, _PUBLIC if is_public else _EVERYTHING)
    with parts.records.read() as unit:
        best = candidates.strongest([_resolved(unit, j) for j in found.judged])
        domains = [s.domain for s in unit.sources() if s.authority >= 2]
        shown = [_candidate(unit, j, parts.clock.now()) for j in best.values() if j.judgement.band is not Band.NONE]
        shown.sort(key=lambda c: (_BANDS[c.band], -c.probability))
        outcome, claim = _outcome(unit, shown)
        reviews = confirmed_reviews(unit, claim.id) if claim else ()
        if outcome is Outcome.NOTHING:
            shown = []
    if outcome is Outcome.NOTHING and is_public:
        with parts.records.begin() as unit:
            unit.count_unanswered_check(text.fingerprint(understood.text), parts.clock.now())
    return Answer(
        outcome=outcome,
        candidates=tuple(shown[:limit]),
        text=understood.text,
        was_trimmed=understood.was_trimmed,
        is_degraded=found.is_degraded,
        imitated_domains=lookalike.imitating(understood.urls, domains),
        claim=claim,
        reviews=reviews,
    )


def _resolved(unit: Unit, judged: Judged) -> Judged:
    """A claim that a published refutation answers stands for that refutation."""
    if judged.claim is None or judged.claim.answered_by is None:
        return judged
    refutation = unit.refutation(judged.claim.answered_by)
    if refutation is None or not workflow.is_public(refutation):
        return judged
    resolved = replace(judged.judgement, id=refutation.thread_id, kind=DocKind.ALERT)
    return candidates.as_thread(replace(judged, judgement=resolved), refutation)


def _candidate(unit: Unit, judged: Judged, now: datetime) -> Candidate:
    j = judged.judgement
    base = Candidate(j.kind, j.id, "", "", j.band, j.probability, j.reasons, j.matched_text)
    if judged.refutation is not None and judged.refutation.published is not None:
        words = judged.refutation.published.text
        state = workflow.public_state(judged.refutation, now)
        return replace(base, title=words.headline, language=words.language, verdict=words.verdict, status=state.value)
    if judged.outside is not None:
        o = judged.outside
        return replace(base, title=o.title, language=o.language, verdict=o.verdict, url=o.url)
    assert judged.claim is not None  # Judged holds one of the three
    return replace(base, title=judged.claim.statement, language=judged.claim.language, status=judged.claim.status.value)


def _outcome(unit: Unit, shown: Sequence[Candidate]) -> tuple[Outcome, Claim | None]:
    """found: the same text or meaning, published, nothing objects. known: a claim is, unanswered. similar: the rest."""
    sure = [c for c in shown if c.band is Band.SAME and not any(r.objects for r in c.reasons)]
    if any(c.kind is DocKind.ALERT for c in sure):
        return Outcome.FOUND, None
    known = next((c for c in sure if c.kind is DocKind.CLAIM), None)
    if known is not None:
        return Outcome.KNOWN, unit.claim(known.id)
    return (Outcome.SIMILAR if shown else Outcome.NOTHING), None


def confirmed_reviews(unit: Unit, claim_id: str) -> tuple[OutsideRefutation, ...]:
    """Other publishers' reviews that an editor linked to the claim, highest authority first."""
    matches = unit.matches(claim_id=claim_id, target_kind=TargetKind.OUTSIDE, status=MatchStatus.CONFIRMED)
    reviews = unit.outsides([m.target_id for m in matches])
    shown = [r for r in reviews.values() if not r.is_withdrawn]
    return tuple(sorted(shown, key=lambda r: (-r.authority, r.id)))
