"""Links claims to what answers or equals them, and keeps what editors decide about such links.

A link is a suggestion until a person confirms it. The one automatic act is to join a new claim to an older one that
says the same (band `same`, no objection, probability above AUTO_PROBABILITY); it is recorded and can be undone like
any other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from index import candidates, merging, sync, workflow
from index.candidates import Judged
from index.errors import Conflict, InvalidInput, NotFound, SearchUnavailable
from index.ids import new_id
from index.model import (
    Band,
    Claim,
    ClaimStatus,
    DocKind,
    Editor,
    Match,
    MatchStatus,
    TargetKind,
)
from index.ports import Change, Changed, Parts, Unit

AUTO_PROBABILITY = 0.97
LINKED_WORDINGS = 6
CURSOR = "linking"
_EVERYTHING = frozenset(DocKind)


# --- linking ---


def link(parts: Parts, claim_id: str) -> tuple[Match, ...]:
    """See Catalogue.link."""
    with parts.records.read() as unit:
        claim = unit.claim(claim_id)
        if claim is None:
            raise NotFound(f"no claim {claim_id}")
        if claim.merged_into is not None or workflow.is_erased(claim):
            return ()
        texts = dict.fromkeys((claim.statement, *(s.text for s in unit.wordings(claim_id, LINKED_WORDINGS))))
    found = [candidates.find(parts, t, _EVERYTHING, frozenset({claim_id}), is_stored=True) for t in texts]
    if any(f.is_degraded for f in found):
        with parts.records.begin() as unit:
            unit.changed(Changed.CLAIM, claim_id)
        return ()
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
    try:
        # once a batch: what sync has just written must be found now, or two new records miss each other
        parts.search.refresh()
        for change in changes:
            _link_changed(parts, change)
    except SearchUnavailable:
        return 0  # the cursor stays, so the whole batch comes again
    with parts.records.begin() as unit:
        unit.set_cursor(CURSOR, changes[-1].seq)
    return len(changes)


def _link_changed(parts: Parts, change: Change) -> None:
    if change.kind is not Changed.CLAIM:
        _link_answer(parts, change.kind, change.id)
    elif change.id.startswith("clm_"):
        with contextlib.suppress(NotFound):  # `check` also marks claims that only the index knew
            link(parts, change.id)


def _link_answer(parts: Parts, kind: Changed, id: str) -> tuple[Match, ...]:
    """Looks for open claims that a refutation answers. Raises: SearchUnavailable."""
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
    claims = frozenset({DocKind.CLAIM})
    found = [candidates.find(parts, t, claims, exclude, is_stored=True) for t in dict.fromkeys(texts) if t.strip()]
    if any(f.is_degraded for f in found):
        raise SearchUnavailable("no linking without the engine")
    best = candidates.strongest([j for f in found for j in f.judged])
    pairs = []
    for judged in best.values():
        if judged.claim is not None:
            pairs.append((judged.claim.id, replace(judged, claim=None, refutation=refutation, outside=outside)))
    return _store(parts, pairs)


def _store(parts: Parts, judged: Iterable[tuple[str, Judged]]) -> tuple[Match, ...]:
    """Stores a match for each pair in band same or similar that has none yet, and joins what is beyond doubt."""
    now, stored = parts.clock.now(), []
    wanted = [pair for pair in judged if pair[1].judgement.band is not Band.NONE]
    if not wanted:
        return ()
    with parts.records.begin() as unit:
        unit.hold_desk()
        for claim_id, candidate in wanted:
            match = _match(unit, claim_id, candidate, now)
            if match is not None:
                stored.append(_join_or_suggest(unit, match, now))
    return tuple(stored)


def _join_or_suggest(unit: Unit, match: Match, now: datetime) -> Match:
    if _is_beyond_doubt(match):
        with contextlib.suppress(Conflict):  # two claims with an answer each are for an editor
            return _join(unit, match, None, now)
    unit.put_match(match)
    return match


def _match(unit: Unit, claim_id: str, candidate: Judged, now: datetime) -> Match | None:
    """The match to store, or None if the pair was linked before, belongs together already or no longer exists."""
    claim = merging.root(unit, claim_id)
    if claim is None:
        return None
    kind, target_id = _target(candidate)
    if kind is TargetKind.CLAIM:
        other = merging.root(unit, target_id)
        if other is None or claim.id == other.id:
            return None
        older, newer = sorted((claim, other), key=lambda c: c.id)  # the newer one joins the older
        claim, target_id = newer, older.id
    if kind is TargetKind.REFUTATION and claim.answered_by is not None:
        return None  # it could not be confirmed; when that answer is withdrawn, the claim is linked anew
    if unit.matches(claim_id=claim.id, target_id=target_id):
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
        model=judgement.model,
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


def _join(unit: Unit, match: Match, editor: Editor | None, now: datetime) -> Match:
    """Raises: Conflict; nothing is written then."""
    claim, target = unit.claim(match.claim_id), merging.root(unit, match.target_id)
    by = editor.id if editor else "auto"
    joined = merging.join(unit, replace(match, status=MatchStatus.CONFIRMED, decided_by=by, decided_at=now))
    assert claim is not None and target is not None  # join has made sure
    unit.append_audit(now, by, "claims_joined", match.id, {"claim": claim.statement, "target": target.statement})
    return joined


# --- decisions of editors ---


def confirm(parts: Parts, match_id: str, editor: Editor) -> Match:
    now = parts.clock.now()
    with parts.records.begin() as unit:
        unit.hold_desk()
        match = _stored(unit, match_id)
        workflow.decide_match(match, MatchStatus.CONFIRMED, editor)
        if match.target_kind is TargetKind.CLAIM:
            match = _join(unit, match, editor, now)
        else:
            match = _confirm_answer(unit, match, editor, now)
    sync.try_sync(parts)
    return match


def _confirm_answer(unit: Unit, match: Match, editor: Editor, now: datetime) -> Match:
    claim = _claim(unit, match.claim_id)
    if match.target_kind is TargetKind.REFUTATION and claim.answered_by not in (None, match.target_id):
        raise Conflict(code="both_answered")
    match = replace(match, status=MatchStatus.CONFIRMED, decided_by=editor.id, decided_at=now)
    unit.put_match(match)
    unit.changed(Changed.CLAIM, claim.id)
    unit.append_audit(now, editor.id, "match_confirmed", match.id, {"claim": claim.statement})
    merging.settle(unit, claim.id)
    return match


def reject(parts: Parts, match_id: str, editor: Editor, reason: str) -> Match:
    if len(reason) > 500:
        raise InvalidInput(code="too_long", field="reason")
    now = parts.clock.now()
    with parts.records.begin() as unit:
        unit.hold_desk()
        match = _stored(unit, match_id)
        workflow.decide_match(match, MatchStatus.REJECTED, editor, reason)
        match = replace(match, status=MatchStatus.REJECTED, decided_by=editor.id, decided_at=now, note=reason.strip())
        unit.put_match(match)
        unit.append_audit(now, editor.id, "match_rejected", match.id, {"note": reason.strip()})
    return match


def undo(parts: Parts, match_id: str, editor: Editor) -> Match:
    now = parts.clock.now()
    with parts.records.begin() as unit:
        unit.hold_desk()
        match = _stored(unit, match_id)
        workflow.decide_match(match, MatchStatus.SUGGESTED, editor)
        undone = replace(match, status=MatchStatus.SUGGESTED, decided_by=None, decided_at=None, note="", moved=())
        if match.status is MatchStatus.CONFIRMED and match.target_kind is TargetKind.CLAIM:
            merging.part(unit, match, undone)
        else:
            unit.put_match(undone)
            unit.changed(Changed.CLAIM, match.claim_id)
            merging.settle(unit, match.claim_id)
        unit.append_audit(now, editor.id, "match_undone", match.id, {})
    sync.try_sync(parts)
    return undone


def set_not_checkable(parts: Parts, claim_id: str, editor: Editor, reason: str) -> Claim:
    return _decide_claim(parts, claim_id, ClaimStatus.NOT_CHECKABLE, editor, reason)


def reopen(parts: Parts, claim_id: str, editor: Editor) -> Claim:
    return _decide_claim(parts, claim_id, ClaimStatus.OPEN, editor, "")


def _decide_claim(parts: Parts, claim_id: str, to: ClaimStatus, editor: Editor, reason: str) -> Claim:
    if len(reason) > 500:
        raise InvalidInput(code="too_long", field="reason")
    now = parts.clock.now()
    with parts.records.begin() as unit:
        unit.hold_desk()
        claim = _claim(unit, claim_id)
        is_in_work = any(unit.refutations(claim_id=id, in_work=True) for id in merging.family(unit, claim.id))
        workflow.decide_claim(claim, to, editor, reason, is_in_work=is_in_work)
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
        unit.hold_desk()
        claim = _claim(unit, claim_id)
        if workflow.is_taken(claim, editor.id, now):
            raise Conflict(code="taken_by_another")
        claim = replace(claim, taken_by=editor.id, taken_until=now + workflow.TAKE_FOR)
        unit.put_claim(claim)
    return claim


def release(parts: Parts, claim_id: str, editor: Editor) -> Claim:
    with parts.records.begin() as unit:
        unit.hold_desk()
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
    claim = merging.root(unit, claim_id)
    if claim is None:
        raise NotFound(f"no claim {claim_id}")
    return claim
