"""From draft to public notice. `workflow` decides, this module stores what it decided, in one transaction an act.

Approval writes the published revision, the notice, the status of the claims it answers, the audit row and the
change-log marks together; a killed process leaves all of it or nothing. Search follows through `sync`, which is only
tried here, never needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from index import merging, sync, workflow
from index.errors import Conflict, InvalidInput, NotFound
from index.ids import new_id, new_id_after
from index.lookalike import host_of
from index.model import (
    LANGUAGES,
    TOPICS,
    Alert,
    AlertKind,
    Editor,
    Evidence,
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
MAX_LABEL = 300  # a publisher, a title, a region
MAX_URL = 2_048
MAX_REGIONS = 60
MAX_NOTE = 1_000


def draft(parts: Parts, claim_id: str, editor: Editor, text: RefutationText | None) -> Refutation:
    if text is not None:
        _check_limits(text, "")
    now = parts.clock.now()
    with parts.records.begin() as unit:
        unit.hold_desk()
        claim = merging.root(unit, claim_id)
        if claim is None:
            raise NotFound(f"no claim {claim_id}")
        in_work = _first_in_work(unit, claim.id)
        if in_work is not None:
            return in_work
        workflow.start_draft(claim, editor)
        text = text or RefutationText(
            claim=claim.statement, circulating=claim.statement, language=_page_language(claim.language)
        )
        refutation = Refutation(new_id("ref"), new_id("alt"), claim.id, RefutationStatus.DRAFT, now, 1)
        revision = _revision(refutation, 1, AlertKind.ISSUE, RevisionStatus.DRAFT, text, editor, now)
        unit.put_refutation(refutation)
        unit.put_revision(revision)
        unit.append_audit(now, editor.id, "drafted", refutation.id, {"claim": claim.statement})
        return replace(refutation, revisions=(revision,))


def _first_in_work(unit: Unit, claim_id: str) -> Refutation | None:
    """The refutation of the claim, or of one joined to it, that is written or reviewed and was never public."""
    for member in merging.family(unit, claim_id):
        for known in unit.refutations(claim_id=member, in_work=True):
            if known.status in (RefutationStatus.DRAFT, RefutationStatus.IN_REVIEW):
                return known
    return None


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
    if len(reason) > MAX_NOTE:
        raise InvalidInput(code="too_long", field="reason")
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
        unit.hold_desk()  # approvals follow one another
        refutation, revision = _in_work(unit, refutation_id, Act.APPROVE, editor, parts)
        if revision.version != expected_version:
            raise Conflict(code="saved_in_between")
        step = workflow.step(Act.APPROVE, refutation, editor, is_training=training)
        assert step.notice is not None  # what APPROVE means
        now, notice_id = _next_notice(unit, parts.clock.now())
        unit.append_audit(
            now,
            editor.id,
            f"approved_{step.notice.value}",
            refutation.id,
            {"headline": revision.text.headline, "note": revision.note},
        )
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
            is_material=revision.is_material and step.notice is not AlertKind.ISSUE,
        )
        published = replace(
            revision, status=step.revision, approver_id=editor.id, published_at=now, version=revision.version + 1
        )
        unit.put_revision(published, revision.version, is_training=training)
        unit.put_refutation(replace(refutation, status=step.refutation, version=refutation.version + 1))
        unit.add_alert(alert)
        _settle_claims(unit, refutation, revision.text.topics)
        unit.changed(Changed.REFUTATION, refutation.id)
    sync.try_sync(parts)
    return alert


def _next_notice(unit: Unit, now: datetime) -> tuple[datetime, str]:
    """Time and id of the next notice. Both grow in commit order, which partners follow, even where a clock is behind;
    so one that is ahead dates later notices ahead too, until time has caught up."""
    newest = unit.list_alerts(limit=1)
    if not newest:
        return now, new_id("alt")
    return max(now, newest[0].sent_at + timedelta(microseconds=1)), new_id_after(newest[0].id)


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


def _settle_claims(unit: Unit, refutation: Refutation, topics: Sequence[str]) -> None:
    """The claim is nobody's work any more and has a topic; its status and that of others it answers follow."""
    claim = merging.root(unit, refutation.claim_id)
    if claim is None:
        return
    first = topics[0] if topics else ""
    unit.put_claim(replace(claim, topic=claim.topic or first, taken_by=None, taken_until=None))
    unit.changed(Changed.CLAIM, claim.id)
    merging.settle_answered(unit, refutation.id, claim.id)


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
    is_new = revision.version == 1
    unit.put_revision(revision, None if is_new else revision.version - 1)
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
    return language if language in LANGUAGES else LANGUAGES[0]


def _check_limits(text: RefutationText, note: str) -> None:
    for name, limit in LIMITS.items():
        if len(getattr(text, name)) > limit:
            raise InvalidInput(code="too_long", field=name)
    if len(note) > MAX_NOTE:
        raise InvalidInput(code="too_long", field="note")
    if len(text.evidence) > MAX_EVIDENCE:
        raise InvalidInput(code="too_many", field="evidence")
    for evidence in text.evidence:
        _check_evidence(evidence)
    if not set(text.topics) <= set(TOPICS):
        raise InvalidInput(code="unknown_topic", field="topics")
    if text.language not in LANGUAGES:
        raise InvalidInput(code="unknown_choice", field="language")
    if len(text.regions) > MAX_REGIONS or any(len(region) > MAX_LABEL for region in text.regions):
        raise InvalidInput(code="unknown_choice", field="regions")
    if text.expires_at is not None and text.expires_at.tzinfo is None:
        raise InvalidInput(code="bad_date", field="expires_at")


def _check_evidence(evidence: Evidence) -> None:
    is_web = evidence.url.startswith(("http://", "https://"))
    if evidence.url and not (is_web and host_of(evidence.url)):
        raise InvalidInput(code="bad_address", field="evidence")
    if max(len(evidence.publisher), len(evidence.title)) > MAX_LABEL or len(evidence.url) > MAX_URL:
        raise InvalidInput(code="too_long", field="evidence")
