"""Readers who send something in, and editors who answer. Readers have no account; a receipt is all that leads back."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta

from index import answering, merging, sync, text, workflow
from index.errors import Conflict, InvalidInput, NotFound, Refused
from index.ids import new_id
from index.intake import has_words, new_claim
from index.model import Claim, Editor, EditorRole, Outcome, TargetKind, Thread, Tip, TipStatus
from index.ports import Changed, Parts, SeenItem, Unit
from index.statement import statements

MAX_TIP = 5_000
MAX_NAME = 60
_RECEIPT_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no characters that are mistaken for one another
_RECEIPT_LENGTH = 16  # 30^16, about 78 bits
_BY_KEY = ":tips"  # stands where seen items name their source, and can be no source's id


def send_tip(parts: Parts, raw: str) -> tuple[str, Tip]:
    """See Catalogue.send_tip."""
    receipt = "".join(secrets.choice(_RECEIPT_ALPHABET) for _ in range(_RECEIPT_LENGTH))
    tip = _keep_tip(parts, raw, _sha256(receipt))
    assert tip is not None, "a tip without a key is never known already"
    return receipt, tip


def take_tip(parts: Parts, raw: str, key: str) -> Tip | None:
    """See Catalogue.take_tip."""
    return _keep_tip(parts, raw, None, key)


def _keep_tip(parts: Parts, raw: str, receipt_sha256: str | None, key: str = "") -> Tip | None:
    """The claim is the one the text matches without doubt, else a new one. None if the key was taken before."""
    if len(raw) > MAX_TIP:
        raise InvalidInput(code="too_long", field="text")
    understood = text.understand(raw)
    if not has_words(understood.text):
        raise InvalidInput(code="empty", field="text")
    masked = text.mask_personal(understood.text)
    claim_id = _claim_of(parts, masked)
    statement = statements(parts, [masked])[masked] if claim_id is None else ""
    now = parts.clock.now()
    language = text.language_of(masked)
    with parts.records.begin() as unit:
        if key and unit.seen_item(_BY_KEY, (key,)) is not None:
            return None
        if claim_id is None:
            claim = new_claim(statement, language, now, asked=1)
            unit.put_claim(claim)
            claim_id = claim.id
        unit.add_asked(claim_id)
        unit.changed(Changed.CLAIM, claim_id)
        tip = Tip(new_id("tip"), masked, language, TipStatus.GROUPED, now, claim_id)
        unit.put_tip(tip, receipt_sha256)
        if key:
            unit.put_seen_item(_BY_KEY, key, SeenItem("tip", tip.id, "", 0), (), now)
    sync.try_sync(parts)
    return tip


def _claim_of(parts: Parts, masked: str) -> str | None:
    answer = answering.answer(parts, masked, limit=1, is_public=True, with_unread=True)
    if answer.outcome is Outcome.KNOWN and answer.claim is not None:
        return answer.claim.id
    if answer.outcome is Outcome.FOUND:
        with parts.records.read() as unit:
            refutation = unit.refutation_by_thread(answer.candidates[0].id)
            claim = merging.root(unit, refutation.claim_id) if refutation else None
            return claim.id if claim else None
    return None


def tip(parts: Parts, receipt: str) -> tuple[Tip, Claim | None, Thread | None]:
    with parts.records.read() as unit:
        found = unit.tip_by_receipt(_sha256(receipt))
        if found is None:
            raise NotFound("no such receipt")
        claim = merging.root(unit, found.claim_id) if found.claim_id else None
        refutation = unit.refutation(claim.answered_by) if claim and claim.answered_by else None
        thread = None
        if refutation is not None:
            thread = workflow.thread(
                refutation, unit.alerts_of([refutation.thread_id]).get(refutation.thread_id, ()), parts.clock.now()
            )
    reason = claim.reason if claim else ""
    return replace(found, status=workflow.tip_status(claim, thread), reason=reason), claim, thread


def erase_tip(parts: Parts, receipt: str) -> None:
    with parts.records.begin() as unit:
        unit.hold_desk()
        found = unit.tip_by_receipt(_sha256(receipt))
        if found is None:
            raise NotFound("no such receipt")
        unit.delete_tip(found.id)
        if found.claim_id:
            _erase_if_nobody_else_says_it(unit, found.claim_id)
    sync.try_sync(parts)


def _erase_if_nobody_else_says_it(unit: Unit, claim_id: str) -> None:
    """Erases the statement, and those joined with it, of which only deleted tips spoke. The caller holds the desk."""
    standing = merging.root(unit, claim_id)
    for member in merging.family(unit, standing.id) if standing else ():
        claim = unit.claim(member)
        joined = merging.family(unit, member)  # itself, and those that it stands for
        if (
            claim is not None
            and not workflow.is_erased(claim)
            and all(_is_known_from_tips_alone(unit, id) and not unit.tips_of(id) for id in joined)
        ):
            unit.put_claim(workflow.erased(claim))
            unit.changed(Changed.CLAIM, claim.id)


def _is_known_from_tips_alone(unit: Unit, claim_id: str) -> bool:
    """Nobody published it where we saw it, and no editor wrote about it; then its statement is the reader's text."""
    moved = [m.moved for m in unit.matches(claim_id=claim_id, target_kind=TargetKind.CLAIM)]
    return not (unit.sightings(claim_id, limit=1) or any(moved) or unit.refutations(claim_id=claim_id, limit=1))


def forget_old_tips(parts: Parts) -> int:
    """See Catalogue.forget_old_tips."""
    before = parts.clock.now() - timedelta(days=parts.settings.tip_retention_days)
    with parts.records.begin() as unit:
        unit.hold_desk()
        claim_ids = unit.claims_of_tips_before(before)
        count = unit.delete_tips_before(before)
        for claim_id in claim_ids:
            _erase_if_nobody_else_says_it(unit, claim_id)
    if claim_ids:
        sync.try_sync(parts)
    return count


def want_to_know(parts: Parts, claim_id: str) -> Claim:
    with parts.records.begin() as unit:
        claim = merging.root(unit, claim_id)
        if claim is None or workflow.is_erased(claim) or merging.is_unread(unit, claim):
            raise NotFound(f"no claim {claim_id}")
        unit.add_asked(claim.id)
        return replace(claim, asked_count=claim.asked_count + 1)


def add_editor(parts: Parts, name: str, role: EditorRole, password_hash: str, *, by: Editor | None = None) -> Editor:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME:
        raise InvalidInput(code="bad_name", field="name")
    now = parts.clock.now()
    with parts.records.begin() as unit:
        if unit.editor_by_name(name) is not None:
            raise Conflict(code="name_taken", field="name")
        editor = Editor(new_id("edt"), name, role, True, now)
        unit.put_editor(editor, password_hash)
        actor_id = by.id if by else editor.id
        unit.append_audit(now, actor_id, "editor_added", editor.id, {"name": name, "role": role.value})
    return editor


def set_password(parts: Parts, editor: Editor, password_hash: str, *, by: Editor | None = None) -> None:
    with parts.records.begin() as unit:
        unit.put_editor(editor, password_hash)
        unit.end_sessions(editor.id)
        if by is None or by.id == editor.id:
            unit.append_audit(parts.clock.now(), editor.id, "password_changed", editor.id, {})
        else:
            unit.append_audit(parts.clock.now(), by.id, "password_reset", editor.id, {"name": editor.name})


def renew_hash(parts: Parts, editor: Editor, password_hash: str) -> None:
    """See Catalogue.renew_hash."""
    with parts.records.begin() as unit:
        unit.put_editor(editor, password_hash)


def set_active(parts: Parts, editor_id: str, is_active: bool, by: Editor) -> Editor:
    if not by.is_active or by.role is not EditorRole.ADMIN or by.id == editor_id:
        raise Refused(code="not_allowed")
    with parts.records.begin() as unit:
        editor = unit.editor(editor_id)
        if editor is None:
            raise NotFound(f"no editor {editor_id}")
        editor = replace(editor, is_active=is_active)
        unit.put_editor(editor)
        if not is_active:
            unit.end_sessions(editor_id)
        act = "editor_activated" if is_active else "editor_deactivated"
        unit.append_audit(parts.clock.now(), by.id, act, editor_id, {"name": editor.name})
    return editor


def _sha256(receipt: str) -> str:
    plain = receipt.strip().upper().replace("-", "")
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
