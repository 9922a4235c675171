"""From draft to public notice. `workflow` decides, this module stores what it decided, in one transaction an act.

Approval writes the published revision, the notice, the claim's new status, the audit row and the change-log marks
together;
a killed process leaves all of it or nothing. Search follows through `sync`, which is only tried here, never needed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from index import sync, workflow
from index.errors import Conflict, InvalidInput, NotFound
from index.ids import new_id
from index.model import (
    TOPICS,
    Alert,
    AlertKind,
    Editor,
    Refutation,
    RefutationStatus,
    RefutationText,
    Revision,
    RevisionStatus,
)
from index.ports import Changed, Parts, Unit
from index.workflow import Act

#: Longest accepted text of each field, in characters.
LIMITS = {
    "headline": 200,
    "claim": 500,
    "truth": 2_000,
    "circulating": 3_000,
    "why": 10_000,
    "action": 1_000,
    "question": 300,
}
MAX_EVIDENCE = 20
MAX_NOTE = 1_000


def draft(parts: Parts, claim_id: str, editor: Editor, text: RefutationText | None) -> Refutation:
    now = parts.clock.now()
    with parts.records.begin() as unit:
        claim = unit.claim(claim_id)
        if claim is None:
            raise NotFound(f"no claim {claim_id}")
        claim_id = claim.merged_into or claim.id
        for known in unit.refutations(claim_id=claim_id):
            if known.status in (RefutationStatus.DRAFT, RefutationStatus.IN_REVIEW) and known.working is not None:
                return known
        text = text or RefutationText(
            claim=claim.statement, circulating=claim.statement, language=_page_language(claim.language)
        )
        _check_limits(text, "")
        refutation = Refutation(new_id("ref"), new_id("alt"), claim_id, RefutationStatus.DRAFT, now, 1)
        revision = _revision(refutation, 1, AlertKind.ISSUE, RevisionStatus.DRAFT, text, editor, now)
        unit.put_refutation(refutation)
        unit.put_revision(revision)
        unit.append_audit(now, editor.id, "drafted", refutation.id, {"claim": claim.statement})
        return replace(refutation, revisions=(revision,))


def save(
    parts: Parts,
    refutation_id: str,
    text: RefutationText,
    editor: Editor,
    expected_version: int,
    note: str,
    is_material: bool,
) -> Refutation:
    _check_limits(text, note)
    now = parts.clock.now()
    with parts.records.begin() as unit:
        refutation, revision = _in_work(unit, refutation_id, Act.SAVE, editor, parts)
        if revision.version != expected_version:
            raise Conflict(code="saved_in_between")
        saved = replace(
            revision,
            text=text,
            author_id=editor.id,
            saved_at=now,
            note=note.strip(),
            is_material=is_material,
            version=revision.version + 1,
        )
        unit.put_revision(saved, expected_version)
        return _with(refutation, saved)


def submit(parts: Parts, refutation_id: str, editor: Editor) -> Refutation:
    now = parts.clock.now()
    with parts.records.begin() as unit:
        refutation, revision = _in_work(unit, refutation_id, Act.SUBMIT, editor, parts)
        for check in workflow.checklist(revision.text, revision.kind, revision.note):
            if check.is_required and not check.is_done:
                raise InvalidInput(code=check.key, field=check.field)
        step = workflow.step(Act.SUBMIT, refutation, editor)
        moved = replace(revision, status=step.revision, return_reason="", version=revision.version + 1)
        return _store(unit, refutation, moved, step.refutation, now, editor, "submitted")


def send_back(parts: Parts, refutation_id: str, editor: Editor, reason: str) -> Refutation:
    now = parts.clock.now()
    with parts.records.begin() as unit:
        refutation, revision = _in_work(unit, refutation_id, Act.SEND_BACK, editor, parts, reason)
        if revision.kind is AlertKind.CANCEL:  # a refused withdrawal has no text to work on further
            gone = replace(
                revision, status=RevisionStatus.DISCARDED, return_reason=reason.strip(), version=revision.version + 1
            )
            return _store(unit, refutation, gone, refutation.status, now, editor, "withdrawal_refused", reason)
        step = workflow.step(Act.SEND_BACK, refutation, editor, reason=reason)
        moved = replace(revision, status=step.revision, return_reason=reason.strip(), version=revision.version + 1)
        return _store(unit, refutation, moved, step.refutation, now, editor, "sent_back", reason)


def approve(parts: Parts, refutation_id: str, editor: Editor, expected_version: int) -> Alert:
    training = parts.settings.is_training
    with parts.records.begin() as unit:
        refutation, revision = _in_work(unit, refutation_id, Act.APPROVE, editor, parts)
        if revision.version != expected_version:
            raise Conflict(code="saved_in_between")
        step = workflow.step(Act.APPROVE, refutation, editor, is_training=training)
        assert step.notice is not None  # what APPROVE means
        # The audit's head row is a lock: approvals follow one another, so notice ids and times grow in commit order.
        now = parts.clock.now()
        unit.append_audit(
            now,
            editor.id,
            f"approved_{step.notice.value}",
            refutation.id,
            {"headline": revision.text.headline, "note": revision.note},
        )
        notice_id = new_id("alt")
        if step.notice is AlertKind.ISSUE:  # the id given to the draft only kept the place
            refutation = replace(refutation, thread_id=notice_id)
        earlier = unit.alerts_of([refutation.thread_id]).get(refutation.thread_id, ())
        alert = Alert(
            id=notice_id,
            thread_id=refutation.thread_id,
            refutation_id=refutation.id,
            revision_id=revision.id,
            kind=step.notice,
            sent_at=now,
            references=tuple(a.id for a in earlier),
            note=revision.note,
            is_material=revision.is_material or step.notice is AlertKind.CANCEL,
        )
        published = replace(
            revision, status=step.revision, approver_id=editor.id, published_at=now, version=revision.version + 1
        )
        unit.put_revision(published, revision.version, is_training=training)
        unit.put_refutation(replace(refutation, status=step.refutation, version=refutation.version + 1))
        unit.add_alert(alert)
        _answer_claim(unit, refutation, step.notice)
        unit.changed(Changed.REFUTATION, refutation.id)
    sync.try_sync(parts)
    return alert


def start_correction(parts: Parts, refutation_id: str, editor: Editor) -> Refutation:
    now = parts.clock.now()
    with parts.records.begin() as unit:
        refutation = _refutation(unit, refutation_id)
        step = workflow.step(Act.CORRECT, refutation, editor)
        return _next_revision(unit, refutation, AlertKind.UPDATE, step, editor, now, "correction_started", "")


def propose_withdrawal(parts: Parts, refutation_id: str, editor: Editor, reason: str) -> Refutation:
    if len(reason) > MAX_NOTE:
        raise InvalidInput(code="too_long", field="reason")
    now = parts.clock.now()
    with parts.records.begin() as unit:
        refutation = _refutation(unit, refutation_id)
        step = workflow.step(Act.WITHDRAW, refutation, editor, reason=reason)
        return _next_revision(unit, refutation, AlertKind.CANCEL, step, editor, now, "withdrawal_proposed", reason)


def discard(parts: Parts, refutation_id: str, editor: Editor) -> Refutation:
    now = parts.clock.now()
    with parts.records.begin() as unit:
        refutation, revision = _in_work(unit, refutation_id, Act.DISCARD, editor, parts)
        step = workflow.step(Act.DISCARD, refutation, editor)
        gone = replace(revision, status=step.revision, version=revision.version + 1)
        return _store(unit, refutation, gone, step.refutation, now, editor, "discarded")


def _answer_claim(unit: Unit, refutation: Refutation, notice: AlertKind) -> None:
    claim = unit.claim(refutation.claim_id)
    if claim is None:
        return
    claim = (unit.claim(claim.merged_into) if claim.merged_into else claim) or claim
    answered_by = None if notice is AlertKind.CANCEL else refutation.id
    unit.put_claim(
        replace(claim, status=workflow.claim_after(notice), answered_by=answered_by, taken_by=None, taken_until=None)
    )
    unit.changed(Changed.CLAIM, claim.id)


def _next_revision(
    unit: Unit,
    refutation: Refutation,
    kind: AlertKind,
    step: workflow.Step,
    editor: Editor,
    now: datetime,
    act: str,
    note: str,
) -> Refutation:
    current = refutation.published
    assert current is not None  # CORRECT and WITHDRAW need a published refutation
    number = max(r.number for r in refutation.revisions) + 1
    revision = _revision(refutation, number, kind, step.revision, current.text, editor, now, note.strip())
    return _store(
        unit,
        replace(refutation, revisions=(*refutation.revisions, revision)),
        revision,
        step.refutation,
        now,
        editor,
        act,
        note,
    )


def _store(
    unit: Unit,
    refutation: Refutation,
    revision: Revision,
    status: RefutationStatus,
    now: datetime,
    editor: Editor,
    act: str,
    note: str = "",
) -> Refutation:
    unit.put_revision(revision)
    moved = replace(refutation, status=status, version=refutation.version + 1)
    unit.put_refutation(moved)
    values = {"headline": revision.text.headline or revision.text.claim}
    unit.append_audit(now, editor.id, act, refutation.id, values | ({"note": note.strip()} if note.strip() else {}))
    return _with(moved, revision)


def _with(refutation: Refutation, revision: Revision) -> Refutation:
    others = tuple(r for r in refutation.revisions if r.id != revision.id)
    return replace(refutation, revisions=tuple(sorted((*others, revision), key=lambda r: r.number)))


def _refutation(unit: Unit, refutation_id: str) -> Refutation:
    found = unit.refutation(refutation_id)
    if found is None:
        raise NotFound(f"no refutation {refutation_id}")
    return found


def _in_work(
    unit: Unit, refutation_id: str, act: Act, editor: Editor, parts: Parts, reason: str = ""
) -> tuple[Refutation, Revision]:
    refutation = _refutation(unit, refutation_id)
    workflow.step(act, refutation, editor, reason=reason, is_training=parts.settings.is_training)
    assert refutation.working is not None  # step() has refused otherwise
    return refutation, refutation.working


def _revision(
    refutation: Refutation,
    number: int,
    kind: AlertKind,
    status: RevisionStatus,
    text: RefutationText,
    editor: Editor,
    now: datetime,
    note: str = "",
) -> Revision:
    return Revision(
        new_id("rev"),
        refutation.id,
        number,
        kind,
        status,
        text,
        editor.id,
        now,
        now,
        note,
        is_material=kind is AlertKind.CANCEL,
    )


def _page_language(language: str) -> str:
    return language if language in ("zh-Hans", "zh-Hant", "en") else "zh-Hans"


def _check_limits(text: RefutationText, note: str) -> None:
    for name, limit in LIMITS.items():
        if len(getattr(text, name)) > limit:
            raise InvalidInput(code="too_long", field=name)
    if len(note) > MAX_NOTE:
        raise InvalidInput(code="too_long", field="note")
    if len(text.evidence) > MAX_EVIDENCE:
        raise InvalidInput(code="too_many", field="evidence")
    for evidence in text.evidence:
        if evidence.url and not evidence.url.startswith(("http://", "https://")):
            raise InvalidInput(code="bad_address", field="evidence")
    if not set(text.topics) <= set(TOPICS):
        raise InvalidInput(code="unknown_topic", field="topics")
