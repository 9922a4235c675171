"""The life of a refutation through the catalogue: written, reviewed, published, corrected, withdrawn; each refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from index.errors import ClarionError, Conflict, InvalidInput, NotFound, Refused
from index.model import (
    Alert,
    AlertKind,
    ClaimStatus,
    Evidence,
    PublicState,
    RefutationStatus,
    RevisionStatus,
    Verdict,
)
from tests.index.house import HOSTILE_IDS, RUMORS, House, at_once, kinds, ready_text, working

# --- drafting ---


def test_a_draft_begins_with_the_claim_and_stays_on_the_desk(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    refutation = house.catalogue.draft(claim_id, house.reporter)
    text = working(refutation).text
    statement = house.claim(claim_id).statement
    assert (text.claim, text.circulating, text.language) == (statement, statement, "zh-Hans")
    assert refutation.status is RefutationStatus.DRAFT
    assert house.refutation(refutation.id) == refutation
    assert house.claim(claim_id).status is ClaimStatus.OPEN
    assert house.catalogue.threads().total == 0
    assert house.catalogue.claim_page(claim_id).is_being_checked
    with pytest.raises(NotFound):
        house.catalogue.thread(refutation.thread_id)


def test_drafting_again_opens_the_draft_in_work(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    first = house.catalogue.draft(claim_id, house.author)
    assert house.catalogue.draft(claim_id, house.approver).id == first.id
    house.catalogue.save(first.id, ready_text("x"), house.author, 1)
    house.catalogue.submit(first.id, house.author)
    assert house.catalogue.draft(claim_id, house.approver).id == first.id
    assert house.acts().count("drafted") == 1


def test_only_open_claims_are_drafted_for(house: House) -> None:
    answered, unfit = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    house.published(answered)
    house.catalogue.set_not_checkable(unfit, house.author, "看法，不是事实")
    for claim_id in (answered, unfit):
        with pytest.raises(Refused) as refused:
            house.catalogue.draft(claim_id, house.author)
        assert refused.value.code == "wrong_status"
    with pytest.raises(NotFound):
        house.catalogue.draft("clm_" + "0" * 26, house.author)
    with pytest.raises(Refused) as refused:
        house.catalogue.draft(house.seen(RUMORS[2]), replace(house.author, is_active=False))
    assert refused.value.code == "not_allowed"


def test_two_editors_who_draft_at_once_share_one_draft(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    found = at_once(
        lambda: house.catalogue.draft(claim_id, house.author),
        lambda: house.catalogue.draft(claim_id, house.approver),
        lambda: house.catalogue.draft(claim_id, house.reporter),
        lambda: house.catalogue.draft(claim_id, house.admin),
    )
    assert len({refutation.id for refutation in found}) == 1  # type: ignore[union-attr]
    assert len(house.catalogue.claim_file(claim_id).refutations) == 1


def test_a_discarded_first_draft_makes_room_for_a_new_one(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    first = house.written(claim_id)
    gone = house.catalogue.discard(first.id, house.author)
    assert gone.working is None
    assert gone.revisions[0].status is RevisionStatus.DISCARDED
    assert not house.catalogue.claim_page(claim_id).is_being_checked
    assert [row.claim.id for row in house.catalogue.queue("write", house.author).rows] == [claim_id]
    second = house.written(claim_id)
    assert second.id != first.id
    assert house.approve(house.catalogue.submit(second.id, house.author)).kind is AlertKind.ISSUE
    for act in (
        lambda: house.catalogue.discard(first.id, house.author),
        lambda: house.catalogue.submit(first.id, house.author),
        lambda: house.catalogue.approve(first.id, house.approver, 1),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "nothing_in_work"


# --- saving ---


def test_saving_counts_versions_and_remembers_the_last_author(house: House) -> None:
    refutation = house.catalogue.draft(house.seen(RUMORS[0]), house.author)
    house.clock.forward(minutes=5)
    text = ready_text(RUMORS[0])
    saved = working(house.catalogue.save(refutation.id, text, house.reporter, 1, "  备注 ", True))
    assert (saved.version, saved.author_id, saved.text, saved.note) == (2, house.reporter.id, text, "备注")
    assert saved.saved_at == house.clock.now()
    assert house.refutation(refutation.id).working == saved


def test_who_saves_over_a_newer_text_is_told(house: House) -> None:
    refutation = house.written(house.seen(RUMORS[0]))
    house.catalogue.save(refutation.id, ready_text("一"), house.author, 1)
    with pytest.raises(Conflict) as conflict:
        house.catalogue.save(refutation.id, ready_text("二"), house.approver, 1)
    assert conflict.value.code == "saved_in_between"
    assert working(house.refutation(refutation.id)).text.claim == "一"


def test_of_many_saves_at_once_one_wins(house: House) -> None:
    refutation = house.written(house.seen(RUMORS[0]))
    saves = [
        (lambda n=n: house.catalogue.save(refutation.id, ready_text(f"说法{n}"), house.author, 1)) for n in range(6)
    ]
    found = at_once(*saves)
    assert sum(not isinstance(r, ClarionError) for r in found) == 1
    assert {type(r) for r in found if isinstance(r, ClarionError)} == {Conflict}
    assert working(house.refutation(refutation.id)).version == 2


def test_a_save_and_a_submit_at_once_never_lose_the_text(house: House) -> None:
    for number, rumor in enumerate(RUMORS[:4]):
        refutation = house.written(house.seen(rumor))
        text = ready_text(f"第{number}次改过的说法")
        saved, submitted = at_once(
            lambda r=refutation, t=text: house.catalogue.save(r.id, t, house.author, 1),
            lambda r=refutation: house.catalogue.submit(r.id, house.author),
        )
        after = working(house.refutation(refutation.id))
        assert (after.text == text) == (not isinstance(saved, ClarionError))
        assert (after.status is RevisionStatus.IN_REVIEW) == (not isinstance(submitted, ClarionError))


LIMITS: list[tuple[dict[str, object], str, str]] = [
    ({"headline": "x" * 201}, "too_long", "headline"),
    ({"claim": "x" * 501}, "too_long", "claim"),
    ({"truth": "x" * 2_001}, "too_long", "truth"),
    ({"circulating": "x" * 3_001}, "too_long", "circulating"),
    ({"why": "x" * 1_000_000}, "too_long", "why"),
    ({"action": "x" * 1_001}, "too_long", "action"),
    ({"question": "x" * 301}, "too_long", "question"),
    ({"evidence": (Evidence("a", "b", "https://c.example"),) * 21}, "too_many", "evidence"),
    ({"evidence": (Evidence("a", "b", "javascript:alert(1)"),)}, "bad_address", "evidence"),
    ({"evidence": (Evidence("a", "b", "https://c.example/" + "x" * 2_048),)}, "too_long", "evidence"),
    ({"evidence": (Evidence("a" * 301, "b", "https://c.example"),)}, "too_long", "evidence"),
    ({"topics": ("health", "gossip")}, "unknown_topic", "topics"),
    ({"regions": ("广" * 301,)}, "unknown_choice", "regions"),
    ({"language": "fr"}, "unknown_choice", "language"),
    ({"expires_at": datetime(2026, 4, 1)}, "bad_date", "expires_at"),  # noqa: DTZ001
]


def test_a_text_beyond_the_limits_is_refused_with_the_field(house: House) -> None:
    refutation, undrafted = house.written(house.seen(RUMORS[0])), house.seen(RUMORS[1])
    for changes, code, field in LIMITS:
        text = ready_text("说法", **changes)
        with pytest.raises(InvalidInput) as invalid:
            house.catalogue.draft(undrafted, house.author, text)
        assert (invalid.value.code, invalid.value.field) == (code, field)
        with pytest.raises(InvalidInput) as invalid:
            house.catalogue.save(refutation.id, text, house.author, 1)
        assert (invalid.value.code, invalid.value.field) == (code, field)
    assert working(house.refutation(refutation.id)).version == 1


def test_a_note_has_a_limit(house: House) -> None:
    refutation = house.written(house.seen(RUMORS[0]))
    with pytest.raises(InvalidInput) as invalid:
        house.catalogue.save(refutation.id, ready_text("x"), house.author, 1, "x" * 1_001)
    assert (invalid.value.code, invalid.value.field) == ("too_long", "note")
    for act in (house.catalogue.send_back, house.catalogue.propose_withdrawal):
        with pytest.raises(InvalidInput) as invalid:
            act(refutation.id, house.approver, "x" * 1_001)
        assert (invalid.value.code, invalid.value.field) == ("too_long", "reason")


def test_odd_characters_are_stored_as_they_can_be_read_back(house: House) -> None:
    refutation = house.written(house.seen(RUMORS[0]))
    odd = "零\x00宽\ud800字\u202e\x0b<script>]]>" + "\U0001f9ea" * 3
    house.catalogue.save(refutation.id, ready_text(odd), house.author, 1)
    stored = working(house.refutation(refutation.id)).text.claim
    assert stored == "零宽\ufffd字\u202e\x0b<script>]]>" + "\U0001f9ea" * 3


# --- review ---


def test_an_unready_text_is_not_submitted_and_the_first_gap_is_named(house: House) -> None:
    refutation = house.catalogue.draft(house.seen(RUMORS[0]), house.author)
    with pytest.raises(InvalidInput) as invalid:
        house.catalogue.submit(refutation.id, house.author)
    assert (invalid.value.code, invalid.value.field) == ("headline_states_fact", "headline")
    assert working(house.refutation(refutation.id)).status is RevisionStatus.DRAFT


def test_a_text_sent_back_is_a_draft_again_with_the_reason(house: House) -> None:
    refutation = house.submitted(house.seen(RUMORS[0]))
    assert refutation.status is RefutationStatus.IN_REVIEW
    with pytest.raises(Refused) as refused:
        house.catalogue.save(refutation.id, ready_text("y"), house.author, working(refutation).version)
    assert refused.value.code == "wrong_status"
    with pytest.raises(Refused) as refused:
        house.catalogue.send_back(refutation.id, house.approver, " ")
    assert (refused.value.code, refused.value.field) == ("reason_required", "reason")
    with pytest.raises(Refused) as refused:
        house.catalogue.send_back(refutation.id, house.reporter, "缺来源")
    assert refused.value.code == "not_allowed"
    back = house.catalogue.send_back(refutation.id, house.approver, " 缺来源 ")
    assert (back.status, working(back).return_reason) == (RefutationStatus.DRAFT, "缺来源")
    again = house.catalogue.submit(refutation.id, house.author)
    assert working(again).return_reason == ""
    assert house.acts()[-3:] == ["submitted", "sent_back", "submitted"]


def test_the_author_and_a_reporter_do_not_approve(house: House) -> None:
    refutation = house.submitted(house.seen(RUMORS[0]))
    for editor, code in ((house.author, "own_text"), (house.reporter, "not_allowed")):
        with pytest.raises(Refused) as refused:
            house.approve(refutation, editor)
        assert refused.value.code == code
    assert house.catalogue.threads().total == 0


def test_training_lets_an_author_approve(open_house: Callable[..., House]) -> None:
    house = open_house(is_training=True)
    assert house.approve(house.submitted(house.seen(RUMORS[0])), house.author).kind is AlertKind.ISSUE


def test_an_approval_of_another_version_is_refused(house: House) -> None:
    refutation = house.submitted(house.seen(RUMORS[0]))
    with pytest.raises(Conflict) as conflict:
        house.catalogue.approve(refutation.id, house.approver, working(refutation).version - 1)
    assert conflict.value.code == "saved_in_between"


def test_an_unknown_refutation_is_not_found_by_any_act(house: House) -> None:
    catalogue, editor = house.catalogue, house.approver
    acts: list[Callable[[str], object]] = [
        lambda id: catalogue.save(id, ready_text("x"), editor, 1),
        lambda id: catalogue.submit(id, editor),
        lambda id: catalogue.send_back(id, editor, "reason"),
        lambda id: catalogue.approve(id, editor, 1),
        lambda id: catalogue.start_correction(id, editor),
        lambda id: catalogue.propose_withdrawal(id, editor, "reason"),
        lambda id: catalogue.discard(id, editor),
        lambda id: catalogue.draft_page(id, editor),
    ]
    for id in HOSTILE_IDS:
        for act in acts:
            with pytest.raises(NotFound):
                act(id)


# --- publishing ---


def test_approval_publishes_everywhere_at_once(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    house.catalogue.take(claim_id, house.author)
    refutation = house.submitted(claim_id)
    house.clock.forward(minutes=1)
    alert = house.approve(refutation)
    thread = house.catalogue.thread(alert.id)
    claim = house.claim(claim_id)
    assert (alert.kind, alert.thread_id, alert.references, alert.is_material) == (
        AlertKind.ISSUE,
        alert.id,
        (),
        False,
    )
    assert (thread.id, thread.state, thread.notices) == (alert.id, PublicState.CURRENT, (alert,))
    assert thread.revision.approver_id == house.approver.id
    assert thread.issued_at == house.clock.now()
    assert (claim.status, claim.answered_by, claim.taken_by) == (ClaimStatus.ANSWERED, refutation.id, None)
    assert [t.id for t in house.catalogue.threads().threads] == [alert.id]
    assert [(a.id, t.id) for a, t in house.catalogue.notices()] == [(alert.id, alert.id)]
    answer = house.answer(RUMORS[0])
    assert (answer.outcome.value, answer.candidates[0].id) == ("found", alert.id)
    assert house.acts()[-3:] == ["drafted", "submitted", "approved_issue"]
    assert house.catalogue.first_broken_audit_row() is None
    assert house.catalogue.check().is_clean


def test_publishing_gives_a_claim_without_a_topic_the_first_of_the_text(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    assert house.claim(claim_id).topic == ""
    alert = house.published(claim_id, topics=("technology", "health"))
    assert house.claim(claim_id).topic == "technology"
    house.corrected(alert, topics=("policy",))
    assert house.claim(claim_id).topic == "technology"


def test_of_many_approvals_at_once_exactly_one_publishes(house: House) -> None:
    refutation = house.submitted(house.seen(RUMORS[0]))
    editors = [house.approver, house.admin] * 5
    found = at_once(*[lambda e=e: house.approve(refutation, e) for e in editors])
    assert sum(isinstance(result, Alert) for result in found) == 1
    assert all(isinstance(result, Alert | Conflict | Refused) for result in found)
    assert len(house.catalogue.notices()) == 1
    assert house.acts().count("approved_issue") == 1
    assert house.catalogue.first_broken_audit_row() is None


def test_an_approval_and_a_return_at_once_never_both_happen(house: House) -> None:
    for rumor in RUMORS[:4]:
        refutation = house.submitted(house.seen(rumor))
        approved, returned = at_once(
            lambda r=refutation: house.approve(r, house.approver),
            lambda r=refutation: house.catalogue.send_back(r.id, house.admin, "再想想"),
        )
        assert isinstance(approved, ClarionError) != isinstance(returned, ClarionError)
        is_out = house.refutation(refutation.id).status is RefutationStatus.PUBLISHED
        assert is_out == isinstance(approved, Alert)


def test_a_note_or_mark_left_on_a_first_draft_makes_no_correction(house: House) -> None:
    refutation = house.written(house.seen(RUMORS[0]))
    house.catalogue.save(refutation.id, ready_text(RUMORS[0]), house.author, 1, "", True)
    alert = house.approve(house.catalogue.submit(refutation.id, house.author))
    assert not alert.is_material
    assert not house.catalogue.thread(alert.id).is_corrected


def test_a_topic_is_counted_while_its_threads_are_in_force(house: House) -> None:
    first = house.published(house.seen(RUMORS[0]), topics=("health",))
    house.published(house.seen(RUMORS[1]), topics=("health", "food"))
    assert house.catalogue.topic_counts() == {"health": 2, "food": 1}
    house.withdrawn(first)
    assert house.catalogue.topic_counts() == {"health": 1, "food": 1}


# --- correcting ---


def test_the_published_text_stays_up_while_a_correction_is_written(house: House) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    started = house.catalogue.start_correction(alert.refutation_id, house.author)
    text = replace(working(started).text, truth="更正后的事实。")
    house.catalogue.save(started.id, text, house.author, 1, "补充了数据来源", True)
    house.catalogue.submit(started.id, house.author)
    thread = house.catalogue.thread(alert.id)
    assert (thread.revision.number, thread.text.truth) == (1, "现有证据不支持这种说法。")
    assert house.refutation(started.id).status is RefutationStatus.PUBLISHED
    for act in (house.catalogue.start_correction, lambda id, e: house.catalogue.propose_withdrawal(id, e, "r")):
        with pytest.raises(Refused) as refused:
            act(started.id, house.approver)
        assert refused.value.code == "already_in_work"


def test_notices_keep_the_order_of_their_approval_where_a_clock_is_behind(house: House) -> None:
    one, other = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    first = house.published(one)
    house.clock.forward(minutes=-10)
    second = house.corrected(first)
    third = house.published(other)
    notices = [first, second, third]
    assert sorted(notices, key=lambda a: a.sent_at) == sorted(notices, key=lambda a: a.id) == notices
    assert [alert.id for alert, _ in house.catalogue.notices(after_id=first.id)] == [second.id, third.id]


@pytest.mark.parametrize("is_material", [True, False])
def test_a_correction_updates_the_thread_under_the_same_id(house: House, is_material: bool) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    house.clock.forward(hours=3)
    update = house.corrected(alert, "改正了机构名称", is_material, verdict=Verdict.MISLEADING)
    thread = house.catalogue.thread(alert.id)
    assert (update.kind, update.thread_id, update.references) == (AlertKind.UPDATE, alert.id, (alert.id,))
    assert (update.note, update.is_material) == ("改正了机构名称", is_material)
    assert kinds(thread.notices) == ["issue", "update"]
    assert (thread.text.verdict, thread.revision.number) == (Verdict.MISLEADING, 2)
    assert thread.is_corrected == is_material
    assert (thread.issued_at, thread.updated_at) == (alert.sent_at, update.sent_at)
    assert house.catalogue.thread(update.id).id == alert.id
    assert house.answer(RUMORS[0]).candidates[0].verdict is Verdict.MISLEADING


def test_a_correction_needs_its_public_note(house: House) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    started = house.catalogue.start_correction(alert.refutation_id, house.author)
    with pytest.raises(InvalidInput) as invalid:
        house.catalogue.submit(started.id, house.author)
    assert (invalid.value.code, invalid.value.field) == ("correction_noted", "note")


def test_a_discarded_correction_leaves_the_alert_as_it_was(house: House) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    before = house.catalogue.thread(alert.id)
    started = house.catalogue.start_correction(alert.refutation_id, house.author)
    house.catalogue.discard(started.id, house.author)
    assert house.catalogue.thread(alert.id) == before
    assert house.refutation(started.id).status is RefutationStatus.PUBLISHED
    assert house.corrected(alert).kind is AlertKind.UPDATE
    assert house.catalogue.thread(alert.id).revision.number == 3


def test_two_corrections_started_at_once_are_one(house: House) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    found = at_once(*[lambda: house.catalogue.start_correction(alert.refutation_id, house.author)] * 5)
    assert sum(not isinstance(result, ClarionError) for result in found) == 1
    assert all(isinstance(r, Conflict | Refused) for r in found if isinstance(r, ClarionError))


# --- withdrawing ---


def test_a_withdrawal_keeps_the_page_and_leaves_search_and_lists(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    alert = house.published(claim_id)
    update = house.corrected(alert)
    house.clock.forward(hours=1)
    proposed = house.catalogue.propose_withdrawal(alert.refutation_id, house.author, " 结论有误 ")
    assert house.catalogue.thread(alert.id).state is PublicState.CURRENT
    with pytest.raises(Refused) as refused:
        house.approve(proposed, house.author)
    assert refused.value.code == "own_text"
    cancel = house.approve(proposed)
    thread = house.catalogue.thread(alert.id)
    assert (cancel.kind, cancel.references, cancel.note) == (AlertKind.CANCEL, (alert.id, update.id), "结论有误")
    assert cancel.is_material
    assert (thread.state, thread.withdrawal) == (PublicState.WITHDRAWN, cancel)
    assert thread.revision.number == 2
    claim = house.claim(claim_id)
    assert (claim.status, claim.answered_by) == (ClaimStatus.OPEN, None)
    assert house.outcome(RUMORS[0]) == "known"
    assert [row.claim.id for row in house.catalogue.queue("write", house.author).rows] == [claim_id]
    assert house.catalogue.check().is_clean


def test_a_withdrawal_needs_a_reason_and_a_published_alert(house: House) -> None:
    refutation = house.written(house.seen(RUMORS[0]))
    with pytest.raises(Refused) as refused:
        house.catalogue.propose_withdrawal(refutation.id, house.author, "原因")
    assert refused.value.code == "wrong_status"
    alert = house.approve(house.catalogue.submit(refutation.id, house.author))
    with pytest.raises(Refused) as refused:
        house.catalogue.propose_withdrawal(refutation.id, house.author, "  ")
    assert refused.value.code == "reason_required"
    house.withdrawn(alert)
    for act in (house.catalogue.start_correction, lambda id, e: house.catalogue.propose_withdrawal(id, e, "原因")):
        with pytest.raises(Refused) as refused:
            act(refutation.id, house.author)
        assert refused.value.code == "wrong_status"


def test_a_refused_withdrawal_leaves_the_alert_and_may_be_proposed_again(house: House) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    house.catalogue.propose_withdrawal(alert.refutation_id, house.author, "结论有误")
    refused = house.catalogue.send_back(alert.refutation_id, house.approver, "结论没有错")
    assert refused.status is RefutationStatus.PUBLISHED
    assert refused.working is None
    assert refused.revisions[-1].status is RevisionStatus.DISCARDED
    assert house.catalogue.thread(alert.id).state is PublicState.CURRENT
    assert house.acts()[-1] == "withdrawal_refused"
    assert house.withdrawn(alert).kind is AlertKind.CANCEL


def test_after_a_withdrawal_the_claim_may_be_answered_by_a_new_alert(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    first = house.published(claim_id)
    house.withdrawn(first)
    second = house.published(claim_id, headline="新的查证已经完成")
    assert second.thread_id != first.thread_id
    assert house.claim(claim_id).answered_by == second.refutation_id
    assert house.catalogue.thread(first.id).state is PublicState.WITHDRAWN
    answer = house.answer(RUMORS[0])
    assert (answer.outcome.value, [c.id for c in answer.candidates]) == ("found", [second.id])
    file = house.catalogue.claim_file(claim_id)
    assert {r.id for r in file.refutations} == {first.refutation_id, second.refutation_id}


def test_claims_that_were_confirmed_to_be_answered_follow_the_refutation(house: House) -> None:
    own, other, later = (house.seen(rumor) for rumor in RUMORS[:3])
    draft = house.submitted(own)
    house.linked(later, draft.id)  # confirmed before it is published
    assert house.claim(later).status is ClaimStatus.OPEN
    alert = house.approve(draft)
    house.linked(other, draft.id)
    for claim_id in (own, other, later):
        assert house.claim(claim_id).answered_by == draft.id, claim_id
        assert house.claim(claim_id).status is ClaimStatus.ANSWERED
    assert house.outcome(RUMORS[1]) == "found"
    house.corrected(alert)
    house.withdrawn(alert)
    for claim_id in (own, other, later):
        claim = house.claim(claim_id)
        assert (claim.status, claim.answered_by) == (ClaimStatus.OPEN, None)
    assert house.outcome(RUMORS[1]) == "known"


def test_a_claim_with_another_answer_stays_answered_when_one_is_withdrawn(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    draft = house.submitted(newer)
    first = house.published(older)
    house.joined(newer, into=older)
    second = house.approve(draft)  # written before the claims were found to be one
    assert house.claim(older).answered_by == first.refutation_id
    house.withdrawn(first)
    assert house.claim(older).answered_by == second.refutation_id
    assert house.claim(older).status is ClaimStatus.ANSWERED
    house.withdrawn(second)
    assert house.claim(older).status is ClaimStatus.OPEN


def test_an_expired_alert_is_past_on_every_page_and_still_found(house: House) -> None:
    ends = house.clock.now() + timedelta(days=2)
    alert = house.published(house.seen(RUMORS[0]), expires_at=ends)
    assert house.catalogue.thread(alert.id).state is PublicState.CURRENT
    house.clock.forward(days=2, seconds=10)
    assert house.catalogue.thread(alert.id).state is PublicState.PAST
    assert house.catalogue.threads().threads[0].state is PublicState.PAST
    answer = house.answer(RUMORS[0])
    assert (answer.outcome.value, answer.candidates[0].status) == ("found", "past")
    assert len(house.catalogue.notices()) == 1  # expiry sends no notice


def test_every_act_is_in_the_audit_with_its_actor(house: House) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    house.corrected(alert)
    house.withdrawn(alert)
    entries = [e for e in reversed(house.catalogue.audit()) if e.subject_id == alert.refutation_id]
    a, b = house.author.id, house.approver.id
    assert [(e.act, e.actor_id) for e in entries] == [
        ("drafted", a),
        ("submitted", a),
        ("approved_issue", b),
        ("correction_started", a),
        ("submitted", a),
        ("approved_update", b),
        ("withdrawal_proposed", a),
        ("approved_cancel", b),
    ]
    assert entries[-1].values["note"] == "结论有误"
    assert [e.seq for e in house.catalogue.audit(limit=3, before_seq=entries[3].seq)] == [
        entries[3].seq - n for n in (1, 2, 3)
    ]
