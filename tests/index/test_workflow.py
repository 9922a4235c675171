"""The rules alone: which act, by whom, leading where; when a text is ready; what follows for claims and tips."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from index import workflow
from index.errors import Refused
from index.model import (
    Alert,
    AlertKind,
    Band,
    Claim,
    ClaimStatus,
    Editor,
    EditorRole,
    Evidence,
    Harm,
    Match,
    MatchStatus,
    PublicState,
    Refutation,
    RefutationStatus,
    Revision,
    RevisionStatus,
    Severity,
    TargetKind,
    TipStatus,
    Verdict,
)
from index.workflow import Act
from tests.index.house import START, ready_text

AUTHOR = Editor("edt_a", "editor A", EditorRole.EDITOR, True, START)
OTHER = Editor("edt_b", "editor B", EditorRole.EDITOR, True, START)
REPORTER = replace(OTHER, id="edt_r", role=EditorRole.REPORTER)
INACTIVE = replace(OTHER, id="edt_i", is_active=False)


def revision(
    number: int = 1, kind: AlertKind = AlertKind.ISSUE, status: RevisionStatus = RevisionStatus.DRAFT
) -> Revision:
    return Revision(f"rev_{number}", "ref_1", number, kind, status, ready_text("x"), AUTHOR.id, START, START)


def refutation(status: RefutationStatus, *revisions: Revision) -> Refutation:
    return Refutation("ref_1", "alt_1", "clm_1", status, START, 1, revisions)


PUBLISHED = revision(1, status=RevisionStatus.PUBLISHED)
DRAFT = refutation(RefutationStatus.DRAFT, revision())
IN_REVIEW = refutation(RefutationStatus.IN_REVIEW, revision(status=RevisionStatus.IN_REVIEW))
OUT = refutation(RefutationStatus.PUBLISHED, PUBLISHED)
CORRECTING = refutation(RefutationStatus.PUBLISHED, PUBLISHED, revision(2, AlertKind.UPDATE))
CORRECTED = refutation(
    RefutationStatus.PUBLISHED, PUBLISHED, revision(2, AlertKind.UPDATE, RevisionStatus.IN_REVIEW)
)
LEAVING = refutation(RefutationStatus.PUBLISHED, PUBLISHED, revision(2, AlertKind.CANCEL, RevisionStatus.IN_REVIEW))
GONE = refutation(RefutationStatus.WITHDRAWN, PUBLISHED, revision(2, AlertKind.CANCEL, RevisionStatus.PUBLISHED))
DISCARDED = refutation(RefutationStatus.DRAFT, revision(status=RevisionStatus.DISCARDED))
STATES = {
    "draft": DRAFT,
    "in review": IN_REVIEW,
    "published": OUT,
    "correction in work": CORRECTING,
    "correction in review": CORRECTED,
    "withdrawal in review": LEAVING,
    "withdrawn": GONE,
    "discarded": DISCARDED,
}
#: What another editor may do in each state; every act that is not here is refused.
OPEN = {
    "draft": {"save", "submit", "discard"},
    "in review": {"send_back", "approve"},
    "published": {"correct", "withdraw"},
    "correction in work": {"save", "submit", "discard"},
    "correction in review": {"send_back", "approve"},
    "withdrawal in review": {"send_back", "approve"},
    "withdrawn": set(),
    "discarded": set(),
}


@pytest.mark.parametrize("name", STATES)
def test_each_state_opens_its_acts_and_no_others(name: str) -> None:
    acts, refusals = workflow.allowed(STATES[name], OTHER)
    assert acts == OPEN[name]
    assert set(refusals) == {act.value for act in Act} - OPEN[name]


@pytest.mark.parametrize("name", STATES)
def test_a_reporter_writes_but_never_publishes(name: str) -> None:
    acts, refusals = workflow.allowed(STATES[name], REPORTER)
    assert acts == OPEN[name] & {"save", "submit", "discard"}
    assert {refusals[act] for act in ("send_back", "approve", "correct", "withdraw")} == {"not_allowed"}


@pytest.mark.parametrize("name", STATES)
def test_a_deactivated_editor_may_do_nothing(name: str) -> None:
    acts, refusals = workflow.allowed(STATES[name], INACTIVE)
    assert acts == set()
    assert set(refusals.values()) == {"not_allowed"}


@pytest.mark.parametrize(
    ("act", "state", "code"),
    [
        (Act.SAVE, OUT, "nothing_in_work"),
        (Act.SAVE, IN_REVIEW, "wrong_status"),
        (Act.SUBMIT, IN_REVIEW, "wrong_status"),
        (Act.APPROVE, DRAFT, "wrong_status"),
        (Act.APPROVE, DISCARDED, "nothing_in_work"),
        (Act.SEND_BACK, DRAFT, "wrong_status"),
        (Act.DISCARD, LEAVING, "wrong_status"),
        (Act.CORRECT, DRAFT, "wrong_status"),
        (Act.CORRECT, CORRECTING, "already_in_work"),
        (Act.WITHDRAW, CORRECTED, "already_in_work"),
        (Act.WITHDRAW, GONE, "wrong_status"),
        (Act.CORRECT, GONE, "wrong_status"),
    ],
)
def test_a_refusal_names_the_rule_that_forbids_the_act(act: Act, state: Refutation, code: str) -> None:
    with pytest.raises(Refused) as refused:
        workflow.step(act, state, OTHER, reason="reason")
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("act", "state", "to", "revision_to", "notice"),
    [
        (Act.SUBMIT, DRAFT, RefutationStatus.IN_REVIEW, RevisionStatus.IN_REVIEW, None),
        (Act.SEND_BACK, IN_REVIEW, RefutationStatus.DRAFT, RevisionStatus.DRAFT, None),
        (Act.APPROVE, IN_REVIEW, RefutationStatus.PUBLISHED, RevisionStatus.PUBLISHED, AlertKind.ISSUE),
        (Act.DISCARD, DRAFT, RefutationStatus.DRAFT, RevisionStatus.DISCARDED, None),
        (Act.CORRECT, OUT, RefutationStatus.PUBLISHED, RevisionStatus.DRAFT, None),
        (Act.SUBMIT, CORRECTING, RefutationStatus.PUBLISHED, RevisionStatus.IN_REVIEW, None),
        (Act.SEND_BACK, CORRECTED, RefutationStatus.PUBLISHED, RevisionStatus.DRAFT, None),
        (Act.APPROVE, CORRECTED, RefutationStatus.PUBLISHED, RevisionStatus.PUBLISHED, AlertKind.UPDATE),
        (Act.WITHDRAW, OUT, RefutationStatus.PUBLISHED, RevisionStatus.IN_REVIEW, None),
        (Act.APPROVE, LEAVING, RefutationStatus.WITHDRAWN, RevisionStatus.PUBLISHED, AlertKind.CANCEL),
        (Act.DISCARD, CORRECTING, RefutationStatus.PUBLISHED, RevisionStatus.DISCARDED, None),
    ],
)
def test_each_act_leads_to_one_state(
    act: Act, state: Refutation, to: RefutationStatus, revision_to: RevisionStatus, notice: AlertKind | None
) -> None:
    assert workflow.step(act, state, OTHER, reason="reason") == workflow.Step(to, revision_to, notice)


def test_the_last_author_does_not_approve_except_in_training() -> None:
    with pytest.raises(Refused) as refused:
        workflow.step(Act.APPROVE, IN_REVIEW, AUTHOR)
    assert refused.value.code == "own_text"
    assert workflow.step(Act.APPROVE, IN_REVIEW, AUTHOR, is_training=True).notice is AlertKind.ISSUE


@pytest.mark.parametrize(("act", "state"), [(Act.SEND_BACK, IN_REVIEW), (Act.WITHDRAW, OUT)])
@pytest.mark.parametrize("reason", ["", "  \n"])
def test_returning_and_withdrawing_need_a_reason(act: Act, state: Refutation, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        workflow.step(act, state, OTHER, reason=reason)
    assert (refused.value.code, refused.value.field) == ("reason_required", "reason")


def test_waiting_for_approval_is_what_is_in_review() -> None:
    waiting = {name for name, state in STATES.items() if workflow.waits_for_approval(state)}
    assert waiting == {"in review", "correction in review", "withdrawal in review"}


def test_only_what_is_published_and_not_withdrawn_is_public() -> None:
    public = {name for name, state in STATES.items() if workflow.is_public(state)}
    assert public == {"published", "correction in work", "correction in review", "withdrawal in review"}


# --- is a text ready ---


def undone(**changes: object) -> list[str]:
    kind, note = changes.pop("kind", AlertKind.ISSUE), changes.pop("note", "")
    text = ready_text("网上流传的说法", **changes)
    checks = workflow.checklist(text, kind, note)  # type: ignore[arg-type]
    return [c.key for c in checks if c.is_required and not c.is_done]


def test_a_complete_text_passes_every_required_check() -> None:
    assert undone() == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"headline": ""}, "headline_states_fact"),
        ({"headline": "微波炉加热会致癌吗？"}, "headline_states_fact"),
        ({"headline": "网传微波炉致癌的说法不实"}, "headline_states_fact"),
        ({"headline": "微波炉不会致癌！"}, "headline_states_fact"),
        ({"headline": "Do microwaves cause cancer"}, "headline_states_fact"),
        ({"headline": "实" * 31}, "headline_states_fact"),
        ({"headline": "x" * 121}, "headline_states_fact"),
        ({"verdict": None}, "verdict_chosen"),
        ({"claim": " "}, "claim_named"),
        ({"truth": ""}, "truth_given"),
        ({"circulating": ""}, "myth_quoted_once"),
        ({"why": "有人说：网上流传的说法。这不对。"}, "myth_quoted_once"),
        ({"why": "\n"}, "why_explained"),
        ({"action": ""}, "action_given"),
        ({"evidence": ()}, "two_independent_sources"),
        (
            {"evidence": (Evidence("WHO", "A", "https://who.int/a"), Evidence("who ", "B", "https://who.int/b"))},
            "two_independent_sources",
        ),
        (
            {"evidence": (Evidence("WHO", "A", "https://who.int/a"), Evidence("NHC", "", "https://nhc.gov.cn/b"))},
            "two_independent_sources",
        ),
        (
            {"evidence": (Evidence("WHO", "A", "https://who.int/a"), Evidence("NHC", "B", "ftp://nhc.gov.cn/b"))},
            "two_independent_sources",
        ),
        ({"topics": ()}, "topic_chosen"),
        ({"kind": AlertKind.UPDATE, "note": "  "}, "correction_noted"),
    ],
)
def test_each_missing_part_is_named(changes: dict[str, object], key: str) -> None:
    assert undone(**changes) == [key]


def test_thirty_han_characters_and_a_noted_correction_are_fine() -> None:
    assert undone(headline="实" * 30) == []
    assert undone(kind=AlertKind.UPDATE, note="更正了日期") == []


def test_archived_copies_are_asked_for_but_not_required() -> None:
    (check,) = [c for c in workflow.checklist(ready_text("x")) if c.key == "sources_archived"]
    assert (check.is_done, check.is_required) == (False, False)
    archived = tuple(replace(e, archived_at=START) for e in ready_text("x").evidence)
    (check,) = [c for c in workflow.checklist(ready_text("x", evidence=archived)) if c.key == "sources_archived"]
    assert check.is_done


@pytest.mark.parametrize(
    ("of_text", "of_revision", "is_first", "reasons"),
    [
        ({}, {}, True, ()),
        ({"severity": Severity.HIGH}, {}, True, ("severity_high",)),
        ({"harm": Harm.HEALTH}, {}, True, ("harm_health",)),
        ({"verdict": Verdict.TRUE}, {}, True, ("first_true",)),
        ({"verdict": Verdict.TRUE}, {"kind": AlertKind.UPDATE}, False, ()),
        ({}, {"kind": AlertKind.UPDATE, "is_material": True}, False, ("material_correction",)),
        ({}, {"kind": AlertKind.UPDATE}, False, ()),
        ({}, {"kind": AlertKind.CANCEL}, False, ("withdrawal",)),
        ({"severity": Severity.HIGH, "harm": Harm.MONEY}, {}, True, ("severity_high", "harm_money")),
    ],
)
def test_risk_is_high_for_each_of_its_reasons(
    of_text: dict[str, object], of_revision: dict[str, object], is_first: bool, reasons: tuple[str, ...]
) -> None:
    judged = replace(revision(), text=ready_text("x", **of_text), **of_revision)  # type: ignore[arg-type]
    level, found = workflow.risk(judged, None if is_first else PUBLISHED)
    assert (level, found) == ("high" if reasons else "low", reasons)


# --- what the public sees ---


def test_an_alert_is_past_from_the_moment_it_expires() -> None:
    ends = START + timedelta(days=1)
    text = ready_text("x", expires_at=ends)
    expiring = refutation(RefutationStatus.PUBLISHED, replace(PUBLISHED, text=text))
    assert workflow.public_state(expiring, ends - timedelta(microseconds=1)) is PublicState.CURRENT
    assert workflow.public_state(expiring, ends) is PublicState.PAST
    assert workflow.public_state(replace(expiring, status=RefutationStatus.WITHDRAWN), ends) is PublicState.WITHDRAWN


def test_a_thread_shows_the_published_text_never_the_one_in_work() -> None:
    issue = Alert("alt_1", "alt_1", "ref_1", "rev_1", AlertKind.ISSUE, START)
    update = Alert("alt_2", "alt_1", "ref_1", "rev_2", AlertKind.UPDATE, START + timedelta(hours=1), is_material=True)
    found = workflow.thread(CORRECTING, [issue], START)
    assert found is not None
    assert [r.number for r in found.revisions] == [1]
    assert found.revision.number == 1
    assert not found.is_corrected
    done = replace(CORRECTED, revisions=(PUBLISHED, revision(2, AlertKind.UPDATE, RevisionStatus.PUBLISHED)))
    found = workflow.thread(done, [issue, update], START)
    assert found is not None
    assert (found.revision.number, found.is_corrected, found.updated_at) == (2, True, update.sent_at)
    minor = workflow.thread(done, [issue, replace(update, is_material=False)], START)
    assert minor is not None
    assert not minor.is_corrected


def test_a_withdrawn_thread_keeps_its_last_text() -> None:
    issue = Alert("alt_1", "alt_1", "ref_1", "rev_1", AlertKind.ISSUE, START)
    cancel = Alert("alt_2", "alt_1", "ref_1", "rev_2", AlertKind.CANCEL, START, note="结论有误")
    found = workflow.thread(GONE, [issue, cancel], START)
    assert found is not None
    assert (found.revision.number, found.withdrawal) == (1, cancel)
    assert found.state is PublicState.WITHDRAWN


@pytest.mark.parametrize("name", ["draft", "in review", "discarded"])
def test_what_was_never_published_is_no_thread(name: str) -> None:
    assert workflow.thread(STATES[name], [], START) is None


# --- claims, matches, tips ---


def claim(**changes: object) -> Claim:
    first = Claim("clm_1", "说法", "zh-Hans", ClaimStatus.OPEN, START, START, START, version=1, sighting_count=1)
    return replace(first, **changes)  # type: ignore[arg-type]


ANSWERED = claim(status=ClaimStatus.ANSWERED, answered_by="ref_1")


@pytest.mark.parametrize(
    ("before", "answers", "status", "answered_by"),
    [
        (claim(), [], ClaimStatus.OPEN, None),
        (claim(), ["ref_1"], ClaimStatus.ANSWERED, "ref_1"),
        (claim(), ["ref_2", "ref_1"], ClaimStatus.ANSWERED, "ref_2"),
        (ANSWERED, ["ref_2", "ref_1"], ClaimStatus.ANSWERED, "ref_1"),
        (ANSWERED, ["ref_2"], ClaimStatus.ANSWERED, "ref_2"),
        (ANSWERED, [], ClaimStatus.OPEN, None),
        (claim(status=ClaimStatus.NOT_CHECKABLE, reason="看法"), [], ClaimStatus.NOT_CHECKABLE, None),
        (claim(status=ClaimStatus.NOT_CHECKABLE, reason="看法"), ["ref_1"], ClaimStatus.ANSWERED, "ref_1"),
    ],
)
def test_a_claim_is_answered_while_a_public_refutation_stands(
    before: Claim, answers: list[str], status: ClaimStatus, answered_by: str | None
) -> None:
    after = workflow.settled(before, answers)
    assert (after.status, after.answered_by) == (status, answered_by)
    assert workflow.settled(after, answers) == after


def match(status: MatchStatus) -> Match:
    return Match("mat_1", "clm_1", TargetKind.CLAIM, "clm_2", status, Band.SAME, 0.9, (), "test", START)


@pytest.mark.parametrize("status", MatchStatus)
@pytest.mark.parametrize("to", MatchStatus)
def test_a_match_is_decided_once_and_can_always_be_undone(status: MatchStatus, to: MatchStatus) -> None:
    is_allowed = (status is MatchStatus.SUGGESTED) != (to is MatchStatus.SUGGESTED)
    if is_allowed:
        assert workflow.decide_match(match(status), to, OTHER, "reason") is to
    else:
        with pytest.raises(Refused) as refused:
            workflow.decide_match(match(status), to, OTHER, "reason")
        assert refused.value.code == "wrong_status"


@pytest.mark.parametrize("editor", [REPORTER, INACTIVE])
def test_links_are_decided_by_active_editors(editor: Editor) -> None:
    with pytest.raises(Refused) as refused:
        workflow.decide_match(match(MatchStatus.SUGGESTED), MatchStatus.CONFIRMED, editor)
    assert refused.value.code == "not_allowed"
    with pytest.raises(Refused) as refused:
        workflow.decide_claim(claim(), ClaimStatus.NOT_CHECKABLE, editor, "reason")
    assert refused.value.code == "not_allowed"


def test_rejecting_needs_a_reason() -> None:
    with pytest.raises(Refused) as refused:
        workflow.decide_match(match(MatchStatus.SUGGESTED), MatchStatus.REJECTED, OTHER, " ")
    assert refused.value.code == "reason_required"


@pytest.mark.parametrize(
    ("before", "to", "is_in_work", "reason", "code"),
    [
        (claim(), ClaimStatus.NOT_CHECKABLE, False, "", "reason_required"),
        (claim(), ClaimStatus.NOT_CHECKABLE, True, "看法", "already_in_work"),
        (claim(), ClaimStatus.OPEN, False, "", "wrong_status"),
        (ANSWERED, ClaimStatus.NOT_CHECKABLE, False, "看法", "wrong_status"),
        (ANSWERED, ClaimStatus.OPEN, False, "", "wrong_status"),
        (workflow.erased(claim()), ClaimStatus.OPEN, False, "", "wrong_status"),
    ],
)
def test_a_claim_is_not_called_uncheckable_or_open_against_the_rules(
    before: Claim, to: ClaimStatus, is_in_work: bool, reason: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        workflow.decide_claim(before, to, OTHER, reason, is_in_work=is_in_work)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("before", "editor", "code"),
    [
        (claim(), INACTIVE, "not_allowed"),
        (ANSWERED, OTHER, "wrong_status"),
        (claim(status=ClaimStatus.NOT_CHECKABLE), OTHER, "wrong_status"),
    ],
)
def test_no_draft_is_started_for_a_claim_that_is_not_open(before: Claim, editor: Editor, code: str) -> None:
    with pytest.raises(Refused) as refused:
        workflow.start_draft(before, editor)
    assert refused.value.code == code
    workflow.start_draft(claim(), REPORTER)


def test_a_hold_counts_for_others_until_it_lapses() -> None:
    held = claim(taken_by="edt_a", taken_until=START + timedelta(minutes=1))
    assert not workflow.is_taken(claim(), "edt_b", START)
    assert not workflow.is_taken(held, "edt_a", START)
    assert workflow.is_taken(held, "edt_b", START)
    assert not workflow.is_taken(held, "edt_b", START + timedelta(minutes=1))


def test_a_tip_says_what_became_of_its_claim() -> None:
    issue = Alert("alt_1", "alt_1", "ref_1", "rev_1", AlertKind.ISSUE, START)
    answer = workflow.thread(OUT, [issue], START)
    withdrawn = workflow.thread(GONE, [issue, replace(issue, id="alt_2", kind=AlertKind.CANCEL)], START)
    assert workflow.tip_status(None, None) is TipStatus.RECEIVED
    assert workflow.tip_status(claim(), None) is TipStatus.GROUPED
    assert workflow.tip_status(claim(), withdrawn) is TipStatus.GROUPED
    assert workflow.tip_status(ANSWERED, answer) is TipStatus.ANSWERED
    assert workflow.tip_status(claim(status=ClaimStatus.NOT_CHECKABLE), None) is TipStatus.CLOSED


@pytest.mark.parametrize(
    ("of_claim", "recent", "before", "harm", "official", "level", "reasons"),
    [
        ({}, 0, 0, False, False, "low", []),
        ({}, 0, 0, True, False, "low", ["may_harm"]),
        ({"sighting_count": 2}, 1, 1, False, False, "low", ["seen"]),
        ({"sighting_count": 4}, 1, 3, True, False, "medium", ["may_harm", "seen"]),
        ({"sighting_count": 3}, 3, 1, False, False, "medium", ["rising"]),
        ({"sighting_count": 3}, 3, 2, False, False, "low", ["seen"]),
        ({"sighting_count": 3}, 3, 0, True, False, "high", ["may_harm", "rising"]),
        ({"asked_count": 5}, 0, 0, False, False, "medium", ["asked"]),
        ({"asked_count": 5}, 0, 0, False, True, "high", ["asked", "official_answer_near"]),
    ],
)
def test_priority_is_a_word_with_its_reasons(
    of_claim: dict[str, object], recent: int, before: int, harm: bool, official: bool, level: str, reasons: list[str]
) -> None:
    word, found = workflow.priority(claim(**of_claim), recent, before, harm, official)
    assert (word, [r.key for r in found]) == (level, reasons)
