"""Which act is allowed, by whom, and what it leads to. Pure; nothing else in the project compares or changes statuses.

    draft ─submit─► in_review ─approve*─► published ─correct─► (next revision: draft ─submit─► in_review ─approve*─► …)
      ▲                │                      └─withdraw+reason─► in_review ─approve*─► withdrawn (the page stays)
      └──send_back+reason                                                    * approver ≠ last author, unless training

A revision's `kind` is the notice its approval sends: `issue`, `update` (a correction) or `cancel` (a withdrawal).
Refusal codes: not_allowed, own_text, wrong_status, nothing_in_work, already_in_work, reason_required.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from index.errors import Refused
from index.model import (
    Alert,
    AlertKind,
    Claim,
    ClaimStatus,
    Editor,
    EditorRole,
    Evidence,
    Harm,
    Match,
    MatchStatus,
    PublicState,
    Reason,
    Refutation,
    RefutationStatus,
    RefutationText,
    Revision,
    RevisionStatus,
    Severity,
    Thread,
    TipStatus,
    Verdict,
)

TAKE_FOR = timedelta(minutes=30)
HEADLINE_HAN = 30
HEADLINE_CHARACTERS = 120  # for texts in other scripts
EVIDENCE_COUNT = 2


class Act(StrEnum):
    """What an editor may do with a refutation."""

    SAVE = "save"
    SUBMIT = "submit"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    CORRECT = "correct"
    WITHDRAW = "withdraw"
    DISCARD = "discard"


#: Who may do what. Reporters write; publishing needs an editor.
_ROLES: Mapping[Act, frozenset[EditorRole]] = {
    Act.SAVE: frozenset(EditorRole),
    Act.SUBMIT: frozenset(EditorRole),
    Act.DISCARD: frozenset(EditorRole),
    Act.SEND_BACK: frozenset({EditorRole.EDITOR, EditorRole.ADMIN}),
    Act.APPROVE: frozenset({EditorRole.EDITOR, EditorRole.ADMIN}),
    Act.CORRECT: frozenset({EditorRole.EDITOR, EditorRole.ADMIN}),
    Act.WITHDRAW: frozenset({EditorRole.EDITOR, EditorRole.ADMIN}),
}

#: The status the revision in work must have.
_NEEDS: Mapping[Act, RevisionStatus] = {
    Act.SAVE: RevisionStatus.DRAFT,
    Act.SUBMIT: RevisionStatus.DRAFT,
    Act.DISCARD: RevisionStatus.DRAFT,
    Act.SEND_BACK: RevisionStatus.IN_REVIEW,
    Act.APPROVE: RevisionStatus.IN_REVIEW,
}
_NEEDS_REASON = frozenset({Act.SEND_BACK, Act.WITHDRAW})


@dataclass(frozen=True, slots=True)
class Step:
    """Where an act leads: the new statuses, and the notice to send if the act publishes."""

    refutation: RefutationStatus
    revision: RevisionStatus
    notice: AlertKind | None = None


def step(act: Act, refutation: Refutation, actor: Editor, *, reason: str = "", is_training: bool = False) -> Step:
    """The step that `act` takes.

    Raises: Refused with the code of the first rule that forbids it.
    """
    if not actor.is_active or actor.role not in _ROLES[act]:
        raise Refused(code="not_allowed")
    working = refutation.working
    if act in (Act.CORRECT, Act.WITHDRAW):
        if refutation.status is not RefutationStatus.PUBLISHED:
            raise Refused(code="wrong_status")
        if working is not None:
            raise Refused(code="already_in_work")
    else:
        if working is None:
            raise Refused(code="nothing_in_work")
        if working.status is not _NEEDS[act]:
            raise Refused(code="wrong_status")
    if act is Act.APPROVE and working is not None and working.author_id == actor.id and not is_training:
        raise Refused(code="own_text")
    if act in _NEEDS_REASON and not reason.strip():
        raise Refused(code="reason_required", field="reason")
    return _target(act, refutation, working)


def _target(act: Act, refutation: Refutation, working: Revision | None) -> Step:
    first = refutation.published is None  # nothing of it is public yet
    if act in (Act.SAVE, Act.SEND_BACK, Act.CORRECT):
        return Step(RefutationStatus.DRAFT if first else refutation.status, RevisionStatus.DRAFT)
    if act in (Act.SUBMIT, Act.WITHDRAW):
        return Step(RefutationStatus.IN_REVIEW if first else refutation.status, RevisionStatus.IN_REVIEW)
    if act is Act.DISCARD:
        return Step(refutation.status, RevisionStatus.DISCARDED)
    assert working is not None  # APPROVE: step() has made sure
    status = RefutationStatus.WITHDRAWN if working.kind is AlertKind.CANCEL else RefutationStatus.PUBLISHED
    return Step(status, RevisionStatus.PUBLISHED, working.kind)


def allowed(
    refutation: Refutation, actor: Editor, *, is_training: bool = False
) -> tuple[frozenset[str], dict[str, str]]:
    """The acts open to an editor now, and for the others the code that forbids them."""
    acts, refusals = set(), {}
    for act in Act:
        try:
            step(act, refutation, actor, reason="-", is_training=is_training)
        except Refused as refused:
            refusals[act.value] = refused.code
        else:
            acts.add(act.value)
    return frozenset(acts), refusals


# --- is a text ready ---


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the editor's checklist. `is_required` ones keep a text from being submitted."""

    key: str
    field: str
    is_done: bool
    is_required: bool = True


_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003134f]")
_TELLTALE = re.compile(r"[?？!！]|网传|網傳|^(?:is|are|does|do|can|did|will)\b", re.IGNORECASE)


def checklist(text: RefutationText, kind: AlertKind = AlertKind.ISSUE, note: str = "") -> tuple[Check, ...]:
    """The editor's checklist of ux.md 2, in the order of the page."""
    han = len(_HAN.findall(text.headline))
    fits = bool(text.headline.strip()) and han <= HEADLINE_HAN and len(text.headline) <= HEADLINE_CHARACTERS
    checks = [
        Check("headline_states_fact", "headline", fits and not _TELLTALE.search(text.headline)),
        Check("verdict_chosen", "verdict", text.verdict is not None),
        Check("claim_named", "claim", bool(text.claim.strip())),
        Check("truth_given", "truth", bool(text.truth.strip())),
        Check(
            "myth_quoted_once",
            "circulating",
            bool(text.circulating.strip()) and text.circulating.strip() not in text.truth + text.why,
        ),
        Check("why_explained", "why", bool(text.why.strip())),
        Check("action_given", "action", bool(text.action.strip())),
        Check("two_independent_sources", "evidence", _independent(text.evidence) >= EVIDENCE_COUNT),
        Check(
            "sources_archived",
            "evidence",
            bool(text.evidence) and all(e.archived_at for e in text.evidence),
            is_required=False,
        ),
        Check("topic_chosen", "topics", bool(text.topics)),
    ]
    if kind is AlertKind.UPDATE:
        checks.append(Check("correction_noted", "note", bool(note.strip())))
    return tuple(checks)


def _independent(evidence: Sequence[Evidence]) -> int:
    complete = [
        e for e in evidence if e.publisher.strip() and e.title.strip() and e.url.startswith(("http://", "https://"))
    ]
    return len({e.publisher.strip().casefold() for e in complete})


def risk(revision: Revision, previous: Revision | None) -> tuple[str, tuple[str, ...]]:
    """`high` or `low` with the reasons as keys (ux.md 5, four-eyes by risk). The default asks two people for both."""
    text, reasons = revision.text, []
    if text.severity is Severity.HIGH:
        reasons.append("severity_high")
    if text.harm is not Harm.NONE:
        reasons.append(f"harm_{text.harm.value}")
    if text.verdict is Verdict.TRUE and previous is None:
        reasons.append("first_true")
    if revision.kind is AlertKind.UPDATE and revision.is_material:
        reasons.append("material_correction")
    if revision.kind is AlertKind.CANCEL:
        reasons.append("withdrawal")
    return ("high" if reasons else "low"), tuple(reasons)


# --- what the public sees ---


def public_state(refutation: Refutation, now: datetime) -> PublicState:
    """Current, past or withdrawn; derived each time, so an alert ends everywhere at the same moment."""
    if refutation.status is RefutationStatus.WITHDRAWN:
        return PublicState.WITHDRAWN
    expires = refutation.published.text.expires_at if refutation.published else None
    return PublicState.PAST if expires is not None and expires <= now else PublicState.CURRENT


def thread(refutation: Refutation, notices: Sequence[Alert], now: datetime) -> Thread | None:
    """The public view of a refutation, None while nothing of it was published."""
    revision = refutation.published
    if revision is None or not notices:
        return None
    published = tuple(r for r in refutation.revisions if r.status is RevisionStatus.PUBLISHED)
    return Thread(
        id=refutation.thread_id,
        refutation_id=refutation.id,
        claim_id=refutation.claim_id,
        revision=revision,
        notices=tuple(notices),
        revisions=published,
        state=public_state(refutation, now),
        issued_at=notices[0].sent_at,
        updated_at=notices[-1].sent_at,
        is_corrected=any(n.kind is AlertKind.UPDATE and n.is_material for n in notices),
    )


def waits_for_approval(refutation: Refutation) -> bool:
    """Whether a revision of it is in review."""
    return refutation.working is not None and refutation.working.status is RevisionStatus.IN_REVIEW


def is_public(refutation: Refutation) -> bool:
    """Whether readers and search may be shown it as an answer now."""
    return refutation.status is RefutationStatus.PUBLISHED


# --- claims, matches, tips ---


def settled(claim: Claim, answers: Sequence[str]) -> Claim:
    """The claim as its public refutations leave it: answered while one of `answers` (ids, the preferred first) stands.

    The answer that it has is kept while it stands; when the last one is withdrawn, the claim is open again.
    """
    if answers:
        answered_by = claim.answered_by if claim.answered_by in answers else answers[0]
        return replace(claim, status=ClaimStatus.ANSWERED, answered_by=answered_by, reason="")
    if claim.status is ClaimStatus.ANSWERED:
        return replace(claim, status=ClaimStatus.OPEN, answered_by=None)
    return claim


def start_draft(claim: Claim, actor: Editor) -> None:
    """Checks that a new refutation of the claim may be written: not if it is answered, or called not checkable.

    Raises: Refused (not_allowed, wrong_status).
    """
    if not actor.is_active or actor.role not in _ROLES[Act.SAVE]:
        raise Refused(code="not_allowed")
    if claim.status is not ClaimStatus.OPEN:
        raise Refused(code="wrong_status")


def decide_match(match: Match, to: MatchStatus, actor: Editor | None, reason: str = "") -> MatchStatus:
    """Checks a decision on a match; `actor` None is the machine, which may only confirm.

    Raises: Refused (not_allowed, wrong_status, reason_required).
    """
    if actor is not None and (not actor.is_active or actor.role not in _ROLES[Act.APPROVE]):
        raise Refused(code="not_allowed")
    if (to is MatchStatus.SUGGESTED) == (match.status is MatchStatus.SUGGESTED):
        raise Refused(code="wrong_status")
    if to is MatchStatus.REJECTED and not reason.strip():
        raise Refused(code="reason_required", field="reason")
    return to


def decide_claim(
    claim: Claim, to: ClaimStatus, actor: Editor, reason: str = "", *, is_in_work: bool = False
) -> ClaimStatus:
    """Checks that an editor may call a claim not checkable, or open it again. `is_in_work`: an answer is being written.

    Raises: Refused (not_allowed, wrong_status, already_in_work, reason_required).
    """
    if not actor.is_active or actor.role not in _ROLES[Act.APPROVE]:
        raise Refused(code="not_allowed")
    if is_erased(claim):
        raise Refused(code="wrong_status")
    expected = ClaimStatus.OPEN if to is ClaimStatus.NOT_CHECKABLE else ClaimStatus.NOT_CHECKABLE
    if claim.status is not expected:
        raise Refused(code="wrong_status")
    if to is ClaimStatus.NOT_CHECKABLE and is_in_work:
        raise Refused(code="already_in_work")
    if to is ClaimStatus.NOT_CHECKABLE and not reason.strip():
        raise Refused(code="reason_required", field="reason")
    return to


def keep_citations(actor: Editor, reason: str) -> None:
    """Checks that an editor may go on citing what its publisher has withdrawn. Raises: Refused."""
    if not actor.is_active or actor.role not in _ROLES[Act.CORRECT]:
        raise Refused(code="not_allowed")
    if not reason.strip():
        raise Refused(code="reason_required", field="reason")


def erased(claim: Claim) -> Claim:
    """The claim after the only reader who sent it took the text back."""
    return replace(claim, statement="", status=ClaimStatus.NOT_CHECKABLE, taken_by=None, taken_until=None)


def is_erased(claim: Claim) -> bool:
    """Whether nothing of it is to be shown or found."""
    return not claim.statement


def is_in_question(claim: Claim) -> bool:
    """Whether links of it are worth deciding: it stands for itself, and nobody called it not checkable."""
    return claim.merged_into is None and claim.status is not ClaimStatus.NOT_CHECKABLE and not is_erased(claim)


def is_taken(claim: Claim, by_other_than: str, now: datetime) -> bool:
    """Whether another editor has the claim; a lapsed hold counts for nothing."""
    return claim.taken_by not in (None, by_other_than) and claim.taken_until is not None and claim.taken_until > now


def tip_status(claim: Claim | None, answer: Thread | None) -> TipStatus:
    """The state of a tip follows that of the claim it was grouped to."""
    if claim is None:
        return TipStatus.RECEIVED
    if claim.status is ClaimStatus.NOT_CHECKABLE:
        return TipStatus.CLOSED
    if answer is not None and answer.state is not PublicState.WITHDRAWN:
        return TipStatus.ANSWERED
    return TipStatus.GROUPED


def priority(
    claim: Claim,
    recent: int,
    before: int,
    harm_topics: bool,
    has_official_answer: bool,
    *,
    cites_withdrawn: bool = False,
    again: int = 0,
) -> tuple[str, tuple[Reason, ...]]:
    """How urgent a claim is, in words with reasons, never a number (ux.md 5).

    `recent` and `before` are sightings in the last 3 days and the 3 days before; `cites_withdrawn`: our answer stands
    on a page that its publisher has withdrawn; `again`: sightings since an answered claim came back, if it rises.
    """
    reasons: list[Reason] = []
    weight = 0
    if cites_withdrawn:
        reasons.append(Reason("citation_withdrawn"))
        weight += 3
    if again:
        reasons.append(Reason("rising_again", {"count": str(again)}))
        weight += 3
    if harm_topics:
        reasons.append(Reason("may_harm"))
        weight += 1
    if recent >= 3 and recent >= 2 * max(before, 1) and not again:
        reasons.append(Reason("rising", {"count": str(recent)}))
        weight += 2
    elif claim.sighting_count > 1 and not again:
        reasons.append(Reason("seen", {"count": str(claim.sighting_count)}))
        weight += claim.sighting_count >= 4
    if claim.asked_count:
        reasons.append(Reason("asked", {"count": str(claim.asked_count)}))
        weight += 1 + (claim.asked_count >= 5)
    if has_official_answer:
        reasons.append(Reason("official_answer_near"))
        weight += 1
    return ("high" if weight >= 3 else "medium" if weight >= 2 else "low"), tuple(reasons)
